"""Where a table comes from: files, frames, databases; all become one relation in DuckDB.

Nothing in the data is executed: fields of a text table are text, "=1+1" too. Only the columns that
the specification names are read. Network addresses are never opened; databases only by the URL that
the caller gives.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from audit.errors import DataInvalid
from fairness import text_files
from fairness.spec_parts import Csv, Limits
from fairness.types import Note

# Rows fetched from a database at a time.
_BATCH = 20_000
_PLAIN_TYPES = re.compile(
    r"^(VARCHAR|BOOLEAN|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*|DATE"
    r"|TIMESTAMP.*|ENUM.*)$"
)


# Names of columns, or None for all.
Wanted = Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Database:
    """A query on a database by SQLAlchemy URL; the URL is never shown or stored."""

    url: str = field(repr=False)
    query: str


@dataclass(frozen=True, slots=True)
class Warehouse:
    """An Ibis table expression of any backend; `fairness.warehouse` has it counted there.

    `name`: for messages and reports.
    """

    table: Any = field(repr=False)
    name: str = "the warehouse's table"


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation in the engine; `weight`: the column of how many rows each row stands for."""

    name: str
    weight: str | None = None

    def rows(self, condition: str | None = None) -> str:
        """How many rows are under a condition (None for all), in SQL."""
        if self.weight is None:
            return f"count_if({condition})" if condition else "count(*)"
        test = f" FILTER ({condition})" if condition else ""
        return f"coalesce(sum({quoted(self.weight)}){test}, 0)::BIGINT"


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read: a private folder for what does not fit in memory, and the limits.

    `rows`: the first rows that are enough, None for all.
    """

    scratch: Path
    csv: Csv
    limits: Limits
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What was read.

    Attributes:
        kind: csv, parquet, arrow, sql, frame or warehouse. name: for messages and reports.
        types: DuckDB types of the columns that were read.
        files: what a hash of the data is made from; empty where the data were no files.
        weight: the column of how many rows each row stands for; None: every row is one.
    """

    kind: str
    name: str
    types: dict[str, str]
    files: tuple[Path, ...] = ()
    notes: tuple[Note, ...] = ()
    weight: str | None = None


def connect(scratch: Path, limits: Limits) -> duckdb.DuckDBPyConnection:
    """An engine that keeps to its memory, spills into `scratch` and loads no extension."""
    return duckdb.connect(
        str(scratch / "audit.duckdb"),
        config={
            "memory_limit": f"{limits.memory_mb}MiB",
            "threads": limits.threads,
            "temp_directory": str(scratch / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "preserve_insertion_order": True,
            # Groups of coded levels and bins are counted in an array, not in a hash table.
            "perfect_ht_threshold": 22,
        },
    )


def attach(
    con: duckdb.DuckDBPyConnection,
    data: Any,
    relation: str,
    wanted: Wanted,
    how: Reading,
) -> SourceFacts:
    """Make `relation` from columns (None for all) of a path, frame, Arrow table or database."""
    if isinstance(data, str) and "://" in data:
        raise DataInvalid("a database needs a query: give 'query' in the specification")
    if isinstance(data, Warehouse):
        raise DataInvalid(
            f"{data.name} is counted in its warehouse, and this needs single rows: give an export "
            "of it, for example table.limit(1000).to_pandas()"
        )
    try:
        if isinstance(data, Database):
            facts = _attach_database(con, data, relation, wanted)
        elif isinstance(data, str | Path):
            facts = _attach_path(con, Path(data), relation, wanted, how)
        else:
            facts = _attach_frame(con, data, relation, wanted)
    except duckdb.OutOfMemoryException:
        raise DataInvalid(
            f"reading the table needs more than {how.limits.memory_mb} MiB: raise limits.memory_mb"
        ) from None
    for column, kind in facts.types.items() if wanted is not None else ():
        if not is_plain(kind):
            raise DataInvalid(
                f"column {column!r} of {facts.name} holds {kind.lower()} values; an audit reads "
                "text, numbers, dates and booleans"
            )
    return facts


def is_plain(kind: str) -> bool:
    """Whether a type of the engine is text, a number, a date or a boolean."""
    return bool(_PLAIN_TYPES.match(kind))


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A value in SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value!r}::DOUBLE" if value == value else "'nan'::DOUBLE"
    return "'" + str(value).replace("'", "''") + "'"


