"""Made sessions of made cameras: sensors with a fixed pattern, rooms, light of two days, H.264.

A sensor multiplies what falls on it by a pattern of its own (normal, `spread` about 1). A room is
1/f texture with furniture of plain and patterned rectangles. Somebody sits before it and moves.
Shot and read noise, a blur of half a pixel for what a webcam smooths itself, gamma 2.2, 640 x 480.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from identity.fixed_pattern import FixedPattern, estimate, top

Plane = NDArray[np.float32]
WIDTH, HEIGHT, RATE, SECONDS = 640, 480, 25, 4
KEYS_EVERY = 8
"""Frames: so that four seconds have the dozen key frames that two minutes of a call have."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a session is made of, by seeds; `moved`: pixels that the camera turned by."""

    room: int
    sensor: int
    light: int
    person: int
    moved: int = 0


def room(seed: int) -> Plane:
    """Linear light (480, 640), 0..1."""
    draw = np.random.default_rng([1, seed])
    rows, columns = np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH)[None]
    distance = np.hypot(rows, columns)
    distance[0, 0] = 1.0
    wall = np.fft.irfft2(
        np.fft.rfft2(draw.normal(size=(HEIGHT, WIDTH))) / distance**1.3, s=(HEIGHT, WIDTH)
    )
    made = 0.05 * wall / wall.std() + draw.uniform(0.3, 0.55)
    for _ in range(draw.integers(6, 18)):
        left, up = draw.integers(0, WIDTH), draw.integers(0, HEIGHT)
        part = made[up : up + draw.integers(20, 260), left : left + draw.integers(20, 220)]
        tiles = np.kron(draw.uniform(-0.04, 0.04, (24, 24)), np.ones((12, 12)))
        part[...] = draw.uniform(0.08, 0.9) + tiles[: part.shape[0], : part.shape[1]]
    return cv2.GaussianBlur(np.clip(made, 0.02, 0.98).astype(np.float32), (0, 0), 0.8)


def _sensor(seed: int, spread: float) -> Plane:
    draw = np.random.default_rng([2, seed])
    return (1.0 + draw.normal(0.0, spread, (HEIGHT, WIDTH))).astype(np.float32)


def _light(seed: int) -> Plane:
    """Another strength, and another slope over the picture."""
    draw = np.random.default_rng([3, seed])
    across, down = draw.uniform(-0.25, 0.25, 2)
    y, x = np.mgrid[-0.5 : 0.5 : HEIGHT * 1j, -0.5 : 0.5 : WIDTH * 1j]
    return np.asarray(draw.uniform(0.65, 1.25) * (1 + across * x + down * y), np.float32)


def _person(seed: int, time_s: float) -> Plane:
    phase = np.random.default_rng([4, seed]).uniform(0, 6, 2)
    x = int(WIDTH / 2 + 18 * np.sin(0.7 * time_s + phase[0]))
    y = int(200 + 10 * np.sin(1.1 * time_s + phase[1]))
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    for centre, axes in (((x, y), (60, 80)), ((x, HEIGHT + 20), (150, 200))):
        cv2.ellipse(mask, centre, axes, 0, 0, 360, 1.0, -1)
    return cv2.GaussianBlur(mask, (0, 0), 2.0)


def seen() -> NDArray[np.bool_]:
    """Where nobody sits, as the mask of a followed face leaves it."""
    mask = np.ones((HEIGHT, WIDTH), np.bool_)
    mask[90:, WIDTH // 2 - 190 : WIDTH // 2 + 190] = False
    return mask


def _frames(made: Setting, spread: float) -> Iterator[NDArray[np.uint8]]:
    draw = np.random.default_rng([5, made.person, made.light])
    scene = np.roll(room(made.room), (made.moved, made.moved), (0, 1)) * _light(made.light)
    sensor = _sensor(made.sensor, spread)
    for number in range(RATE * SECONDS):
        somebody = _person(made.person, number / RATE)
        light = (scene * (1 - somebody) + 0.45 * somebody) * sensor
        grain = draw.standard_normal((HEIGHT, WIDTH), np.float32)
        light += grain * np.sqrt(1e-4 * np.clip(light, 0, None) + 2e-5)
        light = cv2.GaussianBlur(light, (0, 0), 0.5)
        yield (255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def patterns(
    made: Setting, spread: float, rates: Sequence[int]
) -> list[tuple[FixedPattern, float]]:
    """The pattern of a session at each CRF of x264, and how many kbit/s its file has."""
    files = [_Coded(crf) for crf in rates]
    for frame in _frames(made, spread):
        for file in files:
            file.add(frame)
    return [file.pattern() for file in files]


class _Coded:
    def __init__(self, crf: int) -> None:
        self._bytes = io.BytesIO()
        self._out = av.open(self._bytes, "w", format="mp4")
        options = {"preset": "veryfast", "crf": str(crf), "g": str(KEYS_EVERY), "threads": "1"}
        self._stream = self._out.add_stream("libx264", rate=RATE, options=options)
        self._stream.width, self._stream.height, self._stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"

    def add(self, frame: NDArray[np.uint8]) -> None:
        self._out.mux(self._stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))

    def pattern(self) -> tuple[FixedPattern, float]:
        self._out.mux(self._stream.encode(None))
        self._out.close()
        size = self._bytes.tell()
        self._bytes.seek(0)
        with av.open(self._bytes) as file:
            stream = file.streams.video[0]
            stream.codec_context.skip_frame = "NONKEY"
            planes = [
                top(f.to_ndarray(format="gray")).astype(np.float32) for f in file.decode(stream)
            ]
        made = estimate(planes[:12], top(seen()))
        signs = np.sign(made).astype(np.int8)
        return FixedPattern(signs, WIDTH, HEIGHT, len(planes)), size * 8 / SECONDS / 1000
