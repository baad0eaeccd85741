"""Sparse tables of counts: what a cube is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.errors import DataInvalid
from fairness.types import Ints

Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]

# Code of a level that is not known or not given.
UNKNOWN = -1
# Products of level counts must stay clear of the end of int64.
_KEY_LIMIT = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Counts of the combinations of levels that occur.

    Attributes:
        dims: what the columns of `codes` are levels of; names of features start with `feature:`.
        measures: what the columns of `counts` count; the first is `n`, persons.
        codes (cells, dims) int32: indices of levels, -1 where unknown.
        counts (cells, measures) int64, or Python integers (dtype object) for exact sums.
    """

    dims: tuple[str, ...]
    measures: tuple[str, ...]
    codes: Codes
    counts: NDArray[Any]

    def dim(self, name: str) -> Codes:
        """The codes of one dimension, (cells,)."""
        return self.codes[:, self.dims.index(name)]

    def measure(self, name: str) -> NDArray[Any]:
        """The counts of one measure, (cells,)."""
        return self.counts[:, self.measures.index(name)]

    def kept(self, mask: Mask) -> Table:
        """Only the cells where the mask holds."""
        return Table(self.dims, self.measures, self.codes[mask], self.counts[mask])

    def over(self, dims: Sequence[str]) -> Table:
        """Summed to the given dimensions, cells in the order of their codes."""
        columns = [self.dims.index(d) for d in dims]
        return Table(tuple(dims), self.measures, self.codes[:, columns], self.counts).combined()

    def combined(self) -> Table:
        """One cell per combination of levels, in the order of the codes."""
        if not len(self.codes):
            return self
        order = np.lexsort(self.codes.T[::-1]) if self.dims else np.arange(len(self.codes))
        codes, counts = self.codes[order], self.counts[order]
        starts = np.ones(len(codes), bool)
        starts[1:] = (codes[1:] != codes[:-1]).any(axis=1)
        at = np.flatnonzero(starts)
        return Table(self.dims, self.measures, codes[at], np.add.reduceat(counts, at, axis=0))

    def recoded(self, maps: Mapping[str, Ints]) -> Table:
        """With new codes: `maps[dim][old]` is the new code; -1 stays."""
        codes = self.codes.copy()
        for name, new in maps.items():
            if name in self.dims:
                column = self.dims.index(name)
                padded = np.append(new, UNKNOWN).astype(np.int32)
                codes[:, column] = padded[codes[:, column]]
        return Table(self.dims, self.measures, codes, self.counts)

    def added(self, other: Table) -> Table:
        """The sum of two tables of the same dimensions and measures."""
        return Table(
            self.dims,
            self.measures,
            np.concatenate([self.codes, other.codes]),
            np.concatenate([self.counts, other.counts]),
        ).combined()


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Groups of a table's features: `keys` (g,) rising are what `positions` looks up.

    `levels` holds the levels of each feature; a group's key is its place in their full product.
    """

    features: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    keys: Ints

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The levels of each group, in the order of the features."""
        sizes = [len(x) for x in self.levels]
        if not len(self.keys):
            return ()
        if not sizes:
            return ((),)
        codes = np.array(np.unravel_index(self.keys, sizes)).T
        return tuple(
            tuple(names[c] for names, c in zip(self.levels, row, strict=True)) for row in codes
        )

    def positions(self, table: Table) -> Ints:
        """The index of each cell's group, (cells,); g for cells unknown in any feature."""
        keys, known = keys_of(table, self.features, self.levels)
        found = np.searchsorted(self.keys, keys)
        return np.where(known, found, len(self.keys)).astype(np.int64)

    def summed(self, table: Table, counts: NDArray[Any]) -> tuple[Ints, int]:
        """Counts (cells,) summed per group (g,), and those of unknown groups."""
        sums = np.zeros(len(self.keys) + 1, np.int64)
        np.add.at(sums, self.positions(table), counts)
        return sums[:-1], int(sums[-1])


def keys_of(
    table: Table, features: Sequence[str], levels: Sequence[tuple[str, ...]]
) -> tuple[Ints, Mask]:
    """Each cell's place in the product of the features' levels, and whether all are known."""
    if math.prod(max(len(x), 1) for x in levels) >= _KEY_LIMIT:
        raise DataInvalid(f"{' x '.join(features)} has too many combinations of levels to count")
    keys = np.zeros(len(table.codes), np.int64)
    known = np.ones(len(table.codes), bool)
    for feature, names in zip(features, levels, strict=True):
        codes = table.dim(f"feature:{feature}")
        known &= codes >= 0
        keys = keys * max(len(names), 1) + np.maximum(codes, 0)
    return keys, known


def grouping(
    table: Table, features: Sequence[str], levels: Sequence[tuple[str, ...]], *, most: int = 256
) -> Grouping:
    """All combinations of the features' levels where they are at most `most`, else those seen."""
    product = math.prod(len(x) for x in levels)
    if product <= max(most, max((len(x) for x in levels), default=0)):
        keys = np.arange(product, dtype=np.int64)
    else:
        seen, known = keys_of(table, features, levels)
        keys = np.unique(seen[known])
    return Grouping(tuple(features), tuple(levels), keys)


def natural(text: str) -> tuple[int, float, str]:
    """Sorts levels as they stand: numbers by value, before words by letters."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    return (1, 0.0, text) if math.isnan(number) else (0, number, text)
