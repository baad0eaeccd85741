"""What a candidate's identity thread is made of: sessions under consent, with their templates.

A session is a reference: one recording. It is left out, with a reason, where its interview's law
does not let faces and voices be compared. Each reading is an event in the ledger. How many
different sets of sessions are answered about within a day is bounded, whoever asks: an answer about
a set that was answered before teaches nobody anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from audit.errors import ProcessingStopped, TooManyTries
from audit.ledger import EventKind, LedgerEntry
from audit.operations import templates
from audit.operations.consents import in_force
from audit.operations.gate import Admitting
from audit.operations.register import refuse_erased
from audit.operations.templates import Opened
from audit.operations.tries import MOST_A_DAY
from audit.records.biometrics import Template
from audit.records.evidence import Media, Reference
from audit.records.register import Candidate, Consent, Interview, Stopped
from audit.store import ReadUnit, UnitOfWork
from audit.store.mapping import mapping
from audit.tables.base import table_of
from audit.tables.spine import EntryRow, InboxRow

MOST_SESSIONS = 12
"""The newest sessions that are divided among persons: the work grows with the ways to divide."""

_WITHIN = timedelta(hours=24)
_ENTRIES, _INBOX = table_of(EntryRow), table_of(InboxRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadSession:
    """A session of a thread. `number`: from 1, in time order; `left_out`: a code, where it is."""

    number: int
    reference_id: str
    interview_id: str | None
    recorded_at: datetime
    opened: tuple[Opened, ...] = ()
    left_out: str | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """A reference with what its recording says of when and in which interview it was made."""

    reference: Reference
    interview_id: str | None
    stored_at: datetime


def read_thread(
    unit: UnitOfWork, candidate_id: str, *, why: str = "read"
) -> tuple[ThreadSession, ...]:
    """The sessions of a candidate in time order, of references whose consent is in force.

    The newest `MOST_SESSIONS` have their templates. `why`: of the event in the ledger.

    Raises:
        NotFound, CandidateErased, ProcessingStopped: nothing may be compared.
        TooManyTries: too many different sets of sessions were asked about within a day.
    """
    candidate = unit.get(Candidate, candidate_id)
    refuse_erased(candidate)
    if candidate.stopped is not Stopped.NOT_STOPPED:
        raise ProcessingStopped("Automated processing of this candidate is stopped.")
    kept = _in_force(unit, candidate_id)
    sessions = _ordered(unit, candidate, kept)
    used = {each.reference_id for each in sessions[-MOST_SESSIONS:] if each.left_out is None}
    held = unit.every(Template, reference_id=tuple(used)) if used else ()
    digest = _digest(held)
    _take_try(unit, candidate_id, digest, used)
    unit.record(
        EventKind.REFERENCE_COMPARED,
        candidate_id,
        {"thread": digest, "references": sorted(used), "why": why},
    )
    return tuple(_with_templates(unit, sessions, held))


def _in_force(unit: UnitOfWork, candidate_id: str) -> tuple[list[_Kept], tuple[Consent, ...]]:
    consents = unit.every(Consent, candidate_id=candidate_id)
    by_id = {each.id: each for each in consents}
    how, media = mapping(Reference), mapping(Media).table
    here = unit.conditions(Reference, {"candidate_id": candidate_id})
    beside = (media.c.tenant_id == how.table.c.tenant_id) & (media.c.id == how.table.c.media_id)
    added = media.c.interview_id.label("of_interview"), media.c.created_at.label("stored_at")
    rows = unit.connection.execute(
        select(how.table, *added).join(media, beside).where(*here)
    ).mappings()
    found = []
    for row in rows:
        names = how.table.c.keys()
        values: Any = {name: row[name] for name in names}
        each = _Kept(how.to_value(values), row["of_interview"], row["stored_at"])
        consent = by_id.get(each.reference.consent_id)
        until = each.reference.expires_at
        holds = consent is not None and in_force(consent, unit.now(), consent.interview_id)
        if holds and (until is None or until > unit.now()):
            found.append(each)
    return found, consents


def _ordered(
    unit: UnitOfWork, candidate: Candidate, given: tuple[list[_Kept], tuple[Consent, ...]]
) -> list[ThreadSession]:
    kept, consents = given
    ids = tuple({each.interview_id for each in kept if each.interview_id})
    interviews = {each.id: each for each in unit.every(Interview, id=ids)} if ids else {}
    gate = Admitting(unit, candidate, consents)
    timed = sorted((_moment(each, interviews), each.reference.id, each) for each in kept)
    return [
        ThreadSession(
            number=number,
            reference_id=id,
            interview_id=each.interview_id,
            recorded_at=moment,
            left_out=_withheld(gate, interviews.get(each.interview_id or ""), unit.now()),
        )
        for number, (moment, id, each) in enumerate(timed, start=1)
    ]


def _moment(kept: _Kept, interviews: Mapping[str, Interview]) -> datetime:
    interview = interviews.get(kept.interview_id or "")
    return (interview.held_at if interview else None) or kept.stored_at


def _withheld(gate: Admitting, interview: Interview | None, at: datetime) -> str | None:
    """Why the law of an interview's place does not let it be compared: a code, or None."""
    if interview is None:
        return None
    admission = gate.of(interview, at)
    if admission.runs and admission.identity_signals:
        return None
    return admission.code or "consent_missing"


