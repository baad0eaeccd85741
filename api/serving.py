"""Opening the service and serving it: one process, many threads, stopped gracefully."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import FrameType

import uvicorn
from opentelemetry.trace import Tracer

from api.app import create_app
from api.opening import open_store
from api.service import JobCounts, Service
from api.telemetry import JsonLines
from audit.errors import SettingsInvalid
from audit.jobs import backlog
from audit.records.work import JobState, Queue
from audit.settings import Settings
from audit.store import Store
from audit.vault import Vault, open_vault
from audit.weights import WeightStore

Background = Callable[[Service], AbstractContextManager[object]]
"""What runs beside the requests in the same process: an embedded worker."""


class QueuesLag(Exception):
    """Jobs wait longer than the setting allows."""


def open_service(settings: Settings, *, weights: bool = True) -> Service:
    """Everything that requests need; a first start makes what is missing.

    `weights`: whether checks run in this process, so that it is not ready without them.
    """
    # Every request at work holds one connection at most; readiness and the worker need some more.
    store = open_store(settings, make=True, pool_size=settings.api.threads + 5)
    vault = open_vault(settings.storage, store.ring)
    return Service(
        settings=settings,
        store=store,
        vault=vault,
        ready=_parts(settings, store, vault, weights=weights),
        job_counts=lambda: _counts(store),
    )


def serve(
    service: Service,
    *,
    host: str,
    port: int,
    background: Background | None = None,
) -> None:
    """Serves until the process is told to stop; then lets requests end, and closes the store.

    `background` is entered before the first request and left after the last.
    """
    api = service.settings.api
    configure_logging(api.log_level)
    app = create_app(service, tracer=_tracer(api.traces_endpoint))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=api.trusted_proxies,
        timeout_graceful_shutdown=max(1, round(api.stop_s)),
        h11_max_incomplete_event_size=64 * 1024,
    )
    try:
        with background(service) if background else nullcontext():
            _Server(config, service).run()
    finally:
        service.store.close()


def configure_logging(level: str) -> None:
    """JSON lines on standard error; other packages speak from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("fairwitness", "audit", "api"):
        logging.getLogger(name).setLevel(level.upper())


class _Server(uvicorn.Server):
    """Tells long answers to end as soon as the process is told to stop."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._service.stopping.set()
        super().handle_exit(sig, frame)


def _parts(
    settings: Settings, store: Store, vault: Vault, *, weights: bool
) -> Mapping[str, Callable[[], None]]:
    parts: dict[str, Callable[[], None]] = {
        "database": store.ping,
        "media": vault.blobs.health,
        "queues": lambda: _in_time(store, settings.api.lag_s),
    }
    if weights:
        parts["weights"] = lambda: _installed(WeightStore(settings.weights_dir))
    return parts


def _installed(store: WeightStore) -> None:
    for row in store.manifest.default:
        if not store.installed(row.id):
            store.path(row.id)  # raises, and says how to get it


def _in_time(store: Store, lag_s: float) -> None:
    """Jobs of queue `light` may wait for long on purpose: webhooks that are tried again."""
    with store.system(read_only=True) as connection:
        waiting = [each for each in backlog(connection) if each.state is JobState.QUEUED]
    now = store.now()
    for each in waiting:
        if each.queue is not Queue.LIGHT and (now - each.oldest).total_seconds() > lag_s:
            raise QueuesLag(f"queue {each.queue.value} lags")


def _counts(store: Store) -> JobCounts:
    with store.system(read_only=True) as connection:
        return {(each.queue.value, each.state.value): each.count for each in backlog(connection)}


def _tracer(endpoint: str | None) -> Tracer | None:
    if endpoint is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsInvalid(
            "FAIRWITNESS_API__TRACES_ENDPOINT needs packages that are not installed: "
            "pip install 'fairwitness[tracing]'"
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": "fairwitness"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
    return provider.get_tracer("fairwitness")
