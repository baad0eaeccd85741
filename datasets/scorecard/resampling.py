"""Intervals that keep dependent trials together: clusters are drawn, not trials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.scorecard.model import FigureEntry, Interval
from datasets.trials import Trial

Array = NDArray[np.float64]

CONFIDENCE = 0.95
ROUNDS = 500
FEWEST = 5
"""Clusters below which a bootstrap interval says more about the draw than about the detector."""
_AT_ONCE = 2_000_000
"""Counts held at a time; 16 MB."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How intervals are drawn."""

    rounds: int = ROUNDS
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Clusters:
    """Which trials stand or fall together. `codes` (n,): cluster numbers from 0 to `count`."""

    codes: NDArray[np.int64]
    count: int

    @classmethod
    def of(cls, labels: Sequence[str]) -> Clusters:
        """One cluster for each label."""
        names, codes = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
        return cls(codes.astype(np.int64), len(names))

    def sums(self, values: Array) -> Array:
        """Sum of values over each cluster."""
        total = np.bincount(self.codes, weights=values, minlength=self.count)
        return total.astype(np.float64)


def by_source(trials: Sequence[Trial]) -> Clusters:
    """Trials of one source recording together.

    Names that two corpora share count as one source, which errs towards wide intervals.
    """
    return Clusters.of([trial.source for trial in trials])


def by_person(trials: Sequence[Trial]) -> Clusters:
    """Trials of one person together; where the person is unknown, of one source recording."""
    return Clusters.of([f"person {t.person}" if t.person else f"source {t.source}" for t in trials])


def draws(count: int, plan: Plan, width: int = 1) -> Iterator[Array]:
    """How often each of `count` clusters is drawn in each round, shapes (rounds at a time, count).

    All rounds of a plan come out the same however many are drawn at a time. `width`: the longest
    row that is made of each round's counts.
    """
    generator = np.random.default_rng(plan.seed)
    left, step = plan.rounds, max(1, _AT_ONCE // max(count, width))
    while left > 0:
        size = min(left, step)
        yield generator.multinomial(count, np.full(count, 1.0 / count), size=size).astype(float)
        left -= size


def percentiles(
    clusters: Clusters, statistic: Callable[[Array], Array], plan: Plan
) -> Interval | None:
    """Percentile interval of a statistic of cluster counts (rounds, clusters) -> (rounds,).

    Rounds where it is not a number (no trial of a kind was drawn) are left out. None where there
    are too few clusters, or too few rounds with a number (under half).
    """
    if clusters.count < FEWEST:
        return None
    rounds = draws(clusters.count, plan, len(clusters.codes))
    values = np.concatenate([statistic(counts) for counts in rounds])
    values = values[~np.isnan(values)]
    if 2 * len(values) < plan.rounds:
        return None
    tail = 50.0 * (1.0 - CONFIDENCE)
    low, high = np.percentile(values, [tail, 100.0 - tail])
    return float(low), float(high)


def spread(
    trials: Sequence[Trial], drawn: Callable[[Clusters], Interval | None]
) -> tuple[Interval | None, Interval | None]:
    """Intervals over source recordings and over people, as `drawn` makes them from clusters."""
    return drawn(by_source(trials)), drawn(by_person(trials))


def figured(
    value: float, trials: Sequence[Trial], drawn: Callable[[Clusters], Interval | None]
) -> FigureEntry:
    """A figure of trials with its intervals."""
    source, person = spread(trials, drawn)
    return FigureEntry(
        value=value, by_source=source, by_person=person, interval=widest(source, person)
    )


def widest(*intervals: Interval | None) -> Interval | None:
    """From the lowest to the highest end; None where there is no interval."""
    held = [each for each in intervals if each is not None]
    if not held:
        return None
    return min(low for low, _ in held), max(high for _, high in held)
