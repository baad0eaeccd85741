"""What is read from a published bias audit, and what checking it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from fairness.published_categories import TOTAL, Who, label
from fairness.published_numbers import NOT_PRINTED, Printed
from fairness.types import Note

SEX = "sex"
RACE = "race_ethnicity"
INTERSECTIONAL = "intersectional"


class Recomputes(StrEnum):
    """Whether the printed numbers follow from one another. It says nothing about what they mean."""

    YES = "yes"
    NO = "no"
    CANNOT = "cannot be checked"


class Kind(StrEnum):
    """What sort of statement an inconsistency is.

    CONTRADICTION: printed numbers exclude one another, or follow by no denominator that was tried.
    DEVIATION: the numbers follow from another rule than 6 RCNY 5-301's.
    OMISSION: something that the rule asks for is not printed.
    REMARK: worth knowing; the numbers can all be right.
    """

    CONTRADICTION = "contradiction"
    DEVIATION = "deviation"
    OMISSION = "omission"
    REMARK = "remark"


class Code(StrEnum):
    """What was found. Codes are stable; `KINDS` says of which kind each is."""

    COUNT_NOT_WHOLE = "count_not_whole"
    SELECTED_EXCEEDS_ASSESSED = "selected_exceeds_assessed"
    RATE_ABOVE_ONE = "rate_above_one"
    RATE_MISMATCH = "rate_mismatch"
    RATE_NOT_ATTAINABLE = "rate_not_attainable"
    RATE_TRUNCATED = "rate_truncated"
    RATE_MISSING = "rate_missing"
    RATE_OF_NOBODY = "rate_of_nobody"
    SCORING_RATE_IMPOSSIBLE = "scoring_rate_impossible"
    RATIO_MISMATCH = "ratio_mismatch"
    RATIO_TRUNCATED = "ratio_truncated"
    RATIO_ABOVE_ONE = "ratio_above_one"
    RATIO_MISSING = "ratio_missing"
    WRONG_REFERENT = "wrong_referent"
    EXCLUDED_SETS_DENOMINATOR = "excluded_group_sets_denominator"
    EXCLUDED_HAS_RATIO = "excluded_group_has_ratio"
    EXCLUDED_TOO_LARGE = "excluded_group_too_large"
    SMALL_SETS_DENOMINATOR = "small_group_sets_denominator"
    HIGHEST_NOT_ONE = "highest_group_not_one"
    TOTALS_DO_NOT_RECONCILE = "totals_do_not_reconcile"
    UNKNOWNS_DO_NOT_RECONCILE = "unknown_counts_do_not_reconcile"
    TOTALS_DIFFER = "totals_differ"
    TOTAL_ROW_MISMATCH = "total_row_mismatch"
    CONVENTIONS_DIFFER = "conventions_differ"
    ROW_REPEATED = "row_repeated"
    ROW_REPEATED_DIFFERENTLY = "row_repeated_differently"
    NUMBERS_REPEATED = "numbers_repeated"
    ROW_IN_OTHER_TABLE = "row_in_other_table"
    TABLE_MISSING = "table_missing"
    CATEGORY_MISSING = "category_missing"
    UNKNOWN_COUNT_MISSING = "unknown_count_missing"


KINDS: dict[Code, Kind] = {
    Code.COUNT_NOT_WHOLE: Kind.CONTRADICTION,
    Code.SELECTED_EXCEEDS_ASSESSED: Kind.CONTRADICTION,
    Code.RATE_ABOVE_ONE: Kind.CONTRADICTION,
    Code.RATE_MISMATCH: Kind.CONTRADICTION,
    Code.RATE_NOT_ATTAINABLE: Kind.CONTRADICTION,
    Code.RATE_TRUNCATED: Kind.REMARK,
    Code.RATE_MISSING: Kind.OMISSION,
    Code.RATE_OF_NOBODY: Kind.REMARK,
    Code.SCORING_RATE_IMPOSSIBLE: Kind.CONTRADICTION,
    Code.RATIO_MISMATCH: Kind.CONTRADICTION,
    Code.RATIO_TRUNCATED: Kind.REMARK,
    Code.RATIO_ABOVE_ONE: Kind.DEVIATION,
    Code.RATIO_MISSING: Kind.OMISSION,
    Code.WRONG_REFERENT: Kind.DEVIATION,
    Code.EXCLUDED_SETS_DENOMINATOR: Kind.DEVIATION,
    Code.EXCLUDED_HAS_RATIO: Kind.DEVIATION,
    Code.EXCLUDED_TOO_LARGE: Kind.DEVIATION,
    Code.SMALL_SETS_DENOMINATOR: Kind.REMARK,
    Code.HIGHEST_NOT_ONE: Kind.DEVIATION,
    Code.TOTALS_DO_NOT_RECONCILE: Kind.CONTRADICTION,
    Code.UNKNOWNS_DO_NOT_RECONCILE: Kind.CONTRADICTION,
    Code.TOTALS_DIFFER: Kind.REMARK,
    Code.TOTAL_ROW_MISMATCH: Kind.CONTRADICTION,
    Code.CONVENTIONS_DIFFER: Kind.REMARK,
    Code.ROW_REPEATED: Kind.REMARK,
    Code.ROW_REPEATED_DIFFERENTLY: Kind.CONTRADICTION,
    Code.NUMBERS_REPEATED: Kind.REMARK,
    Code.ROW_IN_OTHER_TABLE: Kind.REMARK,
    Code.TABLE_MISSING: Kind.OMISSION,
    Code.CATEGORY_MISSING: Kind.OMISSION,
    Code.UNKNOWN_COUNT_MISSING: Kind.OMISSION,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One category of a table, as printed.

    Attributes:
        line: where it stands in the file (line of a CSV file, position in a JSON list), from 1.
        who: the category. `excluded`: whether the table says that it left the category out of the
            impact ratios; None where it says nothing.
        assessed, selected: counts. rate, ratio: as printed, both in 0..1 when sound.
    """

    line: int
    who: Who
    assessed: Printed = NOT_PRINTED
    selected: Printed = NOT_PRINTED
    rate: Printed = NOT_PRINTED
    ratio: Printed = NOT_PRINTED
    excluded: bool | None = None

    @property
    def name(self) -> str:
        """The category in words."""
        return label(self.who)

    @property
    def counts(self) -> tuple[int, int] | None:
        """(assessed, selected) where both are printed and possible: 0 <= selected <= assessed."""
        n, x = self.assessed.whole, self.selected.whole
        return None if n is None or x is None or x > n else (n, x)


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a published audit.

    Attributes:
        name: how findings name it. dimension: `sex`, `race_ethnicity`, `intersectional` or the
            table's own word. variant: which of several sets of results it belongs to ("" if one).
        rows: its categories. unknown: persons left out because their category is unknown, where
            this table prints its own number. total: its row of totals, where it prints one.
        scoring: whether its rates are scoring rates (share above the median); None if not said.
    """

    name: str
    dimension: str
    rows: tuple[Row, ...]
    variant: str = ""
    unknown: Printed = NOT_PRINTED
    total: Row | None = None
    scoring: bool | None = None

    @property
    def assessed(self) -> int | None:
        """Persons in the table's categories; None where a category prints no whole count."""
        counts = [row.assessed.whole for row in self.rows]
        return sum(n for n in counts if n is not None) if counts and None not in counts else None


