"""Do summaries made from the counts of published audits show the figures that these print?

    python -m benchmarks.published_summaries [--data FILE] [--out docs/fairness/published.md]

Takes the audits of `benchmarks.published_audits` that print whole counts, composes the public
summary of results from these counts alone (`reports.compose.ll144_summary`), and compares every
rate and impact ratio that the summary shows with the printed one, at the rounding of the print.
Where they differ, `fairness.published` has to name an error of the print; what it does not name is
counted apart. Reads the transcription in place (CC BY-NC 4.0); nothing is timed or random.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from audit.errors import DataInvalid
from benchmarks.published_audits import DATA, audits, placed
from fairness.impact import ImpactPolicy, Standing, impact
from fairness.published import Code, PublishedAudit, check_publication
from fairness.published_categories import RACES, SEXES
from fairness.published_numbers import Printed, parse
from fairness.published_rates import exact_rate, meets, rate_fit
from fairness.published_ratios import HIGHEST, Referent, fit, rate_bounds, shares
from fairness.published_types import INTERSECTIONAL, RACE, SEX, Publication, Row, Table
from fairness.result import AuditResult, AuditSettings, DataFacts, FeatureFacts, TableAudit
from fairness.types import GroupCounts
from reports.compose.ll144_summary import compose
from reports.document import model as m
from reports.document.draft import Issue
from reports.document.pointers import resolve
from reports.document.values import write
from reports.fairness_json import audit_document
from reports.packs.answers import Recorded

START = "<!-- table: python -m benchmarks.published_summaries -->"
END = "<!-- end of table: published_summaries -->"
MADE = "2024-01-01T00:00:00Z"
_BY = {"sex": SEX, "race": RACE, "crossed": INTERSECTIONAL}
_FEATURES = {SEX: ("sex",), RACE: ("race_ethnicity",), INTERSECTIONAL: ("sex", "race_ethnicity")}
_TEN_DIGITS = Fraction(1, 10**9)
"""Audits hold ten significant digits; prints with more are compared as far as these go."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One printed figure and what the summary shows for it.

    fit: `rounded`; `truncated`; `rounded rates`: a ratio of the rates as printed, not of the
    counts; `left out`: the summary has no ratio, because the category is excluded; "": they differ.
    named: of figures that differ, codes of the errors that the checker names.
    """

    audit: str
    table: str
    category: str
    what: str
    printed: str
    shown: str
    fit: str
    named: tuple[str, ...] = ()


def countable(table: Table) -> bool:
    """Whether every category of a table of the three prints whole counts."""
    return table.dimension in _FEATURES and all(row.counts is not None for row in table.rows)


def from_counts(variant: str, tables: Sequence[Table]) -> dict[str, Any]:
    """audit.json of one set of results, from its counts alone.

    Categories that a table leaves out of its ratios are left out here: which of those under 2 %
    are is the auditor's choice (6 RCNY 5-301(d)).
    """
    excluded = [shares(table, table.unknown.whole).excluded for table in tables]
    left_out = any(excluded)
    justification = "Left out in the published audit." if left_out else ""
    made = tuple(_table(variant, t, gone) for t, gone in zip(tables, excluded, strict=True))
    features = (
        FeatureFacts("sex", "sex", "self_reported", SEXES, (0,) * len(SEXES), 0),
        FeatureFacts(
            "race_ethnicity", "race_ethnicity", "self_reported", RACES, (0,) * len(RACES), 0
        ),
    )
    persons = max(sum(row.assessed.whole or 0 for row in table.rows) for table in tables)
    result = AuditResult(
        data=DataFacts("counts", "cube", None, persons, persons, 0, {}, (), 1),
        settings=AuditSettings(
            exclude_under_share=0.02 if left_out else None,
            exclude_justification=justification,
        ),
        spec_sha256="0" * 64,
        title="",
        spec={},
        features=features,
        tables=made,
        findings=(),
    )
    return audit_document(result, MADE)


def _table(variant: str, table: Table, gone: frozenset[int]) -> TableAudit:
    features = _FEATURES[table.dimension]
    basis = _basis(variant)
    pairs = [row.counts or (0, 0) for row in table.rows]
    counts = GroupCounts(
        features,
        tuple(_group(table.dimension, row) for row in table.rows),
        np.array([n for n, _ in pairs], np.int64),
        np.array([x for _, x in pairs], np.int64),
        unknown_assessed=table.unknown.whole or 0,
        basis=basis,
    )
    kept = [i for i, (n, _) in enumerate(pairs) if n and i not in gone]
    highest = max(kept, key=lambda i: Fraction(pairs[i][1], pairs[i][0]), default=None)
    policy = ImpactPolicy(
        replicates=0,
        boschloo=False,
        reference=None if highest is None else counts.groups[highest],
    )
    made = impact(counts, policy)
    rows = tuple(
        replace(row, standing=Standing.EXCLUDED, comparison=None, finding=None)
        if i in gone
        else row
        for i, row in enumerate(made.rows)
    )
    name = f"{basis}:{'*'.join(features)}"
    return TableAudit(name, name, None, None, replace(made, rows=rows))


def _basis(variant: str) -> str:
    """A tool that sorts into classes has a set of results for each of them."""
    if variant.lower().startswith("scoring"):
        return "scoring"
    return "selection" if variant.lower() == "selection" else f"class:{variant}"


def _group(dimension: str, row: Row) -> tuple[str, ...]:
    who = row.who
    named = {SEX: (who.sex,), RACE: (who.race,), INTERSECTIONAL: (who.sex, who.race)}[dimension]
    return tuple(str(part or who.other) for part in named)


def summary(audit: dict[str, Any]) -> m.Document:
    """The composed summary; what only persons know is recorded as not known here."""
    told = Recorded(value="as published", by="transcription", on=date(2024, 1, 1))
    day = Recorded(value="2024-01-01", by="transcription", on=date(2024, 1, 1))
    kind = Recorded(value="historical", by="transcription", on=date(2024, 1, 1))
    recorded = {
        "ll144.source_of_data": told,
        "ll144.explanation_of_data": told,
        "ll144.data_kind": kind,
        "ll144.distribution_date": day,
    }
    return compose(audit, recorded, Issue(id="summary", issued_at=MADE))


def compared(name: str, read: Publication) -> Iterator[Figure]:
    """Every printed rate and ratio of an audit's countable tables, beside the summary's."""
    checked = check_publication(read)
    for variant in dict.fromkeys(table.variant for table in read.tables):
        tables = [t for t in read.tables if t.variant == variant and countable(t)]
        if tables:
            document = summary(from_counts(variant or "Selection", tables))
            for table in tables:
                yield from _of_table(name, table, document, checked)


def _of_table(
    name: str, table: Table, document: m.Document, checked: PublishedAudit
) -> Iterator[Figure]:
    by = next(key for key, dimension in _BY.items() if dimension == table.dimension)
    block = next(
        b for b in document.blocks if isinstance(b, m.Table) and b.id.endswith(f"-{by}-table")
    )
    columns = {column.at: column for column in block.columns}
    rows = resolve(document.data, block.rows)
    for row, printed in zip(rows, table.rows, strict=True):
        for what, cell, column in (
            ("rate", printed.rate, columns["/rate"]),
            ("ratio", printed.ratio, columns["/ratio"]),
        ):
            if cell.value is None or not row["assessed"]:
                continue
            value = resolve(row, column.at)
            shown = write(value, column.show)
            how = _fit(cell, value, shown)
            if value is None and row["standing"] == "excluded":
                how = "left out"
            named = _named(checked, table, printed.name, what) if not how else ()
            if not how and what == "ratio" and _of_printed_rates(table, printed):
                named = _mistaken_rates(table, printed)
                how = "" if named else "rounded rates"
            yield Figure(name, table.name, printed.name, what, cell.text, shown, how, named)


def _of_printed_rates(table: Table, row: Row) -> bool:
    """Whether a ratio is that of the rates as printed, not of the counts."""
    gone = shares(table, table.unknown.whole).excluded
    kept = tuple(i for i, each in enumerate(table.rows) if i not in gone and each.assessed.whole)
    rule = Referent(HIGHEST, "", lambda _: kept)
    return bool(fit(table, rate_bounds(table), i=table.rows.index(row), referent=rule))


def _mistaken_rates(table: Table, row: Row) -> tuple[str, ...]:
    """The error where a ratio rests on a printed rate that is not that of its counts.

    It rests on the rate of its own category, and on the highest one.
    """
    gone = shares(table, table.unknown.whole).excluded
    kept = [r for i, r in enumerate(table.rows) if i not in gone and r.assessed.whole]
    highest = max(kept, key=lambda r: exact_rate(r) or 0)
    printed = max(kept, key=lambda r: r.rate.value or 0)
    wrong = any(not rate_fit(each) for each in (row, highest, printed))
    return (Code.RATE_MISMATCH.value,) if wrong else ()


def _fit(cell: Printed, value: float | None, shown: str) -> str:
    """How a print fits what the document holds and what it shows, at the coarser of the two."""
    if value is None:
        return ""
    exact = Fraction(value)
    near = abs(exact) * _TEN_DIGITS
    how = meets(cell, (exact - near, exact + near))
    text = parse(shown, "the summary").rounded()
    print_ = cell.rounded()
    if how == "rounded" and text and print_ and not (text[0] <= print_[1] and print_[0] <= text[1]):
        return ""
    return how


_ERRORS = {
    "rate": (Code.RATE_MISMATCH, Code.RATE_ABOVE_ONE, Code.RATE_NOT_ATTAINABLE),
    "ratio": (
        *(Code.RATIO_MISMATCH, Code.RATIO_ABOVE_ONE, Code.WRONG_REFERENT, Code.HIGHEST_NOT_ONE),
        *(Code.EXCLUDED_SETS_DENOMINATOR, Code.EXCLUDED_HAS_RATIO),
    ),
}


def _named(checked: PublishedAudit, table: Table, category: str, what: str) -> tuple[str, ...]:
    """Errors of a category's rate or ratio that the checker names."""
    errors = {
        found.code.value
        for found in checked.inconsistencies
        if found.table == table.name
        and found.category in ("", category)
        and found.code in _ERRORS[what]
    }
    return tuple(sorted(errors))


