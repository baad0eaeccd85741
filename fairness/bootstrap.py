"""Bootstrap of anything that is computed from counts.

Drawing n rows with replacement and counting them again is the same as drawing the counts from
Multinomial(n, counts/n); so only cells are drawn, never rows. Source: Efron (1979), Annals of
Statistics 7:1, for the bootstrap; Efron and Tibshirani (1993), chapter 13, for the percentile
interval. Draws are seeded and repeatable.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairness.types import Floats, GroupCounts, Interval, Ints, Note

METHOD = "multinomial bootstrap, percentile"
# Replicates drawn at a time are small enough to stay in the cache.
_CHUNK_CELLS = 100_000
_MOST_RESULTS = 4_000_000
_FEWEST_REPLICATES = 1_000


@dataclass(frozen=True, slots=True)
class Resampling:
    """How to resample: interval `level`, number of `replicates`, and the `seed` of the draws."""

    level: float = 0.95
    replicates: int = 10_000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Bootstrap intervals of a statistic with any shape.

    Attributes:
        estimate, low, high: arrays of the statistic's shape; NaN where it is not defined.
        undefined: in how many replicates each was not defined; the interval is of the others.
        replicates: how many were drawn. level: of the intervals.
    """

    estimate: Floats
    low: Floats
    high: Floats
    undefined: Ints
    replicates: int
    level: float

    def interval(self, *index: int) -> Interval | None:
        """The interval of one entry; None where no replicate defined it."""
        low, high = float(self.low[index]), float(self.high[index])
        return None if np.isnan(low) else Interval(low, high, self.level, METHOD)


