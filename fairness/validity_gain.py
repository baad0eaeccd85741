"""Does a tool predict performance better than what it replaced, or is it only faster?

Two ways to know: both scores of the same persons (dependent correlations with one criterion), or
persons assessed by the tool and others by what it replaced (independent ones).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from scipy.stats import norm
from scipy.stats import t as t_distribution

from audit.errors import InputError
from fairness.intervals import Estimate
from fairness.power import TARGET_POWER
from fairness.types import Interval, Moments, Note
from fairness.validity import correlation, validity


class Prediction(StrEnum):
    """What the comparison of two validities says.

    UNDETECTABLE: no difference found, and one of .1 would have been found with a chance under .8.
    """

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no_difference"
    UNDETECTABLE = "undetectable"


SMALLEST_GAIN = 0.1
"""A difference of two correlations that would matter (small in Cohen's words for q, 1988)."""


@dataclass(frozen=True, slots=True)
class Medians:
    """Median time to a decision, in days, of how many persons; under the tool and before."""

    tool_days: float
    tool_persons: int
    earlier_days: float
    earlier_persons: int

    def __post_init__(self) -> None:
        """Refuse negative times and numbers."""
        if min(self.tool_days, self.earlier_days, self.tool_persons, self.earlier_persons) < 0:
            raise InputError("times to a decision and numbers of persons cannot be below 0")


@dataclass(frozen=True, slots=True)
class ValidityGain:
    """Validity of the tool against that of what it replaced.

    Attributes:
        tool, earlier: correlations with performance. difference: tool less earlier, -2..2.
        test: `williams t` (same persons) or `fisher z` (different ones); statistic, p two-sided.
        detectable: the difference of two z-transformed correlations that would have been found with
            a chance of .8.
        days_saved: earlier median less the tool's; None where no times were given.
    """

    tool: Estimate
    earlier: Estimate
    difference: Estimate
    test: str
    statistic: float | None
    p_value: float | None
    detectable: float | None
    prediction: Prediction
    days_saved: float | None
    words: str
    notes: tuple[Note, ...]


def compare_tools(
    tool: Moments,
    earlier: Moments,
    *,
    between: Moments | None = None,
    times: Medians | None = None,
    alpha: float = 0.05,
    level: float = 0.95,
) -> ValidityGain:
    """Compare two validities, each over all groups of its moments.

    `between`: moments of the tool's score (x) and the earlier score (y) of the same persons; with
    it the correlations are taken as dependent, and all three need the same number of persons.
    """
    first, second = (validity(m, level=level).overall for m in (tool, earlier))
    n1, n2 = first.persons, second.persons
    r1, r2 = first.correlation.value, second.correlation.value
    shared = None
    if between is not None:
        joint = validity(between, level=level).overall
        if not n1 == n2 == joint.persons:
            raise InputError(
                "the three moments of the same persons need the same number of persons, not "
                f"{n1}, {n2} and {joint.persons}: count only persons who have both scores"
            )
        shared = joint.correlation.value
    if r1 is None or r2 is None or (between is not None and shared is None):
        return _unknown(first.correlation, second.correlation, times)
    if shared is None:
        return _told(independent_correlations((n1, r1), (n2, r2), level=level), times, alpha)
    return _told(dependent_correlations(n1, (r1, r2, shared), level=level), times, alpha)


@dataclass(frozen=True, slots=True)
class CorrelationTest:
    """Two correlations compared; `error`: standard error of the difference of their Fisher z."""

    first: Estimate
    second: Estimate
    difference: Estimate
    test: str
    statistic: float | None
    p_value: float | None
    error: float | None


def independent_correlations(
    first: tuple[int, float], second: tuple[int, float], *, level: float = 0.95
) -> CorrelationTest:
    """Fisher's z test of two correlations (persons, r) of different persons.

    (atanh r1 - atanh r2) / sqrt(1/(n1-3) + 1/(n2-3)); the difference has Zou's interval. Sources:
    Fisher (1921), Metron 1:3; Zou (2007), Psychological Methods 12:399.
    """
    (n1, r1), (n2, r2) = first, second
    one, two = correlation(n1, r1, level=level), correlation(n2, r2, level=level)
    difference = _zou(one, two, 0.0, level)
    if min(n1, n2) <= 3 or max(abs(r1), abs(r2)) >= 1:
        return CorrelationTest(one, two, difference, "fisher z", None, None, None)
    error = math.sqrt(1 / (n1 - 3) + 1 / (n2 - 3))
    z = (math.atanh(r1) - math.atanh(r2)) / error
    return CorrelationTest(one, two, difference, "fisher z", z, float(2 * norm.sf(abs(z))), error)


def dependent_correlations(
    n: int, correlations: tuple[float, float, float], *, level: float = 0.95
) -> CorrelationTest:
    """Williams' t of two correlations with one criterion, in the same n persons; n - 3 degrees.

    `correlations`: first score and criterion, second score and criterion, both scores. The
    difference has Zou's interval for overlapping correlations. Sources: Williams (1959), JRSS B
    21:396; Steiger (1980), Psychological Bulletin 87:245, formula 7 (who advises it); Zou (2007).
    """
    r1, r2, shared = correlations
    one, two = correlation(n, r1, level=level), correlation(n, r2, level=level)
    name = "williams t"
    determinant = 1 - r1 * r1 - r2 * r2 - shared * shared + 2 * r1 * r2 * shared
    linked = _overlap(r1, r2, shared)
    difference = _zou(one, two, linked, level)
    mean = (r1 + r2) / 2
    below = 2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - shared) ** 3 if n > 3 else 0.0
    if below <= 0 or max(abs(r1), abs(r2)) >= 1:
        return CorrelationTest(one, two, difference, name, None, None, None)
    t = (r1 - r2) * math.sqrt((n - 1) * (1 + shared) / below)
    error = math.sqrt(max(2 - 2 * linked, 0.0) / (n - 3))
    p_value = float(2 * t_distribution.sf(abs(t), n - 3))
    return CorrelationTest(one, two, difference, name, t, p_value, error)


