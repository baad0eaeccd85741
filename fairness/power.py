"""What a sample could have shown: power at four fifths, and the smallest effect it can detect.

"Nothing found" means little without this: where power is low, the answer is that a disparity of
that size could not have been seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri

FOUR_FIFTHS = 0.8
TARGET_POWER = 0.8
"""Cohen (1988), section 2.4: .80 is the customary power; 4 misses cost as much as 1 false alarm."""


@dataclass(frozen=True, slots=True)
class Design:
    """Two groups before their selection.

    Attributes:
        focal, reference: persons assessed in each group.
        reference_rate: the rate taken for the reference group, 0..1 (the one observed).
        alpha: two-sided level of the test, 0..1.
        exact: whether an exact test decides; its power is then approximated with a continuity
            correction.
    """

    focal: int
    reference: int
    reference_rate: float
    alpha: float = 0.05
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Power:
    """Power and smallest detectable effects of one comparison.

    Attributes:
        at_four_fifths: chance, 0..1, to find a true impact ratio of .8; None where the reference
            rate is 0 or a group is empty.
        detectable_ratio: the impact ratio nearest to 1 (below it) that would be found with power
            .8; None where even a rate of 0 would not.
        detectable_difference: the same as a rate difference (focal less reference, negative).
        method: how it was computed, in words.
    """

    at_four_fifths: float | None
    detectable_ratio: float | None
    detectable_difference: float | None
    method: str


def power(design: Design) -> Power:
    """Power at a ratio of .8, and the smallest detectable ratio and difference at power .8."""
    method = "normal approximation, pooled Z, two-sided"
    if design.exact:
        method += ", with continuity correction (for the exact test)"
    if not (design.focal and design.reference and design.reference_rate > 0):
        return Power(None, None, None, method)
    ratio = _detectable_ratio(design)
    return Power(
        at_four_fifths=power_at(design, FOUR_FIFTHS * design.reference_rate),
        detectable_ratio=ratio,
        detectable_difference=None if ratio is None else (ratio - 1) * design.reference_rate,
        method=method,
    )


def power_at(design: Design, focal_rate: float) -> float:
    """Chance, 0..1, that the two-sided test finds rates `focal_rate` and the reference's apart.

    Phi((|d| - c - z*s0)/s1) + Phi((-|d| - c - z*s0)/s1), d the rate difference, s0 and s1 its
    standard error with the pooled and with the separate rates, c = 0 for the pooled Z test and
    (1/n1 + 1/n2)/2 for an exact test. Sources: Fleiss, Statistical Methods for Rates and
    Proportions (2nd ed. 1981), section 3.2; Fleiss, Tytun and Ury (1980), Biometrics 36:343.
    """
    n1, n2, rate2 = design.focal, design.reference, design.reference_rate
    pooled = (n1 * focal_rate + n2 * rate2) / (n1 + n2)
    inverse = 1 / n1 + 1 / n2
    null = -float(ndtri(design.alpha / 2)) * math.sqrt(max(pooled * (1 - pooled), 0.0) * inverse)
    spread = math.sqrt(focal_rate * (1 - focal_rate) / n1 + rate2 * (1 - rate2) / n2)
    threshold = null + (inverse / 2 if design.exact else 0.0)
    distance = abs(focal_rate - rate2)
    if spread == 0:
        return 1.0 if distance > threshold else 0.0
    found, wrong_side = (float(ndtr((d - threshold) / spread)) for d in (distance, -distance))
    return min(found + wrong_side, 1.0)


def _detectable_ratio(design: Design) -> float | None:
    def lacking(ratio: float) -> float:
        return power_at(design, ratio * design.reference_rate) - TARGET_POWER

    if lacking(0.0) < 0:
        return None
    # scipy.optimize takes a third of a second to import, and few answers need it.
    from scipy.optimize import brentq

    return float(brentq(lacking, 0.0, 1.0, xtol=1e-9))


@dataclass(frozen=True, slots=True)
class ExpectedImpact:
    """What a standardized mean difference does at a cut: rates in 0..1, and their ratio.

    `cut` is in standard deviations above the mean of the majority group.
    """

    ratio: float
    minority_rate: float
    majority_rate: float
    cut: float


def expected_impact(difference: float, *, rate: float, minority_share: float) -> ExpectedImpact:
    """Impact ratio that normal theory expects where the group means lie `difference` SD apart.

    The cut c solves share*Phi(-c - d) + (1-share)*Phi(-c) = rate, d in standard deviations, the
    majority higher where d > 0; 0 < rate < 1, 0 <= share <= 1. Sources: Sackett and Ellingson
    (1997), Personnel Psychology 50:707; De Corte and Lievens (2003).
    """

    def excess(cut: float) -> float:
        minority, majority = ndtr(-cut - difference), ndtr(-cut)
        return float(minority_share * minority + (1 - minority_share) * majority - rate)

    reach = 40.0 + abs(difference)
    from scipy.optimize import brentq

    cut = float(brentq(excess, -reach, reach, xtol=1e-13))
    minority, majority = float(ndtr(-cut - difference)), float(ndtr(-cut))
    return ExpectedImpact(minority / majority, minority, majority, cut)
