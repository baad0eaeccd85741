"""Real recordings of one speaking person each, and manipulations made of them frame by frame.

Whose face, mouth or movement an attack takes is drawn from the heads that are handed in, so that
persons kept apart stay apart. Everything is written as a real H.264 file before it is judged.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from audit.perception.faces import Networks
from datasets.attacks.clips import Clip, Encoding, read_clip, silence_audio
from datasets.attacks.face_videos import SPECIES, STRENGTHS, Film, Manipulation, filmed, manipulated
from datasets.attacks.faces import FaceModel

LEAST_FACE = 64.0
"""Height of the mesh in pixels; smaller faces are judged by no detector of manipulation."""

SECONDS = 1.8
FACTORS = (23, 28, 33)
"""Rate factors of H.264 (x264): hardly to strongly compressed."""

CLOSE = 120.0
"""Height of the face in pixels that close views are reduced to."""

_SUFFIXES = (".mp4", ".mpg", ".webm", ".mov", ".avi")
_SAME_PERSON = {"id2_vcd_swwp2s": "pwij3p"}  # as in benchmarks.verification_faces
_MOST_SIDE = 640
_MODEL_FRAMES = 12


@dataclass(frozen=True, slots=True)
class Head:
    """A recording of a person: its path below the folder, its set, who it is, its pictures."""

    id: str
    corpus: str
    person: str
    film: Film

    @property
    def size(self) -> float:
        """Median height of the face, pixels."""
        return float(np.median(np.ptp(self.film.meshes[:, :, 1], axis=1)))

    def closer(self, height: float = CLOSE) -> Head:
        """Cut to the face and what is around it, and reduced to a height of the face, pixels."""
        flat = self.film.meshes[:, :, :2]
        frames = self.film.clip.frames
        reach = 0.6 * self.size
        low = np.maximum(0, flat.min(axis=(0, 1)) - reach).astype(int)
        high = (flat.max(axis=(0, 1)) + reach).astype(int)
        scale = min(1.0, height / self.size)
        cut = frames[:, low[1] : high[1], low[0] : high[0]]
        wide, tall = (int(side * scale) // 2 * 2 for side in (cut.shape[2], cut.shape[1]))
        small = [cv2.resize(each, (wide, tall), interpolation=cv2.INTER_AREA) for each in cut]
        clip = replace(self.film.clip, frames=np.stack(small).astype(np.uint8))
        meshes = ((flat - low) * scale).astype(np.float32)
        return replace(self, film=Film(clip, meshes))


def recordings(root: Path) -> list[Path]:
    """The video files below a folder, by name."""
    return sorted(p for p in root.rglob("*") if p.suffix.lower() in _SUFFIXES)


def heads(
    root: Path, networks: Networks, *, seconds: float = SECONDS, most: int | None = None
) -> list[Head]:
    """The recordings below a folder whose face is large enough, by name; at most `most`."""
    found: list[Head] = []
    for path in recordings(root):
        if most is not None and len(found) >= most:
            break
        film = filmed(read_clip(path, most_s=seconds, max_side=_MOST_SIDE), networks)
        if film is None or len(film.meshes) < 0.8 * seconds * film.clip.rate:
            continue
        place = path.relative_to(root)
        person = _SAME_PERSON.get(path.stem, path.stem)
        head = Head(place.as_posix(), place.parts[0], f"{place.parts[0]} {person}", film)
        if head.size >= LEAST_FACE:
            found.append(head)
    return found


def encoding(factor: int) -> Encoding:
    """H.264 at a rate factor."""
    return Encoding(f"h264-{factor}", ".mp4", "libx264", "aac", quality=factor)


class Forger:
    """Makes manipulated clips of heads from one another."""

    def __init__(self, everybody: Sequence[Head], *, seed: int = 0) -> None:
        self._everybody = everybody
        self._seed = seed

    def clip(self, head: Head, species: str, strength: str) -> Clip:
        """One head attacked by one species; the same each time."""
        drawn = zlib.crc32(f"{self._seed} {head.id} {species}".encode())
        others = [o for o in self._everybody if o.person != head.person] or [head]
        source = others[drawn % len(others)].film
        model = _model(others) if species == "video.resynthesised" else None
        clip, _ = manipulated(head.film, Manipulation(species, strength, source, drawn, model))
        return silence_audio(clip)


def _model(heads: Sequence[Head]) -> FaceModel:
    """The components of others' faces: of one's own they would keep everything."""
    return FaceModel.fitted(
        [
            (head.film.clip.frames[n], head.film.meshes[n])
            for head in heads
            for n in np.linspace(0, len(head.film.meshes) - 1, _MODEL_FRAMES).astype(int)
        ]
    )


def strength_of(place: int, species: str) -> str:
    """The strength that the head at a place gets, so that all strengths come up."""
    order = [each.id for each in SPECIES].index(species)
    return STRENGTHS[(place + order) % len(STRENGTHS)]
