"""The pieces of a cube besides its tables of persons: scores, medians, moments, questions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairness.tables import Table
from fairness.types import Floats, Ints, Note

OUTCOMES = ("not_selected", "selected")
LABELS = ("poor", "good")
EVENTS = ("opted_out", "withdrew", "overridden", "flagged", "reviewed")


@dataclass(frozen=True, slots=True)
class ScoreFacts:
    """A score's name, whether more of it is favourable, and its cut (None where there is none)."""

    name: str
    higher_is_better: bool = True
    cut: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """What the codes of a histogram stand for.

    Exact where `width` is 0: code i is `values[i]`. Else code i is the bin from
    `(first + i) * width` up to, not including, the next; `width` is a power of two, so that any
    two grids nest and histograms of different datasets merge without splitting a bin.
    """

    values: Floats
    width: float = 0.0
    first: int = 0
    size: int = 0

    @property
    def points(self) -> Floats:
        """The scores, or the middles of the bins, rising."""
        if self.width == 0.0:
            return self.values
        return np.asarray((self.first + np.arange(self.size) + 0.5) * self.width, np.float64)

    def coarser(self, width: float) -> tuple[Grid, Ints]:
        """This grid in bins of `width` (a power of two, no finer), and each code's new code."""
        if self.width == 0.0:
            bins = np.floor(self.values / width).astype(np.int64)
        else:
            bins = np.floor_divide(
                np.arange(self.first, self.first + self.size), max(int(width / self.width), 1)
            )
        if not len(bins):
            return Grid(np.empty(0), width), np.empty(0, np.int64)
        first = int(bins[0])
        return Grid(np.empty(0), width, first, int(bins[-1]) - first + 1), bins - first


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How often each score occurs: `table` has the dimension `score`, coded by `grid`."""

    score: str
    grid: Grid
    table: Table


@dataclass(frozen=True, slots=True)
class Median:
    """The middle of all scores that a scoring rate is measured against.

    Attributes:
        score: its name.
        value: mean of the two middle scores where their number is even; None where nobody has one.
        lower, upper: the two middle scores (equal where the number is odd).
        persons: who has a score (`over` says whether persons of unknown groups are among them).
        tied: persons whose score equals `value` exactly; they are not above it.
        exact: False where only bins are known; `value` is then the middle of a bin and persons in
            that bin count as not above.
    """

    score: str
    value: float | None
    lower: float | None
    upper: float | None
    persons: int
    tied: int
    over: str = "all"
    exact: bool = True
    notes: tuple[Note, ...] = ()

    @property
    def tie_share(self) -> float:
        """Share of persons tied with the median, 0..1 (0 where nobody has a score)."""
        return self.tied / self.persons if self.persons else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class MedianTable:
    """Exact medians of a binned score and who is above them, for everybody or per level of `axis`.

    Attributes:
        lower, upper (levels,): the two middle scores; NaN where a level has nobody with a score.
        tied (levels,): persons whose score equals the mean of the two.
        table: dimensions `axis` (if any) and features; measures `n` (with a score) and `above`
            (on the favourable side of the median of their level).
    """

    score: str
    axis: str | None
    lower: Floats
    upper: Floats
    tied: Ints
    persons: Ints
    table: Table


@dataclass(frozen=True, slots=True, eq=False)
class MomentTable:
    """Exact sums of a score x and of later performance y, in whole multiples of 10^-scale.

    `table` measures: n, x, y, xx, yy, xy as Python integers. Values finer than the scale were
    rounded to it; scales leave eight digits or more below the largest value.
    """

    score: str
    x_scale: int
    y_scale: int
    table: Table

    def rescaled(self, x_scale: int, y_scale: int) -> MomentTable:
        """The same sums in finer units: exact, the scales are powers of ten."""
        px, py = 10 ** (x_scale - self.x_scale), 10 ** (y_scale - self.y_scale)
        factors = np.array([1, px, py, px * px, py * py, px * py], dtype=object)
        table = Table(
            self.table.dims, self.table.measures, self.table.codes, self.table.counts * factors
        )
        return MomentTable(self.score, x_scale, y_scale, table)


@dataclass(frozen=True, slots=True, eq=False)
class ItemTable:
    """Answers to one question: dimensions features, `matching` and `level`; measure n.

    `matching` and `levels` are what the codes stand for; `width` is 0 where matching scores are
    exact, else that of their bins.
    """

    item: str
    matching: Floats
    levels: Floats
    width: float
    table: Table


@dataclass(frozen=True, slots=True, eq=False)
class CubeData:
    """What a cube holds.

    Attributes:
        spec_hash: of the specification that it was built under.
        axes: levels of each axis, in order. feature_levels: of each feature, declared ones first.
        score_facts: one per score.
        persons: tables with dimensions axes, `feature:...`, outcome, label; measures n and, per
            kind of event, `<kind>` and `<kind>:known`. Several where one joint table would be too
            large; every query takes the smallest that has what it needs.
        undeclared: axes and features whose levels are the words of the data, in natural order.
        median_over: `all` assessed, or `known`: only persons known in every one of `known_over`.
        intersections: tables of several features that the specification asks for.
        merged_from: how many cubes were added up.
    """

    spec_hash: str
    axes: Mapping[str, tuple[str, ...]]
    feature_levels: Mapping[str, tuple[str, ...]]
    score_facts: tuple[ScoreFacts, ...]
    persons: tuple[Table, ...]
    histograms: tuple[Histogram, ...] = ()
    median_tables: tuple[MedianTable, ...] = ()
    moment_tables: tuple[MomentTable, ...] = ()
    item_tables: tuple[ItemTable, ...] = ()
    undeclared: tuple[str, ...] = ()
    median_over: str = "all"
    known_over: tuple[str, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()
    merged_from: int = 1
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody in the data per combination of levels, unknown levels (None) included.

    Attributes:
        groups (c,): combinations that occur.
        persons, decided, selected (c,): int64; undecided persons are `persons - decided`.
    """

    features: tuple[str, ...]
    groups: tuple[tuple[str | None, ...], ...]
    persons: Ints
    decided: Ints
    selected: Ints


def halves(counts: Ints) -> tuple[int, int]:
    """Codes of the two middle entries of a histogram with at least one entry.

    Order statistics ceil(n/2) and floor(n/2)+1, counted from 1.
    """
    total = int(counts.sum())
    cumulated = np.cumsum(counts)
    lower = int(np.searchsorted(cumulated, (total + 1) // 2))
    upper = int(np.searchsorted(cumulated, total // 2 + 1))
    return lower, upper


def middle(lower: float, upper: float) -> float:
    """Mean of the two middle scores, without overflow."""
    return lower if lower == upper else lower / 2 + upper / 2


def central(sums: NDArray[Any], x_scale: int, y_scale: int) -> tuple[float, ...]:
    """n, mean x, mean y, sxx, syy, sxy of one group from its exact sums (n, x, y, xx, yy, xy)."""
    n, x, y, xx, yy, xy = (int(v) for v in sums)
    if n == 0:
        return (0, math.nan, math.nan, 0.0, 0.0, 0.0)
    ux, uy = 10**x_scale, 10**y_scale
    return (
        n,
        x / (n * ux),
        y / (n * uy),
        (n * xx - x * x) / (n * ux * ux),
        (n * yy - y * y) / (n * uy * uy),
        (n * xy - x * y) / (n * ux * uy),
    )
