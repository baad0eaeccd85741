"""Whether every candidate of a job got the same interview."""

from __future__ import annotations

from typing import Any

import pytest

from fairness.strata import pairs_by_stratum, stratified_test
from fairness.structure import MOST_DEVIATIONS, interview_structure
from tests.fairness.interview_ratings import interview, views


def persons(levels: dict[str, str | None]) -> list[dict[str, Any]]:
    return [{"candidate": c, "feature__sex": level} for c, level in levels.items()]


SIX = persons({"c0": "f", "c1": "m", "c2": "m", "c3": "f", "c4": "f", "c5": None})


def test_same_questions_order_and_rubric() -> None:
    ratings = [row for i in range(6) for row in interview(f"c{i}", "abc")]
    found = interview_structure(views(ratings, SIX), ("sex",))
    assert found.interviews == 6
    assert found.standard.value == 1
    assert found.jobs[0].questions == ("a", "b", "c")
    assert found.jobs[0].variants == 1
    assert found.deviations == ()
    assert found.by_group.selected.tolist() == [0, 0]
    assert found.by_group.assessed.tolist() == [3, 2]
    assert found.by_group.unknown_assessed == 1
    assert found.group_test is None


def test_each_kind_of_departure_is_counted_apart() -> None:
    ratings = [
        *interview("c0", "abc"),
        *interview("c1", "abc"),
        *interview("c2", "abc"),
        *interview("c3", "abd"),  # other questions
        *interview("c4", "acb"),  # another order
        *interview("c5", "abc", rubric="v2"),  # another rubric
    ]
    found = interview_structure(views(ratings, SIX), ("sex",))
    assert (found.same_questions.count, found.same_questions.of) == (5, 6)
    assert (found.same_order.count, found.same_order.of) == (5, 6)
    assert (found.same_rubric.count, found.same_rubric.of) == (5, 6)
    assert (found.standard.count, found.standard.of) == (3, 6)
    assert found.standard.interval is not None
    assert found.jobs[0].variants == 4
    assert found.by_group.groups == (("f",), ("m",))
    assert found.by_group.selected.tolist() == [2, 0]
    assert found.by_group.unknown_selected == 1
    assert found.by_group.basis == "non-standard interview"
    by_name = {d.question: d for d in found.deviations}
    assert set(by_name) == {"a", "b", "c", "d"}
    assert by_name["c"].asked.count == 5
    assert by_name["d"].in_standard is False
    assert (by_name["a"].usual_rubric.count, by_name["a"].usual_rubric.of) == (5, 6)


def test_a_missing_question_does_not_count_as_another_order() -> None:
    ratings = [*interview("c0", "abcd"), *interview("c1", "abcd"), *interview("c2", "acd")]
    found = interview_structure(views(ratings, SIX), ("sex",))
    assert found.same_questions.count == 2
    assert found.same_order.count == 3


def test_a_job_has_its_own_standard_and_departures_come_first() -> None:
    ratings = [
        *interview("c0", "abc", job="tech"),
        *interview("c1", "abc", job="tech"),
        *interview("c2", "xy", job="sales"),
        *interview("c3", "xy", job="sales"),
        *interview("c4", "yx", job="sales"),
    ]
    found = interview_structure(views(ratings, SIX), ("sex",))
    assert [job.unit for job in found.jobs] == [("sales",), ("tech",)]
    assert found.jobs[0].standard.value == pytest.approx(2 / 3)
    assert found.by_job.by == ("job",)
    assert found.by_job.selected.sum() == 1
    test = stratified_test(pairs_by_stratum(found.by_job, ("f",), reference=("m",)))
    assert test.strata_left_out == 1


def test_a_plan_that_changed_between_periods() -> None:
    old = [{**row, "period": "2025"} for i in range(3) for row in interview(f"c{i}", "ab")]
    new = [row for i in range(3, 6) for row in interview(f"c{i}", "ba")]
    connection = views([*old, *new], SIX)
    assert interview_structure(connection, ("sex",)).standard.count == 3
    found = interview_structure(connection, ("sex",), within=("job", "period"))
    assert found.standard.count == 6
    assert found.within == ("job", "period")
    only = interview_structure(connection, ("sex",), where={"period": "2025"})
    assert only.interviews == 3


def test_what_is_not_known_is_said_and_counts_for_neither_side() -> None:
    no_order = [{**row, "position": None} for row in interview("c0", "ab", rubric=None)]
    ratings = [*no_order, *interview("c1", "ab"), *interview("c2", "q", job="lone")]
    found = interview_structure(views(ratings, SIX), ("sex",))
    assert (found.same_order.count, found.same_order.of) == (2, 2)
    assert (found.same_rubric.count, found.same_rubric.of) == (2, 2)
    assert found.standard.count == 3
    codes = {note.code for note in found.notes}
    assert codes == {"order_unknown", "rubric_unknown", "single_interviews"}


def test_positions_count_as_numbers() -> None:
    ten = "abcdefghijkl"
    found = interview_structure(
        views([*interview("c0", ten), *interview("c1", ten)], SIX), ("sex",)
    )
    assert found.jobs[0].questions == tuple(ten)


def test_two_interviewers_of_one_answer_are_one_question() -> None:
    second = [{**row, "interviewer": "i2"} for row in interview("c0", "ab")]
    found = interview_structure(
        views([*interview("c0", "ab"), *second, *interview("c1", "ab")], SIX), ("sex",)
    )
    assert found.interviews == 2
    assert found.standard.count == 2


def test_no_ratings_and_many_deviations() -> None:
    nothing = interview_structure(views([], SIX), ("sex",))
    assert nothing.interviews == 0
    assert nothing.standard.value is None
    assert nothing.notes[0].code == "no_questions"
    ratings = [row for i in range(2) for row in interview(f"c{i}", "a")]
    ratings += [{**interview("c2", "a")[0], "question": f"q{n}", "position": n} for n in range(250)]
    found = interview_structure(views(ratings, SIX), ("sex",))
    assert len(found.deviations) == MOST_DEVIATIONS
    assert "deviations_cut" in {note.code for note in found.notes}
