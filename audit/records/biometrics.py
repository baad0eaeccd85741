"""Templates: what is kept of references beside their recordings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from audit.records.base import Record


class Modality(StrEnum):
    """What a template describes. `scene`: camera and scene, which is no trait of the person."""

    FACE = "face"
    VOICE = "voice"
    SCENE = "scene"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template(Record):
    """A template of one segment of a reference.

    `space` names the network, its pre-processing and its weights: only vectors of one space may be
    compared. `sealed` holds the vector, under the candidate's data key.
    """

    candidate_id: Annotated[str, Field(description="The candidate.")]
    reference_id: Annotated[str, Field(description="The reference it was made from.")]
    modality: Annotated[Modality, Field(description="What it describes.")]
    space: Annotated[
        str,
        Field(
            description="Network, pre-processing and weights: vectors of different ones never mix.",
            examples=["face/dlib_resnet/1/bbd7bba1bf66057e"],
        ),
    ]
    segment: Annotated[int, Field(description="Which segment of the recording, from 0.", ge=0)]
    start_s: Annotated[float, Field(description="Where the segment begins.", ge=0)]
    end_s: Annotated[float, Field(description="Where it ends.", ge=0)]
    amount: Annotated[
        float, Field(description="Faces pooled, seconds of speech or pictures averaged.", gt=0)
    ]
    quality: Annotated[float, Field(description="0..1; higher is better.", ge=0, le=1)]
    conditions: Annotated[
        dict[str, float], Field(description="How it was recorded, by name.", examples=[{}])
    ]
    recorded_at: Annotated[datetime, Field(description="When the recording was made, UTC.")]
    expires_at: Annotated[datetime | None, Field(description="When it is erased.")] = None
    sealed: bytes = field(repr=False)
