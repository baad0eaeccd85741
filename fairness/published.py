"""Audits a published bias audit: recomputes its tables and lists every inconsistency.

`check(path)` reads a CSV or JSON file (see `published_read`) and checks it by 6 RCNY 5-301, the
rule of New York City's Local Law 144. All decisions are made on exact fractions, within the
rounding that each printed number shows. It says whether numbers follow from each other, not whether
an audit meets the law.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from fairness.published_rates import (
    Bounds,
    Checks,
    check_counts,
    check_rates,
    check_rows,
    check_scoring,
    check_total_row,
)
from fairness.published_ratios import (
    HIGHEST,
    Rates,
    Referent,
    Shares,
    check_ratios,
    expected,
    rate_bounds,
    shares,
)
from fairness.published_read import read
from fairness.published_totals import check_across, check_coverage, conventions
from fairness.published_types import (
    Code,
    Inconsistency,
    Kind,
    Publication,
    PublishedAudit,
    Recomputes,
    Row,
    RowResult,
    Table,
    TableResult,
)
from fairness.types import Note

__all__ = [
    "Code",
    "Inconsistency",
    "Kind",
    "PublishedAudit",
    "Recomputes",
    "RowResult",
    "TableResult",
    "check",
    "check_publication",
]


def check(path: Path | str) -> PublishedAudit:
    """Read a published audit from a CSV or JSON file and check it; `DataInvalid` if unreadable."""
    return check_publication(read(Path(path)))


def check_publication(publication: Publication) -> PublishedAudit:
    """Check all tables of an audit, each by itself and against each other."""
    results: list[TableResult] = []
    found: list[Inconsistency] = list(publication.remarks)
    notes: list[Note] = []
    for variant in dict.fromkeys(table.variant for table in publication.tables):
        tables = [table for table in publication.tables if table.variant == variant]
        unknown = _unknown(publication, tables)
        own, kinds = _tables(tables, unknown)
        results += own
        across, missed = check_across(tables, unknown)
        differ = conventions(kinds, {result.table: result.referent for result in own})
        found += [*across, *([differ] if differ else [])]
        notes += missed
    found += check_coverage(publication)
    everything = [each for result in results for each in result.inconsistencies] + found
    return PublishedAudit(
        publication.source,
        _overall(results, found),
        tuple(results),
        tuple(everything),
        tuple(note for result in results for note in result.not_checked) + tuple(notes),
        dict(sorted(Counter(each.code.value for each in everything).items())),
    )


def _unknown(publication: Publication, tables: Sequence[Table]) -> int | None:
    """The largest printed number of persons of unknown category; None if none is printed."""
    cells = [publication.unknown, *(table.unknown for table in tables)]
    return max((cell.whole for cell in cells if cell.whole is not None), default=None)


def _tables(
    tables: Sequence[Table], unknown: int | None
) -> tuple[list[TableResult], dict[str, frozenset[str]]]:
    """Results per table, and by table the ways of choosing the denominator that fit it."""
    highest = {table.name: top for table in tables if (top := _highest(table, unknown))}
    results, kinds = [], {}
    for table in tables:
        checks = Checks(table)
        check_counts(checks)
        check_rows(checks)
        check_rates(checks)
        check_total_row(checks)
        check_scoring(checks, unknown)
        others = {name: top for name, top in highest.items() if name != table.name}
        who, kinds[table.name] = check_ratios(checks, unknown, others=others)
        results.append(_result(checks, who))
    return results, kinds


def _highest(table: Table, unknown: int | None) -> Bounds | None:
    """The range in which the highest rate of a table's kept categories lies."""
    who, rates = shares(table, unknown), rate_bounds(table)[0]
    kept = [b for i, b in enumerate(rates) if b is not None and i not in who.excluded]
    return (max(low for low, _ in kept), max(high for _, high in kept)) if kept else None


def _result(checks: Checks, who: Shares) -> TableResult:
    table = checks.table
    rates = rate_bounds(table)[0]
    kept = tuple(i for i in range(len(table.rows)) if i not in who.excluded)
    rule = Referent(HIGHEST, "", lambda _: kept)
    return TableResult(
        table.name,
        table.dimension,
        table.variant,
        table.assessed,
        checks.referent,
        checks.rates,
        checks.ratios,
        _recomputes(checks),
        tuple(_row(row, i, who=who, rates=rates, rule=rule) for i, row in enumerate(table.rows)),
        tuple(checks.found),
        tuple(checks.notes),
    )


def _recomputes(checks: Checks) -> Recomputes:
    if checks.has(Kind.CONTRADICTION) or checks.has(Kind.DEVIATION):
        return Recomputes.NO
    rows = [row for row in checks.table.rows if row.assessed.whole != 0]
    printed = sum(row.ratio.value is not None for row in rows)
    return Recomputes.YES if printed and checks.ratios == printed else Recomputes.CANNOT


def _row(row: Row, i: int, *, who: Shares, rates: Rates, rule: Referent) -> RowResult:
    share, own = who.share[i], rates[i]
    ratio = None if i in who.excluded else expected(rates, i, referent=rule)
    return RowResult(
        row.name,
        row.assessed.whole,
        row.selected.whole,
        None if share is None else float(share),
        i in who.excluded,
        row.rate.text,
        None if own is None else _floats(own[0], own[1]),
        row.ratio.text,
        None if ratio is None or ratio[1] is None else _floats(ratio[0], ratio[1]),
    )


def _floats(low: Fraction, high: Fraction) -> tuple[float, float]:
    return float(low), float(high)


def _overall(results: Sequence[TableResult], across: Sequence[Inconsistency]) -> Recomputes:
    """`no` if any table or any comparison between tables says so; `yes` if every table does."""
    against = any(each.kind in (Kind.CONTRADICTION, Kind.DEVIATION) for each in across)
    if against or any(result.recomputes is Recomputes.NO for result in results):
        return Recomputes.NO
    if results and all(result.recomputes is Recomputes.YES for result in results):
        return Recomputes.YES
    return Recomputes.CANNOT
