"""Where webhooks may go: public https addresses, and internal hosts that the operator names.

A URL is read by one strict grammar and put together again from its parts, so that no second
parser can read it differently. Host names are resolved by `audit.webhooks.transport`, which
connects to the very addresses that `checked_addresses` let pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from audit.errors import SettingsInvalid, TargetRefused
from audit.settings import Webhooks

Address = IPv4Address | IPv6Address

HTTPS_PORT, HTTP_PORT = 443, 80
_LONGEST_URL = 2048
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_URL = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]/?#@:\\]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:/[!-~]*)?)"
)

# IANA special-purpose address registries (RFC 6890 and updates), and what is multicast or reserved.
# Kept here and not left to `ipaddress.is_global`, whose answers differ between Python's versions.
_SPECIAL_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relay
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")  # the only block of global unicast addresses
_SPECIAL_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_MAPPED, _COMPATIBLE = IPv6Network("::ffff:0:0/96"), IPv6Network("::/96")
_TRANSLATED, _SIX_TO_FOUR = IPv6Network("64:ff9b::/96"), IPv6Network("2002::/16")
_PRIVATE = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
# Metadata services of clouds that no operator can mean, even where they allow a host.
_METADATA = frozenset(
    ip_address(text)
    for text in ("168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)


@dataclass(frozen=True, slots=True)
class Target:
    """A place to send to, as its URL says it. `host` is a name in small letters or an address."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS_PORT if self.scheme == "https" else HTTP_PORT
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL in its one normal form."""
        return f"{self.scheme}://{self.authority}{self.path}"


@dataclass(frozen=True, slots=True)
class TargetRules:
    """What is allowed beyond public https on port 443.

    `trusted`: (host, port) pairs whose private addresses are accepted. `http_loopback`: http and
    any port to this machine, for development.
    """

    trusted: frozenset[tuple[str, int]] = frozenset()
    http_loopback: bool = False

    @classmethod
    def of(cls, settings: Webhooks) -> TargetRules:
        """Reads the settings. Raises `SettingsInvalid` and names the entry."""
        return cls(
            frozenset(_trusted(entry) for entry in settings.allowed_hosts),
            settings.allow_http_loopback,
        )


def read_target(url: str, rules: TargetRules) -> Target:
    """Reads and checks a URL without resolving its host; for registration, and before each attempt.

    Raises:
        TargetRefused: the message says what to change and does not repeat the URL.
    """
    match = _URL.fullmatch(url) if len(url) <= _LONGEST_URL else None
    if match is None:
        raise TargetRefused(
            f"a webhook URL has the form https://host/path?query, in ASCII, at most {_LONGEST_URL} "
            "characters, without user name, password or fragment"
        )
    scheme, host = match["scheme"].lower(), _host(match["host"])
    if scheme not in ("https", "http") or "#" in match["target"]:
        raise TargetRefused("a webhook URL starts with https:// and has no fragment")
    port = int(match["port"] or (HTTPS_PORT if scheme == "https" else HTTP_PORT))
    if not 0 < port < 65536:
        raise TargetRefused("the port of the webhook URL does not exist")
    target = Target(scheme, host, port, match["target"] or "/")
    if rules.http_loopback and is_loopback_name(host):
        return target
    if scheme != "https":
        raise TargetRefused("webhooks are sent over https only")
    if port != HTTPS_PORT and (host, port) not in rules.trusted:
        raise TargetRefused(
            f"webhooks are sent to port {HTTPS_PORT}; another port of a host has to be allowed by "
            "the operator (FAIRWITNESS_WEBHOOKS__ALLOWED_HOSTS)"
        )
    literal = _literal(host)
    if literal is not None:
        checked_addresses(target, [literal], rules)
    return target


def checked_addresses(
    target: Target, addresses: Iterable[Address], rules: TargetRules
) -> tuple[Address, ...]:
    """The addresses of the target's host, if every one of them may be connected to.

    One internal address among public ones refuses the target. Raises `TargetRefused`; the message
    does not tell which address it was, so that nobody maps an internal network with it.
    """
    found = tuple(dict.fromkeys(addresses))
    if not found:
        raise TargetRefused("the host of the webhook URL has no address")
    if rules.http_loopback and is_loopback_name(target.host):
        allowed = all(_embedded(a).is_loopback for a in found)
    elif (target.host, target.port) in rules.trusted:
        allowed = all(is_global(a) or _may_be_trusted(a) for a in found)
    else:
        allowed = all(is_global(a) for a in found)
    if not allowed:
        raise TargetRefused(
            "the host of the webhook URL has an internal or special address; a public address is "
            "needed, or the operator allows the host (FAIRWITNESS_WEBHOOKS__ALLOWED_HOSTS)"
        )
    return found


def is_global(address: Address) -> bool:
    """Whether an address is one of the public internet. IPv4 inside IPv6 is looked at as IPv4."""
    address = _embedded(address)
    if address in _METADATA:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    inside = address in _GLOBAL_V6 and address.scope_id is None
    return inside and not any(address in network for network in _SPECIAL_V6)


def is_loopback_name(host: str) -> bool:
    """Whether a host can only mean this machine, by name or as an address."""
    literal = _literal(host)
    return literal.is_loopback if literal is not None else host == "localhost"


def _may_be_trusted(address: Address) -> bool:
    """Private, carrier-grade NAT and loopback addresses; never metadata, link-local, multicast."""
    plain = _embedded(address)
    if plain in _METADATA or plain.is_link_local or plain.is_multicast or plain.is_unspecified:
        return False
    return plain.is_loopback or any(plain in network for network in _PRIVATE)


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    number = int(address)
    if address in _SIX_TO_FOUR:
        return IPv4Address(number >> 80 & 0xFFFFFFFF)
    compatible = address in _COMPATIBLE and number > 1  # :: and ::1 are IPv6's own
    if compatible or address in _MAPPED or address in _TRANSLATED:
        return IPv4Address(number & 0xFFFFFFFF)
    return address


def _host(text: str) -> str:
    """A host as the resolver shall see it: nothing that could be read as an address in disguise."""
    host = text.lower().strip("[]") if text.startswith("[") else text.lower()
    if _literal(host) is not None:
        return str(_literal(host))
    last = host.rsplit(".", 1)[-1]
    numeric = last.isdigit() or last.startswith("0x")  # 127.1, 0x7f.1, 2130706433: addresses too
    if not _NAME.fullmatch(host) or len(host) > 253 or numeric:
        raise TargetRefused(
            "the host of the webhook URL is neither a plain name (xn-- form for other alphabets) "
            "nor an address in its usual form"
        )
    return host


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _trusted(entry: str) -> tuple[str, int]:
    match = _URL.fullmatch(f"https://{entry.strip()}")
    if match is None or match["target"]:
        raise SettingsInvalid(f"FAIRWITNESS_WEBHOOKS__ALLOWED_HOSTS: {entry!r} is no host[:port]")
    try:
        return _host(match["host"]), int(match["port"] or HTTPS_PORT)
    except TargetRefused as error:
        raise SettingsInvalid(f"FAIRWITNESS_WEBHOOKS__ALLOWED_HOSTS: {entry!r}: {error}") from None
