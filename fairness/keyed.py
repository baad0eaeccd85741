"""The relation `keyed`: one row per application with the raw words and parsed numbers in SQL.

Columns: `k_<name>` raw keys of everything that has levels (words are mapped to levels afterwards,
once per different word and not once per row), `s_<score>`, `i_<item>`, `performance` as DOUBLE,
`candidate`, `interviewer` as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from fairness.sources import Relation, literal, quoted
from fairness.spec import AuditSpec
from fairness.spec_parts import Age, Feature, Period, Score, folded

# Columns of the specification with levels, in the order of the cube's axes.
AXES = ("period", "job", "location", "stage", "mode", "coached", "class")
_NATIVE_DATES = ("DATE", "TIMESTAMP")
_KEPT_TYPES = ("VARCHAR", "BOOLEAN", "INT", "DOUBLE", "FLOAT")


@dataclass(frozen=True, slots=True)
class Key:
    """A column with levels: the field of the specification, its column, and its key in SQL."""

    name: str
    field: str
    column: str
    sql: str


@dataclass(frozen=True, slots=True)
class Number:
    """A column of numbers: its parsed value in SQL, and a test for text that is no number."""

    name: str
    field: str
    column: str
    sql: str
    bad: str | None


@dataclass(frozen=True, slots=True)
class Dated:
    """A column of dates: tests for what is no date, and for what fits two patterns differently."""

    field: str
    column: str
    bad: str | None
    clash: str | None = None
    formats: tuple[str, ...] = ()


class Columns:
    """Single columns of one source in SQL, by their types."""

    def __init__(self, missing: Iterable[str], types: Mapping[str, str]) -> None:
        self._types = types
        self._missing = ", ".join(literal(folded(w)) for w in missing) or "''"

    def number(self, name: str, field: str, column: str) -> Number:
        """A column of numbers: its DOUBLE, and the test for a field that is no number."""
        raw = quoted(column)
        if not self._is_text(column):
            return Number(name, field, column, f"{raw}::DOUBLE", None)
        # Underscores between digits are a programmer's notation, not a table's.
        parsed = f"CASE WHEN NOT contains({raw}, '_') THEN TRY_CAST({raw} AS DOUBLE) END"
        sql = f"CASE WHEN NOT {self.empty(column)} THEN {parsed} END"
        bad = f"({parsed} IS NULL AND NOT {self.empty(column)})"
        return Number(name, field, column, sql, bad)

    def empty(self, column: str) -> str:
        """Whether a field is empty or has a word for a missing value."""
        raw = quoted(column)
        if self._is_text(column):
            return f"({raw} IS NULL OR lower(trim({raw})) IN ({self._missing}))"
        return f"{raw} IS NULL"

    def _id(self, column: str) -> str:
        return f"CASE WHEN NOT {self.empty(column)} THEN {quoted(column)}::VARCHAR END"

    def _is_text(self, column: str) -> bool:
        return self._types[column] == "VARCHAR"

    def _raw(self, column: str) -> str:
        """The key of a column of words: dates, decimals and the like become text."""
        kind = self._types[column]
        if kind.startswith(_KEPT_TYPES) or kind.endswith(("INT", "INTEGER")):
            return quoted(column)
        return f"{quoted(column)}::VARCHAR"


class Keyed(Columns):
    """The expressions of one specification over one source's columns and their types."""

    def __init__(self, spec: AuditSpec, types: Mapping[str, str]) -> None:
        super().__init__(spec.missing, types)
        self._spec = spec
        self.dates: list[Dated] = []
        self.ages: dict[str, Feature] = {}
        self.keys = tuple(self._keys())
        self.numbers = tuple(self._numbers())

    def select(self, source: Relation) -> str:
        """The SELECT that makes `keyed`, with the source's weight if it has one."""
        spec = self._spec
        columns = [f"{k.sql} AS {quoted('k_' + k.name)}" for k in self.keys]
        columns += [f"{n.sql} AS {quoted(n.name)}" for n in self.numbers]
        for name in ("candidate", "interviewer"):
            column = getattr(spec, name)
            columns.append(f"{self._id(column) if column else 'NULL::VARCHAR'} AS {name}")
        columns += [quoted(source.weight)] if source.weight else []
        return f"SELECT {', '.join(columns)} FROM {source.name}"

    def _keys(self) -> Iterator[Key]:
        spec = self._spec
        if spec.period:
            yield Key("period", "period", spec.period.column, self._period(spec.period))
        for name, part in (
            ("job", spec.job),
            ("location", spec.location),
            ("stage", spec.stage),
            ("mode", spec.mode),
            ("class", spec.classes),
        ):
            if part:
                yield Key(name, name, part.column, self._raw(part.column))
        for name, flag in spec.flags.items():
            yield Key(name, name, flag.column, self._raw(flag.column))
        yield from self._outcome()
        yield from self._label()
        for feature in spec.features:
            yield from self._feature(feature)

    def _outcome(self) -> Iterator[Key]:
        spec = self._spec
        if spec.outcome:
            column = spec.outcome.column
            yield Key("outcome", "outcome", column, self._raw(column))
        elif (score := cut_score(spec)) is not None:
            sign = ">=" if score.higher_is_better else "<="
            sql = f"({self._value(score.column)}) {sign} {literal(score.cut)}"
            yield Key("outcome", "outcome", score.column, sql)

    def _label(self) -> Iterator[Key]:
        label = self._spec.label
        if label is None:
            return
        if label.good_at_least is None:
            yield Key("label", "label", label.column, self._raw(label.column))
        else:
            sql = f"({self._value(label.column)}) >= {literal(label.good_at_least)}"
            yield Key("label", "label", label.column, sql)

    def _feature(self, feature: Feature) -> Iterator[Key]:
        field, column = f"feature {feature.name}", feature.column
        name = f"feature_{feature.name}"
        if feature.age is None:
            yield Key(name, field, column, self._raw(column))
        else:
            self.ages[name] = feature
            yield Key(name, field, column, self._years(field, column, feature.age))
        if feature.first:
            first = feature.first.column
            yield Key(f"first_{feature.name}", field, first, self._raw(first))

    def _years(self, field: str, column: str, age: Age) -> str:
        """Completed years of age; a birthday on 29 February falls on the 28th in other years."""
        if age.given == "years":
            return f"TRY_CAST(floor({self._value(column)}) AS INTEGER)"
        birth = self._date(field, column, age.formats)
        on = age.on or ""
        fixed = age.on_date
        period = self._spec.period
        formats = period.formats if period and period.column == on else age.formats
        day = f"DATE '{fixed}'" if fixed else self._date(field, on, formats)
        return f"datesub('year', {birth}, {day})::INTEGER"

    def _period(self, period: Period) -> str:
        if period.grain == "label":
            return self._raw(period.column)
        day = self._date("period", period.column, period.formats)
        return {
            "year": f"year({day})",
            "quarter": f"year({day}) * 4 + quarter({day}) - 1",
            "month": f"year({day}) * 12 + month({day}) - 1",
            "week": f"isoyear({day}) * 100 + week({day})",
        }[period.grain] + "::INTEGER"

    def _date(self, field: str, column: str, formats: tuple[str, ...]) -> str:
        raw = quoted(column)
        bad = clash = None
        if self._types[column].startswith(_NATIVE_DATES):
            sql = f"{raw}::DATE"
        elif formats:
            tries = [f"try_strptime(trim({raw}::VARCHAR), {literal(f)})::DATE" for f in formats]
            sql = f"coalesce({', '.join(tries)})"
            bad = f"({sql} IS NULL AND NOT {self.empty(column)})"
            clash = f"(greatest({', '.join(tries)}) <> least({', '.join(tries)}))"
        else:
            iso = literal(r"^\s*\d{4}-\d{2}-\d{2}([T ].*)?$")
            sql = (
                f"CASE WHEN regexp_matches({raw}::VARCHAR, {iso}) "
                f"THEN TRY_CAST({raw}::VARCHAR AS DATE) END"
            )
            bad = f"({sql} IS NULL AND NOT {self.empty(column)})"
        if all((d.column, d.formats) != (column, formats) for d in self.dates):
            self.dates.append(Dated(field, column, bad, clash, formats))
        return sql

    def _numbers(self) -> Iterator[Number]:
        spec = self._spec
        for score in spec.scores:
            number = self.number(f"s_{score.name}", f"score {score.name}", score.column)
            if score.non_finite == "missing":
                finite = f"CASE WHEN isfinite({number.sql}) THEN {number.sql} END"
                number = replace(number, sql=finite)
            yield number
        column = performance_column(spec)
        if column:
            yield self.number("performance", "performance", column)
        for name, item in (spec.items.columns if spec.items else {}).items():
            yield self.number(f"i_{name}", f"item {name}", item)
        for name, feature in self.ages.items():
            if feature.age and feature.age.given == "years":
                yield self.number(f"n_{name}", f"feature {feature.name}", feature.column)

    def _value(self, column: str) -> str:
        return self.number("", "", column).sql


def cut_score(spec: AuditSpec) -> Score | None:
    """The score whose cut decides where the data have no outcome."""
    if spec.outcome is not None:
        return None
    return next((s for s in spec.scores if s.cut is not None), None)


def performance_column(spec: AuditSpec) -> str | None:
    """The column of later performance as a number: its own, or the one that the label cuts."""
    if spec.performance:
        return spec.performance
    return spec.label.column if spec.label and spec.label.good_at_least is not None else None


def wanted_columns(spec: AuditSpec) -> tuple[str, ...]:
    """Every column of the main table that the specification names, once."""
    parts = [spec.outcome, spec.classes, spec.stage, spec.period, spec.job, spec.location]
    columns = [p.column for p in (*parts, spec.mode, spec.label, *spec.flags.values()) if p]
    columns += [c for c in (spec.candidate, spec.interviewer, spec.performance) if c]
    columns += [s.column for s in spec.scores]
    columns += list(spec.items.columns.values()) if spec.items else []
    for feature in spec.features:
        columns.append(feature.column)
        if feature.first:
            columns.append(feature.first.column)
        if feature.age and feature.age.on and not feature.age.on_date:
            columns.append(feature.age.on)
    return tuple(dict.fromkeys(columns))
