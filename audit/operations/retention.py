"""What is due to be erased because its time is over; the nightly sweep that does it.

The sweep counts each artefact's time anew, so that changed days, places and holds take effect at
the next one. It works in batches, each in a transaction of its own: cut off anywhere, it goes on
where it was the next time, and nothing is erased or recorded twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from audit.jobs import SERVICE_TENANT, enqueue
from audit.ledger import EventKind
from audit.operations import erasure
from audit.operations.changes import change
from audit.operations.deletions import resume_erasures
from audit.operations.demographics import remove_demographics
from audit.operations.holds import Holds, in_force
from audit.operations.keeping import Kept, kept
from audit.operations.redaction import redact_result
from audit.records.base import Record
from audit.records.evidence import (
    Comparison,
    Media,
    MediaKind,
    MediaState,
    Reference,
    Report,
)
from audit.records.oversight import Request
from audit.records.register import Candidate, Consent, Demographics, Interview, System
from audit.records.work import Queue
from audit.store import Listing, Page, ReadUnit, Store, UnitOfWork

V = TypeVar("V", bound=Record)
_BATCH = 200
_MEDIA_TERMS = {
    MediaKind.RECORDING: "media",
    MediaKind.REFERENCE: "references",
    MediaKind.TABLE: "tables",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An artefact whose time is over, or will be by the day that was asked for."""

    id: Annotated[str, Field(description="The artefact.")]
    artefact: Annotated[str, Field(description="references, media, reports or demographics.")]
    candidate_id: Annotated[str | None, Field(description="Whose it is; null: a table or audit.")]
    due_at: Annotated[datetime, Field(description="When its time is over.")]
    rule: Annotated[
        str,
        Field(description="default, system (its own days), or the law's clock that decides."),
    ]
    sooner_than: Annotated[
        str | None,
        Field(description="A clock whose law says to keep it longer than the system's days do."),
    ]
    held_by: Annotated[tuple[str, ...], Field(description="Legal holds that keep it still.")]


@dataclass(slots=True)
class Swept:
    """What a sweep did: artefacts erased and held back by kind, and erasures that it completed."""

    erased: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    completed: int = 0


def due(
    unit: ReadUnit, artefact: str, *, by: datetime, page: Page
) -> tuple[tuple[Due, ...], str | None]:
    """What of one kind is due by then, among the `page.limit` artefacts that come next.

    There may be fewer than that, or none. The text says where the next page begins; None: nowhere.
    """
    kind = KINDS[artefact]
    listing: Listing[Record] = unit.page(kind.record, page, kind.where)
    facts = Facts(unit, listing.items)
    found = (_due(kind, facts, value) for value in listing.items)
    items = tuple(each for each in found if each is not None and each.due_at <= by)
    return items, listing.items[-1].id if listing.more else None


def sweep(store: Store, now: datetime) -> Swept:
    """Erases what is due, of all tenants. Run again, it finds nothing more to do."""
    total = Swept()
    for tenant in store.tenants():
        if tenant != SERVICE_TENANT:
            sweep_tenant(store, tenant, now=now, total=total)
    return total


def sweep_tenant(
    store: Store,
    tenant: str,
    *,
    now: datetime,
    total: Swept,
    between: Callable[[], None] = lambda: None,
) -> None:
    """Erases what is due of one tenant, and adds up what was done.

    Then goes on with deletions that something stood against. `between`: called between batches,
    and may raise to end the sweep there.
    """
    for artefact in KINDS:
        before: str | None = None
        more = True
        while more:
            between()
            with store.unit(tenant) as unit:
                listing = unit.page(
                    KINDS[artefact].record, Page(_BATCH, before), KINDS[artefact].where
                )
                _sweep_batch(unit, artefact, listing.items, now=now, total=total)
            more = listing.more
            before = listing.items[-1].id if listing.items else None
    with store.unit(tenant) as unit:
        total.completed += resume_erasures(unit)


def _sweep_batch(
    unit: UnitOfWork, artefact: str, values: Iterable[Record], *, now: datetime, total: Swept
) -> None:
    kind, values = KINDS[artefact], tuple(values)
    facts = Facts(unit, values)
    erased: list[tuple[Record, Due]] = []
    held = 0
    for value in values:
        found = _due(kind, facts, value)
        if found is None:
            continue
        if found.due_at > now:
            _note(unit, value, found.due_at)
        elif found.held_by:
            held += 1
        else:
            kind.erase(unit, value)
            erased.append((value, found))
    if erased:
        _finish(unit, artefact, [found for _, found in erased], held=held)
    total.erased[artefact] += len(erased)
    total.held[artefact] += held


