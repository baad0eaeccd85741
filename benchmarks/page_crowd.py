"""Many records of an organisation at work: copies of a few real ones, spread over the last year.

What is copied was made by the operations that the service uses; only identifier, times, references
and standing differ. Copies are older than what they are made of, so that the newest of each kind
is whole: its recording and the files of its report are stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, update

from audit.ids import new_id
from audit.ledger import Event, EventKind, LedgerEntry
from audit.merkle import CompactRange
from audit.records.access import ApiKey
from audit.records.base import Record
from audit.records.evidence import Check, FairnessAudit, Media, MediaKind, Report, RunState
from audit.records.issued import ReportLink, ReportSchedule
from audit.records.oversight import (
    CandidateLink,
    Delivery,
    DeliveryState,
    Flag,
    FlagState,
    LegalHold,
    Request,
    Review,
    Reviewer,
)
from audit.records.register import Candidate, Consent, Interview, Notice, Outcome, System
from audit.records.users import User
from audit.records.work import Job
from audit.requests import RequestState
from audit.reviews import CaseState
from audit.store import ReadUnit, Store
from audit.store.log import StoredLog
from audit.store.mapping import mapping
from audit.tables.base import table_of
from audit.tables.spine import EntryRow, LogRow, NodeRow
from tests.api.world import World

R = TypeVar("R", bound=Record)
T = TypeVar("T")
_Timed = tuple[datetime, Event]
REGULAR = 60
"""Sessions of the one candidate who comes again and again."""
_SPAN_S = 364 * 86_400.0
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PART = 5000


@dataclass(frozen=True, slots=True)
class Crowd:
    """What holds most: the system of all sessions, a candidate with many, a busy webhook."""

    system: str
    candidate: str
    endpoint: str
    records: int
    entries: int


class Copies:
    """Copies records of one tenant; `at` is the share of the last year, 0 to 1, 1 being newest."""

    def __init__(self, store: Store, tenant: str) -> None:
        self._store, self._tenant = store, tenant
        self._begin = store.now() - timedelta(seconds=_SPAN_S + 86_400)
        self._events: list[_Timed] = []
        self.made = 0

    def many(self, model: R, count: int, change: Callable[[int], dict[str, Any]]) -> list[R]:
        """So many copies; `change` says which fields differ in the copy of a number."""
        found = [self._copy(model, at / max(count, 1), change(at)) for at in range(count)]
        how = mapping(type(model))
        for part in _parts(found):
            rows = [{**how.to_row(each), "tenant_id": self._tenant} for each in part]
            with self._store.unit(self._tenant) as unit:
                unit.connection.execute(how.insert, rows)
        self.made += len(found)
        return found

    def events(self, kind: EventKind, about: Sequence[Record]) -> None:
        """Has an entry of the ledger made about each, by `sealed`."""
        body = {"of": "the crowd"}
        for each in about:
            event = Event(
                kind=kind, tenant=self._tenant, actor="service", subject=each.id, body=body
            )
            self._events.append((each.created_at, event))

    def sealed(self) -> int:
        """Puts the entries into the ledger, in order of time, and signs it; its size."""
        self._store.seal(self._tenant)
        with self._store.system() as connection:
            log = StoredLog(connection, self._tenant)
            log.lock()
            size = log.size()
            edge = CompactRange.load(size, log.node)
            for part in _parts(sorted(self._events, key=lambda each: each[0])):
                size = self._appended(connection, edge, size, part)
        with self._store.ledger(self._tenant) as ledger:
            return ledger.seal().size

    def _appended(
        self, connection: Connection, edge: CompactRange, size: int, part: Sequence[_Timed]
    ) -> int:
        entries, nodes = [], []
        whose = {"tenant_id": self._tenant}
        for at, event in part:
            made = LedgerEntry.of(event, sequence=size, time=at)
            found = edge.append(made.leaf())
            nodes += [
                {**whose, "level": n.level, "position": n.index, "hash": n.hash} for n in found
            ]
            entry = {
                "sequence": size,
                "time": at,
                "kind": event.kind.value,
                "actor": event.actor,
                "subject": event.subject,
                "line": made.line(),
            }
            entries.append({**whose, **entry})
            size += 1
        connection.execute(insert(EntryRow), entries)
        connection.execute(insert(NodeRow), nodes)
        here = table_of(LogRow).c.tenant_id == self._tenant
        connection.execute(update(LogRow).where(here).values(size=size))
        return size

    def _copy(self, model: R, at: float, change: dict[str, Any]) -> R:
        moment = self._begin + timedelta(seconds=_SPAN_S * at)
        id = made_at(model.id.partition("_")[0], moment)
        return replace(model, **{"created_at": moment, "updated_at": moment, **change, "id": id})


def _parts(found: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(found), _PART):
        yield found[start : start + _PART]


def made_at(prefix: str, moment: datetime) -> str:
    """An identifier as it would have been made then: its first ten letters are the time."""
    number = int(moment.timestamp() * 1000)
    letters = "".join(_LETTERS[number >> 5 * place & 31] for place in reversed(range(10)))
    return f"{prefix}_{letters}{new_id(prefix)[-16:]}"


def crowd(world: World, interviews: int, *, name: str = "c") -> Crowd:
    """So many interviews of a world that has one of each kind, and of all else in proportion.

    `name`: begins what has to differ from what an earlier crowd has.

    Of ten interviews one has a new candidate, two a finished check with its recording and report,
    one a flag and a case (of ten cases nine are closed); of fifty one has a request.
    """
    copies = Copies(world.store, world.tenant)
    with world.store.reading(world.tenant) as unit:
        models = {kind: _model(unit, kind) for kind in _KINDS}
    system = models[System].id
    whom = copies.many(
        models[Candidate], max(2, interviews // 10), lambda at: {"external_ref": f"{name}-{at}"}
    )
    regular = whom[0].id

    def whose(at: int) -> str:
        return regular if at % max(1, interviews // REGULAR) == 0 else whom[at % len(whom)].id

    held = copies.many(
        models[Interview],
        interviews,
        lambda at: {"candidate_id": whose(at), "system_id": system, "job": f"job-{at % 40}"},
    )
    copies.events(EventKind.INTERVIEW_REGISTERED, held)
    _rights(copies, models, whom, system)
    _evidence(copies, models, held, system)
    _cases(copies, models, held[::10])
    endpoint = _settings(copies, models, interviews, name)
    entries = copies.sealed()
    return Crowd(system, regular, endpoint, copies.made, entries)


_KINDS: tuple[type[Record], ...] = (
    System,
    Candidate,
    Interview,
    Consent,
    Notice,
    Outcome,
    Media,
    Job,
    Check,
    Report,
    Flag,
    Review,
    Reviewer,
    Request,
    CandidateLink,
    LegalHold,
    Delivery,
    FairnessAudit,
    ReportLink,
    ReportSchedule,
    User,
    ApiKey,
)
_WHOLE: dict[type[Record], dict[str, object]] = {
    Check: {"state": RunState.FINISHED},
    FairnessAudit: {"state": RunState.FINISHED},
    Media: {"kind": MediaKind.RECORDING},
    Report: {"kind": "interview_integrity", "state": RunState.FINISHED},
    User: {"disabled_at": None},
}
Models = dict[type[Record], Any]


def _model(unit: ReadUnit, kind: type[Record]) -> Record:
    """What is copied: one as it is when it is done. Raises where the world has none."""
    found: Record | None = unit.find(kind, **_WHOLE.get(kind, {}))
    if found is None:
        raise LookupError(f"the world has no {kind.__name__} to copy")
    return found


def _rights(copies: Copies, models: Models, whom: Sequence[Candidate], system: str) -> None:
    """Consents, notices, outcomes and links of candidates; requests of a fifth of them."""

    def of(at: int) -> dict[str, Any]:
        return {"candidate_id": whom[at % len(whom)].id, "interview_id": None}

    given = copies.many(models[Consent], len(whom), of)
    copies.events(EventKind.CONSENT_GIVEN, given)
    copies.many(models[Notice], len(whom), lambda at: {**of(at), "system_id": system})
    copies.many(
        models[Outcome],
        5 * len(whom),
        lambda at: {**of(at), "system_id": system, "external_event": f"{whom[0].id}-{at}"},
    )
    copies.many(
        models[CandidateLink], len(whom) // 5, lambda at: {"candidate_id": whom[at % len(whom)].id}
    )
    states = (RequestState.RECEIVED, *(RequestState.CLOSED,) * 9)
    soon = models[Request].created_at

    def asked(at: int) -> dict[str, Any]:
        state = states[at % len(states)]
        due = soon + timedelta(hours=at % 700 - 100)
        return {"candidate_id": whom[at % len(whom)].id, "state": state, "due_at": due}

    copies.many(models[Request], len(whom) // 5, asked)
    copies.many(
        models[LegalHold], len(whom) // 100, lambda at: {"candidate_id": whom[at % len(whom)].id}
    )


def _evidence(copies: Copies, models: Models, held: Sequence[Interview], system: str) -> None:
    """Of each fifth interview a recording, a finished job and check, and its report."""
    some = [each for at, each in enumerate(held) if at % 5 == 0]
    media = copies.many(
        models[Media],
        len(some),
        lambda at: {"candidate_id": some[at].candidate_id, "interview_id": some[at].id},
    )
    copies.events(EventKind.MEDIA_STORED, media)
    jobs = copies.many(models[Job], len(some), lambda at: {"dedup_key": None})

    def checked(at: int) -> dict[str, Any]:
        return {
            "candidate_id": some[at].candidate_id,
            "interview_id": some[at].id,
            "media_id": media[at].id,
            "job_id": jobs[at].id,
            "system_id": system,
        }

    checks = copies.many(models[Check], len(some), checked)
    copies.events(EventKind.CHECK_FINISHED, checks)

    def reported(at: int) -> dict[str, Any]:
        whose = some[at].candidate_id
        return {"subject": checks[at].id, "candidate_id": whose, "system_id": system, "series": ""}

    copies.events(EventKind.REPORT_ISSUED, copies.many(models[Report], len(some), reported))
    audits = copies.many(models[FairnessAudit], max(1, len(some) // 100), lambda at: {})
    copies.events(EventKind.AUDIT_FINISHED, audits)


def _cases(copies: Copies, models: Models, held: Sequence[Interview]) -> None:
    """A flag of each of these interviews, with its case; one of ten is open."""
    flags = copies.many(
        models[Flag],
        len(held),
        lambda at: {
            "subject": held[at].id,
            "candidate_id": held[at].candidate_id,
            "interview_id": held[at].id,
            "system_id": held[at].system_id,
            "state": FlagState.CLOSED if at % 10 else FlagState.IN_REVIEW,
            "review_id": None,
        },
    )
    copies.events(EventKind.FLAG_RAISED, flags)
    soon = models[Review].created_at

    def case(at: int) -> dict[str, Any]:
        return {
            "flag_id": flags[at].id,
            "candidate_id": held[at].candidate_id,
            "request_id": None,
            "state": CaseState.CLOSED if at % 10 else CaseState.OPENED,
            "due_at": soon + timedelta(hours=at % 900 - 200),
        }

    copies.events(EventKind.REVIEW_OPENED, copies.many(models[Review], len(held), case))


def _settings(copies: Copies, models: Models, interviews: int, name: str) -> str:
    """Users, keys, systems, schedules, links of a report, and deliveries; their endpoint."""
    some = max(1, interviews // 200)
    named = copies.many(
        models[User], some, lambda at: {"name": f"{name}-{at}", "person": f"{name}-{at}"}
    )
    copies.many(models[Reviewer], some, lambda at: {"person": named[at].person})
    copies.many(models[ApiKey], some, lambda at: {"secret_hash": secrets.token_bytes(32)})
    copies.many(models[System], some, lambda at: {"name": f"System {at}"})
    copies.many(models[ReportSchedule], max(1, some // 5), lambda at: {})
    copies.many(models[ReportLink], some, lambda at: {})
    states = (DeliveryState.DEAD, *(DeliveryState.DELIVERED,) * 49)
    copies.many(
        models[Delivery],
        interviews // 5,
        lambda at: {"event_id": new_id("evt"), "state": states[at % len(states)]},
    )
    return str(models[Delivery].endpoint_id)
