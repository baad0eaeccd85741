"""Signatures are those of Standard Webhooks: its own vectors, and what a stranger could try."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import SettingsInvalid, SignatureInvalid
from audit.webhooks import Secret, sign, signed_headers, verify

# From the tests of the reference libraries of Standard Webhooks.
VECTOR_SECRET = Secret.parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
VECTOR_ID, VECTOR_TIME = "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC)
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

NOW = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
OLD, NEW = Secret(bytes(range(32))), Secret(bytes(range(32, 64)))


def signed(**changed: str) -> dict[str, str]:
    return {**signed_headers("msg_1", NOW, b"{}", [NEW]), **changed}


def test_the_published_vector() -> None:
    assert sign(VECTOR_ID, VECTOR_TIME, VECTOR_BODY, [VECTOR_SECRET]) == VECTOR
    headers = {"webhook-id": VECTOR_ID, "webhook-timestamp": "1614265330"}
    headers["webhook-signature"] = VECTOR
    assert verify(headers, VECTOR_BODY, [VECTOR_SECRET], now=VECTOR_TIME) == VECTOR_ID


def test_the_prefix_of_a_secret_may_be_missing() -> None:
    assert Secret.parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") == VECTOR_SECRET
    assert VECTOR_SECRET.reveal() == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_while_a_secret_rotates_either_side_may_have_either() -> None:
    header = sign("msg_1", NOW, b"{}", [NEW, OLD])
    assert len(header.split()) == 2
    for kept in (OLD, NEW):
        assert verify(signed(**{"webhook-signature": header}), b"{}", [kept], now=NOW) == "msg_1"
    assert verify(signed(), b"{}", [OLD, NEW], now=NOW) == "msg_1"


def test_other_versions_beside_it_do_not_matter() -> None:
    mixed = f"v1a,AAAA {sign('msg_1', NOW, b'{}', [NEW])} v2,BBBB"
    assert verify(signed(**{"webhook-signature": mixed}), b"{}", [NEW], now=NOW) == "msg_1"


def test_header_names_come_in_any_case() -> None:
    shouted = {name.upper(): value for name, value in signed().items()}
    assert verify(shouted, b"{}", [NEW], now=NOW) == "msg_1"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (signed(), b"{} "),
        (signed(**{"webhook-id": "msg_2"}), b"{}"),
        (signed(**{"webhook-timestamp": str(int(NOW.timestamp()) + 1)}), b"{}"),
        (signed(**{"webhook-timestamp": "1e9"}), b"{}"),
        (signed(**{"webhook-timestamp": "٣"}), b"{}"),
        (signed(**{"webhook-timestamp": "-5"}), b"{}"),
        (signed(**{"webhook-signature": ""}), b"{}"),
        (signed(**{"webhook-signature": "v1,"}), b"{}"),
        (signed(**{"webhook-signature": "v1,é"}), b"{}"),
        (signed(**{"webhook-signature": "v1," + "A" * 43 + "="}), b"{}"),
        (signed(**{"webhook-signature": sign("msg_1", NOW, b"{}", [NEW])[3:]}), b"{}"),
        (signed(**{"webhook-signature": "v1,x " * 17 + signed()["webhook-signature"]}), b"{}"),
        ({}, b"{}"),
        ({k: v for k, v in signed().items() if k != "webhook-id"}, b"{}"),
    ],
)
def test_anything_altered_is_refused_with_one_text(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureInvalid) as refusal:
        verify(headers, body, [NEW], now=NOW)
    with pytest.raises(SignatureInvalid) as usual:
        verify(signed(), b"x", [NEW], now=NOW)
    assert str(refusal.value) == str(usual.value)


def test_a_message_without_any_secret_to_compare_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        verify(signed(), b"{}", [], now=NOW)


@pytest.mark.parametrize(("off_s", "good"), [(0, True), (300, True), (301, False)])
@pytest.mark.parametrize("sign_of_time", [1, -1])
def test_times_count_within_five_minutes_both_ways(
    off_s: int, good: bool, sign_of_time: int
) -> None:
    now = NOW + timedelta(seconds=off_s * sign_of_time)
    if good:
        assert verify(signed(), b"{}", [NEW], now=now) == "msg_1"
    else:
        with pytest.raises(SignatureInvalid):
            verify(signed(), b"{}", [NEW], now=now)


@pytest.mark.parametrize("text", ["whsec_", "whsec_AAAA", "whsec_!!!", "é" * 40, "A" * 88 + "AAAA"])
def test_secrets_that_are_too_short_too_long_or_no_base64_are_refused(text: str) -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        Secret.parse(text)
    assert text.removeprefix("whsec_")[:8] not in str(refusal.value) or not text[6:]


def test_a_secret_does_not_print_itself() -> None:
    secret = Secret.generate()
    assert secret.reveal()[6:16] not in repr(secret) + str(secret)
    assert Secret.parse(secret.reveal()) == secret != Secret.generate()


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "x" * 129, "a\n", "é"])
def test_ids_that_would_blur_what_is_signed_are_not_signed(message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        sign(message_id, NOW, b"", [NEW])


def test_a_time_without_zone_and_no_secret_are_faults_of_the_caller() -> None:
    with pytest.raises(ValueError, match="zone"):
        sign("a", NOW.replace(tzinfo=None), b"", [NEW])
    with pytest.raises(ValueError, match="nothing"):
        sign("a", NOW, b"", [])


@given(
    body=st.binary(max_size=200),
    keys=st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=4),
    flipped=st.integers(0, 10_000),
)
def test_what_was_signed_verifies_and_one_bit_less_does_not(
    body: bytes, keys: list[bytes], flipped: int
) -> None:
    secrets = [Secret(key) for key in keys]
    headers = signed_headers("msg_x", NOW, body, secrets)
    for secret in secrets:
        assert verify(headers, body, [secret], now=NOW) == "msg_x"
    altered = bytearray(body or b"\0")
    altered[flipped // 8 % len(altered)] ^= 1 << flipped % 8
    with pytest.raises(SignatureInvalid):
        verify(headers, bytes(altered), secrets, now=NOW)
