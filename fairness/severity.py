"""How severe each interviewer is, and whether that changes over time.

Each score is first taken against the mean of its question in its job, then averaged per interview
and interviewer. These are compared within units by least squares on interviewer and unit effects:

- within interviews, where several interviewers met the same candidate: candidates cancel out;
- within jobs, where each candidate met one interviewer: it then also shows whom an interviewer
  happened to meet, and says so.

A deviation above 0 is lenient, below 0 severe, in points, against the other interviewers that are
linked by common units. Uncertain deviations are drawn towards 0 by empirical Bayes (Morris 1983,
JASA 78:47); raw ones of few interviews vary most and would always lead a ranking.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.stats import chi2, norm
from scipy.stats import t as t_distribution

from fairness.intervals import Estimate, z_value
from fairness.multiplicity import benjamini_hochberg, holm
from fairness.significance import ChiSquare
from fairness.sql import conditions
from fairness.types import Floats, Interval, Ints, Note

MOST_INTERVIEWERS = 3000
"""More interviewers (times periods) are not compared; the linear system grows with the square."""
_ENOUGH_SHARED = 0.5


class Within(StrEnum):
    """What interviewers are compared within; `auto` takes interviews where half have several."""

    AUTO = "auto"
    INTERVIEW = "interview"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Severity:
    """One interviewer; deviations in points, above 0 lenient.

    Attributes:
        interviews: compared with others'. deviation: least squares, with a t interval.
        shrunk: drawn towards 0 by empirical Bayes, with a normal interval.
        p_value: that the deviation is 0; holm, benjamini_hochberg: corrected over interviewers.
        stands_out: Holm's p below alpha.
    """

    interviewer: str
    interviews: int
    deviation: Estimate
    shrunk: Estimate
    p_value: float | None
    holm: float | None
    benjamini_hochberg: float | None
    stands_out: bool


@dataclass(frozen=True, slots=True)
class SeverityDrift:
    """One interviewer over periods.

    Attributes:
        periods, deviations: against the colleagues of each period. change: points per period, by
            weighted least squares, with a normal interval. steady: chi-square of one deviation in
            all periods. p_value of `change`, holm: corrected over the interviewers.
    """

    interviewer: str
    periods: tuple[str, ...]
    deviations: tuple[Estimate, ...]
    change: Estimate
    steady: ChiSquare
    p_value: float
    holm: float | None
    drifts: bool


@dataclass(frozen=True, slots=True)
class SeverityTable:
    """All interviewers, the most severe first.

    Attributes:
        within: what they were compared within. spread: standard deviation of true deviations.
        residual: standard deviation of one interview's score around unit and interviewer.
        sets: groups of interviewers linked by common units; only deviations within one set compare.
    """

    within: Within
    interviewers: tuple[Severity, ...]
    spread: float | None
    residual: float | None
    sets: int
    drift: tuple[SeverityDrift, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class SeveritySums:
    """What the least squares needs, summed over units; no candidate is in it.

    Attributes:
        nodes (r,): interviewers, or (interviewer, period). scores (r,): interviews of each.
        shared (r, r): sum over units of n_j * n_k / n, with n_j interviews of j in the unit.
        excess (r,): sum over units of j's scores less n_j times the unit's mean.
        total: sum of squares around the units' means. observations, units: with two nodes or more.
        alone: units with one node, which compare nothing.
    """

    nodes: tuple[tuple[str, ...], ...]
    scores: Ints
    shared: NDArray[np.float64]
    excess: Floats
    total: float
    observations: int
    units: int
    alone: int


@dataclass(frozen=True, slots=True)
class _Solved:
    """Deviations (r,), their variances (r,), residual degrees of freedom and variance, sets."""

    deviations: Floats
    variances: Floats
    df: int
    residual: float
    sets: int


def severity(
    connection: duckdb.DuckDBPyConnection,
    within: Within = Within.AUTO,
    *,
    where: Mapping[str, str] | None = None,
    alpha: float = 0.05,
    level: float = 0.95,
) -> SeverityTable:
    """Severity and drift of every interviewer in view `audit_ratings`."""
    kind, shared_note = _chosen(connection, within, where or {})
    sums = severity_sums(connection, kind, where=where)
    table = severity_of(sums, kind, alpha=alpha, level=level)
    over_time = severity_sums(connection, kind, where=where, by_period=True)
    drift = severity_drift(over_time, alpha=alpha, level=level)
    return replace(table, drift=drift, notes=(*shared_note, *table.notes))


def _observed_sql(condition: str, by_period: bool) -> str:
    """One row per interview and interviewer: mean score above the mean of the same questions."""
    period = "coalesce(period::VARCHAR, '')" if by_period else "''"
    return f"""
        WITH centred AS (
            SELECT candidate, job, interviewer::VARCHAR AS interviewer, {period} AS period,
                score - avg(score) OVER (PARTITION BY job, question) AS y
            FROM audit_ratings
            WHERE score IS NOT NULL AND interviewer IS NOT NULL AND {condition}
        ), observed AS (
            SELECT candidate, job, interviewer, period, avg(y) AS y FROM centred GROUP BY ALL
        )"""


def _chosen(
    connection: duckdb.DuckDBPyConnection, within: Within, where: Mapping[str, str]
) -> tuple[Within, tuple[Note, ...]]:
    kind = within
    if within is Within.AUTO:
        condition, parameters = conditions(where)
        several, units = connection.execute(
            f"""{_observed_sql(condition, False)} SELECT count(*) FILTER (n > 1), count(*) FROM (
                SELECT count(DISTINCT interviewer) AS n FROM observed GROUP BY candidate, job)""",
            parameters,
        ).fetchone() or (0, 0)
        kind = Within.INTERVIEW if several >= _ENOUGH_SHARED * max(units, 1) else Within.JOB
    if kind is Within.INTERVIEW:
        return kind, ()
    text = (
        "Interviewers are compared within jobs, since most candidates met one interviewer: a "
        "deviation also shows whom an interviewer happened to meet. Let two interviewers score "
        "some of the same interviews to tell the two apart."
    )
    return kind, (Note("single_interviewer", text),)


def severity_sums(
    connection: duckdb.DuckDBPyConnection,
    within: Within,
    *,
    where: Mapping[str, str] | None = None,
    by_period: bool = False,
) -> SeveritySums:
    """One pass over view `audit_ratings` into the sums of `severity_of`."""
    condition, parameters = conditions(where or {})
    unit = "candidate, job, period" if within is Within.INTERVIEW else "job, period"
    prepared = f"""{_observed_sql(condition, by_period)}, cells AS (
            SELECT dense_rank() OVER (ORDER BY {unit}) AS u, interviewer, period, y FROM observed
        ), sums AS (
            SELECT u, interviewer, period, count(*) AS n, sum(y) AS s, sum(y * y) AS q
            FROM cells GROUP BY u, interviewer, period
        ), units AS (
            SELECT u, sum(n) AS m, sum(s) AS total, count(*) AS nodes FROM sums GROUP BY u
        ), kept AS (SELECT * FROM sums JOIN units USING (u) WHERE nodes > 1)"""
    nodes = connection.execute(
        f"""{prepared} SELECT interviewer, period, sum(n), sum(s - n * total / m)
        FROM kept GROUP BY ALL ORDER BY ALL""",
        parameters,
    ).fetchall()
    totals = (
        connection.execute(
            f"""{prepared} SELECT (SELECT sum(q) FROM kept),
            (SELECT sum(total * total / m) FROM units WHERE nodes > 1),
            (SELECT sum(m) FROM units WHERE nodes > 1),
            (SELECT count(*) FROM units WHERE nodes > 1),
            (SELECT count(*) FROM units WHERE nodes = 1)""",
            parameters,
        ).fetchone()
        or (None,) * 5
    )
    names = tuple((row[0], row[1]) if by_period else (row[0],) for row in nodes)
    pairs = []
    if len(nodes) <= MOST_INTERVIEWERS:
        pairs = connection.execute(
            f"""{prepared} SELECT a.interviewer, a.period, b.interviewer, b.period,
                sum(a.n * b.n / a.m) FROM kept a JOIN kept b ON a.u = b.u GROUP BY ALL""",
            parameters,
        ).fetchall()
    return _sums(names, nodes, pairs, totals)


def _sums(
    names: tuple[tuple[str, ...], ...],
    nodes: Sequence[tuple[Any, ...]],
    pairs: Sequence[tuple[Any, ...]],
    totals: tuple[Any, ...],
) -> SeveritySums:
    place = {(row[0], row[1]): i for i, row in enumerate(nodes)}
    size = len(names) if pairs else 0
    shared = np.zeros((size, size))
    for first, first_period, second, second_period, weight in pairs:
        shared[place[first, first_period], place[second, second_period]] = weight
    squares, means, observations, units, alone = (float(v or 0) for v in totals)
    return SeveritySums(
        names,
        np.array([row[2] for row in nodes], np.int64),
        shared,
        np.array([row[3] for row in nodes], np.float64),
        max(squares - means, 0.0),
        int(observations),
        int(units),
        int(alone),
    )


def _solve(sums: SeveritySums) -> _Solved | None:
    """Least squares on unit and node effects; deviations sum to 0 within each linked set."""
    size = len(sums.nodes)
    if not size or sums.shared.shape != (size, size):
        return None
    matrix = np.diag(sums.scores.astype(np.float64)) - sums.shared
    sets, members = connected_components(np.abs(sums.shared) > 0, directed=False)
    deviations, inverse = np.zeros(size), np.zeros(size)
    for number in range(sets):
        own = np.flatnonzero(members == number)
        # The set's Laplacian has the constant as its null space; adding it there inverts the rest.
        level = np.full((len(own), len(own)), 1 / len(own))
        pseudo = np.linalg.inv(matrix[np.ix_(own, own)] + level) - level
        deviations[own] = pseudo @ sums.excess[own]
        inverse[own] = np.diag(pseudo)
    df = sums.observations - sums.units - (size - sets)
    if df <= 0:
        return None
    left = max(sums.total - float(sums.excess @ deviations), 0.0)
    residual = left / df
    return _Solved(deviations, residual * np.maximum(inverse, 0.0), df, residual, sets)


def severity_of(
    sums: SeveritySums, within: Within, *, alpha: float = 0.05, level: float = 0.95
) -> SeverityTable:
    """Deviations of interviewers, shrunk by the variance of true deviations.

    Least squares: (diag(n) - shared) d = excess. Variance of true deviations: mean(d^2 - var(d)),
    0 at least. Shrunk: d * V/(V + var), with variance V*var/(V + var).
    """
    solved = _solve(sums)
    if solved is None:
        return SeverityTable(within, (), None, None, 0, (), (_unsolved(sums),))
    free = len(sums.nodes) - solved.sets
    spread = (
        max(float(np.sum(solved.deviations**2 - solved.variances)) / free, 0.0) if free else 0.0
    )
    rows = [_severity(sums, solved, i, spread=spread, level=level) for i in range(len(sums.nodes))]
    by_holm = holm([row.p_value for row in rows])
    by_share = benjamini_hochberg([row.p_value for row in rows])
    rows = [
        replace(row, holm=h, benjamini_hochberg=b, stands_out=h is not None and h < alpha)
        for row, h, b in zip(rows, by_holm, by_share, strict=True)
    ]
    rows.sort(key=lambda row: (row.shrunk.value or 0.0, row.interviewer))
    return SeverityTable(
        within,
        tuple(rows),
        math.sqrt(spread),
        math.sqrt(solved.residual),
        solved.sets,
        (),
        _table_notes(sums, solved, within),
    )


def _severity(
    sums: SeveritySums, solved: _Solved, i: int, *, spread: float, level: float
) -> Severity:
    value, variance = float(solved.deviations[i]), float(solved.variances[i])
    error = math.sqrt(variance)
    half = float(t_distribution.isf((1 - level) / 2, solved.df)) * error
    weight = spread / (spread + variance) if spread + variance > 0 else 0.0
    drawn = weight * value
    half_drawn = z_value(level) * math.sqrt(weight * variance)
    p_value = float(2 * t_distribution.sf(abs(value) / error, solved.df)) if error else None
    return Severity(
        sums.nodes[i][0],
        int(sums.scores[i]),
        Estimate(value, Interval(value - half, value + half, level, "t")),
        Estimate(drawn, Interval(drawn - half_drawn, drawn + half_drawn, level, "empirical bayes")),
        p_value,
        None,
        None,
        False,
    )


def _unsolved(sums: SeveritySums) -> Note:
    if len(sums.nodes) > MOST_INTERVIEWERS:
        text = f"{len(sums.nodes)} interviewers are more than the {MOST_INTERVIEWERS} that compare."
        return Note("too_many_interviewers", text, {"interviewers": len(sums.nodes)})
    text = "No candidate or job has ratings of enough different interviewers to compare them."
    return Note("nothing_to_compare", text, {"alone": sums.alone})


def _table_notes(sums: SeveritySums, solved: _Solved, within: Within) -> tuple[Note, ...]:
    notes = []
    if sums.alone:
        name = "interviews" if within is Within.INTERVIEW else "jobs"
        text = f"{sums.alone} {name} had one interviewer and compare nothing."
        notes.append(Note("one_interviewer", text, {name: sums.alone}))
    if solved.sets > 1:
        text = (
            f"Interviewers fall into {solved.sets} sets that never rated in common; a deviation is "
            "against the own set only."
        )
        notes.append(Note("separate_sets", text, {"sets": solved.sets}))
    return tuple(notes)


def severity_drift(
    sums: SeveritySums, *, alpha: float = 0.05, level: float = 0.95
) -> tuple[SeverityDrift, ...]:
    """How each interviewer's deviation changes, against the colleagues of each period.

    `sums` by (interviewer, period). Weights are 1/variance, and periods, in the order of their
    names, are taken as one apart. Interviewers with one period are left out.
    """
    solved = _solve(sums)
    if solved is None:
        return ()
    order = {p: i for i, p in enumerate(sorted({node[1] for node in sums.nodes}))}
    own: dict[str, list[int]] = {}
    for i, (interviewer, _) in enumerate(sums.nodes):
        if solved.variances[i] > 0:
            own.setdefault(interviewer, []).append(i)
    rows = [
        _drift(name, [sums.nodes[i][1] for i in at], (order, at), solved, level)
        for name, at in sorted(own.items())
        if len(at) > 1
    ]
    return tuple(
        replace(row, holm=h, drifts=h is not None and h < alpha)
        for row, h in zip(rows, holm([row.p_value for row in rows]), strict=True)
    )


def _drift(
    name: str,
    periods: list[str],
    where: tuple[dict[str, int], list[int]],
    solved: _Solved,
    level: float,
) -> SeverityDrift:
    order, at = where
    time = np.array([order[p] for p in periods], np.float64)
    values, variances = solved.deviations[at], solved.variances[at]
    weights = 1 / variances
    mean = float(np.average(values, weights=weights))
    away = time - float(np.average(time, weights=weights))
    slope = float((weights * away) @ values / ((weights * away) @ away))
    error = 1 / math.sqrt(float((weights * away) @ away))
    homogeneity = float(weights @ (values - mean) ** 2)
    half = z_value(level) * error
    spreads = z_value(level) * np.sqrt(variances)
    return SeverityDrift(
        name,
        tuple(periods),
        tuple(
            Estimate(float(v), Interval(float(v - s), float(v + s), level, "normal"))
            for v, s in zip(values, spreads, strict=True)
        ),
        Estimate(slope, Interval(slope - half, slope + half, level, "normal")),
        ChiSquare(homogeneity, len(at) - 1, float(chi2.sf(homogeneity, len(at) - 1))),
        float(2 * norm.sf(abs(slope) / error)),
        None,
        False,
    )
