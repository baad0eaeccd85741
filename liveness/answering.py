"""How somebody answers: eyes, delays, rhythm and hesitation, as figures without a verdict.

Sources: return sweeps of reading eyes, Rayner, Psychological Bulletin 124 (1998) 372; delays
between turns, Stivers et al., PNAS 106 (2009) 10587; read against spontaneous speech (steadier
rate, more regular pauses, no filled pauses), Howell and Kadi-Hanifi, Speech Communication 10 (1991)
163, and Goldman-Eisler, "Psycholinguistics" (1968); filled pauses as steady vowels, Goto et al.,
Eurospeech 1999.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

from audit.interview import Audio, FaceTrack, Floats
from audit.types import Span

Array = NDArray[np.float64]

RATE = 16_000
FRAME = 640  # 40 ms
HOP = 160  # 10 ms
STEP_S = HOP / RATE
PITCH_HZ = (70.0, 400.0)
VOICED = 0.5  # normalised autocorrelation (Boersma 1993)
EDGES_HZ = (100, 300, 600, 1000, 1600, 2400, 3400, 5000, 7000)
MOST_SPEECH_S = 600.0

SWEEP_S = 0.2  # a return sweep takes less: 40 to 80 ms, and a frame on either side
SWEEP = 0.06  # eye widths, about 5 degrees
RUN_S = (0.6, 5.0)  # a line is read in this time

LONG_S = 1.5  # stretches in which a rate of syllables means something
PAUSE_S = (0.15, 3.0)
MOVED = 0.03  # deviation of the lip gap of a mouth that speaks
SHUT = 0.015
TURN_S = 0.8


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; None where there was too little to measure.

    Attributes:
        sweeps_per_min: return sweeps of the eyes per minute of watched time. watched_s: that time.
        delay_s, delay_spread: median seconds from the end of another's turn to one's own, and their
            standard deviation over their mean. turns: how many.
        rate_spread, pause_spread: standard deviation over mean of syllable rate by stretch of
            speech, and of pauses. pitch_range: 5th to 95th percentile, semitones.
        fillers_per_min: steady vowels of a quarter second or more per minute of speech.
        speech_s: seconds of speech that were listened to.
    """

    sweeps_per_min: float | None
    watched_s: float
    delay_s: float | None
    delay_spread: float | None
    turns: int
    rate_spread: float | None
    pause_spread: float | None
    pitch_range: float | None
    fillers_per_min: float | None
    speech_s: float


def measured(audio: Audio, segments: Sequence[Span], tracks: Sequence[FaceTrack]) -> Figures:
    """All figures of one recording. `tracks`: the leading face."""
    sweeps, watched = _sweeps(tracks)
    delays = _delays(segments, tracks)
    spoken = _first(segments, MOST_SPEECH_S)
    sounds = [_sound(audio.cut(s.start_s, s.end_s)) for s in spoken]
    speech_s = sum(s.duration_s for s in spoken)
    rates = [x.rate for s, x in zip(spoken, sounds, strict=True) if s.duration_s >= LONG_S and x]
    pauses = _pauses(spoken, tracks)
    pitch = np.concatenate([x.pitch for x in sounds if x] or [np.zeros(0)])
    fillers = sum(x.fillers for x in sounds if x)
    return Figures(
        sweeps_per_min=sweeps / watched * 60 if watched >= 20.0 else None,
        watched_s=watched,
        delay_s=float(np.median(delays)) if len(delays) >= 5 else None,
        delay_spread=_spread(delays, 5),
        turns=len(delays),
        rate_spread=_spread(rates, 8),
        pause_spread=_spread(pauses, 10),
        pitch_range=_semitones(pitch) if len(pitch) >= 500 else None,
        fillers_per_min=fillers / speech_s * 60 if speech_s >= 45.0 else None,
        speech_s=speech_s,
    )


def _spread(values: Sequence[float], least: int) -> float | None:
    if len(values) < least:
        return None
    return float(np.std(values) / max(float(np.mean(values)), 1e-6))


def _first(segments: Sequence[Span], most_s: float) -> list[Span]:
    before = np.cumsum([0.0, *(s.duration_s for s in segments)])
    return [s for s, b in zip(segments, before[:-1], strict=True) if b < most_s]


# --- eyes ---------------------------------------------------------------------------------------


def _sweeps(tracks: Sequence[FaceTrack]) -> tuple[int, float]:
    """Return sweeps in the commoner direction, and seconds watched frame by frame."""
    found, watched = np.zeros(2, int), 0.0
    for track in tracks:
        if track.gaze is None:
            continue
        seen = track.dense & np.isfinite(track.gaze[:, 0])
        times, across = track.times_s[seen], track.gaze[seen, 0].astype(np.float64)
        for part in np.split(np.arange(len(times)), np.flatnonzero(np.diff(times) > 0.3) + 1):
            if len(part) < 10:
                continue
            watched += float(times[part[-1]] - times[part[0]])
            smooth = signal.medfilt(across[part], 3)
            found += [_returns(times[part], sign * smooth) for sign in (1.0, -1.0)]
    return int(found.max()), watched


