"""What is worn or held before a live head: cut-out prints, paper masks, moulded masks.

All move rigidly with the wearer's head, by the map that best carries the mesh of the face shown to
the wearer's; live eyes (and the mouth of some) are seen through holes. Meshes are the 468 points of
`audit.perception.mesh`, of which x and y are used.
"""

from __future__ import annotations

import cv2
import numpy as np

from datasets.attacks.faces import LIPS, OVAL, Photo, Points, carried
from datasets.attacks.recapture import Floats, Light, Sheet, linear

LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
_RIGID = (
    10,
    338,
    109,
    6,
    168,
    197,
    195,
    4,
    127,
    356,
    234,
    454,
    93,
    323,
    132,
    361,
    33,
    263,
    133,
    362,
)
"""Points that the skull carries: forehead, nose, temples, corners of the eyes."""


def hole(points: Points, which: tuple[int, ...], size: tuple[int, int], grow: float) -> Light:
    """1 inside the hull of some points enlarged by `grow`, else 0; `size` is rows and columns."""
    hull = cv2.convexHull(points[list(which), :2].astype(np.float32))[:, 0]
    middle = hull.mean(axis=0)
    filled = np.zeros(size, np.float32)
    cv2.fillConvexPoly(filled, np.round(middle + (hull - middle) * grow).astype(np.int32), 1.0)
    return filled


def opened(light: Light, points: Points, *, oval: bool, mouth: bool) -> Light:
    """Where a print of a face is left after cutting, shape (rows, columns), 0..1.

    `points` are in pixels of `light`. `oval`: cut around the face too.
    """
    size = light.shape[:2]
    left = hole(points, OVAL, size, 1.04) if oval else np.ones(size, np.float32)
    for which, grow in ((LEFT_EYE, 1.5), (RIGHT_EYE, 1.5)):
        left *= 1 - hole(points, which, size, grow)
    if mouth:
        left *= 1 - hole(points, LIPS, size, 1.15)
    return left


def worn_at(points: Points, wearer: Points, *, scale: float = 1.0) -> Floats:
    """The (3, 3) map from a rigid sheet with a face at `points` to the wearer's picture."""
    chosen = list(_RIGID)
    matrix, _ = cv2.estimateAffinePartial2D(
        points[chosen, :2].astype(np.float64), wearer[chosen, :2].astype(np.float64),
        method=cv2.LMEDS,
    )  # fmt: skip
    if matrix is None:
        raise ValueError("the two meshes cannot be laid on one another")
    middle = wearer[chosen, :2].mean(axis=0)
    full = np.vstack([matrix, [0, 0, 1]]).astype(np.float64)
    grow = np.array(
        [[scale, 0, (1 - scale) * middle[0]], [0, scale, (1 - scale) * middle[1]], [0, 0, 1]]
    )
    return np.asarray(grow @ full, np.float64)


def moulded(
    photo: Photo, points: Points, wearer: Points, size: tuple[int, int], *, detail: float = 0.0
) -> Sheet:
    """A moulded mask of a face, painted, in the pixels of the wearer's picture.

    Paint has few tones and no pores; the material is lit as a smooth body and shines. `size` is
    rows and columns of the wearer's picture; `detail` is the share of the face's own detail and
    tones that the paint has, 0..1.
    """
    laid = carried(photo, points, wearer, size)
    flat = laid
    for tones in (60, 40, 40):
        flat = cv2.bilateralFilter(flat, 9, tones, 7)
    light = detail * linear(laid) + (1 - detail) * linear(flat)
    cover = opened(light, wearer, oval=True, mouth=False)
    inside = cover > 0.5
    tone = np.median(light[inside], axis=0) if inside.any() else light.mean(axis=(0, 1))
    kept = 0.55 + 0.45 * detail
    painted = kept * light + (1 - kept) * tone
    box = wearer[list(OVAL), :2]
    middle, half = (box.max(0) + box.min(0)) / 2, (box.max(0) - box.min(0)) / 2
    x = (np.arange(size[1], dtype=np.float32)[None] - middle[0]) / half[0]
    y = (np.arange(size[0], dtype=np.float32)[:, None] - middle[1]) / half[1]
    depth = np.sqrt(np.maximum(0.05, 1.15 - x**2 - 0.8 * y**2))
    length = np.sqrt(x**2 + 0.64 * y**2 + depth**2)
    towards = (-0.3 * x - 0.4 * 0.8 * y + 0.87 * depth) / length
    shade = 0.35 + 0.65 * np.maximum(0.0, towards)
    shine = 0.35 * (1 - detail) * np.maximum(0.0, towards) ** 40
    seen = painted * shade[..., None] + shine[..., None]
    soft = cv2.GaussianBlur(cover, (0, 0), 0.8)
    return Sheet(np.clip(seen, 0, 1).astype(np.float32), soft)
