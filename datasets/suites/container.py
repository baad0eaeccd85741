"""Trials of `container`: recordings as they are, and fed in through a virtual camera.

What names the software is in the detector's own list: a flag of it says that the list is used, not
that an unlisted program would be seen.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from audit.inference import Models
from audit.interview import Interview
from audit.media import probe
from audit.settings import Settings
from datasets.attacks.clips import Clip, make, read_clip
from datasets.attacks.held_photo import held_photo
from datasets.attacks.injection import SPECIES, captured, injected
from datasets.demo import portrait
from datasets.suites._judging import Item, Size, judged, recordings
from datasets.trials import Split, Trial
from liveness.container import Container

NAMES_READ_FROM = ("video_retalking", "1.mp4")
"""The recording that a row of the list of names was made from; it is no test of that list."""

_SECONDS = 3.0
_SIDE = 320
_MADE = {"small": 1, "full": 3}


def trials(data: Path, models: Models, *, size: Size, seed: int = 0) -> Iterator[Trial]:
    """Every recording below `data` as it is, as a webcam gives it, and fed in by every species.

    Also, and in the small size only, the demonstration's portrait held before a camera.
    """
    settings = Settings()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if size == "full":
            for corpus, path in recordings(data / "video"):
                split: Split = "calibration" if (corpus, path.name) == NAMES_READ_FROM else "test"
                item = Item(corpus, path.name, path.name, path.stem, split=split)
                yield _trial(item, path, models, settings)
                clip = read_clip(path, most_s=_SECONDS, max_side=_SIDE)
                yield from _made(item, clip, folder, models, settings, seed)
        for number in range(_MADE[size]):
            still = held_photo(portrait(), seconds=_SECONDS, seed=seed + number, size=(160, 120))
            name = f"held portrait {number}"
            item = Item("held portrait", name, name, "portrait")
            clip = make(np.stack(list(still)), 25.0)
            yield from _made(item, clip, folder, models, settings, seed + number)


def _made(
    item: Item, clip: Clip, folder: Path, models: Models, settings: Settings, seed: int
) -> Iterator[Trial]:
    """The clip as a webcam's recorder writes it, and every species and strength of injection."""
    random = np.random.default_rng([seed, len(clip.frames)])
    path = captured(clip, folder / "clip", random)
    live = replace(item, item=f"{item.source} captured", condition="webcam")
    yield _trial(live, path, models, settings)
    for species in SPECIES:
        for strength in species.strengths:
            path = injected(species.id, strength, clip, folder / "clip", random)
            name = f"{item.source} {species.id} {strength}"
            attack = replace(item, item=name, species=species.id, strength=strength)
            yield _trial(attack, path, models, settings)


def _trial(item: Item, path: Path, models: Models, settings: Settings) -> Trial:
    facts = probe(path, settings.limits)
    interview = Interview("recording", facts, models, str(path))
    return judged(item, Container(), interview, units=facts.duration_s)
