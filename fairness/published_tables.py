"""Sorts the rows of a published audit into its tables and reads their numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from audit.errors import DataInvalid
from fairness.published_categories import TOTAL, UNKNOWN, Who, race_of, sex_of, who
from fairness.published_numbers import NOT_PRINTED, Printed, parse, settle, usual_unit
from fairness.published_types import (
    INTERSECTIONAL,
    RACE,
    SEX,
    Code,
    Inconsistency,
    Publication,
    Row,
    Table,
    is_total,
)

_YES = frozenset(("yes", "y", "true", "1", "x", "excluded"))
_NO = frozenset(("", "no", "n", "false", "0", "n/a", "na", "-"))
PERCENT = re.compile(r"%|percent|pct", re.I)
MOST_CATEGORIES = 200
"""More categories than that in one table are no published bias audit, and would take long."""
_STANDARD = (SEX, RACE, INTERSECTIONAL)


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one row by field, with the printed name of each column."""

    line: int
    cells: dict[str, str]
    columns: dict[str, str]

    def get(self, name: str) -> str:
        """The cell of a field, "" where it is absent."""
        return self.cells.get(name, "")

    def number(self, name: str) -> Printed:
        """The number in a field; an error names row and column."""
        column = self.columns.get(name, name)
        percent = name in ("rate", "ratio") and bool(PERCENT.search(column))
        return parse(self.get(name), f"row {self.line}, column '{column}'", percent=percent)


@dataclass(slots=True)
class _Draft:
    """A table being filled."""

    dimension: str
    variant: str
    scoring: bool | None = None
    rows: list[Row] = field(default_factory=list)
    unknown: Printed = NOT_PRINTED
    total: Row | None = None


def publication(records: Sequence[Record], source: str, *, unknown: str = "") -> Publication:
    """The tables of a file in their first order; `unknown` is the audit's one unknown count."""
    drafts: dict[tuple[str, str], _Draft] = {}
    remarks: list[Inconsistency] = []
    everywhere = parse(unknown, "unknown")
    for record in records:
        about = _who(record)
        stated, dimension = _dimensions(record, about)
        if dimension is None:
            everywhere = _unknown(everywhere, record.number("assessed"), record=record)
            continue
        key = (record.get("variant"), dimension)
        draft = drafts.setdefault(key, _Draft(dimension, key[0]))
        if stated not in (None, dimension):
            remarks.append(_moved(record, about, stated=str(stated), shown=dimension))
        _add(draft, record, about=about)
    variants = {variant for variant, _ in drafts}
    tables = tuple(_finish(draft, len(variants) > 1) for draft in drafts.values())
    return Publication(source, _settled(tables), everywhere, tuple(remarks))


def _who(record: Record) -> Who:
    """Whom a row is about, from its own columns or from `category`."""
    sex, race = sex_of(record.get("sex")), race_of(record.get("race"))
    from_category = who(record.get("category")) if record.get("category") else Who()
    about = Who(
        sex if sex not in (None, TOTAL) else from_category.sex or sex,
        race if race not in (None, TOTAL) else from_category.race or race,
        from_category.other,
    )
    if about == Who():
        raise DataInvalid(f"row {record.line}: names no category; fill in sex, race or category")
    return about


def _dimensions(record: Record, about: Who) -> tuple[str | None, str | None]:
    """The dimension that the row says it belongs to, and the one that its category shows."""
    stated = _dimension_of(record.get("table"))
    named = tuple(part not in (None, TOTAL) for part in (about.sex, about.race))
    shown = {(True, False): SEX, (False, True): RACE, (True, True): INTERSECTIONAL}.get(
        (named[0], named[1])
    )
    if stated is not None and (stated not in _STANDARD or shown is None or _vague(about)):
        return stated, stated
    if about.other is not None:
        return stated, stated or about.other
    if stated is None and UNKNOWN in (about.sex, about.race) and shown == INTERSECTIONAL:
        return None, None
    if shown is None and stated is None:
        raise DataInvalid(f"row {record.line}: a row of totals must say in which table it stands")
    return stated, shown


def _vague(about: Who) -> bool:
    """Whether the category alone does not show its table."""
    return about.other is not None or UNKNOWN in (about.sex, about.race)


def _dimension_of(text: str) -> str | None:
    """The dimension that a table's name means; its own words if it is none of the three."""
    name = text.strip().lower()
    sex, race = bool(re.search(r"sex|gender", name)), bool(re.search(r"race|racial|ethnic", name))
    if "intersect" in name or (sex and race):
        return INTERSECTIONAL
    if sex or race:
        return SEX if sex else RACE
    return name or None


