"""Face crops that detectors ask for."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.detectors import CropSpec
from audit.interview import Floats
from audit.perception.warp import warp


def crop(
    image: NDArray[np.uint8], box: Floats, points: Floats, spec: CropSpec
) -> NDArray[np.uint8]:
    """The pixels that `spec` describes, BGR (size, size, 3).

    `box` (4,) and `points` (5, 2) are in pixels of `image`.
    """
    if spec.template is not None:
        target = np.asarray(spec.template, np.float32)
        matrix = similarity(points, target)
        return warp(image, matrix, spec.size, border=cv2.BORDER_CONSTANT)
    x0, y0, x1, y1 = scaled_box(box, spec.scale or 1.0, image.shape[1], image.shape[0])
    part = _averaged(image[y0:y1, x0:x1], spec.size)
    way = cv2.INTER_AREA if min(part.shape[:2]) > spec.size else cv2.INTER_LINEAR
    resized: NDArray[np.uint8] = cv2.resize(part, (spec.size, spec.size), interpolation=way)
    return resized


def _averaged(part: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Reduced by the largest whole factor that leaves `size`; odd ratios are slow."""
    factor = min(part.shape[:2]) // size
    if factor < 2:
        return part
    high, wide = part.shape[0] // factor, part.shape[1] // factor
    top, left = (part.shape[0] - high * factor) // 2, (part.shape[1] - wide * factor) // 2
    whole = part[top : top + high * factor, left : left + wide * factor]
    small: NDArray[np.uint8] = cv2.resize(whole, (wide, high), interpolation=cv2.INTER_AREA)
    return small


def scaled_box(box: Floats, scale: float, width: int, height: int) -> tuple[int, int, int, int]:
    """The box enlarged about its centre, moved inside the frame, shrunk only where it must be.

    This is the crop of Silent-Face-Anti-Spoofing (Apache-2.0): sides keep the box's proportions,
    both shrink together when one exceeds the frame. Returns x0, y0, x1, y1 with x1, y1 excluded.
    """
    wide, high = max(1.0, float(box[2] - box[0])), max(1.0, float(box[3] - box[1]))
    fit = min((width - 1) / wide, (height - 1) / high, scale)
    x0, x1 = _moved(float(box[0] + box[2]) / 2, wide * fit, width)
    y0, y1 = _moved(float(box[1] + box[3]) / 2, high * fit, height)
    return x0, y0, x1, y1


def _moved(centre: float, length: float, limit: int) -> tuple[int, int]:
    low = min(max(0.0, centre - length / 2), max(0.0, limit - length))
    first = int(low)
    return first, min(limit, max(first + 1, int(low + length) + 1))


def similarity(points: Floats, target: Floats) -> NDArray[np.float64]:
    """The (2, 3) similarity with least squared error from `points` to `target`, both (n, 2).

    S. Umeyama, IEEE TPAMI 13(4), 1991; reflections are excluded.
    """
    source = np.asarray(points, np.float64)
    wanted = np.asarray(target, np.float64)
    a, b = source - source.mean(axis=0), wanted - wanted.mean(axis=0)
    spread = max(float((a**2).sum()), 1e-12)
    cos = float((a * b).sum()) / spread
    sin = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / spread
    turn = np.array([[cos, -sin], [sin, cos]])
    shift = wanted.mean(axis=0) - turn @ source.mean(axis=0)
    return np.column_stack([turn, shift])
