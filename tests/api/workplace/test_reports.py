"""The pages of reports: built, scheduled, compared, verified, downloaded."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace

import pytest

from api.tenant_keys import last_directory
from audit.records.evidence import Report
from audit.records.issued import DocumentKind, ReportLink, ReportSchedule
from audit.records.work import Job, JobState
from audit.store import Page
from tests.api.workplace.conftest import Office, Person

_ONE = Page(limit=1)


@pytest.fixture(scope="module")
def person(office: Office) -> Person:
    return office.signed_in("compliance", name="reports")


@pytest.fixture(scope="module")
def summary(office: Office) -> str:
    """A finished summary, with a form of each kind that tests compose."""
    return office.world.summary()


def made(office: Office, location: str) -> Report:
    with office.service.store.reading("acme") as unit:
        return unit.get(Report, location.partition("?")[0].rpartition("/")[2])


def readings(office: Office, report: str) -> int:
    with office.service.store.ledger("acme") as ledger:
        told = [each for each in ledger.entries() if each.subject == report]
    return sum(each.kind.value == "report_read" for each in told)


def test_kinds_are_those_that_a_role_may_have_made(office: Office, person: Person) -> None:
    shown = person.get("/app/reports/new").text
    assert all(f"kind={each.value}" in shown for each in DocumentKind)
    platform = office.signed_in("platform", name="letters")
    theirs = platform.get("/app/reports/new").text
    assert "kind=candidate_notice" in theirs and "kind=governance" not in theirs
    assert platform.get("/app/reports/new?kind=governance").status_code == 403
    assert platform.post("/app/reports", {"kind": "governance"}).status_code == 403


def test_a_governance_report_is_built_from_a_form(office: Office, person: Person) -> None:
    system = office.world.person().system.id
    form = {"kind": "governance", "subject": system}
    wrong = person.post("/app/reports", form)
    assert wrong.status_code == 422 and "needs a period" in wrong.text
    assert f'value="{system}" selected' in wrong.text
    bad = person.post("/app/reports", {**form, "since": "soon", "until": "2026-04-01"})
    assert bad.status_code == 422 and 'id="fault-since"' in bad.text
    answer = person.post("/app/reports", {**form, "since": "2026-01-01", "until": "2026-04-01"})
    report = made(office, answer.headers["location"])
    assert report.kind == "governance" and report.subject == system
    assert report.order == {
        "period": {"since": "2026-01-01T00:00:00+00:00", "until": "2026-04-01T00:00:00+00:00"}
    }
    page = person.get(answer.headers["location"]).text
    assert "is in the queue" in page and 'hx-trigger="every 2s"' in page and "Look again" in page


def test_a_letter_holds_what_was_written_and_by_whom(office: Office, person: Person) -> None:
    form = {
        "kind": "candidate_notice",
        "typed": office.world.person().system.id,
        "language": "de",
        "by": "HR office",
        "text_purpose": "Zum Vergleich mit der Stelle.",
    }
    unsigned = person.post("/app/reports", {**form, "by": ""})
    assert unsigned.status_code == 422 and 'id="fault-by"' in unsigned.text
    report = made(office, person.post("/app/reports", form).headers["location"])
    assert report.language == "de" and report.order is not None
    [text] = report.order["letter"]["texts"]["purpose"]
    assert text["by"] == "HR office" and text["text"].startswith("Zum Vergleich")


def test_a_report_that_is_made_shows_how_far_it_is_and_can_be_cancelled(
    office: Office, person: Person
) -> None:
    queued = office.world.queued_report()
    with office.service.store.unit("acme") as unit:
        job = unit.get(Job, str(unit.get(Report, queued).job_id))
        unit.put(replace(job, state=JobState.RUNNING, progress=0.4, stage="composing"))
    part = person.get(f"/app/reports/{queued}/progress")
    assert "40 %" in part.text and "<html" not in part.text and "hx-refresh" not in part.headers
    assert person.get(f"/app/reports/{queued}/files/pdf").status_code == 409
    assert person.post(f"/app/reports/{queued}/cancel").status_code == 303


def test_forms_and_bundle_are_saved_and_each_reading_is_in_the_ledger(
    office: Office, person: Person, summary: str
) -> None:
    page = person.get(f"/app/reports/{summary}").text
    with office.service.store.reading("acme") as unit:
        report = unit.get(Report, summary)
    for each in report.files:
        assert f"/app/reports/{summary}/files/{each.format}" in page
    before = readings(office, summary)
    got = person.get(f"/app/reports/{summary}/files/json")
    assert "attachment" in got.headers["content-disposition"]
    assert len(got.content) == next(f.size_bytes for f in report.files if f.format == "json")
    bundle = person.get(f"/app/reports/{summary}/bundle")
    assert "manifest.json" in zipfile.ZipFile(io.BytesIO(bundle.content)).namelist()
    assert readings(office, summary) == before + 2


def test_a_link_is_shown_once_and_taken_back(office: Office, person: Person, summary: str) -> None:
    assert person.post(f"/app/reports/{summary}/links", {"form": "exe"}).status_code == 422
    form = {"form": "json", "lasts": "1h"}
    page = person.post(f"/app/reports/{summary}/links", form).text
    address = re.search(r'value="http://[^"/]*(/links/lnk_[^"]+)"', page)
    assert address is not None
    assert address[1] not in person.get(f"/app/reports/{summary}").text
    stranger = office.person("admin", name="nobody").client
    assert stranger.get(address[1]).status_code == 200
    with office.service.store.reading("acme") as unit:
        link = unit.page(ReportLink, _ONE, {"report_id": summary}).items[0].id
    assert person.post(f"/app/reports/{summary}/links/{link}/end").status_code == 303
    assert stranger.get(address[1]).status_code == 404


def test_a_schedule_begins_and_ends(office: Office, person: Person) -> None:
    path = "/app/reports/schedules"
    system = office.world.person().system.id
    form = {"kind": "governance", "system_id": system, "every": "quarter", "zone": "Nowhere/Town"}
    wrong = person.post(path, form)
    assert wrong.status_code == 422 and "no time zone" in wrong.text
    assert 'id="fault-system_id"' in person.post(path, {**form, "system_id": ""}).text
    assert person.post(path, {**form, "zone": "Europe/Berlin"}).status_code == 303
    with office.service.store.reading("acme") as unit:
        schedule = unit.page(ReportSchedule, _ONE, {"system_id": system}).items[0]
    assert schedule.zone == "Europe/Berlin" and schedule.ended_at is None
    assert person.post(f"{path}/{schedule.id}/end").status_code == 303
    assert "Ended" in person.get(path).text


def test_two_reports_are_compared_and_other_kinds_refused(
    office: Office, person: Person, summary: str
) -> None:
    other = office.world.summary()
    page = person.get(f"/app/reports/compare?before={summary}&after={other}")
    assert page.status_code == 200 and "The data of both are the same" in page.text
    foreign = office.signed_in("compliance", "globex", name="other-reports")
    answer = foreign.get(f"/app/reports/compare?before={summary}&after={other}")
    assert answer.status_code == 404
    assert summary not in foreign.get("/app/reports/compare").text


def test_a_file_is_verified_and_what_was_altered_is_named(
    person: Person, office: Office, summary: str
) -> None:
    path = "/app/reports/verify"
    data = person.get(f"/app/reports/{summary}/files/json").content
    assert "it is as it was signed" in person.send(path, "r.json", data).text
    bundle = person.get(f"/app/reports/{summary}/bundle").content
    assert "v-verified" in person.send(path, "b.zip", bundle).text
    altered = data.replace(b'"language":"en"', b'"language":"de"', 1)
    assert altered != data
    page = person.send(path, "<b>.json", altered)
    assert "v-failed" in page.text and "/language" in page.text and "<b>.json" not in page.text
    nothing = person.send(path, "x.pdf", b"no report")
    assert nothing.status_code == 422 and 'role="alert"' in nothing.text
    foreign = office.signed_in("auditor", "globex", name="verifies")
    assert "v-key_unknown" in foreign.send(path, "r.json", data).text
    with office.service.store.reading("acme") as unit:
        keys = last_directory(unit)
    assert keys is not None
    vouched = foreign.send(path, "r.json", data, {"keys": keys.decode()})
    assert "v-verified" in vouched.text


def test_auditors_read_and_have_nothing_made(office: Office, summary: str) -> None:
    auditor = office.signed_in("auditor", name="reads-reports")
    page = auditor.get(f"/app/reports/{summary}").text
    assert "Evidence bundle" in page and "A link for somebody else" not in page
    assert "/app/reports/new" not in page
    assert "/app/reports/new" not in auditor.get("/app/reports").text
