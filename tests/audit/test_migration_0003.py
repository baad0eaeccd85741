"""What revision 0003 makes of reports that were stored before, and what is left on the way back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, Table, select, update

from audit import migrations
from audit.keyring import LocalMasterKeys
from audit.operations.reports import RESULT, file_of
from audit.records.evidence import Report, RunState
from audit.store import Store
from audit.store.engine import open_engine
from tests import databases

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MASTERS = LocalMasterKeys({"m1": bytes(range(32))}, current="m1")


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of revision 0002 with reports."""
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else ""
    url = databases.empty_postgresql(server) if server else f"sqlite:///{tmp_path / 'old.db'}"
    engine = open_engine(url)
    try:
        migrations.upgrade(engine, "0002")
        filled(engine)
        yield engine
    finally:
        engine.dispose()
    if server:
        databases.drop_postgresql(server, url)


def table(engine: Engine, name: str) -> Table:
    return Table(name, MetaData(), autoload_with=engine)


def moment(engine: Engine) -> datetime:
    return NOON.replace(tzinfo=None) if engine.dialect.name == "sqlite" else NOON


def filled(engine: Engine) -> None:
    """A check's report and an audit's, as the software before wrote them."""
    at = moment(engine)
    owned: dict[str, Any] = {"tenant_id": "acme", "version": 1, "created_at": at, "updated_at": at}

    def add(into: str, **values: Any) -> None:
        here = table(engine, into)
        with engine.begin() as connection:
            connection.execute(here.insert(), {**owned, **values})

    tenants = table(engine, "tenants")
    with engine.begin() as connection:
        connection.execute(tenants.insert(), {"id": "acme", "name": "Acme", "created_at": at})
    empty: dict[str, Any] = {
        "vendor": "v",
        "system_version": "1",
        "mode": "ai_led",
        "decision_role": "informs",
        "data_types": [],
        "jurisdictions": [],
        "retention_days": {},
        "outcome_words": {},
        "policy": "default",
    }
    add("systems", id="sys_1", name="s", **empty)
    person = {"jurisdictions": [], "locale": "en", "stopped": "not_stopped"}
    add("candidates", id="cand_1", external_ref="a", **person)
    job = {"kind": "fairness_audit", "queue": "cpu", "priority": 1, "subject": "aud_1"}
    job |= {"state": "succeeded", "progress": 1.0, "stage": "", "attempts": 1, "losses": 0}
    add("jobs", id="job_1", cancel_requested=False, **job)
    audit = {"state": "finished", "job_id": "job_1", "name": "n", "system_id": "sys_1"}
    add("fairness_audits", id="aud_1", source="outcomes", spec={}, classes={}, **audit)
    for id, kind, subject, candidate in (
        ("rep_1", "check", "chk_1", "cand_1"),
        ("rep_2", "fairness_audit", "aud_1", None),
    ):
        files = [file(id, each) for each in ("json", "html")]
        add("reports", id=id, kind=kind, subject=subject, candidate_id=candidate, files=files)


def file(report: str, format: str) -> dict[str, Any]:
    return {
        "format": format,
        "media_type": "application/json",
        "sha256": "ab" * 32,
        "size_bytes": 2,
        "artefact": f"{report}-{format}-1",
    }


def test_results_keep_their_bytes_under_their_new_name(old: Engine) -> None:
    migrations.upgrade(old)
    with Store(old, MASTERS).reading("acme") as unit:
        check, audit = unit.every(Report)
    assert (check.kind, audit.kind) == ("interview_integrity", "fairness_audit")
    assert (check.sealed_under, audit.sealed_under) == ("cand_1", "aud_1")
    assert (check.system_id, audit.system_id) == (None, "sys_1")
    for each in (check, audit):
        assert [held.format for held in each.files] == ["result", "html"]
        result = file_of(each, RESULT)
        assert result is not None and result.artefact == f"{each.id}-json-1"
        assert (each.state, each.automatic, each.number) == (RunState.FINISHED, True, 1)
        assert (each.finished_at, each.series) == (NOON, f"{each.kind}:{each.subject}:en:")
        assert each.document_sha256 is None and each.order is None


def test_on_the_way_back_results_are_called_json_and_other_reports_end(old: Engine) -> None:
    migrations.upgrade(old)
    reports = table(old, "reports")
    forms = [file("rep_2", each) for each in ("json", "html", "pdf", "result")]
    with old.begin() as connection:
        here = reports.c.id == "rep_2"
        connection.execute(update(reports).where(here).values(files=forms))
        [row] = connection.execute(select(reports).where(here)).mappings()
        governance = {**row, "id": "rep_3", "kind": "governance", "subject": "sys_1"}
        governance |= {"automatic": False, "series": "x", "files": forms[:1]}
        connection.execute(reports.insert(), governance)
    migrations.downgrade(old, "0002")
    reports = table(old, "reports")
    with old.connect() as connection:
        rows = {row.id: row for row in connection.execute(select(reports))}
    assert (rows["rep_1"].kind, rows["rep_1"].erased_at) == ("check", None)
    assert [each["format"] for each in rows["rep_1"].files] == ["json", "html"]
    signed = rows["rep_2"]
    assert [(each["format"], each["artefact"]) for each in signed.files] == [
        ("html", "rep_2-html-1"),
        ("pdf", "rep_2-pdf-1"),
        ("json", "rep_2-result-1"),
    ]
    assert rows["rep_3"].erased_at is not None
    migrations.upgrade(old)
    with Store(old, MASTERS).reading("acme") as unit:
        assert [each.files[0].format for each in unit.every(Report)][:2] == ["result", "html"]
