"""Rates of many groups at many cuts, periods or cells at once; `rates` and `intervals` do one pair.

Comparisons are made on integers, as in `fairness.rates`; floats are for showing only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairness.intervals import Estimate, ratio_score, z_value
from fairness.rates import Pair, excluded_groups, impact_ratio
from fairness.types import Floats, Group, GroupCounts, Interval, Ints

# Up to this many persons, products such as 5*x1*n2 stay within 63 bits.
EXACT_IN_INT64 = 1_200_000_000
Bools = NDArray[np.bool_]


def estimate(value: float | None, interval: Interval | None = None) -> Estimate:
    """An estimate as plain floats; a value that is not finite becomes None."""
    if value is None or not np.isfinite(value):
        return Estimate(None, None)
    return Estimate(float(value), interval)


def ratio_to(reference: int, counts: GroupCounts, group: int, *, level: float) -> Estimate:
    """A group's impact ratio with its score interval; nothing where the ratio does not exist.

    `reference` and `group` are places in `counts`, -1 where there is no reference. The reference
    itself has the ratio 1 by definition, and no interval.
    """
    if reference == group:
        return Estimate(1.0, None)
    pair = Pair.of(counts, group, reference=reference) if reference >= 0 else None
    ratio = impact_ratio(pair) if pair else None
    if pair is None or ratio is None:
        return Estimate(None, None)
    return Estimate(float(ratio), ratio_score(pair, level=level))


def exactly(counts: Ints) -> NDArray[Any]:
    """The counts in a type in which products of three factors do not overflow."""
    if counts.size and int(counts.max()) > EXACT_IN_INT64:
        return counts.astype(object)
    return counts.astype(np.int64)


def may_set_reference(counts: GroupCounts, exclude_under: float | None) -> Bools:
    """Which groups may set the denominator of an impact ratio, one bool per group.

    Not the empty ones, and not those with under `exclude_under` of the table's persons: 6 RCNY
    5-301(d) lets an auditor leave groups under .02 out, and then they set no denominator either.
    """
    eligible = np.asarray(counts.assessed > 0, np.bool_)
    if exclude_under is not None:
        eligible[list(excluded_groups(counts, exclude_under))] = False
    return eligible


def highest(selected: Ints, assessed: Ints, *, groups: Sequence[Group], eligible: Bools) -> Ints:
    """The index of the group with the highest rate in each row, and -1 where no rate is above 0.

    Args:
        selected (r, g) and assessed (g,) or (r, g): persons. eligible (g,): who may be highest.
    Equal rates go to the larger group, then by levels, so that the order of groups does not matter.
    """
    totals = exactly(np.broadcast_to(assessed, selected.shape))
    counts = exactly(selected)
    best = np.full(len(selected), -1, np.int64)
    best_x = np.zeros(len(selected), counts.dtype)
    best_n = np.ones(len(selected), totals.dtype)
    for group in _contenders(
        selected, np.broadcast_to(assessed, selected.shape), groups=groups, eligible=eligible
    ):
        x, n = counts[:, group], totals[:, group]
        mine, theirs = x * best_n, best_x * n
        better = (mine > theirs) | ((mine == theirs) & (x > 0) & (n > best_n))
        better = better.astype(np.bool_) & (n > 0).astype(np.bool_)
        best[better] = group
        best_x = np.where(better, x, best_x)
        best_n = np.where(better, n, best_n)
    return best


def _contenders(
    selected: Ints, assessed: Ints, *, groups: Sequence[Group], eligible: Bools
) -> list[int]:
    """Groups that are near the highest rate of some row, by levels; one for each pair of counts.

    Rates in floats are right to 1e-15, so none further off than 1e-9 can be the highest.
    """
    rates = np.where(eligible & (assessed > 0), selected / np.maximum(assessed, 1), 0.0)
    top = rates.max(axis=1, initial=0.0)[:, None]
    near = np.flatnonzero(((rates >= top * (1 - 1e-9)) & (rates > 0)).any(axis=0)).tolist()
    first: dict[bytes, int] = {}
    for i in sorted(near, key=lambda i: groups[i]):
        first.setdefault(selected[:, i].tobytes() + assessed[:, i].tobytes(), i)
    return list(first.values())


def below_four_fifths(selected: Ints, assessed: Ints, *, reference: Ints) -> Bools:
    """Whether each group's rate is below four fifths of its row's reference, in integers.

    Args:
        selected (r, g), assessed (g,) or (r, g): persons. reference (r,): column index, -1: none.
    Exactly four fifths is not below, nor is an empty group. Source: 29 CFR 1607.4D.
    """
    counts = exactly(selected)
    totals = exactly(np.broadcast_to(assessed, selected.shape))
    rows = np.arange(len(selected))
    best_x, best_n = counts[rows, reference][:, None], totals[rows, reference][:, None]
    below = (5 * counts * best_n < 4 * best_x * totals).astype(np.bool_)
    return np.asarray(below & (reference >= 0)[:, None] & (totals > 0).astype(np.bool_), np.bool_)


def wilson_bounds(selected: Ints, assessed: Ints, *, level: float) -> tuple[Floats, Floats]:
    """Wilson's score interval of each rate; 0 to 1 where nobody was assessed.

    Source: Wilson (1927), JASA 22:209. The same as `intervals.wilson`, for arrays.
    """
    z2 = z_value(level) ** 2
    n, x = np.broadcast_arrays(np.asarray(assessed, np.float64), np.asarray(selected, np.float64))
    safe = np.where(n > 0, n, 1.0)
    middle = (x + z2 / 2) / (safe + z2)
    half = np.sqrt(z2 * (x * (safe - x) / safe + z2 / 4)) / (safe + z2)
    low = np.where(x == 0, 0.0, middle - half)
    high = np.where(x == n, 1.0, middle + half)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def ratio_bounds(
    focal: tuple[Ints, Ints], best: tuple[Ints, Ints], *, level: float
) -> tuple[Floats, Floats]:
    """Bounds of impact ratios for arrays, finite and above 0 for any counts.

    Each argument is (selected, assessed). With a half added to each count, log ratio +- z times
    the root of `1/x1 - 1/n1 + 1/x2 - 1/n2`. Source: Walter (1975), Biometrika 62:371. Close to
    `intervals.ratio_score`, which is dearer.
    """
    x1, n1, x2, n2 = (np.asarray(a, np.float64) + 0.5 for a in (*focal, *best))
    middle = np.log(x1) - np.log(n1) - np.log(x2) + np.log(n2)
    half = z_value(level) * np.sqrt(np.maximum(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2, 0.0))
    return np.exp(middle - half), np.exp(middle + half)


def largest_groups(groups: Sequence[Group], persons: Ints, *, most: int) -> Ints:
    """Positions, in their order, of the groups with persons: all, or the `most` largest of them.

    Equals go by their levels, so that the order of the groups does not matter.
    """
    present = np.flatnonzero(persons > 0)
    if len(present) <= most:
        return present
    ranked = sorted(present.tolist(), key=lambda i: (-int(persons[i]), groups[i]))
    return np.array(sorted(ranked[:most]), np.int64)
