"""The part of an audit that needs more than the cube: single questions, interviews, alternatives.

Each reads aggregates by SQL over the views of `fairness.rows`; nobody's row leaves here, except for
the search for alternatives, which works on arrays and returns counts and estimates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.errors import InputError
from fairness.agreement import Agreement, Unit, agreement
from fairness.alternatives import ScoredSample, SearchPlan, search_alternatives
from fairness.cube import Cube
from fairness.dif import DifPolicy, DifTable, all_dif, largest_group, mantel_haenszel_dif
from fairness.dif_logistic import LogisticTable, purified_logistic_dif
from fairness.items import Answers, RatedAnswers, WideAnswers
from fairness.result import AlternativesAudit, AuditSettings
from fairness.rows import Rows
from fairness.severity import SeverityTable, severity
from fairness.sources import quoted
from fairness.structure import InterviewStructure, interview_structure
from fairness.types import Floats, Group, Ints, Note

# Regressions that an audit fits at most; Mantel-Haenszel covers the rest.
MOST_REGRESSIONS = 400
# Persons that the search for alternatives reads; it samples from them.
MOST_SEARCHED = 200_000


@dataclass(frozen=True, slots=True)
class RowParts:
    """Everything that was worked out while the rows were open."""

    dif: tuple[DifTable, ...] = ()
    logistic_dif: tuple[LogisticTable, ...] = ()
    structure: tuple[InterviewStructure, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    severity: SeverityTable | None = None
    alternatives: tuple[AlternativesAudit, ...] = ()
    notes: tuple[Note, ...] = ()


def answers_of(rows: Rows, feature: str) -> Answers | None:
    """The answers to single questions, from columns or from the table of ratings."""
    if rows.items:
        return WideAnswers(rows.con, [feature])
    if rows.has_ratings:
        return RatedAnswers(rows.con, [feature])
    return None


def dif_of_rows(
    rows: Rows, feature: str, settings: AuditSettings
) -> Iterator[DifTable | LogisticTable | Note]:
    """Every question for every group of a feature, purified."""
    answers = answers_of(rows, feature)
    if answers is None:
        return
    if len(answers.names) < 3:
        text = f"{len(answers.names)} questions are too few to match persons on their sum."
        yield Note("too_few_questions", text, {"questions": len(answers.names)})
        return
    policy = DifPolicy(alpha=settings.alpha, level=settings.level)
    tables = all_dif(answers, policy=policy)
    yield from tables
    fits = 0
    for table in tables:
        fits += len(table.items)
        if fits > MOST_REGRESSIONS:
            text = (
                f"Questions by {feature}: regressions were fitted for the first "
                f"{MOST_REGRESSIONS} pairs of question and group only."
            )
            yield Note("regressions_bounded", text, {"feature": feature})
            return
        yield purified_logistic_dif(answers, table.focal, reference=table.reference, policy=policy)


def dif_of_cube(cube: Cube, feature: str, settings: AuditSettings) -> Iterator[DifTable]:
    """The same from counts alone: matched on the sum of all questions, without purifying."""
    items = cube.items((feature,))
    reference = largest_group(items)
    if len(items) < 3 or reference is None:
        return
    policy = DifPolicy(alpha=settings.alpha, level=settings.level)
    for group in items[0].groups:
        if group != reference and any(i.counts[i.groups.index(group)].sum() for i in items):
            yield mantel_haenszel_dif(items, group, reference=reference, policy=policy)


def interviews(rows: Rows, settings: AuditSettings) -> Iterator[InterviewStructure]:
    """Whether every candidate of a job got the same interview, once per feature."""
    if rows.has_ratings:
        for feature in rows.features:
            yield interview_structure(rows.con, [feature], level=settings.level)


def raters(rows: Rows, settings: AuditSettings) -> tuple[tuple[Agreement, ...], SeverityTable]:
    """Agreement and severity of the interviewers in the table of ratings."""
    found = tuple(
        agreement(rows.con, unit, level=settings.level, seed=settings.seed) for unit in Unit
    )
    return found, severity(rows.con, alpha=settings.alpha, level=settings.level)


def has_interviewers(rows: Rows) -> bool:
    """Whether ratings name who gave them."""
    return bool(rows.has_ratings and rows.spec.ratings and rows.spec.ratings.interviewer)


def alternatives(rows: Rows, settings: AuditSettings) -> Iterator[AlternativesAudit | Note]:
    """The search over each feature's groups, for the first score (or the sum of the questions)."""
    names, columns = _searched(rows)
    if not names:
        yield Note("no_score_to_search", "There is no score to search alternatives to.")
        return
    label = "performance" if _has(rows, "performance") else "label::INTEGER::DOUBLE"
    for feature in rows.features:
        sample = _sample(rows, feature, names, columns, label)
        try:
            found = search_alternatives(
                sample,
                SearchPlan(
                    level=settings.level,
                    seed=settings.seed,
                    exclude_under=settings.exclude_under_share or 0.02,
                ),
            )
        except InputError as error:
            text = f"Alternatives by {feature} were not searched: {error}."
            yield Note("alternatives_not_searched", text, {"feature": feature})
            continue
        if isinstance(found, Note):
            yield found
        else:
            yield AlternativesAudit((feature,), " + ".join(names), found)


def _searched(rows: Rows) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if rows.items:
        return rows.items, tuple(f"item__{i}" for i in rows.items)
    return rows.scores[:1], tuple(f"score__{s}" for s in rows.scores[:1])


def _has(rows: Rows, column: str) -> bool:
    found = rows.con.execute(f"SELECT count({column}) FROM audit_rows").fetchone()
    return bool(found and found[0])


def _sample(
    rows: Rows, feature: str, names: tuple[str, ...], columns: tuple[str, ...], label: str
) -> ScoredSample:
    """Persons with a known outcome; of many, some drawn by a hash that no score can lean on."""
    listed = ", ".join(quoted(c) for c in columns)
    outcome = "outcome::INTEGER"
    known = f"coalesce({quoted('feature__' + feature)}, '')"
    found = rows.con.execute(
        f"SELECT {known} AS g, {outcome} AS o, {label} AS y, {listed} "
        f"FROM audit_rows WHERE outcome IS NOT NULL OR {quoted(columns[0])} IS NOT NULL "
        f"ORDER BY {_draw(rows)}, {listed}, y, g, o LIMIT {MOST_SEARCHED}"
    ).fetchnumpy()
    levels = rows.levels(feature)
    place = {level: i for i, level in enumerate(levels)}
    group: Ints = np.array([place.get(str(word), -1) for word in found["g"]], np.int64)
    groups: tuple[Group, ...] = tuple((level,) for level in levels)
    items = np.column_stack([_floats(found[c]) for c in columns])
    chosen = _floats(found["o"])
    decided = chosen[np.isfinite(chosen)]
    share = float(decided.mean()) if len(decided) else 0.5
    weights = _weights(rows, items, names)
    return ScoredSample(names, items, group, groups, _floats(found["y"]), weights, share)


def _draw(rows: Rows) -> str:
    """What orders the persons by chance: their id, or their place where they have none."""
    named = rows.con.execute("SELECT count(candidate) FROM audit_rows").fetchone()
    return "hash(candidate)" if named and named[0] else "hash(row_number() OVER ())"


def _floats(column: object) -> Floats:
    return np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)


def _weights(rows: Rows, items: Floats, names: tuple[str, ...]) -> Floats:
    """Equal weights in the favourable direction of the score."""
    better = rows.spec.scores[0].higher_is_better if rows.spec.scores else True
    return np.full(len(names), 1.0 if better else -1.0)
