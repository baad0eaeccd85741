"""Distances of two score histograms over the same rising values, for many replicates at once.

`first` and `second` are persons with each score, shape (..., v); every row has at least one person.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.special import ndtr

from fairness.intervals import z_value
from fairness.types import Floats, Interval, Ints

# scipy computes the exact distribution up to this size, and so do we.
EXACT_KS_PERSONS = 10_000
EXACT_RANK_PERSONS = 50


def shares_up_to(counts: Ints) -> Floats:
    """The cumulative share of persons at or below each value."""
    sums = counts.cumsum(axis=-1)
    return np.asarray(sums / sums[..., -1:], np.float64)


def kolmogorov_smirnov(first: Ints, second: Ints) -> Floats:
    """D = the largest |F(s) - G(s)|, 0..1. Sources: Kolmogorov (1933); Smirnov (1939)."""
    return np.asarray(np.abs(shares_up_to(first) - shares_up_to(second)).max(axis=-1))


def wasserstein(values: Floats, first: Ints, second: Ints) -> Floats:
    """W1 = integral of |F(s) - G(s)| ds, in points of the score, 0 and up.

    The mean shift in score that turns one distribution into the other. Source: Vallender (1974),
    Theory of Probability and its Applications 18:784.
    """
    gaps = np.abs(shares_up_to(first) - shares_up_to(second))[..., :-1]
    return np.asarray(gaps @ np.diff(values))


def overlap(first: Ints, second: Ints) -> Floats:
    """OVL = sum of min(f, g) over the values, 0..1; 1 for equal histograms.

    Source: Weitzman (1970), US Bureau of the Census Technical Paper 22.
    """
    f = first / first.sum(axis=-1, keepdims=True)
    g = second / second.sum(axis=-1, keepdims=True)
    return np.asarray(np.minimum(f, g).sum(axis=-1))


def quantile(values: Floats, counts: Ints, *, percent: int) -> Floats:
    """The lowest score with at least `percent` of 100 persons at or below it (exact counts).

    The inverse of the empirical distribution, definition 1 of Hyndman and Fan (1996), The American
    Statistician 50:361.
    """
    sums = counts.cumsum(axis=-1)
    return np.asarray(values[(100 * sums < percent * sums[..., -1:]).sum(axis=-1)])


def superiority(first: Ints, second: Ints) -> float:
    """P(a person of the first scores higher than one of the second) + half of P(equal), 0..1.

    The area under the ROC curve, and Mann-Whitney's U over n*m. Counted exactly. Sources: Mann and
    Whitney (1947), Annals of Mathematical Statistics 18:50; McGraw and Wong (1992), Psychological
    Bulletin 111:361.
    """
    twice = twice_wins(first, second)
    return twice / (2 * int(first.sum()) * int(second.sum()))


def twice_wins(first: Ints, second: Ints) -> int:
    """2 * U of the first: two for each pair that it wins, one for each tie."""
    below = second.cumsum() - second
    # Python integers: n*m of two groups of ten million has more than 63 bits with the factor.
    terms = zip(first.tolist(), below.tolist(), second.tolist(), strict=True)
    return sum(mine * (2 * under + equal) for mine, under, equal in terms if mine)


def superiority_interval(value: float, sizes: tuple[int, int], *, level: float) -> Interval:
    """Interval of `superiority`, inside 0..1 and not empty at 0 or 1.

    All A with |value - A| <= z * sqrt(A(1-A)(1 + (N/2-1)((1-A)/(2-A) + A/(1+A))) / (n*m)), N = n+m.
    Source: Newcombe (2006), Statistics in Medicine 25:559, method 5.
    """
    from scipy.optimize import brentq

    n, m = sizes
    z = z_value(level)

    def excess(area: float) -> float:
        inner = (1 - area) / (2 - area) + area / (1 + area)
        variance = area * (1 - area) * (1 + ((n + m) / 2 - 1) * inner) / (n * m)
        return float((value - area) ** 2 - z * z * variance)

    # At 0 and 1 the variance is 0, so a root there is none: search from just inside.
    inside = min(max(value, 1e-9), 1 - 1e-9)
    low = brentq(excess, 0.0, inside, xtol=1e-12) if value > 1e-9 else 0.0
    high = brentq(excess, inside, 1.0, xtol=1e-12) if value < 1 - 1e-9 else 1.0
    return Interval(float(low), float(high), level, "newcombe method 5")


def mann_whitney_p(first: Ints, second: Ints) -> tuple[float, str]:
    """Two-sided p that neither group tends to score higher, and the method.

    Exact (scipy) where both groups are small and nobody is tied, else normal with the tie
    correction sum(t^3 - t) and a continuity correction of 1/2.
    """
    pooled = first + second
    n, m = int(first.sum()), int(second.sum())
    if max(n, m) <= EXACT_RANK_PERSONS and pooled.max() == 1:
        # scipy.stats takes half a second to import, and large groups do without it.
        from scipy.stats import mannwhitneyu

        places = np.arange(len(pooled))
        both = (np.repeat(places, first), np.repeat(places, second))
        return float(mannwhitneyu(*both, method="exact").pvalue), "exact"
    total = n + m
    ties = sum(t**3 - t for t in pooled.tolist())
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1))) if total > 1 else 0.0
    if variance <= 0:
        return 1.0, "all tied"
    distance = max(abs(twice_wins(first, second) - n * m) / 2 - 0.5, 0.0)
    p = float(2 * ndtr(-distance / np.sqrt(variance)))
    return min(p, 1.0), "normal, tie and continuity corrected"


def kolmogorov_smirnov_p(first: Ints, second: Ints) -> tuple[float, str]:
    """Two-sided p of D and the method; with tied scores both methods err on the high side.

    Exact up to 10,000 persons per group, else the asymptotic one (both scipy's).
    Source: Hodges (1958), Arkiv foer Matematik 3:469.
    """
    from scipy.stats import ks_2samp, kstwo

    n, m = int(first.sum()), int(second.sum())
    if max(n, m) <= EXACT_KS_PERSONS:
        places = np.arange(first.shape[-1])
        with warnings.catch_warnings():
            # scipy says so where the exact sum loses its precision, and answers asymptotically.
            warnings.filterwarnings("error", "ks_2samp: Exact", RuntimeWarning)
            try:
                both = (np.repeat(places, first), np.repeat(places, second))
                return float(ks_2samp(*both, method="exact").pvalue), "exact"
            except RuntimeWarning:
                pass
    d = float(kolmogorov_smirnov(first, second))
    return float(np.clip(kstwo.sf(d, np.round(n * m / (n + m))), 0, 1)), "asymptotic"


def bins_of_equal_count(pooled: Ints, most: int) -> Ints:
    """The bin of each value: at most `most` runs of neighbouring values with about equal persons.

    Each value has a bin of its own where there are at most `most` values.
    """
    if len(pooled) <= most:
        return np.arange(len(pooled), dtype=np.int64)
    middle = pooled.cumsum() - pooled / 2
    bins = np.floor(most * middle / pooled.sum()).astype(np.int64)
    return np.unique(np.minimum(bins, most - 1), return_inverse=True)[1].astype(np.int64)


def into_bins(counts: Ints, bins: Ints) -> Ints:
    """Persons per bin, last axis; `bins` is rising and starts at 0."""
    starts = np.searchsorted(bins, np.arange(bins[-1] + 1))
    return np.asarray(np.add.reduceat(counts, starts, axis=-1), np.int64)
