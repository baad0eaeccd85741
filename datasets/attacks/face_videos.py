"""Manipulated faces in moving pictures, frame by frame over real clips and their meshes.

Every species is a `Manipulation`: a picture with its mesh in, the changed picture and where it was
changed out. Draws that a program would make once (mask, colours) repeat in every frame; those that
vary in time (`video.swap_jittered`, `video.flicker`) follow from seed and frame number. A
manipulation is also a `datasets.attacks.animated.Change`, so that a moved photo can be attacked
before it is filmed and goes through the same camera as the untouched one. `clips.render` writes
either as H.264 or VP8.

Strengths go from the easiest to see to the hardest. `trained_on` marks what lies within the blends
by soft mask of a face into itself or another's photo that `face_manipulation` learnt from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from audit.perception.faces import LEAST_FLAG, Networks
from audit.perception.mesh import region_of
from audit.types import Question
from datasets.attacks import faces
from datasets.attacks.clips import Clip
from datasets.attacks.faces import FaceModel, Forged, Photo, Points, Weights
from datasets.attacks.species import Species, Standard

Floats = NDArray[np.float64]

STRENGTHS = ("strong", "usual", "weak")

# Chosen so that `strong` is plain to the eye and `weak` is not; no standard has figures for these.
_SHARE = {"strong": 1.0, "usual": 0.85, "weak": 0.6}  # of the replacement under the mask
_JITTER = {"strong": 0.02, "usual": 0.01, "weak": 0.004}  # of the face's height
_MOTION = {"strong": 1.2, "usual": 0.8, "weak": 0.4}  # of the driver's movement
_FLICKER = {"strong": 0.6, "usual": 0.3, "weak": 0.12}  # of the share, from frame to frame
_COLOUR = {"strong": 22.0, "usual": 12.0, "weak": 6.0}  # 8-bit steps in Lab's a and b
_NOSE_BASE = 2  # point of the mesh
_CELL = 8  # pixels
_SOFT = {"strong": 0.02, "usual": 0.01, "weak": 0.005}  # of the face's height


@dataclass(frozen=True, slots=True)
class Film:
    """A clip with the mesh of its one face in every frame: `meshes` (n, 468, 2 or 3), pixels."""

    clip: Clip
    meshes: NDArray[np.float32]

    def __post_init__(self) -> None:
        if len(self.meshes) != len(self.clip.frames):
            raise ValueError("a film needs one mesh for each frame")


def filmed(clip: Clip, networks: Networks) -> Film | None:
    """The clip with its meshes, up to the first frame without a face; None where there is none."""
    meshes: list[Points] = []
    mesh = None
    for image in clip.frames:
        if mesh is not None:
            mesh = networks.mesh.fit(image, mesh.region)
        if mesh is None or mesh.score < LEAST_FLAG:
            found = networks.detector.find(image)
            mesh = networks.mesh.fit(image, region_of(found[0]), passes=2) if found else None
        if mesh is None or mesh.score < LEAST_FLAG:
            break
        meshes.append(np.asarray(mesh.points, np.float32))
    if not meshes:
        return None
    return Film(replace(clip, frames=clip.frames[: len(meshes)]), np.stack(meshes))


@dataclass(frozen=True, slots=True)
class Manipulation:
    """One species at one strength.

    Attributes:
        species, strength: of `SPECIES`.
        source: whose face, mouth or movement is taken; runs forwards and back where it is shorter.
        model: for `video.resynthesised` only.

    Raises:
        ValueError: species or strength is unknown, or the model is missing.
    """

    species: str
    strength: str
    source: Film
    seed: int
    model: FaceModel | None = None

    def __post_init__(self) -> None:
        if self.species not in _MAKERS or self.strength not in STRENGTHS:
            raise ValueError(f"no species {self.species!r} with strength {self.strength!r}")
        if self.species == "video.resynthesised" and self.model is None:
            raise ValueError("resynthesis needs a model of faces")

    def __call__(self, image: Photo, points: Points, number: int) -> Photo:
        """The changed picture alone."""
        return self.forged(image, points, number).image

    def forged(self, image: Photo, points: Points, number: int) -> Forged:
        """Frame `number`, changed; `mask` is zero where it is as it was."""
        return _MAKERS[self.species](self, image, points, number)

    def other(self, number: int) -> tuple[Photo, Points]:
        """The source's frame that goes with frame `number`."""
        last = len(self.source.meshes) - 1
        place = number % (2 * last) if last else 0
        place = min(place, 2 * last - place)
        return self.source.clip.frames[place], self.source.meshes[place]

    def drawn(self) -> np.random.Generator:
        """Draws that are the same in every frame."""
        return np.random.default_rng(self.seed)

    def drawn_at(self, number: int) -> np.random.Generator:
        """Draws of one frame."""
        return np.random.default_rng((self.seed, number))


