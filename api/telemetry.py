"""What the operator sees: a log line for each request, metrics, and spans where traces are wanted.

A line holds method, route template, status, milliseconds, key id, tenant and request id. It never
holds paths, query strings, bodies or headers: identifiers in paths are the only thing there that is
not a person's, and the template says enough. Of a failure of ours it holds the type and where it
was raised, not the message, which may repeat what somebody sent.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from opentelemetry import propagate
from opentelemetry.trace import NoOpTracer, SpanKind, Tracer
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.exchange import Exchange, exchange
from api.service import JobCounts
from audit.errors import AuditError

_ACCESS = logging.getLogger("fairwitness.access")
_FAULTS = logging.getLogger("fairwitness.faults")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_FRAMES = 12
UNMATCHED = "unmatched"


class JsonLines(logging.Formatter):
    """One JSON object for each record: time, level, logger, message, and its `fields`.

    Exceptions are written as their type and where they were raised.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line.update(described(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=True, default=str)


def described(error: BaseException) -> dict[str, object]:
    """The types of an exception and its causes, and where it was raised."""
    types: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(types) < _FRAMES:
        types.append(type(cause).__qualname__)
        cause = cause.__cause__ or cause.__context__
    found: dict[str, object] = {"error": types}
    if isinstance(error, AuditError):
        found["detail"] = str(error)[:500]  # these messages are made to be shown
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    found["raised_at"] = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno} {f.name}" for f in frames]
    return found


class _Jobs(Collector):
    """Jobs by queue and state, asked for when somebody reads the metrics."""

    def __init__(self, counts: Callable[[], JobCounts]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauge."""
        gauge = GaugeMetricFamily(
            "fairwitness_jobs", "Jobs that have not ended.", labels=("queue", "state")
        )
        for (queue, state), count in self._counts().items():
            gauge.add_metric((queue, state), count)
        yield gauge


class Telemetry:
    """Observes requests. Each app has its own registry."""

    def __init__(
        self,
        *,
        job_counts: Callable[[], JobCounts] | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "fairwitness_http_requests",
            "Requests by route and class of status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "fairwitness_http_request_seconds",
            "Seconds until the answer had left.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        if job_counts is not None:
            self._registry.register(_Jobs(job_counts))
        self._tracer = tracer or NoOpTracer()
        self._traced = tracer is not None

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    @contextmanager
    def span(self, scope: MutableMapping[str, Any]) -> Iterator[None]:
        """A server span around a request, under the caller's trace where it names one."""
        if not self._traced:
            yield
            return
        carrier = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        context = propagate.extract(carrier)
        with self._tracer.start_as_current_span(
            scope["method"], context, kind=SpanKind.SERVER, record_exception=False
        ) as span:
            yield
            span.update_name(f"{_method(scope)} {_template(scope)}")
            span.set_attribute("http.request.method", _method(scope))
            span.set_attribute("http.route", _template(scope))
            span.set_attribute("fairwitness.request_id", exchange(scope).request_id)

    def served(
        self, scope: MutableMapping[str, Any], served: Exchange, status: int, seconds: float
    ) -> None:
        """Counts a request and writes its line."""
        method, route = _method(scope), _template(scope)
        self._requests.labels(method, route, f"{status // 100}xx").inc()
        self._seconds.labels(method, route).observe(seconds)
        fields: dict[str, object] = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "request_id": served.request_id,
        }
        if served.principal is not None:
            fields["key"] = served.principal.key_id
            fields["tenant"] = served.principal.tenant
        if served.problem:
            fields["problem"] = served.problem
        _ACCESS.info("request", extra={"fields": fields})
        if served.fault is not None:
            note_fault("a request failed", served.fault, request_id=served.request_id, route=route)


def note_fault(what: str, error: Exception, **about: object) -> None:
    """A line about a failure of ours."""
    _FAULTS.error(what, extra={"fields": {**about, **described(error)}})


def _method(scope: MutableMapping[str, Any]) -> str:
    """The method, if it is one that exists: others would make any number of metrics."""
    method: str = scope["method"]
    return method if method in _METHODS else "OTHER"


def _template(scope: MutableMapping[str, Any]) -> str:
    path: str = getattr(scope.get("route"), "path", UNMATCHED)
    return path
