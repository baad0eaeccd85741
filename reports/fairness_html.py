"""audit.html: everything in audit.json that a person needs, on one page without script.

The page is filled from the document alone; `reports.fairness_fields` writes each figure with the
path of its field. Charts are in `reports.fairness_charts`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from markupsafe import Markup

from reports import fairness_fields as f
from reports.fairness_charts import MOST_PARTS, all_charts, kind_of, shown_tables
from reports.fairness_documents import AuditDocument
from reports.fairness_fields import Field
from reports.fairness_methods import METHODS
from reports.pages import page
from reports.words import plain

__all__ = ["render_audit"]

MOST_ROWS = 60
"""Rows of one table on the page; audit.json and the CSV files have all."""
MOST_FINDINGS = 200
"""Findings of one class on the page."""
MOST_CUTS = 24
"""Cuts in the table under a sweep."""
MOST_ALTERNATIVES = 12

SECTIONS = {
    "audited": "What was audited",
    "findings": "Findings",
    "tables": "Rates and ratios",
    "intersections": "Intersections",
    "conditional": "Equal circumstances",
    "scores": "Scores",
    "funnel": "Stages",
    "drift": "Over time",
    "questions": "Questions",
    "validity": "Validity",
    "interviews": "Interviews",
    "loop": "People in the loop",
    "alternatives": "Alternatives",
    "missing": "Not computed",
    "methods": "Methods",
    "software": "Software",
}
"""Parts of the page, in order: the name of the anchor and the words in the contents."""

CLASS_NAMES = {
    "adverse": "Adverse",
    "small_numbers": "Small numbers",
    "significant_above_four_fifths": "Significant above four fifths",
    "undetectable": "Undetectable with this sample",
    "no_indication": "No indication",
}
CLASS_MEANINGS = {
    "adverse": "The lower rate is below four fifths of the higher, the difference is statistically "
    "significant, and moving one selection would not turn it around.",
    "small_numbers": "The lower rate is below four fifths of the higher, but the difference is not "
    "significant, or moving one selection would turn it around.",
    "significant_above_four_fifths": "The rates are within four fifths of each other, yet their "
    "difference is statistically significant.",
    "undetectable": "Nothing was found, and these numbers are too small to find a ratio of four "
    "fifths with a chance of four in five. It counts neither way.",
    "no_indication": "Nothing was found, and these numbers would have shown a ratio of four fifths "
    "with a chance of at least four in five. It is no proof that all is well.",
}
QUIET = frozenset({"undetectable", "no_indication"})
"""Classes whose findings are folded in."""

STANDINGS = {"reference": "reference", "excluded": "excluded", "not_compared": "not compared"}
TESTS = {"pooled_z": "Z", "fisher": "Fisher", "mid_p": "mid-p"}
ACCURACY = {
    "selection_rate": "Selected",
    "base_rate": "Good performers",
    "true_positive_rate": "TPR",
    "false_positive_rate": "FPR",
    "false_negative_rate": "FNR",
    "positive_predictive_value": "PPV",
    "accuracy": "Accuracy",
}
"""Measures against later performance that the page shows."""

PARTS = {
    "notes": "The whole",
    "tables": "Rates and ratios",
    "conditional": "Equal circumstances",
    "accuracy": "Later performance",
    "calibration": "Later performance",
    "distances": "Scores",
    "sweeps": "Scores",
    "funnels": "Stages",
    "drift": "Over time",
    "intersections": "Intersections",
    "dif": "Questions",
    "logistic_dif": "Questions, by regression",
    "validity": "Validity",
    "validity_gain": "Validity",
    "structure": "Interviews",
    "agreement": "Interviewers",
    "severity": "Interviewers",
    "events": "People in the loop",
    "settings_compared": "People in the loop",
    "alternatives": "Alternatives",
}
"""What the parts of audit.json are called at the list of notes."""


class Bin(NamedTuple):
    """A bin of a histogram: its ends, and a count per group."""

    low: Field
    high: Field
    counts: list[Field]


class AtCut(NamedTuple):
    """One group at one cut."""

    ratio: Field
    low: Field
    high: Field
    rate: Field


class Remark(NamedTuple):
    """A note's text, and whether others of its kind stand elsewhere in the same part."""

    text: Field
    repeated: bool


