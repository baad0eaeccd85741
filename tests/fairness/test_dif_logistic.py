"""Logistic DIF: difR's digits, statsmodels as oracle, crossing curves, separation."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel

from audit.errors import InputError
from fairness.dif_logistic import (
    JODOIN_GIERL,
    ZUMBO_THOMAS,
    DifKind,
    logistic_dif,
    nagelkerke,
    purified_logistic_dif,
    r2_class,
)
from fairness.items import answers_from_arrays
from fairness.ordinal_regression import fit_ordinal
from tests.fairness.question_answers import MEN, WOMEN, item, rated, verbal


def test_logistic_gives_the_digits_of_difr(shared_data: Path) -> None:
    path = shared_data / "fairness" / "difR" / "reference_difLogistic_verbal_gender.csv"
    table = logistic_dif(verbal(shared_data).tables().items, MEN, reference=WOMEN)
    for row, found in zip(csv.DictReader(path.read_text().splitlines()), table.items, strict=True):
        assert found.both is not None
        assert found.item == row["item"]
        assert round(found.both.test.statistic, 4) == float(row["LRT"])
        assert round(found.both.delta_r2, 4) == float(row["deltaR2"])
        assert found.flagged == (row["dif"] == "TRUE")
    shout = table.item("S2WantShout")
    assert shout.against == MEN
    assert shout.log_odds.value is not None
    assert shout.log_odds.value < 0
    assert shout.both is not None
    assert shout.both.zumbo_thomas == "A"


def test_purified_logistic_settles(shared_data: Path) -> None:
    table = purified_logistic_dif(verbal(shared_data), MEN, reference=WOMEN)
    assert table.purification is not None
    assert table.purification.converged
    assert set(table.purification.tables.anchor).isdisjoint(table.flagged)


def test_binomial_fit_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(0)
    design = np.column_stack([rng.normal(size=30), rng.integers(0, 2, 30)])
    persons = rng.integers(5, 40, 30)
    right = rng.binomial(persons, expit(0.3 + design @ [0.8, -0.5]))
    counts = np.column_stack([persons - right, right])
    found = fit_ordinal(design, counts)
    oracle = sm.GLM(
        np.column_stack([right, persons - right]),
        sm.add_constant(design),
        family=sm.families.Binomial(),
    ).fit()
    assert found.coefficients == pytest.approx(oracle.params[1:], abs=1e-6)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(oracle.bse[1:], rel=1e-5)
    assert not found.separated


def test_proportional_odds_fit_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(1)
    design = np.column_stack([rng.normal(size=400), rng.integers(0, 2, 400).astype(float)])
    y = (design @ [1.0, -0.7] + rng.logistic(size=400))[:, None] > np.array([-1.0, 0.0, 1.5])
    level = y.sum(axis=1)
    found = fit_ordinal(design, np.eye(4, dtype=np.int64)[level])
    oracle = OrderedModel(level, design, distr="logit").fit(method="bfgs", disp=False, gtol=1e-8)
    assert found.log_likelihood == pytest.approx(oracle.llf, abs=1e-6)
    assert found.coefficients == pytest.approx(oracle.params[:2], abs=1e-4)


def test_counts_and_rows_fit_alike() -> None:
    rng = np.random.default_rng(2)
    x = rng.integers(0, 4, 200).astype(float)
    level = np.clip(x + rng.integers(-1, 2, 200), 0, 3).astype(int)
    rows = fit_ordinal(x[:, None], np.eye(4, dtype=np.int64)[level])
    counts = np.zeros((4, 4), np.int64)
    np.add.at(counts, (x.astype(int), level), 1)
    together = fit_ordinal(np.arange(4.0)[:, None], counts)
    assert together.log_likelihood == pytest.approx(rows.log_likelihood)
    assert together.coefficients == pytest.approx(rows.coefficients)


def curves(slope: float, shift: float) -> list[list[list[int]]]:
    """Two groups of 100 persons at each of 9 matching scores, with different answer curves."""
    scores = np.arange(9) - 4.0
    first = np.rint(100 * expit(0.8 * scores)).astype(int)
    second = np.rint(100 * expit(slope * scores + shift)).astype(int)
    return [[[100 - n, n] for n in group.tolist()] for group in (first, second)]


def test_a_uniform_difference() -> None:
    found = logistic_dif([item(*curves(0.8, 0.7))], ("a",), reference=("b",)).items[0]
    assert found.uniform and found.nonuniform and found.both
    assert found.uniform.test.p_value < 1e-6
    assert found.nonuniform.test.p_value > 0.5
    assert found.log_odds.value == pytest.approx(-0.7, abs=0.05)
    assert found.log_odds.interval is not None
    assert found.log_odds.interval.low < -0.7 < found.log_odds.interval.high
    assert found.against == ("a",)
    assert found.crossing is None
    assert found.both.test.statistic == pytest.approx(
        found.uniform.test.statistic + found.nonuniform.test.statistic
    )


def test_crossing_curves_name_the_score_and_no_side() -> None:
    found = logistic_dif(
        [item(*curves(0.3, 0.0))], ("a",), reference=("b",), decides=DifKind.NONUNIFORM
    ).items[0]
    assert found.flagged
    assert found.crossing == pytest.approx(4.0, abs=0.05)
    assert found.against is None
    assert found.interaction.value == pytest.approx(0.5, abs=0.05)
    uniform = logistic_dif(
        [item(*curves(0.3, 0.0))], ("a",), reference=("b",), decides=DifKind.UNIFORM
    )
    assert not uniform.flagged


def test_swapping_the_groups_turns_the_effect() -> None:
    counts = item(*curves(0.6, 0.4))
    one = logistic_dif([counts], ("a",), reference=("b",)).items[0]
    other = logistic_dif([counts], ("b",), reference=("a",)).items[0]
    assert one.both and other.both
    assert one.both.test.statistic == pytest.approx(other.both.test.statistic)
    assert one.log_odds.value == pytest.approx(-(other.log_odds.value or 0))
    assert one.against == other.against


def test_rubric_scores_are_fitted_as_ordered_levels() -> None:
    groups, scores = rated(1500, 6, against=1.2)
    answers = answers_from_arrays("g", groups, names=list("abcdef"), scores=scores)
    table = purified_logistic_dif(answers, ("b",), reference=("a",))
    first = table.items[0]
    assert first.kind == "ordinal"
    assert first.item in table.flagged
    assert first.against == ("b",)
    assert (first.holm or 1) < 1e-6
    many, fine = rated(800, 3, levels=20)
    joined = answers_from_arrays("g", many, names=list("abc"), scores=fine).tables().items
    assert "levels_joined" in {
        n.code for n in logistic_dif(joined, ("b",), reference=("a",)).items[0].notes
    }


def test_separation_keeps_the_test_and_gives_no_size() -> None:
    separated = item([[30, 0], [30, 0], [30, 0]], [[0, 30], [0, 30], [0, 30]])
    found = logistic_dif([separated], ("a",), reference=("b",)).items[0]
    assert found.flagged
    assert found.log_odds.value is None
    assert found.both is not None
    assert found.both.delta_r2 == pytest.approx(1, abs=1e-6)
    assert found.notes[0].code == "separated"


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ([[0, 0]] * 4, [[3, 4]] * 4, "empty_group"),
        ([[0, 4]] * 4, [[0, 4]] * 4, "no_variation"),
        ([[3, 4]] * 2, [[3, 4]] * 2, "few_matching_scores"),
    ],
)
def test_what_cannot_be_fitted_is_said(
    first: list[list[int]], second: list[list[int]], code: str
) -> None:
    found = logistic_dif([item(first, second)], ("a",), reference=("b",)).items[0]
    assert found.both is None
    assert found.notes[0].code == code
    assert not found.flagged


def test_classes_and_refusals() -> None:
    assert r2_class(0.2, ZUMBO_THOMAS, p_value=0.2) == "A"
    assert [r2_class(r, ZUMBO_THOMAS, p_value=0.01) for r in (0.12, 0.13, 0.26)] == list("ABC")
    assert [r2_class(r, JODOIN_GIERL, p_value=0.01) for r in (0.03, 0.035, 0.07)] == list("ABC")
    assert nagelkerke(0.0, -100.0, 200) == pytest.approx(1)
    assert nagelkerke(-100.0, -100.0, 200) == 0
    with pytest.raises(InputError, match="same"):
        logistic_dif([], ("a",), reference=("a",))
    assert logistic_dif([], ("a",), reference=("b",)).notes[0].code == "no_questions"
