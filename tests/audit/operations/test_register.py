"""Systems, candidates and interviews."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from audit.errors import AlreadyExists, CandidateErased, NotFound, StepRefused, VersionConflict
from audit.operations.redaction import redact_person
from audit.operations.register import (
    CandidateChange,
    InterviewChange,
    NewCandidate,
    NewSystem,
    Question,
    SystemChange,
    change_candidate,
    change_interview,
    change_system,
    list_systems,
    retire_system,
)
from audit.records.register import Candidate, Interview, Mode, System
from audit.store import Page, Store
from tests.audit.operations.registered import candidate, events, interview, kinds, system


def test_a_system_is_registered_changed_and_retired(store: Store) -> None:
    with store.unit("acme", actor="key_1") as unit:
        first = system(unit, outcome_words={"Onsite": "advanced"}, retention_days={"media": 30})
        change = SystemChange.model_validate({"system_version": "4.3", "notice_url": None})
        second = change_system(unit, first, change)
        third = retire_system(unit, second)
        assert retire_system(unit, third) == third
    with store.reading("acme") as reading:
        found = reading.get(System, first.id)
        assert found == third
        assert (found.system_version, found.name, found.version) == ("4.3", first.name, 3)
        assert found.retention_days == {"media": 30}
        kinds_and_fields = [(k, json.loads(b).get("fields")) for k, b in events(reading, first.id)]
    assert kinds_and_fields == [
        ("system_registered", None),
        ("system_changed", ["notice_url", "system_version"]),
        ("system_changed", ["retired_at"]),
    ]


def test_a_change_of_an_old_version_is_refused(store: Store) -> None:
    with store.unit("acme") as unit:
        first = system(unit)
        change_system(unit, first, SystemChange(name="Another name"))
        with pytest.raises(VersionConflict):
            change_system(unit, first, SystemChange(name="A third name"))


def test_systems_are_listed_by_mode_and_retirement(store: Store) -> None:
    with store.unit("acme") as unit:
        used = [system(unit, mode=mode) for mode in ("ai_led", "hybrid", "ai_led", "hybrid")]
        for each in used[:3]:
            retire_system(unit, each)
        gone = list_systems(unit, Page(limit=2), retired=True)
        assert [each.id for each in gone.items] == [used[2].id, used[1].id] and gone.more
        rest = list_systems(unit, Page(limit=2, before=gone.items[-1].id), retired=True)
        assert [each.id for each in rest.items] == [used[0].id] and not rest.more
        kept = list_systems(unit, Page(), retired=False)
        assert [each.id for each in kept.items] == [used[3].id]
        led = list_systems(unit, Page(), mode=Mode.AI_LED)
        assert [each.id for each in led.items] == [used[2].id, used[0].id]
    with store.reading("globex") as reading:
        assert list_systems(reading, Page()).items == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "two\nlines"),
        ("name", "nul\x00"),
        ("name", "x" * 201),
        ("mode", "robot"),
        ("jurisdictions", ["New York"]),
        ("retention_days", {"media": 0}),
        ("retention_days", {"media": "30"}),
        ("retention_days", {"thumbnails": 3}),
        ("outcome_words", {"Onsite": "promoted"}),
        ("notice_url", "javascript:alert(1)"),
        ("policy", "../other"),
        ("unknown", 1),
    ],
)
def test_a_system_that_cannot_be_is_refused(field: str, value: object) -> None:
    good: dict[str, Any] = {
        "name": "n",
        "vendor": "v",
        "system_version": "1",
        "mode": "ai_led",
        "decision_role": "informs",
    }
    NewSystem.model_validate(good)
    with pytest.raises(ValidationError):
        NewSystem.model_validate({**good, field: value})


@pytest.mark.parametrize(
    "ref",
    ["ada@example.com", "Ada Lovelace", "Ada\tLovelace", "+49 30 1234567", "030-123-4567", "", "é"],
)
def test_a_reference_that_may_say_who_it_is_is_refused(ref: str) -> None:
    with pytest.raises(ValidationError):
        NewCandidate(external_ref=ref)


def test_a_reference_is_registered_once_in_a_tenant(store: Store) -> None:
    with store.unit("acme") as unit:
        first = candidate(unit, "applicant-7", "US-IL", "US-IL", "DE")
        assert first.jurisdictions == ("US-IL", "DE")
    with pytest.raises(AlreadyExists), store.unit("acme") as unit:
        candidate(unit, "applicant-7")
    with store.unit("globex") as unit:
        other = candidate(unit, "applicant-7")
        assert unit.page(Candidate, Page(), {"external_ref": "applicant-7"}).items == (other,)
        with pytest.raises(NotFound):
            unit.get(Candidate, first.id)


def test_the_ledger_keeps_which_laws_were_dropped_and_no_reference(store: Store) -> None:
    with store.unit("acme") as unit:
        first = candidate(unit, "applicant-7", "US-IL")
        change_candidate(unit, first, CandidateChange(jurisdictions=("US-NY-NYC",)))
        found = events(unit, first.id)
    assert [kind for kind, _ in found] == ["candidate_registered", "candidate_changed"]
    body = json.loads(found[1][1])
    assert body["jurisdictions_before"] == ["US-IL"]
    assert body["jurisdictions"] == ["US-NY-NYC"]
    assert not any("applicant-7" in text for _, text in found)


def test_an_erased_candidate_takes_nothing_more(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit)
        held = interview(unit, whose)
        redact_person(unit, whose.id)
        erased = unit.get(Candidate, whose.id)
        with pytest.raises(CandidateErased):
            change_candidate(unit, erased, CandidateChange(locale="de"))
        with pytest.raises(CandidateErased):
            interview(unit, erased)
        with pytest.raises(CandidateErased):
            change_interview(unit, held, InterviewChange(stage="Final"))


def test_an_interview_keeps_its_questions_as_they_were_asked(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit)
        questions = [{"id": "q1", "start_s": 3.5}, {"id": "q2", "text_hash": "ab" * 32}]
        made = interview(unit, whose, questions=questions, stage="Phone screen")
    with store.reading("acme") as reading:
        found = reading.get(Interview, made.id)
        assert kinds(reading, made.id) == ["interview_registered"]
    assert found == made
    assert [(q.id, q.start_s, q.text_hash) for q in found.questions] == [
        ("q1", 3.5, None),
        ("q2", None, "ab" * 32),
    ]


def test_an_interview_is_changed_but_never_becomes_automated(store: Store) -> None:
    with store.unit("acme") as unit:
        made = interview(unit, candidate(unit))
        change = InterviewChange(human_alternative=True, questions=(Question(id="q9"),))
        human = change_interview(unit, made, change)
        assert human.human_alternative and human.questions[0].id == "q9"
        with pytest.raises(StepRefused, match="human alternative"):
            change_interview(unit, human, InterviewChange(human_alternative=False))
        assert kinds(unit, made.id) == ["interview_registered", "interview_changed"]


def test_an_interview_needs_a_system_in_use_and_a_candidate_of_the_tenant(store: Store) -> None:
    with store.unit("acme") as unit:
        mine, gone = candidate(unit), retire_system(unit, system(unit))
        with pytest.raises(StepRefused, match="retired"):
            interview(unit, mine, gone)
    with store.unit("globex") as unit:
        theirs = system(unit)
        with pytest.raises(NotFound):
            interview(unit, mine, theirs)
    with store.unit("acme") as unit, pytest.raises(NotFound):
        interview(unit, mine, theirs)


def test_a_change_needs_values_where_they_are_needed() -> None:
    with pytest.raises(ValidationError):
        SystemChange.model_validate({"name": None})
    with pytest.raises(ValidationError):
        InterviewChange.model_validate({"candidate_id": "cand_1"})
    assert InterviewChange.model_validate({"mode": None}).given() == {"mode": None}
    assert "default" not in str(SystemChange.model_json_schema()["properties"]["mode"])