def report(path: Path) -> Iterator[str]:
    """The table as Markdown lines."""
    found: list[Figure] = []
    used: list[tuple[str, Publication]] = []
    for name, read in audits(path):
        try:
            figures = list(compared(name, read))
        except DataInvalid as error:
            yield f"{name}: {error}"
            continue
        if figures:
            used.append((name, read))
            found += figures
    tables = {(f.audit, f.table) for f in found}
    yield (
        f"{len(used)} audits print whole counts in {len(tables)} tables: {len(found)} printed "
        "figures beside those of the summary made from their counts."
    )
    yield ""
    yield from _counts(found)
    yield ""
    yield from _errors(found)


_FITS = (
    ("rounded", "as in the summary"),
    ("truncated", "cut off instead of rounded"),
    ("rounded rates", "ratio of rates that were rounded before"),
    ("left out", "left out of the summary’s ratios"),
)


def _counts(found: Sequence[Figure]) -> Iterator[str]:
    yield "| printed figures | rates | ratios |"
    yield "|---|---|---|"
    both = [[f for f in found if f.what == what] for what in ("rate", "ratio")]
    differ = [[f for f in own if not f.fit] for own in both]
    rows = [("all", [len(own) for own in both])]
    rows += [(words, [sum(f.fit == fit for f in own) for own in both]) for fit, words in _FITS]
    rows.append(
        ("another figure, an error is named", [sum(bool(f.named) for f in d) for d in differ])
    )
    rows.append(("another figure, no error named", [sum(not f.named for f in d) for d in differ]))
    for words, numbers in rows:
        yield f"| {words} | {' | '.join(str(n) for n in numbers)} |"


