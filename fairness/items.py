"""Answers to the questions of an interview, counted per group and matching score.

Differential item functioning asks whether persons of two groups who are alike on the whole get
different scores on one question. "Alike on the whole" is the matching score: the sum over the
anchor questions and the question itself (Holland and Thayer 1988 include it), or, as the rest
score, without the question. Purifying takes questions that function differently out of the anchor.

Each count is one aggregate query over the validated views of `fairness.rows`; no person leaves it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import duckdb
import numpy as np
from numpy.typing import NDArray

from audit.errors import DataInvalid
from fairness.sources import quoted
from fairness.sql import conditions, level_columns, levels_known, levels_listed
from fairness.types import Floats, Group, ItemCounts, Note

MOST_MATCHING_LEVELS = 64
"""More distinct matching scores than this are put into bins of equal width."""
MOST_ANSWER_LEVELS = 20
"""More distinct scores of one question than this are put into bins of equal width."""
MOST_GROUPS = 500
_PERSONS_PER_BIN, _FEWEST_BINS, _MOST_BINS = 25, 5, 50


@dataclass(frozen=True, slots=True)
class Matching:
    """How the matching score is made.

    Attributes:
        rest: leave the studied question out of its own matching score.
        missing: `complete` counts only persons who answered every question and matches on the
            sum; `available` matches on the mean of what was answered (at least half of the
            questions); `auto` takes `complete` where at least half of those who answered any
            question answered all.
    """

    rest: bool = False
    missing: str = "auto"

    def __post_init__(self) -> None:
        """Refuse a `missing` that is none of the three."""
        if self.missing not in ("auto", "complete", "available"):
            raise DataInvalid("missing must be 'auto', 'complete' or 'available'")


@dataclass(frozen=True, slots=True)
class ItemTables:
    """Counts of every question under one anchor.

    Attributes:
        anchor: names of the questions that make the matching score.
        persons: in the tables; `left_out`: who answered some question but is in no table, because
            a feature is unknown or (with complete matching) an answer is missing.
    """

    items: tuple[ItemCounts, ...]
    anchor: tuple[str, ...]
    persons: int
    left_out: int
    notes: tuple[Note, ...]


class Answers(Protocol):
    """Answers that can be counted under any anchor."""

    @property
    def names(self) -> tuple[str, ...]:
        """The questions that somebody answered, in a fixed order."""

    def tables(self, anchor: Collection[str] | None = None) -> ItemTables:
        """Counts of every question; the matching score is made of `anchor` (None: of all)."""


@dataclass(frozen=True, slots=True)
class _Source:
    """SQL that yields one row per person and answer.

    Columns: `unit` (the person), `item` (number), `x` (score), `a` and `c` (sum and number of the
    person's answers within the anchor), `s` (size of the anchor for this item's questionnaire),
    `whole` (the person answered the whole questionnaire), `known` and the levels f0, f1, ...
    """

    sql: str
    parameters: list[Any]


class _Counted(ABC):
    """Answers in a view; the tables of the whole anchor are made once."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        features: Sequence[str],
        *,
        matching: Matching | None = None,
        where: Mapping[str, str] | None = None,
    ) -> None:
        self._connection = connection
        self._features = tuple(features)
        self._matching = matching or Matching()
        self._where = dict(where or {})
        self._whole: ItemTables | None = None

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The questions that somebody answered, in a fixed order."""

    @abstractmethod
    def _counted(self, chosen: tuple[str, ...]) -> ItemTables:
        """The tables with the matching score made of `chosen`."""

    def tables(self, anchor: Collection[str] | None = None) -> ItemTables:
        """Counts of every question; the matching score is made of `anchor` (None: of all)."""
        chosen = _anchor(self.names, anchor)
        if chosen != self.names:
            return self._counted(chosen)
        # Every comparison of two groups begins with the whole anchor.
        self._whole = self._whole or self._counted(chosen)
        return self._whole


class WideAnswers(_Counted):
    """Answers in columns `item__<name>` of view `audit_rows`, one row per person."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        features: Sequence[str],
        *,
        matching: Matching | None = None,
        where: Mapping[str, str] | None = None,
    ) -> None:
        """Count by `features` over the rows in which each axis of `where` has the given level."""
        super().__init__(connection, features, matching=matching, where=where)
        self._names = self._answered()

    @property
    def names(self) -> tuple[str, ...]:
        """The questions that somebody answered, in the order of the view's columns."""
        return self._names

    def _answered(self) -> tuple[str, ...]:
        found = self._connection.execute("SELECT * FROM audit_rows LIMIT 0").description or []
        columns = [c[0] for c in found if c[0].startswith("item__")]
        if not columns:
            return ()
        condition, parameters = conditions(self._where)
        counts = ", ".join(f"count({quoted(c)})" for c in columns)
        sql = f"SELECT {counts} FROM audit_rows WHERE {condition}"
        row = _one(self._connection, sql, parameters)
        return tuple(c.removeprefix("item__") for c, n in zip(columns, row, strict=True) if n)

    def _counted(self, chosen: tuple[str, ...]) -> ItemTables:
        if not self._names:
            return _nothing()
        condition, parameters = conditions(self._where)
        levels = level_columns(self._features)
        columns = [f"{quoted('item__' + n)} AS x{i}" for i, n in enumerate(self._names)]
        kept = [i for i, n in enumerate(self._names) if n in chosen]
        everybody = range(len(self._names))
        structs = ", ".join(f"{{'item': {i}, 'x': x{i}}}" for i in everybody)
        sql = f"""
            WITH answered AS (
                SELECT row_number() OVER () AS unit, {", ".join([*levels, *columns])}
                FROM audit_rows WHERE {condition}
            )
            SELECT unit, answer.item AS item, answer.x AS x, a, c, {len(kept)} AS s, whole, known,
                {levels_listed(self._features)}
            FROM (
                SELECT *, {_sum(f"coalesce(x{i}, 0)" for i in kept)} AS a,
                    {_sum(f"(x{i} IS NOT NULL)::INT" for i in kept)} AS c,
                    {" AND ".join(f"x{i} IS NOT NULL" for i in everybody)} AS whole,
                    {levels_known(self._features)} AS known,
                    unnest([{structs}]) AS answer
                FROM answered
            ) WHERE answer.x IS NOT NULL"""
        return _count(
            self._connection,
            _Source(sql, parameters),
            names=self._names,
            anchor=chosen,
            how=(self._features, self._matching),
        )


