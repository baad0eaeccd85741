"""The full fairness audit as a document: everything that a person needs of one AuditDocument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.compose import fairness_findings, fairness_notes, fairness_people, fairness_scores
from reports.compose import fairness_tables as tables
from reports.compose.fairness_order import Order
from reports.compose.fairness_sheet import Json, Sheet
from reports.document import model as m
from reports.document.draft import Draft, Issue, at

SECTIONS = (
    fairness_findings.answer,
    fairness_findings.findings,
    fairness_findings.audited,
    tables.impact,
    tables.intersections,
    tables.conditional,
    fairness_scores.scores,
    fairness_scores.funnel,
    fairness_scores.drift,
    fairness_people.questions,
    fairness_people.validity,
    fairness_people.interviews,
    fairness_people.loop,
    fairness_people.alternatives,
    fairness_notes.missing,
    tables.further,
    fairness_notes.methods,
    fairness_notes.software,
)
"""What each part of the document writes, in order."""


def compose(audit: Mapping[str, Any], issue: Issue, language: m.Language = "en") -> m.Document:
    """The document of one audit.

    `audit`: audit.json as plain values (`reports.fairness_documents.AuditDocument`). It stands
    whole under `/audit`; what small cells it leaves out is nowhere in the document.
    """
    shown: Json = {}
    draft = Draft("fairness_audit", {"audit": audit, "shown": shown}, language)
    sheet = Sheet(draft, audit, Order.of(audit), shown)
    for section in SECTIONS:
        section(sheet)
    name = "/audit/spec/title" if audit["spec"]["title"] else "/audit/data/label"
    return draft.finish(
        "fairness.title",
        issue,
        name=at(name),
        persons=at("/audit/data/persons", "integer"),
        label=at("/audit/data/label"),
        made=at("/audit/run/made_at", "date"),
    )


def issue_of(audit: Mapping[str, Any], publisher: str = "") -> Issue:
    """The issue of an audit's own document: its name and time are the audit's."""
    content = str(audit["run"]["content_sha256"])
    return Issue(
        id=f"audit-{content[:16]}",
        issued_at=str(audit["run"]["made_at"]),
        publisher=publisher,
        sources=(m.Source(name="audit", sha256=content),),
    )
