"""Counts of answers per question, group and matching score, for differential item functioning.

The matching score is the sum of a person's question scores. Only persons who answered all questions
of their form are counted: the columns of a wide table are one form; in a long table the questions
of a job are one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.errors import DataInvalid
from fairness.counting import codes_of, fetched
from fairness.cube_merge import bin_width
from fairness.cube_parts import ItemTable
from fairness.layouts import Layouts
from fairness.rows import Rows
from fairness.sources import literal, quoted
from fairness.tables import Table

# More different scores than these are no longer levels of a rating, or are matched in bins.
_LEVELS = 200
_MATCHING = 1024
_QUESTIONS = 500


@dataclass(frozen=True, slots=True)
class _Form:
    """Questions that are asked together: names, columns in SQL, and the relation with them."""

    names: tuple[str, ...]
    columns: tuple[str, ...]
    source: str


def item_tables(rows: Rows, *, exclude: Collection[str] = ()) -> tuple[ItemTable, ...]:
    """One table per question and set of features.

    Questions in `exclude` do not count into the matching score of the others (each still counts
    into its own, as Mantel-Haenszel matching wants), so that matching can be purified.
    """
    result: list[ItemTable] = []
    for form in _forms(rows):
        for features in _feature_sets(rows):
            result += _form_tables(rows, form, features, exclude)
    return tuple(result)


def _feature_sets(rows: Rows) -> list[tuple[str, ...]]:
    sizes = {f"feature:{f}": len(rows.levels(f)) + 1 for f in rows.features}
    named = tuple(tuple(f"feature:{f}" for f in t) for t in rows.spec.tables)
    return Layouts({}, sizes, rows.count, rows.spec.limits.cells, named).feature_sets()


def _forms(rows: Rows) -> list[_Form]:
    forms = []
    if rows.items:
        columns = [f"i_{name}" for name in rows.items]
        forms.append(_Form(rows.items, tuple(map(quoted, columns)), rows.coded_rows(columns)))
    if rows.has_ratings:
        forms += _long_forms(rows)
    return forms


def _long_forms(rows: Rows) -> list[_Form]:
    """The questions of each job (or of the whole table), as columns."""
    found = rows.con.execute(
        "SELECT job, question FROM audit_ratings WHERE question IS NOT NULL GROUP BY ALL "
        f"ORDER BY job, question LIMIT {_QUESTIONS + 1}"
    ).fetchall()
    if len(found) > _QUESTIONS:
        raise DataInvalid(
            f"the ratings have more than {_QUESTIONS} different questions; is the column of "
            "questions the right one?"
        )
    jobs = list(dict.fromkeys(job for job, _ in found))
    every = [question for _, question in found]
    forms = []
    for job in jobs:
        questions = [q for j, q in found if j == job]
        names = [q if every.count(q) == 1 else f"{q} ({job})" for q in questions]
        forms.append(_long_form(rows, job, questions, names))
    return forms


def _long_form(
    rows: Rows, job: str | None, questions: Sequence[str], names: Sequence[str]
) -> _Form:
    columns = [f"r_{i}" for i in range(len(questions))]
    # A question rated by several interviewers counts with its mean.
    means = ", ".join(
        f"avg(score) FILTER (question = {literal(q)}) AS {c}"
        for q, c in zip(questions, columns, strict=True)
    )
    same = "TRUE" if job is None else f"job = {literal(job)}"
    ratings = f"SELECT candidate AS rated, {means} FROM audit_ratings WHERE {same} GROUP BY 1"
    more = ["candidate"]
    within = ""
    if job is not None and "job" in rows.codings and job in rows.levels("job"):
        within = f" WHERE job = {rows.levels('job').index(job)}"
    people = f"SELECT * FROM ({rows.coded_rows(more)}){within}"
    source = f"SELECT p.*, r.* FROM ({people}) p JOIN ({ratings}) r ON p.candidate = r.rated"
    return _Form(tuple(names), tuple(columns), source)


def _form_tables(
    rows: Rows, form: _Form, features: tuple[str, ...], exclude: Collection[str]
) -> list[ItemTable]:
    answered = " AND ".join(f"{c} IS NOT NULL" for c in form.columns)
    result = []
    for name, column in zip(form.names, form.columns, strict=True):
        matched = [
            c
            for n, c in zip(form.names, form.columns, strict=True)
            if n == name or n not in exclude
        ]
        listed = ", ".join(map(quoted, features))
        columns = fetched(
            rows.con,
            f"SELECT {listed}, round({' + '.join(matched)}, 9) AS matching, "
            f"{column} + 0.0 AS level, sum(n)::BIGINT AS n FROM ({form.source}) WHERE {answered} "
            "GROUP BY ALL",
        )
        table = _table(name, features, columns)
        if table is not None:
            result.append(table)
    return result


def _table(name: str, features: tuple[str, ...], columns: dict[str, Any]) -> ItemTable | None:
    """None where the question has too many different scores to be rated in levels."""
    levels, level = np.unique(np.asarray(columns["level"], np.float64), return_inverse=True)
    if len(levels) > _LEVELS or not len(levels):
        return None
    raw = np.asarray(columns["matching"], np.float64) + 0.0
    matching, match = np.unique(raw, return_inverse=True)
    width = 0.0
    if len(matching) > _MATCHING:
        width = bin_width(float(matching[0]), float(matching[-1]), _MATCHING)
        matching, match = np.unique((np.floor(raw / width) + 0.5) * width, return_inverse=True)
    codes = [codes_of(columns[f]) for f in features] + [match, level]
    counts = np.asarray(columns["n"], np.int64)[:, None]
    dims = (*features, "matching", "level")
    table = Table(dims, ("n",), np.stack(codes, axis=1).astype(np.int32), counts).combined()
    return ItemTable(name, matching, levels, width, table)