class RatedAnswers(_Counted):
    """Answers in view `audit_ratings`, one row per candidate, job, question and interviewer.

    A person's answer has the mean of its interviewers' scores. A question belongs to its job and
    is named `job: question`; the matching score is made within the job.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        features: Sequence[str],
        *,
        matching: Matching | None = None,
        where: Mapping[str, str] | None = None,
    ) -> None:
        """Count by `features`, within the ratings whose `job` or `period` is as in `where`."""
        super().__init__(connection, features, matching=matching, where=where)
        condition, parameters = conditions(self._where)
        rows = connection.execute(
            "SELECT job, question FROM audit_ratings "
            f"WHERE score IS NOT NULL AND {condition} GROUP BY ALL ORDER BY ALL",
            parameters,
        ).fetchall()
        self._questions = tuple((job, question) for job, question in rows)

    @property
    def names(self) -> tuple[str, ...]:
        """The questions that somebody answered, by job."""
        return tuple(question_name(job, question) for job, question in self._questions)

    def _counted(self, chosen: tuple[str, ...]) -> ItemTables:
        if not self._questions:
            return _nothing()
        condition, parameters = conditions(self._where)
        listed = [
            {"job": job, "question": question, "item": i, "anchored": name in chosen}
            for i, ((job, question), name) in enumerate(
                zip(self._questions, self.names, strict=True)
            )
        ]
        sql = f"""
            WITH listed AS (
                SELECT entry.*, sum(entry.anchored::INT) OVER (PARTITION BY entry.job) AS s,
                    count(*) OVER (PARTITION BY entry.job) AS size
                FROM (SELECT unnest(?) AS entry)
            ), answers AS (
                SELECT candidate, job, question, avg(score) AS x FROM audit_ratings
                WHERE score IS NOT NULL AND {condition} GROUP BY ALL
            ), placed AS (
                SELECT answers.*, item, anchored, s, size FROM answers
                JOIN listed ON listed.question = answers.question
                    AND listed.job IS NOT DISTINCT FROM answers.job
            ), totals AS (
                SELECT candidate, job, coalesce(sum(x) FILTER (anchored), 0) AS a,
                    count(x) FILTER (anchored) AS c, count(*) = any_value(size) AS whole
                FROM placed GROUP BY ALL
            ), persons AS (
                SELECT candidate, {", ".join(level_columns(self._features, "min({})"))}
                FROM audit_rows GROUP BY candidate
            )
            SELECT placed.candidate || '/' || coalesce(placed.job, '') AS unit,
                item, x, a, c, s, whole, {levels_known(self._features)} AS known,
                {levels_listed(self._features)}
            FROM placed JOIN totals ON totals.candidate = placed.candidate
                AND totals.job IS NOT DISTINCT FROM placed.job
            LEFT JOIN persons ON persons.candidate = placed.candidate"""
        return _count(
            self._connection,
            _Source(sql, [listed, *parameters]),
            names=self.names,
            anchor=chosen,
            how=(self._features, self._matching),
        )


def question_name(job: str | None, question: str) -> str:
    """How a question of a job is named: `job: question`, or `question` where no job is known."""
    return f"{job}: {question}" if job is not None else question


def answers_from_arrays(
    feature: str,
    levels: Sequence[str | None],
    *,
    names: Sequence[str],
    scores: NDArray[Any],
    matching: Matching | None = None,
) -> WideAnswers:
    """Answers given as an array (persons, questions), NaN where missing, and persons' levels."""
    # pandas takes a second to import, and answers in tables do without it.
    import pandas as pd

    table: dict[str, Any] = {f"feature__{feature}": pd.Series(list(levels), dtype=object)}
    values = np.asarray(scores, np.float64)
    table |= {f"item__{name}": values[:, i] for i, name in enumerate(names)}
    connection = duckdb.connect()
    connection.register("given", pd.DataFrame(table))
    columns = ", ".join(
        f"CASE WHEN isnan({quoted(c)}) THEN NULL ELSE {quoted(c)} END AS {quoted(c)}"
        for c in table
        if c.startswith("item__")
    )
    level = quoted(f"feature__{feature}")
    connection.execute(f"CREATE TABLE audit_rows AS SELECT {level}, {columns} FROM given")
    connection.unregister("given")
    return WideAnswers(connection, (feature,), matching=matching)


