"""Rates, ratios and changes over periods."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import Table

from fairness.drift import Drift, DriftPlan, drift
from fairness.drift_changes import LogOdds, _rates_at, odds_search, rate_search
from fairness.types import Note, StrataCounts


def strata(selected: list[list[int]], assessed: list[list[int]]) -> StrataCounts:
    return StrataCounts(
        ("sex",),
        tuple((f"g{i}",) for i in range(len(assessed[0]))),
        ("period",),
        tuple((f"2024-{t + 1:02d}",) for t in range(len(assessed))),
        np.array(assessed, np.int64),
        np.array(selected, np.int64),
    )


def drifted(
    selected: list[list[int]], assessed: list[list[int]], plan: DriftPlan | None = None
) -> Drift:
    result = drift(strata(selected, assessed), plan)
    assert isinstance(result, Drift)
    return result


def test_a_fall_of_one_group_is_found_in_its_month() -> None:
    assessed = [[200, 200]] * 10
    selected = [[80, 82]] * 6 + [[40, 80]] * 4
    result = drifted(selected, assessed)
    falling, steady = result.groups
    (change,) = falling.search.changes
    assert change.period == "2024-07"
    assert (change.before, change.after) == (0.4, 0.2)
    assert falling.search.adjusted_p == pytest.approx(2 / 1000)
    assert steady.search.changes == ()
    (disparity,) = result.disparities
    assert disparity.reference == ("g1",)
    (point,) = disparity.search.changes
    assert point.period == "2024-07"
    assert point.before == pytest.approx(80.5 * 118.5 / (82.5 * 120.5), rel=1e-9)
    assert disparity.strata.breslow_day is not None
    assert disparity.strata.breslow_day.p_value < 1e-4
    worst = min(result.changes, key=lambda item: item.p_value)
    assert (worst.group, worst.after) == (("g0",), "2024-07")
    assert worst.difference.value == pytest.approx(-0.2)
    assert worst.adjusted_p < 0.01


def test_two_changes_are_found_by_segmentation() -> None:
    selected = [[50, 100]] * 5 + [[100, 100]] * 5 + [[20, 100]] * 5
    result = drifted(selected, [[200, 200]] * 15)
    assert [change.period for change in result.groups[0].search.changes] == ["2024-06", "2024-11"]


def test_what_moves_both_groups_alike_is_no_change_of_the_disparity() -> None:
    selected = [[100, 120]] * 5 + [[44, 56]] * 5
    result = drifted(selected, [[200, 200]] * 10)
    assert len(result.groups[0].search.changes) == 1
    assert result.disparities[0].search.changes == ()
    assert result.disparities[0].strata.breslow_day is not None
    assert result.disparities[0].strata.breslow_day.p_value > 0.5


def test_trend_is_the_cochran_armitage_of_statsmodels() -> None:
    selected, assessed = [12, 15, 22, 30], [50, 48, 55, 60]
    result = drifted([[x, 1] for x in selected], [[n, 10] for n in assessed])
    trend = result.groups[0].trend
    assert trend is not None
    table = np.array([selected, np.array(assessed) - np.array(selected)]).T
    expected = Table(table, shift_zeros=False).test_ordinal_association(
        row_scores=np.arange(4), col_scores=np.array([1, 0])
    )
    factor = np.sqrt(sum(assessed) / (sum(assessed) - 1))  # conditional variance has N - 1
    assert trend.z == pytest.approx(expected.zscore * factor, rel=1e-9)
    assert trend.slope.interval is not None
    assert trend.slope.interval.low > 0


def test_small_periods_are_shown_and_not_tested() -> None:
    result = drifted([[30, 30], [0, 30], [31, 30]], [[60, 60], [3, 60], [60, 60]])
    shown = [row for row in result.rates if row.group == ("g0",)]
    assert [row.small for row in shown] == [False, True, False]
    assert shown[1].below_four_fifths
    assert shown[1].rate.interval is not None
    assert result.groups[0].periods_tested == 2
    assert [(c.before, c.after) for c in result.changes if c.group == ("g0",)] == [
        ("2024-01", "2024-03")
    ]
    assert "small_periods" in {note.code for note in result.notes}


def test_hostile_series_give_bounded_answers() -> None:
    nobody = drifted([[0, 0]] * 3, [[20, 20]] * 3)
    assert nobody.disparities == ()
    assert nobody.groups[0].search.p_value is None
    everybody = drifted([[20, 20]] * 3, [[20, 20]] * 3)
    assert everybody.disparities[0].periods_tested == 0
    one = drifted([[5, 6]], [[20, 20]])
    assert one.changes == ()
    assert "one_period" in {note.code for note in one.notes}
    empty = drift(strata([[0, 0]], [[0, 0]]))
    assert isinstance(empty, Note)


def test_error_rate_without_a_change_is_near_alpha() -> None:
    rng = np.random.default_rng(5)
    found = np.zeros(2)
    trials = 400
    for _ in range(trials):
        n = np.full(8, 60, np.int64)
        focal, reference = rng.binomial(60, 0.3, 8), rng.binomial(60, 0.4, 8)
        own = rate_search(focal, n, draws=199, generator=rng)(0, 8)
        odds = odds_search((focal, n), (reference, n), draws=199, generator=rng)(0, 8)
        assert own
        assert odds
        found += [own.p_value <= 0.05, odds.p_value <= 0.05]
    margin = 3 * np.sqrt(0.05 * 0.95 / trials)
    assert found / trials == pytest.approx(0.05, abs=margin)


def test_order_of_groups_does_not_matter() -> None:
    selected = [[30, 20, 25], [31, 22, 24], [12, 25, 26], [10, 21, 22]]
    assessed = [[60, 50, 55]] * 4
    first = drifted(selected, assessed)
    counts = strata(selected, assessed)
    order = [2, 0, 1]
    moved = drift(
        StrataCounts(
            counts.features,
            tuple(counts.groups[i] for i in order),
            counts.by,
            counts.strata,
            counts.assessed[:, order],
            counts.selected[:, order],
        )
    )
    assert isinstance(moved, Drift)
    assert {g.group: g for g in moved.groups} == {g.group: g for g in first.groups}
    assert set(moved.changes) == set(first.changes)
    assert {d.group: d.search for d in moved.disparities} == {
        d.group: d.search for d in first.disparities
    }


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1)), min_size=1, max_size=6
    ),
    st.floats(0.05, 20),
)
def test_rates_under_one_odds_ratio_keep_the_number_of_selections(
    periods: list[tuple[int, int, float]], odds_ratio: float
) -> None:
    n1, n2 = (np.array([p[i] for p in periods], np.int64) for i in (0, 1))
    x1 = np.array([round(n * share) for n, _, share in periods], np.int64)
    x2 = np.array([round(n * share) for _, n, share in periods], np.int64)
    p1, p2 = _rates_at(odds_ratio, (x1, n1), (x2, n2))
    assert n1 * p1 + n2 * p2 == pytest.approx(x1 + x2, abs=1e-6)
    inner = (x1 + x2 > 0) & (x1 + x2 < n1 + n2)
    ratios = p1 * (1 - p2) / np.where(inner, p2 * (1 - p1), 1)
    assert ratios[inner] == pytest.approx(odds_ratio, rel=1e-6)
    assert np.isfinite(LogOdds.of((x1, n1), (x2, n2)).values).all()
