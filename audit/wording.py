"""Likelihood ratios in words: how many times likelier, under which hypothesis, how much that is."""

from __future__ import annotations

import math

from audit.calibration import band
from audit.types import LikelihoodRatio

# Ratios are kept to three decimals of log10; "at least" must not lose a digit to that rounding.
_HALF_STEP = 0.0005


def times_likelier(log10: float, bound: bool = False) -> str:
    """A log10 likelihood ratio's size: "about 40 times likelier", "about as likely" near 1.

    The direction is not in it: -1 and 1 are both "about 10 times likelier". With `bound` the ratio
    was cut off at what its calibration supports: "at least 42 times likelier", rounded down.
    Figures have two significant digits.
    """
    size = 10.0 ** (abs(log10) + (_HALF_STEP if bound else 0.0))
    step = 10.0 ** (math.floor(math.log10(size)) - 1)
    whole = (math.floor if bound else round)(size / step)
    if whole <= 10 and step < 1.0:
        return "about as likely"
    figure = whole * step
    shown = f"{figure:,.0f}" if figure >= 9.95 else f"{figure:.2g}"
    return f"{'at least' if bound else 'about'} {shown} times likelier"


def weighed(ratio: LikelihoodRatio, first: str, second: str) -> str:
    """A ratio with its direction and band; `first` and `second` complete "if ...".

    "at least 42 times likelier if this is one person than if these are two people (moderate
    support)". Bands are those of `audit.calibration.band`.
    """
    times = times_likelier(ratio.log10, is_at_bound(ratio))
    word = band(ratio.log10)
    support = "no support either way" if word == "no" else f"{word} support"
    likelier, other = (first, second) if ratio.log10 >= 0 else (second, first)
    joint = "than" if times.endswith("likelier") else "as"
    return f"{times} if {likelier} {joint} if {other} ({support})"


def is_at_bound(ratio: LikelihoodRatio) -> bool:
    """Whether the ratio may have been cut off at a bound of its calibration."""
    return not ratio.lower + _HALF_STEP < ratio.log10 < ratio.upper - _HALF_STEP
