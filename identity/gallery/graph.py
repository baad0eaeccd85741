"""Rows that are likely to be the best, found through a graph (HNSW, usearch).

For more rows than can be read for each question. It may miss some: docs/gallery-search.md.
"""

from __future__ import annotations

import numpy as np
from usearch.index import Index

from audit.interview import Floats, Ints

ALONE = 10_000
"""The first rows are added by one thread: threads that meet in a graph of a few rows leave some
of them without links. Of 400 rows added by two, about one question in 100 missed its best."""


class Graph:
    """A graph over first planes, by place. It lives in memory and is never saved.

    Args:
        dim: of the vectors. links: of each row; built: rows looked at for each that is added;
        asked: for each question (usearch: connectivity, expansion_add, expansion_search).
    """

    def __init__(self, dim: int, *, links: int, built: int, asked: int) -> None:
        self._index = Index(
            ndim=dim,
            metric="cos",
            dtype="i8",
            connectivity=links,
            expansion_add=built,
            expansion_search=asked,
        )

    def __len__(self) -> int:
        return len(self._index)

    @property
    def memory_bytes(self) -> int:
        """What the library says that it takes."""
        return int(self._index.memory_usage)

    def add(self, places: Ints, vectors: Floats, *, threads: int) -> None:
        """Adds rows. A place that was removed may be added again."""
        alone = max(0, ALONE - len(self))
        for part, count in ((slice(alone), 1), (slice(alone, None), threads)):
            if len(places[part]):
                self._index.add(
                    places[part].astype(np.uint64), vectors[part], threads=count, copy=True
                )

    def remove(self, place: int) -> None:
        """Takes a row out; its vector is overwritten when the place is used again."""
        self._index.remove(place)

    def nearest(self, query: Floats, most: int) -> Ints:
        """Places of rows that are likely to be the `most` best."""
        found = self._index.search(query, most, threads=1)
        return np.asarray(found.keys, np.int64)
