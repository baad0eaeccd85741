"""Challenges over HTTP: issued, started once, answered in time; refused with a reason otherwise."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import av
import httpx
import numpy as np
import pytest

from audit.challenges import Kind, Plan, draw
from audit.ledger import EventKind
from audit.operations import challenges
from audit.operations.erasure import erase_candidate
from audit.records.challenges import Challenge, ChallengeState
from audit.records.oversight import Flag, Request
from audit.records.work import Job
from audit.store import Store
from tests.answering import answer
from tests.api.conftest import Frame
from tests.audit.operations import registered


@cache
def recording(shade: int = 90) -> bytes:
    """A few frames of WebM."""
    held = io.BytesIO()
    with av.open(held, "w", format="webm") as out:
        stream = out.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(8):
            picture = np.full((48, 64, 3), shade + number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return held.getvalue()


class Clock:
    """The store's clock, moved by hand."""

    def __init__(self, store: Store) -> None:
        self._now = store.now  # before it is replaced
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return self._now() + self.ahead


@dataclass
class Session:
    """One candidate, one challenge, and what the page does with it."""

    web: Frame
    clock: Clock
    interview: str
    candidate: str
    id: str
    path: str
    plan: Plan | None = None
    nonce: str = ""

    def post(self, step: str, json: Any = None, **more: Any) -> httpx.Response:
        return self.web.send("POST", f"{self.path}/{step}", json=json, **more)

    def start(self, **choice: Any) -> dict[str, Any]:
        got = self.post("start", choice)
        assert got.status_code == 200, got.text
        body = got.json()
        out = [Kind(each) for each in choice.get("left_out", ())]
        kinds = [kind for kind in Kind if kind not in out]
        self.nonce = body["nonce"]
        self.plan = draw(self.nonce, kinds, pace=choice.get("pace", 1))
        return body

    def passed(self, more_s: float = 2.0) -> Session:
        assert self.plan is not None
        self.clock.ahead += timedelta(seconds=self.plan.duration_s + more_s)
        return self

    def answer(self, data: bytes, **changes: Any) -> dict[str, Any]:
        assert self.plan is not None
        got = self.post("answer", answer(self.plan, self.nonce, data, **changes))
        assert got.status_code == 200, got.text
        return got.json()

    def send(self, data: bytes) -> httpx.Response:
        headers = {"Content-Type": "video/webm"}
        return self.web.send("POST", f"{self.path}/recording", content=data, headers=headers)

    def shown(self, role: str = "compliance") -> dict[str, Any]:
        got = self.web.send("GET", f"/v1/challenges/{self.id}", self.web.key_of(role))
        assert got.status_code == 200
        return got.json()


@pytest.fixture
def session(web: Frame, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Session]:
    clock = Clock(web.service.store)
    monkeypatch.setattr(web.service.store, "now", clock)

    def make(**order: Any) -> Session:
        with web.service.store.unit("acme") as unit:
            whose = registered.candidate(unit, f"p-{len(unit.every(Challenge))}", "US-NJ")
            held = registered.interview(unit, whose)
        made = web.send(
            "POST",
            "/v1/challenges",
            web.key_of("platform"),
            json={"interview_id": held.id, **order},
        )
        assert made.status_code == 201, made.text
        body = made.json()
        return Session(web, clock, held.id, whose.id, body["id"], body["path"])

    return make


def events(web: Frame, id: str) -> list[str]:
    with web.service.store.reading("acme") as unit:
        return [kind for kind, _ in registered.events(unit, id)]


def test_an_answer_in_time_is_taken_and_queued(session: Callable[..., Session]) -> None:
    here = session()
    body = here.start()
    assert here.plan is not None
    assert [cue["kind"] for cue in body["cues"]] == [cue.kind.value for cue in here.plan.cues]
    assert here.passed().answer(recording()) == {"upload": True}
    assert here.send(recording()).status_code == 204
    shown = here.shown("platform")
    assert (shown["state"], shown["verdict"]) == ("answered", None)
    assert "nonce" not in shown and "telemetry" not in shown
    with here.web.service.store.reading("acme") as unit:
        assert unit.get(Job, shown["job_id"]).kind == challenges.KIND
        kept = unit.get(Challenge, here.id)
        assert kept.telemetry and b"Integrated" not in kept.telemetry  # sealed
    assert events(here.web, here.id) == [
        EventKind.CHALLENGE_ISSUED, EventKind.CHALLENGE_STARTED, EventKind.CHALLENGE_COMMITTED
    ]  # fmt: skip


