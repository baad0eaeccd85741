"""A network backend that resolves a host once, checks every address, and connects to one of those.

Between check and connection nothing is looked up again, so an answer of the name server that
changes (DNS rebinding) changes nothing. All that one attempt does shares one deadline: looking up,
connecting, the TLS handshake, and each read and write, however slowly a receiver drips.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
import typing
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address

import certifi
import httpcore

from audit.errors import TargetRefused
from audit.webhooks.targets import Address, Target, TargetRules, checked_addresses

Resolver = Callable[[str, int], Sequence[Address]]
"""(host, port) -> its addresses, in the order to try them. Raises `OSError`."""


def system_resolver(host: str, port: int) -> tuple[Address, ...]:
    """The addresses that the operating system finds for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return tuple(ip_address(entry[4][0]) for entry in found)


def default_tls() -> ssl.SSLContext:
    """Certificates and host names are checked, TLS 1.2 at least; the system's authorities count."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # slim images have no authorities of their own
    return context


class NameLookupFailed(httpcore.ConnectError):
    """The host's name could not be resolved."""


class CertificateRefused(httpcore.ConnectError):
    """The TLS handshake failed: a certificate that is not trusted, of another host, or no TLS."""


class Deadline:
    """What is left of the time for one attempt, in seconds by the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, at_most: float | None = None) -> float:
        """Seconds left, not more than `at_most`. Raises `httpcore.ReadTimeout` when none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for this attempt is over")
        return left if at_most is None else min(left, at_most)


class PinnedBackend(httpcore.NetworkBackend):
    """Connects one attempt to the checked addresses of its target, and to nothing else."""

    def __init__(
        self, target: Target, rules: TargetRules, resolver: Resolver, deadline: Deadline
    ) -> None:
        self._target = target
        self._rules = rules
        self._resolver = resolver
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the target. Raises `TargetRefused`, `httpcore.ConnectError` and such."""
        if (host, port) != (self._target.host, self._target.port):
            raise TargetRefused("the connection is not for the target that was checked")
        limit = Deadline(self._deadline.left(timeout))
        addresses = checked_addresses(self._target, self._look_up(limit), self._rules)
        for last, address in enumerate(addresses, start=1):
            try:
                return _Stream(_connect(address, port, limit), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if last == len(addresses):
                    raise
        raise httpcore.ConnectError("the host has no address")

    def _look_up(self, limit: Deadline) -> Sequence[Address]:
        """Resolves in a thread of its own, for the system's resolver knows no time limit."""
        answers: list[Sequence[Address]] = []

        def look_up() -> None:
            try:
                answers.append(self._resolver(self._target.host, self._target.port))
            except (OSError, ValueError):  # ValueError: UnicodeError of a name that DNS cannot hold
                answers.append(())

        worker = threading.Thread(target=look_up, name="webhook-lookup", daemon=True)
        worker.start()
        worker.join(limit.left())
        if not answers:
            raise httpcore.ConnectTimeout("looking up the host took too long")
        if not answers[0]:
            raise NameLookupFailed("the host's name could not be resolved")
        return answers[0]


class _Stream(httpcore.NetworkStream):
    """A socket whose every operation ends with the attempt's deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._socket = connection
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._socket.settimeout(self._deadline.left(timeout))
        try:
            return self._socket.recv(max_bytes)
        except TimeoutError:
            raise httpcore.ReadTimeout("the receiver did not answer in time") from None
        except OSError as error:
            raise httpcore.ReadError(str(error)) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        while rest:
            self._socket.settimeout(self._deadline.left(timeout))
            try:
                rest = rest[self._socket.send(rest) :]
            except TimeoutError:
                raise httpcore.WriteTimeout("the receiver did not read in time") from None
            except OSError as error:
                raise httpcore.WriteError(str(error)) from None

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Wraps the connection; the certificate is checked against the host's name, not its IP."""
        try:
            self._socket.settimeout(self._deadline.left(timeout))
            wrapped = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError:
            self.close()
            raise httpcore.ConnectTimeout("the TLS handshake took too long") from None
        except (OSError, ValueError) as error:  # SSLError is an OSError
            self.close()
            raise CertificateRefused(str(error)) from None
        return _Stream(wrapped, self._deadline)

    def get_extra_info(self, info: str) -> typing.Any:
        return self._socket.getpeername() if info == "server_addr" else None


def _connect(address: Address, port: int, limit: Deadline) -> socket.socket:
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(limit.left())
        connection.connect((str(address), port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except TimeoutError:
        connection.close()
        raise httpcore.ConnectTimeout("connecting took too long") from None
    except OSError as error:
        connection.close()
        raise httpcore.ConnectError(str(error)) from None
    except httpcore.ReadTimeout:
        connection.close()
        raise httpcore.ConnectTimeout("connecting took too long") from None
    return connection
