"""Faces of the shared data sets as embeddings, and comparisons of people made from them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from audit.calibration import Comparisons
from audit.check import open_interview, reading
from audit.inference import Models
from audit.interview import FaceLog, Floats
from audit.media.plan import Picture
from audit.perception.faces import FaceReader
from audit.settings import Settings
from identity.embeddings import unit
from identity.face_encoder import ALIGNED_150, DlibEncoder

CHILDREN = {"0-2", "3-9", "10-19"}
PER_CELL = 60
DRAWS = 8

# Clips of GRID in the shared folder whose speaker appears in another one (seen by eye).
SAME_SPEAKER = {"id2_vcd_swwp2s": "pwij3p"}


@dataclass(frozen=True, slots=True)
class Face:
    """One face: its person, an embedding (d,), quality 0..1, the group it is compared within."""

    person: str
    embedding: Floats
    quality: float
    cell: str = ""


@dataclass(frozen=True, slots=True)
class FaceSet:
    """The faces of one data set; `missed` counts pictures in which no face was found."""

    name: str
    faces: tuple[Face, ...]
    pictures: int
    missed: int

    @property
    def people(self) -> dict[str, Floats]:
        """Embeddings (n, d) of each person, in order of appearance."""
        found: dict[str, list[Floats]] = {}
        for face in self.faces:
            found.setdefault(face.person, []).append(face.embedding)
        return {person: np.array(rows) for person, rows in found.items()}

    @property
    def quality(self) -> float:
        """Median quality."""
        return float(np.median([face.quality for face in self.faces]))

    def of_quality(self, least: float) -> FaceSet:
        """Only the faces of at least this quality."""
        return replace(self, faces=tuple(f for f in self.faces if f.quality >= least))


class Stills:
    """Reads photographs as one-frame recordings, with the parts that a check runs."""

    def __init__(self, models: Models, settings: Settings) -> None:
        self._models = models
        self._sampling = settings.sampling
        self._encoder = DlibEncoder(models)

    def face(self, path: Path) -> tuple[Floats, float] | None:
        """Embedding and quality of the main face of a photograph, or None."""
        image = cv2.imread(str(path))
        if image is None:
            return None
        reader = FaceReader(self._models, (ALIGNED_150,), self._sampling)
        luma = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (32, 24))
        reader.add(Picture(0.0, 0, dense=True, signature=luma, image=image))
        log = reader.finish()
        found = [s for s in log.samples if s.track == log.main]
        if not found:
            return None
        crop = found[0].crops[ALIGNED_150.name]
        return self._encoder.embed(crop[None])[0], found[0].quality

    def read(self, name: str, rows: Iterator[tuple[Path, str, str]]) -> FaceSet:
        """A set from (file, person, cell) rows."""
        faces: list[Face] = []
        pictures = 0
        for path, person, cell in rows:
            pictures += 1
            found = self.face(path)
            if found is not None:
                faces.append(Face(person, found[0], found[1], cell))
        return FaceSet(name, tuple(faces), pictures, pictures - len(faces))


def lfw(data: Path) -> Iterator[tuple[Path, str, str]]:
    """10 public figures, 10 photographs each."""
    for path in sorted((data / "faces/lfw10x10_krasserm/images").glob("*/*.jpg")):
        yield path, path.parent.name, ""


def orl(data: Path) -> Iterator[tuple[Path, str, str]]:
    """40 people, 10 photographs each, grey, 23 x 28 pixels in this copy."""
    for path in sorted((data / "faces/orl_att").glob("s*/*.pgm")):
        yield path, path.parent.name, ""


def azure(data: Path) -> Iterator[tuple[Path, str, str]]:
    """Stock photographs of three families, adults and children."""
    for path in sorted((data / "faces/azure_family/Face/images").glob("Family*.jpg")):
        yield path, path.stem.rstrip("0123456789"), ""


def fairface(data: Path) -> Iterator[tuple[Path, str, str]]:
    """Adults of the validation part, one photograph each; the cell is perceived race and gender."""
    folder = data / "faces/fairface"
    seen: dict[str, int] = {}
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            cell = f"{row['race']} {row['gender']}"
            adult = row["split"] == "val" and row["age"] not in CHILDREN
            if adult and seen.get(cell, 0) < PER_CELL:
                seen[cell] = seen.get(cell, 0) + 1
                yield folder / row["file"], row["file"], cell


# --- comparisons ------------------------------------------------------------------------------


def singles(found: FaceSet) -> Comparisons:
    """Every face with every other."""
    people = {person: number for number, person in enumerate(found.people)}
    who = np.array([people[face.person] for face in found.faces], np.int64)
    vectors = np.array([face.embedding for face in found.faces])
    first, second = np.triu_indices(len(who), 1)
    scores = np.einsum("nd,nd->n", vectors[first], vectors[second]).astype(np.float64)
    return Comparisons(scores, who[first], who[second])


def pools(found: FaceSet, size: int, seed: int = 0) -> Comparisons:
    """Pools of `size` faces: disjoint pools of one person, one pair of pools for two people.

    Mated pools are drawn 8 times per person.
    """
    generator = np.random.default_rng(seed)
    people = list(found.people.values())

    def draw(rows: Floats, parts: int) -> list[Floats]:
        order = generator.permutation(len(rows))
        return [unit(rows[order[i * size : (i + 1) * size]].mean(axis=0)) for i in range(parts)]

    rows: list[tuple[float, int, int]] = []
    for i, own in enumerate(people):
        for _ in range(DRAWS if len(own) >= 2 * size else 0):
            a, b = draw(own, 2)
            rows.append((float(a @ b), i, i))
        for j in range(i):
            if min(len(own), len(people[j])) >= size:
                rows.append((float(draw(own, 1)[0] @ draw(people[j], 1)[0]), i, j))
    return _table(rows)


def neighbours(found: FaceSet, factor: float) -> Comparisons:
    """Different people of one cell; similarities times `factor`, at most .999."""
    rows: list[tuple[float, int, int]] = []
    for j, other in enumerate(found.faces):
        for i in range(j):
            face = found.faces[i]
            if face.cell == other.cell:
                score = float(face.embedding @ other.embedding)
                rows.append((min(score * factor, 0.999), i, j))
    return _table(rows)


def by_cell(found: FaceSet, factor: float = 1.0) -> dict[str, Comparisons]:
    """`neighbours` of each cell apart."""
    return {
        cell: neighbours(
            replace(found, faces=tuple(f for f in found.faces if f.cell == cell)), factor
        )
        for cell in sorted({face.cell for face in found.faces})
    }


def pooling_factor(size: int, within: float) -> float:
    """By how much pooling raises the expected similarity of two people.

    A mean of `size` unit vectors with mutual cosine `within` has length
    sqrt((1 + (size - 1) * within) / size); scaling both means to length 1 divides by its square.
    """
    return size / (1.0 + (size - 1) * within)


def _table(rows: list[tuple[float, int, int]]) -> Comparisons:
    scores, first, second = zip(*rows, strict=True)
    return Comparisons(
        np.array(scores, np.float64), np.array(first, np.int64), np.array(second, np.int64)
    )


# --- recordings -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Halves:
    """The main face of a clip: embeddings of its samples in time order, and their quality."""

    clip: str
    person: str
    embeddings: Floats
    quality: float


def clips(files: list[Path], models: Models, settings: Settings) -> list[Halves]:
    """The main faces of video clips, read as a check reads them."""
    how = reading(settings, models, ["face_consistency"])
    encoder = DlibEncoder(models)
    found: list[Halves] = []
    for path in files:
        log = open_interview(path, how, label=path.stem).faces
        rows = _main(log) if log else []
        if len(rows) >= 2:
            crops = np.stack([crop for crop, _ in rows])
            quality = float(np.median([value for _, value in rows]))
            person = SAME_SPEAKER.get(path.stem, path.stem)
            found.append(Halves(path.stem, person, encoder.embed(crops), quality))
    return found


def _main(log: FaceLog) -> list[tuple[np.ndarray, float]]:
    return [(s.crops[ALIGNED_150.name], s.quality) for s in log.samples if s.track == log.main]


def halves(found: list[Halves]) -> Comparisons:
    """First against second half of each clip, and whole clips against each other."""
    people = {person: n for n, person in enumerate(dict.fromkeys(c.person for c in found))}
    rows: list[tuple[float, int, int]] = []
    for j, clip in enumerate(found):
        half = len(clip.embeddings) // 2
        own = people[clip.person]
        parts = clip.embeddings[:half], clip.embeddings[half:]
        a, b = (unit(part.mean(axis=0)) for part in parts)
        rows.append((float(a @ b), own, own))
        for other in found[:j]:
            pair = unit(clip.embeddings.mean(axis=0)) @ unit(other.embeddings.mean(axis=0))
            rows.append((float(pair), people[other.person], own))
    return _table(rows)
