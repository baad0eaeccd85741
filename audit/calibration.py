"""Comparison scores made into bounded log10 likelihood ratios, and how well that works.

Scores are similarities: higher favours the first hypothesis (mated: one person). Log-likelihood
ratios are base 10 throughout. Nothing here knows faces or voices.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from audit.errors import SettingsInvalid
from audit.types import LikelihoodRatio

Array = NDArray[np.float64]

LOG10_E = math.log10(math.e)

# Verbal scale of the ENFSI guideline for evaluative reporting (2015), by lower end of |log10 LR|.
BANDS = (
    (6.0, "extremely strong"),
    (4.0, "very strong"),
    (3.0, "strong"),
    (2.0, "moderately strong"),
    (1.0, "moderate"),
    (math.log10(2.0), "weak"),
)


@dataclass(frozen=True, slots=True)
class CalibrationRecord:
    """One score's way to a log10 likelihood ratio: slope * score + offset, kept within bounds.

    Attributes:
        id: name of the row. score: what the score is, in words.
        model, model_version: what produced the scores.
        lower, upper: bounds that the data support (log10).
        hypotheses: the two that the ratio compares, first the one that a high score favours.
        n_mated, n_nonmated: comparisons; n_persons: how many people they come from.
        datasets, conditions, date, source: on what, how, when and by which command it was fitted.
        cllr: cross-validated log-likelihood-ratio cost over people that the fit had not seen
            (0 perfect, 1 says nothing).
    """

    id: str
    score: str
    model: str
    model_version: str
    slope: float
    offset: float
    lower: float
    upper: float
    hypotheses: tuple[str, str]
    n_mated: int
    n_nonmated: int
    n_persons: int
    datasets: tuple[str, ...]
    conditions: str
    date: str
    source: str
    cllr: float

    def __post_init__(self) -> None:
        if not self.lower <= 0.0 <= self.upper:
            raise ValueError(f"calibration record {self.id}: 0 lies outside of its bounds")
        if not (math.isfinite(self.slope) and math.isfinite(self.offset) and self.slope > 0):
            raise ValueError(f"calibration record {self.id}: the slope must be positive")

    def log10(self, score: ArrayLike) -> Array:
        """Bounded log10 likelihood ratios of scores of any shape."""
        raw = np.asarray(score, dtype=np.float64) * self.slope + self.offset
        return np.clip(raw, self.lower, self.upper)

    def log10_of(self, score: float) -> float:
        """The bounded log10 likelihood ratio of one score."""
        return min(max(score * self.slope + self.offset, self.lower), self.upper)

    def likelihood_ratio(self, score: float) -> LikelihoodRatio:
        """The bounded likelihood ratio of one score, as reports carry it."""
        return LikelihoodRatio(
            log10=round(self.log10_of(float(score)), 3),
            lower=self.lower,
            upper=self.upper,
            hypotheses=self.hypotheses,
            calibration=f"{self.id} ({self.date})",
        )

    def score_at(self, log10: float) -> float:
        """The score whose unbounded log10 likelihood ratio is `log10`."""
        return (log10 - self.offset) / self.slope


@cache
def records(package: str) -> dict[str, CalibrationRecord]:
    """All calibration records of a package, from the `[[record]]` rows of its calibration.toml.

    Raises:
        SettingsInvalid: a row lacks a field, has one too many, or breaks the bounds' rule.
    """
    text = resources.files(package).joinpath("calibration.toml").read_text("utf-8")
    found = [_record(row) for row in tomllib.loads(text).get("record", [])]
    return {record.id: record for record in found}


def _record(row: dict[str, Any]) -> CalibrationRecord:
    wanted = {field.name for field in fields(CalibrationRecord)}
    if set(row) != wanted:
        wrong = ", ".join(sorted(set(row) ^ wanted))
        raise SettingsInvalid(f"Calibration row {row.get('id', '?')}: check the field(s) {wrong}.")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    try:
        return CalibrationRecord(**values)
    except (TypeError, ValueError) as error:
        raise SettingsInvalid(f"Calibration row {row['id']}: {error}.") from error


def band(log10: float) -> str:
    """Verbal equivalent of the size of a log10 likelihood ratio (ENFSI guideline, 2015).

    "no" below 2, "weak" 2-10, "moderate" 10-100, "moderately strong" 100-1,000, "strong"
    1,000-10,000, "very strong" to 1,000,000, then "extremely strong". The direction is not in it.
    """
    return next((word for least, word in BANDS if abs(log10) >= least), "no")


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Scores of pairs of samples with the people they come from.

    Attributes:
        scores (n,): similarities, higher = more alike.
        first, second (n,): person numbers; a comparison is mated where they are equal.
    """

    scores: Array
    first: NDArray[np.int64]
    second: NDArray[np.int64]

    @property
    def is_mated(self) -> NDArray[np.bool_]:
        """True where both samples are of one person, shape (n,)."""
        return np.equal(self.first, self.second)

    @property
    def mated(self) -> Array:
        """Scores of one person with itself."""
        return self.scores[self.is_mated]

    @property
    def nonmated(self) -> Array:
        """Scores of two different people."""
        return self.scores[~self.is_mated]

    @property
    def persons(self) -> NDArray[np.int64]:
        """The people present, ascending."""
        return np.unique(np.concatenate([self.first, self.second]))

    def of(self, persons: ArrayLike) -> Comparisons:
        """Only the comparisons with both samples from `persons`."""
        inside = np.isin(self.first, persons) & np.isin(self.second, persons)
        return Comparisons(self.scores[inside], self.first[inside], self.second[inside])


