"""Speech-like tracks and an encoder that tells them apart, for tests without weights."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from audit.interview import Audio, Floats, Interview, SpeechLog
from audit.types import Span, WeightUse
from identity import voice_line as lines
from identity.embeddings import unit

RATE = 16_000


class RhythmEncoder:
    """A voice is how fast its loudness beats: below 5 a second, below 9, and above."""

    id = "ge2e"  # judged by its operating points
    version = "1"

    def embed(self, windows: Floats) -> Floats:
        frames = windows[:, : windows.shape[1] // 160 * 160].reshape(len(windows), -1, 160)
        envelope = np.sqrt((frames**2).mean(axis=2))
        beats = np.abs(np.fft.rfft(envelope - envelope.mean(axis=1, keepdims=True), axis=1)) ** 2
        place = np.searchsorted([5.0, 9.0, 15.0], np.fft.rfftfreq(envelope.shape[1], 0.01))
        bands = np.stack([beats[:, place == k].sum(axis=1) for k in range(3)], axis=1)
        return unit(bands.astype(np.float32))

    def uses(self) -> tuple[WeightUse, ...]:
        return ()


class NoModels:
    """Models without any weight."""

    settings = None

    def uses(self, *_ids: str) -> tuple[WeightUse, ...]:
        return ()


def voice(beats: float, seconds: float, level: float = 4000.0) -> NDArray[np.int16]:
    """Noise whose loudness beats `beats` times a second: one voice of the toy encoder."""
    t = np.arange(round(seconds * RATE)) / RATE
    carrier = np.random.default_rng(round(beats * 100 + seconds)).standard_normal(len(t))
    return (level * carrier * (0.55 + 0.45 * np.sin(2 * np.pi * beats * t)) / 2).astype(np.int16)


def pause(seconds: float) -> NDArray[np.int16]:
    return np.zeros(round(seconds * RATE), dtype=np.int16)


def track(*parts: NDArray[np.int16]) -> tuple[Audio, tuple[Span, ...]]:
    """Parts in a row, and the spans of those that are not silent."""
    spans: list[Span] = []
    at = 0
    for part in parts:
        if part.any():
            spans.append(Span(at / RATE, (at + len(part)) / RATE))
        at += len(part)
    return Audio(np.concatenate(parts), RATE, 0.0, 48_000, 1), tuple(spans)


def interview(
    audio: Audio | None,
    spans: tuple[Span, ...] = (),
    *,
    models: Any = None,
    overlap: Floats | None = None,
    **more: Any,
) -> Interview:
    """A recording of sound alone, its speech given."""
    speech = None
    if audio is not None:
        probability = np.zeros(max(1, len(audio.samples) // 512), np.float32)
        step = 5.0 / 293 if overlap is not None else 0.0
        speech = SpeechLog(probability, 0.032, audio.start_s, spans, overlap, step)
    return Interview(
        label=more.pop("label", "recording"),
        facts=cast("Any", SimpleNamespace(duration_s=float(more.pop("duration_s", 0.0)))),
        models=cast("Any", models or NoModels()),
        source_path="",
        audio=audio,
        speech=speech,
        **more,
    )


def use_toy_encoder(monkeypatch: Any) -> None:
    """Let the detectors hear with the toy encoder."""
    monkeypatch.setattr(lines, "encoder_for", lambda _interview: RhythmEncoder())
