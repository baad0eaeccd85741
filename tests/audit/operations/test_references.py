"""References under consent, and comparisons that answer in bands."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.errors import (
    AlreadyExists,
    ConsentMissing,
    InputError,
    ProcessingStopped,
    StepRefused,
)
from audit.jobs import RetryLater
from audit.operations import comparisons, consents, references, stopping
from audit.operations.comparisons import Band, Found
from audit.operations.references import NewReference
from audit.records.evidence import Comparison, Media, MediaState, Reference, RunState
from audit.records.register import Candidate, Consent, Interview, Stopped
from audit.records.work import Job, JobState
from audit.store import Store
from tests.audit.operations import registered
from tests.evidence import TENANT, Shelf


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf.of(store, tmp_path)


def kept(shelf: Shelf) -> tuple[Interview, Consent, Reference]:
    """A candidate with one reference."""
    candidate, interview, consent = shelf.interview()
    assert consent is not None
    stored = shelf.reference(candidate)
    with shelf.store.unit(TENANT) as unit:
        new = NewReference(media_id=stored.id, consent_id=consent.id, label="First")
        reference = references.add_reference(unit, candidate.id, new)
    return interview, consent, reference


def test_a_reference_needs_the_right_consent(shelf: Shelf) -> None:
    candidate, _, consent = shelf.interview()
    other, _, theirs = shelf.interview("applicant-2")
    assert consent is not None
    assert theirs is not None
    stored = shelf.reference(candidate)
    with shelf.store.unit(TENANT) as unit:
        analysis = registered.consent(unit, candidate, "media_analysis")
        withdrawn = registered.consent(unit, candidate, "biometric_comparison")
        consents.withdraw_consent(unit, withdrawn)
    for bad in (analysis, withdrawn, theirs):
        with pytest.raises(ConsentMissing), shelf.store.unit(TENANT) as unit:
            new = NewReference(media_id=stored.id, consent_id=bad.id)
            references.add_reference(unit, candidate.id, new)
    good = NewReference(media_id=stored.id, consent_id=consent.id)
    with shelf.store.unit(TENANT) as unit:
        made = references.add_reference(unit, candidate.id, good)
    assert made.expires_at is not None
    with pytest.raises(AlreadyExists), shelf.store.unit(TENANT) as unit:
        references.add_reference(unit, candidate.id, good)
    with pytest.raises(InputError), shelf.store.unit(TENANT) as unit:
        references.add_reference(unit, other.id, good)


def test_nobody_who_opted_out_gets_a_reference(shelf: Shelf) -> None:
    candidate, _, consent = shelf.interview()
    assert consent is not None
    stored = shelf.reference(candidate)
    with shelf.store.unit(TENANT) as unit:
        stopping.stop_candidate(unit, candidate.id, Stopped.OPTED_OUT)
    with pytest.raises(ProcessingStopped), shelf.store.unit(TENANT) as unit:
        new = NewReference(media_id=stored.id, consent_id=consent.id)
        references.add_reference(unit, candidate.id, new)


def test_removing_a_reference_erases_what_was_stored_for_it_alone(shelf: Shelf) -> None:
    _, consent, reference = kept(shelf)
    candidate_id = reference.candidate_id
    with shelf.store.unit(TENANT) as unit:
        interview = registered.interview(unit, unit.get(Candidate, candidate_id))
    recording = shelf.recording(interview)
    with shelf.store.unit(TENANT) as unit:
        new = NewReference(media_id=recording.id, consent_id=consent.id)
        second = references.add_reference(unit, candidate_id, new)
        references.remove_reference(unit, reference)
        references.remove_reference(unit, second)
        assert unit.count(Reference) == 0
        assert unit.get(Media, reference.media_id).state is MediaState.ERASED
        assert unit.get(Media, recording.id).state is MediaState.STORED
    assert shelf.events(reference.id) == ["reference_stored", "reference_erased"]


def compared(shelf: Shelf) -> tuple[Comparison, Consent, Reference]:
    interview, consent, reference = kept(shelf)
    recording = shelf.recording(interview)
    with shelf.store.unit(TENANT) as unit:
        asked = comparisons.request_comparison(unit, reference.candidate_id, recording.id)
    return asked, consent, reference


def bands(reference: Reference) -> tuple[Band, ...]:
    return (
        Band(
            reference_id=reference.id,
            modality="face",
            answer="same_person",
            support="moderate support",
        ),
        Band(reference_id=reference.id, modality="voice", answer="inconclusive", reason="no_audio"),
    )


def test_a_comparison_answers_once_in_bands(shelf: Shelf) -> None:
    asked, _, reference = compared(shelf)
    with shelf.store.unit(TENANT) as unit:
        work = comparisons.begin(unit, asked.id)
        assert work is not None
        done = comparisons.finish(unit, asked.id, Found(bands=bands(reference)))
        assert comparisons.finish(unit, asked.id, Found(bands=bands(reference))) is None
        assert comparisons.begin(unit, asked.id) is None
    assert done is not None
    assert [each["support"] for each in done.bands] == ["moderate support", ""]
    assert set(done.bands[0]) == {"reference_id", "modality", "answer", "support", "reason"}
    assert shelf.events(asked.id) == ["reference_compared"]


def test_a_comparison_needs_an_interview_a_consent_and_a_reference(shelf: Shelf) -> None:
    candidate, interview, _ = shelf.interview(consent=False)
    loose = shelf.reference(candidate)
    with pytest.raises(InputError, match="no interview"), shelf.store.unit(TENANT) as unit:
        comparisons.request_comparison(unit, candidate.id, loose.id)
    recording = shelf.recording(interview)
    with pytest.raises(ConsentMissing), shelf.store.unit(TENANT) as unit:
        comparisons.request_comparison(unit, candidate.id, recording.id)
    with shelf.store.unit(TENANT) as unit:
        registered.consent(unit, candidate, "biometric_comparison")
    with pytest.raises(StepRefused), shelf.store.unit(TENANT) as unit:
        comparisons.request_comparison(unit, candidate.id, recording.id)


def test_a_withdrawn_consent_ends_a_comparison(shelf: Shelf) -> None:
    asked, consent, reference = compared(shelf)
    with shelf.store.unit(TENANT) as unit:
        comparisons.begin(unit, asked.id)
        registered.consent(unit, unit.get(Candidate, asked.candidate_id), "biometric_comparison")
    with shelf.store.unit(TENANT) as unit:
        consents.withdraw_consent(unit, consent)
    with pytest.raises(RetryLater), shelf.store.unit(TENANT) as unit:
        comparisons.finish(unit, asked.id, Found(bands=bands(reference)))
    with pytest.raises(ConsentMissing), shelf.store.unit(TENANT) as unit:
        comparisons.begin(unit, asked.id)


@pytest.mark.parametrize(
    ("state", "code", "expected"),
    [
        (JobState.FAILED, "consent_missing", RunState.CANCELLED),
        (JobState.CANCELLED, None, RunState.CANCELLED),
        (JobState.FAILED, "media_unreadable", RunState.FAILED),
    ],
)
def test_ends_of_jobs_end_comparisons(
    shelf: Shelf, state: JobState, code: str | None, expected: RunState
) -> None:
    asked, _, _ = compared(shelf)
    with shelf.store.unit(TENANT) as unit:
        job = unit.get(Job, asked.job_id)
        fields = {name: getattr(job, name) for name in Job.__dataclass_fields__}
        comparisons.ended(unit, Job(**{**fields, "state": state, "error_code": code}))
        assert unit.get(Comparison, asked.id).state is expected
