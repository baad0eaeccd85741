"""Figures are written exactly, in each language, or refused."""

from __future__ import annotations

import json
import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import canonical_json
from reports.document.catalogue import LANGUAGES
from reports.document.values import NOTHING, NotWritable, known_way, plural, write

NUMBERS = ("integer", "decimals", "signed:2", "figures", "percent", "p", "times", "ratio")
WAYS = (*NUMBERS, "clock", "seconds", "size", "plain", "text")
numbers = st.floats(-1e12, 1e12, allow_nan=False) | st.integers(-(10**9), 10**9)
languages = st.sampled_from(LANGUAGES)


def number(text: str, language: str) -> Decimal:
    """What a number that was written says."""
    group, point = {"en": (",", "."), "de": (".", ","), "es": (".", ",")}[language]
    return Decimal(text.replace(group, "").replace(point, ".").replace("−", "-"))


@pytest.mark.parametrize(
    ("value", "show", "en", "de", "es"),
    [
        (12345, "integer", "12,345", "12.345", "12.345"),
        (12345.0, "integer", "12,345", "12.345", "12.345"),
        (-3, "integer", "−3", "−3", "−3"),
        (-0.0, "integer", "0", "0", "0"),
        (0.0005, "decimals", "0.001", "0,001", "0,001"),
        (-0.0004, "decimals", "0.000", "0,000", "0,000"),
        (-0.0006, "decimals", "−0.001", "−0,001", "−0,001"),
        (1234567.891, "decimals:2", "1,234,567.89", "1.234.567,89", "1.234.567,89"),
        (2.5, "decimals:0", "2", "2", "2"),
        (0.12, "signed:2", "+0.12", "+0,12", "+0,12"),
        (-0.0004, "signed:3", "0.000", "0,000", "0,000"),
        (0, "signed", "0.000", "0,000", "0,000"),
        (0.00012345, "figures", "0.0001234", "0,0001234", "0,0001234"),
        (1200, "figures:2", "1,200", "1.200", "1.200"),
        (9999.9, "figures", "10,000", "10.000", "10.000"),
        (0.1, "figures:3", "0.1", "0,1", "0,1"),
        (3.2e-12, "figures", "3.2 × 10⁻¹²", "3,2 × 10⁻¹²", "3,2 × 10⁻¹²"),
        (-1e300, "figures", "−1 × 10³⁰⁰", "−1 × 10³⁰⁰", "−1 × 10³⁰⁰"),
        (1, "percent:0", "100%", "100 %", "100 %"),
        (1, "percent", "100.0%", "100,0 %", "100,0 %"),
        (0.2875, "percent", "28.7%", "28,7 %", "28,7 %"),
        (-0.00001, "percent", "0.0%", "0,0 %", "0,0 %"),
        (0.5, "p", "0.500", "0,500", "0,500"),
        (0.0321, "p", "0.0321", "0,0321", "0,0321"),
        (0.00009, "p", "< 0.0001", "< 0,0001", "< 0,0001"),
        (0.0001, "p", "0.0001", "0,0001", "0,0001"),
        (0, "p", "< 0.0001", "< 0,0001", "< 0,0001"),
        (0.05, "p", "0.0500", "0,0500", "0,0500"),
        (0.049996, "p", "0.049996", "0,049996", "0,049996"),
        (0.0500004, "p", "0.0500004", "0,0500004", "0,0500004"),
        (1.5, "times", "1.50 ×", "1,50 ×", "1,50 ×"),
        (0.8, "ratio", "0.800", "0,800", "0,800"),
        (0.79996, "ratio", "0.79996", "0,79996", "0,79996"),
        (0.8000004, "ratio:2", "0.8000004", "0,8000004", "0,8000004"),
        (0.0000123, "ratio", "0.0000123", "0,0000123", "0,0000123"),
        (0, "ratio", "0.000", "0,000", "0,000"),
        ([0.1, 0.25], "between:percent", "10.0% to 25.0%", "10,0 % bis 25,0 %", "10,0 % a 25,0 %"),
        (
            [None, 2],
            "between:decimals:1",
            "no limit to 2.0",
            "keine Grenze bis 2,0",
            "sin límite a 2,0",
        ),
        ([None, None], "between", "–", "–", "–"),
        ("2026-03-01", "date", "1 March 2026", "1. März 2026", "1 de marzo de 2026"),
        ("2026-03-01T23:30:00-05:00", "date", "2 March 2026", "2. März 2026", "2 de marzo de 2026"),
        (
            "2026-03-01T23:30:59.9+05:30",
            "moment",
            "1 March 2026, 18:00 UTC",
            "1. März 2026, 18:00 UTC",
            "1 de marzo de 2026, 18:00 UTC",
        ),
        (0, "clock", "00:00.0", "00:00,0", "00:00,0"),
        (59.96, "clock", "01:00.0", "01:00,0", "01:00,0"),
        (-61.25, "clock", "−01:01.2", "−01:01,2", "−01:01,2"),
        (-0.04, "clock", "00:00.0", "00:00,0", "00:00,0"),
        (6000, "clock", "100:00.0", "100:00,0", "100:00,0"),
        (1.25, "seconds", "1.2 s", "1,2 s", "1,2 s"),
        (1023, "size", "1,023 bytes", "1.023 bytes", "1.023 bytes"),
        (1536, "size", "1.5 KiB", "1,5 KiB", "1,5 KiB"),
        (3 * 2**40, "size", "3,072.0 GiB", "3.072,0 GiB", "3.072,0 GiB"),
        (True, "yes_no", "yes", "ja", "sí"),
        (False, "plain", "no", "nein", "no"),
        (1234.56, "plain", "1,235", "1.235", "1.235"),
        (-12.3456, "plain", "−12.35", "−12,35", "−12,35"),
        ("", "plain", "–", "–", "–"),
        (["Women", "White"], "names", "Women × White", "Women × White", "Women × White"),
        ([], "names", "–", "–", "–"),
        (["a", "b-c"], "list", "a, b-c", "a, b-c", "a, b-c"),
        ([], "list", "–", "–", "–"),
        ("a" * 64, "hash", "a" * 12, "a" * 12, "a" * 12),
        ("a-b", "text", "a-b", "a-b", "a-b"),
        (5.0, "text", "5", "5", "5"),
        (1e-07, "text", "1e-7", "1e-7", "1e-7"),
        ("yes", "word:yes_no", "yes", "ja", "sí"),
    ],
)
def test_known_texts(value: Any, show: str, en: str, de: str, es: str) -> None:
    found = [
        write(value, show, language).replace("\N{NO-BREAK SPACE}", " ") for language in LANGUAGES
    ]
    assert found == [en, de, es]


