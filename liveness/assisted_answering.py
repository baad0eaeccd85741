"""Signs of reading an answer or of being prompted: eyes, delays, rhythm, hesitation. Weak.

Off by default. Disability, a second language, nerves, notes that are allowed and many habits bring
about the same signs. Each group of signs may weigh .5 (log10) at most, one way or the other; the
weights are assumed from the literature, not fitted: there are no recordings to fit them on. The
signal never makes a finding (`audit.findings.BESIDE_PRIMARY`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.detectors import DetectorSpec, operating_point
from audit.interview import Interview
from audit.types import Question, Reason, Signal, Status, Strength
from liveness.answering import Figures, measured
from liveness.leading_face import leading

SPEC = DetectorSpec(
    name="assisted_answering",
    version="1",
    questions=(Question.ASSISTANCE,),
    modality="audiovisual",
    cause="assisted_answering",
    strength=Strength.SUPPORTING,
    optional=True,
    limits=(
        "Disability, a second language, nerves, neurodivergence, notes that are allowed and habit "
        "bring about the same signs.",
        "Who is flagged more often than others is not known: no recordings with groups exist.",
        "The weights are assumed, not measured. The sum is not a probability and not a likelihood "
        "ratio.",
        "Nobody can be shown to read or to be prompted by this signal, nor not to.",
    ),
)

MOST = 0.5
"""The most that one group of signs may weigh, log10, either way."""

SCORE_MEANING = (
    "sum of the assumed weights of up to four groups of signs, each within -.5 to .5; "
    "-2 to 1.5, higher = more like reading or being prompted"
)
GROUPS = ("gaze", "delay", "prosody", "disfluency")


class AssistedAnswering:
    """The detector; see docs/detectors/assisted_answering.md before turning it on."""

    spec = SPEC

    def inspect(self, interview: Interview) -> Signal:
        """A weak signal of at least two groups of signs; inconclusive on fewer."""
        audio, speech = interview.audio, interview.speech
        if audio is None or speech is None:
            return SPEC.inconclusive("no_sound", "The recording has no sound that could be read.")
        tracks = leading(interview.faces) if interview.faces is not None else ()
        point = operating_point("liveness", "assisted_answering")
        return judge(measured(audio, speech.segments, tracks), point)


def weights(figures: Figures, point: Mapping[str, Any]) -> dict[str, float]:
    """What each group of signs that was measured weighs, within -`MOST`..`MOST`."""
    found: dict[str, float] = {}
    if figures.sweeps_per_min is not None:
        found["gaze"] = _between(figures.sweeps_per_min, point["sweeps"])
    if figures.delay_s is not None and figures.delay_spread is not None:
        late = _between(figures.delay_s, point["delay_s"])
        found["delay"] = min(late, _between(figures.delay_spread, point["delay_spread"]))
    if figures.pause_spread is not None:
        found["prosody"] = _between(figures.pause_spread, point["pause_spread"])
    if figures.fillers_per_min is not None:
        found["disfluency"] = _between(figures.fillers_per_min, point["fillers"])
    return found


def _between(value: float, ends: tuple[float, float]) -> float:
    """-`MOST` at the first end and beyond, `MOST` at the second, straight between."""
    share = (value - ends[0]) / (ends[1] - ends[0])
    return float(np.clip(2 * MOST * share - MOST, -MOST, MOST))


def judge(figures: Figures, point: Mapping[str, Any]) -> Signal:
    """The signal of a recording's figures."""
    found = weights(figures, point)
    more: dict[str, Any] = {
        "score_meaning": SCORE_MEANING,
        "operating_point": f"review at {point['review_at']:g} or above",
        "quality": len(found) / len(GROUPS),
        "measurements": _measurements(figures, found),
    }
    if len(found) < point["least_groups"]:
        return SPEC.inconclusive(
            "too_little",
            f"Of eyes, delays, rhythm and hesitation {len(found)} could be measured; this signal "
            f"needs {point['least_groups']}.",
            **more,
        )
    score = round(sum(found.values()), 3)
    more["score"] = score
    named = ", ".join(g for g in GROUPS if found.get(g, 0.0) > 0.0)
    if score >= point["review_at"]:
        text = (
            f"Weak signs of reading or of being prompted: {named}. Disability, a second language, "
            "nerves or allowed notes bring about the same."
        )
        return SPEC.signal(Status.REVIEW, Reason("reading_signs", text), **more)
    text = "Eyes, delays, rhythm and hesitation show no more than ordinary signs of reading."
    return SPEC.signal(Status.NO_INDICATION, Reason("no_reading_signs", text), **more)


def _measurements(
    figures: Figures, found: Mapping[str, float]
) -> dict[str, float | int | str | bool | None]:
    names = (
        *("sweeps_per_min", "watched_s", "delay_s", "delay_spread", "turns", "rate_spread"),
        *("pause_spread", "pitch_range", "fillers_per_min", "speech_s"),
    )
    shown: dict[str, float | int | str | bool | None] = {}
    for name in names:
        value = getattr(figures, name)
        shown[name] = None if value is None else round(value, 3)
    return shown | {f"assumed_weight_{g}": round(w, 3) for g, w in found.items()}
