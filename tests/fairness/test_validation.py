"""Errors name the row, the column, the value and the remedy; nothing is dropped in silence."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from audit.errors import AuditError, DataInvalid, SpecInvalid
from fairness.builder import cube_of
from fairness.rows import open_rows
from fairness.spec import load_spec
from tests.fairness import hiring


def refused(frame: pd.DataFrame, **changes: Any) -> str:
    with pytest.raises((DataInvalid, SpecInvalid)) as caught:
        cube_of(frame, hiring.spec(**changes))
    return str(caught.value)


def people(count: int = 12, **columns: Any) -> pd.DataFrame:
    return hiring.people(count).assign(decision="Hired", **columns)


def changed(column: str, values: dict[int, Any], count: int = 12) -> pd.DataFrame:
    """People with some values of a column replaced, by row from 1; the column becomes text."""
    frame = people(count)
    column_values: list[Any] = [None if pd.isna(v) else v for v in frame[column]]
    for row, value in values.items():
        column_values[row - 1] = value
    return frame.assign(**{column: pd.Series(column_values, dtype=object)})


def test_unmapped_outcomes_stop_the_audit_with_their_counts() -> None:
    frame = changed("decision", {2: "On hold", 5: "On hold", 9: "Transferred"})
    message = refused(frame)
    assert "'decision' (outcome): 3 rows" in message
    assert "'On hold' (2), 'Transferred' (1)" in message
    assert "outcome.selected, outcome.not_selected or outcome.ignore" in message


def test_an_empty_outcome_is_an_error_unless_said_otherwise() -> None:
    frame = changed("decision", {3: None, 4: "  ", 5: "n/a"})
    assert "empty in 3 rows" in refused(frame)
    outcome = {**hiring.SPEC["outcome"], "missing": "ignore"}
    counts = cube_of(frame, hiring.spec(outcome=outcome)).counts(("sex",))
    assert counts.assessed.sum() + counts.unknown_assessed == 9


def test_unmapped_demographics_stop_or_count_as_unknown() -> None:
    frame = changed("sex", {1: "Femle", 2: "M", 3: "Prefer not to say"})
    assert "'Femle' (1)" in refused(frame)
    feature = {**hiring.SPEC["features"][0], "unmapped": "unknown"}
    cube = cube_of(frame, hiring.spec(features=[feature]))
    counts = cube.counts(("sex",))
    assert counts.assessed.sum() + counts.unknown_assessed == 12
    note = next(n for n in cube.notes if n.code == "unknown_demographics")
    assert note.facts["unknown"] == counts.unknown_assessed
    assert counts.unknown_assessed >= 2


@pytest.mark.parametrize("bad", ["abc", "87%", "1,5", "1_000", "0x1F", "=1+1", "12 34"])
def test_words_among_numbers_are_named_with_their_row(bad: str) -> None:
    message = refused(changed("fit", {7: bad}))
    assert "'fit' (score fit): 1 fields are not numbers" in message
    assert f"row 7 ('{bad}')" in message
    assert "missing" in message


@pytest.mark.parametrize("wild", ["NaN", "inf", "-Infinity", "1e999"])
def test_values_that_are_not_finite_are_named(wild: str) -> None:
    frame = changed("fit", {4: wild, 8: wild})
    message = refused(frame)
    assert "2 values are not finite" in message
    assert f"row 4 ('{wild}'), row 8 ('{wild}')" in message
    score = {"name": "fit", "column": "fit", "non_finite": "missing"}
    cube = cube_of(frame, hiring.spec(scores=[score]))
    given = people()["fit"].notna().sum() - people()["fit"].notna()[[3, 7]].sum()
    assert cube.median("fit").persons == given


def test_nan_in_arrow_data_is_an_error_and_in_pandas_a_missing_value() -> None:
    pa = pytest.importorskip("pyarrow")
    frame = people(fit=[1.0, float("nan"), *[2.0] * 10])
    assert cube_of(frame, hiring.spec()).median("fit").persons == 11
    table = pa.table({c: pa.array(frame[c], from_pandas=c != "fit") for c in frame.columns})
    with pytest.raises(DataInvalid, match=r"not finite: row 2 \('nan'\)"):
        cube_of(table, hiring.spec())


def test_scores_outside_their_range_are_named() -> None:
    score = {"name": "fit", "column": "fit", "low": 0, "high": 100}
    message = refused(people(fit=[50.0] * 10 + [101.0, -3.0]), scores=[score])
    assert "outside 0.0 to 100.0" in message
    assert "row 11 ('101.0'), row 12 ('-3.0')" in message


def test_missing_words_of_numbers_are_missing() -> None:
    frame = changed("fit", dict.fromkeys(range(1, 13), " n/a "))
    assert cube_of(frame, hiring.spec()).median("fit").persons == 0


@pytest.mark.parametrize("sorted_rows", [1, 10**6])
def test_copies_of_a_candidate_are_named_or_left_out_by_policy(
    sorted_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairness.validation._SORTED_ROWS", sorted_rows)
    frame = people(job="Cook", applied="2025-01-01")
    frame = pd.concat([frame, frame.iloc[[2]].assign(sex="M", fit=99.0)], ignore_index=True)
    frame.loc[2, ["sex", "fit"]] = ["F", 1.0]
    message = refused(frame)
    assert "1 candidates occur more than once in the same job, period" in message
    assert "'c0-2' in rows 3 and 13" in message
    fits = []
    for policy in ("first", "last"):
        cube = cube_of(frame, hiring.spec(duplicates=policy))
        assert cube.total == 12
        note = next(n for n in cube.notes if n.code == "duplicates_left_out")
        assert note.facts["rows"] == 1
        part = cube.histogram(("sex",), "fit")
        fits.append({v for v, n in zip(part.values, part.counts.sum(axis=0), strict=True) if n})
    assert 1.0 in fits[0] and 99.0 not in fits[0]
    assert 99.0 in fits[1] and 1.0 not in fits[1]


def test_one_candidate_may_apply_for_two_jobs_and_in_two_periods() -> None:
    frame = people(3, id="same", job=["Cook", "Clerk", "Cook"])
    frame = frame.assign(applied=["2025-01-01", "2025-01-02", "2025-02-01"])
    assert cube_of(frame, hiring.spec()).total == 3
    assert "more than once" in refused(frame.assign(applied="2025-01-01"))


def test_rows_without_a_candidate_are_named() -> None:
    assert "row 5 (empty)" in refused(changed("id", {5: None}))


def test_dates_in_three_notations_are_named_by_row() -> None:
    frame = people(applied=["2025-03-01", "03/04/2025", "Apr 5, 2025", *["2025-03-02"] * 9])
    message = refused(frame)
    assert "day and month cannot be told apart: row 2 ('03/04/2025')" in message
    assert "in another notation: row 3 ('Apr 5, 2025')" in message
    assert "in ISO notation: row 1 ('2025-03-01'), row 4 ('2025-03-02')" in message
    assert "Give 'format'" in message


@pytest.mark.parametrize(("pattern", "month"), [("%d/%m/%Y", "2025-04"), ("%m/%d/%Y", "2025-03")])
def test_a_pattern_says_which_is_the_month(pattern: str, month: str) -> None:
    period = {"column": "applied", "grain": "month", "format": pattern}
    with open_rows(people(applied="03/04/2025"), hiring.spec(period=period)) as rows:
        assert rows.levels("period") == (month,)


def test_two_patterns_must_not_fit_one_value() -> None:
    period = {"column": "applied", "grain": "year", "format": ["%d/%m/%Y", "%m/%d/%Y"]}
    assert "fit two of the patterns" in refused(people(applied="03/04/2025"), period=period)
    same = people(applied="04/04/2025")
    assert cube_of(same, hiring.spec(period=period)).levels("period") == ("2025",)
    assert "not dates by" in refused(people(applied="13/13/2025"), period=period)
    nothing = {**period, "format": "%d.%m."}
    assert "names no year" in refused(same, period=nothing)


@pytest.mark.parametrize(
    ("grain", "name"),
    [("year", "2024"), ("quarter", "2024-Q4"), ("month", "2024-12"), ("week", "2025-W01")],
)
def test_periods_have_names(grain: str, name: str) -> None:
    period = {"column": "applied", "grain": grain}
    for value in ("2024-12-31", "2024-12-31T23:59:00", pd.Timestamp("2024-12-31")):
        with open_rows(people(applied=value), hiring.spec(period=period)) as rows:
            assert rows.levels("period") == (name,)


def test_a_column_of_persons_is_no_group() -> None:
    count = 1000
    frame = hiring.people(count).assign(decision="Hired")
    features = [{"name": "who", "column": "id"}]
    message = refused(frame, features=features)
    assert "'id' (feature who) has 1000 different values, more than the 200" in message
    message = refused(frame, job="id", limits={"axis_levels": 500})
    assert "'id' (job) has 1000 different values, more than the 500" in message


def test_a_million_groups_are_refused_within_bounds() -> None:
    frame = pd.DataFrame({"g": [f"group {i}" for i in range(1_000_000)], "out": "y"})
    outcome = {"column": "out", "selected": ["y"], "not_selected": ["n"]}
    features = [{"name": "g", "column": "g"}]
    with pytest.raises(DataInvalid, match=r"'g'.* has 1000000 different values"):
        cube_of(frame, load_spec({"outcome": outcome, "features": features}))


def test_forty_features_with_many_levels_stay_bounded() -> None:
    frame = pd.DataFrame({f"f{i}": [f"l{(i * k) % 97}" for k in range(500)] for i in range(40)})
    frame["out"] = "y"
    outcome = {"column": "out", "selected": ["y"], "not_selected": ["n"]}
    features = [{"name": f"f{i}", "column": f"f{i}"} for i in range(40)]
    cube = cube_of(frame, load_spec({"outcome": outcome, "features": features}))
    assert sum(len(t.codes) for t in cube.persons) <= 40 * 97
    assert cube.counts(("f39",)).assessed.sum() == 500


def test_more_combinations_than_the_limit_are_named() -> None:
    frame = pd.DataFrame({f"f{i}": [f"l{k % 97}" for k in range(5000)] for i in range(3)})
    frame = frame.assign(out="y", f1=[f"l{k // 97}" for k in range(5000)])
    outcome = {"column": "out", "selected": ["y"], "not_selected": ["n"]}
    fields = {
        "outcome": outcome,
        "features": [{"name": f"f{i}", "column": f"f{i}"} for i in range(3)],
        "intersections": [["f0", "f1"]],
        "limits": {"cells": 1000},
    }
    with pytest.raises(DataInvalid, match=r"f0 \(98\) x f1 \(53\) make more than 1000"):
        cube_of(frame, load_spec(fields))


@pytest.mark.parametrize(("wrong", "shown"), [(7, "'7.0'"), (999, "'999.0'"), (-1, "'-1.0'")])
def test_ages_that_nobody_has_are_named(wrong: int, shown: str) -> None:
    ages = [30.0] * 11 + [float(wrong)]
    assert f"row 12 ({shown})" in refused(people(age=ages))


BIRTHS = {"given": "birth_date", "on": "2024-02-28"}


@pytest.mark.parametrize(
    ("birth", "band"),
    [
        ("1984-02-28", "40 and over"),
        ("1984-02-29", "Under 40"),
        ("1983-12-31", "40 and over"),
        ("2004-01-01", "Under 40"),
        (None, None),
    ],
)
def test_age_bands_change_on_the_birthday(birth: str | None, band: str | None) -> None:
    frame = people(2).assign(age=pd.Series([birth, birth], dtype=object))
    feature = {"name": "age", "column": "age", "kind": "age", "age": BIRTHS}
    with open_rows(frame, hiring.spec(features=[feature])) as rows:
        assert rows.levels("age") == ("Under 40", "40 and over")
        found = rows.con.execute("SELECT DISTINCT feature__age FROM audit_rows").fetchall()
    assert found == [(band,)]


def test_ages_count_at_the_date_of_a_column() -> None:
    frame = people(2).assign(age=["1985-05-01"] * 2, applied=["2025-04-30", "2025-05-01"])
    age = {"given": "birth_date", "on": "applied"}
    feature = {"name": "age", "column": "age", "kind": "age", "age": age}
    with open_rows(frame, hiring.spec(features=[feature])) as rows:
        found = rows.con.execute(
            "SELECT feature__age FROM audit_rows ORDER BY candidate"
        ).fetchall()
    assert found == [("Under 40",), ("40 and over",)]
    message = refused(frame.assign(age="2030-01-01"), features=[feature])
    assert "gives the age" in message


def test_hispanic_decides_first_and_several_races_are_two_or_more() -> None:
    feature = {
        "name": "race",
        "column": "race",
        "kind": "race_ethnicity",
        "levels": {
            "Hispanic or Latino": ["Hispanic"],
            "White": ["White"],
            "Asian": ["Asian"],
            "Two or More Races": ["Two or more"],
        },
        "first": {"column": "latino", "words": ["Yes"], "level": "Hispanic or Latino"},
        "several": {"separator": ";", "level": "Two or More Races"},
    }
    frame = people(5).assign(
        race=["White", "White", "Asian; White", "Two or more", None],
        latino=["No", "yes", "No", "", "Yes"],
    )
    with open_rows(frame, hiring.spec(features=[feature])) as rows:
        found = rows.con.execute(
            "SELECT feature__race FROM audit_rows ORDER BY candidate"
        ).fetchall()
        place = [d[0] for d in rows.con.execute(rows.coded(scores=False)).description]
        codes = rows.con.execute(rows.coded(scores=False)).fetchall()
        assert sorted(c[place.index("feature:race")] for c in codes) == [0, 0, 1, 3, 3]
    assert [f[0] for f in found] == [
        "White",
        "Hispanic or Latino",
        "Two or More Races",
        "Two or More Races",
        "Hispanic or Latino",
    ]
    assert "'Asian; Martian' (1)" in refused(
        frame.assign(race=["Asian; Martian", *["White"] * 4]), features=[feature]
    )


def test_the_view_has_all_columns_whatever_the_specification() -> None:
    frame = people(4)
    least = load_spec(
        {
            "scores": [{"name": "fit", "column": "fit"}],
            "features": [{"name": "sex", "column": "sex"}],
        }
    )
    for spec in (least, hiring.spec()):
        with open_rows(frame, spec) as rows:
            described = rows.con.execute("DESCRIBE audit_rows").fetchall()
            types = {row[0]: row[1] for row in described}
        for name in ("candidate", "period", "job", "location", "stage", "interviewer", "mode"):
            assert types[name] == "VARCHAR"
        for name in ("coached", "outcome", "label", "opted_out", "withdrew", "overridden"):
            assert types[name] == "BOOLEAN"
        assert types["performance"] == types["score__fit"] == "DOUBLE"
        assert types["feature__sex"] == "VARCHAR"


def test_long_lists_of_jobs_are_joined() -> None:
    frame = people(200, job=[f"job {i % 60}" for i in range(200)])
    cube = cube_of(frame, hiring.spec())
    assert len(cube.levels("job")) == 60
    assert cube.levels("job")[:2] == ("job 0", "job 1")
    counts = cube.counts(("race",), {"job": "job 7"})
    assert counts.assessed.sum() + counts.unknown_assessed == 4
    with open_rows(frame, hiring.spec()) as rows:
        found = rows.con.execute("SELECT count(DISTINCT job) FROM audit_rows").fetchone()
    assert found == (60,)


def test_ratings_need_their_table_and_numbers() -> None:
    ratings = {"candidate": "id", "question": "q", "score": "s"}
    assert "the table of ratings" in refused(people(), ratings=ratings)
    table = pd.DataFrame({"id": ["a", "b"], "q": ["x", "x"], "s": ["1", "good"]})
    with pytest.raises(DataInvalid, match=r"row 2 \('good'\)"):
        cube_of(people(), hiring.spec(ratings=ratings), ratings=table)
    with pytest.raises(SpecInvalid, match="'ratings' in the specification"):
        cube_of(people(), hiring.spec(), ratings=table)


def test_too_little_memory_is_said() -> None:
    frame = pd.DataFrame({"g": [f"group {i % 9}" for i in range(50)], "out": "y"})
    outcome = {"column": "out", "selected": ["y"], "not_selected": ["n"]}
    fields = {"outcome": outcome, "features": [{"name": "g", "column": "g"}]}
    assert cube_of(frame, load_spec({**fields, "limits": {"memory_mb": 64}})).total == 50


def test_questions_that_the_cube_cannot_answer_are_named() -> None:
    cube = cube_of(people(), hiring.spec())
    for ask, why in (
        (lambda: cube.counts(("shoe",)), "no sensitive feature 'shoe'"),
        (lambda: cube.counts(("sex", "sex")), "twice"),
        (lambda: cube.counts(("sex",), {"job": "Baker"}), "no level 'Baker'"),
        (lambda: cube.counts(("sex",), {"planet": "x"}), "no 'planet'"),
        (lambda: cube.scoring(("sex",), "iq"), "no score 'iq'"),
    ):
        with pytest.raises(AuditError, match=why):
            ask()


def test_scores_of_equal_rows_counted_together_are_checked_as_strictly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The whole table says what is wrong by the same words, whether or not rows were packed."""
    pa = pytest.importorskip("pyarrow")
    bare = {"stage": None, "job": None, "label": None, "candidate": None, "period": None}
    score = {"name": "fit", "column": "fit", "low": 0, "high": 100}
    wanted = {**bare, "coached": None, "mode": None, "scores": [score]}
    texts = []
    for values in ([50.0] * 599 + [float("nan")], [50.0] * 598 + [101.0, -3.0]):
        frame = pd.concat([people()] * 50, ignore_index=True).assign(fit=values)
        names = [c for c in frame.columns if c != "candidate"]
        table = pa.table({c: pa.array(frame[c], from_pandas=c != "fit") for c in names})
        for threshold in (1, 10_000):
            monkeypatch.setattr("fairness.rows._COMPACT_FROM", threshold)
            with open_rows(frame[names].assign(fit=50.0), hiring.spec(**wanted)) as rows:
                assert (rows.counted.together is not None) == (threshold == 1)
            with pytest.raises(DataInvalid) as error:
                cube_of(table, hiring.spec(**wanted))
            texts.append(str(error.value))
    assert texts[0] == texts[1] and "1 values are not finite: row 600 ('nan')" in texts[0]
    assert texts[2] == texts[3] and "row 599 ('101.0'), row 600 ('-3.0')" in texts[2]
