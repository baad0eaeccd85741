"""Manipulated faces on stills, made from real photos and their meshes.

Generators and what they imitate (terms of CEN/TS 18099 where there is one):

- `self_blended`: a face blended into its own photo after small changes of place, colour and
  sharpness: the traces that every blending leaves, without those of one generator (K. Shiohara and
  T. Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022).
- `rendered`: the face, or a part of it, as a decoder with drawn kernels draws it, blended back.
- `locally_bent`: skin pushed about by smooth bumps at random places, without any blending.
- `cross_blended`: another person's face, warped point by point onto this one and blended: a face
  swap (L. Li et al., "Face X-ray for More General Face Forgery Detection", CVPR 2020), with the
  border blended by a soft mask or by solving Poisson's equation (P. Perez et al., SIGGRAPH 2003).
- `mouth_warped`: the mouth opened or shut by moving the mesh, the rest as it was: re-enactment of
  the mouth alone, as by lip-sync tools.
- `reenacted`: mouth, eyes and brows bent to another's expression, without any blending.
- `cut_in`: another's face laid over as it is, with a crisp edge and one colour shift.
- `resynthesised`: the face rebuilt from a few components of a face model and blended back: the loss
  of detail of an autoencoder's swap.

Photos are BGR uint8 (height, width, 3); meshes are the 468 points of `audit.perception.mesh` in
pixels, of which x and y are used. Every generator returns the picture and where it was changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.types import Question
from datasets.attacks.species import Species

Photo = NDArray[np.uint8]
Points = NDArray[np.float32]
Weights = NDArray[np.float32]

Region = Literal["face", "lower", "inner", "mouth", "eyes", "nose"]

# Outlines by points of the mesh: MediaPipe's canonical face, its published contours.
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
EYES = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246,
        263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)  # fmt: skip
NOSE = (168, 122, 196, 3, 51, 45, 64, 98, 97, 2, 326, 327, 294, 275, 281, 248, 419, 351)
CHEEKS = (116, 123, 147, 187, 207, 206, 203, 129, 358, 423, 426, 427, 411, 376, 352, 345)
_JAW = tuple(OVAL[i] for i in range(7, 30))
_INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80)
LOWER_LIP = (17, 84, 181, 91, 146, 314, 405, 321, 375, 14, 87, 178, 88, 95, 317, 402, 318, 324)

REGIONS: dict[Region, tuple[int, ...]] = {
    "face": OVAL,
    "lower": (*_JAW, *NOSE[5:12]),
    "inner": (*BROWS, *CHEEKS, *LIPS),
    "mouth": LIPS,
    "eyes": (*BROWS, *EYES),
    "nose": NOSE,
}


@dataclass(frozen=True, slots=True)
class Forged:
    """A manipulated photo; `mask` (height, width), 0 untouched to 1 replaced; `kind` of attack."""

    image: Photo
    mask: Weights
    kind: str


def self_blended(
    image: Photo, points: Points, random: np.random.Generator, *, region: Region | None = None
) -> Forged:
    """The face blended into its own photo. `region`: which part; None chooses."""
    chosen = region or _one(
        random, ("face", "face", "face", "lower", "inner", "mouth", "eyes", "nose")
    )
    mask = soft_mask(image, points, chosen, random)
    other = image
    while other is image:  # a face that nothing was done to leaves no trace
        other = _displaced(altered(image, random), points, random)
    return Forged(_mixed(other, image, mask), mask, f"self_blended.{chosen}")


def rendered(image: Photo, points: Points, random: np.random.Generator) -> Forged:
    """The face, or a part of it, as a decoder draws it, blended back into its own photo.

    Decoders of swapping and re-enacting networks enlarge small maps by learnt kernels, which leaves
    softness and a faint lattice (X. Zhang et al., "Detecting and Simulating Artifacts in GAN Fake
    Images", WIFS 2019); here the kernels are drawn.
    """
    region = _one(random, ("face", "inner", "inner", "lower", "mouth", "mouth", "eyes"))
    mask = soft_mask(image, points, region, random)
    other = decoded(image, random)
    if random.random() < 0.5:
        other = _displaced(_coloured(other, random), points, random)
    return Forged(_mixed(other, image, mask), mask, f"rendered.{region}")


def locally_bent(image: Photo, points: Points, random: np.random.Generator) -> Forged:
    """Skin pushed about by a few smooth bumps, as by a warping brush; nothing is blended in."""
    high, wide = image.shape[:2]
    tall = float(np.ptp(points[:, 1]))
    ys, xs = np.mgrid[0:high, 0:wide].astype(np.float32)
    field = np.zeros((2, high, wide), np.float32)
    region = _one(random, ("mouth", "eyes", "inner", "nose", "lower"))
    for _ in range(int(random.integers(1, 5))):
        at = points[int(random.choice(REGIONS[region])), :2]
        spread = float(random.uniform(0.04, 0.14)) * tall
        bump = np.exp(-((xs - at[0]) ** 2 + (ys - at[1]) ** 2) / (2 * spread**2))
        # A bump steeper than its width would fold the skin over itself.
        push = random.uniform(-0.45, 0.45, 2) * spread
        field += push.astype(np.float32)[:, None, None] * bump
    way = int(random.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4]))
    moved = cv2.remap(image, xs + field[0], ys + field[1], way, borderMode=cv2.BORDER_REFLECT)
    mask = np.clip(np.hypot(*field) / 1.5, 0, 1).astype(np.float32)
    # Below a tenth of a pixel nothing was moved to speak of, and nothing is changed.
    mask[mask < 0.07] = 0
    made = np.where(mask[:, :, None] > 0, moved, image).astype(np.uint8)
    return Forged(made, mask, f"locally_bent.{region}")


def decoded(image: Photo, random: np.random.Generator) -> Photo:
    """The picture from a smaller copy of it, enlarged by one or two drawn transposed kernels."""
    times = int(random.integers(1, 3))
    high, wide = (-(-side // 2**times) for side in image.shape[:2])
    small = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32)
    for _ in range(times):
        small = _doubled(small, random)
    if random.random() < 0.5:  # decoders that are trained longer are sharper
        soft = cv2.GaussianBlur(small, (0, 0), 1.2)
        small = small + np.float32(random.uniform(0.2, 1.0)) * (small - soft)
    cut = small[: image.shape[0], : image.shape[1]]
    return np.asarray(np.clip(np.round(cut), 0, 255), np.uint8)


def _doubled(small: Weights, random: np.random.Generator) -> Weights:
    """A transposed convolution of stride two; unequal phases of its kernel make the lattice."""
    high, wide = small.shape[:2]
    grid = np.zeros((2 * high, 2 * wide, small.shape[2]), np.float32)
    grid[::2, ::2] = small
    line = np.array([1.0, 3.0, 3.0, 1.0]) if random.random() < 0.7 else np.array([1.0, 2.0, 1.0])
    kernel = np.outer(line, line) * random.uniform(0.75, 1.25, (len(line),) * 2)
    for down in (0, 1):
        for right in (0, 1):
            phase = kernel[down::2, right::2]
            phase *= (1 + random.normal(0, 0.012)) / phase.sum()
    made = cv2.filter2D(grid, -1, kernel.astype(np.float32), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(made, np.float32)


def cross_blended(
    image: Photo,
    points: Points,
    other: tuple[Photo, Points],
    random: np.random.Generator,
    *,
    poisson: bool = False,
) -> Forged:
    """The face of another photo (`other`, with its mesh) in place of this one's."""
    warped = carried(other[0], other[1], points, image.shape[:2])
    region: Region = _one(random, ("face", "face", "inner", "lower"))
    mask = soft_mask(image, points, region, random, full=True)
    matched = matched_colour(warped, image, mask)
    if poisson:
        return _poisson(matched, image, mask)
    if random.random() < 0.5:
        matched = altered(matched, random)
    return Forged(_mixed(matched, image, mask), mask, "cross_blended")


def mouth_warped(image: Photo, points: Points, random: np.random.Generator) -> Forged:
    """The lower lip and jaw moved up or down, and the corners of the mouth in or out."""
    moved = points[:, :2].astype(np.float64).copy()
    high = float(np.ptp(moved[:, 1]))
    drop = float(random.choice([-1.0, 1.0]) * random.uniform(0.025, 0.07)) * high
    wide = float(random.uniform(-0.03, 0.03)) * high
    moved[list(LOWER_LIP), 1] += drop
    centre = moved[list(LIPS), 0].mean()
    moved[list(LIPS), 0] += wide * np.sign(moved[list(LIPS), 0] - centre)
    warped = carried(image, points, moved.astype(np.float32), image.shape[:2])
    both = np.concatenate([points[:, :2], moved]).astype(np.float32)
    outline = both[[*LIPS, *(468 + i for i in LIPS)]]
    mask = _feathered(_hull(outline, image.shape[:2], 1.35), random.uniform(0.02, 0.05) * high)
    return Forged(_mixed(warped, image, mask), mask, "mouth_warped")


def resynthesised(
    image: Photo, points: Points, model: FaceModel, random: np.random.Generator
) -> Forged:
    """The face as the components of `model` have it, blended back under a soft mask."""
    rebuilt = model.rebuilt(image, points)
    mask = soft_mask(image, points, "inner", random, full=True)
    return Forged(_mixed(rebuilt, image, mask), mask, "resynthesised")


def reenacted(
    image: Photo, points: Points, other: tuple[Photo, Points], random: np.random.Generator
) -> Forged:
    """The face warped to another's expression: nothing is blended in, its own skin is bent.

    Mouth, eyes and brows move by a part of the way to where `other` has them, after the one affine
    map that best carries the other's face onto this one.
    """
    own = points[:, :2].astype(np.float64)
    theirs = other[1][:, :2].astype(np.float64)
    rows = np.column_stack([theirs, np.ones(len(theirs))])
    fitted = rows @ np.linalg.lstsq(rows, own, rcond=None)[0]
    moving = list({*LIPS, *_INNER_LIPS, *LOWER_LIP, *EYES, *BROWS})
    moved = own.copy()
    moved[moving] += float(random.uniform(0.5, 0.9)) * (fitted[moving] - own[moving])
    shape = image.shape[:2]
    warped = carried(image, points, moved.astype(np.float32), shape)
    changed = np.abs(warped.astype(np.int16) - image).max(axis=2) > 0
    return Forged(warped, changed.astype(np.float32), "reenacted")


def cut_in(
    image: Photo, points: Points, other: tuple[Photo, Points], random: np.random.Generator
) -> Forged:
    """Another face laid over this one: turned and scaled, one colour shift, crisp edge."""
    chosen = list(range(0, len(points), 5))
    matrix, _ = cv2.estimateAffinePartial2D(
        other[1][chosen, :2].astype(np.float32), points[chosen, :2].astype(np.float32)
    )
    linear = np.eye(2, 3) if matrix is None else matrix
    size = (image.shape[1], image.shape[0])
    laid = cv2.warpAffine(
        other[0], linear, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    high = float(np.ptp(points[:, 1]))
    hull = _hull(points[list(OVAL), :2], image.shape[:2], float(random.uniform(0.88, 0.96)))
    mask = _feathered(hull, float(random.uniform(0.004, 0.012)) * high)
    inside = mask > 0.5
    shift = image[inside].mean(axis=0) - laid[inside].mean(axis=0) if inside.any() else 0.0
    matched = np.clip(laid + shift, 0, 255).astype(np.uint8)
    return Forged(_mixed(matched, image, mask), mask, "cut_in")


@dataclass(frozen=True, slots=True)
class FaceModel:
    """Principal components of aligned faces: an autoencoder without a network.

    `mean` (side * side * 3,), `axes` (n, side * side * 3), both of pixels 0..1.
    """

    mean: Weights
    axes: Weights
    side: int

    @classmethod
    def fitted(
        cls, faces: list[tuple[Photo, Points]], *, side: int = 64, count: int = 96
    ) -> FaceModel:
        """The components of many photos with their meshes."""
        rows = np.stack([aligned(image, points, side)[0].ravel() for image, points in faces])
        mean = rows.mean(axis=0)
        centred = (rows - mean).astype(np.float32)
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        return cls(mean.astype(np.float32), axes[:count].astype(np.float32), side)

    def rebuilt(self, image: Photo, points: Points) -> Photo:
        """The photo with its face replaced by what the components keep of it."""
        small, matrix = aligned(image, points, self.side)
        centred = small.ravel() - self.mean
        made = (self.mean + (centred @ self.axes.T) @ self.axes).reshape(self.side, self.side, 3)
        face = (np.clip(made, 0, 1) * 255).astype(np.uint8)
        size = (image.shape[1], image.shape[0])
        back = cv2.warpAffine(
            face, matrix, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return np.asarray(back, np.uint8)


def soft_mask(
    image: Photo,
    points: Points,
    region: Region,
    random: np.random.Generator,
    *,
    full: bool = False,
) -> Weights:
    """A region's hull, bent and feathered, 0..1; `full`: at full strength in its middle."""
    shape = image.shape[:2]
    high = float(np.ptp(points[:, 1]))
    hull = _hull(points[list(REGIONS[region]), :2], shape, float(random.uniform(0.92, 1.12)))
    bent = _bent(hull, random, high * 0.07)
    soft = _feathered(bent, float(random.uniform(0.01, 0.09)) * high)
    strength = 1.0 if full else float(random.choice([0.25, 0.5, 0.75, 1.0, 1.0, 1.0]))
    return np.asarray(soft * strength, np.float32)


def carried(source: Photo, points: Points, targets: Points, shape: tuple[int, ...]) -> Photo:
    """`source` warped so that its mesh lies on `targets`; beyond the mesh it follows smoothly.

    The displacements of the points are spread over the picture by inverse distances on a coarse
    grid, which is smooth enough for faces and much faster than a triangulation.
    """
    high, wide = int(shape[0]), int(shape[1])
    step = max(4, wide // 32)
    across, down = -(-wide // step), -(-high // step)
    # Where resizing puts the samples of a coarse grid: the middles of its cells.
    xs, ys = np.meshgrid(_middles(across, step), _middles(down, step))
    chosen = slice(None, None, 5)
    at = targets[chosen, :2].astype(np.float32)
    source_at = points[chosen, :2].astype(np.float32)
    matrix, _ = cv2.estimateAffinePartial2D(at, source_at)
    linear = np.asarray(matrix if matrix is not None else np.eye(2, 3), np.float32)
    residual = source_at - (at @ linear[:, :2].T + linear[:, 2])
    grid = np.stack([xs.ravel(), ys.ravel()], axis=1)
    weight = 1.0 / (((grid[:, None, :] - at[None]) ** 2).sum(-1) + 4.0) ** 1.5
    near = weight.sum(1, keepdims=True)
    bent = near / (near + 1e-4) * (weight @ residual) / near
    field = []
    columns, rows = np.meshgrid(
        np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32)
    )
    for axis in (0, 1):
        coarse = bent[:, axis].reshape(down, across).astype(np.float32)
        fine = cv2.resize(coarse, (across * step, down * step), interpolation=cv2.INTER_LINEAR)
        straight = linear[axis, 0] * columns + linear[axis, 1] * rows + linear[axis, 2]
        field.append((straight + fine[:high, :wide]).astype(np.float32))
    out = cv2.remap(source, field[0], field[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(out, np.uint8)


def _middles(count: int, step: int) -> NDArray[np.float32]:
    return ((np.arange(count) + 0.5) * step - 0.5).astype(np.float32)


def matched_colour(source: Photo, target: Photo, mask: Weights) -> Photo:
    """`source` with the mean and spread of `target`'s colours under the mask (Reinhard, in Lab)."""
    inside = mask > 0.5
    if int(inside.sum()) < 16:
        return source
    a = cv2.cvtColor(source, cv2.COLOR_BGR2LAB).astype(np.float32)
    b = cv2.cvtColor(target, cv2.COLOR_BGR2LAB).astype(np.float32)
    spread = b[inside].std(0) / np.maximum(a[inside].std(0), 1.0)
    moved = (a - a[inside].mean(0)) * np.clip(spread, 0.5, 2.0) + b[inside].mean(0)
    out = cv2.cvtColor(np.clip(moved, 0, 255).astype(np.uint8), cv2.COLOR_LAB2BGR)
    return np.asarray(out, np.uint8)


def _one(random: np.random.Generator, choices: tuple[Region, ...]) -> Region:
    return choices[int(random.integers(len(choices)))]


def _hull(outline: Points, shape: tuple[int, ...], scale: float) -> Weights:
    centre = outline.mean(axis=0)
    ring = cv2.convexHull(((outline - centre) * scale + centre).astype(np.float32))
    mask = np.zeros((int(shape[0]), int(shape[1])), np.float32)
    cv2.fillConvexPoly(mask, np.round(ring).astype(np.int32), 1.0, lineType=cv2.LINE_AA)
    return mask


def _feathered(mask: Weights, sigma: float) -> Weights:
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.6, sigma))
    # Blurred once more from its inside, the mask falls off within its outline.
    inner = cv2.GaussianBlur(
        np.where(soft > 0.5, soft, 0).astype(np.float32), (0, 0), max(0.6, sigma)
    )
    return np.asarray(inner / max(float(inner.max()), 1e-6), np.float32)


def _bent(mask: Weights, random: np.random.Generator, most: float) -> Weights:
    high, wide = mask.shape
    coarse = random.uniform(-1, 1, (2, 5, 5)).astype(np.float32) * np.float32(most)
    field = [cv2.resize(each, (wide, high), interpolation=cv2.INTER_CUBIC) for each in coarse]
    ys, xs = np.mgrid[0:high, 0:wide].astype(np.float32)
    return np.asarray(cv2.remap(mask, xs + field[0], ys + field[1], cv2.INTER_LINEAR), np.float32)


def _displaced(image: Photo, points: Points, random: np.random.Generator) -> Photo:
    """A little larger or smaller, moved, turned and bent."""
    high = float(np.ptp(points[:, 1]))
    centre = points[:, :2].mean(axis=0)
    scale = float(random.uniform(0.955, 1.045))
    angle = float(random.uniform(-2.0, 2.0))
    matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), angle, scale)
    matrix[:, 2] += random.uniform(-0.02, 0.02, 2) * high
    size = (image.shape[1], image.shape[0])
    moved = cv2.warpAffine(
        image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    if random.random() < 0.5:
        coarse = random.uniform(-1, 1, (2, 6, 6)).astype(np.float32) * np.float32(0.012 * high)
        field = [cv2.resize(each, size, interpolation=cv2.INTER_CUBIC) for each in coarse]
        ys, xs = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
        moved = cv2.remap(
            moved, xs + field[0], ys + field[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
    return np.asarray(moved, np.uint8)


def altered(image: Photo, random: np.random.Generator) -> Photo:
    """Other colours, and softer, sharper or coarser."""
    made = _coloured(image, random)
    way = random.random()
    if way < 0.4:
        factor = float(random.uniform(0.35, 0.9))
        size = (max(8, int(image.shape[1] * factor)), max(8, int(image.shape[0] * factor)))
        small = cv2.resize(made, size, interpolation=cv2.INTER_AREA)
        back = int(random.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST]))
        made = np.asarray(cv2.resize(small, image.shape[1::-1], interpolation=back), np.uint8)
    elif way < 0.6:
        soft = cv2.GaussianBlur(made, (0, 0), float(random.uniform(0.8, 2.5)))
        gain = float(random.uniform(0.2, 0.8))
        made = np.asarray(cv2.addWeighted(made, 1 + gain, soft, -gain, 0), np.uint8)
    elif way < 0.75:
        made = np.asarray(cv2.GaussianBlur(made, (0, 0), float(random.uniform(0.5, 1.6))), np.uint8)
    return made


def _coloured(image: Photo, random: np.random.Generator) -> Photo:
    out = image.astype(np.float32)
    if random.random() < 0.8:
        out = out * random.uniform(0.9, 1.1, 3).astype(np.float32)
        out = out + random.uniform(-14, 14, 3).astype(np.float32)
    if random.random() < 0.5:
        mean = out.mean()
        out = (out - mean) * np.float32(random.uniform(0.85, 1.15)) + mean
    return np.clip(out, 0, 255).astype(np.uint8)


def _mixed(over: Photo, under: Photo, mask: Weights) -> Photo:
    weight = mask[:, :, None]
    made = over.astype(np.float32) * weight + under.astype(np.float32) * (1 - weight)
    return np.clip(np.round(made), 0, 255).astype(np.uint8)


def _poisson(over: Photo, under: Photo, mask: Weights) -> Forged:
    hard = (mask > 0.5).astype(np.uint8) * 255
    hard[:2], hard[-2:], hard[:, :2], hard[:, -2:] = 0, 0, 0, 0
    ys, xs = np.nonzero(hard)
    if len(ys) == 0:
        return Forged(under, np.zeros_like(mask), "cross_blended.poisson")
    middle = ((int(xs.min()) + int(xs.max())) // 2, (int(ys.min()) + int(ys.max())) // 2)
    made = np.asarray(cv2.seamlessClone(over, under, hard, middle, cv2.NORMAL_CLONE), np.uint8)
    # The patch may land a pixel beside the mask, whose middle is rounded.
    touched = (hard > 0) | (made != under).any(axis=2)
    return Forged(made, touched.astype(np.float32), "cross_blended.poisson")


def aligned(image: Photo, points: Points, side: int) -> tuple[Weights, NDArray[np.float64]]:
    """The face in a fixed place, pixels 0..1, and the map from the photo to it."""
    eyes = [points[list(EYES[:16]), :2].mean(0), points[list(EYES[16:]), :2].mean(0)]
    mouth = points[list(LIPS), :2].mean(0)
    wanted = np.array([[0.3, 0.36], [0.7, 0.36], [0.5, 0.76]], np.float32) * side
    matrix = cv2.getAffineTransform(np.array([*eyes, mouth], np.float32), wanted)
    small = cv2.warpAffine(
        image, matrix, (side, side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    return (small.astype(np.float32) / 255), matrix


def _species(id: str, title: str, term: str, generator: str, *, trained_on: bool) -> Species:
    return Species(
        id=id,
        title=title,
        standard="CEN/TS 18099",
        term=term,
        media="still",
        question=Question.AUTHENTICITY,
        signals=("face_manipulation",),
        strengths=("drawn by seed",),
        generator=f"faces.{generator}",
        trained_on=trained_on,
    )


SPECIES: tuple[Species, ...] = (
    _species(
        "photo.self_blended", "Face blended into its own photo", "injected altered image",
        "self_blended", trained_on=True,
    ),
    _species(
        "photo.rendered", "Face redrawn by drawn kernels", "injected altered image",
        "rendered", trained_on=True,
    ),
    _species(
        "photo.locally_bent", "Skin pushed about by bumps", "injected altered image",
        "locally_bent", trained_on=False,
    ),
    _species(
        "photo.cross_blended", "Another's face, soft border", "injected face swap",
        "cross_blended", trained_on=True,
    ),
    _species(
        "photo.poisson", "Another's face, border by Poisson's equation", "injected face swap",
        "cross_blended", trained_on=False,
    ),
    _species(
        "photo.mouth_warped", "Mouth opened or shut", "injected face re-enactment",
        "mouth_warped", trained_on=False,
    ),
    _species(
        "photo.reenacted", "Face bent to another's expression", "injected face re-enactment",
        "reenacted", trained_on=False,
    ),
    _species(
        "photo.cut_in", "Another's face laid over, crisp edge", "injected face swap",
        "cut_in", trained_on=False,
    ),
    _species(
        "photo.resynthesised", "Face rebuilt from few components", "injected synthetic face",
        "resynthesised", trained_on=False,
    ),
)  # fmt: skip