def test_a_challenge_is_started_once(session: Callable[..., Session]) -> None:
    here = session()
    here.start()
    again = here.post("start", {})
    assert (again.status_code, again.json()["code"]) == (409, "step_refused")
    assert here.web.client.get(here.path).status_code == 200


def refused(here: Session) -> list[str]:
    shown = here.shown()
    assert (shown["state"], shown["verdict"]) == ("finished", "refused")
    assert here.send(recording()).status_code == 409  # nothing of it is stored
    assert [each["code"] for each in shown["result"]["reasons"]] == shown["reasons"]
    return shown["reasons"]


def test_a_late_answer_is_refused(session: Callable[..., Session]) -> None:
    here = session()
    here.start()
    within = challenges.ANSWER_WITHIN.total_seconds()
    assert here.passed(within + 1).answer(recording()) == {"upload": False}
    assert refused(here) == ["late_answer"]


def test_an_answer_before_the_cues_were_shown_is_refused(session: Callable[..., Session]) -> None:
    here = session()
    here.start()
    assert here.passed(-5).answer(recording()) == {"upload": False}
    assert refused(here) == ["answered_too_soon"]


def test_another_nonce_is_refused(session: Callable[..., Session]) -> None:
    here, other = session(), session()
    here.start()
    other.start()
    mixed = answer(here.plan, other.nonce, recording())  # type: ignore[arg-type]
    here.passed()
    assert here.post("answer", mixed).json() == {"upload": False}
    assert refused(here) == ["nonce_mismatch"]


def test_telemetry_exchanged_afterwards_is_refused(session: Callable[..., Session]) -> None:
    here = session()
    here.start()
    body = answer(here.plan, here.nonce, recording())  # type: ignore[arg-type]
    body["telemetry"] = body["telemetry"].replace("Integrated", "Other")
    here.passed()
    assert here.post("answer", body).json() == {"upload": False}
    assert refused(here) == ["nonce_mismatch"]


def test_the_file_of_yesterday_is_refused(session: Callable[..., Session]) -> None:
    first, second = session(), session()
    first.start()
    first.passed().answer(recording())
    assert first.send(recording()).status_code == 204
    second.start()
    assert second.passed().answer(recording()) == {"upload": False}
    assert refused(second) == ["replayed_recording"]
    with second.web.service.store.reading("acme") as unit:
        flag = unit.find(Flag, subject=second.id)
        assert flag is not None and flag.outcome == "for_information" and flag.review_id is None


def test_another_recording_than_was_said_is_not_taken(session: Callable[..., Session]) -> None:
    here = session()
    here.start()
    here.passed().answer(recording())
    other = here.send(recording(60)[: len(recording())].ljust(len(recording()), b"\0"))
    assert other.json()["code"] in ("hash_mismatch", "step_refused")
    assert here.send(recording()).status_code == 204


def test_a_person_can_ask_for_a_human_at_any_time(session: Callable[..., Session]) -> None:
    for begin in (False, True):
        here = session(language="es")
        if begin:
            here.start()
        page = here.post("human")
        assert page.status_code == 200 and "Se ocupará una persona" in page.text
        assert here.post("human").status_code == 200
        shown = here.shown()
        assert shown["state"] == "human"
        with here.web.service.store.reading("acme") as unit:
            asked = unit.get(Request, shown["request_id"])
            assert (asked.kind.value, asked.candidate_id) == ("human_alternative", here.candidate)
            assert len(unit.every(Request, candidate_id=here.candidate)) == 1


