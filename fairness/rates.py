"""Rates of selection and what compares two of them, decided on integers.

A `Pair` holds a focal group (1) and its reference group (2): x selected of n assessed. Every
yes-or-no answer here is decided on whole numbers; floats only show a size.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from fairness.types import Group, GroupCounts


@dataclass(frozen=True, slots=True)
class Pair:
    """`x1` of `n1` persons of the focal group selected, `x2` of `n2` of the reference group."""

    x1: int
    n1: int
    x2: int
    n2: int

    def __post_init__(self) -> None:
        """Refuse counts that cannot be: 0 <= x <= n must hold in both groups."""
        if not (0 <= self.x1 <= self.n1 and 0 <= self.x2 <= self.n2):
            raise ValueError(f"0 <= selected <= assessed must hold in both groups: {self}")

    @classmethod
    def of(cls, counts: GroupCounts, focal: int, *, reference: int) -> Pair:
        """The groups number `focal` and `reference` of a table."""
        return cls(
            int(counts.selected[focal]),
            int(counts.assessed[focal]),
            int(counts.selected[reference]),
            int(counts.assessed[reference]),
        )

    @property
    def assessed(self) -> int:
        """N = n1 + n2."""
        return self.n1 + self.n2

    @property
    def selected(self) -> int:
        """X = x1 + x2."""
        return self.x1 + self.x2

    @property
    def gap(self) -> int:
        """x1*n2 - x2*n1: its sign is the sign of rate1 - rate2, exactly."""
        return self.x1 * self.n2 - self.x2 * self.n1

    @property
    def degenerate(self) -> bool:
        """Whether a group is empty, or nobody or everybody of both groups was selected."""
        return not (self.n1 and self.n2 and 0 < self.selected < self.assessed)


def selection_rate(selected: int, assessed: int) -> float | None:
    """x / n in 0..1; None where nobody was assessed. Source: 29 CFR 1607.16R; 6 RCNY 5-300."""
    return selected / assessed if assessed else None


def impact_ratio(pair: Pair) -> Fraction | None:
    """Rate of the focal group over rate of the reference: x1*n2 / (n1*x2), exact, 0 and up.

    None where a group is empty or nobody of the reference group was selected: such a ratio does
    not exist. Source: 29 CFR 1607.4D (four-fifths rule); 6 RCNY 5-300 (impact ratio).
    """
    if not (pair.n1 and pair.n2 and pair.x2):
        return None
    return Fraction(pair.x1 * pair.n2, pair.n1 * pair.x2)


def below_four_fifths(pair: Pair) -> bool | None:
    """Whether the impact ratio is below 4/5, as 5*x1*n2 < 4*x2*n1; None where there is no ratio.

    64/100 against 80/100 is exactly four fifths and is not below it. Source: 29 CFR 1607.4D.
    """
    if not (pair.n1 and pair.n2 and pair.x2):
        return None
    return 5 * pair.x1 * pair.n2 < 4 * pair.x2 * pair.n1


def shortfall_to_pooled_rate(pair: Pair) -> Fraction | None:
    """Persons the focal group lacks against the rate of both groups together: n1*X/N - x1.

    Negative where the focal group has more. None where a group is empty. Source: the "shortfall"
    of adverse-impact practice, for example Gastwirth, Statistical Reasoning in Law and Public
    Policy (1988), observed against expected number.
    """
    if not (pair.n1 and pair.n2):
        return None
    return Fraction(pair.n1 * pair.selected, pair.assessed) - pair.x1


def shortfall_to_reference_rate(pair: Pair) -> Fraction | None:
    """Persons the focal group lacks against the rate of the reference: n1*x2/n2 - x1.

    Larger than `shortfall_to_pooled_rate`, because the reference does not give any place up.
    None where a group is empty.
    """
    if not (pair.n1 and pair.n2):
        return None
    return Fraction(pair.n1 * pair.x2, pair.n2) - pair.x1


def reversed_by_one(pair: Pair) -> bool | None:
    """Whether one selection moved to the focal group would give it the higher rate.

    (x1+1)/n1 > (x2-1)/n2, in integers (x1+1)*n2 > (x2-1)*n1. Only asked of a focal group with the
    lower rate; None otherwise. Source: UGESP Questions and Answers, no. 21, 44 FR 11996 (1979).
    """
    if not (pair.n1 and pair.n2) or pair.gap >= 0:
        return None
    return (pair.x1 + 1) * pair.n2 > (pair.x2 - 1) * pair.n1


def rate_difference(pair: Pair) -> float | None:
    """x1/n1 - x2/n2 in -1..1; negative where the focal group is selected less often."""
    if not (pair.n1 and pair.n2):
        return None
    return pair.gap / (pair.n1 * pair.n2)


def phi(pair: Pair) -> float | None:
    """The correlation of group and selection, -1..1; negative against the focal group.

    (x1*(n2-x2) - x2*(n1-x1)) / sqrt(n1*n2*X*(N-X)). None where a margin is empty. Source: Pearson
    (1900); Morris, in Morris and Dunleavy (eds.), Adverse Impact Analysis (2017).
    """
    if pair.degenerate:
        return None
    margins = pair.n1 * pair.n2 * pair.selected * (pair.assessed - pair.selected)
    return pair.gap / math.sqrt(margins)


def cohens_h(pair: Pair) -> float | None:
    """2*asin(sqrt(rate1)) - 2*asin(sqrt(rate2)), -pi..pi; negative against the focal group.

    Cohen's words for its size: .2 small, .5 medium, .8 large. Source: Cohen, Statistical Power
    Analysis for the Behavioral Sciences (2nd ed. 1988), section 6.2.
    """
    if not (pair.n1 and pair.n2):
        return None
    first, second = (
        2 * math.asin(math.sqrt(x / n)) for x, n in ((pair.x1, pair.n1), (pair.x2, pair.n2))
    )
    return first - second


def odds_ratio(pair: Pair) -> float | None:
    """x1*(n2-x2) / (x2*(n1-x1)), 0 and up; None where its lower part is zero.

    Source: Cornfield (1951).
    """
    below = pair.x2 * (pair.n1 - pair.x1)
    return pair.x1 * (pair.n2 - pair.x2) / below if below else None


def excluded_groups(counts: GroupCounts, under_share: float) -> tuple[int, ...]:
    """Numbers of the groups with fewer than `under_share` of the persons in the table's groups.

    A group without anybody is empty, not excluded. Compared exactly: a group of exactly the share
    stays. Source: 6 RCNY 5-301(d) allows it under .02, with a justification that is published.
    """
    share = Fraction(str(under_share))
    total = int(counts.assessed.sum())
    return tuple(
        i
        for i, n in enumerate(int(n) for n in counts.assessed)
        if n and n * share.denominator < share.numerator * total
    )


def highest_groups(counts: GroupCounts, excluded: Collection[int] = ()) -> tuple[int, ...]:
    """Numbers of all groups that share the highest selection rate of the table, best first.

    Among equals the one with more persons comes first, then by its levels, so that the order of
    the groups in the table does not matter. Empty groups and the `excluded` cannot be highest.
    Nobody selected: every group ties at 0. Source: 6 RCNY 5-300 ("most selected category").
    """
    rated = [
        (Fraction(int(counts.selected[i]), int(counts.assessed[i])), i)
        for i in range(len(counts.groups))
        if counts.assessed[i] and i not in excluded
    ]
    if not rated:
        return ()
    top = max(rate for rate, _ in rated)
    tied = [i for rate, i in rated if rate == top]
    return tuple(sorted(tied, key=lambda i: (-int(counts.assessed[i]), counts.groups[i])))


def group_number(counts: GroupCounts, group: Group) -> int:
    """The number of `group` in the table; a `KeyError` names what is there."""
    if group not in counts.groups:
        raise KeyError(f"no group {group!r} in a table of {', '.join(map(str, counts.groups))}")
    return counts.groups.index(group)
