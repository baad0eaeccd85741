"""Candidates that score everybody the same way: cuts, weights, dropped questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from fairness.rate_arrays import Bools
from fairness.types import Floats

ALL_PAIRS_UP_TO = 10
# Weights drawn around a good candidate keep this many times its weights as Dirichlet parameters.
CONCENTRATION = 50.0


@dataclass(frozen=True, slots=True)
class Composite:
    """A weighted sum of standardized items and the share of persons it is to select.

    `weights` (k,): absolute values sum to 1. `share` 0..1. The cut is found on the search half.
    """

    kind: str
    weights: Floats
    share: float
    parameters: dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Scale:
    """Means and SDs of the items on the search half, and the current weights of the raw items."""

    names: tuple[str, ...]
    mean: Floats
    sd: Floats
    weights: Floats

    @classmethod
    def of(cls, names: Sequence[str], items: Floats, weights: Floats) -> Scale:
        """From the search half; an item without answers or spread gets mean 0 or SD 0."""
        answered = np.isfinite(items)
        counts = np.maximum(answered.sum(axis=0), 1)
        mean = np.where(answered, items, 0).sum(axis=0) / counts
        spread = np.where(answered, items - mean, 0)
        return cls(tuple(names), mean, np.sqrt((spread**2).sum(axis=0) / counts), weights)

    def standardize(self, items: Floats) -> Floats:
        """(item - mean) / SD; a missing answer becomes the mean, 0."""
        safe = np.where(self.sd > 0, self.sd, 1.0)
        return np.where(np.isfinite(items), (items - self.mean) / safe, 0.0)

    @property
    def current(self) -> Floats:
        """Today's effective weights: raw weight times SD, absolute values summing to 1."""
        return unit(self.weights * self.sd)

    def raw_cut(self, cut: float) -> float:
        """A cut on the composite with today's weights, in points of the raw weighted sum."""
        return float(cut * np.abs(self.weights * self.sd).sum() + self.weights @ self.mean)

    def named(self, weights: Floats) -> dict[str, float | str]:
        """Weights by item, rounded to what matters."""
        return {
            f"weight {name}": round(float(w), 6)
            for name, w in zip(self.names, weights, strict=True)
        }


def unit(weights: Floats) -> Floats:
    """The weights with absolute values summing to 1; unchanged where all are 0."""
    total = float(np.abs(weights).sum())
    return np.asarray(weights / total if total > 0 else weights, np.float64)


def cut_for(scores: Floats, share: float) -> float:
    """The observed score whose "at or above" selects the share closest to `share`.

    Ties are selected or not as a whole. A share of 0 still selects the highest score.
    """
    values, counts = np.unique(scores, return_counts=True)
    selected = counts[::-1].cumsum()[::-1] / len(scores)
    return float(values[np.abs(selected - share).argmin()])


def above(scores: Floats, cut: float) -> Bools:
    """Selected: at or above the cut; a hair below counts, since sums differ in their last bit."""
    return np.asarray(scores >= cut - 1e-9, np.bool_)


def cuts(scale: Scale, shares: Sequence[float]) -> Iterator[Composite]:
    """Today's score, cut elsewhere."""
    for share in shares:
        yield Composite("cut", scale.current, share, {"share": share})


def dropped(scale: Scale, share: float) -> Iterator[Composite]:
    """Today's score without one question, and without two (every pair of up to 10 questions)."""
    used = np.flatnonzero(scale.current).tolist()
    chosen: list[tuple[int, ...]] = [(i,) for i in used]
    if len(used) <= ALL_PAIRS_UP_TO:
        chosen += combinations(used, 2)
    for items in chosen:
        if len(items) == len(used):
            continue
        weights = scale.weights * scale.sd
        weights[list(items)] = 0.0
        names = ", ".join(scale.names[i] for i in items)
        yield Composite("dropped", unit(weights), share, {"without": names})


def weighted(
    scale: Scale, share: float, *, draws: int, generator: np.random.Generator
) -> Iterator[Composite]:
    """Other weights: equal, each item alone, and Dirichlet draws over all weightings.

    Signs stay those of today's weights. Source of the search: De Corte, Lievens and Sackett (2007),
    Journal of Applied Psychology 92:1380 (Pareto-optimal weights).
    """
    size = len(scale.names)
    if size < 2:
        return
    signs = np.where(scale.weights < 0, -1.0, 1.0)
    tried = [np.full(size, 1 / size), *np.eye(size), *generator.dirichlet(np.ones(size), draws)]
    for weights in tried:
        yield Composite("weights", weights * signs, share, scale.named(weights * signs))


def nearby(
    scale: Scale, good: Sequence[Floats], *, draws: int, generator: np.random.Generator
) -> Iterator[Composite]:
    """Weights near those of good candidates, `draws` in all; the share is set by the caller."""
    if len(scale.names) < 2 or not good:
        return
    signs = np.where(scale.weights < 0, -1.0, 1.0)
    for i in range(draws):
        centre = np.abs(good[i % len(good)])
        weights = generator.dirichlet(CONCENTRATION * centre + 0.1) * signs
        yield Composite("weights", weights, 0.0, scale.named(weights))