def _moved(record: Record, about: Who, *, stated: str, shown: str) -> Inconsistency:
    name = " ".join(part for part in (about.sex, about.race) if part not in (None, TOTAL))
    return Inconsistency(
        Code.ROW_IN_OTHER_TABLE,
        stated,
        name,
        f"Row {record.line} ({name}) stands in the {stated} table and belongs to the {shown} "
        "table by its category; it is checked there.",
    )


def _add(draft: _Draft, record: Record, *, about: Who) -> None:
    draft.scoring = _scoring(record) if draft.scoring is None else draft.scoring
    if record.get("unknown"):
        draft.unknown = _unknown(draft.unknown, record.number("unknown"), record=record)
    if UNKNOWN in (about.sex, about.race):
        draft.unknown = _sum(draft.unknown, record.number("assessed"))
        return
    row = Row(
        record.line,
        about,
        record.number("assessed"),
        record.number("selected"),
        record.number("rate"),
        record.number("ratio"),
        _excluded(record),
    )
    if is_total(about):
        draft.total = row
    else:
        draft.rows.append(row)


def _scoring(record: Record) -> bool | None:
    """Whether the row's rates are scoring rates, by its basis, variant or column name."""
    for text in (record.get("basis"), record.get("variant"), record.columns.get("rate", "")):
        if "scor" in text.lower():
            return True
        if "select" in text.lower():
            return False
    return None


def _unknown(known: Printed, new: Printed, *, record: Record) -> Printed:
    if known.value is not None and new.value is not None and known.value != new.value:
        raise DataInvalid(
            f"row {record.line}, column 'unknown': {new.text} here and {known.text} above; "
            "a table has one unknown count"
        )
    return new if known.value is None else known


def _sum(first: Printed, second: Printed) -> Printed:
    """Two unknown counts of one table together."""
    if first.value is None or second.value is None:
        return second if first.value is None else first
    return Printed(f"{first.text} + {second.text}", first.value + second.value, first.unit)


def _excluded(record: Record) -> bool | None:
    text = record.get("excluded").lower()
    if text in _YES or record.get("ratio").lower() == "excluded":
        return True
    if text not in _NO:
        raise DataInvalid(
            f"row {record.line}, column '{record.columns['excluded']}': '{text[:40]}' is neither "
            "yes nor no"
        )
    return None if text not in ("no", "n", "false", "0") else False


def _finish(draft: _Draft, many: bool) -> Table:
    """The table, its rates and ratios in 0..1 though they may be printed in percent."""
    rows = tuple(draft.rows)
    if len(rows) > MOST_CATEGORIES:
        raise DataInvalid(
            f"the {draft.dimension} table has {len(rows)} categories, more than {MOST_CATEGORIES}; "
            "give one row per category, and a 'variant' column for several sets of results"
        )
    rates = _scaled([row.rate for row in rows], above=1)
    ratios = _scaled([row.ratio for row in rows], above=5)
    rows = tuple(
        replace(row, rate=rate, ratio=ratio)
        for row, rate, ratio in zip(rows, rates, ratios, strict=True)
    )
    return Table(
        f"{draft.dimension} ({draft.variant})" if many and draft.variant else draft.dimension,
        draft.dimension,
        rows,
        draft.variant,
        draft.unknown,
        draft.total,
        draft.scoring,
    )


def _scaled(column: Sequence[Printed], *, above: int) -> list[Printed]:
    """The column in 0..1: in percent without a sign if most of its numbers are above `above`."""
    numbers = [cell.value for cell in column if cell.value]
    if 2 * sum(value > above for value in numbers) <= len(numbers):
        return list(column)
    return [
        cell
        if cell.value is None
        else Printed(cell.text, cell.value / 100, cell.unit / 100, cell.noisy)
        for cell in column
    ]


def _settled(tables: tuple[Table, ...]) -> tuple[Table, ...]:
    """The tables with the rounding of each rate and ratio decided, see `published_numbers.settle`.

    A table so short that it shows at most one decimal takes the coarsest finer rounding of the
    audit's other tables.
    """
    rates = _settled_columns([tuple(row.rate for row in table.rows) for table in tables])
    ratios = _settled_columns([tuple(row.ratio for row in table.rows) for table in tables])
    return tuple(
        replace(
            table,
            rows=tuple(
                replace(row, rate=rate, ratio=ratio)
                for row, rate, ratio in zip(table.rows, rates[i], ratios[i], strict=True)
            ),
        )
        for i, table in enumerate(tables)
    )


def _settled_columns(columns: Sequence[tuple[Printed, ...]]) -> list[tuple[Printed, ...]]:
    """One column per table, settled."""
    tenth = Fraction(1, 10)
    units = [usual_unit(column) for column in columns]
    fine = max((unit for unit in units if unit is not None and unit < tenth), default=None)
    return [
        settle(column, fine if unit is None or unit >= tenth else None)
        for column, unit in zip(columns, units, strict=True)
    ]
