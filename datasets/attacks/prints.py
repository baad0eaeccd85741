"""Photographs on paper: inks in a halftone screen, the paper, a fold, a bend.

Sizes are in texels of the sheet, whose height is a choice of the caller: a screen of `lines` over
the height of the sheet has `rows / lines` texels per dot.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from datasets.attacks.recapture import Image, Light, linear

Process = Literal["amplitude", "frequency", "continuous"]

_INKS = np.array(
    [[0.72, 0.42, 0.05], [0.24, 0.06, 0.78], [0.04, 0.78, 0.88], [0.03, 0.03, 0.03]], np.float32
)
"""Reflectance (B, G, R) of solid cyan, magenta, yellow and black, about ISO 12647-2."""
_ANGLES = (15.0, 75.0, 0.0, 45.0)  # degrees of their screens, the usual rosette


def printed(
    photo: Image, *, process: Process, lines: float, rows: int, rng: np.random.Generator
) -> Light:
    """Linear light that a print of `photo` sends back under white light, `rows` texels high.

    `amplitude`: dots that grow on a regular screen, one angle per ink (laser and offset).
    `frequency`: dots of one size, scattered (inkjet). `continuous`: no dots (photographic paper).
    """
    columns = max(1, round(photo.shape[1] * rows / photo.shape[0]))
    wanted = cv2.resize(photo, (columns, rows), interpolation=cv2.INTER_CUBIC)
    reflected = np.clip(linear(wanted), 0.0, 1.0)
    paper = _paper(rng, rows, columns)
    if process == "continuous":
        # Photographic paper: black is not below a density of about 2.
        return np.asarray(paper * (0.012 + 0.97 * reflected), np.float32)
    inks = _separated(reflected)
    sheet = paper
    for number in range(4):
        dots = _dots(inks[..., number], process, lines, _ANGLES[number], rng)
        sheet = sheet * (1 - dots[..., None] * (1 - _INKS[number]))
    # Light spreads within the paper before it leaves it (Yule and Nielsen 1951).
    spread = 0.12 * rows / lines if process == "amplitude" else 0.6
    return np.asarray(cv2.GaussianBlur(sheet, (0, 0), max(0.3, spread)), np.float32)


def _separated(reflected: Light) -> Light:
    """Shares of paper that each ink covers, with most of their grey printed in black."""
    colours = 1.0 - reflected[..., ::-1]
    grey = colours.min(axis=2, keepdims=True)
    black = 0.7 * grey**1.5
    rest = (colours - black) / np.maximum(1.0 - black, 1e-3)
    return np.concatenate([rest, black], axis=2).astype(np.float32)


def _dots(
    share: Light, process: Process, lines: float, angle: float, rng: np.random.Generator
) -> Light:
    """0 or 1 per texel (with soft edges) so that `share` of each place is covered."""
    rows, columns = share.shape
    if process == "frequency":
        return (share > _scattered(rng, rows, columns)).astype(np.float32)
    cell = rows / lines
    turn = np.radians(angle)
    y = np.arange(rows, dtype=np.float32)[:, None] * (2 * np.pi / cell)
    x = np.arange(columns, dtype=np.float32)[None] * (2 * np.pi / cell)
    u = x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))
    v = y * np.float32(np.cos(turn)) - x * np.float32(np.sin(turn))
    height = np.cos(u) + np.cos(v)
    threshold = _RANKS[((height + 2.0) * 255.9).astype(np.int16)]
    return np.asarray(np.clip((share - threshold) * 6 + 0.5, 0, 1), np.float32)


def _ranks() -> Light:
    """Share of places where cos u + cos v lies below each of 1024 levels from -2 to 2.

    The sum is not uniform: its rank is the threshold that covers as much as is asked.
    """
    grid = np.linspace(0, 2 * np.pi, 128, endpoint=False)
    levels = np.sort((np.cos(grid)[:, None] + np.cos(grid)).ravel())
    below = np.searchsorted(levels, np.linspace(-2, 2, 1024)) / len(levels)
    return below.astype(np.float32)


_RANKS = _ranks()


def _scattered(rng: np.random.Generator, rows: int, columns: int) -> Light:
    """Thresholds without low frequencies (blue noise), evenly spread over 0..1."""
    side = 128
    noise = rng.standard_normal((side, side)).astype(np.float32)
    tiled = np.tile(noise, (3, 3))
    fine = (tiled - cv2.GaussianBlur(tiled, (0, 0), 1.5))[side : 2 * side, side : 2 * side]
    ranks = np.empty(side * side, np.float32)
    ranks[np.argsort(fine, axis=None)] = (np.arange(side * side) + 0.5) / (side * side)
    again = (-(-rows // side), -(-columns // side))
    return np.tile(ranks.reshape(side, side), again)[:rows, :columns]


def _paper(rng: np.random.Generator, rows: int, columns: int) -> Light:
    """White point and fibres of paper: reflectance (rows, columns, 3)."""
    white = np.array([0.80, 0.84, 0.86], np.float32) + rng.uniform(-0.04, 0.04, 3)
    grain = np.zeros((rows, columns), np.float32)
    for cell in (3, 9, 27):
        small = rng.standard_normal((max(2, rows // cell), max(2, columns // cell)))
        grain += 0.012 * cv2.resize(small.astype(np.float32), (columns, rows))
    return np.asarray(white * (1 + grain[..., None]), np.float32)


def bordered(light: Light, share: float, white: float = 0.82) -> Light:
    """The print with a white margin of `share` of its height."""
    edge = round(share * light.shape[0])
    return np.asarray(
        cv2.copyMakeBorder(light, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(white,) * 3),
        np.float32,
    )


def folded(light: Light, rng: np.random.Generator) -> Light:
    """The print after it was folded once across and once along: a worn crease, two shades."""
    out = light.copy()
    for axis in (0, 1):
        length = light.shape[axis]
        at = length * rng.uniform(0.4, 0.6)
        away = (np.arange(length) - at) / length
        shade = 1 + rng.uniform(0.05, 0.14) * np.tanh(away / 0.01) * np.exp(-np.abs(away) / 0.35)
        crease = np.exp(-((away / 0.003) ** 2)) * rng.uniform(0.1, 0.3)
        shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
        worn = crease.reshape(shape)
        out = out * shade.reshape(shape) * (1 - worn) + 0.75 * worn
    return np.asarray(out, np.float32)


def bent(light: Light, angle: float, towards: float) -> Light:
    """The print around an upright cylinder, seen from the front, of the same size.

    Args:
        light: the flat print.
        angle: half of what it spans of the cylinder, radians, under pi / 2.
        towards: direction of the light, radians from the front; sides turned away are darker.
    """
    rows, columns = light.shape[:2]
    x = np.linspace(-1, 1, columns, dtype=np.float32) * np.float32(np.sin(angle))
    turn = np.arcsin(np.clip(x, -1, 1))
    # The sides lie further away by the sagitta: they look smaller by its share of the distance.
    far = 1 + 0.12 * (1 - np.cos(turn)) / max(1e-6, 1 - np.cos(angle))
    u = (turn / angle + 1) / 2 * (columns - 1)
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    v = ((y * far[None]) + 1) / 2 * (rows - 1)
    seen = cv2.remap(
        light, np.broadcast_to(u, (rows, columns)).astype(np.float32), v.astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    shade = np.maximum(0.15, np.cos(turn - towards))
    return np.asarray(seen * shade[None, :, None], np.float32)
