"""Erasing a candidate: all that was stored of them, in one transaction, with proof in the ledger.

The data key of the candidate is destroyed, so that recordings, references, demographics and reports
with their thumbnails and excerpts are unreadable in every copy from the commit on. The stored bytes
are removed by a job of their own after it. What cannot be erased yet, because of a legal hold or a
duty to keep, stays with the key, and is erased by the sweep once nothing stands against it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from audit.canonical import canonical_json
from audit.errors import StepRefused
from audit.jobs import enqueue, request_cancel
from audit.ledger import EventKind
from audit.operations.alike import remove_pairs
from audit.operations.announcements import announce
from audit.operations.changes import change
from audit.operations.demographics import remove_demographics
from audit.operations.holds import Holds, in_force
from audit.operations.redaction import redact_person, redact_results
from audit.operations.stopping import stop_candidate
from audit.records.biometrics import Template
from audit.records.evidence import (
    Comparison,
    Media,
    MediaKind,
    MediaState,
    Reference,
    Report,
    RunState,
)
from audit.records.register import Candidate, Demographics, Stopped
from audit.records.searches import Search, SharedSubject
from audit.records.work import Queue
from audit.store import UnitOfWork
from audit.webhooks import MediaErased

JOB = "erase_blobs"
"""Kind of the job that removes stored bytes; its subject is a candidate, medium or report."""

Reason = Literal["request", "retention"]
_LISTED = 50


class Artefact(StrEnum):
    """What is stored of a candidate, in the order of erasing: references need recordings."""

    REFERENCES = "references"
    MEDIA = "media"
    DEMOGRAPHICS = "demographics"
    REPORTS = "reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What an erasure did."""

    candidate_id: Annotated[str, Field(description="Whose data.")]
    complete: Annotated[bool, Field(description="Whether nothing is left, and the key destroyed.")]
    erased: Annotated[
        dict[str, int],
        Field(description="How many of each.", examples=[{"media": 2, "reports": 1}]),
    ]
    held: Annotated[tuple[str, ...], Field(description="Legal holds that stood against it.")] = ()
    kept: Annotated[
        tuple[str, ...], Field(description="Kinds of artefacts that were to be kept.")
    ] = ()


def erase_candidate(
    unit: UnitOfWork,
    candidate_id: str,
    *,
    reason: Reason = "request",
    keep: Iterable[Artefact] = (),
) -> Erasure:
    """Erases what is stored of a candidate, but for what is held, or of a kind to `keep`.

    Automated processing of the candidate ends in any case. Again erases what is left; of a
    candidate who was erased, nothing.

    Raises:
        StepRefused: a legal hold keeps all of the candidate; the message names it.
        NotFound: there is no such candidate.
    """
    candidate = unit.get(Candidate, candidate_id)
    if candidate.erased_at is not None:
        return Erasure(candidate_id=candidate_id, complete=True, erased={})
    holds = in_force(unit)
    against = holds.on(candidate_id)
    if against:
        raise StepRefused(
            f"Nothing of the candidate can be erased while legal holds stand: {', '.join(against)}."
        )
    stop_candidate(unit, candidate_id, Stopped.ERASED)
    done = _Done(unit, candidate_id, reason, holds)
    for artefact in Artefact:
        if artefact not in set(keep):
            done.erase(artefact)
    return done.finish(tuple(artefact.value for artefact in Artefact if artefact in set(keep)))