@pytest.mark.parametrize(
    ("value", "show"),
    [
        *((bad, show) for bad in (math.nan, math.inf, -math.inf) for show in WAYS),
        *((True, show) for show in WAYS if show != "plain"),
        *(("1", show) for show in NUMBERS),
        (1.5, "integer"),
        (-0.1, "p"),
        (1.1, "p"),
        (1, "decimals:-1"),
        (1, "decimals:11"),
        (1, "decimals:many"),
        ([1], "between"),
        ([1, 2, 3], "between"),
        ("ab", "between"),
        ({"a": 1, "b": 2}, "between"),
        ([1, "x"], "between"),
        ({"a": 1}, "list"),
        (7, "list"),
        ([None], "list"),
        (1, "date"),
        ("yesterday", "date"),
        ("2026-02-30", "date"),
        ("2026-03-01", "moment"),
        ("0001-01-01T00:00:00+14:00", "moment"),
        (1, "yes_no"),
        ("yes", "yes_no"),
        (1, "loudly"),
        ("x", "word:no_such_set"),
        ("no such code", "word:yes_no"),
        ({}, "plain"),
        (["a"], "text"),
    ],
)
def test_what_does_not_fit_is_refused(value: Any, show: str) -> None:
    for language in LANGUAGES:
        with pytest.raises(NotWritable):
            write(value, show, language)


