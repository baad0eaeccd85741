"""Counting by a file's own codes gives what counting its rows gives, or leaves it be."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.errors import DataInvalid
from fairness import counted_files
from fairness.builder import cube_of
from fairness.counted_files import WEIGHT, counted
from fairness.cube_json import to_json
from fairness.rows import open_rows
from fairness.spec import AuditSpec

ROWS = 210_000
SPEC = AuditSpec.model_validate(
    {
        "title": "counted",
        "outcome": {"column": "moved", "selected": ["yes"], "not_selected": ["no"]},
        "scores": [{"name": "score", "column": "score"}],
        "features": [
            {"name": "sex", "column": "sex", "kind": "sex"},
            {"name": "race", "column": "race", "kind": "race_ethnicity"},
        ],
    }
)


@pytest.fixture(scope="module")
def table() -> pa.Table:
    """Applications with unknowns in every column but the outcome, and scores below zero."""
    random = np.random.default_rng(20261122)
    races = np.array(["White", "Black", "Asian", "Ünïcode × name", "", None], object)
    score = random.integers(-40, 61, ROWS)
    return pa.table(
        {
            "sex": pa.array(random.choice(np.array(["F", "M", None], object), ROWS)),
            "race": pa.array(random.choice(races, ROWS)),
            "moved": pa.array(random.choice(["yes", "no"], ROWS)),
            "score": pa.array(score, pa.int16(), mask=random.random(ROWS) < 0.01),
            "wide": pa.array(random.integers(0, 10**6, ROWS)),
            "grade": pa.array(random.choice([1.5, 2.5], ROWS)),
        }
    )


def written(path: Path, table: pa.Table, **how: Any) -> Path:
    """The table as a file."""
    pq.write_table(table, path, **how)
    return path


def tally(table: pa.Table) -> Counter[tuple[object, ...]]:
    """Rows with their number."""
    columns = [table[name].to_pylist() for name in table.column_names if name != WEIGHT]
    weights = table[WEIGHT].to_pylist() if WEIGHT in table.column_names else [1] * table.num_rows
    result: Counter[tuple[object, ...]] = Counter()
    for row, n in zip(zip(*columns, strict=True), weights, strict=True):
        result[row] += n
    return result


@pytest.mark.parametrize(
    "how",
    [
        {"row_group_size": 70_000},
        {"row_group_size": 9_999, "compression": "zstd"},
        {"use_dictionary": False},
        {"dictionary_pagesize_limit": 20, "data_page_size": 2000},
        {"data_page_version": "2.0", "write_statistics": ["score"]},
    ],
    ids=["groups", "small groups", "no dictionary", "dictionary given up", "version 2"],
)
def test_every_row_is_counted_once(tmp_path: Path, table: pa.Table, how: dict[str, Any]) -> None:
    columns = ("sex", "race", "moved", "score")
    found = counted(written(tmp_path / "a.parquet", table, **how), columns, 2)
    assert found is not None
    assert found.schema.remove(4) == table.select(columns).schema
    assert tally(found) == tally(table.select(columns))
    assert found.num_rows == len(tally(found))


def test_files_are_added_up(tmp_path: Path, table: pa.Table) -> None:
    written(tmp_path / "a.parquet", table.slice(0, 100_000))
    written(tmp_path / "b.parquet", table.slice(100_000))
    found = counted(tmp_path, ("race", "sex"), 1)
    assert found is not None
    assert tally(found) == tally(table.select(["race", "sex"]))


@pytest.mark.parametrize("column", ["wide", "grade"])
def test_other_columns_are_left_to_the_engine(tmp_path: Path, table: pa.Table, column: str) -> None:
    path = written(tmp_path / "a.parquet", table)
    assert counted(path, ("sex", column), 2) is None


def test_integers_without_noted_bounds_are_left_to_the_engine(
    tmp_path: Path, table: pa.Table
) -> None:
    path = written(tmp_path / "a.parquet", table, write_statistics=False)
    assert counted(path, ("sex", "score"), 2) is None


def test_values_outside_of_the_noted_bounds_are_found(
    tmp_path: Path, table: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.parquet", table)
    monkeypatch.setattr(
        counted_files, "_bounds", lambda *_: {"sex": (None, None), "score": (-5, 60)}
    )
    assert counted(path, ("sex", "score"), 2) is None


def test_what_is_no_such_file_is_left_to_the_engine(tmp_path: Path, table: pa.Table) -> None:
    (tmp_path / "a.csv").write_text("sex\nF\n")
    assert counted(tmp_path / "a.csv", ("sex",), 1) is None
    assert counted(tmp_path / "absent.parquet", ("sex",), 1) is None
    assert counted(tmp_path, ("sex",), 1) is None
    assert counted(written(tmp_path / "a.parquet", table), ("sex", "absent"), 1) is None


def test_few_rows_are_left_to_the_engine(tmp_path: Path, table: pa.Table) -> None:
    path = written(tmp_path / "a.parquet", table.slice(0, 199_999))
    assert counted(path, ("sex",), 2) is None


def test_a_cut_file_is_left_to_the_engine(tmp_path: Path, table: pa.Table) -> None:
    path = written(tmp_path / "a.parquet", table)
    data = path.read_bytes()
    path.write_bytes(data[:1000] + bytes(4000) + data[5000:])
    assert counted(path, ("sex", "race", "moved"), 2) is None


def test_the_cube_is_the_same(
    tmp_path: Path, table: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.parquet", table, row_group_size=50_000)
    with open_rows(path, SPEC) as rows:
        assert rows.source.weight == WEIGHT
        assert rows.count == ROWS
        single = rows.con.execute("SELECT count(*) FROM audit_rows").fetchone()
        assert single == (ROWS,)
    together = to_json(cube_of(path, SPEC))
    monkeypatch.setattr(counted_files, "counted", lambda *_: None)
    with open_rows(path, SPEC) as rows:
        assert rows.source.weight is None
    assert together == to_json(cube_of(path, SPEC))


def test_a_message_still_counts_rows(tmp_path: Path, table: pa.Table) -> None:
    moved = table["moved"].to_pylist()
    moved[7] = "perhaps"
    path = written(tmp_path / "a.parquet", table.set_column(2, "moved", pa.array(moved)))
    with pytest.raises(DataInvalid, match="'perhaps'"):
        cube_of(path, SPEC)
