"""Stored files: whose they are, their rows, reading and erasing them.

Sealed under the candidate they are of, so that erasing a candidate erases them; tables, which hold
many people's data, each under a key of their own. The vault has transactions of its own: it is used
outside of units.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from audit.errors import DataKeyDestroyed, InputError, ReferenceUnknown
from audit.jobs import enqueue
from audit.keyring import Context
from audit.ledger import EventKind
from audit.operations import erasure
from audit.operations.keeping import keep_until, refuse_held
from audit.operations.register import refuse_erased
from audit.records.base import Record
from audit.records.evidence import Media, MediaKind, MediaState, Reference
from audit.records.register import Candidate, Interview
from audit.records.work import Queue
from audit.store import ReadUnit, UnitOfWork
from audit.vault import Stored, Vault
from audit.vault.kinds import suffix
from audit.vault.uploads import PURPOSE

_R = TypeVar("_R", bound=Record)

TABLE_SUFFIXES = {
    "text/csv": ".csv",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.apache.arrow.file": ".arrow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaOrder:
    """What somebody wants to store: of which interview or candidate, and what they say of it.

    `source`: how it comes (`upload`, `pull`).
    """

    interview_id: str | None = None
    candidate_id: str | None = None
    kind: MediaKind = MediaKind.RECORDING
    sha256: str | None = None
    media_type: str | None = None
    name: str = ""
    source: str = "upload"


def owned(unit: ReadUnit, order: MediaOrder) -> MediaOrder:
    """The order with its candidate.

    Raises:
        InputError: it names nobody, somebody else's interview, or somebody for a table.
        ReferenceUnknown: there is no such interview or candidate.
        CandidateErased: the candidate's data were erased.
    """
    if order.kind is MediaKind.TABLE:
        if order.interview_id or order.candidate_id:
            raise InputError(
                "A table is of no single candidate: leave interview and candidate out."
            )
        return order
    candidate_id = order.candidate_id
    if order.interview_id is not None:
        interview = named(unit, Interview, order.interview_id)
        if candidate_id not in (None, interview.candidate_id):
            raise InputError("The interview is another candidate's. Name one of the two.")
        candidate_id = interview.candidate_id
    if candidate_id is None:
        raise InputError("Say whose it is: give an interview or a candidate.")
    refuse_erased(named(unit, Candidate, candidate_id))
    return replace(order, candidate_id=candidate_id)


def named(unit: ReadUnit, kind: type[_R], id: str) -> _R:
    """A value that a request names in its body. Raises `ReferenceUnknown` where there is none."""
    found = unit.find(kind, id=id)
    if found is None:
        raise ReferenceUnknown(f"There is no {kind.__name__.lower()} {id!r}.")
    return found


def add(
    unit: UnitOfWork, media_id: str, order: MediaOrder, *, stored: Stored, media_type: str
) -> Media:
    """The row of a file whose sealed bytes are stored; recorded."""
    order = owned(unit, order)
    media = unit.add(
        Media(
            id=media_id,
            candidate_id=order.candidate_id,
            interview_id=order.interview_id,
            kind=order.kind,
            media_type=media_type,
            size_bytes=stored.size,
            sha256=stored.sha256,
            name=order.name,
            source=order.source,
            keep_until=keep_until(
                unit, _ARTEFACTS[order.kind], system_of(unit, order.interview_id)
            ),
        )
    )
    body = {
        "kind": media.kind.value,
        "sha256": media.sha256,
        "size_bytes": media.size_bytes,
        "interview": media.interview_id,
        "source": media.source,
    }
    unit.record(EventKind.MEDIA_STORED, media.id, body)
    return media


def usable(
    unit: ReadUnit, media_id: str, *, candidate_id: str | None, kinds: tuple[MediaKind, ...]
) -> Media:
    """A stored file that a request names: of this candidate, of one of these kinds, not erased.

    Raises:
        ReferenceUnknown: there is none. InputError: it is of somebody else, or something else.
        DataKeyDestroyed: it was erased.
    """
    media = named(unit, Media, media_id)
    if media.candidate_id != candidate_id:
        raise InputError(f"{media_id} is not a file of this candidate.")
    if media.kind not in kinds:
        words = " or ".join(kind.value for kind in kinds)
        raise InputError(f"{media_id} is a {media.kind.value}; a {words} is needed.")
    if media.state is not MediaState.STORED:
        raise DataKeyDestroyed(f"{media_id} was erased.")
    return media


def context_of(tenant: str, media: Media) -> Context:
    """What the file's bytes are sealed as."""
    return Context(tenant, subject_of(media.candidate_id, media.id), media.id, PURPOSE)


def subject_of(candidate_id: str | None, media_id: str) -> str:
    """Whose key seals a file: the candidate's, or that of the file alone."""
    return candidate_id or media_id


def read(unit: UnitOfWork, media_id: str, *, why: str) -> Media:
    """The row of a file whose bytes are about to be given out; recorded. `why`: one word."""
    media = unit.get(Media, media_id)
    if media.state is not MediaState.STORED:
        raise DataKeyDestroyed(f"{media_id} was erased.")
    unit.record(EventKind.MEDIA_READ, media.id, {"why": why})
    return media


def content(vault: Vault, tenant: str, media: Media) -> Iterator[bytes]:
    """The plain bytes, outside of any unit. See `Vault.open`."""
    return vault.open(context_of(tenant, media))


def fetched(vault: Vault, tenant: str, media: Media) -> AbstractContextManager[Path]:
    """A private file with the plain bytes, outside of any unit; removed at the end."""
    ending = TABLE_SUFFIXES.get(media.media_type) or suffix(media.media_type)
    return vault.fetched(context_of(tenant, media), suffix=ending)


def erase(unit: UnitOfWork, media_id: str) -> Media:
    """Erases a file on request, with references to it; a job removes its bytes after the commit.

    Again is no error. Raises `StepRefused` where a legal hold keeps it.
    """
    media = unit.get(Media, media_id)
    if media.state is MediaState.ERASED:
        return media
    refuse_held(unit, media.candidate_id, media.id)
    for reference in unit.every(Reference, media_id=media.id):
        erasure.erase_reference(unit, reference, "request")
    erasure.erase_medium(unit, media, "request")
    if media.candidate_id is not None:
        erasure.tell_erased(unit, media.candidate_id, [media.id], "request")
    enqueue(unit, kind=erasure.JOB, subject=media.id, queue=Queue.LIGHT)
    return unit.get(Media, media.id)


def system_of(unit: ReadUnit, interview_id: str | None) -> str | None:
    """The system that an interview was held with."""
    return None if interview_id is None else unit.get(Interview, interview_id).system_id


_ARTEFACTS = {
    MediaKind.RECORDING: "media",
    MediaKind.REFERENCE: "references",
    MediaKind.TABLE: "tables",
}
