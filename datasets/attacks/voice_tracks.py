"""Constructed speech tracks: one speaker, two speakers, and channels that change in between.

Built from the shared speech folder, seeded; nothing is written to disk.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy import signal

from audit.interview import Audio
from audit.types import Span

RATE = 16_000
Samples = NDArray[np.float32]
"""Mono at 16 kHz in int16 units."""


@dataclass(frozen=True)
class Track:
    """A track and what is in it.

    `kind` and `channel` name the construction; `other` is where a second person, `partner`, speaks.
    """

    kind: str
    channel: str
    speaker: str
    samples: Samples
    other: Span | None = None
    partner: str = ""

    def audio(self) -> Audio:
        """The track as detectors get it."""
        whole = np.clip(np.round(self.samples), -32768, 32767).astype(np.int16)
        return Audio(whole, RATE, 0.0, RATE, 1)


@dataclass(frozen=True)
class Voices:
    """Speakers with several utterances, and donors with one."""

    speakers: dict[str, list[Samples]]
    donors: dict[str, Samples]


def read(path: Path) -> Samples:
    """A file as mono at 16 kHz."""
    with av.open(str(path)) as container:
        return _decoded(container)


def _decoded(container: av.container.InputContainer) -> Samples:
    resampler = av.AudioResampler("s16", "mono", RATE)
    parts = [np.zeros(0, np.int16)]
    for frame in container.decode(audio=0):
        parts += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
    parts += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    return np.concatenate(parts).astype(np.float32)


def voices(folder: Path, half: int) -> Voices:
    """One half of the speakers and donors: 0 to choose operating points on, 1 to report on."""
    people: dict[str, list[Samples]] = {}
    for corpus, cut in (("libri_other", 5), ("vctk", 2)):
        names = sorted(p for p in (folder / corpus).iterdir() if p.is_dir())
        for person in names[:cut] if half == 0 else names[cut:]:
            people[person.name] = [read(f) for f in sorted(person.iterdir())]
    donors = sorted((folder / "libri_clean").iterdir())[half::2]
    return Voices(people, {d.name: read(next(iter(sorted(d.iterdir())))) for d in donors})


def faded(samples: Samples) -> Samples:
    """Ends ramped over 10 ms."""
    ramp = np.minimum(1.0, np.arange(1, len(samples) + 1) / 160.0)
    return (samples * ramp * ramp[::-1]).astype(np.float32)


def power(samples: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)) + 1e-6)


def spoken(utterances: Sequence[Samples], seconds: float, rng: np.random.Generator) -> Samples:
    """Utterances in random order, .3 s apart, cut to a length."""
    parts: list[Samples] = []
    while sum(map(len, parts)) < seconds * RATE:
        for i in rng.permutation(len(utterances)):
            parts += [faded(utterances[i]), np.zeros(int(0.3 * RATE), np.float32)]
    return np.concatenate(parts)[: round(seconds * RATE)]


def dubbed(under: Samples, over: Samples, at_s: float) -> Samples:
    """`over` in place of `under` from a time on, at the same level."""
    whole, first = under.copy(), round(at_s * RATE)
    piece = faded(over) * np.float32(power(under) / power(over))
    whole[first : first + len(piece)] = piece[: max(0, len(whole) - first)]
    return whole


def speech_of(samples: Samples, seconds: float) -> Samples:
    """The loudest stretch of this length, so that a donor's silence is not dubbed in."""
    size = round(seconds * RATE)
    if len(samples) <= size:
        return samples
    energy = np.cumsum(np.concatenate([[0.0], samples.astype(np.float64) ** 2]))
    start = int(np.argmax(energy[size:] - energy[:-size]))
    return samples[start : start + size]


# --- channels ---------------------------------------------------------------------------------

Change = Callable[[Samples, int], Samples]


