"""How values are said: names, times, figures and the verbal scale. No measuring here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audit.calibration import BANDS
from reports.documents import SignalEntry

QUESTIONS = {
    "authenticity": "Was it captured by camera and microphone, or synthesised or manipulated?",
    "presence": "Was a live person before a real camera?",
    "identity": "Is it the same person throughout, and the same as before?",
    "assistance": "Was there a second voice or a hidden coach?",
}

VERDICTS = {
    "review": "Needs human review",
    "no_indication": "No indication",
    "inconclusive": "Inconclusive",
}

MEANINGS = {
    "review": "Something was measured that a person should look at. It is not a conclusion.",
    "no_indication": "Nothing that was measured asks for review. It is no proof that all is well.",
    "inconclusive": "What could be measured does not allow an answer. It counts neither way.",
}

STATUS_ORDER = ("review", "inconclusive", "no_indication")

_SIGNALS = {
    "container": "File container",
    "provenance": "Content Credentials",
    "frame_loop": "Repeated or frozen frames",
    "faces": "Faces in view",
    "presentation_attack": "Photo or screen before the camera",
    "face_consistency": "Face consistency",
    "face_reference": "Face against earlier recordings",
    "voice_activity": "Speech",
    "speaker_consistency": "Voice consistency",
    "voice_reference": "Voice against earlier recordings",
    "av_sync": "Mouth and sound in step",
    "physiology": "Blinks and head motion",
    "synthetic_speech": "Synthetic speech",
}


@dataclass(frozen=True, slots=True)
class Band:
    """A step of the verbal scale: likelihood ratios from 10**low up to 10**high."""

    low: float
    high: float
    words: str

    @property
    def range_words(self) -> str:
        """The band's likelihood ratios in figures."""
        if math.isinf(self.high):
            return f"{round(10**self.low):,} or more"
        return f"{round(10**self.low):,} to {round(10**self.high):,}"

    @property
    def log_words(self) -> str:
        """The band's log10 likelihood ratios in figures."""
        if math.isinf(self.high):
            return f"{self.low:g} or more"
        return f"{self.low:.2g} to {self.high:.2g}"


SCALE = tuple(
    Band(least, above, f"{word} support" if least else "no support either way")
    for (least, word), above in zip(
        [(0.0, "no"), *reversed(BANDS)],
        [*(least for least, _ in reversed(BANDS)), math.inf],
        strict=True,
    )
)
"""Verbal scale in the steps of the ENFSI Guideline for Evaluative Reporting (2015)."""


def band(log10_lr: float) -> Band:
    """The step of the scale for the size of `log10_lr`, whichever hypothesis it supports."""
    size = abs(log10_lr)
    return next(step for step in reversed(SCALE) if size >= step.low)


def support(log10_lr: float, hypotheses: tuple[str, str]) -> str:
    """A log10 likelihood ratio in words, naming the hypothesis it supports."""
    step = band(log10_lr)
    if step is SCALE[0]:
        return step.words
    return f"{step.words} for “{hypotheses[0 if log10_lr > 0 else 1]}”"


def signal_support(signal: SignalEntry) -> str:
    """What a signal's likelihood ratio says, or `uncalibrated`."""
    calibration = signal.calibration
    if signal.log10_lr is None or calibration == "uncalibrated":
        return "uncalibrated"
    first, second = calibration.hypotheses
    return support(signal.log10_lr, (first, second))


def title(name: str) -> str:
    """A signal's name for people."""
    return _SIGNALS.get(name) or plain(name).capitalize()


def plain(name: str) -> str:
    """A name without underscores."""
    return name.replace("_", " ")


def sentence(text: str) -> str:
    """`text` with a full stop, unless it has one."""
    return text if text.endswith((".", "!", "?", "”")) else f"{text}."


def clock(time_s: float) -> str:
    """A time as mm:ss.s; minutes go on counting past the hour."""
    tenths = round(abs(time_s) * 10)
    sign = "−" if time_s < 0 and tenths else ""
    return f"{sign}{tenths // 600:02d}:{tenths % 600 / 10:04.1f}"


def tick(time_s: float) -> str:
    """A time on the axis as mm:ss."""
    whole = round(time_s)
    return f"{whole // 60:02d}:{whole % 60:02d}"


def number(value: float | int | str | bool | None) -> str:
    """A figure to four significant digits; words stay, nothing is `not measured`."""
    if value is None:
        return "not measured"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value or "none"
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}".replace("-", "−")
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}").replace("-", "−")


def ratio(log10_lr: float) -> str:
    """A log10 likelihood ratio with its sign, two decimals."""
    return f"{log10_lr:+.2f}".replace("-", "−")


def size(count: int) -> str:
    """A file size: bytes, with mebibytes from a mebibyte on."""
    if count < 2**20:
        return f"{count:,} bytes"
    return f"{count / 2**20:.1f} MiB ({count:,} bytes)"
