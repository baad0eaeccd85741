"""Two voices in a line of voice vectors: which windows, and how unlike they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats
from identity.embeddings import similarity, unit

Labels = NDArray[np.int64]

ROUNDS = 8
CENTRE_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Split:
    """A line divided in two.

    Attributes:
        labels (n,): 0 for the voice heard more, 1 for the other. All 0 where no window is nearer
            to the second.
        first, second (d,): unit vectors of the two, from windows whose neighbours agree.
        score: their cosine, -1..1; where all labels are 0, that of the least similar run.
    """

    labels: Labels
    first: Floats
    second: Floats
    score: float


def split(embeddings: Floats, *, run: int, penalty: float) -> Split | None:
    """Divide a line (n, d) where its voice changes, whether or not it does.

    The second voice starts as the run of `run` windows least similar to the line's centre; then
    windows go to the nearer voice, a change costing `penalty` in cosine, and both voices are taken
    anew, until nothing moves (two-state Viterbi training). None with fewer than 2 * run windows.
    """
    if len(embeddings) < 2 * run:
        return None
    first = _centre(embeddings)
    sums = np.cumsum(np.vstack([np.zeros((1, embeddings.shape[1])), embeddings]), axis=0)
    means = unit((sums[run:] - sums[:-run]).astype(np.float32))
    seed = int(np.argmin(means @ first))
    second, least = means[seed], float((means @ first).min())
    labels = np.full(len(embeddings), -1, dtype=np.int64)
    for _ in range(ROUNDS):
        found = assigned(embeddings @ first - embeddings @ second, penalty)
        if found.all() or not found.any():
            return Split(np.zeros(len(embeddings), np.int64), first, second, least)
        if (found == labels).all():
            break
        labels = found
        first = unit(embeddings[settled(labels, 0)].mean(axis=0))
        second = unit(embeddings[settled(labels, 1)].mean(axis=0))
    if labels.mean() > 0.5:
        labels, first, second = 1 - labels, second, first
    return Split(labels, first, second, similarity(first, second))


def _centre(embeddings: Floats) -> Floats:
    """The voice heard most: the mean of the half of the windows nearest to it."""
    centre = unit(embeddings.mean(axis=0))
    for _ in range(CENTRE_ROUNDS):
        near = embeddings @ centre
        centre = unit(embeddings[near >= np.median(near)].mean(axis=0))
    return centre


def assigned(preference: NDArray[np.floating], penalty: float) -> Labels:
    """Best sequence of 0 (preference > 0) and 1, each change costing `penalty` (Viterbi 1967).

    `preference` (n,) is the similarity to voice 0 minus that to voice 1.
    """
    gains = [float(p) / 2.0 for p in preference]
    score = [gains[0], -gains[0]]
    came: list[tuple[int, int]] = []
    for gain in gains[1:]:
        stay = (
            0 if score[0] >= score[1] - penalty else 1,
            1 if score[1] >= score[0] - penalty else 0,
        )
        reached = [
            score[stay[0]] - penalty * (stay[0] != 0),
            score[stay[1]] - penalty * (stay[1] != 1),
        ]
        score = [reached[0] + gain, reached[1] - gain]
        came.append(stay)
    labels = np.zeros(len(gains), dtype=np.int64)
    labels[-1] = 0 if score[0] >= score[1] else 1
    for i in range(len(gains) - 2, -1, -1):
        labels[i] = came[i][labels[i + 1]]
    return labels


def settled(labels: Labels, voice: int) -> NDArray[np.bool_]:
    """Windows of a voice whose neighbours are of it too: windows at a change hold both voices."""
    own = labels == voice
    both: NDArray[np.bool_] = own & np.r_[True, own[:-1]] & np.r_[own[1:], True]
    return both if both.any() else own
