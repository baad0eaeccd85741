"""AUC, equal error rate, Cllr and the rest against hand counts and one another."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit import calibration
from datasets.scorecard.discrimination import (
    Ranked,
    auc_of,
    direction,
    discrimination_rows,
    eer_of,
    figure,
)
from datasets.scorecard.likelihoods import (
    calibration_error,
    cross_entropy,
    likelihoods,
    reliability,
    tippett,
)
from datasets.scorecard.rates import Register
from datasets.scorecard.resampling import Plan
from tests.datasets.made_trials import registry, scored, species, trial, trials

PLAN = Plan(rounds=200)
REGISTRY = Register(registry(species("face.swap"), species("face.blend", trained_on=True)))


def auc(attacks: list[float], genuine: list[float]) -> float:
    made = [*scored(attacks, species="face.swap"), *scored(genuine)]
    return figure(made, auc_of, PLAN, 1.0).value


def test_auc_counts_pairs_and_ties_half() -> None:
    """Attacks 1, 2, 3 and bona fide 0, 2: of 6 pairs 4 are right, 1 ties: 4.5 / 6."""
    assert auc([1, 2, 3], [0, 2]) == pytest.approx(4.5 / 6)
    assert auc([3, 4], [1, 2]) == 1.0
    assert auc([1, 2], [3, 4]) == 0.0
    assert auc([1, 1], [1, 1]) == 0.5


def test_auc_does_not_change_under_a_rising_function_and_turns_over_under_a_falling_one() -> None:
    chance = np.random.default_rng(2)
    attacks, genuine = chance.normal(1.0, 1.0, 40).tolist(), chance.normal(0.0, 1.0, 50).tolist()
    value = auc(attacks, genuine)
    assert auc([math.exp(x) for x in attacks], [math.exp(x) for x in genuine]) == pytest.approx(
        value
    )
    assert auc([-x for x in attacks], [-x for x in genuine]) == pytest.approx(1 - value)
    assert auc(genuine, attacks) == pytest.approx(1 - value)


def test_the_equal_error_rate_is_that_of_the_calibration_module() -> None:
    chance = np.random.default_rng(8)
    for n, m in ((5, 7), (30, 40), (3, 100)):
        attacks, genuine = chance.integers(0, 9, n) + 2.0, chance.integers(0, 9, m) * 1.0
        made = [*scored(attacks.tolist(), species="face.swap"), *scored(genuine.tolist())]
        expected, _ = calibration.equal_error_rate(attacks, genuine)
        assert figure(made, eer_of, PLAN, 1.0).value == pytest.approx(expected)


def test_weights_count_like_copies() -> None:
    scores, kinds = np.array([1.0, 2.0, 2.0, 4.0]), np.array([False, True, False, True])
    weights = np.array([[2.0, 1.0, 3.0, 1.0]])
    copied = np.repeat(scores, weights[0].astype(int)), np.repeat(kinds, weights[0].astype(int))
    once, many = Ranked.of(scores, kinds), Ranked.of(*copied)
    for statistic in (auc_of, eer_of):
        weighed = statistic(*once.shares(weights))[0]
        assert weighed == pytest.approx(statistic(*many.shares(np.ones((1, 7))))[0])


def test_a_round_without_a_kind_is_no_number() -> None:
    ranked = Ranked.of(np.array([1.0, 2.0]), np.array([True, False]))
    shares = ranked.shares(np.array([[0.0, 2.0], [2.0, 0.0], [1.0, 1.0]]))
    for statistic in (auc_of, eer_of):
        assert np.isnan(statistic(*shares)).tolist() == [True, True, False]


def test_attacks_stay_with_the_recording_that_they_were_made_from() -> None:
    """30 recordings of very different levels, each with an attack a little above it.

    Drawn with their sources the AUC varies less than if both kinds were drawn apart.
    """
    levels = np.random.default_rng(1).normal(0.0, 10.0, 30)
    together = [
        *[trial(source=f"{n}", score=x, species="face.swap") for n, x in enumerate(levels + 0.1)],
        *[trial(source=f"{n}", score=x) for n, x in enumerate(levels)],
    ]
    apart = [trial(source=t.source + t.species, score=t.score, species=t.species) for t in together]
    widths = []
    for made in (together, apart):
        found = figure(made, auc_of, PLAN, 1.0).by_source
        assert found is not None
        widths.append(found[1] - found[0])
    assert widths[0] < widths[1] / 2


def test_the_direction_is_read_from_what_is_flagged_not_from_what_is_true() -> None:
    """Flags low scores, and is wrong each time: the direction stands and the AUC is 0."""
    made = [
        *[trial(score=0.0, status="review", source=f"b{n}") for n in range(6)],
        *[trial(score=1.0, species="face.swap", source=f"a{n}") for n in range(6)],
    ]
    assert direction(made) is False
    (row, *_) = discrimination_rows(made, [], REGISTRY, PLAN)
    assert row.auc is not None
    assert row.auc.value == 0.0


def test_the_direction_may_come_from_ratios_or_stay_unknown() -> None:
    quiet = [trial(score=float(n), log10_lr=-float(n)) for n in range(4)]
    assert direction(quiet) is False
    unknown = [*scored([-1.0, -2.0]), *scored([-3.0], species="face.swap")]
    assert direction(unknown) is None
    (row, *_) = discrimination_rows(unknown, [], REGISTRY, PLAN)
    assert row.auc is None
    assert "direction" in row.why


def test_splits_keep_species_trained_on_apart() -> None:
    genuine = scored([-3, -2, -1, 1], condition="h264-28")
    missed = scored([-4, -4], species="face.swap", condition="h264-28")
    caught = scored([9, 9, 9], species="face.blend", condition="h264-28")
    rows = discrimination_rows([*genuine, *missed, *caught], [], REGISTRY, PLAN)
    found = {(r.axis, r.level): r for r in rows}
    assert set(found) == {
        ("all", ""), ("trained_on", ""), ("generator", "face.swap"), ("codec", "h264-28"),
        ("corpus", "home"),
    }  # fmt: skip
    values = {key: row.auc.value for key, row in found.items() if row.auc is not None}
    assert values[("all", "")] == 0.0
    assert values[("trained_on", "")] == 1.0
    assert values[("codec", "h264-28")] == values[("corpus", "home")] == 0.0
    assert found[("all", "")].attacks == 2


def test_a_level_is_held_out_only_where_other_splits_say_so() -> None:
    genuine = [*scored([-1, 2], condition="x"), *scored([-1, 2], condition="y")]
    rows = discrimination_rows(genuine, [], REGISTRY, PLAN)
    assert {r.seen for r in rows if r.axis == "codec"} == {"unknown"}
    used = [trial(split="train", condition="x", corpus="other")]
    rows = discrimination_rows(genuine, used, REGISTRY, PLAN)
    assert {r.level: r.seen for r in rows if r.axis == "codec"} == {"x": "yes", "y": "no"}
    assert {r.seen for r in rows if r.axis == "corpus"} == {"no"}


def with_ratios(attacks: list[float], genuine: list[float]):  # type: ignore[no-untyped-def]
    return [
        *[trial(log10_lr=x, species="face.swap", source=f"a{n}") for n, x in enumerate(attacks)],
        *[trial(log10_lr=x, source=f"b{n}") for n, x in enumerate(genuine)],
    ]


def test_cllr_is_that_of_the_calibration_module_and_its_interval_holds_it() -> None:
    chance = np.random.default_rng(6)
    attacks, genuine = chance.normal(0.6, 0.8, 60), chance.normal(-0.6, 0.8, 80)
    found = likelihoods(with_ratios(attacks.tolist(), genuine.tolist()), PLAN)
    assert found is not None
    assert found.cllr.value == pytest.approx(calibration.cllr(attacks, genuine))
    assert found.cllr_min <= found.cllr.value
    assert found.cllr.interval is not None
    assert found.cllr.interval[0] < found.cllr.value < found.cllr.interval[1]


def test_ratios_of_one_say_nothing() -> None:
    found = likelihoods(with_ratios([0.0] * 8, [0.0] * 8), PLAN)
    assert found is not None
    assert found.cllr.value == pytest.approx(1.0)
    assert found.cllr.interval == (pytest.approx(1.0), pytest.approx(1.0))
    assert found.expected_calibration_error == 0.0
    assert likelihoods(trials("nr"), PLAN) is None


def test_tippett_counts_by_hand() -> None:
    rows = tippett(np.array([-1.0, 1.0, 2.0]), np.array([-2.0, 1.0]))
    assert [(r.log10_lr, r.attacks, r.bona_fide) for r in rows] == [
        (-2.0, 1.0, 1.0),
        (-1.0, 1.0, 0.5),
        (0.0, 2 / 3, 0.5),
        (1.0, 2 / 3, 0.5),
        (2.0, 1 / 3, 0.0),
    ]


def test_cross_entropy_at_even_odds_is_cllr() -> None:
    attacks, genuine = np.array([1.0, -0.5, 2.0]), np.array([-1.0, 0.5, -2.0, -1.0])
    row = next(r for r in cross_entropy(attacks, genuine) if abs(r.log10_odds) < 1e-12)
    assert row.as_given == pytest.approx(calibration.cllr(attacks, genuine))
    assert row.recalibrated == pytest.approx(calibration.cllr_min(attacks, genuine))
    assert row.without == pytest.approx(1.0)


def test_recalibrated_is_never_worse_than_as_given_or_than_nothing() -> None:
    chance = np.random.default_rng(12)
    for row in cross_entropy(chance.normal(3, 1, 50), chance.normal(2, 1, 50)):
        assert row.recalibrated <= row.as_given + 1e-9
        assert row.recalibrated <= row.without + 1e-9


def test_reliability_by_hand() -> None:
    """log10 LR of +-log10(3) is a probability of .75 or .25 at even odds.

    At .75: 3 of 4 attacks and 2 of 4 bona fide, so .6 are attacks; at .25: 1 and 2, so 1/3.
    The error: .15 * .625 + (1/3 - .25) * .375 = .125.
    """
    three = math.log10(3.0)
    attacks = np.array([three, three, three, -three])
    genuine = np.array([three, three, -three, -three])
    low, high = reliability(attacks, genuine)
    assert (low.said, low.observed) == (pytest.approx(0.25), pytest.approx(1 / 3))
    assert (high.said, high.observed) == (pytest.approx(0.75), pytest.approx(0.6))
    assert (high.attacks, high.bona_fide) == (3, 2)
    assert calibration_error([low, high], 4, 4) == pytest.approx(0.125)
