"""How far interviewers agree: intraclass correlations and Krippendorff's alpha.

A unit is what several interviewers rate: an answer (candidate, job, question), or an interview
(candidate, job; each interviewer's mean over the questions). Units with a single rating tell
nothing about agreement; they are left out and counted. What leaves the database is how often each
combination of ratings occurred, not whose it was.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import f as f_distribution

from audit.errors import InputError
from fairness.intervals import Estimate
from fairness.sql import conditions
from fairness.types import Floats, Interval, Ints, Note


class Unit(StrEnum):
    """What is rated: one answer, or a whole interview (the mean of an interviewer's scores)."""

    ANSWER = "answer"
    INTERVIEW = "interview"


class Scale(StrEnum):
    """How far apart two ratings are: different or not, by ranks, or by their difference."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True)
class RatingPatterns:
    """How many units got each combination of ratings, regardless of whose they are.

    Attributes:
        patterns: rising ratings of a unit, two or more each. counts (p,): units.
        single: units with one rating, in no pattern.
    """

    patterns: tuple[tuple[float, ...], ...]
    counts: Ints
    single: int = 0

    @classmethod
    def of(cls, ratings: NDArray[np.float64]) -> RatingPatterns:
        """From a table (units, raters) with NaN where a rater did not rate."""
        found: dict[tuple[float, ...], int] = {}
        single = 0
        for row in np.asarray(ratings, np.float64):
            given = tuple(sorted(row[~np.isnan(row)].tolist()))
            if len(given) > 1:
                found[given] = found.get(given, 0) + 1
            single += len(given) == 1
        return cls(tuple(found), np.array(list(found.values()), np.int64), single)


@dataclass(frozen=True, slots=True)
class CrossedSums:
    """Sums of squares where each of `raters` rated each of `units`.

    `between_units`, `between_raters`, `error`: of the two-way analysis of variance.
    """

    units: int
    raters: int
    between_units: float
    between_raters: float
    error: float

    @classmethod
    def of(cls, ratings: NDArray[np.float64]) -> CrossedSums:
        """From a complete table (units, raters)."""
        table = np.asarray(ratings, np.float64)
        n, k = table.shape
        mean = table.mean()
        units = k * float(((table.mean(axis=1) - mean) ** 2).sum())
        raters = n * float(((table.mean(axis=0) - mean) ** 2).sum())
        total = float(((table - mean) ** 2).sum())
        return cls(n, k, units, raters, max(total - units - raters, 0.0))


@dataclass(frozen=True, slots=True)
class Icc:
    """An intraclass correlation; None where the ratings do not give one.

    Attributes:
        kind: ICC(1), ICC(2) or ICC(3) of Shrout and Fleiss. units; raters: per unit (the mean that
            the formula uses, where units differ).
        single: reliability of one interviewer's rating. average: of the mean of `raters`.
        p_value: of the F test that units do not differ.
    """

    kind: str
    units: int
    raters: float
    single: Estimate
    average: Estimate
    p_value: float | None
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's alpha: 1 full agreement, 0 as by chance, below 0 worse than by chance.

    `units` and `ratings` that could be compared; `single`: units left out for having one rating.
    """

    scale: Scale
    alpha: Estimate
    units: int
    ratings: int
    single: int
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of interviewers on one kind of unit.

    Attributes:
        one_way: ICC(1), each unit rated by whoever it was. two_way: ICC(2) of the panel of
            interviewers that rated the most units together; None where there is no such panel.
        panel_units: units rated by that panel. alphas: nominal, ordinal and interval.
    """

    unit: Unit
    one_way: Icc
    two_way: Icc | None
    panel_units: int
    alphas: tuple[Alpha, ...]


def agreement(
    connection: duckdb.DuckDBPyConnection,
    unit: Unit = Unit.ANSWER,
    *,
    where: Mapping[str, str] | None = None,
    level: float = 0.95,
    replicates: int = 1000,
    seed: int = 0,
) -> Agreement:
    """Agreement of interviewers in view `audit_ratings`; `where` fixes a job, question, period."""
    patterns = rating_patterns(connection, unit, where=where)
    crossed = crossed_sums(connection, unit, where=where)
    return Agreement(
        unit,
        icc_one_way(patterns, level=level),
        icc_two_way(crossed, level=level) if crossed else None,
        crossed.units if crossed else 0,
        tuple(
            krippendorff_alpha(patterns, scale, level=level, replicates=replicates, seed=seed)
            for scale in Scale
        ),
    )


def _rated_sql(unit: Unit, condition: str) -> str:
    """One row per unit and interviewer: u, interviewer, x."""
    columns = "candidate, job, question" if unit is Unit.ANSWER else "candidate, job"
    return f"""
        WITH rated AS (
            SELECT dense_rank() OVER (ORDER BY {columns}) AS u, interviewer, score
            FROM audit_ratings
            WHERE score IS NOT NULL AND interviewer IS NOT NULL AND {condition}
        ), ratings AS (
            SELECT u, interviewer, round(avg(score), 9) AS x FROM rated GROUP BY u, interviewer
        )"""


def rating_patterns(
    connection: duckdb.DuckDBPyConnection,
    unit: Unit = Unit.ANSWER,
    *,
    where: Mapping[str, str] | None = None,
) -> RatingPatterns:
    """How often each combination of ratings occurs in `audit_ratings`."""
    condition, parameters = conditions(where or {})
    rows = connection.execute(
        f"""{_rated_sql(unit, condition)}
        SELECT p, count(*) FROM (SELECT list(x ORDER BY x) AS p FROM ratings GROUP BY u)
        GROUP BY p ORDER BY p""",
        parameters,
    ).fetchall()
    several = [(tuple(p), n) for p, n in rows if len(p) > 1]
    return RatingPatterns(
        tuple(p for p, _ in several),
        np.array([n for _, n in several], np.int64),
        sum(n for p, n in rows if len(p) == 1),
    )


def crossed_sums(
    connection: duckdb.DuckDBPyConnection,
    unit: Unit = Unit.ANSWER,
    *,
    where: Mapping[str, str] | None = None,
) -> CrossedSums | None:
    """Sums of squares of the panel that rated the most units together; None without a panel."""
    condition, parameters = conditions(where or {})
    row = connection.execute(
        f"""{_rated_sql(unit, condition)}, panels AS (
            SELECT u, list(interviewer ORDER BY interviewer) AS panel FROM ratings GROUP BY u
        ), largest AS (
            SELECT panel FROM panels WHERE len(panel) > 1 GROUP BY panel
            ORDER BY count(*) DESC, panel LIMIT 1
        ), chosen AS (
            SELECT u, interviewer, x FROM ratings JOIN panels USING (u) JOIN largest USING (panel)
        )
        SELECT (SELECT count(DISTINCT u) FROM chosen),
            (SELECT count(DISTINCT interviewer) FROM chosen),
            (SELECT var_pop(m) FROM (SELECT avg(x) AS m FROM chosen GROUP BY u)),
            (SELECT var_pop(m) FROM (SELECT avg(x) AS m FROM chosen GROUP BY interviewer)),
            (SELECT var_pop(x) FROM chosen)""",
        parameters,
    ).fetchone()
    if row is None or row[0] < 2:
        return None
    n, k, by_unit, by_rater, total = row
    size = n * k
    error = max(size * (total - by_unit - by_rater), 0.0)
    return CrossedSums(n, k, size * by_unit, size * by_rater, error)


def icc_one_way(patterns: RatingPatterns, *, level: float = 0.95) -> Icc:
    """ICC(1,1) and ICC(1,k): units rated by different interviewers, one-way random effects.

    (MSB - MSW) / (MSB + (k-1)*MSW) and (MSB - MSW) / MSB, with F intervals. Units with different
    numbers of ratings: k = (N - sum(n^2)/N) / (units - 1), and the interval is approximate. Source:
    Shrout and Fleiss (1979), Psychological Bulletin 86:420; McGraw and Wong (1996), Psychological
    Methods 1:30.
    """
    units = int(patterns.counts.sum())
    nothing = Estimate(None, None)
    if units < 2:
        text = f"{units} units have two ratings or more; two such units are needed."
        return Icc("ICC(1)", units, 0.0, nothing, nothing, None, (Note("few_units", text),))
    table, values = _frequencies(patterns)
    sizes = table.sum(axis=1)
    sums, squares = table @ values, table @ values**2
    n = float(patterns.counts @ sizes)
    mean = float(patterns.counts @ sums) / n
    between = float(patterns.counts @ (sizes * (sums / sizes - mean) ** 2)) / (units - 1)
    within = float(patterns.counts @ np.maximum(squares - sums**2 / sizes, 0.0)) / (n - units)
    k = (n - float(patterns.counts @ sizes**2) / n) / (units - 1)
    notes = _size_notes(sizes, units)
    if within <= 1e-12 * max(between, 1e-300):
        return _perfect("ICC(1)", (units, k), between, level, notes)
    ratio = between / within
    df = (units - 1, n - units)
    low, high = _f_bounds(ratio, df, level)
    return Icc(
        "ICC(1)",
        units,
        k,
        _estimate(_of_ratio(ratio, k), (_of_ratio(low, k), _of_ratio(high, k)), level),
        _estimate(1 - 1 / ratio if ratio else None, (1 - 1 / low, 1 - 1 / high), level),
        float(f_distribution.sf(ratio, *df)),
        notes,
    )


def _of_ratio(ratio: float, k: float) -> float:
    return (ratio - 1) / (ratio + k - 1)


def _f_bounds(ratio: float, df: tuple[float, float], level: float) -> tuple[float, float]:
    """The F ratio divided by the upper, and multiplied by the other upper, quantile."""
    tail = (1 - level) / 2
    low = ratio / float(f_distribution.isf(tail, *df))
    return max(low, 1e-12), max(ratio * float(f_distribution.isf(tail, df[1], df[0])), 1e-12)


def _estimate(
    value: float | None, bounds: tuple[float, float], level: float, method: str = "f"
) -> Estimate:
    if value is None or not all(map(math.isfinite, bounds)):
        return Estimate(value, None)
    return Estimate(value, Interval(min(bounds), max(bounds), level, method))


def _perfect(
    kind: str, size: tuple[int, float], between: float, level: float, notes: tuple[Note, ...]
) -> Icc:
    """All interviewers of each unit agree; or all ratings are the same, which says nothing."""
    nothing = Estimate(None, None)
    if between <= 0:
        note = Note("no_variation", "All ratings are the same, so agreement cannot be told.")
        return Icc(kind, *size, nothing, nothing, None, (*notes, note))
    full = Estimate(1.0, Interval(1.0, 1.0, level, "f"))
    return Icc(kind, *size, full, full, 0.0, notes)


def _size_notes(sizes: Floats, units: int) -> tuple[Note, ...]:
    notes = []
    if sizes.min() != sizes.max():
        text = (
            f"Units have {int(sizes.min())} to {int(sizes.max())} ratings; the interval is "
            "approximate."
        )
        notes.append(Note("unbalanced", text))
    if units < 30:
        text = f"{units} units with two ratings or more: look at the interval, not at the number."
        notes.append(Note("few_units", text, {"units": units}))
    return tuple(notes)


def icc_two_way(sums: CrossedSums, *, level: float = 0.95, fixed: bool = False) -> Icc:
    """ICC(2,1) and ICC(2,k): the same interviewers rated every unit, as a sample of interviewers.

    ICC(2,1) = (MSR - MSE) / (MSR + (k-1)*MSE + k*(MSC - MSE)/n), absolute agreement. `fixed` gives
    ICC(3,1) = (MSR - MSE) / (MSR + (k-1)*MSE), consistency of these interviewers only. Source:
    Shrout and Fleiss (1979), with the interval of ICC(2,1) by Satterthwaite's degrees of freedom;
    McGraw and Wong (1996), with their erratum (1:390).
    """
    n, k = sums.units, sums.raters
    kind = "ICC(3)" if fixed else "ICC(2)"
    if n < 2 or k < 2:
        nothing = Estimate(None, None)
        text = "Two units that two interviewers both rated are needed."
        return Icc(kind, n, k, nothing, nothing, None, (Note("few_units", text),))
    rows = sums.between_units / (n - 1)
    columns = sums.between_raters / (k - 1)
    error = sums.error / ((n - 1) * (k - 1))
    notes = _size_notes(np.array([k], np.float64), n)
    if error <= 1e-12 * max(rows, columns, 1e-300):
        if fixed or columns <= 0:
            return _perfect(kind, (n, float(k)), rows, level, notes)
        error = 0.0
    df = (n - 1, (n - 1) * (k - 1))
    p_value = float(f_distribution.sf(rows / error, *df)) if error else 0.0
    if fixed:
        ratio = rows / error
        low, high = _f_bounds(ratio, df, level)
        single = _estimate(_of_ratio(ratio, k), (_of_ratio(low, k), _of_ratio(high, k)), level)
    else:
        single = _absolute(sums, (rows, columns, error), level)
    return Icc(kind, n, float(k), single, _stepped_up(single, k), p_value, notes)


def _absolute(sums: CrossedSums, squares: tuple[float, float, float], level: float) -> Estimate:
    """ICC(2,1) with its interval."""
    n, k = sums.units, sums.raters
    rows, columns, error = squares
    value = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    if not error:
        return Estimate(value, None)
    ratio = columns / error
    part = n * (1 + (k - 1) * value) - k * value
    above = (k - 1) * (n - 1) * (k * value * ratio + part) ** 2
    below = (n - 1) * k**2 * value**2 * ratio**2 + part**2
    df = above / below
    tail = (1 - level) / 2
    first = float(f_distribution.isf(tail, n - 1, df))
    second = float(f_distribution.isf(tail, df, n - 1))
    rest = k * columns + (k * n - k - n) * error
    low = n * (rows - first * error) / (first * rest + n * rows)
    high = n * (second * rows - error) / (rest + n * second * rows)
    return _estimate(value, (low, high), level, "f, satterthwaite")


def _stepped_up(single: Estimate, k: int) -> Estimate:
    """Reliability of the mean of k ratings: k*r / (1 + (k-1)*r). Spearman (1910), Brown (1910)."""

    def stepped(r: float) -> float | None:
        below = 1 + (k - 1) * r
        return k * r / below if below > 0 else None

    value = None if single.value is None else stepped(single.value)
    bounds = single.interval
    if value is None or bounds is None:
        return Estimate(value, None)
    low, high = stepped(bounds.low), stepped(bounds.high)
    if low is None or high is None:
        return Estimate(value, None)
    return Estimate(value, Interval(low, high, bounds.level, bounds.method))


def _frequencies(patterns: RatingPatterns) -> tuple[csr_array, Floats]:
    """How often each value occurs in each pattern (p, v), and the values, rising."""
    flat = np.array([x for p in patterns.patterns for x in p], np.float64)
    rows = np.repeat(np.arange(len(patterns.patterns)), [len(p) for p in patterns.patterns])
    values, columns = np.unique(flat, return_inverse=True)
    shape = (len(patterns.patterns), len(values))
    table = csr_array((np.ones(len(flat)), (rows, columns)), shape=shape)
    table.sum_duplicates()
    return table, values


def krippendorff_alpha(
    patterns: RatingPatterns,
    scale: Scale = Scale.INTERVAL,
    *,
    level: float = 0.95,
    replicates: int = 1000,
    seed: int = 0,
) -> Alpha:
    """Krippendorff's alpha = 1 - observed / expected disagreement, any number of ratings per unit.

    Observed: sum over units of the pairs' squared distances / (m_u - 1); expected: the same over
    all pairs of ratings / (n - 1). Distances: 1 or 0 (nominal); the number of ratings between,
    counting half of those at both ends (ordinal); the difference (interval). The interval takes
    quantiles of `replicates` resamples of the units. Source: Krippendorff (2019), Content Analysis
    (4th ed.), chapter 12; Hayes and Krippendorff (2007), Communication Methods and Measures 1:77.
    """
    if replicates < 0:
        raise InputError(f"replicates must be 0 or more, not {replicates}")
    units = int(patterns.counts.sum())
    if not units:
        note = Note("few_units", "No unit has two ratings or more.")
        return Alpha(scale, Estimate(None, None), 0, 0, patterns.single, (note,))
    table, values = _frequencies(patterns)
    ratings = int(patterns.counts @ table.sum(axis=1))
    value = _alpha(table, values, patterns.counts.astype(np.float64), scale)
    bounds, notes = None, []
    if value is None:
        note = Note("no_variation", "All ratings are the same, so agreement cannot be told.")
        notes.append(note)
    elif units > 1 and replicates:
        rng = np.random.default_rng(seed)
        shares = patterns.counts / units
        drawn = [
            _alpha(table, values, rng.multinomial(units, shares).astype(np.float64), scale)
            for _ in range(replicates)
        ]
        told = np.array([a for a in drawn if a is not None])
        low, high = np.quantile(told, [(1 - level) / 2, (1 + level) / 2])
        bounds = Interval(float(low), float(high), level, "unit bootstrap")
    if value is not None and units < 30:
        text = f"{units} units with two ratings or more: look at the interval, not at the number."
        notes.append(Note("few_units", text, {"units": units}))
    return Alpha(scale, Estimate(value, bounds), units, ratings, patterns.single, tuple(notes))


def _alpha(table: csr_array, values: Floats, weights: Floats, scale: Scale) -> float | None:
    """Alpha of the patterns, each occurring `weights` times; None where all ratings are alike."""
    sizes = table.sum(axis=1)
    persons = table.T @ weights
    n = float(persons.sum())
    if scale is Scale.NOMINAL:
        squares = table.power(2).sum(axis=1)
        observed = float(weights @ ((sizes**2 - squares) / (sizes - 1)))
        expected = n * n - float(persons @ persons)
    else:
        place = values if scale is Scale.INTERVAL else np.cumsum(persons) - persons / 2
        place = place - float(persons @ place) / n
        spread = np.maximum(table @ place**2 - (table @ place) ** 2 / sizes, 0.0)
        observed = float(weights @ (2 * sizes / (sizes - 1) * spread))
        expected = 2 * n * float(persons @ place**2)
    if expected <= 1e-12 * n:
        return None
    return 1 - (n - 1) * observed / expected
