"""Trials of `assisted_answering`: scripted answers alone, for want of recordings of either kind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from audit.inference import Models
from datasets.attacks.answering import FREE, READING, Script, scripted
from datasets.trials import BONA_FIDE, Trial
from liveness.assisted_answering import AssistedAnswering

COUNTS = {"small": 6, "full": 40}


def trials(
    data: Path, models: Models, *, size: Literal["small", "full"], seed: int = 0
) -> Iterator[Trial]:
    """Free and read answers by turns. `data` has nothing for this detector and is not looked at."""
    for number in range(COUNTS[size]):
        for strength, script in {"": FREE, **READING}.items():
            yield _trial(number, strength, script, models, seed)


def _trial(number: int, strength: str, script: Script, models: Models, seed: int) -> Trial:
    interview = scripted(script, models, np.random.default_rng([seed, number]))
    began = time.process_time()
    signal = AssistedAnswering().inspect(interview)
    return Trial(
        detector="assisted_answering",
        corpus="scripted",
        item=f"{number} {strength}".strip(),
        source=f"{number} {strength}".strip(),
        person=f"script-{number}",
        species="assistance.reading" if strength else BONA_FIDE,
        strength=strength,
        condition="",
        group="",
        split="test",
        status=signal.status.value,
        reason=signal.reason.code,
        score=signal.score,
        log10_lr=None,
        units=interview.facts.duration_s,
        seconds=time.process_time() - began,
    )
