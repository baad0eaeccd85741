"""Answers that may abstain: which of two kinds a score still fits, at a stated error for each.

Class-conditional (Mondrian) split conformal prediction (Vovk, Gammerman and Shafer 2005, 4.5 and
2.2). A kind fits a score when its p-value, the share of that kind's calibration scores that are at
least as strange, exceeds the stated error. A genuine recording is then held not to be genuine at
most as often as stated, and an attack not to be an attack likewise, whatever the distributions are,
as long as the recording at hand and those of its kind in the calibration set are exchangeable.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.errors import SettingsInvalid

Array = NDArray[np.float64]

Answer = Literal["bona fide", "attack", "both possible", "neither"]

_ROUNDING = 1e-9
"""Keeps error * (n + 1), and sums of shares of groups, from missing a whole number by rounding."""


@dataclass(frozen=True, slots=True)
class ConformalRecord:
    """Up to which scores a recording still fits either kind.

    Attributes:
        id: name of the row. score: what the score is, in words.
        model, model_version: what produced the scores.
        attack_high: whether a high score favours an attack; otherwise a low one does.
        bona_fide_error, attack_error: stated share of each kind that may be held not to be of its
            kind, between 0 and 1.
        bona_fide_limit, attack_limit: the strangest score, itself included, that still fits the
            kind. Infinite on the far side where the set is too small to hold the error: then every
            score fits.
        n_bona_fide, n_attack: independent cases behind each limit: scores, or groups where the
            scores were grouped by person or source recording.
        datasets, conditions, date, source: on what, how, when and by which command it was set.
    """

    id: str
    score: str
    model: str
    model_version: str
    attack_high: bool
    bona_fide_error: float
    attack_error: float
    bona_fide_limit: float
    attack_limit: float
    n_bona_fide: int
    n_attack: int
    datasets: tuple[str, ...]
    conditions: str
    date: str
    source: str

    def __post_init__(self) -> None:
        if not (0.0 < self.bona_fide_error < 1.0 and 0.0 < self.attack_error < 1.0):
            raise ValueError(f"conformal record {self.id}: an error lies between 0 and 1")
        if math.isnan(self.bona_fide_limit) or math.isnan(self.attack_limit):
            raise ValueError(f"conformal record {self.id}: a limit is no number")

    def fits_bona_fide(self, score: float) -> bool:
        """Whether the score is no stranger for bona fide than the stated error lets be."""
        _check(score)
        limit = self.bona_fide_limit
        return score <= limit if self.attack_high else score >= limit

    def fits_attack(self, score: float) -> bool:
        """Whether the score is no stranger for an attack than the stated error lets be."""
        _check(score)
        limit = self.attack_limit
        return score >= limit if self.attack_high else score <= limit

    def answer(self, score: float) -> Answer:
        """The kinds that a score fits.

        `both possible`: the score lies where the kinds overlap, or the sets are too small to hold
        the error. `neither`: it lies where the calibration set saw neither kind. Both are reasons
        to abstain.

        Raises:
            ValueError: the score is not a number.
        """
        bona_fide, attack = self.fits_bona_fide(score), self.fits_attack(score)
        if bona_fide and attack:
            return "both possible"
        if bona_fide:
            return "bona fide"
        return "attack" if attack else "neither"

    @property
    def can_answer(self) -> bool:
        """Whether some score can be told to be of one kind: at least one limit is finite."""
        return math.isfinite(self.bona_fide_limit) or math.isfinite(self.attack_limit)


def limit(
    strangeness: ArrayLike, error: float, groups: Sequence[object] | None = None
) -> tuple[float, int]:
    """The greatest strangeness that still fits a kind, and how many independent cases say so.

    With k = floor(error * (n + 1)) it is the k-th greatest of n calibration values, which is the
    finite-sample correction: for k = 0 the set is too small to hold the error and all fits (+inf).
    Ties count as stranger, which errs towards fitting; see `p_value` for the smoothed form.

    Groups are for values that are not exchangeable one by one (several recordings of a person, all
    attacks from one recording). Each group then weighs as one case, shared among its values
    (hierarchical conformal prediction, Lee, Barber and Willett 2023): it holds for a recording of a
    group that the set has not seen.

    Args:
        strangeness: calibration values of one kind, shape (n,), greater = stranger.
        error: stated error, between 0 and 1.
        groups: one label for each value; each value is its own group without.

    Raises:
        ValueError: the error lies outside of 0 to 1, a value is not a number, or labels are
            missing.
    """
    if not 0.0 < error < 1.0:
        raise ValueError("the stated error lies between 0 and 1")
    values, weights, cases = _weighed(strangeness, groups)
    needed = error * (cases + 1) - 1.0 + _ROUNDING
    if needed < 0.0:
        return math.inf, cases
    order = np.argsort(-values, kind="stable")
    # A value fits while 1 + the cases at least as strange exceed error * (cases + 1).
    above = np.cumsum(weights[order])
    place = int(np.searchsorted(above, needed, side="right"))
    return float(values[order][min(place, len(values) - 1)]), cases


def p_value(
    calibration: ArrayLike,
    strangeness: float,
    *,
    tie: float = 1.0,
    groups: Sequence[object] | None = None,
) -> float:
    """How well a value fits a kind: the share of calibration values at least as strange.

    (stranger + tie * (equal + 1)) / (n + 1), the value itself being one of the equal ones. With
    `tie` drawn evenly from 0 to 1 for each value the p-values are exactly uniform, ties or not
    (smoothed conformal predictor, Vovk et al. 2005, 2.3). `tie` = 1 is the cautious form without
    chance, which records use: the same recording must get the same answer each time.

    Args:
        calibration: strangeness of calibration values of one kind, shape (n,).
        strangeness: of the value at hand, greater = stranger.
        tie: the share of ties that counts as stranger, 0 to 1.
        groups: as for `limit`.
    """
    _check(strangeness)
    if not 0.0 <= tie <= 1.0:
        raise ValueError("the share of ties lies between 0 and 1")
    values, weights, cases = _weighed(calibration, groups)
    stranger = float(weights[values > strangeness].sum())
    equal = float(weights[values == strangeness].sum())
    return (stranger + tie * (equal + 1.0)) / (cases + 1.0)


def limits(
    bona_fide: ArrayLike,
    attacks: ArrayLike,
    *,
    errors: tuple[float, float],
    attack_high: bool = True,
    groups: tuple[Sequence[object] | None, Sequence[object] | None] = (None, None),
) -> dict[str, float | int | bool]:
    """What a `ConformalRecord` needs from scores: its fields from `attack_high` to `n_attack`.

    Args:
        bona_fide, attacks: calibration scores of each kind, shapes (n,) and (m,); used neither for
            training nor for choosing anything, and none of them for the figures that follow.
        errors: stated error of bona fide and of attacks.
        attack_high: whether a high score favours an attack.
        groups: labels of person or source recording for each kind, where scores share them.

    Raises:
        ValueError: as `limit`.
    """
    sign = 1.0 if attack_high else -1.0
    genuine, n_genuine = limit(sign * np.asarray(bona_fide, float), errors[0], groups[0])
    attack, n_attack = limit(-sign * np.asarray(attacks, float), errors[1], groups[1])
    return {
        "attack_high": attack_high,
        "bona_fide_error": errors[0],
        "attack_error": errors[1],
        "bona_fide_limit": sign * genuine,
        "attack_limit": -sign * attack,
        "n_bona_fide": n_genuine,
        "n_attack": n_attack,
    }


@cache
def conformal_records(package: str) -> dict[str, ConformalRecord]:
    """All records of a package by id, from the `[[record]]` rows of its conformal.toml.

    Raises:
        SettingsInvalid: a row lacks a field, has one too many, or holds what it cannot.
    """
    text = resources.files(package).joinpath("conformal.toml").read_text("utf-8")
    found = [_record(row) for row in tomllib.loads(text).get("record", [])]
    return {record.id: record for record in found}


def _record(row: dict[str, Any]) -> ConformalRecord:
    wanted = {field.name for field in fields(ConformalRecord)}
    if set(row) != wanted:
        wrong = ", ".join(sorted(set(row) ^ wanted))
        raise SettingsInvalid(f"Conformal row {row.get('id', '?')}: check the field(s) {wrong}.")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    try:
        return ConformalRecord(**values)
    except (TypeError, ValueError) as error:
        raise SettingsInvalid(f"Conformal row {row['id']}: {error}.") from error


def _check(score: float) -> None:
    if math.isnan(score):
        raise ValueError("a score that is no number fits nothing; abstain before asking")


def _weighed(given: ArrayLike, groups: Sequence[object] | None) -> tuple[Array, Array, int]:
    """Values, the weight of each, and how many independent cases they are."""
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1 or np.isnan(values).any():
        raise ValueError("calibration values are one row of numbers")
    if groups is None:
        return values, np.ones(len(values)), len(values)
    if len(groups) != len(values):
        raise ValueError("each calibration value needs its group")
    names = {label: number for number, label in enumerate(dict.fromkeys(groups))}
    place = np.array([names[label] for label in groups], dtype=np.int64)
    sizes = np.bincount(place, minlength=len(names))
    return values, 1.0 / sizes[place], len(names)
