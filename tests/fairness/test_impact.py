"""The impact table: classes and their reasons, exclusions, every degenerate table, invariances."""

from __future__ import annotations

import time
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import InputError, SettingsInvalid
from fairness.impact import MOST_GROUPS, Comparison, ImpactPolicy, ImpactTable, Standing, impact
from fairness.impact_rule import ExactTest
from fairness.types import FindingClass, GroupCounts

QUICK = ImpactPolicy(replicates=200)


def table(*groups: tuple[str, int, int], policy: ImpactPolicy = QUICK) -> ImpactTable:
    """Audit rows (level, selected, assessed)."""
    return impact(GroupCounts.of("race", [(name, n, x) for name, x, n in groups]), policy)


def compared(result: ImpactTable, name: str) -> Comparison:
    comparison = result.row(name).comparison
    assert comparison is not None
    return comparison


def codes(result: ImpactTable) -> set[str]:
    return {note.code for note in result.notes}


def test_morris_2017_in_full() -> None:
    result = table(("minority", 2, 10), ("majority", 15, 25))
    row, comparison = result.row("minority"), compared(result, "minority")
    assert result.reference == ("majority",)
    assert result.row("majority").standing is Standing.REFERENCE
    assert result.row("majority").finding is None
    assert comparison.ratio.value == pytest.approx(1 / 3)
    assert comparison.shortfall_to_pooled_rate.value == pytest.approx(20 / 7)
    assert comparison.shortfall_to_reference_rate.value == pytest.approx(4)
    assert comparison.reversed_by_one is False
    assert row.share == pytest.approx(10 / 35)
    # Z says p = .032, but ten persons are too few for Z: Fisher decides, with p = .0599.
    assert comparison.deciding.test == "fisher"
    assert row.finding is FindingClass.SMALL_NUMBERS
    assert "Impact ratio 0.333, below four fifths" in row.reason and "p = 0.0599" in row.reason


def test_the_mid_p_may_decide_instead() -> None:
    policy = ImpactPolicy(replicates=0, exact_test=ExactTest.MID_P)
    row = table(("minority", 2, 10), ("majority", 15, 25), policy=policy).row("minority")
    assert row.finding is FindingClass.ADVERSE
    assert row.comparison is not None and row.comparison.ratio_bootstrap is None
    assert row.chance_highest is None and row.rate_bootstrap is None


def test_adverse() -> None:
    row = table(("a", 170, 390), ("b", 500, 797)).row("a")
    assert row.finding is FindingClass.ADVERSE
    assert row.comparison is not None and row.comparison.deciding.test == "pooled_z"


def test_exactly_four_fifths_and_significant() -> None:
    row = table(("a", 64, 100), ("b", 80, 100)).row("a")
    assert row.finding is FindingClass.SIGNIFICANT_ABOVE_FOUR_FIFTHS
    assert "Impact ratio 0.800, not below four fifths" in row.reason


def test_a_ratio_that_only_looks_like_four_fifths() -> None:
    row = table(("a", 3_199_999, 10**7), ("b", 4 * 10**6, 10**7)).row("a")
    assert row.finding is FindingClass.ADVERSE
    assert "Impact ratio 0.7999998, below four fifths" in row.reason


def test_below_and_significant_but_reversed_by_one_selection() -> None:
    """None of 20,000 against one of 400: rare events hang on single persons."""
    row = table(("a", 0, 20_000), ("b", 1, 400)).row("a")
    assert row.comparison is not None and row.comparison.deciding.p_value < 0.05
    assert row.comparison.reversed_by_one is True
    assert row.finding is FindingClass.SMALL_NUMBERS
    assert "would reverse" in row.reason


def test_undetectable_is_not_no_indication() -> None:
    small = table(("a", 2, 3), ("b", 8, 10)).row("a")
    assert small.finding is FindingClass.UNDETECTABLE
    assert "Nothing can be concluded" in small.reason
    large = table(("a", 498, 1000), ("b", 500, 1000)).row("a")
    assert large.finding is FindingClass.NO_INDICATION
    assert large.comparison is not None
    assert large.comparison.power.at_four_fifths == pytest.approx(0.995, abs=5e-3)


@given(
    st.lists(
        st.integers(0, 24).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=1,
        max_size=5,
    )
)
def test_tiny_groups_never_read_as_a_pass(cells: list[tuple[int, int]]) -> None:
    """Under 25 persons a group, the chance to find four fifths is too small for any rate."""
    result = table(
        *((str(i), x, n) for i, (x, n) in enumerate(cells)),
        policy=ImpactPolicy(replicates=0, boschloo=False),
    )
    for row in result.rows:
        assert row.finding is not FindingClass.NO_INDICATION
        assert row.reason
        if row.finding is None:
            assert row.standing is Standing.REFERENCE


