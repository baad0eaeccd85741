"""Trials of public corpora that a user brought: each that is recognised, by its usual protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from audit.check import reading
from audit.errors import InputError
from audit.inference import Models
from audit.settings import Settings
from datasets.corpora import Found, trials_of
from datasets.corpora.model import Item as Recording
from datasets.suites._judging import Item, judged_file, trial_of
from datasets.trials import BONA_FIDE, Trial

OWN = frozenset({"fairface", "lfw", "orl", "grid"})
"""Corpora that recipes and suites of the project draw on; only they know which part is unseen."""

AS_GIVEN = "as given"


def corpus_trials(detector: str, data: Path, models: Models) -> Iterator[Trial]:
    """The test part of every corpus below `data` that is about this detector, as shipped.

    Kinds of attack are called `corpus.kind`. A file that cannot be read is an abstention.

    Raises:
        InputError: a protocol's list is malformed; file and row are named.
        WeightsUnavailable: the detector's weights are not installed.
    """
    how = reading(Settings(), models, [detector])
    for found in trials_of(data):
        if detector not in found.corpus.signals or found.corpus.name in OWN:
            continue
        for recording in found.items():
            if recording.split != "test":
                continue
            item = _item(found, recording)
            try:
                yield judged_file(item, recording.path, how)
            except InputError as error:
                signal = how.detectors[0].spec.inconclusive("media_unreadable", str(error))
                yield trial_of(item, detector, signal)


def _item(found: Found, recording: Recording) -> Item:
    name = recording.path.relative_to(found.root).as_posix()
    attack = re.sub(r"[^a-z0-9]+", "_", recording.attack.lower()).strip("_")
    return Item(
        corpus=found.corpus.name,
        item=name,
        source=recording.source or name,
        person=recording.person,
        species=f"{found.corpus.name}.{attack}" if attack else BONA_FIDE,
        strength=AS_GIVEN if attack else "",
        condition=recording.condition,
        group=recording.group,
    )
