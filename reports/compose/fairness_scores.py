"""Scores by group, other cuts, stages, and change over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from reports.compose.fairness_order import distance
from reports.compose.fairness_sheet import (
    MOST_LINES,
    MOST_PARTS,
    MOST_ROWS,
    Col,
    Json,
    Place,
    Sheet,
    chi_square,
    each,
    estimate,
    joined,
    share_of,
)
from reports.compose.fairness_tables import block, is_stage
from reports.document import model as m
from reports.document.draft import at

_MOST_CUTS = 40
"""Cuts in a chart; the audit has all."""
_MOST_RANGES = 6
_MOST_GAPS = 12

_LABEL = Col("label", None, made=lambda row: " × ".join(row["group"]), shown=False)


def scores(sheet: Sheet) -> None:
    """How scores are distributed, how far apart groups are, and what other cuts would do."""
    sheet.heading("scores", "scores.title")
    parts = ("distributions", "distances", "sweeps")
    if not any(sheet.audit[part] for part in parts):
        sheet.text(sheet.say("scores.none"))
    for n in sheet.order.parts("distributions", MOST_PARTS):
        _distribution(sheet, n)
    for n in sheet.order.parts("distances", MOST_PARTS):
        _distances(sheet, n)
    for n in sheet.order.parts("sweeps", MOST_PARTS):
        _sweep(sheet, n)
    sheet.more("scores", "distributions", MOST_PARTS)


def _named(sheet: Sheet, part: str, n: int, key: str) -> None:
    sheet.heading(
        f"{part}-{n}",
        key,
        level=3,
        score=at(f"/audit/{part}/{n}/score"),
        features=at(f"/audit/{part}/{n}/features", "names"),
    )


def _share(row: Json) -> float | None:
    return row["count"] / row["persons"] if row["persons"] and row["count"] is not None else None


_BINS = (
    Col("group", "/group", "names"),
    _LABEL,
    Col("persons", "/persons", "integer"),
    Col("from", "../../edges/{n}", "figures"),
    Col("count", "/counts/{n}", "integer"),
    Col("share", None, "percent", "share_bin", made=_share),
)


def _distribution(sheet: Sheet, n: int) -> None:
    spread = sheet.audit["distributions"][n]
    where = f"/audit/distributions/{n}"
    groups = [g for g in each(sheet, f"{where}/groups") if spread["groups"][g.n]["persons"]]
    bins = len(spread["edges"]) - 1
    if bins < 1 or not groups:
        return
    _named(sheet, "distributions", n, "scores.distribution")
    places = [Place(g.at, k) for g in groups[:MOST_LINES] for k in range(bins)]
    name = f"distribution-{n}-chart"
    sheet.draft.add(
        m.Chart(
            id=name,
            kind="steps",
            title=_over(sheet, "distribution", n),
            caption=sheet.say("chart.distribution.caption"),
            rows=sheet.rows(name, places, _BINS),
            x=sheet.column(Col("from", None, "figures")),
            value=sheet.column(Col("share", None, "percent", "share_bin")),
            series=sheet.column(Col("label", None, "text", "group")),
            lines=_cut(sheet, spread),
            share=True,
        )
    )


def _over(sheet: Sheet, kind: str, n: int) -> m.Inline:
    part = {"distribution": "distributions", "sweep": "sweeps"}[kind]
    return sheet.say(
        f"chart.{kind}.title",
        score=at(f"/audit/{part}/{n}/score"),
        features=at(f"/audit/{part}/{n}/features", "names"),
    )


def _cut(sheet: Sheet, spread: Mapping[str, Any]) -> tuple[m.Line, ...]:
    """A line at the cut in force, where a sweep of the same score knows it."""
    for n, sweep in enumerate(sheet.audit["sweeps"]):
        same = (sweep["score"], sweep["features"]) == (spread["score"], spread["features"])
        if same and sweep["current_cut"] is not None:
            label = sheet.say("chart.cut")
            return (m.Line(at=f"/audit/sweeps/{n}/current_cut", label=label, axis="x"),)
    return ()


_GROUPS = (
    Col("group", "/group", "names"),
    Col("persons", "/persons", "integer"),
    *estimate("mean", "/mean", "figures"),
    Col("deviation", "/sd", "figures"),
)
_QUANTILES = (
    Col("group", "/group", "names"),
    *(
        Col(f"q{p}", f"/quantiles/{k}/value", "figures", f"quantile_{name}")
        for k, (p, name) in enumerate(
            ((10, "tenth"), (25, "quarter"), (50, "half"), (75, "upper_quarter"), (90, "top_tenth"))
        )
    ),
)
_DISTANCES = (
    Col("group", "/group", "names"),
    *estimate("mean_difference", "/mean_difference", "signed"),
    *estimate("d", "/cohens_d", "signed"),
    *estimate("superiority", "/superiority", "percent"),
    Col("holm", "/rank_adjusted_p", "p"),
)
_SHAPES = (
    Col("group", "/group", "names"),
    Col("ks", "/ks/value", "decimals"),
    Col("wasserstein", "/wasserstein/value", "figures"),
    Col("overlap", "/overlap/value", "percent"),
)


def _distances(sheet: Sheet, n: int) -> None:
    where = f"/audit/distances/{n}"
    _named(sheet, "distances", n, "scores.distances")
    groups = each(sheet, f"{where}/groups")
    sheet.table(f"distances-{n}-groups", sheet.say("scores.groups"), groups, _GROUPS)
    sheet.table(f"distances-{n}-quantiles", sheet.say("scores.quantiles"), groups, _QUANTILES)
    apart = each(sheet, f"{where}/distances")
    if apart:
        title = sheet.say("scores.apart", reference=at(f"{where}/reference", "names"))
        sheet.table(f"distances-{n}-apart", title, apart, _DISTANCES)
        sheet.table(f"distances-{n}-shapes", sheet.say("scores.shapes"), apart, _SHAPES)
    sheet.notes(f"{where}/notes")


_AT_CUT = (
    Col("cut", "../../cuts/{n}", "figures"),
    Col("group", "/group", "names"),
    _LABEL,
    Col("ratio", "/ratio/{n}", "ratio"),
    Col("rate", "/rate/{n}", "percent"),
)


def _sweep(sheet: Sheet, n: int) -> None:
    sweep = sheet.audit["sweeps"][n]
    where = f"/audit/sweeps/{n}"
    cuts = sweep["cuts"]
    rated = [
        g
        for g in each(sheet, f"{where}/groups")
        if any(v is not None for v in sweep["groups"][g.n]["ratio"])
    ]
    if len(cuts) < 2 or not rated:
        return
    _named(sheet, "sweeps", n, "scores.sweep")
    sheet.text(*_cuts_said(sheet, n))
    lines = _lowest(sweep, rated)
    places = [Place(g.at, k) for g in lines for k in some_cuts(cuts, sweep["current_cut"])]
    name = f"sweep-{n}-chart"
    columns = {c.name: c for c in _AT_CUT}
    sheet.shown.setdefault("four_fifths", 0.8)
    sheet.draft.add(
        m.Chart(
            id=name,
            kind="lines",
            title=_over(sheet, "sweep", n),
            caption=sheet.say("chart.sweep.caption"),
            rows=sheet.rows(name, places, _AT_CUT),
            x=sheet.column(columns["cut"]),
            value=sheet.column(columns["ratio"]),
            series=sheet.column(Col("label", None, "text", "group")),
            lines=(
                m.Line(at="/shown/four_fifths", label=sheet.say("chart.four_fifths")),
                *_cut(sheet, sweep),
            ),
        )
    )
    sheet.notes(f"{where}/notes")


def _lowest(sweep: Mapping[str, Any], rated: Sequence[Place]) -> list[Place]:
    """The groups to draw: of many those whose ratio falls lowest, in the audit's order."""

    def least(place: Place) -> float:
        return float(min(v for v in sweep["groups"][place.n]["ratio"] if v is not None))

    return sorted(sorted(rated, key=least)[:MOST_LINES], key=lambda place: place.n)


