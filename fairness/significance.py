"""Tests of whether two selection rates differ by more than chance would make them.

They disagree by design: conditional tests (Fisher, mid-p, the hypergeometric Z) hold both margins
fixed, unconditional ones (pooled Z, Boschloo) only the numbers assessed. All are two-sided unless
the name says a side. Pairs of any size are taken; the hypergeometric sums use the part of the
support that carries the probability.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr

from fairness.rates import Pair
from fairness.types import Floats, GroupCounts, Note

BOSCHLOO_MAX_PRODUCT = 10_000
"""Boschloo's test looks at every one of n1*n2 tables; above this it is not computed."""

Window = tuple[int, Floats]
"""What `hypergeometric_window` gives."""

_TIE = 1e-7
_STANDARD_DEVIATIONS = 45.0
_FULL_SUPPORT = 20_000


@dataclass(frozen=True, slots=True)
class ZTest:
    """A standard normal statistic (negative against the focal group), two-sided p in 0..1."""

    z: float
    p_value: float


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A chi-square statistic, its degrees of freedom and p in 0..1; its smallest expected cell."""

    statistic: float
    df: int
    p_value: float
    smallest_expected: float | None = None


@dataclass(frozen=True, slots=True)
class MidP:
    """Lancaster's mid-p of the hypergeometric distribution, p values in 0..1.

    Attributes:
        lower: one-sided, towards fewer selections of the focal group: P(X < x) + P(X = x)/2.
        doubled: two-sided, min(1, 2 * the smaller one-sided mid-p).
        minimum_likelihood: two-sided, the sum of P(X = k) over the k that are less likely than x,
            plus half of those that are as likely.
    """

    lower: float
    doubled: float
    minimum_likelihood: float


@dataclass(frozen=True, slots=True)
class Significance:
    """Every test of one pair; None where it cannot be computed, and `notes` say why.

    `fisher` and `boschloo` are two-sided p values; `fisher_lower` is one-sided, towards fewer
    selections of the focal group.
    """

    pooled_z: ZTest | None
    hypergeometric_z: ZTest | None
    chi_square: ChiSquare | None
    chi_square_yates: ChiSquare | None
    fisher: float
    fisher_lower: float
    mid_p: MidP
    boschloo: float | None
    notes: tuple[Note, ...]


def significance(pair: Pair, *, with_boschloo: bool = True) -> Significance | None:
    """All tests of one pair; None where a group is empty.

    Where nobody or everybody was selected there is no variation: the Z tests and chi-square do not
    exist, and the exact tests give 1.
    """
    if not (pair.n1 and pair.n2):
        return None
    notes = []
    if pair.degenerate:
        text = "Nobody or everybody of both groups was selected, so no test can find a difference."
        notes.append(Note("no_variation", text))
    window = None if pair.degenerate else hypergeometric_window(pair)
    boschloo_p = boschloo(pair) if with_boschloo else None
    if boschloo_p is None:
        notes.append(_boschloo_note(pair, with_boschloo))
    return Significance(
        pooled_z=pooled_z(pair),
        hypergeometric_z=hypergeometric_z(pair),
        chi_square=chi_square(pair),
        chi_square_yates=chi_square(pair, yates=True),
        fisher=fisher(pair, window=window),
        fisher_lower=fisher(pair, alternative="less", window=window),
        mid_p=mid_p(pair, window=window),
        boschloo=boschloo_p,
        notes=tuple(notes),
    )


def _boschloo_note(pair: Pair, wanted: bool) -> Note:
    text = (
        f"Boschloo's test was not computed: {pair.n1} x {pair.n2} possible tables are above the "
        f"limit of {BOSCHLOO_MAX_PRODUCT}; at such sizes it is close to the pooled Z test."
        if wanted
        else "Boschloo's test was left out, by the policy or because the table has many groups."
    )
    return Note("boschloo_not_computed", text)


def pooled_z(pair: Pair) -> ZTest | None:
    """Two-proportion Z with the pooled rate, without continuity correction.

    (rate1 - rate2) / sqrt(P*(1-P)*(1/n1 + 1/n2)), P = X/N; the "2-SD" test compares it with 2.
    None without variation. Source: OFCCP Compliance Manual, standard deviation analysis; Hazelwood
    School District v. United States, 433 U.S. 299 (1977), note 14.
    """
    if pair.degenerate:
        return None
    x, n = pair.selected, pair.assessed
    return _z_test(pair.gap * n / math.sqrt(pair.n1 * pair.n2 * x * (n - x) * n))


def hypergeometric_z(pair: Pair) -> ZTest | None:
    """Observed less expected number of focal selections in hypergeometric standard deviations.

    (x1 - n1*X/N) / sqrt(n1*n2*X*(N-X) / (N^2*(N-1))); the pooled Z times sqrt((N-1)/N). None
    without variation. Source: Mantel and Haenszel (1959), JNCI 22:719.
    """
    if pair.degenerate:
        return None
    x, n = pair.selected, pair.assessed
    return _z_test(pair.gap * math.sqrt(n - 1) / math.sqrt(pair.n1 * pair.n2 * x * (n - x)))


def _z_test(z: float) -> ZTest:
    return ZTest(z, float(2 * ndtr(-abs(z))))


def chi_square(pair: Pair, *, yates: bool = False) -> ChiSquare | None:
    """Pearson's chi-square with 1 degree of freedom: the pooled Z squared; `yates` corrects it.

    N * (|x1*n2 - x2*n1| - c)^2 / (n1*n2*X*(N-X)), c = 0 or, for Yates, N/2 (at most the distance).
    None without variation. Source: Pearson (1900); Yates (1934).
    """
    if pair.degenerate:
        return None
    x, n = pair.selected, pair.assessed
    distance = float(abs(pair.gap))
    distance -= min(n / 2, distance) if yates else 0.0
    statistic = distance / (pair.n1 * pair.n2) * distance * n / (x * (n - x))
    smallest = min(pair.n1, pair.n2) * min(x, n - x) / n
    return ChiSquare(statistic, 1, float(chdtrc(1, statistic)), smallest)


def homogeneity(counts: GroupCounts) -> ChiSquare | None:
    """Pearson's chi-square of one rate for all groups of a table; groups - 1 degrees of freedom.

    Empty groups are left out; None without variation or with fewer than two groups.
    """
    kept = counts.assessed > 0
    cells = np.stack([counts.selected, counts.assessed - counts.selected], axis=1)[kept]
    if len(cells) < 2 or (cells.sum(axis=0) == 0).any():
        return None
    # scipy.stats takes half a second to import; only this and Boschloo's test need it.
    from scipy.stats import chi2_contingency

    result = chi2_contingency(cells, correction=False)
    smallest = float(np.min(result.expected_freq))
    return ChiSquare(float(result.statistic), int(result.dof), float(result.pvalue), smallest)


def fisher(pair: Pair, *, alternative: str = "two-sided", window: Window | None = None) -> float:
    """Fisher's exact p in 0..1; two-sided sums the tables that are no more likely.

    `alternative="less"` is one-sided, towards fewer selections of the focal group. 1 without
    variation. `window`: of this pair, where it is at hand. Source: Fisher (1934), Statistical
    Methods for Research Workers, section 21.02.
    """
    if pair.degenerate:
        return 1.0
    first, chances = window or hypergeometric_window(pair)
    at = pair.x1 - first
    if not 0 <= at < len(chances):  # so far out that its chance is below any float
        return 1.0 if alternative == "less" and at > 0 else 0.0
    if alternative == "less":
        return min(float(chances[: at + 1].sum()), 1.0)
    return min(float(chances[chances <= chances[at] * (1 + _TIE)].sum()), 1.0)


def boschloo(pair: Pair) -> float | None:
    """Boschloo's unconditional exact p, two-sided, groups as columns (scipy's convention).

    With the groups as rows scipy answers differently (Morris' example: .0418 for .0366). None
    above `BOSCHLOO_MAX_PRODUCT` tables; 1 without variation. Source: Boschloo (1970), Statistica
    Neerlandica 24:1.
    """
    if pair.degenerate:
        return 1.0
    if pair.n1 * pair.n2 > BOSCHLOO_MAX_PRODUCT:
        return None
    from scipy.stats import boschloo_exact

    cells = [[pair.x1, pair.x2], [pair.n1 - pair.x1, pair.n2 - pair.x2]]
    return min(float(boschloo_exact(cells).pvalue), 1.0)


def mid_p(pair: Pair, *, window: Window | None = None) -> MidP:
    """Lancaster's mid-p, one-sided (lower), doubled and by minimum likelihood; see `MidP`.

    Without variation the observed table is certain, and half of it is counted: .5, doubled 1.
    Source: Lancaster (1961), JASA 56:223; for adverse impact: Biddle and Morris (2011), Journal of
    Applied Psychology 96:956.
    """
    if pair.degenerate:
        return MidP(lower=0.5, doubled=1.0, minimum_likelihood=0.5)
    first, chances = window or hypergeometric_window(pair)
    at = pair.x1 - first
    if not 0 <= at < len(chances):
        return MidP(1.0 if at >= 0 else 0.0, 0.0, 0.0)
    point = float(chances[at])
    lower = float(chances[:at].sum()) + point / 2
    upper = float(chances[at + 1 :].sum()) + point / 2
    rarer = float(chances[chances < point * (1 - _TIE)].sum())
    alike = float(chances[np.abs(chances - point) <= point * _TIE].sum())
    return MidP(min(lower, 1.0), min(1.0, 2 * min(lower, upper)), min(rarer + alike / 2, 1.0))


def hypergeometric_window(pair: Pair) -> tuple[int, Floats]:
    """P(X1 = k) given both margins, for k from the first answer on, summing to 1.

    The whole support where it has at most 20,000 values, else 45 standard deviations around the
    mode. Built from exact ratios of neighbours outwards from the mode, so that no factorial is
    subtracted from another: relative errors stay near 1e-13 at any size.
    """
    n1, n2, total = pair.n1, pair.n2, pair.selected
    low, high = max(0, total - n2), min(n1, total)
    if high - low > _FULL_SUPPORT:
        mode = (total + 1) * (n1 + 1) // (pair.assessed + 2)
        variance = n1 * n2 * total * (pair.assessed - total) / pair.assessed**2
        reach = int(_STANDARD_DEVIATIONS * math.sqrt(variance / (pair.assessed - 1))) + 1000
        low, high = max(low, mode - reach), min(high, mode + reach)
    k = np.arange(low, high, dtype=np.float64)
    # Rising up to the mode, then falling. The logarithm of one quotient near 1 is the exacter.
    steps = np.log((total - k) * (n1 - k) / ((k + 1) * (n2 - total + k + 1)))
    peak = int(np.count_nonzero(steps > 0))
    below, above = np.cumsum(-steps[:peak][::-1])[::-1], np.cumsum(steps[peak:])
    chances = np.exp(np.concatenate([below, [0.0], above]))
    return low, chances / chances.sum()
