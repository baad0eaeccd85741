"""A whole audit finds what was planted, adds up, repeats, and answers odd tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.errors import DataInvalid
from datasets.hiring import make_hiring, tables
from fairness.audit import audit, audit_cube, settings_of
from fairness.audit_tables import MOST_CLASSES
from fairness.builder import cube_of
from fairness.result import AuditResult
from fairness.spec import load_spec
from fairness.types import FindingClass
from tests.fairness import made_up


@pytest.fixture(scope="module")
def result() -> AuditResult:
    return made_up.whole()


def simple(**changes: Any) -> Any:
    fields: dict[str, Any] = {
        "outcome": {"column": "out", "selected": ["1"], "not_selected": ["0"]},
        "features": [{"name": "sex", "column": "sex"}],
        "replicates": 200,
        **changes,
    }
    return load_spec(fields)


def table(rows: list[tuple[Any, ...]], *names: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(names))


def test_every_part_is_there(result: AuditResult) -> None:
    for part in (
        *("tables", "findings", "conditional", "accuracy", "calibration", "distances"),
        *("distributions", "sweeps", "funnels", "drift", "intersections", "dif", "logistic_dif"),
        *("validity", "validity_gain", "structure", "agreement", "events", "settings_compared"),
    ):
        assert getattr(result, part), part
    assert result.severity is not None
    assert not [n for n in result.notes if n.code == "not_computed"]


def test_counts_are_those_of_the_table(result: AuditResult) -> None:
    people, _ = tables(6000, made_up.SEED)
    decided = people[people["decision"].isin(["Hired", "Rejected"])]
    women = decided[decided["sex"] == "Female"]
    row = result.table("selection:sex").impact.row("Female")
    assert (row.assessed, row.selected) == (len(women), (women["decision"] == "Hired").sum())
    assert result.data.persons == 6000
    assert result.data.decided == len(decided)
    race = next(f for f in result.features if f.name == "race")
    assert race.unknown == (people["race"] == "Decline to answer").sum()
    assert sum(race.persons) + race.unknown == 6000


def test_the_planted_question_is_found(result: AuditResult) -> None:
    black = next(t for t in result.dif if t.focal == ("Black",))
    culture = black.item("culture")
    assert culture.flagged
    assert culture.against == ("Black",)
    assert culture.ets_class in ("BB", "CC")
    others = [t for t in result.dif if t.focal != ("Black",) and t.reference != ("Black",)]
    assert all(t.item("culture").ets_class == "AA" for t in others)


def test_the_severe_interviewer_is_found(result: AuditResult) -> None:
    assert result.severity is not None
    first = result.severity.interviewers[0]
    assert first.interviewer == "Stone"
    assert first.stands_out
    assert first.deviation.value is not None
    assert -0.9 < first.deviation.value < -0.4


def test_planted_flags_and_overrides_are_found(result: AuditResult) -> None:
    found = {(f.id, f.row.finding) for f in result.findings if f.part == "events"}
    assert ("event:flagged:race:Asian", FindingClass.ADVERSE) in found
    assert ("event:overridden_down:age:40 and over", FindingClass.ADVERSE) in found


def test_the_penalty_of_age_is_in_ai_led_interviews_only(result: AuditResult) -> None:
    by_mode = next(
        c for c in result.settings_compared if (c.axis, c.features) == ("mode", ("age",))
    )
    ratios = {s: by_mode.row(s, "40 and over").ratio.value for s in by_mode.settings}
    assert ratios["ai_led"] is not None and ratios["human_led"] is not None
    assert ratios["ai_led"] < 0.8 < ratios["human_led"]


def test_black_women_are_lower_than_their_features_say(result: AuditResult) -> None:
    rows = {r.group: r.comparison for r in result.table("scoring:score:sex*race").impact.rows}
    ratios = {g: c.ratio.value for g, c in rows.items() if c and c.ratio.value is not None}
    assert min(ratios, key=lambda g: ratios[g]) == ("Female", "Black")
    assert ratios["Female", "Black"] < 0.8


def test_the_gap_of_women_shrinks_within_jobs(result: AuditResult) -> None:
    women = next(
        c.disparity
        for c in result.conditional
        if c.disparity.focal == ("Female",) and c.disparity.by == ("job",)
    )
    crude, within = women.crude.difference.value, women.standardized_difference.value
    assert crude is not None and within is not None
    assert crude < -0.05
    assert abs(within) < abs(crude) / 2


def test_the_score_of_hispanic_candidates_falls_in_may() -> None:
    people, _ = tables(6000, made_up.SEED)
    late = people["month"] >= "2025-05"
    tool = people["mode"] != "Recruiter"
    hispanic = people["race"] == "Hispanic"
    means = [people[tool & hispanic & when]["score"].mean() for when in (~late, late)]
    assert means[0] - means[1] > 4


def test_findings_say_no_more_than_their_classes(result: AuditResult) -> None:
    words = " ".join(f.row.reason for f in result.findings).lower()
    assert not any(word in words for word in (" fair ", "compliant", "bias-free"))
    ids = [f.id for f in result.findings]
    assert len(set(ids)) == len(ids)


def test_an_audit_of_the_cube_is_the_audit_of_the_rows(result: AuditResult, tmp_path: Path) -> None:
    made = make_hiring(tmp_path, count=6000, seed=made_up.SEED)
    cube = cube_of(made.candidates, made_up.spec(), ratings=made.ratings)
    from_counts = audit_cube(type(cube).from_json(cube.to_json()), made_up.spec())
    for part in ("tables", "findings", "conditional", "accuracy", "funnels", "drift", "events"):
        assert getattr(from_counts, part) == getattr(result, part), part
    assert "counts_alone" in {n.code for n in from_counts.notes}
    assert from_counts.dif and not from_counts.structure


def test_merged_cubes_are_the_audit_of_all() -> None:
    people, _ = tables(1500, 3)
    rules = made_up.spec(ratings=None, items=None)
    whole = audit_cube(cube_of(people, rules), rules)
    halves = [cube_of(people[people.index % 2 == i], rules) for i in (0, 1)]
    merged = audit_cube(halves[0].merged(halves[1]), rules)
    assert [t.impact for t in merged.tables] == [t.impact for t in whole.tables]
    assert merged.data.merged_from == 2


def test_what_is_missing_is_said() -> None:
    rows = [("a", 1), ("a", 0), ("b", 1), ("b", 1)]
    found = audit(table(rows, "sex", "out"), simple())
    parts = {str(n.facts["part"]) for n in found.notes if n.code == "not_computed"}
    assert parts == {
        *("funnel", "drift", "conditional", "settings_compared", "distances", "accuracy"),
        *("validity", "validity_gain", "dif", "structure", "agreement", "events"),
    }
    assert [t.id for t in found.tables] == ["selection:sex"]


@pytest.mark.parametrize("out", [0, 1])
def test_nobody_or_everybody_selected_is_answered(out: int) -> None:
    rows = [("a", out), ("b", out)] * 40
    found = audit(table(rows, "sex", "out"), simple())
    classes = {f.row.finding for f in found.findings}
    assert classes <= {FindingClass.UNDETECTABLE, FindingClass.NO_INDICATION}
    assert found.findings


def test_more_classes_than_tables_are_said() -> None:
    rows = [("ab"[i % 2], i % 2, f"class {i % 30}") for i in range(300)]
    found = audit(table(rows, "sex", "out", "class"), simple(classes="class"))
    assert sum(t.id.startswith("class:") for t in found.tables) == MOST_CLASSES
    assert [n.code for n in found.notes].count("levels_without_table") == 1


def test_one_group_only_is_answered() -> None:
    found = audit(table([("a", 1), ("a", 0)] * 20, "sex", "out"), simple())
    assert {f.row.finding for f in found.findings} == {FindingClass.UNDETECTABLE}


def test_all_scores_tied_and_a_score_without_an_outcome() -> None:
    rules = load_spec(
        {
            "scores": [{"name": "s", "column": "s"}],
            "features": [{"name": "sex", "column": "sex"}],
            "replicates": 100,
        }
    )
    found = audit(table([("a", 5), ("b", 5)] * 30, "sex", "s"), rules)
    scoring = found.table("scoring:s:sex")
    assert scoring.median is not None and scoring.median.tied == 60
    assert [r.selected for r in scoring.impact.rows] == [0, 0]
    assert len(found.sweeps) == 1
    assert found.distributions[0].counts.sum() == 60


def test_less_is_better_turns_the_sweep() -> None:
    draw = np.random.default_rng(1)
    rows = [("ab"[i % 2], int(x), 0) for i, x in enumerate(draw.integers(1, 9, 300))]
    frame = table(rows, "sex", "s", "out")
    turned = frame.assign(s=10 - frame["s"])
    scores = [{"name": "s", "column": "s", "higher_is_better": better} for better in (True, False)]
    more, less = (
        audit(data, simple(scores=[score]))
        for data, score in zip((frame, turned), scores, strict=True)
    )
    up, down = more.sweeps[0].sweep, less.sweeps[0].sweep
    assert (np.diff(down.cuts) > 0).all()
    np.testing.assert_array_equal(10 - down.cuts[::-1], up.cuts)
    np.testing.assert_array_equal(down.selected[::-1], up.selected)
    assert (np.diff(down.rates, axis=0) >= 0).all()
    assert less.table("scoring:s:sex").impact.rows == more.table("scoring:s:sex").impact.rows


def test_histograms_hold_everybody(result: AuditResult) -> None:
    people, _ = tables(6000, made_up.SEED)
    for bars in result.distributions:
        assert bars.counts.sum() + bars.unknown.sum() == people["score"].notna().sum()
        assert len(bars.edges) == bars.counts.shape[1] + 1
        assert (np.diff(bars.edges) > 0).all()


def test_progress_rises_to_the_end() -> None:
    seen: list[tuple[str, float]] = []
    people, _ = tables(300, 1)
    audit(
        people,
        made_up.spec(ratings=None, items=None),
        progress=lambda stage, done: seen.append((stage, done)),
    )
    shares = [done for _, done in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert all(stage for stage, _ in seen)


def test_an_unmapped_word_stops_the_audit() -> None:
    with pytest.raises(DataInvalid, match="out"):
        audit(table([("a", 1), ("b", 7)], "sex", "out"), simple())


def test_settings_follow_the_specification() -> None:
    settings = settings_of(simple(alpha=0.1, seed=4, suppression={"below": 5}))
    assert (settings.alpha, settings.level, settings.seed) == (0.1, 0.9, 4)
    assert settings.suppress_below == 5


def test_alternatives_are_searched_when_asked_for() -> None:
    found = made_up.small().alternatives
    assert [a.features for a in found] == [("sex",), ("race",), ("age",)]
    assert all(a.found.candidates for a in found)
