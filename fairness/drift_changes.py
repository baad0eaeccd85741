"""When a series changed: the split with the largest difference, and whether chance makes as large.

Two series are searched: one group's selection rate, and the log odds ratio of a group against its
reference. The largest statistic over all splits is compared with the largest over all splits of
series drawn without a change, so that looking at every split costs nothing in error rate. Where a
change is found, both sides are searched again (binary segmentation; Scott and Knott 1974,
Biometrics 30:507; Vostrikova 1981, Soviet Mathematics Doklady 24:55).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fairness.draws import deal, share_as_large
from fairness.types import Floats, Ints

MOST_CHANGES = 5


@dataclass(frozen=True, slots=True)
class Split:
    """A found change: `first` is the position of the first period after it.

    Attributes:
        start, end: the searched part, end not included. before, after: the level on either side
            of the split within that part (a rate, or a log odds ratio).
        statistic: absolute Z of the difference, the largest over the splits of the part.
        p_value: share of draws without a change whose largest is as large, 0..1.
    """

    start: int
    first: int
    end: int
    before: float
    after: float
    statistic: float
    p_value: float


# The best split of a part of the series, or None where the part cannot be split.
Search = Callable[[int, int], Split | None]


def segments(search: Search, periods: int, *, alpha: float) -> tuple[Split, ...]:
    """Changes found by binary segmentation, in order of time; at most `MOST_CHANGES`."""
    found: list[Split] = []
    parts = [(0, periods)]
    while parts and len(found) < MOST_CHANGES:
        start, end = parts.pop(0)
        split = search(start, end)
        if split is None or split.p_value > alpha:
            continue
        found.append(split)
        parts += [(start, split.first), (split.first, end)]
    return tuple(sorted(found, key=lambda split: split.first))


def rate_search(
    selected: Ints, assessed: Ints, *, draws: int, generator: np.random.Generator
) -> Search:
    """Search of one group's selection rate, one entry per period; all `assessed` above 0.

    Z of a split = the pooled two-proportion Z of all persons before against all after it. Draws
    without a change spread the same number of selections over the same persons at random
    (multivariate hypergeometric), which is exact: a permutation test of the persons.
    """

    def search(start: int, end: int) -> Split | None:
        n, x = assessed[start:end], selected[start:end]
        total, chosen = int(n.sum()), int(x.sum())
        if end - start < 2 or not 0 < chosen < total:
            return None
        series = _rate_z(x[None], n)[0]
        at = int(series.argmax())
        drawn = deal(generator, n, taken=chosen, draws=draws)
        before, after = x[: at + 1].sum() / n[: at + 1].sum(), x[at + 1 :].sum() / n[at + 1 :].sum()
        return Split(
            start,
            start + at + 1,
            end,
            float(before),
            float(after),
            float(series[at]),
            share_as_large(_rate_z(drawn, n).max(axis=1), float(series[at])),
        )

    return search


def _rate_z(selected: Ints, assessed: Ints) -> Floats:
    """Absolute pooled Z at each split of each row."""
    n = assessed.cumsum()[:-1].astype(np.float64)
    x = selected.cumsum(axis=1)[:, :-1].astype(np.float64)
    total = float(assessed.sum())
    p = float(selected[0].sum()) / total
    return np.asarray(np.abs(x - n * p) / np.sqrt(p * (1 - p) * n * (total - n) / total))


@dataclass(frozen=True, slots=True)
class LogOdds:
    """Log odds ratios and the inverses of their variances, last axis periods; a half is added.

    log((x1+.5)(n2-x2+.5) / ((x2+.5)(n1-x1+.5))), variance the sum of the four inverses. Sources:
    Woolf (1955), Annals of Human Genetics 19:251; Haldane (1956) and Anscombe (1956) for the half.
    """

    values: Floats
    weights: Floats

    @classmethod
    def of(cls, focal: tuple[Ints, Ints], reference: tuple[Ints, Ints]) -> LogOdds:
        """From (selected, assessed) of the group and of its reference."""
        (x1, n1), (x2, n2) = focal, reference
        a, b, c, d = (np.asarray(v, np.float64) + 0.5 for v in (x1, n1 - x1, x2, n2 - x2))
        return cls(np.log(a * d / (b * c)), 1 / (1 / a + 1 / b + 1 / c + 1 / d))

    def common(self) -> float:
        """The mean weighted by the inverse variances, for one series."""
        return float((self.values * self.weights).sum() / self.weights.sum())


def odds_search(
    focal: tuple[Ints, Ints],
    reference: tuple[Ints, Ints],
    *,
    draws: int,
    generator: np.random.Generator,
) -> Search:
    """Search of the log odds ratio of a group against its reference; (selected, assessed) each.

    Z of a split = difference of the weighted means before and after / its standard error. Draws
    without a change are binomial at one common odds ratio, with each period's number of
    selections as expected value (parametric bootstrap).
    """

    def search(start: int, end: int) -> Split | None:
        if end - start < 2:
            return None
        part = slice(start, end)
        mine, theirs = [(x[part], n[part]) for x, n in (focal, reference)]
        odds = LogOdds.of(mine, theirs)
        series, before, after = _odds_z(odds)
        at = int(series.argmax())
        p1, p2 = _rates_at(float(np.exp(odds.common())), mine, theirs)
        size = (draws, end - start)
        drawn = LogOdds.of(
            (generator.binomial(mine[1], p1, size), mine[1]),
            (generator.binomial(theirs[1], p2, size), theirs[1]),
        )
        return Split(
            start,
            start + at + 1,
            end,
            float(before[at]),
            float(after[at]),
            float(series[at]),
            share_as_large(_odds_z(drawn)[0].max(axis=1), float(series[at])),
        )

    return search


def _odds_z(odds: LogOdds) -> tuple[Floats, Floats, Floats]:
    """Absolute Z at each split, and the weighted means before and after it."""
    weights = odds.weights.cumsum(axis=-1)
    sums = (odds.values * odds.weights).cumsum(axis=-1)
    first = weights[..., :-1]
    second = weights[..., -1:] - first
    before = sums[..., :-1] / first
    after = (sums[..., -1:] - sums[..., :-1]) / second
    z = np.abs(after - before) / np.sqrt(1 / first + 1 / second)
    return np.asarray(z), before, after


def _rates_at(
    odds_ratio: float, focal: tuple[Ints, Ints], reference: tuple[Ints, Ints]
) -> tuple[Floats, Floats]:
    """Rates of both groups with this odds ratio and each period's number of selections.

    The reference's rate p solves n1*r*p/(1-p+r*p) + n2*p = X, a quadratic.
    """
    (x1, n1), (x2, n2) = focal, reference
    chosen = (x1 + x2).astype(np.float64)
    a = n2 * (odds_ratio - 1)
    b = n1 * odds_ratio + n2 - chosen * (odds_ratio - 1)
    root = b + np.sqrt(np.maximum(b * b + 4 * a * chosen, 0.0))
    p2 = np.where(chosen > 0, np.clip(2 * chosen / np.maximum(root, 1e-300), 0, 1), 0.0)
    p1 = odds_ratio * p2 / (1 - p2 + odds_ratio * p2)
    return np.clip(p1, 0, 1), p2
