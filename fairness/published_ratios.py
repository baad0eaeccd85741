"""Checks the impact ratios of one published table and finds what they were divided by.

The impact ratio of a category is its rate over the rate of the most selected category of the same
table (6 RCNY 5-300); a category under 2 % of the data may be left out, with a justification, and
then sets no denominator (5-301(d)). Printed rates are rounded, so what they allow for a ratio is a
range: r/max(r_j) is smallest with r at its low end and the others at their high ends. A printed
ratio fits when its own rounding meets that range, or the range of truncated rates. Where counts are
printed the range is a point; the quotient of two rates as printed is accepted beside it, as
auditors compute it either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from fairness.published_numbers import show_range
from fairness.published_rates import Bounds, Checks, exact_rate, meets
from fairness.published_types import INTERSECTIONAL, Code, Row, Table

SMALL = Fraction(2, 100)
"""Share of the data under which a category may be left out (6 RCNY 5-301(d))."""
MOST = Fraction(4, 5)
"""Share of a table's ratios that another referent must explain before it is named."""

FIXED_UP_TO = 60
"""Categories up to which each is tried as the denominator."""

HIGHEST = "highest"
WITH_EXCLUDED = "highest, excluded categories included"
WITHOUT_SMALL = "highest among categories of at least 2 %"
FIXED = "fixed"

Rates = Sequence[Bounds | None]
Quotient = tuple[Fraction, Fraction | None]


@dataclass(frozen=True, slots=True)
class Referent:
    """A way to choose the denominator: for each row, the rows whose highest rate it is.

    `label` names it in words; `kind` is the same for like choices in other tables.
    """

    kind: str
    label: str
    of: Callable[[int], tuple[int, ...]]
    outside: Bounds | None = None


@dataclass(frozen=True, slots=True)
class Shares:
    """Who counts how much in a table.

    share: of the table's categories, None where counts lack. excluded: marked so, or without a
    ratio though under 2 %. small: under 2 %. tiny: under 2 % even of all with the unknown.
    """

    share: tuple[Fraction | None, ...]
    excluded: frozenset[int]
    small: frozenset[int]
    large: frozenset[int]


def shares(table: Table, unknown: int | None) -> Shares:
    """Shares of the categories, and which of them are left out of the denominators."""
    total = table.assessed
    base = (total or 0) + (unknown or 0)
    counts = [row.assessed.whole for row in table.rows]
    share = tuple(Fraction(n, total) if n is not None and total else None for n in counts)
    small = {i for i, s in enumerate(share) if s is not None and s < SMALL}
    large = {i for i, n in enumerate(counts) if n is not None and total and n >= SMALL * base}
    printed = any(row.ratio.value is not None for row in table.rows)
    excluded = {
        i
        for i, row in enumerate(table.rows)
        if row.excluded
        or (
            row.assessed.whole != 0
            and printed
            and row.ratio.value is None
            and row.excluded is None
            and i not in large
        )
    }
    return Shares(share, frozenset(excluded), frozenset(small), frozenset(large))


def rate_bounds(table: Table) -> list[Rates]:
    """Ways to read the rates of a table, each giving every row a range or None.

    With counts for all: by the counts, and as printed. Else what the prints allow if they were
    rounded, and if they were truncated; counts are used for the rows that have them.
    """
    counted: list[Bounds | None] = []
    points: list[Bounds | None] = []
    rounded: list[Bounds | None] = []
    truncated: list[Bounds | None] = []
    for row in table.rows:
        exact, value = exact_rate(row), None if row.assessed.whole == 0 else row.rate.value
        point = (exact, exact) if exact is not None else None
        box, cut = (row.rate.rounded(), row.rate.truncated()) if value is not None else (None, None)
        counted.append(point or box)
        points.append((value, value) if value is not None else point)
        rounded.append((max(box[0], Fraction(0)), box[1]) if box is not None else point)
        truncated.append(cut or point)
    exact_all = all(
        exact_rate(row) is not None or row.assessed.whole == 0 or row.rate.value is None
        for row in table.rows
    )
    return [counted, points] if exact_all else [rounded, truncated]


def quotient(own: Bounds, others: Iterable[Bounds], *, inside: bool) -> Quotient | None:
    """Range of r / max(denominators) over all rates within their bounds.

    `inside`: r itself is one of the denominators. High end None where the denominator can be 0;
    None where it must be.
    """
    rest = list(others)
    low_max = max((low for low, _ in rest), default=Fraction(0))
    high_max = max((high for _, high in rest), default=Fraction(0))
    if inside:
        if own[1] == 0 and high_max == 0:
            return None
        low = own[0] / max(own[0], high_max) if max(own[0], high_max) else Fraction(1)
        high = own[1] / max(own[1], low_max) if max(own[1], low_max) else Fraction(1)
        return low, high
    if high_max == 0:
        return None
    return own[0] / high_max, own[1] / low_max if low_max else None


