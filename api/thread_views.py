"""A candidate's identity thread as it is answered: directions and bands, never a score.

What each field means is in docs/identity.md. The figures behind it are in the thread's report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.tasks.thread_evidence import segment_of
from api.thread_told import NO_SUPPORT, support
from audit.operations.comparisons import Answer
from audit.operations.threads import ThreadSession
from audit.types import Reason, Status
from identity.thread import Boundary, Compared, Session, TraitThread, threads
from identity.thread_scenes import Beside, scenes_beside
from identity.thread_words import Said, placed, said_of, sentence

Number = Annotated[int, Field(ge=1, description="A session's number.")]
Missing = Literal["nothing_usable", "low_quality", "another_model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadSessionView:
    """A session: one recording that is kept as a reference."""

    number: Annotated[int, Field(description="In time order, from 1.", ge=1)]
    reference_id: Annotated[str, Field(description="The reference.")]
    interview_id: Annotated[str | None, Field(description="Of which interview, if of one.")]
    recorded_at: Annotated[datetime, Field(description="When it was held, or else stored.")]
    left_out: Annotated[
        str | None,
        Field(
            description="Why not compared, a code: `consent_missing`, `jurisdiction_missing`, "
            "`processing_stopped`, `not_enrolled`, `too_early` (of more than 12 sessions the "
            "newest are compared); null: it is."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """Whose session it is, by one trait, in the likeliest division of the sessions."""

    session: Number
    person: Annotated[
        int | None,
        Field(description="From 1, by first appearance; null: it cannot be said.", examples=[1]),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadChangeView:
    """Between a session and the next that shows the trait."""

    before: Number
    after: Number
    answer: Annotated[
        Literal["change", "no_change", "inconclusive"],
        Field(description="Whether the person changes, by all sessions together."),
    ]
    support: Annotated[
        str, Field(description="How much, in ENFSI bands.", examples=["moderate support"])
    ]
    limit: Annotated[
        str,
        Field(description="The most that could be said that way.", examples=["moderate support"]),
    ]
    channel_changed: Annotated[
        bool, Field(description="The sound was recorded in another way than before.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """A session against one earlier session, or against several pooled."""

    against: Annotated[tuple[int, ...], Field(description="Numbers of sessions.", examples=[[1]])]
    session: Number
    answer: Annotated[Answer, Field(description="Which way the evidence points, if any.")]
    support: Annotated[
        str, Field(description="How much, in ENFSI bands.", examples=["moderate support"])
    ]
    limit: Annotated[
        str,
        Field(
            description="The most that calibration lets one comparison say that way.",
            examples=["moderately strong support"],
        ),
    ]
    quality: Annotated[
        float, Field(description="Of the worse side, 0..1, to one decimal.", ge=0, le=1)
    ]
    reason: Annotated[str | None, Field(description="Why it is inconclusive: a stable code.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotShownView:
    """A session that does not show a trait."""

    session: Number
    reason: Annotated[
        Missing,
        Field(
            description="`nothing_usable`: nothing was good enough to be kept; `low_quality`: not "
            "good enough to be compared; `another_model`: kept by a model of another version."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitView:
    """One trait through all sessions that show it."""

    modality: Annotated[Literal["face", "voice"], Field(description="What was compared.")]
    answer: Annotated[
        Said,
        Field(
            description="One person, several (only where a change asks for review), not clear, no "
            "likelihood ratio known for the network, or fewer than two sessions."
        ),
    ]
    people: Annotated[tuple[PersonView, ...], Field(description="Whose session each is.")]
    changes: Annotated[tuple[ThreadChangeView, ...], Field(description="Between neighbours.")]
    pairs: Annotated[tuple[EvidenceView, ...], Field(description="Between every two sessions.")]
    pooled: Annotated[
        tuple[EvidenceView, ...],
        Field(description="From the third session on, against all before it together."),
    ]
    not_shown: Annotated[
        tuple[NotShownView, ...], Field(description="Sessions without evidence, and why.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneView:
    """Camera and scene of a session and the one before: supporting evidence, in words alone.

    The same room passes for the same camera, so neither is claimed.
    """

    before: Number
    after: Number
    room: Annotated[
        Literal["alike", "different", "inconclusive"],
        Field(description="What is seen behind the person, without the person."),
    ]
    light: Annotated[
        Literal["alike", "different", "inconclusive"], Field(description="How bright it is.")
    ]
    grain: Annotated[
        Literal["shared", "not_shared", "not_compared"],
        Field(
            description="Whether the pictures share fine grain, as those of the same "
            "camera-and-scene do; not shared says nothing."
        ),
    ]
    files_differ_in: Annotated[
        tuple[str, ...],
        Field(description="Traces of how the files were written.", examples=[["picture size"]]),
    ]
    text: Annotated[
        str,
        Field(
            description="All of it in words.",
            examples=[
                "What is behind the person looks alike; lit differently; files written alike "
                "(8 of 8 traces compared)."
            ],
        ),
    ]
    reason: Annotated[str | None, Field(description="Why nothing was compared: a stable code.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadView:
    """A candidate's sessions in time order. It decides nothing: a person looks at what changes."""

    candidate_id: Annotated[str, Field(description="The candidate.")]
    summary: Annotated[
        str,
        Field(
            description="In words. A match never says that a face or a voice is genuine.",
            examples=[
                "By face, sessions 1-3 are of one person and session 4 is of another. By voice, "
                "sessions 1-4 are of the same person."
            ],
        ),
    ]
    sessions: Annotated[tuple[ThreadSessionView, ...], Field(description="In time order.")]
    traits: Annotated[
        tuple[TraitView, ...], Field(description="Face and voice; they are not added up.")
    ]
    scenes: Annotated[
        tuple[SceneView, ...],
        Field(description="Between neighbours. Who sits in which session is found without them."),
    ]


