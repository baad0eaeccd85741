"""Proportional-odds regression on counts; with two levels it is binomial logistic regression.

statsmodels fits rows, not counts, for more than two levels; this fits both kinds from counts with
one Fisher scoring. Tests hold it against statsmodels' GLM and OrderedModel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from fairness.types import Floats, Ints

MOST_STEPS = 60
_SETTLED = 1e-10
# Coefficients of columns with a standard deviation near 1: this far out the likelihood is flat.
_FURTHEST = 12.0


@dataclass(frozen=True, slots=True)
class OrdinalFit:
    """A fitted model: logit P(Y > j) = x.b - threshold_j.

    Attributes:
        log_likelihood: of the persons, 0 at most. coefficients (p,), covariance (p, p): above 0
            where a higher x goes with a higher level.
        separated: some coefficient runs away, since a column (nearly) decides the level; the log
            likelihood is that of the limit, coefficients and covariance say nothing.
    """

    log_likelihood: float
    coefficients: Floats
    covariance: Floats
    separated: bool


def fit_ordinal(design: Floats, counts: Ints) -> OrdinalFit:
    """Maximum likelihood of `counts` (r, k) persons per level under `design` (r, p), no intercept.

    Every level must have somebody, and k >= 2. Columns should have a spread near 1. Source:
    McCullagh (1980), JRSS B 42:109.
    """
    persons = counts.astype(np.float64)
    share = np.cumsum(persons.sum(axis=0))[:-1] / persons.sum()
    size = len(share)
    parameters = np.concatenate([np.log(share / (1 - share)), np.zeros(design.shape[1])])
    value = _log_likelihood(parameters, design, persons)
    settled = False
    for _ in range(MOST_STEPS):
        gradient, information = _derivatives(parameters, design, persons)
        step: Floats = np.linalg.lstsq(information, gradient, rcond=1e-13)[0].astype(np.float64)
        settled = float(gradient @ step) < _SETTLED
        parameters, value, moved = _moved(parameters, step, value, (design, persons))
        if settled or not moved:
            break
    coefficients = parameters[size:]
    information = _derivatives(parameters, design, persons)[1]
    covariance: Floats = np.linalg.pinv(information)[size:, size:].astype(np.float64)
    far = bool((np.abs(coefficients) > _FURTHEST).any())
    return OrdinalFit(value, coefficients, covariance, far or not settled)


def _moved(
    parameters: Floats, step: Floats, value: float, data: tuple[Floats, Floats]
) -> tuple[Floats, float, bool]:
    """The step, halved until the likelihood does not fall."""
    for halving in range(40):
        tried = parameters + step / 2**halving
        found = _log_likelihood(tried, *data)
        if found >= value:
            return tried, found, True
    return parameters, value, False


def _cumulative(parameters: Floats, design: Floats) -> Floats:
    """P(Y <= j) for j = -1 .. k-1, (r, k + 1): 0 first and 1 last."""
    size = len(parameters) - design.shape[1]
    inner = expit(parameters[:size] - (design @ parameters[size:])[:, None])
    rows = len(design)
    return np.hstack([np.zeros((rows, 1)), inner, np.ones((rows, 1))])


def _log_likelihood(parameters: Floats, design: Floats, persons: Floats) -> float:
    chances = np.diff(_cumulative(parameters, design), axis=1)
    if (chances[persons > 0] <= 0).any() or (chances < 0).any():
        return -np.inf
    return float(np.sum(persons[persons > 0] * np.log(chances[persons > 0])))


def _derivatives(parameters: Floats, design: Floats, persons: Floats) -> tuple[Floats, Floats]:
    """Gradient and expected information of thresholds and coefficients."""
    cumulative = _cumulative(parameters, design)
    chances = np.maximum(np.diff(cumulative, axis=1), 1e-300)
    slope = cumulative * (1 - cumulative)
    rows, levels = chances.shape
    jacobian = np.zeros((rows, levels, len(parameters)))
    for j in range(levels - 1):
        jacobian[:, j, j] = slope[:, j + 1]
        jacobian[:, j + 1, j] = -slope[:, j + 1]
    jacobian[:, :, levels - 1 :] = -np.diff(slope, axis=1)[:, :, None] * design[:, None, :]
    gradient = np.einsum("rj,rjp->p", persons / chances, jacobian)
    weights = persons.sum(axis=1)[:, None] / chances
    information = np.einsum("rj,rjp,rjq->pq", weights, jacobian, jacobian, optimize=True)
    return gradient, information
