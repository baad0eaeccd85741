"""Checks: through the gate, begun once, ended once, whatever happens in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.errors import (
    ConsentMissing,
    DataKeyDestroyed,
    InputError,
    NotFound,
    ProcessingStopped,
    ReferenceUnknown,
    StepRefused,
)
from audit.ids import new_id
from audit.jobs import RetryLater
from audit.operations import checks, consents, media, policies, references, reports, stopping
from audit.operations.checks import CheckOrder, Found
from audit.operations.references import NewReference
from audit.records.evidence import Check, Report, RunState
from audit.records.oversight import Flag
from audit.records.register import Candidate, Consent, Stopped
from audit.records.work import Job, JobState
from audit.store import Store
from tests.audit.operations import registered
from tests.evidence import TENANT, Shelf


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf.of(store, tmp_path)


def asked(shelf: Shelf, **more: bool) -> Check:
    """A queued check."""
    _, interview, _ = shelf.interview(**more)
    recording = shelf.recording(interview)
    with shelf.store.unit(TENANT) as unit:
        order = CheckOrder(interview_id=interview.id, media_id=recording.id)
        return checks.request_check(unit, order)


def begun(shelf: Shelf, check: Check) -> checks.Work:
    with shelf.store.unit(TENANT) as unit:
        work = checks.begin(unit, check.id)
    assert work is not None
    return work


def ended(shelf: Shelf, check: Check, state: JobState, code: str | None = None) -> Check:
    """What follows when a worker marks the job so."""
    with shelf.store.unit(TENANT) as unit:
        job = unit.get(Job, check.job_id)
        fields = {name: getattr(job, name) for name in Job.__dataclass_fields__}
        told = Job(**{**fields, "state": state, "error_code": code, "error_detail": code})
        checks.ended(unit, told)
        checks.ended(unit, told)
        return unit.get(Check, check.id)


def now(shelf: Shelf, check: Check) -> Check:
    with shelf.store.reading(TENANT) as unit:
        return unit.get(Check, check.id)


def test_a_check_and_its_job_are_there_together(shelf: Shelf) -> None:
    check = asked(shelf)
    with shelf.store.reading(TENANT) as unit:
        job = unit.get(Job, check.job_id)
    assert (job.subject, job.kind, job.state) == (check.id, "check", JobState.QUEUED)
    assert check.identity_signals
    assert check.gate


def test_without_consent_nobody_is_compared(shelf: Shelf) -> None:
    check = asked(shelf, consent=False)
    assert not check.identity_signals
    assert check.reference_media == ()
    assert "Faces and voices are not compared." in check.gate


def test_what_may_not_be_checked_is_refused_and_recorded(shelf: Shelf) -> None:
    _, interview, _ = shelf.interview("applicant-9", "US-IL", consent=False)
    order = CheckOrder(interview_id=interview.id, media_id=shelf.recording(interview).id)
    with pytest.raises(ConsentMissing) as refusal, shelf.store.unit(TENANT) as unit:
        checks.request_check(unit, order)
    with shelf.store.unit(TENANT) as unit:
        checks.refused(unit, interview.id, code=refusal.value.code)
        assert unit.count(Check) == 0
        assert unit.count(Job, kind="check") == 0
    assert shelf.events(interview.id)[-1] == "check_refused"


def test_only_the_interviews_own_recording_is_checked(shelf: Shelf) -> None:
    candidate, interview, _ = shelf.interview()
    _, other, _ = shelf.interview("applicant-2")
    with shelf.store.unit(TENANT) as unit:
        second = registered.interview(unit, candidate)
    theirs, earlier = shelf.recording(other), shelf.recording(second)
    reference = shelf.reference(candidate)
    gone = shelf.recording(interview)
    with shelf.store.unit(TENANT) as unit:
        media.erase(unit, gone.id)
    for media_id, kind in (
        (theirs.id, InputError),
        (earlier.id, StepRefused),
        (reference.id, InputError),
        (gone.id, DataKeyDestroyed),
        (new_id("med"), ReferenceUnknown),
    ):
        with pytest.raises(kind), shelf.store.unit(TENANT) as unit:
            checks.request_check(unit, CheckOrder(interview_id=interview.id, media_id=media_id))


def referenced(shelf: Shelf) -> tuple[Candidate, Check, Consent, str]:
    """A check with a stored reference and one that is given."""
    candidate, interview, consent = shelf.interview()
    assert consent is not None
    stored, given = shelf.reference(candidate), shelf.reference(candidate)
    recording = shelf.recording(interview)
    with shelf.store.unit(TENANT) as unit:
        new = NewReference(media_id=stored.id, consent_id=consent.id)
        references.add_reference(unit, candidate.id, new)
        order = CheckOrder(interview_id=interview.id, media_id=recording.id, references=(given.id,))
        check = checks.request_check(unit, order)
    assert check.reference_media == (given.id, stored.id)
    return candidate, check, consent, stored.id


def test_references_that_were_erased_meanwhile_are_left_out(shelf: Shelf) -> None:
    _, check, _, stored = referenced(shelf)
    with shelf.store.unit(TENANT) as unit:
        media.erase(unit, stored)
    work = begun(shelf, check)
    assert [each.id for each in work.references] == [check.reference_media[0]]


def test_the_active_policy_says_which_optional_signals_are_asked_for(shelf: Shelf) -> None:
    check = asked(shelf)
    assert begun(shelf, check).optional_signals == ()
    text = "{policy: default, version: 2, rules: [], optional_signals: [assisted_answering]}"
    with shelf.store.unit(TENANT) as unit:
        policies.add_version(unit, "default", text)
        policies.activate(unit, "default", 2)
    assert begun(shelf, check).optional_signals == ("assisted_answering",)


def test_a_consent_withdrawn_in_the_queue_takes_comparing_out(shelf: Shelf) -> None:
    _, check, consent, _ = referenced(shelf)
    with shelf.store.unit(TENANT) as unit:
        consents.withdraw_consent(unit, consent)
    work = begun(shelf, check)
    assert not work.identity
    assert work.references == ()
    assert not now(shelf, check).identity_signals


def test_a_consent_withdrawn_in_the_middle_means_doing_it_again(shelf: Shelf) -> None:
    _, check, consent, _ = referenced(shelf)
    work = begun(shelf, check)
    document, files = shelf.sealed(checks.about(check))
    with shelf.store.unit(TENANT) as unit:
        consents.withdraw_consent(unit, consent)
    found = Found(document=document, files=files, identity=work.identity)
    with pytest.raises(RetryLater), shelf.store.unit(TENANT) as unit:
        checks.finish(unit, check.id, found)
    assert not begun(shelf, check).identity
    assert now(shelf, check).state is RunState.RUNNING


def test_a_result_is_stored_once_with_all_that_follows(shelf: Shelf) -> None:
    check = asked(shelf)
    begun(shelf, check)
    again = begun(shelf, check)  # a worker died
    document, files = shelf.sealed(checks.about(check))
    found = Found(document=document, files=files, identity=again.identity)
    with shelf.store.unit(TENANT) as unit:
        done = checks.finish(unit, check.id, found)
        assert checks.finish(unit, check.id, found) is None
        assert checks.begin(unit, check.id) is None
        report = unit.get(Report, str(done and done.report_id))
        flags = unit.every(Flag, subject=check.id)
    assert done is not None
    assert done.state is RunState.FINISHED
    assert done.result_sha256 == document["run"]["content_sha256"]
    assert set(done.findings) == {"authenticity", "presence", "identity", "assistance"}
    assert flags
    assert {each.candidate_id for each in flags} == {check.candidate_id}
    assert shelf.events(check.id) == ["check_started", "check_finished"]
    assert shelf.events(report.id) == ["report_issued"]
    assert ended(shelf, check, JobState.CANCELLED) == done


def test_nothing_is_stored_of_a_candidate_who_opted_out_meanwhile(shelf: Shelf) -> None:
    check = asked(shelf)
    work = begun(shelf, check)
    document, files = shelf.sealed(checks.about(check))
    with shelf.store.unit(TENANT) as unit:
        stopping.stop_candidate(unit, check.candidate_id, Stopped.OPTED_OUT)
    found = Found(document=document, files=files, identity=work.identity)
    with shelf.store.unit(TENANT) as unit:
        assert checks.finish(unit, check.id, found) is None
        assert unit.count(Report) == 0
    assert ended(shelf, check, JobState.CANCELLED).error_code == stopping.CODE
    assert shelf.events(check.id) == ["check_started", "check_cancelled"]


def test_a_withdrawn_permission_cancels_at_the_start(shelf: Shelf) -> None:
    check = asked(shelf)
    with shelf.store.unit(TENANT) as unit:
        candidate = unit.get(Candidate, check.candidate_id)
        given = registered.consent(
            unit, candidate, "media_analysis", interview_id=check.interview_id
        )
        consents.withdraw_consent(unit, given)
    with pytest.raises(ProcessingStopped), shelf.store.unit(TENANT) as unit:
        checks.begin(unit, check.id)
    over = ended(shelf, check, JobState.FAILED, "processing_stopped")
    assert over.state is RunState.CANCELLED
    assert over.error_code == "processing_stopped"


def test_a_failed_job_fails_its_check_once(shelf: Shelf) -> None:
    check = asked(shelf)
    begun(shelf, check)
    over = ended(shelf, check, JobState.FAILED, "media_unreadable")
    assert (over.state, over.error_code) == (RunState.FAILED, "media_unreadable")
    assert over.finished_at is not None
    assert shelf.events(check.id) == ["check_started", "check_failed"]
    with pytest.raises(StepRefused), shelf.store.unit(TENANT) as unit:
        checks.cancel(unit, check.id)


def test_a_queued_check_is_cancelled_at_once_and_a_running_one_asked(shelf: Shelf) -> None:
    check = asked(shelf)
    with shelf.store.unit(TENANT) as unit:
        first = checks.cancel(unit, check.id)
        assert checks.cancel(unit, check.id) == first
        assert unit.get(Job, check.job_id).state is JobState.CANCELLED
    assert first.state is RunState.CANCELLED
    assert shelf.events(check.id) == ["check_cancelled"]


def test_a_report_is_read_with_a_trace_and_not_after_erasure(shelf: Shelf) -> None:
    check = asked(shelf)
    work = begun(shelf, check)
    document, files = shelf.sealed(checks.about(check))
    found = Found(document=document, files=files, identity=work.identity)
    with shelf.store.unit(TENANT) as unit:
        checks.finish(unit, check.id, found)
    id = checks.about(check).report_id
    with shelf.store.unit(TENANT) as unit:
        report, file = reports.read(unit, id, "result")
        with pytest.raises(NotFound, match="no form"):
            reports.read(unit, id, "pdf")
    assert b"".join(reports.content(shelf.vault, TENANT, report, file)).startswith(b"{")
    assert shelf.events(id) == ["report_issued", "report_read"]
    reader = reports.ResultReader(shelf.vault)
    with shelf.store.reading(TENANT) as unit:
        assert reader(unit, report) == document
    shelf.vault.erase_key(TENANT, file.artefact)
    with shelf.store.reading(TENANT) as unit:
        assert reader(unit, report) is None
