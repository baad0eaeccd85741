"""What may run for an interview, by place and consents."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from importlib import resources
from typing import Any

import pytest
from pydantic import ValidationError

from audit.errors import ConsentMissing, JurisdictionMissing, ProcessingStopped
from audit.operations.consents import withdraw_consent
from audit.operations.gate import Admission, admit, admitted
from audit.operations.gatebook import Gate, GateBook, Need, book, chain, needed_in
from audit.operations.stopping import stop_candidate
from audit.records.register import Stopped
from audit.store import Store, UnitOfWork
from tests.audit.operations.registered import (
    ago,
    candidate,
    consent,
    interview,
    notice,
    system,
)

BIOMETRIC = "biometric_comparison"


def seen(unit: UnitOfWork, held: Any) -> tuple[bool, bool, str | None]:
    found = admit(unit, held, datetime.now(UTC))
    return found.runs, found.identity_signals, found.code


def test_without_biometric_consent_it_runs_without_identity_signals(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "US-NY-NYC")
        held = interview(unit, whose)
        found = admit(unit, held, datetime.now(UTC))
        assert (found.runs, found.identity_signals, found.code) == (True, False, None)
        assert "no consent to biometric_comparison" in " ".join(found.reasons)
        assert found.refusal() is None
        consent(unit, whose, BIOMETRIC)
        assert seen(unit, held) == (True, True, None)


@pytest.mark.parametrize("why", [Stopped.OPTED_OUT, Stopped.CONSENT_WITHDRAWN, Stopped.ERASED])
def test_nothing_runs_for_a_candidate_who_is_stopped(store: Store, why: Stopped) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "US-NY-NYC")
        consent(unit, whose, BIOMETRIC)
        held = interview(unit, whose)
        stop_candidate(unit, whose.id, why)
        assert seen(unit, held) == (False, False, "processing_stopped")
        with pytest.raises(ProcessingStopped):
            admitted(unit, held, datetime.now(UTC))


def test_the_human_alternative_is_not_checked(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "US-NY-NYC")
        human = interview(unit, whose, human_alternative=True)
        assert seen(unit, human) == (False, False, "processing_stopped")
        assert seen(unit, interview(unit, whose)) == (True, False, None)


def test_a_withdrawn_consent_to_one_interview_stops_that_one(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "DE")
        first, second = interview(unit, whose), interview(unit, whose)
        given = consent(unit, whose, "media_analysis", interview_id=first.id)
        withdraw_consent(unit, given)
        assert seen(unit, first) == (False, False, "processing_stopped")
        assert seen(unit, second) == (True, False, None)
        consent(unit, whose, "media_analysis", interview_id=first.id, given_at=ago(seconds=0))
        assert seen(unit, first) == (True, False, None)


@pytest.mark.parametrize("place", ["US-IL", "US-MD"])
def test_where_the_law_asks_for_a_signature_an_unsigned_consent_is_not_enough(
    store: Store, place: str
) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", place)
        held = interview(unit, whose, held_at=ago(hours=1))
        notice(unit, "ai_interview", place, candidate_id=whose.id)
        consent(unit, whose, "media_analysis")
        weak = consent(unit, whose, BIOMETRIC)
        found = admit(unit, held, datetime.now(UTC))
        assert (found.runs, found.identity_signals) == (True, False)
        assert f"{weak.id} is not signed." in " ".join(found.reasons)
        consent(unit, whose, BIOMETRIC, written=True)
        assert seen(unit, held) == (True, True, None)


@pytest.mark.parametrize("place", ["US-TX", "US-WA", "DE", "FR", "DE-BY"])
def test_where_the_law_asks_for_consent_it_has_to_be_meant_for_that_place(
    store: Store, place: str
) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", place)
        held = interview(unit, whose)
        other = consent(unit, whose, BIOMETRIC, jurisdiction="US-NY-NYC", written=True)
        found = admit(unit, held, datetime.now(UTC))
        assert not found.identity_signals
        assert f"{other.id} was meant for US-NY-NYC." in " ".join(found.reasons)
        consent(unit, whose, BIOMETRIC)
        assert seen(unit, held) == (True, True, None)


def test_in_illinois_notice_and_consent_come_before_the_interview(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "US-IL")
        held = interview(unit, whose, held_at=ago(days=3))
        with pytest.raises(ConsentMissing) as refused:
            admitted(unit, held, datetime.now(UTC))
        assert "820 ILCS 42/5" in str(refused.value)
        assert "no notice of the kind ai_interview" in str(refused.value)
        assert "no consent to media_analysis before the interview" in str(refused.value)
        late = consent(unit, whose, "media_analysis", given_at=ago(days=1))
        notice(unit, "ai_interview", "US-IL", candidate_id=whose.id, given_at=ago(days=4))
        with pytest.raises(ConsentMissing, match=f"{late.id} was given after the interview"):
            admitted(unit, held, datetime.now(UTC))
        consent(unit, whose, "media_analysis", given_at=ago(days=4))
        assert seen(unit, held) == (True, False, None)


def test_a_notice_counts_for_its_own_interview_system_and_candidate(store: Store) -> None:
    with store.unit("acme") as unit:
        whose, other = candidate(unit, "a", "US-IL"), candidate(unit, "b", "US-IL")
        used = system(unit)
        held, second = interview(unit, whose, used), interview(unit, whose, used)
        consent(unit, whose, "media_analysis")
        notice(unit, "ai_interview", "US-IL", candidate_id=other.id)
        notice(unit, "ai_interview", "US-IL", candidate_id=whose.id, system_id=system(unit).id)
        notice(unit, "ai_interview", "US-IL", system_id=used.id)
        assert seen(unit, held) == (False, False, "consent_missing")
        notice(unit, "ai_interview", "US-IL", interview_id=held.id)
        assert seen(unit, held) == (True, False, None)
        assert seen(unit, second) == (False, False, "consent_missing")


@pytest.mark.parametrize("end", ["withdrawn", "expired"])
def test_a_consent_that_ended_does_not_count(store: Store, end: str) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "DE")
        held = interview(unit, whose)
        ends = {"expires_at": ago(hours=1)} if end == "expired" else {}
        given = consent(unit, whose, BIOMETRIC, **ends)
        if end == "withdrawn":
            withdraw_consent(unit, given)
        found = admit(unit, held, datetime.now(UTC))
    assert (found.runs, found.identity_signals) == (True, False)
    assert f"{given.id} {'has expired' if ends else 'was withdrawn'}." in " ".join(found.reasons)


def test_all_laws_of_a_candidate_have_to_be_met(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "DE", "US-TX")
        held = interview(unit, whose)
        consent(unit, whose, BIOMETRIC, jurisdiction="DE")
        assert seen(unit, held) == (True, False, None)
        consent(unit, whose, BIOMETRIC, jurisdiction="US-TX")
        assert seen(unit, held) == (True, True, None)


@pytest.mark.parametrize("place", ["BR", "GB", "US-OH", "US", "XX-9"])
def test_where_nobody_looked_at_the_law_the_strictest_rules_apply(store: Store, place: str) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", place)
        held = interview(unit, whose)
        found = admit(unit, held, datetime.now(UTC))
        assert (found.runs, found.code) == (False, "consent_missing")
        assert f"{place}: the law of this place was not looked at" in found.reasons[0]
        consent(unit, whose, "media_analysis")
        consent(unit, whose, BIOMETRIC)
        assert seen(unit, held) == (True, False, None)
        consent(unit, whose, BIOMETRIC, written=True)
        assert seen(unit, held) == (True, True, None)


def test_without_any_jurisdiction_nothing_runs(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a")
        with pytest.raises(JurisdictionMissing, match="give the candidate's jurisdictions"):
            admitted(unit, interview(unit, whose), datetime.now(UTC))
        used = system(unit, jurisdictions=["US-NY-NYC", "US-TX"])
        found = admit(unit, interview(unit, whose, used), datetime.now(UTC))
        assert (found.runs, found.identity_signals) == (True, False)
        assert "all of the system's are applied: US-NY-NYC, US-TX." in found.reasons[0]
        assert any("503.001" in text for text in found.reasons)


def test_consents_of_others_and_other_tenants_do_not_count(store: Store) -> None:
    with store.unit("globex") as unit:
        consent(unit, candidate(unit, "a", "DE"), BIOMETRIC)
    with store.unit("acme") as unit:
        whose, other = candidate(unit, "a", "DE"), candidate(unit, "b", "DE")
        consent(unit, other, BIOMETRIC)
        consent(unit, whose, BIOMETRIC, interview_id=interview(unit, whose).id)
        assert seen(unit, interview(unit, whose)) == (True, False, None)


def test_identity_signals_never_run_where_checking_does_not(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "US-IL")
        consent(unit, whose, BIOMETRIC, written=True)
        assert seen(unit, interview(unit, whose)) == (False, False, "consent_missing")


def test_the_book_names_its_sources_and_binds_by_date() -> None:
    everything = book()
    assert everything.revision == date(2026, 11, 22)
    for gate in everything.gate:
        assert gate.citation and (gate.read != "none" or gate.status == "own")
    assert {g.id for g in needed_in(["US-IL"], date(2026, 1, 1))} == {
        "own.biometric_consent",
        "il_aivia.before",
        "il_bipa.release",
    }
    early = {g.id for g in needed_in(["US-IL"], date(2019, 1, 1))}
    assert "il_aivia.before" not in early
    assert chain("US-NY-NYC") == ("US-NY-NYC", "US-NY", "US")
    assert chain("EU") == ("EU",) and "EU" in chain("FR")
    assert everything.reviewed("EU") and everything.reviewed("FR")


def test_a_proposed_gate_never_binds() -> None:
    gate = book().gate[0].model_copy(update={"status": "proposed"})
    assert not gate.binds(date(2030, 1, 1))


def test_a_book_that_contradicts_itself_is_refused() -> None:
    text = resources.files("audit.operations").joinpath("gates.toml").read_text("utf-8")
    good = tomllib.loads(text)
    GateBook.model_validate(good)
    listed = next(g for g in good["gate"] if g["applies"] == "listed")
    wrong: list[dict[str, Any]] = [
        {**good, "gate": [*good["gate"], good["gate"][0]]},
        {**good, "gate": [{**listed, "jurisdictions": ["US-XX"]}]},
        {**good, "gate": [{**listed, "jurisdictions": []}]},
        {**good, "gate": [{**listed, "applies": "everywhere"}]},
        {**good, "gate": [{**listed, "status": "from", "since": None}]},
        {**good, "gate": [{**listed, "need": []}]},
        {**good, "gate": [{**listed, "need": [{"consent": "love"}]}]},
        {**good, "gate": [{**listed, "colour": "red"}]},
    ]
    for each in wrong:
        with pytest.raises(ValidationError):
            GateBook.model_validate(each)
    for need in (
        {},
        {"written": True, "notices": ("x",)},
        {"consent": "recording", "notices": "x"},
    ):
        with pytest.raises(ValidationError):
            Need.model_validate(need)
    assert Gate.model_validate(listed).withholds in ("checking", "identity")
    assert Admission(True, True, ()).refusal() is None
