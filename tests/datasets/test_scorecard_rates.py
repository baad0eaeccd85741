"""Error rates by species, corpus and group against hand counts."""

from __future__ import annotations

import random

import numpy as np
import pytest

from audit.calibration import clopper_pearson
from datasets.scorecard.groups import cost, group_rows
from datasets.scorecard.rates import Register, abstention_rows, attack_rows, bona_fide_rows, rate
from datasets.scorecard.resampling import Clusters, Plan, by_person, by_source, draws, widest
from tests.datasets.made_trials import registry, species, trial, trials

PLAN = Plan(rounds=200)
REGISTRY = Register(registry(species("face.swap"), species("face.blend", trained_on=True)))


def test_apcer_counts_answers_and_strict_apcer_counts_everything() -> None:
    """10 presentations: 2 taken for bona fide, 5 flagged, 3 without an answer.

    APCER 2/7, strict (2+3)/10, non-responses 3/10.
    """
    (row,) = attack_rows(trials("nnrrrrriii", species="face.swap"), REGISTRY, PLAN)
    assert (row.apcer.errors, row.apcer.of, row.apcer.value) == (2, 7, 2 / 7)
    assert (row.apcer_strict.errors, row.apcer_strict.of, row.apcer_strict.value) == (5, 10, 0.5)
    assert (row.apnrr.errors, row.apnrr.value) == (3, 0.3)
    assert row.apcer.exact == clopper_pearson(2, 7)
    assert (row.presentations, row.trained_on, row.title) == (10, "no", "Title of face.swap")


def test_bpcer_counts_answers_and_strict_bpcer_counts_everything() -> None:
    """20 bona fide: 1 flagged, 15 cleared, 4 without an answer: 1/16, 5/20, 4/20."""
    (row,) = bona_fide_rows(trials("r" + "n" * 15 + "i" * 4), PLAN)
    assert row.bpcer.value == 1 / 16
    assert row.bpcer_strict.value == 0.25
    assert row.bpnrr.value == 0.2
    assert row.above_limit is True
    (clear,) = bona_fide_rows(trials("r" + "n" * 19), PLAN)
    assert clear.above_limit is False, "one of 20 is at the limit, not above it"


def test_no_error_still_has_an_upper_bound() -> None:
    """0 of 10: Clopper-Pearson goes up to 1 - 0.025 ** (1/10) = 0.3085, a bootstrap only to 0."""
    held = rate([False] * 10, trials("n" * 10), PLAN)
    assert held.by_source == (0.0, 0.0)
    assert held.interval is not None
    assert held.interval[1] == pytest.approx(1 - 0.025**0.1)


def test_no_answer_at_all_is_the_worst() -> None:
    made = [
        *trials("nnnn", species="face.swap", start="a"),
        *trials("iiii", species="face.silent", start="b"),
        *trials("rrrr", species="face.blend", start="c"),
    ]
    rows = attack_rows(made, REGISTRY, PLAN)
    assert [row.species for row in rows] == ["face.silent", "face.swap", "face.blend"]
    assert rows[0].apcer.value is None
    assert [row.trained_on for row in rows] == ["unknown", "no", "yes"]


def test_rows_are_of_strength_and_condition_worst_first() -> None:
    made = [
        *trials("nr", species="face.swap", strength="plain", condition="h264-28", start="a"),
        *trials("nn", species="face.swap", strength="subtle", condition="h264-28", start="b"),
        *trials("rr", species="face.swap", strength="subtle", condition="", start="c"),
    ]
    rows = attack_rows(made, REGISTRY, PLAN)
    assert [(r.strength, r.condition, r.apcer.value) for r in rows] == [
        ("subtle", "h264-28", 1.0),
        ("plain", "h264-28", 0.5),
        ("subtle", "", 0.0),
    ]
    (together,) = attack_rows(made, REGISTRY, PLAN, together=True)
    assert (together.apcer.errors, together.apcer.of) == (3, 6)


def test_adding_a_caught_attack_lowers_apcer_and_a_missed_one_raises_it() -> None:
    def value(statuses: str) -> float:
        (row,) = attack_rows(trials(statuses, species="face.swap"), REGISTRY, PLAN)
        assert row.apcer.value is not None
        return row.apcer.value

    assert value("nrrr") < value("nrr") < value("nnrr")
    assert value("nrri") == value("nrr"), "abstaining does not change the rate of answers"


def test_abstaining_never_helps_the_strict_rates() -> None:
    for before, after in (("nrr", "nri"), ("nnr", "nni")):
        (was,) = attack_rows(trials(before, species="face.swap"), REGISTRY, PLAN)
        (now,) = attack_rows(trials(after, species="face.swap"), REGISTRY, PLAN)
        assert was.apcer_strict.value is not None
        assert now.apcer_strict.value is not None
        assert now.apcer_strict.value >= was.apcer_strict.value


def test_order_of_trials_changes_nothing() -> None:
    made = [
        *trials("nrrni", species="face.swap", start="a"),
        *trials("nrrrr", species="face.blend", start="b"),
    ]
    shuffled = list(made)
    random.Random(4).shuffle(shuffled)
    assert attack_rows(shuffled, REGISTRY, PLAN) == attack_rows(made, REGISTRY, PLAN)
    assert bona_fide_rows(trials("nrn"), PLAN) == bona_fide_rows(trials("nrn")[::-1], PLAN)


