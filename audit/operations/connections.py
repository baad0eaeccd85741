"""Connections to applicant tracking systems: outcomes in, notes out, and no status is changed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from audit.ats import (
    AtsCall,
    AuditSummaryNote,
    CandidateNote,
    FlagNote,
    Note,
    OutcomeEvent,
    Source,
    ashby_note,
    default_words,
    greenhouse_note,
    lever_note,
    note_json,
    read_document,
    receive,
)
from audit.ats.model import reference
from audit.errors import InputError
from audit.ids import new_id
from audit.keyring import Context
from audit.ledger import EventKind
from audit.operations.inputs import Input, Line, SystemId
from audit.operations.outcomes import Options, Taker, row_of
from audit.records.evidence import FairnessAudit, RunState
from audit.records.oversight import Flag
from audit.records.register import AtsConnection, Candidate, System
from audit.store import Page, ReadUnit, UnitOfWork
from audit.store.connections import count_messages
from audit.webhooks import Secret, verify

Kind = Literal["greenhouse", "lever", "ashby", "generic"]
_SECRET_BYTES = 32


class NewConnection(Input):
    """A connection to an applicant tracking system, for the outcomes of one hiring system."""

    system_id: Annotated[SystemId, Field(description="Whose outcomes come in.")]
    kind: Annotated[Kind, Field(description="generic: our own JSON, signed as Standard Webhooks.")]
    name: Annotated[Line, Field(description="For people.", examples=["Greenhouse, engineering"])]
    secret: Annotated[
        str | None,
        StringConstraints(min_length=16, max_length=256, pattern=r"^[!-~]+$"),
        Field(description="The secret that the sender signs with. Left out: one is made."),
    ] = None

    @model_validator(mode="after")
    def _usable(self) -> NewConnection:
        if self.kind == "generic" and self.secret is not None:
            try:
                Secret.parse(self.secret)
            except InputError as error:
                raise ValueError(str(error)) from None
        return self


@dataclass(frozen=True, slots=True)
class FreshConnection:
    """A new connection with its secret, which is shown once."""

    connection: AtsConnection
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a message. Nothing else than outcomes is taken from it."""

    taken: Annotated[int, Field(description="Outcomes stored now.")] = 0
    duplicates: Annotated[int, Field(description="Outcomes that were stored before.")] = 0
    ignored: Annotated[int, Field(description="What was left out.")] = 0
    reason: Annotated[
        str | None,
        Field(
            description="Why something was left out.",
            examples=["unknown_event", "not_an_outcome", "prospect", "candidate_unknown"],
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCall:
    """A call that adds a note, to be made with your own credentials."""

    method: Annotated[Literal["POST"], Field(description="Always POST.")] = "POST"
    path: Annotated[str, Field(description="Path at the applicant tracking system's API.")]
    headers: Annotated[dict[str, str], Field(description="Beside those of authentication.")]
    body: Annotated[dict[str, Any], Field(description="JSON.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingNote:
    """A note for an applicant tracking system. It asks nothing of it and changes nothing there."""

    id: Annotated[str, Field(description="The flag or fairness audit.")]
    kind: Annotated[str, Field(description="flag or fairness_audit.")]
    created_at: Annotated[datetime, Field(description="When there was something to tell.")]
    candidate_id: Annotated[str | None, Field(description="Whom it is about; null: nobody.")]
    note: Annotated[dict[str, Any], Field(description="The note for any system, as JSON.")]
    call: Annotated[
        ShownCall | None,
        Field(description="How it is added to this system; null where it cannot be."),
    ] = None


@dataclass(frozen=True, slots=True)
class Notes:
    """A page of notes, the newest first; `more` says whether older ones follow."""

    items: tuple[OutgoingNote, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class NoteQuery:
    """Which notes are asked for.

    Attributes:
        since: notes of a later time alone.
        author: the system's own identifier of the user who writes them; Greenhouse needs one.
        base_url: where this service is reached, for links.
    """

    base_url: str
    since: datetime | None = None
    author: str | None = None


def create_connection(unit: UnitOfWork, new: NewConnection) -> FreshConnection:
    """Makes a connection; its secret is sealed. Raises `NotFound` for an unknown system."""
    unit.get(System, new.system_id)
    secret = new.secret or (
        Secret.generate().reveal()
        if new.kind == "generic"
        else secrets.token_urlsafe(_SECRET_BYTES)
    )
    id = new_id("ats")
    sealed = unit.ring.seal(_context(unit.tenant, id), secret.encode())
    connection = unit.add(
        AtsConnection(
            id=id,
            system_id=new.system_id,
            kind=new.kind,
            name=new.name,
            sealed_secret=sealed,
        )
    )
    _record(unit, connection, "connected")
    return FreshConnection(connection, secret)


def remove_connection(unit: UnitOfWork, connection: AtsConnection) -> None:
    """Ends a connection and destroys its secret; what it brought stays."""
    unit.remove(connection)
    unit.ring.shred(unit.tenant, connection.id)
    _record(unit, connection, "disconnected")


def receive_message(
    unit: UnitOfWork, connection: AtsConnection, body: bytes, headers: Mapping[str, str]
) -> Received:
    """Takes the outcomes of one message; an event that is not used is counted, and no error.

    A candidate who is not registered is left out: most applicants of a customer never see the
    system. Register candidates first, or import what came before as CSV.

    Raises:
        SignatureInvalid: it is not signed with the connection's secret.
        OutcomeInvalid: it is no message of this kind of system, or has a word that is not mapped.
    """
    events, ignored, reason = _read(unit, connection, body, headers)
    taker = Taker(unit, Options(partial=True))
    taker.take([row_of(e, f"/events/{n}", connection.system_id) for n, e in enumerate(events)])
    if taker.faulty:
        ignored += taker.faulty
        reason = "candidate_unknown"
    count_messages(unit, connection, received=1, ignored=int(ignored > 0))
    return Received(taker.taken, taker.duplicates, ignored, reason)


def list_notes(unit: ReadUnit, connection: AtsConnection, page: Page, query: NoteQuery) -> Notes:
    """Flags and finished fairness audits of the connection's system, the newest first."""
    suffix = page.before.rpartition("_")[2] if page.before else None
    flags = unit.page(
        Flag, _page("flg", suffix, limit=page.limit), {"system_id": connection.system_id}
    )
    audits = unit.page(
        FairnessAudit,
        _page("aud", suffix, limit=page.limit),
        {"system_id": connection.system_id, "state": RunState.FINISHED},
    )
    found: list[Flag | FairnessAudit] = [*flags.items, *audits.items]
    found.sort(key=lambda each: each.id.rpartition("_")[2], reverse=True)
    recent = [e for e in found if query.since is None or e.created_at > query.since]
    shown = tuple(_note(unit, connection, each, query) for each in recent[: page.limit])
    left = len(recent) > page.limit
    older = (flags.more or audits.more) and len(recent) == len(found)
    return Notes(shown, more=left or older)


def _page(prefix: str, suffix: str | None, *, limit: int) -> Page:
    """A page of one kind after an item of any kind: the ends of identifiers sort by time."""
    return Page(limit=limit, before=f"{prefix}_{suffix}" if suffix else None)


def _note(
    unit: ReadUnit, connection: AtsConnection, about: Flag | FairnessAudit, query: NoteQuery
) -> OutgoingNote:
    base = query.base_url.rstrip("/")
    if isinstance(about, FairnessAudit):
        summary = AuditSummaryNote(
            audit_id=about.id,
            system_id=about.system_id,
            link=f"{base}/v1/fairness-audits/{about.id}",
        )
        return _outgoing(about, summary, None, None)
    is_check = about.subject.startswith("chk_")
    needs = about.outcome == "needs_human_review"
    note = FlagNote(
        flag_id=about.id,
        check_id=about.subject if is_check else None,
        outcome="needs_human_review" if needs else "for_information",
        link=f"{base}/v1/flags/{about.id}",
    )
    call = None
    if about.candidate_id is not None:
        candidate = unit.get(Candidate, about.candidate_id)
        call = _call(connection, note, candidate, query.author)
    return _outgoing(about, note, about.candidate_id, call)


def _outgoing(
    about: Flag | FairnessAudit, note: Note, candidate_id: str | None, call: AtsCall | None
) -> OutgoingNote:
    shown = None
    if call is not None:
        shown = ShownCall(path=call.path, headers=dict(call.headers), body=dict(call.json))
    return OutgoingNote(
        id=about.id,
        kind=note.kind,
        created_at=about.created_at,
        candidate_id=candidate_id,
        note=note_json(note),
        call=shown,
    )


def _call(
    connection: AtsConnection, note: CandidateNote, candidate: Candidate, author: str | None
) -> AtsCall | None:
    """The call of this kind of system, where its identifiers are known."""
    if candidate.erased_at is not None or reference(candidate.external_ref) is None:
        return None
    if connection.kind == "greenhouse" and author is not None:
        return greenhouse_note(note, candidate=candidate.external_ref, user=author)
    if connection.kind == "lever":
        return lever_note(note, opportunity=candidate.external_ref, perform_as=author)
    if connection.kind == "ashby":
        return ashby_note(note, candidate=candidate.external_ref)
    return None


def _read(
    unit: UnitOfWork, connection: AtsConnection, body: bytes, headers: Mapping[str, str]
) -> tuple[tuple[OutcomeEvent, ...], int, str | None]:
    """The outcomes of a message, how much of it is none, and why."""
    context = _context(unit.tenant, connection.id)
    secret = unit.ring.open(context, connection.sealed_secret).decode()
    source = Source.JSON if connection.kind == "generic" else Source(connection.kind)
    system = unit.get(System, connection.system_id)
    words = default_words(source).extended(dict(system.outcome_words))
    if source is Source.JSON:
        verify(headers, body, [Secret.parse(secret)], now=unit.now())
        document = read_document(body, words)
        why = "not_an_outcome" if document.not_outcomes else None
        return document.outcomes, document.not_outcomes, why
    reception = receive(source, body, headers, secrets=[secret], words=words, now=unit.now())
    ignored = reception.ignored
    return reception.outcomes, int(ignored is not None), ignored.value if ignored else None


def _context(tenant: str, connection_id: str) -> Context:
    return Context(
        tenant=tenant, subject=connection_id, artefact=connection_id, purpose="ats_secret"
    )


def _record(unit: UnitOfWork, connection: AtsConnection, what: str) -> None:
    unit.record(
        EventKind.ATS_CHANGED,
        connection.id,
        {"change": what, "system": connection.system_id, "kind": connection.kind},
    )
