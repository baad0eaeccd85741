"""Distances of score distributions, against scipy on the persons themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audit.errors import SettingsInvalid
from fairness.distance_measures import (
    bins_of_equal_count,
    into_bins,
    kolmogorov_smirnov,
    kolmogorov_smirnov_p,
    mann_whitney_p,
    overlap,
    quantile,
    superiority,
    superiority_interval,
    wasserstein,
)
from fairness.distances import DistancePlan, Distances, _drawn, distances
from fairness.types import Ints, Note, ScoreCounts

SOME = DistancePlan(replicates=300)


def score_counts(values: list[float], rows: list[list[int]]) -> ScoreCounts:
    return ScoreCounts(
        ("race",),
        tuple((f"g{i}",) for i in range(len(rows))),
        "score",
        np.array(values, np.float64),
        np.array(rows, np.int64),
        np.zeros(len(values), np.int64),
    )


def compared(counts: ScoreCounts, plan: DistancePlan = SOME) -> Distances:
    result = distances(counts, plan)
    assert isinstance(result, Distances)
    return result


def of_rows(*scores: np.ndarray[tuple[int], np.dtype[np.float64]]) -> ScoreCounts:
    values = np.unique(np.concatenate(scores))
    rows = [[int((part == v).sum()) for v in values] for part in scores]
    return score_counts(values.tolist(), rows)


pairs = st.integers(1, 8).flatmap(
    lambda size: st.tuples(
        *(st.lists(st.integers(0, 9), min_size=size, max_size=size).filter(any) for _ in range(2)),
        st.lists(st.integers(-20, 20), min_size=size, max_size=size, unique=True).map(sorted),
    )
)


@given(pairs)
def test_measures_are_those_of_scipy_on_the_persons(
    pair: tuple[list[int], list[int], list[int]],
) -> None:
    first, second = (np.array(part, np.int64) for part in pair[:2])
    values = np.array(pair[2], np.float64)
    a, b = np.repeat(values, first), np.repeat(values, second)
    ks = stats.ks_2samp(a, b)
    assert kolmogorov_smirnov(first, second) == pytest.approx(ks.statistic, abs=1e-12)
    assert kolmogorov_smirnov_p(first, second)[0] == pytest.approx(ks.pvalue, abs=1e-9)
    assert wasserstein(values, first, second) == pytest.approx(
        stats.wasserstein_distance(a, b), abs=1e-9
    )
    area = superiority(first, second)
    ranks = stats.mannwhitneyu(a, b, method="asymptotic" if len(set(a) | set(b)) > 1 else "exact")
    assert area == pytest.approx(ranks.statistic / (len(a) * len(b)), abs=1e-12)
    p, method = mann_whitney_p(first, second)
    if method.startswith("normal"):
        assert p == pytest.approx(ranks.pvalue, abs=1e-9)
    for percent in (10, 25, 50, 75, 90):
        expected = np.percentile(a, percent, method="inverted_cdf")
        assert quantile(values, first, percent=percent) == pytest.approx(expected)
    interval = superiority_interval(area, (len(a), len(b)), level=0.95)
    assert 0 <= interval.low <= area + 1e-9
    assert area - 1e-9 <= interval.high <= 1
    assert 0 <= overlap(first, second) <= 1 + 1e-12


@given(pairs)
def test_swapping_the_groups_turns_the_signs(
    pair: tuple[list[int], list[int], list[int]],
) -> None:
    first, second = (np.array(part, np.int64) for part in pair[:2])
    assert superiority(first, second) == pytest.approx(1 - superiority(second, first))
    assert kolmogorov_smirnov(first, second) == kolmogorov_smirnov(second, first)
    assert mann_whitney_p(first, second)[0] == pytest.approx(mann_whitney_p(second, first)[0])


def test_effect_sizes_by_hand() -> None:
    a = np.array([1.0, 2, 3, 4, 5])
    b = np.array([3.0, 4, 5, 6, 7])
    result = compared(of_rows(a, b))
    assert result.reference == ("g1",)
    (item,) = result.distances
    assert item.mean_difference.value == -2
    pooled = np.sqrt(2.5)
    assert item.cohens_d.value == pytest.approx(-2 / pooled)
    assert item.hedges_g.value == pytest.approx(-2 / pooled * (1 - 3 / 31))
    welch = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert item.mean_difference.interval is not None
    assert item.mean_difference.interval.low == pytest.approx(welch.low)
    assert item.wasserstein.value == pytest.approx(2)
    assert [gap.gap.value for gap in item.quantile_gaps] == [-2] * 5
    assert {note.code for note in item.notes} == {"too_few_to_draw"}
    assert item.ks.interval is None
    assert item.rank_method.startswith("normal")
    assert result.groups[0].mean.value == 3
    assert result.groups[0].sd == pytest.approx(pooled)


def test_newcombe_interval_of_the_area_at_its_ends() -> None:
    low = superiority_interval(1.0, (10, 10), level=0.95)
    assert low.high == 1.0
    assert 0.6 < low.low < 0.95
    middle = superiority_interval(0.5, (50, 50), level=0.95)
    assert middle.low + middle.high == pytest.approx(1)
    # Near the middle the width is that of Mann-Whitney's variance (N+1)/(12nm).
    assert middle.high - 0.5 == pytest.approx(1.96 * np.sqrt(101 / (12 * 2500)), rel=0.05)


def test_adult_hours_against_scipy(shared_data: Path) -> None:
    frame = pd.read_csv(
        shared_data / "fairness" / "algofairness" / "adult.csv", usecols=["sex", "hours-per-week"]
    )
    parts = [
        frame.loc[frame["sex"] == sex, "hours-per-week"].to_numpy(np.float64)
        for sex in ("Female", "Male")
    ]
    result = compared(of_rows(*parts))
    (item,) = result.distances
    women, men = parts
    assert item.ks.value == pytest.approx(stats.ks_2samp(women, men).statistic)
    assert item.wasserstein.value == pytest.approx(stats.wasserstein_distance(women, men))
    ranks = stats.mannwhitneyu(women, men)
    assert item.superiority.value == pytest.approx(ranks.statistic / (len(women) * len(men)))
    pooled = np.sqrt(
        ((len(women) - 1) * women.var(ddof=1) + (len(men) - 1) * men.var(ddof=1))
        / (len(women) + len(men) - 2)
    )
    assert item.cohens_d.value == pytest.approx((women.mean() - men.mean()) / pooled)
    assert item.ks_chance is not None
    assert item.ks_chance.p_value == pytest.approx(1 / 301)
    assert item.ks.interval is not None
    assert item.ks.value is not None
    assert item.ks.interval.low < item.ks.value < item.ks.interval.high
    assert result.tied_share > 0.99


def test_intervals_hold_their_level_without_and_with_a_difference() -> None:
    """Bootstrap bands of distances, 120 samples each: true KS 0 and .15 (uniform scores)."""
    rng = np.random.default_rng(3)
    levels = np.arange(20.0)
    equal = np.full(20, 1 / 20)
    tilted = np.concatenate([np.full(10, 0.65 / 10), np.full(10, 0.35 / 10)])
    for second, true_ks in ((equal, 0.0), (tilted, 0.15)):
        inside = np.zeros(3)
        true_overlap = float(np.minimum(equal, second).sum())
        true_w1 = float(np.abs((equal - second).cumsum())[:-1].sum())
        for trial in range(120):
            pair = rng.multinomial(200, equal), rng.multinomial(200, second)
            drawn = _drawn(("g",), levels, pair=pair, plan=DistancePlan(replicates=200, seed=trial))
            for i, (interval, true) in enumerate(
                ((drawn.ks, true_ks), (drawn.wasserstein, true_w1), (drawn.overlap, true_overlap))
            ):
                assert interval is not None
                inside[i] += interval.low - 1e-9 <= true <= interval.high + 1e-9
        assert (inside / 120 > 0.88).all(), inside / 120


def test_groups_without_spread_and_with_one_person() -> None:
    tied = compared(score_counts([1.0], [[20], [30]]))
    (item,) = tied.distances
    assert item.cohens_d.value is None
    assert {note.code for note in item.notes} == {"no_spread"}
    assert item.superiority.value == 0.5
    assert (item.rank_p, item.rank_method) == (1.0, "all tied")
    assert (item.ks.value, item.ks_p) == (0.0, 1.0)
    assert tied.tied_share == 1.0
    single = compared(score_counts([1.0, 2.0], [[1, 0], [10, 12]]))
    (item,) = single.distances
    assert single.groups[0].sd is None
    assert single.groups[0].mean.interval is None
    assert {note.code for note in item.notes} == {"one_person", "too_few_to_draw"}


def test_nobody_one_group_bins_and_unknown() -> None:
    assert isinstance(distances(score_counts([1.0], [[0], [0]])), Note)
    base = score_counts([0.5, 1.5], [[5, 5]])
    counts = ScoreCounts(
        base.features, base.groups, "score", base.values, base.counts, np.array([3, 0]), 1.0
    )
    result = compared(counts)
    assert result.distances == ()
    assert {note.code for note in result.notes} == {"one_group", "binned_scores", "unknown_level"}


def test_scores_of_a_third_group_change_nothing_between_two() -> None:
    with_third = [[20, 0, 30, 10], [10, 0, 20, 40], [0, 50, 0, 0]]
    without = [[20, 30, 10], [10, 20, 40]]
    first = compared(score_counts([1.0, 2.0, 3.0, 4.0], with_third)).distances[0]
    second = compared(score_counts([1.0, 3.0, 4.0], without)).distances[0]
    assert first.wasserstein == second.wasserstein
    assert first.ks == second.ks
    assert first.quantile_gaps == second.quantile_gaps


def test_reference_can_be_named_and_small_groups_do_not_set_it() -> None:
    rows = [[500, 500], [600, 400], [0, 3]]
    assert compared(score_counts([1.0, 2.0], rows)).reference == ("g2",)
    plan = DistancePlan(replicates=50, exclude_under=0.02)
    assert compared(score_counts([1.0, 2.0], rows), plan).reference == ("g0",)
    named = DistancePlan(replicates=50, reference=("g1",))
    assert compared(score_counts([1.0, 2.0], rows), named).reference == ("g1",)
    with pytest.raises(SettingsInvalid, match="g9 has no scores"):
        distances(score_counts([1.0, 2.0], rows), DistancePlan(reference=("g9",)))


@settings(max_examples=20)
@given(st.permutations(range(3)))
def test_order_of_groups_does_not_matter(order: list[int]) -> None:
    rows = np.array([[10, 12, 9, 4], [8, 14, 10, 9], [3, 9, 13, 2]], np.int64)
    counts = score_counts([1.0, 2.0, 3.0, 4.0], rows.tolist())
    plan = DistancePlan(replicates=50)
    moved = ScoreCounts(
        counts.features,
        tuple(counts.groups[i] for i in order),
        counts.score,
        counts.values,
        rows[order],
        counts.unknown,
    )
    first, second = compared(counts, plan), compared(moved, plan)
    assert {d.group: d for d in first.distances} == {d.group: d for d in second.distances}


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 20))
def test_bins_keep_everybody_and_their_order(counts: list[int], most: int) -> None:
    pooled: Ints = np.array(counts, np.int64)
    bins = bins_of_equal_count(pooled, most)
    assert bins[0] == 0
    assert (np.diff(bins) >= 0).all()
    assert set(bins.tolist()) == set(range(int(bins[-1]) + 1))
    assert bins[-1] < most
    assert into_bins(pooled, bins).sum() == pooled.sum()


def test_many_distinct_scores_are_drawn_in_bins_and_shifted_back() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 1, 3000), rng.normal(0.5, 1, 3000)
    (item,) = compared(of_rows(a, b)).distances
    gap = item.quantile_gaps[2].gap
    assert gap.value is not None
    assert gap.interval is not None
    assert gap.interval.low < gap.value < gap.interval.high
    assert gap.interval.high - gap.interval.low == pytest.approx(0.128, rel=0.35)
    assert item.overlap_bins == 20
    assert item.overlap.value == pytest.approx(2 * stats.norm.cdf(-0.25), abs=0.03)
