"""A cube counts what plain Python counts, whatever the order, the source and the score."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import DataInvalid
from fairness.builder import build, cube_of
from fairness.cube import Cube
from fairness.rows import open_rows
from fairness.types import GroupCounts
from tests.fairness import hiring

AXES = ("period", "mode", "coached", "withdrew")
MODES = {"bot": "ai_led", "person": "human_led"}
TABLES = [("sex",), ("race",), ("age",), ("sex", "race"), ("age", "sex", "race")]


def as_dict(counts: GroupCounts, field: str = "assessed") -> dict[tuple[str | None, ...], int]:
    values = getattr(counts, field)
    return {g: int(n) for g, n in zip(counts.groups, values, strict=True) if n}


def known(found: dict[tuple[str | None, ...], int]) -> dict[tuple[str | None, ...], int]:
    return {g: n for g, n in found.items() if None not in g}


def unknown(found: dict[tuple[str | None, ...], int]) -> int:
    return sum(n for g, n in found.items() if None in g)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return hiring.people(700, seed=3)


@pytest.fixture(scope="module")
def cube(frame: pd.DataFrame) -> Cube:
    return cube_of(frame, hiring.spec())


@pytest.mark.parametrize("features", TABLES)
@pytest.mark.parametrize("where", [{}, {"job": "Cook"}, {"period": "2025-02", "mode": "ai_led"}])
def test_counts_are_those_of_the_rows(
    frame: pd.DataFrame, cube: Cube, features: tuple[str, ...], where: dict[str, str]
) -> None:
    def chosen(row: hiring.Row) -> bool:
        own = {"job": row["job"], "period": row["applied"][:7], "mode": MODES[row["led"]]}
        return all(own[axis] == level for axis, level in where.items())

    decided = hiring.tally(
        frame, features, lambda r: chosen(r) and r["decision"] in ("Hired", "Rejected")
    )
    hired = hiring.tally(frame, features, lambda r: chosen(r) and r["decision"] == "Hired")
    counts = cube.counts(features, where)
    assert as_dict(counts) == known(decided)
    assert as_dict(counts, "selected") == known(hired)
    assert counts.unknown_assessed == unknown(decided)
    assert counts.unknown_selected == unknown(hired)


@pytest.mark.parametrize("decimals", [0, 12])
@pytest.mark.parametrize("better", [True, False])
@pytest.mark.parametrize("over", ["all", "known"])
def test_scoring_is_strictly_beyond_the_median_of_all(
    decimals: int, better: bool, over: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Few exact scores are allowed, so that the same answer must come from bins.
    monkeypatch.setattr("fairness.builder.EXACT_SCORES", 4096 if decimals == 0 else 10)
    frame = hiring.people(401, seed=5, decimals=decimals)
    score = {"name": "fit", "column": "fit", "higher_is_better": better}
    cube = cube_of(frame, hiring.spec(scores=[score], median_over=over))
    for where, part in (
        ({}, frame),
        ({"mode": "human_led"}, frame[frame["led"] == "person"]),
        ({"period": "2025-03"}, frame[frame["applied"].str.startswith("2025-03")]),
    ):
        scored = part[part["fit"].notna()]
        if over == "known":
            both = [hiring.sex(r) and hiring.race(r) for _, r in scored.iterrows()]
            median = statistics.median(scored[[bool(b) for b in both]]["fit"])
        else:
            median = statistics.median(scored["fit"])
        found = cube.median("fit", where)
        assert found.value == pytest.approx(median, abs=0)
        assert found.exact
        above = hiring.tally(
            scored,
            ("sex", "race"),
            lambda r, m=median: (r["fit"] > m) if better else (r["fit"] < m),  # type: ignore[misc]
        )
        counts = cube.scoring(("sex", "race"), "fit", where)
        assert as_dict(counts, "selected") == known(above)
        assert counts.unknown_selected == unknown(above)
        assert as_dict(counts) == known(hiring.tally(scored, ("sex", "race"), lambda _: True))
        assert counts.basis == "scoring"


def test_ties_with_the_median_are_told_and_are_not_above() -> None:
    frame = hiring.people(40, seed=1).assign(fit=7.0)
    cube = cube_of(frame, hiring.spec())
    counts = cube.scoring(("sex",), "fit")
    assert counts.selected.tolist() == [0, 0]
    assert counts.assessed.sum() + counts.unknown_assessed == 40
    median = cube.median("fit")
    assert (median.value, median.tied, median.tie_share) == (7.0, 40, 1.0)
    assert [n.code for n in median.notes] == ["all_scores_tied"]


def test_nobody_with_a_score_has_a_reason() -> None:
    cube = cube_of(hiring.people(10).assign(fit=float("nan")), hiring.spec())
    assert cube.median("fit").value is None
    assert [n.code for n in cube.median("fit").notes] == ["no_scores"]
    assert cube.scoring(("sex",), "fit").assessed.tolist() == [0, 0]
    assert cube.histogram(("sex",), "fit").counts.shape == (2, 0)


def test_histograms_hold_every_score(frame: pd.DataFrame, cube: Cube) -> None:
    part = cube.histogram(("sex",), "fit")
    assert part.width == 0.0
    for place, level in enumerate(("Female", "Male")):
        scores = [r["fit"] for _, r in frame.iterrows() if hiring.sex(r) == level]
        want = pd.Series(scores).dropna().value_counts()
        got = {v: int(n) for v, n in zip(part.values, part.counts[place], strict=True) if n}
        assert got == want.to_dict()
    hired = cube.histogram(("sex",), "fit", {"outcome": "selected"})
    both = hired.counts.sum() + hired.unknown.sum()
    assert both == ((frame["decision"] == "Hired") & frame["fit"].notna()).sum()


def test_labels_events_population_and_strata(frame: pd.DataFrame, cube: Cube) -> None:
    labels = cube.labels(("sex",))
    good = {g: labels.true_positive[i] for i, (g,) in enumerate(labels.groups)}
    want = hiring.tally(frame, ("sex",), lambda r: r["decision"] == "Hired" and r["rating"] >= 3)
    assert good == {g: want[(g,)] for g in ("Female", "Male")}
    gone = hiring.tally(
        frame, ("sex",), lambda r: r["decision"] != "Pending" and pd.isna(r["rating"])
    )
    assert labels.unlabelled.tolist() == [gone[("Female",)], gone[("Male",)]]

    left = cube.events(("sex",), "withdrew")
    assert as_dict(left, "selected") == known(
        hiring.tally(frame, ("sex",), lambda r: r["withdrew"] == "yes")
    )
    assert left.assessed.sum() + left.unknown_assessed == len(frame)
    with pytest.raises(DataInvalid, match="overridden"):
        cube.events(("sex",), "overridden")

    everybody = cube.population(("sex", "race"))
    assert everybody.persons.sum() == len(frame)
    found = {g: int(n) for g, n in zip(everybody.groups, everybody.persons, strict=True)}
    assert found == hiring.tally(frame, ("sex", "race"), lambda _: True)

    strata = cube.strata(("sex",), by=("job", "period"))
    assert strata.assessed.shape == (len(strata.strata), 2)
    assert ("(not given)", "2025-01") in strata.strata
    total = cube.counts(("sex",))
    assert strata.assessed.sum(axis=0).tolist() == total.assessed.tolist()
    assert strata.selected.sum(axis=0).tolist() == total.selected.tolist()


def test_moments_are_those_of_numpy(frame: pd.DataFrame, cube: Cube) -> None:
    found = cube.moments(("sex",), "fit")
    for place, (level,) in enumerate(found.groups):
        mine = frame[[hiring.sex(r) == level for _, r in frame.iterrows()]]
        both = mine[mine["fit"].notna() & mine["rating"].notna()]
        x, y = both["fit"].to_numpy(), both["rating"].to_numpy()
        assert found.n[place] == len(both)
        assert found.mean_x[place] == pytest.approx(x.mean(), rel=1e-14)
        assert found.sxy[place] == pytest.approx(((x - x.mean()) * (y - y.mean())).sum(), rel=1e-12)
        assert found.sxx[place] == pytest.approx(((x - x.mean()) ** 2).sum(), rel=1e-12)
        assert found.syy[place] == pytest.approx(((y - y.mean()) ** 2).sum(), rel=1e-12)


@settings(max_examples=5)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 60), shuffle=st.randoms())
def test_the_order_of_rows_and_columns_changes_nothing(seed: int, count: int, shuffle: Any) -> None:
    frame = hiring.people(count, seed, decimals=3)
    order, columns = list(range(count)), list(frame.columns)
    shuffle.shuffle(order)
    shuffle.shuffle(columns)
    other = frame.iloc[order][columns].reset_index(drop=True)
    spec = hiring.spec()
    assert cube_of(frame, spec).to_json() == cube_of(other, spec).to_json()


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "feather", "arrow", "polars", "reader"])
def test_every_source_gives_the_same_cube(
    kind: str, frame: pd.DataFrame, cube: Cube, tmp_path: Path
) -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    data: Any
    if kind in ("csv", "tsv"):
        data = tmp_path / f"d.{kind}"
        frame.to_csv(data, index=False, sep="," if kind == "csv" else "\t")
    elif kind == "parquet":
        data = tmp_path / "d[1].parquet"
        frame.to_parquet(data)
    elif kind == "feather":
        data = tmp_path / "d.arrow"
        with pa.OSFile(str(data), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
    elif kind == "arrow":
        data = table
    elif kind == "polars":
        data = pytest.importorskip("polars").from_arrow(table)
    else:
        data = table.to_reader(max_chunksize=64)
    assert cube_of(data, hiring.spec()).to_json() == cube.to_json()


def test_counting_equal_rows_first_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairness.rows._COMPACT_FROM", 1)
    frame = hiring.people(2000, seed=6)
    few = frame.assign(applied="2025-01-01", age=30.0, fit=(frame["fit"] // 50))
    spec = hiring.spec(label=None, job=None, coached=None)
    with open_rows(few, spec) as rows:
        assert rows.counted.relation == "compact"
        packed = build(rows)
    monkeypatch.undo()
    with open_rows(few, spec) as rows:
        assert rows.counted.relation == "keyed"
        assert build(rows).to_json() == packed.to_json()


def test_many_features_are_kept_singly_and_as_named() -> None:
    frame = pd.DataFrame({f"f{i}": [f"l{(i + j) % 3}" for j in range(60)] for i in range(40)})
    frame["out"] = ["y", "n"] * 30
    features = [{"name": f"f{i}", "column": f"f{i}"} for i in range(40)]
    outcome = {"column": "out", "selected": ["y"], "not_selected": ["n"]}
    cube = cube_of(
        frame,
        hiring.load_spec(
            {
                "outcome": outcome,
                "features": features,
                "intersections": [["f0", "f1"], ["f37", "f2", "f9"]],
            }
        ),
    )
    assert len(cube.features) == 40
    for i in range(40):
        assert cube.counts((f"f{i}",)).assessed.sum() == 60
    assert cube.counts(("f9", "f37", "f2")).assessed.sum() == 60
    with pytest.raises(DataInvalid, match="intersections"):
        cube.counts(("f5", "f6"))


def test_axes_too_many_to_keep_together_are_kept_in_pairs() -> None:
    frame = hiring.people(2000, seed=8)
    cube = cube_of(frame, hiring.spec(label=None))
    tight = cube_of(frame, hiring.spec(limits={"cells": 1000}, label=None))
    assert len(tight.persons) > 1
    for where in ({}, {"job": "Cook"}, {"mode": "ai_led"}):
        assert as_dict(tight.counts(("sex", "race"), where)) == as_dict(
            cube.counts(("sex", "race"), where)
        )
    with pytest.raises(DataInvalid, match="together"):
        tight.counts(("sex",), {"job": "Cook", "mode": "ai_led", "period": "2025-01"})


STAGES = ["screen", "interview", "offer"]


def staged(decisions: dict[str, list[tuple[str, str]]]) -> pd.DataFrame:
    rows = [
        {"id": who, "stage": stage, "decision": decision, "sex": who[0]}
        for who, steps in decisions.items()
        for stage, decision in steps
    ]
    return pd.DataFrame(rows)


FOLDED = {
    "F1": [("screen", "Hired"), ("interview", "Hired"), ("offer", "Hired")],
    "F2": [("screen", "Rejected")],
    "F3": [("interview", "Rejected"), ("screen", "Hired")],
    "M1": [("screen", "Hired")],
    "M2": [("screen", "Hired"), ("interview", "Pending")],
    "M3": [("screen", "Pending")],
}


def test_rows_per_stage_are_folded_into_applications() -> None:
    changes: dict[str, Any] = dict.fromkeys((*AXES, "job", "label", "scores"))
    spec = hiring.spec(
        **changes,
        stage={"column": "stage", "order": STAGES, "layout": "row_per_stage"},
        features=[hiring.SPEC["features"][0]],
    )
    cube = cube_of(staged(FOLDED), spec)
    assert cube.total == 6
    funnel = cube.funnel(("sex",))
    entered = {s.stage: s.entered.tolist() for s in funnel.stages}
    passed = {s.stage: s.passed.tolist() for s in funnel.stages}
    # M1 passed the screen and waits for the interview, M2 waits in it, M3 in the screen.
    assert entered == {"screen": [3, 2], "interview": [2, 0], "offer": [1, 0]}
    assert passed == {"screen": [2, 2], "interview": [1, 0], "offer": [1, 0]}
    bottom = cube.counts(("sex",))
    assert bottom.assessed.tolist() == [3, 0]
    assert bottom.selected.tolist() == [1, 0]
    screen = cube.counts(("sex",), {"stage": "screen"})
    assert screen.assessed.tolist() == [3, 2]
    assert screen.selected.tolist() == [2, 2]


def test_the_stage_reached_gives_the_same_funnel() -> None:
    frame = pd.DataFrame(
        {
            "stage": ["Offer", "screen", "interview", "screen"],
            "decision": ["Hired", "Rejected", "Rejected", "Pending"],
            "sex": ["F", "F", "M", "M"],
        }
    )
    changes: dict[str, Any] = dict.fromkeys((*AXES, "job", "label", "scores"))
    spec = hiring.spec(
        **changes,
        candidate=None,
        stage={"column": "stage", "order": STAGES},
        features=[hiring.SPEC["features"][0]],
    )
    cube = cube_of(frame, spec)
    stages = {
        s.stage: (s.entered.tolist(), s.passed.tolist()) for s in cube.funnel(("sex",)).stages
    }
    assert stages == {
        "screen": ([2, 1], [1, 1]),
        "interview": ([1, 1], [1, 0]),
        "offer": ([1, 0], [1, 0]),
    }
    assert [n.code for n in cube.notes] == ["duplicates_not_checked"]


def test_a_cut_stands_in_for_an_outcome() -> None:
    frame = hiring.people(50, seed=2)
    cube = cube_of(frame, hiring.spec(outcome=None))
    want = hiring.tally(frame, ("sex",), lambda r: r["fit"] >= 50)
    assert as_dict(cube.counts(("sex",)), "selected") == known(want)
    assert "outcome_from_cut" in [n.code for n in cube.notes]


def test_classes_are_counted_one_by_one() -> None:
    frame = hiring.people(80, seed=4)
    frame["class"] = [["high", "low", "mid", None][i % 4] for i in range(80)]
    cube = cube_of(frame, hiring.spec(classes="class"))
    counts = cube.in_class(("sex",), "mid")
    assert counts.basis == "class:mid"
    assert counts.assessed.sum() + counts.unknown_assessed == 60
    assert counts.selected.sum() + counts.unknown_selected == 20


def long_table(answers: dict[str, list[int]], job: str | None = None) -> pd.DataFrame:
    rows = [
        {"who": who, "q": f"q{i}", "mark": mark, "role": job}
        for who, marks in answers.items()
        for i, mark in enumerate(marks)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("layout", ["wide", "long"])
def test_answers_are_counted_by_matching_score(layout: str) -> None:
    answers = {"F1": [1, 0], "F2": [1, 1], "M1": [0, 1], "M2": [0, 0], "M3": [1]}
    frame = pd.DataFrame({"id": list(answers), "sex": [a[0] for a in answers]})
    frame["fit"] = 1.0
    changes: dict[str, Any] = dict.fromkeys((*AXES, "job", "label", "outcome"))
    changes["features"] = [hiring.SPEC["features"][0]]
    ratings: pd.DataFrame | None = None
    if layout == "wide":
        for i in range(2):
            frame[f"Q{i}"] = [a[i] if len(a) > i else None for a in answers.values()]
        changes["items"] = {"columns": {"q0": "Q0", "q1": "Q1"}}
    else:
        ratings = long_table(answers)
        changes["ratings"] = {"candidate": "who", "question": "q", "score": "mark"}
    cube = cube_of(frame, hiring.spec(**changes), ratings=ratings)
    first, second = cube.items(("sex",))
    assert (first.item, second.item) == ("q0", "q1")
    assert first.matching.tolist() == [0.0, 1.0, 2.0]
    assert first.levels.tolist() == [0.0, 1.0]
    # groups: Female, Male; M3 left a question out and is not matched.
    assert first.counts.tolist() == [[[0, 0], [0, 1], [0, 1]], [[1, 0], [1, 0], [0, 0]]]
    assert second.counts.tolist() == [[[0, 0], [1, 0], [0, 1]], [[1, 0], [0, 1], [0, 0]]]


def test_questions_of_different_jobs_are_different_forms() -> None:
    frame = pd.DataFrame({"id": ["F1", "M1"], "sex": ["F", "M"], "job": ["A", "B"], "fit": [1, 2]})
    ratings = pd.concat([long_table({"F1": [1, 2]}, "A"), long_table({"M1": [3]}, "B")])
    changes: dict[str, Any] = dict.fromkeys((*AXES, "label", "outcome"))
    columns = {"candidate": "who", "question": "q", "score": "mark", "job": "role"}
    spec = hiring.spec(**changes, features=[hiring.SPEC["features"][0]], ratings=columns)
    cube = cube_of(frame, spec, ratings=ratings)
    found = {
        i.item: (i.matching.tolist(), i.counts.sum(axis=(1, 2)).tolist())
        for i in cube.items(("sex",))
    }
    assert found == {"q0 (A)": ([3.0], [1, 0]), "q1": ([3.0], [1, 0]), "q0 (B)": ([3.0], [0, 1])}


def test_the_extremes_have_answers() -> None:
    pick: Callable[[str], pd.DataFrame] = lambda word: hiring.people(30).assign(decision=word)  # noqa: E731
    for word, share in (("Hired", 1), ("Rejected", 0)):
        counts = cube_of(pick(word), hiring.spec()).counts(("sex",))
        assert counts.selected.tolist() == (counts.assessed * share).tolist()
    nobody = cube_of(pick("Pending"), hiring.spec()).counts(("sex", "race"))
    assert nobody.assessed.sum() == 0
    one = cube_of(hiring.people(30).assign(sex="F"), hiring.spec()).counts(("sex",))
    assert one.groups == (("Female",), ("Male",))
    assert one.assessed[1] == 0
    same = cube_of(hiring.people(30).assign(race="White"), hiring.spec()).counts(("race",))
    assert same.groups == (("White",),)
    assert np.issubdtype(same.assessed.dtype, np.int64)
