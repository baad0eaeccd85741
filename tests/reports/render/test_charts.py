"""Charts draw what their list says: legible, repeatable, alike in shape without colour."""

from __future__ import annotations

import hashlib
import math
import os
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.charts import (
    NARROW,
    PRINT,
    WIDE,
    Left,
    Theme,
    chart_png,
    chart_svg,
    drawable,
    left_out,
)
from reports.charts.lettering import SIZE, fitting, lines, width
from reports.charts.palette import GROUPS, MEANINGS, PRINTED, styles
from reports.charts.reading import plot
from reports.charts.scale import Range, Scale, clock_values, holding, logarithmic, nice, tick_texts
from reports.document import model as m
from tests.reports.render.sample_data import LONG_NAMES, Maker, column
from tests.reports.render.samples import hostile, typical

ROOT = Path(__file__).resolve().parents[3]
THEMES = (WIDE, NARROW, PRINT)
Kind = Literal["intervals", "bars", "lines", "steps", "points", "timeline"]


def charts(document: m.Document) -> Iterator[m.Chart]:
    return (b for b in document.blocks if isinstance(b, m.Chart) and drawable(document, b))


DRAWN = [(d, c) for d in (typical(), hostile()) for c in charts(d)]
NAMES = [c.id for _, c in DRAWN]


def elements(svg: str) -> list[tuple[str, dict[str, str]]]:
    root = ET.fromstring(svg)  # noqa: S314  our own
    return [(e.tag.rpartition("}")[2], dict(e.attrib)) for e in root.iter()]


def texts(svg: str) -> list[str]:
    root = ET.fromstring(svg)  # noqa: S314  our own
    return [e.text or "" for e in root.iter() if e.tag.endswith("}text")]


def made(kind: Kind, rows: list[dict[str, Any]], **more: Any) -> tuple[m.Document, m.Chart]:
    """A document with one chart over these rows."""
    members = {
        "intervals": ("label", "value", "low", "high"),
        "bars": ("label", "value", "series"),
        "lines": ("x", "value", "low", "high", "series"),
        "steps": ("x", "value", "series"),
        "points": ("label", "x", "value"),
        "timeline": ("label", "x", "value", "low", "high", "series"),
    }[kind]
    empty: dict[str, Any] = dict.fromkeys(members)
    ways = {
        name: column(name, f"/{name}", "text" if name in ("label", "series") else "figures")
        for name in members
    }
    ways |= more.pop("ways", {})
    data = {"rows": [empty | row for row in rows], "at": more.pop("at", 1.0)}
    chart = m.Chart(
        id="one",
        kind=kind,
        title=("Title",),
        caption=("Caption.",),
        rows="/rows",
        **{k: v for k, v in ways.items() if v is not None},
        **more,
    )
    return Maker(data).document("governance", "Title", [chart]), chart


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize(("document", "chart"), DRAWN, ids=NAMES)
def test_charts_are_xml_with_finite_numbers_inside_their_frame(
    document: m.Document, chart: m.Chart, theme: Theme
) -> None:
    svg = chart_svg(document, chart, theme)
    assert "nan" not in re.sub(r">[^<]*<|\"[^\"]*[^\d. MLZa-]+[^\"]*\"", "", svg).lower()
    root = elements(svg)[0][1]
    _, _, wide, tall = (float(n) for n in root["viewBox"].split())
    assert wide == theme.width
    assert root["role"] == "img"
    assert root["aria-label"] == "".join(str(p) for p in chart.title)
    for tag, attributes in elements(svg)[1:]:
        for name, most in (("x", wide), ("x1", wide), ("x2", wide), ("y", tall), ("y2", tall)):
            if name in attributes and tag != "rect":
                assert -1 <= float(attributes[name]) <= most + 1, (tag, attributes)
        if tag == "rect" and "x" in attributes:
            end = float(attributes["x"]) + float(attributes["width"])
            assert float(attributes["x"]) >= -1
            assert end <= wide + 9


@pytest.mark.parametrize(("document", "chart"), DRAWN, ids=NAMES)
def test_printed_charts_need_no_style_sheet(document: m.Document, chart: m.Chart) -> None:
    svg = chart_svg(document, chart, PRINT)
    assert "class=" not in svg
    assert "var(" not in svg
    assert "DejaVu Sans" in svg
    paints = [
        attributes[name]
        for _, attributes in elements(svg)
        for name in ("fill", "stroke")
        if name in attributes
    ]
    assert all(re.fullmatch(r"#[0-9a-f]{6}|none|url\(#P-[\w.-]+\)", paint) for paint in paints)


