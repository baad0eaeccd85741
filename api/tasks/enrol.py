"""The job `enrol`: makes the templates of a reference from its recording."""

from __future__ import annotations

from contextlib import ExitStack

from api.tasks.bench import Bench
from api.tasks.share import share_enrolled
from audit.check import open_interview, reading
from audit.errors import InputError
from audit.inference import limited_threads
from audit.jobs import JobContext
from audit.operations import media, searches, templates
from audit.operations.references import references_in_force
from audit.operations.templates import Made, Spaces
from audit.records.biometrics import Modality
from audit.records.evidence import Media, MediaState, Reference
from audit.types import Reason
from identity.enrolment import Enrolment, Segment, enrolment, grain_of, spaces_of

DETECTORS = ("face_reference", "voice_reference")
"""What decides which crops and which sound a recording is read with."""


def run_enrolment(bench: Bench, context: JobContext) -> None:
    """Makes and stores the templates of one reference; nothing where it is gone by then.

    A search of the gallery follows, where the organisation recorded on what it rests.
    """
    with context.unit() as unit:
        reference = unit.find(Reference, id=context.subject)
        stored = unit.find(Media, id=reference.media_id) if reference else None
    if reference is None or stored is None or stored.state is not MediaState.STORED:
        return
    enrol_reference(bench, context, reference, stored)
    with context.completing() as unit:
        if unit.find(Reference, id=reference.id) is not None:
            searches.search_enrolled(unit, reference)


def enrol_lacking(bench: Bench, context: JobContext, candidate_id: str) -> Spaces:
    """Makes anew what a candidate's references lack in the spaces in use, which are returned.

    That is what was never made, or made with a model that was replaced. Without references no model
    is opened, and there is no space.
    """
    with context.unit() as unit:
        if not references_in_force(unit, candidate_id, unit.now()):
            return {}
    spaces = spaces_in_use(bench)
    with context.unit() as unit:
        waiting = templates.lacking(unit, candidate_id, spaces, unit.now())
        templates.drop_outdated(unit, candidate_id, spaces)
    for reference, stored in waiting:
        context.check_cancelled()
        enrol_reference(bench, context, reference, stored)
    return spaces


def spaces_in_use(bench: Bench) -> Spaces:
    """The spaces of the back ends that the settings choose."""
    found = spaces_of(bench.models())
    return {Modality(trait): space for trait, space in found.items()}


def enrol_reference(bench: Bench, context: JobContext, reference: Reference, stored: Media) -> None:
    """Reads one recording, and stores what of it is good enough; the plain file lives no longer."""
    spaces = spaces_in_use(bench)
    found = _read(bench, context, stored)
    made = [_made(segment) for segment in found.segments]
    with context.unit() as unit:
        held = references_in_force(unit, reference.candidate_id, unit.now())
        if any(each.id == reference.id for each in held):
            templates.enrol(unit, reference, made, spaces)
    share_enrolled(bench, context, reference)


def _read(bench: Bench, context: JobContext, stored: Media) -> Enrolment:
    settings = bench.settings
    how = reading(settings, bench.models(), DETECTORS)
    with ExitStack() as opened:
        path = opened.enter_context(media.fetched(bench.vault, context.tenant, stored))
        opened.enter_context(limited_threads(settings.threads))
        try:
            interview = open_interview(path, how, label="reference")
            found, grain = enrolment(interview), grain_of(interview, settings.limits)
        except InputError:  # nothing can be read of it: a comparison will say why
            return Enrolment((), {})
    kept = () if isinstance(grain, Reason) else (grain,)
    return Enrolment((*found.segments, *kept), found.refused)


def _made(segment: Segment) -> Made:
    return Made(
        modality=Modality(segment.trait),
        space=segment.space,
        segment=segment.number,
        start_s=segment.start_s,
        end_s=segment.end_s,
        amount=segment.amount,
        quality=segment.quality,
        conditions=segment.conditions,
        vector=segment.vector,
    )
