"""Searches of galleries of templates: what they rest on, what they found, and shared galleries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from audit.records.base import Record
from audit.records.biometrics import Modality
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
        Field(description="For each gallery and modality: who was found, in bands, never a score."),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikePair(Record):
    """Two candidates, or a candidate and somebody in a shared gallery, who are alike.

    Of two candidates, `candidate_id` is the one with the lesser identifier. `gallery_id` and
    `subject_id` are given where the other is known by an opaque identifier alone.
    """

    candidate_id: Annotated[str, Field(description="One candidate.")]
    other_id: Annotated[str | None, Field(description="The other candidate.")] = None
    gallery_id: Annotated[str | None, Field(description="The shared gallery.")] = None
    subject_id: Annotated[str | None, Field(description="The other, opaque, in that gallery.")] = (
        None
    )
    likeness: Annotated[
        dict[str, str],
        Field(description="By modality: how alike, in words.", examples=[{"face": "alike"}]),
    ]
    search_id: Annotated[str, Field(description="The search that found it first.")]
    flag_id: Annotated[str | None, Field(description="Its flag.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis(Record):
    """On what somebody's templates are searched together with those of other organisations."""

    gallery_id: Annotated[str, Field(description="The shared gallery.")]
    legal_basis: Annotated[
        str,
        Field(
            description="On what it rests, in words.",
            examples=["Explicit consent, Article 9(2)(a) GDPR; joint controllers, Article 26"],
        ),
    ]
    document: Annotated[str, Field(description="Where it is kept.", examples=["dpia-2026-03"])]
    recorded_by: Annotated[
        str, Field(description="Who answers for it, by an opaque reference.", examples=["dpo-1"])
    ]
    from_at: Annotated[datetime, Field(description="From when on.")]
    until_at: Annotated[datetime, Field(description="Until when.")]
    ended_at: Annotated[datetime | None, Field(description="When it was withdrawn.")] = None

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at a time."""
        return self.ended_at is None and self.from_at <= at < self.until_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedGallery(Record):
    """A gallery that several organisations search together; kept by the one that opened it.

    Its templates are turned by a transform of its own, whose secret is sealed here.
    """

    name: Annotated[str, Field(description="For people.", examples=["Agencies of the north"])]
    purpose: Annotated[str, Field(description="What it is for, in words.")]
    ended_at: Annotated[datetime | None, Field(description="When it was closed for good.")] = None
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission(Basis):
    """That the organisation that keeps a shared gallery lets another one in, and on what basis."""

    member: Annotated[str, Field(description="The organisation that is let in.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership(Basis):
    """That an organisation takes part in a shared gallery, and on what basis.

    `consent_texts`: versions of consents whose words tell of this gallery: what was enrolled under
    others never goes into it.
    """

    keeper: Annotated[str, Field(description="The organisation that keeps the gallery.")]
    consent_texts: Annotated[
        tuple[str, ...],
        Field(description="Versions of consents that tell of it.", examples=[["shared-2026-03"]]),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedSubject(Record):
    """A candidate in a shared gallery: others know this opaque identifier, and nothing else."""

    membership_id: Annotated[str, Field(description="The membership that it rests on.")]
    gallery_id: Annotated[str, Field(description="The shared gallery.")]
    candidate_id: Annotated[str, Field(description="Whose templates.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedTemplate(Record):
    """A template in a shared gallery; it goes with the template that it was made from.

    `sealed` holds the vector, turned by the gallery's transform, under the candidate's data key.
    """

    subject_id: Annotated[str, Field(description="Whose it is, opaque.")]
    template_id: Annotated[str, Field(description="What it was made from.")]
    candidate_id: Annotated[str, Field(description="The candidate.")]
    modality: Annotated[Modality, Field(description="What it describes.")]
    space: Annotated[str, Field(description="Network and transform: others never mix.")]
    sealed: bytes = field(repr=False)