def expected(rates: Rates, i: int, *, referent: Referent) -> Quotient | None:
    """The range of the ratio of row i under a referent; None where it cannot be had."""
    own = rates[i]
    if own is None:
        return None
    if referent.outside is not None:
        return quotient(own, [referent.outside], inside=False)
    rows = referent.of(i)
    others = [b for j in rows if j != i and (b := rates[j]) is not None]
    inside = i in rows
    return quotient(own, others, inside=inside) if others or inside else None


def fit(table: Table, ways: Sequence[Rates], *, i: int, referent: Referent) -> str:
    """How row i's printed ratio fits a referent: `rounded`, `truncated`, or ""."""
    fits = set()
    for rates in ways:
        bounds = expected(rates, i, referent=referent)
        if bounds is not None:
            fits.add(meets(table.rows[i].ratio, bounds))
    return "rounded" if "rounded" in fits else "truncated" if "truncated" in fits else ""


def referents(table: Table, who: Shares, others: dict[str, Bounds]) -> list[Referent]:
    """The referents to try, the rule's own first. `others`: highest rates of other tables."""
    rows = table.rows
    everyone = tuple(i for i, row in enumerate(rows) if row.assessed.whole != 0)
    kept = tuple(i for i in everyone if i not in who.excluded)
    big = tuple(i for i in kept if i not in who.small)
    tried = [Referent(HIGHEST, "the highest rate of the table", lambda _: kept)]
    if who.small and big:
        tried.append(
            Referent(WITHOUT_SMALL, "the highest rate among categories of 2 % and more", _same(big))
        )
    if who.excluded and len(everyone) > len(kept):
        tried.append(
            Referent(WITH_EXCLUDED, "the highest rate, excluded categories too", _same(everyone))
        )
    if len(rows) <= FIXED_UP_TO:
        tried += [Referent(FIXED, f"the rate of {rows[j].name}", _same((j,))) for j in everyone]
    if table.dimension == INTERSECTIONAL:
        tried += [
            Referent(
                f"same {part}",
                f"the highest rate of the same {part}",
                _alike(rows, kept, part=part),
            )
            for part in ("sex", "race")
        ]
    tried += [
        Referent("other table", f"the highest rate of the {name} table", _same(()), bounds)
        for name, bounds in others.items()
    ]
    return tried


def _same(rows: tuple[int, ...]) -> Callable[[int], tuple[int, ...]]:
    return lambda _: rows


def _alike(
    rows: Sequence[Row], kept: tuple[int, ...], *, part: str
) -> Callable[[int], tuple[int, ...]]:
    def of(i: int) -> tuple[int, ...]:
        return tuple(j for j in kept if getattr(rows[j].who, part) == getattr(rows[i].who, part))

    return of


def check_ratios(
    checks: Checks, unknown: int | None, *, others: dict[str, Bounds]
) -> tuple[Shares, frozenset[str]]:
    """Every printed ratio of the table. Returns the shares and the kinds of referent that fit all.

    `unknown`: persons of unknown category, if printed. `others`: highest rate of the other tables.
    """
    table = checks.table
    who = shares(table, unknown)
    ways = rate_bounds(table)
    _missing(checks, who)
    printed = [
        i
        for i, row in enumerate(table.rows)
        if row.ratio.value is not None and row.assessed.whole != 0
    ]
    tried = referents(table, who, others=others)
    able = [i for i in printed if any(expected(rates, i, referent=tried[0]) for rates in ways)]
    checks.ratios = len(able)
    if not able:
        return who, frozenset()
    fits = [{i for i in able if fit(table, ways, i=i, referent=referent)} for referent in tried]
    best = _best(fits, len(able))
    checks.referent = tried[best].label if len(fits[best]) >= MOST * len(able) else ""
    for i in able:
        _one(checks, i, who=who, ways=ways, tried=(tried[0], tried[best]))
    _excluded(checks, printed, who=who, kind=tried[best].kind)
    _top(checks, who, rates=ways[0], kind=tried[best].kind)
    return who, frozenset(
        t.kind for t, rows in zip(tried, fits, strict=True) if len(rows) == len(able)
    )


def _best(fits: Sequence[set[int]], able: int) -> int:
    """The referent that explains the ratios: the rule's, unless another explains clearly more."""
    best = max(range(len(fits)), key=lambda k: (len(fits[k]), -k))
    return best if len(fits[best]) >= MOST * able and len(fits[best]) > len(fits[0]) else 0


def _missing(checks: Checks, who: Shares) -> None:
    """Categories that neither print a ratio nor may be left out."""
    rows = checks.table.rows
    if not any(row.ratio.value is not None for row in rows):
        checks.add(Code.RATIO_MISSING, "No impact ratio is printed in this table.")
        checks.cannot("no_ratios", "Ratios cannot be checked, because the table prints none.")
        return
    for i, row in enumerate(rows):
        if row.ratio.value is not None or row.excluded or row.assessed.whole == 0:
            continue
        if i in who.large:
            checks.add(
                Code.RATIO_MISSING,
                f"{row.name}: no impact ratio is printed, though it is 2 % of the data or more.",
                row=row,
            )
        elif who.share[i] is None:
            checks.add(Code.RATIO_MISSING, f"{row.name}: no impact ratio is printed.", row=row)