def _with_templates(
    unit: ReadUnit, sessions: Sequence[ThreadSession], held: Sequence[Template]
) -> list[ThreadSession]:
    by_reference: dict[str, list[Opened]] = {}
    for each in templates.opened_each(unit, held):
        by_reference.setdefault(each.template.reference_id, []).append(each)
    early = len(sessions) - MOST_SESSIONS
    found = []
    for place, session in enumerate(sessions):
        own = tuple(by_reference.get(session.reference_id, ()))
        reason = session.left_out or ("too_early" if place < early else None)
        found.append(
            ThreadSession(
                number=session.number,
                reference_id=session.reference_id,
                interview_id=session.interview_id,
                recorded_at=session.recorded_at,
                opened=own,
                left_out=reason or (None if own else "not_enrolled"),
            )
        )
    return found


def _digest(held: Sequence[Template]) -> str:
    """Names a set of templates: the same set gives the same answers."""
    return hashlib.sha256("\n".join(sorted(each.id for each in held)).encode()).hexdigest()[:16]


def _take_try(unit: UnitOfWork, candidate_id: str, digest: str, used: set[str]) -> None:
    """Raises `TooManyTries` where a day's different sets, or sessions, were answered about already.

    Sessions are counted too, since a set can hold several new ones; and sets, since pooling the
    same sessions in other ways tells more of each.

    Sealed entries are looked at first, since most readings repeat one of them.
    """
    since = unit.now() - _WITHIN
    kind = EventKind.REFERENCE_COMPARED.value
    seen: set[str] = set()
    references = set(used)
    for table, column in ((_ENTRIES, _ENTRIES.c.line), (_INBOX, _INBOX.c.body)):
        rows = unit.connection.execute(
            select(column).where(
                table.c.tenant_id == unit.tenant,
                table.c.subject == candidate_id,
                table.c.kind == kind,
                table.c.time > since,
            )
        ).scalars()
        bodies: list[Any] = [
            LedgerEntry.from_line(bytes(row)).body if table is _ENTRIES else json.loads(row)
            for row in rows
        ]
        read = [body for body in bodies if "thread" in body]
        seen |= {str(body["thread"]) for body in read}
        references |= {str(name) for body in read for name in body["references"]}
        if digest in seen:
            return
    if len(seen) >= MOST_A_DAY or len(references) > MOST_A_DAY:
        raise TooManyTries(
            f"The threads of {len(seen)} different sets of this candidate's sessions were read "
            f"within 24 hours; {MOST_A_DAY} sets and sessions are allowed, whoever asks. Try again "
            "later."
        )
