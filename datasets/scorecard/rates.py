"""Classification errors and missing answers, by species and by corpus, worst first.

ISO/IEC 30107-3: an attack presentation classification error is an attack that is taken for bona
fide (APCER), a bona fide one is a bona fide presentation that is taken for an attack (BPCER), and
a non-response is a presentation without an answer (APNRR, BPNRR). Here `no_indication` is taken for
bona fide, `review` for an attack, and `inconclusive` is a non-response. Because a detector could
hide behind abstention, both rates are given twice: of presentations with an answer, and strictly,
of all presentations with each missing answer as an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audit.calibration import clopper_pearson
from datasets.attacks.species import Species
from datasets.scorecard.model import (
    AbstentionEntry,
    AttackEntry,
    BonaFideEntry,
    RateEntry,
    Seen,
)
from datasets.scorecard.resampling import (
    CONFIDENCE,
    Array,
    Clusters,
    Plan,
    by_person,
    by_source,
    percentiles,
    spread,
    widest,
)
from datasets.trials import Trial

FALSE_FLAGS = 0.05
"""BPCER that no corpus should exceed at the shipped operating point."""

_WORST = 2.0
"""Sorts before every rate: without an answer nothing speaks for the detector."""


@dataclass(frozen=True, slots=True)
class Register:
    """What is known of species: the registry, and ids that training or calibration trials have."""

    species: Mapping[str, Species]
    used: frozenset[str] = frozenset()

    def trained_on(self, species: str) -> Seen:
        """Whether the detector was trained, tuned or calibrated on a species."""
        if species in self.used:
            return "yes"
        known = self.species.get(species)
        if known is None:
            return "unknown"
        return "yes" if known.trained_on else "no"


def rate(errors: Sequence[bool], trials: Sequence[Trial], plan: Plan) -> RateEntry:
    """The share of trials that are errors, with its intervals."""
    wrong = np.asarray(errors, dtype=np.float64)
    if not len(wrong):
        nothing: None = None
        return RateEntry(
            errors=0,
            of=0,
            value=nothing,
            exact=nothing,
            by_source=nothing,
            by_person=nothing,
            interval=nothing,
        )
    exact = clopper_pearson(int(wrong.sum()), len(wrong), confidence=CONFIDENCE)
    source, person = spread(trials, lambda clusters: _drawn(wrong, clusters, plan))
    return RateEntry(
        errors=int(wrong.sum()),
        of=len(wrong),
        value=float(wrong.mean()),
        exact=exact,
        by_source=source,
        by_person=person,
        interval=widest(exact, source, person),
    )


def _drawn(wrong: Array, clusters: Clusters, plan: Plan) -> tuple[float, float] | None:
    errors, sizes = clusters.sums(wrong), clusters.sums(np.ones(len(wrong)))
    return percentiles(clusters, lambda counts: (counts @ errors) / (counts @ sizes), plan)


def answered(trials: Iterable[Trial]) -> list[Trial]:
    """Those with an answer."""
    return [trial for trial in trials if trial.status != "inconclusive"]


def attack_rows(
    trials: Iterable[Trial], register: Register, plan: Plan, *, together: bool = False
) -> list[AttackEntry]:
    """Attack presentations by species, strength and condition, worst first.

    `together`: by species alone. Worst: the highest strict APCER, then the highest APCER, then the
    most presentations.
    """
    cells: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in trials:
        if trial.is_attack:
            finer = ("", "") if together else (trial.strength, trial.condition)
            cells.setdefault((trial.species, *finer), []).append(trial)
    rows = [_attack_row(key, held, register, plan) for key, held in sorted(cells.items())]
    return sorted(
        rows,
        key=lambda row: (-_value(row.apcer_strict), -_value(row.apcer), -row.presentations),
    )


def _attack_row(
    key: tuple[str, str, str],
    held: Sequence[Trial],
    register: Register,
    plan: Plan,
) -> AttackEntry:
    known = register.species.get(key[0])
    heard = answered(held)
    return AttackEntry(
        species=key[0],
        title=known.title if known else key[0],
        term=known.term if known else "",
        strength=key[1],
        condition=key[2],
        trained_on=register.trained_on(key[0]),
        presentations=len(held),
        sources=by_source(held).count,
        persons=by_person(held).count,
        apcer=rate([t.status == "no_indication" for t in heard], heard, plan),
        apcer_strict=rate([t.status != "review" for t in held], held, plan),
        apnrr=rate([t.status == "inconclusive" for t in held], held, plan),
    )


def bona_fide_rows(trials: Iterable[Trial], plan: Plan) -> list[BonaFideEntry]:
    """Bona fide presentations by corpus and condition, worst first.

    Worst: no answer at all, then the highest BPCER, then the highest share without an answer.
    """
    cells: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        if not trial.is_attack:
            cells.setdefault((trial.corpus, trial.condition), []).append(trial)
    rows = [bona_fide_row(held, key, plan) for key, held in sorted(cells.items())]
    return sorted(
        rows, key=lambda row: (-_value(row.bpcer), -_value(row.bpnrr), -row.presentations)
    )


def bona_fide_row(held: Sequence[Trial], key: tuple[str, str], plan: Plan) -> BonaFideEntry:
    """Bona fide presentations together; `key`: their corpus and condition, empty where mixed."""
    heard = answered(held)
    bpcer = rate([t.status == "review" for t in heard], heard, plan)
    return BonaFideEntry(
        corpus=key[0],
        condition=key[1],
        presentations=len(held),
        sources=by_source(held).count,
        persons=by_person(held).count,
        bpcer=bpcer,
        bpcer_strict=rate([t.status != "no_indication" for t in held], held, plan),
        bpnrr=rate([t.status == "inconclusive" for t in held], held, plan),
        above_limit=None if bpcer.value is None else bpcer.value > FALSE_FLAGS,
    )


def abstention_rows(trials: Iterable[Trial]) -> list[AbstentionEntry]:
    """How often there is no answer and why, for each kind, the most frequent reason first."""
    rows: list[AbstentionEntry] = []
    held = list(trials)
    for kind, attack in (("attack", True), ("bona_fide", False)):
        here = [t for t in held if t.is_attack is attack]
        silent = Counter(t.reason for t in here if t.status == "inconclusive")
        found = [("", silent.total()), *sorted(silent.items(), key=lambda e: (-e[1], e[0]))]
        rows += [
            AbstentionEntry.model_validate(
                {
                    "kind": kind,
                    "reason": reason,
                    "count": n,
                    "of": len(here),
                    "share": n / len(here),
                }
            )
            for reason, n in found
            if here
        ]
    return rows


def _value(entry: RateEntry) -> float:
    return _WORST if entry.value is None else entry.value
