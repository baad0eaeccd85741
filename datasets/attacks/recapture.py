"""A camera that records an instrument: geometry, light, lens, sensor and development.

Everything before the sensor is linear light at twice the sensor's resolution, so that fine
patterns of an instrument meet the sensor's own grid: moire is not drawn, it arises by sampling,
in colour because each photosite sees one colour (B. E. Bayer, US patent 3,971,065, 1976).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Light = NDArray[np.float32]
Floats = NDArray[np.float64]

OVER = 2
"""Samples of the scene for each photosite, along each axis."""

_FULL = 4095.0  # levels of the sensor


def _encoding() -> tuple[Light, Image]:
    """Tables of sRGB (IEC 61966-2-1): of 8-bit values to light, and of sensor levels to 8 bits."""
    value = np.arange(256) / 255.0
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    level = np.arange(int(_FULL) + 1) / _FULL
    shown = np.where(level <= 0.0031308, level * 12.92, 1.055 * level ** (1 / 2.4) - 0.055)
    return light.astype(np.float32), np.round(shown * 255).astype(np.uint8)


_TO_LIGHT, _TO_BYTES = _encoding()


def linear(image: Image) -> Light:
    """Light (0..1) of an sRGB picture of any shape."""
    light: Light = _TO_LIGHT[image]
    return light


@dataclass(frozen=True, slots=True)
class Camera:
    """What takes the picture.

    Attributes:
        width, height: of its frames, even numbers.
        defocus: standard deviation of the lens's blur, photosites.
        noise: standard deviation at white; shot noise, so it falls with the root of the light.
        sharpen: share of the unsharp mask in development.
    """

    width: int = 640
    height: int = 480
    defocus: float = 0.5
    noise: float = 0.012
    sharpen: float = 0.4

    def record(self, scene: Light, rng: np.random.Generator) -> Image:
        """One frame (height, width, 3) BGR of a scene in linear light at `OVER` times its size."""
        blurred = cv2.GaussianBlur(scene, (0, 0), OVER * max(self.defocus, 0.2))
        sites = cv2.resize(blurred, (self.width, self.height), interpolation=cv2.INTER_AREA)
        raw = _mosaic(sites)
        raw += rng.standard_normal(raw.shape, dtype=np.float32) * (
            self.noise * np.sqrt(np.maximum(raw, 0.0) + 0.01)
        )
        levels = (np.clip(raw, 0, 1) * _FULL).astype(np.uint16)
        colour = cv2.cvtColor(levels, cv2.COLOR_BayerBG2BGR)
        developed = _TO_BYTES[np.minimum(colour, int(_FULL))]
        soft = cv2.GaussianBlur(developed, (0, 0), 1.0)
        sharp = cv2.addWeighted(developed, 1 + self.sharpen, soft, -self.sharpen, 0)
        return np.asarray(sharp, np.uint8)

    def enlarged(self, image: Image) -> Light:
        """A picture that stands for a scene: linear light at the size that `record` wants.

        It is scaled to cover the frame, and its middle is kept.
        """
        size = (self.width * OVER, self.height * OVER)
        matrix = covering(image.shape, *size)
        way = cv2.INTER_AREA if matrix[0, 0] < 1 else cv2.INTER_CUBIC
        scene = cv2.warpAffine(linear(image), matrix, size, flags=way)
        return np.asarray(np.clip(scene, 0, 1), np.float32)


def covering(shape: tuple[int, ...], width: int, height: int) -> Floats:
    """The (2, 3) map that scales a picture of `shape` until it covers the size, centred."""
    scale = max(width / shape[1], height / shape[0])
    shift = (width - scale * shape[1]) / 2, (height - scale * shape[0]) / 2
    return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float64)


def _mosaic(sites: Light) -> Light:
    """One colour per photosite: RGGB."""
    raw = sites[:, :, 1].copy()
    raw[0::2, 0::2] = sites[0::2, 0::2, 2]
    raw[1::2, 1::2] = sites[1::2, 1::2, 0]
    return raw


@dataclass(frozen=True, slots=True)
class Sheet:
    """An instrument: what it shows, where it is opaque, how it mirrors.

    Attributes:
        light: linear light that it sends back (or out), shape (rows, columns, 3), BGR.
        cover: 1 where it is, 0 where one sees past it, shape (rows, columns).
        gloss: greatest light that a lamp adds by reflection; lobe: its extent over the sheet's
            height (small = glass).
    """

    light: Light
    cover: Light
    gloss: float = 0.0
    lobe: float = 0.3


def whole(light: Light, *, gloss: float = 0.0, lobe: float = 0.3) -> Sheet:
    """A sheet that is opaque everywhere."""
    return Sheet(light, np.ones(light.shape[:2], np.float32), gloss, lobe)


def before(sheet: Sheet, scene: Light, matrix: Floats, lamp: tuple[float, float]) -> Light:
    """The scene with a sheet before it.

    Args:
        sheet: the instrument.
        scene: linear light at `OVER` times the frame's size.
        matrix: (3, 3) map from the sheet's pixels to those of the scene.
        lamp: where the lamp is mirrored, as shares of the sheet's width and height; outside of
            0..1 it is mostly beside the sheet.
    """
    high, wide = scene.shape[:2]
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    light, cover = sheet.light, sheet.cover
    if scale < 1.0:
        # A sample gathers the light of all that it covers, or the simulation itself would alias.
        light = cv2.GaussianBlur(light, (0, 0), 0.4 / scale)
    shown = cv2.warpPerspective(light, matrix, (wide, high), flags=cv2.INTER_LINEAR)
    share = cv2.warpPerspective(cover, matrix, (wide, high), flags=cv2.INTER_LINEAR)[..., None]
    if sheet.gloss > 0.0:
        shown = shown + _mirrored(sheet, matrix, lamp, (wide, high))
    mixed: Light = (shown * share + scene * (1 - share)).astype(np.float32)
    return mixed


def _mirrored(
    sheet: Sheet, matrix: Floats, lamp: tuple[float, float], size: tuple[int, int]
) -> Light:
    """Light of the lamp on the sheet, shape (height, width, 1)."""
    rows, columns = sheet.cover.shape
    place = matrix @ np.array([lamp[0] * columns, lamp[1] * rows, 1.0])
    x, y = place[:2] / place[2]
    spread = max(sheet.lobe * rows * np.sqrt(abs(np.linalg.det(matrix[:2, :2]))), 1.0)
    across = np.exp(-(((np.arange(size[0]) - x) / spread) ** 2) / 2)
    down = np.exp(-(((np.arange(size[1]) - y) / (1.4 * spread)) ** 2) / 2)
    spot: Light = (sheet.gloss * np.outer(down, across)).astype(np.float32)[..., None]
    return spot
