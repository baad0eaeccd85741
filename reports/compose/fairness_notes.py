"""What an audit could not compute, how it computed the rest, and with what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from reports.compose.fairness_sheet import Col, Place, Sheet
from reports.document import model as m
from reports.document.draft import Ref, at
from reports.document.pointers import join
from reports.fairness_methods import METHODS

_PARTS = (
    *("tables", "conditional", "accuracy", "calibration", "distances", "sweeps", "funnels"),
    *("drift", "intersections", "dif", "logistic_dif", "validity", "validity_gain", "structure"),
    *("agreement", "severity", "events", "settings_compared", "alternatives"),
)
_REMARK = (
    Col("part", None, "word:fairness_part", made=lambda row: row["at"].split("/")[2]),
    Col("note", "/text"),
)


def missing(sheet: Sheet) -> None:
    """Notes by part of the audit, the first of each kind."""
    sheet.heading("missing", "missing.title")
    places = [Place(f"/audit/notes/{n}") for n, _ in enumerate(sheet.audit["notes"])]
    for part in _PARTS:
        seen: set[str] = set()
        for pointer, code in _notes(sheet.audit[part], f"/audit/{part}"):
            if code not in seen:
                seen.add(code)
                places.append(Place(pointer))
    sheet.table("notes", sheet.say("missing.notes"), places, _REMARK)
    sheet.text(sheet.say("missing.dash"))


def _notes(held: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Notes anywhere in a part: a pointer and the code of each."""
    if isinstance(held, dict):
        for name, inner in held.items():
            if name == "notes":
                yield from ((join(pointer, name, n), x["code"]) for n, x in enumerate(inner))
            else:
                yield from _notes(inner, join(pointer, name))
    elif isinstance(held, list) and held and isinstance(held[0], dict):
        for n, inner in enumerate(held):
            yield from _notes(inner, join(pointer, n))


def methods(sheet: Sheet) -> None:
    """Each measure's formula and its source."""
    sheet.heading("methods", "methods.title")
    sheet.shown["methods"] = [asdict(method) for method in METHODS]
    sheet.draft.add(
        m.Table(
            id="methods-table",
            title=sheet.say("methods.table"),
            rows="/shown/methods",
            columns=tuple(
                m.Column(title=sheet.say(f"column.{title}"), at=f"/{name}", show="text")
                for name, title in (
                    ("name", "method"),
                    ("formula", "formula"),
                    ("source", "source"),
                )
            ),
        )
    )


def software(sheet: Sheet) -> None:
    """Settings, versions, hashes, and what the columns were taken to mean."""
    sheet.heading("software", "software.title")
    settings = "/audit/settings"
    refs: list[tuple[str, Ref]] = [
        ("software.level", at(f"{settings}/level", "decimals:2")),
        ("software.alpha", at(f"{settings}/alpha", "decimals:2")),
        ("software.replicates", at(f"{settings}/replicates", "integer")),
        ("software.seed", at(f"{settings}/seed")),
        ("software.median_over", at(f"{settings}/median_over", "word:fairness_median")),
        ("software.kind", at("/audit/data/kind")),
    ]
    said = [sheet.say(key, value=ref) for key, ref in refs]
    for key, pointer, way in (
        ("software.exclude", f"{settings}/exclude_under_share", "percent"),
        ("software.why_excluded", f"{settings}/exclude_justification", "text"),
        ("software.suppress", f"{settings}/suppress_below", "integer"),
        ("software.packs", f"{settings}/rule_packs", "list"),
    ):
        if sheet.held(pointer):
            said.append(sheet.say(key, value=at(pointer, way)))
    sheet.draft.add(m.Points(items=tuple(said)))
    hashes = [sheet.say("software.spec", sha=at("/audit/spec/sha256", "digest"))]
    if sheet.audit["data"]["sha256"]:
        hashes.insert(0, sheet.say("software.data", sha=at("/audit/data/sha256", "digest")))
    hashes.append(sheet.say("software.content", sha=at("/audit/run/content_sha256", "digest")))
    sheet.draft.add(m.Points(items=tuple(hashes)))
    _packages(sheet)
    sheet.text(sheet.say("software.columns"))


def _packages(sheet: Sheet) -> None:
    software = sheet.audit["software"]
    own = {"name": software["name"], "version": software["version"]}
    found = [{"name": name, "version": v} for name, v in sorted(software["packages"].items())]
    sheet.shown["packages"] = [own, *found]
    sheet.draft.add(
        m.Table(
            id="packages",
            title=sheet.say("software.packages"),
            rows="/shown/packages",
            columns=(
                m.Column(title=sheet.say("column.package"), at="/name", show="text"),
                m.Column(title=sheet.say("column.version"), at="/version", show="text"),
            ),
        )
    )
