"""Trials of `face_dynamics`: real recordings, untouched and altered picture by picture.

Every recording is cut close to its face and written as H.264 at three rate factors, untouched and
with every species of `datasets.attacks.face_videos`; then comes every recording as it is. Persons
on whom limits were set keep the split `calibration`. Without recordings the public-domain portrait
of the demonstration is filmed moving.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from audit.check import Reading, reading
from audit.errors import InputError
from audit.inference import Models
from audit.perception.faces import Networks
from audit.settings import Settings
from datasets.attacks.animated import animated
from datasets.attacks.face_videos import SPECIES, filmed
from datasets.demo import portrait
from datasets.recipes.face_dynamics import CALIBRATED_ON, FITTED_ON, NAME, TAKE, part_of
from datasets.recipes.face_stills import mesh_of
from datasets.suites._judging import Item, Size, judged_file
from datasets.suites._recorded import recorded
from datasets.talking_heads import FACTORS, Head, heads, recordings
from datasets.trials import Split, Trial

FITTED = FITTED_ON
CALIBRATED = CALIBRATED_ON
TESTED = tuple(each.id for each in SPECIES if each.id not in (*FITTED, *CALIBRATED))
SMALL = ("video.swap_poisson", "video.flicker")


def trials(data: Path, models: Models, *, size: Size, seed: int = 0) -> Iterator[Trial]:
    """Trials of the detector as shipped; what is absent below `data` is left out."""
    how = reading(Settings.model_construct(), models, [NAME])
    networks = Networks.of(models)
    if size == "small":
        everybody = [head.closer() for head in heads(data / "video", networks, most=2)]
        everybody = everybody or _portraits(networks)
        yield from recorded(everybody, SMALL, how, factors=FACTORS[1:2], seed=seed)
        return
    everybody = [head.closer() for head in heads(data / "video", networks)]
    parts = part_of(everybody)
    for part in ("calibration", "test"):
        some = [head for head in everybody if parts[head.person] == part]
        split: Split = "calibration" if part == "calibration" else "test"
        species = CALIBRATED if split == "calibration" else (*TESTED, *CALIBRATED, *FITTED)
        yield from recorded(some, species, how, split=split, seed=seed)
    yield from _as_they_are(data / "video", everybody, how)


def _as_they_are(root: Path, everybody: list[Head], how: Reading) -> Iterator[Trial]:
    """Every recording whole, in its own encoding."""
    parts = part_of(everybody)
    persons = {head.id: head.person for head in everybody}
    for path in recordings(root):
        id = path.relative_to(root).as_posix()
        person = persons.get(id, id)
        split: Split = "calibration" if parts.get(person) == "calibration" else "test"
        item = Item(path.relative_to(root).parts[0], id, id, person, split=split)
        yield judged_file(item, path, how)


def _portraits(networks: Networks) -> list[Head]:
    """The portrait and its mirror image, moving before a simulated camera."""
    found: list[Head] = []
    for name, photo in (("portrait", portrait()), ("mirrored", portrait()[:, ::-1].copy())):
        mesh = mesh_of(photo, networks)
        if mesh is not None:
            clip = animated(photo, mesh, replace(TAKE, seconds=1.4), seed=len(found))
            film = filmed(clip, networks)
            found += [] if film is None else [Head(name, "portrait", name, film)]
    if not found:
        raise InputError("No face was found in the portrait of the demonstration.")
    return found
