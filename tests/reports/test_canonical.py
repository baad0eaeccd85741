from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.canonical import canonical, figure, log_ratio, rfc8785, seconds, sha256_of

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("aé€😀z"), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # RFC 8785 appendix B
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (295147905179352830000.0, "295147905179352830000"),
        (999999999999999700000.0, "999999999999999700000"),
        (1e21, "1e+21"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (0.000001, "0.000001"),
        (9.999999999999997e-7, "9.999999999999997e-7"),
        (333333333.3333332, "333333333.3333332"),
        (-1.5, "-1.5"),
        (100.0, "100"),
    ],
)
def test_numbers_are_written_as_the_standard_writes_them(value: float, text: str) -> None:
    assert rfc8785(value) == text


def test_keys_are_ordered_by_their_utf16_code_units() -> None:
    # RFC 8785 section 3.2.3: the emoji's surrogates sort before U+FB33
    document = {"\ufb33": 1, "😀": 2, "\r": 3, "1": 4, "ö": 5, "€": 6, "\x80": 7}
    assert rfc8785(document) == ('{"\\r":3,"1":4,"\x80":7,"ö":5,"€":6,"😀":2,"\ufb33":1}')


@given(JSON)
def test_both_forms_read_back_as_the_same_value(value: object) -> None:
    # RFC 8785 numbers are doubles: 1.986146800141037e16 is written 19861468001410370
    assert json.loads(rfc8785(value), parse_int=float) == value
    assert json.loads(canonical({"a": value}), parse_int=float) == {"a": value}


def test_lists_of_scalars_stay_on_one_line() -> None:
    assert canonical({"b": [1, 2.5, None], "a": [{"x": 1}], "c": []}) == (
        b'{\n "a": [\n  {\n   "x": 1\n  }\n ],\n "b": [1, 2.5, null],\n "c": []\n}\n'
    )


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        rfc8785({"a": math.inf})
    with pytest.raises(TypeError, match="set is not JSON"):
        rfc8785({"a": {1}})


def test_the_hash_is_that_of_the_canonical_text() -> None:
    assert sha256_of({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_figures_are_rounded_to_the_stated_digits() -> None:
    assert figure(0.123456789) == 0.123457
    assert figure(123456789.0) == 123457000.0
    assert figure(math.nan) is None
    assert figure(None) is None
    assert seconds(1.23456) == 1.235
    assert log_ratio(-1.23449) == -1.234
    assert math.copysign(1.0, seconds(-0.0001)) == 1.0
