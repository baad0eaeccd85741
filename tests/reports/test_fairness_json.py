"""audit.json keeps its schema, repeats byte for byte, leaves small cells out, fills the CSVs."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from audit.errors import SettingsInvalid
from reports.canonical import canonical
from reports.fairness_csv import csv_files
from reports.fairness_documents import AuditDocument
from reports.fairness_json import audit_document, made_at, read_audit
from reports.fairness_terminal import CLASSES, audit_summary
from reports.fairness_withheld import FINER
from tests.fairness import made_up

DOCS = Path(__file__).resolve().parents[2] / "docs"
MADE = "2025-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return audit_document(made_up.whole(), MADE)


@pytest.fixture(scope="module")
def typed(document: dict[str, Any]) -> AuditDocument:
    return read_audit(document)


def leaves(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [x for child in node.values() for x in leaves(child)]
    if isinstance(node, list):
        return [x for child in node for x in leaves(child)]
    return [node]


def test_the_document_keeps_its_schema(document: dict[str, Any]) -> None:
    schema = json.loads(DOCS.joinpath("fairness-audit.schema.json").read_text("utf-8"))
    validator = Draft202012Validator(schema)
    plain = json.loads(canonical(document))
    assert list(validator.iter_errors(plain)) == []
    for name in plain:
        broken = {k: v for k, v in plain.items() if k != name}
        assert not validator.is_valid(broken), f"the schema does not ask for {name}"


def test_numbers_are_finite_numbers(document: dict[str, Any]) -> None:
    assert all(math.isfinite(x) for x in leaves(document) if isinstance(x, float))
    assert not [x for x in leaves(document) if x in ("nan", "NaN", "inf")]


def test_the_same_audit_gives_the_same_bytes(document: dict[str, Any]) -> None:
    made_up.whole.cache_clear()
    again = audit_document(made_up.whole(), "2026-02-02T00:00:00Z")
    assert canonical({k: v for k, v in again.items() if k != "run"}) == canonical(
        {k: v for k, v in document.items() if k != "run"}
    )
    assert again["run"] != document["run"]


def test_nobody_is_in_it(document: dict[str, Any]) -> None:
    texts = [x for x in leaves(document) if isinstance(x, str)]
    assert not [x for x in texts if x.startswith("C0")]


def test_findings_refer_to_their_tables(typed: AuditDocument) -> None:
    for finding in typed.findings:
        part = typed.tables if finding.part == "tables" else typed.events
        table = part[finding.table]
        assert table.id == finding.table_id
        row = next(r for r in table.rows if r.group == finding.group)
        assert row.finding == finding.finding
        assert row.rate.value == finding.rate
    assert len({t.id for t in typed.tables}) == len(typed.tables)
    assert len({e.id for e in typed.events}) == len(typed.events)


def test_sums_agree(typed: AuditDocument) -> None:
    for table in typed.tables:
        assert table.assessed == sum(r.assessed or 0 for r in table.rows)
        assert table.selected == sum(r.selected or 0 for r in table.rows)
    for sweep in typed.sweeps:
        for group in sweep.groups:
            assert len(group.ratio) == len(group.selected) == len(sweep.cuts)
            assert group.selected[0] == group.assessed


def test_tables_are_csv_with_the_same_numbers(typed: AuditDocument) -> None:
    files = csv_files(typed)
    assert {"findings.csv", "impact.csv", "sweep.csv", "events.csv"} <= set(files)
    rows = list(csv.DictReader(io.StringIO(files["findings.csv"])))
    assert len(rows) == len(typed.findings)
    for row, finding in zip(rows, typed.findings, strict=True):
        value = finding.ratio.value
        assert row["impact_ratio"] == ("" if value is None else str(value))
        assert row["class"] == finding.finding


def test_formulas_do_not_reach_spreadsheets(document: dict[str, Any]) -> None:
    table = json.loads(json.dumps(document["tables"][0]))
    table["rows"][0]["group"] = ["=1+1"]
    text = csv_files(read_audit({**document, "tables": [table]}))["impact.csv"]
    assert "'=1+1" in text


def test_the_summary_names_every_class(typed: AuditDocument) -> None:
    assert set(CLASSES) == {
        *("adverse", "small_numbers", "significant_above_four_fifths"),
        *("undetectable", "no_indication"),
    }
    assert audit_summary(typed).renderables


def test_small_cells_are_left_out_everywhere() -> None:
    result = made_up.small()
    below = result.settings.suppress_below
    document = read_audit(audit_document(result, MADE))
    shown = [r for t in document.tables for r in t.rows if not r.withheld]
    hidden = [r for t in document.tables for r in t.rows if r.withheld]
    assert hidden
    for row in shown:
        assert row.assessed is not None and row.selected is not None
        for count in (row.assessed, row.selected, row.assessed - row.selected):
            assert not 0 < count < below
    assert all(r.assessed is None and r.comparison is None and not r.finding for r in hidden)
    gone = {(tuple(t.features), tuple(r.group)) for t in document.tables for r in t.rows
            if r.withheld}  # fmt: skip
    named = [(tuple(f.features), tuple(f.group)) for f in document.findings]
    assert not gone & set(named)
    for entry in document.accuracy:
        assert not gone & {(tuple(entry.features), tuple(g.group)) for g in entry.groups}
    assert all(not getattr(document, part) for part in FINER)
    assert any(n.code == "small_cells_left_out" for n in document.notes)


def test_a_lone_small_group_is_not_left_out_alone() -> None:
    document = read_audit(audit_document(made_up.small(), MADE))
    for table in document.tables:
        if table.unknown_assessed is not None and len(table.features) == 1:
            assert sum(r.withheld for r in table.rows) != 1, table.id


def test_the_time_can_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert made_at("2025-03-31T12:00:00+02:00") == "2025-03-31T10:00:00Z"
    assert made_at("2025-03-31") == "2025-03-31T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert made_at() == "1970-01-01T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(SettingsInvalid):
        made_at()
    with pytest.raises(SettingsInvalid):
        made_at("yesterday")
