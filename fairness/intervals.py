"""Intervals for one rate and for what compares two rates.

All are two-sided at `level` (0..1) and valid for groups that were drawn independently. A function
answers None where the estimate itself does not exist (an empty group).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import betaincinv, chdtri, ndtri

from fairness.rates import Pair, cohens_h, phi, rate_difference
from fairness.types import Interval

_FURTHEST_LOG_RATIO = 300.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval; both None where the data do not give the number."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Proportion:
    """`count` of `of` persons, their share (None where `of` is 0), and its Wilson interval."""

    count: int
    of: int
    value: float | None
    interval: Interval | None

    @classmethod
    def from_counts(cls, count: int, of: int, *, level: float = 0.95) -> Proportion:
        """The share count / of with a Wilson interval."""
        return cls(count, of, count / of if of else None, wilson(count, of, level=level))


def z_value(level: float) -> float:
    """The standard normal quantile of a two-sided interval at `level`: 1.96 at .95."""
    return -float(ndtri((1 - level) / 2))


def wilson(x: int, n: int, *, level: float = 0.95) -> Interval | None:
    """Wilson score interval of x / n. Source: Wilson (1927), JASA 22:209.

    (p + z^2/2n +- z*sqrt(p*(1-p)/n + z^2/4n^2)) / (1 + z^2/n), p = x/n.
    """
    if not n:
        return None
    z, p = z_value(level), x / n
    middle = p + z * z / (2 * n)
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = ((middle + way * reach) / (1 + z * z / n) for way in (-1, 1))
    return _ended((x, n), (low, high), level, "wilson score")


def clopper_pearson(x: int, n: int, *, level: float = 0.95) -> Interval | None:
    """Exact (conservative) interval of x / n. Source: Clopper and Pearson (1934), Biometrika 26.

    The beta quantiles B(a/2; x, n-x+1) and B(1-a/2; x+1, n-x), a = 1 - level.
    """
    if not n:
        return None
    tail = (1 - level) / 2
    low = float(betaincinv(x, n - x + 1, tail)) if x else 0.0
    high = float(betaincinv(x + 1, n - x, 1 - tail)) if x < n else 1.0
    return _ended((x, n), (low, high), level, "clopper-pearson exact")


def _ended(
    count: tuple[int, int], bounds: tuple[float, float], level: float, name: str
) -> Interval:
    """Rounding leaves a few 1e-18 at the ends, where the bound is exact."""
    (x, n), (low, high) = count, bounds
    return Interval(
        0.0 if x == 0 else max(low, 0.0),
        1.0 if x == n else min(high, 1.0),
        level,
        name,
    )


def ratio_score(pair: Pair, *, level: float = 0.95, corrected: bool = True) -> Interval | None:
    """Score interval of the impact ratio: the ratios r that a score test of p1 = r*p2 keeps.

    (rate1 - r*rate2)^2 / (V * N/(N-1)) <= chi2(1), V = p1*(1-p1)/n1 + r^2*p2*(1-p2)/n2 at the
    maximum likelihood under p1 = r*p2. Source: Miettinen and Nurminen (1985), Statistics in
    Medicine 4:213; without the factor N/(N-1) (`corrected=False`) it is Koopman's (1984),
    Biometrics 40:513. Zero cells give 0 or infinity as one bound; both zero give 0..infinity.
    """
    if not (pair.n1 and pair.n2):
        return None
    name = "miettinen-nurminen score" if corrected else "koopman score"
    if not pair.selected:
        return Interval(0.0, math.inf, level, name)
    factor = pair.assessed / (pair.assessed - 1) if corrected else 1.0
    limit = float(chdtri(1, 1 - level)) * factor

    def excess(log_ratio: float) -> float:
        return _ratio_score_statistic(pair, log_ratio) - limit

    start, step = _log_ratio_at_rest(pair), _first_step(pair, level)
    low = 0.0 if pair.x1 == 0 else math.exp(_crossing(excess, start, -step))
    high = math.inf if pair.x2 == 0 else math.exp(_crossing(excess, start, step))
    return Interval(low, high, level, name)


def _ratio_score_statistic(pair: Pair, log_ratio: float) -> float:
    """Koopman's chi-square of the hypothesis p1 = exp(log_ratio) * p2."""
    r = math.exp(log_ratio)
    a = pair.assessed * r
    b = r * (pair.n1 + pair.x2) + pair.x1 + pair.n2
    # The smaller root of a*p^2 - b*p + X, in the form that keeps small rates exact.
    p2 = 2 * pair.selected / (b + math.sqrt(max(b * b - 4 * a * pair.selected, 0.0)))
    p1 = min(r * p2, 1.0)
    variance = p1 * (1 - p1) / pair.n1 + r * r * p2 * (1 - p2) / pair.n2
    distance = pair.x1 / pair.n1 - r * pair.x2 / pair.n2
    if variance <= 0:
        return 0.0 if abs(distance) < 1e-9 else math.inf
    return distance * distance / variance


def _log_ratio_at_rest(pair: Pair) -> float:
    """Log of a ratio that the data do not contradict; far out where one of the counts is zero."""
    if pair.x1 and pair.x2:
        return math.log(pair.x1 / pair.n1) - math.log(pair.x2 / pair.n2)
    return -_FURTHEST_LOG_RATIO / 2 if pair.x2 else _FURTHEST_LOG_RATIO / 2


def _first_step(pair: Pair, level: float) -> float:
    """How far from rest to look first: just beyond the log-normal bound, where there is one."""
    if not (pair.x1 and pair.x2):
        return 0.25
    spread = math.sqrt(max(1 / pair.x1 - 1 / pair.n1 + 1 / pair.x2 - 1 / pair.n2, 0.0))
    return min(1.2 * z_value(level) * spread, 0.25) or 0.25


