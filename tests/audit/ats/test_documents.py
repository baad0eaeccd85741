"""Our own JSON: all or nothing, faults with their place, and nothing personal taken or repeated."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.ats import Source, Stage, default_words, json_schema, read_document
from audit.errors import OutcomeInvalid
from audit.records.register import OutcomeClass

DOCS = Path(__file__).resolve().parents[3] / "docs"
WORDS = default_words(Source.JSON)
ROW: dict[str, Any] = {
    "candidate": "c-17",
    "job": "job-3",
    "stage": "Phone screen",
    "outcome": "rejected",
    "occurred_at": "2026-03-01T10:00:00+01:00",
}


def body(*rows: Any) -> bytes:
    return json.dumps({"events": rows}).encode()


def test_a_full_event_is_read() -> None:
    row = {
        **ROW,
        "event_id": "ev-1",
        "application": 99,
        "stage_order": 2,
        "decided_by": "user-4",
        "reason_code": "r1",
        "scores": {"total": 71, "Question 1": 3.5},
    }
    jsonschema.validate({"events": [row]}, json_schema())
    (event,) = read_document(body(row), WORDS).outcomes
    assert event.source is Source.JSON
    assert (event.external_event, event.candidate, event.application) == ("ev-1", "c-17", "99")
    assert (event.job, event.stage, event.stage_order) == ("job-3", "Phone screen", 2)
    assert (event.word, event.outcome) == ("rejected", OutcomeClass.REJECTED)
    assert event.occurred_at == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    assert (event.decided_by, event.reason_code) == ("user-4", "r1")
    assert event.scores == {"total": 71.0, "Question 1": 3.5}


def test_an_event_without_an_id_has_one_that_follows_from_it() -> None:
    ids = [
        read_document(body({**ROW, **change}), WORDS).outcomes[0].external_event
        for change in ({}, {"note": "x"}, {"job": "job-4"}, {"occurred_at": "2026-03-01T09:00:00Z"})
    ]
    assert ids[0] == ids[1] == ids[3] != ids[2]


def test_fields_that_are_not_ours_are_dropped_unread() -> None:
    row = {**ROW, "name": "Zelda Quux", "email": "zelda@example.com", "phone": "330-281-8004"}
    document = read_document(body(row), WORDS)
    assert document.dropped == 3
    assert "Zelda" not in repr(document)
    assert "zelda" not in repr(document)


@pytest.mark.parametrize("outcome", list(OutcomeClass))
def test_our_own_words_need_no_map_and_upper_case_does_not_matter(outcome: OutcomeClass) -> None:
    row = {**ROW, "outcome": f" {outcome.value.upper()} "}
    assert read_document(body(row), WORDS).outcomes[0].outcome is outcome


def test_other_words_are_refused_until_they_are_mapped() -> None:
    row = {**ROW, "outcome": "Abgelehnt"}
    with pytest.raises(OutcomeInvalid, match="'Abgelehnt' is not mapped"):
        read_document(body(row), WORDS)
    words = WORDS.extended({"abgelehnt": OutcomeClass.REJECTED, "Talent pool": None})
    assert read_document(body(row), words).outcomes[0].outcome is OutcomeClass.REJECTED
    pool = read_document(body({**ROW, "outcome": "talent pool"}), words)
    assert (pool.outcomes, pool.not_outcomes) == ((), 1)


BAD: list[tuple[str, Any]] = [
    ("candidate", None),
    ("candidate", ""),
    ("candidate", "Zelda Quux"),
    ("candidate", "zelda.quux@example.com"),
    ("candidate", "330-281-8004"),
    ("candidate", "+13302818004"),
    ("candidate", "330.281.8004"),
    ("candidate", "../admin"),
    ("candidate", "x" * 129),
    ("candidate", ["c-17"]),
    ("candidate", True),
    ("candidate", -4),
    ("candidate", 1.5),
    ("candidate", "Zoë"),
    ("job", None),
    ("stage", None),
    ("stage", "x" * 81),
    ("stage", "call zelda.quux@example.com"),
    ("stage", "call 330-281-8004"),
    ("stage", "call +1 330 281 8004"),
    ("stage", "a\0b"),
    ("stage", {"name": "x"}),
    ("stage_order", -1),
    ("stage_order", 1.5),
    ("stage_order", "two"),
    ("stage_order", True),
    ("stage_order", "٣"),
    ("outcome", None),
    ("outcome", 5),
    ("outcome", "declined by zelda.quux@example.com"),
    ("occurred_at", None),
    ("occurred_at", "2026-03-01T10:00:00"),
    ("occurred_at", "2026-03-01"),
    ("occurred_at", "yesterday"),
    ("occurred_at", "1970-01-01T00:00:00Z"),
    ("occurred_at", "9999-12-31T23:59:59-14:00"),
    ("occurred_at", "0001-01-01T00:00:00+14:00"),
    ("occurred_at", 1772355600),
    ("event_id", "a b"),
    ("application", "Zelda Quux"),
    ("decided_by", "Ivo Recruiter"),
    ("reason_code", "She told us about her illness"),
    ("scores", [1]),
    ("scores", {"total": "good"}),
    ("scores", {"total": "1e999"}),
    ("scores", {"total": "nan"}),
    ("scores", {"total": True}),
    ("scores", {"zelda.quux@example.com": 1}),
    ("scores", {str(n): n for n in range(201)}),
]


@pytest.mark.parametrize(("field", "value"), BAD)
def test_faults_are_named_by_place_and_values_are_not_repeated(field: str, value: Any) -> None:
    with pytest.raises(OutcomeInvalid) as refusal:
        read_document(body(ROW, {**ROW, field: value}), WORDS)
    ((place, _),) = refusal.value.faults
    assert place == f"events.1.{field}"
    told = str(refusal.value) + repr(refusal.value.faults)
    for text in ("Zelda", "zelda", "8004", "Ivo", "illness", "admin"):
        assert text not in told


def test_references_that_only_look_a_little_like_telephone_numbers_are_taken() -> None:
    for text in (
        "8b943c47-4f5d-1e17-12f1-3e1a870b485c",
        "00000000-0000-0000-0000-000000000001",
        "2026-03-01",
        "37031511",
        "226809052123",
        "cand_01JD2M7K5V8Q9XRTW3YZ4ABCDE",
        "job:12.3",
    ):
        row = {**ROW, "candidate": text}
        assert read_document(body(row), WORDS).outcomes[0].candidate == text


def test_nothing_is_taken_if_anything_is_wrong_unless_told() -> None:
    rows = [ROW, {**ROW, "job": "a b"}, "text", {**ROW, "candidate": "c-18"}, ROW]
    with pytest.raises(OutcomeInvalid, match="nothing was taken") as refusal:
        read_document(body(*rows), WORDS)
    assert [place for place, _ in refusal.value.faults] == [
        "events.1.job",
        "events.2",
        "events.4.event_id",
    ]
    document = read_document(body(*rows), WORDS, partial=True)
    assert [e.candidate for e in document.outcomes] == ["c-17", "c-18"]
    assert document.faults == refusal.value.faults


def test_no_more_than_a_hundred_faults_are_listed() -> None:
    rows = [{**ROW, "job": "a b"}] * 300
    with pytest.raises(OutcomeInvalid, match="300 faults") as refusal:
        read_document(body(*rows), WORDS)
    assert len(refusal.value.faults) == 100


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b'{"events": {}}', b'{"events": []}', body(*[ROW] * 1001), b"\xff{}"],
)
def test_what_is_no_document_is_refused(document: bytes) -> None:
    with pytest.raises(OutcomeInvalid):
        read_document(document, WORDS)


def test_times_without_zone_count_where_one_is_given() -> None:
    row = {**ROW, "occurred_at": "2026-07-01 10:00"}
    (event,) = read_document(body(row), WORDS, zone=ZoneInfo("Europe/Berlin")).outcomes
    assert event.occurred_at == datetime(2026, 7, 1, 8, 0, tzinfo=UTC)


def test_the_operator_names_and_orders_stages() -> None:
    words = WORDS.extended(stages={"Phone screen": Stage("Screening", 1)})
    (event,) = read_document(body(ROW), words).outcomes
    assert (event.stage, event.stage_order) == ("Screening", 1)
    (event,) = read_document(body({**ROW, "stage_order": 5}), words).outcomes
    assert event.stage_order == 5


def test_the_schema_in_the_documentation_is_this_one() -> None:
    assert json.loads((DOCS / "outcomes.schema.json").read_text()) == json_schema()


@given(
    st.dictionaries(
        st.sampled_from([*ROW, "event_id", "stage_order", "scores", "decided_by"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=20)
        | st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=2),
    )
)
def test_any_row_is_taken_or_has_its_faults_listed(changed: dict[str, Any]) -> None:
    try:
        document = read_document(body({**ROW, **changed}), WORDS)
    except OutcomeInvalid as error:
        assert error.faults
        assert all(place.startswith("events.0.") for place, _ in error.faults)
    else:
        assert len(document.outcomes) == 1
