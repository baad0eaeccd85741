"""Requests for deletion: what stands against one, how that is settled, and what is left to do.

Laws can say to keep what a person asks to have erased. Which of two wins is for a person to say,
not for software: the answer names for each duty to keep whether what it covers is kept, or on what
basis it is erased all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated

from pydantic import Field

from audit.canonical import Json
from audit.clocks import RequestKind
from audit.errors import StepRefused
from audit.operations.changes import change
from audit.operations.erasure import Artefact, erase_candidate
from audit.operations.holds import in_force
from audit.operations.keeping import duties, terms
from audit.records.evidence import Media, MediaState, Reference, Report
from audit.records.oversight import Request
from audit.records.register import Candidate, Demographics
from audit.requests import Answer, Consequence, RequestState
from audit.store import ReadUnit, UnitOfWork

PENDING = "erase_pending"
_KEEP = "keep:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How conflicts with duties to keep are settled.

    Attributes:
        keep: kinds of artefacts that are kept; the sweep erases them when their time is over.
        despite: clocks of laws whose duty to keep does not stand against erasing here, each with
            the reason.
    """

    keep: frozenset[Artefact] = frozenset()
    despite: tuple[tuple[str, str], ...] = field(default=())

    def facts(self) -> dict[str, Json]:
        """What the ledger keeps of it: no reasons."""
        if not self.keep and not self.despite:
            return {}
        return {
            "keep": sorted(artefact.value for artefact in self.keep),
            "despite": [clock for clock, _ in self.despite],
        }


NOTHING_KEPT = Settlement()


@dataclass(frozen=True, slots=True)
class Against:
    """A law's duty to keep something that is stored of the candidate."""

    clock: Annotated[
        str, Field(description="Which duty; `despite` names it.", examples=["ca_crd.records"])
    ]
    title: Annotated[str, Field(description="What it says, in words.")]
    citation: Annotated[str, Field(description="Where the law says so.")]
    artefacts: Annotated[
        tuple[str, ...], Field(description="What it covers here.", examples=[["media", "reports"]])
    ]


def against(unit: ReadUnit, candidate_id: str) -> tuple[Against, ...]:
    """Duties to keep that cover something which is stored of a candidate now."""
    candidate = unit.get(Candidate, candidate_id)
    found: dict[str, Against] = {}
    for artefact, since in _stored(unit, candidate_id).items():
        for clock in duties(terms()[artefact].covers, candidate.jurisdictions, since):
            known = found.get(clock.id, Against(clock.id, clock.title, clock.citation, ()))
            found[clock.id] = replace(known, artefacts=(*known.artefacts, artefact.value))
    return tuple(found.values())


def check_settled(
    unit: ReadUnit, request: Request, answer: Answer, settlement: Settlement
) -> tuple[str, ...]:
    """Legal holds on what should be erased, in words.

    Raises:
        StepRefused: a duty to keep is not settled; or all is granted, and something is kept.
    """
    if answer is Answer.GRANTED and settlement.keep:
        raise StepRefused("Something is to be kept: grant the deletion in part, and say why.")
    check_duties(unit, request.candidate_id, settlement)
    return tuple(
        f"the legal hold {hold}" for hold in _holds(unit, request.candidate_id, settlement)
    )


def check_duties(unit: ReadUnit, candidate_id: str, settlement: Settlement) -> None:
    """Raises `StepRefused` where a law's duty to keep is not settled."""
    reasons = {clock for clock, reason in settlement.despite if reason.strip()}
    for duty in against(unit, candidate_id):
        kept = {artefact.value for artefact in settlement.keep}
        if duty.clock not in reasons and not kept.issuperset(duty.artefacts):
            raise StepRefused(
                f"{duty.citation} ({duty.clock}) says to keep: {', '.join(duty.artefacts)}. Keep "
                "that, or say on what basis it is erased in spite of it."
            )


def finish_erasure(unit: UnitOfWork, request: Request, settlement: Settlement) -> tuple[str, ...]:
    """Erases what may be erased; returns what is to be noted on the request.

    What is left because of a hold, or because it is kept, is tried again by `resume_erasures`.
    """
    try:
        erasure = erase_candidate(unit, request.candidate_id, keep=settlement.keep)
    except StepRefused:  # all is held
        return (PENDING, *_kept_words(settlement.keep))
    if erasure.complete:
        return (Consequence.ERASE.value,)
    return (PENDING, *_kept_words(settlement.keep))


def resume_erasures(unit: UnitOfWork) -> int:
    """Goes on with erasures that something stood against; returns how many it completed."""
    completed = 0
    for request in unit.every(Request, kind=RequestKind.DELETION, state=RequestState.ANSWERED):
        if PENDING not in request.done or Consequence.ERASE.value in request.done:
            continue
        keep = frozenset(
            Artefact(word.removeprefix(_KEEP)) for word in request.done if word.startswith(_KEEP)
        )
        notes = finish_erasure(unit, request, Settlement(keep=keep))
        if Consequence.ERASE.value in notes:
            completed += 1
            change(unit, Request, request.id, lambda r: replace(r, done=(*r.done, *notes)))  # noqa: B023 - called at once
    return completed


def _stored(unit: ReadUnit, candidate_id: str) -> dict[Artefact, datetime]:
    """Kinds of artefacts that are stored of a candidate, and since when the newest of each is."""
    media = unit.every(Media, candidate_id=candidate_id, state=MediaState.STORED)
    found: dict[Artefact, list[datetime]] = {
        Artefact.MEDIA: [m.created_at for m in media],
        Artefact.REFERENCES: [
            r.created_at for r in unit.every(Reference, candidate_id=candidate_id)
        ],
        Artefact.REPORTS: [
            r.created_at for r in unit.every(Report, candidate_id=candidate_id, erased_at=None)
        ],
        Artefact.DEMOGRAPHICS: [
            d.collected_at for d in unit.every(Demographics, candidate_id=candidate_id)
        ],
    }
    return {artefact: max(moments) for artefact, moments in found.items() if moments}


def _holds(unit: ReadUnit, candidate_id: str, settlement: Settlement) -> tuple[str, ...]:
    holds = in_force(unit)
    of: dict[str, object] = {"candidate_id": candidate_id}
    subjects: list[str] = []
    if Artefact.MEDIA not in settlement.keep:
        subjects += [m.id for m in unit.every(Media, **of, state=MediaState.STORED)]
    if Artefact.REPORTS not in settlement.keep:
        reports = unit.every(Report, **of, erased_at=None)
        subjects += [name for r in reports for name in (r.id, r.subject)]
    return holds.on(candidate_id, *subjects)


def _kept_words(keep: Iterable[Artefact]) -> tuple[str, ...]:
    return tuple(sorted(_KEEP + artefact.value for artefact in keep))
