"""The numbers of a chart as a table with a column for each series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reports.document import model as m
from reports.document.pointers import join, resolve
from reports.render.html_writing import Writer, classes, markup

_MOST_SERIES = 8
_Place = tuple[str, Any]
"""A pointer to an item of the list, and the item."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """Head and body of the table, and how many columns it has."""

    head: Markup
    body: Markup
    columns: int


def crossed(writer: Writer, chart: m.Chart) -> Crossed | None:
    """Rows by label or x, columns by series; None where a list of all members says more.

    That is where items have intervals, where there is one series or more than eight, and where two
    items would share a cell.
    """
    down = chart.label or chart.x
    plain = chart.low is None and chart.high is None and chart.kind in ("bars", "lines", "steps")
    if not plain or chart.series is None or chart.value is None or down is None:
        return None
    if chart.label is not None and chart.x is not None:
        return None
    cells: dict[tuple[str, str], _Place] = {}
    rows: dict[str, _Place] = {}
    series: dict[str, _Place] = {}
    places = [(join(chart.rows, n), row) for n, row in enumerate(writer.rows(chart.rows))]
    for at, row in places:
        name, across = repr(resolve(row, down.at)), repr(resolve(row, chart.series.at))
        rows.setdefault(name, (at, row))
        series.setdefault(across, (at, row))
        cells.setdefault((name, across), (at, row))
    if not 1 < len(series) <= _MOST_SERIES or len(cells) < len(places):
        return None
    return _made(writer, (down, chart.series, chart.value), (rows, series, cells))


def _made(
    writer: Writer,
    ways: tuple[m.Column, m.Column, m.Column],
    held: tuple[dict[str, _Place], dict[str, _Place], dict[tuple[str, str], _Place]],
) -> Crossed:
    down, across, value = ways
    rows, series, cells = held
    names = (writer.cell(*place, across) for place in series.values())
    head = writer.head([down]) + markup(
        "".join(f'<th scope="col"{classes(value)}>{name}</th>' for name in names)
    )
    lines = []
    for name, place in rows.items():
        line = f'<th scope="row"{classes(down)}>{writer.cell(*place, down)}</th>'
        for each in series:
            found = cells.get((name, each))
            text = "" if found is None else writer.cell(*found, value)
            line += f"<td{classes(value)}>{text}</td>"
        lines.append(f"<tr>{line}</tr>")
    return Crossed(head, markup("\n".join(lines)), 1 + len(series))
