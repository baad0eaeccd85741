"""A candidate with everything that can be stored of one, for tests of oversight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from audit.ids import new_id
from audit.jobs import enqueue
from audit.operations.demographics import NewDemographics, store_demographics
from audit.records.evidence import (
    Check,
    Comparison,
    Media,
    MediaKind,
    Reference,
    Report,
    ReportFile,
    RunState,
)
from audit.records.oversight import Endpoint
from audit.records.register import (
    Candidate,
    Consent,
    DecisionRole,
    Interview,
    Mode,
    Outcome,
    OutcomeClass,
    Purpose,
    System,
)
from audit.store import Store, UnitOfWork

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Clock:
    """A time that a test sets."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **length: float) -> datetime:
        """Moves it on by a timedelta."""
        self.now += timedelta(**length)
        return self.now


@dataclass(frozen=True)
class Person:
    """What was stored of a candidate."""

    candidate: Candidate
    system: System
    interview: Interview
    consent: Consent
    recording: Media
    reference_media: Media
    reference: Reference
    comparison: Comparison
    check: Check
    report: Report
    outcome: Outcome

    @property
    def id(self) -> str:
        return self.candidate.id


def add_system(unit: UnitOfWork, **changes: Any) -> System:
    """A hiring tool."""
    return unit.add(
        replace(
            System(
                id=new_id("sys"),
                name="Video interview",
                vendor="Example",
                system_version="4.2",
                mode=Mode.AI_LED,
                decision_role=DecisionRole.SUBSTANTIALLY_ASSISTS,
                data_types=("video", "voice"),
                retention_days={},
                outcome_words={},
            ),
            **changes,
        )
    )


def add_candidate(unit: UnitOfWork, *places: str) -> Candidate:
    """A candidate of these places."""
    id = new_id("cand")
    return unit.add(Candidate(id=id, external_ref=f"applicant-{id[-6:]}", jurisdictions=places))


def add_check(
    unit: UnitOfWork, interview: Interview, media: Media, state: RunState = RunState.QUEUED
) -> Check:
    """A check with its job."""
    id = new_id("chk")
    job = enqueue(unit, kind="check", subject=id)
    return unit.add(
        Check(
            id=id,
            candidate_id=interview.candidate_id,
            interview_id=interview.id,
            system_id=interview.system_id,
            media_id=media.id,
            state=state,
            job_id=job.id,
            identity_signals=True,
            gate=("consent",),
            findings={"identity": "review"} if state is RunState.FINISHED else {},
        )
    )


def add_media(
    unit: UnitOfWork, candidate: str | None, kind: MediaKind, interview: str | None = None
) -> Media:
    """The row of a stored file."""
    return unit.add(
        Media(
            id=new_id("med"),
            candidate_id=candidate,
            interview_id=interview,
            kind=kind,
            media_type="video/mp4",
            size_bytes=9,
            sha256="ab" * 32,
            name="Jo Doe.mp4",
        )
    )


def add_report(unit: UnitOfWork, check: Check) -> Report:
    """The row of a sealed report."""
    id = new_id("rep")
    file = ReportFile(
        format="result",
        media_type="application/json",
        sha256="cd" * 32,
        size_bytes=2,
        artefact=f"{id}-result-1",
    )
    return unit.add(
        Report(
            id=id,
            kind="interview_integrity",
            subject=check.id,
            candidate_id=check.candidate_id,
            system_id=check.system_id,
            files=(file,),
            sealed_under=check.candidate_id,
        )
    )


def add_person(
    unit: UnitOfWork, *places: str, retention_days: dict[str, int] | None = None
) -> Person:
    """A candidate with an interview, evidence, demographics and an outcome."""
    system = add_system(unit, retention_days=retention_days or {})
    candidate = add_candidate(unit, *places)
    interview = unit.add(
        Interview(
            id=new_id("int"),
            candidate_id=candidate.id,
            system_id=system.id,
            interviewer="interviewer-1",
            held_at=unit.now(),
        )
    )
    consent = unit.add(
        Consent(
            id=new_id("cns"),
            candidate_id=candidate.id,
            purpose=Purpose.BIOMETRIC_COMPARISON,
            text_version="1",
            jurisdiction=places[0] if places else "US",
            given_at=unit.now(),
            reference="envelope-1",
        )
    )
    recording = add_media(unit, candidate.id, MediaKind.RECORDING, interview.id)
    reference_media = add_media(unit, candidate.id, MediaKind.REFERENCE)
    reference = unit.add(
        Reference(
            id=new_id("ref"),
            candidate_id=candidate.id,
            media_id=reference_media.id,
            consent_id=consent.id,
        )
    )
    job = enqueue(unit, kind="compare", subject="x")
    comparison = unit.add(
        Comparison(
            id=new_id("cmp"),
            candidate_id=candidate.id,
            media_id=recording.id,
            reference_ids=(reference.id,),
            job_id=job.id,
        )
    )
    check = add_check(unit, interview, recording, RunState.FINISHED)
    report = add_report(unit, check)
    outcome = unit.add(
        Outcome(
            id=new_id("out"),
            candidate_id=candidate.id,
            system_id=system.id,
            interview_id=interview.id,
            word="Onsite",
            outcome=OutcomeClass.ADVANCED,
            occurred_at=unit.now(),
            source="greenhouse",
            external_event=f"gh-{candidate.id}",
            scores={"total": 71.0},
            decided_by="manager-7",
        )
    )
    store_demographics(
        unit, candidate, NewDemographics(sex="Female", lawful_basis="bias_correction")
    )
    return Person(
        candidate,
        system,
        interview,
        consent,
        recording,
        reference_media,
        reference,
        comparison,
        check,
        report,
        outcome,
    )


def listen(unit: UnitOfWork, *types: str) -> Endpoint:
    """A webhook endpoint for these types of events."""
    return unit.add(
        Endpoint(
            id=new_id("whk"),
            url="https://hooks.example.com/in",
            events=types,
            sealed_secrets=b"-",
        )
    )


def events(store: Store, tenant: str = "acme") -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, subject and body of all of a tenant's ledger entries."""
    with store.ledger(tenant) as ledger:
        return [(e.kind.value, e.subject, dict(e.body)) for e in ledger.entries()]


def kinds(store: Store, tenant: str = "acme") -> list[str]:
    """Kinds of all of a tenant's ledger entries."""
    return [kind for kind, _, _ in events(store, tenant)]