def check_columns(name: str, present: Sequence[str], wanted: Wanted) -> tuple[str, ...]:
    """The columns to read; DataInvalid for absent ones, each with the nearest name there is."""
    if wanted is None:
        return tuple(present)
    absent = [column for column in wanted if column not in present]
    if not absent:
        return tuple(wanted)
    folded = {_folded(p): p for p in present}
    parts = []
    for column in absent[:10]:
        near = difflib.get_close_matches(_folded(column), folded, n=1, cutoff=0.6)
        hint = f" (did you mean {folded[near[0]]!r}?)" if near else ""
        parts.append(f"{column!r}{hint}")
    shown = ", ".join(map(repr, present[:30])) + (", ..." if len(present) > 30 else "")
    raise DataInvalid(f"{name} has no column {', '.join(parts)}. Its columns: {shown}")


def _folded(name: str) -> str:
    return name.casefold().replace(" ", "").replace("_", "")


def folder_tables(folder: Path) -> tuple[Path, ...]:
    """The Parquet and Arrow files of a folder, in order of name."""
    return tuple(sorted(p for p in folder.iterdir() if p.suffix in (".parquet", ".arrow", ".pq")))


def _attach_path(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    relation: str,
    wanted: Wanted,
    how: Reading,
) -> SourceFacts:
    files = _files(path)
    with files[0].open("rb") as file:
        magic = file.read(6)
    if magic.startswith(b"PAR1"):
        return _attach_parquet(con, path, files, relation, wanted)
    if magic == b"ARROW1":
        dataset = _arrow_dataset(files)
        wanted = check_columns(path.name, dataset.schema.names, wanted)
        con.register(f"{relation}_arrow", dataset)
        types = _view(con, relation, f"{relation}_arrow", wanted)
        return SourceFacts("arrow", path.name, types, files)
    _refuse_other_formats(path, magic)
    if len(files) > 1:
        raise DataInvalid(f"{path.name} is a folder of text tables: join them into one file")
    return _attach_text(con, files[0], relation, wanted, how)


def _files(path: Path) -> tuple[Path, ...]:
    try:
        if path.is_dir():
            found = folder_tables(path)
            if not found:
                raise DataInvalid(f"the folder {path.name} has no Parquet or Arrow files")
            return found
        if not path.is_file():
            raise DataInvalid(f"{path} is not there, or is not a file")
        path.open("rb").close()
    except OSError as error:
        raise DataInvalid(f"{path.name} cannot be read: {error.strerror}") from None
    return (path,)


def _refuse_other_formats(path: Path, magic: bytes) -> None:
    for start, what in (
        (b"PK\x03\x04", "a spreadsheet or ZIP archive: export it as CSV"),
        (b"\xd0\xcf\x11\xe0", "an old spreadsheet: export it as CSV"),
        (b"\x1f\x8b", "compressed: unpack it first"),
        (b"\x28\xb5\x2f\xfd", "compressed: unpack it first"),
        (b"%PDF", "a PDF"),
        (b"SQLite", f"a SQLite database: give sqlite:///{path.name} and a query"),
    ):
        if magic.startswith(start):
            raise DataInvalid(f"{path.name} is {what}")


