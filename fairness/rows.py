"""The validated data behind an audit: views in DuckDB that cubes and row-level measures read.

`audit_rows` has one row per application (a candidate in a job and period; rows per stage are folded
into the furthest one) and always all of these columns, NULL where the specification has no such
column: candidate, period, job, location, stage, interviewer, mode, class (VARCHAR), coached,
outcome, label, opted_out, withdrew, overridden, flagged, reviewed (BOOLEAN), performance (DOUBLE),
then `score__<name>` and `item__<name>` (DOUBLE) and `feature__<name>` (VARCHAR, NULL: unknown).
`audit_ratings`, where question-level data come as a long table: candidate, job, question, position,
rubric, interviewer, period (VARCHAR), score (DOUBLE).
"""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from audit.errors import DataInvalid, SpecInvalid
from fairness import counted_files, validation, warehouse
from fairness.codings import Coding, coding_of
from fairness.folding import fold
from fairness.keyed import AXES, Columns, Key, Keyed, Number, cut_score, wanted_columns
from fairness.sources import (
    Database,
    Reading,
    Relation,
    SourceFacts,
    Warehouse,
    attach,
    connect,
    literal,
    quoted,
)
from fairness.spec import AuditSpec
from fairness.types import Note
from fairness.validation import NumberFacts

# From this many rows on, equal rows are counted together before anything else is done.
_COMPACT_FROM = 200_000
# First rows that are looked at to find whether there are many; the second number if unsure.
_SAMPLES = (10_000, 50_000)
# Copies of a row that are made at a time.
_COPIES = 1024
# Words listed one by one of a column that the specification maps; rarer ones are unmapped anyway.
_WORDS = 5000
_UNDECLARED = ("period", "job", "location", "class")
_BOOLEANS = ("coached", "opted_out", "withdrew", "overridden", "flagged", "reviewed")


@dataclass(frozen=True, slots=True)
class Counted:
    """A relation with raw keys (and exact scores, if `scores`), and its weight column in SQL.

    `together`: the relation, if equal rows are counted together in it and it has the scores.
    """

    relation: str
    weight: str
    scores: bool
    together: Relation | None = None