class CutLine(NamedTuple):
    """All groups at one cut."""

    cut: Field
    groups: list[AtCut]


def render_audit(document: AuditDocument) -> str:
    """The page of an audit."""
    doc = Field(document.model_dump(mode="json"))
    charts = {
        path: [{"path": d.path, "title": d.title, "svg": Markup(d.svg)} for d in drawn]  # noqa: S704  our own
        for path, drawn in all_charts(document).items()
    }
    return page(
        "audit.html",
        sheets=("style.css", "audit.css"),
        doc=doc,
        charts=charts,
        sections=list(SECTIONS.items()),
        class_names=CLASS_NAMES,
        class_meanings=CLASS_MEANINGS,
        quiet_classes=QUIET,
        standing_names=STANDINGS,
        test_names=TESTS,
        methods=METHODS,
        most_rows=MOST_ROWS,
        most_parts=MOST_PARTS,
        most_findings=MOST_FINDINGS,
        tables_cut=len(shown_tables(document)) < len(document.tables),
        detailed=_detailed(document),
        nothing=f.NOTHING,
        accuracy_shown=list(ACCURACY),
        remarks_by_part=notes_by_part(doc),
        spec_text=json.dumps(doc.spec.fields.held, indent=2, ensure_ascii=False),
        findings_of=lambda name: findings_of(doc, name),
        tables_of=lambda kind: tables_of(doc, kind),
        **_writers(),
    )


def _writers() -> dict[str, object]:
    """What templates call to write and to choose."""
    return {
        "show": f.show,
        "estimate": f.estimate,
        "interval": f.interval,
        "proportion": f.proportion,
        "share": f.share,
        "tally": f.tally,
        "most": most,
        "anchor": anchor,
        "basis_words": basis_words,
        "counted_words": counted_words,
        "remarks": remarks,
        "bins": bins,
        "some_cuts": some_cuts,
        "stages": stages,
        "group_columns": group_columns,
        "quantile_names": quantile_names,
        "accuracy_columns": accuracy_columns,
        "everybody_and_groups": everybody_and_groups,
        "setting_name": plain,
        "parameters": parameters,
        "notable": notable,
    }


def _detailed(document: AuditDocument) -> set[str]:
    """Anchors of the tables that findings are from and that the page shows."""
    events = min(len(document.events), MOST_PARTS)
    anchors = {f"tables-{n}" for n in shown_tables(document)}
    return anchors | {f"events-{n}" for n in range(events)}


def most(entries: Field, limit: int = MOST_ROWS) -> list[Field]:
    """The first entries of a list."""
    return list(islice(entries, limit))


def anchor(entry: Field) -> str:
    """The id of a part on the page."""
    return entry.path.replace(".", "-")


def findings_of(doc: Field, name: str) -> list[Field]:
    """Findings of one class, in the order of the document."""
    found = [entry for entry in doc.findings if entry.finding.held == name]
    return found[:MOST_FINDINGS]


def tables_of(doc: Field, kind: str) -> list[Field]:
    """Impact tables of one kind that the page shows; see `reports.fairness_charts.kind_of`."""
    tables = [table for table in doc.tables if _kind(table) == kind]
    return tables[:MOST_PARTS]


def _kind(table: Field) -> str:
    return kind_of(table.basis.held, table.features.held)


def basis_words(finding: Field) -> str:
    """What a finding's rate is a rate of."""
    basis, _, name = finding.basis.held.partition(":")
    if basis == "scoring":
        return f"{finding.score.held or 'score'} above the median"
    words = {"stage": "passing {}", "class": "classed {}", "event": "{}"}
    return words.get(basis, "selection").format(plain(name))


def counted_words(table: Field) -> str:
    """What happened to those that a table counts as selected."""
    basis, _, name = table.basis.held.partition(":")
    if basis == "scoring":
        return "scored above the median"
    words = {"stage": f"passed {name}", "class": f"were classed {name}"}
    return words.get(basis, "were selected")


def remarks(cell: Field) -> list[str]:
    """What is special about a cell of an intersection."""
    words = {
        "is_reference": "reference",
        "hidden": "below four fifths though no level is",
        "beyond_marginals": "lower than predicted",
        "small": "few persons",
        "excluded": "sets no reference",
    }
    return [text for name, text in words.items() if cell[name]]


