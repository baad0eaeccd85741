"""Tests of two rates: Morris' digits, scipy as the oracle, millions of persons, no variation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import hypergeom

from fairness.rates import Pair
from fairness.significance import (
    BOSCHLOO_MAX_PRODUCT,
    Significance,
    boschloo,
    fisher,
    homogeneity,
    hypergeometric_window,
    hypergeometric_z,
    mid_p,
    pooled_z,
    significance,
)
from fairness.types import GroupCounts
from tests.fairness.test_rates import MORRIS, pairs


def every_test(pair: Pair) -> Significance:
    result = significance(pair)
    assert result is not None
    return result


def test_morris_2017() -> None:
    tests = every_test(MORRIS)
    assert tests.pooled_z is not None
    assert tests.pooled_z.z == pytest.approx(-2.138963, abs=5e-7)
    assert tests.pooled_z.p_value == pytest.approx(0.03243865, abs=5e-9)
    assert tests.fisher == pytest.approx(0.059908, abs=5e-7)
    assert tests.fisher_lower == pytest.approx(0.03715769, abs=5e-9)
    assert tests.mid_p.lower == pytest.approx(0.020949, abs=5e-7)
    assert tests.mid_p.doubled == pytest.approx(0.041898, abs=5e-7)
    assert tests.mid_p.minimum_likelihood == pytest.approx(0.043699, abs=5e-7)
    assert tests.boschloo == pytest.approx(0.036603, abs=5e-7)
    assert tests.chi_square is not None
    assert tests.chi_square.statistic == pytest.approx(4.575163, abs=5e-7)
    assert tests.hypergeometric_z is not None
    assert tests.hypergeometric_z.z == pytest.approx(-2.138963 * (34 / 35) ** 0.5, abs=1e-6)


def test_exactly_four_fifths_is_significant() -> None:
    result = pooled_z(Pair(64, 100, 80, 100))
    assert result is not None and result.z == pytest.approx(-2.52, abs=5e-3)


def test_dcwp_selection_example() -> None:
    black, small = every_test(Pair(170, 390, 412, 797)), every_test(Pair(7, 17, 215, 412))
    assert black.pooled_z is not None and small.pooled_z is not None
    assert black.pooled_z.z == pytest.approx(-2.623, abs=5e-4)
    assert black.fisher == pytest.approx(0.00943, abs=5e-6)
    assert small.pooled_z.z == pytest.approx(-0.89, abs=5e-3)


@given(pairs(most=60, fewest=1))
def test_the_window_is_the_hypergeometric_distribution(pair: Pair) -> None:
    if pair.degenerate:
        return
    first, chances = hypergeometric_window(pair)
    support = np.arange(first, first + len(chances))
    theirs = hypergeom.pmf(support, pair.assessed, pair.n1, pair.selected)
    assert chances == pytest.approx(theirs, rel=1e-9, abs=1e-300)
    assert chances.sum() == pytest.approx(1.0)


@given(pairs(most=200, fewest=1))
def test_exact_tests_and_mid_p_belong_together(pair: Pair) -> None:
    """Fisher less half of the tied probability is the mid-p; sides add to 1; Z squared is chi2."""
    if pair.degenerate:
        return
    tests = significance(pair, with_boschloo=False)
    assert tests is not None and tests.chi_square is not None and tests.pooled_z is not None
    first, chances = hypergeometric_window(pair)
    point = chances[pair.x1 - first]
    assert tests.mid_p.lower == pytest.approx(tests.fisher_lower - point / 2, rel=1e-7)
    tied = chances[np.abs(chances - point) <= 1e-7 * point].sum()
    assert tests.mid_p.minimum_likelihood == pytest.approx(tests.fisher - tied / 2, rel=1e-6)
    assert tests.chi_square.statistic == pytest.approx(tests.pooled_z.z**2, rel=1e-9, abs=1e-12)
    mirrored = mid_p(Pair(pair.x2, pair.n2, pair.x1, pair.n1))
    assert tests.mid_p.lower + mirrored.lower == pytest.approx(1.0)
    assert tests.mid_p.doubled == pytest.approx(mirrored.doubled)
    assert tests.mid_p.minimum_likelihood == pytest.approx(mirrored.minimum_likelihood, rel=1e-6)


@given(pairs(most=200, fewest=1))
def test_exchanging_the_groups_changes_only_the_sign(pair: Pair) -> None:
    swapped = Pair(pair.x2, pair.n2, pair.x1, pair.n1)
    for test in (pooled_z, hypergeometric_z):
        one, other = test(pair), test(swapped)
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.z == pytest.approx(-other.z)
            assert one.p_value == pytest.approx(other.p_value)
    assert fisher(pair) == pytest.approx(fisher(swapped), rel=1e-9)


def test_millions_of_persons() -> None:
    """ADP 2024, Asian against Two or More; and one in ten million, where only exact tests hold."""
    tests = every_test(Pair(268583, 692402, 154249, 371327))
    assert tests.pooled_z is not None
    assert tests.pooled_z.z == pytest.approx(-27.6256, abs=5e-5)
    assert tests.boschloo is None
    assert [note.code for note in tests.notes] == ["boschloo_not_computed"]
    assert 0 < tests.mid_p.doubled < tests.fisher < 1e-160
    rare = mid_p(Pair(1, 10**7, 9, 10**7))
    # Practically Binomial(10, 1/2): P(X = 0) + P(X = 1)/2.
    assert rare.lower == pytest.approx((1 + 10 / 2) / 1024, rel=1e-5)


def test_a_billion_persons_agree_with_the_normal_approximation() -> None:
    pair = Pair(5 * 10**8, 10**9, 5 * 10**8 + 70_000, 10**9)
    normal = hypergeometric_z(pair)
    assert normal is not None
    assert mid_p(pair).doubled == pytest.approx(normal.p_value, rel=1e-4)


def test_far_outside_the_window_the_mid_p_is_zero() -> None:
    result = mid_p(Pair(0, 10**6, 10**6, 10**6))
    assert (result.lower, result.doubled, result.minimum_likelihood) == (0, 0, 0)
    assert mid_p(Pair(10**6, 10**6, 0, 10**6)).lower == 1


@pytest.mark.parametrize("pair", [Pair(0, 5, 0, 7), Pair(5, 5, 7, 7)])
def test_without_variation(pair: Pair) -> None:
    tests = every_test(pair)
    assert tests.pooled_z is None and tests.hypergeometric_z is None
    assert tests.chi_square is None and tests.chi_square_yates is None
    assert tests.fisher == 1 and tests.boschloo == 1 and tests.mid_p.doubled == 1
    assert tests.notes[0].code == "no_variation"


def test_an_empty_group_is_not_tested() -> None:
    assert significance(Pair(0, 0, 3, 7)) is None


def test_boschloo_is_bounded_and_never_above_fisher() -> None:
    assert boschloo(Pair(1, 101, 5, BOSCHLOO_MAX_PRODUCT // 100)) is None
    for pair in (Pair(3, 17, 9, 21), Pair(0, 4, 5, 9), Pair(7, 7, 1, 8)):
        value = boschloo(pair)
        assert value is not None and 0 < value <= fisher(pair) + 1e-9


def test_homogeneity_of_a_table() -> None:
    counts = GroupCounts.of("f", [("a", 10, 2), ("b", 25, 15), ("none", 0, 0)])
    result = homogeneity(counts)
    assert result is not None and result.df == 1
    assert result.statistic == pytest.approx(4.575163, abs=5e-7)
    assert homogeneity(GroupCounts.of("f", [("a", 10, 0), ("b", 5, 0)])) is None
    assert homogeneity(GroupCounts.of("f", [("a", 10, 2)])) is None
