"""What pages show of an audit's result: one view at a time, the most telling rows first.

Nothing is computed here but places in drawings; all figures are those of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from reports.compose.fairness_order import CLASSES, Order
from reports.document.catalogue import catalogue

Json = Mapping[str, Any]
ROWS = 25
"""Rows of a page of a table."""
NOTHING: Mapping[str, str] = {
    "groups": "No table of groups could be made; the notes on the first page of the audit say why.",
    "intersections": "Groups were not crossed: this needs two groupings, such as sex and race.",
    "stages": "The table has no stages: say in the mapping which column holds them.",
    "periods": "The table has fewer than two periods: say in the mapping which column holds them.",
    "questions": "The table has no scores of single questions that could be compared.",
    "alternatives": "No other ways of selecting were searched: this has to be asked for when an "
    "audit is started, and needs a score, and later performance of some persons.",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of a view is asked for.

    Attributes:
        part: which table, of those that the view has; at least 0.
        level: a stage or group within it, by its place.
        find: words that a group's name has to have. only: a class of findings.
        page: from 1.
    """

    part: int = 0
    level: int = 0
    find: str = ""
    only: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Shown:
    """A view.

    Attributes:
        parts: names of the tables to choose from. part: the chosen one, or None.
        rows: of the page; `every`: how many there are on all pages.
        more: what else the view's template needs.
    """

    parts: tuple[str, ...]
    part: Any
    rows: tuple[Any, ...]
    every: int
    chosen: Chosen
    more: Json

    @property
    def pages(self) -> int:
        """How many pages the rows take."""
        return max(1, -(-self.every // ROWS))


def view(name: str, document: Json, chosen: Chosen) -> Shown:
    """One view of a result. `name`: a key of `NOTHING`."""
    return _VIEWS[name](document, chosen)


def overview(document: Json, page: int) -> Shown:
    """Findings of all tables, the most telling first, and how many there are of each class."""
    order = Order.of(document)
    every = [document["findings"][place] for place in order.findings]
    counts = [(name, len(order.of_class(name))) for name in CLASSES]
    return _paged((), None, every, Chosen(page=page), counts=counts)


@cache
def class_word(name: str) -> str:
    """What a class of findings is called in reports."""
    return _text(f"fairness.class.{name}")


@cache
def class_meaning(name: str) -> str:
    """What a class of findings means, in the words of reports."""
    return _text(f"fairness.meaning.{name}")


def _text(key: str) -> str:
    return "".join(catalogue("en").phrase(key).forms["other"])


def _groups(document: Json, chosen: Chosen) -> Shown:
    """One table of rates; the reference first, then the lowest ratios."""
    parts = document["tables"]
    part = _at(parts, chosen.part)
    rows = [
        row
        for row in (part["rows"] if part else ())
        if _named(row["group"], chosen.find) and chosen.only in ("", row["finding"])
    ]
    rows.sort(key=lambda row: (row["standing"] != "reference", _ratio(row["comparison"])))
    return _paged([each["title"] for each in parts], part, rows, chosen)


def _intersections(document: Json, chosen: Chosen) -> Shown:
    """Cells of crossed groups: those that single groups hide first."""
    parts = document["intersections"]
    part = _at(parts, chosen.part)
    cells = [c for c in (part["cells"] if part else ()) if _named(c["group"], chosen.find)]
    cells.sort(key=lambda c: (not c["hidden"], not c["beyond_marginals"], _ratio(c)))
    return _paged([_features(each) for each in parts], part, cells, chosen)


def _stages(document: Json, chosen: Chosen) -> Shown:
    """One stage of the process; level 0 is the bottom line."""
    parts = document["funnels"]
    part = _at(parts, chosen.part)
    steps = [part["bottom_line"], *part["stages"]] if part else []
    step = _at([each for each in steps if each], chosen.level)
    rows = [row for row in (step["rates"] if step else ()) if _named(row["group"], chosen.find)]
    rows.sort(key=lambda row: (not row["is_reference"], _ratio(row)))
    lost = {", ".join(g["group"]): g["largest_loss"] for g in (part["gaps"] if part else ())}
    names = [each["stage"] for each in steps if each]
    titles = [_features(each) for each in parts]
    return _paged(titles, part, rows, chosen, step=step, steps=names, lost=lost)


def _periods(document: Json, chosen: Chosen) -> Shown:
    """One group's rate and ratio from period to period."""
    parts = document["drift"]
    part = _at(parts, chosen.part)
    groups = [each["group"] for each in (part["groups"] if part else ())]
    group = _at(groups, chosen.level)
    rows = [row for row in (part["rates"] if part else ()) if row["group"] == group]
    own = _at([g for g in (part["groups"] if part else ()) if g["group"] == group], 0)
    against = [d for d in (part["disparities"] if part else ()) if d["group"] == group]
    return _paged(
        [_features(each) for each in parts],
        part,
        rows,
        chosen,
        groups=[", ".join(each) for each in groups],
        own=own,
        against=_at(against, 0),
        drawn=_line([row["ratio"]["value"] for row in rows]),
    )


def _questions(document: Json, chosen: Chosen) -> Shown:
    """Single questions at equal total scores, one group at a time; those that differ first."""
    parts = document["dif"]
    part = _at(parts, chosen.part)
    items = sorted(part["items"], key=lambda i: _last(i["holm"])) if part else []
    regressed = {
        each["item"]: each
        for other in document["logistic_dif"]
        if part and (other["features"], other["focal"]) == (part["features"], part["focal"])
        for each in other["items"]
    }
    titles = [f"{_features(p)}: {', '.join(p['focal'])}" for p in parts]
    return _paged(titles, part, items, chosen, regressed=regressed)


def _alternatives(document: Json, chosen: Chosen) -> Shown:
    """Other ways of selecting: today's first, then less adverse ones, then those on the front."""
    parts = document["alternatives"]
    part = _at(parts, chosen.part)
    if part is None:
        return _paged((), None, (), chosen)
    front, less = set(part["front"]), set(part["less_adverse"])
    name = part["objective"]

    def rank(one: Json) -> tuple[int, float]:
        place = 0 if one["number"] == 0 else 1 if one["number"] in less else 2
        kind = place if place < 2 or one["number"] in front else 3
        return kind, -(one["held_out"]["worst_ratio"]["value"] or 0.0)

    every = sorted(part["candidates"], key=rank)
    drawn = _pareto(every, name, less=less, front=front)
    titles = [_features(each) for each in parts]
    return _paged(titles, part, every, chosen, drawn=drawn, less=less, front=front)


_VIEWS: Mapping[str, Callable[[Json, Chosen], Shown]] = {
    "groups": _groups,
    "intersections": _intersections,
    "stages": _stages,
    "periods": _periods,
    "questions": _questions,
    "alternatives": _alternatives,
}


@dataclass(frozen=True, slots=True)
class Point:
    """A way of selecting in the drawing; `mark`: what is drawn there."""

    number: int
    x: float
    y: float
    mark: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Points in a field of 0 to 400 by 0 to 240, and what its ends stand for.

    `left_out`: how many ways have no figure to draw.
    """

    points: tuple[Point, ...]
    x_ends: tuple[float, float]
    y_ends: tuple[float, float]
    four_fifths: float | None
    left_out: int


PLOT_WIDTH, PLOT_HEIGHT = 400.0, 240.0


def _pareto(candidates: Sequence[Json], objective: str, *, less: set[int], front: set[int]) -> Plot:
    """Worst impact ratio from left to right, the objective upwards, as held out."""
    found = []
    for each in candidates:
        x, y = each["held_out"]["worst_ratio"]["value"], each["held_out"][objective]["value"]
        if x is not None and y is not None:
            found.append((each, float(x), float(y)))
    x_ends = _ends([x for _, x, _ in found])
    y_ends = _ends([y for _, _, y in found])
    points = [
        Point(
            each["number"],
            _place(x, x_ends, PLOT_WIDTH),
            PLOT_HEIGHT - _place(y, y_ends, PLOT_HEIGHT),
            _mark(each, less=less, front=front),
        )
        for each, x, y in reversed(found)  # the most telling are drawn last, on top
    ]
    inside = x_ends[0] <= 0.8 <= x_ends[1]
    line = _place(0.8, x_ends, PLOT_WIDTH) if inside else None
    return Plot(tuple(points), x_ends, y_ends, line, len(candidates) - len(found))


def _mark(candidate: Json, *, less: set[int], front: set[int]) -> str:
    if candidate["number"] == 0:
        return "today"
    if candidate["for_information"]:
        return "information"
    if candidate["number"] in less:
        return "less"
    return "front" if candidate["number"] in front else "other"


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """What the ends of an axis stand for: a little beyond the values."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = (high - low or abs(high) or 1.0) * 0.05
    return low - room, high + room


def _place(value: float, ends: tuple[float, float], length: float) -> float:
    return round((value - ends[0]) / (ends[1] - ends[0]) * length, 1)


def _line(ratios: Sequence[float | None]) -> tuple[tuple[float, float], ...]:
    """Ratios from left to right in a field of 360 by 120, which stands for 0 to 1.25."""
    step = 360 / max(len(ratios) - 1, 1)
    return tuple(
        (round(n * step, 1), round(120 - min(ratio, 1.25) / 1.25 * 120, 1))
        for n, ratio in enumerate(ratios)
        if ratio is not None
    )


def _paged(
    parts: Sequence[str], part: Any, rows: Sequence[Any], chosen: Chosen, **more: Any
) -> Shown:
    start = (chosen.page - 1) * ROWS
    return Shown(tuple(parts), part, tuple(rows[start : start + ROWS]), len(rows), chosen, more)


def _at(found: Sequence[Any], place: int) -> Any:
    """The one at a place; the first where there is none at it; None where there are none."""
    return (found[place] if place < len(found) else found[0]) if found else None


def _features(part: Json) -> str:
    return " x ".join(part["features"])


def _named(group: Sequence[str], find: str) -> bool:
    return find.casefold() in ", ".join(group).casefold()


def _ratio(part: Json | None) -> float:
    """For sorting: what has no ratio comes last."""
    return _last(part["ratio"]["value"] if part else None)


def _last(value: float | None) -> float:
    return float("inf") if value is None else value
