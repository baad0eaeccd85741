"""A request that is sent again takes effect once, and is answered as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi import Response

from api import routes
from api.bodies import Body
from api.call import Call
from api.guarding import area
from api.idempotency import InFlight, Repetition, request_hash
from api.principal import Principal
from api.problems import Refusal
from api.scopes import requires
from audit.errors import CiphertextInvalid, StepRefused
from audit.ids import new_id
from audit.records.access import Role
from audit.records.work import Job, Queue
from audit.store import Store
from audit.store.access import KeptAnswer, forget_answers, keep_answer, kept_answer
from tests.api.conftest import Frame

NEW = {"name": "Interview platform", "role": "platform"}
ONCE = {"Idempotency-Key": "a-key-of-the-caller"}


class Work(Body):
    wait: bool = False
    fail: bool = False
    forget: bool = False


@pytest.fixture
def gate() -> threading.Barrier:
    """Where a slow request waits."""
    return threading.Barrier(2, timeout=20)


@pytest.fixture
def working(
    store: Store,
    frame_of: Callable[..., Frame],
    gate: threading.Barrier,
    monkeypatch: pytest.MonkeyPatch,
) -> Frame:
    """A frame with a route that can be slow, or fail after its effect."""
    router = area("Test", "/test")

    @router.post("", status_code=201, response_model=Job, dependencies=[requires("keys:write")])
    def work(call: Call, body: Work) -> Response:
        with call.unit() as unit:
            job = unit.add(Job(id=new_id("job"), kind="test", queue=Queue.CPU, subject="x"))
            if body.wait:
                gate.wait()
                gate.wait()
            if body.fail:
                raise StepRefused("Not now.")
            if body.forget:
                return Response(status_code=204)
            return call.created(unit, job)

    monkeypatch.setattr(routes, "ROUTERS", (*routes.ROUTERS, router))
    return frame_of(store)


def jobs(web: Frame) -> int:
    with web.service.store.reading("acme") as unit:
        return unit.count(Job)


def test_a_repeated_request_has_one_effect_and_one_answer(both: Frame) -> None:
    admin = both.key_of()
    first = both.send("POST", "/v1/keys", admin, json=NEW, headers=ONCE)
    again = both.send("POST", "/v1/keys", admin, json=NEW, headers=ONCE)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content and again.json()["key"].startswith("fw_")
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    for name in ("location", "etag", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert len(both.send("GET", "/v1/keys", admin).json()["items"]) == 2


def test_the_same_key_for_another_request_is_refused(both: Frame) -> None:
    admin = both.key_of()
    made = both.send("POST", "/v1/keys", admin, json=NEW, headers=ONCE).json()
    for path, body in (
        ("/v1/keys", {**NEW, "name": "other"}),
        ("/v1/keys?x=1", NEW),
        (f"/v1/keys/{made['id']}/rotate", {}),
    ):
        other = both.send("POST", path, admin, json=body, headers=ONCE)
        assert other.status_code == 422 and other.json()["code"] == "idempotency_mismatch"
    assert len(both.send("GET", "/v1/keys", admin).json()["items"]) == 2


def test_keys_of_others_do_not_meet(both: Frame) -> None:
    first = both.send("POST", "/v1/keys", both.key_of(), json=NEW, headers=ONCE)
    second = both.send("POST", "/v1/keys", both.key_of(), json=NEW, headers=ONCE)
    third = both.send("POST", "/v1/keys", both.key_of(tenant="globex"), json=NEW, headers=ONCE)
    assert len({each.json()["id"] for each in (first, second, third)}) == 3


def test_what_failed_is_done_again(working: Frame) -> None:
    admin = working.key_of()
    refused = working.send("POST", "/v1/test", admin, json={"fail": True}, headers=ONCE)
    assert refused.status_code == 409 and jobs(working) == 0
    done = working.send("POST", "/v1/test", admin, json={}, headers=ONCE)
    assert done.status_code == 201 and jobs(working) == 1


def test_a_twin_that_runs_at_the_same_time_is_told_to_wait(
    working: Frame, gate: threading.Barrier
) -> None:
    admin = working.key_of()
    answers = []

    def first() -> None:
        answers.append(working.send("POST", "/v1/test", admin, json={"wait": True}, headers=ONCE))

    thread = threading.Thread(target=first)
    thread.start()
    gate.wait()
    twin = working.send("POST", "/v1/test", admin, json={"wait": True}, headers=ONCE)
    gate.wait()
    thread.join()
    assert twin.status_code == 409 and twin.json()["code"] == "idempotency_in_progress"
    assert twin.headers["retry-after"] == "1"
    assert answers[0].status_code == 201 and jobs(working) == 1


def test_a_twin_in_another_process_has_no_second_effect(store: Store) -> None:
    """Two frames know nothing of one another; the database tells them apart."""
    principal = Principal("acme", "key_x", Role.ADMIN, frozenset(), bytes(32))
    hashed = request_hash("POST", "/x", b"", "h")
    effects: list[str] = []
    started, go_on = threading.Event(), threading.Event()

    def run(name: str, wait: bool) -> None:
        repetition = Repetition(principal, "k", route="POST /x", request_hash=hashed)
        try:
            with store.unit("acme", actor="key_x") as unit:
                repetition.look(unit)
                if wait:
                    started.set()
                    go_on.wait(20)
                repetition.keep(unit, Response(b"{}", 201))
                effects.append(name)
        except Exception as refused:  # noqa: BLE001 - a refusal or a replay, checked below
            effects.append(type(refused).__name__)

    slow = threading.Thread(target=run, args=("slow", True))
    slow.start()
    started.wait(20)
    twin = threading.Thread(target=run, args=("twin", False))
    twin.start()
    twin.join(0.3)
    go_on.set()
    slow.join()
    twin.join()
    waiting = "Refusal" if store.engine.dialect.name == "postgresql" else "Replay"
    assert sorted(effects) == sorted(["slow", waiting])


def test_an_answer_made_outside_of_its_unit_is_our_fault(working: Frame) -> None:
    answer = working.send("POST", "/v1/test", working.key_of(), json={"forget": True})
    assert answer.status_code == 500 and jobs(working) == 0


def test_kept_answers_are_sealed_and_end_after_a_day(light_store: Store) -> None:
    principal = Principal("acme", "key_x", Role.ADMIN, frozenset(), b"s" * 32)
    repetition = Repetition(principal, "k", route="POST /x", request_hash="h")
    with light_store.unit("acme") as unit:
        repetition.keep(unit, Response(b"the secret of a new key", 201))
        kept = kept_answer(unit, "key_x", "k")
    assert kept is not None and b"secret" not in kept.body
    other = Principal("acme", "key_x", Role.ADMIN, frozenset(), b"t" * 32)
    with light_store.unit("acme") as unit, pytest.raises(CiphertextInvalid):
        Repetition(other, "k", route="POST /x", request_hash="h").look(unit)
    assert forget_answers(light_store) == 0
    late = light_store.now() + timedelta(hours=24)
    light_store.now = lambda: late  # type: ignore[method-assign]
    with light_store.unit("acme") as unit:
        repetition.look(unit)  # no replay: it has expired
        keep_answer(unit, _answer(light_store))
    assert forget_answers(light_store) == 0
    light_store.now = lambda: late + timedelta(days=2)  # type: ignore[method-assign]
    assert forget_answers(light_store) == 1


def _answer(store: Store) -> KeptAnswer:
    return KeptAnswer(
        principal="key_x",
        key="k",
        route="POST /x",
        request_hash="h",
        status=201,
        headers={},
        body=b"",
        created_at=store.now(),
        expires_at=store.now() + timedelta(hours=24),
    )


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\xe9"])
def test_keys_have_a_form(web: Frame, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = web.send("POST", "/v1/keys", web.key_of(), json=NEW, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/Idempotency-Key"


def test_a_key_is_free_again_when_its_request_ended() -> None:
    principal = Principal("acme", "key_x", Role.ADMIN, frozenset(), bytes(32))
    flight = InFlight()
    flight.enter(principal, "k")
    with pytest.raises(Refusal):
        flight.enter(principal, "k")
    flight.leave(principal, "k")
    flight.enter(principal, "k")
