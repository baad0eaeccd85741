"""Where a sequence of embeddings changes from one person to another, and who returns.

A sequence is divided into stretches by optimal partitioning (least scatter about the stretches'
means plus a penalty per change; Jackson et al. 2005), which over-divides on purpose; stretches
whose pooled embeddings may be of one person are then joined, wherever they lie, so that two people
who alternate come out as two.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats
from identity.embeddings import pooled, similarity

Rows = NDArray[np.int64]
Differ = Callable[[float, int, int], bool]
"""Whether two pools differ: their similarity and how many samples each has."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples `first` to `last` (excluded) in a row, of person `person` (0 = most samples)."""

    first: int
    last: int
    person: int

    @property
    def rows(self) -> Rows:
        """The samples' positions."""
        return np.arange(self.first, self.last)


def divide(embeddings: Floats, weights: Floats, *, penalty: float, least: int) -> list[int]:
    """Borders of the stretches of least cost, from 0 to n, each at least `least` samples long.

    Cost is the weighted squared distance to each stretch's mean (weights of mean 1) plus
    `penalty` per stretch. With fewer than 2 * least samples there is one stretch.
    """
    n = len(embeddings)
    scaled = np.asarray(weights, np.float64) / max(float(np.mean(weights)), 1e-12)
    sums, mass = _running(embeddings, scaled)
    best = np.full(n + 1, np.inf)
    best[0] = 0.0
    before = np.zeros(n + 1, np.int64)
    for end in range(least, n + 1):
        starts = np.arange(0, end - least + 1)
        scatter = _scatter(sums, mass, starts, end)
        costs = best[starts] + scatter + penalty
        before[end] = starts[int(np.argmin(costs))]
        best[end] = costs.min()
    borders = [n]
    while borders[-1] > 0:
        borders.append(int(before[borders[-1]]))
    return borders[::-1]


def _running(embeddings: Floats, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    weighted = embeddings.astype(np.float64) * weights[:, None]
    zero = np.zeros((1, embeddings.shape[1]))
    sums = np.concatenate([zero, np.cumsum(weighted, axis=0)])
    return sums, np.concatenate([[0.0], np.cumsum(weights)])


def _scatter(
    sums: NDArray[np.float64], mass: NDArray[np.float64], starts: Rows, end: int
) -> NDArray[np.float64]:
    """Weighted squared distance of unit vectors to their mean, for stretches starts..end."""
    total = mass[end] - mass[starts]
    found: NDArray[np.float64] = total - ((sums[end] - sums[starts]) ** 2).sum(axis=1) / np.maximum(
        total, 1e-12
    )
    return found


def weakest_split(embeddings: Floats, weights: Floats, *, least: int) -> int:
    """The border that divides the sequence into its two most different parts, each >= `least` long.

    Raises:
        ValueError: fewer than 2 * least samples.
    """
    n = len(embeddings)
    if n < 2 * least:
        raise ValueError("too few samples to divide")
    scaled = np.asarray(weights, np.float64) / max(float(np.mean(weights)), 1e-12)
    sums, mass = _running(embeddings, scaled)
    borders = np.arange(least, n - least + 1)
    left = [float(_scatter(sums, mass, np.array([0]), int(b))[0]) for b in borders]
    right = _scatter(sums, mass, borders, n)
    return int(borders[int(np.argmin(np.array(left) + right))])


def people(
    embeddings: Floats, weights: Floats, borders: list[int], differ: Differ
) -> list[Stretch]:
    """Stretches between `borders` with a number for each person, 0 for the one with most samples.

    The most similar pair of groups is joined until every two groups differ; neighbours of one
    person become one stretch.
    """
    groups = [list(range(a, b)) for a, b in itertools.pairwise(borders)]
    while len(groups) > 1:
        pair = _closest(embeddings, weights, groups, differ)
        if pair is None:
            break
        first, second = pair
        groups[first] += groups.pop(second)
    groups.sort(key=lambda rows: (-len(rows), min(rows)))
    person = np.zeros(len(embeddings), np.int64)
    for number, rows in enumerate(groups):
        person[rows] = number
    return _stretches(person)


def confirmed(
    embeddings: Floats, weights: Floats, stretches: list[Stretch], *, least: int
) -> list[Stretch]:
    """The stretches without people of whom fewer than `least` samples are evidence.

    A sample is evidence for its person when it resembles that person's mean more than the mean of
    person 0: two odd samples that took a neighbour along to make a stretch are not a person.
    """
    person = np.concatenate([np.full(s.last - s.first, s.person) for s in stretches])
    means = [
        pooled(embeddings[person == p], weights[person == p]) for p in range(int(person.max()) + 1)
    ]
    kept = 0
    for number in range(1, len(means)):
        rows = person == number
        own, main = embeddings[rows] @ means[number], embeddings[rows] @ means[0]
        enough = int((own > main).sum()) >= least
        kept += enough
        person[rows] = kept if enough else 0
    return _stretches(person)


def _closest(
    embeddings: Floats, weights: Floats, groups: list[list[int]], differ: Differ
) -> tuple[int, int] | None:
    """The most similar two groups among those that do not differ; None where all do."""
    means = [pooled(embeddings[rows], weights[rows]) for rows in groups]
    found: tuple[float, int, int] | None = None
    for j in range(1, len(groups)):
        for i in range(j):
            score = similarity(means[i], means[j])
            if (found is None or score > found[0]) and not differ(
                score, len(groups[i]), len(groups[j])
            ):
                found = (score, i, j)
    return None if found is None else found[1:]


def _stretches(person: Rows) -> list[Stretch]:
    if not len(person):
        return []
    starts = np.flatnonzero(np.diff(person, prepend=person[0] - 1))
    ends = np.append(starts[1:], len(person))
    return [Stretch(int(a), int(b), int(person[a])) for a, b in zip(starts, ends, strict=True)]
