"""One face under two names, from the enrolment to a reviewer's decision; and what refuses it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.tasks import Bench, enrol, handlers
from audit.jobs import Worker
from audit.operations import consents, erasure, reviewers, searches, templates
from audit.operations.tries import MOST_A_DAY
from audit.records.biometrics import Modality, Template
from audit.records.evidence import Reference
from audit.records.oversight import Delivery, Flag, Review
from audit.records.register import Candidate, Consent
from audit.records.searches import AlikePair, Search
from audit.records.work import Queue
from audit.store import Store
from tests.api.conftest import Frame
from tests.api.test_tasks import until_over
from tests.evidence import QUICK, TENANT, Shelf
from tests.gallery_crowd import FACE, OTHERS, SPACES, crowd, like, made, people, searched, session

BASIS = {"legal_basis": "Explicit consent, Article 9(2)(a) GDPR; DPIA of 2026-03-01"}
OF_BOTH = ("space", "start_s", "end_s", "amount", "quality", "conditions", "vector")
STRANGERS = people(OTHERS + 1)


@pytest.fixture
def web(light_store: Store, frame_of: Callable[..., Frame]) -> Frame:
    return frame_of(light_store, comparisons_per_minute=1000)


@pytest.fixture
def bench(web: Frame) -> Bench:
    service = web.service
    return Bench(service.settings, service.store, service.vault)


@pytest.fixture
def others(web: Frame) -> list[Candidate]:
    return crowd(web.service.store, TENANT, STRANGERS[:OTHERS])


def twice(web: Frame) -> Reference:
    """A session of somebody who is the third of the others, under another name."""
    return session(web.service.store, TENANT, made(Modality.FACE, like(STRANGERS[2])))


def ask(web: Frame, reference: Reference, role: str = "platform", tenant: str = TENANT) -> Any:
    path = f"/v1/identities/{reference.candidate_id}/searches"
    key = web.key_of(role, tenant)
    return web.send("POST", path, key, json={"media_id": reference.media_id})


def with_basis(web: Frame) -> None:
    key = web.key_of("compliance")
    assert web.send("POST", "/v1/galleries/basis", key, json=BASIS).status_code == 201


def test_a_second_name_is_found_flagged_once_and_decided_by_a_person(
    web: Frame, bench: Bench, others: list[Candidate]
) -> None:
    with_basis(web)
    reference = twice(web)
    asked = ask(web, reference)
    assert asked.status_code == 202
    searched(bench, TENANT, asked.json()["id"])
    key = web.key_of("compliance")
    shown = web.send("GET", asked.headers["location"], web.key_of("platform")).json()
    face, voice = shown["answers"]
    assert face["answer"] == "alike_found" and face["among"] == "fewer than 100"
    assert [(one["candidate_id"], one["likeness"]) for one in face["alike"]] == [
        (others[2].id, "very_alike")
    ]
    assert (voice["answer"], voice["reason"]) == ("inconclusive", "no_template")
    assert "0.9" not in str(shown["answers"])
    [pair] = web.send("GET", "/v1/galleries/pairs?state=needs_look", key).json()["items"]
    assert {pair["candidate_id"], pair["other_id"]} == {reference.candidate_id, others[2].id}
    with web.service.store.reading(TENANT) as unit:
        flag = unit.get(Flag, pair["flag_id"])
        review = unit.get(Review, pair["review_id"])
        assert (flag.kind, flag.outcome, flag.subject) == (
            "alike_candidates",
            "needs_human_review",
            pair["id"],
        )
        assert "twins" in flag.reason.lower() and others[2].id not in repr((flag, review))
    # Asked again, also from the other side: the same pair, and no further flag.
    again = ask(web, reference).json()["id"]
    searched(bench, TENANT, again)
    with web.service.store.reading(TENANT) as unit:
        assert unit.count(AlikePair) == 1 and unit.count(Flag) == 1
    person = {"person": "zoe", "may_change": True, "training": "course-3"}
    with web.service.store.unit(TENANT) as unit:
        reviewers.register(unit, teams=(), **person)  # type: ignore[arg-type]
    at = f"/v1/reviews/{pair['review_id']}"
    web.send("POST", f"{at}/assign", key, json={"reviewer": "zoe"})
    verdict = {
        "reviewer": "zoe",
        "outcome": "reversed",
        "rationale": "Two brothers.",
        "evidence": [pair["id"]],
    }
    assert web.send("POST", f"{at}/decide", key, json=verdict).status_code in (200, 201)
    assert web.send("POST", f"{at}/close", key).status_code == 200
    found = web.send("GET", f"/v1/galleries/pairs/{pair['id']}", key).json()
    assert found["state"] == "different_people"
    with web.service.store.reading(TENANT) as unit:
        assert unit.get(Candidate, reference.candidate_id).stopped.value == "not_stopped"


def test_a_stranger_is_not_flagged(web: Frame, bench: Bench, others: list[Candidate]) -> None:
    with_basis(web)
    reference = session(web.service.store, TENANT, made(Modality.FACE, STRANGERS[OTHERS]))
    id = ask(web, reference).json()["id"]
    searched(bench, TENANT, id)
    with web.service.store.reading(TENANT) as unit:
        assert unit.get(Search, id).answers[0]["answer"] == "none_found"
        assert unit.count(Flag) == 0 == unit.count(AlikePair)


def test_few_candidates_and_unmeasured_networks_give_no_answer(web: Frame, bench: Bench) -> None:
    with_basis(web)
    crowd(web.service.store, TENANT, STRANGERS[:8])
    reference = twice(web)
    id = ask(web, reference).json()["id"]
    searched(bench, TENANT, id)
    with web.service.store.reading(TENANT) as unit:
        face = unit.get(Search, id).answers[0]
    assert (face["answer"], face["reason"], face["alike"]) == ("inconclusive", "few_candidates", [])


def test_what_refuses_a_search(web: Frame, bench: Bench) -> None:
    reference = twice(web)
    refused = ask(web, reference)
    assert (refused.status_code, refused.json()["code"]) == (409, "step_refused")
    assert "legal basis" in refused.json()["detail"]
    with_basis(web)
    for role in ("compliance", "auditor", "admin"):
        assert ask(web, reference, role).status_code == 403
    assert ask(web, reference, tenant="globex").status_code == 404
    waiting = ask(web, reference).json()["id"]
    for _ in range(MOST_A_DAY - 1):
        assert ask(web, reference).status_code == 202
    assert ask(web, reference).json()["code"] == "too_many_tries"
    assert web.send("DELETE", "/v1/galleries/basis", web.key_of("compliance")).status_code == 204
    with pytest.raises(Exception, match="legal basis"):
        searched(bench, TENANT, waiting)


def test_bases_and_pairs_are_for_those_who_may_and_of_one_tenant(
    web: Frame, bench: Bench, others: list[Candidate]
) -> None:
    with_basis(web)
    searched(bench, TENANT, ask(web, twice(web)).json()["id"])
    for role, status in (("platform", 403), ("auditor", 403), ("admin", 403)):
        sent = web.send("POST", "/v1/galleries/basis", web.key_of(role), json=BASIS)
        assert sent.status_code == status
    assert web.send("GET", "/v1/galleries/pairs", web.key_of("auditor")).status_code == 403
    theirs = web.key_of("compliance", "globex")
    assert web.send("GET", "/v1/galleries/pairs", theirs).json()["items"] == []
    assert web.send("GET", "/v1/galleries/basis", theirs).status_code == 404
    ours = web.key_of("compliance")
    mine = web.send("GET", f"/v1/galleries/pairs?candidate_id={others[2].id}", ours).json()
    [pair] = mine["items"]
    assert web.send("GET", f"/v1/galleries/pairs/{pair['id']}", theirs).status_code == 404
    none = web.send("GET", f"/v1/galleries/pairs?candidate_id={others[3].id}", ours).json()
    assert none["items"] == []


def test_erased_and_withdrawn_candidates_are_found_no_more(
    web: Frame, bench: Bench, others: list[Candidate]
) -> None:
    with_basis(web)
    reference = twice(web)
    store = web.service.store
    first = ask(web, reference).json()["id"]
    searched(bench, TENANT, first)
    with store.unit(TENANT) as unit:
        pair = unit.find(AlikePair)
        assert pair is not None
        assert erasure.erase_candidate(unit, others[2].id).complete
        assert unit.count(AlikePair) == 0
        assert unit.get(Search, first).answers[0]["alike"] == []
        [flag] = unit.every(Flag)
        assert flag.reason == "Erased."
    again = ask(web, reference).json()["id"]
    searched(bench, TENANT, again)
    held = next(iter(bench.galleries._kept.values())).gallery
    assert others[2].id not in held.rows().values()
    with store.unit(TENANT) as unit:
        assert unit.get(Search, again).answers[0]["alike"] == []
        given = unit.find(Consent, candidate_id=others[5].id)
        assert given is not None
        consents.withdraw_consent(unit, given)
    searched(bench, TENANT, ask(web, reference).json()["id"])
    assert others[5].id not in held.rows().values()
    assert len(held) == OTHERS - 2 + 1


def test_an_enrolled_session_is_searched_for_by_itself_once(store: Store, tmp_path: Any) -> None:
    """On both databases, by a worker: the search follows the enrolment, and finds the other."""
    shelf = Shelf.of(store, tmp_path)
    crowd(store, TENANT, STRANGERS[:OTHERS])
    bench = Bench(shelf.settings, store, shelf.vault)
    reference = session(store, TENANT, made(Modality.FACE, like(STRANGERS[2])))
    with store.unit(TENANT) as unit:
        assert searches.search_enrolled(unit, reference) is None  # no basis
        searches.record_basis(unit, searches.NewBasis(**BASIS))
        search = searches.search_enrolled(unit, reference)
        assert search is not None and searches.search_enrolled(unit, reference) is None
        space = templates.stored_spaces(unit, {Modality.FACE: FACE})[Modality.FACE]

    with Worker(store, QUICK, handlers(bench), tuple(Queue)):
        done = until_over(shelf, Search, search.id)
    assert done.state.value == "finished" and done.answers[0]["answer"] == "alike_found"
    assert shelf.events(search.id) == ["gallery_searched"]
    assert [key.space for key in bench.galleries._kept] == [space]


def test_webhooks_are_told_of_a_pair(web: Frame, bench: Bench, others: list[Candidate]) -> None:
    with_basis(web)
    body = {"url": "https://hooks.platform.example/in", "events": ["*"]}
    assert web.send("POST", "/v1/webhooks", web.key_of("admin"), json=body).status_code == 201
    searched(bench, TENANT, ask(web, twice(web)).json()["id"])
    with web.service.store.reading(TENANT) as unit:
        told = {each.type for each in unit.every(Delivery)}
    assert told >= {"flag.raised", "review.opened"}


def test_the_enrolment_job_asks_for_the_search(
    web: Frame, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read of the recording is made up; what follows from it is not."""
    with_basis(web)
    store, reference = web.service.store, twice(web)
    face = made(Modality.FACE, STRANGERS[2])
    segment = SimpleNamespace(
        trait="face", number=0, **{name: getattr(face, name) for name in OF_BOTH}
    )
    monkeypatch.setattr(enrol, "spaces_in_use", lambda _: SPACES)
    monkeypatch.setattr(enrol, "_read", lambda *_: SimpleNamespace(segments=[segment]))
    context = SimpleNamespace(
        tenant=TENANT,
        subject=reference.id,
        unit=lambda: store.unit(TENANT),
        completing=lambda: store.unit(TENANT),
    )
    for _ in range(2):
        enrol.run_enrolment(bench, cast("Any", context))
    with store.reading(TENANT) as unit:
        [search] = unit.every(Search)
        assert search.media_id == reference.media_id
        assert unit.count(Template, reference_id=reference.id) == 1