def _sum(terms: Any) -> str:
    return " + ".join(terms) or "0"


def _one(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]
) -> tuple[Any, ...]:
    row: tuple[Any, ...] = connection.execute(sql, list(parameters)).fetchone() or ()
    return row


def _anchor(names: tuple[str, ...], anchor: Collection[str] | None) -> tuple[str, ...]:
    if anchor is None:
        return names
    strange = sorted(set(anchor) - set(names))
    if strange:
        raise DataInvalid(f"anchor questions that nobody answered: {', '.join(strange)}")
    return tuple(name for name in names if name in anchor)


def _nothing() -> ItemTables:
    return ItemTables((), (), 0, 0, (Note("no_answers", "Nobody answered any question."),))


def _count(
    connection: duckdb.DuckDBPyConnection,
    source: _Source,
    *,
    names: tuple[str, ...],
    anchor: tuple[str, ...],
    how: tuple[tuple[str, ...], Matching],
) -> ItemTables:
    """What both kinds of answers share: who counts, the bins, and the one aggregate.

    `how`: the features and the matching.
    """
    features, matching = how
    sql = f"""SELECT count(DISTINCT unit), count(DISTINCT unit) FILTER (known),
        count(DISTINCT unit) FILTER (known AND whole) FROM ({source.sql})"""
    anybody, known, whole = _one(connection, sql, source.parameters)
    available = matching.missing == "available" or (
        matching.missing == "auto" and 2 * whole < known
    )
    inside = [i for i, name in enumerate(names) if name in anchor]
    matched = _matched(source, inside, available=available, rest=matching.rest)
    scales, notes = _scales(connection, matched, names)
    rows = connection.execute(
        f"""SELECT item, {_binned("x")}, {_binned("m")}, count(*), {levels_listed(features)}
        FROM ({matched.sql}) JOIN (SELECT unnest(?, recursive := true)) USING (item)
        GROUP BY ALL""",
        [*matched.parameters, scales],
    ).fetchall()
    persons = known if available else whole
    return ItemTables(
        _item_counts(rows, names, features),
        anchor,
        persons,
        anybody - persons,
        (*_person_notes(anybody, known, persons, available=available), *notes),
    )


