"""Disparity at equal circumstances: two groups compared within strata, and Simpson's check.

The crude comparison pools all strata. The conditional one compares like with like (the same job,
site or score band) and averages with Mantel-Haenszel weights. Whether conditioning on something is
right is for people to decide: a stratum may itself be the result of a disparity.
"""

from __future__ import annotations

from dataclasses import dataclass

from fairness.intervals import Estimate, difference_newcombe, ratio_score
from fairness.rates import Pair, impact_ratio, rate_difference
from fairness.strata import (
    StratifiedTest,
    mantel_haenszel_difference,
    mantel_haenszel_ratio,
    pairs_by_stratum,
    stratified_test,
)
from fairness.types import Group, StrataCounts


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two groups in one table: their counts, and difference and ratio with intervals."""

    pair: Pair
    difference: Estimate
    ratio: Estimate


@dataclass(frozen=True, slots=True)
class SimpsonCheck:
    """The direction of the pooled comparison beside those within strata.

    A direction is -1 where the focal group has the lower rate, 1 where it has the higher one, 0
    where they are equal, None where it cannot be told.

    Attributes:
        aggregate, adjusted: direction of the pooled counts and of the standardized difference.
        strata_lower, strata_equal, strata_higher: strata with persons of both groups, by direction.
        reverses: whether the adjusted direction is opposite to the aggregate one.
        reverses_everywhere: whether no stratum agrees with the aggregate direction and at least
            one opposes it (Simpson's paradox in the strict sense).
    """

    aggregate: int | None
    adjusted: int | None
    strata_lower: int
    strata_equal: int
    strata_higher: int
    reverses: bool
    reverses_everywhere: bool


@dataclass(frozen=True, slots=True)
class ConditionalDisparity:
    """A focal group against a reference, pooled, within each stratum, and standardized."""

    focal: Group
    reference: Group
    by: tuple[str, ...]
    strata: tuple[Group, ...]
    crude: Comparison
    within: tuple[Comparison, ...]
    standardized_difference: Estimate
    standardized_ratio: Estimate
    test: StratifiedTest
    simpson: SimpsonCheck


def compare(pair: Pair, *, level: float = 0.95) -> Comparison:
    """Difference (Newcombe interval) and ratio (score interval) of one pair."""
    ratio = impact_ratio(pair)
    return Comparison(
        pair,
        Estimate(rate_difference(pair), difference_newcombe(pair, level=level)),
        Estimate(None, None)
        if ratio is None
        else Estimate(float(ratio), ratio_score(pair, level=level)),
    )


def conditional_disparity(
    strata: StrataCounts, focal: Group, *, reference: Group, level: float = 0.95
) -> ConditionalDisparity:
    """Crude and conditional disparity of two groups over the strata of a table.

    Sources: Kamiran, Zliobaite and Calders (2013), Knowledge and Information Systems 35:613
    (conditional discrimination); Greenland and Robins (1985) for the weights. Ranges and formulas:
    `fairness.strata`.
    """
    pairs = pairs_by_stratum(strata, focal, reference=reference)
    crude = pooled(pairs)
    difference = mantel_haenszel_difference(pairs, level=level)
    return ConditionalDisparity(
        focal=focal,
        reference=reference,
        by=strata.by,
        strata=strata.strata,
        crude=compare(crude, level=level),
        within=tuple(compare(pair, level=level) for pair in pairs),
        standardized_difference=difference,
        standardized_ratio=mantel_haenszel_ratio(pairs, level=level),
        test=stratified_test(pairs, level=level),
        simpson=simpson_check(pairs, adjusted=difference.value),
    )


def pooled(pairs: tuple[Pair, ...]) -> Pair:
    """All strata added up."""
    return Pair(
        sum(p.x1 for p in pairs),
        sum(p.n1 for p in pairs),
        sum(p.x2 for p in pairs),
        sum(p.n2 for p in pairs),
    )


def simpson_check(pairs: tuple[Pair, ...], *, adjusted: float | None) -> SimpsonCheck:
    """Aggregate against within-stratum directions; `adjusted` is the standardized difference.

    Directions within strata and of the aggregate are exact; an adjusted difference under 1e-12 is
    taken as none. Sources: Simpson (1951), JRSS B 13:238; Bickel, Hammel and O'Connell (1975),
    Science 187:398.
    """
    aggregate = _direction(pooled(pairs))
    within = [_direction(pair) for pair in pairs if pair.n1 and pair.n2]
    inside = None
    if adjusted is not None:
        inside = 0 if abs(adjusted) < 1e-12 else (1 if adjusted > 0 else -1)
    opposed = aggregate is not None and aggregate != 0
    agree = within.count(aggregate) if aggregate else 0
    against = within.count(-aggregate) if aggregate else 0
    return SimpsonCheck(
        aggregate=aggregate,
        adjusted=inside,
        strata_lower=within.count(-1),
        strata_equal=within.count(0),
        strata_higher=within.count(1),
        reverses=opposed and inside is not None and inside == -(aggregate or 0),
        reverses_everywhere=opposed and agree == 0 and against > 0,
    )


def _direction(pair: Pair) -> int | None:
    if not (pair.n1 and pair.n2):
        return None
    return (pair.gap > 0) - (pair.gap < 0)
