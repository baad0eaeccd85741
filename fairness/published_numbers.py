"""Numbers as they are printed in a table: exact values with the rounding that the print implies.

A printed `47.3%` says that the number lies between .4725 and .4735 if it was rounded, and between
.473 and .474 if it was truncated. Everything here is exact (`Fraction`); floats only show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from audit.errors import DataInvalid

_ABSENT = re.compile(
    r"[-–—*]*|#?n\.?/?a\.?|<na>|nan|none|null|unknown|excluded|"
    r"not (available|applicable|reported|provided)",
    re.I,
)
LONGEST = 40
FLOAT_DIGITS = 15
"""Decimal digits that every double keeps; a print with more of them shows a double's own noise."""
FLOAT_NOISE = Fraction(2, 10**15)
"""Half-width given to such a print: a few units in the last place of a double near 1."""

_NUMBER = re.compile(r"[~≈]?\s*([-+]?)((?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][-+]?\d{1,2})?)")


@dataclass(frozen=True, slots=True)
class Printed:
    """One printed number.

    Attributes:
        text: as it stands in the table, spaces stripped.
        value: its exact value (47.3% is 473/1000); None where the cell holds no number.
        unit: one unit in its last printed place (1/1000 for 47.3%); 0 where there is no number.
        noisy: printed with more digits than a double keeps.
    """

    text: str = ""
    value: Fraction | None = None
    unit: Fraction = Fraction(0)
    noisy: bool = False

    @property
    def half(self) -> Fraction:
        """How far the number may lie from what is printed if it was rounded."""
        return max(self.unit / 2, FLOAT_NOISE) if self.noisy else self.unit / 2

    @property
    def whole(self) -> int | None:
        """The value as a count; None where it is absent, negative or not whole."""
        if self.value is None or self.value < 0 or self.value.denominator != 1:
            return None
        return int(self.value)

    def rounded(self) -> tuple[Fraction, Fraction] | None:
        """Lowest and highest number that round to this print; ties may go either way."""
        if self.value is None:
            return None
        return self.value - self.half, self.value + self.half

    def truncated(self) -> tuple[Fraction, Fraction] | None:
        """Lowest number that is cut to this print, and the first one that is not."""
        if self.value is None:
            return None
        return self.value, self.value + max(self.unit, self.half)


def parse(text: str, where: str, *, percent: bool = False) -> Printed:
    """The number printed in a cell; `percent` reads it as hundredths.

    Understands `47.3%`, `1,234`, `.979`, `1.00`, `~5`; words such as `N/A` and bounds such as
    `<10` are no number. `where` names the cell in the error for anything else.
    """
    text = text.strip()
    if _ABSENT.fullmatch(text) or text[:1] in "<≤":
        return Printed(text)
    body = text.rstrip("%").rstrip() if text.endswith("%") else text
    found = _NUMBER.fullmatch(body)
    if found is None or len(text) > LONGEST or not any(c.isdigit() for c in found[2]):
        raise DataInvalid(
            f"{where}: '{text[:LONGEST]}' is not a number; write it like 1,234 or 47.3% or .979, "
            "or N/A where the table prints none"
        )
    exact = Decimal(found[1] + found[2].replace(",", ""))
    if not -LONGEST < exact.adjusted() < LONGEST:
        raise DataInvalid(f"{where}: '{text}' is out of the range of counts, rates and ratios")
    scale = 100 if percent or text.endswith("%") else 1
    return _exact(text, exact, scale=scale)


NOT_PRINTED = Printed()


def _exact(text: str, exact: Decimal, *, scale: int) -> Printed:
    """The number with its unit, without the noise digits of a double."""
    noisy = len(exact.normalize().as_tuple().digits) > FLOAT_DIGITS
    if noisy:
        exact = Decimal(f"{exact:.{FLOAT_DIGITS - 1}e}").normalize()
    places = str(exact).lower().partition("e")
    unit = Fraction(1, 10 ** len(places[0].partition(".")[2])) * Fraction(10) ** int(places[2] or 0)
    return Printed(text, Fraction(exact) / scale, min(unit, Fraction(1)) / scale, noisy)


def keeps_zeros(column: Iterable[Printed]) -> bool:
    """Whether a column writes trailing zeros (`0.50`, `37.50%`), so that each cell tells its unit.

    `1.0` and `0.0` tell nothing: programs write whole numbers like that.
    """
    return any(re.search(r"\.\d+0\s*%?$", cell.text) for cell in column)


def usual_unit(column: Iterable[Printed]) -> Fraction | None:
    """The finest unit that at least a third of a column's numbers have, whole numbers left aside.

    Where trailing zeros are dropped, nine in ten numbers still show all places of their column; a
    lone number with more places is an outlier and does not make its neighbours more exact.
    """
    units = [c.unit for c in column if c.value is not None and c.value.denominator != 1]
    common = [u for u in set(units) if 3 * sum(other <= u for other in units) >= len(units)]
    return min(common, default=None)


def settle(column: tuple[Printed, ...], finest: Fraction | None = None) -> tuple[Printed, ...]:
    """The column with the unit of each number, where the file has dropped trailing zeros.

    A column that writes trailing zeros is left alone. Else every number is taken to be at least as
    fine as the column's `usual_unit` (.5 beside .48 and .47 is .50), or as `finest` where given.
    """
    unit = finest if finest is not None else usual_unit(column)
    if unit is None or keeps_zeros(column):
        return column
    return tuple(
        cell if cell.value is None or cell.unit <= unit else replace(cell, unit=unit)
        for cell in column
    )


def show(value: Fraction, unit: Fraction = Fraction(0)) -> str:
    """A fraction as decimals, two places finer than `unit`, at least 4."""
    places = 4
    while unit and Fraction(1, 10**places) > unit / 100 and places < FLOAT_DIGITS:
        places += 1
    scaled = round(value * 10**places)
    sign = "-" if scaled < 0 else ""
    whole, rest = divmod(abs(scaled), 10**places)
    return f"{sign}{whole}.{rest:0{places}d}".rstrip("0").rstrip(".")


def show_range(low: Fraction, high: Fraction | None, *, unit: Fraction = Fraction(0)) -> str:
    """A range as text; one number where its ends show the same, open above where high is None."""
    if high is None:
        return f"{show(low, unit)} or more"
    first, second = show(low, unit), show(high, unit)
    return first if first == second else f"{first} to {second}"