def _attach_parquet(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    files: tuple[Path, ...],
    relation: str,
    wanted: Wanted,
) -> SourceFacts:
    # Square brackets keep names with wildcard characters from matching other files.
    names = ", ".join(literal(re.sub(r"([*?\[])", r"[\1]", str(f))) for f in files)
    scan = f"read_parquet([{names}])"
    try:
        present = [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()]
        wanted = check_columns(path.name, present, wanted)
        types = _view(con, relation, scan, wanted)
    except duckdb.Error as error:
        raise DataInvalid(f"{path.name} cannot be read as Parquet: {_first_line(error)}") from None
    return SourceFacts("parquet", path.name, types, files)


def _arrow_dataset(files: tuple[Path, ...]) -> Any:
    from pyarrow import dataset

    try:
        return dataset.dataset([str(f) for f in files], format="ipc")
    except (pa.ArrowException, OSError) as error:
        raise DataInvalid(
            f"{files[0].name} cannot be read as Arrow: {_first_line(error)}"
        ) from None


def _attach_text(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    relation: str,
    wanted: Wanted,
    how: Reading,
) -> SourceFacts:
    table = text_files.prepared(
        path,
        how.scratch,
        encoding=how.csv.encoding,
        delimiter=how.csv.delimiter,
        line_mb=how.limits.line_mb,
    )
    wanted = check_columns(path.name, table.columns, wanted)
    columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in table.columns)
    chosen = ", ".join(quoted(c) for c in wanted)
    file = literal(re.sub(r"([*?\[])", r"[\1]", str(table.path)))
    limit = "" if how.rows is None else f" LIMIT {how.rows}"
    try:
        con.execute(
            f"CREATE TABLE {quoted(relation)} AS SELECT {chosen} FROM read_csv({file}, "
            f"delim={literal(table.delimiter)}, quote='\"', escape='\"', header=true, "
            f"skip={table.skip}, columns={{{columns}}}, auto_detect=false, strict_mode=true, "
            f"max_line_size={how.limits.line_mb * 2**20}){limit}"
        )
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise DataInvalid(_csv_problem(path.name, str(error))) from None
    if table.path != path:
        table.path.unlink()
    return SourceFacts("csv", path.name, dict.fromkeys(wanted, "VARCHAR"), (path,), table.notes)


def _csv_problem(name: str, message: str) -> str:
    line = re.search(r"Line: (\d+)", message)
    place = f"{name}, line {line.group(1)}" if line else name
    widths = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if widths:
        return (
            f"{place}: {widths.group(2)} fields where the header has {widths.group(1)}; put "
            "fields that hold the delimiter or a line break into double quotes"
        )
    if "quote" in message.lower():
        return f"{place}: a quoted field does not end, or goes on after its closing quote"
    return f"{place}: cannot be read as a table: {message.splitlines()[0][:300]}"


def _attach_database(
    con: duckdb.DuckDBPyConnection, data: Database, relation: str, wanted: Wanted
) -> SourceFacts:
    """Rows come in batches; all values become text, so that no batch can disagree on a type."""
    # Each way of reading imports its own libraries: SQLAlchemy and pandas take a second each.
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    name = "the query's result"
    try:
        engine = sqlalchemy.create_engine(data.url)
        with engine.connect() as link:
            link = link.execution_options(stream_results=True, max_row_buffer=_BATCH)
            result = link.execute(sqlalchemy.text(data.query))
            if not result.returns_rows:
                raise DataInvalid("the query returns no rows: give a SELECT")
            present = list(result.keys())
            wanted = check_columns(name, present, wanted)
            places = [present.index(column) for column in wanted]
            _append(con, relation, wanted, _batches(result, places))
            link.rollback()
        engine.dispose()
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        cause = getattr(error, "orig", None) or error
        text = _first_line(cause).replace(data.url, "(the database)")
        raise DataInvalid(f"the database cannot be queried: {text}") from None
    return SourceFacts("sql", name, dict.fromkeys(wanted, "VARCHAR"))


def _batches(result: Any, places: list[int]) -> Iterator[list[list[str | None]]]:
    for rows in result.partitions(_BATCH):
        yield [[_text(row[i]) for row in rows] for i in places]


