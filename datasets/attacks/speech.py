"""Speech that no one said this way: copies of real utterances through vocoders, and other voices.

A copy keeps words, speaker and recording and changes only what a vocoder changes, so a detector
that is trained on pairs of an utterance and its copy cannot learn the corpus instead. Everything
here is numpy and scipy; WORLD's own code (`pyworld`) is used where it is installed. Speech is mono
at 16 kHz, -1..1. Text-to-speech engines are in `datasets.attacks.speech_engines`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, linalg, signal

from audit.types import Question
from datasets.attacks.species import Species

Floats = NDArray[np.float32]
Array = NDArray[np.float64]
Spectrum = NDArray[np.complex128]
Random = np.random.Generator
Copy = Callable[[Floats, Random], Floats]

RATE = 16_000
HOP = 80  # 5 ms
FFT = 512
PITCH_LOW, PITCH_HIGH = 60.0, 400.0
VOICED = 0.45  # normalised autocorrelation from which a frame counts as voiced (Boersma 1993)
SILENCE = 1e-10


class EngineMissing(RuntimeError):
    """A speech engine or library is not installed; the text says what to install."""


# --- analysis -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a source-filter vocoder keeps of an utterance, per 5 ms.

    Attributes:
        pitch (n,): Hz, 0 where unvoiced.
        envelope (n, FFT // 2 + 1): power per bin of a frame of `FFT` samples under a Hann window.
        rough (n, FFT // 2 + 1): share of the power that is noise, 0..1.
        count: samples of the utterance.
    """

    pitch: Array
    envelope: Array
    rough: Array
    count: int


