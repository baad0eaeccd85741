"""What a detector's scores mean, from trials set aside for it: likelihood ratios and limits.

    python -m datasets.limits TRIALS.csv --detector NAME --error 0.05 --attack-error 0.2

Reads trials of the split `calibration` and prints rows for `calibration.toml` (score to bounded
log10 likelihood ratio) and `conformal.toml` (the limits beyond which a recording does not fit a
kind), one each for every last word of the trials' conditions (`h264-28 large`: `large`). Persons
are independent, their recordings are not: folds, bounds and limits go by persons.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.calibration import CalibrationRecord, cllr, elub, fit_logistic
from audit.conformal import ConformalRecord, limits
from audit.errors import InputError
from datasets.trials import Trial, read_trials

FOLDS = 5
LEAST_PERSONS = 20
_LEAST_SLOPE = 0.0001

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one kind with the person of each, both (n,)."""

    values: Floats
    persons: NDArray[np.str_]

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> Scores:
        """Scores of trials that have one."""
        held = [t for t in trials if t.score is not None]
        return cls(
            np.array([t.score for t in held], np.float64),
            np.array([f"{t.corpus} {t.person or t.source}" for t in held], np.str_),
        )

    def among(self, persons: NDArray[np.str_], *, is_in: bool = True) -> Scores:
        """Those of these persons, or of all others."""
        rows = np.isin(self.persons, persons) == is_in
        return Scores(self.values[rows], self.persons[rows])

    @property
    def count(self) -> int:
        """How many persons there are."""
        return len(np.unique(self.persons))


def calibration(
    attacks: Scores, genuine: Scores, label: dict[str, Any], *, seed: int = 0
) -> CalibrationRecord:
    """The record of a score that is high for attacks.

    Bounds are ELUB (Vergeer et al. 2016) of the ratios cross-validated over persons, and no wider
    than the number of persons of the other kind supports.
    """
    slope, offset = _line(attacks, genuine)
    mated, nonmated = _cross_validated(attacks, genuine, seed)
    # Scores that rise for genuine recordings say nothing here: then every ratio is 1.
    lower, upper = elub(mated, nonmated) if slope > 0 else (0.0, 0.0)
    lower = math.ceil(max(lower, -math.log10(attacks.count + 1)) * 100) / 100
    upper = math.floor(min(upper, math.log10(genuine.count + 1)) * 100) / 100
    bounded = (np.clip(part, lower, upper) for part in (mated, nonmated))
    return CalibrationRecord(
        **label,
        slope=max(round(slope, 4), _LEAST_SLOPE),
        offset=round(offset, 4),
        lower=min(lower, 0.0),
        upper=max(upper, 0.0),
        n_mated=len(attacks.values),
        n_nonmated=len(genuine.values),
        n_persons=len(np.union1d(attacks.persons, genuine.persons)),
        cllr=round(cllr(*bounded), 4),
    )


def _line(attacks: Scores, genuine: Scores) -> tuple[float, float]:
    return fit_logistic(attacks.values, genuine.values, counts=(attacks.count, genuine.count))


def _cross_validated(attacks: Scores, genuine: Scores, seed: int) -> tuple[Floats, Floats]:
    """Ratios of each score from a fit that saw nobody of its fold."""
    persons = np.random.default_rng(seed).permutation(np.union1d(attacks.persons, genuine.persons))
    mated: list[Floats] = []
    nonmated: list[Floats] = []
    for fold in np.array_split(persons, FOLDS):
        rest = (kind.among(fold, is_in=False) for kind in (attacks, genuine))
        slope, offset = _line(*rest)
        mated.append(attacks.among(fold).values * slope + offset)
        nonmated.append(genuine.among(fold).values * slope + offset)
    return np.concatenate(mated), np.concatenate(nonmated)


def conformal(
    attacks: Scores, genuine: Scores, label: dict[str, Any], *, errors: tuple[float, float]
) -> ConformalRecord:
    """The limits at the stated errors of bona fide recordings and of attacks."""
    groups = (genuine.persons.tolist(), attacks.persons.tolist())
    found: dict[str, Any] = limits(genuine.values, attacks.values, errors=errors, groups=groups)
    for name in ("bona_fide_limit", "attack_limit"):
        found[name] = round(float(found[name]), 4)
    named = {name: value for name, value in label.items() if name != "hypotheses"}
    return ConformalRecord(**named, **found)


def as_toml(record: CalibrationRecord | ConformalRecord) -> str:
    """The record as a `[[record]]` row."""
    lines = [f"{field.name} = {_toml(getattr(record, field.name))}" for field in fields(record)]
    return "\n".join(["[[record]]", *lines]) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def rows(
    trials: Sequence[Trial], *, errors: tuple[float, float], label: dict[str, Any]
) -> list[tuple[CalibrationRecord, ConformalRecord]]:
    """Both records for every last word of the conditions of one detector's calibration trials.

    Raises:
        InputError: a condition has too few persons of a kind.
    """
    held = [t for t in trials if t.split == "calibration"]
    made = []
    for word in sorted({t.condition.split(" ")[-1] for t in held}):
        some = [t for t in held if t.condition.split(" ")[-1] == word]
        attacks = Scores.of([t for t in some if t.is_attack])
        genuine = Scores.of([t for t in some if not t.is_attack])
        if min(attacks.count, genuine.count) < LEAST_PERSONS:
            raise InputError(
                f"Condition '{word}' has scores of {attacks.count} attacked and {genuine.count} "
                f"untouched persons; {LEAST_PERSONS} of each are needed."
            )
        conditions = ", ".join(sorted({t.condition for t in some}))
        species = ", ".join(sorted({t.species for t in some if t.is_attack}))
        named = label | {
            "id": f"{label['id']}_{word}",
            "datasets": tuple(sorted({t.corpus for t in some})),
            "conditions": f"{conditions}; attacks: {species}",
        }
        made.append(
            (
                calibration(attacks, genuine, named),
                conformal(attacks, genuine, named, errors=errors),
            )
        )
    return made


def main(arguments: list[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("trials", type=Path)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--score", default="score of the signal", help="the score in words")
    parser.add_argument("--attack", default="the recording was altered", help="hypothesis")
    parser.add_argument("--bona-fide", default="the recording was not altered", help="hypothesis")
    parser.add_argument("--version", default="1", help="version of the detector")
    parser.add_argument("--error", type=float, default=0.05, help="stated error, bona fide")
    parser.add_argument("--attack-error", type=float, default=0.2, help="stated error, attacks")
    parser.add_argument("--date", required=True, help="day of the fit, YYYY-MM-DD")
    chosen = parser.parse_args(arguments)
    label = {
        "id": chosen.detector,
        "score": chosen.score,
        "model": chosen.detector,
        "model_version": chosen.version,
        "hypotheses": (chosen.attack, chosen.bona_fide),
        "date": chosen.date,
        "source": f"python -m datasets.limits TRIALS --detector {chosen.detector}",
    }
    trials = [t for t in read_trials(chosen.trials) if t.detector == chosen.detector]
    made = rows(trials, errors=(chosen.error, chosen.attack_error), label=label)
    for title, place in (("calibration.toml", 0), ("conformal.toml", 1)):
        sys.stdout.write(f"# {title}\n\n" + "\n".join(as_toml(both[place]) for both in made) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
