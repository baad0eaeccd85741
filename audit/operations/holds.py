"""Legal holds: duties to keep, which stop retention and erasure until they are lifted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from audit.errors import NotFound, StepRefused
from audit.ids import new_id
from audit.ledger import EventKind
from audit.records.evidence import Check, Media, Report
from audit.records.oversight import LegalHold
from audit.records.register import Candidate
from audit.store import ReadUnit, UnitOfWork


@dataclass(frozen=True, slots=True)
class Holds:
    """The holds in force of a tenant: by candidate, and by medium, report or check."""

    of_candidates: dict[str, tuple[str, ...]]
    of_subjects: dict[str, tuple[str, ...]]

    def on(self, candidate_id: str | None, *subjects: str) -> tuple[str, ...]:
        """Ids of the holds on a candidate, or on any of these."""
        found = list(self.of_candidates.get(candidate_id or "", ()))
        for subject in subjects:
            found += self.of_subjects.get(subject, ())
        return tuple(dict.fromkeys(found))


def set_hold(
    unit: UnitOfWork,
    *,
    reason: str,
    candidate_id: str | None = None,
    subject: str | None = None,
    reference: str = "",
) -> LegalHold:
    """Sets a hold on all of a candidate, or on one medium, report or check.

    A hold on a check holds its recording and its report too.

    Raises:
        StepRefused: both or neither are given, or what should be kept is erased already.
        NotFound: there is no such thing.
    """
    if (candidate_id is None) == (subject is None):
        raise StepRefused("Say what is held: a candidate, or one medium, report or check.")
    if candidate_id is not None:
        _refuse_gone(unit.get(Candidate, candidate_id).erased_at is not None, candidate_id)
    if subject is not None:
        _check_subject(unit, subject)
    hold = unit.add(
        LegalHold(
            id=new_id("hold"),
            candidate_id=candidate_id,
            subject=subject,
            reason=reason,
            reference=reference,
        )
    )
    unit.record(
        EventKind.LEGAL_HOLD_SET,
        hold.id,
        {"candidate": candidate_id, "subject": subject, "reference": reference},
    )
    return hold


def lift_hold(unit: UnitOfWork, hold: LegalHold) -> LegalHold:
    """Lifts a hold: the next sweep erases what was due meanwhile. Again is no error."""
    if hold.released_at is not None:
        return hold
    lifted = unit.put(replace(hold, released_at=unit.now()))
    unit.record(
        EventKind.LEGAL_HOLD_LIFTED,
        hold.id,
        {"candidate": hold.candidate_id, "subject": hold.subject, "reference": hold.reference},
    )
    return lifted


def in_force(unit: ReadUnit) -> Holds:
    """All holds of the tenant that were not lifted."""
    holds = unit.every(LegalHold, released_at=None)
    by_candidate: dict[str, tuple[str, ...]] = {}
    by_subject: dict[str, tuple[str, ...]] = {}
    for hold in holds:
        if hold.candidate_id is not None:
            _add(by_candidate, [hold.candidate_id], hold.id)
        if hold.subject is not None:
            _add(by_subject, [hold.subject, *_parts(unit, hold.subject)], hold.id)
    return Holds(by_candidate, by_subject)


def _add(to: dict[str, tuple[str, ...]], names: Iterable[str], hold: str) -> None:
    for name in names:
        to[name] = (*to.get(name, ()), hold)


def _parts(unit: ReadUnit, subject: str) -> list[str]:
    """What a held check is made of."""
    check = unit.find(Check, id=subject) if subject.startswith("chk_") else None
    if check is None:
        return []
    return [part for part in (check.media_id, *check.reference_media, check.report_id) if part]


def _check_subject(unit: ReadUnit, subject: str) -> None:
    media = unit.find(Media, id=subject)
    report = unit.find(Report, id=subject)
    if media is None and report is None and unit.find(Check, id=subject) is None:
        raise NotFound(f"There is no medium, report or check {subject!r}.")
    _refuse_gone(any(each and each.erased_at is not None for each in (media, report)), subject)


def _refuse_gone(gone: bool, what: str) -> None:
    if gone:
        raise StepRefused(f"{what} is erased already; nothing of it can be kept.")