# --- rates ------------------------------------------------------------------------------------


def fmr(nonmated: ArrayLike, threshold: ArrayLike, weights: ArrayLike | None = None) -> Array:
    """False match rate (ISO/IEC 19795-1): share of non-mated scores at or above each threshold."""
    return 1.0 - _share_below(nonmated, threshold, weights)


def fnmr(mated: ArrayLike, threshold: ArrayLike, weights: ArrayLike | None = None) -> Array:
    """False non-match rate (ISO/IEC 19795-1): share of mated scores below each threshold."""
    return _share_below(mated, threshold, weights)


def _share_below(scores: ArrayLike, threshold: ArrayLike, weights: ArrayLike | None) -> Array:
    values = np.asarray(scores, dtype=np.float64)
    if not len(values):
        raise ValueError("a rate needs at least one score")
    order = np.argsort(values, kind="stable")
    mass = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)[order]
    below = np.concatenate([[0.0], np.cumsum(mass)])
    at = np.searchsorted(values[order], np.asarray(threshold, dtype=np.float64), side="left")
    share: Array = below[at] / below[-1]
    return share


def equal_error_rate(
    mated: ArrayLike,
    nonmated: ArrayLike,
    *,
    mated_weights: ArrayLike | None = None,
    nonmated_weights: ArrayLike | None = None,
) -> tuple[float, float]:
    """Equal error rate and its threshold.

    The threshold is the observed score at which FMR and FNMR lie closest; the rate is their mean
    there, so ties and small sets give a value between the two.
    """
    thresholds = np.unique(np.concatenate([np.asarray(mated), np.asarray(nonmated)]))
    thresholds = np.append(thresholds, np.nextafter(thresholds[-1], np.inf))
    false_match = fmr(nonmated, thresholds, nonmated_weights)
    false_non_match = fnmr(mated, thresholds, mated_weights)
    best = int(np.argmin(np.abs(false_match - false_non_match)))
    return float(false_match[best] + false_non_match[best]) / 2.0, float(thresholds[best])


def threshold_at_fmr(nonmated: ArrayLike, rate: float) -> float:
    """The lowest threshold whose false match rate on these scores is at most `rate`."""
    values = np.sort(np.asarray(nonmated, dtype=np.float64))
    allowed = math.floor(rate * len(values) + 1e-9)
    if allowed >= len(values):
        return float(values[0])
    return float(np.nextafter(values[len(values) - 1 - allowed], np.inf))