def test_what_a_person_leaves_out_is_not_asked(session: Callable[..., Session]) -> None:
    here = session()
    body = here.start(left_out=["cover_face", "screen_colours", "say_digits"], pace=2)
    assert {cue["kind"] for cue in body["cues"]} == {"turn_head", "follow_dot"}
    assert here.shown()["left_out"] == ["cover_face", "say_digits", "screen_colours"]
    nothing = session().post("start", {"left_out": ["turn_head", "follow_dot", "screen_colours"]})
    assert nothing.status_code == 409


def test_an_unused_link_expires_and_can_be_taken_back(session: Callable[..., Session]) -> None:
    here, other = session(expires_in=60), session()
    here.clock.ahead += timedelta(seconds=61)
    assert here.shown()["state"] == "expired"
    assert here.post("start", {}).status_code == 409
    key = here.web.key_of("platform")
    taken = here.web.send("POST", f"/v1/challenges/{other.id}/cancel", key)
    assert taken.json()["state"] == "cancelled"
    gone = here.web.client.get(other.path, headers={"Accept-Language": "de-AT,de;q=0.9"})
    assert gone.status_code == 404 and "führt nirgendwohin" in gone.text


def test_a_forged_link_leads_nowhere(session: Callable[..., Session]) -> None:
    here = session()
    forged = here.path[:-3] + ("AAA" if not here.path.endswith("AAA") else "BBB")
    assert here.web.client.get(forged).status_code == 404
    assert here.web.send("POST", f"{forged}/start", json={}).status_code == 404
    assert here.web.send("POST", f"{forged}/human").status_code == 404


def test_another_tenant_sees_nothing(session: Callable[..., Session]) -> None:
    here = session()
    foreign = here.web.key_of("platform", "globex")
    assert here.web.send("GET", f"/v1/challenges/{here.id}", foreign).status_code == 404
    assert here.web.send("GET", "/v1/challenges", foreign).json()["items"] == []
    answered = here.web.send("POST", f"/v1/challenges/{here.id}/cancel", foreign)
    assert answered.status_code == 404
    body = {"interview_id": here.interview}
    assert here.web.send("POST", "/v1/challenges", foreign, json=body).status_code == 409
    assert (
        here.web.send("POST", "/v1/challenges", here.web.key_of("auditor"), json=body).status_code
        == 403
    )


def test_an_opted_out_candidate_is_not_challenged(session: Callable[..., Session]) -> None:
    here = session()
    asked = {"candidate_id": here.candidate, "kind": "opt_out", "channel": "web form"}
    here.web.send("POST", "/v1/requests", here.web.key_of("platform"), json=asked)
    assert here.post("start", {}).json()["code"] == "processing_stopped"
    body = {"interview_id": here.interview}
    made = here.web.send("POST", "/v1/challenges", here.web.key_of("platform"), json=body)
    assert made.json()["code"] == "processing_stopped"


def test_erasing_the_candidate_leaves_nothing_of_the_response(
    session: Callable[..., Session],
) -> None:
    here = session()
    here.start()
    here.passed().answer(recording())
    here.send(recording())
    with here.web.service.store.unit("acme") as unit:
        assert erase_candidate(unit, here.candidate).complete
        kept = unit.get(Challenge, here.id)
    assert (kept.nonce, kept.telemetry, kept.result) == (None, None, None)


def test_the_page_says_what_it_does_in_each_language(session: Callable[..., Session]) -> None:
    words = {"en": "I want a person instead", "de": "lieber einen Menschen", "es": "Prefiero una"}
    for language, text in words.items():
        page = session(language=language).web
        here = session(language=language)
        page = here.web.client.get(here.path)
        assert f'<html lang="{language}">' in page.text and text in page.text
        policy = page.headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "script-src 'self'" in policy
        assert "<script>" not in page.text and "style=" not in page.text
    assert here.shown()["state"] == ChallengeState.ISSUED


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"nonce": 5}', '{"nonce": NaN}', "[" * 3000])
def test_telemetry_that_cannot_be_read(session: Callable[..., Session], broken: str) -> None:
    here = session()
    here.start()
    body = {**answer(here.plan, here.nonce, recording()), "telemetry": broken}  # type: ignore[arg-type]
    here.passed()
    assert here.post("answer", body).status_code == 422
