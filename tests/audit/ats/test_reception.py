"""Webhooks of the three systems: what is taken, what is only counted, what is refused."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.ats import (
    SYSTEMS,
    Ignored,
    OutcomeEvent,
    Reception,
    Source,
    Stage,
    default_words,
    receive,
)
from audit.ats.model import WordMap
from audit.errors import OutcomeInvalid, SignatureInvalid
from audit.records.register import OutcomeClass
from tests.audit.ats.payloads import (
    NOW,
    PERSONAL,
    SECRET,
    archived,
    ashby,
    greenhouse,
    lever,
    rejection,
    signed,
)

LEVER_REASONS = {
    "reason:r-no": OutcomeClass.REJECTED,
    "reason:r-declined": OutcomeClass.WITHDRAWN,
    "reason:r-hired": OutcomeClass.HIRED,
    "reason:r-pool": None,
}


def words_of(source: Source) -> WordMap:
    words = default_words(source)
    return words.extended(LEVER_REASONS) if source is Source.LEVER else words


def take(source: Source, payload: dict[str, Any], words: WordMap | None = None) -> Reception:
    body, headers = signed(source, payload)
    return receive(
        source, body, headers, secrets=[SECRET], words=words or words_of(source), now=NOW
    )


def one(source: Source, payload: dict[str, Any], words: WordMap | None = None) -> OutcomeEvent:
    (event,) = take(source, payload, words).outcomes
    return event


OUTCOMES = [
    (Source.GREENHOUSE, greenhouse("candidate_stage_change"), OutcomeClass.ADVANCED),
    (Source.GREENHOUSE, greenhouse("hire_candidate", status="hired"), OutcomeClass.HIRED),
    (Source.GREENHOUSE, rejection("We rejected them"), OutcomeClass.REJECTED),
    (Source.GREENHOUSE, rejection("They rejected us"), OutcomeClass.WITHDRAWN),
    (Source.GREENHOUSE, greenhouse("unreject_candidate"), OutcomeClass.ON_HOLD),
    (Source.GREENHOUSE, greenhouse("unhire_candidate"), OutcomeClass.ON_HOLD),
    (
        Source.LEVER,
        lever("candidateStageChange", fromStageId="s1", toStageId="s2"),
        OutcomeClass.ADVANCED,
    ),
    (Source.LEVER, lever("candidateHired"), OutcomeClass.HIRED),
    (
        Source.LEVER,
        lever("candidateArchiveChange", toArchived={"reason": "r-no", "archivedAt": 1772300000000}),
        OutcomeClass.REJECTED,
    ),
    (
        Source.LEVER,
        lever("candidateArchiveChange", toArchived={"reason": "r-declined"}),
        OutcomeClass.WITHDRAWN,
    ),
    (
        Source.LEVER,
        lever("candidateArchiveChange", toArchived={"reason": "r-hired"}),
        OutcomeClass.HIRED,
    ),
    (
        Source.LEVER,
        lever("candidateArchiveChange", fromArchived={"reason": "r-no"}, toArchived=None),
        OutcomeClass.ON_HOLD,
    ),
    (Source.ASHBY, ashby("candidateStageChange"), OutcomeClass.ADVANCED),
    (Source.ASHBY, ashby("candidateHire", "Hired"), OutcomeClass.HIRED),
    (Source.ASHBY, ashby("applicationUpdate", "Hired"), OutcomeClass.HIRED),
    (Source.ASHBY, archived("RejectedByOrg"), OutcomeClass.REJECTED),
    (Source.ASHBY, archived("RejectedByCandidate"), OutcomeClass.WITHDRAWN),
    (Source.ASHBY, archived("RejectedByOrg", action="applicationUpdate"), OutcomeClass.REJECTED),
]


@pytest.mark.parametrize(("source", "payload", "outcome"), OUTCOMES)
def test_events_become_outcomes_without_anything_personal(
    source: Source, payload: dict[str, Any], outcome: OutcomeClass
) -> None:
    reception = take(source, payload)
    (event,) = reception.outcomes
    assert event.outcome is outcome
    assert event.source is source
    assert reception.ignored is None
    assert event.occurred_at.tzinfo is not None
    for text in PERSONAL:
        assert text not in repr(reception)


def test_the_fields_of_a_greenhouse_rejection() -> None:
    event = one(Source.GREENHOUSE, rejection("We rejected them"))
    assert (event.candidate, event.application, event.job) == ("265772", "265277", "3485")
    assert (event.stage, event.stage_order) == ("71416", None)
    assert (event.word, event.reason_code) == ("we rejected them", "14")
    assert event.occurred_at == datetime(2026, 2, 11, 15, 50, 41, tzinfo=UTC)
    assert event.decided_by is None


def test_the_fields_of_a_lever_rejection() -> None:
    payload = lever(
        "candidateArchiveChange", toArchived={"reason": "r-no", "archivedAt": 1772300000000}
    )
    event = one(Source.LEVER, payload)
    assert (event.candidate, event.application, event.job) == ("7f23-contact", "46ca-opp", "")
    assert (event.word, event.reason_code) == ("reason:r-no", "r-no")
    assert event.occurred_at == datetime.fromtimestamp(1772300000, UTC)


def test_the_fields_of_an_ashby_stage_change() -> None:
    event = one(Source.ASHBY, ashby("candidateStageChange"))
    assert (event.candidate, event.application, event.job) == ("9c8d-cand", "0a1b-app", "job-7")
    assert (event.stage, event.stage_order) == ("stage-2", 2)


def test_the_operator_names_and_orders_stages() -> None:
    words = default_words(Source.GREENHOUSE).extended(stages={"71416": Stage("Assessment", 3)})
    event = one(Source.GREENHOUSE, greenhouse("candidate_stage_change"), words)
    assert (event.stage, event.stage_order) == ("Assessment", 3)


def test_a_stage_may_mean_something_of_its_own() -> None:
    words = default_words(Source.GREENHOUSE).extended(
        {"stage:71416": OutcomeClass.ON_HOLD, "stage:9": None}
    )
    assert one(Source.GREENHOUSE, greenhouse("candidate_stage_change"), words).outcome == "on_hold"
    other = greenhouse("candidate_stage_change", current_stage={"id": 9})
    assert take(Source.GREENHOUSE, other, words).ignored is Ignored.NOT_AN_OUTCOME
    # A word of a stage says nothing of a rejection at that stage.
    assert one(Source.GREENHOUSE, rejection("We rejected them"), words).outcome == "rejected"


def test_a_move_to_an_earlier_stage_is_not_taken_for_an_advance_where_the_order_is_known() -> None:
    words = words_of(Source.LEVER).extended(stages={"s1": Stage(order=1), "s2": Stage(order=2)})
    back = lever("candidateStageChange", fromStageId="s2", toStageId="s1")
    forth = lever("candidateStageChange", fromStageId="s1", toStageId="s2")
    assert one(Source.LEVER, back, words).outcome is OutcomeClass.ON_HOLD
    assert one(Source.LEVER, forth, words).outcome is OutcomeClass.ADVANCED


@pytest.mark.parametrize(
    ("source", "payload", "word"),
    [
        (Source.GREENHOUSE, rejection("Wrong skill set"), "'Wrong skill set'"),
        (Source.GREENHOUSE, rejection("None specified"), "'None specified'"),
        (Source.GREENHOUSE, rejection(None), "'reject_candidate'"),
        (Source.GREENHOUSE, rejection("ask zelda.quux@example.com"), "withheld"),
        (Source.GREENHOUSE, rejection("call 330-281-8004"), "withheld"),
        (
            Source.LEVER,
            lever("candidateArchiveChange", toArchived={"reason": "r-new"}),
            "'reason:r-new'",
        ),
        (Source.LEVER, lever("candidateArchiveChange", toArchived={}), "'archived'"),
        (Source.ASHBY, archived("Other"), "'Other'"),
        (Source.ASHBY, archived(None), "'Archived'"),
        (Source.ASHBY, archived("SomethingNew"), "'SomethingNew'"),
    ],
)
def test_a_word_that_is_not_mapped_is_refused_and_named_and_never_a_rejection(
    source: Source, payload: dict[str, Any], word: str
) -> None:
    with pytest.raises(OutcomeInvalid) as refusal:
        take(source, payload)
    assert word in str(refusal.value)
    assert "map it to advanced" in str(refusal.value)
    for text in PERSONAL:
        assert text not in str(refusal.value)


def test_once_mapped_it_is_taken() -> None:
    words = default_words(Source.GREENHOUSE).extended(
        {"Wrong skill set": OutcomeClass.REJECTED, "reason:14": OutcomeClass.WITHDRAWN}
    )
    assert one(Source.GREENHOUSE, rejection("wrong  SKILL set", 15), words).outcome == "rejected"
    assert one(Source.GREENHOUSE, rejection("Wrong skill set", 14), words).outcome == "withdrawn"


@pytest.mark.parametrize(
    ("source", "payload", "event", "why"),
    [
        (Source.GREENHOUSE, {"action": "ping"}, "ping", Ignored.UNKNOWN_EVENT),
        (Source.GREENHOUSE, {"action": "update_candidate"}, "update_candidate", "unknown_event"),
        (Source.GREENHOUSE, {}, "unrecognised", "unknown_event"),
        (Source.GREENHOUSE, {"action": "Zelda Quux called"}, "unrecognised", "unknown_event"),
        (
            Source.GREENHOUSE,
            greenhouse("candidate_stage_change", prospect=True, jobs=[]),
            "candidate_stage_change",
            "prospect",
        ),
        (Source.LEVER, lever("interviewCreated"), "interviewCreated", "unknown_event"),
        (
            Source.LEVER,
            lever("candidateArchiveChange", toArchived={"reason": "r-pool"}),
            "candidateArchiveChange",
            "not_an_outcome",
        ),
        (Source.ASHBY, {"action": "ping", "data": {}}, "ping", "unknown_event"),
        (Source.ASHBY, ashby("applicationUpdate"), "applicationUpdate", "not_an_outcome"),
        (
            Source.ASHBY,
            ashby("candidateStageChange", "Lead"),
            "candidateStageChange",
            "not_an_outcome",
        ),
    ],
)
def test_what_is_not_used_is_acknowledged_and_counted(
    source: Source, payload: dict[str, Any], event: str, why: str
) -> None:
    reception = take(source, payload)
    assert (reception.event, reception.ignored, reception.outcomes) == (event, why, ())


@pytest.mark.parametrize(
    ("source", "payload"),
    [
        (Source.GREENHOUSE, greenhouse("candidate_stage_change", id=None)),
        (Source.GREENHOUSE, greenhouse("candidate_stage_change", id="zelda.quux@example.com")),
        (Source.GREENHOUSE, greenhouse("candidate_stage_change", candidate={"name": "Zelda"})),
        (Source.GREENHOUSE, greenhouse("candidate_stage_change", jobs=[])),
        (Source.GREENHOUSE, greenhouse("candidate_stage_change", last_activity_at="yesterday")),
        (Source.GREENHOUSE, greenhouse("candidate_stage_change", last_activity_at="2026-02-09")),
        (Source.GREENHOUSE, {"action": 5}),
        (Source.GREENHOUSE, {"action": "hire_candidate", "payload": []}),
        (Source.LEVER, lever("candidateHired", opportunityId=None)),
        (Source.LEVER, lever("candidateArchiveChange")),
        (Source.LEVER, lever("candidateArchiveChange", toArchived={"reason": {"a": 1}})),
        (Source.ASHBY, ashby("candidateStageChange", "Paused")),
        (Source.ASHBY, ashby("candidateStageChange", candidate={"id": "330-281-8004"})),
    ],
)
def test_a_message_of_another_form_is_refused_without_repeating_it(
    source: Source, payload: dict[str, Any]
) -> None:
    with pytest.raises(OutcomeInvalid) as refusal:
        take(source, payload)
    for text in PERSONAL:
        assert text not in str(refusal.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[]", b'"text"', b'{"a":1,"a":2}', b"\xff", b"[" * 100_000, b'{"a":NaN}'],
)
@pytest.mark.parametrize("source", SYSTEMS)
def test_what_is_no_json_object_is_refused(source: Source, body: bytes) -> None:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Signature": f"sha256 {digest}", "Ashby-Signature": f"sha256={digest}"}
    refusal = SignatureInvalid if source is Source.LEVER else OutcomeInvalid  # it signs inside
    with pytest.raises(refusal):
        receive(source, body, headers, secrets=[SECRET], words=words_of(source), now=NOW)


def test_a_message_that_is_too_large_is_refused() -> None:
    payload = greenhouse("candidate_stage_change", padding="x" * 1024 * 1024)
    with pytest.raises(OutcomeInvalid, match="larger"):
        take(Source.GREENHOUSE, payload)


def test_known_answer_of_the_signatures() -> None:
    """Computed apart from this code: printf '{"action":"ping"}' | openssl dgst -sha256 -hmac key"""
    digest = "fba76d79b0fbf5231dd17be6f179e983985fa056d42ff88d34a28821a074dd36"
    for source, name, prefix in (
        (Source.GREENHOUSE, "Signature", "sha256 "),
        (Source.ASHBY, "Ashby-Signature", "sha256="),
    ):
        reception = receive(
            source,
            b'{"action":"ping"}',
            {name: prefix + digest},
            secrets=["key"],
            words=default_words(source),
            now=NOW,
        )
        assert reception.event == "ping"


@pytest.mark.parametrize("source", [Source.GREENHOUSE, Source.ASHBY])
def test_a_body_that_was_altered_or_signed_by_a_stranger_is_refused(source: Source) -> None:
    body, headers = signed(source, {"action": "ping"})
    (name, value) = next(iter(headers.items()))
    words = default_words(source)
    bad = [
        (body + b" ", headers, [SECRET]),
        (body, headers, ["another"]),
        (body, headers, []),
        (body, headers, [""]),
        (body, {}, [SECRET]),
        (body, {name: ""}, [SECRET]),
        (body, {name: value.replace("sha256", "sha1")}, [SECRET]),
        (body, {name: value[:-1]}, [SECRET]),
        (body, {name: value[:-2] + "é"}, [SECRET]),
        (body, {name: value.replace("sha256", "", 1).strip("= ")}, [SECRET]),
    ]
    for altered, sent, secrets in bad:
        with pytest.raises(SignatureInvalid):
            receive(source, altered, sent, secrets=secrets, words=words, now=NOW)
    empty, empty_headers = signed(source, {"action": "ping"}, "")
    with pytest.raises(SignatureInvalid):
        receive(source, empty, empty_headers, secrets=["", SECRET], words=words, now=NOW)
    for secrets in ([SECRET, "old"], ["old", SECRET]):
        shouted = {name.upper(): value}
        assert receive(source, body, shouted, secrets=secrets, words=words, now=NOW).event == "ping"


def test_lever_signs_its_token_and_time_and_a_day_later_it_does_not_count() -> None:
    for age, good in (
        (timedelta(), True),
        (timedelta(hours=23), True),
        (timedelta(hours=25), False),
        (timedelta(minutes=-4), True),
        (timedelta(minutes=-6), False),
    ):
        payload = lever("interviewCreated", at=NOW - age)
        if good:
            assert take(Source.LEVER, payload).ignored is Ignored.UNKNOWN_EVENT
        else:
            with pytest.raises(SignatureInvalid):
                take(Source.LEVER, payload)


@pytest.mark.parametrize(
    "changed",
    [
        {"token": "other"},
        {"triggeredAt": 1},
        {"triggeredAt": "1772355600000"},
        {"triggeredAt": True},
        {"triggeredAt": None},
        {"signature": ""},
        {"signature": "0" * 64},
        {"token": ""},
    ],
)
def test_lever_with_an_altered_token_time_or_signature_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(SignatureInvalid):
        take(Source.LEVER, {**lever("candidateHired"), **changed})


def test_a_lever_token_identifies_the_delivery_because_its_data_is_not_signed() -> None:
    first = take(Source.LEVER, lever("candidateHired"))
    forged = take(Source.LEVER, lever("candidateHired", opportunityId="someone-else"))
    assert first.delivery == forged.delivery
    assert first.outcomes != forged.outcomes


@pytest.mark.parametrize(("source", "payload", "outcome"), OUTCOMES)
def test_the_same_message_again_is_the_same_event(
    source: Source, payload: dict[str, Any], outcome: OutcomeClass
) -> None:
    assert one(source, payload).external_event == one(source, payload).external_event
    assert outcome


def test_the_messages_about_one_ashby_hire_are_one_event_and_later_updates_are_none_new() -> None:
    messages = [
        ashby("candidateHire", "Hired"),
        ashby("candidateStageChange", "Hired"),
        ashby("applicationUpdate", "Hired"),
        ashby("applicationUpdate", "Hired", updatedAt="2026-03-05T00:00:00Z"),
    ]
    messages[-1]["webhookActionId"] = "later"
    assert len({one(Source.ASHBY, m).external_event for m in messages}) == 1
    rejections = [
        archived("RejectedByOrg"),
        archived("RejectedByOrg", action="applicationUpdate", updatedAt="2026-03-05T00:00:00Z"),
    ]
    rejections[-1]["webhookActionId"] = "later"
    assert len({one(Source.ASHBY, m).external_event for m in rejections}) == 1


def test_a_lever_hire_and_its_archiving_are_one_event() -> None:
    hired = one(Source.LEVER, lever("candidateHired"))
    payload = lever(
        "candidateArchiveChange", toArchived={"reason": "r-hired", "archivedAt": 1772300000000}
    )
    assert one(Source.LEVER, payload).external_event == hired.external_event


def test_different_events_are_different() -> None:
    events = [one(source, payload).external_event for source, payload, _ in OUTCOMES]
    # Told twice: Greenhouse's rejection, Lever's hire, Ashby's hire. Told three times: Ashby's
    # archiving.
    assert len(set(events)) == len(OUTCOMES) - 5
    corrected = one(Source.GREENHOUSE, rejection("They rejected us", 15)).external_event
    assert corrected not in events
    other = greenhouse("candidate_stage_change", last_activity_at="2026-02-10T16:38:36Z")
    first = greenhouse("candidate_stage_change")
    assert (
        one(Source.GREENHOUSE, other).external_event != one(Source.GREENHOUSE, first).external_event
    )


def poisoned(value: Any, kept: frozenset[str], mark: str) -> Any:
    """The payload with every text that is not an id, a time or a word of the protocol replaced."""
    if isinstance(value, dict):
        return {k: v if k in kept else poisoned(v, kept, mark) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(v, kept, mark) for v in value]
    return mark if isinstance(value, str) else value


KEPT = frozenset(
    (
        "action",
        "event",
        "token",
        "signature",
        "status",
        "reasonType",
        "type",
        "rejected_at",
        "last_activity_at",
        "updatedAt",
        "archivedAt",
        "id",
        "opportunityId",
        "contactId",
        "fromStageId",
        "toStageId",
        "reason",
        "webhookActionId",
    )
)


@given(
    st.sampled_from(OUTCOMES),
    st.from_regex(r"[A-Z][a-z]{5,9} [A-Z][a-z]{5,9}", fullmatch=True)
    | st.emails()
    | st.from_regex(r"\+1 [2-9]\d\d-\d{3}-\d{4}", fullmatch=True),
)
def test_no_text_beside_identifiers_gets_through(
    case: tuple[Source, dict[str, Any], OutcomeClass], personal: str
) -> None:
    source, payload, outcome = case
    reception = take(source, poisoned(payload, KEPT, personal))
    assert personal not in repr(reception)
    assert reception.outcomes[0].outcome is outcome


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "payload",
                    "application",
                    "data",
                    "candidate",
                    "jobs",
                    "job",
                    "status",
                    "current_stage",
                    "toArchived",
                    "reason",
                    "archiveReason",
                    "currentInterviewStage",
                    "rejection_reason",
                    "type",
                    "name",
                    "0",
                    "opportunityId",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(
    source=st.sampled_from(SYSTEMS),
    event=st.sampled_from(
        [
            "candidate_stage_change",
            "hire_candidate",
            "reject_candidate",
            "candidateStageChange",
            "candidateHired",
            "candidateArchiveChange",
            "candidateHire",
            "applicationUpdate",
        ]
    ),
    inner=JSON,
    more=st.dictionaries(st.text(max_size=5), JSON, max_size=2),
)
def test_any_content_is_an_outcome_ignored_or_refused(
    source: Source, event: str, inner: Any, more: dict[str, Any]
) -> None:
    envelope = lever(event) if source is Source.LEVER else {"action": event}
    payload = {**more, **envelope, "payload": inner, "data": inner}
    try:
        reception = take(source, payload)
    except OutcomeInvalid:
        return
    assert bool(reception.outcomes) != (reception.ignored is not None)
    assert json.dumps([e.external_event for e in reception.outcomes])
