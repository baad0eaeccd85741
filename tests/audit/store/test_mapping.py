"""Every kind of value has a table with the same fields, and nested values come back whole."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from audit.clocks import RequestKind
from audit.errors import ReferenceUnknown
from audit.ids import new_id
from audit.records.base import Record
from audit.records.oversight import LegalHold, Request, Review
from audit.records.register import (
    Candidate,
    DecisionRole,
    Interview,
    Mode,
    OutcomeClass,
    QuestionAsked,
    System,
)
from audit.requests import PersonRequest, receive
from audit.reviews import CaseState, Decision, Outcome, ReviewCase, Reviewer, assign, decide
from audit.reviews import open_case as open_review
from audit.store import Store
from audit.store.mapping import TABLES, mapping

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
def test_columns_and_fields_have_the_same_names(kind: type[Record]) -> None:
    columns = {column.name for column in mapping(kind).table.columns}
    assert columns == {field.name for field in fields(kind)} | {"tenant_id"}


def candidate() -> Candidate:
    return Candidate(id=new_id("cand"), external_ref=new_id("ref"), jurisdictions=("US-IL",))


def test_nested_values_come_back_whole(store: Store) -> None:
    system = System(
        id=new_id("sys"),
        name="Video",
        vendor="Vendor",
        system_version="1",
        mode=Mode.AI_LED,
        decision_role=DecisionRole.SUBSTANTIALLY_ASSISTS,
        retention_days={"media": 30},
        outcome_words={"Onsite": OutcomeClass.ADVANCED},
    )
    with store.unit("acme") as unit:
        person = unit.add(candidate())
        system = unit.add(system)
        interview = unit.add(
            Interview(
                id=new_id("int"),
                candidate_id=person.id,
                system_id=system.id,
                questions=(QuestionAsked(id="q1", start_s=3.5), QuestionAsked(id="q2")),
            )
        )
    with store.reading("acme") as reading:
        assert reading.get(System, system.id) == system
        assert reading.get(Interview, interview.id) == interview


def test_a_request_keeps_its_clocks(store: Store) -> None:
    asked, _ = receive(
        PersonRequest("r", "c", RequestKind.DELETION, ("US-CA", "DE"), NOON, "letter")
    )
    assert asked.due is not None
    with store.unit("acme") as unit:
        person = unit.add(candidate())
        stored = unit.add(
            Request(
                id=new_id("req"),
                candidate_id=person.id,
                kind=asked.kind,
                state=asked.state,
                due_at=asked.due.ends_at,
                request=asked,
            )
        )
    with store.reading("acme") as reading:
        assert reading.get(Request, stored.id) == stored


def test_a_review_keeps_its_decisions(store: Store) -> None:
    reviewer = Reviewer("p1", True, "course-7", frozenset({"blue"}))
    case = ReviewCase("v", "f", "identity", "why", NOON, ("e1",), made_by=frozenset({"p0", "p9"}))
    case = assign(open_review(case, "svc"), reviewer, at=NOON, by="svc")
    case = decide(case, Decision("p1", NOON, Outcome.REVERSED, "seen", ("e1",)), reviewer=reviewer)
    with store.unit("acme") as unit:
        stored = unit.add(
            Review(id=new_id("rev"), kind="identity", state=CaseState.DECIDED, case=case)
        )
    with store.reading("acme") as reading:
        assert reading.get(Review, stored.id) == stored


def test_nothing_refers_to_another_tenant(store: Store) -> None:
    with store.unit("acme") as unit:
        theirs = unit.add(candidate())
    with pytest.raises(ReferenceUnknown), store.unit("globex") as unit:
        unit.add(LegalHold(id=new_id("hold"), candidate_id=theirs.id, reason="matter"))
