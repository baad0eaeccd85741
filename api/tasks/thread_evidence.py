"""What templates say of a candidate's sessions in order, as the thread report takes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from audit.operations import templates
from audit.operations.comparisons import label_of
from audit.operations.templates import Opened, Spaces
from audit.records.evidence import Media, Reference
from audit.store import ReadUnit
from audit.types import Status
from identity.enrolment import Segment
from identity.thread import Session, TraitThread, threads
from identity.thread_signals import change_signal, pooled_signal
from reports.signal_json import signal_entry
from reports.texts import Cleaner

Json = dict[str, Any]


def evidence_of(unit: ReadUnit, candidate_id: str, spaces: Spaces, at: datetime) -> Json:
    """`divisions`, `changes` and `pooled` of `reports.compose.thread_facts.Thread`.

    Nothing but templates of references in force is read, in the spaces in use.
    """
    held = templates.of_candidate(unit, candidate_id, spaces, at)
    sessions = sessions_of(unit, held)
    found = threads(sessions) if sessions else ()
    return {
        "divisions": [_division(each) for each in found],
        "changes": [change for each in found for change in _changes(each)],
        "pooled": [pooled for each in found for pooled in _pooled(each)],
    }


def sessions_of(unit: ReadUnit, held: Sequence[Opened]) -> list[Session]:
    """Templates by recording, in time order."""
    by_reference: dict[str, list[Segment]] = {}
    for each in held:
        by_reference.setdefault(each.template.reference_id, []).append(segment_of(each))
    sessions = []
    for reference_id, segments in by_reference.items():
        media = unit.get(Media, unit.get(Reference, reference_id).media_id)
        sessions.append(Session(label_of(unit, media), tuple(segments)))
    return sessions


def segment_of(opened: Opened) -> Segment:
    """A template as the comparison of sessions takes it."""
    template = opened.template
    return Segment(
        trait=template.modality.value,
        space=template.space,
        number=template.segment,
        start_s=template.start_s,
        end_s=template.end_s,
        amount=template.amount,
        quality=template.quality,
        conditions=template.conditions,
        vector=opened.vector,
    )


def _division(thread: TraitThread) -> Json:
    return {
        "modality": thread.trait,
        "said": _said(thread),
        "sessions": list(thread.sessions),
        "people": [number + 1 for number in thread.people],
        "persons": len(set(thread.people)),
        "missing": list(thread.missing),
        "returned": list(thread.returned) if _said(thread) == "several" else [],
    }


def _said(thread: TraitThread) -> str:
    """What may be said: several persons only where a boundary asks for review."""
    if len(thread.sessions) < 2:
        return "too_few"
    if not thread.calibrated:
        return "uncalibrated"
    if thread.status is Status.REVIEW and len(set(thread.people)) > 1:
        return "several"
    return "one" if thread.status is Status.NO_INDICATION else "unclear"


def _changes(thread: TraitThread) -> list[Json]:
    """Boundaries of which more is to be said than that nothing changes."""
    return [
        {
            "modality": thread.trait,
            "before": each.before,
            "after": each.after,
            "evidence": _entry(change_signal(thread, each)),
        }
        for each in thread.boundaries
        if each.status is not Status.NO_INDICATION
    ]


def _pooled(thread: TraitThread) -> list[Json]:
    return [
        {
            "session": each.second,
            "against": list(each.first),
            thread.trait: _entry(pooled_signal(thread, each)),
        }
        for each in thread.pooled
    ]


def _entry(signal: Any) -> Json:
    entry: Json = signal_entry(signal, Cleaner({})).model_dump(mode="json")
    return entry