@dataclass(frozen=True, slots=True)
class _Given:
    """Ratings, if any; and the rows of the file counted together, as they will be, if they may."""

    ratings: Any
    together: Future[pa.Table | None] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Open data. Use as a context manager: closing removes what was spilled to disk.

    Attributes:
        con: the engine with the views `audit_rows` and, if `has_ratings`, `audit_ratings`.
        source: what was read. count: applications.
        codings: levels and codes of each key by its name.
        numbers: facts of each column of numbers (`s_<score>`, `i_<item>`, performance).
        notes: what a reader must know about how the data were taken.
    """

    con: duckdb.DuckDBPyConnection
    spec: AuditSpec
    source: SourceFacts
    count: int
    codings: Mapping[str, Coding]
    numbers: Mapping[str, NumberFacts]
    counted: Counted
    has_ratings: bool
    notes: tuple[Note, ...]
    scratch: tempfile.TemporaryDirectory[str]

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the sensitive features."""
        return tuple(f.name for f in self.spec.features)

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the scores."""
        return tuple(s.name for s in self.spec.scores)

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the questions that are columns of the table."""
        return tuple(self.spec.items.columns) if self.spec.items else ()

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """Levels of each axis that the data have, in the order of the cube."""
        return {name: self.codings[name].levels for name in AXES if name in self.codings}

    @property
    def undeclared(self) -> tuple[str, ...]:
        """Axes and features whose levels are the words of the data."""
        plain = [f.name for f in self.spec.features if f.levels is None and f.age is None]
        return (*(a for a in self.axes if a in _UNDECLARED), *plain)

    def levels(self, name: str) -> tuple[str, ...]:
        """Levels of a feature or axis; empty where the data have none such."""
        coding = self.codings.get(f"feature_{name}", self.codings.get(name))
        return coding.levels if coding else ()

    def coded(self, *, scores: bool) -> str:
        """SELECT of `n` and one code column per dimension, with scores where asked for.

        The dimensions outcome (1: selected) and label (1: good) are always there.
        """
        source = self.counted
        if scores and not source.scores:
            source = _plain(self.source)
        more = [quoted(f"s_{name}") for name in self.scores] if scores else []
        return self._coded(source, more)

    def coded_rows(self, more: Sequence[str]) -> str:
        """SELECT of codes as in `coded` and further columns of `keyed`, row by row of it."""
        return self._coded(_plain(self.source), [quoted(name) for name in more])

    def _coded(self, source: Counted, more: Sequence[str]) -> str:
        columns = [f"{source.weight} AS n"]
        for coding in self.codings.values():
            if not coding.name.startswith("first_"):
                columns.append(f"{_code(self.codings, coding, self.spec)} AS {quoted(coding.dim)}")
        for name in ("outcome", "label"):
            if name not in self.codings:
                columns.append(f"NULL::SMALLINT AS {name}")
        columns += more
        return f"SELECT {', '.join(columns)} FROM {source.relation}{_joins(self.codings)}"

    def sha256(self) -> str | None:
        """Hash over the bytes of the data files in order; None where they were no files."""
        if not self.source.files:
            return None
        digest = hashlib.sha256()
        for path in self.source.files:
            with path.open("rb") as file:
                while piece := file.read(2**20):
                    digest.update(piece)
        return digest.hexdigest()

    def close(self) -> None:
        """Close the engine and remove its files."""
        self.con.close()
        self.scratch.cleanup()

    def __enter__(self) -> Self:
        """The rows themselves."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def open_rows(data: Any, spec: AuditSpec, *, ratings: Any = None) -> Rows:
    """Read and validate a table.

    A path, frame, Arrow table, `Database`, `Warehouse`, or URL with spec.query.

    `ratings` is the long table of question-level scores where the specification describes one.
    DataInvalid names what is wrong with its rows, column, value and remedy.
    """
    if _is_countable(data, spec, ratings):
        # The engine starts meanwhile.
        with ThreadPoolExecutor(1) as aside:
            together = aside.submit(
                counted_files.counted, Path(data), wanted_columns(spec), spec.limits.threads
            )
            try:
                return _attempted(data, spec, _Given(ratings, together))
            except DataInvalid:
                pass  # read again row by row, so that the message can name the rows
    return _attempted(data, spec, _Given(ratings))


def _is_countable(data: Any, spec: AuditSpec, ratings: Any) -> bool:
    """Whether all that is asked for can be had from equal rows counted together."""
    single = (spec.candidate, spec.interviewer, spec.items, spec.performance, ratings, spec.period)
    staged = spec.stage is not None and spec.stage.layout == "row_per_stage"
    dated = any(feature.age is not None for feature in spec.features)
    path = isinstance(data, Path) or (isinstance(data, str) and "://" not in data)
    return path and not staged and not dated and not any(part is not None for part in single)


def _attempted(data: Any, spec: AuditSpec, given: _Given) -> Rows:
    scratch = tempfile.TemporaryDirectory(prefix="fairwitness-")
    try:
        con = connect(Path(scratch.name), spec.limits)
        try:
            return _opened(con, data, spec, given, scratch)
        except duckdb.OutOfMemoryException:
            con.close()
            raise DataInvalid(
                f"this audit needs more than {spec.limits.memory_mb} MiB: raise limits.memory_mb"
            ) from None
        except BaseException:
            con.close()
            raise
    except BaseException:
        scratch.cleanup()
        raise


def _opened(
    con: duckdb.DuckDBPyConnection,
    data: Any,
    spec: AuditSpec,
    given: _Given,
    scratch: tempfile.TemporaryDirectory[str],
) -> Rows:
    ratings = given.ratings
    how = Reading(Path(scratch.name), spec.csv, spec.limits)
    if isinstance(data, str) and "://" in data and spec.query:
        data = Database(data, spec.query)
    if isinstance(data, Warehouse):
        warehouse.check_spec(spec, ratings)
        source = warehouse.attach(con, data, "source_rows", spec)
        keyed = Keyed(warehouse.without_candidate(spec), source.types)
    else:
        source = attach(con, data, "source_rows", wanted_columns(spec), how)
        source = _counted_together(con, source, given)
        keyed = Keyed(spec, source.types)
    notes, relation = list(source.notes), Relation("source_rows", source.weight)
    validation.check_rows(con, relation, source.name)
    validation.check_formats(keyed.dates)
    later = _checked_later(keyed, spec, source)
    sooner = [n for n in keyed.numbers if n not in later]
    numbers = validation.check_numbers(con, relation, sooner, spec)
    validation.check_dates(con, relation, keyed.dates)
    if isinstance(data, Warehouse):
        _check_candidates(con, data, spec, source)
    elif source.weight is None:
        relation = _without_copies(con, keyed, spec, notes)
    con.execute(f"CREATE TEMP VIEW keyed_rows AS {keyed.select(relation)}")
    if spec.stage and spec.stage.layout == "row_per_stage":
        fold(con, keyed.keys, spec)
    else:
        con.execute("CREATE TEMP VIEW keyed AS SELECT * FROM keyed_rows")
    count = validation.check_rows(con, Relation("keyed", source.weight), source.name)
    counted = _counted(con, keyed, spec, count, source=source)
    numbers |= validation.check_numbers(con, relation, later, spec, counted=counted.together)
    codings = _codings(con, keyed.keys, spec, counted)
    _audit_rows(con, codings, spec, source.weight)
    has_ratings = _audit_ratings(con, ratings, spec, how)
    notes += _reading_notes(spec)
    return Rows(
        con, spec, source, count, codings, numbers, counted, has_ratings, tuple(notes), scratch
    )


def _counted_together(
    con: duckdb.DuckDBPyConnection, source: SourceFacts, given: _Given
) -> SourceFacts:
    """The source with equal rows counted together, where its file makes that cheap."""
    if source.kind != "parquet" or given.together is None:
        return source
    found = given.together.result()
    if found is None:
        return source
    con.register("rows_together", found)
    con.execute("CREATE TEMP TABLE source_together AS SELECT * FROM rows_together")
    con.unregister("rows_together")
    con.execute("CREATE OR REPLACE TEMP VIEW source_rows AS SELECT * FROM source_together")
    return replace(source, weight=counted_files.WEIGHT)


def _checked_later(keyed: Keyed, spec: AuditSpec, source: SourceFacts) -> list[Number]:
    """Scores whose values may be read from equal rows counted together, which is much quicker.

    Every row of the source must be counted as it is: none left out as a copy, none folded. Text
    that is no number would be lost.
    """
    folded = spec.stage is not None and spec.stage.layout == "row_per_stage"
    if source.weight or spec.candidate or folded:
        return []
    scores = {f"s_{score.name}" for score in spec.scores}
    return [n for n in keyed.numbers if n.name in scores and n.bad is None]


def _check_candidates(
    con: duckdb.DuckDBPyConnection, data: Warehouse, spec: AuditSpec, source: SourceFacts
) -> None:
    """DataInvalid for candidates of a warehouse who occur twice or have no id."""
    if spec.candidate is None:
        return
    types = warehouse.attach_repeated(con, data, "repeated_rows", spec)
    keyed = Keyed(spec, {**source.types, **types})
    validation.check_duplicates(con, keyed, spec, Relation("repeated_rows", source.weight))


def _without_copies(
    con: duckdb.DuckDBPyConnection, keyed: Keyed, spec: AuditSpec, notes: list[Note]
) -> Relation:
    """The relation to read: with the policy applied to candidates that occur twice."""
    extra = validation.check_duplicates(con, keyed, spec, Relation("source_rows"))
    if not extra:
        return Relation("source_rows")
    same = ", ".join(validation.application_key(keyed, spec))
    order = "row_no" if spec.duplicates == "first" else "row_no DESC"
    con.execute(
        "CREATE TEMP TABLE source_kept AS SELECT * FROM "
        "(SELECT row_number() OVER () AS row_no, * FROM source_rows) "
        f"QUALIFY row_number() OVER (PARTITION BY {same} ORDER BY {order}) = 1"
    )
    text = f"{extra} rows repeat a candidate; the {spec.duplicates} row of each was counted."
    notes.append(Note("duplicates_left_out", text, {"rows": extra}))
    return Relation("source_kept")


def _plain(source: SourceFacts) -> Counted:
    """The relation `keyed` as it is, which has weights if the source has."""
    return Counted("keyed", quoted(source.weight) if source.weight else "1", True)


def _counted(
    con: duckdb.DuckDBPyConnection,
    keyed: Keyed,
    spec: AuditSpec,
    count: int,
    *,
    source: SourceFacts,
) -> Counted:
    """Equal rows counted together where they have weights, or a sample says there are many."""
    few = source.weight is None and count < _COMPACT_FROM
    if few or source.weight == counted_files.WEIGHT:
        return _plain(source)
    number = Relation("keyed", source.weight).rows()
    keys = [quoted("k_" + k.name) for k in keyed.keys]
    scores = [quoted("s_" + s.name) for s in spec.scores]
    for columns, has_scores in ((keys + scores, True), (keys, False)):
        if source.weight or _repetitive(con, columns, count):
            con.execute(
                f"CREATE TEMP TABLE compact AS SELECT {', '.join(columns)}, {number} AS n "
                "FROM keyed GROUP BY ALL"
            )
            together = Relation("compact", "n") if has_scores else None
            return Counted("compact", "n", has_scores, together)
    return _plain(source)


def _repetitive(con: duckdb.DuckDBPyConnection, columns: Sequence[str], count: int) -> bool:
    """Whether a sample of the first rows says that eight rows or more share each combination.

    Counts within a few percent are enough: all that depends on them is how rows are read.
    """
    each = ", ".join(f"approx_count_distinct({c})" for c in columns)
    for size in _SAMPLES:
        row = con.execute(
            f"SELECT count(*), approx_count_distinct(hash({', '.join(columns)})), {each} "
            f"FROM (SELECT * FROM keyed LIMIT {size})"
        ).fetchone()
        sampled, together, *apart = row or (0, 0)
        # A column with few values has shown nearly all of them.
        shown = size == _SAMPLES[-1] or max(apart, default=0) * 8 <= sampled
        if together * 8 <= sampled or (shown and math.prod(n + 1 for n in apart) * 8 <= count):
            return True
    return False


def _codings(
    con: duckdb.DuckDBPyConnection, keys: Sequence[Key], spec: AuditSpec, counted: Counted
) -> dict[str, Coding]:
    codings = {}
    for key in keys:
        words = _words(con, key, spec, counted)
        if key.name == "outcome" and spec.stage and spec.stage.layout == "row_per_stage":
            # Folding left those without an outcome who are pending in their next stage.
            words = [(word, n) for word, n in words if word is not None]
        coding = coding_of(key, spec, words)
        if coding.joined:
            _map_table(con, coding)
        codings[key.name] = coding
    return codings


def _words(
    con: duckdb.DuckDBPyConnection, key: Key, spec: AuditSpec, counted: Counted
) -> list[tuple[object, int]]:
    """Each different raw word with its count, most frequent first; DataInvalid for too many."""
    column, limit = quoted("k_" + key.name), _level_limit(key, spec)
    rows = con.execute(
        f"SELECT {column}, sum({counted.weight})::BIGINT AS total FROM {counted.relation} "
        f"GROUP BY ALL ORDER BY total DESC, {column} LIMIT {(limit or _WORDS) + 2}"
    ).fetchall()
    if limit is not None and sum(word is not None for word, _ in rows) > limit:
        found = con.execute(f"SELECT count(DISTINCT {column}) FROM {counted.relation}").fetchone()
        raise validation.too_many_levels(key.field, key.column, found[0] if found else 0, limit)
    return [(word, int(count)) for word, count in rows]


def _level_limit(key: Key, spec: AuditSpec) -> int | None:
    """The most words that a column of levels as they stand may have."""
    if key.name in _UNDECLARED:
        return spec.limits.axis_levels
    for feature in spec.features:
        if key.name == f"feature_{feature.name}" and feature.levels is None and not feature.age:
            return spec.limits.feature_levels
    return None


def _map_table(con: duckdb.DuckDBPyConnection, coding: Coding) -> None:
    """Words, codes and levels of a long list as a table."""
    rows = [
        f"({literal(word)}, {code}, {literal(coding.levels[code])})"
        for word, code in coding.codes.items()
        if code >= 0 and word is not None
    ]
    table = quoted("map_" + coding.name)
    con.execute(
        f"CREATE TEMP TABLE {table} AS SELECT * FROM (VALUES {', '.join(rows)}) "
        "AS words(word, code, level)"
    )


def _joins(codings: Mapping[str, Coding]) -> str:
    parts = []
    for name, coding in codings.items():
        if coding.joined:
            table = quoted("map_" + name)
            parts.append(f" LEFT JOIN {table} ON {quoted('k_' + name)} = {table}.word")
    return "".join(parts)


def _code(codings: Mapping[str, Coding], coding: Coding, spec: AuditSpec) -> str:
    """A dimension's code in SQL, after the column that decides first."""
    first = _first(codings, coding, spec)
    if first is None:
        return coding.code_sql()
    hit, level = first
    place = coding.levels.index(level)
    return f"CASE WHEN {hit} IS NOT NULL THEN {place}::SMALLINT ELSE {coding.code_sql()} END"


