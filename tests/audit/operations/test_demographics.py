"""Demographics: sealed, and read for fairness audits alone."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields, replace

import pytest
from pydantic import ValidationError

from audit.errors import CandidateErased, ConsentMissing, DataKeyDestroyed, NotFound
from audit.operations.demographics import (
    DemographicsReceipt,
    NewDemographics,
    SelfReported,
    read_demographics,
    remove_demographics,
    store_demographics,
)
from audit.operations.redaction import redact_person
from audit.records.register import Candidate, Demographics
from audit.store import Store
from tests.audit.operations.registered import ago, candidate, consent, events, kinds

REPORTED = NewDemographics(
    sex="Female",
    race_ethnicity="Two or More Races",
    age_40_plus=True,
    disability="declined",
    other={"gender": "non-binary"},
    lawful_basis="legal_obligation",
)


def test_what_was_reported_is_sealed_and_read_for_an_audit(store: Store) -> None:
    with store.unit("acme") as unit:
        whose, silent = candidate(unit, "a"), candidate(unit, "b")
        receipt = store_demographics(unit, whose, REPORTED)
        held = unit.every(Demographics)
        assert len(held) == 1 and b"Female" not in held[0].sealed
        found = read_demographics(unit, [whose.id, silent.id, whose.id], "aud_1")
        assert json.loads(events(unit, "aud_1")[0][1]) == {"asked": 3, "read": 1}
        assert kinds(unit, "aud_1") == ["demographics_read"]
        stored = events(unit, whose.id)[-1]
    assert found == {
        whose.id: SelfReported(
            sex="Female",
            race_ethnicity="Two or More Races",
            age_40_plus=True,
            disability="declined",
            other={"gender": "non-binary"},
        )
    }
    assert stored[0] == "demographics_stored"
    assert json.loads(stored[1]) == {"consent": None, "lawful_basis": "legal_obligation"}
    assert {f.name for f in fields(receipt)} == {"candidate_id", "collected_at", "stored_at"}


def test_another_report_takes_the_place_of_the_first(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit)
        store_demographics(unit, whose, REPORTED)
        later = NewDemographics(sex="declined", lawful_basis="bias_correction")
        store_demographics(unit, whose, later)
        assert unit.count(Demographics) == 1
        found = read_demographics(unit, [whose.id], "aud_1")[whose.id]
    assert (found.sex, found.race_ethnicity) == ("declined", None)


@pytest.mark.parametrize("fault", ["other purpose", "other candidate", "expired", "withdrawn"])
def test_a_consent_has_to_be_in_force_and_for_this(store: Store, fault: str) -> None:
    with store.unit("acme") as unit:
        whose, other = candidate(unit, "a"), candidate(unit, "b")
        given = consent(
            unit,
            other if fault == "other candidate" else whose,
            "recording" if fault == "other purpose" else "demographics",
            expires_at=ago(hours=1) if fault == "expired" else None,
        )
        if fault == "withdrawn":
            unit.put(replace(given, withdrawn_at=ago(hours=1)))
        with pytest.raises(ConsentMissing):
            store_demographics(unit, whose, NewDemographics(sex="Male", consent_id=given.id))
        good = consent(unit, whose, "demographics")
        store_demographics(unit, whose, NewDemographics(sex="Male", consent_id=good.id))
        assert unit.count(Demographics) == 1


def test_removal_leaves_nothing_and_is_no_error_again(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit)
        store_demographics(unit, whose, REPORTED)
        assert remove_demographics(unit, whose.id)
        assert not remove_demographics(unit, whose.id)
        assert unit.count(Demographics) == 0
        assert kinds(unit, whose.id)[-1] == "demographics_erased"
        assert read_demographics(unit, [whose.id], "aud_1") == {}


def test_an_erased_candidate_reports_nothing_more(store: Store) -> None:
    with store.unit("acme") as unit:
        whose, shredded = candidate(unit, "a"), candidate(unit, "b")
        redact_person(unit, whose.id)
        with pytest.raises(CandidateErased):
            store_demographics(unit, unit.get(Candidate, whose.id), REPORTED)
        store_demographics(unit, shredded, REPORTED)
        unit.ring.shred("acme", shredded.id)
        with pytest.raises(DataKeyDestroyed):
            read_demographics(unit, [shredded.id], "aud_1")


def test_another_tenant_reads_nothing(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit)
        given = consent(unit, whose, "demographics")
        store_demographics(unit, whose, REPORTED)
    with store.unit("globex") as unit:
        assert read_demographics(unit, [whose.id], "aud_1") == {}
        theirs = candidate(unit)
        with pytest.raises(NotFound):
            store_demographics(unit, theirs, NewDemographics(sex="Male", consent_id=given.id))


@pytest.mark.parametrize(
    "wrong",
    [
        {"sex": "Female"},
        {"sex": "Female", "lawful_basis": "curiosity"},
        {"sex": "female", "lawful_basis": "legal_obligation"},
        {"age_40_plus": "yes", "lawful_basis": "legal_obligation"},
        {"other": {"E-mail": "x"}, "lawful_basis": "legal_obligation"},
        {"other": {"email": "a@b.c"}, "lawful_basis": "legal_obligation"},
        {"lawful_basis": "legal_obligation", "consent_id": "con_" + "0" * 26},
    ],
)
def test_what_is_no_report_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NewDemographics.model_validate(wrong)


def test_reading_needs_the_audit_it_is_for() -> None:
    assert "audit_id" in inspect.signature(read_demographics).parameters
    assert not {"sex", "reported", "sealed"} & {f.name for f in fields(DemographicsReceipt)}
