"""Messages hold identifiers, times and words of closed lists, and the same event the same id."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from audit.clocks import RequestKind
from audit.ids import is_id, new_id
from audit.records.issued import DocumentKind
from audit.reviews import Outcome
from audit.types import Question, Status
from audit.webhooks import (
    EVENTS,
    CandidateOptedOut,
    CheckCancelled,
    CheckFailed,
    CheckFinished,
    Event,
    EventType,
    FairnessAuditFinished,
    FlagRaised,
    MediaErased,
    ReportFailed,
    ReportReady,
    RequestDue,
    RequestOpened,
    RequestOverdue,
    ReviewClosed,
    ReviewDue,
    ReviewOpened,
    ReviewOverdue,
    WebhookTest,
    json_schema,
    message,
)

DOCS = Path(__file__).resolve().parents[3] / "docs"
NOW = datetime(2026, 3, 1, 9, 0, 0, 5, tzinfo=UTC)
CHECK, CANDIDATE, FLAG = new_id("chk"), new_id("cand"), new_id("flg")
REVIEW, REQUEST, AUDIT, REPORT = new_id("rev"), new_id("req"), new_id("aud"), new_id("rep")

EXAMPLES: list[Event] = [
    CheckFinished(
        check_id=CHECK,
        system_id=new_id("sys"),
        interview_id=new_id("int"),
        candidate_id=CANDIDATE,
        verdicts=dict.fromkeys(Question, Status.NO_INDICATION),
    ),
    CheckFinished(check_id=CHECK, verdicts={Question.PRESENCE: Status.REVIEW}),
    CheckFailed(check_id=CHECK, error_code="media_unreadable"),
    CheckCancelled(check_id=CHECK),
    FlagRaised(flag_id=FLAG, subject_id=CHECK, outcome="needs_human_review"),
    FlagRaised(flag_id=FLAG, subject_id=AUDIT, candidate_id=CANDIDATE, outcome="for_information"),
    ReviewOpened(review_id=REVIEW, flag_id=FLAG, due_at=NOW),
    ReviewDue(review_id=REVIEW, flag_id=FLAG, due_at=NOW),
    ReviewOverdue(review_id=REVIEW, candidate_id=CANDIDATE, due_at=NOW),
    ReviewClosed(review_id=REVIEW, outcome=Outcome.REVERSED),
    RequestOpened(request_id=REQUEST, candidate_id=CANDIDATE, kind=RequestKind.APPEAL, due_at=NOW),
    RequestDue(request_id=REQUEST, candidate_id=CANDIDATE, kind=RequestKind.ACCESS, due_at=NOW),
    RequestOverdue(
        request_id=REQUEST, candidate_id=CANDIDATE, kind=RequestKind.DELETION, due_at=NOW
    ),
    FairnessAuditFinished(audit_id=AUDIT, system_id=new_id("sys")),
    CandidateOptedOut(candidate_id=CANDIDATE, request_id=REQUEST),
    MediaErased(candidate_id=CANDIDATE, media_ids=(new_id("med"),), reason="retention"),
    ReportReady(report_id=REPORT, subject_id=CHECK),
    ReportReady(
        report_id=REPORT,
        subject_id=new_id("sys"),
        kind=DocumentKind.GOVERNANCE,
        schedule_id=new_id("sch"),
    ),
    ReportFailed(report_id=REPORT, subject_id=AUDIT, error_code="step_refused"),
    WebhookTest(endpoint_id=new_id("whk")),
]


def body(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message(event, NOW, base_url="https://fw.example/").body)
    return found


@pytest.mark.parametrize("event", EXAMPLES)
def test_a_message_has_type_timestamp_and_data_and_fits_the_schema(event: Event) -> None:
    found = body(event)
    jsonschema.validate(found, json_schema())
    assert set(found) == {"type", "timestamp", "data"}
    assert found["type"] == event.type
    assert found["timestamp"] == "2026-03-01T09:00:00.000005Z"
    assert found["data"]["link"].startswith("https://fw.example/v1/")
    assert None not in found["data"].values()


def test_there_is_an_example_and_a_section_of_the_documentation_for_each_type() -> None:
    assert {e.type for e in EXAMPLES} == set(EVENTS) == set(EventType)
    page = (DOCS / "webhooks.md").read_text()
    assert all(f"`{kind.value}`" in page for kind in EventType)


def test_the_schema_in_the_documentation_is_this_one() -> None:
    assert json.loads((DOCS / "webhook-events.schema.json").read_text()) == json_schema()


def test_the_same_event_has_the_same_bytes_and_id_and_another_has_not() -> None:
    messages = [message(event, NOW) for event in EXAMPLES]
    assert messages == [message(event, NOW) for event in EXAMPLES]
    assert len({m.id for m in messages}) == len(EXAMPLES)
    assert all(is_id(m.id, "msg") for m in messages)
    other_time = message(EXAMPLES[0], NOW + timedelta(microseconds=1))
    assert other_time.id != messages[0].id
    same_moment = message(EXAMPLES[0], NOW.astimezone(timezone(timedelta(hours=5))))
    assert same_moment == messages[0]


def test_a_time_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        message(EXAMPLES[0], NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="due_at"):
        message(ReviewOpened(review_id=REVIEW, due_at=NOW.replace(tzinfo=None)), NOW)


@pytest.mark.parametrize(
    "event",
    [
        CheckFailed(check_id="Ada Lacey", error_code="x"),
        CheckFailed(check_id=CHECK, error_code="the face of Ada did not match"),
        CheckFailed(check_id=CHECK + "\n", error_code="x"),
        CheckCancelled(check_id=CANDIDATE),
        FlagRaised(flag_id=FLAG, subject_id=CHECK, outcome="reject"),  # type: ignore[arg-type]
        CandidateOptedOut(candidate_id="ada@example.com"),
        MediaErased(candidate_id=CANDIDATE, media_ids=("cv.pdf",), reason="retention"),
        CheckFinished(check_id=CHECK, verdicts={"identity": 0.93}),  # type: ignore[dict-item]
        CheckFinished(check_id=CHECK, verdicts={"Ada": "review"}),  # type: ignore[dict-item]
    ],
)
def test_values_that_are_no_identifiers_or_words_of_the_list_are_not_sent(event: Event) -> None:
    with pytest.raises(ValueError, match=re.escape(event.type)) as fault:
        message(event, NOW)
    assert "Ada" not in str(fault.value)
    assert "ada" not in str(fault.value)


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in schema.get("properties", {}).items():
        yield from leaves(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(key), dict):
            yield from leaves(schema[key], f"{path}.{key}")
    for inner in schema.get("anyOf", []):
        yield from leaves(inner, path)
    if schema.get("type") not in ("object", "array") and "anyOf" not in schema:
        yield path, schema


@pytest.mark.parametrize("schema", json_schema()["oneOf"])  # type: ignore[arg-type]
def test_no_field_can_hold_free_text_or_a_number(schema: dict[str, Any]) -> None:
    found = list(leaves(schema))
    assert len(found) > 3
    for path, leaf in found:
        assert leaf.get("type", "string") == "string", path
        closed = {"pattern", "enum", "const"} & set(leaf) or leaf.get("format") == "date-time"
        assert closed, path
