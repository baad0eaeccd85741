"""Real attempts over loopback sockets, with an authority and name servers of the test's own."""

from __future__ import annotations

import datetime as dt
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from audit.settings import Webhooks
from audit.webhooks import (
    Attempt,
    Message,
    Problem,
    Secret,
    Sender,
    TargetRules,
    Verdict,
    judge,
    next_attempt,
    verify,
)
from audit.webhooks.delivery import LARGEST_ANSWER, STEPS_S, _read, retry_after
from audit.webhooks.targets import Address
from audit.webhooks.transport import Deadline

NOW = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
SECRET = Secret(bytes(range(32)))
TOLD = Message("msg_1", b'{"type":"check.finished"}')
NAME = "hooks.example.test"
LOOPBACK = ip_address("127.0.0.1")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

Answer = Callable[[socket.socket], None]


@dataclass
class Receiver:
    """A server on loopback that takes each connection, reads a request and answers as told."""

    answer: Answer
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    greeting: bytes = b""

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                self._one(connection)
            except OSError:  # TLS refused by the sender, or it went away
                pass
            finally:
                connection.close()

    def _one(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        connection.sendall(self.greeting)
        stream = connection
        if self.tls is not None:
            stream = self.tls.wrap_socket(connection, server_side=True)
        with stream:
            self.requests.append(_request(stream))
            self.answer(stream)


def _request(stream: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = stream.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        v for k, _, v in (x.partition(b": ") for x in head.split(b"\r\n")) if k == b"Content-Length"
    ]
    while len(body) < int(lengths[0]):
        body += stream.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def receiving(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver(answer, tls)
    if tls is not None:
        tls.sni_callback = lambda _s, name, _c: receiver.names.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver.port = listener.getsockname()[1]
        thread = threading.Thread(target=receiver.serve, args=(listener,), daemon=True)
        thread.start()
        yield receiver
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def says(data: bytes) -> Answer:
    return lambda stream: stream.sendall(data)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test, and contexts of a server with a given name."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def server(self, name: x509.GeneralName) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate("server", key, self.certificate.subject, self.key, name)
        path = self.folder / f"{key.private_numbers().private_value % 10**9}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def client(self) -> ssl.SSLContext:
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    name: x509.GeneralName | None = None,
) -> x509.Certificate:
    title = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(title)
        .issuer_name(issuer or title)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if name is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(tmp_path_factory.mktemp("tls"), key, _certificate("test", key, None, key))


@dataclass
class NameServer:
    """Answers each question with the next of its answers, and the last one from then on."""

    answers: list[Sequence[str]]
    asked: int = 0

    def __call__(self, host: str, port: int) -> tuple[Address, ...]:
        self.asked += 1
        answer = self.answers[min(self.asked, len(self.answers)) - 1]
        return tuple(ip_address(text) for text in answer)


def sender(
    receiver: Receiver,
    tls: ssl.SSLContext | None,
    *,
    resolver: Callable[[str, int], Sequence[Address]] | None = None,
    timeout_s: float = 5.0,
) -> Sender:
    rules = TargetRules.of(Webhooks(allowed_hosts=(f"{NAME}:{receiver.port}",)))
    return Sender(
        rules,
        timeout_s=timeout_s,
        tls=tls,
        resolver=resolver or NameServer([["127.0.0.1"]]),
    )


def plain_sender(timeout_s: float = 5.0) -> Sender:
    return Sender(TargetRules(http_loopback=True), timeout_s=timeout_s)


def send(using: Sender, receiver: Receiver, *, host: str = NAME, scheme: str = "https") -> Attempt:
    url = f"{scheme}://{host}:{receiver.port}/hook?x=1"
    return using.send(url, TOLD, [SECRET], sent_at=datetime.now(UTC))


def test_a_message_arrives_signed_over_tls_with_the_name_of_the_host(authority: Authority) -> None:
    with receiving(says(OK), authority.server(x509.DNSName(NAME))) as receiver:
        attempt = send(sender(receiver, authority.client()), receiver)
    assert attempt.delivered
    assert (attempt.status, attempt.problem, attempt.answer_bytes) == (200, None, 2)
    assert receiver.names == [NAME]
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hook?x=1 HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert headers["Host"] == f"{NAME}:{receiver.port}"
    assert headers["Content-Type"] == "application/json"
    assert verify(headers, body, [SECRET]) == TOLD.id
    assert body == TOLD.body


@pytest.mark.parametrize(
    "name",
    [
        x509.DNSName("other.example.test"),
        x509.DNSName("localhost"),
        x509.IPAddress(ip_address("127.0.0.1")),
    ],
)
def test_a_certificate_of_another_name_or_of_the_address_is_refused(
    authority: Authority, name: x509.GeneralName
) -> None:
    with receiving(says(OK), authority.server(name)) as receiver:
        attempt = send(sender(receiver, authority.client()), receiver)
    assert attempt.problem is Problem.TLS_FAILED
    assert receiver.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority) -> None:
    with receiving(says(OK), authority.server(x509.DNSName(NAME))) as receiver:
        attempt = send(sender(receiver, None), receiver)
    assert attempt.problem is Problem.TLS_FAILED
    assert receiver.requests == []


