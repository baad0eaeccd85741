"""What a request brings is checked before its route sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import Form, Response
from starlette.responses import StreamingResponse

from api import routes
from api.bodies import Body
from api.call import Call, IfMatch, RawBody, ServiceDep
from api.guarding import area
from api.paging import Listed, Paging
from api.scopes import RateClass, public, requires
from audit.records.work import Job, Queue
from audit.store import Store
from tests.api.conftest import Frame


class Sent(Body):
    text: str
    number: float = 0


@pytest.fixture
def taking(
    light_store: Store, frame_of: Callable[..., Frame], monkeypatch: pytest.MonkeyPatch
) -> Frame:
    """A frame with routes that take things."""
    router = area("Test", "/test")
    may = [requires("systems:write")]

    @router.post("/json", dependencies=may)
    def take(body: Sent) -> dict[str, object]:
        return {"text": body.text, "number": body.number}

    @router.post("/form", dependencies=may)
    def form(name: str = Form()) -> dict[str, str]:
        return {"name": name}

    @router.post("/raw", dependencies=[public("A signature over the bytes says who sends it.")])
    def raw(body: RawBody, service: ServiceDep) -> dict[str, int]:
        return {"bytes": len(body), "threads": service.settings.api.threads}

    @router.patch("/jobs/{job_id}", response_model=Job, dependencies=may)
    def change(call: Call, job_id: str, expected: IfMatch, body: Sent) -> Response:
        with call.unit() as unit:
            job = unit.get(Job, job_id)
            expected.check(job)
            return call.changed(unit, unit.put(job))

    @router.get("/jobs/{job_id}", response_model=Job, dependencies=[requires("systems:read")])
    def read(call: Call, job_id: str) -> Response:
        with call.reading() as unit:
            return call.shown(unit.get(Job, job_id))

    @router.get("/jobs", response_model=Listed[Job], dependencies=[requires("systems:read")])
    def listed(call: Call, paging: Paging) -> Response:
        with call.reading() as unit:
            return call.listing(paging, unit.page(Job, paging.page))

    @router.post("/compare", dependencies=[requires("systems:write", rate=RateClass.COMPARE)])
    def compare(call: Call) -> dict[str, str]:
        return {"by": call.principal.key_id}

    @router.get("/broken", dependencies=[public("It breaks off in the middle.")])
    def broken() -> StreamingResponse:
        def pieces() -> object:
            yield b"first"
            raise RuntimeError("of someone's name")

        return StreamingResponse(pieces())  # type: ignore[arg-type]

    monkeypatch.setattr(routes, "ROUTERS", (*routes.ROUTERS, router))
    return frame_of(light_store, comparisons_per_minute=2, body_kib=4)


def post(web: Frame, body: bytes, content_type: str | None = "application/json") -> tuple[int, str]:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = web.send("POST", "/v1/test/json", web.key_of(), content=body, headers=headers)
    return answer.status_code, answer.json().get("code", "")


def test_strict_json_is_taken(taking: Frame) -> None:
    assert post(taking, b'{"text": "\\u00e9 \\ud83d\\ude00 \\\\u0000 \\\\ud800"}')[0] == 200
    assert post(taking, b'{"text": "x"}', "application/json; charset=utf-8")[0] == 200
    assert post(taking, b'{"text": "x"}', "application/merge-patch+json")[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"text": "x", "text": "y"}',
        b'{"text": "x", "number": NaN}',
        b'{"text": "x", "number": Infinity}',
        b'{"text": "\\u0000"}',
        b'{"text": "\\ud800"}',
        b'{"\\udfff": "x"}',
        b'{"text": "\xff"}',
        b"[" * 3000,
        b'{"text": 5}',
        b"",
        b"null",
    ],
)
def test_other_json_is_refused(taking: Frame, body: bytes) -> None:
    assert post(taking, body) == (422, "validation_failed")


def test_a_body_has_a_type(taking: Frame) -> None:
    for kind in ("text/plain", None, "application/xml", "multipart/form-data; boundary=x", "json"):
        assert post(taking, b'{"text": "x"}', kind) == (415, "unsupported_media_type")
    key = taking.key_of()
    wrong = taking.send("POST", "/v1/test/form", key, json={"name": "x"})
    assert wrong.status_code == 415
    right = taking.send("POST", "/v1/test/form", key, files={"name": (None, "x")})
    assert right.json() == {"name": "x"}
    broken = taking.send(
        "POST",
        "/v1/test/form",
        key,
        content=b"no parts",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert broken.status_code in (400, 422)


def test_a_body_is_limited(taking: Frame) -> None:
    large = b'{"text": "' + b"x" * 4096 + b'"}'
    assert post(taking, large) == (413, "payload_too_large")
    key = taking.key_of()

    def pieces() -> object:
        yield from [b'{"text": "', *[b"x" * 512] * 9, b'"}']

    headers = {"Content-Type": "application/json"}
    streamed = taking.send("POST", "/v1/test/json", key, content=pieces(), headers=headers)
    assert streamed.status_code == 413 and streamed.headers["connection"] == "close"
    assert taking.send("POST", "/v1/test/raw", content=b"x" * 4097).status_code == 413
    assert taking.send("POST", "/v1/test/raw", content=b"x" * 4096).json()["bytes"] == 4096


def test_a_nul_reaches_no_database(taking: Frame) -> None:
    key = taking.key_of()
    assert taking.send("GET", "/v1/keys/key_%00", key).status_code == 404
    assert taking.send("GET", "/v1/keys?cursor=%00", key).status_code == 422
    assert taking.send("GET", "/v1/keys?x=%00", key).status_code == 422


def made(web: Frame, count: int) -> list[str]:
    from audit.ids import new_id

    with web.service.store.unit("acme") as unit:
        return [
            unit.add(Job(id=new_id("job"), kind="t", queue=Queue.CPU, subject="x")).id
            for _ in range(count)
        ]


def test_changes_need_the_version_that_was_read(taking: Frame) -> None:
    key, (job,) = taking.key_of(), made(taking, 1)
    path, body = f"/v1/test/jobs/{job}", {"text": "x"}
    read = taking.send("GET", path, key)
    tag = read.headers["etag"]
    assert tag == '"1"'
    without = taking.send("PATCH", path, key, json=body)
    assert (without.status_code, without.json()["code"]) == (428, "precondition_required")
    changed = taking.send("PATCH", path, key, json=body, headers={"If-Match": tag})
    assert changed.status_code == 200 and changed.headers["etag"] == '"2"'
    stale = taking.send("PATCH", path, key, json=body, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert stale.headers["etag"] == '"2"'
    anyhow = taking.send("PATCH", path, key, json=body, headers={"If-Match": "*"})
    assert anyhow.headers["etag"] == '"3"'
    for wrong in ("3", 'W/"3"', '"3", "4"', '"x"'):
        bad = taking.send("PATCH", path, key, json=body, headers={"If-Match": wrong})
        assert bad.status_code == 422


def test_what_the_caller_has_is_not_sent_again(taking: Frame) -> None:
    key, (job,) = taking.key_of(), made(taking, 1)
    for known in ('"1"', '"7", "1"', 'W/"1"'):
        same = taking.send("GET", f"/v1/test/jobs/{job}", key, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", '"1"')
    other = taking.send("GET", f"/v1/test/jobs/{job}", key, headers={"If-None-Match": '"2"'})
    assert other.status_code == 200


def test_lists_come_in_pages(taking: Frame) -> None:
    key, jobs = taking.key_of(), made(taking, 7)
    seen: list[str] = []
    cursor = ""
    while True:
        page = taking.send("GET", f"/v1/test/jobs?limit=3{cursor}", key).json()
        seen += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 3
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == sorted(jobs, reverse=True)
    exact = taking.send("GET", "/v1/test/jobs?limit=7", key).json()
    assert len(exact["items"]) == 7 and exact["next_cursor"] is None


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=",
        "cursor=x",
        "cursor=c1.",
        "cursor=%C3%A9",
        "cursor=c2.job_1",
        "cursor=c1." + "A" * 81,
    ],
)
def test_pages_that_are_none_are_refused(taking: Frame, query: str) -> None:
    answer = taking.send("GET", f"/v1/test/jobs?{query}", taking.key_of())
    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert (error["place"], error["pointer"]) == ("query", f"/{query.split('=')[0]}")


def test_quotas_are_told_and_kept(taking: Frame) -> None:
    key = taking.key_of()
    first = taking.send("POST", "/v1/test/compare", key)
    assert first.headers["ratelimit-policy"] == '"compare";q=2;w=60'
    assert first.headers["ratelimit"].startswith('"compare";r=1;t=')
    taking.send("POST", "/v1/test/compare", key)
    over = taking.send("POST", "/v1/test/compare", key)
    assert (over.status_code, over.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(over.headers["retry-after"]) <= 30
    assert taking.send("GET", "/v1/test/jobs", key).headers["ratelimit"].startswith('"read"')
    assert taking.send("POST", "/v1/test/compare", taking.key_of()).status_code == 200


def test_an_answer_that_breaks_off_ends_the_connection(
    taking: Frame, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Exception) as ended:
        taking.send("GET", "/v1/test/broken")
    assert "name" not in str(ended.value)
