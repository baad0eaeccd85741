"""Arithmetic on unit vectors that stand for faces."""

from __future__ import annotations

import numpy as np

from audit.interview import Floats


def unit(vectors: Floats) -> Floats:
    """Rows scaled to length 1; rows of zeros stay zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Floats = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


def pooled(vectors: Floats, weights: Floats) -> Floats:
    """Weighted mean of unit vectors (n, d), scaled to length 1, shape (d,)."""
    return unit(np.einsum("n,nd->d", weights, vectors))


def similarity(first: Floats, second: Floats) -> float:
    """Cosine of two unit vectors, -1..1; higher = more alike."""
    return float(np.dot(first, second))