def _level(codings: Mapping[str, Coding], coding: Coding, spec: AuditSpec) -> str:
    first = _first(codings, coding, spec)
    if first is None:
        return coding.level_sql()
    return (
        f"CASE WHEN {first[0]} IS NOT NULL THEN {literal(first[1])} ELSE {coding.level_sql()} END"
    )


def _first(
    codings: Mapping[str, Coding], coding: Coding, spec: AuditSpec
) -> tuple[str, str] | None:
    for feature in spec.features:
        if coding.name == f"feature_{feature.name}" and feature.first:
            return codings[f"first_{feature.name}"].code_sql(), feature.first.level
    return None


def _audit_rows(
    con: duckdb.DuckDBPyConnection,
    codings: Mapping[str, Coding],
    spec: AuditSpec,
    weight: str | None,
) -> None:
    columns = ["candidate", "interviewer"]
    for name in ("period", "job", "location", "stage", "mode", "class"):
        sql = codings[name].level_sql() if name in codings else "NULL"
        columns.append(f"{sql}::VARCHAR AS {name}")
    for name in (*_BOOLEANS, "outcome", "label"):
        sql = codings[name].code_in([1]) if name in codings else "NULL::BOOLEAN"
        columns.append(f"{sql} AS {name}")
    columns.append("performance" if _has_performance(spec) else "NULL::DOUBLE AS performance")
    columns += [f"{quoted('s_' + s.name)} AS {quoted('score__' + s.name)}" for s in spec.scores]
    for name in spec.items.columns if spec.items else ():
        columns.append(f"{quoted('i_' + name)} AS {quoted('item__' + name)}")
    for feature in spec.features:
        sql = _level(codings, codings[f"feature_{feature.name}"], spec)
        columns.append(f"{sql}::VARCHAR AS {quoted('feature__' + feature.name)}")
    source = f"({_copied(weight)}) keyed" if weight else "keyed"
    con.execute(
        f"CREATE TEMP VIEW audit_rows AS SELECT {', '.join(columns)} FROM {source}{_joins(codings)}"
    )


