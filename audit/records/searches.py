"""Searches of a tenant's gallery of templates, the basis that they rest on, and its transform."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from audit.records.base import Record
from audit.records.evidence import Run


class TransformState(StrEnum):
    """Whether a transform is in use."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform(Record):
    """A keyed transform of a tenant's templates. Its secret is sealed under a data key of its own,
    which is destroyed when it is revoked.
    """

    number: Annotated[int, Field(description="Counts the transforms of a tenant.", ge=1)]
    state: Annotated[TransformState, Field(description="Whether it is in use.")] = (
        TransformState.ACTIVE
    )
    reason: Annotated[str, Field(description="Why it was revoked, in words.")] = ""
    revoked_at: Annotated[datetime | None, Field(description="When it was revoked.")] = None
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchBasis(Record):
    """The legal basis on which an organisation searches its own gallery."""

    legal_basis: Annotated[
        str,
        Field(
            description="On what it rests, in words.",
            examples=["Explicit consent, Article 9(2)(a) GDPR; DPIA of 2026-03-01"],
        ),
    ]
    ended_at: Annotated[datetime | None, Field(description="When it was withdrawn.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Run):
    """A search for a recording's face and voice among the other candidates. It answers in bands."""

    candidate_id: Annotated[str, Field(description="Whose recording.")]
    interview_id: Annotated[str, Field(description="Of which interview.")]
    media_id: Annotated[str, Field(description="The recording.")]
    basis_id: Annotated[str, Field(description="The legal basis that it rests on.")]
    answers: Annotated[
        tuple[dict[str, Any], ...],
        Field(description="For each modality: candidates with the verbal band, never a score."),
    ] = ()
    flag_id: Annotated[str | None, Field(description="Its flag, where somebody was found.")] = None