def resample(counts: Ints, how: Resampling) -> Iterator[Ints]:
    """Replicates of `counts` (any shape), in chunks of shape (r, *counts.shape), int64.

    Every replicate has as many persons as `counts`; a cell without persons stays without.
    """
    flat = counts.ravel()
    filled = np.flatnonzero(flat)
    total = int(flat.sum())
    generator = np.random.default_rng(how.seed)
    chunk = max(1, _CHUNK_CELLS // max(1, flat.size))
    for start in range(0, how.replicates, chunk):
        size = min(chunk, how.replicates - start)
        drawn = np.zeros((size, flat.size), np.int64)
        if total:
            drawn[:, filled] = generator.multinomial(total, flat[filled] / total, size=size)
        yield drawn.reshape(size, *counts.shape)


def bootstrap(
    counts: Ints, statistic: Callable[[Ints], Floats], *, how: Resampling | None = None
) -> Bootstrap:
    """Percentile intervals of `statistic` over the cells `counts` (int64, any shape).

    `statistic` takes replicates of shape (r, *counts.shape) and gives floats of shape (r, ...),
    NaN where it is not defined.
    """
    how = how or Resampling()
    values = np.concatenate([statistic(chunk) for chunk in resample(counts, how)])
    low, high, undefined = _percentiles(values, how.level)
    return Bootstrap(statistic(counts[None])[0], low, high, undefined, how.replicates, how.level)


def _percentiles(values: Floats, level: float) -> tuple[Floats, Floats, Ints]:
    """Low and high percentile over the first axis without the NaN, and how many those were."""
    undefined = np.isnan(values).sum(axis=0)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    place = tails.reshape(2, *[1] * undefined.ndim) * np.maximum(len(values) - undefined - 1, 0)
    below = np.floor(place).astype(np.int64)
    above = np.ceil(place).astype(np.int64)
    # NaN go to the end; the replicates of one entry side by side are ordered twice as fast.
    wanted = np.unique([below, above])
    rows = np.moveaxis(np.partition(np.moveaxis(values, 0, -1).copy(), wanted, axis=-1), -1, 0)
    first = np.take_along_axis(rows, below, axis=0)
    last = np.take_along_axis(rows, above, axis=0)
    low, high = first + (last - first) * (place - below)
    return low, high, undefined


def quotient(above: NDArray[Any], below: NDArray[Any]) -> Floats:
    """above / below, NaN where below is 0; for statistics."""
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = np.divide(above, np.where(below == 0, np.nan, below))
    return result


@dataclass(frozen=True, slots=True)
class ImpactBootstrap:
    """Bootstrap of one table; one entry per group, in the table's order.

    Attributes:
        rates: intervals of the selection rates.
        ratios: intervals of the impact ratios, where in every replicate the group with the highest
            rate is chosen anew (or the fixed reference kept); None for a group that is left out.
        highest: chance, 0..1, that the group has the highest rate; ties are shared; they sum to 1
            unless nobody is selected in some replicate.
        without_persons: in how many replicates the group got nobody.
        no_referent: in how many replicates nobody was selected in any group, so that no ratio
            exists.
        replicates: how many were drawn.
    """

    rates: tuple[Interval | None, ...]
    ratios: tuple[Interval | None, ...]
    highest: tuple[float, ...]
    without_persons: tuple[int, ...]
    no_referent: int
    replicates: int
    notes: tuple[Note, ...]


def bootstrap_impact(
    counts: GroupCounts,
    how: Resampling | None = None,
    *,
    excluded: Collection[int] = (),
    reference: int | None = None,
) -> ImpactBootstrap:
    """Intervals of rates and ratios, and how surely the group with the highest rate is that.

    Choosing the highest observed rate as the denominator biases ratios downwards; here the choice
    is part of what is resampled. `excluded` groups can never be the referent and have no ratio
    (the exclusion itself is not resampled); `reference` fixes the referent instead. Persons
    without a known group are not resampled. The order of the groups does not matter.
    """
    how, notes = bounded(how or Resampling(), len(counts.groups))
    order = sorted(range(len(counts.groups)), key=lambda i: counts.groups[i])
    place = {group: at for at, group in enumerate(order)}
    cells = np.stack([counts.selected, counts.assessed - counts.selected], axis=1)[order]
    barred = np.array([i in excluded for i in order], bool)
    fixed = None if reference is None else place[reference]
    draws = _draw(cells, how, barred, fixed)
    back = [place[i] for i in range(len(order))]
    rates, ratios = (_intervals(values, how.level, back) for values in (draws.rates, draws.ratios))
    return ImpactBootstrap(
        rates=rates,
        ratios=ratios,
        highest=tuple(float(draws.highest[i] / how.replicates) for i in back),
        without_persons=tuple(int(draws.empty[i]) for i in back),
        no_referent=draws.no_referent,
        replicates=how.replicates,
        notes=notes,
    )


def bounded(how: Resampling, groups: int) -> tuple[Resampling, tuple[Note, ...]]:
    """The resampling with fewer replicates for many groups, so that memory stays bounded."""
    most = max(_FEWEST_REPLICATES, _MOST_RESULTS // max(1, groups))
    if how.replicates <= most:
        return how, ()
    text = f"The table has {groups} groups, so {most} bootstrap replicates were drawn."
    facts: dict[str, float | int | str] = {"asked": how.replicates, "drawn": most}
    return Resampling(how.level, most, how.seed), (Note("fewer_replicates", text, facts),)


@dataclass(frozen=True, slots=True)
class _Draws:
    rates: Floats
    ratios: Floats
    highest: Floats
    empty: Ints
    no_referent: int


def _draw(cells: Ints, how: Resampling, barred: NDArray[np.bool_], fixed: int | None) -> _Draws:
    """Rates and ratios of shape (replicates, groups); in memory the replicates lie side by side."""
    size = len(cells)
    rates, ratios = np.empty((2, size, how.replicates))
    highest, empty = np.zeros(size), np.zeros(size, np.int64)
    no_referent, done = 0, 0
    for chunk in resample(cells, how):
        selected, others = np.moveaxis(chunk, 0, -1).transpose(1, 0, 2).copy()
        assessed = selected + others
        rate = quotient(selected, assessed)
        standing = np.where(barred[:, None] | np.isnan(rate), -1.0, rate)
        top = standing.max(axis=0, initial=-1.0)
        leads = (standing == top) & (top > 0)
        highest += (leads / np.maximum(leads.sum(axis=0), 1)).sum(axis=1)
        empty += (assessed == 0).sum(axis=1)
        base = np.maximum(top, 0.0) if fixed is None else np.nan_to_num(rate[fixed])
        no_referent += int((base == 0).sum())
        part = slice(done, done + len(chunk))
        rates[:, part] = rate
        ratios[:, part] = np.where(barred[:, None], np.nan, quotient(rate, base))
        done += len(chunk)
    return _Draws(rates.T, ratios.T, highest, empty, no_referent)


def _intervals(values: Floats, level: float, back: list[int]) -> tuple[Interval | None, ...]:
    if not values.size:
        return tuple(None for _ in back)
    low, high, _ = _percentiles(values, level)
    return tuple(
        None if np.isnan(low[i]) else Interval(float(low[i]), float(high[i]), level, METHOD)
        for i in back
    )
