"""The search for less discriminatory alternatives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audit.errors import InputError
from fairness.alternatives import (
    Alternatives,
    ScoredSample,
    SearchPlan,
    pareto_front,
    search_alternatives,
)
from fairness.alternatives_measures import Persons, Rules, measure
from fairness.alternatives_scores import Scale, above, cut_for
from fairness.types import Note

QUICK = SearchPlan(weight_draws=30, draws=100, slacks=(0.02,), mitigate=False)


def sample(persons: int = 2000, *, share: float = 0.3, valid: float = 1.0) -> ScoredSample:
    """Group b scores a whole point lower on the first of two items; `valid`: what it measures."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, persons)
    ability = rng.normal(size=persons)
    first = valid * ability + rng.normal(size=persons) - 1.0 * (group == 1)
    second = ability + rng.normal(size=persons)
    label = (ability + 0.5 * rng.normal(size=persons) > 0).astype(np.float64)
    return ScoredSample(
        ("talk", "task"),
        np.column_stack([first, second]),
        group.astype(np.int64),
        (("a",), ("b",)),
        label,
        np.array([1.0, 1.0]),
        share,
    )


def found(data: ScoredSample, plan: SearchPlan = QUICK) -> Alternatives:
    result = search_alternatives(data, plan)
    assert isinstance(result, Alternatives)
    return result


def test_dropping_the_question_with_the_gap_is_found() -> None:
    result = found(sample(valid=0.0))
    today = result.baseline.held_out
    assert today.below_four_fifths
    assert today.worst_group == ("b",)
    without = next(c for c in result.candidates if c.parameters.get("without") == "talk")
    assert without.held_out.worst_ratio.value is not None
    assert without.held_out.worst_ratio.value > 0.85
    assert without.number in result.less_adverse
    assert without.held_out.worst_ratio.interval is not None
    assert today.worst_ratio.interval is not None
    assert today.worst_ratio.interval.high < without.held_out.worst_ratio.interval.low
    assert result.log.tried["cut"] == 19
    assert result.log.tried["dropped"] == 2
    assert result.log.tried["weights"] == 2 + 1 + 30 + 15
    assert result.log.search_rows == result.log.held_out_rows == 1000
    assert [c.number for c in result.candidates] == list(range(len(result.candidates)))


def test_a_less_valid_alternative_is_logged_but_not_called_as_good() -> None:
    result = found(sample())
    without = next(c for c in result.candidates if c.parameters.get("without") == "talk")
    today, other = result.baseline.held_out, without.held_out
    assert other.worst_ratio.value is not None
    assert today.worst_ratio.value is not None
    assert other.worst_ratio.value > today.worst_ratio.value + 0.1
    assert without.number not in result.less_adverse
    plan = SearchPlan(weight_draws=30, draws=100, mitigate=False, loss_allowed=0.2)
    assert without.number in found(sample(), plan).less_adverse


def test_every_candidate_keeps_about_todays_share_except_cuts() -> None:
    for candidate in found(sample()).candidates:
        if candidate.kind != "cut":
            assert candidate.search.share == pytest.approx(0.3, abs=0.001)
            assert candidate.held_out.share == pytest.approx(0.3, abs=0.05)
        else:
            assert candidate.search.share == pytest.approx(candidate.parameters["share"], abs=0.01)


def test_another_share_is_another_decision() -> None:
    result = found(sample())
    same = [c for c in result.candidates if c.same_share]
    assert {c.kind for c in same} == {"today", "cut", "dropped", "weights"}
    assert all(c.same_share for c in result.candidates if c.less_adverse)
    assert set(result.front_same_share) <= {c.number for c in same}
    assert any(not result.candidates[number].same_share for number in result.front)
    useful = SearchPlan(objective="utility", weight_draws=10, draws=0, mitigate=False)
    by_utility = found(sample(), useful)
    assert by_utility.front == by_utility.front_same_share != ()


