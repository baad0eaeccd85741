"""Threads of sessions as their report takes them, and how much a ratio is in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.calibration import band
from audit.result import PairEvidence
from audit.types import Signal, Status, WeightUse
from identity.thread import TraitThread
from identity.thread_scenes import Beside
from identity.thread_signals import change_signal, compared_signal
from identity.thread_words import said_of
from reports.signal_json import signal_entry
from reports.texts import Cleaner

Json = dict[str, Any]
Weights = Mapping[str, tuple[WeightUse, ...]]
"""What made the vectors of a space."""
_UNNAMED: Weights = {}
NO_SUPPORT = "no support either way"


def support(log10: float) -> str:
    """The size of a log10 ratio in the words of the ENFSI guideline (2015)."""
    word = band(log10)
    return NO_SUPPORT if word == "no" else f"{word} support"


def told(found: Sequence[TraitThread], weights: Weights = _UNNAMED) -> Json:
    """`divisions`, `changes` and `pooled` of `reports.compose.thread_facts.Thread`."""
    return {
        "divisions": [_division(each) for each in found],
        "changes": [change for each in found for change in _changes(each, weights)],
        "pooled": [pooled for each in found for pooled in _pooled(each, weights)],
    }


def scenes_told(found: Sequence[Beside]) -> list[Json]:
    """`scenes` of the same: rooms, light and files of neighbours, in words alone."""
    return [{"before": each.before, "after": each.after, "text": each.text} for each in found]


def pairs(found: Sequence[TraitThread], weights: Weights) -> tuple[PairEvidence, ...]:
    """Every two sessions that were compared, by the traits that both show."""
    told: dict[tuple[str, str], dict[str, Signal]] = {}
    for thread in found:
        for each in thread.pairs:
            by_trait = told.setdefault((each.first[0], each.second), {})
            by_trait[thread.trait] = compared_signal(thread, each, weights.get(thread.space, ()))
    return tuple(
        PairEvidence(first, second, by_trait.get("face"), by_trait.get("voice"))
        for (first, second), by_trait in told.items()
    )


def _division(thread: TraitThread) -> Json:
    return {
        "modality": thread.trait,
        "said": said_of(thread),
        "sessions": list(thread.sessions),
        "people": [number + 1 for number in thread.people],
        "persons": len(set(thread.people)),
        "missing": list(thread.missing),
        "returned": list(thread.returned) if said_of(thread) == "several" else [],
    }


def _changes(thread: TraitThread, weights: Weights) -> list[Json]:
    """Boundaries of which more is to be said than that nothing changes."""
    return [
        {
            "modality": thread.trait,
            "before": each.before,
            "after": each.after,
            "evidence": _entry(change_signal(thread, each, weights.get(thread.space, ()))),
        }
        for each in thread.boundaries
        if each.status is not Status.NO_INDICATION
    ]


def _pooled(thread: TraitThread, weights: Weights) -> list[Json]:
    return [
        {
            "session": each.second,
            "against": list(each.first),
            thread.trait: _entry(compared_signal(thread, each, weights.get(thread.space, ()))),
        }
        for each in thread.pooled
    ]


def _entry(signal: Any) -> Json:
    entry: Json = signal_entry(signal, Cleaner({})).model_dump(mode="json")
    return entry
