"""A made-up process, audited as a worker does it, for tests of pages."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from audit.operations import fairness_audits, reports
from audit.operations.fairness_audits import AuditOrder
from fairness.audit import audit
from fairness.builder import cube_of
from fairness.spec import load_spec
from reports.canonical import canonical
from reports.fairness_json import audit_document
from tests.api.workplace.conftest import Office

SPEC: dict[str, Any] = {
    "title": "Table",
    "candidate": "id",
    "outcome": {"column": "decision", "selected": ["Hired"], "not_selected": ["Rejected"]},
    "stage": {"column": "stage", "order": ["Screen", "Interview"]},
    "period": {"column": "applied_on", "grain": "quarter"},
    "performance": "performance",
    "scores": [{"name": "fit", "column": "fit_score", "cut": 50}],
    "items": {"columns": {"plan": "q_plan", "team": "q_team", "ask": "q_ask"}},
    "features": [
        {"name": "sex", "column": "gender", "kind": "sex"},
        {"name": "race", "column": "race", "kind": "race_ethnicity"},
    ],
    "replicates": 0,
    "alternatives": True,
}
HEADER = "id,gender,race,stage,applied_on,fit_score,q_plan,q_team,q_ask,decision,performance"
HOSTILE = "<script>alert(1)</script>"


def table(rows: int = 400) -> bytes:
    """A made-up process; women score lower."""
    drawn = random.Random(5)
    lines = [HEADER]
    for n in range(rows):
        sex = drawn.choice(["Female", "Male"])
        plan, team, ask = (drawn.randint(1, 5) for _ in range(3))
        score = plan * 6 + team * 5 + ask * 5 + drawn.gauss(0, 6) - (6 if sex == "Female" else 0)
        hired = score > 50
        after = f"{plan + drawn.random():.1f}" if hired else ""
        lines.append(
            f"C{n},{sex},{drawn.choice(['White', 'Black', HOSTILE])},"
            f"{'Interview' if score > 35 else 'Screen'},2025-{drawn.randint(1, 12):02}-11,"
            f"{score:.1f},{plan},{team},{ask},{'Hired' if hired else 'Rejected'},{after}"
        )
    return "\n".join(lines).encode()


def counted(content: bytes, folder: Path, **changes: Any) -> tuple[dict[str, Any], bytes]:
    """The result of an audit, and its counts."""
    path = folder / "people.csv"
    path.write_bytes(content)
    spec = load_spec({**SPEC, **changes})
    found = audit_document(audit(str(path), spec), "2026-01-01T00:00:00Z")
    return json.loads(canonical(found)), cube_of(str(path), spec).to_json().encode()


def finished(office: Office, document: dict[str, Any], cube: bytes) -> tuple[str, str]:
    """A finished audit of acme and its table, as a worker leaves them but for other forms."""
    source = office.table(table())
    with office.service.store.unit("acme") as unit:
        order = AuditOrder(name="Spring", source=source, spec=SPEC)
        made = fairness_audits.request_audit(unit, order)
        fairness_audits.begin(unit, made.id)
    forms = ((reports.RESULT, canonical(document)), (reports.CUBE, cube))
    written = tuple(reports.Written(name, "application/json", data) for name, data in forms)
    home = fairness_audits.about(made)
    files = reports.seal(office.service.vault, "acme", home, written=written, attempt=1)
    with office.service.store.unit("acme") as unit:
        found = fairness_audits.Found(document=document, files=files)
        fairness_audits.finish(unit, made.id, found)
    return made.id, source
