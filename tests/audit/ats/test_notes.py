"""What goes out is a note, whatever it is asked to be."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit.ats
from audit.ats import (
    AtsCall,
    AuditSummaryNote,
    CandidateNote,
    FlagNote,
    ReviewNote,
    Source,
    ashby_note,
    greenhouse_note,
    lever_note,
    note_json,
)
from audit.errors import OutcomeInvalid
from audit.reviews import Outcome

LINK = "https://fairwitness.example.com/v1/flags/flg_1"
FLAG = FlagNote(flag_id="flg_1", check_id="chk_1", outcome="needs_human_review", link=LINK)
REVIEW = ReviewNote(review_id="rev_1", flag_id="flg_1", outcome=Outcome.REVERSED, link=LINK)
SUMMARY = AuditSummaryNote(audit_id="aud_1", system_id="sys_1", job="job-3", link=LINK)

BUILDERS: dict[str, Callable[[CandidateNote, str, str], AtsCall]] = {
    "greenhouse_note": lambda note, who, by: greenhouse_note(note, candidate=who, user=by),
    "lever_note": lambda note, who, by: lever_note(note, opportunity=who, perform_as=by),
    "ashby_note": lambda note, who, by: ashby_note(note, candidate=who),
}


def test_the_three_calls() -> None:
    call = greenhouse_note(FLAG, candidate="265772", user="158108")
    assert (call.method, call.path) == ("POST", "/v1/candidates/265772/activity_feed/notes")
    assert call.json == {"user_id": "158108", "body": FLAG.text, "visibility": "admin_only"}
    assert call.headers == {"On-Behalf-Of": "158108"}
    call = lever_note(REVIEW, opportunity="46ca-opp", perform_as="u-1")
    assert (call.method, call.path) == ("POST", "/v1/opportunities/46ca-opp/notes?perform_as=u-1")
    assert call.json == {"value": REVIEW.text, "secret": True}
    assert lever_note(REVIEW, opportunity="o").path == "/v1/opportunities/o/notes"
    call = ashby_note(FLAG, candidate="9c8d")
    assert (call.method, call.path) == ("POST", "/candidate.createNote")
    assert call.json == {
        "candidateId": "9c8d",
        "note": {"type": "text/plain", "value": FLAG.text},
        "sendNotifications": False,
    }


def test_notes_for_any_other_system() -> None:
    assert note_json(FLAG) == {
        "kind": "flag",
        "flag_id": "flg_1",
        "check_id": "chk_1",
        "outcome": "needs_human_review",
        "text": FLAG.text,
        "link": LINK,
    }
    assert note_json(REVIEW)["outcome"] == "reversed"
    assert note_json(SUMMARY) == {
        "kind": "fairness_audit",
        "audit_id": "aud_1",
        "system_id": "sys_1",
        "job": "job-3",
        "text": SUMMARY.text,
        "link": LINK,
    }
    assert json.dumps(note_json(SUMMARY))


@pytest.mark.parametrize("note", [FLAG, REVIEW, SUMMARY])
def test_the_words_decide_and_accuse_nobody(note: FlagNote | ReviewNote | AuditSummaryNote) -> None:
    text = note.text.lower()
    for word in (
        "reject",
        "fraud",
        "cheat",
        "fake",
        "deepfake",
        "suspicious",
        "recommend",
        "score",
    ):
        assert word not in text
    assert LINK in note.text


PATHS = {
    Source.GREENHOUSE: "/v1/candidates/",
    Source.LEVER: "/v1/opportunities/",
    Source.ASHBY: "/candidate.createNote",
}
STATUS_WORDS = ("/move", "/advance", "/reject", "/hire", "/stage", "/archived", "changeStage")


def test_every_function_that_makes_a_call_is_among_those_tested() -> None:
    makers = {
        name
        for name in audit.ats.__all__
        if inspect.isfunction(getattr(audit.ats, name))
        and inspect.signature(getattr(audit.ats, name)).return_annotation == "AtsCall"
    }
    assert makers == set(BUILDERS)
    for path in Path(inspect.getfile(audit.ats)).parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        made = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and _called(n) == "AtsCall"]
        assert len(made) == (len(BUILDERS) if path.name == "notes.py" else 0)


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


@pytest.mark.parametrize(
    ("source", "path"),
    [
        (Source.GREENHOUSE, "/v1/applications/1/reject"),
        (Source.GREENHOUSE, "/v1/applications/1/move"),
        (Source.GREENHOUSE, "/v1/candidates/1/activity_feed/notes/../../../applications/1/reject"),
        (Source.GREENHOUSE, "/v1/candidates/../applications/1/reject"),
        (Source.GREENHOUSE, "/v1/candidates/1/activity_feed/notes?x=/reject"),
        (Source.GREENHOUSE, "/v1/candidates/1/activity_feed/notes\n"),
        (Source.LEVER, "/v1/opportunities/1/stage"),
        (Source.LEVER, "/v1/opportunities/1/archived"),
        (Source.LEVER, "/v1/opportunities/1/notes?perform_as=1&stage=2"),
        (Source.ASHBY, "/application.changeStage"),
        (Source.ASHBY, "/candidate.createNote/../application.changeStage"),
        (Source.ASHBY, "/candidateXcreateNote"),
        (Source.JSON, "/candidate.createNote"),
    ],
)
def test_a_call_that_is_no_note_cannot_be_made(source: Source, path: str) -> None:
    with pytest.raises(OutcomeInvalid, match="only notes"):
        AtsCall(source, path, {})


def test_another_method_cannot_be_used() -> None:
    for method in ("PATCH", "PUT", "DELETE", "GET"):
        with pytest.raises(OutcomeInvalid):
            AtsCall(Source.ASHBY, "/candidate.createNote", {}, method=method)  # type: ignore[arg-type]


HOSTILE = st.sampled_from(
    [
        "1/../../applications/1/reject",
        "..",
        ".",
        "1?x=",
        "1#",
        "%2e%2e",
        "1\n",
        "zelda@example.com",
        "330-281-8004",
        "Zelda Quux",
        "",
        "1/reject",
    ]
)


@given(
    name=st.sampled_from(sorted(BUILDERS)),
    who=HOSTILE | st.text(max_size=30),
    by=HOSTILE | st.text(max_size=30),
    link=st.sampled_from([LINK, "javascript:alert(1)", "https://a b", "https://u@h/", "", "//x"])
    | st.text(max_size=20),
    note=st.sampled_from([FLAG, REVIEW]),
)
def test_whatever_is_asked_a_call_adds_a_note_or_is_refused(
    name: str, who: str, by: str, link: str, note: CandidateNote
) -> None:
    try:
        call = BUILDERS[name](replace(note, link=link), who, by)
    except OutcomeInvalid:
        return
    assert call.method == "POST"
    assert call.path.startswith(PATHS[call.source])
    assert call.path.split("?")[0].rsplit("/", 1)[-1] in ("notes", "candidate.createNote")
    assert ".." not in call.path.split("/")
    assert "status" not in json.dumps(call.json).lower()
    assert not any(word in call.path.split("?")[0].removesuffix("/notes") for word in STATUS_WORDS)
    assert not {"stage", "stage_id", "to_stage_id", "archiveReasonId"} & set(call.json)


@pytest.mark.parametrize("field", ["flag_id", "check_id"])
def test_identifiers_in_a_note_are_opaque(field: str) -> None:
    values: dict[str, Any] = {"flag_id": "flg_1", "check_id": "chk_1", field: "Zelda Quux"}
    note = FlagNote(**values, outcome="for_information", link=LINK)
    for build in (note_json, lambda n: ashby_note(n, candidate="c")):
        with pytest.raises(OutcomeInvalid, match=field) as refusal:
            build(note)
        assert "Zelda" not in str(refusal.value)
