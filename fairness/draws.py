"""Seeded random numbers that tests and intervals draw from."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from fairness.types import Floats, Ints

# numpy's hypergeometric draws stop here.
MOST_DEALT = 1_000_000_000


def stream(seed: int, names: Sequence[str]) -> np.random.Generator:
    """Random numbers that depend on the seed and the names, not on the order of the groups."""
    digest = sha256("\x1f".join(names).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def deal(generator: np.random.Generator, persons: Ints, *, taken: int, draws: int) -> Ints:
    """How many of `taken` persons drawn without replacement fall into each cell, (draws, cells).

    Multivariate hypergeometric; from a billion persons on, multinomial cut to what is there, which
    differs by less than anything shown.
    """
    total = int(persons.sum())
    if total < MOST_DEALT:
        return generator.multivariate_hypergeometric(persons, taken, draws, method="marginals")
    return np.minimum(generator.multinomial(taken, persons / total, draws), persons)


def share_as_large(drawn: Floats, observed: float) -> float:
    """(1 + draws at least as large) / (1 + draws): a p value that is never 0.

    Source: Davison and Hinkley (1997), Bootstrap Methods, section 4.2.
    """
    return float((1 + (drawn >= observed - 1e-9).sum()) / (1 + len(drawn)))
