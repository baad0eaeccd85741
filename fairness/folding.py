"""Rows per stage folded into one row per application, which came as far as its furthest stage."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from fairness.codings import coding_of, listed
from fairness.keyed import Key, performance_column
from fairness.sources import quoted
from fairness.spec import AuditSpec

# What describes the application's beginning, not its end.
_FROM_FIRST = ("period",)


def fold(con: duckdb.DuckDBPyConnection, keys: Sequence[Key], spec: AuditSpec) -> None:
    """Make the table `keyed` from `keyed_rows`.

    The key of the stage becomes the place of the furthest stage, counted from 0. Who passed a stage
    that is not the last one has entered the next, and is pending there. The outcome is that of the
    furthest stage; other columns keep the last value that is not empty, the period its first.
    """
    stage, outcome = (_stage_codes(con, keys, spec), _outcome_codes(con, keys, spec))
    last = len(spec.stage.names if spec.stage else ()) - 1
    moved = f"(decided = 1 AND place < {last})"
    columns = [
        f"arg_max_null(CASE WHEN {moved} THEN place + 1 ELSE place END, place)::INTEGER AS k_stage"
    ]
    for key in keys:
        name = quoted("k_" + key.name)
        if key.name == "outcome":
            columns.append(f"arg_max_null(CASE WHEN NOT {moved} THEN {name} END, place) AS {name}")
        elif key.name != "stage" and key.name != "job":
            pick = "arg_min" if key.name in _FROM_FIRST else "arg_max"
            columns.append(f"{pick}({name}, place) AS {name}")
    for name in _numbers(spec):
        columns.append(f"arg_max({quoted(name)}, place) AS {quoted(name)}")
    columns.append("arg_max(interviewer, place) AS interviewer")
    by = "candidate, k_job" if any(k.name == "job" for k in keys) else "candidate"
    con.execute(
        f"CREATE TEMP TABLE keyed AS SELECT {by}, {', '.join(columns)} FROM "
        f"(SELECT *, {stage} AS place, {outcome} AS decided FROM keyed_rows) GROUP BY {by}"
    )


def _numbers(spec: AuditSpec) -> list[str]:
    names = [f"s_{s.name}" for s in spec.scores]
    names += ["performance"] if performance_column(spec) else []
    return names + [f"i_{name}" for name in (spec.items.columns if spec.items else ())]


def _words(con: duckdb.DuckDBPyConnection, name: str) -> list[tuple[object, int]]:
    column = quoted("k_" + name)
    rows = con.execute(
        f"SELECT {column}, count(*) AS n FROM keyed_rows GROUP BY 1 ORDER BY n DESC LIMIT 5000"
    ).fetchall()
    return [(word, int(n)) for word, n in rows]


def _stage_codes(con: duckdb.DuckDBPyConnection, keys: Sequence[Key], spec: AuditSpec) -> str:
    """The place of a row's stage in SQL; an empty stage is an error here."""
    key = next(k for k in keys if k.name == "stage")
    coding = listed(
        key,
        _words(con, "stage"),
        spec.stage.words if spec.stage else {},
        unknown=(),
        remedy="Add each to a stage under stage.order; with a row per stage none may be empty",
    )
    return coding.code_sql()


def _outcome_codes(con: duckdb.DuckDBPyConnection, keys: Sequence[Key], spec: AuditSpec) -> str:
    key = next((k for k in keys if k.name == "outcome"), None)
    if key is None:
        return "NULL::SMALLINT"
    return coding_of(key, spec, _words(con, "outcome")).code_sql()
