"""Cells of several features: plain, against the marginals, and shrunk."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness.intersection_models import Cells, departures, predict, shrink
from fairness.intersections import (
    IntersectionPlan,
    Intersections,
    feature_combinations,
    intersections,
    marginal,
)
from fairness.types import GroupCounts, Note


def table(
    features: tuple[str, ...], rows: Mapping[Any, tuple[int, int]], unknown: int = 0
) -> GroupCounts:
    return GroupCounts(
        features,
        tuple(rows),
        np.array([n for _, n in rows.values()], np.int64),
        np.array([x for x, _ in rows.values()], np.int64),
        unknown,
    )


def of(counts: GroupCounts, plan: IntersectionPlan | None = None) -> Intersections:
    result = intersections(counts, plan)
    assert isinstance(result, Intersections)
    return result


CROSSED = {
    ("F", "A"): (20, 100),
    ("F", "B"): (60, 100),
    ("M", "A"): (60, 100),
    ("M", "B"): (20, 100),
}


def test_disparity_that_no_single_feature_shows() -> None:
    result = of(table(("sex", "race"), CROSSED))
    assert marginal(table(("sex", "race"), CROSSED), ("sex",)).selected.tolist() == [80, 80]
    assert set(result.hidden) == {("F", "A"), ("M", "B")}
    assert set(result.beyond_marginals) == {("F", "A"), ("M", "B")}
    cell = result.cells[0]
    assert cell.ratio.value == pytest.approx(1 / 3)
    assert cell.product_of_marginals == 1.0
    assert cell.predicted_rate == pytest.approx(0.4)
    assert cell.over_predicted.value == pytest.approx(0.5)
    assert result.main_effects is not None
    assert result.main_effects.df == 1
    assert result.main_effects.p_value < 1e-12


def test_visible_in_the_marginals_is_not_hidden() -> None:
    rows = {
        ("F", "A"): (20, 100),
        ("F", "B"): (40, 100),
        ("M", "A"): (50, 100),
        ("M", "B"): (80, 100),
    }
    result = of(table(("sex", "race"), rows))
    assert result.cells[0].below_four_fifths
    assert result.hidden == ()
    assert result.beyond_marginals == ()


def test_predictions_are_those_of_a_logistic_regression() -> None:
    rng = np.random.default_rng(2)
    codes = np.array([[a, b, c] for a in range(2) for b in range(3) for c in range(2)], np.int64)
    n = rng.integers(30, 200, 12)
    x = rng.binomial(n, 0.2 + 0.1 * codes[:, 0] + 0.15 * codes[:, 1])
    cells = Cells(codes, n, x)
    dummies = np.column_stack(
        [np.ones(12), codes[:, 0], codes[:, 1] == 1, codes[:, 1] == 2, codes[:, 2]]
    ).astype(float)
    fit = sm.GLM(np.column_stack([x, n - x]), dummies, family=sm.families.Binomial()).fit()
    main = predict(cells, 1)
    assert main.rates == pytest.approx(fit.fittedvalues, abs=1e-7)
    assert main.parameters == 5
    assert main.test is not None
    assert main.test.statistic == pytest.approx(fit.deviance, abs=1e-6)
    assert main.test.df == fit.df_resid
    hat = fit.get_influence().hat_matrix_diag
    assert main.leverage == pytest.approx(hat, abs=1e-6)
    residual = fit.resid_pearson / np.sqrt(1 - hat)
    normal = [p for p in departures(cells, main) if p is not None]
    assert normal == pytest.approx(
        list(2 * sm.stats.stattools.stats.norm.sf(np.abs(residual))), abs=1e-6
    )


def test_three_way_interaction_has_its_own_test() -> None:
    rows = {}
    for a in "01":
        for b in "01":
            for c in "01":
                odd = (int(a) + int(b) + int(c)) % 2
                rows[(a, b, c)] = (70 if odd else 30, 100)
    result = of(table(("a", "b", "c"), rows))
    assert result.lower_order is not None
    assert result.lower_order.df == 1
    assert result.lower_order.statistic == pytest.approx(
        8 * 2 * 100 * (0.7 * np.log(1.4) + 0.3 * np.log(0.6))
    )
    assert len(result.hidden) == 4


def test_small_cells_are_shown_with_intervals_and_shrunk() -> None:
    rows = {
        ("F", "A"): (300, 600),
        ("F", "B"): (200, 400),
        ("M", "A"): (250, 500),
        ("M", "B"): (0, 4),
    }
    result = of(table(("sex", "race"), rows, unknown=7))
    tiny = result.cells[3]
    assert tiny.small
    assert tiny.rate.value == 0
    assert tiny.rate.interval is not None
    assert tiny.rate.interval.high > 0.4
    assert tiny.shrunk_rate.value is not None
    assert tiny.shrunk_rate.value > 0.2
    assert tiny.shrunk_rate.interval is not None
    wide = tiny.shrunk_rate.interval.high - tiny.shrunk_rate.interval.low
    assert 0.05 < wide < 0.7
    assert tiny.shrunk_ratio.interval is not None
    assert tiny.shrunk_ratio.interval.low < 0.8 < tiny.shrunk_ratio.interval.high
    assert {note.code for note in result.notes} == {"small_cells", "unknown_level"}


def test_excluded_cell_sets_no_denominator_and_small_reference_is_told() -> None:
    rows = {("F",): (300, 600), ("M",): (250, 500), ("X",): (5, 5)}
    loose = of(table(("sex",), rows))
    assert loose.reference == ("X",)
    assert "small_reference" in {note.code for note in loose.notes}
    strict = of(table(("sex",), rows), IntersectionPlan(exclude_under=0.02))
    assert strict.reference == ("F",)
    assert strict.cells[2].excluded
    assert strict.cells[2].ratio.value == 2.0


def test_shrunk_intervals_cover_in_small_cells() -> None:
    """Known rates around a common mean: 95 % intervals hold them in nearly 95 %."""
    rng = np.random.default_rng(4)
    codes = np.array([[a, b] for a in range(6) for b in range(6)], np.int64)
    inside = total = 0
    errors = np.zeros(2)
    for _ in range(40):
        true = rng.beta(0.4 * 40, 0.6 * 40, 36)
        n = rng.integers(5, 60, 36)
        cells = Cells(codes, n, rng.binomial(n, true))
        posterior = shrink(cells, predict(cells, 1))
        every = np.arange(36)
        low, high = posterior.bounds(cells, every, level=0.95)
        inside += int(((low <= true) & (true <= high)).sum())
        total += 36
        errors += [
            ((posterior.rates(cells, every) - true) ** 2).sum(),
            ((cells.selected / n - true) ** 2).sum(),
        ]
    assert 0.91 < inside / total < 0.985, inside / total
    assert errors[0] < 0.75 * errors[1]


def test_nobody_everybody_and_empty() -> None:
    nobody = of(table(("a", "b"), {key: (0, n) for key, (_, n) in CROSSED.items()}))
    assert nobody.reference is None
    assert nobody.hidden == ()
    assert nobody.cells[0].ratio.value is None
    assert nobody.cells[0].product_of_marginals is None
    everybody = of(table(("a", "b"), {key: (n, n) for key, (_, n) in CROSSED.items()}))
    assert everybody.cells[0].predicted_rate == 1.0
    assert everybody.cells[0].p_value is None
    empty = intersections(table(("a",), {("x",): (0, 0)}))
    assert isinstance(empty, Note)


def test_many_cells_are_bounded() -> None:
    rng = np.random.default_rng(0)
    groups = tuple((f"a{i:03d}", f"b{j:03d}") for i in range(300) for j in range(300))
    n = rng.integers(1, 30, len(groups))
    counts = GroupCounts(("a", "b"), groups, n, rng.binomial(n, 0.3))
    start = time.perf_counter()
    result = of(counts, IntersectionPlan(most_listed=50))
    assert time.perf_counter() - start < 20
    assert len(result.cells) == 50
    assert len(result.hidden) == 50 < result.hidden_count
    assert "cells_not_listed" in {note.code for note in result.notes}


def test_combinations_are_bounded() -> None:
    chosen, note = feature_combinations(("a", "b", "c"))
    assert chosen == (("a", "b"), ("a", "c"), ("b", "c"), ("a", "b", "c"))
    assert note is None
    chosen, note = feature_combinations([f"f{i}" for i in range(40)])
    assert len(chosen) == 100
    assert note is not None
    assert note.facts["all"] == 780 + 9880


cells_of = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=6, max_size=6).map(
    lambda rows: {
        (a, b): (min(x, n), n)
        for (a, b), (x, n) in zip([(a, b) for a in "FM" for b in "ABC"], rows, strict=True)
    }
)


@settings(max_examples=40)
@given(cells_of, st.permutations(range(6)))
def test_order_of_cells_does_not_matter_and_nothing_is_nan(
    rows: dict[tuple[str, str], tuple[int, int]], order: list[int]
) -> None:
    keys = list(rows)
    plan = IntersectionPlan(draws=50)
    first = intersections(table(("sex", "race"), dict(rows)), plan)
    second = intersections(table(("sex", "race"), {keys[i]: rows[keys[i]] for i in order}), plan)
    if isinstance(first, Note) or isinstance(second, Note):
        assert first == second
        return
    assert first.reference == second.reference
    assert set(first.hidden) == set(second.hidden)
    moved = {cell.group: cell for cell in second.cells}
    for cell in first.cells:
        other = moved[cell.group]
        assert cell.rate == other.rate
        assert cell.ratio == other.ratio
        assert cell.predicted_rate == pytest.approx(other.predicted_rate, abs=1e-6)
        assert cell.shrunk_rate.value == pytest.approx(other.shrunk_rate.value, abs=1e-4)
        for value in (cell.predicted_rate, cell.p_value, cell.shrunk_ratio.value):
            assert value is None or np.isfinite(value)