def test_a_server_without_tls_is_refused(authority: Authority) -> None:
    with receiving(says(OK)) as receiver:
        receiver.greeting = b"220 mail.example.test ESMTP\r\n"
        attempt = send(sender(receiver, authority.client()), receiver)
    assert attempt.problem is Problem.TLS_FAILED


def test_a_name_is_resolved_once_and_the_checked_address_is_the_one_connected_to(
    authority: Authority,
) -> None:
    # A second question would be answered with an address that nothing listens on.
    names = NameServer([["127.0.0.1"], ["127.0.0.2"]])
    with receiving(says(OK), authority.server(x509.DNSName(NAME))) as receiver:
        attempt = send(sender(receiver, authority.client(), resolver=names), receiver)
    assert attempt.delivered
    assert names.asked == 1


def test_a_name_that_changes_to_an_internal_address_after_registration_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = NameServer([["93.184.215.14"], ["127.0.0.1"], ["10.0.0.1", "93.184.215.14"]])
    tried: list[object] = []

    def never(self: socket.socket, address: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", never)
    using = Sender(TargetRules(), resolver=names)
    first, *others = (
        using.send("https://rebound.example/", TOLD, [SECRET], sent_at=NOW) for _ in range(4)
    )
    assert first.problem is Problem.CONNECT_FAILED
    assert [a.problem for a in others] == [Problem.TARGET_REFUSED] * 3
    assert tried == [("93.184.215.14", 443)]
    assert names.asked == 4


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://[::ffff:169.254.169.254]/",
        "https://a@b/",
        "nonsense",
    ],
)
def test_a_refused_url_is_not_even_resolved(url: str) -> None:
    names = NameServer([["93.184.215.14"]])
    attempt = Sender(TargetRules(), resolver=names).send(url, TOLD, [SECRET], sent_at=NOW)
    assert attempt.problem is Problem.TARGET_REFUSED
    assert names.asked == 0


def test_the_next_address_is_tried_when_one_does_not_answer(authority: Authority) -> None:
    names = NameServer([["::1", "127.0.0.1"]])
    with receiving(says(OK), authority.server(x509.DNSName(NAME))) as receiver:
        attempt = send(sender(receiver, authority.client(), resolver=names), receiver)
    assert attempt.delivered


