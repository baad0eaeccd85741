"""Corrections for asking about many groups at once."""

from __future__ import annotations

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests

PValues = tuple[float | None, ...]


def holm(p_values: Sequence[float | None]) -> PValues:
    """Holm's step-down adjusted p values, in 0..1; None stays None and is not counted.

    They control the chance of any false finding. Source: Holm (1979), Scandinavian Journal of
    Statistics 6:65.
    """
    return _adjusted(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float | None]) -> PValues:
    """Benjamini-Hochberg adjusted p values, in 0..1; None stays None and is not counted.

    They control the expected share of false ones among the findings. Source: Benjamini and
    Hochberg (1995), JRSS B 57:289.
    """
    return _adjusted(p_values, "fdr_bh")


def _adjusted(p_values: Sequence[float | None], method: str) -> PValues:
    known = [p for p in p_values if p is not None]
    if not known:
        return tuple(p_values)
    adjusted = iter(multipletests(known, method=method)[1].tolist())
    return tuple(None if p is None else min(float(next(adjusted)), 1.0) for p in p_values)
