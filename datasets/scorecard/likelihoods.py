"""How good likelihood ratios are: Cllr, Tippett, empirical cross-entropy, reliability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from audit.calibration import LOG10_E, cllr, cllr_min, pav
from datasets.scorecard.model import (
    EntropyEntry,
    FigureEntry,
    LevelEntry,
    LikelihoodEntry,
    ReliabilityEntry,
)
from datasets.scorecard.resampling import Array, Clusters, Plan, figured, percentiles
from datasets.trials import Trial

_BINS = 10
_PRIORS = np.arange(-3.0, 3.01, 0.25)
"""log10 prior odds of an attack, from one in a thousand to a thousand to one."""
_MOST_LEVELS = 60


def likelihoods(trials: Sequence[Trial], plan: Plan) -> LikelihoodEntry | None:
    """All figures of the ratios that trials have; None where one kind has none."""
    held = [t for t in trials if t.log10_lr is not None]
    ratios = np.array([t.log10_lr for t in held], dtype=np.float64)
    is_attack = np.array([t.is_attack for t in held], dtype=bool)
    attacks, genuine = ratios[is_attack], ratios[~is_attack]
    if not (len(attacks) and len(genuine)):
        return None
    bins = reliability(attacks, genuine)
    return LikelihoodEntry(
        attacks=len(attacks),
        bona_fide=len(genuine),
        cllr=_cost(held, ratios, is_attack, plan),
        cllr_min=cllr_min(attacks, genuine),
        expected_calibration_error=calibration_error(bins, len(attacks), len(genuine)),
        tippett=tippett(attacks, genuine),
        cross_entropy=cross_entropy(attacks, genuine),
        reliability=bins,
    )


def _cost(
    held: Sequence[Trial], ratios: Array, is_attack: NDArray[np.bool_], plan: Plan
) -> FigureEntry:
    """Cllr with intervals: the mean cost of each kind over the clusters drawn, halved."""
    natural = np.where(is_attack, -ratios, ratios) / LOG10_E
    costs = np.logaddexp(0.0, natural) / np.log(2.0)
    kinds = [is_attack.astype(np.float64), (~is_attack).astype(np.float64)]

    def drawn(clusters: Clusters) -> tuple[float, float] | None:
        sums = [(clusters.sums(costs * kind), clusters.sums(kind)) for kind in kinds]

        def statistic(counts: Array) -> Array:
            with np.errstate(invalid="ignore", divide="ignore"):
                means = [(counts @ cost) / (counts @ size) for cost, size in sums]
            middle: Array = (means[0] + means[1]) / 2.0
            return middle

        return percentiles(clusters, statistic, plan)

    return figured(cllr(ratios[is_attack], ratios[~is_attack]), held, drawn)


def tippett(attacks: Array, genuine: Array) -> list[LevelEntry]:
    """Share of each kind whose log10 ratio is at least each level that occurs, at most 60."""
    levels = np.unique(np.concatenate([attacks, genuine, [0.0]]))
    if len(levels) > _MOST_LEVELS:
        levels = np.unique(np.quantile(levels, np.linspace(0.0, 1.0, _MOST_LEVELS)))
    return [
        LevelEntry(
            log10_lr=float(level),
            attacks=float((attacks >= level).mean()),
            bona_fide=float((genuine >= level).mean()),
        )
        for level in levels
    ]


def cross_entropy(attacks: Array, genuine: Array) -> list[EntropyEntry]:
    """Empirical cross-entropy over prior odds (Ramos and Gonzalez-Rodriguez 2013).

    At even odds it is Cllr, with recalibrated ratios Cllr_min, without ratios one bit.
    """
    best = pav(attacks, genuine)
    nothing = np.zeros(1)
    return [
        EntropyEntry(
            log10_odds=float(odds),
            as_given=_entropy(attacks, genuine, float(odds)),
            recalibrated=_entropy(*best, float(odds)),
            without=_entropy(nothing, nothing, float(odds)),
        )
        for odds in _PRIORS
    ]


def _entropy(attacks: Array, genuine: Array, log10_odds: float) -> float:
    share = float(special.expit(log10_odds / LOG10_E))
    missed = np.logaddexp(0.0, -(attacks + log10_odds) / LOG10_E).mean()
    alarms = np.logaddexp(0.0, (genuine + log10_odds) / LOG10_E).mean()
    return float((share * missed + (1.0 - share) * alarms) / np.log(2.0))


def reliability(attacks: Array, genuine: Array) -> list[ReliabilityEntry]:
    """What ratios say against what is, in ten bins of the probability that they imply.

    At even prior odds; both kinds weigh alike however many trials each has. Bins without trials
    are left out.
    """
    said = special.expit(np.concatenate([attacks, genuine]) / LOG10_E)
    is_attack = np.concatenate([np.ones(len(attacks)), np.zeros(len(genuine))])
    weights = np.where(is_attack == 1.0, 0.5 / len(attacks), 0.5 / len(genuine))
    place = np.minimum((said * _BINS).astype(int), _BINS - 1)
    rows = []
    for number in range(_BINS):
        inside = place == number
        if inside.any():
            mass = weights[inside]
            rows.append(
                ReliabilityEntry(
                    said=float(np.average(said[inside], weights=mass)),
                    observed=float(np.average(is_attack[inside], weights=mass)),
                    attacks=int(is_attack[inside].sum()),
                    bona_fide=int((1.0 - is_attack[inside]).sum()),
                )
            )
    return rows


def calibration_error(bins: Sequence[ReliabilityEntry], attacks: int, genuine: int) -> float:
    """Expected calibration error: mean distance of said and observed, bins by their weight."""
    return sum(
        abs(row.said - row.observed) * (0.5 * row.attacks / attacks + 0.5 * row.bona_fide / genuine)
        for row in bins
    )
