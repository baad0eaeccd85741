"""Mantel-Haenszel and Mantel DIF: difR's digits, ETS rules, signs, and small samples."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from audit.errors import DataInvalid, InputError
from fairness.dif import (
    MOST_COMPARED,
    DifPolicy,
    all_dif,
    delta_size,
    ets_class,
    largest_group,
    mantel_haenszel_dif,
    mantel_test,
    polytomous_class,
    purified_dif,
    standardized_mean_difference,
)
from fairness.items import answers_from_arrays
from fairness.types import ItemCounts
from tests.fairness.question_answers import MEN, WOMEN, item, rated, verbal


def reference(shared_data: Path, name: str) -> list[dict[str, str]]:
    path = shared_data / "fairness" / "difR" / f"reference_{name}.csv"
    return list(csv.DictReader(path.read_text().splitlines()))


def test_mantel_haenszel_gives_the_digits_of_difr(shared_data: Path) -> None:
    table = mantel_haenszel_dif(verbal(shared_data).tables().items, MEN, reference=WOMEN)
    for row, found in zip(reference(shared_data, "difMH_verbal_gender"), table.items, strict=True):
        assert found.item == row["item"]
        assert found.test is not None
        assert round(found.test.statistic, 4) == float(row["MH"])
        assert float(f"{found.test.p_value:.4g}") == float(row["p"])
        assert round(found.alpha.value or 0, 4) == float(row["alphaMH"])
        assert round(found.delta.value or 0, 4) == float(row["deltaMH"])
        assert found.flagged == (row["dif"] == "TRUE")
    numbers = [i + 1 for i, found in enumerate(table.items) if found.flagged]
    assert numbers == [6, 12, 16, 17, 19, 20]
    assert table.item("S2WantShout").against == MEN
    assert table.item("S2DoCurse").against == WOMEN
    assert "few_persons" in {note.code for note in table.notes}


def test_purified_mantel_haenszel_gives_the_digits_of_difr(shared_data: Path) -> None:
    table = purified_dif(verbal(shared_data), MEN, reference=WOMEN)
    for row, found in zip(
        reference(shared_data, "difMH_verbal_gender_purified"), table.items, strict=True
    ):
        assert found.test is not None
        assert round(found.test.statistic, 4) == float(row["MH"])
        assert round(found.alpha.value or 0, 4) == float(row["alphaMH"])
        assert found.flagged == (row["dif"] == "TRUE")
    assert table.purification is not None
    assert table.purification.converged


def test_standardization_by_hand() -> None:
    first = np.array([[1, 1], [1, 3], [5, 0]])
    second = np.array([[3, 1], [2, 2], [0, 0]])
    # At matching 0: 1/2 - 1/4; at 1: 3/4 - 1/2; nobody of the reference at 2. Weights 2/6 and 4/6.
    found = standardized_mean_difference(np.array([0.0, 1.0]), (first, second))
    assert found.value == pytest.approx(0.25)
    assert found.interval is not None
    assert found.interval.low < 0.25 < found.interval.high


def test_mantel_without_correction_is_mantel_haenszel_for_two_levels() -> None:
    first = np.array([[10, 20], [15, 30]])
    second = np.array([[20, 12], [25, 20]])
    excess = sum(
        a[1] - a.sum() * (a[1] + b[1]) / (a.sum() + b.sum())
        for a, b in zip(first, second, strict=True)
    )
    variance = 0.0
    for a, b in zip(first, second, strict=True):
        n = a.sum() + b.sum()
        right = a[1] + b[1]
        variance += a.sum() * b.sum() * right * (n - right) / (n * n * (n - 1))
    found = mantel_test(np.array([0.0, 1.0]), (first, second))
    assert found is not None
    assert found.statistic == pytest.approx(excess**2 / variance)
    assert found.p_value == pytest.approx(chi2.sf(excess**2 / variance, 1))
    scaled = mantel_test(np.array([3.0, 7.0]), (first, second))
    assert scaled is not None
    assert scaled.statistic == pytest.approx(found.statistic)


@pytest.mark.parametrize(
    ("delta", "error", "p", "expected"),
    [
        (-0.99, 0.01, 0.001, "A"),
        (-2.0, 1.0, 0.06, "A"),
        (1.2, 0.1, 0.001, "B"),
        (1.6, 0.5, 0.001, "B"),  # 1.6 - 1.645 * .5 is not above 1
        (-1.6, 0.3, 0.001, "C"),
        (-1.5, 0.1, 0.001, "C"),
        (None, None, 0.001, None),
    ],
)
def test_ets_classes(
    delta: float | None, error: float | None, p: float, expected: str | None
) -> None:
    assert ets_class(delta, error, p_value=p) == expected


def test_other_classes() -> None:
    assert [delta_size(d) for d in (0.9, -1.0, 1.49, -1.5, None)] == ["A", "B", "B", "C", None]
    assert polytomous_class(0.3, p_value=0.2) == "AA"
    assert polytomous_class(0.17, p_value=0.01) == "AA"
    assert polytomous_class(-0.2, p_value=0.01) == "BB"
    assert polytomous_class(-0.26, p_value=0.01) == "CC"
    assert polytomous_class(None, p_value=0.01) is None


def test_a_planted_difference_is_found_in_the_rubric_scores() -> None:
    groups, scores = rated(2000, 8, against=1.0)
    answers = answers_from_arrays("g", groups, names=[f"q{i}" for i in range(8)], scores=scores)
    table = purified_dif(answers, ("b",), reference=("a",))
    assert table.flagged[0] == "q0"
    first = table.items[0]
    assert first.kind == "polytomous"
    assert first.ets_class == "CC"
    assert first.against == ("b",)
    assert first.words.startswith("b candidates get lower scores on this question than a")
    assert first.mean_difference.value is not None
    assert -1 < first.mean_difference.value < -0.2
    assert (first.holm or 1) < 1e-6


def test_an_anchor_is_left_where_everything_is_significant() -> None:
    groups, scores = rated(40_000, 6, against=1.5)
    answers = answers_from_arrays("g", groups, names=list("abcdef"), scores=scores)
    table = purified_dif(answers, ("b",), reference=("a",))
    assert table.purification is not None
    first = mantel_haenszel_dif(answers.tables().items, ("b",), reference=("a",))
    assert len(first.flagged) == 6
    assert first.notes[0].code == "many_flagged"
    assert table.purification.flagged[0] == ("a",)
    assert table.purification.tables.anchor == tuple("bcdef")
    assert table.items[0].ets_class == "CC"
    assert all(found.ets_class == "AA" for found in table.items[1:])


def test_no_difference_is_undetectable_in_a_small_sample_and_not_in_a_large_one() -> None:
    for persons, hidden in ((60, True), (4000, False)):
        groups, scores = rated(persons, 8, seed=5)
        answers = answers_from_arrays("g", groups, names=list("abcdefgh"), scores=scores)
        table = mantel_haenszel_dif(answers.tables().items, ("b",), reference=("a",))
        calm = [found for found in table.items if not found.flagged]
        assert calm
        codes = {note.code for found in calm for note in found.notes}
        assert ("undetectable" in codes) == hidden


def test_nothing_to_compare_is_said() -> None:
    never_both = item([[3, 4], [0, 0]], [[0, 0], [5, 2]])
    all_right = item([[0, 4]], [[0, 9]])
    for counts in (never_both, all_right):
        found = mantel_haenszel_dif([counts], ("a",), reference=("b",)).items[0]
        assert found.test is None
        assert found.ets_class is None
        assert not found.flagged
        assert found.notes[0].code == "nothing_to_compare"
    empty = mantel_haenszel_dif([], ("a",), reference=("b",))
    assert empty.notes[0].code == "no_questions"


def test_a_one_sided_table_has_a_test_but_no_odds_ratio() -> None:
    found = mantel_haenszel_dif(
        [item([[20, 0], [20, 0]], [[5, 20], [5, 20]])], ("a",), reference=("b",)
    ).items[0]
    assert found.flagged
    assert found.delta.value is None
    assert found.against == ("a",)
    assert "one_sided_strata" in {note.code for note in found.notes}


def test_groups_that_are_not_there() -> None:
    with pytest.raises(InputError, match="the same"):
        mantel_haenszel_dif([item([[1, 2]], [[1, 2]])], ("a",), reference=("a",))
    with pytest.raises(InputError, match="no answers"):
        mantel_haenszel_dif([item([[1, 2]], [[1, 2]])], ("a",), reference=("c",))
    with pytest.raises(InputError, match="alpha"):
        DifPolicy(alpha=0)


def test_every_group_against_the_largest() -> None:
    groups, scores = rated(300, 6)
    groups = ["c" if i < 30 else g for i, g in enumerate(groups)]
    answers = answers_from_arrays("g", groups, names=list("uvwxyz"), scores=scores)
    assert largest_group(answers.tables().items) == ("a",)
    assert [t.focal for t in all_dif(answers)] == [("b",), ("c",)]
    assert largest_group([]) is None
    with pytest.raises(InputError, match="reference"):
        all_dif(answers, reference=("d",))


def test_many_groups_are_bounded() -> None:
    _, scores = rated(1200, 3)
    answers = answers_from_arrays(
        "g", [f"g{i % 60:02d}" for i in range(1200)], names=list("xyz"), scores=scores
    )
    tables = all_dif(answers, policy=DifPolicy(rounds=0))
    assert len(tables) == MOST_COMPARED
    assert tables[0].notes[-1].code == "groups_cut"
    many = answers_from_arrays(
        "g", [f"g{i}" for i in range(1200)], names=list("xyz"), scores=scores
    )
    with pytest.raises(DataInvalid, match="1200 groups"):
        many.tables()


COUNTS = st.lists(st.lists(st.integers(0, 12), min_size=2, max_size=2), min_size=2, max_size=5)


@given(st.data())
def test_swapping_the_groups_turns_the_signs(data: st.DataObject) -> None:
    first = data.draw(COUNTS)
    second = data.draw(COUNTS.filter(lambda x: len(x) == len(first)))
    counts = item(first, second)
    one = mantel_haenszel_dif([counts], ("a",), reference=("b",)).items[0]
    other = mantel_haenszel_dif([counts], ("b",), reference=("a",)).items[0]
    assert (one.test is None) == (other.test is None)
    if one.test and other.test:
        assert one.test.statistic == pytest.approx(other.test.statistic)
        assert one.flagged == other.flagged
        assert one.against == other.against
    if one.delta.value is not None and other.delta.value is not None:
        assert one.delta.value == pytest.approx(-other.delta.value)
        assert one.ets_class == other.ets_class


@given(st.integers(0, 1000))
def test_the_order_of_persons_groups_and_matching_scores_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 9, size=(2, 6, 3))
    order = rng.permutation(6)
    levels = np.arange(3.0)
    plain = ItemCounts(("g",), (("a",), ("b",)), "q", np.arange(6.0), levels, counts)
    mixed = ItemCounts(
        ("g",), (("b",), ("a",)), "q", np.arange(6.0)[order], levels, counts[::-1][:, order]
    )
    one = mantel_haenszel_dif([plain], ("a",), reference=("b",)).items[0]
    other = mantel_haenszel_dif([mixed], ("a",), reference=("b",)).items[0]
    assert one.test and other.test
    assert one.test.statistic == pytest.approx(other.test.statistic)
    assert one.mean_difference.value == pytest.approx(other.mean_difference.value)