def clopper_pearson(errors: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Exact binomial interval of a rate (Clopper and Pearson 1934); trials must be independent."""
    if not 0 <= errors <= trials or trials < 1:
        raise ValueError("errors must lie between 0 and trials, and trials be at least 1")
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if errors == 0 else float(stats.beta.ppf(tail, errors, trials - errors + 1))
    high = 1.0 if errors == trials else float(stats.beta.isf(tail, errors + 1, trials - errors))
    return low, high


def rule_of_three(trials: int) -> float:
    """Largest rate that no error in `trials` independent trials leaves open at 95 %: 3 / n."""
    if trials < 1:
        raise ValueError("trials must be at least 1")
    return min(1.0, 3.0 / trials)


def bootstrap(
    comparisons: Comparisons,
    statistic: Callable[[Comparisons, Array], float],
    *,
    rounds: int = 500,
    seed: int = 0,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of a statistic, resampling people, not pairs.

    Pairs that share a person are dependent; drawing people with replacement keeps them together
    (subsets bootstrap, Bolle et al. 2004). A person drawn c times weighs c in mated comparisons;
    a non-mated pair weighs the product of both counts. `statistic` gets the comparisons and those
    weights, shape (n,). Rounds without any mated or any non-mated pair are drawn again.
    """
    generator = np.random.default_rng(seed)
    people = comparisons.persons
    first, second = (
        np.searchsorted(people, side) for side in (comparisons.first, comparisons.second)
    )
    mated = comparisons.is_mated
    values: list[float] = []
    for _ in range(rounds * 4):
        counts = np.bincount(generator.integers(0, len(people), len(people)), minlength=len(people))
        weights = np.where(mated, counts[first], counts[first] * counts[second]).astype(np.float64)
        if weights[mated].any() and weights[~mated].any():
            values.append(statistic(comparisons, weights))
        if len(values) == rounds:
            break
    if not values:
        raise ValueError("too few people for a bootstrap")
    tail = 50.0 * (1.0 - confidence)
    low, high = np.percentile(values, [tail, 100.0 - tail])
    return float(low), float(high)


def weighted_eer(comparisons: Comparisons, weights: Array) -> float:
    """Equal error rate under pair weights: a statistic for `bootstrap`."""
    mated = comparisons.is_mated
    return equal_error_rate(
        comparisons.scores[mated],
        comparisons.scores[~mated],
        mated_weights=weights[mated],
        nonmated_weights=weights[~mated],
    )[0]


# --- cost -------------------------------------------------------------------------------------


def cllr(mated_log10: ArrayLike, nonmated_log10: ArrayLike) -> float:
    """Log-likelihood-ratio cost (Bruemmer and du Preez 2006), in bits.

    Mean of log2(1 + 1/LR) over mated and log2(1 + LR) over non-mated ratios, halved: 0 is perfect,
    1 is a system that always says LR = 1.
    """
    mated = np.asarray(mated_log10, dtype=np.float64) / LOG10_E
    nonmated = np.asarray(nonmated_log10, dtype=np.float64) / LOG10_E
    cost = np.mean(np.logaddexp(0.0, -mated)) + np.mean(np.logaddexp(0.0, nonmated))
    return float(cost / (2.0 * math.log(2.0)))


def cllr_min(mated: ArrayLike, nonmated: ArrayLike) -> float:
    """Cost left after the best monotone recalibration (PAV) of the same scores."""
    return cllr(*pav(mated, nonmated))


def pav(mated: ArrayLike, nonmated: ArrayLike) -> tuple[Array, Array]:
    """log10 likelihood ratios of the scores themselves by pool adjacent violators.

    The isotonic posterior divided by the set's own odds (Bruemmer and du Preez 2006); +-inf where
    a run of scores holds one kind only. Tied scores share a value.
    """
    first, second = np.asarray(mated, dtype=np.float64), np.asarray(nonmated, dtype=np.float64)
    levels, place = np.unique(np.concatenate([first, second]), return_inverse=True)
    labels = np.concatenate([np.ones(len(first)), np.zeros(len(second))])
    mass = np.bincount(place).astype(np.float64)
    share = np.bincount(place, weights=labels) / mass
    posterior = optimize.isotonic_regression(share, weights=mass).x
    with np.errstate(divide="ignore"):
        ratios = special.logit(np.clip(posterior, 0.0, 1.0)) * LOG10_E
    ratios -= math.log10(len(first) / len(second))
    each = ratios[place] if len(levels) else ratios
    return each[: len(first)], each[len(first) :]


# --- fitting ----------------------------------------------------------------------------------


def fit_logistic(
    mated: ArrayLike,
    nonmated: ArrayLike,
    *,
    prior: float = 0.5,
    counts: tuple[int, int] | None = None,
) -> tuple[float, float]:
    """Slope and offset of log10 LR = slope * score + offset, by prior-weighted logistic regression.

    Both kinds weigh as if mated comparisons had the share `prior` (Bruemmer and du Preez 2006).
    With `counts` the targets are Platt's (1999), (n+1)/(n+2) and 1/(m+2), for `counts` = (n, m)
    independent cases of each kind: pairs that share people are fewer cases than pairs, and without
    this a set that scores separate perfectly has an infinite slope.
    """
    kinds = np.asarray(mated, dtype=np.float64), np.asarray(nonmated, dtype=np.float64)
    scores = np.concatenate(kinds)
    centre, spread = float(scores.mean()), float(scores.std()) or 1.0
    n, m = counts if counts is not None else (0, 0)
    targets = np.concatenate(
        [
            np.full(len(kinds[0]), 1.0 if counts is None else (n + 1.0) / (n + 2.0)),
            np.full(len(kinds[1]), 0.0 if counts is None else 1.0 / (m + 2.0)),
        ]
    )
    weights = np.concatenate(
        [
            np.full(len(kinds[0]), prior / len(kinds[0])),
            np.full(len(kinds[1]), (1.0 - prior) / len(kinds[1])),
        ]
    )
    slope, offset = _logistic(
        (scores - centre) / spread, targets, weights, float(special.logit(prior))
    )
    return slope / spread * LOG10_E, (offset - slope * centre / spread) * LOG10_E


def _logistic(x: Array, targets: Array, weights: Array, log_odds: float) -> tuple[float, float]:
    def cost(theta: Array) -> tuple[float, Array]:
        z = theta[0] * x + theta[1] + log_odds
        loss = np.logaddexp(0.0, z) - targets * z
        slope = weights * (special.expit(z) - targets)
        return float(weights @ loss), np.array([float(slope @ x), float(slope.sum())])

    start = np.array([1.0, 0.0])
    found = optimize.minimize(
        cost, start, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 1000}
    )
    return float(found.x[0]), float(found.x[1])


