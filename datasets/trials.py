"""Scored items: what a detector said of one recording, and what the recording was.

A scorecard is computed from trials alone, so that anyone can recompute it from the CSV file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

Split = Literal["train", "calibration", "test"]

BONA_FIDE = ""
"""The species of what is genuine."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One recording (or still) before one detector at its shipped operating point.

    Attributes:
        detector: name of the signal.
        corpus: the set that the recording comes from, or the generator's name.
        item: names the recording within its corpus.
        source: the recording that this one was made from; itself where untouched. Trials of one
            source are dependent and are resampled together.
        person: who is seen or heard, an id within the corpus; "" where unknown.
        species: id of the attack (`datasets.attacks.species`), "" for bona fide.
        strength: one of the species' strengths, "" for bona fide.
        condition: how it was encoded or degraded, `h264-28`, `opus-24k`; "" as it was.
        group: demographic cell, "" where unknown.
        split: what the item was used for. Only `test` counts as evidence.
        status: `no_indication`, `review` or `inconclusive`, as the detector said.
        reason: the code of the detector's reason.
        score: the detector's score; None where it abstained.
        log10_lr: bounded log10 likelihood ratio for an attack against bona fide; None where there
            is none.
        units, seconds: how many faces (or seconds of speech) were judged, and the CPU seconds that
            it took on one thread; 0 where not measured.
    """

    detector: str
    corpus: str
    item: str
    source: str
    person: str
    species: str
    strength: str
    condition: str
    group: str
    split: Split
    status: str
    reason: str
    score: float | None
    log10_lr: float | None
    units: float = 0.0
    seconds: float = 0.0

    @property
    def is_attack(self) -> bool:
        """Whether the recording was made or changed by a species."""
        return self.species != BONA_FIDE


_NUMBERS = frozenset({"score", "log10_lr", "units", "seconds"})
_SPLITS = ("train", "calibration", "test")
_STATUSES = ("no_indication", "review", "inconclusive")


def write_trials(path: Path, trials: Iterable[Trial]) -> int:
    """Write trials as CSV with a header; how many there were."""
    names = [field.name for field in fields(Trial)]
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for trial in trials:
            writer.writerow([_written(getattr(trial, name)) for name in names])
            count += 1
    return count


def _written(value: object) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def read_trials(path: Path) -> list[Trial]:
    """Trials as `write_trials` left them.

    Raises:
        ValueError: a column is missing or unknown, or a row holds what it cannot; the message
            names the file and the row.
    """
    names = [field.name for field in fields(Trial)]
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if list(reader.fieldnames or ()) != names:
            raise ValueError(f"{path}: the columns must be {', '.join(names)}")
        return [_trial(row, f"{path}, row {number}") for number, row in enumerate(reader, start=2)]


def _trial(row: dict[str, str], where: str) -> Trial:
    if None in row or None in row.values():
        raise ValueError(f"{where}: it has more or fewer cells than the header")
    if row["split"] not in _SPLITS or row["status"] not in _STATUSES:
        raise ValueError(f"{where}: split {row['split']!r} or status {row['status']!r} is unknown")
    values: dict[str, object] = dict(row)
    try:
        for name in _NUMBERS:
            values[name] = float(row[name]) if row[name] else None
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    values["units"] = values["units"] or 0.0
    values["seconds"] = values["seconds"] or 0.0
    return Trial(**values)  # type: ignore[arg-type]
