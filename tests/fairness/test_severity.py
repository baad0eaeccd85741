"""Severity of interviewers and its drift: least squares against statsmodels, planted effects."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest
import statsmodels.api as sm

from fairness.severity import Within, severity, severity_sums
from tests.fairness.interview_ratings import views


def panel(
    candidates: int = 200,
    *,
    raters: int = 5,
    panel_size: int = 2,
    effects: dict[int, float] | None = None,
    periods: int = 1,
    drift: dict[int, float] | None = None,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Candidates of one job, three questions each, each met by some of the interviewers."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(candidates):
        ability = rng.normal()
        period = person % periods
        for rater in rng.choice(raters, panel_size, replace=False):
            shift = (effects or {}).get(int(rater), 0.0)
            shift += (drift or {}).get(int(rater), 0.0) * period
            noise = rng.normal(scale=0.5)
            rows.extend(
                {
                    "candidate": f"c{person}",
                    "job": "j",
                    "question": f"q{question}",
                    "interviewer": f"i{rater}",
                    "score": 3 + question + ability + shift + noise,
                    "period": f"2026-{period + 1:02d}",
                }
                for question in range(3)
            )
    return rows


def connection(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    return views(rows, [{"candidate": "c0", "feature__sex": "f"}])


def test_deviations_are_those_of_least_squares_on_candidate_and_interviewer() -> None:
    rows = panel(40, effects={1: -1.0})
    table = severity(connection(rows))
    assert table.within is Within.INTERVIEW
    first = [row for row in rows if row["question"] == "q0"]
    candidates = sorted({row["candidate"] for row in first})
    *raters, last = sorted({row["interviewer"] for row in first})
    design = np.array(
        [
            [
                *(row["candidate"] == c for c in candidates),
                *((row["interviewer"] == r) - (row["interviewer"] == last) for r in raters),
            ]
            for row in first
        ],
        float,
    )
    oracle = sm.OLS([row["score"] for row in first], design).fit()
    found = {row.interviewer: row for row in table.interviewers}
    for i, rater in enumerate(raters):
        row = found[rater]
        assert row.deviation.value == pytest.approx(oracle.params[len(candidates) + i])
        assert row.deviation.interval is not None
        low, high = oracle.conf_int()[len(candidates) + i]
        assert row.deviation.interval.low == pytest.approx(low)
        assert row.deviation.interval.high == pytest.approx(high)
    assert sum(row.deviation.value or 0 for row in table.interviewers) == pytest.approx(0)
    assert table.residual == pytest.approx(np.sqrt(oracle.mse_resid))


def test_a_severe_interviewer_comes_first_and_is_drawn_towards_the_others() -> None:
    table = severity(connection(panel(300, effects={2: -1.0})))
    first = table.interviewers[0]
    assert first.interviewer == "i2"
    assert first.stands_out
    assert first.shrunk.value is not None and first.deviation.value is not None
    assert first.deviation.value < first.shrunk.value < 0
    assert first.deviation.value == pytest.approx(-0.8, abs=0.15)
    assert table.spread is not None and table.spread > 0.2
    assert table.sets == 1


def test_nobody_stands_out_without_differences() -> None:
    table = severity(connection(panel(100, seed=4)))
    assert not any(row.stands_out for row in table.interviewers)
    for row in table.interviewers:
        assert abs(row.shrunk.value or 0) <= abs(row.deviation.value or 0)


def test_single_interviewers_are_compared_within_jobs_with_a_warning() -> None:
    table = severity(connection(panel(400, panel_size=1, effects={0: 1.5})))
    assert table.within is Within.JOB
    assert table.notes[0].code == "single_interviewer"
    assert table.interviewers[-1].interviewer == "i0"
    assert table.interviewers[-1].stands_out


def test_drift_is_found_against_colleagues_of_each_period() -> None:
    rows = panel(900, periods=3, drift={1: 0.4})
    table = severity(connection(rows))
    drift = {row.interviewer: row for row in table.drift}
    assert set(drift) == {f"i{n}" for n in range(5)}
    assert drift["i1"].drifts
    assert drift["i1"].change.value == pytest.approx(0.32, abs=0.1)
    assert drift["i1"].periods == ("2026-01", "2026-02", "2026-03")
    assert drift["i1"].steady.p_value < 0.01
    assert severity(connection(panel(100))).drift == ()


def test_interviewers_who_never_meet_are_in_separate_sets() -> None:
    one = panel(30, raters=2)
    other = [
        {**row, "candidate": "d" + row["candidate"], "interviewer": "x" + row["interviewer"]}
        for row in panel(30, raters=2, seed=1)
    ]
    alone = [{**panel(1)[0], "candidate": "lone", "interviewer": "i0"}]
    table = severity(connection([*one, *other, *alone]), Within.INTERVIEW)
    assert table.sets == 2
    assert {note.code for note in table.notes} == {"separate_sets", "one_interviewer"}


def test_nothing_to_compare() -> None:
    one = panel(10, panel_size=1, raters=1)
    table = severity(connection(one))
    assert table.interviewers == ()
    assert table.notes[-1].code == "nothing_to_compare"
    assert severity(connection([])).interviewers == ()


def test_sums_hold_no_candidate() -> None:
    sums = severity_sums(connection(panel(20)), Within.INTERVIEW)
    assert all(name[0].startswith("i") for name in sums.nodes)
    assert sums.shared.sum() == pytest.approx(sums.observations)
    assert sums.excess.sum() == pytest.approx(0)