def elub(
    mated_log10: ArrayLike, nonmated_log10: ArrayLike, *, step: float = 0.01
) -> tuple[float, float]:
    """Empirical lower and upper bound of log10 LRs (Vergeer et al. 2016).

    Beyond the bounds the set cannot show that the system decides better than one that always says
    LR = 1, when one misleading extreme of each kind is added. Bounds lie on a grid of `step` within
    -log10(n_mated + 1) .. log10(n_nonmated + 1), on either side of 0.
    """
    mated = np.sort(np.asarray(mated_log10, dtype=np.float64))
    nonmated = np.sort(np.asarray(nonmated_log10, dtype=np.float64))
    low = max(min(mated[0], nonmated[0]), -math.log10(len(mated) + 1))
    high = min(max(mated[-1], nonmated[-1]), math.log10(len(nonmated) + 1))
    grid = np.arange(min(0, math.floor(low / step)), max(0, math.floor(high / step) + 1) + 1) * step
    odds = 10.0**grid
    # One mated ratio of 0 and one non-mated ratio of infinity stand for what was not yet seen.
    missed = (np.searchsorted(mated, grid, side="right") + 1) / (len(mated) + 1)
    accepted = (len(nonmated) - np.searchsorted(nonmated, grid, side="right") + 1) / (
        len(nonmated) + 1
    )
    useful = np.minimum(odds, 1.0) >= missed + odds * accepted
    worse_below = grid[(grid <= 0) & ~useful]
    worse_above = grid[(grid >= 0) & ~useful]
    lower = worse_below.max() + step if len(worse_below) else grid[0]
    upper = worse_above.min() - step if len(worse_above) else grid[-1]
    return round(min(float(lower), 0.0), 6), round(max(float(upper), 0.0), 6)
