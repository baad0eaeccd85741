"""What several signals weigh together on one question, with every assumption on the table.

It is beside the findings and never changes one: `audit.findings` has the rules for those. Only
authenticity and presence have it, whose signals compare an attack with its absence.

1. A signal counts if it has an answer and a likelihood ratio between an attack and none. A cause
   speaks once: with its ratio that is strongest in absolute terms, each within its own bounds.
2. Causes that look at the same channel (picture, sound, file) are taken as wholly dependent: of
   those that speak for an attack only the strongest counts, and of those against likewise.
3. Channels are taken as independent given which of them an attack touched, and it may have touched
   any of those with evidence, each combination as likely as another: the total is the mean, over
   all choices of at least one channel, of the product of their ratios,
   ((1 + LR_1) ... (1 + LR_n) - 1) / (2^n - 1). So a genuine voice does not cancel an altered face,
   as a plain sum of logarithms would have it.
4. The total is bounded (`combination.toml`).
5. The prior is stated beside the total and is not multiplied in.
"""

from __future__ import annotations

import math
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from audit.calibration import band
from audit.types import CauseWeight, EvidenceWeight, Question, Signal, Status

QUESTIONS = (Question.AUTHENTICITY, Question.PRESENCE)
DEFAULT_PRIOR = 0.01
"""Assumed share of recordings with an attack, where no setting says another."""


@dataclass(frozen=True, slots=True)
class Structure:
    """How signals depend on one another, from combination.toml.

    Attributes:
        bound: of the total, log10.
        attacks: wordings of hypotheses that speak of an attack.
        channels: channel by cause; a cause that is not named is a channel of its own.
    """

    bound: float
    attacks: frozenset[str]
    channels: Mapping[str, str]

    def towards_attack(self, signal: Signal) -> float | None:
        """log10 ratio of an attack to none; None where the signal has no such ratio."""
        ratio = signal.likelihood_ratio
        if ratio is None or signal.status is Status.INCONCLUSIVE:
            return None
        first, second = (each in self.attacks for each in ratio.hypotheses)
        if first == second:
            return None
        within = min(max(ratio.log10, ratio.lower), ratio.upper)
        return within if first else -within


@cache
def structure() -> Structure:
    """The one in force."""
    text = resources.files("audit").joinpath("combination.toml").read_text("utf-8")
    held = tomllib.loads(text)
    return Structure(float(held["bound"]), frozenset(held["attacks"]), dict(held["channels"]))


def combine(
    question: Question,
    signals: Sequence[Signal],
    *,
    prior: float = DEFAULT_PRIOR,
    given: Structure | None = None,
) -> EvidenceWeight | None:
    """What the signals of a question weigh together; None where none has a ratio that counts.

    Args:
        prior: assumed share of recordings with an attack, between 0 and 1.
        given: another structure than the one in force.

    Raises:
        ValueError: the prior lies outside of 0 to 1.
    """
    if not 0.0 < prior < 1.0:
        raise ValueError("a prior lies between 0 and 1")
    held = given or structure()
    causes = _by_cause(signals, held) if question in QUESTIONS else []
    if not causes:
        return None
    counted = _counted(causes)
    total = _mixture(_channels(c for c in counted if c.counted))
    bounded = min(max(total, -held.bound), held.bound)
    needed = math.log10((1.0 - prior) / prior)
    return EvidenceWeight(
        log10=round(bounded, 3),
        bound=held.bound,
        support=band(bounded),
        causes=tuple(counted),
        prior=prior,
        even_at=round(needed, 3),
    )


def _by_cause(signals: Iterable[Signal], held: Structure) -> list[CauseWeight]:
    """The strongest ratio of each cause, in the order of the signals."""
    found: dict[str, CauseWeight] = {}
    for signal in signals:
        log10 = held.towards_attack(signal)
        if log10 is None:
            continue
        before = found.get(signal.cause)
        if before is None or abs(log10) > abs(before.log10):
            channel = held.channels.get(signal.cause, signal.cause)
            found[signal.cause] = CauseWeight(signal.cause, signal.name, channel, log10)
    return list(found.values())


def _counted(causes: Sequence[CauseWeight]) -> list[CauseWeight]:
    """The causes, those marked that add nothing to a stronger one of their channel."""
    strongest: dict[tuple[str, bool], CauseWeight] = {}
    for cause in causes:
        key = cause.channel, cause.log10 > 0
        if key not in strongest or abs(cause.log10) > abs(strongest[key].log10):
            strongest[key] = cause
    kept = {id(cause) for cause in strongest.values()}
    return [
        CauseWeight(c.cause, c.signal, c.channel, round(c.log10, 3), counted=id(c) in kept)
        for c in causes
    ]


def _channels(causes: Iterable[CauseWeight]) -> list[float]:
    """log10 ratio of each channel: what speaks for an attack in it and what against, added."""
    sums: defaultdict[str, float] = defaultdict(float)
    for cause in causes:
        sums[cause.channel] += cause.log10
    return list(sums.values())


def _mixture(channels: Sequence[float]) -> float:
    """log10 of the mean product over all choices of at least one channel."""
    product = math.prod(1.0 + 10.0**log10 for log10 in channels)
    return math.log10((product - 1.0) / (2.0 ** len(channels) - 1.0))
