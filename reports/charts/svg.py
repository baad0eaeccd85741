"""Writes SVG: shapes in named tones, as classes for pages and as colours for paper."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from reports.charts.lettering import SIZE
from reports.charts.palette import PRINTED, Style, Theme
from reports.document.characters import printable

Attribute = str | float | None
Point = tuple[float, float]

_TILE = 6.0
_TURNS = {"slant": 45, "back": -45, "mesh": 45, "flat": 90, "upright": 0}
_RIM: dict[str, Attribute] = {
    "stroke": "sheet",
    "stroke_width": 3.0,
    "paint_order": "stroke",
    "stroke_linejoin": "round",
}
_FONTS = "DejaVu Sans, Noto Sans, sans-serif"


class Drawing:
    """Shapes in drawing order. Lengths are units of the theme's width."""

    def __init__(self, theme: Theme, key: str) -> None:
        self.theme = theme
        self._key = key
        self._parts: list[str] = []
        self._patterns: dict[Style, str] = {}

    def add(self, tag: str, /, *, title: str = "", text: str = "", **attributes: Attribute) -> None:
        """A shape. `fill` and `stroke` are tones; `title` is said by pages when pointed at."""
        self._add(tag, attributes, title, text)

    def _add(
        self, tag: str, attributes: dict[str, Attribute], title: str = "", text: str = ""
    ) -> None:
        told = f"<title>{written(title)}</title>" if title and self.theme.classes else ""
        self._parts.append(f"<{tag}{self._attributes(attributes)}>{told}{written(text)}</{tag}>")

    def text(self, at: Point, text: str, /, *, size: float = SIZE, **attributes: Attribute) -> None:
        """Letters on the line `at`; `anchor` says what of them is there, `start` without it.

        A rim in the colour of the ground keeps them legible over lines.
        """
        anchor = attributes.pop("anchor", None)
        title = str(attributes.pop("title", None) or "")
        placed: dict[str, Attribute] = {"x": at[0], "y": at[1]}
        placed["text_anchor"] = None if anchor == "start" else anchor
        placed["font_size"] = None if size == SIZE else size
        without = self.theme.classes or not self.theme.rims  # pages have it in their style sheet
        rim = {} if without else _RIM
        self._add("text", {"fill": "ink", **placed, **attributes, **rim}, title, text)

    def line(self, start: Point, end: Point, /, **attributes: Attribute) -> None:
        """A straight line."""
        title = str(attributes.pop("title", None) or "")
        ends: dict[str, Attribute] = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
        self._add("line", ends | attributes, title)

    def path(self, points: Sequence[Sequence[Point]], /, **attributes: Attribute) -> None:
        """Lines through points, one for each stretch of them."""
        runs = ("M" + "L".join(f"{number(x)} {number(y)}" for x, y in run) for run in points)
        self._add("path", {"d": "".join(runs), **attributes})

    def mark(self, at: Point, style: Style, /, *, radius: float = 4.5, title: str = "") -> None:
        """The shape of a series, with a rim in the colour of the ground."""
        hollow = style.shape in ("ring", "cross", "plus")
        self.add(
            "path",
            d=_outline(style.shape, at, radius),
            fill="sheet" if hollow else style.tone,
            stroke=style.tone if hollow else "sheet",
            stroke_width=2 if hollow else 1,
            title=title,
        )

    def area(self, style: Style, /, *, title: str = "", **attributes: Attribute) -> None:
        """A rectangle in the pattern of a series."""
        if style.pattern == "solid":
            attributes |= {"fill": style.tone}
        elif style.pattern == "outline":
            attributes |= {"fill": "sheet", "stroke_dasharray": "3 2"}
        else:
            attributes |= {"fill": f"url(#{self._pattern(style)})"}
        self._add("rect", {"stroke": style.tone, "stroke_width": 1.0, **attributes}, title)

    def finish(self, height: float, title: str) -> str:
        """The whole picture, named for those who cannot see it."""
        width, tall = number(self.theme.width), number(height)
        kept = f'class="graph {self.theme.name}"'
        free = f'width="{width}" height="{tall}" font-family="{_FONTS}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {tall}" '
            f'{kept if self.theme.classes else free} preserveAspectRatio="xMinYMin" '
            f'role="img" aria-label="{written(title)}" font-size="{number(SIZE)}">'
            f"{self._defs()}{''.join(self._parts)}</svg>"
        )

    def _attributes(self, given: dict[str, Attribute]) -> str:
        classes: list[str] = []
        made: list[str] = []
        for name, value in given.items():
            if value is None:
                continue
            if name in ("fill", "stroke") and value in PRINTED:
                if self.theme.classes:
                    classes.append(f"{name[0]}-{value}")
                    continue
                value = PRINTED[str(value)]
            written_value = written(value) if isinstance(value, str) else number(value)
            made.append(f' {name.replace("_", "-")}="{written_value}"')
        named = f' class="{" ".join(classes)}"' if classes else ""
        return named + "".join(made)

    def _pattern(self, style: Style) -> str:
        if style not in self._patterns:
            name = f"P-{self._key}-{self.theme.name}-{len(self._patterns)}"
            self._patterns[style] = name
        return self._patterns[style]

    def _defs(self) -> str:
        return "".join(self._tile(style, name) for style, name in self._patterns.items())

    def _tile(self, style: Style, name: str) -> str:
        tile = Drawing(self.theme, "")
        tile.add("rect", width=_TILE, height=_TILE, fill="sheet")
        tile.add("rect", width=_TILE, height=_TILE, fill=style.tone, fill_opacity=0.22)
        if style.pattern == "dots":
            tile.add("circle", cx=_TILE / 2, cy=_TILE / 2, r=1.5, fill=style.tone)
        else:
            tile.line((1.5, 0), (1.5, _TILE), stroke=style.tone, stroke_width=2)
        if style.pattern == "mesh":
            tile.line((0, 1.5), (_TILE, 1.5), stroke=style.tone, stroke_width=2)
        turn = _TURNS.get(style.pattern, 0)
        turned = f' patternTransform="rotate({turn})"' if turn else ""
        size = number(_TILE)
        return (
            f'<defs><pattern id="{written(name)}" width="{size}" height="{size}" '
            f'patternUnits="userSpaceOnUse"{turned}>{"".join(tile._parts)}</pattern></defs>'
        )


