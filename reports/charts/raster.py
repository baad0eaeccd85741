"""Drawings as PNG, for formats that hold no SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typst

_POINTS_PER_INCH = 72.0
_PAGE = (
    "#set page(width: {width}pt, height: auto, margin: 0pt, fill: white)\n"
    '#image(bytes(sys.inputs.svg), format: "svg", width: {width}pt)\n'
)


def png(svg: str, width: float, width_px: int, fonts: Sequence[Path] = ()) -> bytes:
    """A drawing of `width` units on white paper as PNG, `width_px` pixels wide.

    With folders of `fonts`, those of the machine are not looked at.
    """
    made = typst.compile(
        _PAGE.format(width=width).encode("utf-8"),
        format="png",
        ppi=_POINTS_PER_INCH * width_px / width,
        sys_inputs={"svg": svg},
        font_paths=typst.Fonts(
            include_system_fonts=not fonts, font_paths=[str(folder) for folder in fonts]
        ),
    )
    if not isinstance(made, bytes):
        raise TypeError("one drawing gives one picture")
    return made
