"""A scorecard from trials: nothing else goes in, so that anyone can recompute it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Literal

from datasets.attacks.species import Species
from datasets.scorecard.discrimination import direction, discrimination_rows
from datasets.scorecard.groups import DIFFERENTIAL, cost, group_rows
from datasets.scorecard.likelihoods import likelihoods
from datasets.scorecard.model import (
    DetectorEntry,
    LimitsEntry,
    MissingEntry,
    ScorecardDocument,
    SoftwareEntry,
    TrialsEntry,
)
from datasets.scorecard.rates import (
    FALSE_FLAGS,
    Register,
    abstention_rows,
    attack_rows,
    bona_fide_row,
    bona_fide_rows,
)
from datasets.scorecard.resampling import CONFIDENCE, FEWEST, Plan, by_person, by_source
from datasets.trials import Trial

Size = Literal["small", "full", "given"]


def scorecard(
    trials: Sequence[Trial],
    registry: Mapping[str, Species],
    *,
    size: Size,
    sha256: str,
    plan: Plan,
    missing: Iterable[MissingEntry] = (),
) -> ScorecardDocument:
    """All figures of all detectors that have trials.

    Args:
        registry: species by id, which say what was trained on.
        sha256: of the file that holds the trials.
        missing: what the run knows that it did not measure.
    """
    names = sorted({trial.detector for trial in trials})
    return ScorecardDocument(
        software=SoftwareEntry(version=metadata.version("fairwitness")),
        size=size,
        seed=plan.seed,
        confidence=CONFIDENCE,
        rounds=plan.rounds,
        limits=LimitsEntry(false_flags=FALSE_FLAGS, differential=DIFFERENTIAL),
        trials=TrialsEntry(
            count=len(trials), test=sum(t.split == "test" for t in trials), sha256=sha256
        ),
        detectors=[
            _detector(name, [t for t in trials if t.detector == name], registry, plan)
            for name in names
        ],
        missing=list(missing),
    )


def _detector(
    name: str, trials: Sequence[Trial], registry: Mapping[str, Species], plan: Plan
) -> DetectorEntry:
    others = [t for t in trials if t.split != "test"]
    leaked = _persons(others)
    meant = [t for t in trials if t.split == "test"]
    test = [t for t in meant if not leaked & _persons([t])]
    register = Register(registry, frozenset(t.species for t in others if t.is_attack))
    genuine = [t for t in test if not t.is_attack]
    held_out = [t for t in test if not t.is_attack or register.trained_on(t.species) != "yes"]
    entry = DetectorEntry(
        name=name,
        trials=len(test),
        other=len(others),
        attack_high=direction(test),
        attacks=attack_rows(test, register, plan),
        species=attack_rows(test, register, plan, together=True),
        bona_fide=bona_fide_rows(test, plan),
        overall=bona_fide_row(genuine, ("", ""), plan) if genuine else None,
        discrimination=discrimination_rows(test, others, register, plan),
        likelihood=likelihoods(held_out, plan),
        abstention=abstention_rows(test),
        groups=group_rows(test, plan),
        cost=cost(test),
        missing=[],
    )
    missing = [*_leaked(len(meant) - len(test)), *_missing(entry, test, registry)]
    return entry.model_copy(update={"missing": missing})


def _persons(trials: Iterable[Trial]) -> set[tuple[str, str, str]]:
    """Who is seen or heard in trials, and their source recordings, each within its corpus."""
    persons = {(t.corpus, "person", t.person) for t in trials if t.person}
    return persons | {(t.corpus, "source", t.source) for t in trials}


def _leaked(count: int) -> Iterator[MissingEntry]:
    """Says that trials were left out; without any, nothing."""
    if count:
        yield _gap(
            f"{count} trials for testing",
            "Training or calibration used the same person or recording; they are left out.",
        )


def _missing(
    entry: DetectorEntry, test: Sequence[Trial], registry: Mapping[str, Species]
) -> Iterator[MissingEntry]:
    """What the trials of a detector leave open, each with its reason."""
    here = {row.species for row in entry.species}
    for species in registry.values():
        if entry.name in species.signals and species.id not in here:
            yield _gap(species.title, "The detector is meant to see it; no trial was made.")
    held_out = any(row.trained_on != "yes" for row in entry.species)
    told = (
        (not held_out, "Attacks that it was not trained on", "There is no trial of one."),
        (entry.overall is None, "False flags", "There is no bona fide trial."),
        (
            entry.likelihood is None,
            "Likelihood ratios",
            "The detector gives none for one kind or both: it is not calibrated, or abstained.",
        ),
        (not entry.groups, "Demographic groups", "No bona fide trial says its group."),
        (entry.cost is None, "Cost", "No trial says how long it took."),
        (
            not entry.other,
            "Whether a codec or corpus was seen in training",
            "The suite lists none of the trials that it was trained or calibrated on.",
        ),
        (
            any(not t.person for t in test),
            "People behind some trials",
            "The person is not known; each source recording counts as one.",
        ),
        (
            bool(test) and min(by_source(test).count, by_person(test).count) < FEWEST,
            "Intervals over recordings or people",
            "There are too few of them to draw from.",
        ),
    )
    yield from (_gap(what, why) for applies, what, why in told if applies)


def _gap(what: str, why: str) -> MissingEntry:
    return MissingEntry(what=what, why=why)
