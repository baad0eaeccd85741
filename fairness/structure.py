"""Did every candidate of a job get the same questions, in the same order, with the same rubric?

The standard of a job is what most of its interviews had: the most frequent set of questions; the
most frequent order among the interviews with that set; for each question the most frequent rubric.
An interview departs in its

- questions: its set is not the standard one;
- order: the standard questions that it asks are not in the standard order;
- rubric: some question was scored by another rubric than is usual for it.

Structured interviews predict performance better and leave less room for unequal treatment; the
same questions for everybody, asked in order and scored by anchored scales, are three of the
fifteen components of Campion, Palmer and Campion (1997), Personnel Psychology 50:655; see also
Levashina et al. (2014), Personnel Psychology 67:241.

One aggregate over view `audit_ratings` (and the groups from `audit_rows`); no person leaves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from fairness.intervals import Proportion
from fairness.significance import ChiSquare, homogeneity
from fairness.sql import conditions, level_columns, levels_listed
from fairness.types import Group, GroupCounts, Note, StrataCounts

MOST_DEVIATIONS = 200


@dataclass(frozen=True, slots=True)
class JobStructure:
    """One job (or job and period): how many of its interviews kept to the standard.

    Attributes:
        unit: the levels of what the standard is set within. interviews: a candidate's in the job.
        questions: the standard ones, in their order.
        same_questions, same_order, same_rubric: of the interviews where it is known.
        standard: same in all that is known. variants: different interview plans that occurred.
    """

    unit: Group
    interviews: int
    questions: tuple[str, ...]
    same_questions: Proportion
    same_order: Proportion
    same_rubric: Proportion
    standard: Proportion
    variants: int


@dataclass(frozen=True, slots=True)
class QuestionStructure:
    """One question of a job that not everybody got alike.

    Attributes:
        asked: of the job's interviews. usual_rubric: of those that asked it and name a rubric.
        in_standard: whether it is one of the job's standard questions.
    """

    unit: Group
    question: str
    in_standard: bool
    asked: Proportion
    usual_rubric: Proportion


@dataclass(frozen=True, slots=True)
class InterviewStructure:
    """How alike the interviews were, and who got one that was not.

    Attributes:
        within: what a standard is set within. jobs: all of them, most departures first.
        deviations: questions not asked of, or not scored alike for, everybody; the most frequent
            deviations first, at most `MOST_DEVIATIONS`.
        by_group: interviews per group; "selected" are those that departed from the standard, so a
            high rate is unfavourable. by_job: the same within jobs, for a stratified test.
        group_test: chi-square of one rate of departing for all groups.
    """

    within: tuple[str, ...]
    interviews: int
    same_questions: Proportion
    same_order: Proportion
    same_rubric: Proportion
    standard: Proportion
    jobs: tuple[JobStructure, ...]
    deviations: tuple[QuestionStructure, ...]
    by_group: GroupCounts
    by_job: StrataCounts
    group_test: ChiSquare | None
    notes: tuple[Note, ...]


_FLAGS = ("same_questions", "same_order", "same_rubric", "standard")


def interview_structure(
    connection: duckdb.DuckDBPyConnection,
    features: Sequence[str],
    *,
    within: Sequence[str] = ("job",),
    where: Mapping[str, str] | None = None,
    level: float = 0.95,
) -> InterviewStructure:
    """Compare the interviews of each job with the job's standard.

    `within`: ("job",), or ("job", "period") where the interview plan was changed between periods.
    """
    units = tuple(within)
    condition, parameters = conditions(where or {})
    interviews = _interviews_sql(units, condition)
    rows = connection.execute(
        _counted_sql(interviews, tuple(features), units), parameters
    ).fetchall()
    cells = [_Cell.read(row, len(units), len(features)) for row in rows]
    standards = _standards(connection, interviews, units, parameters)
    own: dict[Group, list[_Cell]] = {}
    for cell in cells:
        own.setdefault(cell.unit, []).append(cell)
    jobs = tuple(
        sorted(
            (_job(unit, own[unit], standards[unit], level) for unit in own),
            key=lambda job: (job.standard.value if job.standard.value is not None else 1, job.unit),
        )
    )
    deviations = _deviations(connection, interviews, units, parameters, level=level)
    by_group, by_job = _group_counts(cells, tuple(features), units)
    same = {flag: _share(cells, flag, level) for flag in _FLAGS}
    return InterviewStructure(
        within=units,
        interviews=sum(cell.n for cell in cells),
        jobs=jobs,
        deviations=tuple(deviations[:MOST_DEVIATIONS]),
        by_group=by_group,
        by_job=by_job,
        group_test=homogeneity(by_group),
        notes=_notes(cells, jobs, len(deviations), by_group),
        **same,
    )


def _key(units: Sequence[str]) -> str:
    return ", ".join(f"coalesce({unit}::VARCHAR, '') AS u{i}" for i, unit in enumerate(units))


def _interviews_sql(units: Sequence[str], condition: str) -> str:
    """One row per interview: its questions, its order, whether each is the standard one."""
    key = ", ".join(f"u{i}" for i in range(len(units)))
    return f"""
        WITH asked AS (
            SELECT candidate, {_key(units)}, question,
                min(try_cast(position AS DOUBLE)) AS place, min(position::VARCHAR) AS position,
                string_agg(DISTINCT rubric::VARCHAR, ' + ' ORDER BY rubric::VARCHAR) AS rubric
            FROM audit_ratings WHERE question IS NOT NULL AND {condition} GROUP BY ALL
        ), rubrics AS (
            SELECT {key}, question, rubric AS usual_rubric FROM asked WHERE rubric IS NOT NULL
            GROUP BY {key}, question, rubric QUALIFY row_number() OVER (
                PARTITION BY {key}, question ORDER BY count(*) DESC, rubric) = 1
        ), interviews AS (
            SELECT candidate, {key}, list(question ORDER BY question) AS questions,
                list(question ORDER BY place, position, question) AS sequence,
                bool_and(position IS NOT NULL) AS order_known,
                count(rubric) AS with_rubric,
                bool_and(rubric = usual_rubric) FILTER (rubric IS NOT NULL) AS rubric_same,
                list(coalesce(rubric, '') ORDER BY question) AS rubric_list
            FROM asked LEFT JOIN rubrics USING ({key}, question) GROUP BY ALL
        ), sets AS (
            SELECT {key}, questions AS standard_set FROM interviews GROUP BY {key}, questions
            QUALIFY row_number() OVER (
                PARTITION BY {key} ORDER BY count(*) DESC, len(questions) DESC, questions) = 1
        ), orders AS (
            SELECT {key}, sequence AS standard_order FROM interviews JOIN sets USING ({key})
            WHERE questions = standard_set AND order_known GROUP BY {key}, sequence
            QUALIFY row_number() OVER (
                PARTITION BY {key} ORDER BY count(*) DESC, sequence) = 1
        ), judged AS (
            SELECT *, questions = standard_set AS same_questions,
                if(order_known AND standard_order IS NOT NULL,
                    list_filter(sequence, lambda q: list_contains(standard_order, q))
                    = list_filter(standard_order, lambda q: list_contains(sequence, q)),
                    NULL) AS same_order,
                if(with_rubric > 0, rubric_same, NULL) AS same_rubric,
                hash(sequence, rubric_list, order_known) AS plan
            FROM interviews JOIN sets USING ({key}) LEFT JOIN orders USING ({key})
        )"""


def _counted_sql(interviews: str, features: tuple[str, ...], units: Sequence[str]) -> str:
    """Interviews per job, group, and what they departed in."""
    key = ", ".join(f"u{i}" for i in range(len(units)))
    levels = levels_listed(features)
    return f"""{interviews}, persons AS (
            SELECT candidate, {", ".join(level_columns(features, "min({})"))}
            FROM audit_rows GROUP BY candidate
        )
        SELECT {key}, {levels}, same_questions, same_order, same_rubric,
            count(*) AS n
        FROM judged LEFT JOIN persons USING (candidate) GROUP BY ALL"""


@dataclass(frozen=True, slots=True)
class _Cell:
    """`n` interviews of one job and group that kept or departed alike; None where unknown."""

    unit: Group
    group: tuple[str | None, ...]
    same_questions: bool | None
    same_order: bool | None
    same_rubric: bool | None
    n: int

    @classmethod
    def read(cls, row: tuple[Any, ...], units: int, features: int) -> _Cell:
        group = tuple(None if v is None else str(v) for v in row[units : units + features])
        return cls(tuple(map(str, row[:units])), group, *row[units + features :])

    @property
    def standard(self) -> bool:
        return False not in (self.same_questions, self.same_order, self.same_rubric)


def _share(cells: Sequence[_Cell], flag: str, level: float) -> Proportion:
    known = [cell for cell in cells if getattr(cell, flag) is not None]
    same = sum(cell.n for cell in known if getattr(cell, flag))
    return Proportion.from_counts(same, sum(cell.n for cell in known), level=level)


def _standards(
    connection: duckdb.DuckDBPyConnection,
    interviews: str,
    units: Sequence[str],
    parameters: list[Any],
) -> dict[Group, tuple[tuple[str, ...], int]]:
    """Each job's standard questions in their order, and its number of different plans."""
    key = ", ".join(f"u{i}" for i in range(len(units)))
    rows = connection.execute(
        f"""{interviews} SELECT {key}, any_value(coalesce(standard_order, standard_set)),
            count(DISTINCT plan) FROM judged GROUP BY {key} ORDER BY {key}""",
        parameters,
    ).fetchall()
    size = len(units)
    return {tuple(map(str, r[:size])): (tuple(map(str, r[size])), int(r[size + 1])) for r in rows}


