"""What operators see, and what nobody may see."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.app import create_app
from api.telemetry import JsonLines, Telemetry, described
from audit.errors import AuditError
from audit.store import Store
from tests.api.client import TestClient
from tests.api.conftest import Frame, made_service

PRIVATE = "jane.doe"
NEW = {"name": PRIVATE, "role": "platform"}


class Lines(logging.Handler):
    """Keeps lines as the service writes them."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonLines())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "httpx":  # that is the tests' own client
            self.lines.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Everything that is logged, at every level."""
    handler, root = Lines(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


def test_nothing_that_people_send_is_logged(web: Frame, lines: Lines) -> None:
    admin = web.key_of()
    made = web.send(
        "POST",
        f"/v1/keys?token={PRIVATE}",
        admin,
        json=NEW,
        headers={"Idempotency-Key": f"idem-{PRIVATE}", "User-Agent": f"agent-{PRIVATE}"},
    ).json()
    web.send("GET", f"/v1/keys/{PRIVATE}", admin)
    web.send("GET", f"/{PRIVATE}?x={PRIVATE}", admin)
    web.send("GET", "/v1/keys", headers={"Authorization": f"Bearer {admin[:-1]}"})
    web.send("POST", "/v1/keys", admin, content=PRIVATE.encode(), headers={"Content-Type": "a/b"})
    text = "\n".join(lines.lines)
    assert len([line for line in lines.lines if '"fairwitness.access"' in line]) == 5
    for secret in (PRIVATE, admin, made["key"], admin[30:], made["key"][30:]):
        assert secret not in text


def test_a_line_says_who_did_what(web: Frame, lines: Lines) -> None:
    admin = web.key_of()
    web.send("GET", "/v1/keys/key_x", admin, headers={"X-Request-Id": "caller-1234"})
    (line,) = [json.loads(s) for s in lines.lines if '"fairwitness.access"' in s]
    assert line["route"] == "/v1/keys/{key_id}" and line["method"] == "GET"
    assert (line["status"], line["problem"], line["tenant"]) == (404, "not_found", "acme")
    assert line["request_id"] == "caller-1234" and line["key"].startswith("key_")
    assert line["ms"] >= 0 and line["level"] == "info" and line["time"].endswith("+00:00")


@pytest.mark.parametrize("offered", ["x", "a b c d e f", "x" * 65, "<script>alert", "12345678\n"])
def test_request_ids_of_callers_have_a_safe_form(web: Frame, offered: str) -> None:
    answer = web.send("GET", "/healthz", headers={"X-Request-Id": offered.encode()})
    assert answer.headers["x-request-id"].startswith("rqt_")


def test_a_failure_is_described_without_its_words() -> None:
    try:
        try:
            raise KeyError(PRIVATE)
        except KeyError as inner:
            raise ValueError(PRIVATE) from inner
    except ValueError as error:
        found = described(error)
    assert found["error"] == ["ValueError", "KeyError"]
    assert PRIVATE not in str(found)
    assert "test_telemetry.py" in str(found["raised_at"])
    assert described(AuditError("made to be shown"))["detail"] == "made to be shown"


def test_an_exception_in_a_record_is_described_too(lines: Lines) -> None:
    try:
        raise ValueError(PRIVATE)
    except ValueError:
        logging.getLogger("audit.test").exception("it failed")
    assert PRIVATE not in lines.lines[-1] and "ValueError" in lines.lines[-1]


def test_metrics_count_by_template(web: Frame) -> None:
    admin = web.key_of()
    for number in range(3):
        web.send("GET", f"/v1/keys/key_{number}", admin)
        web.client.request(f"ODD{number}", f"/nothing/{number}")
    text = web.send("GET", "/metrics").text
    wanted = 'fairwitness_http_requests_total{method="GET",route="/v1/keys/{key_id}",status="4xx"}'
    assert f"{wanted} 3.0" in text
    assert 'method="OTHER",route="unmatched",status="4xx"} 3.0' in text
    assert "ODD" not in text and "key_1" not in text
    assert "fairwitness_http_request_seconds_bucket" in text


def test_jobs_are_counted_by_state() -> None:
    telemetry = Telemetry(job_counts=lambda: {("cpu", "queued"): 4})
    text = telemetry.exposition().decode()
    assert 'fairwitness_jobs{queue="cpu",state="queued"} 4.0' in text


def test_metrics_are_for_this_machine_or_a_token(
    light_store: Store, frame_of: Callable[..., Frame], web: Frame
) -> None:
    away = TestClient(create_app(web.service), client=("192.0.2.7", 1))
    assert away.get("/metrics").status_code == 403
    assert web.send("GET", "/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403
    held = frame_of(light_store, metrics_token="t0ken")
    assert held.send("GET", "/metrics").status_code == 403
    assert held.send("GET", "/metrics", "t0ken").status_code == 200


def test_spans_carry_templates_and_no_more(light_store: Store, tmp_path: object) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    service = made_service(light_store, tmp_path)  # type: ignore[arg-type]
    trace = "0af7651916cd43dd8448eb211c80319c"
    with TestClient(create_app(service, tracer=provider.get_tracer("test"))) as client:
        headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        client.get(f"/problems/{PRIVATE}?{PRIVATE}", headers=headers)
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /problems/{code}"
    assert span.context is not None and f"{span.context.trace_id:032x}" == trace
    assert PRIVATE not in span.to_json()


def test_readiness_names_what_does_not_answer(light_store: Store, tmp_path: object) -> None:
    from dataclasses import replace

    def broken() -> None:
        raise AuditError("disk of jane.doe")

    service = made_service(light_store, tmp_path)  # type: ignore[arg-type]
    service = replace(service, ready={**service.ready, "media": broken})
    with TestClient(create_app(service)) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {
            "ready": False,
            "parts": {"database": "ok", "media": "audit_error"},
        }
        assert client.get("/healthz").json() == {"status": "ok"}
