"""From a table to an audit: what is shown of it, how its columns are named, what is refused."""

from __future__ import annotations

import html
import re
import time
from html.parser import HTMLParser

import pytest

from api.tasks import Bench, endings, handlers
from audit.jobs import Worker
from audit.records.evidence import FairnessAudit, Media, RunState
from audit.records.work import Queue
from tests.api.workplace.conftest import Office, Person
from tests.evidence import QUICK

HOSTILE = "<script>alert(1)</script>"
CSV = "id,gender,origin,score,decision\n" + "".join(
    f"C{n},{'Female' if n % 2 else 'Male'},{'North' if n % 3 else HOSTILE},{n % 10},"
    f"{'Hired' if n % 10 > 4 else 'Rejected'}\n"
    for n in range(60)
)


@pytest.fixture(scope="module")
def person(office: Office) -> Person:
    return office.signed_in("compliance", name="tables")


class _Form(HTMLParser):
    """What a browser would send of the form of columns as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._inside, self._name, self._text = False, "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        self._inside |= tag == "form" and given.get("class") == "mapping"
        if not self._inside:
            return
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.fields[name] = given.get("value") or ""
        elif tag in ("select", "textarea"):
            self._name, self._text = name, ""
        elif tag == "option" and ("selected" in given or self._name not in self.fields):
            self.fields[self._name] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == "textarea":
            self.fields[self._name] = self._text
        self._inside &= tag != "form"


def form_of(page: str) -> dict[str, str]:
    """The fields of the form, but for its token."""
    form = _Form()
    form.feed(page)
    return {name: value for name, value in form.fields.items() if name != "token"}


def worked(office: Office, audit_id: str) -> FairnessAudit:
    """The audit, once a worker has done it."""
    store = office.service.store
    bench = Bench(office.service.settings, store, office.service.vault, models=None)
    end = time.monotonic() + 60
    with Worker(store, QUICK, handlers(bench), (Queue.CPU,), endings=endings()):
        while time.monotonic() < end:
            with store.reading("acme") as unit:
                found = unit.get(FairnessAudit, audit_id)
            if found.state.final:
                return found
            time.sleep(0.05)
    raise AssertionError(found.state)


def test_a_table_is_sent_named_and_audited(office: Office, person: Person) -> None:
    sent = person.send("/app/fairness/tables", "applicants.csv", CSV.encode())
    assert sent.status_code == 303, sent.text
    path = sent.headers["location"].partition("?")[0]
    page = person.get(path).text
    assert "applicants.csv" in page and HOSTILE not in page and html.escape(HOSTILE) in page
    assert page.count("<tr>") == 21  # the names, and no more than 20 rows
    form = form_of(page)
    assert [form[f"c{n}"] for n in (0, 1, 2, 3, 4)] == ["candidate", "sex", "", "score", "outcome"]
    form |= {"c2": "other", "name": "Spring", "do": "look"}
    form = form_of(person.post(path, form).text)
    assert HOSTILE in form.values()
    done = person.post(path, {**form, "s3_cut": "5", "do": "start"})
    assert done.status_code == 303, done.text
    audit_id = done.headers["location"].split("/")[-1].partition("?")[0]
    audit = worked(office, audit_id)
    assert (audit.state, audit.error_detail) == (RunState.FINISHED, None)
    spec = audit.spec
    assert spec["outcome"]["selected"] == ["Hired"] and spec["scores"][0]["cut"] == 5
    assert {f["name"]: set(f["levels"]) for f in spec["features"]} == {
        "sex": {"Female", "Male"},
        "origin": {"North", HOSTILE},
    }
    shown = person.get(f"/app/fairness/{audit_id}/results/groups?part=0").text
    assert (
        "12 of 30" in shown
        and "18 of 30" in shown
        and "At 5" in person.get(f"/app/fairness/{audit_id}/cut").text
    )
    again = person.get(f"{path}?like={audit_id}").text
    assert form_of(again)["s3_cut"] == "5" and form_of(again)["name"] == "Spring"


def test_what_the_form_lacks_is_said_at_its_field(office: Office, person: Person) -> None:
    path = f"/app/fairness/tables/{office.table(CSV.encode())}"
    form = {**form_of(person.get(path).text), "do": "start"}
    unnamed = person.post(path, form)
    assert unnamed.status_code == 422 and 'href="#name"' in unnamed.text
    form["name"] = "x"
    for changes, field, words in (
        ({"c3": ""}, "columns", "Check what stands below"),
        ({"w4_0": ""}, "c4", "Say below what these words mean"),
        ({"w4_0": "selected", "w4_1": "selected"}, "c4", "one not selected"),
        ({"s3_cut": "many"}, "s3_cut", "Give a number"),
        ({"below": "1.5"}, "below", "whole number"),
        ({"text": "features: 3"}, "text", "features"),
        ({"text": "a: *b"}, "text", "line 1"),
        ({"text": "query: SELECT 1"}, "text", "features: Field required"),
    ):
        answer = person.post(path, {**form, **changes})
        assert answer.status_code == 422, (changes, answer.status_code)
        at = answer.text.partition(f'id="fault-{field}"')[2]
        assert words in html.unescape(at[:400]), (changes, at[:400])


def test_two_columns_cannot_be_one_thing_and_some_audit_is_needed(
    office: Office, person: Person
) -> None:
    path = f"/app/fairness/tables/{office.table(CSV.encode())}"
    form = form_of(person.get(path).text)
    twice = {**form, "c2": "candidate", "was2": "candidate", "name": "x", "do": "start"}
    assert "means this already" in person.post(path, twice).text
    none = {**form, **{f"c{n}": "" for n in range(5)}, **{f"was{n}": "" for n in range(5)}}
    answer = person.post(path, {**none, "name": "x", "do": "start"})
    assert "Say which column holds the outcome, or a score." in answer.text


def test_a_fault_in_a_row_names_row_and_column_and_leads_back(
    office: Office, person: Person
) -> None:
    rows = CSV.splitlines()
    rows[30] = rows[30].replace(",", ",", 1).rsplit(",", 2)[0] + ",nine,Hired"
    path = f"/app/fairness/tables/{office.table(chr(10).join(rows).encode())}"
    form = form_of(person.get(path).text)
    form |= {"c3": "score", "was3": "score", "name": "Broken", "do": "start"}
    done = person.post(path, form)
    assert done.status_code == 303, done.text
    audit_id = done.headers["location"].split("/")[-1].partition("?")[0]
    assert worked(office, audit_id).state is RunState.FAILED
    page = html.unescape(person.get(f"/app/fairness/{audit_id}").text)
    assert "score" in page and "nine" in page and re.search(r"row[s]? 30", page)
    assert f"{path}?like={audit_id}" in page


def test_each_look_is_in_the_ledger_and_only_tables_are_looked_at(
    office: Office, person: Person
) -> None:
    table = office.table(CSV.encode())
    person.get(f"/app/fairness/tables/{table}")
    with office.service.store.ledger("acme") as ledger:
        told = [(e.kind.value, e.actor) for e in ledger.entries() if e.subject == table]
    assert ("media_read", person.id) in told
    recording = office.world.media().id
    assert person.get(f"/app/fairness/tables/{recording}").status_code == 404


def test_what_is_no_table_and_forms_of_others_are_refused(office: Office, person: Person) -> None:
    path = "/app/fairness/tables"
    image = person.send(path, "a.csv", b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert image.status_code == 415 and "no table" in image.text
    assert person.send(path, "", b"").status_code in (400, 415)
    wrong = {"data": {"token": "x"}, "files": {"file": ("a.csv", b"a,b\n1,2\n", "text/csv")}}
    assert person.client.post(path, **wrong).status_code == 403
    assert person.post(path).status_code == 415
    auditor = office.signed_in("auditor", name="tables-auditor")
    assert auditor.send(path, "a.csv", CSV.encode()).status_code == 403
    with office.service.store.reading("acme") as unit:
        before = len(unit.every(Media))
    person.client.post(path, **wrong)
    with office.service.store.reading("acme") as unit:
        assert len(unit.every(Media)) == before
