"""Equal rows of a Parquet file counted together by the codes that the file itself holds.

A column of words is stored as places in a short list of its different words. Counting the places
spares writing the words out and hashing them: 10^7 rows of six columns take a little more than half
of the time that the engine needs to group them. Where a column is not like that, nothing is lost:
the caller reads the rows as they are.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fairness.sources import folder_tables

WEIGHT = "rows together"
"""Column of how many rows each row stands for."""

_FEWEST = 200_000  # rows from which it pays
_LONGEST = 4096  # different values of one column
_CELLS = 2**20  # combinations of one group of rows, seen or not
_MERGE_AT = 2**17  # combinations kept before equal ones are added up
_LARGEST = 2**62
_BATCH = 2**16  # rows counted at a time
_EACH = 8  # rows to a combination from which it pays

Ints = np.ndarray[Any, np.dtype[np.int64]]


class _Unsuited(Exception):
    """The file is not one that can be counted by its codes."""


@dataclass(slots=True)
class _Column:
    """Values of one column in the order in which they were first seen; null is the code 0."""

    kind: pa.DataType
    codes: dict[Any, int] = field(default_factory=lambda: {None: 0})

    def coded(self, values: Sequence[Any]) -> Ints:
        """Codes of values, new ones added at the end."""
        return np.array([self.codes.setdefault(v, len(self.codes)) for v in values], np.int64)


@dataclass(frozen=True, slots=True)
class _Local:
    """Counts of the combinations of one group of rows; `values`: of each column, by places."""

    values: list[list[Any]]
    sizes: tuple[int, ...]
    counts: Ints

    @classmethod
    def empty(cls, values: list[list[Any]]) -> _Local:
        """Nothing counted yet. Raises `_Unsuited` where there are too many combinations."""
        sizes = tuple(len(each) for each in values)
        if math.prod(sizes) > _CELLS:
            raise _Unsuited
        return cls(values, sizes, np.zeros(math.prod(sizes), np.int64))

    def count(self, arrays: Sequence[pa.Array], rows: int) -> None:
        """Adds rows, whose values are among ours."""
        key = np.zeros(rows, np.int64)
        for array, values in zip(arrays, self.values, strict=True):
            key *= len(values)
            key += _places(array, values)
        np.add(self.counts, np.bincount(key, minlength=len(self.counts)), out=self.counts)


def counted(path: Path, columns: Sequence[str], threads: int) -> pa.Table | None:
    """The different rows of `columns` with their number in `WEIGHT`, or None where unsuited.

    Suited is a Parquet file, or a folder of such files, with 200,000 rows or more whose columns are
    text or integers with few different values. Rows stand in no particular order.
    """
    try:
        files = folder_tables(path) if path.is_dir() else (path,)
        return _counted(files, columns, threads)
    except (_Unsuited, pa.ArrowException, OSError, KeyError):
        return None


def _counted(files: Sequence[Path], columns: Sequence[str], threads: int) -> pa.Table | None:
    metadata = [pq.read_metadata(file) for file in files]
    schema = _schema(metadata, columns) if metadata else None
    if schema is None or sum(each.num_rows for each in metadata) < _FEWEST:
        return None
    groups = [
        (file, about, group)
        for file, about in zip(files, metadata, strict=True)
        for group in range(about.num_row_groups)
    ]
    whole = _Whole(tuple(_Column(schema.field(name).type) for name in columns))
    reader = _Reader(tuple(columns), schema)
    with ThreadPoolExecutor(threads) as pool:
        try:
            for several in pool.map(lambda group: reader.read(*group), groups):
                for found in several:
                    whole.add(found)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return whole.table(columns)


def _schema(metadata: Sequence[Any], columns: Sequence[str]) -> pa.Schema | None:
    """The common schema of the columns, or None where one is of a kind that is not counted."""
    schemas = [each.schema.to_arrow_schema() for each in metadata]
    kinds = [[s.field(c).type for c in columns] for s in schemas]
    if any(each != kinds[0] for each in kinds) or not all(map(_is_suited, kinds[0])):
        return None
    return schemas[0]


def _is_suited(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or (pa.types.is_integer(kind) and kind.bit_width <= 64))


class _Reader:
    """Reads groups of rows in several threads, each with its own handles."""

    def __init__(self, columns: tuple[str, ...], schema: pa.Schema) -> None:
        self._columns = columns
        self._words = [c for c in columns if pa.types.is_string(schema.field(c).type)]
        self._own = threading.local()

    def read(self, file: Path, metadata: Any, group: int) -> list[_Local]:
        """Combinations of one group of rows. Raises `_Unsuited`.

        Few rows at a time: memory that was never used before costs more than the counting.
        """
        about = metadata.row_group(group)
        bounds = _bounds(about, self._columns)
        found: list[_Local] = []
        batches = self._file(file, metadata).iter_batches(
            _BATCH, row_groups=[group], columns=list(self._columns), use_threads=False
        )
        for batch in batches:
            arrays = [batch.column(name) for name in self._columns]
            values = [_values(batch.column(name), bounds[name]) for name in self._columns]
            if not found or found[-1].values != values:
                found.append(_Local.empty(values))
            found[-1].count(arrays, batch.num_rows)
        if sum(np.count_nonzero(f.counts) for f in found) * _EACH > max(about.num_rows, _FEWEST):
            raise _Unsuited
        return found

    def _file(self, file: Path, metadata: Any) -> Any:
        handles = self._own.__dict__.setdefault("handles", {})
        if file not in handles:
            handles.clear()
            handles[file] = pq.ParquetFile(file, metadata=metadata, read_dictionary=self._words)
        return handles[file]


def _bounds(group: Any, columns: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """Smallest and largest value of each column, as the file has noted them; None where not."""
    wanted = set(columns)
    found: dict[str, tuple[Any, Any]] = dict.fromkeys(columns, (None, None))
    for number in range(group.num_columns):
        column = group.column(number)
        noted = column.statistics if column.path_in_schema in wanted else None
        if noted is not None and noted.has_min_max:
            found[column.path_in_schema] = (noted.min, noted.max)
    return found


def _values(array: pa.Array, bounds: tuple[Any, Any]) -> list[Any]:
    """The values that a column can have here, in the order of their places; null comes last."""
    if pa.types.is_dictionary(array.type):
        if len(array.dictionary) > _LONGEST:
            raise _Unsuited
        return [*array.dictionary.to_pylist(), None]
    first, last = bounds
    if first is None or last - first >= _LONGEST or not -_LARGEST < first <= last < _LARGEST:
        raise _Unsuited
    return [*range(first, last + 1), None]


def _places(array: pa.Array, values: list[Any]) -> Ints:
    """Each row's place among the values.

    Arrow's own conversions import pandas, which takes longer than counting 10^7 rows.
    """
    words = pa.types.is_dictionary(array.type)
    plain = array.indices if words else array
    _, data = plain.buffers()
    kind = np.dtype(plain.type.to_pandas_dtype())
    rows = np.frombuffer(data, kind, len(plain), plain.offset * kind.itemsize).astype(np.int64)
    if not words:
        rows -= values[0]
    if plain.null_count:
        rows[~_held(plain)] = len(values) - 1
    if not words and (rows.min(initial=0) < 0 or rows.max(initial=0) >= len(values)):
        raise _Unsuited  # the bounds that the file has noted are not its values' bounds
    return rows


def _held(array: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which places of an array are not null."""
    bits = np.frombuffer(array.buffers()[0], np.uint8)
    end = array.offset + len(array)
    return np.unpackbits(bits, count=end, bitorder="little")[array.offset :].astype(bool)


