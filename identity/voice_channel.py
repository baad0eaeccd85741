"""Bringing two stretches of speech to one channel, so that rooms and microphones make no speakers.

A stretch through another microphone, room or codec looks like another voice to an encoder. Here
each stretch is given the other's long-term spectrum and the noise that it lacks; what then still
differs is less likely to be the channel (docs/detectors/speaker_consistency.md has the figures).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.interview import Floats
from audit.perception.mel import mel_filters, mel_power
from identity.embeddings import similarity, unit
from identity.voice_encoder import BANDS, VoiceEncoder
from identity.voice_windows import MEL_FRAME, MEL_HOP, RATE, levelled

QUIET_SHARE = 40.0
FLOOR_SHARE = 8.0
SMOOTH_BANDS = 5
LEAST_POWER = 1e-10


@dataclass(frozen=True, slots=True)
class Channel:
    """Mean power of the louder frames, and the floor under the speech, per mel band, (40,)."""

    spectrum: Floats
    floor: Floats


def channel_of(windows: Floats) -> Channel:
    """The channel of windows (n, samples), each at the common level."""
    mels = mel_power(windows, rate=RATE, size=MEL_FRAME, hop=MEL_HOP, bands=BANDS)
    frames = mels.reshape(-1, BANDS)
    loudness = frames.sum(axis=1)
    loud = frames[loudness >= np.percentile(loudness, QUIET_SHARE)]
    spectrum = loud.mean(axis=0) + LEAST_POWER
    floor = np.percentile(frames, FLOOR_SHARE, axis=0)
    return Channel(spectrum.astype(np.float32), floor.astype(np.float32))


def similarity_in_one_channel(
    first: Floats, second: Floats, encoder: VoiceEncoder, seed: int
) -> float:
    """Cosine of the voices of two sets of windows (n, WINDOW) after their channels are matched.

    Each set gets the noise that the other has and it lacks; then the second is given the first's
    spectrum and the reverse, and the two cosines are averaged. `seed` makes the added noise.
    """
    noise = np.random.default_rng(seed)
    one, two = levelled(first), levelled(second)
    left, right = channel_of(one), channel_of(two)
    one, two = _noisier(one, left, right, noise), _noisier(two, right, left, noise)
    ratio = _smoothed(left.spectrum / right.spectrum)
    voice = [unit(encoder.embed(w).mean(axis=0)) for w in (one, two)]
    turned = [
        unit(encoder.embed(w).mean(axis=0))
        for w in (_shaped(one, 1.0 / ratio), _shaped(two, ratio))
    ]
    return (similarity(voice[0], turned[1]) + similarity(turned[0], voice[1])) / 2.0


def _noisier(windows: Floats, own: Channel, other: Channel, noise: np.random.Generator) -> Floats:
    """Windows with noise where the other floor, relative to its speech, is higher."""
    lacking = np.maximum(0.0, other.floor / other.spectrum - own.floor / own.spectrum)
    white = noise.standard_normal(windows.shape).astype(np.float32)
    unit_power = mel_power(white[:1], rate=RATE, size=MEL_FRAME, hop=MEL_HOP, bands=BANDS)
    wanted = lacking * own.spectrum / unit_power.mean(axis=(0, 1))
    result: Floats = (windows + _shaped(white, wanted)).astype(np.float32)
    return result


def _shaped(windows: Floats, power: Floats) -> Floats:
    """Windows filtered so that the power in each mel band is multiplied by `power` (40,)."""
    peaks = np.argmax(mel_filters(RATE, MEL_FRAME, BANDS), axis=1) * RATE / MEL_FRAME
    bins = np.fft.rfftfreq(windows.shape[1], 1.0 / RATE)
    gain = np.sqrt(np.interp(bins, peaks, power)).astype(np.float32)
    shaped: Floats = np.fft.irfft(
        np.fft.rfft(windows, axis=1) * gain, n=windows.shape[1], axis=1
    ).astype(np.float32)
    return shaped


def _smoothed(ratio: Floats) -> Floats:
    """Geometric mean over five neighbouring bands: the channel is smooth, formants are not."""
    half = SMOOTH_BANDS // 2
    padded = np.pad(np.log(ratio), half, mode="edge")
    smooth: Floats = np.exp(np.convolve(padded, np.ones(SMOOTH_BANDS) / SMOOTH_BANDS, "valid"))
    return smooth.astype(np.float32)
