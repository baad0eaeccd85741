"""Only public https addresses, whatever the URL or the name server says."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import SettingsInvalid, TargetRefused
from audit.settings import Webhooks
from audit.webhooks import Target, TargetRules, checked_addresses, is_global, read_target

STRICT = TargetRules()
DEVELOPMENT = TargetRules(http_loopback=True)
PUBLIC_V4, PUBLIC_V6 = ip_address("93.184.215.14"), ip_address("2606:2800:21f:cb07::1")

INTERNAL = [
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.0.9",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.5",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:5ef5:79fb::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::a9fe:a9fe",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
GLOBAL = [
    "1.1.1.1",
    "8.8.8.8",
    "11.0.0.1",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "198.20.0.1",
    "223.255.255.254",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]

REFUSED_URLS = [
    "",
    "https://",
    "https:///path",
    "https:/example.com",
    "example.com",
    "//example.com",
    "http://example.com/",
    "http://localhost/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com:443@127.0.0.1/",
    "https://127.0.0.1#@example.com/",
    "https://example.com/#part",
    "https://example.com:8443/",
    "https://example.com:22/",
    "https://example.com:0/",
    "https://example.com:99999/",
    "https://example.com:+443/",
    "https://example.com: 443/",
    "https://example.com:/",
    "https://example.com\\@127.0.0.1/",
    "https://127.0.0.1\\.example.com/",
    "https://example.com\t/",
    "https://exa mple.com/",
    "https://example.com/a b",
    "https://example.com/\r\nHost: internal",
    "https://example.com/\n",
    "\nhttps://example.com/",
    " https://example.com/",
    "https://example.com/é",
    "https://exämple.com/",
    "https://１２７.０.０.１/",  # full-width digits
    "https://127。0。0。1/",  # ideographic full stops
    "https://ⓛocalhost/",
    "https://example.com./",
    "https://.example.com/",
    "https://exa..mple.com/",
    "https://-example.com/",
    "https://example-.com/",
    f"https://{'a' * 64}.com/",
    f"https://{'a.' * 130}com/",
    f"https://example.com/{'a' * 2048}",
    "https://%31%32%37.0.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://127.0.0.01/",
    "https://127.0.0.1.5/",
    "https://1.2.3.256/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[::1/",
    "https://::1/",
    "https://[example.com]/",
    "https://[fd00:ec2::254]/",
    *(f"https://{a}/" for a in INTERNAL if ":" not in a),
    *(f"https://[{a}]/" for a in INTERNAL if ":" in a),
]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_hostile_urls_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(TargetRefused) as refusal:
        read_target(url, STRICT)
    assert "example.com" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com", Target("https", "example.com", 443, "/")),
        ("HTTPS://Example.COM:443/A?b=C", Target("https", "example.com", 443, "/A?b=C")),
        ("https://xn--exmple-cua.com/h", Target("https", "xn--exmple-cua.com", 443, "/h")),
        ("https://8.8.8.8/", Target("https", "8.8.8.8", 443, "/")),
        ("https://[2606:4700:0::1111]/", Target("https", "2606:4700::1111", 443, "/")),
        ("https://example.com/a@b:c", Target("https", "example.com", 443, "/a@b:c")),
    ],
)
def test_public_https_is_allowed(url: str, target: Target) -> None:
    assert read_target(url, STRICT) == target
    assert read_target(target.url, STRICT) == target


@pytest.mark.parametrize("text", INTERNAL)
def test_internal_addresses_are_not_global(text: str) -> None:
    assert not is_global(ip_address(text))
    with pytest.raises(TargetRefused):
        checked_addresses(Target("https", "a.example", 443, "/"), [ip_address(text)], STRICT)


@pytest.mark.parametrize("text", GLOBAL)
def test_public_addresses_are_global(text: str) -> None:
    assert is_global(ip_address(text))


@pytest.mark.parametrize("text", INTERNAL)
def test_one_internal_address_among_public_ones_refuses_all(text: str) -> None:
    target = Target("https", "a.example", 443, "/")
    for mixed in (
        [PUBLIC_V4, ip_address(text), PUBLIC_V6],
        [PUBLIC_V6, PUBLIC_V4, ip_address(text)],
    ):
        with pytest.raises(TargetRefused) as refusal:
            checked_addresses(target, mixed, STRICT)
        assert text not in str(refusal.value)
    assert checked_addresses(target, [PUBLIC_V4, PUBLIC_V6], STRICT) == (PUBLIC_V4, PUBLIC_V6)


def test_a_host_without_address_is_refused() -> None:
    with pytest.raises(TargetRefused):
        checked_addresses(Target("https", "a.example", 443, "/"), [], STRICT)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_nothing_is_taken_for_global_that_the_standard_library_calls_private(
    address: IPv4Address | IPv6Address,
) -> None:
    plain = address
    if isinstance(address, IPv6Address):
        plain = address.ipv4_mapped or address.sixtofour or address
    if is_global(address):
        assert not plain.is_private
        assert not plain.is_loopback
        assert not plain.is_multicast
        assert not plain.is_link_local
        assert not plain.is_unspecified


@given(st.ip_addresses(v=4))
def test_ipv4_in_ipv6_is_judged_as_ipv4(address: IPv4Address) -> None:
    number = int(address)
    mapped = IPv6Address((0xFFFF << 32) + number)
    translated = IPv6Address((0x64FF9B << 96) + number)
    sixtofour = IPv6Address((0x2002 << 112) + (number << 80) + 1)
    assert is_global(mapped) == is_global(translated) == is_global(sixtofour) == is_global(address)


def test_an_allowed_host_may_be_internal_but_never_a_metadata_service() -> None:
    rules = TargetRules.of(
        Webhooks(allowed_hosts=("hooks.internal:8443", "10.1.2.3", "[fd12::5]:9"))
    )
    target = read_target("https://HOOKS.internal:8443/x", rules)
    for text in ("10.0.0.1", "100.64.0.9", "192.168.0.1", "127.0.0.1", "::1", "fd12::1", "8.8.8.8"):
        assert checked_addresses(target, [ip_address(text)], rules)
    for text in (
        "169.254.169.254",
        "100.100.100.200",
        "fd00:ec2::254",
        "fe80::1",
        "224.0.0.1",
        "0.0.0.0",  # noqa: S104
        "::",
        "192.0.0.192",
        "168.63.129.16",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
    ):
        with pytest.raises(TargetRefused):
            checked_addresses(target, [ip_address(text)], rules)
    assert read_target("https://10.1.2.3/", rules).host == "10.1.2.3"
    assert read_target("https://[fd12::5]:9/", rules).authority == "[fd12::5]:9"


def test_an_allowed_host_is_allowed_on_its_own_port_and_over_https_only() -> None:
    rules = TargetRules.of(Webhooks(allowed_hosts=("hooks.internal:8443",)))
    other_port = read_target("https://hooks.internal/", rules)
    with pytest.raises(TargetRefused):
        checked_addresses(other_port, [ip_address("10.0.0.1")], rules)
    for url in (
        "http://hooks.internal:8443/",
        "https://hooks.internal:8444/",
        "https://x.hooks.internal:8443/",
    ):
        with pytest.raises(TargetRefused):
            read_target(url, rules)


@pytest.mark.parametrize(
    "entry", ["", "https://a.example", "a.example/x", "a b", "u@a", "127.1", "*", "a.example:"]
)
def test_allowed_hosts_that_cannot_be_read_are_named(entry: str) -> None:
    with pytest.raises(SettingsInvalid, match="ALLOWED_HOSTS"):
        TargetRules.of(Webhooks(allowed_hosts=(entry,)))


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/x",
        "http://127.0.0.1:1/",
        "http://[::1]:8000/",
        "https://localhost:1/",
    ],
)
def test_development_may_use_http_to_this_machine(url: str) -> None:
    target = read_target(url, DEVELOPMENT)
    assert checked_addresses(target, [ip_address("127.0.0.1"), ip_address("::1")], DEVELOPMENT)
    for text in ("10.0.0.1", "8.8.8.8", "169.254.169.254"):
        with pytest.raises(TargetRefused):
            checked_addresses(target, [ip_address(text)], DEVELOPMENT)
    with pytest.raises(TargetRefused):
        read_target(url, STRICT)


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "http://10.0.0.1/", "http://localhost.example.com/", "http://0.0.0.0/"],
)
def test_development_may_use_http_nowhere_else(url: str) -> None:
    with pytest.raises(TargetRefused):
        read_target(url, DEVELOPMENT)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_what_is_read_reads_the_same_again(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/"):
        try:
            target = read_target(url, STRICT)
        except TargetRefused:
            continue
        assert target.scheme == "https"
        assert target.port == 443
        assert read_target(target.url, STRICT) == target
