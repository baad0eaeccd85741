"""Colours, and the shapes, dashes and patterns that tell series apart without colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Shape = Literal["disc", "square", "triangle", "diamond", "ring", "down", "cross", "plus"]
Pattern = Literal["solid", "slant", "dots", "back", "flat", "mesh", "outline", "upright"]

PRINTED: Mapping[str, str] = {
    "ink": "#1b1f24",
    "soft": "#545c66",
    "line": "#8b9198",
    "grid": "#dfe2e4",
    "faint": "#f1f3f4",
    "sheet": "#ffffff",
    "limit": "#5f666d",
    "attention": "#a63d00",
    "open": "#5b5373",
    "quiet": "#1d5b94",
    "g0": "#0069a6",
    "g1": "#b84a00",
    "g2": "#007a58",
    "g3": "#a3478a",
    "g4": "#756500",
    "g5": "#2a7fbe",
    "g6": "#5b5373",
    "g7": "#3b4149",
}
"""Colours on white paper by name. Series (`g0`...) after Okabe and Ito's set for colour blindness,
darkened to 4.5 : 1 against white; pages give the same names other colours in the dark."""

GROUPS = 8
"""Series that can be told apart; later ones begin again."""


@dataclass(frozen=True, slots=True)
class Theme:
    """How charts are drawn: how wide, and in colours or in classes that a style sheet colours.

    `name`: goes into ids, so that two drawings of a chart can stand on one page. `width`: units of
    the drawing; letters are 12 of them high. `rims`: letters have one in the colour of the ground,
    which keeps them legible over lines.
    """

    name: str
    width: float
    classes: bool
    rims: bool = True

    @property
    def narrow(self) -> bool:
        """Whether labels stand above their rows instead of beside them."""
        return self.width < 480


WIDE = Theme("wide", 760, classes=True)
NARROW = Theme("narrow", 350, classes=True)
PRINT = Theme("print", 680, classes=False)
"""For paper: plain colours, nothing that a style sheet has to say."""
PAPER = Theme("print", 680, classes=False, rims=False)
"""The same for files that keep letters as letters: with a rim they would be many times as large."""


@dataclass(frozen=True, slots=True)
class Style:
    """How one series looks."""

    tone: str
    shape: Shape
    dash: str
    pattern: Pattern


_SHAPES: tuple[Shape, ...] = (
    *("disc", "square", "triangle", "diamond"),
    *("ring", "down", "cross", "plus"),
)
_PATTERNS: tuple[Pattern, ...] = (
    *("solid", "slant", "dots", "upright"),
    *("outline", "back", "flat", "mesh"),
)
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 3", "5 2 1 2 1 2", "1 2", "14 3 3 3")
_ATTENTION = Style("attention", "triangle", "", "slant")
_OPEN = Style("open", "ring", "4 3", "dots")
_QUIET = Style("quiet", "disc", "", "solid")

MEANINGS: Mapping[str, Style] = {
    "review": _ATTENTION,
    "adverse": _ATTENTION,
    "inconclusive": _OPEN,
    "undetectable": _OPEN,
    "no_indication": _QUIET,
    "small_numbers": Style("g4", "diamond", "7 3", "back"),
    "significant_above_four_fifths": Style("g3", "square", "9 3 2 3", "upright"),
    "same": Style("attention", "down", "3 3", "outline"),
    "several_faces": Style("g3", "square", "7 3", "mesh"),
    "reference": Style("g7", "square", "", "flat"),
    "face": Style("g2", "disc", "", "flat"),
    "speech": Style("g7", "plus", "2 3", "flat"),
}
"""Codes that look alike in every chart; all others look as their place among the series says."""


def styles(codes: Sequence[str]) -> tuple[Style, ...]:
    """The looks of the series of one chart, by their codes; no two alike up to eight."""
    made: list[Style] = []
    place = 0
    for code in codes:
        meant = MEANINGS.get(code)
        if meant is None or meant in made:
            meant, place = _nth(place), place + 1
        made.append(meant)
    return tuple(made)


def _nth(place: int) -> Style:
    n = place % GROUPS
    return Style(f"g{n}", _SHAPES[n], _DASHES[n], _PATTERNS[n])
