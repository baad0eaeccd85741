"""Pairs of a photo and its manipulated copy, for training and for looking at what was learnt.

Photo and copy go through one and the same recording: scaling, H.264 or JPEG, noise. What tells
them apart is then the manipulation, not the file.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from audit.inference import Models
from audit.perception.crops import scaled_box
from audit.perception.faces import Networks
from audit.perception.mesh import region_of
from datasets.attacks import faces as attacks
from datasets.attacks.faces import FaceModel, Forged, Photo, Points

MARGIN = 1.15
"""The crop's sides over those of the mesh's box, as the detector asks for it."""
_LEAST_SCORE = 0.7
_PARTNERS = 60
_HARD = 0.3

ALONE: Mapping[str, Callable[[Photo, Points, np.random.Generator], Forged]] = {
    "self_blended": attacks.self_blended,
    "rendered": attacks.rendered,
    "locally_bent": attacks.locally_bent,
    "mouth_warped": attacks.mouth_warped,
}
"""Manipulations that need no other photo, by name."""
OF_TWO: Mapping[
    str, Callable[[Photo, Points, tuple[Photo, Points], np.random.Generator], Forged]
] = {"reenacted": attacks.reenacted, "cut_in": attacks.cut_in}
"""Manipulations that take something from another photo, by name."""


@dataclass(frozen=True, slots=True)
class Photos:
    """Photos with one measured face each.

    `files` (n,) below `root`; `points` (n, 468, 3) pixels; `race`, `gender`, `age` (n,) as
    labelled; `is_train` (n,): the corpus' own split.
    """

    root: Path
    files: NDArray[np.str_]
    points: NDArray[np.float32]
    race: NDArray[np.str_]
    gender: NDArray[np.str_]
    age: NDArray[np.str_]

    @property
    def is_train(self) -> NDArray[np.bool_]:
        """Which photos belong to the corpus' training split."""
        return np.array([name.startswith("train/") for name in self.files])

    @property
    def list_sha256(self) -> str:
        """SHA-256 of the file names in order, one a line: names the data of a training."""
        return hashlib.sha256("".join(f"{name}\n" for name in self.files).encode()).hexdigest()

    def read(self, row: int) -> tuple[Photo, Points]:
        """One photo, BGR, and its mesh."""
        return _read(self.root / str(self.files[row])), self.points[row]

    def shapes(self) -> NDArray[np.float32]:
        """What partners are chosen by: some points, centred and scaled, (n, 2 k)."""
        some = self.points[:, ::6, :2]
        centred = some - some.mean(axis=1, keepdims=True)
        scale = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
        return np.asarray((centred / scale).reshape(len(some), -1), np.float32)


def _read(path: Path) -> Photo:
    image = cv2.imread(str(path))
    if image is None:
        raise FileNotFoundError(f"{path} is missing or no picture")
    return np.asarray(image, np.uint8)


def measured(root: Path, models: Models, kept: Path) -> Photos:
    """The photos of FairFace below `root` in which one face is found; kept as an .npz file."""
    if not kept.exists():
        _measure(root, models, kept)
    with np.load(kept) as held:
        names = ("files", "points", "race", "gender", "age")
        return Photos(root, *(held[name] for name in names))


def mesh_of(image: Photo, networks: Networks) -> Points | None:
    """The mesh (468, 3) of the face nearest to the middle; None where none is found surely."""
    faces = networks.detector.find(image)
    if not faces:
        return None
    middle = np.array(image.shape[1::-1]) / 2
    nearest = min(faces, key=lambda f: float(np.hypot(*((f.box[:2] + f.box[2:]) / 2 - middle))))
    mesh = networks.mesh.fit(image, region_of(nearest), passes=2)
    return np.asarray(mesh.points, np.float32) if mesh.score >= _LEAST_SCORE else None


