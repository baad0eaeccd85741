"""A gallery: templates of many candidates in one space, and the search among them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from audit.errors import InputError
from audit.interview import Floats, Ints
from identity.gallery.graph import Graph
from identity.gallery.rows import Shard, fixed
from identity.gallery.scan import scan

UNIT_TOLERANCE = 1e-3
_ROW_OVERHEAD = 420
"""Bytes for identifiers of a row and its place in tables, as measured with three rows an owner
(docs/gallery-search.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a gallery works.

    Attributes:
        shard_rows: rows that are allocated at once; a multiple of 64.
        scan_rows: up to so many rows all of them are read, and the answer is exact; beyond, a graph
            proposes.
        owner_rows: most rows of one owner. most_bytes: of memory, for all rows.
        threads: that read side by side.
        links, built, asked, proposed: of the graph: see `Graph`; rows that it proposes.
    """

    shard_rows: int = 65_536
    scan_rows: int = 2_000_000
    owner_rows: int = 16
    most_bytes: int = 4 << 30
    threads: int = 2
    links: int = 16
    built: int = 64
    asked: int = 512
    proposed: int = 256


@dataclass(frozen=True, slots=True)
class Hit:
    """The best row of one owner. `score`: cosine; it stays inside."""

    owner: str
    row: str
    score: float


class Gallery:
    """Rows of one space: never more than one network, version or transform.

    Not to be used by two threads at the same time.

    Args:
        space: what the vectors are of; every call names it again.
        dim: of the vectors.
    """

    def __init__(self, space: str, dim: int, rules: Rules | None = None) -> None:
        self.space = space
        self.dim = dim
        self.rules = rules or Rules()
        self._shards: list[Shard] = []
        self._rows: list[str] = []
        self._free: list[int] = []
        self._owners: dict[str, int] = {}
        self._names: list[str] = []
        self._places: list[list[int]] = []
        self._graph: Graph | None = None
        self._pool = ThreadPoolExecutor(self.rules.threads)

    def __len__(self) -> int:
        return len(self._rows) - len(self._free)

    def __repr__(self) -> str:
        return f"Gallery({self.space!r}, rows={len(self)})"

    @property
    def exact(self) -> bool:
        """Whether answers are proven to be the best there are."""
        return self._graph is None

    @property
    def memory_bytes(self) -> int:
        """What the rows take, about."""
        size = len(self._shards) * self.rules.shard_rows * (2 * self.dim + 8)
        graph = self._graph.memory_bytes if self._graph else 0
        return size + len(self._rows) * _ROW_OVERHEAD + graph

    def rows(self) -> dict[str, str]:
        """Identifiers of all rows, with their owners'."""
        return {
            self._rows[place]: self._names[number]
            for number, places in enumerate(self._places)
            for place in places
        }

    def add(self, space: str, rows: Sequence[str], owners: Sequence[str], vectors: Floats) -> None:
        """Adds rows: identifiers, owners and unit vectors (n, d).

        Raises:
            InputError: another space or size, no unit vectors, a row twice, or too many.
        """
        self._check(space, vectors)
        self._check_room(rows, owners)
        places = self._take(len(rows))
        numbers = np.array([self._number(owner) for owner in owners], np.int32)
        for place, row, number in zip(places.tolist(), rows, numbers.tolist(), strict=True):
            self._rows[place] = row
            self._places[number].append(place)
        kept = fixed(vectors)
        size = self.rules.shard_rows
        for first in np.unique(places // size).tolist():
            here = np.flatnonzero(places // size == first)
            part = type(kept)(kept.high[here], kept.low[here], kept.step[here], kept.rest[here])
            self._shards[first].put(places[here] % size, part, numbers[here])
        if self._graph is not None:
            self._graph.add(places, vectors, threads=self.rules.threads)
        elif len(self) > self.rules.scan_rows:
            self._grow_graph()

    def remove(self, owner: str, rows: Collection[str] | None = None) -> int:
        """Wipes rows of an owner, or all of them; returns how many."""
        number = self._owners.get(owner)
        if number is None:
            return 0
        places = self._places[number]
        gone = [place for place in places if rows is None or self._rows[place] in rows]
        for place in gone:
            shard, slot = divmod(place, self.rules.shard_rows)
            self._shards[shard].wipe(slot)
            self._rows[place] = ""
            places.remove(place)
            self._free.append(place)
            if self._graph is not None:
                self._graph.remove(place)
        return len(gone)

    def search(
        self, space: str, query: Floats, most: int, *, without: Collection[str] = ()
    ) -> tuple[Hit, ...]:
        """The owners whose best rows are most like `query` (d,), the likest first.

        `without`: owners that are not looked for, such as whose the query is.

        Raises:
            InputError: another space or size, or no unit vector.
        """
        self._check(space, query[None, :])
        skipped = {self._owners[each] for each in without if each in self._owners}
        if not len(self):
            return ()
        beside = sum(len(self._places[number]) for number in skipped)
        places, scores = self._rough(query, most * self.rules.owner_rows + beside)
        found: list[Hit] = []
        seen = set(skipped)
        for index in np.argsort(-scores, kind="stable").tolist():
            place = int(places[index])
            shard, slot = divmod(place, self.rules.shard_rows)
            number = int(self._shards[shard].owner[slot])
            if number >= 0 and number not in seen:
                seen.add(number)
                found.append(Hit(self._names[number], self._rows[place], float(scores[index])))
                if len(found) == most:
                    break
        return tuple(found)

    def _rough(self, query: Floats, most: int) -> tuple[Ints, Floats]:
        """Places with their cosines, among which the best are."""
        if self._graph is not None:
            places = self._of_owners(self._graph.nearest(query, max(most, self.rules.proposed)))
            return places, self._scores(places, query)
        return scan(self._shards, query, most, self._pool if len(self._shards) > 1 else None)

    def _of_owners(self, places: Ints) -> Ints:
        """All rows of whoever the graph proposes: it may have passed over their best one."""
        numbers = {
            int(self._shards[shard].owner[slot])
            for shard, slot in (divmod(place, self.rules.shard_rows) for place in places.tolist())
        }
        every = {place for number in numbers if number >= 0 for place in self._places[number]}
        return np.array(sorted(every), np.int64)

    def _scores(self, places: Ints, query: Floats) -> Floats:
        scores = np.empty(len(places), np.float32)
        for index, place in enumerate(places.tolist()):
            shard, slot = divmod(place, self.rules.shard_rows)
            scores[index] = self._shards[shard].scores(np.array([slot]), query)[0]
        return scores

    def _grow_graph(self) -> None:
        """Builds the graph of all rows there are."""
        rules = self.rules
        graph = Graph(self.dim, links=rules.links, built=rules.built, asked=rules.asked)
        for number, shard in enumerate(self._shards):
            slots = np.flatnonzero(shard.owner >= 0)
            vectors = shard.high[slots].astype(np.float32) * shard.step[slots, None]
            graph.add(slots + number * rules.shard_rows, vectors, threads=rules.threads)
        self._graph = graph

    def _take(self, count: int) -> Ints:
        """Places for so many rows: freed ones first."""
        freed = [self._free.pop() for _ in range(min(count, len(self._free)))]
        first, fresh = len(self._rows), count - len(freed)
        self._rows.extend([""] * fresh)
        while len(self._shards) * self.rules.shard_rows < len(self._rows):
            self._shards.append(Shard(self.rules.shard_rows, self.dim))
        return np.array([*freed, *range(first, first + fresh)], np.int64)

    def _number(self, owner: str) -> int:
        number = self._owners.setdefault(owner, len(self._names))
        if number == len(self._names):
            self._names.append(owner)
            self._places.append([])
        return number

    def _check(self, space: str, vectors: Floats) -> None:
        if space != self.space:
            raise InputError(f"Vectors of {space} are never compared with those of {self.space}.")
        if vectors.shape[1:] != (self.dim,):
            raise InputError(f"This gallery is of vectors of {self.dim} numbers.")
        lengths = np.linalg.norm(vectors, axis=1)
        if not np.all(np.abs(lengths - 1) < UNIT_TOLERANCE):
            raise InputError("Vectors of a gallery must have the length 1.")

    def _check_room(self, rows: Sequence[str], owners: Sequence[str]) -> None:
        fresh = set(rows)
        wanted = dict.fromkeys(owners, 0)
        for owner in owners:
            wanted[owner] += 1
        for owner, more in wanted.items():
            held = self._places[self._owners[owner]] if owner in self._owners else []
            if len(held) + more > self.rules.owner_rows:
                raise InputError(f"One owner has at most {self.rules.owner_rows} rows.")
            if any(self._rows[place] in fresh for place in held):
                raise InputError("A row is in the gallery already.")
        if bytes_needed(len(self) + len(rows), self.dim, self.rules) > self.rules.most_bytes:
            raise InputError(
                f"{len(self) + len(rows)} rows need more than the {self.rules.most_bytes >> 20} "
                "MiB that a gallery may take. Raise the limit, or keep fewer templates."
            )


def bytes_needed(rows: int, dim: int, rules: Rules) -> int:
    """Memory that so many rows take, about; with the graph, where they need one."""
    size = -(-rows // rules.shard_rows) * rules.shard_rows * (2 * dim + 8) + rows * _ROW_OVERHEAD
    # The graph holds the first plane again and up to three times `links` neighbours of 5 bytes.
    graph = rows * (dim + 15 * rules.links) if rows > rules.scan_rows else 0
    return size + graph