@pytest.mark.parametrize(("document", "chart"), DRAWN, ids=NAMES)
def test_charts_of_pages_have_classes_that_the_style_sheet_colours(
    document: m.Document, chart: m.Chart
) -> None:
    style = (ROOT / "reports/templates/document.css").read_text("utf-8")
    svg = chart_svg(document, chart, WIDE)
    assert not re.search("#[0-9a-f]{6}", re.sub(">[^<]*<", "><", svg))
    names = {name for _, a in elements(svg) for name in a.get("class", "").split()}
    for name in names - {"graph", "wide"}:
        word = "fill" if name.startswith("f-") else "stroke"
        assert f".graph .{name} {{ {word}: var(--{name[2:]}); }}" in style
    for tone in PRINTED:
        assert style.count(f"--{tone}: ") >= (1 if tone == "sheet" else 2), tone


@pytest.mark.parametrize(("document", "chart"), DRAWN, ids=NAMES)
def test_the_same_list_gives_the_same_bytes(document: m.Document, chart: m.Chart) -> None:
    for theme in THEMES:
        assert chart_svg(document, chart, theme) == chart_svg(document, chart, theme)


def test_another_process_draws_the_same() -> None:
    code = (
        "import hashlib; from tests.reports.render.test_charts import everything;"
        "print(hashlib.sha256(everything()).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "11"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == hashlib.sha256(everything()).hexdigest()


def everything() -> bytes:
    return "".join(chart_svg(d, c, t) for d, c in DRAWN for t in THEMES).encode("utf-8")


def test_intervals_write_values_and_reasons_beside_their_marks() -> None:
    document = typical()
    chart = next(c for c in charts(document) if c.id == "ratios")
    said = texts(chart_svg(document, chart, WIDE))
    assert {"0.667", "0.571 to 0.778", "it is the reference", "four fifths"} <= set(said)
    narrow = texts(chart_svg(document, chart, NARROW))
    assert {"0.667", "0.571 to 0.778", "it is the reference"} <= set(narrow)


def test_intervals_lie_where_their_values_are() -> None:
    rows = [{"label": n, "value": v, "low": v / 2, "high": v * 2} for n, v in (("a", 1), ("b", 4))]
    for log in (False, True):
        document, chart = made("intervals", rows, log=log)
        svg = chart_svg(document, chart, PRINT)
        marks = [a["d"] for tag, a in elements(svg) if tag == "path"]
        places = [float(re.findall(r"[\d.]+", d)[0]) for d in marks]
        spans = [
            (float(a["x1"]), float(a["x2"]))
            for tag, a in elements(svg)
            if tag == "line" and a.get("stroke-width") == "2" and a["y1"] == a["y2"]
        ]
        wide = [end - start for start, end in spans]
        assert places[0] < places[1]
        if log:
            assert wide[0] == pytest.approx(wide[1], abs=0.05)
        else:
            assert wide[1] == pytest.approx(4 * wide[0], abs=0.05)


def test_open_and_far_ends_become_arrows() -> None:
    rows = [
        {"label": "a", "value": 1.0, "low": 0.9, "high": None},
        {"label": "b", "value": 1.1, "low": 0.9, "high": 1e6},
        {"label": "c", "value": 1.2, "low": 1.1, "high": 1.3},
    ]
    document, chart = made("intervals", rows)
    svg = chart_svg(document, chart, PRINT)
    arrows = [a for tag, a in elements(svg) if tag == "path" and a["d"].count("L") == 2]
    assert len(arrows) == 2
    assert "no limit" in " ".join(texts(svg))


def test_ratios_of_nothing_are_marked_at_the_edge() -> None:
    rows = [{"label": "a", "value": 0.0}, {"label": "b", "value": 0.5, "low": 0.2, "high": 1.0}]
    document, chart = made("intervals", rows, log=True)
    assert {"a", "b"} <= set(texts(chart_svg(document, chart, PRINT)))


def test_bars_begin_at_nothing_and_are_as_long_as_their_values() -> None:
    rows = [{"label": "a", "value": v, "series": s} for v, s in ((10, "x"), (20, "y"), (-5, "z"))]
    document, chart = made("bars", rows)
    svg = chart_svg(document, chart, PRINT)
    bars = [a for tag, a in elements(svg) if tag == "rect" and a.get("height") == "14"]
    assert len(bars) == 3
    one, two, less = (float(bar["width"]) for bar in bars)
    assert two == pytest.approx(2 * one, abs=0.05)
    assert less == pytest.approx(one / 2, abs=0.05)
    zero = float(bars[0]["x"])
    assert float(bars[2]["x"]) + less == pytest.approx(zero, abs=0.05)


def test_lines_break_where_nothing_is_known() -> None:
    rows = [{"x": n, "value": None if n == 2 else n, "series": "a"} for n in range(5)]
    document, chart = made("lines", rows, ways={"low": None, "high": None})
    line = next(
        a
        for tag, a in elements(chart_svg(document, chart, PRINT))
        if tag == "path" and a.get("fill") == "none"
    )
    assert line["d"].count("M") == 2
    assert line["d"].count("L") == 2


def test_steps_are_level_between_values_and_the_last_is_as_wide() -> None:
    rows = [{"x": 10 * n, "value": n, "series": "a"} for n in range(3)]
    document, chart = made("steps", rows)
    line = next(
        a["d"]
        for tag, a in elements(chart_svg(document, chart, PRINT))
        if tag == "path" and a.get("fill") == "none"
    )
    points = [tuple(map(float, p.split())) for p in re.split("[ML]", line)[1:]]
    assert len(points) == 6
    wide = [b[0] - a[0] for a, b in pairwise(points) if b[1] == a[1]]
    assert wide == pytest.approx([wide[0]] * 3, abs=0.05)


def test_lines_across_lie_on_the_axis_that_they_name() -> None:
    rows = [{"x": n, "value": n / 10, "series": "a"} for n in range(11)]
    for axis, still in (("value", "y"), ("x", "x")):
        line = m.Line(at="/at", label=("limit",), axis=axis)
        document, chart = made("lines", rows, lines=(line,), at=0.5 if axis == "value" else 5)
        drawn = [
            a
            for tag, a in elements(chart_svg(document, chart, PRINT))
            if tag == "line" and a.get("stroke-dasharray") == "5 3"
        ]
        assert len(drawn) == 1
        assert drawn[0][f"{still}1"] == drawn[0][f"{still}2"]


def test_texts_along_x_are_places_of_their_own() -> None:
    rows = [{"x": f"2026-{n:02d}", "value": n, "series": "a"} for n in range(1, 4)]
    document, chart = made(
        "lines", rows, ways={"x": column("Month", "/x"), "low": None, "high": None}
    )
    assert {"2026-01", "2026-02", "2026-03", "Month"} <= set(
        texts(chart_svg(document, chart, PRINT))
    )


def timeline(rows: list[dict[str, Any]], **more: Any) -> str:
    document, chart = made("timeline", rows, **more)
    return chart_svg(document, chart, WIDE)


def test_timelines_have_lanes_numbers_and_every_series_in_the_legend() -> None:
    rows: list[dict[str, Any]] = [
        {"label": "Face", "low": 0, "high": 90, "series": "main"},
        {"label": "Loop", "low": 30, "high": 50, "series": "review", "x": 7},
        {"label": "Loop", "low": 60, "high": 60, "series": "review", "x": 8},
        {"label": "Left out", "low": None, "high": 9, "series": "nothing"},
    ]
    svg = timeline(rows)
    said = Counter(texts(svg))
    assert said["Face"] == said["Loop"] == said["main"] == said["review"] == 1
    assert said["7"] == said["8"] == 1
    assert not said["Left out"]
    assert not said["nothing"]
    assert {"00:00", "00:30", "01:00", "01:30"} <= set(said)
    assert "<title>Loop, review, 7, 30 – 50</title>" in svg


def test_numbers_that_would_hide_one_another_are_left_out() -> None:
    rows: list[dict[str, Any]] = [
        {"label": "Loop", "low": n / 10, "high": n / 10, "series": "review", "x": n}
        for n in range(1, 50)
    ]
    svg = timeline([*rows, {"label": "Face", "low": 0, "high": 900, "series": "main"}])
    assert texts(svg).count("1") == 1
    assert len([t for t in texts(svg) if t.isdecimal()]) < 5
    assert svg.count("Loop, review") >= 49


def test_values_of_stretches_are_heights_and_those_of_instants_a_curve() -> None:
    counts: list[dict[str, Any]] = [
        {"label": "Faces", "low": 10 * n, "high": 10 * n + 10, "value": n} for n in (1, 2)
    ]
    curve: list[dict[str, Any]] = [
        {"label": "Level", "low": n, "high": n, "value": None if n == 5 else n % 4}
        for n in range(12)
    ]
    found = elements(timeline([*counts, *curve]))
    bars = [float(a["height"]) for tag, a in found if tag == "rect" and "title" not in a]
    assert max(bars) == pytest.approx(40)
    assert any(math.isclose(tall, 20) for tall in bars)
    path = next(a["d"] for tag, a in found if tag == "path" and a.get("fill") == "none")
    assert path.count("M") == 2


def test_the_axis_reaches_to_lines_beyond_the_last_stretch() -> None:
    line = m.Line(at="/at", label=("end of the recording",))
    rows = [{"label": "Face", "low": 0, "high": 60, "series": "main"}]
    assert "05:00" in texts(timeline(rows, lines=(line,), at=300))


def test_series_differ_in_shape_dash_and_pattern() -> None:
    looks = styles([f"s{n}" for n in range(GROUPS)])
    for name in ("tone", "shape", "dash", "pattern"):
        assert len({getattr(look, name) for look in looks}) == GROUPS
    assert styles(["review", "adverse", "inconclusive"])[0] == MEANINGS["review"]
    assert len(set(styles(["review", "adverse", "inconclusive"]))) == 3


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_stand_out_on_paper_and_in_the_dark() -> None:
    style = (ROOT / "reports/templates/document.css").read_text("utf-8")
    root, dark = style.split("@media screen and (prefers-color-scheme: dark)")[:2]
    for sheet in (root, dark[: dark.index("\n* {")]):
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", sheet))
        for name in ("ink", "soft", "limit", "attention", "open", "quiet"):
            assert contrast(colours[name], colours["page"]) >= 4.5, name
        for n in range(GROUPS):
            assert contrast(colours[f"g{n}"], colours["page"]) >= 3, n
        for tone in ("attention", "open", "quiet"):
            assert contrast(colours[tone], colours[f"{tone}-bg"]) >= 4.5
    for tone in ("ink", "soft", "limit", "attention", "open", "quiet"):
        assert contrast(PRINTED[tone], "#ffffff") >= 4.5
    for n in range(GROUPS):
        assert contrast(PRINTED[f"g{n}"], "#ffffff") >= 4, n


def test_what_is_left_out_is_counted() -> None:
    rows = [{"label": f"{n}", "value": n} for n in range(60)]
    assert left_out(*made("intervals", rows)) == Left(40, 60)
    assert left_out(*made("intervals", rows[:40])) is None
    lines_ = [{"x": n % 2, "value": n, "series": f"{n // 2}"} for n in range(20)]
    assert left_out(*made("lines", lines_)) == Left(8, 10)
    lanes = [{"label": f"{n}", "low": 0, "high": 1} for n in range(61)]
    assert left_out(*made("timeline", lanes)) == Left(60, 61)


@pytest.mark.parametrize("kind", ["intervals", "bars", "lines", "steps", "points", "timeline"])
def test_charts_without_a_value_say_so(kind: Kind) -> None:
    for rows in ([], [{"label": "a", "x": 1}]):
        document, chart = made(kind, rows)
        assert not drawable(document, chart)
        with pytest.raises(ValueError, match="no value to draw"):
            chart_svg(document, chart)


AWKWARD = [0, 1, -1, 0.5, 1e-12, -3.7e8, 1e15, None]


@pytest.mark.parametrize("kind", ["intervals", "bars", "lines", "steps", "points", "timeline"])
@pytest.mark.parametrize("log", [False, True])
@settings(max_examples=40)
@given(st.data())
def test_no_numbers_break_a_chart(kind: Kind, log: bool, data: st.DataObject) -> None:
    numbers = st.sampled_from(AWKWARD) | st.floats(-1e6, 1e6)
    row = st.fixed_dictionaries(
        {
            "label": st.sampled_from([*LONG_NAMES, "", "a"]),
            "series": st.sampled_from(["review", "b", None]),
            **dict.fromkeys(("x", "value", "low", "high"), numbers),
        }
    )
    names = ("label", "series", "x", "value", "low", "high")
    document, chart = made(kind, data.draw(st.lists(row, max_size=6)), log=log)
    rows = [{n: each[n] for n in names if n in each} for each in document.data["rows"]]
    document, chart = made(kind, rows, log=log)
    if drawable(document, chart):
        for theme in THEMES:
            numbers_in = re.findall(
                r'="(-?[\d.]+(?:e[-+]?\d+)?|nan|-?inf)"', chart_svg(document, chart, theme)
            )
            assert all(math.isfinite(float(n)) for n in numbers_in)


def test_letters_are_wide_enough_for_their_texts() -> None:
    assert width("") == 0
    assert width("il") < width("mw")
    assert width("漢字") == 2 * SIZE
    assert width("e\u0301") == width("e")
    assert fitting("short", 100) == "short"
    cut = fitting("W" * 40, 100)
    assert cut.endswith("…")
    assert width(cut) <= 100
    assert lines("one two three", width("one two") + 1) == ["one two", "three"]
    assert "".join(lines("W" * 40, 300)) == "W" * 40
    assert lines("", 50) == [""]


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 12))
def test_ticks_are_round_few_and_on_the_axis(low: float, span: float, most: int) -> None:
    ends = Range(low, low + span)
    values = nice(ends, most)
    assert len(values) <= most + 1
    assert all(ends.low - 1e-6 * span <= v <= ends.high + 1e-6 * span for v in values)
    if len(values) > 1:
        assert len(set(tick_texts(values, column("", "/x", "figures"), "en", False))) == len(values)