def test_small_reference_is_told() -> None:
    """Staya/Dover 2023: three of 23 persons set the denominator of the whole table."""
    result = table(
        *(("Hispanic", 4, 65), ("White", 18, 379), ("Black", 12, 130), ("NHPI", 3, 23)),
        *(("Asian", 7, 95), ("AIAN", 0, 0), ("Two", 0, 0)),
    )
    assert result.reference == ("NHPI",)
    assert {"small_reference", "empty_groups"} <= codes(result)
    assert result.row("AIAN").finding is FindingClass.UNDETECTABLE
    assert result.row("AIAN").rate.value is None
    assert {row.finding for row in result.rows if row.comparison} == {FindingClass.SMALL_NUMBERS}
    chance = result.row("NHPI").chance_highest
    assert chance is not None and chance < 0.8


def test_excluded_groups_show_rates_and_set_no_denominator() -> None:
    policy = ImpactPolicy(
        exclude_under_share=0.02, justification="Fewer than 2 % of persons.", replicates=200
    )
    result = table(("a", 500, 1000), ("b", 450, 1000), ("tiny", 9, 10), policy=policy)
    tiny = result.row("tiny")
    assert result.reference == ("a",)
    assert tiny.standing is Standing.EXCLUDED and tiny.comparison is None and tiny.finding is None
    assert tiny.rate.value == pytest.approx(0.9) and tiny.rate.interval is not None
    assert "Fewer than 2 % of persons." in tiny.reason
    note = next(note for note in result.notes if note.code == "excluded_groups")
    assert "higher rate than the reference has: tiny" in note.text
    assert table(("a", 500, 1000), ("b", 450, 1000), ("tiny", 9, 10)).reference == ("tiny",)


def test_policies_that_cannot_be_used() -> None:
    policies: tuple[dict[str, Any], ...] = (
        {"exclude_under_share": 0.02},
        {"exclude_under_share": 0.02, "justification": "  "},
        {"exclude_under_share": 1.0, "justification": "x"},
        {"level": 1.0},
        {"alpha": 0.0},
        {"replicates": -1},
    )
    for wrong in policies:
        with pytest.raises(SettingsInvalid):
            ImpactPolicy(**wrong)


def test_nobody_selected() -> None:
    result = table(("a", 0, 50), ("b", 0, 60))
    assert result.reference is None and result.homogeneity is None
    assert codes(result) == {"nobody_selected"}
    assert {row.finding for row in result.rows} == {FindingClass.UNDETECTABLE}


def test_everybody_selected() -> None:
    result = table(("a", 5, 5), ("b", 700, 700))
    assert result.reference == ("b",)
    assert {"everybody_selected", "reference_tied"} <= codes(result)
    assert compared(result, "a").ratio.value == 1
    assert compared(result, "a").significance.pooled_z is None
    assert result.row("a").finding is FindingClass.UNDETECTABLE


def test_nobody_selected_but_in_excluded_groups() -> None:
    policy = ImpactPolicy(exclude_under_share=0.02, justification="small", replicates=100)
    result = table(("a", 0, 500), ("b", 0, 500), ("tiny", 2, 5), policy=policy)
    assert result.reference is None
    assert result.row("a").finding is FindingClass.UNDETECTABLE
    assert result.row("tiny").standing is Standing.EXCLUDED


def test_one_group_and_no_group() -> None:
    alone = table(("a", 30, 50))
    assert alone.row("a").finding is FindingClass.UNDETECTABLE
    assert "one_group" in codes(alone)
    assert table().rows == () and codes(table()) == {"nobody_assessed"}
    assert table(("a", 0, 0)).row("a").finding is FindingClass.UNDETECTABLE


def test_unknown_persons_are_told() -> None:
    counts = GroupCounts(
        ("sex",), (("F",), ("M",)), np.array([90, 80]), np.array([40, 41]), 250, 12
    )
    result = impact(counts, QUICK)
    assert (result.unknown_assessed, result.unknown_selected) == (250, 12)
    note = next(note for note in result.notes if note.code == "unknown_groups")
    assert "250 persons" in note.text and "12 of them" in note.text


