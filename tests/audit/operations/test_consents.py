"""Consents, and what a withdrawal brings with it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from audit.errors import CandidateErased, NotFound, StepRefused
from audit.ids import new_id
from audit.operations.consents import in_force, withdraw_consent
from audit.operations.demographics import NewDemographics, store_demographics
from audit.operations.holds import set_hold
from audit.operations.redaction import redact_person
from audit.operations.stopping import stop_candidate
from audit.records.evidence import Media, MediaKind, MediaState, Reference
from audit.records.register import Candidate, Consent, Demographics, Stopped
from audit.store import Page, Store, UnitOfWork
from tests.audit.operations.registered import ago, candidate, consent, events, interview, kinds


def reference(unit: UnitOfWork, whose: Candidate, under: Consent, kind: MediaKind) -> Reference:
    media = unit.add(
        Media(
            id=new_id("med"),
            candidate_id=whose.id,
            kind=kind,
            media_type="video/mp4",
            size_bytes=10,
            sha256="ab" * 32,
        )
    )
    return unit.add(
        Reference(id=new_id("idn"), candidate_id=whose.id, media_id=media.id, consent_id=under.id)
    )


def test_a_consent_counts_from_when_it_was_given_until_it_ends(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "DE")
        first, second = interview(unit, whose), interview(unit, whose)
        given = consent(
            unit,
            whose,
            "biometric_comparison",
            interview_id=first.id,
            given_at=ago(days=2),
            expires_at=ago(days=-2),
        )
        kept = json.loads(events(unit, given.id)[0][1])
    assert not in_force(given, ago(days=3), first.id)
    assert in_force(given, ago(days=1), first.id)
    assert not in_force(given, ago(days=1), second.id)
    assert not in_force(given, ago(days=-3), first.id)
    assert kept["purpose"] == "biometric_comparison" and kept["candidate"] == whose.id


def test_a_consent_that_cannot_be_is_refused(store: Store) -> None:
    with store.unit("acme") as unit:
        whose, other = candidate(unit, "a"), candidate(unit, "b")
        with pytest.raises(StepRefused, match="not one of this candidate"):
            consent(unit, whose, "recording", interview_id=interview(unit, other).id)
        with pytest.raises(StepRefused, match="future"):
            consent(unit, whose, "recording", given_at=ago(hours=-1))
        with pytest.raises(StepRefused, match="expires_at"):
            consent(unit, whose, "recording", expires_at=ago(days=2))
        redact_person(unit, other.id)
        with pytest.raises(CandidateErased):
            consent(unit, other, "recording")
    with store.unit("globex") as unit, pytest.raises(NotFound):
        consent(unit, whose, "recording")


def test_withdrawing_biometric_consent_erases_what_rested_on_it(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "US-IL")
        given = consent(unit, whose, "biometric_comparison", written=True)
        other = consent(unit, whose, "biometric_comparison", written=True)
        own = reference(unit, whose, given, MediaKind.REFERENCE)
        recording = reference(unit, whose, given, MediaKind.RECORDING)
        left = reference(unit, whose, other, MediaKind.REFERENCE)
        done = withdraw_consent(unit, given)
        assert done.references_erased == (own.id, recording.id)
        assert done.stopped is Stopped.NOT_STOPPED
        assert unit.every(Reference, candidate_id=whose.id) == (left,)
        assert unit.get(Media, own.media_id).state is MediaState.ERASED
        assert unit.get(Media, recording.media_id).state is MediaState.STORED
        assert kinds(unit, own.id) == ["reference_erased"]
        kind, body = events(unit, given.id)[-1]
        assert kind == "consent_withdrawn"
        assert json.loads(body)["references_erased"] == [own.id, recording.id]
        again = withdraw_consent(unit, done.consent)
        assert again.consent == done.consent and again.references_erased == ()
        assert len(events(unit, given.id)) == 2


def test_a_held_reference_stays_and_is_named(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "US-IL")
        given = consent(unit, whose, "biometric_comparison", written=True)
        kept = reference(unit, whose, given, MediaKind.REFERENCE)
        set_hold(unit, reason="A complaint.", subject=kept.media_id)
        done = withdraw_consent(unit, given)
        assert (done.references_erased, done.references_held) == ((), (kept.id,))
        assert unit.get(Media, kept.media_id).state is MediaState.STORED


def test_withdrawing_the_consent_to_be_analysed_stops_processing_until_given_anew(
    store: Store,
) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "DE")
        given = consent(unit, whose, "media_analysis")
        assert withdraw_consent(unit, given).stopped is Stopped.CONSENT_WITHDRAWN
        assert unit.get(Candidate, whose.id).stopped is Stopped.CONSENT_WITHDRAWN
        consent(unit, whose, "recording")
        assert unit.get(Candidate, whose.id).stopped is Stopped.CONSENT_WITHDRAWN
        consent(unit, whose, "media_analysis", given_at=ago(minutes=0))
        found = unit.get(Candidate, whose.id)
        assert (found.stopped, found.stopped_at) == (Stopped.NOT_STOPPED, None)
        assert kinds(unit, whose.id) == ["candidate_registered"] + ["candidate_changed"] * 2


def test_another_consent_in_force_keeps_processing_going(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "DE")
        old, new = (consent(unit, whose, "media_analysis", text_version=v) for v in "ab")
        assert withdraw_consent(unit, old).stopped is Stopped.NOT_STOPPED
        assert withdraw_consent(unit, new).stopped is Stopped.CONSENT_WITHDRAWN


def test_no_consent_ends_an_opt_out(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "DE")
        given = consent(unit, whose, "media_analysis")
        stop_candidate(unit, whose.id, Stopped.OPTED_OUT)
        assert withdraw_consent(unit, given).stopped is Stopped.OPTED_OUT
        consent(unit, whose, "media_analysis")
        assert unit.get(Candidate, whose.id).stopped is Stopped.OPTED_OUT


def test_withdrawing_the_consent_to_demographics_removes_them(store: Store) -> None:
    with store.unit("acme") as unit:
        whose, other = candidate(unit, "a"), candidate(unit, "b")
        given = consent(unit, whose, "demographics")
        store_demographics(unit, whose, NewDemographics(sex="Female", consent_id=given.id))
        by_law = NewDemographics(sex="Male", lawful_basis="legal_obligation")
        store_demographics(unit, other, by_law)
        theirs = consent(unit, other, "demographics")
        assert withdraw_consent(unit, given).demographics_removed
        assert not withdraw_consent(unit, theirs).demographics_removed
        held = unit.every(Demographics)
    assert [each.candidate_id for each in held] == [other.id]


def test_a_withdrawal_is_neither_before_the_consent_nor_in_the_future(store: Store) -> None:
    with store.unit("acme") as unit:
        given = consent(unit, candidate(unit), "recording", given_at=ago(days=1))
        for moment in (given.given_at - timedelta(seconds=1), ago(days=-1)):
            with pytest.raises(StepRefused):
                withdraw_consent(unit, given, at=moment)
        done = withdraw_consent(unit, given, at=ago(hours=2))
        assert not in_force(done.consent, ago(hours=1))
        assert in_force(done.consent, ago(hours=3))


def test_consents_are_listed_by_their_tenant_alone(store: Store) -> None:
    with store.unit("acme") as unit:
        given = consent(unit, candidate(unit), "recording")
    with store.reading("acme") as reading:
        assert reading.page(Consent, Page(), {"purpose": "recording"}).items == (given,)
    with store.reading("globex") as reading:
        assert reading.page(Consent, Page()).items == ()
