"""Corrections for asking about many groups at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fairness.types import Floats

PValues = tuple[float | None, ...]


def holm(p_values: Sequence[float | None]) -> PValues:
    """Holm's step-down adjusted p values, in 0..1; None stays None and is not counted.

    The k-th smallest of m becomes the largest of (m - j + 1) * p_j over j <= k, at most 1. They
    control the chance of any false finding. Source: Holm (1979), Scandinavian Journal of
    Statistics 6:65.
    """
    return _adjusted(p_values, _step_down)


def benjamini_hochberg(p_values: Sequence[float | None]) -> PValues:
    """Benjamini-Hochberg adjusted p values, in 0..1; None stays None and is not counted.

    The k-th smallest of m becomes the smallest of m/j * p_j over j >= k. They control the expected
    share of false ones among the findings. Source: Benjamini and Hochberg (1995), JRSS B 57:289.
    """
    # scipy.stats takes half a second to import, and Holm's values do without it.
    from scipy.stats import false_discovery_control

    return _adjusted(p_values, false_discovery_control)


def _step_down(p_values: Floats) -> Floats:
    """Holm's values; statsmodels' function gives the same, and collects garbage at every call."""
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(p_values), 0, -1) * p_values[order]
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def _adjusted(p_values: Sequence[float | None], method: Callable[[Floats], Floats]) -> PValues:
    known = np.array([p for p in p_values if p is not None], np.float64)
    if not len(known):
        return tuple(p_values)
    adjusted = iter(method(known).tolist())
    return tuple(None if p is None else float(next(adjusted)) for p in p_values)
