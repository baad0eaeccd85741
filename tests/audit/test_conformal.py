"""Answers that may abstain hold the errors that they state."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audit.conformal import ConformalRecord, conformal_records, limit, limits, p_value
from audit.errors import SettingsInvalid


def record(**changed: object) -> ConformalRecord:
    values: dict[str, object] = {
        "id": "toy",
        "score": "log-odds",
        "model": "toy",
        "model_version": "1",
        "attack_high": True,
        "bona_fide_error": 0.1,
        "attack_error": 0.1,
        "bona_fide_limit": 1.0,
        "attack_limit": -1.0,
        "n_bona_fide": 20,
        "n_attack": 20,
        "datasets": ("made up",),
        "conditions": "none",
        "date": "2026-11-23",
        "source": "this test",
    }
    return ConformalRecord(**(values | changed))  # type: ignore[arg-type]


def of(bona_fide: object, attacks: object, *, error: float, attack_high: bool = True):  # type: ignore[no-untyped-def]
    found = limits(bona_fide, attacks, errors=(error, error), attack_high=attack_high)  # type: ignore[arg-type]
    return record(**found)


def test_the_limit_is_the_value_that_hand_counting_gives() -> None:
    """Of 19 values and an error of 10 %, k = floor(0.1 * 20) = 2: the second greatest."""
    assert limit(range(1, 20), 0.1) == (18.0, 19)
    assert limit(range(1, 20), 0.05) == (19.0, 19)
    assert limit(range(1, 20), 0.3) == (14.0, 19)


def test_too_few_values_fit_everything() -> None:
    """Below 1 / error - 1 values no error of 5 % can be held: 18 are too few, 19 are enough."""
    assert limit(range(18), 0.05)[0] == math.inf
    assert limit(range(19), 0.05)[0] == 18.0
    assert limit([], 0.5) == (math.inf, 0)


def test_a_tiny_calibration_set_says_both_possible_to_any_score() -> None:
    tiny = of(range(5), range(100, 105), error=0.05)
    assert {tiny.answer(score) for score in (-1e9, 0.0, 50.0, 1e9)} == {"both possible"}
    assert not tiny.can_answer


def test_one_tiny_kind_leaves_that_kind_possible() -> None:
    """Attacks are too few to rule one out, bona fide is not."""
    uneven = of(range(100), range(200, 205), error=0.05)
    assert uneven.answer(50.0) == "both possible"
    assert uneven.answer(300.0) == "attack"
    assert uneven.can_answer


@pytest.mark.parametrize("attack_high", [True, False])
def test_each_answer_lies_where_it_should(attack_high: bool) -> None:
    sign = 1.0 if attack_high else -1.0
    apart = of(
        sign * np.arange(0.0, 100.0),
        sign * np.arange(200.0, 300.0),
        error=0.1,
        attack_high=attack_high,
    )
    assert apart.answer(sign * 50.0) == "bona fide"
    assert apart.answer(sign * 250.0) == "attack"
    assert apart.answer(sign * 150.0) == "neither"
    near = of(
        sign * np.arange(0.0, 100.0),
        sign * np.arange(50.0, 150.0),
        error=0.1,
        attack_high=attack_high,
    )
    assert near.answer(sign * 75.0) == "both possible"


def test_the_limit_itself_still_fits() -> None:
    assert record().answer(1.0) == "both possible"
    assert record().answer(math.nextafter(1.0, 2.0)) == "attack"
    assert record().answer(math.nextafter(-1.0, -2.0)) == "bona fide"


def test_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="no number"):
        record().answer(math.nan)
    with pytest.raises(ValueError, match="row of numbers"):
        limit([1.0, math.nan], 0.1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        limit([1.0], 1.0)


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(st.integers(0, 6), min_size=1, max_size=40),
    score=st.integers(-1, 7),
    error=st.sampled_from([0.01, 0.05, 0.1, 0.2, 0.25, 0.5]),
    grouped=st.booleans(),
)
def test_the_limit_and_the_p_value_agree(
    values: list[int], score: int, error: float, grouped: bool
) -> None:
    """A value fits if and only if its cautious p-value exceeds the error, ties included."""
    groups = [n // 3 for n in range(len(values))] if grouped else None
    p = p_value(values, score, groups=groups)
    if abs(p - error) > 1e-9:
        assert (score <= limit(values, error, groups)[0]) == (p > error)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_order_and_scale_change_nothing(values: list[float], chance: object) -> None:
    shuffled = sorted(values, key=lambda _: chance.random())  # type: ignore[attr-defined]
    assert limit(shuffled, 0.1) == limit(values, 0.1)
    scaled = [value * 4.0 for value in values]
    assert limit(scaled, 0.1)[0] == limit(values, 0.1)[0] * 4.0


def test_groups_of_one_are_no_groups() -> None:
    values = np.random.default_rng(0).normal(size=50)
    assert limit(values, 0.13, list(range(50))) == limit(values, 0.13)


def test_a_repeated_recording_adds_no_evidence() -> None:
    """Each of 19 people recorded three times alike is 19 cases, not 57."""
    values = np.repeat(np.arange(1.0, 20.0), 3)
    people = np.repeat(np.arange(19), 3).tolist()
    assert limit(values, 0.1, people) == limit(range(1, 20), 0.1)
    assert limit(values[:54], 0.05, people[:54]) == (math.inf, 18)


def held(errors: int, rounds: int, error: float) -> bool:
    """Whether so many errors are no surprise (one in a million) if the error is at most `error`."""
    return errors <= stats.binom.isf(1e-6, rounds, error)


@pytest.mark.parametrize("error", [0.05, 0.1])
@pytest.mark.parametrize("size", [19, 50])
def test_the_error_is_held_for_each_kind(error: float, size: int) -> None:
    """4,000 draws of sets and of one more score; a heavy-tailed and a lopsided distribution."""
    chance = np.random.default_rng(7)
    missed, rounds = {"bona fide": 0, "attack": 0}, 4000
    for _ in range(rounds):
        made = of(chance.standard_t(2, size), chance.exponential(3.0, size) - 1.0, error=error)
        missed["bona fide"] += not made.fits_bona_fide(chance.standard_t(2))
        missed["attack"] += not made.fits_attack(chance.exponential(3.0) - 1.0)
    assert all(held(count, rounds, error) for count in missed.values())
    # It is not held by fitting everything: the share lies within one case of the stated one.
    least = error - 1.0 / (size + 1)
    assert all(count >= stats.binom.ppf(1e-6, rounds, least) for count in missed.values())


def test_the_error_is_held_with_ties() -> None:
    """Scores of three values only: the cautious form errs less, never more."""
    chance, rounds, error = np.random.default_rng(11), 4000, 0.1
    missed = sum(
        not chance.integers(0, 3) <= limit(chance.integers(0, 3, 30), error)[0]
        for _ in range(rounds)
    )
    assert held(missed, rounds, error)


def test_smoothed_p_values_are_exactly_uniform_even_with_ties() -> None:
    chance, rounds = np.random.default_rng(5), 4000
    found = [
        p_value(chance.integers(0, 3, 20), chance.integers(0, 3), tie=chance.random())
        for _ in range(rounds)
    ]
    assert stats.kstest(found, "uniform").pvalue > 1e-4


def test_the_error_is_held_for_people_not_seen_where_people_differ() -> None:
    """People differ more than their recordings: 40 people with 5 each, one recording of another.

    Taken one by one the 200 values claim more than 40 people can show; by people it holds.
    """
    chance, rounds, error = np.random.default_rng(3), 4000, 0.05
    people = np.repeat(np.arange(40), 5).tolist()
    missed = 0
    for _ in range(rounds):
        values = np.repeat(chance.normal(size=40), 5) + 0.1 * chance.normal(size=200)
        missed += chance.normal() + 0.1 * chance.normal() > limit(values, error, people)[0]
    assert held(missed, rounds, error)


def test_what_is_not_exchangeable_is_not_covered() -> None:
    """The promise rests on exchangeability: scores of a shifted kind are missed far more often."""
    chance, rounds, error = np.random.default_rng(9), 500, 0.05
    missed = sum(
        chance.normal(2.0) > limit(chance.normal(size=50), error)[0] for _ in range(rounds)
    )
    assert not held(missed, rounds, error)


def test_rows_are_read_and_wrong_ones_are_named(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "toy_package"  # type: ignore[operator]
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    row = """[[record]]
id = "toy"
score = "log-odds"
model = "toy"
model_version = "1"
attack_high = true
bona_fide_error = 0.05
attack_error = 0.1
bona_fide_limit = 2.5
attack_limit = -inf
n_bona_fide = 120
n_attack = 8
datasets = ["made up"]
conditions = "none"
date = "2026-11-23"
source = "a test"
"""
    (folder / "conformal.toml").write_text(row)
    monkeypatch.syspath_prepend(str(tmp_path))
    conformal_records.cache_clear()
    read = conformal_records("toy_package")["toy"]
    assert read.answer(0.0) == "both possible"
    assert read.answer(3.0) == "attack"
    for wrong in (row.replace("n_attack = 8\n", ""), row.replace("0.05", "1.5")):
        (folder / "conformal.toml").write_text(wrong)
        conformal_records.cache_clear()
        with pytest.raises(SettingsInvalid, match="toy"):
            conformal_records("toy_package")
