"""Leaving small cells out of published tables so that they cannot be worked out from the rest.

A group is left out (its number of persons and of selected ones) where its persons, its selected or
its not selected ones are 1 to below the threshold. Since totals, unknown persons and margins are
published too, further groups are left out until no left-out count has only one possible value:
complementary suppression, checked by the bounds that linear programming gives for each left-out
count under all published sums (L. Willenborg and T. de Waal, Elements of Statistical Disclosure
Control, 2001, sections 5.4 and 6.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from fairness.spec_parts import Suppression
from fairness.tables import Mask
from fairness.types import GroupCounts, Ints, Note

# A count is known to whoever can bound it to less than this.
_SPREAD = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class SuppressedTable:
    """A table to publish.

    Attributes:
        counts: all counts, for the holder of the data only.
        hidden (g,): groups to leave out; `unknown_hidden`: whether the unknown are left out too.
        small (g,): those of them that are small themselves.
    """

    counts: GroupCounts
    hidden: Mask
    small: Mask
    unknown_hidden: bool

    @property
    def rows(self) -> tuple[tuple[tuple[str, ...], int | None, int | None], ...]:
        """Group, assessed, selected; None where left out."""
        return tuple(
            (g, None, None) if gone else (g, int(n), int(x))
            for g, n, x, gone in zip(
                self.counts.groups,
                self.counts.assessed,
                self.counts.selected,
                self.hidden,
                strict=True,
            )
        )

    @property
    def unknown(self) -> tuple[int | None, int | None]:
        """Assessed and selected persons of unknown groups; None where left out."""
        if self.unknown_hidden:
            return None, None
        return self.counts.unknown_assessed, self.counts.unknown_selected

    @property
    def note(self) -> Note | None:
        """How many groups are left out, for the reader; None where none is."""
        count = int(self.hidden.sum()) + self.unknown_hidden
        if not count:
            return None
        text = (
            f"{count} groups are left out of this table: groups with few persons, and further ones "
            "so that their counts cannot be worked out."
        )
        return Note("small_cells_left_out", text, {"left_out": count})


def suppress(tables: Sequence[GroupCounts], policy: Suppression) -> tuple[SuppressedTable, ...]:
    """Which groups of the tables to leave out; the tables are of the same persons.

    Published beside them: the totals of each table (which include the unknown) and, where one
    table's features are among another's, both.
    """
    small = [_small(table, policy.below) for table in tables]
    hidden = [mask.copy() for mask in small]
    if policy.complementary and any(mask.any() for mask in hidden):
        _complement(tables, small, hidden)
    return tuple(
        SuppressedTable(table, gone[:-1], few[:-1], bool(gone[-1]))
        for table, gone, few in zip(tables, hidden, small, strict=True)
    )


def _counts(table: GroupCounts) -> tuple[Ints, Ints]:
    """Assessed and selected per group, the unknown last."""
    return (
        np.append(table.assessed, table.unknown_assessed),
        np.append(table.selected, table.unknown_selected),
    )


def _small(table: GroupCounts, below: int) -> Mask:
    """Where one of assessed, selected and not selected is 1 to below the threshold."""
    assessed, selected = _counts(table)
    parts = np.stack([assessed, selected, assessed - selected])
    return np.asarray(((parts > 0) & (parts < below)).any(axis=0), np.bool_)


def _complement(
    tables: Sequence[GroupCounts], small: Sequence[Mask], hidden: Sequence[Mask]
) -> None:
    """Hide more groups, the smallest that help first, until nothing small is known."""
    sizes = [_counts(t)[0] for t in tables]
    while True:
        known = _first_known(tables, small, hidden)
        if known is None:
            return
        table, group = known
        for place in _relatives(tables, table, group):
            candidates = np.flatnonzero(~hidden[place])
            # A zero says that there is nobody; hiding it protects less than hiding persons.
            filled = candidates[sizes[place][candidates] > 0]
            choice = filled if len(filled) else candidates
            if len(choice):
                hidden[place][choice[np.argmin(sizes[place][choice])]] = True
                break
        else:
            return


def _relatives(tables: Sequence[GroupCounts], table: int, group: int) -> list[int]:
    """The table itself, then those that share sums with it."""
    own = set(tables[table].features)
    others = [
        i
        for i, t in enumerate(tables)
        if i != table and (set(t.features) < own or own < set(t.features))
    ]
    return [table, *others]


def _first_known(
    tables: Sequence[GroupCounts], small: Sequence[Mask], hidden: Sequence[Mask]
) -> tuple[int, int] | None:
    """A small hidden group whose persons or selected persons have one possible value."""
    places = [(t, g) for t, mask in enumerate(hidden) for g in np.flatnonzero(mask).tolist()]
    sums = list(_sums(tables))
    for kind in (0, 1):
        values = [_counts(t)[kind] for t in tables]
        system = _System(places, sums, values)
        for t, g in places:
            if small[t][g] and system.is_known(places.index((t, g))):
                return t, int(g)
    return None


def _sums(tables: Sequence[GroupCounts]) -> Iterator[tuple[dict[tuple[int, int], int], bool]]:
    """Published relations between groups: coefficients that add up to a known value or less.

    The total of each table is known. The groups of a finer table inside one group of a coarser
    one add up to at most that group; to exactly it where both have the same unknown.
    """
    for t, table in enumerate(tables):
        yield {(t, g): 1 for g in range(len(table.groups) + 1)}, True
    for c, coarse in enumerate(tables):
        for f, fine in enumerate(tables):
            if set(coarse.features) < set(fine.features):
                where = [fine.features.index(x) for x in coarse.features]
                same = coarse.unknown_assessed == fine.unknown_assessed
                for g, group in enumerate(coarse.groups):
                    inner = {
                        (f, i): 1
                        for i, names in enumerate(fine.groups)
                        if tuple(names[w] for w in where) == group
                    }
                    yield {**inner, (c, g): -1}, same


class _System:
    """What the published numbers say about the hidden ones: rows of coefficients and bounds."""

    def __init__(
        self,
        places: Sequence[tuple[int, int]],
        sums: Sequence[tuple[dict[tuple[int, int], int], bool]],
        values: Sequence[Ints],
    ) -> None:
        column = {place: i for i, place in enumerate(places)}
        equal: list[tuple[NDArray[np.float64], float]] = []
        most: list[tuple[NDArray[np.float64], float]] = []
        for coefficients, exact in sums:
            row = np.zeros(len(places))
            rest = 0.0
            for (t, g), factor in coefficients.items():
                if (t, g) in column:
                    row[column[t, g]] = factor
                    rest += factor * float(values[t][g])
                # Visible groups only move the known side, by the same amount.
            if not row.any():
                continue
            if exact:
                equal.append((row, rest))
            else:
                slack = sum(f * float(values[t][g]) for (t, g), f in coefficients.items())
                most.append((row, rest - slack))
        self._equal, self._most, self._size = equal, most, len(places)

    def is_known(self, place: int) -> bool:
        """Whether the bounds of a hidden count leave it one value."""
        target = np.zeros(self._size)
        target[place] = 1.0
        low, high = self._bound(target), self._bound(-target)
        return low is not None and high is not None and -high - low < _SPREAD

    def _bound(self, target: NDArray[np.float64]) -> float | None:
        found = linprog(
            target,
            A_ub=np.array([r for r, _ in self._most]) if self._most else None,
            b_ub=[b for _, b in self._most] or None,
            A_eq=np.array([r for r, _ in self._equal]) if self._equal else None,
            b_eq=[b for _, b in self._equal] or None,
            bounds=(0, None),
        )
        return float(found.fun) if found.status == 0 else None
