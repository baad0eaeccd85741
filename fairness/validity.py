"""Does the score go with later performance, alike in every group, and better than before?

Everything is computed from `Moments` (x the score, y the performance). Persons whose performance is
known are mostly those who were hired: their scores vary less, which makes correlations smaller;
`corrected` undoes that where the scores' standard deviation among all assessed is known.

Signs: a prediction error is performance less prediction. Above 0 the group does better than its
scores predict (it is underpredicted); below 0 it is overpredicted.

Sources: UGESP, 29 CFR 1607.14B (criterion validity; fairness of selection procedures, 14B(8));
Cleary (1968), Journal of Educational Measurement 5:115; SIOP Principles (2018).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

from audit.errors import InputError
from fairness.impact_notes import group_name
from fairness.intervals import Estimate, z_value
from fairness.types import Group, Interval, Moments, Note, ScoreCounts

FEWEST_FOR_CORRELATION = 4
_ALPHA = 0.05
_NOTHING = Estimate(None, None)


@dataclass(frozen=True, slots=True)
class FTest:
    """An F statistic, its degrees of freedom, p, and the R2 that the larger model gains."""

    statistic: float
    df1: int
    df2: int
    p_value: float
    delta_r2: float


@dataclass(frozen=True, slots=True)
class GroupValidity:
    """One group; None where it has too few persons or no variation, and `notes` say so.

    Attributes:
        persons: with both score and performance.
        correlation: Pearson's r with Fisher's z interval. corrected: for restricted range, by
            Thorndike's case 2, where the standard deviation among all assessed was given.
        slope, intercept: of performance on score, with t intervals.
        standard_error: of the estimate, the residuals' standard deviation (n - 2).
        error_common: mean of performance less what one line for everybody predicts (Cleary's
            definition), with its interval. error_reference: the same under the reference group's
            line, at this group's mean score; None for the reference itself.
    """

    group: Group
    persons: int
    correlation: Estimate
    corrected: Estimate
    slope: Estimate
    intercept: Estimate
    standard_error: float | None
    error_common: Estimate
    error_reference: Estimate
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class ValidityTable:
    """Every group, and whether one line holds for all of them.

    Attributes:
        overall: all persons of the table as one group.
        one_line: separate lines against one line. slopes: separate slopes against parallel lines.
            intercepts: parallel lines against one line. None with fewer than two usable groups.
        correlations_differ: chi-square p of one correlation for all groups (Hedges and Olkin).
    """

    features: tuple[str, ...]
    reference: Group | None
    overall: GroupValidity
    groups: tuple[GroupValidity, ...]
    one_line: FTest | None
    slopes: FTest | None
    intercepts: FTest | None
    correlations_differ: float | None
    words: str
    notes: tuple[Note, ...]

    def group(self, *levels: str) -> GroupValidity:
        """The group with these levels."""
        return next(row for row in self.groups if row.group == levels)


@dataclass(frozen=True, slots=True)
class _Sums:
    """The moments of one group as plain numbers."""

    n: int
    mean_x: float
    mean_y: float
    sxx: float
    syy: float
    sxy: float

    @property
    def fits(self) -> bool:
        """Whether a line can be drawn: three persons and varying scores."""
        return self.n >= 3 and self.sxx > 0

    @property
    def slope(self) -> float:
        return self.sxy / self.sxx

    @property
    def residual(self) -> float:
        """Sum of squared residuals around the group's own line."""
        return max(self.syy - self.sxy**2 / self.sxx, 0.0)

    def predict(self, x: float) -> float:
        return self.mean_y + self.slope * (x - self.mean_x)


def _sums(moments: Moments, i: int) -> _Sums:
    parts = (moments.mean_x, moments.mean_y, moments.sxx, moments.syy, moments.sxy)
    return _Sums(int(moments.n[i]), *(float(p[i]) for p in parts))