def test_fairlearn_mitigations_raise_the_worst_ratio_and_say_what_they_are() -> None:
    plan = SearchPlan(weight_draws=0, draws=100, slacks=(0.02,), cut_shares=())
    result = found(sample(1200), plan)
    by_kind = {c.kind: c for c in result.candidates}
    assert {"regression", "exponentiated_gradient", "threshold_optimizer"} <= set(by_kind)
    today = by_kind["today"].held_out.worst_ratio.value
    assert today is not None
    for kind in ("exponentiated_gradient", "threshold_optimizer"):
        ratio = by_kind[kind].held_out.worst_ratio.value
        assert ratio is not None
        assert ratio > today + 0.1
        assert by_kind[kind].held_out.score_validity.value is None
        assert by_kind[kind].held_out.decision_validity.value is not None
    notes = {note.code for note in by_kind["threshold_optimizer"].notes}
    assert "group_thresholds" in notes
    assert by_kind["threshold_optimizer"].for_information
    assert by_kind["threshold_optimizer"].number not in (*result.front, *result.less_adverse)
    assert "2000e-2(l)" in by_kind["threshold_optimizer"].notes[0].text


def test_the_same_seed_gives_the_same_search() -> None:
    plan = SearchPlan(weight_draws=10, draws=50, slacks=(0.05,))
    data = sample(600)
    assert found(data, plan) == found(data, plan)
    other = SearchPlan(weight_draws=10, draws=50, slacks=(0.05,), seed=1)
    assert found(data, other).candidates != found(data, plan).candidates


def test_what_looks_better_by_chance_does_not_hold_out() -> None:
    """Noise items: the best of the search half is no better than today's on the held-out half."""
    gains = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        data = ScoredSample(
            tuple(f"q{i}" for i in range(5)),
            rng.normal(size=(300, 5)),
            rng.integers(0, 2, 300),
            (("a",), ("b",)),
            rng.integers(0, 2, 300).astype(np.float64),
            np.ones(5),
            0.4,
        )
        result = found(data, SearchPlan(weight_draws=40, draws=0, mitigate=False, cut_shares=()))
        best = max(result.candidates, key=lambda c: c.search.decision_validity.value or -1)
        gains.append(
            [
                (half.decision_validity.value or 0) - (base.decision_validity.value or 0)
                for half, base in (
                    (best.search, result.baseline.search),
                    (best.held_out, result.baseline.held_out),
                )
            ]
        )
    search, held_out = np.mean(gains, axis=0)
    assert search > 0.07
    assert abs(held_out) < 0.05


def test_ricci_weights_and_cuts(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "fairness" / "algofairness" / "ricci.csv")
    races = ("W", "B", "H")
    data = ScoredSample(
        ("Written", "Oral"),
        frame[["Written", "Oral"]].to_numpy(np.float64),
        np.array([races.index(race) for race in frame["Race"]], np.int64),
        tuple((race,) for race in races),
        (frame["Combine"] >= 70).to_numpy(np.float64),
        np.array([0.6, 0.4]),
        float((frame["Combine"] >= 70).mean()),
    )
    result = found(data)
    cut = result.baseline.parameters["cut"]
    assert cut == pytest.approx(70, abs=1.5)
    assert result.baseline.search.score_validity.value == pytest.approx(1.0)
    oral = [c for c in result.candidates if c.parameters.get("without") == "Written"]
    assert oral[0].search.worst_ratio.value is not None
    assert result.baseline.search.worst_ratio.value is not None
    assert oral[0].search.worst_ratio.value > result.baseline.search.worst_ratio.value


def test_measures_against_scipy() -> None:
    rng = np.random.default_rng(1)
    score = rng.normal(size=400)
    label = (score + rng.normal(size=400) > 0).astype(np.float64)
    group = rng.integers(-1, 2, 400)
    chosen = score > 0.3
    persons = Persons(group, (("a",), ("b",)), label, True)
    rules = Rules(None, 0.95, 200)
    outcome = measure(persons, chosen, score=score, rules=rules, generator=rng)
    r = stats.pearsonr(chosen.astype(float), label)
    assert outcome.decision_validity.value == pytest.approx(r.statistic)
    assert outcome.decision_validity.interval is not None
    assert outcome.decision_validity.interval.low == pytest.approx(r.confidence_interval().low)
    u = stats.mannwhitneyu(score[label == 1], score[label == 0]).statistic
    area = u / (label.sum() * (1 - label).sum())
    assert outcome.score_validity.value == pytest.approx(area)
    assert outcome.utility.value == pytest.approx(label[chosen].mean() - label.mean())
    assert outcome.assessed == int((group >= 0).sum())
    graded = Persons(group, (("a",), ("b",)), score + rng.normal(size=400), False)
    outcome = measure(graded, chosen, score=score, rules=rules, generator=rng)
    assert outcome.score_validity.value == pytest.approx(stats.pearsonr(score, graded.label)[0])


