"""The table of stored outcomes, and the specification that its columns give."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit.errors import DataInvalid
from audit.ids import new_id
from audit.operations import fairness_audits
from audit.operations.demographics import SelfReported
from audit.operations.fairness_audits import AuditOrder
from audit.operations.outcome_tables import COLUMNS, outcome_rows, write_table
from audit.records.evidence import FairnessAudit
from audit.records.register import Outcome, OutcomeClass, System
from audit.store import Store, UnitOfWork
from fairness.outcome_spec import Facts, spec_of_outcomes
from fairness.spec import load_spec
from tests.audit.operations import registered

TENANT = "acme"


def outcome(unit: UnitOfWork, candidate_id: str, system: System, **more: Any) -> Outcome:
    fields: dict[str, Any] = {
        "candidate_id": candidate_id,
        "system_id": system.id,
        "job": "job-1",
        "stage": "Screen",
        "word": "x",
        "outcome": OutcomeClass.ADVANCED,
        "occurred_at": datetime(2026, 3, 1, tzinfo=UTC),
        "source": "csv",
        "external_event": new_id("evt"),
        "scores": {},
    }
    return unit.add(Outcome(id=new_id("out"), **{**fields, **more}))


def audit_of(unit: UnitOfWork, system: System | None = None, **more: Any) -> FairnessAudit:
    order = AuditOrder(
        name="Quarter",
        source="outcomes",
        spec={},
        system_id=system.id if system else None,
        **more,
    )
    return fairness_audits.request_audit(unit, order)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_latest_outcome_of_each_stage_counts(store: Store, tmp_path: Path) -> None:
    march, april = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)
    with store.unit(TENANT) as unit:
        used = registered.system(unit)
        person = registered.candidate(unit, "applicant-1", "US-NJ")
        interview = registered.interview(unit, person, used, coached=True, interviewer="int-7")
        outcome(unit, person.id, used, occurred_at=april, outcome=OutcomeClass.REJECTED)
        outcome(unit, person.id, used, occurred_at=march)
        outcome(
            unit,
            person.id,
            used,
            stage="Onsite",
            occurred_at=april.replace(hour=5),
            interview_id=interview.id,
            scores={"total": 71.5},
            overridden=True,
        )
        audit = audit_of(unit, used)
        found = outcome_rows(unit, audit)
    path = tmp_path / "t.csv"
    told = write_table(
        path, found, {person.id: SelfReported(sex="Female", other={"gender": "non-binary"})}
    )
    rows = {row["stage"]: row for row in rows_of(path)}
    assert rows["Screen"]["outcome"] == "rejected"
    assert {row["first_on"] for row in rows.values()} == {"2026-03-01"}
    assert rows["Onsite"]["score:total"] == "71.5"
    assert (rows["Onsite"]["coached"], rows["Onsite"]["mode"]) == ("yes", "ai_led")
    assert (rows["Screen"]["coached"], rows["Screen"]["overridden"]) == ("", "")
    assert rows["Screen"]["sex"] == "Female"
    assert rows["Screen"]["other:gender"] == "non-binary"
    assert told.reported == ("sex", "other:gender")
    assert told.rows == 2
    assert set(COLUMNS) < set(rows["Screen"])


def test_system_and_time_choose_outcomes(store: Store) -> None:
    march, april = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    with store.unit(TENANT) as unit:
        used, other = registered.system(unit), registered.system(unit)
        people = [registered.candidate(unit, f"applicant-{n}", "US-NJ") for n in range(3)]
        outcome(unit, people[0].id, used, occurred_at=march)
        outcome(unit, people[1].id, used, occurred_at=april)
        outcome(unit, people[2].id, other, occurred_at=march)
        assert len(outcome_rows(unit, audit_of(unit)).outcomes) == 3
        chosen = outcome_rows(unit, audit_of(unit, used, since=march, until=april))
        assert chosen.candidates == (people[0].id,)


def test_stages_are_in_the_order_in_which_people_went_through_them(store: Store) -> None:
    with store.unit(TENANT) as unit:
        used = registered.system(unit)
        for n in range(4):
            person = registered.candidate(unit, f"applicant-{n}", "US-NJ")
            for day, stage in enumerate(["Screen", "Onsite", "Offer"][: n + 1], start=1):
                moment = datetime(2026, 3, day, tzinfo=UTC)
                outcome(unit, person.id, used, stage=stage, occurred_at=moment)
        assert outcome_rows(unit, audit_of(unit)).stages == ("Screen", "Onsite", "Offer")


def facts(**more: Any) -> Facts:
    given: dict[str, Any] = {
        "title": "Quarter",
        "filled": frozenset({"candidate", "outcome", "job", "mode", "opted_out"}),
        "reported": ("sex", "race_ethnicity", "age_40_plus", "disability", "other:gender"),
        "scores": ("total", "Total!", "7"),
        "stages": ("Screen", "Onsite"),
    }
    return Facts(**{**given, **more})


def test_the_specification_can_be_loaded() -> None:
    spec = load_spec(
        spec_of_outcomes(facts(several_quarters=True, places=frozenset({"US-NY-NYC"})))
    )
    assert [each.kind for each in spec.features] == [
        "sex",
        "race_ethnicity",
        "age",
        "disability",
        "other",
    ]
    assert len({each.name for each in spec.scores}) == 3
    assert spec.stage is not None
    assert spec.stage.names == ("Screen", "Onsite")
    assert spec.period is not None
    assert spec.rule_packs == ("ll144",)


def test_one_stage_needs_no_order_and_no_groups_no_audit() -> None:
    spec = load_spec(spec_of_outcomes(facts(stages=("",), scores=(), filled=frozenset())))
    assert spec.stage is None
    assert spec.job is None
    with pytest.raises(DataInvalid, match="self-reported"):
        spec_of_outcomes(facts(reported=()))