def _pooled(groups: list[_Sums]) -> _Sums:
    """All groups as one, by Chan's update."""
    n = sum(g.n for g in groups)
    if not n:
        return _Sums(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    mean_x = math.fsum(g.n * g.mean_x for g in groups) / n
    mean_y = math.fsum(g.n * g.mean_y for g in groups) / n
    away = [(g.n, g.mean_x - mean_x, g.mean_y - mean_y) for g in groups]
    return _Sums(
        n,
        mean_x,
        mean_y,
        math.fsum(g.sxx for g in groups) + math.fsum(k * x * x for k, x, _ in away),
        math.fsum(g.syy for g in groups) + math.fsum(k * y * y for k, _, y in away),
        math.fsum(g.sxy for g in groups) + math.fsum(k * x * y for k, x, y in away),
    )


def validity(
    moments: Moments,
    *,
    reference: Group | None = None,
    unrestricted_sd: Mapping[Group, float] | None = None,
    level: float = 0.95,
) -> ValidityTable:
    """Validity by group, and the moderated regression of performance on score and group.

    `reference`: whose line the others are predicted by (None: the group with the most persons).
    `unrestricted_sd`: of the score among all assessed, per group; see `score_deviations`.
    """
    sums = [_sums(moments, i) for i in range(len(moments.groups))]
    base = _reference(moments, reference)
    together = _pooled(sums)
    lines = [s for s in sums if s.fits]
    within = _mean_square(lines)
    rows = []
    for i, group in enumerate(moments.groups):
        row = _group(group, sums[i], (unrestricted_sd or {}).get(group), level)
        rows.append(
            replace(
                row,
                error_common=_common_error(sums[i], together, within, level),
                error_reference=_reference_error(sums[i], sums[base], level)
                if base is not None and base != i
                else _NOTHING,
            )
        )
    tests = _line_tests(lines)
    return ValidityTable(
        features=moments.features,
        reference=None if base is None else moments.groups[base],
        overall=_group(("all",), together, (unrestricted_sd or {}).get(("all",)), level),
        groups=tuple(rows),
        one_line=tests[0],
        slopes=tests[1],
        intercepts=tests[2],
        correlations_differ=_correlations_differ(sums),
        words=_words(tests, rows),
        notes=_notes(len(lines), len(sums), unrestricted_sd),
    )


def score_deviations(scores: ScoreCounts) -> dict[Group, float]:
    """Standard deviation (n - 1) of a score among all assessed of each group, and of `("all",)`.

    From histograms; with bins it includes the grouping error (about width^2/24 of variance).
    """
    result: dict[Group, float] = {}
    everybody = scores.counts.sum(axis=0)
    for group, counts in [*zip(scores.groups, scores.counts, strict=True), (("all",), everybody)]:
        n = int(counts.sum())
        if n > 1:
            mean = float(counts @ scores.values) / n
            result[group] = math.sqrt(float(counts @ (scores.values - mean) ** 2) / (n - 1))
    return result


def _reference(moments: Moments, wanted: Group | None) -> int | None:
    if wanted is not None:
        if wanted not in moments.groups:
            raise InputError(f"the reference group {group_name(wanted)} is not in the table")
        return moments.groups.index(wanted)
    return int(np.argmax(moments.n)) if len(moments.n) and moments.n.max() else None


def correlation(n: int, r: float, *, level: float = 0.95) -> Estimate:
    """r with Fisher's interval tanh(atanh(r) +- z/sqrt(n - 3)); no interval under 4 persons.

    r = 1 or -1 gives an interval of that one point. Source: Fisher (1921), Metron 1:3.
    """
    if n < FEWEST_FOR_CORRELATION:
        return Estimate(r, None)
    if abs(r) >= 1:
        return Estimate(r, Interval(r, r, level, "fisher z"))
    spread = z_value(level) / math.sqrt(n - 3)
    middle = math.atanh(r)
    bounds = Interval(math.tanh(middle - spread), math.tanh(middle + spread), level, "fisher z")
    return Estimate(r, bounds)


def thorndike_case_2(r: float, ratio: float) -> float:
    """r in the unrestricted group: r*u / sqrt(1 + r^2*(u^2 - 1)), u = SD unrestricted / restricted.

    Direct selection on the score, the same slope and residuals over the whole range. Source:
    Thorndike (1949), Personnel Selection, 173; Sackett and Yang (2000), Journal of Applied
    Psychology 85:112.
    """
    return r * ratio / math.sqrt(1 + r * r * (ratio * ratio - 1))


def _corrected(found: Estimate, restricted: float, unrestricted: float | None) -> Estimate:
    if unrestricted is None or found.value is None or not restricted:
        return _NOTHING
    ratio = unrestricted / restricted
    bounds = found.interval
    if bounds is not None:
        bounds = Interval(
            thorndike_case_2(bounds.low, ratio),
            thorndike_case_2(bounds.high, ratio),
            bounds.level,
            "fisher z, thorndike case 2",
        )
    return Estimate(thorndike_case_2(found.value, ratio), bounds)


def _r(s: _Sums) -> float | None:
    if s.n < 3 or s.sxx <= 0 or s.syy <= 0:
        return None
    return min(max(s.sxy / math.sqrt(s.sxx * s.syy), -1.0), 1.0)


def _group(group: Group, s: _Sums, unrestricted: float | None, level: float) -> GroupValidity:
    r = _r(s)
    found = _NOTHING if r is None else correlation(s.n, r, level=level)
    deviation = math.sqrt(s.sxx / (s.n - 1)) if s.n > 1 else 0.0
    slope, intercept, error = _line(s, level)
    return GroupValidity(
        group=group,
        persons=s.n,
        correlation=found,
        corrected=_corrected(found, deviation, unrestricted),
        slope=slope,
        intercept=intercept,
        standard_error=error,
        error_common=_NOTHING,
        error_reference=_NOTHING,
        notes=_group_notes(group, s),
    )


def _group_notes(group: Group, s: _Sums) -> tuple[Note, ...]:
    name = group_name(group)
    if s.n < 3:
        text = f"{name}: {s.n} persons with score and performance, too few for a correlation."
        return (Note("few_persons", text, {"persons": s.n}),)
    if s.sxx <= 0 or s.syy <= 0:
        which = "score" if s.sxx <= 0 else "performance"
        return (Note("no_variation", f"{name}: everybody has the same {which}."),)
    if s.n < 30:
        text = f"{name}: {s.n} persons; an interval this wide says little about validity."
        return (Note("small_group", text, {"persons": s.n}),)
    return ()


def _line(s: _Sums, level: float) -> tuple[Estimate, Estimate, float | None]:
    """Slope, intercept, and the standard error of estimate; ordinary least squares."""
    if not s.fits:
        return _NOTHING, _NOTHING, None
    variance = s.residual / (s.n - 2)
    wide = float(t_distribution.isf((1 - level) / 2, s.n - 2))
    at_zero = s.predict(0.0)
    spread = wide * math.sqrt(variance / s.sxx)
    spread_zero = wide * math.sqrt(variance * (1 / s.n + s.mean_x**2 / s.sxx))
    return (
        Estimate(s.slope, Interval(s.slope - spread, s.slope + spread, level, "t")),
        Estimate(at_zero, Interval(at_zero - spread_zero, at_zero + spread_zero, level, "t")),
        math.sqrt(variance),
    )


def _mean_square(lines: list[_Sums]) -> tuple[float, int] | None:
    """Residual mean square around every group's own line, and its degrees of freedom."""
    df = sum(s.n - 2 for s in lines)
    return (math.fsum(s.residual for s in lines) / df, df) if df > 0 else None


def _common_error(
    s: _Sums, together: _Sums, within: tuple[float, int] | None, level: float
) -> Estimate:
    """Mean residual of one group around one line for everybody.

    Its variance is that of least squares: MSE * (1/n - 1/N - (mean_x - Mean_x)^2 / SXX), with the
    mean square within groups.
    """
    if not s.n or not together.fits or within is None:
        return _NOTHING
    value = s.mean_y - together.predict(s.mean_x)
    share = 1 / s.n - 1 / together.n - (s.mean_x - together.mean_x) ** 2 / together.sxx
    spread = float(t_distribution.isf((1 - level) / 2, within[1])) * math.sqrt(
        within[0] * max(share, 0.0)
    )
    return Estimate(value, Interval(value - spread, value + spread, level, "t"))


def _reference_error(s: _Sums, base: _Sums, level: float) -> Estimate:
    """Mean performance less what the reference group's line predicts at the group's mean score.

    Variance: s_group^2/n + s_ref^2*(1/n_ref + (mean_x - mean_x_ref)^2/sxx_ref), by Welch's degrees
    of freedom; s are standard errors of estimate.
    """
    if not s.n or not base.fits:
        return _NOTHING
    value = s.mean_y - base.predict(s.mean_x)
    if not s.fits:
        return Estimate(value, None)
    own = s.residual / (s.n - 2) / s.n
    away = 1 / base.n + (s.mean_x - base.mean_x) ** 2 / base.sxx
    other = base.residual / (base.n - 2) * away
    if own + other <= 0:
        return Estimate(value, Interval(value, value, level, "welch t"))
    df = (own + other) ** 2 / (own**2 / (s.n - 2) + other**2 / (base.n - 2))
    spread = float(t_distribution.isf((1 - level) / 2, df)) * math.sqrt(own + other)
    return Estimate(value, Interval(value - spread, value + spread, level, "welch t"))


def _line_tests(lines: list[_Sums]) -> tuple[FTest | None, FTest | None, FTest | None]:
    """One line, slopes, intercepts: F tests of nested regressions.

    Separate lines: sum(syy - sxy^2/sxx), N - 2g degrees. Parallel lines: sum(syy) - sum(sxy)^2 /
    sum(sxx), N - g - 1. One line: the same of all persons as one group, N - 2. Source: Cleary
    (1968); the order of the tests is Lautenschlager and Mendoza's (1986), Applied Psychological
    Measurement 10:133.
    """
    if len(lines) < 2:
        return None, None, None
    g = len(lines)
    together = _pooled(lines)
    xx, xy, yy = (math.fsum(getattr(s, name) for s in lines) for name in ("sxx", "sxy", "syy"))
    separate = (math.fsum(s.residual for s in lines), together.n - 2 * g)
    parallel = (max(yy - xy * xy / xx, 0.0), together.n - g - 1)
    one = (together.residual, together.n - 2)
    total = together.syy
    return (
        _f_test(one, separate, total),
        _f_test(parallel, separate, total),
        _f_test(one, parallel, total),
    )


def _f_test(small: tuple[float, int], large: tuple[float, int], total: float) -> FTest | None:
    """The larger model (fewer degrees left) against the smaller; None without residuals."""
    (left_small, df_small), (left, df) = small, large
    df1 = df_small - df
    if df <= 0 or left <= 1e-12 * total or df1 <= 0:
        return None
    statistic = max(left_small - left, 0.0) / df1 / (left / df)
    gained = max(left_small - left, 0.0) / total
    return FTest(statistic, df1, df, float(f_distribution.sf(statistic, df1, df)), gained)


def _correlations_differ(sums: list[_Sums]) -> float | None:
    """p of one correlation for all groups: sum((n - 3)*(z - mean z)^2) is chi-square, g - 1.

    Source: Hedges and Olkin (1985), Statistical Methods for Meta-Analysis, section 11.B.
    """
    usable = [(s.n - 3, r) for s in sums if s.n > 3 and (r := _r(s)) is not None and abs(r) < 1]
    if len(usable) < 2:
        return None
    weights = np.array([w for w, _ in usable], np.float64)
    z = np.arctanh(np.array([r for _, r in usable]))
    spread = float(weights @ (z - np.average(z, weights=weights)) ** 2)
    return float(chi2.sf(spread, len(usable) - 1))


def _words(tests: tuple[FTest | None, ...], rows: list[GroupValidity]) -> str:
    _, slopes, intercepts = tests
    if slopes is None and intercepts is None:
        return "The groups' lines cannot be compared: fewer than two groups have enough persons."
    if slopes is not None and slopes.p_value < _ALPHA:
        return (
            "How much the score says about performance differs between the groups "
            f"(slopes, p = {slopes.p_value:.2g}).{_errors(rows)}"
        )
    if intercepts is not None and intercepts.p_value < _ALPHA:
        return (
            "The same score goes with different performance in different groups "
            f"(intercepts, p = {intercepts.p_value:.2g}).{_errors(rows)}"
        )
    smallest = min(row.persons for row in rows if row.slope.value is not None)
    return (
        "No difference between the groups' lines was found; the smallest group in this comparison "
        f"has {smallest} persons, and these tests miss much in small groups."
    )


def _errors(rows: list[GroupValidity]) -> str:
    """Which groups one line for everybody under- and overpredicts, by their intervals."""
    parts = []
    for row in rows:
        bounds = row.error_common.interval
        if bounds is not None and (bounds.low > 0 or bounds.high < 0):
            way = "underpredicts" if bounds.low > 0 else "overpredicts"
            parts.append(f"{way} {group_name(row.group)} by {abs(row.error_common.value or 0):.3g}")
    return f" One line for everybody {', '.join(parts)}." if parts else ""


def _notes(lines: int, groups: int, given: Mapping[Group, float] | None) -> tuple[Note, ...]:
    text = (
        "Performance is mostly known only for persons who were hired, whose scores vary less; "
        "correlations are then too small, and more so in a group that was selected more sharply. "
    )
    text += (
        "`corrected` holds under direct selection on this score and a straight line."
        if given
        else "Give the scores' standard deviation among all assessed to correct them."
    )
    notes = [Note("range_restriction", text)]
    if lines < groups:
        left_out = "of fewer than three persons or without variation are not in the line tests."
        notes.append(Note("groups_left_out", f"{groups - lines} groups {left_out}"))
    return tuple(notes)
