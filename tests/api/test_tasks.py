"""Jobs of checks, comparisons and audits, done by a worker in this process."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from api import report_bundles
from api.service import Service
from api.tasks import Bench, endings, handlers, schedules
from api.tasks import check as check_task
from api.tasks import compare as compare_task
from api.tasks.bench import Watched
from api.tenant_keys import last_directory
from audit.errors import NotFound
from audit.ids import new_id
from audit.inference import Models
from audit.jobs import JobContext, RetryLater, Worker
from audit.operations import (
    checks,
    comparisons,
    fairness_audits,
    leftovers,
    references,
    reports,
    uploads,
)
from audit.operations.checks import CheckOrder
from audit.operations.demographics import NewDemographics, store_demographics
from audit.operations.fairness_audits import AuditOrder
from audit.operations.media import MediaOrder
from audit.operations.references import NewReference
from audit.records.evidence import (
    Check,
    Comparison,
    FairnessAudit,
    MediaKind,
    Report,
    RunState,
)
from audit.records.oversight import Flag
from audit.records.register import Outcome, OutcomeClass, System
from audit.records.work import Job, Queue
from audit.result import ComparisonResult, PairEvidence
from audit.settings import Settings
from audit.store import Store
from audit.types import Signal, Status
from reports.issuing import FORMATS
from reports.proof.bundle_verifying import verify
from reports.proof.keys import KeyDirectory
from reports.proof.trust import Trust
from tests import media_factory
from tests.audit.operations import registered
from tests.evidence import QUICK, TENANT, Shelf, found
from tests.reports import material

FORMS = 6
"""json, html, pdf, csv, docx and result."""


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf.of(store, tmp_path)


@contextmanager
def working(shelf: Shelf, models: Models | None = None) -> Iterator[Bench]:
    """A worker of all queues."""
    bench = Bench(shelf.settings, shelf.store, shelf.vault, models=models)
    with Worker(shelf.store, QUICK, handlers(bench), tuple(Queue), endings=endings()):
        yield bench


def until_over(shelf: Shelf, kind: type[Any], id: str, within_s: float = 60.0) -> Any:
    """The check, comparison or audit, once it has ended."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        with shelf.store.reading(TENANT) as unit:
            found = unit.get(kind, id)
            job = unit.get(Job, found.job_id)
        if found.state.final and job.state.final:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{found.state} {job}")


def asked(shelf: Shelf, content: bytes | None = None, *, consent: bool = True) -> Check:
    _, interview, _ = shelf.interview(consent=consent)
    recording = shelf.recording(interview, content)
    with shelf.store.unit(TENANT) as unit:
        order = CheckOrder(interview_id=interview.id, media_id=recording.id)
        return checks.request_check(unit, order)


def result_of(shelf: Shelf, subject: Check | FairnessAudit) -> dict[str, Any]:
    """What the report says."""
    with shelf.store.reading(TENANT) as unit:
        found = unit.get(Report, str(subject.report_id))
        read = reports.ResultReader(shelf.vault)(unit, found)
    assert read is not None
    return dict(read)