def _job(
    unit: Group, cells: Sequence[_Cell], standard: tuple[tuple[str, ...], int], level: float
) -> JobStructure:
    same = {flag: _share(cells, flag, level) for flag in _FLAGS}
    return JobStructure(
        unit=unit,
        interviews=sum(cell.n for cell in cells),
        questions=standard[0],
        variants=standard[1],
        **same,
    )


def _deviations(
    connection: duckdb.DuckDBPyConnection,
    interviews: str,
    units: Sequence[str],
    parameters: list[Any],
    *,
    level: float,
) -> list[QuestionStructure]:
    """Questions that not everybody of a job got, or that were scored by different rubrics."""
    size = len(units)
    key = ", ".join(f"u{i}" for i in range(size))
    rows = connection.execute(
        f"""{interviews}, jobs AS (SELECT {key}, count(*) AS total FROM judged GROUP BY ALL)
        SELECT {key}, question, any_value(list_contains(standard_set, question)),
            count(*) AS times, any_value(total) AS everybody,
            count(*) FILTER (rubric = usual_rubric) AS usual, count(rubric) AS with_rubric
        FROM asked LEFT JOIN rubrics USING ({key}, question) JOIN sets USING ({key})
        JOIN jobs USING ({key}) GROUP BY {key}, question
        HAVING times < everybody OR usual < with_rubric
        ORDER BY everybody - times + with_rubric - usual DESC, {key}, question""",
        parameters,
    ).fetchall()
    return [
        QuestionStructure(
            tuple(map(str, row[:size])),
            str(row[size]),
            bool(row[size + 1]),
            Proportion.from_counts(row[size + 2], row[size + 3], level=level),
            Proportion.from_counts(row[size + 4], row[size + 5], level=level),
        )
        for row in rows
    ]


