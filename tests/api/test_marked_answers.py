"""Who answered which question in the service: marks, and the check, report and page of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.marked_answers import answers_beside, marks_of
from api.tasks import check as check_task
from audit.operations import checks, erasure
from audit.operations.checks import CheckOrder
from audit.records.evidence import Check, RunState
from audit.records.register import Interview, QuestionAsked
from audit.result import CheckResult
from audit.store import Store
from identity.answers import Mark
from reports.canonical import sha256_of
from reports.check_json import check_document, read_document
from reports.compose.interview import compose
from reports.document.check import faults
from tests.api.conftest import Frame
from tests.api.test_tasks import result_of, until_over, working
from tests.audit.operations.test_erasure_traces import removed, traces
from tests.evidence import TENANT, Shelf
from tests.identity.test_speaker_consistency import FAST, SLOW
from tests.identity.toy_voices import interview, pause, track, use_toy_encoder, voice
from tests.reports import material
from tests.reports.compose.told import ISSUE, told

SAID = "Most speech in answer 3 is of another voice than the one heard most."
MARKS = tuple(Mark(f"q{n}", (n - 1) * 16.0, n * 16.0 - 0.5) for n in (1, 2, 3, 4))


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf.of(store, tmp_path)


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> CheckResult:
    """A check of a recording of 64 s, whose third answer another voice gives."""
    use_toy_encoder(monkeypatch)
    parts = []
    for beats in (SLOW, SLOW, FAST, SLOW):
        parts += [voice(beats, 15.0), pause(1.0)]
    heard = interview(*track(*parts), duration_s=64.0)
    made = material.rich(64.0)
    whole = replace(made.interview, audio=heard.audio, speech=heard.speech, faces=None, cache={})
    return replace(made, interview=replace(whole, references=()))


def asked(*times: tuple[float, float]) -> list[dict[str, Any]]:
    """Questions as a platform sends them, with times."""
    return [{"id": f"q{n}", "start_s": a, "end_s": b} for n, (a, b) in enumerate(times, start=1)]


def test_the_document_and_the_report_tell_who_answered(spoken: CheckResult) -> None:
    late = (*MARKS, Mark("q5", 70.0, 80.0))
    entry = answers_beside(spoken, late, identity=True, threads=1)
    document = json.loads(json.dumps(check_document(spoken, entry)))
    read = read_document(document).answers
    assert read is not None and read.reason is None and SAID in read.text
    by = {each.question: {one.modality: one for one in each.by} for each in read.answers}
    third = by["q3"]["voice"]
    assert third.status == "review" and third.log10_lr is not None and third.log10_lr < 0
    assert by["q1"]["voice"].status != "review"
    assert [each.other_voice for each in read.answers[:2]] == [0.0, 0.0]
    assert by["q1"]["face"].text.startswith("inconclusive: 0 faces")
    assert by["q5"]["voice"].text == ("inconclusive: The recording ends before this answer begins.")
    report = compose(document, ISSUE)
    assert not faults(report)
    assert any(SAID in line for line in told(report))
    content = {name: value for name, value in document.items() if name != "run"}
    assert document["run"]["content_sha256"] == sha256_of(content)
    without = check_document(spoken)
    assert without["answers"] is None and without["findings"] == document["findings"]


@pytest.mark.parametrize(
    ("marks", "identity", "code"),
    [(MARKS, False, "may_not_compare"), (MARKS[:1], True, "too_few")],
)
def test_what_may_not_or_cannot_be_compared_says_so(
    spoken: CheckResult, marks: tuple[Mark, ...], identity: bool, code: str
) -> None:
    entry = answers_beside(spoken, marks, identity=identity, threads=1)
    assert entry is not None and entry.reason is not None and entry.reason.code == code
    assert [each.question for each in entry.answers] == [mark.question for mark in marks]
    assert not any(each.by for each in entry.answers)
    report = compose(json.loads(json.dumps(check_document(spoken, entry))), ISSUE)
    assert not faults(report) and entry.reason.text in " ".join(told(report))
    assert answers_beside(spoken, (), identity=True, threads=1) is None


def test_a_check_compares_the_answers_that_its_interview_marks(
    shelf: Shelf, spoken: CheckResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_task, "check", lambda *_, **__: spoken)
    monkeypatch.setattr(check_task, "thumbnails", lambda *_: {})
    _, held, _ = shelf.interview()
    questions = tuple(QuestionAsked(id=m.question, start_s=m.start_s, end_s=m.end_s) for m in MARKS)
    recording = shelf.recording(held)
    with shelf.store.unit(TENANT) as unit:
        unit.put(replace(held, questions=(*questions, QuestionAsked(id="q9", start_s=61.0))))
        order = CheckOrder(interview_id=held.id, media_id=recording.id)
        check = checks.request_check(unit, order)
    with working(shelf):
        done = until_over(shelf, Check, check.id)
    assert done.state is RunState.FINISHED, done.error_detail
    answers = result_of(shelf, done)["answers"]
    assert [each["question"] for each in answers["answers"]] == ["q1", "q2", "q3", "q4"]
    assert SAID in answers["text"]


def test_marks_are_taken_at_registration_and_later_and_wrong_ones_are_named(
    light_store: Store, frame_of: Callable[..., Frame]
) -> None:
    web = frame_of(light_store)
    shelf = Shelf(web.service.settings, light_store, web.service.vault, web.service.intake)
    candidate, held, _ = shelf.interview()
    key, path = web.key_of("platform"), f"/v1/interviews/{held.id}"

    def sent(questions: list[dict[str, Any]], method: str = "PATCH") -> Any:
        body: dict[str, Any] = {"questions": questions}
        where, headers = path, {"If-Match": web.send("GET", path, key).headers["etag"]}
        if method == "POST":
            body |= {"candidate_id": candidate.id, "system_id": held.system_id}
            where, headers = "/v1/interviews", {}
        return web.send(method, where, key, json=body, headers=headers)

    new = sent(asked((0.0, 10.0), (10.0, 20.5)), "POST")
    assert new.status_code == 201, new.text
    assert [each["end_s"] for each in new.json()["questions"]] == [10.0, 20.5]
    later = sent([*asked((30.0, 40.0), (0.0, 10.0)), {"id": "q3"}])
    assert later.status_code == 200, later.text
    with light_store.reading(TENANT) as unit:
        stored = unit.get(Interview, held.id).questions
    assert [mark.question for mark in marks_of(stored)] == ["q2", "q1"]
    same = [*asked((0.0, 9.0)), *asked((9.0, 12.0))]
    wrong = [
        (asked((0.0, 10.0), (9.5, 20.0)), "/questions", "1/start_s: 9.5 lies before the end of"),
        (same, "/questions", "1/id: 'q1' is the id of question 0"),
        (asked((5.0, 5.0)), "/questions/0/end_s", "after start_s, which is 5"),
        ([{"id": "q1", "end_s": 5.0}], "/questions/0/end_s", "needs start_s"),
        (asked((-1.0, 5.0)), "/questions/0/start_s", "greater than or equal to 0"),
        (asked(*((n * 2.0, n * 2 + 1.0) for n in range(25))), "/questions", "mark 24"),
    ]
    for questions, pointer, detail in wrong:
        for method in ("PATCH", "POST"):
            refused = sent(questions, method)
            assert refused.status_code == 422, refused.text
            [error] = refused.json()["errors"]
            assert error["pointer"] == pointer and detail in error["detail"], error
    foreign = web.send("GET", path, web.key_of("platform", "globex"))
    assert foreign.status_code == 404


def test_marks_go_with_the_candidate(shelf: Shelf, database_url: str, tmp_path: Path) -> None:
    candidate, held, _ = shelf.interview("zoltana-9")
    with shelf.store.unit(TENANT) as unit:
        marked = QuestionAsked(id="q1", start_s=12.34567, end_s=76.54321, rubric="r1")
        unit.put(replace(held, questions=(marked,)))
    marks = {"start": b"12.34567", "end": b"76.54321"}
    assert traces(shelf.store, database_url, tmp_path, marks) == set(marks)
    with shelf.store.unit(TENANT) as unit:
        assert erasure.erase_candidate(unit, candidate.id).complete
        assert unit.get(Interview, held.id).questions == (QuestionAsked(id="q1", rubric="r1"),)
    removed(shelf, candidate.id)
    assert traces(shelf.store, database_url, tmp_path, marks) == set()