def _copied(weight: str) -> str:
    """One row per application from rows with weights, never many copies of one row at a time."""
    n = quoted(weight)
    pieces = f"SELECT *, unnest(range(0, {n}, {_COPIES})) AS piece FROM keyed"
    copies = f"unnest(range(piece, least({n}, piece + {_COPIES}))) AS copy"
    return f"SELECT * EXCLUDE (piece, copy) FROM (SELECT *, {copies} FROM ({pieces}))"


def _has_performance(spec: AuditSpec) -> bool:
    return bool(spec.performance or (spec.label and spec.label.good_at_least is not None))


def _audit_ratings(
    con: duckdb.DuckDBPyConnection, ratings: Any, spec: AuditSpec, how: Reading
) -> bool:
    part = spec.ratings
    if (part is None) != (ratings is None):
        which = "'ratings' in the specification" if part is None else "the table of ratings"
        raise SpecInvalid(f"question-level scores need both the table and its columns: {which} is "
                          "not given")  # fmt: skip
    if part is None:
        return False
    names = ("candidate", "job", "question", "position", "rubric", "interviewer", "period")
    given = {name: getattr(part, name) for name in names}
    wanted = tuple(dict.fromkeys([c for c in (*given.values(), part.score) if c]))
    source = attach(con, ratings, "ratings_source", wanted, how)
    validation.check_rows(con, Relation("ratings_source"), source.name)
    number = Columns(spec.missing, source.types).number("score", "rating", part.score)
    validation.check_number(con, Relation("ratings_source"), number)
    columns = [
        f"{quoted(column)}::VARCHAR AS {name}" if column else f"NULL::VARCHAR AS {name}"
        for name, column in given.items()
    ]
    con.execute(
        f"CREATE TEMP VIEW audit_ratings AS SELECT {', '.join(columns)}, {number.sql} AS score "
        "FROM ratings_source"
    )
    return True


def _reading_notes(spec: AuditSpec) -> list[Note]:
    notes = []
    if spec.candidate is None:
        text = (
            "No candidate column is named: every row counts as one application, and candidates "
            "who occur twice were not looked for."
        )
        notes.append(Note("duplicates_not_checked", text))
    score = cut_score(spec)
    if score is not None:
        side = "at or above" if score.higher_is_better else "at or below"
        text = (
            f"The data have no outcome: selected means a score {score.name!r} {side} its cut "
            f"{score.cut:g}."
        )
        notes.append(Note("outcome_from_cut", text, {"cut": float(score.cut or 0.0)}))
    return notes