@dataclass(frozen=True, slots=True)
class Publication:
    """All that was read from one file. `unknown`: the one unknown count of the whole audit."""

    source: str
    tables: tuple[Table, ...]
    unknown: Printed = NOT_PRINTED
    remarks: tuple[Inconsistency, ...] = ()


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """One thing that does not fit.

    Attributes:
        code, kind: what it is. table, category: where ("" for the whole audit or whole table).
        printed: the text in the table. recomputed: what the other printed numbers give, as text.
        low, high: the same as floats, to show; None where there is no number or no upper end.
        tolerance: half a unit in the last printed place, or 0 for exact comparisons; else None.
        text: one plain sentence.
    """

    code: Code
    table: str
    category: str
    text: str
    printed: str = ""
    recomputed: str = ""
    low: float | None = None
    high: float | None = None
    tolerance: float | None = None

    @property
    def kind(self) -> Kind:
        """Of which kind the code is."""
        return KINDS[self.code]


@dataclass(frozen=True, slots=True)
class RowResult:
    """One category, printed and recomputed. Shares, rates and ratios are floats to show.

    Attributes:
        share: of the persons in the table's categories. excluded: left out of the denominators.
        rate, ratio: recomputed low and high ends, from the counts where they are printed, else
            from the printed rates with their rounding; None where they cannot be had.
    """

    category: str
    assessed: int | None
    selected: int | None
    share: float | None
    excluded: bool
    rate_printed: str
    rate: tuple[float, float] | None
    ratio_printed: str
    ratio: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class TableResult:
    """What checking one table gave.

    Attributes:
        table, dimension, variant: as in `Table`. assessed: persons in its categories.
        referent: what the printed ratios were divided by, in words; "" where that is not known.
        rates_checked, ratios_checked: how many printed numbers could be checked.
        recomputes: `no` with a contradiction or deviation; `yes` when every printed ratio was
            checked, at least one; `cannot be checked` else.
        not_checked: checks that could not be made, each with the reason.
    """

    table: str
    dimension: str
    variant: str
    assessed: int | None
    referent: str
    rates_checked: int
    ratios_checked: int
    recomputes: Recomputes
    rows: tuple[RowResult, ...]
    inconsistencies: tuple[Inconsistency, ...]
    not_checked: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedAudit:
    """What checking a published audit gave.

    Attributes:
        source: the file. tables: per table. recomputes: over all tables and between them.
        inconsistencies: all of them: those of the tables in order, then those between tables.
        not_checked: all checks that could not be made, each with the reason.
    """

    source: str
    recomputes: Recomputes
    tables: tuple[TableResult, ...]
    inconsistencies: tuple[Inconsistency, ...]
    not_checked: tuple[Note, ...]
    by_code: dict[str, int] = field(default_factory=dict)


def is_total(who: Who) -> bool:
    """Whether a row is about everybody in its table."""
    return who.other is None and who.sex in (None, TOTAL) and who.race in (None, TOTAL)