def _one(
    checks: Checks, i: int, *, who: Shares, ways: Sequence[Rates], tried: tuple[Referent, Referent]
) -> None:
    """One printed ratio against the rule's referent and the one that the table seems to use."""
    table, (rule, best) = checks.table, tried
    row = table.rows[i]
    bounds = _range(ways, i, referent=rule)
    said = f"{row.name}: the printed impact ratio {row.ratio.text}"
    rule_gives = f"the rule's is {show_range(*bounds, unit=row.ratio.unit)}" if bounds else ""
    rounded = row.ratio.rounded()
    if rounded is not None and rounded[0] > 1 and i not in who.excluded:
        checks.add(
            Code.RATIO_ABOVE_ONE,
            f"{said} is above 1; no category can have more than the highest rate of its table.",
            row=row,
            cell=row.ratio,
            bounds=bounds,
        )
    own = fit(table, ways, i=i, referent=rule)
    if own == "truncated":
        text = f"{said} was truncated, not rounded; {rule_gives}."
        checks.add(Code.RATIO_TRUNCATED, text, row=row, cell=row.ratio, bounds=bounds)
    elif not own:
        code, text = _named(rule, best, fits=bool(fit(table, ways, i=i, referent=best)))
        if code is not None:
            said = f"{said} {text}; {rule_gives}."
            checks.add(code, said, row=row, cell=row.ratio, bounds=bounds)


def _named(rule: Referent, best: Referent, *, fits: bool) -> tuple[Code | None, str]:
    """What to call a ratio that does not follow from the rule's referent, and in which words."""
    if not fits or best is rule:
        return Code.RATIO_MISMATCH, "is not the rate over the highest rate of the table"
    if best.kind == WITHOUT_SMALL:
        # The small categories are then left out, as the rule allows; what is odd is that they
        # print a ratio, which is said of them.
        return None, ""
    if best.kind == WITH_EXCLUDED:
        return (
            Code.EXCLUDED_SETS_DENOMINATOR,
            "fits the rate of a category as denominator that is itself left out of the ratios",
        )
    return Code.WRONG_REFERENT, f"fits {best.label} as denominator, not the highest"


def _range(ways: Sequence[Rates], i: int, *, referent: Referent) -> Quotient | None:
    ranges = (expected(rates, i, referent=referent) for rates in ways)
    return next((bounds for bounds in ranges if bounds is not None), None)


def _excluded(checks: Checks, printed: Sequence[int], *, who: Shares, kind: str) -> None:
    """Categories left out that print a ratio, or that are too large to be left out."""
    for i, row in enumerate(checks.table.rows):
        left_out = bool(row.excluded) or (kind == WITHOUT_SMALL and i in who.small)
        if left_out and i in printed:
            share = who.share[i]
            size = f" ({float(share):.2%} of the table)" if share is not None else ""
            checks.add(
                Code.EXCLUDED_HAS_RATIO,
                f"{row.name}{size} is left out of the denominators and yet prints the impact "
                f"ratio {row.ratio.text}.",
                row=row,
                cell=row.ratio,
            )
        if row.excluded and i in who.large:
            checks.add(
                Code.EXCLUDED_TOO_LARGE,
                f"{row.name} is left out of the ratios, but is 2 % of the data or more.",
                row=row,
                cell=row.assessed,
            )


def _top(checks: Checks, who: Shares, rates: Rates, kind: str) -> None:
    """The category with the surely highest rate must print the ratio 1."""
    rows = checks.table.rows
    left_out = who.excluded | (who.small if kind == WITHOUT_SMALL else frozenset())
    kept = {i: b for i, b in enumerate(rates) if b is not None and i not in left_out}
    top = next(
        (i for i, b in kept.items() if all(b[0] > o[1] for j, o in kept.items() if j != i)), None
    )
    if top is None or len(kept) < 2:
        return
    row, one = rows[top], (Fraction(1), Fraction(1))
    if not meets(row.ratio, one):
        printed = f"prints {row.ratio.text}" if row.ratio.value is not None else "prints none"
        checks.add(
            Code.HIGHEST_NOT_ONE,
            f"{row.name} has the highest rate of the table, so its impact ratio is 1; it "
            f"{printed}.",
            row=row,
            cell=row.ratio,
            bounds=one,
        )
    if top in who.small and kind == HIGHEST:
        checks.add(
            Code.SMALL_SETS_DENOMINATOR,
            f"{row.name}, {row.assessed.whole} persons and under 2 % of the table, has the highest "
            "rate and sets the denominator; the rule allows that, and the ratios rest on few "
            "persons.",
            row=row,
            cell=row.assessed,
        )
