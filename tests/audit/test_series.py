"""Thinning keeps means, bounds and gaps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audit.series import MOST_POINTS, thin


def test_short_series_are_kept_as_they_are() -> None:
    series = thin("a", "s", [0.0, 1.0], [1.0, np.nan], low=0.0, high=2.0, threshold=1.5)
    assert series.times_s == (0.0, 1.0)
    assert series.values == (1.0, None)
    assert (series.low, series.high, series.threshold) == (0.0, 2.0, 1.5)


@given(st.integers(min_value=1, max_value=5000))
def test_never_more_than_the_bound_and_always_within_range(n: int) -> None:
    values = np.sin(np.arange(n))
    series = thin("a", "", np.arange(n), values)
    assert len(series.times_s) == len(series.values) == min(n, MOST_POINTS)
    assert all(
        v is not None and values.min() - 1e-5 <= v <= values.max() + 1e-5 for v in series.values
    )
    assert list(series.times_s) == sorted(series.times_s)


def test_a_run_without_any_measurement_stays_a_gap() -> None:
    values = np.full(MOST_POINTS * 10, np.nan)
    values[:10] = 3.0
    series = thin("a", "", np.arange(len(values)), values)
    assert series.values[0] == 3.0
    assert set(series.values[1:]) == {None}
