"""Checks the tables of one audit against each other: totals, unknown counts, conventions, coverage.

A person of known race and unknown sex is in the race table and not in the intersectional one. So
the intersectional counts of a race add up to at most the race table's count; what they fall short
by are persons of unknown sex, no more than the printed unknown count, and among so many persons no
more can have been selected. A category that prints 0 persons and nothing else may stand for "not
reported"; nothing is concluded from what its table then lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fairness.published_categories import RACES, SEXES
from fairness.published_ratios import HIGHEST
from fairness.published_types import (
    INTERSECTIONAL,
    RACE,
    SEX,
    Code,
    Inconsistency,
    Publication,
    Row,
    Table,
)
from fairness.types import Note


@dataclass(frozen=True, slots=True)
class Sums:
    """Assessed and selected of one category in a table, and the same added up from another.

    None where counts lack. `complete`: whether all parts of the category were there to add.
    """

    name: str
    whole: tuple[int | None, int | None]
    parts: tuple[int | None, int | None]
    complete: bool


def check_across(
    tables: Sequence[Table], unknown: int | None
) -> tuple[list[Inconsistency], list[Note]]:
    """What does not fit between the tables of one variant.

    `unknown`: the largest printed number of persons of unknown category, None if none is printed.
    """
    by = {table.dimension: table for table in tables}
    found: list[Inconsistency] = []
    notes: list[Note] = []
    inner = by.get(INTERSECTIONAL)
    for dimension in (RACE, SEX):
        outer = by.get(dimension)
        if outer is None or inner is None:
            continue
        pairs = list(_pairs(outer, inner, dimension=dimension, full=_full(by, dimension)))
        if all(None in (pair.whole[0], pair.parts[0]) for pair in pairs):
            notes.append(_no_counts(outer, inner))
        for pair in pairs:
            found += _compare(pair, outer, inner=inner, unknown=unknown)
    if inner is None and SEX in by and RACE in by:
        found += _side_by_side(by[SEX], by[RACE], unknown=unknown)
    found += _populations(tables)
    return found, notes


def _pairs(
    outer: Table, inner: Table, *, dimension: str, full: frozenset[str | None]
) -> Iterable[Sums]:
    """Each category of the outer table with its parts, then the whole table.

    `full`: the categories of the other kind that a category's parts must cover to be complete.
    """
    part, other = ("race", "sex") if dimension == RACE else ("sex", "race")
    complete: list[bool] = []
    for row in outer.rows:
        name = getattr(row.who, part)
        parts = [r for r in inner.rows if getattr(r.who, part) == name]
        told = {getattr(r.who, other) for r in parts if not _blank(r) or _blank(row)}
        complete.append(told >= full)
        if parts and row.assessed.whole is not None:
            yield Sums(row.name, _counts([row]), _counts(parts), complete[-1])
    if outer.assessed is not None and inner.assessed is not None and all(complete):
        yield Sums("", _counts(outer.rows), _counts(inner.rows), complete=True)


def _blank(row: Row) -> bool:
    """Whether a category prints 0 persons and nothing else."""
    return row.assessed.whole == 0 and row.rate.value is None and row.ratio.value is None


def _full(by: Mapping[str, Table], dimension: str) -> frozenset[str | None]:
    """Sexes that the parts of a race must cover, or races that those of a sex must."""
    if dimension == RACE:
        table = by.get(SEX)
        return frozenset(row.who.sex for row in table.rows) if table else frozenset(SEXES)
    table = by.get(RACE)
    return frozenset(row.who.race for row in table.rows) if table else frozenset(RACES)


def _counts(rows: Sequence[Row]) -> tuple[int | None, int | None]:
    return _sum(row.assessed.whole for row in rows), _sum(row.selected.whole for row in rows)


def _sum(counts: Iterable[int | None]) -> int | None:
    added = 0
    for count in counts:
        if count is None:
            return None
        added += count
    return added


def _compare(
    sums: Sums, outer: Table, *, inner: Table, unknown: int | None
) -> Iterable[Inconsistency]:
    """One category of the outer table against its parts in the intersectional table."""
    (n, x), (parts_n, parts_x) = sums.whole, sums.parts
    if n is None or parts_n is None:
        return
    more = n - parts_n
    more_x = x - parts_x if x is not None and parts_x is not None else None
    why = _impossible(more, more_x, unknown=unknown, complete=sums.complete)
    said = f"{n}{_of(x)} in the {outer.name} table and {parts_n}{_of(parts_x)} in the {inner.name}"
    subject = sums.name or "All categories together"
    if why:
        code, text = Code.TOTALS_DO_NOT_RECONCILE, f"{subject}: {said} table; {why}."
    elif sums.complete and (more or more_x):
        code = Code.TOTALS_DIFFER
        text = (
            f"{subject}: {said} table; {more} persons of unknown sex, race or ethnicity would "
            f"explain it{_printed(unknown)}."
        )
    else:
        return
    yield Inconsistency(
        code, outer.name, sums.name, text, str(n), str(parts_n), float(parts_n), float(parts_n), 0.0
    )


def _of(selected: int | None) -> str:
    return "" if selected is None else f" ({selected} selected)"


def _printed(unknown: int | None) -> str:
    return " (no unknown count is printed)" if unknown is None else f" ({unknown} are printed)"


def _impossible(more: int, more_x: int | None, *, unknown: int | None, complete: bool) -> str:
    """Why persons of unknown category cannot explain a difference; "" where they can."""
    if more < 0:
        return "the parts cannot have more persons than the whole"
    if more_x is not None and more_x < 0:
        return "the parts cannot have more selected than the whole"
    if not complete:
        return ""
    if more_x is not None and more_x > more:
        return f"{more} persons of unknown category cannot have {more_x} selected among them"
    if unknown is not None and more > unknown:
        return f"{more} persons are missing from the parts, and only {unknown} are printed unknown"
    return ""


def _side_by_side(sex: Table, race: Table, *, unknown: int | None) -> Iterable[Inconsistency]:
    """Totals of the sex and the race table, where no intersectional table ties them.

    Only of tables that print every category: what others lack explains any difference.
    """
    if sex.assessed is None or race.assessed is None or sex.assessed == race.assessed:
        return
    printed = {row.name for row in (*sex.rows, *race.rows) if not _blank(row)}
    if not printed.issuperset((*SEXES, *RACES)):
        return
    gap = abs(sex.assessed - race.assessed)
    beyond = unknown is not None and gap > unknown
    yield Inconsistency(
        Code.TOTALS_DO_NOT_RECONCILE if beyond else Code.TOTALS_DIFFER,
        race.name,
        "",
        f"{sex.assessed} persons in the {sex.name} table and {race.assessed} in the {race.name} "
        f"table; {gap} persons of unknown category would explain it{_printed(unknown)}.",
        str(race.assessed),
        str(sex.assessed),
        float(sex.assessed),
        float(sex.assessed),
        0.0,
    )


def _populations(tables: Sequence[Table]) -> Iterable[Inconsistency]:
    """Known and unknown together must be the same persons in each table that prints its own count.

    The same unknown count in every table is the audit's one count, and says less: it holds persons
    whose sex or race is unknown, of whom some stand in the sex or race table.
    """
    own = {t.name: t.unknown.whole for t in tables if t.unknown.whole is not None}
    sizes = {
        table.name: table.assessed + own[table.name]
        for table in tables
        if table.name in own and table.assessed and not any(map(_blank, table.rows))
    }
    if len(set(own.values())) < 2 or len(set(sizes.values())) < 2:
        return
    said = ", ".join(f"{size} in the {name} table" for name, size in sizes.items())
    yield Inconsistency(
        Code.UNKNOWNS_DO_NOT_RECONCILE,
        "",
        "",
        f"Persons of known and unknown category together are {said}; each person assessed is in "
        "each table, known or unknown.",
        str(max(sizes.values())),
        str(min(sizes.values())),
        float(min(sizes.values())),
        float(max(sizes.values())),
        0.0,
    )


def _no_counts(outer: Table, inner: Table) -> Note:
    return Note(
        "totals",
        f"Whether the {outer.name} and {inner.name} tables reconcile cannot be checked, because "
        "categories lack counts.",
        {"table": outer.name},
    )


def check_coverage(publication: Publication) -> list[Inconsistency]:
    """What 6 RCNY 5-301 and 5-303 ask for and the audit does not print."""
    found: list[Inconsistency] = []
    for variant in dict.fromkeys(table.variant for table in publication.tables):
        tables = [table for table in publication.tables if table.variant == variant]
        for dimension, needed in _needed().items():
            found += _lacking(
                [t for t in tables if t.dimension == dimension],
                dimension,
                needed=needed,
                variant=variant,
            )
    if publication.unknown.whole is None and all(
        table.unknown.whole is None for table in publication.tables
    ):
        found.append(
            Inconsistency(
                Code.UNKNOWN_COUNT_MISSING,
                "",
                "",
                "The number of persons assessed whose sex or race/ethnicity is unknown is not "
                "printed.",
            )
        )
    return found


def _needed() -> dict[str, tuple[str, ...]]:
    pairs = tuple(f"{sex} {race}" for sex in SEXES for race in RACES)
    return {SEX: SEXES, RACE: RACES, INTERSECTIONAL: pairs}


def _lacking(
    tables: Sequence[Table], dimension: str, *, needed: Sequence[str], variant: str
) -> Iterable[Inconsistency]:
    name = f"{dimension} ({variant})" if variant and not tables else dimension
    if not tables:
        yield Inconsistency(Code.TABLE_MISSING, name, "", f"The {name} table is not printed.")
        return
    printed = {row.name for table in tables for row in table.rows}
    for category in needed:
        if category not in printed:
            yield Inconsistency(
                Code.CATEGORY_MISSING,
                tables[0].name,
                category,
                f"{category} is not printed in the {tables[0].name} table.",
            )


def conventions(
    kinds: Mapping[str, frozenset[str]], labels: Mapping[str, str]
) -> Inconsistency | None:
    """Whether the ratios of the tables fit different ways of choosing the denominator.

    `kinds`: by table, the ways that fit all its ratios; tables that none fits say nothing here.
    A table that fits the rule is taken to follow it, though a fixed category may fit it as well.
    """
    known = {name: ways for name, ways in kinds.items() if ways}
    by_rule = [name for name, ways in known.items() if HIGHEST in ways]
    rest = [ways for name, ways in known.items() if name not in by_rule]
    if not rest or not (by_rule or not frozenset.intersection(*rest)):
        return None
    said = ", ".join(f"{labels[name]} in the {name} table" for name in known)
    return Inconsistency(
        Code.CONVENTIONS_DIFFER,
        "",
        "",
        f"The ratios of the tables fit different denominators: {said}.",
    )
