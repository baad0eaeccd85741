"""One attempt to deliver a message, what its result means, and when the next attempt is due.

    sender = Sender(TargetRules.of(settings.webhooks), timeout_s=settings.webhooks.timeout_s)
    attempt = sender.send(url, message, secrets, sent_at=now)
    verdict = judge(attempt, made, max_attempts=settings.webhooks.max_attempts)
    wait_s = next_attempt(made, rng, retry_after_s=attempt.retry_after_s)

No redirect is followed, no proxy of the environment is used, no cookie is kept, and no more than
64 KiB of an answer are read. What a receiver writes is never stored: it may hold personal data.
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpcore

from audit.errors import TargetRefused
from audit.webhooks.signatures import Secret, signed_headers
from audit.webhooks.targets import Target, TargetRules, read_target
from audit.webhooks.transport import (
    CertificateRefused,
    Deadline,
    NameLookupFailed,
    PinnedBackend,
    Resolver,
    default_tls,
    system_resolver,
)

STEPS_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Waiting times after the 1st, 2nd, ... attempt: the schedule in Standard Webhooks 1.0.0."""
MAX_ATTEMPTS = 1 + len(STEPS_S)
LONGEST_RETRY_AFTER_S = 86_400.0
LARGEST_ANSWER = 64 * 1024
CONNECT_S, TOTAL_S = 5.0, 15.0
_USER_AGENT = "Fairwitness-Webhooks/1"


class Problem(StrEnum):
    """Why an attempt was no delivery. Safe to store and to show."""

    TARGET_REFUSED = "target_refused"
    NAME_NOT_FOUND = "name_not_found"
    CONNECT_FAILED = "connect_failed"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    NOT_HTTP = "not_http"
    CONNECTION_LOST = "connection_lost"
    STATUS = "status"


class Verdict(StrEnum):
    """What becomes of a delivery after an attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"  # the last attempt failed; kept for replay
    ENDPOINT_GONE = "endpoint_gone"  # 410: its endpoint is disabled, what waits for it dead


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: `id` becomes `webhook-id` and stays the same in every attempt and replay."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. `duration_s` by the clock; `status` as answered; `retry_after_s` if it counts.

    `answer_bytes` were read of the answer, at most 64 KiB.
    """

    duration_s: float
    status: int | None = None
    problem: Problem | None = None
    retry_after_s: float | None = None
    answer_bytes: int = 0

    @property
    def delivered(self) -> bool:
        """Whether the receiver took the message: any 2xx."""
        return self.problem is None


def next_attempt(
    made: int,
    rng: random.Random,
    *,
    retry_after_s: float | None = None,
    max_attempts: int = MAX_ATTEMPTS,
) -> float | None:
    """Seconds to wait after `made` attempts failed; None when that was the last one.

    Full jitter: drawn evenly from 0 to twice the step, so that its mean is the step. A receiver's
    Retry-After is a lower bound, up to a day, with up to a tenth on top so that all messages that
    were told the same do not come back at the same moment.
    """
    if made < 1:
        raise ValueError("there is no waiting before the first attempt")
    if made >= max_attempts:
        return None
    wait = rng.uniform(0, 2 * STEPS_S[min(made, len(STEPS_S)) - 1])
    if retry_after_s is None:
        return wait
    asked = min(max(retry_after_s, 0.0), LONGEST_RETRY_AFTER_S)
    return max(wait, asked * rng.uniform(1.0, 1.1))


def judge(attempt: Attempt, made: int, *, max_attempts: int = MAX_ATTEMPTS) -> Verdict:
    """What becomes of a delivery whose `made`-th attempt was this one."""
    if attempt.delivered:
        return Verdict.DELIVERED
    if attempt.status == 410:
        return Verdict.ENDPOINT_GONE
    return Verdict.DEAD if made >= max_attempts else Verdict.RETRY