def test_a_reference_chosen_beforehand() -> None:
    fixed = ImpactPolicy(reference=("b",), replicates=200)
    result = table(("a", 60, 100), ("b", 40, 100), ("c", 0, 2), policy=fixed)
    assert compared(result, "a").ratio.value == pytest.approx(1.5)
    assert compared(result, "a").reversed_by_one is None
    assert result.row("a").finding is FindingClass.SIGNIFICANT_ABOVE_FOUR_FIFTHS
    never = table(("a", 60, 100), ("b", 0, 100), ("c", 0, 2), policy=fixed)
    assert never.row("c").finding is FindingClass.UNDETECTABLE
    assert "No chance to find" in never.row("c").reason
    assert compared(never, "a").ratio.value is None
    assert "No impact ratio" in never.row("a").reason
    absent = table(("a", 60, 100), ("b", 0, 0), policy=fixed)
    assert absent.row("a").comparison is None
    assert absent.row("a").finding is FindingClass.UNDETECTABLE
    with pytest.raises(InputError, match="not in the table"):
        table(("a", 1, 2), policy=fixed)
    share = ImpactPolicy(reference=("b",), exclude_under_share=0.1, justification="x")
    with pytest.raises(InputError, match="under the share"):
        table(("a", 60, 100), ("b", 1, 2), policy=share)


def test_holm_is_shown_and_told_where_it_matters() -> None:
    result = table(("ref", 600, 1000), ("a", 555, 1000), ("b", 590, 1000), ("c", 588, 1000))
    deciding = compared(result, "a").deciding
    assert deciding.p_value < 0.05 <= (deciding.holm or 0)
    assert deciding.benjamini_hochberg is not None
    assert result.row("a").finding is FindingClass.SIGNIFICANT_ABOVE_FOUR_FIFTHS
    assert "not after Holm's correction" in result.row("a").reason


def test_too_many_groups_are_refused_with_a_remedy() -> None:
    size = MOST_GROUPS + 1
    counts = GroupCounts(
        ("x", "y"),
        tuple((str(i), "z") for i in range(size)),
        np.full(size, 5),
        np.full(size, 2),
    )
    with pytest.raises(InputError, match="use fewer features"):
        impact(counts)
    with pytest.raises(InputError, match="names a group twice"):
        table(("a", 1, 2), ("a", 1, 2))


def test_boschloo_is_left_out_of_large_tables_and_said_so() -> None:
    result = table(*((f"g{i:02}", i, 60) for i in range(60)), policy=ImpactPolicy(replicates=0))
    tests = compared(result, "g05").significance
    assert tests.boschloo is None and tests.notes[-1].code == "boschloo_not_computed"


def test_a_published_table_of_millions_is_quick() -> None:
    started = time.process_time()
    result = table(
        *(("Asian", 268583, 692402), ("Black", 969379, 2374766), ("White", 1470600, 3587705)),
        *(("Hispanic", 678113, 1646306), ("Two", 154249, 371327)),
        policy=ImpactPolicy(),
    )
    assert time.process_time() - started < 2
    assert result.reference == ("Two",)


@settings(max_examples=40)
@given(
    st.lists(
        st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=2,
        max_size=5,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_groups_does_not_matter(
    cells: list[tuple[int, int]], random: Random
) -> None:
    """Every row of a permuted table is the same row, with its bootstrap."""
    policy = ImpactPolicy(
        replicates=50, exclude_under_share=0.05, justification="small", boschloo=False
    )
    rows = [(f"g{i}", x, n) for i, (x, n) in enumerate(cells)]
    one = table(*rows, policy=policy)
    random.shuffle(rows)
    other = table(*rows, policy=policy)
    assert one.reference == other.reference and one.tied == other.tied
    for row in one.rows:
        twin = other.row(*row.group)
        assert (row.finding, row.reason, row.standing) == (twin.finding, twin.reason, twin.standing)
        assert row.rate_bootstrap == twin.rate_bootstrap
        assert row.chance_highest == twin.chance_highest
        if row.comparison is not None and twin.comparison is not None:
            assert row.comparison.ratio == twin.comparison.ratio
            assert row.comparison.ratio_bootstrap == twin.comparison.ratio_bootstrap
            assert row.comparison.deciding.holm == pytest.approx(twin.comparison.deciding.holm)


@settings(max_examples=30)
@given(
    st.lists(
        st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=2,
        max_size=4,
    )
)
def test_the_order_of_levels_within_a_group_does_not_matter(cells: list[tuple[int, int]]) -> None:
    """(sex, race) and (race, sex) give the same ratios, tests and classes."""
    names = [("F", "x"), ("F", "y"), ("M", "x"), ("M", "y")][: len(cells)]
    selected, assessed = (np.array(part) for part in zip(*cells, strict=True))
    policy = ImpactPolicy(replicates=0)
    one = impact(GroupCounts(("sex", "race"), tuple(names), assessed, selected), policy)
    turned = tuple((race, sex) for sex, race in names)
    other = impact(GroupCounts(("race", "sex"), turned, assessed, selected), policy)
    if len(one.tied) != 1:
        return
    for row, twin in zip(one.rows, other.rows, strict=True):
        assert (row.comparison, row.finding, row.reason) == (
            twin.comparison,
            twin.finding,
            twin.reason,
        )
