"""Registered systems, candidates, interviews and consents, and what the ledger says of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from audit.operations.consents import NewConsent, give_consent
from audit.operations.notices import NewNotice, give_notice
from audit.operations.register import (
    NewCandidate,
    NewInterview,
    NewSystem,
    create_candidate,
    create_interview,
    create_system,
)
from audit.records.register import Candidate, Consent, Interview, Notice, System
from audit.store import ReadUnit, UnitOfWork
from audit.tables.spine import InboxRow

_SYSTEM = {
    "name": "Structured video interview",
    "vendor": "Example Talent",
    "system_version": "4.2",
    "mode": "ai_led",
    "decision_role": "substantially_assists",
}


def ago(**delta: float) -> datetime:
    """That long before now."""
    return datetime.now(UTC) - timedelta(**delta)


def system(unit: UnitOfWork, **changes: Any) -> System:
    """A new system."""
    return create_system(unit, NewSystem.model_validate({**_SYSTEM, **changes}))


def candidate(unit: UnitOfWork, ref: str = "applicant-1", *places: str) -> Candidate:
    """A new candidate."""
    return create_candidate(unit, NewCandidate(external_ref=ref, jurisdictions=places))


def interview(
    unit: UnitOfWork, whose: Candidate, used: System | None = None, **changes: Any
) -> Interview:
    """A new interview, with a new system unless one is given."""
    used = used or system(unit)
    return create_interview(
        unit,
        NewInterview.model_validate({"candidate_id": whose.id, "system_id": used.id, **changes}),
    )


def consent(unit: UnitOfWork, whose: Candidate, purpose: str, **changes: Any) -> Consent:
    """A new consent, given a day ago for the candidate's first jurisdiction."""
    fields = {
        "candidate_id": whose.id,
        "purpose": purpose,
        "text_version": "v1",
        "jurisdiction": whose.jurisdictions[0] if whose.jurisdictions else "US",
        "given_at": ago(days=1),
        "reference": "envelope-1",
    }
    return give_consent(unit, NewConsent.model_validate({**fields, **changes}))


def notice(unit: UnitOfWork, kind: str, jurisdiction: str, **changes: Any) -> Notice:
    """A new notice, given a day ago."""
    fields = {
        "kind": kind,
        "jurisdiction": jurisdiction,
        "text_version": "n1",
        "channel": "email",
        "given_at": ago(days=1),
    }
    return give_notice(unit, NewNotice.model_validate({**fields, **changes}))


def events(unit: ReadUnit, subject: str) -> list[tuple[str, str]]:
    """Kind and body of the events of a subject that wait for the sealer, the oldest first."""
    rows = unit.connection.execute(
        select(InboxRow.kind, InboxRow.body)
        .where(InboxRow.tenant_id == unit.tenant, InboxRow.subject == subject)
        .order_by(InboxRow.id)
    )
    return [(row.kind, row.body) for row in rows]


def kinds(unit: ReadUnit, subject: str) -> list[str]:
    """Kinds of the events of a subject."""
    return [kind for kind, _ in events(unit, subject)]