def _finish(unit: UnitOfWork, artefact: str, erased: list[Due], *, held: int) -> None:
    """Records a batch, tells of erased media, and has the stored bytes removed."""
    rules = Counter(each.rule for each in erased)
    unit.record(
        EventKind.RETENTION_SWEPT,
        "retention",
        {"artefact": artefact, "erased": len(erased), "held": held, "rules": dict(rules)},
    )
    of: dict[str, list[str]] = {}
    for each in erased:
        of.setdefault(each.candidate_id or each.id, []).append(each.id)
    for subject, ids in of.items():
        if artefact == "media" and subject.startswith("cand_"):
            erasure.tell_erased(unit, subject, ids, "retention")
        if artefact in ("media", "reports"):
            enqueue(unit, kind=erasure.JOB, subject=subject, queue=Queue.LIGHT)


def _note(unit: UnitOfWork, value: Record, until: datetime) -> None:
    """Writes down until when it is kept, where that is shown."""
    if isinstance(value, Media) and value.keep_until != until:
        change(unit, Media, value.id, lambda m: replace(m, keep_until=until))
    if isinstance(value, Report) and value.keep_until != until:
        change(unit, Report, value.id, lambda r: replace(r, keep_until=until))


class Facts:
    """What decides on the time of a batch of artefacts, read in few statements."""

    def __init__(self, unit: ReadUnit, values: Iterable[Record]) -> None:
        self.unit = unit
        self._values = tuple(values)

    @cached_property
    def holds(self) -> Holds:
        """The holds in force."""
        return in_force(self.unit)

    @cached_property
    def candidates(self) -> Mapping[str, Candidate]:
        """The candidates of the batch."""
        return self._named(Candidate, (getattr(v, "candidate_id", None) for v in self._values))

    @cached_property
    def interviews(self) -> Mapping[str, tuple[Interview, ...]]:
        """All interviews of these candidates."""
        found: dict[str, tuple[Interview, ...]] = {}
        for each in self.unit.every(Interview, candidate_id=tuple(self.candidates)):
            found[each.candidate_id] = (*found.get(each.candidate_id, ()), each)
        return found

    @cached_property
    def systems(self) -> Mapping[str, System]:
        """The systems of the tenant: few."""
        return {each.id: each for each in self.unit.every(System)}

    @cached_property
    def needed(self) -> frozenset[str]:
        """Media that a biometric reference stands on."""
        media = tuple(v.id for v in self._values if isinstance(v, Media))
        return frozenset(each.media_id for each in self.unit.every(Reference, media_id=media))

    @cached_property
    def last_contacts(self) -> Mapping[str, datetime]:
        """When each candidate last had to do with the organisation, as far as it is known here."""
        found = {each.id: each.created_at for each in self.candidates.values()}
        names = tuple(self.candidates)
        moments = [
            *((i.candidate_id, i.held_at or i.created_at) for i in self._all_interviews()),
            *((c.candidate_id, c.given_at) for c in self.unit.every(Consent, candidate_id=names)),
            *((r.candidate_id, r.created_at) for r in self.unit.every(Request, candidate_id=names)),
        ]
        for candidate, moment in moments:
            found[candidate] = max(found[candidate], moment)
        return found

    def places(self, candidate_id: str | None) -> tuple[str, ...]:
        """Places of a candidate."""
        candidate = self.candidates.get(candidate_id or "")
        return candidate.jurisdictions if candidate else ()

    def days(self, artefact: str, system_ids: Iterable[str | None]) -> list[int]:
        """Days that these systems name for such an artefact."""
        systems = (self.systems.get(each or "") for each in system_ids)
        named = (each.retention_days.get(artefact) for each in systems if each)
        return [days for days in named if days is not None]

    def days_of_candidate(self, artefact: str, candidate_id: str) -> list[int]:
        """Days that the systems of a candidate's interviews name."""
        interviews = self.interviews.get(candidate_id, ())
        return self.days(artefact, {each.system_id for each in interviews})

    def system_of(self, candidate_id: str | None, interview_id: str | None) -> str | None:
        """Which system an interview was with."""
        interviews = self.interviews.get(candidate_id or "", ())
        return next((each.system_id for each in interviews if each.id == interview_id), None)

    def _all_interviews(self) -> Iterable[Interview]:
        return (each for several in self.interviews.values() for each in several)

    def _named(self, kind: type[V], ids: Iterable[str | None]) -> dict[str, V]:
        wanted = tuple({each for each in ids if each is not None})
        return {each.id: each for each in self.unit.every(kind, id=wanted)}


