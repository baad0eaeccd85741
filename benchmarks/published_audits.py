"""How many published bias audits recompute, and what kinds of error they hold?

    python -m benchmarks.published_audits [--data FILE] [--out docs/fairness/published.md]

Reads the audits published under New York City's Local Law 144 that the ACLU transcribed (FAccT
2025, CC BY-NC 4.0: read in place, no row of it is written anywhere) and checks each as
`fairness.published.check` checks a file. Prints counts only; nothing is timed or random.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from fairness.published import PublishedAudit, Recomputes, check_publication
from fairness.published_ratios import (
    HIGHEST,
    WITHOUT_SMALL,
    Referent,
    expected,
    fit,
    rate_bounds,
    shares,
)
from fairness.published_tables import Record, publication
from fairness.published_types import KINDS, Code, Kind, Publication, Table

DATA = Path("../shared/data/fairness/ll144/ll144_published_audits_slim.csv")
COLUMNS = {
    "dimension": "table",
    "race_ethnicity": "race",
    "sex": "sex",
    "n_applicants": "assessed",
    "n_selected_or_above_median": "selected",
    "rate_published": "rate",
    "impact_ratio_published": "ratio",
}
START = "<!-- table: python -m benchmarks.published_audits -->"
END = "<!-- end of table -->"


@dataclass(frozen=True, slots=True)
class Checked:
    """One audit as it was read, and what checking it gave."""

    read: Publication
    result: PublishedAudit


def audits(path: Path) -> Iterator[tuple[str, Publication]]:
    """Each audit of the file with its name."""
    rows: dict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        for row in reader:
            rows[row["audit_id"]].append((reader.line_num, row))
    for name, lines in rows.items():
        yield name, publication(_records(lines), name)


def _records(lines: Sequence[tuple[int, dict[str, str]]]) -> list[Record]:
    """The rows as the checker reads them.

    Where an audit printed no selected counts, the transcription holds rate times applicants
    instead, mostly no whole number; such counts are not the audit's and are left out.
    """
    printed = {row["rate_type"]: True for _, row in lines}
    for _, row in lines:
        selected = row["n_selected_or_above_median"]
        if selected and Fraction(selected).denominator != 1:
            printed[row["rate_type"]] = False
    records = []
    for line, row in lines:
        cells = {field: row[column] for column, field in COLUMNS.items()}
        if not printed[row["rate_type"]]:
            cells["selected"] = ""
        cells["variant"] = row["rate_type"]
        records.append(Record(line, cells, {}))
    return records


def _part(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "0 of 0"


def verdicts(checked: Sequence[Checked]) -> Iterator[str]:
    """How many recompute: whole audits, within tables only, and single tables."""
    overall = [each.result.recomputes for each in checked]
    within = [_within(each.result) for each in checked]
    tables = [table.recomputes for each in checked for table in each.result.tables]
    yield "| recomputes | whole audits | audits, within each table only | tables |"
    yield "|---|---|---|---|"
    for value in Recomputes:
        counts = (_part(each.count(value), len(each)) for each in (overall, within, tables))
        yield f"| {value.value} | {' | '.join(counts)} |"


def _within(result: PublishedAudit) -> Recomputes:
    """Over the tables alone, comparisons between tables left aside."""
    values = {table.recomputes for table in result.tables}
    if Recomputes.NO in values:
        return Recomputes.NO
    return Recomputes.YES if values == {Recomputes.YES} else Recomputes.CANNOT


def kinds(checked: Sequence[Checked]) -> Iterator[str]:
    """Findings by code: in how many audits and tables, and how many."""
    yield "| kind | code | audits | tables | findings |"
    yield "|---|---|---|---|---|"
    for kind in Kind:
        rows = []
        for code in (code for code in Code if KINDS[code] is kind):
            hits = [
                (number, found.table)
                for number, each in enumerate(checked)
                for found in each.result.inconsistencies
                if found.code is code
            ]
            if hits:
                rows.append(
                    (len({number for number, _ in hits}), len(set(hits)), len(hits), code.value)
                )
        for n, tables, count, name in sorted(rows, reverse=True):
            yield f"| {kind.value} | `{name}` | {n} | {tables} | {count} |"


def peers(checked: Sequence[Checked]) -> Iterator[str]:
    """The figures of the earlier reality check, beside this one's."""
    ratios = [_ratios(each.read) for each in checked]
    fits = [list(_fits(each.read)) for each in checked]
    every = [fit for audit in fits for fit in audit]
    tables = [t for each in checked for t in each.read.tables if any(r.rate.value for r in t.rows)]
    rows = (
        ("audits with a ratio", "115", sum(bool(each) for each in ratios)),
        (
            "audits with a ratio below 0.8",
            "59",
            sum(any(5 * ratio < 4 for ratio in each) for each in ratios),
        ),
        (
            "audits with a ratio above 1",
            "61",
            sum(any(ratio > 1 for ratio in each) for each in ratios),
        ),
        (
            "ratios that fit the highest rate among categories of 2 % and more",
            "63 % of 3,021",
            _part(sum(large for _, large in every), len(every)),
        ),
        (
            "ratios that fit it or the highest rate among all not excluded",
            "64 %",
            _part(sum(map(any, every)), len(every)),
        ),
        (
            "audits all of whose ratios fit one or the other",
            "40 of 115",
            sum(bool(audit) and all(map(any, audit)) for audit in fits),
        ),
        (
            "tables in which a category under 2 % has the highest printed rate",
            "101 of 525",
            f"{sum(map(_small_is_highest, tables))} of {len(tables)}",
        ),
    )
    yield "| figure | reality check | here |"
    yield "|---|---|---|"
    for what, earlier, here in rows:
        yield f"| {what} | {earlier} | {here} |"


