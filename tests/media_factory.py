"""Small media files made on the spot, for tests: known pictures, times, rotation and sound.

Every frame carries its own number in its pixels (`number_of` reads it back, also after lossy
coding and scaling), so that tests can say which frame they got.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Samples = NDArray[np.int16]

BITS = 12
TICKS = Fraction(1, 90_000)


def numbered(number: int, width: int = 128, height: int = 96) -> Image:
    """A BGR picture with `number` as bright and dark bars along its upper half.

    The lower half is dark left and bright right, so that turning and mirroring show.
    """
    image = np.full((height, width, 3), 60, dtype=np.uint8)
    edges = np.linspace(0, width, BITS + 1).astype(int)
    for bit in range(BITS):
        level = 210 if number >> bit & 1 else 30
        image[: height // 2, edges[bit] : edges[bit + 1]] = level
    image[height // 2 :, width // 2 :] = 180
    return image


def number_of(image: Image) -> int:
    """The number that `numbered` painted."""
    height, width = image.shape[:2]
    band = image[: height // 2].astype(float).mean(axis=(0, 2)) if image.ndim == 3 else (
        image[: height // 2].astype(float).mean(axis=0)
    )  # fmt: skip
    edges = np.linspace(0, width, BITS + 1).astype(int)
    bars = [
        band[start + (end - start) // 4 : end - (end - start) // 4].mean()
        for start, end in itertools.pairwise(edges)
    ]
    return sum(1 << bit for bit, level in enumerate(bars) if level > 120)


def tone(seconds: float, rate: int = 48_000, hertz: float = 440.0, level: float = 0.3) -> Samples:
    """A sine as mono int16."""
    times = np.arange(round(seconds * rate)) / rate
    return np.round(level * 32767 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def clicks(times_s: Iterable[float], seconds: float, rate: int = 48_000) -> Samples:
    """Silence with a 2 ms click beginning at each time."""
    samples = np.zeros(round(seconds * rate), dtype=np.int16)
    for time_s in times_s:
        start = round(time_s * rate)
        samples[start : start + rate // 500] = 20_000
    return samples


@dataclass(frozen=True)
class Pictures:
    """What the video stream of a made file holds.

    Attributes:
        times_s: presentation time of each frame, rising. images: frame number -> BGR picture
            (default: `numbered`). key_every: key frame distance in frames; None leaves it to the
            encoder. b_frames: how many in a row. rotation: clockwise degrees for display.
        codec, pixel_format, options: for the encoder.
    """

    times_s: Sequence[float]
    images: Callable[[int], Image] = numbered
    key_every: int | None = 12
    b_frames: int = 0
    rotation: int = 0
    rate: int = 25
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sound:
    """What the audio stream of a made file holds: mono samples, beginning at `start_s`."""

    samples: Samples
    rate: int = 48_000
    start_s: float = 0.0
    codec: str = "aac"
    gap_at_s: float | None = None
    gap_s: float = 0.0


def regular(frames: int, rate: float = 25.0, start_s: float = 0.0) -> list[float]:
    """Times of `frames` frames at a constant rate."""
    return [start_s + n / rate for n in range(frames)]


def make(
    path: Path,
    pictures: Pictures | None = None,
    sound: Sound | None = None,
    *,
    tags: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Writes a file whose suffix names the container; returns `path`."""
    with av.open(str(path), "w", options=options or {}) as container:
        container.metadata.update(tags or {})
        video = _video_stream(container, pictures) if pictures else None
        audio = _audio_stream(container, sound) if sound else None
        if pictures and video is not None:
            _write_pictures(container, video, pictures)
        if sound and audio is not None:
            _write_sound(container, audio, sound)
    return path


def clip(path: Path, seconds: float = 2.0, **more: object) -> Path:
    """A plain clip: numbered frames at 25 fps and a tone. `more` are fields of `Pictures`."""
    pictures = Pictures(regular(round(seconds * 25)), **more)  # type: ignore[arg-type]
    codec = {".webm": "libopus", ".mpg": "mp2", ".avi": "mp2"}.get(path.suffix, "aac")
    return make(path, pictures, Sound(tone(seconds), codec=codec))


def remux(source: Path, target: Path, options: dict[str, str]) -> Path:
    """The same packets in another file, written with muxer `options`."""
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        streams = {s.index: new.add_stream_from_template(s) for s in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                new.mux(packet)
    return target


def sequence(folder: Path, frames: int, suffix: str = ".png") -> list[Path]:
    """Numbered images named frame0, frame1 ... frame10 (natural order is not that of letters)."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"frame{n}{suffix}" for n in range(frames)]
    for number, path in enumerate(paths):
        cv2.imwrite(str(path), numbered(number))
    return paths


def _video_stream(container: av.container.OutputContainer, pictures: Pictures):  # type: ignore[no-untyped-def]
    first = pictures.images(0)
    options = dict(pictures.options)
    if pictures.codec == "libx264":
        options = {"preset": "ultrafast", "crf": "18", "sc_threshold": "0", **options}
    stream = container.add_stream(pictures.codec, rate=pictures.rate, options=options)
    stream.height, stream.width = first.shape[:2]
    stream.pix_fmt = pictures.pixel_format
    irregular = list(pictures.times_s) != regular(len(pictures.times_s), pictures.rate)
    whole = Fraction(1, pictures.rate)
    stream.codec_context.time_base = TICKS if irregular else whole
    stream.codec_context.thread_count = 1
    stream.codec_context.max_b_frames = pictures.b_frames
    if pictures.key_every is not None:
        stream.codec_context.gop_size = pictures.key_every
    if pictures.rotation:
        stream.set_display_rotation(-pictures.rotation)
    return stream


def _write_pictures(container, stream, pictures: Pictures) -> None:  # type: ignore[no-untyped-def]
    base = stream.codec_context.time_base
    for number, time_s in enumerate(pictures.times_s):
        frame = av.VideoFrame.from_ndarray(pictures.images(number), format="bgr24")
        frame.pts = round(Fraction(time_s).limit_denominator(10**6) / base)
        frame.time_base = base
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _audio_stream(container, sound: Sound):  # type: ignore[no-untyped-def]
    stream = container.add_stream(sound.codec, rate=sound.rate)
    stream.layout = "mono"
    return stream


def _write_sound(container, stream, sound: Sound) -> None:  # type: ignore[no-untyped-def]
    block = stream.codec_context.frame_size or 1024
    shift = 0
    for start in range(0, len(sound.samples), block):
        if sound.gap_at_s is not None and start / sound.rate >= sound.gap_at_s:
            shift = round(sound.gap_s * sound.rate)
        part = sound.samples[start : start + block]
        frame = av.AudioFrame.from_ndarray(part[None, :], format="s16", layout="mono")
        frame.sample_rate = sound.rate
        frame.pts = start + shift + round(sound.start_s * sound.rate)
        frame.time_base = Fraction(1, sound.rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