def manipulated(film: Film, how: Manipulation) -> tuple[Clip, Weights]:
    """The film changed frame by frame, and the masks (n, height, width)."""
    pairs = zip(film.clip.frames, film.meshes, strict=True)
    made = [how.forged(image, mesh, number) for number, (image, mesh) in enumerate(pairs)]
    clip = replace(film.clip, frames=np.stack([each.image for each in made]))
    return clip, np.stack([each.mask for each in made])


def _swapped(how: Manipulation, image: Photo, points: Points, number: int) -> Forged:
    return _swap(how, image, points, points, number, _SHARE[how.strength])


def _jittered(how: Manipulation, image: Photo, points: Points, number: int) -> Forged:
    """The other's face a little beside where it belongs, elsewhere in each frame."""
    random = how.drawn_at(number)
    size = _JITTER[how.strength] * float(np.ptp(points[:, 1]))
    moved = (
        points[:, :2] + random.normal(0, size, 2) + random.normal(0, 0.3 * size, (len(points), 2))
    )
    return _swap(how, image, points, np.asarray(moved, np.float32), number, 1.0)


def _flickering(how: Manipulation, image: Photo, points: Points, number: int) -> Forged:
    """The share and the brightness of the other's face vary from frame to frame."""
    depth = _FLICKER[how.strength]
    random = how.drawn_at(number)
    share = 1.0 - depth * float(random.random())
    gain = 1.0 + 0.25 * depth * float(random.uniform(-1, 1))
    return _swap(how, image, points, points, number, share, gain=gain)


def _swap(
    how: Manipulation, image: Photo, points: Points, at: Points, number: int, share: float,
    *, gain: float = 1.0,
) -> Forged:  # fmt: skip
    photo, mesh = how.other(number)
    mask = faces.soft_mask(image, points, "face", how.drawn(), full=True)
    over = faces.matched_colour(faces.carried(photo, mesh, at, image.shape[:2]), image, mask)
    lit = np.clip(over.astype(np.float32) * gain, 0, 255).astype(np.uint8)
    return _laid(lit, image, mask * np.float32(share), how.species)


def _solved(how: Manipulation, image: Photo, points: Points, number: int) -> Forged:
    made = faces.cross_blended(image, points, how.other(number), how.drawn(), poisson=True)
    return _laid(made.image, image, made.mask * np.float32(_SHARE[how.strength]), how.species)


def _rebuilt(how: Manipulation, image: Photo, points: Points, _: int) -> Forged:
    if how.model is None:
        raise ValueError("resynthesis needs a model of faces")
    mask = faces.soft_mask(image, points, "inner", how.drawn(), full=True)
    over = how.model.rebuilt(image, points)
    return _laid(over, image, mask * np.float32(_SHARE[how.strength]), how.species)


def _mouthed(how: Manipulation, image: Photo, points: Points, number: int) -> Forged:
    """All below the nose moved as the source's moves about its own mean, besides what it does."""
    step = _MOTION[how.strength] * _spoken(how.source.meshes, how.other(number)[1])
    step *= float(np.ptp(points[:, 1]))
    mask = faces.soft_mask(image, points, "lower", how.drawn(), full=True)
    return _laid(_pushed(image, points[:, :2], step), image, mask, how.species)


