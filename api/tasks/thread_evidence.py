"""What templates say of a candidate's sessions in order, as the thread report takes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from api.thread_told import scenes_told, told
from audit.operations import templates
from audit.operations.comparisons import label_of
from audit.operations.templates import Opened, Spaces
from audit.records.evidence import Media, Reference
from audit.store import ReadUnit
from identity.enrolment import Segment
from identity.thread import Session, threads
from identity.thread_scenes import scenes_beside

Json = dict[str, Any]


def evidence_of(unit: ReadUnit, candidate_id: str, spaces: Spaces, at: datetime) -> Json:
    """`divisions`, `changes`, `pooled` and `scenes` of `reports.compose.thread_facts.Thread`.

    Nothing but templates of references in force is read, in the spaces in use.
    """
    held = templates.of_candidate(unit, candidate_id, spaces, at)
    sessions = sessions_of(unit, held)
    found = told(threads(sessions) if sessions else ())
    return {**found, "scenes": scenes_told(scenes_beside(sessions))}


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