@dataclass(frozen=True, slots=True)
class Kind(Generic[V]):
    """One kind of artefact: where it is, until when one is kept (None: still needed), erasing."""

    artefact: str
    record: type[V]
    where: Mapping[str, object]
    kept: Callable[[Facts, V], Kept | None]
    held: Callable[[V], tuple[str, ...]]
    erase: Callable[[UnitOfWork, V], None]


def _due(kind: Kind[V], facts: Facts, value: V) -> Due | None:
    found = kind.kept(facts, value)
    if found is None:
        return None
    candidate: str | None = getattr(value, "candidate_id", None)
    return Due(
        id=value.id,
        artefact=kind.artefact,
        candidate_id=candidate,
        due_at=found.until,
        rule=found.rule,
        sooner_than=found.sooner_than,
        held_by=facts.holds.on(candidate, *kind.held(value)),
    )


def _keep_media(facts: Facts, media: Media) -> Kept | None:
    if media.id in facts.needed:
        return None
    artefact = _MEDIA_TERMS[media.kind]
    system = facts.system_of(media.candidate_id, media.interview_id)
    return kept(
        artefact,
        media.created_at,
        days=min(facts.days(artefact, [system]), default=None),
        places=facts.places(media.candidate_id),
        last_contact=facts.last_contacts.get(media.candidate_id or ""),
    )


def _keep_reference(facts: Facts, reference: Reference) -> Kept:
    candidate = reference.candidate_id
    found = kept(
        "references",
        reference.created_at,
        days=min(facts.days_of_candidate("references", candidate), default=None),
        places=facts.places(candidate),
        last_contact=facts.last_contacts.get(candidate),
    )
    if reference.expires_at is not None and reference.expires_at < found.until:
        return Kept(reference.expires_at, "expires_at")
    return found


def _keep_report(facts: Facts, report: Report) -> Kept:
    system = report.system_id
    return kept(
        "reports",
        report.created_at,
        days=min(facts.days("reports", [system]), default=None),
        places=facts.places(report.candidate_id),
    )


def _keep_demographics(facts: Facts, held: Demographics) -> Kept:
    return kept(
        "demographics",
        held.collected_at,
        days=max(facts.days_of_candidate("demographics", held.candidate_id), default=None),
        places=facts.places(held.candidate_id),
    )


def _erase_reference(unit: UnitOfWork, reference: Reference) -> None:
    erasure.erase_reference(unit, reference, "retention")
    for each in unit.every(Comparison, candidate_id=reference.candidate_id):
        if reference.id in each.reference_ids:
            _erase_comparison(unit, each)


def _erase_comparison(unit: UnitOfWork, comparison: Comparison) -> None:
    report = unit.find(Report, subject=comparison.id, erased_at=None)
    if report is not None:
        erasure.erase_report(unit, report)
        enqueue(unit, kind=erasure.JOB, subject=report.id, queue=Queue.LIGHT)
    unit.remove(comparison)


def _erase_media(unit: UnitOfWork, media: Media) -> None:
    erasure.erase_medium(unit, media, "retention")


def _erase_report(unit: UnitOfWork, report: Report) -> None:
    erasure.erase_report(unit, report)
    if report.automatic:  # others tell of a result that is still there
        redact_result(unit, report.subject)


def _erase_demographics(unit: UnitOfWork, held: Demographics) -> None:
    remove_demographics(unit, held.candidate_id, reason="retention")


# References first: what they stand on is not needed any more after that.
KINDS: Mapping[str, Kind[Record]] = {
    each.artefact: each  # type: ignore[misc]
    for each in (
        Kind(
            "references",
            Reference,
            {},
            _keep_reference,
            lambda r: (r.id, r.media_id),
            _erase_reference,
        ),
        Kind(
            "media",
            Media,
            {"state": MediaState.STORED},
            _keep_media,
            lambda m: (m.id,),
            _erase_media,
        ),
        Kind(
            "reports",
            Report,
            {"erased_at": None},
            _keep_report,
            lambda r: (r.id, r.subject),
            _erase_report,
        ),
        Kind(
            "demographics",
            Demographics,
            {},
            _keep_demographics,
            lambda d: (d.id,),
            _erase_demographics,
        ),
    )
}
