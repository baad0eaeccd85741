"""fairlearn's MetricFrame as the oracle: 200 random data sets, and its row bootstrap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    MetricFrame,
    count,
    equalized_odds_difference,
    equalized_odds_ratio,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness.accuracy import Measure, accuracy
from fairness.bootstrap import Resampling, bootstrap, bootstrap_impact, quotient
from fairness.impact import ImpactPolicy, impact
from fairness.types import Floats, Group, GroupCounts, Ints, LabelCounts

METRICS = {
    "count": count,
    Measure.SELECTION_RATE: selection_rate,
    Measure.TRUE_POSITIVE_RATE: true_positive_rate,
    Measure.FALSE_POSITIVE_RATE: false_positive_rate,
}


def random_data(seed: int, persons: int, levels: list[int]) -> pd.DataFrame:
    """Labels, decisions and sensitive features with uneven rates and levels."""
    generator = np.random.default_rng(seed)
    data = {
        "label": generator.random(persons) < generator.uniform(0.1, 0.9),
        "decision": generator.random(persons) < generator.uniform(0.05, 0.95),
    }
    for i, size in enumerate(levels):
        data[f"f{i}"] = generator.choice([f"v{k}" for k in range(size)], persons)
    return pd.DataFrame(data)


def cells_of(data: pd.DataFrame, features: list[str]) -> tuple[tuple[Group, ...], Ints]:
    """Groups that occur, and their counts (g, 4): true positive, false positive, FN, TN."""
    kinds = (data.decision & data.label, data.decision & ~data.label)
    rest = (~data.decision & data.label, ~data.decision & ~data.label)
    keys = list(data[features].itertuples(index=False, name=None))
    groups = tuple(sorted(set(keys)))
    cells = np.zeros((len(groups), 4), np.int64)
    for j, kind in enumerate((*kinds, *rest)):
        for key, hit in zip(keys, kind, strict=True):
            cells[groups.index(key), j] += bool(hit)
    return groups, cells


@settings(max_examples=200)
@given(
    seed=st.integers(0, 2**32 - 1),
    persons=st.integers(1, 90),
    levels=st.lists(st.integers(1, 3), min_size=1, max_size=3),
)
def test_every_metric_of_every_group(seed: int, persons: int, levels: list[int]) -> None:
    data = random_data(seed, persons, levels)
    features = [f"f{i}" for i in range(len(levels))]
    frame = MetricFrame(
        metrics={str(name): metric for name, metric in METRICS.items()},
        y_true=data.label,
        y_pred=data.decision,
        sensitive_features=data[features],
    )
    groups, cells = cells_of(data, features)
    labels = LabelCounts(
        tuple(features), groups, *cells.T, unlabelled=np.zeros(len(groups), np.int64)
    )
    table = accuracy(labels, how=Resampling(replicates=1))
    by_group = frame.by_group
    for row in table.groups:
        theirs = by_group.loc[row.group if len(features) > 1 else row.group[0]]
        assert row.labelled == theirs["count"]
        for measure, share in row.measures.items():
            if str(measure) not in by_group or share.value is None:
                continue  # fairlearn writes 0 for 0/0
            assert share.value == pytest.approx(theirs[str(measure)])
    check_impact(labels, by_group[str(Measure.SELECTION_RATE)].dropna())


def check_impact(labels: LabelCounts, rates: pd.Series) -> None:  # type: ignore[type-arg]
    """fairlearn's ratio and difference between groups are our smallest ratio and widest gap."""
    selected = labels.true_positive + labels.false_positive
    assessed = selected + labels.false_negative + labels.true_negative
    counts = GroupCounts(labels.features, labels.groups, assessed, selected)
    result = impact(counts, ImpactPolicy(replicates=0, boschloo=False))
    compared = [row.comparison for row in result.rows if row.comparison]
    ratios = [c.ratio.value for c in compared if c.ratio.value is not None]
    differences = [-c.difference.value for c in compared if c.difference.value is not None]
    if rates.max() == 0:
        assert result.reference is None and not compared
        return
    assert min([1.0, *ratios]) == pytest.approx(rates.min() / rates.max())
    assert max([0.0, *differences]) == pytest.approx(rates.max() - rates.min())


@pytest.mark.parametrize("seed", range(8))
def test_equalized_odds(seed: int) -> None:
    data = random_data(seed, 400, [3])
    groups, cells = cells_of(data, ["f0"])
    labels = LabelCounts(("f0",), groups, *cells.T, unlabelled=np.zeros(len(groups), np.int64))
    table = accuracy(labels, how=Resampling(replicates=1))
    oracle = {"y_true": data.label, "y_pred": data.decision, "sensitive_features": data.f0}
    difference, ratio = (
        metric(**oracle) for metric in (equalized_odds_difference, equalized_odds_ratio)
    )
    assert table.equalized_odds_difference.value == pytest.approx(difference)
    assert table.equalized_odds_ratio.value == pytest.approx(ratio)


def test_multinomial_bootstrap_is_fairlearns_row_bootstrap() -> None:
    """Same intervals within Monte Carlo error, of rates, of their ratio and of their difference.

    The error of a 2.5 % percentile from r replicates is sqrt(.025*.975/r)/.0584 standard
    deviations of the statistic: .19 for fairlearn's 200 replicates. Four of those are allowed.
    """
    data = random_data(3, 600, [3])
    replicates = 200
    frame = MetricFrame(
        metrics=selection_rate,
        y_true=data.label,
        y_pred=data.decision,
        sensitive_features=data.f0,
        n_boot=replicates,
        ci_quantiles=[0.025, 0.975],
        random_state=1,
    )
    groups, cells = cells_of(data, ["f0"])
    counts = GroupCounts(("f0",), groups, cells.sum(axis=1), cells[:, 0] + cells[:, 1])
    result = bootstrap_impact(counts)
    low, high = frame.by_group_ci
    error = 4 * np.sqrt(0.025 * 0.975 / replicates) / 0.0584
    for group, interval in zip(groups, result.rates, strict=True):
        assert interval is not None
        spread = (interval.high - interval.low) / 3.92
        theirs = (low.loc[group[0]], high.loc[group[0]])
        assert (interval.low, interval.high) == pytest.approx(theirs, abs=error * spread)
    check_gap_intervals(counts, frame, error)


def check_gap_intervals(counts: GroupCounts, frame: MetricFrame, error: float) -> None:
    both = np.stack([counts.selected, counts.assessed - counts.selected], axis=1)

    def gaps(drawn: Ints) -> Floats:
        rates = quotient(drawn[..., 0], drawn.sum(axis=-1))
        low, high = rates.min(axis=-1), rates.max(axis=-1)
        return np.stack([quotient(low, high), high - low], axis=-1)

    ours = bootstrap(both, gaps)
    for k, theirs in enumerate((frame.ratio_ci(), frame.difference_ci())):
        spread = (ours.high[k] - ours.low[k]) / 3.92
        assert (ours.low[k], ours.high[k]) == pytest.approx(tuple(theirs), abs=error * spread)
