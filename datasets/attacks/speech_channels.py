"""Ways in which speech may reach us: codecs, noise, rooms, level, bandwidth.

Every channel is applied to bona fide and made-up speech alike: a channel that only one of the two
went through would be a cue that has nothing to do with synthesis. Speech is mono at 16 kHz, -1..1.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy import signal

from liveness.speech_channel import describe

Floats = NDArray[np.float32]
Array = NDArray[np.float64]
Random = np.random.Generator
Channel = Callable[[Floats, Random], Floats]

RATE = 16_000
SOUND_M_S = 343.0
CODEC_RATES = {"libopus": 48_000, "aac": 44_100, "libmp3lame": 44_100}
CONTAINERS = {"libopus": "webm", "aac": "mp4", "libmp3lame": "mp3"}


def read_speech(source: Path | io.BytesIO) -> Floats:
    """The first sound track of a file, mono at 16 kHz, -1..1."""
    with av.open(str(source) if isinstance(source, Path) else source) as container:
        change = av.AudioResampler("s16", "mono", RATE)
        parts = [f.to_ndarray()[0] for x in container.decode(audio=0) for f in change.resample(x)]
        parts += [f.to_ndarray()[0] for f in change.resample(None)]
    return (np.concatenate(parts) / 32768.0).astype(np.float32)


def resampled(samples: Floats, given_hz: int, wanted_hz: int) -> Floats:
    """At another rate, by a polyphase filter."""
    if given_hz == wanted_hz:
        return np.asarray(samples, dtype=np.float32)
    ratio = Fraction(wanted_hz, given_hz)
    found = signal.resample_poly(samples, ratio.numerator, ratio.denominator)
    return np.asarray(found, dtype=np.float32)


def fitted(samples: Floats, count: int) -> Floats:
    """Cut, or filled with silence, to `count` samples."""
    kept = samples[:count]
    return np.pad(kept, (0, count - len(kept))).astype(np.float32)


# --- codecs -------------------------------------------------------------------------------------


def codec(name: str, bit_rate: int) -> Channel:
    """Encoded and decoded by Opus (`libopus`), AAC (`aac`) or MP3 (`libmp3lame`).

    The delay of the encoder is taken off, so that the result lies in step with what came in.
    """
    rate = CODEC_RATES[name]

    def through(samples: Floats, _: Random) -> Floats:
        frame = _frame(resampled(samples, RATE, rate), rate)
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=CONTAINERS[name]) as out:
            stream = out.add_stream(name, rate=rate, layout="mono")
            stream.bit_rate = bit_rate
            fifo = av.AudioFifo()
            fifo.write(frame)
            size = stream.codec_context.frame_size or 960
            while (part := fifo.read(size, partial=True)) is not None:
                for packet in stream.encode(part):
                    out.mux(packet)
            for packet in stream.encode(None):
                out.mux(packet)
        buffer.seek(0)
        return in_step(read_speech(buffer), samples)

    return through


def g711(law: str = "mulaw") -> Channel:
    """ITU-T G.711 (`mulaw` or `alaw`) at 8 kHz behind a telephone's 300-3400 Hz band."""

    def through(samples: Floats, _: Random) -> Floats:
        band = signal.butter(4, (300, 3400), "band", fs=8000, output="sos")
        narrow = signal.sosfilt(band, resampled(samples, RATE, 8000)).astype(np.float32)
        buffer = io.BytesIO()
        with av.open(buffer, "w", format="wav") as out:
            stream = out.add_stream(f"pcm_{law}", rate=8000, layout="mono")
            for packet in (*stream.encode(_frame(narrow, 8000)), *stream.encode(None)):
                out.mux(packet)
        buffer.seek(0)
        return fitted(read_speech(buffer), len(samples))

    return through


def _frame(samples: Floats, rate: int) -> av.AudioFrame:
    whole = (np.clip(samples, -1, 1) * 32767).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    return frame


def in_step(late: Floats, samples: Floats, most_s: float = 0.15) -> Floats:
    """`late` moved by the lag (0 to `most_s`) at which it fits `samples` best, same length."""
    most = round(most_s * RATE)
    probe = samples[: 4 * RATE]
    match = signal.correlate(fitted(late, len(probe) + most), probe, "valid", "fft")
    return fitted(late[int(np.argmax(match)) :], len(samples))


# --- noise --------------------------------------------------------------------------------------


def noise(snr_db: float, recorded: tuple[Floats, ...] = ()) -> Channel:
    """Noise `snr_db` below the active speech: a recording, or made with a falling spectrum."""

    def through(samples: Floats, random: Random) -> Floats:
        if recorded:
            whole = recorded[int(random.integers(len(recorded)))]
            added = np.resize(np.roll(whole, int(random.integers(len(whole)))), len(samples))
        else:
            added = coloured(len(samples), float(random.uniform(0.0, 2.0)), random)
        found = describe(samples)
        level_db = (found.level_db if found else -60.0) - snr_db
        gain = 10 ** (level_db / 20) / max(float(np.sqrt(np.mean(added**2))), 1e-9)
        return np.asarray(samples + added * gain, dtype=np.float32)

    return through