class _Done:
    """An erasure under way: what was erased, and what stood against it."""

    def __init__(self, unit: UnitOfWork, candidate_id: str, reason: Reason, holds: Holds) -> None:
        self._unit = unit
        self._candidate = candidate_id
        self._reason: Reason = reason
        self._holds = holds
        self._counts: dict[str, int] = {}
        self._hashes: list[tuple[str, str]] = []
        self._held: dict[str, None] = {}
        self._gone: list[str] = []
        self._references_gone: list[str] = []

    def erase(self, artefact: Artefact) -> None:
        """Erases one kind of artefact."""
        {
            Artefact.MEDIA: self._media,
            Artefact.REFERENCES: self._references,
            Artefact.DEMOGRAPHICS: self._demographics,
            Artefact.REPORTS: self._reports,
        }[artefact]()

    def finish(self, kept: tuple[str, ...]) -> Erasure:
        """Destroys the key where nothing is left that needs it; records, and has blobs removed."""
        unit, candidate = self._unit, self._candidate
        keys = 0
        complete = not self._held and not self._left()
        if complete:
            self._counts["records"] = redact_person(unit, candidate)
            keys = unit.ring.shred(unit.tenant, candidate)
        counted = {name: count for name, count in sorted(self._counts.items()) if count}
        if complete or counted:
            self._record(complete, counted, keys, kept)
            tell_erased(unit, candidate, self._gone, self._reason)
            enqueue(unit, kind=JOB, subject=candidate, queue=Queue.LIGHT)
        return Erasure(
            candidate_id=candidate,
            complete=complete,
            erased=counted,
            held=tuple(self._held),
            kept=kept,
        )

    def _record(
        self, complete: bool, counted: dict[str, int], keys: int, kept: tuple[str, ...]
    ) -> None:
        self._unit.record(
            EventKind.SUBJECT_ERASED,
            self._candidate,
            {
                "reason": self._reason,
                "complete": complete,
                "erased": dict(counted),
                "keys_destroyed": keys,
                "artefacts": len(self._hashes),
                "artefacts_sha256": digest(self._hashes),
                "references": list(self._references_gone[:_LISTED]),
                "held": list(self._held)[:_LISTED],
                "kept": list(kept),
            },
        )

    def _left(self) -> bool:
        """Whether something is stored that the candidate's key seals."""
        unit, of = self._unit, {"candidate_id": self._candidate}
        return bool(
            unit.count(Media, **of, state=MediaState.STORED)
            or unit.count(Reference, **of)
            or unit.count(Report, **of, erased_at=None)
            or unit.count(Demographics, **of)
        )

    def _media(self) -> None:
        self._erase_media((MediaKind.RECORDING, MediaKind.TABLE))

    def _references(self) -> None:
        unit, of = self._unit, {"candidate_id": self._candidate}
        for reference in unit.every(Reference, **of):
            if self._is_held(reference.id, reference.media_id):
                continue
            erase_reference(unit, reference, self._reason)
            self._references_gone.append(reference.id)
            self._count("references")
        for comparison in unit.every(Comparison, **of):
            unit.remove(comparison)
            self._count("comparisons")
        self._count("searches", erase_searches(unit, self._candidate))
        self._count("pairs", remove_pairs(unit, self._candidate))
        self._count("shared", erase_shared(unit, self._candidate))
        self._erase_media((MediaKind.REFERENCE,))

    def _demographics(self) -> None:
        if remove_demographics(self._unit, self._candidate, reason=self._reason):
            self._count("demographics")

    def _reports(self) -> None:
        unit = self._unit
        reports = unit.every(Report, candidate_id=self._candidate, erased_at=None)
        kept = [report for report in reports if self._is_held(report.id, report.subject)]
        for report in reports:
            if report not in kept:
                erase_report(unit, report)
                self._hashes += [(file.artefact, file.sha256) for file in report.files]
                self._count("reports")
        if not kept:  # what was found is in the held report too
            self._count("results", redact_results(unit, self._candidate))

    def _erase_media(self, kinds: tuple[MediaKind, ...]) -> None:
        unit = self._unit
        stored = unit.every(
            Media, candidate_id=self._candidate, state=MediaState.STORED, kind=kinds
        )
        needed = {each.media_id for each in unit.every(Reference, candidate_id=self._candidate)}
        gone = [m for m in stored if not self._is_held(m.id) and m.id not in needed]
        for media in gone:
            erase_medium(unit, media, self._reason)
            self._hashes.append((media.id, media.sha256))
            self._count("media")
        self._gone += [media.id for media in gone]

    def _is_held(self, *subjects: str) -> bool:
        found = self._holds.on(None, *subjects)
        self._held.update(dict.fromkeys(found))
        return bool(found)

    def _count(self, what: str, more: int = 1) -> None:
        self._counts[what] = self._counts.get(what, 0) + more