def bins(spread: Field) -> Iterator[Bin]:
    """The bins of a distribution."""
    edges = list(spread.edges)
    for n in range(len(edges) - 1):
        counts = [group.counts[n] for group in spread.groups if len(group.counts) > n]
        yield Bin(edges[n], edges[n + 1], counts)


def some_cuts(sweep: Field) -> Iterator[CutLine]:
    """Evenly spaced cuts of a sweep, and the one next to the cut in force."""
    cuts = sweep.cuts.held
    step = max(1, -(-len(cuts) // MOST_CUTS))
    chosen = {*range(0, len(cuts), step), len(cuts) - 1} if cuts else set()
    current = sweep.current_cut.held
    if cuts and current is not None:
        chosen.add(min(range(len(cuts)), key=lambda n: abs((cuts[n] or 0.0) - current)))
    for n in sorted(chosen):
        groups = [
            AtCut(g.ratio[n], g.ratio_low[n], g.ratio_high[n], g.rate[n]) for g in sweep.groups
        ]
        yield CutLine(sweep.cuts[n], groups)


def stages(funnel: Field) -> list[Field]:
    """The stages and the bottom line."""
    return [*funnel.stages, funnel.bottom_line]


def group_columns(entry: Field) -> list[str]:
    """Headings of columns with one group each; the mark makes them numeric."""
    return [f"#{f.group_name(group.group.held)}" for group in entry.groups]


def quantile_names(distances: Field) -> list[str]:
    """Headings of the quantiles that every group has."""
    first = next(iter(distances.groups), None)
    names = {
        10: "lowest tenth",
        25: "lower quarter",
        50: "Median",
        75: "upper quarter",
        90: "highest tenth",
    }
    quantiles = first.quantiles.held if first else []
    return [f"#{names.get(q['percent'], 'Quantile').capitalize()}" for q in quantiles]


def accuracy_columns(entry: Field) -> list[str]:
    """Headings of the measures that the groups have."""
    first = next(iter(entry.groups), None)
    return [f"#{name}" for key, name in ACCURACY.items() if first and key in first.measures.held]


def everybody_and_groups(entry: Field) -> list[Field]:
    """All persons as one group, then the groups."""
    return [entry.overall, *most(entry.groups)]


def parameters(candidate: Field) -> Markup:
    """How a way of selecting is made: its parameters, weights first."""
    parts = [
        Markup("{} {}").format(
            name, f.show(value, "text" if isinstance(value.held, str) else "number")
        )
        for name, value in candidate.parameters.named()
    ]
    return Markup(", ").join(parts)


def notable(searched: Field) -> list[Field]:
    """Ways of today's share, less adverse or on the front; the highest worst ratio first."""
    front = set(searched.front_same_share.held)
    chosen = [
        c
        for c in searched.candidates
        if c.same_share and (c.less_adverse or c.number.held in front) and c.kind.held != "today"
    ]
    chosen.sort(key=lambda c: -(c.held_out.worst_ratio.value.held or 0.0))
    return chosen[:MOST_ALTERNATIVES]


def notes_by_part(doc: Field) -> list[tuple[str, list[Remark]]]:
    """Notes of the document by the part that they stand in: the first of each kind.

    The other notes of that kind, with other numbers, are in audit.json.
    """
    found: dict[str, dict[str, Remark]] = {}
    for name, part in doc.named():
        if name not in PARTS:
            continue
        remarked = found.setdefault(PARTS[name], {})
        for note in _notes(part, inside=name == "notes"):
            code = note.path if name == "notes" else note.code.held
            first = remarked.setdefault(code, Remark(note.text, False))
            if first.text.held != note.text.held:
                remarked[code] = first._replace(repeated=True)
    return [(part, list(remarked.values())) for part, remarked in found.items() if remarked]


def _notes(part: Field, *, inside: bool) -> Iterator[Field]:
    """Notes anywhere in a part; `inside`: the part is itself a list of notes."""
    if inside:
        yield from part
    elif isinstance(part.held, Mapping):
        for name, inner in part.named():
            yield from _notes(inner, inside=name == "notes")
    elif isinstance(part.held, list) and part.held and isinstance(part.held[0], dict | list):
        for inner in part:
            yield from _notes(inner, inside=False)