def _group_counts(
    cells: Sequence[_Cell], features: tuple[str, ...], units: tuple[str, ...]
) -> tuple[GroupCounts, StrataCounts]:
    """Interviews and those that departed, per group, and per job and group."""
    known = [cell for cell in cells if None not in cell.group]
    groups: tuple[Group, ...] = tuple(sorted({tuple(map(str, c.group)) for c in known}))
    strata: tuple[Group, ...] = tuple(sorted({cell.unit for cell in known}))
    row = {unit: i for i, unit in enumerate(strata)}
    column = {group: i for i, group in enumerate(groups)}
    assessed = np.zeros((len(strata), len(groups)), np.int64)
    departed = np.zeros_like(assessed)
    for cell in known:
        at = row[cell.unit], column[tuple(map(str, cell.group))]
        assessed[at] += cell.n
        departed[at] += 0 if cell.standard else cell.n
    unknown = [cell for cell in cells if None in cell.group]
    counts = GroupCounts(
        features,
        groups,
        assessed.sum(axis=0),
        departed.sum(axis=0),
        sum(cell.n for cell in unknown),
        sum(cell.n for cell in unknown if not cell.standard),
        "non-standard interview",
    )
    return counts, StrataCounts(features, groups, units, strata, assessed, departed)


def _notes(
    cells: Sequence[_Cell], jobs: Sequence[JobStructure], deviations: int, counts: GroupCounts
) -> tuple[Note, ...]:
    if not cells:
        return (Note("no_questions", "No question of any interview is known."),)
    notes = []
    for flag, name in (("same_order", "order"), ("same_rubric", "rubric")):
        unknown = sum(cell.n for cell in cells if getattr(cell, flag) is None)
        if unknown:
            text = f"The {name} of the questions is not known for {unknown} interviews."
            notes.append(Note(f"{name}_unknown", text, {"interviews": unknown}))
    alone = sum(1 for job in jobs if job.interviews == 1)
    if alone:
        text = f"{alone} jobs have a single interview, which is its own standard."
        notes.append(Note("single_interviews", text, {"jobs": alone}))
    if deviations > MOST_DEVIATIONS:
        text = f"{deviations} questions departed; the {MOST_DEVIATIONS} most frequent are listed."
        notes.append(Note("deviations_cut", text, {"questions": deviations}))
    if counts.unknown_assessed:
        text = f"{counts.unknown_assessed} interviews are in no group: a level is unknown."
        notes.append(Note("unknown_group", text, {"interviews": counts.unknown_assessed}))
    return tuple(notes)
