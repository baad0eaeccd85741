"""Which charts audit.html has, drawn from the document of an audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reports import fairness_impact as i
from reports import fairness_people as p
from reports import fairness_scores as s
from reports.charts_base import Mark, Series, Words
from reports.charts_detail import (
    Bands,
    Point,
    Shift,
    dif_chart,
    drift_chart,
    pareto_chart,
)
from reports.charts_rates import distribution_chart, funnel_chart, impact_chart, sweep_chart
from reports.fairness_documents import AuditDocument
from reports.fairness_fields import group_name
from reports.fairness_figures import EstimateEntry, IntervalEntry, ProportionEntry

MOST_GROUPS = 40
"""Groups in one chart; tables and CSV files have the others."""
MOST_PARTS = 30
"""Tables of one kind, and parts of any other section, that the page shows."""
MOST_LINES = 8
"""Lines in one chart; more cannot be told apart."""

RATE_WORDS = {
    "selection": "Selection rate (% of those decided on)",
    "scoring": "Scoring rate (% above the median)",
    "stage": "Pass rate of the stage (%)",
    "class": "Rate of the class (%)",
}
_BANDS = {
    "dichotomous": Bands(1.0, 1.5, ("A", "B", "C")),
    "polytomous": Bands(0.17, 0.25, ("AA", "BB", "CC")),
}
_DIF_TONES = {"A": "soft", "B": "g4", "C": "g1"}
_DIF_AXES = {
    "dichotomous": "Delta (ETS scale); below zero: harder for the group",
    "polytomous": "Standardized mean difference (SD); below zero: lower scores for the group",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """An SVG, and the path of the part of audit.json that it shows."""

    path: str
    title: str
    svg: str


def all_charts(document: AuditDocument) -> dict[str, list[Drawn]]:
    """Charts by the path of the section that they belong to, for example `tables.0`."""
    cuts = {(tuple(x.features), x.score): x.current_cut for x in document.sweeps}
    made: list[Drawn] = []
    for n in shown_tables(document):
        made += _impact(f"tables.{n}", document.tables[n])
    for n, sweep in enumerate(document.sweeps[:MOST_PARTS]):
        made += _sweep(f"sweeps.{n}", sweep)
    for n, spread in enumerate(document.distributions[:MOST_PARTS]):
        made += _distribution(f"distributions.{n}", spread, cuts)
    for n, funnel in enumerate(document.funnels[:MOST_PARTS]):
        made += _funnel(f"funnels.{n}", funnel)
    for n, drift in enumerate(document.drift[:MOST_PARTS]):
        made += _drift(f"drift.{n}", drift)
    for n, dif in enumerate(document.dif[:MOST_PARTS]):
        made += _dif(f"dif.{n}", dif)
    for n, searched in enumerate(document.alternatives[:MOST_PARTS]):
        made += _alternatives(f"alternatives.{n}", searched)
    return _by_path(made)


def kind_of(basis: str, features: Sequence[str]) -> str:
    """A table's kind: of a `stage`, of several features (`crossed`), or `plain`."""
    if basis.startswith("stage:"):
        return "stage"
    return "crossed" if len(features) > 1 else "plain"


def shown_tables(document: AuditDocument) -> list[int]:
    """Positions of the impact tables that the page shows: the first of each kind."""
    seen: Counter[str] = Counter()
    shown = []
    for n, table in enumerate(document.tables):
        kind = kind_of(table.basis, table.features)
        seen[kind] += 1
        if seen[kind] <= MOST_PARTS:
            shown.append(n)
    return shown


def _by_path(made: Iterable[Drawn]) -> dict[str, list[Drawn]]:
    found: dict[str, list[Drawn]] = {}
    for drawn in made:
        found.setdefault(drawn.path, []).append(drawn)
    return found


def _key(path: str, suffix: str = "") -> str:
    return f"graph-{path.replace('.', '-')}{suffix}"


def _features(names: Sequence[str]) -> str:
    return " and ".join(names)