def number(value: float) -> str:
    """Two decimals at most, without idle zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def written(text: str) -> str:
    """`text` as XML and HTML hold it, also inside an attribute."""
    return escape(printable(text))


def _outline(shape: str, at: Point, r: float) -> str:
    if shape in ("disc", "ring"):
        x, y, two = number(at[0] - r), number(at[1]), number(2 * r)
        size = number(r)
        return f"M{x} {y}a{size} {size} 0 1 0 {two} 0a{size} {size} 0 1 0 -{two} 0Z"
    return "".join(
        "M" + "L".join(f"{number(at[0] + dx * r)} {number(at[1] + dy * r)}" for dx, dy in run) + end
        for run, end in _CORNERS[shape]
    )


_CORNERS: dict[str, tuple[tuple[tuple[Point, ...], str], ...]] = {
    "square": ((((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)), "Z"),),
    "triangle": ((((0, -1.15), (1.1, 0.85), (-1.1, 0.85)), "Z"),),
    "down": ((((0, 1.15), (1.1, -0.85), (-1.1, -0.85)), "Z"),),
    "diamond": ((((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)), "Z"),),
    "cross": ((((-0.9, -0.9), (0.9, 0.9)), ""), (((-0.9, 0.9), (0.9, -0.9)), "")),
    "plus": ((((-1.2, 0), (1.2, 0)), ""), (((0, -1.2), (0, 1.2)), "")),
}
