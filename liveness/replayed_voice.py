"""Is the voice heard live at the microphone, or from a loudspeaker in the room?

A logistic score of what loudspeakers and second rooms leave (`loudspeaker_traces`), fitted on
simulated chains by `datasets.recipes.replayed_voice`. Windows unlike those of the fit do not count,
and scores that both kinds give say nothing: then the signal is inconclusive.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from audit.calibration import records
from audit.conformal import ConformalRecord, conformal_records
from audit.detectors import DetectorSpec, operating_point
from audit.interview import Audio, Interview
from audit.types import Evidence, LikelihoodRatio, Question, Reason, Signal, Span, Status, Strength
from liveness.loudspeaker_traces import NAMES, Array, traces

SPEC = DetectorSpec(
    name="replayed_voice",
    version="1",
    questions=(Question.PRESENCE,),
    modality="audio",
    cause="voice_replay",
    strength=Strength.SUPPORTING,
    limits=(
        "Fitted on simulated loudspeakers and rooms: how it does on real ones is not known.",
        "Large loudspeakers, earphones at the microphone and sound fed in by cable leave no trace "
        "that this signal looks for.",
        "A headset, a telephone or a conference system can take the lows away as a loudspeaker "
        "does.",
    ),
)

SCORE_MEANING = (
    "median over windows of a log odds for speech from a loudspeaker; unbounded (about -15 to 15), "
    "higher = more like a loudspeaker"
)


@dataclass(frozen=True, slots=True)
class Model:
    """The logistic score and what recordings it was fitted on look like.

    Attributes:
        mean, scale, weights (27,): of the figures of `loudspeaker_traces`; `offset`: of the score.
        whitening (27, 27): brings familiar figures to unit covariance.
        most_distance: Mahalanobis distance up to which a window is familiar.
    """

    mean: Array
    scale: Array
    weights: Array
    offset: float
    whitening: Array
    most_distance: float

    def score(self, figures: Array) -> float:
        """Log odds for a loudspeaker."""
        return float(((figures - self.mean) / self.scale) @ self.weights + self.offset)

    def distance(self, figures: Array) -> float:
        """How far from the recordings of the fit, in standard deviations."""
        return float(np.linalg.norm(self.whitening @ ((figures - self.mean) / self.scale)))


@cache
def model() -> Model:
    """The model that ships (`replayed_voice.json`)."""
    text = resources.files("liveness").joinpath("replayed_voice.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    if tuple(found["figures"]) != NAMES:
        raise ValueError("replayed_voice.json was fitted on other figures; run its recipe again")
    return Model(
        mean=np.array(found["mean"]),
        scale=np.array(found["scale"]),
        weights=np.array(found["weights"]),
        offset=float(found["offset"]),
        whitening=np.array(found["whitening"]),
        most_distance=float(found["most_distance"]),
    )


@dataclass(frozen=True, slots=True)
class Heard:
    """One window with its score and how far it is from what the fit saw."""

    span: Span
    score: float
    distance: float

    @property
    def familiar(self) -> bool:
        """Whether the window is like those of the fit."""
        return self.distance <= model().most_distance


class ReplayedVoice:
    """The detector; see docs/detectors/replayed_voice.md."""

    spec = SPEC

    def inspect(self, interview: Interview) -> Signal:
        """A supporting signal on the voice; inconclusive on little or unfamiliar sound."""
        audio, speech = interview.audio, interview.speech
        if audio is None or speech is None:
            return SPEC.inconclusive("no_sound", "The recording has no sound that could be read.")
        point = operating_point("liveness", "replayed_voice")
        heard = listen_to(audio, speech.segments, point)
        if not heard:
            return SPEC.inconclusive(
                "little_speech",
                f"No window of {point['window_s']:g} s holds the {point['least_speech_s']:g} s of "
                f"speech that this signal needs ({speech.total_s:.1f} s of speech in all).",
            )
        return judge(heard)


def listen_to(audio: Audio, segments: Sequence[Span], point: Any) -> tuple[Heard, ...]:
    """Scores of windows that lie side by side and hold enough speech, spread over the recording."""
    length, least = float(point["window_s"]), float(point["least_speech_s"])
    if not segments:
        return ()
    begin, end = segments[0].start_s, segments[-1].end_s
    count = max(1, int((end - begin) / length))
    spans = [Span(begin + i * length, begin + (i + 1) * length) for i in range(count)]
    full = [span for span in spans if _spoken(segments, span) >= least]
    wanted = np.linspace(0, len(full) - 1, min(len(full), int(point["most_windows"])))
    heard = []
    for place in np.unique(np.round(wanted).astype(int)):
        figures = traces(audio.cut(full[place].start_s, full[place].end_s))
        if figures is not None:
            fitted = model()
            heard.append(Heard(full[place], fitted.score(figures), fitted.distance(figures)))
    return tuple(heard)


def _spoken(segments: Sequence[Span], span: Span) -> float:
    return sum(max(0.0, min(s.end_s, span.end_s) - max(s.start_s, span.start_s)) for s in segments)


def judge(heard: Sequence[Heard]) -> Signal:
    """The signal of a recording from its windows; at least half of them must be familiar."""
    record = conformal_records("liveness")["replayed_voice"]
    familiar = [h for h in heard if h.familiar]
    more: dict[str, Any] = {
        "score_meaning": SCORE_MEANING,
        "operating_point": f"review above {record.bona_fide_limit:.2f}, "
        f"no indication below {record.attack_limit:.2f}",
        "quality": round(len(familiar) / len(heard), 3),
        "measurements": {"windows": len(heard), "windows_familiar": len(familiar)},
    }
    if 2 * len(familiar) < len(heard):
        return SPEC.inconclusive(
            "unfamiliar_channel",
            f"{len(heard) - len(familiar)} of {len(heard)} windows of speech are unlike the "
            "recordings on which this signal was measured. Its score would say nothing.",
            **more,
        )
    score = float(np.median([h.score for h in familiar]))
    more |= {"score": round(score, 3), "likelihood_ratio": likelihood_ratio(score)}
    return _answered(score, familiar, record, more)


def likelihood_ratio(score: float) -> LikelihoodRatio:
    """For a loudspeaker against a live voice, within the bounds that the calibration supports."""
    return records("liveness")["replayed_voice"].likelihood_ratio(score)


def _answered(
    score: float, familiar: Sequence[Heard], record: ConformalRecord, more: dict[str, Any]
) -> Signal:
    answer = record.answer(score)
    if answer == "attack":
        high = [h for h in familiar if h.score > record.bona_fide_limit]
        text = (
            f"{len(high)} of {len(familiar)} windows of speech sound as if a loudspeaker played "
            "them: weak lows, uneven response or a second room. Listen to them: headsets, "
            "telephones and conference systems can sound alike."
        )
        more |= {"evidence": _evidence(high)}
        return SPEC.signal(Status.REVIEW, Reason("like_loudspeaker", text), **more)
    if answer == "bona fide":
        told = "One window" if len(familiar) == 1 else f"{len(familiar)} windows"
        text = f"{told} of speech could have been spoken near the microphone."
        return SPEC.signal(Status.NO_INDICATION, Reason("unlike_loudspeaker", text), **more)
    text = (
        "The windows of speech score as both live voices and loudspeakers do."
        if answer == "both possible"
        else "The windows of speech score as neither live voices nor loudspeakers do."
    )
    return SPEC.inconclusive("undecided", text, **more)


def _evidence(high: Sequence[Heard]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            start_s=round(h.span.start_s, 3),
            end_s=round(h.span.end_s, 3),
            text="Speech that scores like speech from a loudspeaker.",
            score=round(h.score, 3),
        )
        for h in high
    )