def _append(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    wanted: Sequence[str],
    batches: Iterable[list[list[str | None]]],
) -> None:
    columns = ", ".join(f"{quoted(c)} VARCHAR" for c in wanted)
    con.execute(f"CREATE TABLE {quoted(relation)} ({columns})")
    for batch in batches:
        arrays = [pa.array(values, pa.string()) for values in batch]
        con.register("batch", pa.table(arrays, names=[str(i) for i in range(len(arrays))]))
        con.execute(f"INSERT INTO {quoted(relation)} SELECT * FROM batch")
        con.unregister("batch")


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, bytes):
        raise DataInvalid("the query returns binary values: leave that column out or convert it")
    return str(value)


def _attach_frame(
    con: duckdb.DuckDBPyConnection, data: Any, relation: str, wanted: Wanted
) -> SourceFacts:
    if hasattr(data, "collect") and not hasattr(data, "to_arrow"):
        data = data.collect()
    if _is_pandas(data):
        wanted = _once("the frame", [str(c) for c in data.columns], wanted)
        table = _from_pandas(data, wanted)
    elif hasattr(data, "to_arrow"):
        wanted = check_columns("the frame", list(data.columns), wanted)
        table = data.select(list(wanted)).to_arrow()
    elif isinstance(data, pa.Table):
        wanted = _once("the table", data.schema.names, wanted)
        table = data.select(list(wanted))
    elif isinstance(data, pa.RecordBatchReader):
        wanted = _once("the stream", data.schema.names, wanted)
        con.register(f"{relation}_stream", data)
        chosen = ", ".join(quoted(c) for c in wanted)
        con.execute(f"CREATE TABLE {quoted(relation)} AS SELECT {chosen} FROM {relation}_stream")
        return SourceFacts("frame", "the stream", _types(con, relation))
    else:
        raise DataInvalid(
            f"a {type(data).__name__} is no table: give a path, a pandas or polars frame, an Arrow "
            "table, a Database or a Warehouse"
        )
    con.register(f"{relation}_arrow", table)
    types = _view(con, relation, f"{relation}_arrow", wanted)
    return SourceFacts("frame", "the frame", types)


def _once(name: str, present: list[str], wanted: Wanted) -> tuple[str, ...]:
    chosen = check_columns(name, present, wanted)
    for column in chosen:
        if present.count(column) > 1:
            raise DataInvalid(f"{name} has two columns named {column!r}: rename one")
    return chosen


def _is_pandas(data: object) -> bool:
    """Whether it is a pandas frame; there is none where pandas was not imported."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _from_pandas(frame: Any, wanted: Sequence[str]) -> Any:
    """As Arrow; NaN is pandas' sign for a missing value and becomes one."""
    frame = frame.set_axis([str(c) for c in frame.columns], axis=1)
    arrays = []
    for column in wanted:
        series = frame[column]
        try:
            array = pa.Array.from_pandas(series)
        except (pa.ArrowException, TypeError, ValueError):
            array = None
        if array is None or (series.dtype == object and not pa.types.is_string(array.type)):
            gone = series.isna()
            array = pa.array(
                [None if no else _text(v) for v, no in zip(series, gone, strict=True)], pa.string()
            )
        arrays.append(array)
    return pa.table(arrays, names=list(wanted))


def _view(
    con: duckdb.DuckDBPyConnection, relation: str, source: str, wanted: Sequence[str]
) -> dict[str, str]:
    chosen = ", ".join(quoted(c) for c in wanted)
    # Views over registered Arrow data live in this connection only.
    con.execute(f"CREATE TEMP VIEW {quoted(relation)} AS SELECT {chosen} FROM {source}")
    return _types(con, relation)


def _types(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    rows = con.execute(f"DESCRIBE {quoted(relation)}").fetchall()
    return {row[0]: row[1] for row in rows}


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
