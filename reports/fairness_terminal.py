"""What a fairness audit says on a terminal."""

from __future__ import annotations

from collections import Counter

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports.fairness_csv import group_name
from reports.fairness_documents import AuditDocument, FindingEntry
from reports.fairness_published import PublishedDocument

CLASSES = {
    "adverse": ("beyond 4/5, significant", "bold yellow"),
    "significant_above_four_fifths": ("within 4/5, significant", "yellow"),
    "small_numbers": ("beyond 4/5, small numbers", "yellow"),
    "undetectable": ("undetectable with this sample", "dim"),
    "no_indication": ("no indication", "cyan"),
}
"""Words and style of each class, in the order of the summary."""
_LISTED = ("adverse", "significant_above_four_fifths")
_MOST = 25
"""Findings listed; the report has all."""


def audit_summary(document: AuditDocument) -> Group:
    """Significant findings, how many of each class, and what could not be computed."""
    data = document.data
    parts: list[RenderableType] = [
        Text(
            f"{data.label}: {data.persons} persons, {data.decided} decided, "
            f"{data.selected} selected"
        )
    ]
    listed = [f for name in _LISTED for f in document.findings if f.finding == name]
    if listed:
        parts.append(_findings(listed[:_MOST]))
    if len(listed) > _MOST:
        parts.append(Text(f"and {len(listed) - _MOST} more in the report", style="dim"))
    counts = Counter(str(f.finding) for f in document.findings)
    words = [f"{counts[name]} {text}" for name, (text, _) in CLASSES.items() if counts[name]]
    parts.append(Text(f"Comparisons: {'; '.join(words) or 'none'}."))
    parts += [Text(f"- {note.text}", style="dim") for note in document.notes]
    parts.append(Text("These are counts and tests, not a legal conclusion.", style="dim"))
    return Group(*parts)


def _findings(found: list[FindingEntry]) -> Table:
    table = Table("Measure", "Group", "against", title="Findings", title_justify="left")
    table.add_column("Ratio", justify="right")
    table.add_column("p", justify="right")
    table.add_column("Class")
    for f in found:
        words, style = CLASSES[f.finding]
        table.add_row(
            Text(f.basis if f.score is None else f"scoring {f.score}"),
            Text(group_name(f.group)),
            Text(group_name(f.reference)),
            "–" if f.ratio.value is None else f"{f.ratio.value:.3f}",
            _p(f.p_value),
            Text(words, style=style),
        )
    return table


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "<.0001" if value < 0.0001 else f"{value:.4f}"


def published_summary(document: PublishedDocument) -> Group:
    """Every inconsistency, then what could not be checked."""
    parts: list[RenderableType] = [
        Text(
            f"{document.source}: the printed numbers recompute: {document.recomputes}", style="bold"
        )
    ]
    if document.inconsistencies:
        table = Table("Kind", "Table", "Category", "What does not fit")
        for x in document.inconsistencies:
            table.add_row(Text(x.kind), Text(x.table), Text(x.category), Text(x.text))
        parts.append(table)
    reasons = dict.fromkeys(note.text for note in document.not_checked)
    parts += [Text(f"- {reason}", style="dim") for reason in reasons]
    return Group(*parts)