def _ends(interval: IntervalEntry | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else (interval.low, interval.high)


def _mark(entry: EstimateEntry | ProportionEntry, tone: str = "mark") -> Mark:
    return Mark(entry.value, *_ends(entry.interval), tone)


def _impact(path: str, table: i.ImpactTableEntry) -> Iterator[Drawn]:
    rows = [row for row in table.rows if row.rate.value is not None][:MOST_GROUPS]
    if not rows:
        return
    tones = [_standing_tone(row) for row in rows]
    title = f"Rates and impact ratios. {table.title}"
    words = Words(
        _key(path),
        title,
        "Left: rate of each group with its interval. Right: impact ratio of each group against the "
        "reference with its interval, and a line at four fifths. The table below has the numbers.",
        RATE_WORDS.get(table.basis.partition(":")[0], "Rate (%)"),
    )
    labels = [
        f"{group_name(row.group)}{' (reference)' if row.standing == 'reference' else ''}"
        for row in rows
    ]
    rates = [_mark(row.rate, tone) for row, tone in zip(rows, tones, strict=True)]
    ratios = [
        _mark(row.comparison.ratio, tone) if row.comparison else None
        for row, tone in zip(rows, tones, strict=True)
    ]
    yield Drawn(path, title, impact_chart(labels, rates, ratios, words))


def _standing_tone(row: i.ImpactRowEntry) -> str:
    return row.finding or ("reference" if row.standing == "reference" else "soft")


def _sweep(path: str, sweep: s.SweepEntry) -> Iterator[Drawn]:
    groups = [g for g in sweep.groups if any(v is not None for v in g.ratio)][:MOST_LINES]
    cuts = [cut for cut in sweep.cuts if cut is not None]
    if not groups or len(cuts) != len(sweep.cuts) or len(cuts) < 2:
        return
    side = "at or above" if sweep.higher_is_better else "at or below"
    title = f"Impact ratio at every cut of {sweep.score}, by {_features(sweep.features)}"
    words = Words(
        _key(path),
        title,
        "One line per group: its impact ratio against the highest rate at that cut; a line at four "
        "fifths, and the cut in force where there is one.",
        f"Cut ({sweep.score}, points; selected {side} it)",
        "Impact ratio (no unit)",
    )
    lines = [Series(group_name(g.group), g.ratio, g.ratio_low, g.ratio_high) for g in groups]
    yield Drawn(path, title, sweep_chart(cuts, lines, sweep.current_cut, words))


def _distribution(
    path: str,
    spread: s.DistributionEntry,
    cuts: dict[tuple[tuple[str, ...], str], float | None],
) -> Iterator[Drawn]:
    edges = [edge for edge in spread.edges if edge is not None]
    groups = [g for g in spread.groups if g.persons][:MOST_LINES]
    if len(edges) < 2 or not groups:
        return
    title = f"Scores of {spread.score}, by {_features(spread.features)}"
    words = Words(
        _key(path),
        title,
        "One step line per group: the share of the group's persons in each bin of the score.",
        f"{spread.score} (points)",
        "Share of the group per bin (%)",
    )
    lines = [
        Series(group_name(g.group), [None if c is None else c / (g.persons or 1) for c in g.counts])
        for g in groups
    ]
    cut = cuts.get((tuple(spread.features), spread.score))
    yield Drawn(path, title, distribution_chart(edges, lines, cut, words))


def _funnel(path: str, funnel: s.FunnelEntry) -> Iterator[Drawn]:
    stages = [*funnel.stages, funnel.bottom_line]
    names = [group_name(rate.group) for rate in funnel.bottom_line.rates][:MOST_LINES]
    if not names:
        return
    title = f"Pass rate by stage, by {_features(funnel.features)}"
    words = Words(
        _key(path),
        title,
        "For each stage and for the bottom line: the pass rate of every group with its interval.",
        "Pass rate (% of those who entered)",
    )
    groups = [
        (name, [_mark(stage.rates[n].rate) for stage in stages]) for n, name in enumerate(names)
    ]
    yield Drawn(path, title, funnel_chart([stage.stage for stage in stages], groups, words))


def _drift(path: str, drift: s.DriftEntry) -> Iterator[Drawn]:
    names = list(dict.fromkeys(group_name(rate.group) for rate in drift.rates))[:MOST_LINES]
    if len(drift.periods) < 2 or not names:
        return
    at = {(rate.period, group_name(rate.group)): rate for rate in drift.rates}
    lines = [[at.get((period, name)) for period in drift.periods] for name in names]
    rates = [
        Series(
            name,
            [e.rate.value if e else None for e in line],
            [_ends(e.rate.interval)[0] if e else None for e in line],
            [_ends(e.rate.interval)[1] if e else None for e in line],
        )
        for name, line in zip(names, lines, strict=True)
    ]
    ratios = [
        Series(name, [e.ratio.value if e else None for e in line])
        for name, line in zip(names, lines, strict=True)
    ]
    title = f"Rates and impact ratios over time, by {_features(drift.features)}"
    words = Words(
        _key(path),
        title,
        "Above: rate of each group per period with its interval. Below: its impact ratio and a "
        "line at four fifths. Dotted upright lines: found changes.",
        "Period",
        "Selection rate (%)",
    )
    shifts = list(_shifts(drift, names))
    yield Drawn(
        path, title, drift_chart(drift.periods, rates, ratios=ratios, shifts=shifts, words=words)
    )


def _shifts(drift: s.DriftEntry, names: Sequence[str]) -> Iterator[Shift]:
    entries: list[s.GroupDriftEntry | s.DisparityDriftEntry] = [*drift.groups, *drift.disparities]
    for entry in entries:
        for change in entry.search.changes:
            if group_name(entry.group) in names:
                yield Shift(
                    names.index(group_name(entry.group)), drift.periods.index(change.period)
                )


def _dif(path: str, dif: p.DifEntry) -> Iterator[Drawn]:
    for kind, bands in _BANDS.items():
        items = [item for item in dif.items if item.kind == kind][:MOST_GROUPS]
        effects = [item.delta if kind == "dichotomous" else item.standardized for item in items]
        if not any(effect.value is not None for effect in effects):
            continue
        title = f"Questions: {group_name(dif.focal)} against {group_name(dif.reference)}"
        words = Words(
            _key(path, f"-{kind}"),
            title,
            "For each question the difference between persons of the two groups with the same "
            "matching score, with its interval, on bands of size.",
            _DIF_AXES[kind],
        )
        marks = [
            _mark(effect, _DIF_TONES.get((item.ets_class or "A")[0], "soft"))
            for item, effect in zip(items, effects, strict=True)
        ]
        yield Drawn(path, title, dif_chart([item.item for item in items], marks, bands, words))


OBJECTIVES = {
    "decision_validity": "Correlation with later performance",
    "score_validity": "Validity of the score (AUC or r)",
    "utility": "Mean later performance gained by selecting (points)",
}


def _alternatives(path: str, searched: p.AlternativesEntry) -> Iterator[Drawn]:
    front = set(searched.front_same_share)
    points = [
        point
        for candidate in (*searched.candidates, searched.baseline)
        if candidate.same_share
        and (point := _point(candidate, searched.objective, front)) is not None
    ]
    if len(points) < 2:
        return
    title = f"Alternatives to {searched.score}, by {_features(searched.features)}"
    words = Words(
        _key(path),
        title,
        "Each mark is one way of selecting today’s share, measured on the half of the persons "
        "that was not searched: its worst impact ratio, and how well it agrees with later "
        "performance.",
        "Worst impact ratio (no unit), further right: less disparity",
        OBJECTIVES.get(searched.objective, searched.objective),
    )
    yield Drawn(path, title, pareto_chart(points, words))


def _point(candidate: p.CandidateEntry, objective: str, front: set[int]) -> Point | None:
    found = getattr(candidate.held_out, objective, None)
    ratio = candidate.held_out.worst_ratio.value
    if not isinstance(found, EstimateEntry) or found.value is None or ratio is None:
        return None
    return Point(ratio, found.value, candidate.kind.replace("_", " "), _place(candidate, front))


def _place(candidate: p.CandidateEntry, front: set[int]) -> str:
    if candidate.kind == "today":
        return "today"
    if candidate.less_adverse:
        return "less_adverse"
    return "front" if candidate.number in front else "other"
