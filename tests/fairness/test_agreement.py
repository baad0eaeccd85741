"""Interviewer agreement: Shrout and Fleiss' and Krippendorff's published examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import InputError
from fairness.agreement import (
    Agreement,
    CrossedSums,
    RatingPatterns,
    Scale,
    Unit,
    agreement,
    icc_one_way,
    icc_two_way,
    krippendorff_alpha,
)
from tests.fairness.interview_ratings import views

# Shrout and Fleiss (1979), table 2: six targets, four judges.
JUDGES = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
_ = np.nan
# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability: four observers, twelve units.
OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
).T


@pytest.mark.parametrize(
    ("found", "single", "bounds", "average"),
    [
        (icc_one_way(RatingPatterns.of(JUDGES)), 0.17, (-0.13, 0.72), 0.44),
        (icc_two_way(CrossedSums.of(JUDGES)), 0.29, (0.02, 0.76), 0.62),
        (icc_two_way(CrossedSums.of(JUDGES), fixed=True), 0.71, (0.34, 0.95), 0.91),
    ],
)
def test_shrout_and_fleiss(
    found: object, single: float, bounds: tuple[float, float], average: float
) -> None:
    assert round(found.single.value, 2) == single  # type: ignore[attr-defined]
    interval = found.single.interval  # type: ignore[attr-defined]
    assert (round(interval.low, 2), round(interval.high, 2)) == bounds
    assert round(found.average.value, 2) == average  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("scale", "expected"),
    [(Scale.NOMINAL, 0.743), (Scale.ORDINAL, 0.815), (Scale.INTERVAL, 0.849)],
)
def test_krippendorff(scale: Scale, expected: float) -> None:
    found = krippendorff_alpha(RatingPatterns.of(OBSERVERS), scale, replicates=300)
    assert found.alpha.value is not None
    assert round(found.alpha.value, 3) == expected
    assert found.alpha.interval is not None
    assert found.alpha.interval.low < expected < found.alpha.interval.high <= 1
    assert (found.units, found.ratings, found.single) == (11, 40, 1)


def test_alpha_by_its_definition() -> None:
    rng = np.random.default_rng(3)
    table = rng.integers(1, 5, size=(25, 4)).astype(float)
    table[rng.random(table.shape) < 0.3] = np.nan
    units = [row[~np.isnan(row)] for row in table if (~np.isnan(row)).sum() > 1]
    pool = np.concatenate(units)
    counts = {v: (pool == v).sum() for v in np.unique(pool)}

    def ordinal(a: float, b: float) -> float:
        low, high = sorted((a, b))
        between = sum(n for v, n in counts.items() if low <= v <= high)
        return float(between - (counts[a] + counts[b]) / 2) ** 2 if a != b else 0.0

    distances = {
        Scale.NOMINAL: lambda a, b: float(a != b),
        Scale.ORDINAL: ordinal,
        Scale.INTERVAL: lambda a, b: (a - b) ** 2,
    }
    for scale, distance in distances.items():
        observed = sum(
            sum(distance(a, b) for i, a in enumerate(u) for j, b in enumerate(u) if i != j)
            / (len(u) - 1)
            for u in units
        ) / len(pool)
        expected = sum(distance(a, b) for a in pool for b in pool) / len(pool) / (len(pool) - 1)
        found = krippendorff_alpha(RatingPatterns.of(table), scale, replicates=0)
        assert found.alpha.value == pytest.approx(1 - observed / expected)


def test_full_agreement_and_no_variation() -> None:
    full = RatingPatterns.of(np.array([[1, 1], [2, 2], [5, 5]], float))
    assert icc_one_way(full).single.value == 1
    assert icc_two_way(CrossedSums.of(np.array([[1, 1], [2, 2.0]]))).single.value == 1
    for scale in Scale:
        assert krippendorff_alpha(full, scale, replicates=20).alpha.value == 1
    flat = RatingPatterns.of(np.full((4, 2), 3.0))
    assert icc_one_way(flat).single.value is None
    assert icc_one_way(flat).notes[-1].code == "no_variation"
    nothing = krippendorff_alpha(flat, replicates=20)
    assert nothing.alpha.value is None
    assert nothing.notes[0].code == "no_variation"


def test_parallel_interviewers_agree_in_order_but_not_in_height() -> None:
    table = np.array([[1, 2], [2, 3], [3, 4], [4, 5.0]])
    assert icc_two_way(CrossedSums.of(table), fixed=True).single.value == 1
    absolute = icc_two_way(CrossedSums.of(table))
    assert absolute.single.value is not None
    assert absolute.single.value < 0.9
    assert absolute.single.interval is None


def test_too_few_units() -> None:
    one = RatingPatterns.of(np.array([[1, 2], [3, _]]))
    assert icc_one_way(one).notes[0].code == "few_units"
    assert icc_two_way(CrossedSums.of(np.array([[1.0, 2.0]]))).notes[0].code == "few_units"
    none = krippendorff_alpha(RatingPatterns.of(np.array([[1, _], [3, _]])))
    assert none.alpha.value is None
    assert none.single == 2
    with pytest.raises(InputError, match="replicates"):
        krippendorff_alpha(one, replicates=-1)


def rated(table: np.ndarray, unit: Unit) -> Agreement:
    rows = [
        {"candidate": f"c{u}", "job": "j", "question": "q", "interviewer": f"i{r}", "score": x}
        for u, row in enumerate(table)
        for r, x in enumerate(row)
        if not np.isnan(x)
    ]
    return agreement(views(rows, [{"candidate": "c0"}]), unit, replicates=50)


@pytest.mark.parametrize("unit", list(Unit))
def test_ratings_in_the_view_give_the_same_as_a_table(unit: Unit) -> None:
    found = rated(JUDGES, unit)
    assert found.one_way.single.value == pytest.approx(0.1657418)
    assert found.two_way is not None
    assert found.two_way.single.value == pytest.approx(0.2897638)
    assert found.panel_units == 6
    partly = rated(OBSERVERS, unit)
    assert [round(a.alpha.value or 0, 3) for a in partly.alphas] == [0.743, 0.815, 0.849]
    assert partly.panel_units == 8
    assert "unbalanced" in {note.code for note in partly.one_way.notes}


def test_an_interview_is_rated_by_the_mean_of_its_questions() -> None:
    rows = [
        {"candidate": f"c{u}", "job": "j", "question": q, "interviewer": f"i{r}", "score": x + y}
        for u, row in enumerate(JUDGES)
        for r, x in enumerate(row)
        for q, y in (("a", 1.0), ("b", -1.0))
    ]
    connection = views(rows, [{"candidate": "c0"}])
    assert agreement(connection, Unit.INTERVIEW, replicates=0).one_way.single.value == (
        pytest.approx(0.1657418)
    )
    assert agreement(connection, Unit.ANSWER, replicates=0).one_way.units == 12
    only = agreement(connection, Unit.ANSWER, where={"question": "a"}, replicates=0)
    assert only.one_way.units == 6
    empty = agreement(connection, where={"question": "z"})
    assert empty.two_way is None
    assert empty.one_way.single.value is None


@given(
    st.lists(st.lists(st.integers(1, 5), min_size=3, max_size=3), min_size=3, max_size=12),
    st.randoms(),
)
def test_order_of_units_and_raters_does_not_matter(table: list[list[int]], random: object) -> None:
    mixed = [list(row) for row in table]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    for row in mixed:
        random.shuffle(row)  # type: ignore[attr-defined]
    first, second = (RatingPatterns.of(np.array(t, float)) for t in (table, mixed))
    for scale in Scale:
        one = krippendorff_alpha(first, scale, replicates=0).alpha.value
        other = krippendorff_alpha(second, scale, replicates=0).alpha.value
        assert one == pytest.approx(other)
        assert one is None or one <= 1 + 1e-12
    assert icc_one_way(first).single.value == pytest.approx(icc_one_way(second).single.value)
