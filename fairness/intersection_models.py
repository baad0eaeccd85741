"""What the single features would predict for their intersections, and shrinkage of small cells.

A cell is one intersection with its persons (n) and selected (x). All is computed from these counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import betainc, betaln
from scipy.stats import binom, chi2, norm

from fairness.rate_arrays import Bools
from fairness.significance import ChiSquare
from fairness.types import Floats, Ints

MOST_CELLS = 200_000
MOST_CELLS_FOR_LEVERAGE = 500
ITERATIONS = 500
NORMAL_FROM = 5.0
# Prior precisions that are averaged over, in persons: from half a person to a million.
PRECISIONS = np.geomspace(0.5, 1e6, 40)


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of an intersection: level numbers `codes` (c, k); `assessed` > 0, `selected` (c,)."""

    codes: Ints
    assessed: Ints
    selected: Ints


@dataclass(frozen=True, slots=True)
class Prediction:
    """A fitted model.

    Attributes:
        rates (c,): predicted selection rate. leverage (c,): how much of a cell's own prediction
            its own persons make, 0..1. parameters: that can be estimated.
        test: likelihood-ratio chi-square of the model against the cells; None where no cell is
            left to test it, or there are too many cells.
    """

    rates: Floats
    leverage: Floats
    parameters: int
    test: ChiSquare | None


def predict(cells: Cells, order: int) -> Prediction:
    """Selection rates if all interactions of more than `order` features were absent.

    Logistic model, as the log-linear model with the margins [all features] and [each `order`
    features x outcome]; order 1 has main effects alone. Fitted by iterative proportional fitting,
    so margins with nobody or everybody selected give rates of 0 and 1 instead of no answer.
    Sources: Deming and Stephan (1940), Annals of Mathematical Statistics 11:427; Bishop, Fienberg
    and Holland (1975), chapter 3.
    """
    terms = _terms(cells.codes, order)
    rates = _fit(cells, terms)
    inner = (rates > 1e-9) & (rates < 1 - 1e-9)
    if len(rates) > MOST_CELLS_FOR_LEVERAGE:
        parameters = 1 + sum(int(term.max()) for term in terms)
        leverage = np.minimum(parameters * cells.assessed / cells.assessed.sum(), 1.0)
        return Prediction(rates, leverage, parameters, None)
    leverage = np.ones(len(rates))
    rank = 0
    if inner.any():
        design = np.column_stack([term[inner, None] == np.arange(term.max() + 1) for term in terms])
        weights = cells.assessed * rates * (1 - rates)
        u, s, _ = np.linalg.svd(design * np.sqrt(weights[inner])[:, None], full_matrices=False)
        rank = int((s > s.max() * 1e-9).sum())
        leverage[inner] = np.clip((u[:, :rank] ** 2).sum(axis=1), 0, 1)
    return Prediction(rates, leverage, rank, _lack_of_fit(cells, rates, inner=inner, rank=rank))


def _terms(codes: Ints, order: int) -> list[Ints]:
    """The level number of every cell in each combination of `order` features."""
    terms = []
    for columns in combinations(range(codes.shape[1]), order):
        part = codes[:, columns]
        terms.append(np.unique(part, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64))
    return terms


def _fit(cells: Cells, terms: Sequence[Ints]) -> Floats:
    n = cells.assessed.astype(np.float64)
    observed = (cells.selected.astype(np.float64), n - cells.selected)
    fitted = [n * part.sum() / n.sum() for part in observed]
    margins = [[np.bincount(term, part) for part in observed] for term in terms]
    for _ in range(ITERATIONS):
        before = fitted[0]
        for term, margin in zip(terms, margins, strict=True):
            for outcome in (0, 1):
                now = np.bincount(term, fitted[outcome])
                factor = np.divide(margin[outcome], now, out=np.zeros_like(now), where=now > 0)
                fitted[outcome] = fitted[outcome] * factor[term]
            total = fitted[0] + fitted[1]
            fitted = [part * n / np.where(total > 0, total, 1.0) for part in fitted]
        if np.abs(fitted[0] - before).max() < 1e-9 * max(1.0, float(n.max())):
            break
    return np.asarray(np.clip(fitted[0] / n, 0, 1))


def _lack_of_fit(cells: Cells, rates: Floats, *, inner: Bools, rank: int) -> ChiSquare | None:
    """G2 = 2 * sum(observed * log(observed / fitted)) over cells that the model does not fix."""
    df = int(inner.sum()) - rank
    if df < 1:
        return None
    x, n, p = cells.selected[inner], cells.assessed[inner], rates[inner]
    parts = _entropy(x, n * p) + _entropy(n - x, n * (1 - p))
    statistic = max(float(2 * parts.sum()), 0.0)
    return ChiSquare(statistic, df, float(chi2.sf(statistic, df)))


def _entropy(observed: Ints, fitted: Floats) -> Floats:
    safe = np.where(observed > 0, observed, 1)
    return np.asarray(np.where(observed > 0, observed * np.log(safe / fitted), 0.0))