def erase_searches(unit: UnitOfWork, candidate_id: str) -> int:
    """Removes a candidate's searches, and the candidate from those of others; returns how many."""
    done = 0
    for search in unit.every(Search):
        if search.candidate_id == candidate_id:
            unit.remove(search)
            done += 1
        elif any(_names(one, candidate_id) for a in search.answers for one in a["alike"]):
            kept = tuple(
                {**a, "alike": [one for one in a["alike"] if not _names(one, candidate_id)]}
                for a in search.answers
            )
            unit.put(replace(search, answers=kept))
            done += 1
    return done


def erase_shared(unit: UnitOfWork, candidate_id: str) -> int:
    """Takes a candidate out of all shared galleries; returns out of how many."""
    held = unit.every(SharedSubject, candidate_id=candidate_id)
    for subject in held:
        unit.remove(subject)
    return len(held)


def _names(found: Mapping[str, str], candidate_id: str) -> bool:
    return found.get("candidate_id") == candidate_id


def erase_medium(unit: UnitOfWork, media: Media, reason: Reason) -> None:
    """Marks a medium as erased, and records it. The job removes its bytes.

    A table is no candidate's and has a key of its own, which is destroyed here.
    """
    now = unit.now()

    def erased(each: Media) -> Media:
        if each.state is MediaState.ERASED:
            return each
        return replace(each, state=MediaState.ERASED, erased_at=now, name="", keep_until=None)

    change(unit, Media, media.id, erased)
    unit.record(
        EventKind.MEDIA_ERASED,
        media.id,
        {"candidate": media.candidate_id, "reason": reason, "sha256": media.sha256},
    )
    if media.candidate_id is None:
        unit.ring.shred(unit.tenant, media.id)


def erase_reference(unit: UnitOfWork, reference: Reference, reason: Reason) -> None:
    """Removes a biometric reference with its templates, and records it."""
    for template in unit.every(Template, reference_id=reference.id):
        unit.remove(template)
    unit.remove(reference)
    unit.record(
        EventKind.REFERENCE_ERASED,
        reference.id,
        {"candidate": reference.candidate_id, "media": reference.media_id, "reason": reason},
    )


def erase_report(unit: UnitOfWork, report: Report) -> None:
    """Marks a report as erased, with the thumbnails in it. The job removes its bytes.

    One that is no candidate's has a key of its own, which is destroyed here. One that is being
    made is made no more.
    """
    now = unit.now()

    def erased(each: Report) -> Report:
        state = each.state if each.state.final else RunState.CANCELLED
        return replace(each, erased_at=now, keep_until=None, state=state, order=None)

    change(unit, Report, report.id, erased)
    if not report.state.final and report.job_id is not None:
        request_cancel(unit, report.job_id)
    if report.candidate_id is None:
        unit.ring.shred(unit.tenant, report.sealed_under)


def tell_erased(unit: UnitOfWork, candidate_id: str, media: list[str], reason: Reason) -> None:
    """Tells other systems to delete their copies."""
    if media:
        told = MediaErased(candidate_id=candidate_id, media_ids=tuple(media), reason=reason)
        announce(unit, told)


def digest(hashes: Iterable[tuple[str, str]]) -> str:
    """SHA-256 of the canonical JSON of [artefact, SHA-256 of its bytes] pairs in order of artefact.

    Who has the bytes can show with it that they were among what was erased; nobody else learns
    anything from it.
    """
    pairs = [[artefact, sha256] for artefact, sha256 in sorted(hashes)]
    return hashlib.sha256(canonical_json(pairs)).hexdigest()
