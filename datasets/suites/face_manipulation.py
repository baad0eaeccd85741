"""Trials of `face_manipulation`: real recordings, and photos filmed untouched and altered.

Photos are of the validation split of FairFace, whose persons the network never saw, moved and
filmed by `datasets.attacks.animated` and rendered as H.264 at three rate factors, with the face
large and small. Every other person is set aside for calibration, with other attacks than those of
the test. Without FairFace the public-domain portrait of the demonstration takes its place.

The full size also has every species of `datasets.attacks.face_videos` on real recordings, at the
same three rate factors, beside the untouched recordings in the same encoding.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from audit.check import Reading, reading
from audit.errors import InputError
from audit.inference import Models
from audit.perception.faces import Networks
from audit.settings import Settings
from datasets.attacks import faces as attacks
from datasets.attacks.animated import Take, animated
from datasets.attacks.clips import Clip
from datasets.attacks.face_videos import SPECIES
from datasets.attacks.faces import FaceModel, Photo, Points
from datasets.demo import portrait
from datasets.recipes.face_stills import ALONE, OF_TWO, mesh_of
from datasets.suites._judging import Item, Size, judged_file
from datasets.suites._recorded import recorded, rendered
from datasets.talking_heads import FACTORS, encoding, heads
from datasets.trials import Split, Trial

NAME = "face_manipulation"
TAKES = {
    "large": Take(rate=6.0, face=190.0),
    "small": Take(width=320, height=240, rate=6.0, face=100.0),
}
CALIBRATED_ON = ("photo.poisson",)
TESTED = ("photo.mouth_warped", "photo.resynthesised", "photo.reenacted", "photo.cut_in")
TRAINED_ON = ("photo.self_blended", "photo.cross_blended", "photo.rendered")
PERSONS = {"small": 6, "full": 160}
RECORDED_S = 2.9
"""Of real recordings: faces are sampled once a second and three are needed."""
_MODEL_FACES = 60
_EVERYBODY = 1400
_REAL = (".mp4", ".mpg", ".webm", ".mov", ".avi")
_PICTURES = (".jpg", ".jpeg", ".png", ".pgm")


@dataclass(frozen=True, slots=True)
class Sitter:
    """A photo with its mesh, whose it is and of which group."""

    id: str
    corpus: str
    photo: Photo
    points: Points
    group: str


def trials(data: Path, models: Models, *, size: Size, seed: int = 0) -> Iterator[Trial]:
    """Trials of the detector as shipped; what is absent below `data` is left out."""
    how = reading(Settings.model_construct(), models, [NAME])
    sitters = _sitters(data, models, PERSONS[size], seed)
    studio = Studio(sitters, FACTORS if size == "full" else FACTORS[1:2], how, seed)
    for number in range(len(sitters)):
        yield from studio.filmed(number)
    if size == "full":
        known = {s.id for s in sitters}
        everybody = _sitters(data, models, _EVERYBODY, seed)
        for sitter in (s for s in everybody if s.id not in known):
            yield from studio.untouched(sitter)
        everyone = heads(data / "video", Networks.of(models), seconds=RECORDED_S)
        yield from recorded(everyone, [each.id for each in SPECIES], how, seed=seed)
        yield from _untouched(data / "video", _REAL, how)
        for folder in ("azure_family", "lfw10x10_krasserm"):
            yield from _untouched(data / "faces" / folder, _PICTURES, how)


class Studio:
    """Films photos, untouched and altered, and has them judged."""

    def __init__(
        self, sitters: Sequence[Sitter], factors: Sequence[int], how: Reading, seed: int
    ) -> None:
        self._sitters, self._factors, self._how, self._seed = sitters, factors, how, seed
        some = sitters[:_MODEL_FACES]
        self._model = FaceModel.fitted([(s.photo, s.points) for s in some])

    def filmed(self, number: int) -> Iterator[Trial]:
        """One person, untouched and with every attack of its split."""
        sitter = self._sitters[number]
        split: Split = "calibration" if number % 2 else "test"
        species = CALIBRATED_ON if split == "calibration" else (*TESTED, *TRAINED_ON)
        random = np.random.default_rng((self._seed, number))
        count = len(self._sitters)
        other = self._sitters[(number + int(random.integers(1, max(2, count)))) % count]
        drawn = int(random.integers(2**32))
        for kind in ("", *species):
            change = partial(self._altered, kind, other, drawn) if kind else None
            for word, take in TAKES.items():
                clip = animated(sitter.photo, sitter.points, take, seed=drawn, change=change)
                item = _item(sitter.corpus, sitter.id, kind, group=sitter.group, split=split)
                item = replace(item, condition=word)
                yield from self._rendered(clip, item, self._factors)

    def untouched(self, sitter: Sitter) -> Iterator[Trial]:
        """One person untouched, large, at the middle rate factor: for rates by group."""
        own = int.from_bytes(hashlib.sha256(sitter.id.encode()).digest()[:4], "big")
        clip = animated(sitter.photo, sitter.points, TAKES["large"], seed=own)
        item = replace(_item(sitter.corpus, sitter.id, group=sitter.group), condition="large")
        yield from self._rendered(clip, item, FACTORS[1:2])

    def _rendered(self, clip: Clip, item: Item, factors: Sequence[int]) -> Iterator[Trial]:
        for factor in factors:
            yield rendered(clip, item, encoding(factor), self._how)

    def _altered(
        self, species: str, other: Sitter, seed: int, image: Photo, points: Points, number: int
    ) -> Photo:
        """One picture altered; the same draws in each picture, as a program would work."""
        random = np.random.default_rng(seed)
        source = (other.photo, other.points)
        kind = species.removeprefix("photo.")
        if (alone := ALONE.get(kind)) is not None:
            return alone(image, points, random).image
        if (of_two := OF_TWO.get(kind)) is not None:
            return of_two(image, points, source, random).image
        if kind == "resynthesised":
            return attacks.resynthesised(image, points, self._model, random).image
        is_solved = kind == "poisson"
        return attacks.cross_blended(image, points, source, random, poisson=is_solved).image


def _sitters(data: Path, models: Models, count: int, seed: int) -> list[Sitter]:
    """Persons of FairFace's validation split, as many of each group; else the portrait."""
    networks = Networks.of(models)
    root = data / "faces" / "fairface"
    found: list[Sitter] = []
    for row in _listed(root, count, seed):
        image = cv2.imread(str(root / row["file"]))
        mesh = None if image is None else mesh_of(np.asarray(image, np.uint8), networks)
        if image is not None and mesh is not None:
            group = f"{row['race']}, {row['gender']}"
            found.append(
                Sitter(row["file"], "fairface val", np.asarray(image, np.uint8), mesh, group)
            )
    if found:
        return found
    mesh = mesh_of(portrait(), networks)
    if mesh is None:
        raise InputError("No face was found in the portrait of the demonstration.")
    return [Sitter("portrait", "portrait", portrait(), mesh, "")]


