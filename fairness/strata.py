"""Two groups compared within strata: Cochran-Mantel-Haenszel, common odds ratio, Breslow-Day.

A stratum (a job, a site, a month) informs only if it has persons of both groups and neither nobody
nor everybody of them was selected; the others are left out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from fairness.intervals import Estimate, z_value
from fairness.rates import Pair
from fairness.significance import ChiSquare
from fairness.types import Group, Interval, Note, StrataCounts

if TYPE_CHECKING:
    from statsmodels.stats.contingency_tables import StratifiedTable

# An expected cell rounds to 0 under odds ratios beyond 1e9 or so.
_LEAST_CELL = 1e-9


@dataclass(frozen=True, slots=True)
class StratifiedTest:
    """Two groups over strata; None where the strata do not give a number, and `notes` say why.

    Attributes:
        cmh, cmh_corrected: Cochran-Mantel-Haenszel chi-square, 1 degree of freedom, without and
            with the continuity correction of 1/2.
        odds_ratio: the Mantel-Haenszel common odds ratio, focal over reference, with the
            Robins-Breslow-Greenland interval.
        breslow_day, tarone: homogeneity of the odds ratios; Tarone's is the corrected one.
        strata_used, strata_left_out: how many strata informed, and how many did not.
    """

    cmh: ChiSquare | None
    cmh_corrected: ChiSquare | None
    odds_ratio: Estimate
    breslow_day: ChiSquare | None
    tarone: ChiSquare | None
    strata_used: int
    strata_left_out: int
    notes: tuple[Note, ...]


def pairs_by_stratum(strata: StrataCounts, focal: Group, *, reference: Group) -> tuple[Pair, ...]:
    """The focal and the reference group in every stratum, in the order of `strata.strata`."""
    first, second = strata.groups.index(focal), strata.groups.index(reference)
    columns = (strata.selected, strata.assessed)
    x1, n1 = (part[:, first].tolist() for part in columns)
    x2, n2 = (part[:, second].tolist() for part in columns)
    return tuple(Pair(*cells) for cells in zip(x1, n1, x2, n2, strict=True))


def stratified_test(pairs: Sequence[Pair], *, level: float = 0.95) -> StratifiedTest:
    """Tests of two groups over strata, one `Pair` each.

    CMH = (|sum(x1 - n1*X/N)| - c)^2 / sum(n1*n2*X*(N-X) / (N^2*(N-1))), c = 0 or 1/2 (the corrected
    one is 0 where the sum is within 1/2). Sources:
    Cochran (1954), Biometrics 10:417; Mantel and Haenszel (1959), JNCI 22:719; Robins, Breslow and
    Greenland (1986), Biometrics 42:311; Breslow and Day (1980), Statistical Methods in Cancer
    Research I, section 4.4; Tarone (1985), Biometrika 72:91.
    """
    # statsmodels and its pandas take longer to import than most audits to run without strata.
    from statsmodels.stats.contingency_tables import StratifiedTable

    used = [pair for pair in pairs if not pair.degenerate]
    left_out = len(pairs) - len(used)
    if not used:
        return _uninformed(left_out)
    notes = [_left_out_note(left_out, len(pairs))] if left_out else []
    table = StratifiedTable(_tables(used))
    odds_ratio, odds_notes = _common_odds_ratio(used, table, level)
    common = odds_ratio.value if len(used) > 1 else None
    if len(used) == 1:
        text = "Homogeneity over strata needs at least two strata with information."
        notes.append(Note("one_stratum", text))
    departs = abs(math.fsum(p.gap / p.assessed for p in used)) > 0.5
    return StratifiedTest(
        cmh=_chi_square(table.test_null_odds(correction=False), 1),
        cmh_corrected=(
            _chi_square(table.test_null_odds(correction=True), 1)
            if departs
            else ChiSquare(0.0, 1, 1.0)
        ),
        odds_ratio=odds_ratio,
        breslow_day=_homogeneity(used, common, adjust=False) if common else None,
        tarone=_homogeneity(used, common, adjust=True) if common else None,
        strata_used=len(used),
        strata_left_out=left_out,
        notes=(*notes, *odds_notes),
    )


def _tables(pairs: Sequence[Pair]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """2 x 2 x k tables: rows focal and reference, columns selected and not."""
    cells = [[[p.x1, p.n1 - p.x1], [p.x2, p.n2 - p.x2]] for p in pairs]
    return np.moveaxis(np.array(cells, np.float64), 0, 2)


def _chi_square(result: Any, df: int) -> ChiSquare:
    """statsmodels' statistic; its p is 1 - cdf, which is 0 far out, so the tail is asked anew."""
    return ChiSquare(float(result.statistic), df, float(chdtrc(df, result.statistic)))


