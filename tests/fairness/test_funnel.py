"""Stages, the bottom line, and where the gap arises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness.funnel import FunnelResult, funnel_rates
from fairness.types import Funnel, Note, StageCounts


def funnel(*stages: tuple[list[int], list[int]]) -> Funnel:
    groups = tuple((f"g{i}",) for i in range(len(stages[0][0])))
    return Funnel(
        ("sex",),
        groups,
        tuple(
            StageCounts(f"s{i}", np.array(entered, np.int64), np.array(passed, np.int64))
            for i, (entered, passed) in enumerate(stages)
        ),
    )


def result_of(*stages: tuple[list[int], list[int]], under: float | None = None) -> FunnelResult:
    result = funnel_rates(funnel(*stages), exclude_under=under)
    assert isinstance(result, FunnelResult)
    return result


def test_bottom_line_and_where_the_gap_arises() -> None:
    # Screen: 50/100 against 100/200, equal. Interview: 10/50 against 40/100, half.
    result = result_of(([100, 200], [50, 100]), ([50, 100], [10, 40]))
    assert [row.rate.value for row in result.bottom_line.rates] == [0.1, 0.2]
    assert result.bottom_line.rates[0].ratio.value == 0.5
    assert result.bottom_line_below
    assert result.components == ("s1",)
    (gap,) = result.gaps
    assert gap.reference == ("g1",)
    assert gap.total.value == pytest.approx(math.log(0.5))
    assert [step.share for step in gap.steps] == pytest.approx([0, 0, 1])
    assert gap.largest_loss == "s1"


def test_the_reference_has_the_ratio_one_without_an_interval() -> None:
    result = result_of(([100, 200], [50, 120]))
    focal, reference = result.bottom_line.rates
    assert reference.is_reference and reference.ratio.value == 1.0
    assert reference.ratio.interval is None and focal.ratio.interval is not None


def test_component_with_a_gap_shows_though_the_bottom_line_has_none() -> None:
    """Connecticut v. Teal: 26/48 against 206/259 pass the test, the bottom line favours g0."""
    result = result_of(([48, 259], [26, 206]), ([26, 206], [11, 35]))
    assert result.stages[0].rates[0].ratio.value == pytest.approx(26 * 259 / (48 * 206))
    assert result.components == ("s0", "s1")
    assert result.bottom_line.rates[0].rate.value == pytest.approx(11 / 48)
    assert result.bottom_line.reference == ("g0",)
    assert result.bottom_line.rates[1].below_four_fifths


def test_withdrawals_between_stages_are_a_step_of_their_own() -> None:
    result = result_of(([100, 100], [50, 50]), ([25, 50], [5, 10]))
    (gap,) = result.gaps
    assert [step.kind for step in gap.steps] == ["stage", "between", "stage"]
    assert gap.largest_loss == "s0 to s1"
    assert gap.steps[1].share == pytest.approx(1.0)
    assert {note.code for note in result.notes} == {"lost_between_stages"}


def test_group_that_stops_has_a_reason_instead_of_a_number() -> None:
    result = result_of(([100, 200], [50, 100]), ([50, 100], [0, 40]))
    (gap,) = result.gaps
    assert gap.total.value is None
    assert gap.largest_loss == "s1"
    assert gap.notes[0].code == "stopped"


def test_nobody_and_nothing() -> None:
    nobody = result_of(([10, 10], [0, 0]))
    assert nobody.bottom_line.reference is None
    assert nobody.gaps == ()
    assert not nobody.bottom_line_below
    assert nobody.bottom_line.rates[0].ratio.value is None
    empty = funnel_rates(funnel(([0, 0], [0, 0])))
    assert isinstance(empty, Note)
    assert isinstance(funnel_rates(Funnel(("sex",), (), ())), Note)


def test_excluded_group_neither_refers_nor_counts() -> None:
    result = result_of(([1000, 1000, 5], [500, 450, 5]), under=0.02)
    assert result.stages[0].reference == ("g0",)
    assert result.stages[0].rates[2].excluded
    assert result.components == ()


def test_persons_who_join_late_are_told_and_the_sum_holds() -> None:
    result = result_of(([10, 10], [2, 5]), ([9, 10], [9, 8]), ([9, 8], [3, 4]))
    assert "joined_between_stages" in {note.code for note in result.notes}
    (gap,) = result.gaps
    assert gap.total.value == pytest.approx(sum(step.log_ratio.value or 0 for step in gap.steps))
    assert gap.steps[1].log_ratio.interval is None
    more = result_of(([2, 10], [2, 5]), ([9, 10], [9, 8]))
    assert "more_passed_than_entered" in {note.code for note in more.notes}


counts = st.integers(1, 60)


@given(st.lists(st.lists(counts, min_size=3, max_size=3), min_size=2, max_size=8))
def test_steps_sum_to_the_bottom_line(levels: list[list[int]]) -> None:
    falling = np.sort(np.array(levels), axis=0)[::-1]
    pairs = falling[: len(falling) // 2 * 2].reshape(-1, 2, 3).tolist()
    result = result_of(*((entered, passed) for entered, passed in pairs))
    for gap in result.gaps:
        logs = [step.log_ratio.value for step in gap.steps]
        assert gap.total.value == pytest.approx(sum(v for v in logs if v is not None), abs=1e-9)
        if gap.total.value:
            assert sum(step.share or 0 for step in gap.steps) == pytest.approx(1)
