"""Presentation attacks and bona fide material before `liveness.presentation_attack` as shipped.

    python -m datasets.suites.presentation_attack --data DIR --out trials.csv [--size full]

Bona fide: photos of every face set as pictures, photos before the simulated camera, video clips as
they are and filmed by a restless hand. Attacks: every species and strength of
`datasets.attacks.presentations`, as stills with photos of FairFace's validation part, and as H.264
and VP8 clips with the faces of the video folder. No picture here was used to fit or tune anything:
that was done on FairFace's training part and five other people of LFW
(`datasets.recipes.presentation_attack`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.check import Reading, reading
from audit.inference import Models
from audit.perception.faces import Networks
from audit.perception.mesh import region_of
from audit.settings import Settings
from audit.weights import WeightStore
from datasets.attacks.clips import ENCODINGS, Clip, Encoding, make, read_clip, render
from datasets.attacks.held_photo import hand_course
from datasets.attacks.presentations import SPECIES, Person, bona_fide, present
from datasets.attacks.recapture import Camera
from datasets.demo import portrait
from datasets.suites._judging import Item, Size, judged_file
from datasets.trials import Trial, write_trials

NAME = "presentation_attack"

CLIP_RATE = 5.0
"""Frames per second of attack clips: faces are sampled once a second, motion five times."""
CLIP_S = 3.0
_CODED = ("h264-crf28", "vp8-500k")


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of each kind is made; steps take every n-th of what there is."""

    photo_step: int
    attacks: int
    strengths: tuple[str, ...]
    clips: int
    attack_clips: int


_AMOUNTS: dict[Size, Amount] = {
    "small": Amount(photo_step=200, attacks=1, strengths=("usual",), clips=2, attack_clips=0),
    "full": Amount(
        photo_step=5, attacks=8, strengths=("coarse", "usual", "fine"), clips=20, attack_clips=1
    ),
}


def trials(data: Path, models: Models, *, size: Size, seed: int = 0) -> Iterator[Trial]:
    """Every file of the suite, judged by the detector with its shipped operating point.

    Where `data` is absent one portrait of the public domain is shown and shows itself.
    """
    amount = _AMOUNTS[size]
    how = reading(Settings(), models, [NAME])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        yield from _photos(data, how, amount)
        people = _people(data, models, 2 * amount.attacks)
        yield from _seen_by_camera(people, how, folder, seed)
        yield from _shown_stills(people, how, folder, amount, seed)
        yield from _clips(data, how, folder, amount, seed)
        yield from _shown_clips(data, models, how, folder, amount, seed)


# --- stills -------------------------------------------------------------------------------------