def _returns(times: Array, across: Array) -> int:
    """Fast moves down by `SWEEP` after a slower climb of more than half of it."""
    count, since, i = 0, 0, 1
    while i < len(times):
        first = int(np.searchsorted(times, times[i] - SWEEP_S))
        start = first + int(np.argmax(across[first : i + 1]))
        fell = across[start] - across[i] >= SWEEP
        if fell:
            lasted = times[start] - times[since]
            climbed = across[start] - across[since] >= SWEEP / 2
            count += bool(RUN_S[0] <= lasted <= RUN_S[1] and climbed)
            low = i + int(np.argmin(across[i : i + 5]))
            since, i = low, low
        i += 1
    return count


# --- turns --------------------------------------------------------------------------------------


def _delays(segments: Sequence[Span], tracks: Sequence[FaceTrack]) -> list[float]:
    """Seconds from the end of speech with a shut mouth to speech with a moving one."""
    turns = [(s, _own(s, tracks)) for s in segments if s.duration_s >= TURN_S]
    return [
        b.start_s - a.end_s
        for (a, first), (b, second) in itertools.pairwise(turns)
        if first is False and second is True and b.start_s - a.end_s < 20.0
    ]


def _pauses(segments: Sequence[Span], tracks: Sequence[FaceTrack]) -> list[float]:
    """Pauses within what one person says, as far as the visible mouth tells."""
    own = [_own(s, tracks) for s in segments]
    return [
        b.start_s - a.end_s
        for a, b, first, second in zip(segments[:-1], segments[1:], own[:-1], own[1:], strict=True)
        if PAUSE_S[0] <= b.start_s - a.end_s <= PAUSE_S[1] and first is second
    ]


def _own(span: Span, tracks: Sequence[FaceTrack]) -> bool | None:
    """Whether the visible mouth speaks in this stretch; None where it was not seen well."""
    for track in tracks:
        inside = (track.times_s >= span.start_s) & (track.times_s <= span.end_s)
        if inside.sum() >= 8:
            moved = float(np.std(track.mouth_open[inside]))
            return True if moved >= MOVED else False if moved <= SHUT else None
    return None


# --- sound --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sound:
    """One stretch: syllables per second, pitch of voiced frames (Hz), number of steady vowels."""

    rate: float
    pitch: Array
    fillers: int


def _sound(samples: Floats) -> _Sound | None:
    if len(samples) < RATE // 2:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), FRAME)[::HOP]
    power = np.abs(fft.rfft(frames * np.hanning(FRAME), 2 * FRAME, axis=1)) ** 2
    pitch, voiced = _pitch(power)
    edges = np.round(np.array(EDGES_HZ) * 2 * FRAME / RATE).astype(int)
    pairs = itertools.pairwise(edges)
    bands = 10 * np.log10(np.stack([power[:, a:b].mean(1) for a, b in pairs], axis=1) + 1e-10)
    envelope = np.convolve(bands[:, 1:6].mean(1), np.ones(5) / 5, "same")
    peaks, _ = signal.find_peaks(envelope, prominence=3.0, distance=8)
    rate = len(peaks) / (len(samples) / RATE)
    return _Sound(rate, pitch[voiced], _steady(pitch, voiced, bands))


def _pitch(power: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Pitch per frame and whether it is voiced."""
    found = fft.irfft(power, axis=1)[:, :FRAME]
    own = fft.irfft(np.abs(fft.rfft(np.hanning(FRAME), 2 * FRAME)) ** 2)[:FRAME]
    unit = found / np.maximum(found[:, :1], 1e-12) / np.maximum(own / own[0], 0.1)
    low, high = round(RATE / PITCH_HZ[1]), round(RATE / PITCH_HZ[0])
    lag = low + np.argmax(unit[:, low:high], axis=1)
    return RATE / lag, unit[np.arange(len(unit)), lag] > VOICED


def _steady(pitch: Array, voiced: NDArray[np.bool_], bands: Array, least_s: float = 0.25) -> int:
    """Stretches of `least_s` or more with a steady pitch (1 semitone) and spectrum (3 dB)."""
    size = round(least_s / STEP_S)
    if len(pitch) < size:
        return 0
    semitones = 12 * np.log2(pitch)
    runs = np.lib.stride_tricks.sliding_window_view(semitones, size).std(axis=1)
    sounds = np.lib.stride_tricks.sliding_window_view(voiced, size).all(axis=1)
    colours = np.lib.stride_tricks.sliding_window_view(bands[:, :6], size, axis=0)
    steady = sounds & (runs <= 1.0) & (colours.std(axis=2).mean(axis=1) <= 3.0)
    starts = np.flatnonzero(steady & ~np.concatenate([[False], steady[:-1]]))
    return len(starts)


def _semitones(pitch: Array) -> float:
    low, high = np.percentile(pitch, [5, 95])
    return float(12 * np.log2(high / low))
