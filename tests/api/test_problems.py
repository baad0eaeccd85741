"""Every failure has a problem, a page and a row in the documents; faults of ours show nothing."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from fastapi import Response
from sqlalchemy.exc import OperationalError

from api import routes
from api.bodies import Body
from api.call import Call
from api.errors_page import classes, rewritten
from api.guarding import area
from api.problems import kinds
from api.scopes import public, requires
from audit.errors import AuditError, CiphertextInvalid, MasterKeyUnavailable, StepRefused
from audit.store import Store
from tests.api.conftest import Frame

DOCS = Path(__file__).resolve().parents[2] / "docs"
SECRET = "hunter2-in-a-message"


class Inner(Body):
    size: int


class Sent(Body):
    name: str
    inner: Inner


FAULTS: dict[str, Exception] = {
    "broken": RuntimeError(SECRET),
    "tampered": CiphertextInvalid(SECRET),
    "unavailable": MasterKeyUnavailable(SECRET),
    "away": OperationalError("SELECT 1", {}, psycopg.OperationalError(SECRET)),
    "refused": StepRefused("Assign a reviewer first."),
}


@pytest.fixture
def failing(light_store: Store, frame_of: object, monkeypatch: pytest.MonkeyPatch) -> Frame:
    """A frame with routes that fail."""
    router = area("Test", "/test")

    @router.get("/{which}", dependencies=[public("test")])
    def fail(which: str) -> Response:
        raise FAULTS[which]

    @router.post("/body", dependencies=[requires("systems:write")])
    def take(call: Call, body: Sent) -> Response:
        return Response(status_code=204)

    monkeypatch.setattr(routes, "ROUTERS", (*routes.ROUTERS, router))
    return frame_of(light_store)  # type: ignore[operator, no-any-return]


@pytest.mark.parametrize("error", sorted(set(classes()), key=lambda each: each.__name__))
def test_every_failure_has_a_problem_and_a_page(error: type[AuditError]) -> None:
    kind = kinds()[error.code]
    assert 400 <= kind.status <= 599
    assert kind.title and kind.meaning and kind.remedy


def test_statuses_say_whose_fault_it_is() -> None:
    from audit.errors import InputError

    for error in classes(InputError):
        assert 400 <= kinds()[error.code].status < 500 or error.code == "settings_invalid"


def test_the_documentation_is_the_table_of_problems() -> None:
    page = (DOCS / "errors.md").read_text("utf-8")
    assert page == rewritten(page), "run: python -m api.errors_page docs/errors.md"


def test_every_problem_has_a_page(web: Frame) -> None:
    for code, kind in kinds().items():
        page = web.send("GET", f"/problems/{code}")
        assert page.status_code == 200 and kind.title in page.text
        assert "](" not in page.text
        assert code in web.send("GET", "/problems").text
    missing = web.send("GET", "/problems/none_such")
    assert missing.status_code == 404 and missing.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("which", "status", "code"),
    [
        ("broken", 500, "internal_error"),
        ("tampered", 500, "internal_error"),
        ("unavailable", 503, "master_key_unavailable"),
        ("away", 503, "unavailable"),
    ],
)
def test_a_fault_of_ours_shows_nothing_of_itself(
    failing: Frame, which: str, status: int, code: str
) -> None:
    answer = failing.send("GET", f"/v1/test/{which}", headers={"X-Request-Id": "rqt-of-caller"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "rqt-of-caller"
    body = answer.json()
    assert (body["code"], body["status"], body["request_id"]) == (code, status, "rqt-of-caller")
    assert body["type"] == f"/problems/{code}" and body["instance"] == f"/v1/test/{which}"
    assert SECRET not in answer.text and "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_database_that_is_away_is_worth_another_try(failing: Frame) -> None:
    answer = failing.send("GET", "/v1/test/away")
    assert answer.headers["retry-after"] == "1"
    assert "Idempotency-Key" in answer.json()["detail"]


def test_a_refusal_says_what_to_do(failing: Frame) -> None:
    answer = failing.send("GET", "/v1/test/refused")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "Assign a reviewer first."


def test_wrong_fields_are_named_and_not_repeated(failing: Frame) -> None:
    key = failing.key_of()
    answer = failing.send(
        "POST", "/v1/test/body", key, json={"name": 5, "inner": {"size": SECRET}, "more": SECRET}
    )
    assert answer.status_code == 422 and answer.json()["code"] == "validation_failed"
    found = {(each["place"], each["pointer"]) for each in answer.json()["errors"]}
    assert found == {("body", "/name"), ("body", "/inner/size"), ("body", "/more")}
    assert SECRET not in answer.text


def test_what_the_framework_refuses_is_a_problem_too(failing: Frame) -> None:
    lost = failing.send("GET", "/v2/nothing")
    assert (lost.status_code, lost.json()["code"]) == (404, "route_not_found")
    other = failing.send("PATCH", "/v1/keys")
    assert (other.status_code, other.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in other.headers["allow"]
