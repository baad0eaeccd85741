"""Tables that stay in their warehouse: one query counts equal rows there, and only counts travel.

The table is an Ibis expression, so that any backend of Ibis will do. All columns that the
specification names are grouped by as they stand; words, dates and bands are made of the few
combinations here, as they are from single rows. The candidate column does not travel: a second
query finds candidates who occur more than once, and fetches those alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import duckdb

from audit.errors import DataInvalid, SpecInvalid
from fairness.keyed import wanted_columns
from fairness.sources import SourceFacts, Warehouse, check_columns, quoted
from fairness.spec import AuditSpec
from fairness.spec_parts import folded

WEIGHT = "rows counted in the warehouse"
_SHOWN = 3


def check_spec(spec: AuditSpec, ratings: object) -> None:
    """SpecInvalid for what needs the single rows of each candidate."""
    if spec.stage and spec.stage.layout == "row_per_stage":
        raise SpecInvalid(
            "stage.layout row_per_stage needs the single rows of each candidate: fold them in the "
            "warehouse and give layout: reached, or give an export"
        )
    if spec.ratings is not None or ratings is not None:
        raise SpecInvalid(
            "question-level ratings are joined by candidate, who stays in the warehouse: give both "
            "tables as exports"
        )


def attach(
    con: duckdb.DuckDBPyConnection, data: Warehouse, relation: str, spec: AuditSpec
) -> SourceFacts:
    """Make `relation` from the combinations of values and their counts, in the column `WEIGHT`."""
    table = _expression(data)
    check_columns(data.name, table.columns, wanted_columns(spec))
    columns = wanted_columns(without_candidate(spec))
    _check_types(data, table, columns)
    counted = table.group_by(list(columns)).aggregate(**{WEIGHT: table.count()})
    most = spec.limits.combinations
    found = _fetch(con, data, counted.limit(most + 1), relation)
    if found > most:
        raise _too_many(con, data, relation, columns=columns, most=most)
    return SourceFacts("warehouse", data.name, _types(con, relation), weight=WEIGHT)


def attach_repeated(
    con: duckdb.DuckDBPyConnection, data: Warehouse, relation: str, spec: AuditSpec
) -> dict[str, str]:
    """Make `relation` from candidates who have no id, or several rows with the same job.

    Returns the types of its columns: candidate, job and period.
    """
    candidate = spec.candidate or ""
    table = _expression(data)
    same = [candidate, *([spec.job.column] if spec.job else [])]
    columns = list(dict.fromkeys([*same, *([spec.period.column] if spec.period else [])]))
    _check_types(data, table, columns)
    counted = table.group_by(columns).aggregate(**{WEIGHT: table.count()})
    together = _ibis().window(group_by=list(dict.fromkeys(same)))
    counted = counted.mutate(together=counted[WEIGHT].sum().over(together))
    who = counted[candidate]
    empty = who.isnull()
    if who.type().is_string():
        empty |= who.strip().lower().isin([folded(w) for w in spec.missing])
    kept = counted.filter(empty | (counted.together > 1)).drop("together")
    most = spec.limits.combinations
    if _fetch(con, data, kept.limit(most + 1), relation) > most:
        raise DataInvalid(
            f"more than {most} rows of {data.name} share their candidate and job with another or "
            "name no candidate; is the column of candidates the right one?"
        )
    return _types(con, relation)


def without_candidate(spec: AuditSpec) -> AuditSpec:
    """The specification of what travels."""
    return spec.model_copy(update={"candidate": None})


def _ibis() -> ModuleType:
    """Ibis is an extra: only tables that stay in a warehouse need it."""
    try:
        import ibis
    except ModuleNotFoundError:
        raise DataInvalid(
            "a warehouse is read through Ibis, which is not installed: pip install "
            "'fairwitness[warehouse]' (for other backends than DuckDB and PostgreSQL, Ibis' own "
            "extra too)"
        ) from None
    module: ModuleType = ibis
    return module


def _expression(data: Warehouse) -> Any:
    if not isinstance(data.table, _ibis().Table):
        raise DataInvalid(
            f"a Warehouse takes an Ibis table expression, not a {type(data.table).__name__}"
        )
    return data.table


def _check_types(data: Warehouse, table: Any, columns: Sequence[str]) -> None:
    """DataInvalid before the query for columns that an audit does not read."""
    for column in columns:
        kind = table[column].type()
        tests = ("is_string", "is_numeric", "is_boolean", "is_date", "is_timestamp")
        if not any(getattr(kind, test)() for test in tests):
            raise DataInvalid(
                f"column {column!r} of {data.name} holds {kind} values; an audit reads text, "
                "numbers, dates and booleans"
            )


def _fetch(con: duckdb.DuckDBPyConnection, data: Warehouse, query: Any, relation: str) -> int:
    """Run one query in the warehouse into a table of the engine; the number of its rows."""
    try:
        found = query.to_pyarrow()
    except _errors(query) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:300]
        raise DataInvalid(f"{data.name} cannot be queried: {first}") from None
    con.register("from_warehouse", found)
    con.execute(f"CREATE TABLE {quoted(relation)} AS SELECT * FROM from_warehouse")
    con.unregister("from_warehouse")
    return int(found.num_rows)


def _errors(query: Any) -> tuple[type[Exception], ...]:
    """What the backend raises: PEP 249 has drivers' connections name their `Error`."""
    named = getattr(getattr(query.get_backend(), "con", None), "Error", None)
    own = (named,) if isinstance(named, type) and issubclass(named, Exception) else ()
    return (_ibis().common.exceptions.IbisError, duckdb.Error, *own)


def _types(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    rows = con.execute(f"DESCRIBE {quoted(relation)}").fetchall()
    return {name: kind for name, kind, *_ in rows if name != WEIGHT}


def _too_many(
    con: duckdb.DuckDBPyConnection,
    data: Warehouse,
    relation: str,
    *,
    columns: Sequence[str],
    most: int,
) -> DataInvalid:
    counts = ", ".join(f"count(DISTINCT {quoted(c)})" for c in columns)
    found = con.execute(f"SELECT {counts} FROM {quoted(relation)}").fetchone() or ()
    ranked = sorted(zip(columns, found, strict=True), key=lambda pair: -pair[1])
    shown = ", ".join(f"{column!r} ({n} or more)" for column, n in ranked[:_SHOWN])
    return DataInvalid(
        f"{data.name} has more than {most} combinations of values in the columns that the "
        f"specification names; the most different values are in {shown}. Round such a score or put "
        "it on a grid in the expression (table.mutate(fit=table.fit.round(1))), make months of "
        "days and bands of ages, leave columns out, or raise limits.combinations"
    )