@given(st.floats(0.001, 100), st.floats(1.3, 1000), st.integers(2, 10))
def test_logarithmic_ticks_are_on_the_axis(low: float, times: float, most: int) -> None:
    values = logarithmic(Range(low, low * times), most)
    assert values == sorted(set(values))
    assert all(low <= v <= low * times for v in values)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=9), st.floats(-1e9, 1e9))
def test_axes_hold_all_values_and_are_not_pressed_by_far_ends(
    core: list[float], far: float
) -> None:
    found = holding(core, [far])
    assert found.low <= min(core)
    assert max(core) <= found.high
    assert found.low < found.high


def test_axes_that_have_room_hold_the_intervals_too() -> None:
    found = holding([0.4, 0.8], [0.3, 1.0])
    assert found.low < 0.3
    assert found.high > 1.0
    scale = Scale(found.low, found.high, 0, 100)
    assert scale.at(found.low) == 0
    assert scale.at(found.high) == pytest.approx(100)
    assert not scale.inside(5)


def test_times_are_minutes_and_seconds() -> None:
    values = clock_values(754.2, 7)
    assert values == [0, 120, 240, 360, 480, 600, 720]
    assert tick_texts(values, column("", "/x", "clock"), "en", False)[-1] == "12:00"
    assert clock_values(0.5, 7) == [0]
    assert len(clock_values(90000, 6)) <= 7


