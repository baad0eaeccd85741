"""Rates and what compares two of them: decisions on integers, signs, empty groups."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness.rates import (
    Pair,
    below_four_fifths,
    cohens_h,
    excluded_groups,
    group_number,
    highest_groups,
    impact_ratio,
    odds_ratio,
    phi,
    rate_difference,
    reversed_by_one,
    selection_rate,
    shortfall_to_pooled_rate,
    shortfall_to_reference_rate,
)
from fairness.types import GroupCounts

MORRIS = Pair(2, 10, 15, 25)


@st.composite
def pairs(draw: st.DrawFn, most: int = 300, fewest: int = 0) -> Pair:
    n1, n2 = (draw(st.integers(fewest, most)) for _ in range(2))
    return Pair(draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2)


def test_morris_2017() -> None:
    assert impact_ratio(MORRIS) == Fraction(1, 3)
    assert shortfall_to_pooled_rate(MORRIS) == Fraction(20, 7)  # 2.857
    assert shortfall_to_reference_rate(MORRIS) == 4
    assert phi(MORRIS) == pytest.approx(-0.3616, abs=5e-5)
    assert cohens_h(MORRIS) == pytest.approx(-0.8449, abs=5e-5)
    assert odds_ratio(MORRIS) == pytest.approx(1 / 6)
    assert rate_difference(MORRIS) == pytest.approx(-0.4)
    assert reversed_by_one(MORRIS) is False


def test_exactly_four_fifths_is_not_below_it() -> None:
    assert 0.64 / 0.8 < 0.8  # what floats would say
    assert below_four_fifths(Pair(64, 100, 80, 100)) is False
    assert below_four_fifths(Pair(63, 100, 80, 100)) is True


def test_one_person_more_or_less_at_a_billion_persons_decides() -> None:
    persons = 10**9
    assert below_four_fifths(Pair(4 * 10**8 - 1, persons, 5 * 10**8, persons)) is True
    assert below_four_fifths(Pair(4 * 10**8, persons, 5 * 10**8, persons)) is False


def test_one_moved_selection() -> None:
    assert reversed_by_one(Pair(3, 10, 4, 10)) is True
    # Moving one makes them equal, which is not a reversal: 4/10 against 4/10.
    assert reversed_by_one(Pair(3, 10, 5, 10)) is False
    assert reversed_by_one(Pair(5, 10, 5, 10)) is None
    assert reversed_by_one(Pair(6, 10, 5, 10)) is None


def test_where_numbers_do_not_exist() -> None:
    nobody = Pair(0, 5, 0, 7)
    assert impact_ratio(nobody) is None
    assert below_four_fifths(nobody) is None
    assert phi(nobody) is None
    assert odds_ratio(nobody) is None
    assert selection_rate(0, 0) is None
    empty = Pair(0, 0, 3, 7)
    for measure in (impact_ratio, rate_difference, cohens_h, reversed_by_one):
        assert measure(empty) is None
    assert shortfall_to_pooled_rate(empty) is None
    assert shortfall_to_reference_rate(empty) is None
    assert odds_ratio(Pair(5, 5, 3, 5)) is None


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="0 <= selected <= assessed"):
        Pair(3, 2, 1, 1)


@given(pairs())
def test_signs_agree(pair: Pair) -> None:
    """Difference, h, phi and both shortfalls point one way; the ratio lies on that side of 1."""
    difference, ratio, shortfall = (
        rate_difference(pair),
        impact_ratio(pair),
        shortfall_to_reference_rate(pair),
    )
    if difference is None or shortfall is None:
        return
    sign = np.sign(difference)
    assert np.sign(-shortfall) == sign
    assert np.sign(-(shortfall_to_pooled_rate(pair) or 0)) == sign
    height = cohens_h(pair)
    assert height is not None
    assert abs(height) < 1e-12 if sign == 0 else np.sign(height) == sign
    if ratio is not None:
        assert np.sign(ratio - 1) == sign
    if (correlation := phi(pair)) is not None:
        assert np.sign(correlation) == sign
        assert -1 <= correlation <= 1


@given(pairs(fewest=1), st.integers(2, 50))
def test_four_fifths_does_not_depend_on_scale(pair: Pair, times: int) -> None:
    larger = Pair(*(times * count for count in (pair.x1, pair.n1, pair.x2, pair.n2)))
    assert below_four_fifths(pair) == below_four_fifths(larger)


def test_the_highest_rate_of_the_table() -> None:
    counts = GroupCounts.of("race", [("a", 10, 5), ("b", 4, 3), ("c", 400, 300), ("d", 0, 0)])
    # b and c tie at 3/4; the one with more persons comes first.
    assert highest_groups(counts) == (2, 1)
    assert highest_groups(counts, excluded=(1, 2)) == (0,)
    assert highest_groups(counts, excluded=(0, 1, 2)) == ()
    assert group_number(counts, ("c",)) == 2
    with pytest.raises(KeyError, match="no group"):
        group_number(counts, ("z",))


def test_a_rate_that_floats_cannot_tell_apart_is_still_the_highest() -> None:
    big = 10**17
    counts = GroupCounts.of("f", [("low", big, big // 3), ("high", big, big // 3 + 1)])
    assert (big // 3) / big == (big // 3 + 1) / big
    assert highest_groups(counts) == (1,)


def test_groups_of_exactly_the_share_stay() -> None:
    counts = GroupCounts.of("f", [("a", 98, 9), ("b", 2, 1), ("none", 0, 0)])
    assert excluded_groups(counts, 0.02) == ()
    assert excluded_groups(counts, 0.0200001) == (1,)
    assert excluded_groups(counts, 0.0) == ()


def test_pair_of_a_table() -> None:
    counts = GroupCounts.of("f", [("a", 10, 2), ("b", 25, 15)])
    assert Pair.of(counts, 0, reference=1) == MORRIS
    assert math.isclose(MORRIS.gap, 2 * 25 - 15 * 10)
