"""Trials of `assisted_answering`: scripted answers alone, for want of recordings of either kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from audit.inference import Models
from datasets.attacks.answering import FREE, READING, Script, scripted
from datasets.suites._judging import Item, Size, judged
from datasets.trials import BONA_FIDE, Trial
from liveness.assisted_answering import AssistedAnswering

COUNTS = {"small": 6, "full": 40}


def trials(data: Path, models: Models, *, size: Size, seed: int = 0) -> Iterator[Trial]:
    """Free and read answers by turns. `data` has nothing for this detector and is not looked at."""
    for number in range(COUNTS[size]):
        for strength, script in {"": FREE, **READING}.items():
            yield _trial(number, strength, script, models, seed)


def _trial(number: int, strength: str, script: Script, models: Models, seed: int) -> Trial:
    interview = scripted(script, models, np.random.default_rng([seed, number]))
    name = f"{number} {strength}".strip()
    species = "assistance.reading" if strength else BONA_FIDE
    item = Item("scripted", name, name, f"script-{number}", species, strength)
    return judged(item, AssistedAnswering(), interview, units=interview.facts.duration_s)