def _fits(read: Publication) -> Iterator[tuple[bool, bool]]:
    """For each ratio: whether it fits the rule's denominator, and that without those under 2 %."""
    for table in read.tables:
        alike = [each.unknown.whole or 0 for each in read.tables if each.variant == table.variant]
        yield from _table_fits(table, max(alike))


def _table_fits(table: Table, unknown: int) -> Iterator[tuple[bool, bool]]:
    who, ways = shares(table, unknown), rate_bounds(table)
    held = [i for i, row in enumerate(table.rows) if row.assessed.whole != 0]
    kept = tuple(i for i in held if i not in who.excluded)
    large = tuple(i for i in held if i not in who.small)
    tried = (Referent(HIGHEST, "", lambda _: kept), Referent(WITHOUT_SMALL, "", lambda _: large))
    for i in held:
        if table.rows[i].ratio.value is not None and expected(ways[0], i, referent=tried[0]):
            rule, without = (bool(fit(table, ways, i=i, referent=each)) for each in tried)
            yield rule, without


def _small_is_highest(table: Table) -> bool:
    """Whether the highest printed rate is that of a category under 2 % of the table."""
    rated = [(row.rate.value, row) for row in table.rows if row.rate.value and row.assessed.whole]
    if not rated:
        return False
    n = max(rated, key=lambda each: each[0])[1].assessed.whole or 0
    return 100 * n < 2 * sum(row.assessed.whole or 0 for row in table.rows)


def _ratios(read: Publication) -> list[Fraction]:
    return [
        row.ratio.value
        for table in read.tables
        for row in table.rows
        if row.ratio.value is not None
    ]


def denominators(checked: Sequence[Checked]) -> Iterator[str]:
    """What the tables that print ratios divide by."""
    counts: dict[str, int] = defaultdict(int)
    for each in checked:
        for table in each.result.tables:
            if table.ratios_checked:
                counts[_short(table.referent)] += 1
    yield "| denominator that explains at least four fifths of a table's ratios | tables |"
    yield "|---|---|"
    for label, n in sorted(counts.items(), key=lambda item: -item[1]):
        yield f"| {label or 'none found'} | {n} |"


def _short(referent: str) -> str:
    return "the rate of one fixed category" if referent.startswith("the rate of") else referent


def report(checked: Sequence[Checked]) -> Iterable[str]:
    """The whole table as Markdown lines."""
    tables = sum(len(each.result.tables) for each in checked)
    rows = sum(len(table.rows) for each in checked for table in each.read.tables)
    yield f"{len(checked)} audits, {tables} tables, {rows} categories.\n"
    for part in (verdicts, kinds, denominators, peers):
        yield from part(checked)
        yield ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and write it where told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, help="also write it there, between its marks")
    options = parser.parse_args(arguments)
    if not options.data.is_file():
        print(f"{options.data} is absent; --data names the transcription", file=sys.stderr)
        return 2
    checked = [Checked(read, check_publication(read)) for _, read in audits(options.data)]
    text = "\n".join(report(checked))
    print(text)
    if options.out:
        options.out.write_text(placed(text, options.out, START, END), encoding="utf-8")
    return 0


def placed(text: str, out: Path, start: str, end: str) -> str:
    """The table between its marks where the file has them, else by itself."""
    page = out.read_text(encoding="utf-8") if out.is_file() else ""
    if start not in page or end not in page:
        return text + "\n"
    return page.partition(start)[0] + start + "\n" + text + end + page.partition(end)[2]


if __name__ == "__main__":
    raise SystemExit(main())
