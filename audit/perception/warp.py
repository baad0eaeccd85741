"""Cutting a square out of a picture through an affine map, without aliasing."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def warp(
    image: NDArray[np.uint8],
    matrix: NDArray[np.float64],
    size: int,
    *,
    border: int = cv2.BORDER_REPLICATE,
) -> NDArray[np.uint8]:
    """`size` x `size` pixels of a BGR picture; `matrix` (2, 3) maps picture to output pixels.

    Where the map shrinks by two or more, the part that is needed is first averaged by a whole
    factor; bilinear sampling alone would skip pixels.
    """
    factor = int(1.0 / max(math.sqrt(abs(float(np.linalg.det(matrix[:, :2])))), 1e-6))
    if factor >= 2:
        image, matrix = _reduced(image, matrix, size, factor)
    warped: NDArray[np.uint8] = cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border
    )
    return warped


def _reduced(
    image: NDArray[np.uint8], matrix: NDArray[np.float64], size: int, factor: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    back = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float64)
    placed = corners @ back[:, :2].T + back[:, 2]
    low, high = placed.min(axis=0) - factor, placed.max(axis=0) + factor
    x0, y0 = (max(0, math.floor(v)) for v in low)
    x1, y1 = min(image.shape[1], math.ceil(high[0])), min(image.shape[0], math.ceil(high[1]))
    wide, tall = (x1 - x0) // factor, (y1 - y0) // factor
    if wide < 1 or tall < 1:
        return image, matrix
    part = image[y0 : y0 + tall * factor, x0 : x0 + wide * factor]
    small: NDArray[np.uint8] = cv2.resize(part, (wide, tall), interpolation=cv2.INTER_AREA)
    shift = np.array([x0, y0]) + (factor - 1) / 2
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ shift
    moved[:, :2] *= factor
    return small, moved