def _measure(root: Path, models: Models, kept: Path) -> None:
    networks = Networks.of(models)
    with (root / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (root / row["file"]).exists()]
    found: list[tuple[Mapping[str, str], Points]] = []
    for row in rows:
        mesh = mesh_of(_read(root / row["file"]), networks)
        if mesh is not None:
            found.append((row, mesh))
    files, race, gender, age = (
        np.array([row[name] for row, _ in found]) for name in ("file", "race", "gender", "age")
    )
    points = np.array([mesh for _, mesh in found])
    np.savez_compressed(kept, files=files, points=points, race=race, gender=gender, age=age)


@dataclass(frozen=True, slots=True)
class Pair:
    """A photo's face and its manipulated copy, alike in all else.

    `real`, `forged`: BGR uint8 (side, side, 3); `mask` (side / 16, side / 16), 0..1: how much of
    each part was replaced.
    """

    real: Photo
    forged: Photo
    mask: NDArray[np.float32]
    kind: str


@dataclass(frozen=True, slots=True)
class PairMaker:
    """Makes pairs of the photos in `rows`; `kinds` says how often each manipulation is drawn.

    `crf`: None draws a recording's quality at random; a number encodes as H.264 with that rate
    factor at the photo's own size; `recorded`: the share of pairs that are recorded at all, 0..1.
    """

    photos: Photos
    rows: NDArray[np.int64]
    shapes: NDArray[np.float32]
    kinds: Mapping[str, float]
    side: int
    model: FaceModel | None = None
    is_varied: bool = True
    crf: int | None = None
    recorded: float = 1.0

    def pair(self, row: int, random: np.random.Generator) -> Pair:
        """A pair of one photo."""
        image, points = self.photos.read(row)
        if self.is_varied:
            image = _toned(image, random)
        kind = str(random.choice(list(self.kinds), p=list(self.kinds.values())))
        forged = self._forged(kind, row, image, points, random)
        both, mask = self._cropped([image, forged.image], forged.mask, points, random)
        if self.is_varied and random.random() < _HARD:
            # What blending does to a part, done to the whole of both: not a sign by itself.
            seed = int(random.integers(2**32))
            change = attacks.altered if random.random() < 0.8 else attacks.decoded
            both = [change(each, np.random.default_rng(seed)) for each in both]
        if self.crf is not None:
            both = [recorded(each, self.crf, 2, random) for each in both]
        elif self.is_varied and random.random() < self.recorded:
            both = degraded(both, random)
        real, fake = (_sized(each, self.side) for each in both)
        small = cv2.resize(mask, (self.side // 16,) * 2, interpolation=cv2.INTER_AREA)
        return Pair(real, fake, np.asarray(small, np.float32), kind)

    def _forged(
        self, kind: str, row: int, image: Photo, points: Points, random: np.random.Generator
    ) -> Forged:
        if (alone := ALONE.get(kind)) is not None:
            return alone(image, points, random)
        if kind == "resynthesised":
            if self.model is None:
                raise ValueError("resynthesised faces need a face model")
            return attacks.resynthesised(image, points, self.model, random)
        other = self.photos.read(self._partner(row, random))
        if (change := OF_TWO.get(kind)) is not None:
            return change(image, points, other, random)
        return attacks.cross_blended(image, points, other, random, poisson=kind == "poisson")

    def _partner(self, row: int, random: np.random.Generator) -> int:
        """Somebody whose face lies alike, mostly of the same perceived race."""
        drawn = random.choice(self.rows, _PARTNERS)
        drawn = drawn[drawn != row]
        apart = ((self.shapes[drawn] - self.shapes[row]) ** 2).sum(axis=1)
        if random.random() < 0.7:
            apart = apart + 0.002 * (self.photos.race[drawn] != self.photos.race[row])
        return int(drawn[int(np.argmin(apart))])

    def _cropped(
        self,
        both: Sequence[Photo],
        mask: NDArray[np.float32],
        points: Points,
        random: np.random.Generator,
    ) -> tuple[list[Photo], NDArray[np.float32]]:
        corners = (points[:, :2].min(axis=0), points[:, :2].max(axis=0))
        box: NDArray[np.float32] = np.concatenate(corners)
        scale = MARGIN
        if self.is_varied:
            sides = np.tile(box[2:] - box[:2], 2)
            box = np.asarray(box + random.uniform(-0.04, 0.04, 4) * sides, np.float32)
            scale = float(random.uniform(0.95, 1.35))
        height, width = mask.shape
        x0, y0, x1, y1 = scaled_box(box, scale, width, height)
        step = -1 if self.is_varied and random.random() < 0.5 else 1
        cut = [np.ascontiguousarray(each[y0:y1, x0:x1][:, ::step]) for each in both]
        return cut, np.ascontiguousarray(mask[y0:y1, x0:x1][:, ::step])


def _toned(image: Photo, random: np.random.Generator) -> Photo:
    out = image.astype(np.float32)
    if random.random() < 0.6:
        gain, shift = random.uniform(0.85, 1.15, 3), random.uniform(-15, 15, 3)
        out = out * gain.astype(np.float32) + shift.astype(np.float32)
    if random.random() < 0.3:
        power = np.float32(random.uniform(0.7, 1.4))
        out = np.power(np.clip(out, 0, 255) / 255, power, dtype=np.float32) * 255
    return np.clip(out, 0, 255).astype(np.uint8)


def _sized(image: Photo, side: int) -> Photo:
    """As `audit.perception.crops` brings a crop to its size."""
    way = cv2.INTER_AREA if min(image.shape[:2]) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (side, side), interpolation=way), np.uint8)