def retry_after(status: int, value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3) with 429 or 503, else None."""
    if status not in (429, 503) or value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER_S)


class Sender:
    """Sends messages, each over a connection of its own. Safe to share between threads.

    `timeout_s`: all of one attempt; `connect_s`: looking up and connecting. `tls`: a context with
    authorities other than the usual ones. `resolver`: what looks names up.
    """

    def __init__(
        self,
        rules: TargetRules,
        *,
        timeout_s: float = TOTAL_S,
        connect_s: float = CONNECT_S,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._rules = rules
        self._timeout_s = timeout_s
        self._connect_s = connect_s
        self._tls = tls or default_tls()
        self._resolver = resolver

    def send(
        self, url: str, message: Message, secrets: Sequence[Secret], *, sent_at: datetime
    ) -> Attempt:
        """One attempt. Never raises for what a receiver, its network or its URL does."""
        start = time.monotonic()
        headers = signed_headers(message.id, sent_at, message.body, secrets)
        try:
            target = read_target(url, self._rules)
            status, asked, size = self._post(target, message.body, headers)
        except _CAUGHT as error:
            return Attempt(time.monotonic() - start, problem=_problem(error))
        return Attempt(
            time.monotonic() - start,
            status,
            None if 200 <= status <= 299 else Problem.STATUS,
            retry_after(status, asked, datetime.now(UTC)),
            size,
        )

    def _post(
        self, target: Target, body: bytes, headers: dict[str, str]
    ) -> tuple[int, str | None, int]:
        """Status, Retry-After and the number of bytes read of the answer's body."""
        deadline = Deadline(self._timeout_s)
        backend = PinnedBackend(target, self._rules, self._resolver, deadline)
        limits = {"connect": self._connect_s, "pool": self._connect_s}
        # httpcore itself knows no redirects, proxies of the environment, cookies or compression.
        with (
            httpcore.ConnectionPool(
                ssl_context=self._tls, network_backend=backend, max_connections=1
            ) as pool,
            pool.stream(
                "POST",
                _url(target),
                headers=_headers(target, body, headers),
                content=body,
                extensions={"timeout": limits},
            ) as response,
        ):
            size = _read(response, deadline)
            asked = next((v for k, v in response.headers if k.lower() == b"retry-after"), None)
            return response.status, None if asked is None else asked.decode("latin-1"), size


_PROBLEMS: tuple[type[Exception], ...] = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
)
_CAUGHT: tuple[type[Exception], ...] = (TargetRefused, *_PROBLEMS)


def _problem(error: Exception) -> Problem:
    kinds: tuple[tuple[type[Exception], Problem], ...] = (
        (TargetRefused, Problem.TARGET_REFUSED),
        (NameLookupFailed, Problem.NAME_NOT_FOUND),
        (CertificateRefused, Problem.TLS_FAILED),
        (httpcore.ConnectTimeout, Problem.CONNECT_TIMEOUT),
        (httpcore.ConnectError, Problem.CONNECT_FAILED),
        (httpcore.TimeoutException, Problem.TIMEOUT),
        (httpcore.ProtocolError, Problem.NOT_HTTP),
    )
    return next((p for kind, p in kinds if isinstance(error, kind)), Problem.CONNECTION_LOST)


def _url(target: Target) -> httpcore.URL:
    return httpcore.URL(
        scheme=target.scheme.encode(),
        host=target.host.encode(),
        port=target.port,
        target=target.path.encode(),
    )


def _headers(target: Target, body: bytes, signed: dict[str, str]) -> list[tuple[str, str]]:
    return [
        ("Host", target.authority),
        ("User-Agent", _USER_AGENT),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        *signed.items(),
    ]


def _read(response: httpcore.Response, deadline: Deadline) -> int:
    """Reads the body as far as the limit, so that the receiver can finish writing its answer.

    The status has come already: an answer that is cut off, too long or too slow does not undo it.
    """
    size = 0
    try:
        for part in response.iter_stream():
            size += len(part)
            if size >= LARGEST_ANSWER:
                return LARGEST_ANSWER
            deadline.left()
    except _PROBLEMS:
        pass
    return size
