"""Calibration against hand arithmetic and against values stored from NFI's `lir` 1.3.1."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audit import calibration as c
from audit.errors import SettingsInvalid

ROW = {
    "id": "toy",
    "score": "cosine similarity",
    "model": "toy",
    "model_version": "1",
    "slope": 10.0,
    "offset": -9.0,
    "lower": -1.5,
    "upper": 2.0,
    "hypotheses": ("one person", "two people"),
    "n_mated": 10,
    "n_nonmated": 90,
    "n_persons": 10,
    "datasets": ("toy",),
    "conditions": "none",
    "date": "2026-11-22",
    "source": "by hand",
    "cllr": 0.1,
}


def toy_scores() -> tuple[np.ndarray, np.ndarray]:
    """The scores that the stored oracle values belong to."""
    generator = np.random.default_rng(7)
    mated = np.round(generator.normal(1.5, 1, 40), 4)
    return mated, np.round(generator.normal(-1.5, 1.2, 300), 4)


def persons(scores: list[float], pairs: list[tuple[int, int]]) -> c.Comparisons:
    first, second = np.array(pairs).T
    return c.Comparisons(np.array(scores), first, second)


def test_rates_by_hand() -> None:
    assert c.fmr([0.1, 0.2, 0.3, 0.4], 0.3) == 0.5  # at the threshold counts as a match
    assert c.fnmr([0.3, 0.5], 0.3) == 0.0
    assert c.fnmr([0.3, 0.5], [0.31, 0.6]).tolist() == [0.5, 1.0]
    assert c.fmr([0.1, 0.9], 0.5, weights=[3.0, 1.0]) == 0.25
    with pytest.raises(ValueError, match="at least one score"):
        c.fmr([], 0.5)


def test_equal_error_rate_by_hand() -> None:
    rate, threshold = c.equal_error_rate([0.9, 0.8, 0.4, 0.7], [0.1, 0.2, 0.5, 0.3])
    assert (rate, threshold) == (0.25, 0.5)
    assert c.equal_error_rate([0.9, 0.8], [0.1, 0.2])[0] == 0.0
    assert c.equal_error_rate([0.5, 0.5], [0.5, 0.5])[0] == 0.5


def test_threshold_keeps_the_false_match_rate() -> None:
    nonmated = np.arange(1000) / 1000
    threshold = c.threshold_at_fmr(nonmated, 0.01)
    assert c.fmr(nonmated, threshold) == pytest.approx(0.01)
    assert c.threshold_at_fmr(nonmated, 1.0) == 0.0
    assert c.fmr(nonmated, c.threshold_at_fmr(nonmated, 0.0)) == 0.0


def test_exact_intervals() -> None:
    assert c.clopper_pearson(0, 100) == pytest.approx((0.0, 1 - 0.025 ** (1 / 100)))
    assert c.clopper_pearson(100, 100) == pytest.approx((0.025 ** (1 / 100), 1.0))
    low, high = c.clopper_pearson(3, 50)
    assert stats.binom.sf(2, 50, low) == pytest.approx(0.025)
    assert stats.binom.cdf(3, 50, high) == pytest.approx(0.025)
    assert c.rule_of_three(300) == 0.01
    assert c.rule_of_three(2) == 1.0
    for call in (lambda: c.rule_of_three(0), lambda: c.clopper_pearson(2, 1)):
        with pytest.raises(ValueError, match="trials"):
            call()


def test_cllr_by_hand() -> None:
    assert c.cllr([0.0], [0.0]) == pytest.approx(1.0)
    # LR 3 for mated, 1/3 for non-mated: log2(4/3) each.
    assert c.cllr([math.log10(3)], [-math.log10(3)]) == pytest.approx(math.log2(4 / 3))
    assert c.cllr([-math.inf], [0.0]) == math.inf


def test_pav_by_hand() -> None:
    mated, nonmated = c.pav([1.0, 3.0, 4.0], [0.0, 2.0, 0.5])
    # 1.0 and 2.0 violate the order and are pooled to odds 1 (log10 0).
    assert mated.tolist() == [0.0, math.inf, math.inf]
    assert nonmated.tolist() == [-math.inf, 0.0, -math.inf]
    assert c.cllr_min([1.0, 3.0, 4.0], [0.0, 2.0, 0.5]) == pytest.approx(1 / 3)


def test_agrees_with_the_reference_implementation() -> None:
    mated, nonmated = toy_scores()
    assert c.cllr(mated, nonmated) == pytest.approx(0.30517822025955077, abs=1e-9)
    assert c.cllr_min(mated, nonmated) == pytest.approx(0.24069297519547694, abs=1e-9)
    assert c.fit_logistic(mated, nonmated) == pytest.approx((1.19917686, 0.11061363), abs=1e-5)
    assert c.elub(mated, nonmated) == pytest.approx((-1.39, 1.76))
    assert c.elub(mated * 3, nonmated * 3) == pytest.approx((-0.95, 1.52))


def test_logistic_recovers_equal_variance_normals() -> None:
    grid = (np.arange(2000) + 0.5) / 2000
    slope, offset = c.fit_logistic(stats.norm.ppf(grid, 1, 1), stats.norm.ppf(grid, -1, 1))
    # ln LR of N(1,1) against N(-1,1) is 2 x.
    assert slope == pytest.approx(2 * math.log10(math.e), rel=0.01)
    assert offset == pytest.approx(0.0, abs=1e-6)


def test_counts_keep_separable_scores_finite() -> None:
    slope, offset = c.fit_logistic([0.9, 0.95], [0.5, 0.55], counts=(2, 2))
    # The best the targets allow: odds 3 for either kind.
    assert slope * 0.925 + offset == pytest.approx(math.log10(3), abs=0.1)
    more, _ = c.fit_logistic([0.9, 0.95], [0.5, 0.55], counts=(20, 20))
    assert more > slope


def test_bounds_follow_the_size_of_the_set() -> None:
    lower, upper = c.elub(np.full(9, 5.0), np.full(99, -5.0))
    assert -1.0 <= lower < -0.9
    assert 1.9 < upper <= 2.0
    # A system that is worse than none gets no room.
    assert c.elub(np.full(20, -2.0), np.full(20, 2.0)) == (0.0, 0.0)


@given(
    st.lists(st.floats(-4, 4), min_size=2, max_size=30),
    st.lists(st.floats(-4, 4), min_size=2, max_size=30),
)
def test_bounds_always_hold_zero_and_the_counts(mated: list[float], nonmated: list[float]) -> None:
    lower, upper = c.elub(mated, nonmated)
    assert -math.log10(len(mated) + 1) - 0.011 <= lower <= 0 <= upper
    assert upper <= math.log10(len(nonmated) + 1) + 0.011
    assert c.cllr_min(mated, nonmated) <= min(1.0, c.cllr(mated, nonmated)) + 1e-9


@given(st.integers(0, 5), st.integers(2, 8))
def test_bootstrap_brackets_the_estimate(seed: int, people: int) -> None:
    generator = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(people) for j in range(people)]
    scores = [generator.normal(float(i == j), 0.5) for i, j in pairs]
    comparisons = persons(scores, pairs)
    low, high = c.bootstrap(comparisons, c.weighted_eer, rounds=40, seed=seed)
    assert 0.0 <= low <= high <= 1.0
    assert (low, high) == c.bootstrap(comparisons, c.weighted_eer, rounds=40, seed=seed)


def test_bootstrap_resamples_people_not_pairs() -> None:
    # All pairs of a person move together: person 1 alone decides, so the interval spans 0..1.
    comparisons = persons([0.9] * 50 + [0.1] * 50, [(0, 0)] * 50 + [(1, 1)] * 50)
    pairs = c.Comparisons(
        np.append(comparisons.scores, 0.5),
        np.append(comparisons.first, 0),
        np.append(comparisons.second, 1),
    )

    def missed(of: c.Comparisons, weights: np.ndarray) -> float:
        return float(c.fnmr(of.mated, 0.5, weights[of.is_mated]))

    low, high = c.bootstrap(pairs, missed, rounds=200, seed=1)
    assert low == high == 0.5  # both people are needed for a non-mated pair
    with pytest.raises(ValueError, match="too few people"):
        c.bootstrap(comparisons, missed, rounds=3)


def test_comparisons_by_person() -> None:
    comparisons = persons([1.0, 0.2, 0.3, 0.9], [(0, 0), (0, 1), (1, 2), (2, 2)])
    assert comparisons.mated.tolist() == [1.0, 0.9]
    assert comparisons.nonmated.tolist() == [0.2, 0.3]
    assert comparisons.of([1, 2]).scores.tolist() == [0.3, 0.9]
    assert comparisons.persons.tolist() == [0, 1, 2]


def test_record_bounds_and_words() -> None:
    record = c.CalibrationRecord(**ROW)
    assert record.log10([0.0, 0.95, 1.5]).tolist() == pytest.approx([-1.5, 0.5, 2.0])
    ratio = record.likelihood_ratio(0.95)
    assert (ratio.log10, ratio.lower, ratio.upper) == (0.5, -1.5, 2.0)
    assert ratio.calibration == "toy (2026-11-22)"
    assert record.score_at(0.5) == pytest.approx(0.95)
    assert c.band(0.2) == "no"
    assert [c.band(x) for x in (0.31, -1.0, 2.0, -3.5, 4.0, 7.0)] == [
        "weak", "moderate", "moderately strong", "strong", "very strong", "extremely strong",
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [{"lower": 0.5}, {"slope": -1.0}, {"offset": math.nan}])
def test_record_refuses_nonsense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="calibration record toy"):
        c.CalibrationRecord(**(ROW | wrong))


def write_package(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    (folder / name / "calibration.toml").write_text(text)
    monkeypatch.syspath_prepend(folder)


def row_text(**changed: object) -> str:
    lines = ["[[record]]"]
    for key, value in (ROW | changed).items():
        shown = list(value) if isinstance(value, tuple) else value
        lines.append(f"{key} = {shown!r}")
    return "\n".join(lines)


def test_records_are_read_from_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_package(tmp_path, monkeypatch, "toy_good", row_text())
    assert c.records("toy_good")["toy"] == c.CalibrationRecord(**ROW)
    write_package(tmp_path, monkeypatch, "toy_extra", row_text(colour="red"))
    with pytest.raises(SettingsInvalid, match="colour"):
        c.records("toy_extra")
    write_package(tmp_path, monkeypatch, "toy_wrong", row_text(upper=-1.0))
    with pytest.raises(SettingsInvalid, match="bounds"):
        c.records("toy_wrong")


def test_shipped_records_are_sound() -> None:
    for name, record in c.records("identity").items():
        assert name == record.id
        assert record.n_mated > 0
        assert record.n_nonmated > 0
        # Few people cannot support wide bounds, however many pairs they form.
        assert record.lower >= -math.log10(record.n_persons + 1)
        assert record.upper <= math.log10(record.n_nonmated + 1)
        assert record.cllr < 1.0
