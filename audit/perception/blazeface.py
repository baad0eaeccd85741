"""BlazeFace: where faces are in one picture.

The networks, their anchors and their outputs are MediaPipe's (Apache-2.0); V. Bazarevsky et al.,
"BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", arXiv 1907.05047.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats

_RAW_LIMIT = 80.0  # keeps exp() finite in float32


@dataclass(frozen=True, slots=True)
class Grid:
    """The anchors of one network: input side in pixels and (cells per side, anchors per cell)."""

    side: int
    levels: tuple[tuple[int, int], ...]

    def anchors(self) -> Floats:
        """Anchor centres in 0..1 of the input, shape (n, 2), in the order of the outputs."""
        parts = []
        for cells, per_cell in self.levels:
            ticks = (np.arange(cells, dtype=np.float32) + 0.5) / cells
            x, y = np.meshgrid(ticks, ticks)
            centres = np.stack([x.ravel(), y.ravel()], axis=1)
            parts.append(np.repeat(centres, per_cell, axis=0))
        return np.concatenate(parts)


BACK = Grid(256, ((16, 2), (8, 6)))


@dataclass(frozen=True, slots=True)
class Detection:
    """One face.

    Attributes:
        box (4,): x0, y0, x1, y1, pixels of the picture that was searched.
        points (6, 2): eye and eye (left and right as seen), nose, mouth, ear, ear, pixels.
        score: 0..1.
    """

    box: Floats
    points: Floats
    score: float


class BlazeFace:
    """A detector over one TFLite interpreter.

    `lowest` is the least score that counts as a face; boxes that overlap by more than `overlap`
    (intersection over union) are averaged by score, as MediaPipe does.
    """

    def __init__(
        self, interpreter: Any, grid: Grid = BACK, *, lowest: float = 0.5, overlap: float = 0.3
    ) -> None:
        interpreter.allocate_tensors()
        self._net = interpreter
        self._grid = grid
        self._lowest = lowest
        self._overlap = overlap
        self._anchors = grid.anchors()
        self._input = interpreter.get_input_details()[0]["index"]
        outputs = sorted(interpreter.get_output_details(), key=lambda d: -int(d["shape"][-1]))
        self._regressors, self._scores = outputs[0]["index"], outputs[1]["index"]

    def find(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Faces in a BGR picture, best score first."""
        side = self._grid.side
        height, width = image.shape[:2]
        tensor, scale, left, top = letterbox(image, side)
        self._net.set_tensor(self._input, tensor)
        self._net.invoke()
        raw = self._net.get_tensor(self._regressors)[0]
        logits = self._net.get_tensor(self._scores)[0, :, 0]
        scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -_RAW_LIMIT, _RAW_LIMIT)))
        kept = np.flatnonzero(scores > self._lowest)
        if not len(kept):
            return []
        coded = raw[kept].reshape(len(kept), 8, 2) / side
        coded[:, 0] += self._anchors[kept]
        coded[:, 2:] += self._anchors[kept][:, None]
        half = coded[:, 1] / 2
        corners = np.stack([coded[:, 0] - half, coded[:, 0] + half], axis=1)
        places = np.concatenate([corners, coded[:, 2:]], axis=1) * side
        places = (places - np.array([left, top], np.float32)) / np.float32(scale)
        found = merge(places.astype(np.float32), scores[kept], self._overlap)
        return [d for d in found if _inside(d.box, width, height)]

    def find_small(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Faces in overlapping squares of two thirds of the picture's shorter side.

        In 1280 x 720 pixels this finds faces of 24 px (19 of 19), where `find` needs 64; it costs
        about ten times as much.
        """
        found: list[Detection] = []
        for x, y, side in tiles(image.shape[1], image.shape[0]):
            offset = np.array([x, y], np.float32)
            part = np.ascontiguousarray(image[y : y + side, x : x + side])
            found += [
                Detection(d.box + np.tile(offset, 2), d.points + offset, d.score)
                for d in self.find(part)
            ]
        if not found:
            return []
        places = np.stack([np.concatenate([d.box.reshape(2, 2), d.points]) for d in found])
        scores = np.array([d.score for d in found], np.float32)
        return merge(places, scores, self._overlap)


def tiles(width: int, height: int) -> list[tuple[int, int, int]]:
    """Squares (left, top, side) that cover a picture, each overlapping the next by half or more."""
    side = max(1, min(width, height) * 2 // 3)
    lefts, tops = (
        np.linspace(0, length - side, math.ceil((length - side) / (side / 2)) + 1).round()
        for length in (width, height)
    )
    return [(int(x), int(y), side) for y in tops for x in lefts]


def letterbox(image: NDArray[np.uint8], side: int) -> tuple[Floats, float, int, int]:
    """The picture scaled into a square of `side`, as an NHWC RGB tensor in -1..1.

    Also the scale, and the left and top padding in pixels of the square.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if scale < 0.3:  # averaging by an odd ratio is slow on large pictures: halve them first
        half = max(1, round(width * scale * 2)), max(1, round(height * scale * 2))
        image = cv2.resize(image, half, interpolation=cv2.INTER_LINEAR)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, size, interpolation=way)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    tensor = np.full((1, side, side, 3), -1.0, np.float32)
    inner = small[:, :, ::-1].astype(np.float32) * np.float32(1 / 127.5) - np.float32(1)
    tensor[0, top : top + size[1], left : left + size[0]] = inner
    return tensor, scale, left, top


def merge(places: Floats, scores: Floats, overlap: float) -> list[Detection]:
    """Weighted suppression: `places` (n, 8, 2) are two corners and six points, `scores` (n,)."""
    rest = np.argsort(-scores, kind="stable")
    boxes = places[:, :2].reshape(-1, 4)
    found = []
    while len(rest):
        shared = overlaps(boxes[rest[0]], boxes[rest])
        shared[0] = 1.0  # a degenerate box overlaps nothing, not even itself
        group = rest[shared > overlap]
        weights = scores[group] / scores[group].sum()
        mean = np.tensordot(weights, places[group], axes=1).astype(np.float32)
        found.append(Detection(mean[:2].reshape(4), mean[2:], float(scores[rest[0]])))
        rest = rest[shared <= overlap]
    return found


def overlaps(box: Floats, boxes: Floats) -> Floats:
    """Intersection over union of one box (4,) with boxes (n, 4), 0..1, shape (n,)."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)
    area = float(np.prod(np.clip(box[2:] - box[:2], 0, None)))
    union = areas + area - common
    shared: Floats = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return shared


def _inside(box: Floats, width: int, height: int) -> bool:
    """True where the box is a real one whose centre lies in the picture."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return bool(box[2] > box[0] and box[3] > box[1] and 0 <= x < width and 0 <= y < height)
