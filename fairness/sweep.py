"""Every cut score: each group's selection rate and impact ratio, from one score histogram.

A person is selected at cut c when their score is at or above c. Computed from cumulative sums, so
that 1,000 cuts of 14 groups take milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fairness.intervals import Estimate
from fairness.rate_arrays import (
    Bools,
    below_four_fifths,
    highest,
    largest_groups,
    may_set_reference,
    ratio_bounds,
    wilson_bounds,
)
from fairness.types import Floats, Group, GroupCounts, Interval, Ints, Note, ScoreCounts

MOST_CUTS = 1000
MOST_GROUPS = 200
RATE_METHOD = "wilson score"
RATIO_METHOD = "walter log, 1/2 added"


@dataclass(frozen=True, slots=True)
class CutRange:
    """Neighbouring cuts, from `low` to `high`, at which every group keeps four fifths.

    `share_at_low`, `share_at_high` (0..1): the share of the persons in the table's groups that is
    selected at either end; the lowest cut of all selects everybody.
    """

    low: float
    high: float
    cuts: int
    share_at_low: float
    share_at_high: float


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One group at one cut. `reference`: the group with the highest rate at that cut."""

    cut: float
    group: Group
    selected: int
    assessed: int
    rate: Estimate
    ratio: Estimate
    reference: Group
    below_four_fifths: bool


@dataclass(frozen=True, slots=True)
class Sweep:
    """Rates and impact ratios of g groups at c cuts; arrays are (c, g) unless said otherwise.

    Attributes:
        cuts (c,): rising. assessed (g,), selected: persons.
        rates: selected / assessed, 0..1, falling with the cut; `rate_low`, `rate_high`: Wilson.
        reference (c,): the group with the highest rate at that cut, of those that may set it.
        ratios: rate over the reference's rate at the same cut; `ratio_low`, `ratio_high` at
            `level`; all three are 1 for the reference itself.
        below: whether the ratio is below four fifths, decided on integers (29 CFR 1607.4D).
        excluded: groups under the excluded share; shown, but they set no reference and do not
            count in `kept` and `lowest`.
        lowest (c,): the group with the lowest ratio at that cut.
        kept: the ranges of cuts at which no group is below four fifths.
    """

    features: tuple[str, ...]
    groups: tuple[Group, ...]
    score: str
    cuts: Floats
    assessed: Ints
    selected: Ints
    rates: Floats
    rate_low: Floats
    rate_high: Floats
    reference: Ints
    ratios: Floats
    ratio_low: Floats
    ratio_high: Floats
    below: Bools
    lowest: Ints
    excluded: tuple[Group, ...]
    kept: tuple[CutRange, ...]
    level: float
    notes: tuple[Note, ...]

    def rows(self) -> Iterator[SweepRow]:
        """The same numbers one group and one cut at a time, lowest cut first."""
        for c, cut in enumerate(self.cuts.tolist()):
            for g, group in enumerate(self.groups):
                low, high = float(self.rate_low[c, g]), float(self.rate_high[c, g])
                least, most = float(self.ratio_low[c, g]), float(self.ratio_high[c, g])
                yield SweepRow(
                    cut,
                    group,
                    int(self.selected[c, g]),
                    int(self.assessed[g]),
                    Estimate(float(self.rates[c, g]), Interval(low, high, self.level, RATE_METHOD)),
                    Estimate(
                        float(self.ratios[c, g]), Interval(least, most, self.level, RATIO_METHOD)
                    ),
                    self.groups[self.reference[c]],
                    bool(self.below[c, g]),
                )


