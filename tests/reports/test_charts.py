"""Charts are plain SVG: named, themed by classes, repeatable, with marks where the values are."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from importlib import resources

import numpy as np
import pytest

from reports.charts_base import LONGEST_LABEL, Mark, Series, Words
from reports.charts_detail import (
    STANDINGS,
    Bands,
    Point,
    Shift,
    dif_chart,
    drift_chart,
    pareto_chart,
)
from reports.charts_rates import distribution_chart, funnel_chart, impact_chart, sweep_chart
from reports.charts_svg import TONES, inline_svg
from tests.reports.reading import Page

WORDS = Words("graph-x-1", "What is shown", "Said to those who cannot see.", "Across (unit)", "Up")
LONG = "Native Hawaiian or Other Pacific Islander (not Hispanic or Latino)"


def impact() -> str:
    labels = ["Male (reference)", LONG, "<b>Third</b>", "Nobody"]
    rates = [
        Mark(0.5, 0.4, 0.6, "reference"),
        Mark(0.3, 0.2, 0.4, "adverse"),
        Mark(0.4, 0.1, 0.8, "undetectable"),
        Mark(None),
    ]
    ratios = [
        None,
        Mark(0.6, 0.45, 0.8, "adverse"),
        Mark(0.8, 0.2, None, "undetectable"),
        Mark(None),
    ]
    return impact_chart(labels, rates, ratios, WORDS)


def sweep() -> str:
    lines = [
        Series("Female", [1, 0.9, 0.7, None], [0.9, 0.8, 0.5, None], [1.1, 1, 0.9, None]),
        Series("Male", [1.0] * 4),
    ]
    return sweep_chart([10.0, 20, 30, 40], lines, 25.0, WORDS)


def distribution() -> str:
    groups = [Series(f"Group {n}", [0.1, None, 0.9]) for n in range(10)]
    return distribution_chart([0.0, 10, 20, 30], groups, None, WORDS)


def funnel() -> str:
    groups = [
        ("Female", [Mark(0.9, 0.8, 0.95), Mark(None)]),
        ("Male", [Mark(0.9, 0.8, 0.95), Mark(0.2)]),
    ]
    return funnel_chart(["Screen", "bottom line"], groups, WORDS)


def dif() -> str:
    marks = [Mark(-2.0, -2.5, -1.5, "g1"), Mark(None), Mark(0.3, 0.1, 0.5, "soft")]
    return dif_chart(["one", "two", "three"], marks, Bands(1, 1.5, ("A", "B", "C")), WORDS)


def drift() -> str:
    rates = [Series("Female", [0.4, None, 0.2], [0.3, None, 0.1], [0.5, None, 0.3])]
    ratios = [Series("Female", [0.9, None, 0.5])]
    periods = ["2025-01", "2025-02", "2025-03"]
    return drift_chart(periods, rates, ratios=ratios, shifts=[Shift(0, 2)], words=WORDS)


def pareto() -> str:
    points = [
        Point(0.7 + 0.05 * n, 0.3, kind, standing)
        for n, (kind, standing) in enumerate(
            [("weights", "other"), ("weights", "front"), ("cut", "less_adverse"), ("", "today")]
        )
    ]
    return pareto_chart(points, WORDS)


CHARTS = [impact, sweep, distribution, funnel, dif, drift, pareto]


@pytest.fixture(scope="module", params=CHARTS, ids=lambda made: made.__name__)
def chart(request: pytest.FixtureRequest) -> tuple[Callable[[], str], str, Page]:
    svg = request.param()
    return request.param, svg, Page(svg)


def test_charts_are_named_and_their_axes_too(chart: tuple[Callable[[], str], str, Page]) -> None:
    made, _, page = chart
    tag, root = page.elements[0]
    assert tag == "svg"
    assert root["role"] == "img"
    assert root["aria-labelledby"] == "graph-x-1-title graph-x-1-desc"
    texts = [text for _, text in page.texts]
    assert {"What is shown", "Said to those who cannot see.", "Across (unit)"} <= set(texts)
    if made in (sweep, distribution, drift, pareto):
        assert "Up" in texts


def test_charts_hold_no_styles_colours_dates_or_foreign_ids(
    chart: tuple[Callable[[], str], str, Page],
) -> None:
    _, svg, page = chart
    assert not [tag for tag, _ in page.elements if tag in {"style", "metadata", "script", "image"}]
    assert not page.values("style")
    assert "#0000" not in svg
    assert "matplotlib" not in svg.lower()
    assert all(name.startswith("graph-x-1-") for name in page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert all(link.removeprefix("#") in page.ids for link in page.values("href"))
    clips = re.findall(r"url\(#([^)]+)\)", svg)
    assert set(clips) <= set(page.ids)


def test_the_same_values_give_the_same_bytes(chart: tuple[Callable[[], str], str, Page]) -> None:
    made, svg, _ = chart
    assert made() == svg


def test_the_style_sheet_colours_every_tone_in_both_themes() -> None:
    sheets = [
        resources.files("reports").joinpath("templates", name).read_text("utf-8")
        for name in ("style.css", "audit.css")
    ]
    style = "\n".join(sheets)
    for name in TONES:
        for kind, word in (("f", "fill"), ("s", "stroke")):
            found = re.search(rf"\.graph \.{kind}-{name} {{ {word}: var\(--([\w-]+)\); }}", style)
            assert found, name
            assert len(re.findall(rf"--{found[1]}: ", style)) >= 2, name


def test_labels_are_text_escaped_and_shortened() -> None:
    svg = impact()
    texts = [text for _, text in Page(svg).texts]
    assert "&lt;b&gt;Third&lt;/b&gt;" in svg
    short = next(text for text in texts if text.startswith("Native"))
    assert short.endswith("…")
    assert len(short) <= LONGEST_LABEL


def marks(svg: str, tone: str) -> list[tuple[float, float]]:
    """Places of the round marks of one tone, in the order drawn."""
    page = Page(svg)
    return [
        (float(a["x"]), float(a["y"]))
        for tag, a in page.elements
        if tag == "use" and f"f-{tone} " in f"{a.get('class', '')} "
    ]


def test_marks_stand_where_the_values_are() -> None:
    rates = [Mark(value, tone="mark") for value in (0.1, 0.25, 0.5, 0.9)]
    svg = impact_chart(list("abcd"), rates, [None] * 4, WORDS)
    places = marks(svg, "mark")
    assert len(places) == 4
    x, y = np.array(places).T
    slope = np.diff(x) / np.diff([0.1, 0.25, 0.5, 0.9])
    assert slope.max() - slope.min() < 0.2
    assert np.allclose(np.diff(y), np.diff(y)[0], atol=0.05)
    assert np.diff(y)[0] > 0


def test_values_that_are_none_are_not_drawn() -> None:
    assert len(marks(impact(), "adverse")) == 2
    # one rate, one ratio, and the arrow of the interval without an upper end
    assert len(marks(impact(), "undetectable")) == 3


def test_ratios_beyond_the_axis_end_in_an_arrow_and_not_outside() -> None:
    svg = impact_chart(["a"], [Mark(0.5)], [Mark(5.0, 3.0, 9.0, "adverse")], WORDS)
    width = float(Page(svg).elements[0][1]["viewbox"].split()[2])
    places = marks(svg, "adverse")
    assert len(places) == 1
    assert all(0 < x < width for x, _ in places)


@pytest.mark.parametrize("count", [0, 1, 40])
def test_any_number_of_groups_can_be_drawn(count: int) -> None:
    labels = [f"Group {n}" for n in range(count)]
    page = Page(impact_chart(labels, [Mark(0.5, 0.4, 0.6)] * count, [Mark(1.0)] * count, WORDS))
    height = float(page.elements[0][1]["viewbox"].split()[3])
    assert math.isfinite(height)
    assert height > 20 * count


def test_every_standing_of_an_alternative_is_drawn_apart() -> None:
    svg = pareto()
    for tone, _, _ in STANDINGS.values():
        assert f"f-{tone}" in svg


def test_keys_must_be_fit_for_ids() -> None:
    from matplotlib.figure import Figure

    with pytest.raises(ValueError, match="not a key"):
        inline_svg(Figure(), key='x" onload="', title="t", summary="s")