def test_redirects_are_not_followed(authority: Authority) -> None:
    with receiving(says(OK), authority.server(x509.DNSName(NAME))) as other:
        moved = (
            f"HTTP/1.1 307 Moved\r\nLocation: https://{NAME}:{other.port}/\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
        with receiving(says(moved), authority.server(x509.DNSName(NAME))) as receiver:
            attempt = send(sender(receiver, authority.client()), receiver)
    assert (attempt.status, attempt.problem) == (307, Problem.STATUS)
    assert other.connections == 0


def test_proxies_of_the_environment_are_not_used(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(says(OK)) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with receiving(says(OK), authority.server(x509.DNSName(NAME))) as receiver:
            assert send(sender(receiver, authority.client()), receiver).delivered
    assert proxy.connections == 0


def test_no_more_than_64_kib_of_an_answer_are_read() -> None:
    sent: list[int] = []

    def endless(stream: socket.socket) -> None:
        stream.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        while True:
            stream.sendall(chunk)
            sent.append(0x8000)

    with receiving(endless) as receiver:
        attempt = send(plain_sender(), receiver, host="127.0.0.1", scheme="http")
    assert attempt.delivered
    assert attempt.answer_bytes == LARGEST_ANSWER
    assert sum(sent) < 64 * 2**20


def test_reading_stops_at_the_limit() -> None:
    taken = 0

    def parts() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 1024

    response = httpcore.Response(200, content=parts())
    assert _read(response, Deadline(5)) == LARGEST_ANSWER
    assert taken == 64


def drip(data: bytes) -> Answer:
    def one_byte_at_a_time(stream: socket.socket) -> None:
        for byte in data:
            stream.sendall(bytes([byte]))
            time.sleep(0.05)

    return one_byte_at_a_time


def silence(stream: socket.socket) -> None:
    stream.settimeout(3)
    stream.recv(1)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (silence, Problem.TIMEOUT),
        (drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200), Problem.TIMEOUT),
        (drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 20), Problem.TIMEOUT),
        (says(b""), Problem.NOT_HTTP),
        (says(b"SSH-2.0-OpenSSH\r\n"), Problem.NOT_HTTP),
        (says(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000), Problem.NOT_HTTP),
    ],
)
def test_slow_silent_and_strange_receivers_cost_at_most_the_time_allowed(
    answer: Answer, problem: Problem
) -> None:
    with receiving(answer) as receiver:
        start = time.monotonic()
        attempt = send(plain_sender(0.4), receiver, host="127.0.0.1", scheme="http")
        assert time.monotonic() - start < 2
    assert attempt.problem is problem
    assert attempt.status is None
    assert attempt.duration_s < 2


def test_an_answer_that_drips_after_its_status_is_a_delivery_and_ends_in_time() -> None:
    slow = drip(b"x" * 100)

    def answer(stream: socket.socket) -> None:
        stream.sendall(b"HTTP/1.1 204 OK\r\n\r\n".replace(b"204", b"200"))
        slow(stream)

    with receiving(answer) as receiver:
        attempt = send(plain_sender(0.4), receiver, host="127.0.0.1", scheme="http")
    assert attempt.delivered
    assert attempt.duration_s < 2


