"""What a person gets: all that is stored of them, once; and an explanation in words."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter

from audit.clocks import RequestKind
from audit.errors import NotFound, StepRefused
from audit.operations import disclosures, flags, requests
from audit.operations.disclosures import Export
from audit.operations.flags import FlagContext
from audit.operations.requests import Asked, Decided
from audit.records.oversight import Request
from audit.requests import Answer, Consequence
from audit.store import Store, UnitOfWork
from tests.audit.operations.people import Person, add_person, events
from tests.audit.test_policies import check

YES = Decided(answer=Answer.GRANTED, rationale="Here it is.")


def asked(unit: UnitOfWork, person: Person, kind: RequestKind) -> Request:
    return requests.receive(unit, Asked(candidate_id=person.id, kind=kind, channel="form"))


def test_an_export_has_everything_of_the_candidate_and_is_handed_out_once(store: Store) -> None:
    with store.unit("acme") as unit:
        person, other = add_person(unit, "DE"), add_person(unit, "DE")
        flags.raise_flags(unit, person.check.id, check(), FlagContext(candidate_id=person.id))
        request = asked(unit, person, RequestKind.ACCESS)
        with pytest.raises(StepRefused, match="granted"):
            disclosures.export(unit, request.id)
        answered = requests.answer(unit, request.id, YES)
        assert requests.pending(answered) == (Consequence.PROVIDE_DATA,)
    with store.unit("acme", actor="key_c") as unit:
        made = disclosures.export(unit, request.id)
        with pytest.raises(StepRefused, match="handed out"):
            disclosures.export(unit, request.id)
        requests.close(unit, request.id)
    text = TypeAdapter(Export).dump_json(made).decode()
    found = json.loads(text)
    assert found["demographics"]["sex"] == "Female"
    assert found["candidate"]["external_ref"] == person.candidate.external_ref
    for name in (
        "consents",
        "interviews",
        "references",
        "comparisons",
        "checks",
        "reports",
        "flags",
        "reviews",
        "requests",
        "outcomes",
    ):
        assert len(found[name]) == 1, name
    assert len(found["media"]) == 2
    assert found["outcomes"][0]["scores"] == {"total": 71.0}
    assert found["checks"][0]["findings"] == {"identity": "review"}
    for theirs in (other.id, other.candidate.external_ref, other.check.id):
        assert theirs not in text
    [body] = [body for kind, _, body in events(store) if kind == "subject_data_exported"]
    assert body["request"] == request.id and body["media"] == 2 and body["demographics"]
    assert "Female" not in str(events(store))


def test_an_explanation_says_what_was_done_in_words(store: Store) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "DE")
        flags.raise_flags(unit, person.check.id, check(), FlagContext(candidate_id=person.id))
        request = asked(unit, person, RequestKind.EXPLANATION)
        with pytest.raises(StepRefused):
            disclosures.explain(unit, request.id)
        requests.answer(unit, request.id, YES)
        found = disclosures.explain(unit, request.id)
        requests.carried_out(unit, request.id, Consequence.PROVIDE_EXPLANATION)
        requests.close(unit, request.id)
    assert found.systems == (
        "Video interview, version 4.2, made by Example. Mode of the interview: ai led. Part in "
        "the decision: substantially assists.",
    )
    assert found.data == ("video", "voice")
    assert "identity: review" in found.checks[0] and "decides nothing" in found.checks[0]
    assert "Two faces differ" in found.flags[0]
    assert found.people == ("Case 'interview evidence' by a person: opened.",)
    assert found.outcomes[0].endswith("advanced.")
    assert not any("interviewer-1" in each or "manager-7" in each for each in found.checks)


def test_no_other_tenant_gets_an_export(store: Store) -> None:
    with store.unit("acme") as unit:
        request = asked(unit, add_person(unit, "DE"), RequestKind.ACCESS)
        requests.answer(unit, request.id, YES)
    with store.unit("globex") as unit, pytest.raises(NotFound):
        disclosures.export(unit, request.id)


def test_a_refused_request_gives_nothing(store: Store) -> None:
    no = Decided(answer=Answer.REFUSED, rationale="Not the person.", withheld="All.")
    with store.unit("acme") as unit:
        person = add_person(unit, "DE")
        for kind in (RequestKind.ACCESS, RequestKind.EXPLANATION):
            request = asked(unit, person, kind)
            requests.answer(unit, request.id, no)
            with pytest.raises(StepRefused):
                disclosures.export(unit, request.id)
            with pytest.raises(StepRefused):
                disclosures.explain(unit, request.id)