def test_a_real_check_from_upload_to_report(
    shelf: Shelf, models: Models, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    clip = media_factory.clip(tmp_path / "clip.mp4", 1.0).read_bytes()
    check = asked(shelf, clip, consent="sqlite" in request.node.name)
    with working(shelf, models):
        done = until_over(shelf, Check, check.id)
    assert (done.state, done.error_code) == (RunState.FINISHED, None)
    document = result_of(shelf, done)
    names = {each["name"] for each in document["signals"]}
    compared = {"face_consistency", "face_reference", "speaker_consistency", "voice_reference"}
    assert names >= compared if check.identity_signals else not names & compared
    assert document["input"]["sha256"]
    assert str(shelf.settings.storage.scratch_dir) not in json.dumps(document)
    assert done.findings == {k: v["verdict"] for k, v in document["findings"].items()}
    assert list(Path(shelf.settings.storage.scratch_dir).iterdir()) == []
    with shelf.store.reading(TENANT) as unit:
        assert unit.count(Flag, subject=check.id) > 0


@pytest.mark.parametrize(
    ("allowed", "asked_for", "run"),
    [((), ("a",), ()), (("a",), (), ()), (("a", "b"), ("b", "c"), ("b",))],
)
def test_optional_signals_need_the_operator_and_the_policy(
    allowed: tuple[str, ...], asked_for: tuple[str, ...], run: tuple[str, ...]
) -> None:
    settings = Settings(optional_signals=allowed)
    assert check_task.with_optional(settings, asked_for).optional_signals == run


def test_a_recording_that_cannot_be_read_fails_with_its_reason(shelf: Shelf) -> None:
    check = asked(shelf, b"\0\0\0\x18ftypmp42" + bytes(range(200)))
    with working(shelf, cast("Models", object())):
        done = until_over(shelf, Check, check.id)
    assert done.state is RunState.FAILED
    assert done.error_code in ("media_unreadable", "input_error")
    assert done.error_detail
    assert str(shelf.settings.storage.scratch_dir) not in done.error_detail
    assert shelf.events(check.id) == ["check_started", "check_failed"]


def test_a_run_that_broke_off_leaves_nothing_that_counts(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_task, "_checked", found)
    finish, tries = checks.finish, []

    def broken_once(*given: Any) -> Check | None:
        tries.append(1)
        done = finish(*given)
        if len(tries) == 1:
            raise RetryLater(0.0, "broken")
        return done

    monkeypatch.setattr(checks, "finish", broken_once)
    check = asked(shelf)
    with working(shelf):
        done = until_over(shelf, Check, check.id)
    assert done.state is RunState.FINISHED
    assert len(tries) == 2
    assert shelf.events(check.id) == ["check_started", "check_finished"]
    with shelf.store.reading(TENANT) as unit:
        assert unit.count(Report) == 1
    stored = {each.id for each in shelf.vault.artefacts()}
    assert len(stored) == 1 + 2 * FORMS
    assert leftovers.sweep(shelf.store, shelf.vault) == 0
    assert leftovers.sweep(shelf.store, shelf.vault, age=timedelta(seconds=-1)) == FORMS
    assert len(list(shelf.vault.artefacts())) == 1 + FORMS
    assert result_of(shelf, done)


def test_a_running_check_stops_when_it_is_cancelled(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = threading.Event()

    def endless(_bench: Bench, context: JobContext, _work: checks.Work) -> None:
        told = Watched(context)
        while True:
            told("looking", 0.5)
            started.set()
            time.sleep(0.02)

    monkeypatch.setattr(check_task, "_checked", endless)
    check = asked(shelf)
    with working(shelf):
        assert started.wait(20)
        with shelf.store.unit(TENANT) as unit:
            assert checks.cancel(unit, check.id).state is RunState.RUNNING
        done = until_over(shelf, Check, check.id)
    assert done.state is RunState.CANCELLED
    assert shelf.events(check.id) == ["check_started", "check_cancelled"]


def band_signal(log10: float | None, status: Status = Status.NO_INDICATION) -> Signal:
    more: dict[str, Any] = {}
    if log10 is not None:
        more["likelihood_ratio"] = material.ratio(log10, ("one", "two"))
    return material.signal("face_reference", status, "Figures: 0.83.", "x", score=0.83, **more)


@pytest.mark.parametrize(
    ("signal", "answer", "support"),
    [
        (band_signal(1.5), "same_person", "moderate support"),
        (band_signal(-1.5, Status.REVIEW), "different_people", "moderate support"),
        (band_signal(0.1), "neither", "no support either way"),
        (band_signal(None), "same_person", "not calibrated"),
        (band_signal(None, Status.REVIEW), "different_people", "not calibrated"),
        (band_signal(None, Status.INCONCLUSIVE), "inconclusive", ""),
        (None, "inconclusive", ""),
    ],
)
def test_bands_hold_words_and_no_figures(signal: Signal | None, answer: str, support: str) -> None:
    result = ComparisonResult(
        ("reference 1", "recording"), (PairEvidence("reference 1", "recording", signal, None),)
    )
    face, voice = compare_task.bands(result, {"reference 1": "ref_1"})
    assert (face.answer, face.support, face.reference_id) == (answer, support, "ref_1")
    assert (voice.modality, voice.answer) == ("voice", "inconclusive")
    assert "0.83" not in str(face.plain())


def test_a_comparison_by_a_worker(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Path, ...]] = []

    def stub(paths: Any, *_: Any, labels: Any, last_only: bool, **__: Any) -> ComparisonResult:
        assert last_only
        seen.append(tuple(paths))
        assert all(path.exists() for path in paths)
        pair = PairEvidence(labels[0], labels[-1], band_signal(1.5), None)
        return ComparisonResult(tuple(labels), (pair,))

    monkeypatch.setattr(compare_task, "compare", stub)
    candidate, interview, consent = shelf.interview()
    assert consent is not None
    stored, recording = shelf.reference(candidate), shelf.recording(interview)
    with shelf.store.unit(TENANT) as unit:
        new = NewReference(media_id=stored.id, consent_id=consent.id)
        reference = references.add_reference(unit, candidate.id, new)
        wanted = comparisons.request_comparison(unit, candidate.id, recording.id)
    with working(shelf, cast("Models", object())):
        done = until_over(shelf, Comparison, wanted.id)
    assert done.state is RunState.FINISHED
    assert done.bands[0]["reference_id"] == reference.id
    assert not any(path.exists() for path in seen[0])


def hired(shelf: Shelf, people: int = 60) -> System:
    """Outcomes of two groups, of whom one is selected less."""
    with shelf.store.unit(TENANT) as unit:
        system = registered.system(unit, jurisdictions=["US-NY-NYC"])
        for n in range(people):
            person = registered.candidate(unit, f"applicant-{n}", "US-NJ")
            sex = "Female" if n % 2 else "Male"
            new = NewDemographics(sex=sex, age_40_plus=n % 3 == 0, lawful_basis="bias_correction")
            store_demographics(unit, person, new)
            chosen = n % 4 != 0 if n % 2 == 0 else n % 12 == 1
            unit.add(
                Outcome(
                    id=new_id("out"),
                    candidate_id=person.id,
                    system_id=system.id,
                    job="job-1",
                    word="x",
                    outcome=OutcomeClass.HIRED if chosen else OutcomeClass.REJECTED,
                    occurred_at=registered.ago(days=n % 9),
                    source="csv",
                    external_event=new_id("evt"),
                    scores={"total": float(n % 10)},
                )
            )
    return system


def test_stored_outcomes_are_audited(shelf: Shelf) -> None:
    system = hired(shelf)
    with shelf.store.unit(TENANT) as unit:
        order = AuditOrder(name="Quarter", source="outcomes", spec={}, system_id=system.id)
        audit = fairness_audits.request_audit(unit, order)
    with working(shelf):
        done = until_over(shelf, FairnessAudit, audit.id)
    assert (done.state, done.error_code, done.error_detail) == (RunState.FINISHED, None, None)
    document = result_of(shelf, done)
    assert document["data"]["label"] == "stored outcomes"
    assert document["data"]["persons"] == 60
    assert {each["name"] for each in document["features"]} == {"sex", "age_40_plus"}
    assert sum(done.classes.values()) == len(document["findings"]) > 0
    assert done.result_sha256 == document["run"]["content_sha256"]
    kinds = shelf.events(audit.id)
    assert kinds == ["audit_started", "demographics_read", "audit_finished"]
    with shelf.store.unit(TENANT) as unit:
        report, file = reports.read(unit, str(done.report_id), "csv")
    archive = b"".join(reports.content(shelf.vault, TENANT, report, file))
    assert {each.format for each in report.files} == {*FORMATS, "result", "cube"}
    with pytest.raises(NotFound, match="no form"):
        reports.form(report, "cube")
    with zipfile.ZipFile(io.BytesIO(archive)) as tables:
        assert any(
            list(csv.reader(io.StringIO(tables.read(n).decode()))) for n in tables.namelist()
        )
    service = Service(settings=shelf.settings, store=shelf.store, vault=shelf.vault, ready={})
    packed = report_bundles.bundle(service, TENANT, report.id, actor="key:auditor")
    with shelf.store.reading(TENANT) as unit:
        keys = KeyDirectory.from_bytes(last_directory(unit) or b"")
    verified = verify(packed, Trust((keys,), (), ()), deep=True)
    assert verified.verdict == "verified", verified.checks
    assert any("figures" in check.text for check in verified.checks if check.state == "holds")
    assert list(Path(shelf.settings.storage.scratch_dir).iterdir()) == []
    text = json.dumps(document)
    with shelf.store.reading(TENANT) as unit:
        assert not any(each.candidate_id in text for each in unit.every(Outcome))


def test_a_table_is_audited_under_its_specification(shelf: Shelf) -> None:
    rows = "".join(f"{n},{'F' if n % 2 else 'M'},{'yes' if n % 3 else 'no'}\n" for n in range(60))
    order = MediaOrder(kind=MediaKind.TABLE, name="people.csv")
    got = uploads.receive_table(
        shelf.intake, TENANT, order, chunks=[b"id,sex,hired\n", rows.encode()]
    )
    spec = {
        "candidate": "id",
        "outcome": {"column": "hired", "selected": ["yes"], "not_selected": ["no"]},
        "features": [{"name": "sex", "column": "sex", "kind": "sex"}],
        "limits": {"memory_mb": 100000},
    }
    with shelf.store.unit(TENANT) as unit:
        table = uploads.finish_table(unit, shelf.intake, order, got)
        first = fairness_audits.request_audit(
            unit, AuditOrder(name="Table", source=table.id, spec=spec)
        )
        wrong = {**spec, "outcome": {**spec["outcome"], "not_selected": ["never"]}}  # type: ignore[dict-item]
        second = fairness_audits.request_audit(
            unit, AuditOrder(name="Wrong", source=table.id, spec=wrong)
        )
    with working(shelf):
        done = until_over(shelf, FairnessAudit, first.id)
        failed = until_over(shelf, FairnessAudit, second.id)
    assert (done.state, done.error_detail) == (RunState.FINISHED, None)
    assert result_of(shelf, done)["data"]["label"] == "people.csv"
    assert (failed.state, failed.error_code) == (RunState.FAILED, "data_invalid")
    assert shelf.events(second.id) == ["audit_started", "audit_failed"]


def test_without_outcomes_or_groups_an_audit_says_so(shelf: Shelf) -> None:
    with shelf.store.unit(TENANT) as unit:
        empty = fairness_audits.request_audit(
            unit, AuditOrder(name="a", source="outcomes", spec={})
        )
        cancelled = fairness_audits.request_audit(
            unit, AuditOrder(name="b", source="outcomes", spec={})
        )
        assert fairness_audits.cancel(unit, cancelled.id).state is RunState.CANCELLED
    with working(shelf):
        done = until_over(shelf, FairnessAudit, empty.id)
    assert (done.state, done.error_code) == (RunState.FAILED, "data_invalid")


def test_sweeps_have_handlers(shelf: Shelf) -> None:
    bench = Bench(shelf.settings, shelf.store, shelf.vault)
    made = handlers(bench)
    for schedule in schedules():
        made[schedule.kind](cast("JobContext", None))
    assert {each.kind for each in schedules()} < set(made)
