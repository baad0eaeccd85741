"""Pictures on screens: the grid of coloured cells, the backlight, the frame around, the refresh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from datasets.attacks.recapture import Image, Light, linear

Layout = Literal["stripes", "diamond"]

CELL = 3
"""Texels per pixel of a screen, along each axis."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A screen.

    Attributes:
        rows: its pixels over the height of what is shown.
        layout: `stripes` = red, green and blue side by side (LCD); `diamond` = a green cell in each
            pixel, red and blue ones in every other (pentile, OLED).
        tint: gain of B, G, R: backlights are bluer than most rooms.
        black: light of black, share of white (leaks of a backlight, and the room mirrored).
        gamma: of the panel over that of the picture; 1 shows it as it was.
        level: light of its white over a white wall.
        pulse: depth of the modulation of its light, 0..1; bands: how many of its periods fall
            into the time that the camera takes to read a frame; drift: periods from frame to frame.
        bezel: width of the dark frame around over the height.
    """

    rows: int
    layout: Layout = "stripes"
    tint: tuple[float, float, float] = (1.12, 1.0, 0.93)
    black: float = 0.015
    gamma: float = 1.05
    level: float = 1.0
    pulse: float = 0.05
    bands: float = 2.3
    drift: float = 0.37
    bezel: float = 0.05

    def lit(self, photo: Image) -> Light:
        """Linear light of the panel showing `photo`, `CELL` texels a pixel, with its bezel."""
        columns = max(1, round(photo.shape[1] * self.rows / photo.shape[0]))
        way = cv2.INTER_AREA if self.rows < photo.shape[0] else cv2.INTER_CUBIC
        pixels = np.clip(linear(cv2.resize(photo, (columns, self.rows), interpolation=way)), 0, 1)
        sent = (self.black + (1 - self.black) * pixels**self.gamma) * np.array(self.tint)
        texels = cv2.resize(
            sent.astype(np.float32), None, fx=CELL, fy=CELL, interpolation=cv2.INTER_NEAREST
        )
        texels *= self.level * _cells(self.layout, *texels.shape[:2])
        edge = round(self.bezel * texels.shape[0])
        return np.asarray(
            cv2.copyMakeBorder(
                texels, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(0.006,) * 3
            ),
            np.float32,
        )

    def flicker(self, frame: int, height: int, phase: float) -> Light:
        """Gain of each row of the camera's frame, shape (height, 1, 1)."""
        when = self.bands * np.arange(height) / height + self.drift * frame + phase
        gain = 1 + self.pulse * np.sin(2 * np.pi * when)
        return np.asarray(gain[:, None, None], np.float32)


def _cells(layout: Layout, rows: int, columns: int) -> Light:
    """Share of light that each texel passes per colour, with a mean near 1."""
    tile = np.zeros((2 * CELL, 2 * CELL, 3), np.float32)
    if layout == "stripes":
        for colour, column in ((2, 0), (1, 1), (0, 2)):
            tile[:, column::CELL, colour] = 1.0
        tile[CELL - 1 :: CELL] *= 0.45  # the wires between rows
    else:
        tile[0::CELL, 0::CELL, 1] = 1.0
        tile[1::CELL, 0::CELL, 1] = 0.8
        for row, column, colour in ((1, 2, 2), (4, 5, 2), (1, 5, 0), (4, 2, 0)):
            tile[row, column, colour] = 1.0
            tile[row - 1, column, colour] = 0.6
    tile /= tile.mean(axis=(0, 1))
    # Cells glow a little beyond their edges, and a whole screen has a whole number of them.
    again = (-(-rows // len(tile)), -(-columns // len(tile)), 1)
    return np.asarray(np.tile(0.12 + 0.88 * tile, again)[:rows, :columns], np.float32)