def frames(samples: Floats, size: int, hop: int) -> Array:
    """Frames centred on multiples of `hop`, shape (1 + n // hop, size)."""
    padded = np.pad(np.asarray(samples, dtype=np.float64), size // 2 + 1)
    wide = np.lib.stride_tricks.sliding_window_view(padded, size)
    return np.asarray(wide[::hop][: 1 + len(samples) // hop])


def pitch_of(samples: Floats) -> tuple[Array, Array]:
    """Pitch in Hz (0 unvoiced) and strength of voicing 0..1, per 5 ms.

    Autocorrelation under a window, divided by the window's own (Boersma 1993), then a median over
    25 ms against jumps by an octave.
    """
    size = 1024
    window = np.hanning(size)
    cut = frames(samples, size, HOP) * window
    cut -= cut.mean(1, keepdims=True)
    power = np.abs(fft.rfft(cut, 2 * size, axis=1)) ** 2
    found = fft.irfft(power, axis=1)[:, :size]
    own = fft.irfft(np.abs(fft.rfft(window, 2 * size)) ** 2)[:size]
    ratio = found / np.maximum(found[:, :1], SILENCE) / np.maximum(own / own[0], 1e-3)
    first, last = round(RATE / PITCH_HIGH), round(RATE / PITCH_LOW)
    lags = np.arange(first, last)
    # A small cost per octave prefers the shortest of several periods that fit alike.
    best = np.argmax(ratio[:, first:last] - 0.03 * np.log2(lags / first), axis=1)
    strength = np.clip(ratio[np.arange(len(ratio)), best + first], 0.0, 1.0)
    loud = found[:, 0] > found[:, 0].max() * 1e-5
    pitch = np.where((strength > VOICED) & loud, RATE / lags[best], 0.0)
    return signal.medfilt(pitch, 5), strength


def analysed(samples: Floats) -> Analysis:
    """Pitch, cepstrally smoothed envelope and roughness of an utterance."""
    pitch, strength = pitch_of(samples)
    cut = frames(samples, FFT, HOP) * np.hanning(FFT)
    power = np.abs(fft.rfft(cut, axis=1)) ** 2 + SILENCE
    keep = np.where(pitch > 0, np.minimum(RATE / np.maximum(pitch, 1.0) * 0.7, 60.0), 30.0)
    cepstrum = fft.irfft(np.log(power), axis=1)
    quefrency = np.minimum(np.arange(FFT), FFT - np.arange(FFT))
    lifter = 0.5 * (1 + np.cos(np.pi * np.minimum(quefrency[None] / keep[:, None], 1.0)))
    envelope = np.exp(fft.rfft(cepstrum * lifter, axis=1).real)
    # Roughness rises with frequency: from what is not periodic at the bottom to all of it on top.
    hertz = np.linspace(0, RATE / 2, FFT // 2 + 1)
    edge = 1000.0 + 5000.0 * np.clip(strength, 0, 1)[:, None]
    rough = np.clip((1 - strength)[:, None] + 1 / (1 + np.exp((edge - hertz) / 600.0)), 0.02, 1.0)
    rough[pitch == 0] = 1.0
    return Analysis(pitch, envelope, rough, len(samples))


def added_up(pieces: Array, hop: int, count: int) -> Array:
    """Frames laid over one another at multiples of `hop`, centred; the first `count` samples."""
    size = pieces.shape[1]
    out = np.zeros(len(pieces) * hop + size)
    for row, piece in enumerate(pieces):
        out[row * hop : row * hop + size] += piece
    return out[size // 2 : size // 2 + count]


def loud_as(copy: Array, samples: Floats) -> Floats:
    """Of the same power as `samples` and within full scale."""
    gain = float(np.std(samples)) / max(float(np.std(copy)), 1e-9)
    found = copy * gain
    return (found / max(1.0, float(np.abs(found).max()) / 0.99)).astype(np.float32)


# --- vocoders -----------------------------------------------------------------------------------


def rendered(voice: Analysis, random: Random) -> Array:
    """Pulses and noise through minimum-phase filters (the classic mixed-excitation vocoder)."""
    pulses, noise = _excitations(voice, random)
    out = np.zeros(voice.count)
    log_power = np.log(np.maximum(voice.envelope, SILENCE))
    for source, share in ((pulses, 1.0 - voice.rough), (noise, voice.rough)):
        filters = _minimum_phase(log_power + np.log(np.maximum(share, 1e-6)))
        cut = frames(source.astype(np.float32), 2 * HOP, HOP) * signal.windows.hann(2 * HOP, False)
        count = min(len(cut), len(filters))
        bins = fft.rfft(cut[:count], 2 * FFT, axis=1) * fft.rfft(filters[:count], 2 * FFT, axis=1)
        # Overlap-add of filtered pieces: each begins where its excitation begins.
        pieces = fft.irfft(bins, axis=1)
        whole = np.zeros(count * HOP + 2 * FFT)
        for row, piece in enumerate(pieces):
            whole[row * HOP : row * HOP + 2 * FFT] += piece
        out += whole[HOP : HOP + voice.count]
    return out


def _excitations(voice: Analysis, random: Random) -> tuple[Array, Array]:
    """Unit-power pulses at the pitch, and white noise."""
    contour = np.interp(np.arange(voice.count), np.arange(len(voice.pitch)) * HOP, voice.pitch)
    on = np.repeat(voice.pitch > 0, HOP)[: voice.count]
    on = np.pad(on, (0, voice.count - len(on)))
    turns = np.floor(np.cumsum(np.where(on, contour, 0.0) / RATE))
    pulses = np.diff(turns, prepend=0.0) * on
    pulses *= np.sqrt(RATE / np.maximum(contour, PITCH_LOW))
    return pulses, random.standard_normal(voice.count)


def _minimum_phase(log_power: Array) -> Array:
    """Impulse responses, shape (n, FFT), of minimum phase with this log power (Oppenheim)."""
    cepstrum = fft.irfft(log_power / 2, axis=1)
    cepstrum[:, 1 : FFT // 2] *= 2
    cepstrum[:, FFT // 2 + 1 :] = 0
    return np.asarray(fft.irfft(np.exp(fft.rfft(cepstrum, axis=1)), axis=1))


def cepstral(samples: Floats, random: Random) -> Floats:
    """Pulse and noise through the cepstral envelope, minimum phase."""
    return loud_as(rendered(analysed(samples), random), samples)


def predictive(samples: Floats, random: Random, *, order: int = 18) -> Floats:
    """Linear prediction (Atal and Hanauer 1971) driven by pulses or noise: the buzzy classic."""
    pitch, _ = pitch_of(samples)
    emphasised = signal.lfilter([1, -0.97], [1], samples)
    size = 400
    cut = frames(emphasised.astype(np.float32), size, HOP) * np.hanning(size)
    voice = Analysis(pitch, np.zeros((1, 1)), np.zeros((1, 1)), len(samples))
    pulses, noise = _excitations(voice, random)
    out, state = np.zeros(len(samples)), np.zeros(order)
    for row, frame in enumerate(cut[: len(samples) // HOP]):
        lags = np.correlate(frame, frame, "full")[size - 1 : size + order]
        lags[0] = lags[0] * 1.0001 + SILENCE
        weights = linalg.solve_toeplitz(lags[:-1], lags[1:])
        gain = np.sqrt(max(float(lags[0] - weights @ lags[1:]), 0.0) / (0.375 * size))
        part = slice(row * HOP, (row + 1) * HOP)
        source = (pulses if pitch[row] > 0 else noise)[part] * gain
        out[part], state = signal.lfilter([1.0], np.r_[1.0, -weights], source, zi=state)
    return loud_as(signal.lfilter([1.0], [1, -0.97], out), samples)


def harmonic(samples: Floats, random: Random) -> Floats:
    """Sinusoids at the harmonics up to 4 to 6 kHz plus filtered noise (Stylianou 2001)."""
    voice = analysed(samples)
    places = np.arange(len(samples)) / HOP
    pitch = np.interp(places, np.arange(len(voice.pitch)), voice.pitch)
    on = np.interp(places, np.arange(len(voice.pitch)), (voice.pitch > 0).astype(np.float64))
    phase = 2 * np.pi * np.cumsum(pitch / RATE)
    out = np.zeros(len(samples))
    rows = np.arange(len(voice.pitch))
    for number in range(1, 60):
        hertz = np.minimum(number * voice.pitch, RATE / 2 - 1)
        bins = np.round(hertz / (RATE / FFT)).astype(int)
        amplitude = np.sqrt(voice.envelope[rows, bins] * (1 - voice.rough[rows, bins]))
        amplitude *= (hertz < 6000) * (voice.pitch > 0) * np.sqrt(np.maximum(voice.pitch, 1.0))
        if not amplitude.any():
            break
        out += np.interp(places, rows, amplitude) * on * np.cos(number * phase)
    noise = Analysis(np.zeros_like(voice.pitch), voice.envelope, voice.rough, voice.count)
    return loud_as(out * np.sqrt(2.0 / RATE) + rendered(noise, random), samples)


def _stft(samples: Array | Floats, size: int, hop: int) -> Spectrum:
    return np.asarray(
        fft.rfft(
            frames(np.asarray(samples, np.float32), size, hop) * signal.windows.hann(size, False),
            axis=1,
        )
    )


def _inverse(bins: Spectrum, size: int, hop: int, count: int) -> Array:
    window = signal.windows.hann(size, False)
    total = added_up(np.tile(window**2, (len(bins), 1)), hop, count)
    return added_up(fft.irfft(bins, size, axis=1) * window, hop, count) / np.maximum(total, 1e-3)


def griffin_lim(
    samples: Floats, random: Random, *, rounds: int = 32, mels: int = 0, size: int = 512
) -> Floats:
    """Phases found anew from magnitudes (Griffin and Lim 1984, fast variant of Perraudin 2013).

    With `mels` the magnitudes come back from that many mel bands, as a text-to-speech model
    without a neural vocoder would give them.
    """
    hop = size // 4
    wanted = np.abs(_stft(samples, size, hop))
    if mels:
        bank = mel_bank(mels, size)
        wanted = np.sqrt(np.maximum((wanted**2 @ bank.T) @ linalg.pinv(bank).T, SILENCE))
    guess = wanted * np.exp(2j * np.pi * random.random(wanted.shape))
    before = np.zeros_like(guess)
    for _ in range(rounds):
        now = _stft(_inverse(guess, size, hop, len(samples)), size, hop)
        faster = now + 0.99 * (now - before)
        guess = wanted * np.exp(1j * np.angle(faster))
        before = now
    return loud_as(_inverse(guess, size, hop, len(samples)), samples)


def mel_bank(count: int, size: int) -> Array:
    """Triangles of equal height on the mel scale (O'Shaughnessy) from 0 to 8 kHz."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, count + 2) / 2595) - 1)
    hertz = np.linspace(0, RATE / 2, size // 2 + 1)
    rise = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    return np.maximum(np.minimum(rise, fall), 0.0)


def mel_copy(samples: Floats, random: Random) -> Floats:
    """Magnitudes from 80 mel bands, phases by Griffin-Lim."""
    return griffin_lim(samples, random, rounds=16, mels=80, size=1024)


def stretched(samples: Floats, ratio: float, *, size: int = 1024) -> Array:
    """Longer by `ratio` at the same pitch: phase vocoder (Flanagan and Golden 1966)."""
    hop = size // 4
    bins = _stft(samples, size, hop)
    times = np.arange(0, len(bins) - 1, 1 / ratio)
    low, share = times.astype(int), (times % 1.0)[:, None]
    size_now = np.abs(bins[low]) * (1 - share) + np.abs(bins[low + 1]) * share
    steps = np.angle(bins[low + 1] * np.conj(bins[low]))
    phase = np.angle(bins[0]) + np.cumsum(np.vstack([np.zeros_like(steps[:1]), steps[:-1]]), axis=0)
    return _inverse(size_now * np.exp(1j * phase), size, hop, round(len(samples) * ratio))


def phase_vocoder(samples: Floats, random: Random) -> Floats:
    """Stretched by up to a third and back: only the phases are wrong."""
    ratio = float(random.uniform(1.1, 1.33))
    back = stretched(stretched(samples, ratio).astype(np.float32), 1 / ratio)
    return loud_as(np.pad(back, (0, max(0, len(samples) - len(back))))[: len(samples)], samples)


def subband(samples: Floats, random: Random) -> Floats:
    """A channel vocoder (Dudley 1939): power of 20 to 40 bands per 10 ms on pulses and noise."""
    voice = analysed(samples)
    pulses, hiss = _excitations(voice, random)
    size, hop = 512, 160
    bank = mel_bank(int(random.integers(20, 41)), size)
    bank /= bank.sum(1, keepdims=True)
    spread = bank / np.maximum(bank.sum(0), 1e-9)
    wanted = np.abs(_stft(samples, size, hop)) ** 2 @ bank.T
    voiced = np.interp(
        np.arange(len(wanted)) * hop, np.arange(len(voice.pitch)) * HOP, voice.pitch > 0
    )
    out = np.zeros(len(samples))
    edge = float(random.uniform(3000, 6000))
    share = voiced[:, None] / (1 + np.exp((np.linspace(0, RATE / 2, 257) - edge) / 400))
    for source, part in ((pulses, share), (hiss, 1 - share)):
        bins = _stft(source, size, hop)
        gain = (wanted / np.maximum(np.abs(bins) ** 2 @ bank.T, 1e-3)) @ spread
        out += _inverse(bins * np.sqrt(gain * part), size, hop, len(samples))
    return loud_as(out, samples)


def phase_noise(samples: Floats, random: Random) -> Floats:
    """Its own magnitudes under phases that are off by a random angle, more so at the top.

    As networks that predict spectra leave them: the bottom nearly right, the top diffuse.
    """
    size = int(random.choice([256, 512, 1024]))
    bins = _stft(samples, size, size // 4)
    edge, most = random.uniform(0.0, 4000.0), random.uniform(0.5, 3.0)
    rise = np.clip((np.linspace(0, RATE / 2, size // 2 + 1) - edge) / 4000.0, 0.08, 1.0)
    turn = random.standard_normal(bins.shape) * rise * most
    return loud_as(_inverse(bins * np.exp(1j * turn), size, size // 4, len(samples)), samples)


def upsampled(samples: Floats, random: Random) -> Floats:
    """Built up in steps by kernels whose phases differ, as transposed convolutions do.

    A transposed convolution of stride r has r interleaved kernels; where they are not alike, images
    of the spectrum appear around multiples of the rate over r (Odena et al. 2016). Each step here
    filters every r-th sample by a kernel of its own and bends the sum a little; above 2.5 to 6 kHz
    it is noise with the power of the original over 25 bins.
    """
    out = np.asarray(samples, dtype=np.float64)
    for factor in random.permutation([2, 4, 5])[: int(random.integers(1, 4))]:
        own = random.uniform(0.03, 0.15) * random.standard_normal((factor, 5))
        own[:, 2] += 1.0
        phases = [
            np.convolve(out, kernel, "same")[place::factor] for place, kernel in enumerate(own)
        ]
        bent = out.copy()
        for place, part in enumerate(phases):
            bent[place::factor] = part
        out = bent + random.uniform(0.0, 0.1) * np.abs(bent)
    out -= out.mean()
    edge = float(random.uniform(2500, 6000))
    top = _stft(samples, FFT, FFT // 4)
    hertz = np.linspace(0, RATE / 2, FFT // 2 + 1)
    power = signal.convolve2d(np.abs(top) ** 2, np.ones((2, 25)) / 50, "same", "symm")
    hiss = _stft(random.standard_normal(len(samples)), FFT, FFT // 4)
    hiss *= np.sqrt(power / np.mean(np.abs(hiss) ** 2)) / (1 + np.exp((edge - hertz) / 150))
    low = _stft(out, FFT, FFT // 4) / (1 + np.exp((hertz - edge) / 150))
    return loud_as(_inverse(low + hiss, FFT, FFT // 4, len(samples)), samples)


# --- other voices -------------------------------------------------------------------------------


def shifted(samples: Floats, random: Random, *, most: float = 0.25) -> Floats:
    """Another voice: pitch and formants moved, up or down, by up to `most` (share)."""
    voice = analysed(samples)
    way = 1.0 if random.random() < 0.5 else -1.0
    tract = (1 + float(random.uniform(most / 2, most))) ** way
    pitch = voice.pitch * (1 + float(random.uniform(most, 2 * most))) ** way
    place = np.linspace(0, FFT // 2, FFT // 2 + 1)
    warped = np.stack([np.interp(place / tract, place, row) for row in voice.envelope])
    made = Analysis(np.clip(pitch, 0, 500), warped, voice.rough, voice.count)
    return loud_as(rendered(made, random), samples)


def swapped(samples: Floats, other: Floats, random: Random) -> Floats:
    """The words of `samples` with the long-term envelope and the pitch range of `other`."""
    words, donor = analysed(samples), analysed(other)

    def mean_log(voice: Analysis) -> Array:
        spoken = voice.pitch > 0
        rows = voice.envelope[spoken] if spoken.any() else voice.envelope
        return np.asarray(np.log(rows).mean(0))

    change = mean_log(donor) - mean_log(words)
    change = np.clip(change - change.mean(), -3.0, 3.0)
    mine, theirs = (
        float(np.median(v.pitch[v.pitch > 0])) if (v.pitch > 0).any() else 120.0
        for v in (words, donor)
    )
    pitch = np.clip(words.pitch * theirs / mine, 0, 500)
    made = Analysis(pitch, words.envelope * np.exp(change), words.rough, words.count)
    return loud_as(rendered(made, random), samples)


# --- WORLD --------------------------------------------------------------------------------------


def _world() -> Any:
    try:
        return import_module("pyworld")
    except ImportError as error:
        raise EngineMissing("WORLD copies need the Python package pyworld.") from error


def world(samples: Floats, _: Random, *, pitch: float = 1.0, tract: float = 1.0) -> Floats:
    """WORLD (Morise et al. 2016): DIO, CheapTrick, D4C and back.

    `pitch` and `tract` scale pitch and formants: with other values than 1 it is another voice.

    Raises:
        EngineMissing: pyworld is not installed.
    """
    library = _world()
    wide = np.asarray(samples, dtype=np.float64)
    hertz, times = library.dio(wide, RATE)
    hertz = library.stonemask(wide, hertz, times, RATE)
    envelope = library.cheaptrick(wide, hertz, times, RATE)
    rough = library.d4c(wide, hertz, times, RATE)
    if tract != 1.0:
        place = np.arange(envelope.shape[1])
        envelope = np.stack([np.interp(place / tract, place, row) for row in envelope])
    made = library.synthesize(hertz * pitch, np.ascontiguousarray(envelope), rough, RATE)
    return loud_as(np.pad(made, (0, max(0, len(wide) - len(made))))[: len(wide)], samples)


def world_shifted(samples: Floats, random: Random) -> Floats:
    """Another voice through WORLD: pitch up or down by 20-50 %, formants by 10-20 %."""
    way = 1.0 if random.random() < 0.5 else -1.0
    pitch, tract = random.uniform(1.2, 1.5) ** way, random.uniform(1.1, 1.2) ** way
    return world(samples, random, pitch=float(pitch), tract=float(tract))


COPIES: Mapping[str, Copy] = {
    "copy.griffin_lim": griffin_lim,
    "copy.mel": mel_copy,
    "copy.phase_vocoder": phase_vocoder,
    "copy.predictive": predictive,
    "copy.cepstral": cepstral,
    "copy.harmonic": harmonic,
    "copy.world": world,
    "voice_conversion.shifted": shifted,
    "voice_conversion.world": world_shifted,
    "copy.phase_noise": phase_noise,
    "copy.subband": subband,
    "copy.upsampled": upsampled,
}
"""Copies and conversions that need one utterance, by species."""


def _species(name: str, title: str, *, trained_on: bool) -> Species:
    return Species(
        id=name,
        title=title,
        standard="none",
        term="copy synthesis" if name.startswith("copy.") else "voice conversion",
        media="speech",
        question=Question.AUTHENTICITY,
        signals=("synthetic_speech",),
        strengths=("plain",),
        generator=f"speech.{'swapped' if name.endswith('swapped') else COPIES[name].__name__}",
        trained_on=trained_on,
    )


SPECIES: tuple[Species, ...] = (
    _species("copy.griffin_lim", "Phases from magnitudes (Griffin-Lim)", trained_on=True),
    _species("copy.mel", "80 mel bands and Griffin-Lim", trained_on=True),
    _species("copy.phase_vocoder", "Phase vocoder, stretched and back", trained_on=True),
    _species("copy.phase_noise", "Own magnitudes, phases off at random", trained_on=False),
    _species("copy.subband", "Channel vocoder, 20 to 40 bands", trained_on=False),
    _species("copy.upsampled", "Uneven upsampling kernels, top from noise", trained_on=False),
    _species("copy.predictive", "Linear prediction with pulses or noise", trained_on=True),
    _species("copy.cepstral", "Cepstral envelope, pulses and noise", trained_on=True),
    _species("copy.harmonic", "Harmonics plus noise", trained_on=True),
    _species("copy.world", "WORLD copy", trained_on=True),
    _species("voice_conversion.shifted", "Pitch and formants moved", trained_on=True),
    _species("voice_conversion.world", "WORLD, pitch and formants moved", trained_on=False),
    _species("voice_conversion.swapped", "Envelope and pitch of another voice", trained_on=False),
)