def _overlap(r1: float, r2: float, shared: float) -> float:
    """Correlation of two sample correlations that share the criterion (Pearson and Filon 1898)."""
    below = (1 - r1 * r1) * (1 - r2 * r2)
    if below <= 0:
        return 0.0
    above = (shared - r1 * r2 / 2) * (1 - r1 * r1 - r2 * r2 - shared * shared) + shared**3
    return min(max(above / below, -1.0), 1.0)


def _zou(one: Estimate, two: Estimate, linked: float, level: float) -> Estimate:
    """Interval of r1 - r2 from their two intervals and the correlation `linked` between them."""
    r1, r2 = one.value or 0.0, two.value or 0.0
    if one.interval is None or two.interval is None:
        return Estimate(r1 - r2, None)
    down = (r1 - one.interval.low, two.interval.high - r2)
    up = (one.interval.high - r1, r2 - two.interval.low)
    below, above = (math.sqrt(max(a * a + b * b - 2 * linked * a * b, 0.0)) for a, b in (down, up))
    bounds = Interval(max(r1 - r2 - below, -2.0), min(r1 - r2 + above, 2.0), level, "zou")
    return Estimate(r1 - r2, bounds)


def _unknown(first: Estimate, second: Estimate, times: Medians | None) -> ValidityGain:
    text = "A validity cannot be computed: too few persons, or no variation."
    saved = times.earlier_days - times.tool_days if times else None
    return ValidityGain(
        first, second, Estimate(None, None), "none", None, None, None,
        Prediction.UNDETECTABLE, saved, text + _time_words(times), (Note("no_validity", text),),
    )  # fmt: skip


def _told(found: CorrelationTest, times: Medians | None, alpha: float) -> ValidityGain:
    detectable = None
    if found.error is not None:
        detectable = float(norm.isf(alpha / 2) + norm.ppf(TARGET_POWER)) * found.error
    prediction = _prediction(found, detectable, alpha)
    notes = (
        (
            Note(
                "different_persons",
                "The two tools assessed different persons; a difference may come from who they "
                "were, from the jobs, or from how much the scores of those hired vary.",
            ),
        )
        if found.test == "fisher z"
        else ()
    )
    return ValidityGain(
        found.first,
        found.second,
        found.difference,
        found.test,
        found.statistic,
        found.p_value,
        detectable,
        prediction,
        times.earlier_days - times.tool_days if times else None,
        _WORDS[prediction] + _time_words(times),
        notes,
    )


_WORDS = {
    Prediction.BETTER: "The tool predicts performance better than what it replaced.",
    Prediction.WORSE: "The tool predicts performance worse than what it replaced.",
    Prediction.NO_DIFFERENCE: "No better prediction was shown than of what the tool replaced.",
    Prediction.UNDETECTABLE: (
        "It cannot be said whether the tool predicts better than what it replaced: too few persons."
    ),
}


def _prediction(found: CorrelationTest, detectable: float | None, alpha: float) -> Prediction:
    if found.p_value is not None and found.p_value < alpha:
        above = (found.difference.value or 0.0) > 0
        return Prediction.BETTER if above else Prediction.WORSE
    if detectable is None or detectable > SMALLEST_GAIN:
        return Prediction.UNDETECTABLE
    return Prediction.NO_DIFFERENCE


def _time_words(times: Medians | None) -> str:
    if times is None:
        return ""
    saved = times.earlier_days - times.tool_days
    if saved == 0:
        return " The median time to a decision is the same."
    way = "shorter" if saved > 0 else "longer"
    return f" The median time to a decision is {abs(saved):.3g} days {way}."
