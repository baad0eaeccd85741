"""Checks the counts and rates of one published table: each row by itself, and its totals."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from fairness.published_numbers import Printed, show, show_range
from fairness.published_types import Code, Inconsistency, Kind, Row, Table
from fairness.types import Note

Bounds = tuple[Fraction, Fraction]
ALIKE_FROM = 1000
"""Two categories with the same counts are only remarked on from this many persons."""


@dataclass(slots=True)
class Checks:
    """What checking a table has given so far."""

    table: Table
    found: list[Inconsistency] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    rates: int = 0
    ratios: int = 0
    referent: str = ""

    def add(
        self,
        code: Code,
        text: str,
        *,
        row: Row | None = None,
        cell: Printed | None = None,
        bounds: tuple[Fraction, Fraction | None] | None = None,
    ) -> None:
        """Record one inconsistency of a row, or of the table where `row` is None."""
        half = cell.half if cell is not None else None
        self.found.append(
            Inconsistency(
                code,
                self.table.name,
                row.name if row else "",
                text,
                cell.text if cell is not None else "",
                show_range(*bounds, unit=cell.unit if cell is not None else Fraction(0))
                if bounds
                else "",
                float(bounds[0]) if bounds else None,
                float(bounds[1]) if bounds and bounds[1] is not None else None,
                float(half) if half is not None else None,
            )
        )

    def cannot(self, code: str, text: str) -> None:
        """Record one check that cannot be made, with the reason."""
        self.notes.append(Note(code, text, {"table": self.table.name}))

    def has(self, kind: Kind) -> bool:
        """Whether anything of a kind was found."""
        return any(each.kind is kind for each in self.found)


def meets(cell: Printed, bounds: tuple[Fraction, Fraction | None]) -> str:
    """How a print fits a recomputed range: `rounded`, `truncated`, or "" if it does not."""
    low, high = bounds
    rounded, cut = cell.rounded(), cell.truncated()
    if rounded is None or cut is None:
        return ""
    if rounded[0] <= (high if high is not None else rounded[0]) and low <= rounded[1]:
        return "rounded"
    if cut[0] <= (high if high is not None else cut[0]) and low < cut[1]:
        return "truncated"
    return ""


def exact_rate(row: Row) -> Fraction | None:
    """selected / assessed, exactly, where both are printed, possible and not of nobody."""
    counts = row.counts
    return Fraction(counts[1], counts[0]) if counts and counts[0] else None


def check_counts(checks: Checks) -> None:
    """Counts are whole, nobody is selected who was not assessed, rates are at most 1."""
    for row in checks.table.rows:
        for cell, what in ((row.assessed, "assessed"), (row.selected, "selected")):
            if cell.value is not None and cell.whole is None:
                checks.add(
                    Code.COUNT_NOT_WHOLE,
                    f"{row.name}: {cell.text} {what} is not a whole number of persons.",
                    row=row,
                    cell=cell,
                )
        n, x = row.assessed.whole, row.selected.whole
        if n is not None and x is not None and x > n:
            checks.add(
                Code.SELECTED_EXCEEDS_ASSESSED,
                f"{row.name}: {x} selected of {n} assessed.",
                row=row,
                cell=row.selected,
                bounds=(Fraction(0), Fraction(n)),
            )
        bounds = row.rate.rounded()
        if bounds is not None and bounds[0] > 1:
            checks.add(
                Code.RATE_ABOVE_ONE,
                f"{row.name}: the rate {row.rate.text} is above 1.",
                row=row,
                cell=row.rate,
                bounds=(Fraction(0), Fraction(1)),
            )


def check_rates(checks: Checks) -> None:
    """Each printed rate against its counts, within the rounding of its print."""
    for row in checks.table.rows:
        if row.assessed.whole == 0:
            _nobody(checks, row)
        elif row.rate.value is None:
            if row.ratio.value is not None and exact_rate(row) is None:
                checks.cannot(
                    "no_rate", f"{row.name}: the ratio cannot be checked, because no rate is given."
                )
        elif (exact := exact_rate(row)) is not None:
            _against_counts(checks, row, exact=exact)
        elif row.assessed.whole is not None and row.selected.value is None:
            _attainable(checks, row, n=row.assessed.whole)
    missing = [r for r in checks.table.rows if r.rate.value is None and r.assessed.whole != 0]
    if missing and len(missing) == len(checks.table.rows):
        checks.add(Code.RATE_MISSING, "No rate is printed in this table.")
    else:
        for row in missing:
            checks.add(Code.RATE_MISSING, f"{row.name}: no rate is printed.", row=row)
    _reason(checks)


def _reason(checks: Checks) -> None:
    """Say why rates were not compared with counts."""
    rows = [r for r in checks.table.rows if r.rate.value is not None and r.assessed.whole != 0]
    if any(r.assessed.value is None for r in rows):
        checks.cannot(
            "no_assessed_counts",
            "Rates cannot be checked against counts, because categories print no number assessed.",
        )
    elif any(r.selected.value is None for r in rows):
        checks.cannot(
            "no_selected_counts",
            "Rates cannot be compared with counts, because categories print no number selected; "
            "only whether a whole number of persons can give them was checked.",
        )


def _nobody(checks: Checks, row: Row) -> None:
    printed = [cell.text for cell in (row.rate, row.ratio) if cell.value is not None]
    if printed:
        checks.add(
            Code.RATE_OF_NOBODY,
            f"{row.name}: nobody was assessed, so there is no rate or ratio; "
            f"{' and '.join(printed)} printed.",
            row=row,
            cell=row.rate if row.rate.value is not None else row.ratio,
        )


def rate_fit(row: Row) -> str:
    """How the printed rate fits the row's counts: `rounded`, `truncated`, or "" if it does not.

    Without a selected count: whether any whole number of persons gives it. `rounded` too where
    there is nothing to compare.
    """
    exact, n = exact_rate(row), row.assessed.whole
    rounded, cut = row.rate.rounded(), row.rate.truncated()
    if exact is not None:
        return meets(row.rate, (exact, exact))
    if not n or rounded is None or cut is None or row.selected.value is not None or rounded[0] > 1:
        return "rounded"
    if math.ceil(rounded[0] * n) <= rounded[1] * n:
        return "rounded"
    return "truncated" if math.ceil(cut[0] * n) < cut[1] * n else ""


def _against_counts(checks: Checks, row: Row, *, exact: Fraction) -> None:
    checks.rates += 1
    fit = rate_fit(row)
    if fit == "rounded":
        return
    of = f"{row.selected.whole} of {row.assessed.whole} is {show(exact, row.rate.unit)}"
    how = "it was truncated, not rounded, to" if fit else "printed is"
    checks.add(
        Code.RATE_TRUNCATED if fit else Code.RATE_MISMATCH,
        f"{row.name}: {of}; {how} {row.rate.text}.",
        row=row,
        cell=row.rate,
        bounds=(exact, exact),
    )


def _attainable(checks: Checks, row: Row, *, n: int) -> None:
    """Whether any whole number of n persons gives the printed rate."""
    checks.rates += 1
    fit, rounded, cut = rate_fit(row), row.rate.rounded(), row.rate.truncated()
    if fit == "rounded" or rounded is None or cut is None:
        return
    unit = row.rate.unit
    if fit == "truncated":
        x = math.ceil(cut[0] * n)
        checks.add(
            Code.RATE_TRUNCATED,
            f"{row.name}: no number of {n} persons rounds to {row.rate.text}; {x} give "
            f"{show(Fraction(x, n), unit)}, which was truncated.",
            row=row,
            cell=row.rate,
            bounds=(Fraction(x, n), Fraction(x, n)),
        )
        return
    below = Fraction(math.floor(rounded[0] * n), n)
    above = below + Fraction(1, n)
    checks.add(
        Code.RATE_NOT_ATTAINABLE,
        f"{row.name}: no whole number of {n} persons gives the rate {row.rate.text}; the nearest "
        f"are {show(below, unit)} and {show(above, unit)}.",
        row=row,
        cell=row.rate,
        bounds=(below, above),
    )


def check_rows(checks: Checks) -> None:
    """Categories printed twice, and categories with the same numbers."""
    seen: dict[str, Row] = {}
    for row in checks.table.rows:
        first = seen.setdefault(row.name, row)
        if first is row:
            continue
        same = _numbers(first) == _numbers(row)
        checks.add(
            Code.ROW_REPEATED if same else Code.ROW_REPEATED_DIFFERENTLY,
            f"{row.name} stands in rows {first.line} and {row.line}, with "
            f"{'the same' if same else 'different'} numbers.",
            row=row,
        )
    by_counts: dict[tuple[int, int], list[Row]] = {}
    for row in checks.table.rows:
        if row.counts and row.counts[0] >= ALIKE_FROM:
            by_counts.setdefault(row.counts, []).append(row)
    for (n, x), rows in by_counts.items():
        names = list(dict.fromkeys(row.name for row in rows))
        if len(names) == 2:
            checks.add(
                Code.NUMBERS_REPEATED,
                f"{names[0]} and {names[1]} both print {n} assessed and {x} selected.",
                row=rows[1],
                cell=rows[1].assessed,
            )


def _numbers(row: Row) -> tuple[Fraction | None, ...]:
    return row.assessed.value, row.selected.value, row.rate.value, row.ratio.value


def check_total_row(checks: Checks) -> None:
    """A printed row of totals against the sum of the categories, without or with the unknown."""
    table, total = checks.table, checks.table.total
    if total is None:
        return
    sums = [
        (total.assessed, [row.assessed for row in table.rows], "assessed"),
        (total.selected, [row.selected for row in table.rows], "selected"),
    ]
    for printed, column, what in sums:
        counts = [cell.whole for cell in column]
        if printed.whole is None or not counts or None in counts:
            continue
        added = sum(n for n in counts if n is not None)
        both = {added, added + (table.unknown.whole or 0)}
        allowed = both if what == "assessed" else {added}
        # Selected persons of unknown category are not printed; a larger total can hold them.
        if printed.whole in allowed or (what == "selected" and printed.whole > added):
            continue
        checks.add(
            Code.TOTAL_ROW_MISMATCH,
            f"The row of totals prints {printed.whole} {what}; the categories add up to {added}.",
            row=total,
            cell=printed,
            bounds=(Fraction(min(both)), Fraction(max(both))),
        )


def check_scoring(checks: Checks, unknown: int | None) -> None:
    """No more than half of all assessed can lie strictly above their own median.

    6 RCNY 5-300: the scoring rate is the share above the sample's median. Ties only lower it.
    Persons of unknown category may all lie below, so their number is needed.
    """
    table = checks.table
    if not table.scoring:
        return
    least = _least_selected(table)
    n = table.assessed
    if least is None or n is None:
        checks.cannot(
            "scoring_total",
            "Whether more than half lie above the median cannot be checked, because categories "
            "lack counts or rates.",
        )
        return
    if 2 * least <= n:
        return
    if unknown is None:
        checks.cannot(
            "scoring_unknown",
            f"At least {math.ceil(least)} of {n} lie above the median; whether that is possible "
            "cannot be checked, because the number of persons of unknown category is not printed.",
        )
    elif 2 * least > n + unknown:
        checks.add(
            Code.SCORING_RATE_IMPOSSIBLE,
            f"At least {math.ceil(least)} of {n + unknown} assessed (unknown included) would lie "
            "strictly above their own median, which at most half can; another sample's median, "
            "or counting at or above it, would explain it.",
            bounds=(Fraction(0), Fraction((n + unknown) // 2)),
        )


def _least_selected(table: Table) -> Fraction | None:
    """The fewest persons that the printed counts or rates allow to be above the median."""
    least = Fraction(0)
    for row in table.rows:
        n, bounds = row.assessed.whole, row.rate.rounded()
        if row.counts is not None:
            least += row.counts[1]
        elif n and bounds is not None:
            least += max(math.ceil(bounds[0] * n), 0)
        elif n != 0:
            return None
    return least
