"""report.html: everything in report.json that a person needs, on one page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audit.result import CheckResult
from reports import documents as d
from reports.check_json import check_document, read_document
from reports.exhibits import exhibits, overview, wanted_thumbnails
from reports.pages import page
from reports.timeline import timeline
from reports.words import title

__all__ = ["render_check", "render_document", "wanted_thumbnails"]


PERCEPTION = "Finding faces and speech"
"""How the table of models calls what is done once for all signals."""


@dataclass(frozen=True, slots=True)
class WeightRow:
    """A weight and what used it, for people."""

    weight: d.WeightEntry
    used_by: tuple[str, ...]


def render_check(result: CheckResult, thumbnails: Mapping[float, bytes]) -> str:
    """The page of one check.

    `thumbnails` maps the times that `wanted_thumbnails` asked for, seconds, to JPEG bytes; frames
    that could not be had are simply left out.
    """
    return render_document(read_document(check_document(result)), thumbnails)


def render_document(document: d.CheckDocument, thumbnails: Mapping[float, bytes]) -> str:
    """The page of a document: every figure in it is one of the document's."""
    evidence = exhibits(document, thumbnails)
    frames = () if any(e.thumbnails for e in evidence) else overview(document, thumbnails)
    return page(
        "check.html",
        doc=document,
        evidence=evidence,
        timeline=timeline(document, evidence, frames),
        signals={s.name: s for s in document.signals},
        inconclusive=[s for s in document.signals if s.status == "inconclusive"],
        weights=weights(document.signals, document.perception_weights),
        not_covered=_not_covered(document.findings),
    )


def weights(
    signals: Iterable[d.SignalEntry], perception: Iterable[d.WeightEntry] = ()
) -> list[WeightRow]:
    """Each weight once, in order of first use."""
    uses = [(PERCEPTION, weight) for weight in perception]
    uses += [(title(s.name), weight) for s in signals for weight in s.model.weights]
    rows = {weight.sha256: weight for _, weight in uses}
    return [
        WeightRow(row, tuple(dict.fromkeys(user for user, w in uses if w.sha256 == sha256)))
        for sha256, row in rows.items()
    ]


def _not_covered(findings: d.Findings) -> list[str]:
    four = (findings.authenticity, findings.presence, findings.identity, findings.assistance)
    return list(dict.fromkeys(text for finding in four for text in finding.not_covered))
