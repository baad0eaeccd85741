"""Which combinations of axes and features a cube keeps together, so that it stays bounded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from audit.errors import DataInvalid

# Features are kept jointly, so that any of their intersections can be asked for, up to this many
# combinations of their levels; beyond, each alone and the intersections that were named.
JOINT_FEATURES = 65_536
DECISIONS = ("outcome", "label")


@dataclass(frozen=True, slots=True)
class Layouts:
    """Sizes of the dimensions (unknown included), persons, and the most cells of a table.

    `decisions`: combinations of outcome and label, kept in every table.
    """

    axes: Mapping[str, int]
    features: Mapping[str, int]
    persons: int
    cells: int
    named: tuple[tuple[str, ...], ...]
    decisions: int = 9

    def feature_sets(self) -> list[tuple[str, ...]]:
        """All features jointly if they are few, else singly and as the named intersections."""
        every = tuple(self.features)
        if math.prod(self.features.values()) <= JOINT_FEATURES:
            return [every]
        return list(dict.fromkeys([*((f,) for f in every), *self.named]))

    def of(self, factor: int = 1) -> list[tuple[str, ...]]:
        """Dimensions of each table that is to be counted; `factor` further codes per cell.

        With all axes where that is at most `cells` cells, else with each pair and single axis that
        is. DataInvalid where a single axis with a set of features is too much.
        """
        result = []
        for features in self.feature_sets():
            result += [(*axes, *features) for axes in self._axes(features, factor)]
        return result

    def fits(self, axes: Sequence[str], features: Sequence[str], factor: int) -> bool:
        """Whether a table stays within `cells` whatever the data."""
        bound = factor * self.decisions * math.prod(self.axes[a] for a in axes)
        bound *= math.prod(self.features[f] for f in features)
        return min(bound, self.persons) <= self.cells

    def _axes(self, features: Sequence[str], factor: int) -> list[tuple[str, ...]]:
        every = tuple(self.axes)
        if self.fits(every, features, factor):
            return [every]
        if not self.fits((), features, factor):
            raise self._too_many(features)
        pairs = [p for p in combinations(every, 2) if self.fits(p, features, factor)]
        covered = {a for p in pairs for a in p}
        singles = [(a,) for a in every if a not in covered]
        for (axis,) in singles:
            if not self.fits((axis,), features, factor):
                raise self._too_many((axis, *features))
        return [(), *singles, *pairs]

    def _too_many(self, dims: Sequence[str]) -> DataInvalid:
        sizes = {**self.axes, **self.features}
        shown = " x ".join(
            f"{d.removeprefix('feature:')} ({sizes[d]})"
            for d in sorted(dims, key=lambda d: -sizes[d])[:5]
        )
        return DataInvalid(
            f"{shown} make more than {self.cells} combinations: group the largest first, or raise "
            "limits.cells"
        )
