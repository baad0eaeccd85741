"""Printed numbers, and the soundness of the checker over random tables."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import DataInvalid
from fairness.published import Code, Kind, PublishedAudit, Recomputes, check_publication
from fairness.published_numbers import Printed, parse, settle, show, show_range
from fairness.published_tables import Record, publication


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("47.3%", "473/1000", "1/1000"),
        ("48 %", "48/100", "1/100"),
        (".979", "979/1000", "1/1000"),
        ("1.00", "1", "1/100"),
        ("1,234", "1234", "1"),
        ("1,234,567.5", "12345675/10", "1/10"),
        ("0.4920000000000001", "492/1000", "1/1000"),
        ("45860.719999999994", "4586072/100", "1/100"),
        ("1e3", "1000", "1"),
        ("~5", "5", "1"),
        ("-3", "-3", "1"),
    ],
)
def test_parse(text: str, value: str, unit: str) -> None:
    printed = parse(text, "here")
    assert printed.value == Fraction(value)
    assert printed.unit == Fraction(unit)


@pytest.mark.parametrize("text", ["", "N/A", "n/a", "-", "—", "nan", "None", "<10", "Excluded"])
def test_no_number(text: str) -> None:
    assert parse(text, "here") == Printed(text)


@pytest.mark.parametrize(
    "text", ["=A1", "47,3", "1,23", "12 of 30", "inf", "1e999", "1e99", "0x1", ".", "%", "9" * 60]
)
def test_not_a_number_names_the_cell(text: str) -> None:
    with pytest.raises(DataInvalid, match="row 7, column 'rate'"):
        parse(text, "row 7, column 'rate'")


def test_percent_columns() -> None:
    assert parse("47.3", "here", percent=True).value == Fraction(473, 1000)
    assert parse("47.3%", "here", percent=True).value == Fraction(473, 1000)


def test_settle_restores_dropped_zeros_only_where_zeros_are_dropped() -> None:
    dropped = tuple(parse(text, "") for text in ("0.5", "0.48", "0.47", "1.0"))
    assert {cell.unit for cell in settle(dropped)} == {Fraction(1, 100)}
    kept = tuple(parse(text, "") for text in ("0.50", "0.5", "1.000"))
    assert settle(kept) == kept
    outlier = tuple(parse(text, "") for text in ("0.5", "0.48", "0.47", "0.46", "0.98625"))
    assert [cell.unit for cell in settle(outlier)][:4] == [Fraction(1, 100)] * 4


def test_show() -> None:
    assert show(Fraction(18, 28), Fraction(1, 1000)) == "0.64286"
    assert show(Fraction(-1, 2)) == "-0.5"
    assert show_range(Fraction(1, 2), Fraction(1, 2)) == "0.5"
    assert show_range(Fraction(1, 4), Fraction(1, 2)) == "0.25 to 0.5"
    assert show_range(Fraction(1, 4), None) == "0.25 or more"


def _print(value: Fraction, places: int, rounding: str) -> str:
    """A fraction printed with so many places."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return str(exact.quantize(Decimal(1).scaleb(-places), rounding=rounding))


RACES = ("White", "Asian", "Black or African American", "Hispanic or Latino", "Two or More Races")
COUNTS = st.lists(
    st.integers(50, 5000).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))),
    min_size=2,
    max_size=5,
)


def _audit(rows: list[dict[str, str]]) -> PublishedAudit:
    records = [Record(i, row | {"table": "race"}, {}) for i, row in enumerate(rows, 2)]
    return check_publication(publication(records, "made"))


def _rows(
    counts: list[tuple[int, int]], places: tuple[int, int], rounding: str, *, with_selected: bool
) -> list[dict[str, str]]:
    best = max(Fraction(x, n) for n, x in counts)
    return [
        {
            "race": race,
            "assessed": str(n),
            "selected": str(x) if with_selected else "",
            "rate": _print(Fraction(x, n), places[0], rounding),
            "ratio": _print(Fraction(x, n) / best, places[1], rounding),
        }
        for race, (n, x) in zip(RACES, counts, strict=False)
    ]


@given(
    counts=COUNTS,
    rate_places=st.integers(2, 9),
    ratio_places=st.integers(2, 9),
    rounding=st.sampled_from([ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_DOWN]),
    with_selected=st.booleans(),
)
def test_a_sound_table_is_never_faulted(
    counts: list[tuple[int, int]],
    rate_places: int,
    ratio_places: int,
    rounding: str,
    with_selected: bool,
) -> None:
    """Rounded or truncated to any places, with or without selected counts."""
    rows = _rows(counts, (rate_places, ratio_places), rounding, with_selected=with_selected)
    audit = _audit(rows)
    bad = {
        found.code
        for found in audit.inconsistencies
        if found.kind in (Kind.CONTRADICTION, Kind.DEVIATION)
    }
    assert not bad
    assert audit.recomputes is Recomputes.YES


@given(counts=COUNTS, places=st.integers(2, 6), which=st.integers(0, 4), off=st.integers(2, 50))
def test_a_ratio_off_by_two_units_is_found(
    counts: list[tuple[int, int]], places: int, which: int, off: int
) -> None:
    """With counts, and rates printed finer than ratios, no wrong ratio passes."""
    rows = _rows(counts, (12, places), ROUND_HALF_EVEN, with_selected=True)
    row = rows[which % len(rows)]
    row["ratio"] = str(Decimal(row["ratio"]) + off * Decimal(1).scaleb(-places))
    audit = _audit(rows)
    assert audit.recomputes is Recomputes.NO
    assert row["race"] in {found.category for found in audit.inconsistencies}


@given(counts=COUNTS, order=st.randoms())
def test_row_order_does_not_matter(counts: list[tuple[int, int]], order: object) -> None:
    rows = _rows(counts, (3, 2), ROUND_HALF_EVEN, with_selected=False)
    rows[0]["ratio"] = "0.31"
    first = _audit(rows)
    shuffled = list(rows)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    second = _audit(shuffled)
    assert first.recomputes is second.recomputes
    assert first.by_code.get("ratio_above_one") == second.by_code.get("ratio_above_one")
    assert {f.category for f in first.inconsistencies if f.code is Code.HIGHEST_NOT_ONE} == {
        f.category for f in second.inconsistencies if f.code is Code.HIGHEST_NOT_ONE
    }
