"""Outcomes: taken once, all or none, and never acted upon."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from audit.ats import CsvFormat
from audit.errors import AlreadyExists, OutcomeInvalid
from audit.operations.outcomes import (
    NewOutcome,
    Options,
    Taken,
    import_outcomes,
    take_outcomes,
)
from audit.operations.redaction import redact_person
from audit.records.register import Candidate, Outcome, OutcomeClass, System
from audit.store import Page, Store, UnitOfWork
from tests.audit.operations.registered import ago, candidate, events, interview, system

PARTIAL = Options(partial=True)


def new(ref: str = "a", **changes: Any) -> NewOutcome:
    fields = {"external_ref": ref, "outcome": "advanced", "occurred_at": "2026-03-01T09:00:00Z"}
    return NewOutcome.model_validate({**fields, **changes})


def load(unit: UnitOfWork, text: str, used: System | None = None, **options: bool) -> Taken:
    file = io.BytesIO(text.encode())
    how = Options(**options)
    return import_outcomes(unit, file, system=used, form=CsvFormat(), options=how)[1]


def test_an_outcome_is_taken_once_and_changes_nobody(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "DE")
        used = system(unit, outcome_words={"Onsite": "advanced", "Archived": "rejected"})
        held = interview(unit, whose, used, job="job-7", stage="Phone screen")
        first = new(
            interview_id=held.id, outcome="archived", external_event="e1", scores={"total": 71}
        )
        done = take_outcomes(unit, [first])
        assert (done.taken, done.duplicates) == (1, 0)
        kept = done.items[0]
        assert (kept.outcome, kept.word) == (OutcomeClass.REJECTED, "archived")
        assert (kept.system_id, kept.job, kept.stage) == (used.id, "job-7", "Phone screen")
        assert kept.scores == {"total": 71.0}
        again = take_outcomes(unit, [first, first])
        assert (again.taken, again.duplicates, again.items) == (0, 2, (kept, kept))
        assert unit.get(Candidate, whose.id) == whose
        assert unit.count(Outcome) == 1
        found = events(unit, kept.id)
    assert [kind for kind, _ in found] == ["outcome_received"]
    assert json.loads(found[0][1])["outcome"] == "rejected"
    assert "archived" not in found[0][1]


def test_without_an_identifier_the_same_outcome_is_the_same(store: Store) -> None:
    with store.unit("acme") as unit:
        candidate(unit, "a")
        done = take_outcomes(unit, [new(), new(), new(outcome="hired")])
        assert (done.taken, done.duplicates) == (2, 1)


def test_a_source_of_the_same_identifier_is_another_event(store: Store) -> None:
    with store.unit("acme") as unit:
        candidate(unit, "a")
        both = [new(external_event="e1", source=s) for s in ("api", "batch")]
        assert take_outcomes(unit, both).taken == 2
    with store.unit("globex") as unit:
        candidate(unit, "a")
        assert take_outcomes(unit, both).taken == 2


def test_all_are_taken_or_none(store: Store) -> None:
    with store.unit("acme") as unit:
        candidate(unit, "a")
    batch = [
        new(external_event="e1"),
        new("nobody", external_event="e2"),
        new(outcome="Ghosted", external_event="e3"),
        new(system_id="sys_" + "0" * 26),
    ]
    with pytest.raises(OutcomeInvalid) as refused, store.unit("acme") as unit:
        take_outcomes(unit, batch)
    places = [place for place, _ in refused.value.faults]
    assert places == ["/outcomes/1/external_ref", "/outcomes/2/outcome", "/outcomes/3/system_id"]
    assert "'Ghosted' is not mapped" in refused.value.faults[1][1]
    with store.unit("acme") as unit:
        assert unit.count(Outcome) == 0
        done = take_outcomes(unit, batch, PARTIAL)
        assert (done.taken, done.faulty, len(done.faults)) == (1, 3, 3)
        assert unit.count(Outcome) == 1


def test_what_contradicts_the_register_is_refused(store: Store) -> None:
    with store.unit("acme") as unit:
        mine, other = candidate(unit, "a"), candidate(unit, "b")
        held = interview(unit, other)
        erased = candidate(unit, "c")
        redact_person(unit, erased.id)
        cases = {
            "interview of another candidate": new("a", interview_id=held.id),
            "interview with another system": new(
                "b", interview_id=held.id, system_id=system(unit).id
            ),
            "data were erased": new(None, external_ref=None, candidate_id=erased.id),  # type: ignore[arg-type]
        }
        for text, case in cases.items():
            with pytest.raises(OutcomeInvalid, match=text):
                take_outcomes(unit, [case])
    with store.unit("globex") as unit:
        foreign = NewOutcome.model_validate(
            {"candidate_id": mine.id, "outcome": "hired", "occurred_at": ago(days=1)}
        )
        with pytest.raises(OutcomeInvalid, match="not registered"):
            take_outcomes(unit, [foreign])


def test_unknown_candidates_are_registered_where_that_was_asked_for(store: Store) -> None:
    with store.unit("acme") as unit:
        batch = [new("x", external_event="1"), new("x", external_event="2"), new("y")]
        assert take_outcomes(unit, batch, Options(register_unknown=True)).taken == 3
        refs = {each.external_ref for each in unit.every(Candidate)}
        assert refs == {"x", "y"}


def test_a_batch_is_one_event_that_commits_to_each_outcome(store: Store) -> None:
    with store.unit("acme") as unit:
        candidate(unit, "a")
        done = take_outcomes(unit, [new(external_event=f"e{n}") for n in range(1000)])
        assert done.taken == 1000
        body = json.loads(events(unit, done.items[0].id)[0][1])
        assert body["count"] == 1000 and len(body["sha256"]) == 64
        assert body["last"] == done.items[-1].id
        with pytest.raises(OutcomeInvalid, match="at most 1000"):
            take_outcomes(unit, [new()] * 1001)


HEADING = "candidate,job,stage,outcome,occurred_at\n"


def test_a_csv_file_is_imported_and_again_without_effect(store: Store) -> None:
    rows = "".join(f"a,job-{n},Screen,Onsite,2026-03-01T09:00:00Z\n" for n in range(700))
    with store.unit("acme") as unit:
        candidate(unit, "a")
        used = system(unit, outcome_words={"Onsite": "advanced"})
        done = load(unit, HEADING + rows, used)
        assert (done.taken, done.duplicates, done.items) == (700, 0, ())
        again = load(unit, HEADING + rows, used)
        assert (again.taken, again.duplicates) == (0, 700)
        listed = unit.page(Outcome, Page(limit=1), {"job": "job-3"}).items
        assert (listed[0].source, listed[0].system_id) == ("csv", used.id)


def test_a_csv_file_with_a_fault_leaves_nothing(store: Store) -> None:
    good = "".join(f"a,job-{n},Screen,hired,2026-03-01T09:00:00Z\n" for n in range(600))
    unmapped = good + "a,job-9999,Screen,Ghosted,2026-03-01T09:00:00Z\n"
    unknown = good + "zz,job-9999,Screen,hired,2026-03-01T09:00:00Z\n"
    with store.unit("acme") as unit:
        candidate(unit, "a")
    with pytest.raises(OutcomeInvalid, match="'Ghosted' is not mapped"), store.unit("acme") as unit:
        load(unit, HEADING + unmapped)
    with pytest.raises(OutcomeInvalid, match="outcome 601/external_ref"), store.unit("acme") as u:
        load(u, HEADING + unknown)
    with store.unit("acme") as unit:
        assert unit.count(Outcome) == 0
        done = load(unit, HEADING + unknown, partial=True)
        assert (done.taken, done.faulty) == (600, 1)


def test_two_who_bring_the_same_event_at_once_store_it_once(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a")
        done = take_outcomes(unit, [new(external_event="e1")])

        with pytest.raises(AlreadyExists):
            unit.add(replace(done.items[0], id="out_" + "0" * 26, candidate_id=whose.id))


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": ""},
        {"outcome": "call 030 123 45 67 890"},
        {"scores": {"total": float("nan")}},
        {"scores": {"total": "71"}},
        {"occurred_at": "yesterday"},
        {"candidate_id": "cand_" + "0" * 26},
        {"external_ref": "ada@example.com"},
        {"source": "Green House"},
        {"comment": "nice"},
    ],
)
def test_what_is_no_outcome_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        new(**wrong)