def view(candidate_id: str, found: Sequence[ThreadSession]) -> ThreadView:
    """What is answered of a candidate's sessions."""
    given = [
        Session(each.reference_id, tuple(segment_of(one) for one in each.opened))
        for each in found
        if each.left_out is None
    ]
    traits = threads(given) if given else ()
    numbers = {each.reference_id: each.number for each in found}
    return ThreadView(
        candidate_id=candidate_id,
        summary=sentence(traits, numbers),
        sessions=tuple(
            ThreadSessionView(
                number=each.number,
                reference_id=each.reference_id,
                interview_id=each.interview_id,
                recorded_at=each.recorded_at,
                left_out=each.left_out,
            )
            for each in found
        ),
        traits=tuple(_trait(each, given, numbers) for each in traits),
        scenes=tuple(_scene(each, numbers) for each in scenes_beside(given)),
    )


def _scene(beside: Beside, numbers: Mapping[str, int]) -> SceneView:
    found = beside.found
    grains: dict[bool | None, Literal["shared", "not_shared", "not_compared"]] = {
        True: "shared",
        False: "not_shared",
        None: "not_compared",
    }
    if isinstance(found, Reason):
        return SceneView(
            before=numbers[beside.before],
            after=numbers[beside.after],
            grain=grains[beside.shared],
            room="inconclusive",
            light="inconclusive",
            files_differ_in=(),
            text=beside.text,
            reason=found.code,
        )
    rooms: dict[bool | None, Literal["alike", "different", "inconclusive"]] = {
        True: "alike",
        False: "different",
        None: "inconclusive",
    }
    return SceneView(
        before=numbers[beside.before],
        after=numbers[beside.after],
        grain=grains[beside.shared],
        room=rooms[found.alike],
        light="alike" if found.lit_alike else "different",
        files_differ_in=found.unlike,
        text=beside.text,
        reason=None,
    )


def _trait(thread: TraitThread, given: Sequence[Session], numbers: Mapping[str, int]) -> TraitView:
    by_label = {each.label: each for each in given}
    return TraitView(
        modality=thread.trait,
        answer=said_of(thread),
        people=tuple(
            PersonView(session=numbers[label], person=person)
            for label, person in zip(thread.sessions, placed(thread), strict=True)
        ),
        changes=tuple(_change(each, numbers) for each in thread.boundaries),
        pairs=tuple(_evidence(each, numbers) for each in thread.pairs),
        pooled=tuple(_evidence(each, numbers) for each in thread.pooled),
        not_shown=tuple(
            NotShownView(session=numbers[label], reason=_missing(thread, by_label[label]))
            for label in thread.missing
        ),
    )


def _missing(thread: TraitThread, session: Session) -> Missing:
    spaces = {each.space for each in session.segments if each.trait == thread.trait}
    if thread.space in spaces:
        return "low_quality"
    return "another_model" if spaces else "nothing_usable"


def _change(boundary: Boundary, numbers: Mapping[str, int]) -> ThreadChangeView:
    answers: dict[Status, Literal["change", "no_change", "inconclusive"]] = {
        Status.REVIEW: "change",
        Status.NO_INDICATION: "no_change",
    }
    figure = boundary.log10_change
    return ThreadChangeView(
        before=numbers[boundary.before],
        after=numbers[boundary.after],
        answer=answers.get(boundary.status, "inconclusive"),
        support=support(figure),
        limit=support(boundary.upper if figure > 0 else boundary.lower),
        channel_changed=boundary.channel_changed,
    )


def _evidence(found: Compared, numbers: Mapping[str, int]) -> EvidenceView:
    answer, reason = _answer(found)
    known = found.log10 is not None
    return EvidenceView(
        against=tuple(numbers[label] for label in found.first),
        session=numbers[found.second],
        answer=answer,
        support=support(found.log10) if found.log10 is not None else "not calibrated",
        limit=support(found.upper if (found.log10 or 0) > 0 else found.lower) if known else "",
        quality=round(found.quality, 1),
        reason=reason,
    )


def _answer(found: Compared) -> tuple[Answer, str | None]:
    """A direction, only where the comparison's thresholds let one be given."""
    if found.log10 is None:
        return "inconclusive", "not_calibrated"
    if found.status is Status.INCONCLUSIVE:
        return "inconclusive", "other_channel" if found.channel_changed else "between_thresholds"
    if support(found.log10) == NO_SUPPORT:
        return "neither", None
    return ("same_person" if found.log10 > 0 else "different_people"), None