def test_missing_answers_graded_labels_small_and_unknown_groups() -> None:
    base = sample(900)
    items = base.items.copy()
    items[::7, 1] = np.nan
    label = np.where(np.arange(900) % 5 == 0, np.nan, base.items.sum(axis=1))
    group = base.group.copy()
    group[:3] = 2
    group[3:30] = -1
    data = ScoredSample(
        base.names, items, group, (*base.groups, ("tiny",)), label, base.weights, 0.3
    )
    plan = SearchPlan(weight_draws=5, draws=50, slacks=(0.05,))
    result = found(data, plan)
    assert {"missing_answers", "unlabelled", "unknown_level"} <= {n.code for n in result.notes}
    assert any("label at least" in c.parameters for c in result.candidates)
    for candidate in result.candidates:
        assert candidate.held_out.worst_group != ("tiny",)
        values = (candidate.held_out.worst_ratio.value, candidate.held_out.utility.value)
        assert all(value is None or np.isfinite(value) for value in values)


def test_too_few_one_group_one_label_and_all_tied() -> None:
    assert isinstance(search_alternatives(sample(20), QUICK), Note)
    base = sample(200)
    one = ScoredSample(
        base.names, base.items, np.zeros(200, np.int64), (("a",),), base.label, base.weights, 0.3
    )
    plan = SearchPlan(weight_draws=3, draws=20)
    result = found(one, plan)
    assert result.baseline.held_out.worst_ratio.value is None
    assert result.front == ()
    assert "mitigations_not_fitted" in {note.code for note in result.notes}
    good = ScoredSample(
        base.names, base.items, base.group, base.groups, np.ones(200), base.weights, 0.3
    )
    assert found(good, plan).baseline.held_out.decision_validity.value is None
    tied = ScoredSample(
        base.names, np.ones((200, 2)), base.group, base.groups, base.label, base.weights, 0.3
    )
    assert found(tied, plan).baseline.held_out.share == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"share": 1.0}, "share"),
        ({"weights": np.zeros(2)}, "weights"),
        ({"weights": np.ones(3)}, "one name"),
        ({"group": np.full(2000, 5)}, "group"),
        ({"items": np.full((2000, 2), np.inf)}, "infinite"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    base = sample()
    fields = {name: getattr(base, name) for name in base.__slots__}
    with pytest.raises(InputError, match=message):
        search_alternatives(ScoredSample(**{**fields, **change}), QUICK)


points = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30)


@given(points)
def test_front_holds_exactly_what_nothing_beats(pairs: list[tuple[int, int]]) -> None:
    front = set(pareto_front([(float(x), float(y)) for x, y in pairs]))
    for i, (x, y) in enumerate(pairs):
        beaten = any(a >= x and b >= y and (a, b) != (x, y) for a, b in pairs)
        assert (i in front) == (not beaten)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=50), st.floats(0.01, 0.99))
def test_cut_selects_the_share_that_is_closest(scores: list[int], share: float) -> None:
    array = np.array(scores, np.float64)
    selected = float(above(array, cut_for(array, share)).mean())
    every = [float((array >= value).mean()) for value in array]
    assert abs(selected - share) == pytest.approx(min(abs(s - share) for s in every))


def test_raw_cut_is_on_the_scale_of_the_weighted_sum() -> None:
    rng = np.random.default_rng(0)
    items = rng.normal([60, 80], [5, 10], (500, 2))
    weights = np.array([0.6, 0.4])
    scale = Scale.of(("a", "b"), items, weights)
    composite = scale.standardize(items) @ scale.current
    assert [scale.raw_cut(float(c)) for c in composite[:5]] == pytest.approx(
        (items[:5] @ weights).tolist()
    )
