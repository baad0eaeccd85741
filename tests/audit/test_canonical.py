"""RFC 8785's own examples, what is refused, and that text and value go round."""

from __future__ import annotations

import hashlib
import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import (
    LARGEST_INTEGER,
    Json,
    canonical_hash,
    canonical_json,
    parse_canonical,
    parse_json,
)
from audit.errors import NotCanonical

# RFC 8785 appendix B: the bits of a double, and the text.
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(("bits", "text"), NUMBERS)
def test_numbers_of_appendix_b(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(value) == text.encode()


def test_the_example_of_section_3_2_2() -> None:
    source = rb"""{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"""
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical_json(parse_json(source)) == expected.encode()


def test_the_order_of_section_3_2_3_is_that_of_utf_16_code_units() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    found = json.loads(canonical_json(dict.fromkeys(keys)))
    assert list(found) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_the_hash_is_sha_256_of_the_canonical_bytes() -> None:
    assert canonical_hash({"b": 1, "a": [2.0]}) == hashlib.sha256(b'{"a":[2],"b":1}').hexdigest()


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        {"a": [math.nan]},
        {1: "a"},
        {None: "a"},
        {"a": 1, 2: 3},
        {"\ud800": 1},
        "\udfff",
        2**53,
        -(2**53),
        b"bytes",
        {1, 2},
        object(),
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Json) -> None:
    with pytest.raises(NotCanonical):
        canonical_json(value)


def test_bottomless_nesting_is_refused_both_ways() -> None:
    value: list[Json] = []
    for _ in range(200_000):
        value = [value]
    with pytest.raises(NotCanonical, match="nested"):
        canonical_json(value)
    while value:  # taken apart one by one: freeing it at once would nest as deeply
        value = value.pop()  # type: ignore[assignment]
    with pytest.raises(NotCanonical, match="nested"):
        parse_json(b"[" * 200_000 + b"]" * 200_000)


@pytest.mark.parametrize(
    "text",
    [b'{"a":1,"a":1}', b"NaN", b"[Infinity]", b"-Infinity", b"\xff", b'{"a":1', b"", b'{"a":1}x'],
)
def test_text_that_is_no_strict_json_is_refused(text: bytes) -> None:
    with pytest.raises(NotCanonical):
        parse_json(text)


@pytest.mark.parametrize(
    "text", [b'{"a": 1}', b'{"b":1,"a":1}', b"1.0", b"1e2", b'"\\u0041"', b"[1]\n", b"-0"]
)
def test_only_the_canonical_text_of_a_value_is_canonical(text: bytes) -> None:
    parse_json(text)
    with pytest.raises(NotCanonical, match="not in its canonical form"):
        parse_canonical(text)


@given(PLAIN)
def test_canonical_text_goes_round(value: Json) -> None:
    text = canonical_json(value)
    assert canonical_json(parse_canonical(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_is_read_back_exactly(value: float) -> None:
    assert float(canonical_json(value)) == value


@given(st.dictionaries(st.text(), st.integers(0, 9)), st.randoms())
def test_the_order_of_insertion_does_not_matter(value: dict[str, int], random: object) -> None:
    items = list(value.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert canonical_json(dict(items)) == canonical_json(value)
