"""AUC and equal error rate of scores, with intervals over recordings and people, and by split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from datasets.scorecard.model import DiscriminationEntry, FigureEntry, Seen
from datasets.scorecard.rates import Register
from datasets.scorecard.resampling import Array, Clusters, Plan, figured, percentiles
from datasets.trials import Trial

Axis = Literal["all", "trained_on", "generator", "codec", "corpus"]


def direction(trials: Iterable[Trial]) -> bool | None:
    """Whether high scores favour an attack; None where that cannot be told.

    Read from what the detector does, never from what the trials are: recordings that it flags
    against those that it clears, else its likelihood ratios against its scores. So a detector that
    is wrong more often than right keeps an AUC below one half.
    """
    held = [(t, t.score) for t in trials if t.score is not None]
    flagged = [score for t, score in held if t.status == "review"]
    cleared = [score for t, score in held if t.status == "no_indication"]
    if flagged and cleared:
        difference = float(np.median(flagged) - np.median(cleared))
        if difference:
            return difference > 0
    scores = [score for t, score in held if t.log10_lr is not None]
    ratios = [t.log10_lr for t, _ in held if t.log10_lr is not None]
    if len(set(scores)) < 2 or len(set(ratios)) < 2:
        return None
    return bool(stats.kendalltau(scores, ratios).statistic > 0)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Scores of both kinds in ascending order; `ends`: the last place of each distinct score."""

    order: np.ndarray
    attacks: Array
    ends: np.ndarray

    @classmethod
    def of(cls, scores: Array, attacks: np.ndarray) -> Ranked:
        """`scores` (n,), higher = more like an attack; `attacks` (n,): whether it is one."""
        order = np.argsort(scores, kind="stable")
        ascending = scores[order]
        ends = np.append(np.flatnonzero(np.diff(ascending)), len(ascending) - 1)
        return cls(order, attacks[order].astype(np.float64), ends)

    def shares(self, weights: Array) -> tuple[Array, Array]:
        """Share of attacks and of bona fide at or below each distinct score; (rounds, scores).

        `weights` (rounds, n). Not a number where a round has none of a kind.
        """
        ranked = weights[:, self.order]
        attacks = np.cumsum(ranked * self.attacks, axis=1)[:, self.ends]
        genuine = np.cumsum(ranked * (1.0 - self.attacks), axis=1)[:, self.ends]
        with np.errstate(invalid="ignore", divide="ignore"):
            return attacks / attacks[:, -1:], genuine / genuine[:, -1:]


def auc_of(attacks: Array, genuine: Array) -> Array:
    """Chance that an attack scores above a bona fide recording, ties half; (rounds,)."""
    attack_steps = np.diff(attacks, prepend=0.0)
    genuine_steps = np.diff(genuine, prepend=0.0)
    area: Array = (attack_steps * (genuine - genuine_steps / 2.0)).sum(axis=1)
    return area


def eer_of(attacks: Array, genuine: Array) -> Array:
    """Mean of both errors at the observed score where they lie closest; (rounds,).

    Errors at a threshold: attacks below it, bona fide at or above it, as
    `audit.calibration.equal_error_rate` has them.
    """
    start = np.zeros((len(attacks), 1))
    missed = np.concatenate([start, attacks], axis=1)
    alarms = 1.0 - np.concatenate([start, genuine], axis=1)
    gaps = np.abs(missed - alarms)
    best = np.argmin(np.where(np.isnan(gaps), np.inf, gaps), axis=1)
    rounds = np.arange(len(attacks))
    middle: Array = (missed[rounds, best] + alarms[rounds, best]) / 2.0
    middle[np.isnan(gaps[:, -1])] = np.nan
    return middle


def figure(
    trials: Sequence[Trial], statistic: Callable[[Array, Array], Array], plan: Plan, sign: float
) -> FigureEntry:
    """`auc_of` or `eer_of` of trials with scores, with intervals; both kinds must be there."""
    scores = np.array([t.score for t in trials], dtype=np.float64) * sign
    ranked = Ranked.of(scores, np.array([t.is_attack for t in trials]))

    def drawn(clusters: Clusters) -> tuple[float, float] | None:
        return percentiles(
            clusters, lambda counts: statistic(*ranked.shares(counts[:, clusters.codes])), plan
        )

    value = float(statistic(*ranked.shares(np.ones((1, len(trials)))))[0])
    return figured(value, trials, drawn)


def discrimination_rows(
    trials: Sequence[Trial], others: Iterable[Trial], register: Register, plan: Plan
) -> list[DiscriminationEntry]:
    """All held-out species together, those trained on apart, then each generator, codec and corpus.

    Generators and the first two rows: their attacks against all bona fide. Codecs and corpora:
    attacks and bona fide of the same codec or corpus. Species trained on count in no other row.

    Args:
        trials: of split test. others: of other splits; they say which levels have been seen.
    """
    others = list(others)
    seen = {axis: {_level(t, axis) for t in others} for axis in ("codec", "corpus")}
    genuine = [t for t in trials if not t.is_attack]
    attacks = [t for t in trials if t.is_attack]
    held_out = [t for t in attacks if register.trained_on(t.species) != "yes"]
    trained = [t for t in attacks if register.trained_on(t.species) == "yes"]
    sign = direction(trials)
    rows = [_row("all", "", "no", [*held_out, *genuine], sign, plan)]
    if trained:
        rows.append(_row("trained_on", "", "yes", [*trained, *genuine], sign, plan))
    for level in sorted({t.species for t in held_out}):
        part = [t for t in held_out if t.species == level]
        known = register.trained_on(level)
        rows.append(_row("generator", level, known, [*part, *genuine], sign, plan))
    for axis in ("codec", "corpus"):
        for level in sorted({_level(t, axis) for t in genuine}):
            part = [t for t in [*held_out, *genuine] if _level(t, axis) == level]
            known = "unknown" if not others else "yes" if level in seen[axis] else "no"
            rows.append(_row(axis, level, known, part, sign, plan))
    return rows


def _level(trial: Trial, axis: str) -> str:
    return trial.condition if axis == "codec" else trial.corpus


def _row(
    axis: Axis | str, level: str, seen: Seen, part: Sequence[Trial], sign: bool | None, plan: Plan
) -> DiscriminationEntry:
    scored = [t for t in part if t.score is not None]
    attacks = sum(t.is_attack for t in scored)
    why = ""
    if not attacks or attacks == len(scored):
        why = "There are no scores of both kinds."
    elif sign is None:
        why = "Nothing was flagged and cleared, so the direction of the scores cannot be told."
    way = 1.0 if sign else -1.0
    return DiscriminationEntry.model_validate(
        {
            "axis": axis,
            "level": level,
            "seen": seen,
            "attacks": attacks,
            "bona_fide": len(scored) - attacks,
            "auc": None if why else figure(scored, auc_of, plan, way),
            "eer": None if why else figure(scored, eer_of, plan, way),
            "why": why,
        }
    )
