"""Calibration by group: hand arithmetic, and the comparison at equal scores."""

from __future__ import annotations

import numpy as np
import pytest

from fairness.bootstrap import Resampling
from fairness.calibration_by_group import CalibrationCounts, calibration_by_group
from fairness.types import Floats, Ints

FEW = Resampling(replicates=400)


def counts(persons: Ints, positive: Ints, means: Floats, *, probability: bool) -> CalibrationCounts:
    return CalibrationCounts(
        features=("sex",),
        groups=tuple((name,) for name in "ab"[: len(persons)]),
        score="fit",
        bins=("low", "high"),
        persons=persons,
        positive=positive,
        score_sum=persons * means,
        probability=probability,
    )


PERSONS = np.array([[100, 200], [50, 50]])
MEANS = np.array([[0.2, 0.7], [0.2, 0.7]])


def test_a_probability_against_what_turned_out() -> None:
    table = calibration_by_group(
        counts(PERSONS, np.array([[30, 120], [10, 35]]), MEANS, probability=True), how=FEW
    )
    first, second = table.groups
    assert table.reference == ("a",) and table.notes == ()
    assert [b.observed.value for b in first.bins] == pytest.approx([0.3, 0.6])
    assert [b.error for b in first.bins] == pytest.approx([0.1, -0.1])
    assert first.expected_error.value == pytest.approx(0.1)
    assert first.mean_error.value == pytest.approx((10 - 20) / 300)
    assert first.mean_error.interval is not None
    assert first.mean_error.interval.low < -0.033 < first.mean_error.interval.high
    assert second.expected_error.value == pytest.approx(0.0)
    assert first.against_reference is None and second.against_reference is not None


def test_a_score_that_flatters_one_group() -> None:
    """At equal scores 30 % and 60 % of a turn out well, but only 10 % and 30 % of b."""
    table = calibration_by_group(
        counts(PERSONS, np.array([[30, 120], [5, 15]]), MEANS, probability=False), how=FEW
    )
    compared = table.groups[1].against_reference
    assert compared is not None
    assert compared.by == ("fit",) and len(compared.within) == 2
    weights = np.array([100 * 50 / 150, 200 * 50 / 250])
    expected = float((weights * [-0.2, -0.3]).sum() / weights.sum())
    assert compared.standardized_difference.value == pytest.approx(expected)
    assert compared.test.cmh is not None and compared.test.cmh.p_value < 0.001
    assert table.groups[0].expected_error.value is None
    assert [note.code for note in table.notes] == ["score_not_probability"]


def test_empty_bins_and_groups() -> None:
    table = calibration_by_group(
        counts(np.array([[0, 9], [0, 0]]), np.array([[0, 3], [0, 0]]), MEANS, probability=True),
        reference=("a",),
        how=FEW,
    )
    assert table.groups[0].bins[0].mean_score is None and table.groups[0].bins[0].error is None
    assert table.groups[0].expected_error.value == pytest.approx(0.7 - 1 / 3)
    assert table.groups[1].mean_error.value is None
    nobody = calibration_by_group(
        counts(np.zeros((2, 2), int), np.zeros((2, 2), int), MEANS, probability=True), how=FEW
    )
    assert nobody.reference is None and [n.code for n in nobody.notes] == ["no_labels"]


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="0 <= positive <= persons"):
        counts(PERSONS, PERSONS + 1, MEANS, probability=True)
    with pytest.raises(ValueError, match="one entry per group"):
        counts(PERSONS, PERSONS[:, :1], MEANS, probability=True)
