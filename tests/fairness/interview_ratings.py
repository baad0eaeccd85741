"""Made-up ratings and persons as the views that `fairness.rows` gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pandas as pd

COLUMNS = (
    "candidate",
    "job",
    "question",
    "position",
    "rubric",
    "interviewer",
    "score",
    "period",
)
_TYPES = {"score": "DOUBLE"}


def views(
    ratings: Sequence[Mapping[str, Any]], persons: Sequence[Mapping[str, Any]]
) -> duckdb.DuckDBPyConnection:
    """A connection with `audit_ratings` and `audit_rows`; columns not given are NULL."""
    connection = duckdb.connect()
    types = ", ".join(f"{name} {_TYPES.get(name, 'VARCHAR')}" for name in COLUMNS)
    connection.execute(f"CREATE TABLE audit_ratings ({types})")
    if ratings:
        given = pd.DataFrame([{c: r.get(c) for c in COLUMNS} for r in ratings], dtype=object)
        connection.register("given", given)
        connection.execute("INSERT INTO audit_ratings SELECT * FROM given")
        connection.unregister("given")
    people = pd.DataFrame(list(persons), dtype=object)
    connection.register("people", people)
    connection.execute("CREATE TABLE audit_rows AS SELECT * FROM people")
    connection.unregister("people")
    return connection


def interview(
    candidate: str, questions: str, *, job: str = "sales", rubric: str | None = "v1"
) -> list[dict[str, Any]]:
    """One rating per letter of `questions`, asked in that order."""
    return [
        {
            "candidate": candidate,
            "job": job,
            "question": question,
            "position": place,
            "rubric": rubric,
            "interviewer": "i1",
            "score": 3.0,
            "period": "2026-01",
        }
        for place, question in enumerate(questions)
    ]
