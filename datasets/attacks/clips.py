"""Short clips in memory, and their rendering as real files with real encoders.

For generators and benchmarks only: files are read without the limits of `audit.media`, so give
these functions trusted recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

AUDIO_RATE = 48_000
TICK = Fraction(1, 90_000)
"""The clock of pictures whose times are given, seconds: that of MPEG transport streams."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Pictures and sound at constant rates.

    Attributes:
        frames: BGR uint8, shape (n, height, width, 3); height and width are even.
        rate: frames per second.
        audio: int16 mono at 48 kHz, cut or padded to the length of the pictures.
    """

    frames: NDArray[np.uint8]
    rate: float
    audio: NDArray[np.int16]

    @property
    def duration_s(self) -> float:
        """Length of the pictures, seconds."""
        return len(self.frames) / self.rate

    def frame_at(self, time_s: float) -> int:
        """The frame shown at a time, kept within the clip."""
        return min(len(self.frames), max(0, round(time_s * self.rate)))

    def sample_at(self, time_s: float) -> int:
        """The audio sample at a time, kept within the clip."""
        return min(len(self.audio), max(0, round(time_s * AUDIO_RATE)))

    def fitted(self, width: int, height: int, rate: float) -> Clip:
        """The clip letterboxed to a size and brought to a rate by repeating or dropping frames."""
        frames = np.stack([_letterbox(f, width, height) for f in self.frames])
        count = max(1, round(self.duration_s * rate))
        chosen = np.minimum((np.arange(count) * self.rate / rate).astype(int), len(frames) - 1)
        return make(frames[chosen], rate, self.audio)


def make(frames: NDArray[np.uint8], rate: float, audio: NDArray[np.int16] | None = None) -> Clip:
    """A clip whose audio is cut or padded with silence to the length of its pictures."""
    wanted = round(len(frames) / rate * AUDIO_RATE)
    sound = np.zeros(wanted, np.int16)
    if audio is not None:
        sound[: min(wanted, len(audio))] = audio[:wanted]
    return Clip(frames, rate, sound)


def _letterbox(frame: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    scale = min(width / frame.shape[1], height / frame.shape[0])
    size = (max(2, round(frame.shape[1] * scale)), max(2, round(frame.shape[0] * scale)))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    canvas = np.full((height, width, 3), 16, np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
    return canvas


def read_clip(
    path: Path, *, start_s: float = 0.0, most_s: float = 60.0, max_side: int = 1280
) -> Clip:
    """Read a trusted file: `most_s` seconds from `start_s`, reduced to `max_side` pixels."""
    frames: list[NDArray[np.uint8]] = []
    sound: list[NDArray[np.int16]] = []
    resampler = av.AudioResampler("s16", "mono", AUDIO_RATE)
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        rate = float(video.average_rate or video.guessed_rate or 25)
        streams = [video, *container.streams.audio[:1]]
        for frame in container.decode(*streams):
            if isinstance(frame, av.VideoFrame):
                frames.append(_reduced(frame.to_ndarray(format="bgr24"), max_side))
            else:
                sound += [r.to_ndarray()[0] for r in resampler.resample(frame)]
            if len(frames) > (start_s + most_s) * rate:
                break
    first = round(start_s * rate)
    kept = np.stack(frames[first : first + round(most_s * rate)])
    audio = np.concatenate(sound) if sound else np.zeros(0, np.int16)
    return make(kept, rate, audio[round(start_s * AUDIO_RATE) :])


def _reduced(frame: NDArray[np.uint8], max_side: int) -> NDArray[np.uint8]:
    """The frame with even sides, the longer one at most `max_side`."""
    scale = min(1.0, max_side / max(frame.shape[:2]))
    height, width = (round(side * scale) // 2 * 2 for side in frame.shape[:2])
    if scale == 1.0:
        return frame[:height, :width]
    reduced: NDArray[np.uint8] = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    return reduced


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a clip is written.

    `video` and `audio` are encoder names of libav; `quality` is the encoder's constant quality
    (`crf`), or `bit_rate` in bits per second where the encoder has none.
    """

    name: str
    suffix: str
    video: str
    audio: str
    quality: int | None = None
    bit_rate: int | None = None

    def options(self) -> dict[str, str]:
        """Options for the video encoder; one thread, so that bytes repeat."""
        options = {"threads": "1"}
        if self.quality is not None:
            options["crf"] = str(self.quality)
        if self.video == "libx264":
            options["preset"] = "veryfast"
        if self.video == "libvpx":
            # A negative value is a fixed speed; a positive one follows the load of the machine.
            options |= {"deadline": "realtime", "cpu-used": "-5"}
        return options


ENCODINGS: tuple[Encoding, ...] = (
    Encoding("h264-crf23", ".mp4", "libx264", "aac", quality=23),
    Encoding("h264-crf28", ".mp4", "libx264", "aac", quality=28),
    Encoding("h264-crf33", ".mp4", "libx264", "aac", quality=33),
    Encoding("vp8-1000k", ".webm", "libvpx", "libopus", bit_rate=1_000_000),
    Encoding("vp8-500k", ".webm", "libvpx", "libopus", bit_rate=500_000),
    Encoding("vp8-250k", ".webm", "libvpx", "libopus", bit_rate=250_000),
)
"""Two encoders at three rates each, for every planted fault."""


def render(
    clip: Clip,
    path: Path,
    encoding: Encoding,
    *,
    times_s: NDArray[np.float64] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Encode `clip` to `path` with its suffix replaced by the encoding's; the path written.

    Args:
        times_s: when each picture is shown, seconds, rising, at least 11 microseconds apart (one
            tick of the stream's clock); evenly by default.
        tags: of the file, in any names.
    """
    target = path.with_suffix(encoding.suffix)
    # MP4 keeps names of tags that its standard does not know only when told to.
    options = {"movflags": "use_metadata_tags"} if tags and target.suffix == ".mp4" else {}
    with av.open(str(target), "w", options=options) as container:
        container.metadata.update(tags or {})
        video = container.add_stream(
            encoding.video, rate=Fraction(clip.rate).limit_denominator(1001)
        )
        video.height, video.width = clip.frames.shape[1:3]
        video.pix_fmt = "yuv420p"
        video.options = encoding.options()
        if times_s is not None:
            video.codec_context.time_base = TICK
        if encoding.bit_rate is not None:
            video.bit_rate = encoding.bit_rate
        audio = container.add_stream(encoding.audio, rate=AUDIO_RATE)
        audio.layout = "mono"
        for number, image in enumerate(clip.frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            if times_s is not None:
                frame.pts, frame.time_base = round(float(times_s[number]) / TICK), TICK
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        _write_audio(container, audio, clip.audio)
    return target


def _write_audio(
    container: av.container.OutputContainer, stream: av.AudioStream, samples: NDArray[np.int16]
) -> None:
    step = 960
    for start in range(0, len(samples), step):
        piece = np.ascontiguousarray(samples[None, start : start + step])
        frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
        frame.sample_rate = AUDIO_RATE
        frame.pts = start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def silence_audio(clip: Clip) -> Clip:
    """The same pictures without sound."""
    return replace(clip, audio=np.zeros_like(clip.audio))