class _Whole:
    """Adds up the combinations of all groups of rows."""

    def __init__(self, columns: tuple[_Column, ...]) -> None:
        self._columns = columns
        self._codes: list[list[Ints]] = []
        self._counts: list[Ints] = []
        self._kept = 0

    def add(self, found: _Local) -> None:
        """Takes in the combinations of one group of rows. Raises `_Unsuited` for too many."""
        seen = np.flatnonzero(found.counts)
        places = np.unravel_index(seen, found.sizes)
        self._codes.append(
            [
                column.coded(values)[each].astype(np.int32)
                for column, values, each in zip(self._columns, found.values, places, strict=True)
            ]
        )
        self._counts.append(found.counts[seen])
        self._kept += len(seen)
        if self._kept > _MERGE_AT:
            self._merge()

    def table(self, columns: Sequence[str]) -> pa.Table:
        """All combinations with their counts."""
        self._merge()
        arrays = [
            pa.array([None, *list(column.codes)[1:]], column.kind).take(pa.array(codes))
            for column, codes in zip(self._columns, self._codes[0], strict=True)
        ]
        return pa.table([*arrays, pa.array(self._counts[0])], names=[*columns, WEIGHT])

    def _merge(self) -> None:
        codes = [np.concatenate(parts) for parts in zip(*self._codes, strict=True)]
        counts = np.concatenate(self._counts)
        sizes = [len(column.codes) for column in self._columns]
        cells = math.prod(sizes)
        if cells > _CELLS:
            raise _Unsuited
        key = np.ravel_multi_index(tuple(codes), sizes)
        # Doubles hold these sums exactly: no file has 2**53 rows.
        together = np.bincount(key, counts, minlength=cells)
        seen = np.flatnonzero(together)
        self._codes = [list(np.unravel_index(seen, sizes))]
        self._counts = [together[seen].astype(np.int64)]
        self._kept = len(seen)