def _homogeneity(used: Sequence[Pair], odds_ratio: float, *, adjust: bool) -> ChiSquare:
    """Breslow-Day sum((x1 - e)^2 / v); Tarone's subtracts sum(x1 - e)^2 / sum(v).

    e is the focal count of a stratum that has the common odds ratio. statsmodels' closed form of
    it divides by 1 - odds_ratio and has no answer at an odds ratio of 1.
    """
    away, variances = [], []
    for p in used:
        expected = _expected_focal(p, odds_ratio)
        cells = (expected, p.n1 - expected, p.selected - expected, p.n2 - p.selected + expected)
        away.append(p.x1 - expected)
        variances.append(1 / math.fsum(1 / max(cell, _LEAST_CELL) for cell in cells))
    statistic = math.fsum(d * d / v for d, v in zip(away, variances, strict=True))
    if adjust:
        # Not below 0 but for rounding.
        statistic = max(statistic - math.fsum(away) ** 2 / math.fsum(variances), 0.0)
    df = len(used) - 1
    return ChiSquare(statistic, df, float(chdtrc(df, statistic)))


def _expected_focal(p: Pair, odds_ratio: float) -> float:
    """The e with e*(n2 - X + e) = odds_ratio*(n1 - e)*(X - e), by the root that stays exact."""
    a = 1 - odds_ratio
    b = p.n2 - p.selected + odds_ratio * (p.n1 + p.selected)
    c = -odds_ratio * p.n1 * p.selected
    root = math.sqrt(b * b - 4 * a * c)
    return -2 * c / (b + root) if b >= 0 else (root - b) / (2 * a)


def _common_odds_ratio(
    used: Sequence[Pair], table: StratifiedTable, level: float
) -> tuple[Estimate, list[Note]]:
    upper = sum(p.x1 * (p.n2 - p.x2) / p.assessed for p in used)
    lower = sum(p.x2 * (p.n1 - p.x1) / p.assessed for p in used)
    if upper and lower:
        low, high = table.oddsratio_pooled_confint(alpha=1 - level)
        bounds = Interval(float(low), float(high), level, "robins-breslow-greenland")
        return Estimate(upper / lower, bounds), []
    text = (
        "The common odds ratio has a zero on one side in every stratum, so it has no finite "
        "interval and its homogeneity cannot be tested."
    )
    return Estimate(0.0 if lower else None, None), [Note("one_sided_strata", text)]


def _left_out_note(left_out: int, total: int) -> Note:
    text = (
        f"{left_out} of {total} strata say nothing about the two groups: one group is absent, or "
        "nobody or everybody was selected."
    )
    return Note("strata_left_out", text, {"left_out": left_out, "strata": total})


def _uninformed(left_out: int) -> StratifiedTest:
    text = "No stratum has persons of both groups with some selected and some not."
    empty = Estimate(None, None)
    note = Note("no_informative_stratum", text, {"strata": left_out})
    return StratifiedTest(None, None, empty, None, None, 0, left_out, (note,))


def mantel_haenszel_difference(pairs: Sequence[Pair], *, level: float = 0.95) -> Estimate:
    """Mantel-Haenszel rate difference, focal less reference, standardized over strata, -1..1.

    sum((x1*n2 - x2*n1)/N) / sum(n1*n2/N), with Sato's interval, which holds for few large and for
    many small strata. Sources: Greenland and Robins (1985), Biometrics 41:55; Sato (1989),
    Biometrics 45:1323.
    """
    both = [p for p in pairs if p.n1 and p.n2]
    if not both:
        return Estimate(None, None)
    weight = math.fsum(p.n1 * p.n2 / p.assessed for p in both)
    value = math.fsum(p.gap / p.assessed for p in both) / weight
    first = math.fsum(
        (p.n1**2 * p.x2 - p.n2**2 * p.x1 + p.n1 * p.n2 * (p.n2 - p.n1) / 2) / p.assessed**2
        for p in both
    )
    second = math.fsum(
        (p.x1 * (p.n2 - p.x2) + p.x2 * (p.n1 - p.x1)) / (2 * p.assessed) for p in both
    )
    spread = z_value(level) * math.sqrt(max(value * first + second, 0.0)) / weight
    bounds = Interval(max(value - spread, -1.0), min(value + spread, 1.0), level, "sato")
    return Estimate(value, bounds)


def mantel_haenszel_ratio(pairs: Sequence[Pair], *, level: float = 0.95) -> Estimate:
    """Mantel-Haenszel rate ratio, focal over reference, standardized over strata, 0 and up.

    sum(x1*n2/N) / sum(x2*n1/N); log variance sum((n1*n2*X - x1*x2*N)/N^2) over the product of the
    two sums. No value where nobody of the reference was selected, no interval where the ratio is
    0. Source: Greenland and Robins (1985), Biometrics 41:55.
    """
    both = [p for p in pairs if p.n1 and p.n2]
    upper = math.fsum(p.x1 * p.n2 / p.assessed for p in both)
    lower = math.fsum(p.x2 * p.n1 / p.assessed for p in both)
    if not lower:
        return Estimate(None, None)
    if not upper:
        return Estimate(0.0, None)
    spread_sum = math.fsum(
        (p.n1 * p.n2 * p.selected - p.x1 * p.x2 * p.assessed) / p.assessed**2 for p in both
    )
    spread = z_value(level) * math.sqrt(max(spread_sum / (upper * lower), 0.0))
    ratio = upper / lower
    bounds = Interval(
        ratio * math.exp(-spread), ratio * math.exp(spread), level, "greenland-robins"
    )
    return Estimate(ratio, bounds)
