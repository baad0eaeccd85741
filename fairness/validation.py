"""What is wrong with a table, said with its row, column, value and remedy.

Rows are counted from 1, without the header line. At most three are shown; counts are complete.
Where a warehouse counted the rows they have no numbers, and values are shown with their counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from audit.errors import DataInvalid, SpecInvalid
from fairness.keyed import Dated, Keyed, Number
from fairness.sources import Relation, literal, quoted
from fairness.spec import AuditSpec
from fairness.types import Note

SHOWN = 3
# Ages outside are slips of the keyboard or signs for a missing value.
AGE_RANGE = (14, 110)
# Up to here hashes of all rows are sorted in memory (16 bytes each); beyond, the engine may spill.
_SORTED_ROWS = 12_000_000
_SLASHED = r"^\s*\d{1,2}[./-]\d{1,2}[./-](\d{2}|\d{4})\b"


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """How many values a column of numbers has, and its smallest and largest."""

    count: int
    low: float
    high: float


def check_rows(con: duckdb.DuckDBPyConnection, relation: Relation, name: str) -> int:
    """The number of rows; DataInvalid where there are none."""
    count = int(_one(con, f"SELECT {relation.rows()} FROM {relation.name}")[0])
    if not count:
        raise DataInvalid(f"{name} has a header and no rows: there is nobody to audit")
    return count


def check_numbers(
    con: duckdb.DuckDBPyConnection,
    relation: Relation,
    numbers: Sequence[Number],
    spec: AuditSpec,
    *,
    counted: Relation | None = None,
) -> dict[str, NumberFacts]:
    """Facts of each column of numbers; DataInvalid for text, NaN, infinity and out of range.

    `counted`: equal rows of the relation counted together, which has columns of these names; it is
    read instead, and the relation only for the rows to show.
    """
    if not numbers:
        return {}
    read, parts = counted or relation, []
    for number in numbers:
        value = quoted(number.name) if counted else number.sql
        bad = None if counted else number.bad
        parts.append(
            f"{read.rows(bad or 'FALSE')}, {read.rows(f'NOT isfinite({value})')}, "
            f"{read.rows(f'{value} IS NOT NULL')}, min({value}), max({value})"
        )
    values = _one(con, f"SELECT {', '.join(parts)} FROM {read.name}")
    facts = {}
    for place, number in enumerate(numbers):
        bad_rows, wild, count, low, high = values[5 * place : 5 * place + 5]
        if bad_rows:
            _not_numbers(con, relation, number, int(bad_rows))
        if wild:
            _not_finite(con, relation, number, int(wild))
        found = NumberFacts(int(count), float(low or 0.0), float(high or 0.0))
        _check_range(con, relation, number, spec, found)
        facts[number.name] = found
    return facts


def check_number(con: duckdb.DuckDBPyConnection, relation: Relation, number: Number) -> None:
    """DataInvalid where one column has text, NaN or infinity."""
    bad, wild = _one(
        con,
        f"SELECT {relation.rows(number.bad or 'FALSE')}, "
        f"{relation.rows(f'NOT isfinite({number.sql})')} FROM {relation.name}",
    )
    if bad:
        _not_numbers(con, relation, number, int(bad))
    if wild:
        _not_finite(con, relation, number, int(wild))


def check_dates(con: duckdb.DuckDBPyConnection, relation: Relation, dates: Sequence[Dated]) -> None:
    """DataInvalid where dates are not ISO, do not fit their patterns, or fit two."""
    for dated in dates:
        if dated.bad and _any(con, relation, dated.bad):
            _bad_dates(con, relation, dated)
        if dated.clash and _any(con, relation, dated.clash):
            shown = located(con, relation, dated.column, dated.clash)
            raise DataInvalid(
                f"column {dated.column!r} ({dated.field}): {shown} fit two of the patterns "
                f"{', '.join(dated.formats)} as different days; give one pattern, or convert the "
                "column to ISO dates (2025-03-31)"
            )


def check_duplicates(
    con: duckdb.DuckDBPyConnection, keyed: Keyed, spec: AuditSpec, source: Relation
) -> int:
    """How many rows repeat an application; DataInvalid under the policy `error`.

    An application is a candidate in one job and period (and stage, with a row per stage). Where the
    rows have no order there is no first or last one, and the policy is `error`.
    """
    if spec.candidate is None:
        return 0
    if _any(con, source, keyed.empty(spec.candidate)):
        shown = located(con, source, spec.candidate, keyed.empty(spec.candidate))
        raise DataInvalid(
            f"column {spec.candidate!r} (candidate) is empty in {shown}; fill it in, or leave "
            "'candidate' out of the specification (duplicates are then not looked for)"
        )
    same = application_key(keyed, spec)
    if source.weight is None and not _equal_hashes(con, source.name, same):
        return 0
    rows = con.execute(
        f"SELECT any_value({quoted(spec.candidate)}), {source.rows()} AS n FROM {source.name} "
        f"GROUP BY {', '.join(same)} HAVING {source.rows()} > 1 ORDER BY n DESC, 1"
    ).fetchmany(10_000)
    extra = sum(int(n) - 1 for _, n in rows)
    if extra and (spec.duplicates == "error" or source.weight):
        _duplicated(con, spec, source, rows)
    return extra


def _equal_hashes(con: duckdb.DuckDBPyConnection, source: str, same: Sequence[str]) -> bool:
    """Whether two rows may be of one application; equal hashes are to be looked at."""
    key = f"hash({', '.join(same)})"
    count = int(_one(con, f"SELECT count(*) FROM {source}")[0])
    if count > _SORTED_ROWS:
        return count != int(_one(con, f"SELECT count(DISTINCT {key}) FROM {source}")[0])
    hashes = con.execute(f"SELECT {key} AS h FROM {source}").fetchnumpy()["h"]
    hashes.sort()
    return bool((hashes[1:] == hashes[:-1]).any())


def application_key(keyed: Keyed, spec: AuditSpec) -> list[str]:
    """What tells one application from another, in SQL over the source."""
    names = {"job", "period"}
    if spec.stage and spec.stage.layout == "row_per_stage":
        names.add("stage")
    by_name = {k.name: k.sql for k in keyed.keys}
    return [quoted(spec.candidate or ""), *(by_name[n] for n in sorted(names & by_name.keys()))]


def located(con: duckdb.DuckDBPyConnection, relation: Relation, column: str, condition: str) -> str:
    """The first rows under a condition, in words: row 17 ("x"), row 30 ("y") and 5 more.

    Where rows have no numbers, the most frequent values: "x" (7 rows) and 5 rows more.
    """
    if relation.weight:
        return _most_frequent(con, relation, column, condition)
    numbered = f"SELECT row_number() OVER () AS row_no, * FROM {relation.name}"
    rows = con.execute(
        f"SELECT row_no, {quoted(column)}::VARCHAR FROM ({numbered}) WHERE {condition} "
        f"ORDER BY row_no LIMIT {SHOWN}"
    ).fetchall()
    count = int(_one(con, f"SELECT count(*) FROM {relation.name} WHERE {condition}")[0])
    shown = ", ".join(f"row {row} ({shown_word(value)})" for row, value in rows)
    return shown + (f" and {count - len(rows)} more" if count > len(rows) else "")


def _most_frequent(
    con: duckdb.DuckDBPyConnection, relation: Relation, column: str, condition: str
) -> str:
    rows = con.execute(
        f"SELECT {quoted(column)}::VARCHAR AS word, {relation.rows()} AS n FROM {relation.name} "
        f"WHERE {condition} GROUP BY word ORDER BY n DESC, word LIMIT {SHOWN}"
    ).fetchall()
    count = int(_one(con, f"SELECT {relation.rows(condition)} FROM {relation.name}")[0])
    shown = ", ".join(f"{shown_word(value)} ({n} row{'s'[: n > 1]})" for value, n in rows)
    more = count - sum(n for _, n in rows)
    return shown + (f" and {more} rows more" if more else "")


def shown_word(value: object) -> str:
    """A value for a message, at most 60 characters of it."""
    if value is None:
        return "empty"
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def too_many_levels(field: str, column: str, count: int, limit: int) -> DataInvalid:
    """The error for a column that names people or moments instead of groups."""
    kind = "feature_levels" if field.startswith("feature") else "axis_levels"
    return DataInvalid(
        f"column {column!r} ({field}) has {count} different values, more than the {limit} that "
        f"limits.{kind} allows; group them first (bands, countries, months), or take the column "
        "out of the specification"
    )


def unmapped(field: str, column: str, words: Sequence[tuple[object, int]], remedy: str) -> None:
    """DataInvalid for words that no list of the specification names, with how often they occur."""
    shown = ", ".join(f"{shown_word(w)} ({n})" for w, n in words[:20])
    more = f" and {len(words) - 20} more" if len(words) > 20 else ""
    rows = sum(n for _, n in words)
    raise DataInvalid(
        f"column {column!r} ({field}): {rows} rows have words that the specification does not "
        f"name: {shown}{more}. {remedy}"
    )


def unknown_note(feature: str, unknown: int, total: int) -> Note:
    """How many persons are counted as unknown in a feature."""
    text = (
        f"{unknown} of {total} persons have no known level of {feature}; they are in no group of "
        "its tables and are counted as unknown."
    )
    return Note("unknown_demographics", text, {"unknown": unknown, "persons": total})


def check_formats(dates: Sequence[Dated]) -> None:
    """SpecInvalid for a pattern that names no complete date."""
    for dated in dates:
        for pattern in dated.formats:
            if not any(sign in pattern for sign in ("%Y", "%y", "%x", "%c")) or "%" not in pattern:
                raise SpecInvalid(
                    f"{dated.field}: the pattern {pattern!r} names no year; for example %d/%m/%Y "
                    "reads 31/03/2025"
                )


def _not_numbers(
    con: duckdb.DuckDBPyConnection, relation: Relation, number: Number, count: int
) -> None:
    shown = located(con, relation, number.column, number.bad or "FALSE")
    raise DataInvalid(
        f"column {number.column!r} ({number.field}): {count} fields are not numbers: {shown}. "
        "Write numbers with a decimal point and without signs such as %, or add the words for a "
        "missing value to 'missing'"
    )


def _not_finite(
    con: duckdb.DuckDBPyConnection, relation: Relation, number: Number, count: int
) -> None:
    shown = located(con, relation, number.column, f"NOT isfinite({number.sql})")
    remedy = "Leave the field empty where there is none"
    if number.field.startswith("score"):
        remedy += ", or give the score non_finite: missing"
    raise DataInvalid(
        f"column {number.column!r} ({number.field}): {count} values are not finite: {shown}. "
        f"{remedy}"
    )


def _check_range(
    con: duckdb.DuckDBPyConnection,
    relation: Relation,
    number: Number,
    spec: AuditSpec,
    found: NumberFacts,
) -> None:
    low: float | None
    high: float | None
    where: str
    if number.name.startswith("n_"):
        low, high, where = *AGE_RANGE, "where ages of applicants lie"
    else:
        score = next((s for s in spec.scores if f"s_{s.name}" == number.name), None)
        low, high = (score.low, score.high) if score else (None, None)
        where = "its low to high"
    if not found.count:
        return
    tests = []
    if low is not None and found.low < low:
        tests.append(f"{number.sql} < {literal(float(low))}")
    if high is not None and found.high > high:
        tests.append(f"{number.sql} > {literal(float(high))}")
    if tests:
        shown = located(con, relation, number.column, " OR ".join(tests))
        raise DataInvalid(
            f"column {number.column!r} ({number.field}): outside {low} to {high}, {where}: "
            f"{shown}. Correct them, or leave the fields empty where the value is not known"
        )


def _bad_dates(con: duckdb.DuckDBPyConnection, relation: Relation, dated: Dated) -> None:
    bad, column = dated.bad or "FALSE", dated.column
    raw = f"{quoted(column)}::VARCHAR"
    if dated.formats:
        raise DataInvalid(
            f"column {column!r} ({dated.field}): not dates by {', '.join(dated.formats)}: "
            f"{located(con, relation, column, bad)}"
        )
    slashed = f"({bad} AND regexp_matches({raw}, {literal(_SLASHED)}))"
    other = f"({bad} AND NOT regexp_matches({raw}, {literal(_SLASHED)}))"
    iso = f"(NOT {bad} AND {raw} IS NOT NULL)"
    found = [
        (what, test)
        for what, test in (
            ("of numbers whose day and month cannot be told apart", slashed),
            ("in another notation", other),
            ("in ISO notation", iso),
        )
        if _any(con, relation, test)
    ]
    shown = "; ".join(f"{what}: {located(con, relation, column, test)}" for what, test in found)
    raise DataInvalid(
        f"column {column!r} ({dated.field}): not all dates are ISO (2025-03-31). {shown}. Give "
        "'format', for example %d/%m/%Y or %m/%d/%Y, or convert the column to ISO dates"
    )


def _duplicated(
    con: duckdb.DuckDBPyConnection,
    spec: AuditSpec,
    source: Relation,
    rows: Sequence[tuple[object, int]],
) -> None:
    column = spec.candidate or ""
    shown = []
    remedy = "Remove the copies, or give duplicates: first or last"
    if source.weight:
        shown = [f"{shown_word(value)} in {n} rows" for value, n in rows[:SHOWN]]
        remedy = "Remove the copies in the warehouse, where rows have no first or last"
    for value, _ in rows[:SHOWN] if source.weight is None else ():
        numbered = f"SELECT row_number() OVER () AS row_no, * FROM {source.name}"
        places = con.execute(
            f"SELECT row_no FROM ({numbered}) WHERE {quoted(column)} = ? ORDER BY row_no LIMIT 4",
            [value],
        ).fetchall()
        listed = " and ".join(str(p[0]) for p in places[:2]) + (", ..." if places[2:] else "")
        shown.append(f"{shown_word(value)} in rows {listed}")
    total = f"{len(rows)}" if len(rows) < 10_000 else "10000 or more"
    within = "the same " + ", ".join(
        ["job"] * bool(spec.job) + ["period"] * bool(spec.period) or ["table"]
    )
    raise DataInvalid(
        f"column {column!r} (candidate): {total} candidates occur more than once in {within}: "
        f"{'; '.join(shown)}. {remedy}"
    )


def _any(con: duckdb.DuckDBPyConnection, relation: Relation, condition: str) -> bool:
    return (
        con.execute(f"SELECT 1 FROM {relation.name} WHERE {condition} LIMIT 1").fetchone()
        is not None
    )


def _one(con: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = con.execute(query).fetchone()
    return tuple(row) if row else ()
