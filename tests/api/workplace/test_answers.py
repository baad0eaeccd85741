"""Marked answers on an interview's page: before a check, and as its newest check found them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from api.marked_answers import answers_beside
from audit.operations.reports import Written
from audit.records.evidence import Check
from audit.records.register import Interview, QuestionAsked
from audit.result import CheckResult
from reports.canonical import canonical
from reports.check_json import check_document
from tests.api import world
from tests.api.test_marked_answers import MARKS, SAID
from tests.api.test_marked_answers import spoken as spoken
from tests.api.workplace.conftest import Office


def test_the_page_shows_marks_and_then_who_answered(
    office: Office, spoken: CheckResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = office.signed_in("compliance", name="marked")
    store = office.service.store
    made = office.world.check(finished=True)
    with store.unit("acme") as unit:
        check = unit.get(Check, made)
        held = unit.get(Interview, check.interview_id)
        unit.put(replace(held, questions=(QuestionAsked(id="q1", start_s=1.0, end_s=2.0),)))
    path = f"/app/interviews/{check.interview_id}"
    assert "1 answer is marked" in person.get(path).text
    entry = answers_beside(spoken, MARKS, identity=True, threads=1)
    data = canonical(check_document(spoken, entry))
    forms = (Written("result", "application/json", data),)
    monkeypatch.setattr(world, "report", lambda: (json.loads(data), forms))
    with store.reading("acme") as unit:
        again = unit.get(Check, office.world.check(finished=True))
    page = person.get(f"/app/interviews/{again.interview_id}").text
    assert "Who answered which question" in page and SAID in page
    assert "of its speech" in page and "support for another person" in page
    assert "log10" not in page.partition("answers-head")[2].partition("checks-head")[0]
