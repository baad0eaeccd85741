"""Connections to applicant tracking systems: messages in, notes out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from audit.ats import Source
from audit.errors import DataKeyDestroyed, NotFound, OutcomeInvalid, SignatureInvalid
from audit.ids import new_id
from audit.keyring import Context
from audit.operations.connections import (
    FreshConnection,
    NewConnection,
    NoteQuery,
    create_connection,
    list_notes,
    receive_message,
    remove_connection,
)
from audit.records.evidence import FairnessAudit, RunState
from audit.records.oversight import Flag
from audit.records.register import AtsConnection, Candidate, Outcome, System
from audit.records.work import Job, Queue
from audit.store import Page, Store, UnitOfWork
from audit.store.connections import tenant_of_connection
from audit.webhooks import Secret
from audit.webhooks.signatures import signed_headers
from tests.audit.ats import payloads
from tests.audit.operations.registered import candidate, kinds, system

QUERY = NoteQuery(base_url="https://audit.example.com/", author="4411")


def connect(
    unit: UnitOfWork, kind: str = "greenhouse", used: System | None = None, **more: Any
) -> FreshConnection:
    used = used or system(unit)
    fields = {"system_id": used.id, "kind": kind, "name": "Engineering", **more}
    return create_connection(unit, NewConnection.model_validate(fields))


def signed(made: FreshConnection, payload: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    return payloads.signed(Source(made.connection.kind), payload, made.secret)


def own(made: FreshConnection, *events: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    body = json.dumps({"events": events}).encode()
    secret = [Secret.parse(made.secret)]
    return body, signed_headers("msg_1", datetime.now(UTC), body, secret)


def flag(unit: UnitOfWork, used: System, whose: Candidate | None = None, **more: Any) -> Flag:
    fields: dict[str, Any] = {
        "id": new_id("flg"),
        "fingerprint": new_id("fp"),
        "subject": new_id("chk" if whose else "aud"),
        "candidate_id": whose.id if whose else None,
        "system_id": used.id,
        "rule": "r",
        "kind": "interview_evidence",
        "severity": "high",
        "outcome": "needs_human_review",
        "reason": "A person should look.",
        "policy": "default/1",
        "policy_sha256": "ab" * 32,
    }
    return unit.add(Flag(**{**fields, **more}))


def finished(unit: UnitOfWork, used: System, state: RunState) -> FairnessAudit:
    id = new_id("aud")
    job = unit.add(Job(id=new_id("job"), kind="audit", queue=Queue.CPU, subject=id))
    return unit.add(
        FairnessAudit(
            id=id,
            name="Yearly",
            system_id=used.id,
            source="outcomes",
            spec={},
            state=state,
            job_id=job.id,
            classes={},
        )
    )


@pytest.mark.parametrize("kind", ["greenhouse", "lever", "ashby", "generic"])
def test_a_secret_is_made_sealed_and_shown_once(store: Store, kind: str) -> None:
    with store.unit("acme") as unit:
        made = connect(unit, kind)
        held = unit.get(AtsConnection, made.connection.id)
        assert made.secret.encode() not in held.sealed_secret
        assert made.secret not in repr(made)
        assert kinds(unit, held.id) == ["ats_changed"]
        context = Context("acme", held.id, held.id, "ats_secret")
        assert unit.ring.open(context, held.sealed_secret).decode() == made.secret
    assert tenant_of_connection(store, held.id) == "acme"
    assert tenant_of_connection(store, "ats_" + "0" * 26) is None


def test_a_removed_connection_takes_its_secret_with_it(store: Store) -> None:
    with store.unit("acme") as unit:
        made = connect(unit)
        remove_connection(unit, made.connection)
        assert unit.find(AtsConnection, id=made.connection.id) is None
        context = Context("acme", made.connection.id, made.connection.id, "ats_secret")
        with pytest.raises(DataKeyDestroyed):
            unit.ring.open(context, made.connection.sealed_secret)
        assert kinds(unit, made.connection.id) == ["ats_changed"] * 2


def test_a_given_secret_is_used_and_a_bad_one_refused(store: Store) -> None:
    with store.unit("acme") as unit:
        assert connect(unit, "lever", secret="a-token-of-lever-1").secret == "a-token-of-lever-1"
        for kind, secret in (("generic", "not-a-standard-secret!"), ("lever", "short")):
            with pytest.raises(ValidationError):
                connect(unit, kind, secret=secret)
    with store.unit("globex") as unit:
        theirs = system(unit)
    with store.unit("acme") as unit, pytest.raises(NotFound):
        connect(unit, used=theirs)


def test_an_outcome_of_greenhouse_is_taken_once(store: Store) -> None:
    with store.unit("acme") as unit:
        made = connect(unit)
        body, headers = signed(made, payloads.greenhouse("hire_candidate"))
        ref = str(json.loads(body)["payload"]["application"]["candidate"]["id"])
        whose = candidate(unit, ref)
        first = receive_message(unit, made.connection, body, headers)
        assert (first.taken, first.duplicates, first.reason) == (1, 0, None)
        again = receive_message(unit, made.connection, body, headers)
        assert (again.taken, again.duplicates) == (0, 1)
        kept = unit.every(Outcome)
        assert [(o.candidate_id, o.source, o.outcome.value) for o in kept] == [
            (whose.id, "greenhouse", "hired")
        ]
        assert kept[0].system_id == made.connection.system_id
        assert unit.get(Candidate, whose.id) == whose
        counts = unit.get(AtsConnection, made.connection.id)
        assert (counts.received, counts.ignored, counts.version) == (2, 0, 1)


def test_two_accounts_may_use_the_same_identifiers(store: Store) -> None:
    with store.unit("acme") as unit:
        for _ in range(2):
            made = connect(unit)
            body, headers = signed(made, payloads.greenhouse("hire_candidate"))
            ref = str(json.loads(body)["payload"]["application"]["candidate"]["id"])
            if unit.find(Candidate, external_ref=ref) is None:
                candidate(unit, ref)
            assert receive_message(unit, made.connection, body, headers).taken == 1


def test_lever_candidates_may_be_registered_by_opportunity(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "46ca-opp")
        made = connect(unit, "lever", secret=payloads.SECRET)
        hired = payloads.lever("candidateHired", at=datetime.now(UTC))
        body, headers = signed(made, hired)
        assert receive_message(unit, made.connection, body, headers).taken == 1
        assert unit.every(Outcome)[0].candidate_id == whose.id


def test_what_is_not_used_is_counted_and_no_error(store: Store) -> None:
    with store.unit("acme") as unit:
        made = connect(unit)
        unknown = receive_message(unit, made.connection, *signed(made, {"action": "ping"}))
        assert (unknown.taken, unknown.ignored, unknown.reason) == (0, 1, "unknown_event")
        hire = signed(made, payloads.greenhouse("hire_candidate"))
        stranger = receive_message(unit, made.connection, *hire)
        assert (stranger.ignored, stranger.reason) == (1, "candidate_unknown")
        counts = unit.get(AtsConnection, made.connection.id)
        assert (counts.received, counts.ignored) == (2, 2)
        assert unit.count(Candidate) == unit.count(Outcome) == 0


def test_the_words_of_the_system_count_and_others_are_refused(store: Store) -> None:
    with store.unit("acme") as unit:
        used = system(unit, outcome_words={"reason:14": "withdrawn"})
        mapped, plain = connect(unit, used=used), connect(unit)
        body, headers = signed(mapped, payloads.rejection("None specified"))
        ref = str(json.loads(body)["payload"]["application"]["candidate"]["id"])
        candidate(unit, ref)
        assert receive_message(unit, mapped.connection, body, headers).taken == 1
        assert unit.every(Outcome)[0].outcome.value == "withdrawn"
        with pytest.raises(OutcomeInvalid, match="reason:14"):
            receive_message(
                unit, plain.connection, *signed(plain, payloads.rejection("None specified"))
            )


def test_a_message_of_our_own_form_is_verified_and_taken(store: Store) -> None:
    event = {
        "event_id": "e1",
        "candidate": "a",
        "job": "job-3",
        "stage": "Screen",
        "outcome": "rejected",
        "occurred_at": "2026-03-01T09:00:00Z",
        "scores": {"total": 41},
    }
    with store.unit("acme") as unit:
        candidate(unit, "a")
        made = connect(unit, "generic")
        body, headers = own(made, event, {**event, "event_id": "e2", "candidate": "nobody"})
        done = receive_message(unit, made.connection, body, headers)
        assert (done.taken, done.ignored, done.reason) == (1, 1, "candidate_unknown")
        for wrong in (body + b" ", body.replace(b"rejected", b"advanced")):
            with pytest.raises(SignatureInvalid):
                receive_message(unit, made.connection, wrong, headers)
        with pytest.raises(SignatureInvalid):
            receive_message(unit, made.connection, body, {})


def test_a_secret_opens_its_own_connection_alone(store: Store) -> None:
    with store.unit("acme") as unit:
        first, second = connect(unit), connect(unit)
        body, headers = signed(first, payloads.greenhouse("hire_candidate"))
        with pytest.raises(SignatureInvalid):
            receive_message(unit, second.connection, body, headers)
    with store.unit("globex") as unit, pytest.raises(NotFound):
        unit.get(AtsConnection, first.connection.id)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("greenhouse", "/v1/candidates/c-17/activity_feed/notes"),
        ("lever", "/v1/opportunities/c-17/notes?perform_as=4411"),
        ("ashby", "/candidate.createNote"),
        ("generic", None),
    ],
)
def test_flags_go_out_as_notes_that_change_nothing(
    store: Store, kind: str, path: str | None
) -> None:
    with store.unit("acme") as unit:
        used, whose = system(unit), candidate(unit, "c-17")
        made = connect(unit, kind, used)
        raised = flag(unit, used, whose)
        flag(unit, system(unit), whose)
        notes = list_notes(unit, made.connection, Page(), QUERY)
    assert [each.id for each in notes.items] == [raised.id] and not notes.more
    only = notes.items[0]
    assert only.note["link"] == f"https://audit.example.com/v1/flags/{raised.id}"
    assert raised.reason not in json.dumps(only.note)
    if path is None:
        assert only.call is None
    else:
        assert only.call is not None
        assert (only.call.method, only.call.path) == ("POST", path)
        assert "status" not in json.dumps(only.call.body)


def test_notes_come_newest_first_in_pages_and_since_a_time(store: Store) -> None:
    with store.unit("acme") as unit:
        used, whose = system(unit), candidate(unit, "c-17")
        made = connect(unit, used=used)
        finished(unit, used, RunState.RUNNING)
        expected = []
        for number in range(5):
            about = (
                finished(unit, used, RunState.FINISHED)
                if number % 2
                else flag(unit, used, whose, created_at=datetime.now(UTC))
            )
            expected.append(about.id)
        expected.sort(key=lambda each: each.rpartition("_")[2], reverse=True)
        found: list[str] = []
        before = None
        for _ in range(3):
            notes = list_notes(unit, made.connection, Page(limit=2, before=before), QUERY)
            found += [each.id for each in notes.items]
            before = found[-1]
        assert found == expected and not notes.more
        late = NoteQuery("https://a.example", since=unit.now() + timedelta(hours=1))
        assert list_notes(unit, made.connection, Page(), late).items == ()
        audit = next(
            e for e in list_notes(unit, made.connection, Page(), QUERY).items if e.kind != "flag"
        )
        assert (audit.candidate_id, audit.call, audit.kind) == (None, None, "fairness_audit")


def test_without_an_author_greenhouse_gets_the_note_and_no_call(store: Store) -> None:
    with store.unit("acme") as unit:
        used = system(unit)
        made = connect(unit, used=used)
        flag(unit, used, candidate(unit, "c-17"), outcome="for_information")
        flag(unit, used)
        notes = list_notes(unit, made.connection, Page(), NoteQuery("https://a.example")).items
    assert [each.call for each in notes] == [None, None]
    assert notes[1].note["outcome"] == "for_information"
