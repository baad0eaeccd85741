"""Adaptive symmetric score normalisation (AS-norm) of voices with a cohort of other voices.

The cohort is the user's: vectors of people who are no candidates, in the space of the scores. None
ships, as these are voices of people. A normalised score needs calibration records of its own, so
the thread does not use it. What it buys, with real and with made-up voices: docs/identity.md.

Matejka et al., "Analysis of score normalization in multilingual speaker recognition", Interspeech
2017 (adaptive S-norm 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.errors import InputError
from audit.interview import Floats
from identity.embeddings import unit

LEAST = 20
"""Fewer voices give no mean and deviation to trust."""
TOP = 200
"""How many of the cohort's voices that are most alike count for each side."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Voices (n, d) of length 1."""

    voices: Floats

    @classmethod
    def of(cls, vectors: Floats) -> Cohort:
        """A cohort of vectors (n, d), not all alike.

        Raises:
            InputError: there are fewer than `LEAST`, or they are not finite.
        """
        if vectors.ndim != 2 or len(vectors) < LEAST or not np.isfinite(vectors).all():
            raise InputError(f"A cohort needs at least {LEAST} finite vectors of one length.")
        return cls(unit(vectors))


def as_norm(first: Floats, second: Floats, cohort: Cohort, *, top: int = TOP) -> float:
    """The cosine of two unit vectors (d,), in deviations from what each has with other voices.

    Mean over both sides of (score - mean) / deviation of the side's `top` highest cohort scores.
    Symmetric; unbounded; higher = more alike.
    """
    score = float(first @ second)
    sides = []
    for side in (first, second):
        nearest = np.sort(cohort.voices @ side)[-top:]
        sides.append((score - float(nearest.mean())) / max(float(nearest.std()), 1e-6))
    return sum(sides) / 2.0
