"""Error rates by group: hand arithmetic, Aequitas' expected files, gaps, missing labels."""

from __future__ import annotations

import numpy as np
import pytest

from fairness.accuracy import AccuracyTable, Measure, accuracy, label_cells, measure_values
from fairness.bootstrap import Resampling
from fairness.types import LabelCounts

FEW = Resampling(replicates=400)


def labels(*groups: tuple[str, int, int, int, int], unlabelled: int = 0) -> LabelCounts:
    """Rows (name, true positive, false positive, false negative, true negative)."""
    cells = np.array([row[1:] for row in groups], np.int64).reshape(-1, 4)
    return LabelCounts(
        ("race",),
        tuple((row[0],) for row in groups),
        *cells.T,
        unlabelled=np.full(len(groups), unlabelled, np.int64),
    )


TWO = labels(("a", 30, 10, 20, 40), ("b", 10, 10, 15, 15))


def values(table: AccuracyTable, group: int) -> dict[Measure, float | None]:
    return {measure: p.value for measure, p in table.groups[group].measures.items()}


def test_every_measure_by_hand() -> None:
    table = accuracy(TWO, how=FEW)
    assert values(table, 0) == pytest.approx(
        {
            Measure.TRUE_POSITIVE_RATE: 0.6,
            Measure.FALSE_POSITIVE_RATE: 0.2,
            Measure.FALSE_NEGATIVE_RATE: 0.4,
            Measure.TRUE_NEGATIVE_RATE: 0.8,
            Measure.POSITIVE_PREDICTIVE_VALUE: 0.75,
            Measure.NEGATIVE_PREDICTIVE_VALUE: 2 / 3,
            Measure.FALSE_DISCOVERY_RATE: 0.25,
            Measure.FALSE_OMISSION_RATE: 1 / 3,
            Measure.ACCURACY: 0.7,
            Measure.BASE_RATE: 0.5,
            Measure.SELECTION_RATE: 0.4,
        }
    )
    assert table.reference == ("a",)
    assert table.groups[0].gaps == {}
    gap = table.groups[1].gaps[Measure.TRUE_POSITIVE_RATE]
    assert gap.difference.value == pytest.approx(0.4 - 0.6)
    assert gap.ratio.value == pytest.approx(0.4 / 0.6)
    assert gap.ratio.interval is not None and gap.difference.interval is not None


def test_gaps_over_groups() -> None:
    table = accuracy(TWO, how=FEW)
    # TPR .6 and .4, FPR .2 and .4.
    assert table.equalized_odds_difference.value == pytest.approx(0.2)
    assert table.equalized_odds_ratio.value == pytest.approx(0.5)
    assert table.equal_opportunity_difference.value == pytest.approx(0.2)
    assert table.equal_opportunity_ratio.value == pytest.approx(2 / 3)
    interval = table.equalized_odds_difference.interval
    assert interval is not None and 0 <= interval.low < interval.high <= 1


def test_another_reference() -> None:
    table = accuracy(TWO, reference=("b",), how=FEW)
    assert table.reference == ("b",)
    assert table.groups[0].gaps[Measure.TRUE_POSITIVE_RATE].ratio.value == pytest.approx(1.5)


def test_groups_without_positive_or_negative_labels() -> None:
    table = accuracy(labels(("a", 30, 10, 20, 40), ("b", 0, 3, 0, 4), ("c", 5, 0, 2, 0)), how=FEW)
    assert values(table, 1)[Measure.TRUE_POSITIVE_RATE] is None
    assert values(table, 2)[Measure.FALSE_POSITIVE_RATE] is None
    assert table.equal_opportunity_difference.value == pytest.approx(5 / 7 - 0.6)
    codes = {note.code for note in table.notes}
    assert {"no_positive_labels", "no_negative_labels"} <= codes
    alone = accuracy(labels(("a", 1, 1, 1, 1), ("b", 0, 0, 0, 0)), how=FEW)
    assert alone.equalized_odds_difference.value is None
    assert alone.equalized_odds_difference.interval is None


def test_nobody_has_a_label() -> None:
    table = accuracy(labels(("a", 0, 0, 0, 0), ("b", 0, 0, 0, 0), unlabelled=9), how=FEW)
    assert table.reference is None
    assert {note.code for note in table.notes} == {"no_labels", "unlabelled"}
    assert table.groups[0].unlabelled == 9
    assert all(value is None for value in values(table, 0).values())
    assert accuracy(labels(), how=FEW).groups == ()


def test_values_over_replicates() -> None:
    cells = label_cells(TWO)
    stacked = np.stack([cells, 2 * cells])
    found = measure_values(stacked, Measure.FALSE_DISCOVERY_RATE)
    assert found == pytest.approx(np.array([[0.25, 0.5], [0.25, 0.5]]))


def test_the_order_of_the_groups_does_not_matter() -> None:
    turned = accuracy(labels(("b", 10, 10, 15, 15), ("a", 30, 10, 20, 40)), how=FEW)
    table = accuracy(TWO, how=FEW)
    assert turned.groups == table.groups[::-1]
    assert turned.reference == table.reference
