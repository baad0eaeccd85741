"""Dividing a line of vectors into two voices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.interview import Floats
from identity.embeddings import unit
from identity.voice_split import assigned, settled, split


def line(lengths: list[int], cosine: float, spread: float = 0.0, seed: int = 0) -> Floats:
    """Windows of two alternating voices at a cosine, each with noise of a spread."""
    axes = np.zeros((2, 16), np.float32)
    axes[0, 0] = 1.0
    axes[1, :2] = cosine, np.sqrt(1.0 - cosine**2)
    rows = np.concatenate([np.repeat(axes[[k % 2]], n, axis=0) for k, n in enumerate(lengths)])
    return unit(rows + spread * np.random.default_rng(seed).standard_normal(rows.shape))


def test_a_second_voice_in_the_middle_is_found_with_its_cosine() -> None:
    found = split(line([20, 4, 20], 0.5), run=2, penalty=0.2)
    assert found is not None
    assert list(np.flatnonzero(found.labels)) == [20, 21, 22, 23]
    assert found.score == pytest.approx(0.5, abs=1e-4)


def test_the_voice_heard_more_is_the_first() -> None:
    found = split(line([5, 30], 0.4, 0.02), run=2, penalty=0.2)
    assert found is not None
    assert list(np.flatnonzero(found.labels)) == [0, 1, 2, 3, 4]


def test_one_voice_is_not_divided() -> None:
    found = split(line([40], 1.0), run=2, penalty=0.2)
    assert found is not None
    assert not found.labels.any()
    assert found.score == pytest.approx(1.0, abs=1e-4)


def test_too_few_windows_are_not_divided() -> None:
    assert split(line([3], 1.0), run=2, penalty=0.2) is None


@given(st.integers(3, 30), st.integers(3, 30), st.floats(0.0, 0.6), st.integers(0, 100))
def test_a_change_is_found_where_it_is(first: int, second: int, cosine: float, seed: int) -> None:
    found = split(line([first, second], cosine, 0.03, seed), run=2, penalty=0.2)
    assert found is not None
    assert list(np.flatnonzero(np.diff(found.labels))) == [first - 1]


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=9), st.floats(0, 2))
def test_the_sequence_is_the_best_of_all(preference: list[float], penalty: float) -> None:
    def worth(labels: tuple[int, ...]) -> float:
        gain = sum(p / 2 if v == 0 else -p / 2 for p, v in zip(preference, labels, strict=True))
        return gain - penalty * sum(a != b for a, b in itertools.pairwise(labels))

    best = max(worth(c) for c in itertools.product((0, 1), repeat=len(preference)))
    found = tuple(int(v) for v in assigned(np.array(preference), penalty))
    assert worth(found) == pytest.approx(best, abs=1e-9)


def test_windows_at_a_change_are_left_out_of_a_voice() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1, 0])
    assert list(settled(labels, 1)) == [False, False, False, False, True, False, False]
    assert list(settled(labels, 0)) == [True, True, False, False, False, False, False]
    assert list(settled(np.array([0, 1, 0]), 1)) == [False, True, False]