def departures(cells: Cells, prediction: Prediction) -> tuple[float | None, ...]:
    """Two-sided p of each cell against its prediction; None where the model fixes the cell.

    Normal with the adjusted residual (x - n*p) / sqrt(n*p*(1-p)*(1-h)), h the leverage (Haberman
    1973, Biometrics 29:205); where n*p or n*(1-p) is below 5, exact binomial and doubled, which
    errs on the high side.
    """
    p, h = prediction.rates, prediction.leverage
    n, x = cells.assessed, cells.selected
    variance = n * p * (1 - p) * (1 - h)
    fixed = (variance < 1e-9) | (h > 1 - 1e-6)
    z = (x - n * p) / np.sqrt(np.where(fixed, 1.0, variance))
    normal = 2 * norm.sf(np.abs(z))
    exact = np.minimum(2 * np.minimum(binom.cdf(x, n, p), binom.sf(x - 1, n, p)), 1.0)
    few = np.minimum(n * p, n * (1 - p)) < NORMAL_FROM
    p_values = np.where(few, exact, normal).tolist()
    return tuple(None if gone else p for p, gone in zip(p_values, fixed, strict=True))


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """Beta priors of the cells, averaged over prior precisions.

    Attributes:
        centre (c,): prior mean. precision (c, s): prior persons for each of s precisions.
        weights (s,): posterior weight of each precision, sum 1.
    """

    centre: Floats
    precision: Floats
    weights: Floats

    @property
    def typical(self) -> float:
        """Persons that the prior weighs as much as: geometric mean over the weights."""
        return float(np.exp((self.weights * np.log(PRECISIONS)).sum()))

    def rates(self, cells: Cells, chosen: Ints) -> Floats:
        """Posterior mean rate of the chosen cells."""
        a, b = self._shapes(cells, chosen)
        return np.asarray((a / (a + b)) @ self.weights)

    def bounds(self, cells: Cells, chosen: Ints, *, level: float) -> tuple[Floats, Floats]:
        """Equal-tailed credible bounds of the chosen cells, by bisection of the mixture."""
        a, b = self._shapes(cells, chosen)
        found = []
        for tail in ((1 - level) / 2, (1 + level) / 2):
            low, high = np.zeros(len(a)), np.ones(len(a))
            for _ in range(45):
                middle = (low + high) / 2
                short = betainc(a, b, middle[:, None]) @ self.weights < tail
                low, high = np.where(short, middle, low), np.where(short, high, middle)
            found.append((low + high) / 2)
        return found[0], found[1]

    def draw(
        self, cells: Cells, chosen: Ints, *, draws: int, generator: np.random.Generator
    ) -> Floats:
        """Rates drawn from the posterior, (draws, chosen)."""
        a, b = self._shapes(cells, chosen)
        at = generator.choice(len(self.weights), draws, p=self.weights)
        return np.asarray(generator.beta(a[:, at].T, b[:, at].T))

    def _shapes(self, cells: Cells, chosen: Ints) -> tuple[Floats, Floats]:
        centre, precision = self.centre[chosen, None], self.precision[chosen]
        x, n = cells.selected[chosen, None], cells.assessed[chosen, None]
        return centre * precision + x, (1 - centre) * precision + n - x


def shrink(cells: Cells, prediction: Prediction) -> Shrinkage:
    """Beta-binomial shrinkage of every cell towards its prediction.

    Prior: Beta with the predicted rate as mean and s persons' weight. The likelihood of s is
    averaged under the uniform shrinkage prior m/(s+m)^2, m the harmonic mean of the cells' persons
    (Christiansen and Morris 1997, JASA 92:618), so that the interval does not pretend to know s;
    it is restricted as in REML by the determinant of the P fitted parameters' information, taken as
    P times the log of the mean weight. The prediction is itself estimated: its variance
    p(1-p)*h*f/n, f = 1 + (n-1)/(s+1) for cells that differ, lessens the prior's weight.
    Multilevel models of intersections do the same (Evans et al. 2018, Social Science and Medicine
    203:64).
    """
    n, x = cells.assessed[:, None], cells.selected[:, None]
    half = 0.5 / (float(cells.assessed.sum()) + 1)
    centre = np.clip(prediction.rates, half, 1 - half)
    spread = 1 + (n - 1) / (PRECISIONS + 1)
    precision = 1 / (1 / PRECISIONS + prediction.leverage[:, None] * spread / n)
    information = (n * (centre * (1 - centre))[:, None] / spread).mean(axis=0)
    log_weights = -prediction.parameters / 2 * np.log(information)
    for j in range(len(PRECISIONS)):
        a, b = centre * PRECISIONS[j], (1 - centre) * PRECISIONS[j]
        log_weights[j] += float((betaln(a + x[:, 0], b + (n - x)[:, 0]) - betaln(a, b)).sum())
    scale = len(cells.assessed) / float((1 / cells.assessed).sum())
    log_weights += np.log(PRECISIONS) - 2 * np.log(PRECISIONS + scale)
    weights = np.exp(log_weights - log_weights.max())
    return Shrinkage(centre, precision, weights / weights.sum())