def channels(folder: Path) -> dict[str, Change]:
    """Ways to change how a track sounds; the number varies noise and room."""
    noises = [read(f) for f in sorted((folder / "noise_speechbrain").glob("*.wav"))]
    rooms = [read(f) for f in sorted((folder / "rirs_speechbrain").glob("*.wav"))]
    telephone = signal.butter(4, [300, 3400], "bandpass", fs=RATE, output="sos")

    def noisy(x: Samples, snr_db: float, i: int) -> Samples:
        hum = np.resize(noises[i % len(noises)], len(x))
        loud = x[np.abs(x) > 50]
        level = power(loud if len(loud) else x)
        return (x + hum * (level / power(hum) * 10 ** (-snr_db / 20))).astype(np.float32)

    def room(x: Samples, i: int) -> Samples:
        response = rooms[i % len(rooms)]
        peak = int(np.abs(response).argmax())
        wet = signal.fftconvolve(x, response)[peak : peak + len(x)]
        return np.asarray(wet * (power(x) / power(wet)), np.float32)

    return {
        "gain -12 dB": lambda x, i: x * np.float32(0.25),
        "gain +8 dB, clipped": lambda x, i: np.clip(x * np.float32(2.5), -32768, 32767),
        "noise 15 dB": lambda x, i: noisy(x, 15, i),
        "noise 8 dB": lambda x, i: noisy(x, 8, i),
        "reverberation": room,
        "telephone band": lambda x, i: signal.sosfilt(telephone, x).astype(np.float32),
        "Opus 12 kb/s": lambda x, i: coded(x, "libopus", 12_000),
        "AAC 24 kb/s": lambda x, i: coded(x, "aac", 24_000),
        "room, noise 12 dB, Opus": lambda x, i: coded(
            noisy(room(x, i), 12, i + 1), "libopus", 12_000
        ),
    }


def coded(samples: Samples, codec: str, bit_rate: int) -> Samples:
    """Encoded, decoded, and moved back by the codec's delay."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        stream.bit_rate = bit_rate
        whole = np.clip(np.round(samples), -32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    file.seek(0)
    with av.open(file) as container:
        heard = _decoded(container)
    size = min(len(samples), len(heard), 3 * RATE)
    lag = int(np.argmax(signal.correlate(heard[:size], samples[:size], method="fft"))) - (size - 1)
    heard = heard[lag:] if lag > 0 else np.pad(heard, (-lag, 0))
    return np.pad(heard, (0, max(0, len(samples) - len(heard))))[: len(samples)]


# --- tracks -----------------------------------------------------------------------------------


def clean_tracks(people: Voices, rng: np.random.Generator, rounds: int) -> Iterator[Track]:
    """One speaker for 10, 20, 60 s; A then B; B dubbed in for 2, 3, 5, 10 s."""
    donors = sorted(people.donors)
    for number in range(rounds):
        for name, utterances in people.speakers.items():
            for length in (10, 20, 60):
                yield Track(
                    f"one, {length} s", "as recorded", name, spoken(utterances, length, rng)
                )
            others = [n for n in people.speakers if n != name]
            partner = str(rng.choice(others))
            after = spoken(people.speakers[partner], 15, rng)
            whole = np.concatenate([spoken(utterances, 15, rng), after])
            span = Span(15.0, 30.0)
            yield Track("A then B, 15 s each", "as recorded", name, whole, span, partner)
            for length in (2, 3, 5, 10):
                total = (20, 60)[(number + length) % 2]
                partner = str(rng.choice(donors))
                piece = speech_of(people.donors[partner], length)
                at = float(rng.uniform(3, total - length - 3))
                whole = dubbed(spoken(utterances, total, rng), piece, at)
                span = Span(at, at + len(piece) / RATE)
                yield Track(f"B for {length} s", "as recorded", name, whole, span, partner)


def changed_tracks(
    people: Voices, changes: dict[str, Change], rng: np.random.Generator
) -> Iterator[Track]:
    """Channels that change within one speaker's track, and second voices through channels."""
    donors = sorted(people.donors)
    for j, (name, utterances) in enumerate(people.speakers.items()):
        for i, (channel, change) in enumerate(changes.items()):
            for length in (6, 15):
                whole = spoken(utterances, 30, rng)
                first = round((float(rng.uniform(4, 20)) if length == 6 else 15.0) * RATE)
                last = first + length * RATE
                part = change(whole, i + j)[first:last]
                mixed = np.concatenate([whole[:first], part, whole[last:]])
                yield Track(f"one, {length} s of 30 changed", channel, name, mixed)
            partner = str(rng.choice(donors))
            piece = speech_of(people.donors[partner], 5)
            span = Span(12.0, 12.0 + len(piece) / RATE)
            under = spoken(utterances, 30, rng)
            for kind, heard in (
                ("B for 5 s, all changed", change(dubbed(under, piece, 12.0), i + j)),
                ("B for 5 s, B changed", dubbed(under, change(faded(piece), i + j), 12.0)),
            ):
                yield Track(kind, channel, name, heard, span, partner)
