"""Counting in SQL: one scan for many tables, by grouping sets over code columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from fairness.sources import quoted
from fairness.tables import UNKNOWN, Table

# Grouping sets are told apart by a bit per dimension in an int64.
_DIMS_AT_ONCE = 50


def tables(
    con: duckdb.DuckDBPyConnection,
    source: str,
    layouts: Sequence[tuple[str, ...]],
    measures: Mapping[str, str],
) -> list[Table]:
    """One table per layout; `measures` are aggregates in SQL, integers below 2^63."""
    found: dict[tuple[str, ...], Table] = {}
    for batch in _batches(layouts):
        found.update(_counted(con, source, batch, measures))
    return [found[layout] for layout in layouts]


def codes_of(column: Any) -> NDArray[np.int32]:
    """A column of codes as fetched, NULL becoming -1."""
    filled = np.ma.filled(column, UNKNOWN) if np.ma.isMaskedArray(column) else column
    return np.asarray(filled, np.int32)


def fetched(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """A result as columns."""
    return dict(con.execute(query).fetchnumpy())


def _batches(layouts: Sequence[tuple[str, ...]]) -> Iterator[list[tuple[str, ...]]]:
    batch: list[tuple[str, ...]] = []
    for layout in layouts:
        if batch and len({d for each in (*batch, layout) for d in each}) > _DIMS_AT_ONCE:
            yield batch
            batch = []
        batch.append(layout)
    if batch:
        yield batch


def _counted(
    con: duckdb.DuckDBPyConnection,
    source: str,
    layouts: Sequence[tuple[str, ...]],
    measures: Mapping[str, str],
) -> dict[tuple[str, ...], Table]:
    dims = list(dict.fromkeys(d for layout in layouts for d in layout))
    sets = ", ".join(f"({', '.join(map(quoted, layout))})" for layout in layouts)
    sums = ", ".join(f"({sql})::BIGINT AS {quoted('m_' + m)}" for m, sql in measures.items())
    which, by = "0", f"GROUP BY GROUPING SETS ({sets})"
    if len(layouts) > 1:
        which = f"GROUPING({', '.join(map(quoted, dims))})"
    elif dims:
        # A plain GROUP BY can count in an array (perfect_ht_threshold), grouping sets cannot.
        by = f"GROUP BY {', '.join(map(quoted, dims))}"
    columns = fetched(
        con,
        f"SELECT {''.join(quoted(d) + ', ' for d in dims)}{sums}, ({which})::BIGINT AS which "
        f"FROM ({source}) {by}",
    )
    codes = [codes_of(columns[d]) for d in dims]
    counts = np.stack([_integers(columns["m_" + m]) for m in measures], axis=1)
    found = {}
    for layout in layouts:
        # The first of n arguments of GROUPING is its highest bit; set where not grouped by.
        bits = sum(1 << (len(dims) - 1 - i) for i, d in enumerate(dims) if d not in layout)
        mine = columns["which"] == bits
        own = np.stack([codes[dims.index(d)][mine] for d in layout], axis=1) if layout else None
        if own is None:
            own = np.empty((int(mine.sum()), 0), np.int32)
        found[layout] = Table(layout, tuple(measures), own, counts[mine]).combined()
    return found


def _integers(column: Any) -> NDArray[np.int64]:
    filled = np.ma.filled(column, 0) if np.ma.isMaskedArray(column) else column
    return np.asarray(filled, np.int64)