@pytest.mark.parametrize(
    "show", [*WAYS, "date", "yes_no", "between", "word:yes_no", "names", "hash"]
)
def test_null_is_a_dash(show: str) -> None:
    assert write(None, show) == NOTHING


@given(numbers, st.integers(0, 6), languages)
def test_decimals_are_the_nearest(value: float, places: int, language: str) -> None:
    text = write(value, f"decimals:{places}", language)
    exact = Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    assert number(text, language) == exact
    assert text.startswith("−") == (exact < 0)
    if places:
        assert len(text) - 1 - text.rindex(",."[language == "en"]) == places


@given(st.floats(0, 1), st.integers(0, 4), languages)
def test_percent_are_hundred_times_the_share(value: float, places: int, language: str) -> None:
    text = write(value, f"percent:{places}", language)
    found = number(text.removesuffix("%").rstrip("\N{NO-BREAK SPACE}"), language)
    assert abs(found - Decimal(value) * 100) <= Decimal("0.5000001").scaleb(-places)


@given(numbers.filter(lambda value: value != 0), st.integers(1, 8), languages)
def test_figures_keep_their_digits(value: float, digits: int, language: str) -> None:
    text = write(value, f"figures:{digits}", language)
    if "×" not in text:
        error = abs(number(text, language) - Decimal(value))
        assert error <= abs(Decimal(value)) * Decimal("0.5000001").scaleb(1 - digits)


@given(st.floats(1e-6, 2), st.integers(1, 4))
def test_only_four_fifths_is_written_as_four_fifths(value: float, places: int) -> None:
    written = number(write(value, f"ratio:{places}"), "en")
    if abs(value - 0.8) > 1e-10:
        assert (written == Decimal("0.8")) == (value == 0.8)


@given(st.sampled_from([0.05, 0.01]), st.floats(-1e-3, 1e-3))
def test_only_a_limit_is_written_as_that_limit(limit: float, off: float) -> None:
    value = limit + off
    if abs(value - limit) > 1e-10:
        assert number(write(value, "p"), "en") != Decimal(str(limit))


@given(numbers | st.lists(numbers, min_size=2, max_size=2) | st.text(max_size=5), languages)
def test_what_was_read_again_is_written_alike(value: Any, language: str) -> None:
    """A signed document is read from JSON, where 5.0 is 5 and -0.0 is 0."""
    try:
        again = json.loads(canonical_json({"v": value}))["v"]
    except ValueError:
        return
    for show in (*WAYS, "between", "list", "date"):
        assert _or_refused(again, show, language) == _or_refused(value, show, language)


def _or_refused(value: Any, show: str, language: str) -> str:
    try:
        return write(value, show, language)
    except NotWritable:
        return "refused"


@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.none()))
)
def test_anything_is_written_or_refused(value: Any) -> None:
    blank = isinstance(value, str) and not value.strip()
    for show in (*WAYS, "between", "names", "list", "date", "moment", "yes_no", "hash", "word:x"):
        assert _or_refused(value, show, "en").strip() or blank


@pytest.mark.parametrize(
    ("value", "forms"),
    [(0, "other"), (1, "one"), (1.0, "one"), (2, "other"), (-1, "one"), (1.5, "other")],
)
def test_plural_forms(value: float, forms: str) -> None:
    assert {plural(value, language) for language in ("en", "de")} == {forms}


def test_plural_of_what_is_no_number() -> None:
    with pytest.raises(TypeError):
        plural("1", "en")


def test_known_ways() -> None:
    assert all(known_way(way) for way in (*WAYS, "between:ratio", "word:yes_no", "digest"))
    assert not any(known_way(way) for way in ("loudly", "word:no_such_set", "word", ""))
