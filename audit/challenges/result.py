"""What was found in a response to a challenge. Supporting evidence: it decides nothing alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from audit.challenges.plan import Kind
from audit.types import Reason


class Verdict(StrEnum):
    """What a response is taken for.

    `accepted`: it fits this challenge. `refused`: it does not, for the reasons given; that says
    nothing of the person, who may try again or ask for a human. `inconclusive`: it cannot be said.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    INCONCLUSIVE = "inconclusive"


class Outcome(StrEnum):
    """What was seen of one cue."""

    FOLLOWED = "followed"
    NOT_FOLLOWED = "not_followed"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class CueResult:
    """One cue, and what was seen of it."""

    kind: Annotated[Kind, Field(description="What was asked.")]
    steps: Annotated[tuple[str, ...], Field(description="What exactly.", examples=[["left"]])]
    start_s: Annotated[float, Field(description="When, in seconds of the recording.")]
    end_s: Annotated[float, Field(description="Until when.")]
    outcome: Annotated[Outcome, Field(description="What was seen of it.")]
    reason: Annotated[str, Field(description="A stable code.", examples=["turned"])]
    text: Annotated[str, Field(description="The same in words, with the figures.")]
    value: Annotated[
        float | None,
        Field(description="What was measured: degrees, correlation, share; see docs/challenge.md."),
    ] = None
    low: Annotated[float | None, Field(description="Lower end of its 95 % interval.")] = None
    high: Annotated[float | None, Field(description="Upper end of its 95 % interval.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """What the page said of the camera, and what the recording says."""

    label: Annotated[str, Field(description="As the browser named it.", examples=["Webcam"])]
    reported: Annotated[
        str, Field(description="Settings that the browser reported.", examples=["640x480 at 30/s"])
    ]
    recorded: Annotated[
        str, Field(description="What the file holds.", examples=["640x480 at 29.8/s"])
    ]
    frames_watched: Annotated[int, Field(description="Frames whose timing the page saw.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeResult:
    """The typed result."""

    verdict: Annotated[Verdict, Field(description="What the response is taken for.")]
    reasons: Annotated[tuple[Reason, ...], Field(description="Why; at least one.")]
    cues: Annotated[
        tuple[CueResult, ...], Field(description="Each cue; none where it ended early.")
    ]
    bits: Annotated[
        float, Field(description="Chance in what was looked at, log2 of possible plans.")
    ]
    camera: Annotated[Camera | None, Field(description="What is known of the camera.")] = None
    not_checked: Annotated[
        tuple[str, ...], Field(description="What nobody looked at, and what cannot be seen.")
    ] = ()
    models: Annotated[
        tuple[str, ...], Field(description="Weights that measured, with versions.")
    ] = ()
    movement: Annotated[
        str, Field(description="Hash of movement, to know the recording again; empty: none.")
    ] = ""
