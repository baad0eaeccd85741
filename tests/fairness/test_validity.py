"""Validity by group, one line or several, and over- and underprediction; statsmodels as oracle."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from audit.errors import InputError
from fairness.types import Group, Moments, ScoreCounts
from fairness.validity import correlation, score_deviations, thorndike_case_2, validity

Data = dict[str, tuple[np.ndarray, np.ndarray]]


def moments(data: Data) -> Moments:
    groups: tuple[Group, ...] = tuple((name,) for name in data)
    parts = [
        (
            x.mean() if len(x) else 0.0,
            y.mean() if len(y) else 0.0,
            ((x - x.mean()) ** 2).sum() if len(x) else 0.0,
            ((y - y.mean()) ** 2).sum() if len(y) else 0.0,
            ((x - x.mean()) * (y - y.mean())).sum() if len(x) else 0.0,
        )
        for x, y in data.values()
    ]
    n = np.array([len(x) for x, _ in data.values()], np.int64)
    return Moments(("sex",), groups, n, *np.array(parts, np.float64).reshape(-1, 5).T)


def sample(n: int, slope: float, intercept: float, *, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    x = rng.normal(50, 10, n)
    return x, intercept + slope * x + rng.normal(0, 5, n)


TWO: Data = {"f": sample(120, 0.5, 10, seed=1), "m": sample(150, 0.2, 20, seed=2)}  # type: ignore[dict-item]


def stacked(data: Data) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = np.concatenate([v[0] for v in data.values()])
    y = np.concatenate([v[1] for v in data.values()])
    return x, y, np.repeat(np.arange(len(data)), [len(v[0]) for v in data.values()])


def test_each_group_has_its_regression_line() -> None:
    table = validity(moments(TWO))
    for name, (x, y) in TWO.items():
        oracle = sm.OLS(y, sm.add_constant(x)).fit()
        row = table.group(name)
        assert row.slope.value == pytest.approx(oracle.params[1])
        assert row.intercept.value == pytest.approx(oracle.params[0])
        assert row.standard_error == pytest.approx(np.sqrt(oracle.mse_resid))
        for found, bounds in zip((row.intercept, row.slope), oracle.conf_int(), strict=True):
            assert found.interval is not None
            assert (found.interval.low, found.interval.high) == pytest.approx(tuple(bounds))
        assert row.correlation.value == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_line_tests_are_those_of_moderated_regression() -> None:
    x, y, g = stacked(TWO)
    one = sm.OLS(y, sm.add_constant(x)).fit()
    parallel = sm.OLS(y, sm.add_constant(np.column_stack([x, g]))).fit()
    separate = sm.OLS(y, sm.add_constant(np.column_stack([x, g, x * g]))).fit()
    table = validity(moments(TWO))
    for found, large, small in (
        (table.one_line, separate, one),
        (table.slopes, separate, parallel),
        (table.intercepts, parallel, one),
    ):
        f, p, df = large.compare_f_test(small)
        assert found is not None
        assert (found.statistic, found.p_value, found.df1) == pytest.approx((f, p, df))
        assert found.delta_r2 == pytest.approx(large.rsquared - small.rsquared)
    assert "slopes" in table.words
    assert table.correlations_differ is not None
    assert table.correlations_differ < 0.05


def test_prediction_errors_and_their_direction() -> None:
    data: Data = {"f": sample(200, 0.4, 14, seed=3), "m": sample(300, 0.4, 10, seed=4)}  # type: ignore[dict-item]
    table = validity(moments(data))
    assert table.reference == ("m",)
    x, y, g = stacked(data)
    residual = sm.OLS(y, sm.add_constant(x)).fit().resid
    found = table.group("f")
    assert found.error_common.value == pytest.approx(residual[g == 0].mean())
    assert found.error_common.interval is not None
    assert found.error_common.interval.low > 0
    assert found.error_reference.value == pytest.approx(4, abs=1.5)
    assert table.group("m").error_reference.value is None
    assert table.intercepts is not None
    assert table.intercepts.p_value < 1e-6
    assert "underpredicts f by" in table.words
    assert "overpredicts m by" in table.words


def test_variance_of_the_common_error_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    x = [rng.normal(0, 1, 8), rng.normal(1, 1, 12)]
    whole = np.concatenate(x)
    design = sm.add_constant(whole)
    residual_maker = np.eye(20) - design @ np.linalg.pinv(design)
    pick = np.concatenate([np.full(8, 1 / 8), np.zeros(12)])
    expected = float(pick @ residual_maker @ pick)
    y = [a + rng.normal(size=len(a)) for a in x]
    table = validity(moments({"f": (x[0], y[0]), "m": (x[1], y[1])}))
    bounds = table.group("f").error_common.interval
    within = sum(
        ((b - np.polyval(np.polyfit(a, b, 1), a)) ** 2).sum() for a, b in zip(x, y, strict=True)
    )
    half = t.isf(0.025, 16) * np.sqrt(within / 16 * expected)
    assert bounds is not None
    assert (bounds.high - bounds.low) / 2 == pytest.approx(half)


def test_fisher_interval_by_hand() -> None:
    found = correlation(103, 0.5)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(0.339308, abs=1e-6)
    assert found.interval.high == pytest.approx(0.632338, abs=1e-6)
    assert correlation(3, 0.5).interval is None
    assert correlation(10, 1.0).interval is not None


def test_range_restriction_is_undone() -> None:
    assert thorndike_case_2(0.3, 1.0) == pytest.approx(0.3)
    # r = .3, SD 20 among all and 10 among the hired: .6 / sqrt(1 + .09*3)
    assert thorndike_case_2(0.3, 2.0) == pytest.approx(0.6 / np.sqrt(1.27))
    rng = np.random.default_rng(1)
    x = rng.normal(size=60_000)
    y = 0.5 * x + np.sqrt(0.75) * rng.normal(size=60_000)
    hired = x > 0.8
    table = validity(
        moments({"f": (x[hired], y[hired])}), unrestricted_sd={("f",): float(x.std(ddof=1))}
    )
    row = table.group("f")
    assert row.correlation.value is not None and row.corrected.value is not None
    assert row.correlation.value < 0.3
    assert row.corrected.value == pytest.approx(0.5, abs=0.04)
    assert row.corrected.interval is not None
    assert table.notes[0].code == "range_restriction"


def test_deviations_from_histograms() -> None:
    scores = ScoreCounts(
        ("sex",),
        (("f",), ("m",)),
        "s",
        np.array([1.0, 2.0, 3.0]),
        np.array([[2, 0, 2], [0, 1, 0]]),
        np.zeros(3, np.int64),
    )
    found = score_deviations(scores)
    assert found[("f",)] == pytest.approx(np.std([1, 1, 3, 3], ddof=1))
    assert ("m",) not in found
    assert found[("all",)] == pytest.approx(np.std([1, 1, 2, 3, 3], ddof=1))


def test_small_and_flat_groups_have_a_reason() -> None:
    flat = (np.full(40, 5.0), np.arange(40.0))
    tiny = (np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    table = validity(moments({"a": TWO["f"], "b": flat, "c": tiny, "d": (np.array([]),) * 2}))  # type: ignore[dict-item]
    assert table.group("b").notes[0].code == "no_variation"
    assert table.group("b").correlation.value is None
    assert table.group("c").notes[0].code == "few_persons"
    assert table.one_line is None
    assert "cannot be compared" in table.words
    assert "groups_left_out" in {note.code for note in table.notes}
    empty = validity(moments({"d": (np.array([]), np.array([]))}))
    assert empty.reference is None
    assert empty.overall.correlation.value is None
    with pytest.raises(InputError, match="reference"):
        validity(moments(TWO), reference=("x",))


def test_a_perfect_line_has_no_f_test() -> None:
    x = np.arange(10.0)
    table = validity(moments({"f": (x, 2 * x), "m": (x, 2 * x)}))
    assert table.one_line is None
    assert table.group("f").correlation.value == 1


@given(st.floats(0.1, 10), st.floats(-5, 5), st.permutations(["f", "m"]))
def test_units_and_order_of_groups_do_not_matter(
    scale: float, shift: float, order: list[str]
) -> None:
    plain = validity(moments(TWO), reference=("m",))
    other = validity(
        moments({name: (TWO[name][0] * scale + shift, TWO[name][1]) for name in order}),
        reference=("m",),
    )
    assert plain.slopes and other.slopes
    assert other.slopes.statistic == pytest.approx(plain.slopes.statistic, rel=1e-6)
    for name in order:
        a, b = plain.group(name), other.group(name)
        assert a.correlation.value == pytest.approx(b.correlation.value)
        assert a.error_common.value == pytest.approx(b.error_common.value)
