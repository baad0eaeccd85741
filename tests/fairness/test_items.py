"""Counting answers per group and matching score, from columns and from ratings."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from audit.errors import DataInvalid
from fairness.items import (
    MOST_ANSWER_LEVELS,
    Matching,
    RatedAnswers,
    WideAnswers,
    answers_from_arrays,
    purify,
)
from tests.fairness.question_answers import rated

GROUPS = ["a", "a", "b", "b", None]
SCORES = np.array([[1, 2, 3], [0, 2, 1], [1, 0, 0], [1, 2, np.nan], [1, 1, 1]], float)


def small(**matching: object) -> WideAnswers:
    return answers_from_arrays(
        "g",
        GROUPS,
        names=["x", "y", "z"],
        scores=SCORES,
        matching=Matching(**matching),  # type: ignore[arg-type]
    )


def test_counts_match_on_the_sum_of_the_anchor_and_the_question() -> None:
    tables = small(missing="complete").tables()
    assert [item.item for item in tables.items] == ["x", "y", "z"]
    x = tables.items[0]
    assert x.groups == (("a",), ("b",))
    assert x.matching.tolist() == [1, 3, 6]
    assert x.levels.tolist() == [0, 1]
    assert x.counts.tolist() == [[[0, 0], [1, 0], [0, 1]], [[0, 1], [0, 0], [0, 0]]]
    assert tables.persons == 3
    assert tables.left_out == 2
    assert {note.code for note in tables.notes} == {"unknown_group", "incomplete_answers"}


def test_a_question_outside_the_anchor_is_added_to_its_own_matching_score() -> None:
    tables = small(missing="complete").tables(["x"])
    assert tables.items[0].matching.tolist() == [0, 1]
    assert tables.items[1].matching.tolist() == [1, 2, 3]


def test_a_rest_score_leaves_the_question_out() -> None:
    tables = small(missing="complete", rest=True).tables()
    assert tables.items[0].matching.tolist() == [0, 3, 5]
    assert [i.item for i in small(missing="complete", rest=True).tables(["x"]).items] == ["y", "z"]


def test_missing_answers_are_matched_on_the_mean_of_what_is_there() -> None:
    tables = small(missing="available").tables()
    assert tables.persons == 4
    assert [int(item.counts.sum()) for item in tables.items] == [4, 4, 3]
    assert 1.5 in tables.items[0].matching
    assert "matched_on_available" in {note.code for note in tables.notes}


def test_few_complete_answers_switch_to_the_mean() -> None:
    scores = np.full((40, 6), np.nan)
    scores[::2, :4], scores[1::2, 2:] = 1, 2
    groups = ["a", "b"] * 20
    answers = answers_from_arrays("g", groups, names=list("pqrstu"), scores=scores)
    assert "matched_on_available" in {note.code for note in answers.tables().notes}


def test_many_scores_are_put_into_bins_and_say_so() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(50, 10, size=(600, 4))
    answers = answers_from_arrays("g", ["a", "b"] * 300, names=list("wxyz"), scores=scores)
    tables = answers.tables()
    assert {n.code for n in tables.notes} == {"matching_in_bins", "answers_in_bins"}
    for item in tables.items:
        assert len(item.levels) <= MOST_ANSWER_LEVELS
        assert len(item.matching) <= 24
        assert item.counts.sum() == 600
    assert scores.min() < tables.items[0].levels.min()
    assert scores.max() > tables.items[0].levels.max()


def test_unknown_anchors_and_no_answers() -> None:
    with pytest.raises(DataInvalid, match="nope"):
        small().tables(["nope"])
    with pytest.raises(DataInvalid, match="auto"):
        Matching(missing="drop")
    empty = answers_from_arrays("g", ["a"], names=["x"], scores=np.array([[np.nan]]))
    assert empty.tables().items == ()
    assert empty.tables().notes[0].code == "no_answers"


def ratings(jobs: list[str]) -> duckdb.DuckDBPyConnection:
    """Sixty candidates in turn in the jobs, three questions each, two interviewers each."""
    groups, scores = rated(60, 3, seed=3)
    rows = []
    for person in range(60):
        for question in range(3):
            rows.extend(
                {
                    "candidate": f"c{person}",
                    "job": jobs[person // 2 % len(jobs)],
                    "question": f"q{question}",
                    "position": question,
                    "rubric": "r",
                    "interviewer": f"i{rater}",
                    "score": scores[person, question] + rater - 0.5,
                    "period": "2026-01",
                }
                for rater in range(2)
            )
    connection = duckdb.connect()
    connection.register("given", pd.DataFrame(rows))
    connection.execute("CREATE TABLE audit_ratings AS SELECT * FROM given")
    persons = pd.DataFrame({"candidate": [f"c{i}" for i in range(60)], "feature__g": groups})
    connection.register("people", persons)
    connection.execute("CREATE TABLE audit_rows AS SELECT * FROM people")
    return connection


def test_ratings_and_columns_count_alike() -> None:
    groups, scores = rated(60, 3, seed=3)
    wide = answers_from_arrays("g", groups, names=["q0", "q1", "q2"], scores=scores).tables()
    long = RatedAnswers(ratings(["job"]), ("g",)).tables()
    for first, second in zip(wide.items, long.items, strict=True):
        assert second.item == f"job: {first.item}"
        assert first.matching.tolist() == second.matching.tolist()
        assert (first.counts == second.counts).all()


def test_questions_of_different_jobs_are_matched_apart() -> None:
    answers = RatedAnswers(ratings(["sales", "tech"]), ("g",))
    assert answers.names == tuple(f"{j}: q{i}" for j in ("sales", "tech") for i in range(3))
    tables = answers.tables()
    assert [int(item.counts.sum()) for item in tables.items] == [30] * 6
    only = RatedAnswers(ratings(["sales", "tech"]), ("g",), where={"job": "tech"}).tables()
    assert [item.item for item in only.items] == ["tech: q0", "tech: q1", "tech: q2"]
    assert (only.items[0].counts == tables.items[3].counts).all()


def test_rows_of_one_axis_level_only() -> None:
    groups, scores = rated(40, 2)
    wide = answers_from_arrays("g", groups, names=["x", "y"], scores=scores)
    connection = wide._connection
    connection.execute("ALTER TABLE audit_rows ADD COLUMN job VARCHAR DEFAULT 'a'")
    connection.execute("UPDATE audit_rows SET job = 'b' WHERE rowid < 10")
    chosen = WideAnswers(connection, ("g",), where={"job": "b"}).tables()
    assert int(chosen.items[0].counts.sum()) == 10


def test_purification_keeps_flagged_questions_out_of_the_anchor() -> None:
    groups, scores = rated(40, 4)
    answers = answers_from_arrays("g", groups, names=list("abcd"), scores=scores)
    result = purify(answers, lambda items: ["b"])
    assert result.converged
    assert result.rounds == 1
    assert result.tables.anchor == ("a", "c", "d")
    assert purify(answers, lambda items: []).rounds == 0


def test_purification_is_bounded_and_says_when_it_does_not_settle() -> None:
    groups, scores = rated(40, 4)
    answers = answers_from_arrays("g", groups, names=list("abcd"), scores=scores)
    turn = iter("abababababababababab")
    unsettled = purify(answers, lambda items: [next(turn)], rounds=3)
    assert not unsettled.converged
    assert unsettled.rounds == 3
    assert unsettled.notes[0].code == "purification_unsettled"
    everything = purify(answers, lambda items: list("abcd"))
    assert everything.notes[0].code == "no_anchor_left"