def test_shares_are_written_in_percent_in_the_language() -> None:
    ticks = tick_texts([0.0, 0.125, 0.25], column("", "/x", "decimals:3"), "de", True)
    assert ticks == ["0,0\u00a0%", "12,5\u00a0%", "25,0\u00a0%"]


def test_pictures_are_as_wide_as_asked_and_the_same_each_time() -> None:
    document = typical()
    chart = next(c for c in charts(document) if c.id == "timeline")
    made_ = chart_png(document, chart, 900)
    assert made_[:8] == b"\x89PNG\r\n\x1a\n"
    wide, tall = struct.unpack(">II", made_[16:24])
    assert wide == 900
    assert 150 < tall < 900
    assert chart_png(document, chart, 900) == made_


def test_marks_keep_the_order_of_the_list() -> None:
    document = typical()
    chart = next(c for c in charts(document) if c.id == "ratios")
    assert [mark.label for mark in plot(document, chart).marks] == [
        row["name"] for row in document.data["groups"]
    ]


def test_pictures_can_be_made_without_the_fonts_of_the_machine(tmp_path: Path) -> None:
    document = typical()
    chart = next(c for c in charts(document) if c.id == "ratios")
    assert chart_png(document, chart, 300, fonts=[tmp_path]) != chart_png(document, chart, 300)