def _matched(source: _Source, inside: list[int], *, available: bool, rest: bool) -> _Source:
    """The answers with their matching score `m`; answers that have none are left out."""
    own = f"list_contains({inside}::INT[], item::INT)"
    if rest:
        total, answered, size = (f"{c} - if({own}, {d}, 0)" for c, d in _OWN)
    else:
        total, answered, size = (f"{c} + if({own}, 0, {d})" for c, d in _OWN)
    score = f"({total}) / ({answered})" if available else total
    enough = f"2 * ({answered}) >= {size}" if available else "whole"
    sql = f"""
        SELECT * REPLACE (x::DOUBLE AS x), round(({score})::DOUBLE, 9) AS m FROM ({source.sql})
        WHERE known AND ({answered}) > 0 AND {enough}"""
    return _Source(sql, source.parameters)


# The person's sum, number of answers and size of the anchor, and what the own question adds.
_OWN = (("a", "x"), ("c", "1"), ("s", "1"))


def _scales(
    connection: duckdb.DuckDBPyConnection, matched: _Source, names: tuple[str, ...]
) -> tuple[list[dict[str, float]], list[Note]]:
    """Where each question's bins begin and how wide they are; a width of 0 keeps exact scores."""
    sql = f"""SELECT item, count(*), approx_count_distinct(m), min(m), max(m),
        approx_count_distinct(x), min(x), max(x) FROM ({matched.sql})
        GROUP BY item ORDER BY item"""
    rows = connection.execute(sql, matched.parameters).fetchall()
    scales, matched_in_bins, answers_in_bins = [], [], []
    for item, n, matching_levels, m_low, m_high, levels, x_low, x_high in rows:
        bins = min(max(n // _PERSONS_PER_BIN, _FEWEST_BINS), _MOST_BINS)
        if matching_levels <= MOST_MATCHING_LEVELS:
            bins = 0
        else:
            matched_in_bins.append(names[item])
        answer_bins = MOST_ANSWER_LEVELS if levels > MOST_ANSWER_LEVELS else 0
        if answer_bins:
            answers_in_bins.append(names[item])
        scales.append(
            {
                "item": item,
                **_scale("m", m_low, m_high, bins),
                **_scale("x", x_low, x_high, answer_bins),
            }
        )
    return scales, _bin_notes(matched_in_bins, answers_in_bins)


def _scale(name: str, low: float, high: float, bins: int) -> dict[str, float]:
    width = (high - low) / bins if bins else 0.0
    return {f"{name}_low": float(low), f"{name}_width": width, f"{name}_bins": bins}


def _binned(name: str) -> str:
    """The score itself, or the middle of its bin; the last bin holds its upper end."""
    place = f"least(floor(({name} - {name}_low) / {name}_width), {name}_bins - 1) + 0.5"
    return f"if({name}_width = 0, {name}, {name}_low + {name}_width * ({place}))"


def _bin_notes(matched: list[str], answers: list[str]) -> list[Note]:
    notes = []
    if matched:
        text = (
            f"{len(matched)} questions have more than {MOST_MATCHING_LEVELS} matching scores; they "
            "were put into bins of equal width, so persons are matched less closely."
        )
        notes.append(Note("matching_in_bins", text, {"questions": len(matched)}))
    if answers:
        text = (
            f"{len(answers)} questions have more than {MOST_ANSWER_LEVELS} different scores; they "
            f"were put into {MOST_ANSWER_LEVELS} bins of equal width."
        )
        notes.append(Note("answers_in_bins", text, {"questions": len(answers)}))
    return notes


def _person_notes(anybody: int, known: int, persons: int, *, available: bool) -> list[Note]:
    notes = []
    if anybody > known:
        text = f"{anybody - known} persons with answers are in no group: a level is unknown."
        notes.append(Note("unknown_group", text, {"persons": anybody - known}))
    if available:
        text = (
            "Less than half of the persons answered every question, or this was asked for: persons "
            "are matched on the mean of what they answered, at least half of the questions. Two "
            "persons with the same mean of different questions may not be alike."
        )
        notes.append(Note("matched_on_available", text))
    elif known > persons:
        text = f"{known - persons} persons are left out because an answer is missing."
        notes.append(Note("incomplete_answers", text, {"persons": known - persons}))
    return notes


def _item_counts(
    rows: list[tuple[Any, ...]], names: tuple[str, ...], features: tuple[str, ...]
) -> tuple[ItemCounts, ...]:
    """Rows (item, level, matching, persons, f0, f1, ...) as arrays; all items have all groups."""
    groups: tuple[Group, ...] = tuple(sorted({tuple(map(str, row[4:])) for row in rows}))
    if len(groups) > MOST_GROUPS:
        raise DataInvalid(
            f"answers by {' x '.join(features)} fall into {len(groups)} groups, more than "
            f"{MOST_GROUPS}: use fewer features together, or join levels"
        )
    place = {group: i for i, group in enumerate(groups)}
    by_item: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_item.setdefault(row[0], []).append(row)
    result = []
    for item, own in sorted(by_item.items()):
        levels, level = _coded([row[1] for row in own])
        matching, matched = _coded([row[2] for row in own])
        counts = np.zeros((len(groups), len(matching), len(levels)), np.int64)
        at = np.array([place[tuple(map(str, row[4:]))] for row in own], np.intp)
        np.add.at(counts, (at, matched, level), [row[3] for row in own])
        result.append(ItemCounts(features, groups, names[item], matching, levels, counts))
    return tuple(result)


def _coded(values: list[float]) -> tuple[Floats, NDArray[np.intp]]:
    found, codes = np.unique(np.array(values, np.float64), return_inverse=True)
    return found, codes


@dataclass(frozen=True, slots=True)
class Purification:
    """How the anchor was purified.

    Attributes:
        tables: the counts under the last anchor.
        rounds: how often questions were counted again; `converged`: the last round took out the
            questions that the round before had.
        flagged: the questions to take out after each round, from the first count on.
    """

    tables: ItemTables
    rounds: int
    converged: bool
    flagged: tuple[tuple[str, ...], ...]
    notes: tuple[Note, ...]


def purify(
    answers: Answers, flag: Callable[[Sequence[ItemCounts]], Collection[str]], *, rounds: int = 10
) -> Purification:
    """Take flagged questions out of the anchor and count again, until the flags stay.

    A flagged question is still studied, matched on the anchor and itself. Stops after `rounds`
    (the last counts are kept), or where no question would be left in the anchor. Source: Holland
    and Thayer (1988); iterative: Candell and Drasgow (1988), Applied Psychological Measurement
    12:253; the stopping rule is that of Magis et al. (2010), Behavior Research Methods 42:847.
    """
    tables = answers.tables()
    history = [tuple(flag(tables.items))]
    while history[-1] and len(history) <= rounds:
        anchor = [name for name in answers.names if name not in history[-1]]
        if not anchor:
            text = "Every question was flagged, so no anchor is left; the last one was kept."
            return _purified(tables, history, Note("no_anchor_left", text))
        tables = answers.tables(anchor)
        history.append(tuple(flag(tables.items)))
        if set(history[-1]) == set(history[-2]):
            return Purification(tables, len(history) - 1, True, tuple(history), ())
    if not history[-1] and len(history) == 1:
        return Purification(tables, 0, True, tuple(history), ())
    text = (
        f"Purification did not settle within {len(history) - 1} rounds: the flagged questions "
        "changed each time. The results are those of the last round."
    )
    return _purified(tables, history, Note("purification_unsettled", text))


def _purified(tables: ItemTables, history: list[tuple[str, ...]], note: Note) -> Purification:
    return Purification(tables, len(history) - 1, False, tuple(history), (note,))