def _photos(data: Path, how: Reading, amount: Amount) -> Iterator[Trial]:
    """Photos as they are: every set of faces, and the three pictures with known labels."""
    faces = data / "faces"
    groups = _cells(faces / "fairface" / "labels.csv")
    sets = {
        "fairface": sorted((faces / "fairface" / "val").glob("*.jpg"))[:: amount.photo_step],
        "lfw": sorted(p for f in sorted(faces.glob("lfw*/images/*"))[5:] for p in f.glob("*.jpg"))[
            :: max(1, amount.photo_step // 5)
        ],
        "azure_family": sorted(faces.glob("azure_family/Face/images/*.jpg"))[
            :: max(1, amount.photo_step // 20)
        ],
        "pad_silent_face": [data / "pad_silent_face" / "image_T1.jpg"],
    }
    for corpus, paths in sets.items():
        for path in paths:
            if path.exists():
                person = path.parent.name if corpus == "lfw" else path.stem
                group = groups.get(f"val/{path.name}", "") if corpus == "fairface" else ""
                item = Item(corpus, path.name, path.name, person, group=group)
                yield judged_file(item, path, how)
    for name, species in (("image_F1.jpg", "print.real"), ("image_F2.jpg", "screen.real")):
        path = data / "pad_silent_face" / name
        if path.exists():
            item = Item("pad_silent_face", name, name, name, species, "usual")
            yield judged_file(item, path, how)


def _cells(path: Path) -> dict[str, str]:
    """FairFace's perceived race and gender by file, as its labels give them."""
    if not path.exists():
        return {}
    lines = path.read_text("utf-8").splitlines()
    names = lines[0].split(",")
    rows = (dict(zip(names, line.split(","), strict=False)) for line in lines[1:])
    return {r[names[0]]: f"{r.get('race', '')} {r.get('gender', '')}".strip() for r in rows}


def _people(data: Path, models: Models, count: int) -> list[tuple[str, Person]]:
    """Photos with one face that looks about straight ahead, and their meshes."""
    paths = sorted((data / "faces" / "fairface" / "val").glob("*.jpg"))
    networks = Networks.of(models)
    found: list[tuple[str, Person]] = []
    for path in paths[3:]:
        person = _person(networks, [np.asarray(cv2.imread(str(path)), np.uint8)])
        if person is not None and _is_frontal(person.meshes[0]):
            found.append((path.name, person))
        if len(found) >= count:
            return found
    person = _person(networks, [portrait()])
    return found or ([("portrait", person)] if person else [])


def _person(networks: Networks, pictures: list[NDArray[np.uint8]]) -> Person | None:
    meshes = []
    for picture in pictures:
        seen = networks.detector.find(picture)
        if not seen:
            return None
        meshes.append(networks.mesh.fit(picture, region_of(seen[0]), passes=2).points)
    return Person(tuple(pictures), tuple(meshes))


def _is_frontal(mesh: NDArray[np.float32]) -> bool:
    """The nose lies near the middle of the face: sheets are cut for frontal faces."""
    left, right, nose = float(mesh[234, 0]), float(mesh[454, 0]), float(mesh[1, 0])
    return abs(nose - (left + right) / 2) < 0.15 * abs(right - left)


def _cameras(rng: np.random.Generator, *, square: bool) -> Camera:
    high = int(rng.choice([360, 480, 600]))
    return Camera(
        width=high if square else high * 4 // 3,
        height=high,
        defocus=float(rng.uniform(0.3, 1.0)),
        noise=float(rng.uniform(0.005, 0.02)),
        sharpen=float(rng.uniform(0.0, 0.7)),
    )


def _seen_by_camera(
    people: list[tuple[str, Person]], how: Reading, folder: Path, seed: int
) -> Iterator[Trial]:
    for number, (name, person) in enumerate(people):
        camera = _cameras(np.random.default_rng((seed, number)), square=True)
        (frame,) = bona_fide(person, seed=seed + number, camera=camera)
        item = Item("fairface before the camera", f"camera {name}", name, name, condition="jpeg-90")
        yield judged_file(item, _written(folder, frame), how)


def _written(folder: Path, frame: NDArray[np.uint8]) -> Path:
    path = folder / "frame.jpg"
    cv2.imwrite(str(path), frame, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return path


def _shown_stills(
    people: list[tuple[str, Person]], how: Reading, folder: Path, amount: Amount, seed: int
) -> Iterator[Trial]:
    """Every species that one picture can show, each strength with as many persons as asked."""
    kinds = [s for s in SPECIES if not s.id.endswith("_video")]
    for at, species in enumerate(kinds):
        for number in range(min(amount.attacks, len(people))):
            name, person = people[number]
            _, wearer = people[(number + amount.attacks) % len(people)]
            for strength in (s for s in species.strengths if s in amount.strengths):
                rng = np.random.default_rng((seed, at, number))
                worn = species.id.startswith(("cutout", "mask"))
                (frame,) = present(
                    species.id, strength, person, seed=seed + 100 * at + number, wearer=wearer,
                    camera=_cameras(rng, square=worn),
                )  # fmt: skip
                item = Item(
                    "simulated", f"{species.id} {strength} {name}", name, name, species.id,
                    strength, "jpeg-90",
                )  # fmt: skip
                yield judged_file(item, _written(folder, frame), how)


# --- clips --------------------------------------------------------------------------------------


def _paths(data: Path) -> list[Path]:
    paths = (data / "video").rglob("*")
    return sorted(p for p in paths if p.suffix in {".mp4", ".mpg"})


def _clips(data: Path, how: Reading, folder: Path, amount: Amount, seed: int) -> Iterator[Trial]:
    """Clips as they are; of all but every other one also filmed by a camera in a restless hand."""
    for number, path in enumerate(_paths(data)[:: max(1, 20 // amount.clips)]):
        corpus = path.relative_to(data / "video").parts[0]
        yield judged_file(Item(corpus, path.name, path.name, path.stem), path, how)
        if amount.attack_clips and number % 2 == 0:
            clip = read_clip(path, most_s=6.0, max_side=960)
            moved = make(np.stack(list(shaken(clip.frames, seed + number))), clip.rate, clip.audio)
            coding = _encodings()[number // 2 % 2]
            item = Item(corpus, f"shaken {path.name}", path.name, path.stem, condition=coding.name)
            yield judged_file(item, render(moved, folder / "clip", coding), how)


def _encodings() -> list[Encoding]:
    return [e for e in ENCODINGS if e.name in _CODED]


def shaken(frames: NDArray[np.uint8], seed: int) -> Iterator[NDArray[np.uint8]]:
    """The same scene filmed by a camera in a restless hand: shift and turn of whole pictures."""
    high, wide = frames[0].shape[:2]
    course = hand_course(np.random.default_rng(seed), len(frames), 3)
    for frame, (x, y, turn) in zip(frames, course, strict=True):
        matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), float(turn), 1.12)
        matrix[:, 2] += np.array([x, y]) * 0.02 * high
        yield np.asarray(
            cv2.warpAffine(frame, matrix, (wide, high), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )


def _shown_clips(
    data: Path, models: Models, how: Reading, folder: Path, amount: Amount, seed: int
) -> Iterator[Trial]:
    """Every species as a clip: the face of one clip shown, that of the next behind it."""
    paths = [p for p in _paths(data) if "facenet" not in str(p)][1::3]
    if not amount.attack_clips or len(paths) < 2:
        return
    networks = Networks.of(models)
    moving = [(p, _moving(networks, p)) for p in paths]
    able = [(p, *m) for p, m in moving if m is not None]
    for at, species in enumerate(SPECIES):
        for number in range(amount.attack_clips):
            path, person, sound = able[(at + number) % len(able)]
            _, wearer, _ = able[(at + number + 1) % len(able)]
            for order, strength in enumerate(species.strengths):
                high = person.pictures[0].shape[0] // 2 * 2
                camera = Camera(width=person.pictures[0].shape[1] // 2 * 2, height=high)
                frames = present(
                    species.id, strength, person, seed=seed + at + 50 * number, wearer=wearer,
                    camera=camera, count=round(CLIP_RATE * CLIP_S),
                    every=round(25 / CLIP_RATE),
                )  # fmt: skip
                coding = _encodings()[(at + number + order) % 2]
                file = render(
                    make(np.stack(list(frames)), CLIP_RATE, sound.audio), folder / "clip", coding
                )
                item = Item(
                    "simulated clips", f"{species.id} {strength} {path.name}", path.name, path.stem,
                    species.id, strength, coding.name,
                )  # fmt: skip
                yield judged_file(item, file, how)


def _moving(networks: Networks, path: Path) -> tuple[Person, Clip] | None:
    clip = read_clip(path, most_s=CLIP_S, max_side=640)
    person = _person(networks, list(clip.frames[:: max(1, len(clip.frames) // 15)]))
    return (person, clip) if person else None


# --- command line -------------------------------------------------------------------------------


def main(arguments: Iterable[str] | None = None) -> None:
    """Write all trials as CSV."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", choices=("small", "full"), default="small")
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    settings = Settings()
    models = Models(WeightStore(settings.weights_dir), threads=1, settings=settings)
    count = write_trials(chosen.out, trials(chosen.data, models, size=chosen.size))
    sys.stdout.write(f"{count} trials written to {chosen.out}\n")


if __name__ == "__main__":
    main()