def _labelled(root: Path) -> list[dict[str, str]]:
    """Rows of the validation split; none where the corpus is absent."""
    labels = root / "labels.csv"
    if not labels.is_file():
        return []
    with labels.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["file"].startswith("val/")]


def _listed(root: Path, count: int, seed: int) -> list[dict[str, str]]:
    """As many rows of each group, drawn by seed."""
    rows = _labelled(root)
    if not rows:
        return []
    drawn = np.random.default_rng(seed).permutation(len(rows))
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for place in drawn:
        row = rows[int(place)]
        groups.setdefault((row["race"], row["gender"]), []).append(row)
    each = -(-count // len(groups))
    return [group[n] for n in range(each) for group in groups.values() if n < len(group)][:count]


def _untouched(root: Path, suffixes: Sequence[str], how: Reading) -> Iterator[Trial]:
    """Every recording or picture below a folder, as it is."""
    for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in suffixes):
        yield judged_file(_item(root.name, str(path.relative_to(root))), path, how)


def _item(
    corpus: str, person: str, species: str = "", *, group: str = "", split: Split = "test"
) -> Item:
    """A recording or picture of a person who stands for one source."""
    strength = "drawn by seed" if species else ""
    name = f"{person} {species}".strip()
    return Item(corpus, name, person, person, species, strength, group=group, split=split)