def degraded(images: Sequence[Photo], random: np.random.Generator) -> list[Photo]:
    """The same recording for each picture: smaller, encoded, noisy, soft."""
    out = list(images)
    most = out[0].shape[0]
    side = int(random.uniform(min(72, most), most)) if random.random() < 0.6 else 0
    if side:
        out = [np.asarray(cv2.resize(i, (side, side), interpolation=cv2.INTER_AREA)) for i in out]
    way = random.random()
    if way < 0.65:
        factor, count, seed = (int(random.integers(*r)) for r in ((16, 37), (1, 4), (0, 2**32)))
        out = [recorded(i, factor, count, np.random.default_rng(seed)) for i in out]
    elif way < 0.85:
        quality = int(random.integers(35, 96))
        out = [_jpeg(i, quality) for i in out]
    if random.random() < 0.15:
        noise = random.normal(0, random.uniform(1, 6), out[0].shape)
        out = [np.clip(i + noise[: i.shape[0], : i.shape[1]], 0, 255).astype(np.uint8) for i in out]
    if random.random() < 0.1:
        sigma = float(random.uniform(0.4, 1.2))
        out = [np.asarray(cv2.GaussianBlur(i, (0, 0), sigma), np.uint8) for i in out]
    return out


def _jpeg(image: Photo, quality: int) -> Photo:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def recorded(image: Photo, crf: int, frames: int, random: np.random.Generator) -> Photo:
    """The last of `frames` pictures of a short H.264 clip that moves by a pixel at most."""
    height, width = (side - side % 2 for side in image.shape[:2])
    moves = random.integers(-1, 2, (frames, 2))
    moves[-1] = 0
    memory = io.BytesIO()
    with av.open(memory, "w", format="mp4") as made:
        stream = made.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast", "threads": "1"}
        stream.options |= {"tune": "zerolatency"}
        for down, right in moves:
            moved = np.roll(image[:height, :width], (int(down), int(right)), (0, 1))
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(moved), format="bgr24")
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    memory.seek(0)
    with av.open(memory) as read:
        *_, last = read.decode(video=0)
    return np.asarray(last.to_ndarray(format="bgr24"), np.uint8)