def test_a_tls_handshake_that_stalls_ends_in_time(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver = Receiver(silence, port=listener.getsockname()[1])
        attempt = send(sender(receiver, authority.client(), timeout_s=0.3), receiver)
    assert attempt.problem is Problem.CONNECT_TIMEOUT
    assert attempt.duration_s < 2


def test_a_name_server_that_does_not_answer_ends_in_time() -> None:
    release = threading.Event()

    def hangs(host: str, port: int) -> tuple[Address, ...]:
        release.wait(10)
        return ()

    try:
        attempt = Sender(TargetRules(), timeout_s=0.3, resolver=hangs).send(
            "https://slow.example/", TOLD, [SECRET], sent_at=NOW
        )
    finally:
        release.set()
    assert attempt.problem is Problem.CONNECT_TIMEOUT
    assert attempt.duration_s < 2


def test_a_name_that_does_not_exist_and_a_closed_port_are_told_apart(authority: Authority) -> None:
    def unknown(host: str, port: int) -> tuple[Address, ...]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    attempt = Sender(TargetRules(), resolver=unknown).send(
        "https://unknown.example/", TOLD, [SECRET], sent_at=NOW
    )
    assert attempt.problem is Problem.NAME_NOT_FOUND
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = Receiver(silence, port=listener.getsockname()[1])
    assert send(sender(closed, authority.client()), closed).problem is Problem.CONNECT_FAILED


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_is_a_delivery(status: int) -> None:
    answer = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
    with receiving(says(answer)) as receiver:
        attempt = send(plain_sender(), receiver, host="127.0.0.1", scheme="http")
    assert attempt.delivered
    assert judge(attempt, 1) is Verdict.DELIVERED


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (300, Verdict.RETRY),
        (400, Verdict.RETRY),
        (401, Verdict.RETRY),
        (404, Verdict.RETRY),
        (410, Verdict.ENDPOINT_GONE),
        (429, Verdict.RETRY),
        (500, Verdict.RETRY),
        (503, Verdict.RETRY),
    ],
)
def test_what_other_answers_mean(status: int, verdict: Verdict) -> None:
    answer = f"HTTP/1.1 {status} X\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n".encode()
    with receiving(says(answer)) as receiver:
        attempt = send(plain_sender(), receiver, host="127.0.0.1", scheme="http")
    assert (attempt.status, attempt.problem) == (status, Problem.STATUS)
    assert attempt.retry_after_s == (120 if status in (429, 503) else None)
    assert judge(attempt, 1) is verdict
    last = Verdict.ENDPOINT_GONE if status == 410 else Verdict.DEAD
    assert judge(attempt, 10) is last


def test_the_schedule_is_that_of_the_specification_on_average() -> None:
    rng = random.Random(7)
    for made, step in enumerate(STEPS_S, start=1):
        waits = [next_attempt(made, rng) or 0.0 for _ in range(4000)]
        assert 0 <= min(waits) < 0.05 * step
        assert 1.95 * step < max(waits) <= 2 * step
        assert sum(waits) / len(waits) == pytest.approx(step, rel=0.05)
    assert next_attempt(10, rng) is None
    assert next_attempt(3, rng, max_attempts=3) is None
    assert next_attempt(15, rng, max_attempts=20) is not None
    with pytest.raises(ValueError, match="first"):
        next_attempt(0, rng)


def test_a_receiver_is_not_asked_again_before_the_time_it_named_nor_all_at_once() -> None:
    rng = random.Random(7)
    waits = [next_attempt(1, rng, retry_after_s=600) or 0.0 for _ in range(500)]
    assert min(waits) >= 600
    assert 650 < max(waits) <= 660
    early = [next_attempt(4, rng, retry_after_s=1) or 0.0 for _ in range(500)]
    assert sum(early) / len(early) == pytest.approx(STEPS_S[3], rel=0.1)


@given(
    made=st.integers(1, 40),
    most=st.integers(1, 30),
    asked=st.none() | st.floats(allow_nan=False),
    seed=st.integers(),
)
def test_waiting_times_stay_within_bounds(
    made: int, most: int, asked: float | None, seed: int
) -> None:
    wait = next_attempt(made, random.Random(seed), retry_after_s=asked, max_attempts=most)
    assert (wait is None) == (made >= most)
    if wait is not None:
        assert 0 <= wait <= 2 * 86_400
        if asked is not None:
            assert wait >= min(asked, 86_400)


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (429, "120", 120),
        (503, " 5 ", 5),
        (503, format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (503, format_datetime(NOW - timedelta(days=1), usegmt=True), 0),
        (429, "999999999999999999999", 86_400),
        (503, "Wed, 31 Dec 9999 23:59:59 GMT", 86_400),
        (429, None, None),
        (429, "-5", None),
        (429, "soon", None),
        (429, "٣", None),
        (429, "", None),
        (500, "120", None),
        (200, "120", None),
    ],
)
def test_retry_after_counts_with_429_and_503_and_at_most_a_day(
    status: int, value: str | None, seconds: float | None
) -> None:
    assert retry_after(status, value, NOW) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_is_read_or_ignored(text: str) -> None:
    asked = retry_after(503, text, NOW)
    assert asked is None or 0 <= asked <= 86_400
