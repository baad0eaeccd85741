"""Facts of every kind for packs: an audit of made-up people, and examples made from the schemas."""

from __future__ import annotations

import functools
import json
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from audit.records.casework import RequestView, ReviewView
from audit.records.period import PeriodFacts, read_period
from audit.records.register import System
from reports.canonical import canonical
from reports.fairness_json import audit_document
from reports.fairness_people import AlternativesEntry
from reports.packs import Pack, Recorded, RuleField, packs
from tests.fairness import made_up

MADE = "2026-11-01T00:00:00Z"
ON = date(2026, 11, 22)
WORDS = {
    "mode": "ai_led",
    "decision_role": "substantially_assists",
    "jurisdiction": "US-NY-NYC",
    "finding": "no_indication",
    "format": "fairwitness-period/1",
    "artefact": "media",
}


@functools.cache
def _audit() -> bytes:
    whole = audit_document(made_up.whole(), MADE)
    asked = {
        value.at.split("/")[2] for p in packs().values() for f in p.fields for value in f.computed
    }
    kept = {n: v if n in asked or not isinstance(v, list) else [] for n, v in whole.items()}
    return canonical(kept)


def audit() -> dict[str, Any]:
    """An audit with all parts that a pack points into, but alternatives."""
    made: dict[str, Any] = json.loads(_audit())
    return made


@functools.cache
def _period() -> str:
    made = _example(PeriodFacts)
    counts = made["counts"]
    coverage = counts["notices"]["coverage"][0]
    rules = ("ll144.notice", "co.notice_pre_use")
    counts["notices"]["coverage"] = [{**coverage, "rule": rule} for rule in rules]
    for name in ("opt_out", "access", "correction", "appeal", "deletion"):
        counts["requests"][name] = counts["requests"]["any"]
    for name in ("media_analysis", "biometric_comparison"):
        counts["consents"][name] = counts["consents"]["any"]
    row = made["group_events"]["rows"][0]
    made["group_events"]["rows"] = [
        {**row, "kind": kind} for kind in ("opted_out", "review_favourable")
    ]
    read_period(made)
    return json.dumps(made)


def period() -> dict[str, Any]:
    """Facts of a period in which everything happened."""
    made: dict[str, Any] = json.loads(_period())
    return made


def full() -> dict[str, Any]:
    """Facts of every kind."""
    whole = audit()
    whole["alternatives"] = [_example(AlternativesEntry)]
    whole["data"]["axes"]["location"] = 2
    request, review = _example(RequestView), _example(ReviewView)
    return {
        "audit": whole,
        "period": period(),
        "system": _example(System),
        "request": {**request, "kind": "appeal"},
        "review": {**review, "outcome": "modified"},
    }


def value_for(field: RuleField) -> bool | int | str:
    """An answer that fits a field, and that does not stand against anything."""
    assert field.recorded is not None
    if isinstance(field.must_be, bool | str):
        return field.must_be
    kinds: dict[str, bool | int | str] = {
        "text": f"What was answered to {field.id}",
        "date": "2026-10-03",
        "number": 12,
        "yes_no": True,
    }
    if field.recorded.kind == "choice":
        return field.recorded.choices[0].code
    return kinds[field.recorded.kind]


def recorded(pack: Pack) -> dict[str, Recorded]:
    """Every field of the pack that a person can answer, answered."""
    return {
        field.id: Recorded(value=value_for(field), by="Renée Okafor", on=date(2026, 11, 3))
        for field in pack.fields
        if field.recorded
    }


def _example(kind: Any) -> Any:
    schema = _schema(kind)
    return _made(schema, schema, "")


@functools.cache
def _schema(kind: Any) -> dict[str, Any]:
    return TypeAdapter(kind).json_schema(mode="serialization")


def _made(schema: dict[str, Any], root: dict[str, Any], name: str) -> Any:
    """A value of a schema: every member is there, every list has one item."""
    if "$ref" in schema:
        return _made(root["$defs"][schema["$ref"].rpartition("/")[2]], root, name)
    if "anyOf" in schema:
        return _made(schema["anyOf"][0], root, name)
    if "enum" in schema:
        return WORDS.get(name) if WORDS.get(name) in schema["enum"] else schema["enum"][0]
    if schema["type"] == "object":
        made = {n: _made(s, root, n) for n, s in schema.get("properties", {}).items()}
        free = schema.get("additionalProperties")
        return {**made, "any": _made(free, root, name)} if isinstance(free, dict) else made
    if schema["type"] == "array":
        items = schema.get("items", {"type": "string"})
        return [_made(items, root, name)]
    if schema["type"] == "string":
        times = {"date-time": "2026-10-01T09:30:00Z", "date": "2026-10-01"}
        return times.get(schema.get("format", ""), WORDS.get(name, f"a {name}"))
    return {"boolean": True, "integer": 3, "number": 1.5}[schema["type"]]