def coloured(count: int, fall: float, random: Random) -> Floats:
    """Noise whose power falls with the `fall`-th power of frequency (0 white, 1 pink, 2 brown)."""
    bins = np.fft.rfft(random.standard_normal(count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 50.0)
    return np.fft.irfft(bins * hertz ** (-fall / 2), count).astype(np.float32)


# --- rooms --------------------------------------------------------------------------------------


def exponential_response(seconds: float, direct_db: float, random: Random) -> Floats:
    """A direct sound and a diffuse tail that falls by 60 dB in `seconds` (Polack's model).

    `direct_db`: energy of the direct sound over that of the tail.
    """
    times = np.arange(round(seconds * RATE)) / RATE
    tail = random.standard_normal(len(times)) * 10 ** (-3.0 * times / seconds)
    tail *= 10 ** (-direct_db / 20) / np.sqrt(np.sum(tail**2))
    return np.concatenate([[1.0], tail]).astype(np.float32)


def image_response(
    size_m: tuple[float, float, float], absorption: float, random: Random, order: int = 8
) -> Floats:
    """A shoebox room by the image-source method (Allen and Berkley 1979).

    Speaker and microphone stand at random, at least .5 m from the walls and .4 to 1.5 m apart.
    `absorption` is the share of energy that every wall takes, 0..1; images up to `order`
    reflections per axis.
    """
    size = np.asarray(size_m)
    mouth = random.uniform(0.5, size - 0.5)
    step = random.standard_normal(3)
    ear = mouth + step / np.linalg.norm(step) * random.uniform(0.4, 1.5)
    ear = np.clip(ear, 0.3, size - 0.3)
    cells = np.arange(-order, order + 1)
    axes = [_images(float(mouth[i]), float(size[i]), cells) for i in range(3)]
    x, y, z = np.meshgrid(*(places for places, _ in axes), indexing="ij")
    bounces = sum(np.meshgrid(*(count for _, count in axes), indexing="ij"))
    distance = np.sqrt((x - ear[0]) ** 2 + (y - ear[1]) ** 2 + (z - ear[2]) ** 2).ravel()
    strength = np.sqrt(1 - absorption) ** np.ravel(bounces) / np.maximum(distance, 0.1)
    delays = np.round(distance / SOUND_M_S * RATE).astype(np.int64)
    taps = np.bincount(delays, weights=strength)[: 2 * RATE]
    high = signal.butter(2, 50, "high", fs=RATE, output="sos")
    response: Array = signal.sosfilt(high, taps)[int(delays.min()) :]
    return np.asarray(response / np.abs(response).max(), dtype=np.float32)


def _images(place: float, length: float, cells: NDArray[np.int64]) -> tuple[Array, Array]:
    """Coordinates of the images along one axis and how many walls each has met."""
    mirrored = cells % 2 == 1
    places = cells * length + np.where(mirrored, length - place, place)
    return places.astype(np.float64), np.abs(cells).astype(np.float64)


def room(response: Floats | Callable[[Random], Floats]) -> Channel:
    """Through an impulse response, cut at its direct sound; the loudness stays."""

    def through(samples: Floats, random: Random) -> Floats:
        heard = response(random) if callable(response) else response
        heard = heard[int(np.argmax(np.abs(heard))) :]
        wet = signal.fftconvolve(samples, heard)[: len(samples)]
        return np.asarray(wet * (np.std(samples) / max(float(np.std(wet)), 1e-9)), dtype=np.float32)

    return through


def small_room(random: Random) -> Floats:
    """An office or living room by the image-source method."""
    size = (random.uniform(2.5, 6.0), random.uniform(2.5, 5.0), random.uniform(2.3, 3.0))
    return image_response(size, float(random.uniform(0.25, 0.7)), random)


# --- level and balance --------------------------------------------------------------------------


def level(change_db: float) -> Channel:
    """Louder or quieter, stored in 16 bits (clipped where it must be)."""

    def through(samples: Floats, _: Random) -> Floats:
        whole = np.round(samples * 10 ** (change_db / 20) * 32768.0)
        return (np.clip(whole, -32768, 32767) / 32768.0).astype(np.float32)

    return through


def balance(samples: Floats, random: Random) -> Floats:
    """A microphone's frequency response: up to +-6 dB, smooth over frequency."""
    gains = 10 ** (random.uniform(-6, 6, 6) / 20)
    taps = signal.firwin2(129, np.linspace(0, 1, 6), gains)
    return np.asarray(signal.fftconvolve(samples, taps, "same"), dtype=np.float32)


def chained(*channels: Channel) -> Channel:
    """One after the other."""

    def through(samples: Floats, random: Random) -> Floats:
        for channel in channels:
            samples = channel(samples, random)
        return samples

    return through


def untouched(samples: Floats, _: Random) -> Floats:
    """As it is."""
    return samples


def recorded_sounds(folder: Path) -> tuple[Floats, ...]:
    """Every .wav of a folder: measured noises or impulse responses. Empty where there is none."""
    return tuple(read_speech(path) for path in sorted(folder.glob("*.wav")))


def channels(data: Path | None = None) -> Mapping[str, Channel]:
    """The channels that speech is measured through, by the name of the condition.

    `data` is the folder of real data; its measured rooms and noises are read in place, and made
    ones stand in for them where it is absent.
    """
    speech = data / "speech/real" if data else None
    noises = recorded_sounds(speech / "noise_speechbrain") if speech else ()
    rooms = recorded_sounds(speech / "rirs_speechbrain") if speech else ()

    def measured_room(samples: Floats, random: Random) -> Floats:
        heard = rooms[int(random.integers(len(rooms)))] if rooms else small_room(random)
        return room(heard)(samples, random)

    opus = codec("libopus", 24_000)
    return {
        "as-is": untouched,
        "opus-24k": opus,
        "opus-12k": codec("libopus", 12_000),
        "aac-64k": codec("aac", 64_000),
        "mp3-64k": codec("libmp3lame", 64_000),
        "g711": g711(),
        "noise-20db": noise(20.0, noises),
        "room": measured_room,
        "room-noise-opus": chained(measured_room, noise(20.0, noises), opus),
        "quieter-20db": level(-20.0),
    }
