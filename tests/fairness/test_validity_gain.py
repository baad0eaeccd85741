"""Two validities compared: published values of Steiger and Zou, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from audit.errors import InputError
from fairness.types import Moments
from fairness.validity_gain import (
    Medians,
    Prediction,
    compare_tools,
    dependent_correlations,
    independent_correlations,
)


def moments(n: int, r: float) -> Moments:
    one = np.ones(1)
    return Moments(("all",), (("x",),), np.array([n]), one, one, one * n, one * n, one * n * r)


def test_williams_t_of_steigers_example() -> None:
    found = dependent_correlations(103, (0.4, 0.5, 0.1))
    assert found.statistic is not None
    assert round(found.statistic, 2) == -0.89
    assert found.p_value == pytest.approx(0.3749, abs=1e-4)


def test_zous_interval_of_overlapping_correlations() -> None:
    found = dependent_correlations(66, (0.396, 0.179, 0.088)).difference
    assert found.value == pytest.approx(0.217)
    assert found.interval is not None
    assert (round(found.interval.low, 3), round(found.interval.high, 3)) == (-0.093, 0.517)


def test_independent_correlations_by_hand() -> None:
    found = independent_correlations((145, 0.49), (87, 0.36))
    expected = (np.arctanh(0.49) - np.arctanh(0.36)) / np.sqrt(1 / 142 + 1 / 84)
    assert found.statistic == pytest.approx(expected)
    assert found.difference.interval is not None
    assert found.difference.interval.low < 0.13 < found.difference.interval.high


def test_better_worse_and_unknown() -> None:
    better = compare_tools(moments(2000, 0.5), moments(2000, 0.2))
    assert better.prediction is Prediction.BETTER
    assert better.test == "fisher z"
    assert better.notes[0].code == "different_persons"
    worse = compare_tools(moments(2000, 0.2), moments(2000, 0.5))
    assert worse.prediction is Prediction.WORSE
    assert worse.difference.value == pytest.approx(-(better.difference.value or 0))
    same = compare_tools(moments(4000, 0.3), moments(4000, 0.31))
    assert same.prediction is Prediction.NO_DIFFERENCE
    few = compare_tools(moments(50, 0.3), moments(50, 0.2))
    assert few.prediction is Prediction.UNDETECTABLE
    assert few.detectable is not None and few.detectable > 0.1


def test_only_faster() -> None:
    found = compare_tools(
        moments(4000, 0.3),
        moments(4000, 0.3),
        between=moments(4000, 0.5),
        times=Medians(3, 4000, 10, 4000),
    )
    assert found.test == "williams t"
    assert found.statistic == pytest.approx(0)
    assert found.days_saved == 7
    assert found.words == (
        "No better prediction was shown than of what the tool replaced. "
        "The median time to a decision is 7 days shorter."
    )
    slower = compare_tools(moments(50, 0.3), moments(50, 0.3), times=Medians(5, 1, 4, 1))
    assert slower.words.endswith("1 days longer.")
    equal = compare_tools(moments(50, 0.3), moments(50, 0.3), times=Medians(4, 1, 4, 1))
    assert equal.words.endswith("is the same.")


def test_the_same_persons_need_the_same_numbers() -> None:
    with pytest.raises(InputError, match="same number"):
        compare_tools(moments(50, 0.3), moments(60, 0.3), between=moments(50, 0.3))
    with pytest.raises(InputError, match="below 0"):
        Medians(-1, 1, 1, 1)


def test_too_few_persons_are_told_and_not_guessed() -> None:
    none = compare_tools(moments(2, 0.3), moments(200, 0.3))
    assert none.prediction is Prediction.UNDETECTABLE
    assert none.notes[0].code == "no_validity"
    three = compare_tools(moments(3, 0.3), moments(3, 0.2), between=moments(3, 0.1))
    assert three.p_value is None
    assert three.prediction is Prediction.UNDETECTABLE
    perfect = independent_correlations((10, 1.0), (10, 0.5))
    assert perfect.p_value is None
