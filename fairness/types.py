"""Counts that every measure is computed from; no person is in them.

Each of these is cut from a `fairness.cube.Cube` and can also be written down by hand (from a
published table, in a test). Arrays are read-only by convention. A group is a tuple of levels, one
per feature of its table, for example `("Female", "Black or African American")` under
`("sex", "race")`. Rows whose level is unknown in any of the table's features are in no group; they
are counted in the `unknown` fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Group = tuple[str, ...]


class FindingClass(StrEnum):
    """What the numbers of one group against its reference say. Never "fair", never "compliant".

    ADVERSE: below four fifths and statistically significant.
    SMALL_NUMBERS: below four fifths, not significant, or reversed by moving one person.
    SIGNIFICANT_ABOVE_FOUR_FIFTHS: at or above four fifths and statistically significant.
    UNDETECTABLE: nothing found, and the sample had too little power to find a ratio of four fifths.
    NO_INDICATION: nothing found with enough power to find a ratio of four fifths.
    """

    ADVERSE = "adverse"
    SMALL_NUMBERS = "small_numbers"
    SIGNIFICANT_ABOVE_FOUR_FIFTHS = "significant_above_four_fifths"
    UNDETECTABLE = "undetectable"
    NO_INDICATION = "no_indication"


@dataclass(frozen=True, slots=True)
class Interval:
    """`low`..`high` at `level` (0..1) by `method`; NaN bounds where the data give none."""

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """How many of each group were assessed and how many of those were selected.

    Attributes:
        features: names, in the order of the levels in `groups`.
        groups: the g groups, in a fixed order.
        assessed, selected: persons, int64, shape (g,), 0 <= selected <= assessed.
        unknown_assessed, unknown_selected: persons with an unknown level in any feature.
        basis: what "selected" means here: `selection` (moved forward or classed favourably) or
            `scoring` (a score strictly above the median of all assessed).
    """

    features: tuple[str, ...]
    groups: tuple[Group, ...]
    assessed: Ints
    selected: Ints
    unknown_assessed: int = 0
    unknown_selected: int = 0
    basis: str = "selection"

    def __post_init__(self) -> None:
        """Refuse counts that cannot be: see `counts`."""
        size = len(self.groups)
        if self.assessed.shape != (size,) or self.selected.shape != (size,):
            raise ValueError("assessed and selected need one count per group")
        if (self.selected < 0).any() or (self.selected > self.assessed).any():
            raise ValueError("0 <= selected <= assessed must hold for every group")
        if not 0 <= self.unknown_selected <= self.unknown_assessed:
            raise ValueError("0 <= unknown_selected <= unknown_assessed must hold")

    @classmethod
    def of(
        cls, feature: str, counts: Sequence[tuple[str, int, int]], *, basis: str = "selection"
    ) -> GroupCounts:
        """A table of one feature from rows (level, assessed, selected)."""
        return cls(
            (feature,),
            tuple((level,) for level, _, _ in counts),
            np.array([n for _, n, _ in counts], np.int64),
            np.array([x for _, _, x in counts], np.int64),
            basis=basis,
        )


@dataclass(frozen=True, slots=True)
class StrataCounts:
    """`GroupCounts` within strata: assessed and selected have shape (strata, g), int64.

    `by`: what the strata are levels of, for example `("job",)`; `strata`: their levels.
    """

    features: tuple[str, ...]
    groups: tuple[Group, ...]
    by: tuple[str, ...]
    strata: tuple[Group, ...]
    assessed: Ints
    selected: Ints


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Decisions against what turned out: persons per group, int64, shape (g,).

    Positive means selected; true means that the label agrees (a good performer selected, or a poor
    one not selected). Persons without a label are in none of the four.
    """

    features: tuple[str, ...]
    groups: tuple[Group, ...]
    true_positive: Ints
    false_positive: Ints
    false_negative: Ints
    true_negative: Ints
    unlabelled: Ints


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """Histograms of one score: `counts[i, j]` persons of group i have the score `values[j]`.

    Attributes:
        score: its name. values (v,): rising; exact scores where `width` is 0, else middles of
            bins of that width. counts (g, v) int64.
        unknown (v,): persons with an unknown level in any feature; they count into the median.
    """

    features: tuple[str, ...]
    groups: tuple[Group, ...]
    score: str
    values: Floats
    counts: Ints
    unknown: Ints
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class StageCounts:
    """One step of a funnel: `entered` reached the stage, `passed` left it upwards. Shape (g,)."""

    stage: str
    entered: Ints
    passed: Ints


@dataclass(frozen=True, slots=True)
class Funnel:
    """Stages in order; the bottom line is passed in the last over entered in the first stage."""

    features: tuple[str, ...]
    groups: tuple[Group, ...]
    stages: tuple[StageCounts, ...]


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """Answers to one question per group and matching score.

    Attributes:
        item: the question's name. matching (m,): rising matching scores.
        levels (k,): rising scores that the question can get; two levels make it dichotomous.
        counts (g, m, k): persons, int64.
    """

    features: tuple[str, ...]
    groups: tuple[Group, ...]
    item: str
    matching: Floats
    levels: Floats
    counts: Ints


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over the persons of each group that have both x and y, float64, shape (g,).

    Central sums: `sxx` is the sum of (x - mean_x)^2, `sxy` of (x - mean_x)(y - mean_y). Two of
    them merge exactly by Chan's update.
    """

    features: tuple[str, ...]
    groups: tuple[Group, ...]
    n: Ints
    mean_x: Floats
    mean_y: Floats
    sxx: Floats
    syy: Floats
    sxy: Floats


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader must know beside the numbers: a stable code and one plain sentence."""

    code: str
    text: str
    facts: dict[str, float | int | str] = field(default_factory=dict)