def _spoken(meshes: NDArray[np.float32], mesh: Points) -> Floats:
    """How a mesh departs from the mean of `meshes` below the nose, over the height, (468, 2).

    The head's own movement is undone by the affine map that best carries eyes, brows and nose,
    which speech leaves alone, to their mean.
    """
    mean = meshes[:, :, :2].mean(axis=0).astype(np.float64)
    still = [*faces.EYES, *faces.BROWS, *faces.NOSE]
    rows = np.column_stack([mesh[:, :2], np.ones(len(mesh))]).astype(np.float64)
    carried = rows @ np.linalg.lstsq(rows[still], mean[still], rcond=None)[0]
    is_below = mean[:, 1] > mean[_NOSE_BASE, 1]
    return np.where(is_below[:, None], (carried - mean) / np.ptp(mean[:, 1]), 0.0)


def _pushed(image: Photo, points: Points, step: Floats) -> Photo:
    """The picture with every point of the mesh moved by `step` (468, 2), pixels.

    Unlike `faces.carried`, which takes every fifth point and so holds lips nearly still, all points
    count, by the inverse cube of their distance on a coarse grid.
    """
    high, wide = image.shape[:2]
    xs, ys = np.meshgrid(
        np.arange(0, wide + 2 * _CELL, _CELL), np.arange(0, high + 2 * _CELL, _CELL)
    )
    grid = np.stack([xs.ravel(), ys.ravel()], axis=1)
    field = np.zeros((*xs.shape, 2), np.float32)
    # Far from the face nothing moves.
    tall = float(np.ptp(points[:, 1]))
    near = np.linalg.norm(grid - points.mean(axis=0), axis=1) < tall
    away = cdist(grid[near], points + step, "sqeuclidean") + 4.0
    weight = 1.0 / (away * np.sqrt(away))
    push = (weight @ step) / (weight.sum(axis=1, keepdims=True) + 1e-5)
    field.reshape(-1, 2)[near] = push
    fine = cv2.resize(field, None, fx=_CELL, fy=_CELL, interpolation=cv2.INTER_LINEAR)
    # Where resizing puts a sample: in the middle of its cell.
    shift = _CELL // 2
    columns, rows = np.meshgrid(np.arange(wide), np.arange(high))
    at = (
        np.stack([columns, rows], axis=-1).astype(np.float32)
        - fine[shift : shift + high, shift : shift + wide]
    )
    made = cv2.remap(image, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(made, np.uint8)


def _driven(how: Manipulation, image: Photo, points: Points, _: int) -> Forged:
    """The source's first picture, whole, bent to the movement and expression of this clip."""
    still, mesh = how.source.clip.frames[0], how.source.meshes[0]
    rows = np.column_stack([mesh[:, :2], np.ones(len(mesh))]).astype(np.float64)
    fitted = rows @ np.linalg.lstsq(rows, points[:, :2].astype(np.float64), rcond=None)[0]
    share = min(1.0, _MOTION[how.strength])
    at = np.asarray(fitted + share * (points[:, :2] - fitted), np.float32)
    warped = faces.carried(still, mesh, at, image.shape[:2])
    return Forged(warped, np.ones(image.shape[:2], np.float32), how.species)


def _coloured(how: Manipulation, image: Photo, points: Points, _: int) -> Forged:
    random = how.drawn()
    mask = faces.soft_mask(image, points, "face", random, full=True)
    turn = float(random.uniform(0, 2 * np.pi))
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB).astype(np.float32)
    lab[:, :, 1:] += _COLOUR[how.strength] * np.array([np.cos(turn), np.sin(turn)], np.float32)
    over = cv2.cvtColor(np.clip(lab, 0, 255).astype(np.uint8), cv2.COLOR_LAB2BGR)
    return _laid(np.asarray(over, np.uint8), image, mask, how.species)


