"""Trials of `frame_loop`: loops and freezes in moving pictures, and the same pictures untouched.

The limits were chosen with every clip of the video folder in sight, so those are listed as
calibration. Tested on: photos of FairFace's validation split held by a simulated hand, and a few
recordings that came with files for testing readers. Neither shows a talking person.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np

from audit.inference import Models
from audit.interview import Interview, PictureLog
from audit.media import plan_pictures, probe, read_pictures
from audit.settings import Settings
from audit.types import Span
from datasets.attacks.audiovisual import SPECIES, planted
from datasets.attacks.clips import ENCODINGS, Clip, Encoding, make, read_clip, render
from datasets.attacks.held_photo import held_photo
from datasets.demo import portrait
from datasets.suites._judging import Item, Size, judged, recordings
from datasets.trials import Trial
from liveness.frame_loop import FrameLoop

FOOTAGE = (
    "malformed_media/torchcodec/nasa_13013.mp4",
    "malformed_media/androidx_media/mp4/sample_with_increasing_timestamps_320w_240h_5s.mp4",
    "malformed_media/androidx_media/mp4/internal_emulator_transformer_output_270_rotated.mp4",
)
"""Real recordings that nobody looked at when the limits were chosen."""

PERSONS = 4
_LOOPS = tuple(s for s in SPECIES if s.signals == ("frame_loop",))
_SIDE = 360
_RATE = 25.0


@dataclass(frozen=True, slots=True)
class Source:
    """Moving pictures to alter."""

    corpus: str
    name: str
    clip: Clip


def trials(data: Path, models: Models, *, size: Size, seed: int = 0) -> Iterator[Trial]:
    """Loops and freezes of every source in one encoding after another, and the untouched source."""
    settings = Settings()
    if size == "small":
        still = Source("held portrait", "portrait", _held(portrait(), 5.0, seed))
        firsts = [(s.id, s.strengths[0]) for s in _LOOPS]
        yield from _altered(still, firsts, ENCODINGS[1::3], models, settings, seed)
        return
    for corpus, path in recordings(data / "video"):
        item = Item(corpus, path.name, path.name, path.stem, split="calibration")
        yield _trial(item, path, models, settings)
    every = [(s.id, strength) for s in _LOOPS for strength in s.strengths]
    for number, source in enumerate(_sources(data, seed)):
        ways = (*ENCODINGS[number % 6 :], *ENCODINGS[: number % 6])
        yield from _altered(source, every, ways, models, settings, seed)


def look(path: Path, models: Models, settings: Settings) -> Interview:
    """A file's pictures as a check sees them, without faces or sound."""
    facts = probe(path, settings.limits)
    plan = plan_pictures(facts, settings.sampling, FrameLoop().scout(facts), settings.seed)
    plan = replace(plan, step_s=60.0)  # between stretches this detector needs no pictures
    with contextlib.closing(read_pictures(path, facts, plan, settings.limits)) as pictures:
        seen = [(p.time_s, p.frame, p.signature) for p in pictures]
    times, frames, signatures = (np.array(column) for column in zip(*seen, strict=True))
    dense = tuple(Span(w.start_s, w.end_s) for w in plan.windows)
    log = PictureLog(times, frames, signatures, dense, 0, 0)
    return Interview("recording", facts, models, str(path), pictures=log)


def _sources(data: Path, seed: int) -> Iterator[Source]:
    for name in FOOTAGE:
        if (data / name).is_file():
            clip = read_clip(data / name, most_s=13.0, max_side=_SIDE)
            yield Source("other footage", Path(name).stem, clip)
    photos = sorted((data / "faces" / "fairface" / "val").glob("*.jpg"))
    for number, path in enumerate(photos[:: max(1, len(photos) // PERSONS)][:PERSONS]):
        photo = np.asarray(cv2.imread(str(path)), np.uint8)
        yield Source("held fairface val", path.name, _held(photo, 8.0, seed + number))


def _held(photo: np.ndarray, seconds: float, seed: int) -> Clip:
    frames = held_photo(photo, seconds=seconds, seed=seed, size=(320, 240))
    return make(np.stack(list(frames)), _RATE)


def _altered(
    source: Source,
    attacks: list[tuple[str, str]],
    encodings: tuple[Encoding, ...],
    models: Models,
    settings: Settings,
    seed: int,
) -> Iterator[Trial]:
    """The source untouched in every encoding, and each attack in the next one of them."""
    ways = cycle(encodings)
    untouched = [("", "")] * len(encodings)
    with tempfile.TemporaryDirectory() as folder:
        for number, (species, strength) in enumerate([*untouched, *attacks]):
            how = next(ways)
            random = np.random.default_rng([seed, number])
            clip = source.clip
            if species:
                clip = planted(species, strength, clip, clip, random).clip
            name = f"{source.name} {species} {strength} {how.name}"
            item = Item(source.corpus, name, source.name, source.name, species, strength, how.name)
            yield _trial(item, render(clip, Path(folder) / "clip", how), models, settings)


def _trial(item: Item, path: Path, models: Models, settings: Settings) -> Trial:
    interview = look(path, models, settings)
    return judged(item, FrameLoop(), interview, units=interview.facts.duration_s)
