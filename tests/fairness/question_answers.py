"""Made-up and real answers to questions, for tests of differential item functioning."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fairness.items import WideAnswers, answers_from_arrays
from fairness.types import ItemCounts

WOMEN, MEN = ("women",), ("men",)


def verbal(shared_data: Path) -> WideAnswers:
    """R difR's verbal aggression data: 243 women, 73 men, 24 questions answered 0 or 1."""
    path = shared_data / "fairness" / "difR" / "data" / "verbal.txt"
    names = path.read_text().splitlines()[0].split("\t")[:24]
    table = np.loadtxt(path, skiprows=1)
    sex = ["men" if code else "women" for code in table[:, 25]]
    return answers_from_arrays("sex", sex, names=names, scores=table[:, :24])


def rated(
    persons: int, questions: int, *, against: float = 0.0, levels: int = 5, seed: int = 0
) -> tuple[list[str], np.ndarray]:
    """Answers scored 1..levels; `against`: logits that group b loses on the first question."""
    rng = np.random.default_rng(seed)
    groups = ["a" if i % 2 else "b" for i in range(persons)]
    ability = rng.normal(size=persons)
    cuts = np.linspace(-2, 2, levels - 1)
    shift = np.zeros((persons, questions))
    shift[[g == "b" for g in groups], 0] = -against
    latent = 1.5 * ability[:, None] + shift + rng.logistic(size=(persons, questions))
    return groups, 1 + (latent[:, :, None] > cuts).sum(axis=2).astype(np.float64)


def item(first: list[list[int]], second: list[list[int]], *, name: str = "q") -> ItemCounts:
    """One question: counts (matching, levels) of group a and of group b."""
    counts = np.array([first, second], np.int64)
    _, matching, levels = counts.shape
    return ItemCounts(
        ("g",),
        (("a",), ("b",)),
        name,
        np.arange(matching, dtype=np.float64),
        np.arange(levels, dtype=np.float64),
        counts,
    )