def some_cuts(cuts: Sequence[float], current: float | None) -> list[int]:
    """Positions of evenly spaced cuts, the last, and the one next to the cut in force."""
    step = max(1, -(-len(cuts) // _MOST_CUTS))
    chosen = {*range(0, len(cuts), step), len(cuts) - 1}
    if current is not None:
        chosen.add(min(range(len(cuts)), key=lambda n: abs(cuts[n] - current)))
    return sorted(chosen)


def _cuts_said(sheet: Sheet, n: int) -> list[m.Inline]:
    sweep = sheet.audit["sweeps"][n]
    said = []
    if sweep["current_cut"] is not None:
        cut = at(f"/audit/sweeps/{n}/current_cut", "figures")
        said.append(sheet.say("scores.current", cut=cut))
    if not sweep["kept"]:
        return [*said, sheet.say("scores.never_kept")]
    ranges = [
        _kept(sheet, f"/audit/sweeps/{n}/kept/{k}")
        for k, _ in islice(enumerate(sweep["kept"]), _MOST_RANGES)
    ]
    more = [sheet.say("scores.kept_more")] if len(sweep["kept"]) > _MOST_RANGES else []
    listed = joined([*ranges, *more], "; ")
    return [*said, sheet.say("scores.kept", ranges=listed)]


def _kept(sheet: Sheet, where: str) -> m.Inline:
    if sheet.held(where)["cuts"] == 1:
        low, share = at(f"{where}/low", "figures"), at(f"{where}/share_at_low", "percent")
        return sheet.say("scores.kept_one", low=low, share=share)
    return sheet.say(
        "scores.kept_range",
        low=at(f"{where}/low", "figures"),
        high=at(f"{where}/high", "figures"),
        share_low=at(f"{where}/share_at_low", "percent"),
        share_high=at(f"{where}/share_at_high", "percent"),
    )


_PASSED = (
    Col("stage", "../../stage"),
    Col("group", "/group", "names"),
    _LABEL,
    *share_of("rate", "/rate", "passed", "entered"),
    *estimate("ratio", "/ratio"),
)
_STEPS = (
    Col("group", "../../group", "names"),
    Col("reference", "../../reference", "names"),
    Col("step", "/step"),
    Col("kind", "/kind", "word:fairness_step"),
    *estimate("log_ratio", "/log_ratio", "signed"),
    Col("share", "/share", "percent", "share_gap"),
)


def funnel(sheet: Sheet) -> None:
    """Stage by stage, and where each gap arises."""
    sheet.heading("funnel", "funnel.title")
    shown = sheet.order.parts("funnels", MOST_PARTS)
    if not shown:
        sheet.text(sheet.say("funnel.none"))
    for n in shown:
        _funnel(sheet, n)
    tables = sheet.order.tables(is_stage, MOST_PARTS)
    for n in tables:
        block(sheet, n)
    sheet.more("funnel", "funnels", MOST_PARTS)


def _funnel(sheet: Sheet, n: int) -> None:
    entry = sheet.audit["funnels"][n]
    where = f"/audit/funnels/{n}"
    features = {"features": at(f"{where}/features", "names")}
    sheet.heading(f"funnel-{n}", "funnel.one", level=3, **features)
    below = "below" if entry["bottom_line_below"] else "not_below"
    parts = "funnel.components" if entry["components"] else "funnel.no_components"
    stages = {"stages": at(f"{where}/components", "list")} if entry["components"] else {}
    sheet.text(sheet.say(f"funnel.{below}"), sheet.say(parts, **stages))
    spots = [*each(sheet, f"{where}/stages"), Place(f"{where}/bottom_line")]
    passed = [rate for spot in spots for rate in each(sheet, f"{spot.at}/rates")]
    drawn = [p for p in passed if sheet.held(p.at)["rate"]["value"] is not None]
    if drawn:
        _stage_chart(sheet, n, drawn)
    sheet.table(f"funnel-{n}-rates", sheet.say("funnel.rates", **features), passed, _PASSED, head=2)
    gaps = [
        s
        for g in each(sheet, f"{where}/gaps", limit=_MOST_GAPS)
        for s in each(sheet, f"{g.at}/steps")
    ]
    if gaps:
        sheet.table(f"funnel-{n}-gaps", sheet.say("funnel.gaps", **features), gaps, _STEPS, head=3)
    sheet.notes(f"{where}/notes")


def _stage_chart(sheet: Sheet, n: int, places: list[Place]) -> None:
    groups: dict[str, None] = {}
    for place in places:
        groups.setdefault(" × ".join(sheet.held(place.at)["group"]))
    kept = set(islice(groups, MOST_LINES))
    drawn = [p for p in places if " × ".join(sheet.held(p.at)["group"]) in kept]
    name = f"funnel-{n}-chart"
    sheet.draft.add(
        m.Chart(
            id=name,
            kind="bars",
            title=sheet.say(
                "chart.funnel.title", features=at(f"/audit/funnels/{n}/features", "names")
            ),
            caption=sheet.say("chart.funnel.caption"),
            rows=sheet.rows(name, drawn, _PASSED),
            label=sheet.column(Col("stage", None)),
            value=sheet.column(Col("rate", None, "percent")),
            series=sheet.column(Col("label", None, "text", "group")),
            share=True,
        )
    )


_PERIODS = (
    Col("period", "/period"),
    Col("group", "/group", "names"),
    _LABEL,
    *estimate("rate", "/rate", "percent"),
    *estimate("ratio", "/ratio"),
    Col("below", "/below_four_fifths", "yes_no"),
    Col("assessed", "/rate/of", "integer"),
    Col("few", "/small", "yes_no"),
)
_OVER_TIME = (
    Col("group", "/group", "names"),
    *chi_square("constant", "/constant", "one_level"),
    *estimate("trend", "/trend/slope", "signed"),
    Col("trend_p", "/trend/p_value", "p", "p"),
    Col("change_p", "/search/adjusted_p", "p", "change"),
)
_APART = (
    Col("group", "/group", "names"),
    Col("reference", "/reference", "names"),
    *chi_square("woolf", "/woolf", "one_level"),
    *estimate("trend", "/trend/slope", "signed"),
    Col("trend_p", "/trend/p_value", "p", "p"),
    Col("change_p", "/search/adjusted_p", "p", "change"),
)
_CHANGES = (
    Col("group", "../../../group", "names"),
    Col("period", "/period", "text", "changed"),
    Col("before", "/before", "ratio"),
    Col("after", "/after", "ratio"),
    Col("p", "/p_value", "p"),
)


def drift(sheet: Sheet) -> None:
    """Rates and ratios by period, and what changed."""
    sheet.heading("drift", "drift.title")
    shown = sheet.order.parts("drift", MOST_PARTS)
    if not shown:
        sheet.text(sheet.say("drift.none"))
    for n in shown:
        _drift(sheet, n)
    sheet.more("drift", "drift", MOST_PARTS)


def _drift(sheet: Sheet, n: int) -> None:
    where = f"/audit/drift/{n}"
    features = {"features": at(f"{where}/features", "names")}
    sheet.heading(f"drift-{n}", "drift.one", level=3, **features)
    places = each(sheet, f"{where}/rates")
    if len(sheet.audit["drift"][n]["periods"]) > 1 and places:
        _period_chart(sheet, n, places)
    sheet.table(
        f"drift-{n}-groups", sheet.say("drift.groups"), each(sheet, f"{where}/groups"), _OVER_TIME
    )
    apart = each(sheet, f"{where}/disparities")
    if apart:
        sheet.table(f"drift-{n}-odds", sheet.say("drift.odds"), apart, _APART, head=2)
    for part, key in (("groups", "drift.rate_changes"), ("disparities", "drift.odds_changes")):
        found = [
            c for g in each(sheet, f"{where}/{part}") for c in each(sheet, f"{g.at}/search/changes")
        ]
        if found:
            sheet.table(f"drift-{n}-{part}-changes", sheet.say(key), found, _CHANGES)
    sheet.table(f"drift-{n}-rates", sheet.say("drift.rates"), places, _PERIODS, head=2)
    sheet.notes(f"{where}/notes")


def _period_chart(sheet: Sheet, n: int, places: list[Place]) -> None:
    rates = sheet.audit["drift"][n]["rates"]
    found = {(f["part"], tuple(f["group"])): distance(f) for f in sheet.audit["findings"]}
    names = list(dict.fromkeys(tuple(r["group"]) for r in rates))
    kept = set(sorted(names, key=lambda g: found.get(("tables", g), 1.0))[:MOST_LINES])
    drawn = [p for p in places if tuple(rates[p.n]["group"]) in kept]
    name = f"drift-{n}-chart"
    ends = {
        end: m.Column(title=sheet.say(f"column.{end}"), at=f"/rate_interval/{k}", show="percent")
        for k, end in enumerate(("low", "high"))
    }
    sheet.draft.add(
        m.Chart(
            id=name,
            kind="lines",
            title=sheet.say(
                "chart.drift.title", features=at(f"/audit/drift/{n}/features", "names")
            ),
            caption=sheet.say("chart.drift.caption"),
            rows=sheet.rows(name, drawn[: MOST_ROWS * MOST_LINES], _PERIODS),
            x=sheet.column(Col("period", None)),
            value=sheet.column(Col("rate", None, "percent")),
            series=sheet.column(Col("label", None, "text", "group")),
            share=True,
            **ends,
        )
    )