def _blurred(how: Manipulation, image: Photo, points: Points, _: int) -> Forged:
    mask = faces.soft_mask(image, points, "face", how.drawn(), full=True)
    soft = cv2.GaussianBlur(image, (0, 0), _softness(how, points))
    return _laid(np.asarray(soft, np.uint8), image, mask, how.species)


def _sharpened(how: Manipulation, image: Photo, points: Points, _: int) -> Forged:
    mask = faces.soft_mask(image, points, "face", how.drawn(), full=True)
    soft = cv2.GaussianBlur(image, (0, 0), 1.2)
    gain = 75 * _SOFT[how.strength]
    return _laid(
        np.asarray(cv2.addWeighted(image, 1 + gain, soft, -gain, 0), np.uint8),
        image, mask, how.species,
    )  # fmt: skip


def _resampled(how: Manipulation, image: Photo, points: Points, _: int) -> Forged:
    mask = faces.soft_mask(image, points, "face", how.drawn(), full=True)
    factor = 1 + _softness(how, points)
    size = (max(8, int(image.shape[1] / factor)), max(8, int(image.shape[0] / factor)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    over = cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return _laid(np.asarray(over, np.uint8), image, mask, how.species)


def _softness(how: Manipulation, points: Points) -> float:
    return _SOFT[how.strength] * float(np.ptp(points[:, 1]))


def _laid(over: Photo, under: Photo, mask: Weights, kind: str) -> Forged:
    weight = mask[:, :, None]
    made = np.round(under + (over.astype(np.float32) - under) * weight)
    return Forged(np.clip(made, 0, 255).astype(np.uint8), mask, kind)


Maker = Callable[[Manipulation, Photo, Points, int], Forged]

_MAKERS: dict[str, Maker] = {
    "video.swap_soft": _swapped,
    "video.swap_poisson": _solved,
    "video.swap_jittered": _jittered,
    "video.resynthesised": _rebuilt,
    "video.mouth_driven": _mouthed,
    "video.still_driven": _driven,
    "video.flicker": _flickering,
    "video.colour": _coloured,
    "video.blurred": _blurred,
    "video.sharpened": _sharpened,
    "video.resampled": _resampled,
}


def _kind(
    id: str, title: str, term: str, *, trained_on: bool = False, moves: bool = False,
    standard: Standard = "CEN/TS 18099",
) -> Species:  # fmt: skip
    return Species(
        id=id,
        title=title,
        standard=standard,
        term=term,
        media="video",
        question=Question.AUTHENTICITY,
        signals=("face_manipulation", "face_dynamics") if moves else ("face_manipulation",),
        strengths=STRENGTHS,
        generator="face_videos.manipulated",
        trained_on=trained_on,
    )


_SWAP, _MOVED = "injected face swap", "injected face re-enactment"
_OWN = "injected altered video"

SPECIES: tuple[Species, ...] = (
    _kind("video.swap_soft", "Another's face, soft border", _SWAP, trained_on=True, moves=True),
    _kind("video.swap_poisson", "Another's face, border by Poisson's equation", _SWAP, moves=True),
    _kind("video.swap_jittered", "Another's face, trembling", _SWAP, trained_on=True, moves=True),
    _kind("video.resynthesised", "Face rebuilt from few components", "injected synthetic face"),
    _kind("video.mouth_driven", "Mouth follows another's", _MOVED),
    _kind("video.still_driven", "Still moved by another's face", _MOVED),
    _kind("video.flicker", "Another's face, flickering", _SWAP, trained_on=True, moves=True),
    _kind("video.colour", "Face of another colour", _OWN, trained_on=True),
    _kind("video.blurred", "Face softer than its picture", _OWN, trained_on=True),
    _kind("video.sharpened", "Face sharper than its picture", _OWN, trained_on=True),
    _kind("video.resampled", "Face coarser than its picture", _OWN, trained_on=True),
)
"""Every species here, in the order of `_MAKERS`."""