def _errors(found: Sequence[Figure]) -> Iterator[str]:
    """The errors of the prints that differ, most frequent first."""
    counts: Counter[str] = Counter(code for f in found if not f.fit for code in f.named)
    where = {code: {f.audit for f in found if code in f.named and not f.fit} for code in counts}
    yield "| error in the print | figures | audits |"
    yield "|---|---|---|"
    for code, n in counts.most_common():
        yield f"| `{code}` | {n:,} | {len(where[code])} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and write it where told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, help="also write it there, between its marks")
    parser.add_argument("--list", action="store_true", help="every figure that differs")
    options = parser.parse_args(arguments)
    if not options.data.is_file():
        print(f"{options.data} is absent; --data names the transcription", file=sys.stderr)
        return 2
    text = "\n".join(report(options.data))
    print(text)
    if options.list:
        print("\n".join(_listed(options.data)))
    if options.out:
        options.out.write_text(placed(text, options.out, START, END), encoding="utf-8")
    return 0


def _listed(path: Path) -> Iterable[str]:
    for name, read in audits(path):
        for f in compared(name, read):
            if not f.fit:
                yield (
                    f"{f.audit} | {f.table} | {f.category} | {f.what}: printed {f.printed}, "
                    f"summary {f.shown} | {', '.join(f.named) or 'no error named'}"
                )


if __name__ == "__main__":
    raise SystemExit(main())
