"""Level, noise, clipping and bandwidth of a track, from its samples and its speech segments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.interview import Audio, Floats
from audit.types import Span

FRAME_S = 0.02
BLOCK_S = 60.0
CLIPPED_AT = 32_700
MARGIN_S = 0.1
MOST_SNR_DB = 60.0
SPECTRA = 2000
SPECTRUM = 512
BAND_FLOOR_DB = 50.0
SILENT_DBFS = -100.0


@dataclass(frozen=True, slots=True)
class Sound:
    """How a track sounds, apart from what is said.

    Attributes:
        level_dbfs: root mean square of the speech, dB below full scale.
        snr_db: speech power over the power between speech, 0..60 dB; where nothing lies between,
            over the quietest twentieth of the speech itself.
        clipped: share of speech samples at full scale, 0..1.
        bandwidth_hz: highest frequency within 50 dB of the strongest one in the mean spectrum of
            speech; at most half the analysis rate.
        frames_dbfs: level per 20 ms of the whole track, shape (n,).
    """

    level_dbfs: float
    snr_db: float
    clipped: float
    bandwidth_hz: float
    frames_dbfs: Floats


def sound_of(audio: Audio, segments: Sequence[Span]) -> Sound | None:
    """The sound of a track with these speech segments, or None where there is no speech."""
    power, clipped = _frame_powers(audio)
    times = np.asarray(audio.start_s + (np.arange(len(power)) + 0.5) * FRAME_S, np.float64)
    said = inside(times, segments)
    if not said.any():
        return None
    near = inside(times, [Span(s.start_s - MARGIN_S, s.end_s + MARGIN_S) for s in segments])
    speech = float(power[said].mean())
    noise = (
        float(np.median(power[~near])) if (~near).sum() * FRAME_S >= 0.3 else _quiet(power[said])
    )
    return Sound(
        level_dbfs=float(_db(np.array(speech))),
        snr_db=_snr(speech, noise),
        clipped=float(clipped[said].mean()),
        bandwidth_hz=_bandwidth(audio, np.flatnonzero(said)),
        frames_dbfs=_db(power).astype(np.float32),
    )


def inside(times_s: NDArray[np.float64], spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Which of the times lie inside one of the spans (sorted by start), shape (n,)."""
    found = np.zeros(len(times_s), dtype=bool)
    for span in spans:
        first, last = np.searchsorted(times_s, (span.start_s, span.end_s))
        found[first:last] = True
    return found


def _blocks(audio: Audio) -> Iterator[NDArray[np.int16]]:
    frame = round(FRAME_S * audio.rate)
    whole = len(audio.samples) // frame * frame
    step = round(BLOCK_S / FRAME_S) * frame
    for first in range(0, whole, step):
        yield audio.samples[first : min(whole, first + step)].reshape(-1, frame)


def _frame_powers(audio: Audio) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean square (full scale = 1) and share of clipped samples per frame."""
    powers, clipped = [np.zeros(0)], [np.zeros(0)]
    for block in _blocks(audio):
        powers.append(np.mean((block.astype(np.float32) / 32768.0) ** 2, axis=1, dtype=np.float64))
        clipped.append(((block >= CLIPPED_AT) | (block <= -CLIPPED_AT)).mean(axis=1))
    return np.concatenate(powers), np.concatenate(clipped)


def _quiet(powers: NDArray[np.float64]) -> float:
    return float(np.percentile(powers, 5))


def _snr(speech: float, noise: float) -> float:
    ratio = max(speech - noise, 1e-12) / max(noise, 1e-12)
    return float(np.clip(10.0 * np.log10(ratio), 0.0, MOST_SNR_DB))


def _db(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(10.0 * np.log10(np.maximum(power, 10.0 ** (SILENT_DBFS / 10.0))))


def _bandwidth(audio: Audio, frames: NDArray[np.int64]) -> float:
    """From at most 2000 spectra spread over the speech."""
    chosen = frames[np.linspace(0, len(frames) - 1, min(SPECTRA, len(frames))).astype(int)]
    starts = (chosen * FRAME_S * audio.rate).astype(np.int64)
    starts = starts[starts + SPECTRUM <= len(audio.samples)]
    if not len(starts):
        return 0.0
    rows = np.stack([audio.samples[a : a + SPECTRUM] for a in starts]).astype(np.float32)
    spectrum = np.mean(np.abs(np.fft.rfft(rows * np.hanning(SPECTRUM), axis=1)) ** 2, axis=0)
    if not spectrum.any():
        return 0.0
    strong = np.flatnonzero(10.0 * np.log10(spectrum / spectrum.max() + 1e-12) > -BAND_FLOOR_DB)
    return float(strong[-1] * audio.rate / SPECTRUM)