def _crossing(excess: Callable[[float], float], start: float, step: float) -> float:
    """Where `excess` turns positive, going from `start` in steps that double."""
    # scipy.optimize takes a third of a second to import, and few answers need it.
    from scipy.optimize import brentq

    near = start
    while abs(near) < _FURTHEST_LOG_RATIO:
        far = near + step
        if excess(far) > 0:
            return float(brentq(excess, near, far, xtol=1e-13, rtol=1e-13))
        near, step = far, step * 2
    return near


def ratio_katz(pair: Pair, *, level: float = 0.95) -> Interval | None:
    """Log-normal interval of the impact ratio: r * exp(+-z*sqrt(1/x1 - 1/n1 + 1/x2 - 1/n2)).

    Where nobody of a group, or everybody of both, was selected, 1/2 is added to each of the four
    cells (Haldane 1956, Anscombe 1956) and the method says so. Source: Katz, Baptista, Azen and
    Pike (1978), Biometrics 34:469.
    """
    if not (pair.n1 and pair.n2):
        return None
    x1, n1, x2, n2 = map(float, (pair.x1, pair.n1, pair.x2, pair.n2))
    name = "katz log"
    if not (pair.x1 and pair.x2) or pair.selected == pair.assessed:
        x1, n1, x2, n2 = x1 + 0.5, n1 + 1, x2 + 0.5, n2 + 1
        name = "katz log, 1/2 added"
    spread = z_value(level) * math.sqrt(max(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2, 0.0))
    ratio = x1 * n2 / (n1 * x2)
    return Interval(ratio * math.exp(-spread), ratio * math.exp(spread), level, name)


def difference_newcombe(pair: Pair, *, level: float = 0.95) -> Interval | None:
    """Interval of rate1 - rate2 from the two Wilson intervals, within -1..1.

    Source: Newcombe (1998), Statistics in Medicine 17:873, method 10.
    """
    first, second = wilson(pair.x1, pair.n1, level=level), wilson(pair.x2, pair.n2, level=level)
    if first is None or second is None:
        return None
    rate1, rate2 = pair.x1 / pair.n1, pair.x2 / pair.n2
    below = math.hypot(rate1 - first.low, second.high - rate2)
    above = math.hypot(first.high - rate1, rate2 - second.low)
    gap = rate1 - rate2
    return Interval(max(gap - below, -1.0), min(gap + above, 1.0), level, "newcombe hybrid score")


def odds_ratio_woolf(pair: Pair, *, level: float = 0.95) -> Interval | None:
    """Log-normal interval of the odds ratio; 1/2 is added to the four cells where one is zero.

    exp(log OR +- z*sqrt(1/a + 1/b + 1/c + 1/d)). Source: Woolf (1955), Annals of Human Genetics
    19:251; the added half: Haldane (1956) and Anscombe (1956).
    """
    if not (pair.n1 and pair.n2):
        return None
    cells = (pair.x1, pair.n1 - pair.x1, pair.x2, pair.n2 - pair.x2)
    add = 0.0 if all(cells) else 0.5
    a, b, c, d = (cell + add for cell in cells)
    spread = z_value(level) * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    ratio = a * d / (b * c)
    name = "woolf log, 1/2 added" if add else "woolf log"
    return Interval(ratio * math.exp(-spread), ratio * math.exp(spread), level, name)


def phi_delta(pair: Pair, *, level: float = 0.95) -> Interval | None:
    """Large-sample interval of phi by the delta method, cut to -1..1.

    Source: Bishop, Fienberg and Holland, Discrete Multivariate Analysis (1975), section 11.3.
    """
    value = phi(pair)
    if value is None:
        return None
    n = pair.assessed
    row1, row2 = pair.n1 / n, pair.n2 / n
    col1, col2 = pair.selected / n, (n - pair.selected) / n
    rows, cols = row1 - row2, col1 - col2
    mixed = value * (1 + value * value / 2) * rows * cols / math.sqrt(row1 * row2 * col1 * col2)
    margins = 0.75 * value * value * (rows * rows / (row1 * row2) + cols * cols / (col1 * col2))
    spread = z_value(level) * math.sqrt(max(1 - value * value + mixed - margins, 0.0) / n)
    return Interval(max(value - spread, -1.0), min(value + spread, 1.0), level, "delta method")


def cohens_h_normal(pair: Pair, *, level: float = 0.95) -> Interval | None:
    """h +- z*sqrt(1/n1 + 1/n2), cut to -pi..pi.

    Source: the variance 1/n of 2*asin(sqrt(p)), Cohen (1988), section 6.2.
    """
    value = cohens_h(pair)
    if value is None:
        return None
    spread = z_value(level) * math.sqrt(1 / pair.n1 + 1 / pair.n2)
    return Interval(max(value - spread, -math.pi), min(value + spread, math.pi), level, "arcsine")


def scaled_difference(pair: Pair, persons: float, *, level: float = 0.95) -> Interval | None:
    """Interval of persons * (rate2 - rate1): of a shortfall, from Newcombe's interval.

    A shortfall to the reference rate is n1 * (rate2 - rate1), one to the pooled rate n1*n2/N times
    that, exactly; the factor is taken as fixed.
    """
    interval = difference_newcombe(pair, level=level)
    if interval is None or rate_difference(pair) is None:
        return None
    return Interval(-persons * interval.high, -persons * interval.low, level, interval.method)
