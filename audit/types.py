"""Values that every part of a check shares. Frozen, without behaviour that touches the world.

Times are seconds from the start of the recording (the earliest presentation time of any
audio or video stream is 0). Frame numbers count presentation order from 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import Field


class Question(StrEnum):
    """The four questions a check answers apart, never in one number."""

    AUTHENTICITY = "authenticity"  # captured, or synthesised / manipulated?
    PRESENCE = (
        "presence"  # a live person before a real camera, or a presentation / injection attack?
    )
    IDENTITY = "identity"  # the same person throughout, and since earlier sessions?
    ASSISTANCE = "assistance"  # a second voice or a hidden coach?


class Status(StrEnum):
    """What a signal or a finding says. Nothing is worse than `review`."""

    NO_INDICATION = "no_indication"
    REVIEW = "review"
    INCONCLUSIVE = "inconclusive"


class Strength(StrEnum):
    """How much a signal may do alone.

    A `primary` signal with status `review` is enough for a finding `review`; `supporting`
    signals need agreement from at least two different causes.
    """

    PRIMARY = "primary"
    SUPPORTING = "supporting"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a stable `code` for programs, `text` in plain words for people."""

    code: Annotated[str, Field(description="A stable code, for programs.")]
    text: Annotated[str, Field(description="The same in words.")]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the recording, `start_s <= end_s`."""

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_s) and math.isfinite(self.end_s)):
            raise ValueError("a span needs finite times")
        if self.end_s < self.start_s:
            raise ValueError(f"span ends ({self.end_s}) before it starts ({self.start_s})")

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something a person can go and look at or listen to.

    Attributes:
        start_s, end_s: where in the recording.
        text: what is there, in plain words, without a conclusion about the person.
        score: the detector's value for this span, in the units of its signal's score.
        start_frame, end_frame: first and last frame, where the evidence is visual.
        track: the face track concerned.
        peer: the other place that matches this one (the source of a repeated span).
        frames_s: times whose frames are worth showing as thumbnails (at most 6).
        box: face or region in relative coordinates x0, y0, x1, y1 (0..1).
    """

    start_s: float
    end_s: float
    text: str
    score: float | None = None
    start_frame: int | None = None
    end_frame: int | None = None
    track: int | None = None
    peer: Span | None = None
    frames_s: tuple[float, ...] = ()
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A signal over time for the timeline; `None` where it could not be measured.

    At most 600 points; `audit.series.thin` makes it so.
    """

    name: str
    unit: str
    times_s: tuple[float, ...]
    values: tuple[float | None, ...]
    low: float | None = None
    high: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """log10 of P(score | first hypothesis) / P(score | second), bounded.

    `log10` already lies within `lower`..`upper`, the bounds that the calibration set supports.
    """

    log10: float
    lower: float
    upper: float
    hypotheses: tuple[str, str]
    calibration: str


@dataclass(frozen=True, slots=True)
class WeightUse:
    """A weight that took part, as it is named in reports."""

    id: str
    sha256: str
    licence: str
    commercial_use: bool
    source: str = ""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """The method behind a signal: detector name and version, and the weights it ran."""

    id: str
    version: str
    weights: tuple[WeightUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Signal:
    """What one detector found in one recording.

    Attributes:
        score: the detector's own figure, `None` when inconclusive. `score_meaning` states unit,
            range and direction.
        operating_point: the score at which status turns to `review`, with its direction in words.
        likelihood_ratio: `None` means that the signal is uncalibrated.
        quality: 0..1, how well the input suits this detector (0 = useless, 1 = as in its tests).
        reason: why the status is what it is; required when inconclusive.
        cause: signals with one cause are counted once (`face_appearance`, `voice`, `timing`, ...).
        measurements: named figures for the report (numbers, short words, booleans).
        status_by_question: where the status differs between the signal's questions; a question
            that is not named here has `status`.
    """

    name: str
    questions: tuple[Question, ...]
    status: Status
    reason: Reason
    model: ModelUse
    cause: str
    strength: Strength = Strength.PRIMARY
    score: float | None = None
    score_meaning: str = ""
    operating_point: str = ""
    likelihood_ratio: LikelihoodRatio | None = None
    quality: float | None = None
    quality_notes: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    series: tuple[Series, ...] = ()
    measurements: Mapping[str, float | int | str | bool | None] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    status_by_question: Mapping[Question, Status] = field(default_factory=dict)

    def status_for(self, question: Question) -> Status:
        """What the signal says to one of its questions."""
        return self.status_by_question.get(question, self.status)


@dataclass(frozen=True, slots=True)
class CauseWeight:
    """What one cause says of an attack: the log10 ratio of its strongest signal.

    Positive speaks for an attack. `channel`: what the cause looks at. `counted`: whether it enters
    the total; not so where a stronger cause of its channel says the same.
    """

    cause: str
    signal: str
    channel: str
    log10: float
    counted: bool = True


@dataclass(frozen=True, slots=True)
class EvidenceWeight:
    """What the signals of a question weigh together; see `audit.combination`.

    Attributes:
        log10: log10 ratio of an attack to none, within -`bound`..`bound`.
        support: its size in the words of the verbal scale.
        causes: what it was made from.
        prior: assumed share of recordings with an attack. It is stated, not multiplied in.
        even_at: the log10 ratio at which, with that prior, an attack is as likely as none.
    """

    log10: float
    bound: float
    support: str
    causes: tuple[CauseWeight, ...]
    prior: float
    even_at: float


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question, with the signals behind it.

    `weight` stands beside the verdict and never changes it; None where no ratio counts.
    """

    question: Question
    verdict: Status
    reasons: tuple[Reason, ...]
    signals: tuple[str, ...]
    not_covered: tuple[str, ...] = ()
    weight: EvidenceWeight | None = None