def test_copies_of_a_recording_do_not_narrow_its_interval() -> None:
    """Each of 12 sources taken 10 times alike: the exact interval shrinks, by source it stays."""
    once = trials("nnnrrrrrrrrr")
    often = once * 10
    first, second = (
        rate([t.status == "n" or t.status == "no_indication" for t in held], held, PLAN)
        for held in (once, often)
    )
    assert second.by_source == first.by_source
    assert first.exact is not None and second.exact is not None
    assert second.exact[1] < first.exact[1]
    assert second.interval is not None and second.by_source is not None
    assert second.interval[1] >= second.by_source[1]


def test_few_clusters_have_no_bootstrap_interval() -> None:
    held = trials("nnrr")
    assert rate([True, True, False, False], held, PLAN).by_source is None


def test_an_unknown_person_counts_by_source() -> None:
    held = [
        trial(source="a", person="p"),
        trial(source="b", person="p"),
        trial(source="c"),
        trial(source="c"),
        trial(source="p"),
    ]
    assert by_source(held).count == 4
    assert by_person(held).count == 3


def test_draws_do_not_depend_on_how_many_are_made_at_a_time() -> None:
    plan = Plan(rounds=7, seed=3)
    whole = [row.tolist() for part in draws(5, plan) for row in part]
    single = [row.tolist() for part in draws(5, plan, width=10_000_000) for row in part]
    assert whole == single
    assert all(sum(row) == 5 for row in whole)
    assert len(whole) == 7


def test_sums_are_of_each_cluster() -> None:
    clusters = Clusters.of(["x", "y", "x"])
    assert clusters.sums(np.array([1.0, 2.0, 4.0])).tolist() == [5.0, 2.0]


def test_the_widest_interval_is_from_the_lowest_to_the_highest_end() -> None:
    assert widest((0.1, 0.3), None, (0.2, 0.5)) == (0.1, 0.5)
    assert widest(None, None) is None


def test_abstention_says_why_the_most_frequent_reason_first() -> None:
    made = [
        *trials("ii", reason="dark", start="a"),
        *trials("i", reason="short", start="b"),
        *trials("nnnnn", start="c"),
        *trials("ir", species="face.swap", reason="dark", start="d"),
    ]
    rows = [(r.kind, r.reason, r.count, r.of, r.share) for r in abstention_rows(made)]
    assert rows == [
        ("attack", "", 1, 2, 0.5),
        ("attack", "dark", 1, 2, 0.5),
        ("bona_fide", "", 3, 8, 0.375),
        ("bona_fide", "dark", 2, 8, 0.25),
        ("bona_fide", "short", 1, 8, 0.125),
    ]


def test_a_group_is_compared_with_all_of_its_corpus() -> None:
    """a: 4 of 40 flagged, b: 1 of 60; all 5 of 100. Ratios 0.1/0.05 = 2 and (1/60)/0.05 = 1/3."""
    made = [
        *trials("r" * 4 + "n" * 36, group="a", start="a"),
        *trials("r" * 1 + "n" * 59, group="b", start="b"),
        *trials("rrrrr", start="unknown group"),
        *trials("rrrrr", corpus="elsewhere", group="a", start="e"),
    ]
    rows = [row for row in group_rows(made, PLAN) if row.corpus == "home"]
    assert [(r.group, r.overall) for r in rows] == [("a", 0.05), ("b", 0.05)]
    assert rows[0].ratio == pytest.approx(2.0)
    assert rows[1].ratio == pytest.approx(1 / 3)
    assert rows[0].judged == "above_uncertain"
    assert rows[1].judged == "within_uncertain"


def test_many_trials_settle_what_few_leave_open() -> None:
    made = [
        *trials("r" * 400 + "n" * 3600, group="a", start="a"),
        *trials("r" * 100 + "n" * 5900, group="b", start="b"),
    ]
    assert [row.judged for row in group_rows(made, PLAN)] == ["above", "within"]


def test_a_group_without_flags_or_without_answers_is_said_to_be_so() -> None:
    quiet = group_rows([*trials("nnn", group="a"), *trials("nn", group="b", start="b")], PLAN)
    assert {row.judged for row in quiet} == {"nobody_flagged"}
    silent = group_rows([*trials("iii", group="a"), *trials("rn", group="b", start="b")], PLAN)
    assert {row.group: row.judged for row in silent}["a"] is None


def test_cost_is_of_trials_that_were_timed() -> None:
    """2 s for 10 faces and 4 s for 10: 0.3 s a face; untimed trials do not count."""
    made = [trial(units=10.0, seconds=2.0), trial(units=10.0, seconds=4.0), trial(units=9.0)]
    found = cost(made)
    assert found is not None
    assert (found.trials, found.per_unit) == (2, pytest.approx(0.3))
    assert found.per_unit_95 == pytest.approx(0.39)
    assert cost([trial()]) is None