def sweep(
    counts: ScoreCounts,
    *,
    exclude_under: float | None = None,
    most_cuts: int = MOST_CUTS,
    level: float = 0.95,
) -> Sweep | Note:
    """Rates and impact ratios at every distinct score, or at `most_cuts` evenly chosen of them.

    Rate of group i at cut c = persons of i with a score >= c / persons of i. Impact ratio = rate /
    highest rate at that cut. A Note instead where no group has a person. Source: cut scores and
    their adverse impact, 29 CFR 1607.5H and 1607.4D.

    Args:
        exclude_under: share of persons under which a group sets no denominator (.02 in 6 RCNY
            5-301(d)), or None.
    """
    shown = largest_groups(counts.groups, counts.counts.sum(axis=1), most=MOST_GROUPS)
    if not len(shown):
        return Note("no_scores", f"No person in a known group has a score on {counts.score}.")
    histogram = counts.counts[shown]
    groups = tuple(counts.groups[i] for i in shown)
    assessed = histogram.sum(axis=1)
    tails = histogram[:, ::-1].cumsum(axis=1)[:, ::-1].T
    used = np.flatnonzero(histogram.sum(axis=0))
    chosen = _even(used, most_cuts)
    table = GroupCounts(counts.features, groups, assessed, np.zeros_like(assessed))
    eligible = may_set_reference(table, exclude_under)
    reference = highest(tails[chosen], assessed, groups=groups, eligible=eligible)
    chosen, reference = chosen[reference >= 0], reference[reference >= 0]
    notes = _notes(counts, groups, (len(used), len(chosen)))
    return _table(
        (counts, groups, counts.values[chosen] - counts.width / 2),
        (tails[chosen], assessed, reference),
        eligible,
        level=level,
        notes=notes,
    )


def _even(used: Ints, most: int) -> Ints:
    """All of the positions, or `most` of them at even steps with the first and the last."""
    if len(used) <= most:
        return used
    return used[np.unique(np.linspace(0, len(used) - 1, most).round().astype(np.int64))]


def _table(
    what: tuple[ScoreCounts, tuple[Group, ...], Floats],
    persons: tuple[Ints, Ints, Ints],
    eligible: Bools,
    *,
    level: float,
    notes: tuple[Note, ...],
) -> Sweep:
    counts, groups, cuts = what
    selected, assessed, reference = persons
    rows = np.arange(len(cuts))
    rates = selected / assessed
    best = selected[rows, reference][:, None]
    out_of = assessed[reference][:, None]
    ratios = rates / rates[rows, reference][:, None]
    low, high = ratio_bounds((selected, assessed), (best, out_of), level=level)
    for array in (ratios, low, high):
        array[rows, reference] = 1.0
    below = below_four_fifths(selected, assessed, reference=reference)
    rate_low, rate_high = wilson_bounds(selected, assessed, level=level)
    share = selected.sum(axis=1) / assessed.sum()
    return Sweep(
        counts.features,
        groups,
        counts.score,
        cuts,
        assessed,
        selected,
        rates,
        rate_low,
        rate_high,
        reference,
        ratios,
        low,
        high,
        below,
        np.where(eligible, ratios, np.inf).argmin(axis=1),
        tuple(group for group, able in zip(groups, eligible, strict=True) if not able),
        _ranges(cuts, np.asarray(~below[:, eligible].any(axis=1)), share),
        level,
        notes,
    )


def _ranges(cuts: Floats, keeps: Bools, share: Floats) -> tuple[CutRange, ...]:
    """The runs of neighbouring cuts that keep four fifths in every group."""
    edges = np.diff(np.concatenate(([0], keeps.astype(np.int8), [0])))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return tuple(
        CutRange(
            float(cuts[first]),
            float(cuts[last]),
            int(last - first + 1),
            float(share[first]),
            float(share[last]),
        )
        for first, last in zip(starts, ends, strict=True)
    )


def _notes(
    counts: ScoreCounts, groups: tuple[Group, ...], cuts: tuple[int, int]
) -> tuple[Note, ...]:
    notes = []
    distinct, kept = cuts
    if kept < distinct:
        notes.append(
            Note(
                "cuts_thinned",
                f"{kept} of {distinct} distinct scores are shown as cuts, evenly chosen.",
                {"distinct": distinct, "shown": kept},
            )
        )
    left_out = len(counts.groups) - len(groups)
    if left_out:
        notes.append(
            Note(
                "groups_left_out",
                f"{left_out} groups are not in the sweep: they have no scores or are the smallest.",
                {"left_out": left_out},
            )
        )
    unknown = int(counts.unknown.sum())
    if unknown:
        notes.append(
            Note(
                "unknown_level",
                f"{unknown} persons with an unknown level are in no group of the sweep.",
                {"unknown": unknown},
            )
        )
    notes.append(
        Note(
            "many_cuts",
            "The lowest ratio over many cuts is lower than that of one cut chosen beforehand.",
            {"cuts": kept},
        )
    )
    return tuple(notes)
