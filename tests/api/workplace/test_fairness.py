"""The pages of fairness: what audits show, how far they are, and what is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest

from api.workplace import fairness_views as views
from audit.records.evidence import FairnessAudit, RunState
from audit.records.work import Job, JobState
from reports.compose.fairness_order import CLASSES
from tests.api.workplace.auditing import HOSTILE, SPEC, counted, finished, table
from tests.api.workplace.conftest import Office, Person


@dataclass(frozen=True)
class Audited:
    """A finished audit of a table, and somebody who may read it."""

    id: str
    table: str
    person: Person

    def text(self, path: str = "") -> str:
        answer = self.person.get(f"/app/fairness/{self.id}{path}")
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture(scope="module")
def audited(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    folder = tmp_path_factory.mktemp("audited")
    searched, _ = counted(table(200), folder, features=SPEC["features"][:1])
    document, cube = counted(table(), folder, alternatives=False)
    document["alternatives"] = searched["alternatives"]
    made, source = finished(office, document, cube)
    return Audited(made, source, office.signed_in("compliance", name="fairness"))


def test_the_first_page_has_the_classes_and_draws_no_conclusion(audited: Audited) -> None:
    text = audited.text()
    assert "Comparisons, the most telling first" in text
    assert "None of these classes is a legal conclusion" in text
    for name in CLASSES:
        assert views.class_meaning(name) in text
    assert not re.search(r"\b(compliant|bias-free|discriminates|fair process)\b", text)
    assert HOSTILE not in text and "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("groups", ("Selection by sex", "Fisher", "Reference, with the highest rate: Male")),
        ("intersections", ("sex x race", "Predicted rate", "shrunk rate")),
        ("stages", ("Bottom line", "Screen", "Most is lost at")),
        ("periods", ("2025-Q1", "Odds ratio over periods", "<polyline")),
        ("questions", ("plan", "Mantel-Haenszel", "Regression p")),
        ("alternatives", ("m-today", "0, today", "Worst impact ratio", "decision validity")),
    ],
)
def test_each_view_shows_figures_with_intervals(
    audited: Audited, path: str, held: tuple[str, ...]
) -> None:
    text = audited.text(f"/results/{path}")
    assert all(each in text for each in held), [each for each in held if each not in text]
    assert re.search(r'class="range">-?[\d.]+( %)? to ', text)
    assert 'style="' not in text and "<style" not in text


def test_figures_are_those_of_the_result(office: Office, audited: Audited) -> None:
    text = audited.text("/results/groups")
    chosen = sum(
        line.split(",")[1] == "Female" and ",Hired," in line
        for line in table().decode().splitlines()
    )
    of = sum(line.split(",")[1] == "Female" for line in table().decode().splitlines())
    assert f"{chosen} of {of}" in text


def test_every_way_of_selecting_is_a_point_and_a_row(audited: Audited) -> None:
    text = audited.text("/results/alternatives")
    every = int(re.search(r"<p>(\d+) ways of selecting", text)[1])  # type: ignore[index]
    left_out = re.search(r"(\d+) have no figure to draw", text)
    drawn = len(re.findall(r"<title>Way \d+", text))
    assert drawn == every - (int(left_out[1]) if left_out else 0)
    rows: list[str] = []
    for page in range(1, -(-every // views.ROWS) + 1):
        shown = audited.text(f"/results/alternatives?page={page}")
        rows += re.findall(r'<th scope="row">(\d+),', shown)
    assert sorted(map(int, rows)) == sorted(set(map(int, rows))) and len(rows) == every


def test_groups_are_found_by_name_and_class(audited: Audited) -> None:
    assert audited.text("/results/groups?part=1&find=bla").count('<th scope="row">') == 1
    assert "No group is like that" in audited.text("/results/groups?find=zzz")
    some = audited.text("/results/groups?part=1&only=no_indication")
    assert "k-adverse" not in some


def test_the_cut_follows_the_number_with_and_without_the_slider(audited: Audited) -> None:
    low, high = audited.text("/cut?cut=20"), audited.text("/cut?cut=60")
    assert "At 20" in low and "At 60" in high and "hx-get" in high and 'type="range"' in high
    selected = [int(re.search(r"(\d+) of 400 persons", each)[1]) for each in (low, high)]  # type: ignore[index]
    assert selected[0] > selected[1] > 0
    part = audited.text("/cut/rows?cut=60&by=sex&score=fit")
    assert part.startswith('<div id="cut-rows"') and "<html" not in part
    assert part.strip() in high.replace("\n\n", "\n") or f"{selected[1]} of 400 persons" in part
    assert "The cut of the audit is 50" in audited.text("/cut")
    wrong = audited.person.get(f"/app/fairness/{audited.id}/cut?cut=many")
    assert wrong.status_code == 422 and 'id="fault-cut"' in wrong.text
    assert "sex x race" in high


def test_each_reading_is_in_the_ledger(office: Office, audited: Audited) -> None:
    report = "rep_" + audited.id.partition("_")[2]

    def read() -> int:
        with office.service.store.ledger("acme") as ledger:
            told = [each for each in ledger.entries() if each.subject == report]
        return sum(each.kind.value == "report_read" for each in told)

    before = read()
    audited.text()
    audited.text("/cut")
    audited.text("/cut/rows")
    assert read() - before == 2


def test_a_running_audit_shows_how_far_it_is_and_can_be_cancelled(office: Office) -> None:
    person = office.signed_in("compliance", name="waits")
    made = office.world.fairness_audit()
    with office.service.store.unit("acme") as unit:
        audit = unit.put(replace(unit.get(FairnessAudit, made), state=RunState.RUNNING))
        job = unit.get(Job, audit.job_id)
        unit.put(replace(job, state=JobState.RUNNING, progress=0.4, stage="counting"))
    page = person.get(f"/app/fairness/{made}").text
    assert 'hx-trigger="every 2s"' in page and "40 %, Counting" in page and "Look again" in page
    part = person.get(f"/app/fairness/{made}/progress")
    assert "<html" not in part.text and "hx-refresh" not in part.headers
    assert person.get(f"/app/fairness/{made}/results/groups").status_code == 409
    assert person.post(f"/app/fairness/{made}/cancel").status_code == 303


def test_stored_outcomes_are_audited_from_a_form(office: Office) -> None:
    person = office.signed_in("compliance", name="starts")
    wrong = {"name": "", "since": "2026-02-01", "until": "2026-01-01"}
    assert 'id="fault-name"' in person.post("/app/fairness/outcomes", wrong).text
    answer = person.post("/app/fairness/outcomes", {**wrong, "name": "Q1"})
    assert answer.status_code == 422 and "must lie before" in answer.text
    done = person.post("/app/fairness/outcomes", {"name": "Q1", "since": "2026-01-01"})
    assert done.status_code == 303
    with office.service.store.reading("acme") as unit:
        made = unit.get(FairnessAudit, done.headers["location"].split("/")[-1].split("?")[0])
    assert made.name == "Q1" and made.since is not None and made.until is None
    assert "is in the queue" in person.get(done.headers["location"]).text


def test_auditors_read_and_do_not_start(office: Office, audited: Audited) -> None:
    auditor = office.signed_in("auditor", name="reads")
    page = auditor.get("/app/fairness").text
    assert "Spring" in page and "Start the audit" not in page
    assert auditor.get(f"/app/fairness/{audited.id}/results/groups").status_code == 200
    assert auditor.post("/app/fairness/outcomes", {"name": "x"}).status_code == 403
