"""What a person gets to know: all that is stored of them, and how results about them came about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from audit.clocks import RequestKind
from audit.errors import StepRefused
from audit.ledger import EventKind
from audit.operations import alike
from audit.operations.challenges import telemetry_of
from audit.operations.changes import change
from audit.operations.demographics import disclosed
from audit.operations.requests import done, pending
from audit.operations.templates import described
from audit.records.base import Record
from audit.records.biometrics import Template
from audit.records.challenges import Challenge
from audit.records.evidence import Check, Comparison, Media, Reference, Report
from audit.records.oversight import Flag, Request, Review
from audit.records.register import Candidate, Consent, Interview, Notice, Outcome, System
from audit.records.searches import AlikePair, Search, SharedSubject
from audit.requests import Consequence
from audit.reviews import CaseState
from audit.store import ReadUnit, UnitOfWork

FORMAT = "fairwitness-candidate-data/1"

# What is about our own work and says nothing of the person.
_LEFT_OUT = frozenset({"version", "updated_at", "job_id", "fingerprint"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """All that is stored of a candidate, in a form that programs can read."""

    format: Annotated[str, Field(description="Of this document.", examples=[FORMAT])]
    exported_at: Annotated[datetime, Field(description="When it was put together.")]
    candidate: Annotated[dict[str, Any], Field(description="Reference, places, language.")]
    demographics: Annotated[
        dict[str, Any] | None, Field(description="What the candidate reported of themselves.")
    ]
    consents: Annotated[tuple[dict[str, Any], ...], Field(description="What was agreed to.")]
    notices: Annotated[tuple[dict[str, Any], ...], Field(description="What was told.")]
    interviews: Annotated[tuple[dict[str, Any], ...], Field(description="As they were held.")]
    media: Annotated[
        tuple[dict[str, Any], ...], Field(description="Facts about recordings, without content.")
    ]
    references: Annotated[tuple[dict[str, Any], ...], Field(description="Biometric references.")]
    templates: Annotated[
        tuple[dict[str, Any], ...],
        Field(description="What was measured of references: all but the sealed numbers."),
    ]
    comparisons: Annotated[tuple[dict[str, Any], ...], Field(description="Comparisons, in bands.")]
    searches: Annotated[
        tuple[dict[str, Any], ...],
        Field(description="Searches for the person in galleries: not who was found."),
    ]
    resemblances: Annotated[
        tuple[dict[str, Any], ...],
        Field(description="That somebody else is alike, in bands: without who it is."),
    ]
    shared: Annotated[
        tuple[dict[str, Any], ...], Field(description="Shared galleries that the person is in.")
    ]
    checks: Annotated[tuple[dict[str, Any], ...], Field(description="Checks and findings.")]
    challenges: Annotated[
        tuple[dict[str, Any], ...], Field(description="Active challenges and what was found.")
    ]
    reports: Annotated[tuple[dict[str, Any], ...], Field(description="Reports and their hashes.")]
    flags: Annotated[tuple[dict[str, Any], ...], Field(description="What a policy flagged.")]
    reviews: Annotated[
        tuple[dict[str, Any], ...],
        Field(description="Reviews by people: outcome and reasons, without reviewers."),
    ]
    requests: Annotated[tuple[dict[str, Any], ...], Field(description="What was asked for.")]
    outcomes: Annotated[tuple[dict[str, Any], ...], Field(description="Outcomes and scores.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How the results about a candidate came about, in words: text that a letter can hold."""

    candidate_id: Annotated[str, Field(description="Whose.")]
    systems: Annotated[tuple[str, ...], Field(description="Which tools, and their part.")]
    data: Annotated[tuple[str, ...], Field(description="Types of data that they read.")]
    checks: Annotated[tuple[str, ...], Field(description="What was checked, and what was found.")]
    flags: Annotated[tuple[str, ...], Field(description="What people were asked to look at.")]
    people: Annotated[tuple[str, ...], Field(description="What people decided on it.")]
    outcomes: Annotated[tuple[str, ...], Field(description="What happened, as it was reported.")]
    rights: Annotated[tuple[str, ...], Field(description="What the person can ask for.")]


def export(unit: UnitOfWork, request_id: str) -> Export:
    """Hands out what is stored of the candidate whose request for access was granted. Once.

    Raises `StepRefused` where that was not granted, or it was handed out already.
    """
    request = unit.get(Request, request_id)
    if request.kind is not RequestKind.ACCESS or request.request.reply is None:
        raise StepRefused("There is an export once a request for access is granted.")
    if Consequence.PROVIDE_DATA not in pending(request):
        raise StepRefused(
            "The export of this request was handed out, or access was refused. Another request "
            "for access gives another export."
        )
    made = _export(unit, request.candidate_id)
    change(unit, Request, request_id, lambda r: done(r, Consequence.PROVIDE_DATA))
    lists = {
        field.name: len(value)
        for field in dataclasses.fields(made)
        if isinstance(value := getattr(made, field.name), tuple)
    }
    unit.record(
        EventKind.SUBJECT_DATA_EXPORTED,
        request.candidate_id,
        {"request": request_id, "demographics": made.demographics is not None, **lists},
    )
    return made


def explain(unit: ReadUnit, request_id: str) -> Explanation:
    """The explanation for a request for one that was granted.

    Raises `StepRefused` where it was not.
    """
    request = unit.get(Request, request_id)
    reply = request.request.reply
    granted = reply is not None and reply.answer.value != "refused"
    if request.kind is not RequestKind.EXPLANATION or not granted:
        raise StepRefused("There is an explanation once a request for one is granted.")
    return explanation_of(unit, request.candidate_id)


def explanation_of(unit: ReadUnit, candidate_id: str) -> Explanation:
    """How the results about a candidate came about."""
    of: dict[str, object] = {"candidate_id": candidate_id}
    interviews = unit.every(Interview, **of)
    systems = [unit.get(System, id) for id in dict.fromkeys(i.system_id for i in interviews)]
    return Explanation(
        candidate_id=candidate_id,
        systems=tuple(_system_words(system) for system in systems),
        data=tuple(dict.fromkeys(word for system in systems for word in system.data_types)),
        checks=tuple(_check_words(check) for check in unit.every(Check, **of)),
        flags=tuple(flag.reason for flag in unit.every(Flag, **of)),
        people=tuple(_review_words(review) for review in unit.every(Review, **of)),
        outcomes=tuple(_outcome_words(outcome) for outcome in unit.every(Outcome, **of)),
        rights=_RIGHTS,
    )


_RIGHTS = (
    "You can see what is stored of you, and have it corrected where it is wrong.",
    "You can ask for a person to review the result, and for an interview without automation.",
    "You can opt out of automated processing at any time. That counts against nobody.",
)


def _export(unit: UnitOfWork, candidate_id: str) -> Export:
    of: dict[str, object] = {"candidate_id": candidate_id}
    reported = disclosed(unit, candidate_id)
    return Export(
        format=FORMAT,
        exported_at=unit.now(),
        candidate=_plain(unit.get(Candidate, candidate_id)),
        demographics=reported.model_dump(mode="json") if reported else None,
        consents=_plains(unit.every(Consent, **of)),
        notices=_plains(unit.every(Notice, **of)),
        interviews=_plains(unit.every(Interview, **of)),
        media=_plains(unit.every(Media, **of)),
        references=_plains(unit.every(Reference, **of)),
        templates=tuple(described(unit.every(Template, **of))),
        comparisons=_plains(unit.every(Comparison, **of)),
        searches=tuple(_search(each) for each in unit.every(Search, **of)),
        resemblances=tuple(_resemblance(each) for each in alike.pairs_of(unit, candidate_id)),
        shared=_plains(unit.every(SharedSubject, **of)),
        checks=_plains(unit.every(Check, **of)),
        challenges=tuple(_challenge(unit, each) for each in unit.every(Challenge, **of)),
        reports=_plains(unit.every(Report, **of)),
        flags=_plains(unit.every(Flag, **of)),
        reviews=tuple(_review(review) for review in unit.every(Review, **of)),
        requests=tuple(_request(request) for request in unit.every(Request, **of)),
        outcomes=_plains(unit.every(Outcome, **of)),
    )


def _plains(values: Iterable[Record]) -> tuple[dict[str, Any], ...]:
    return tuple(_plain(value) for value in values)


def _plain(value: Record) -> dict[str, Any]:
    dumped: Mapping[str, Any] = TypeAdapter(type(value)).dump_python(value, mode="json")
    return {name: each for name, each in dumped.items() if name not in _LEFT_OUT}


def _search(search: Search) -> dict[str, Any]:
    """Without the other people who were found: that somebody was is told."""
    told = [{k: v for k, v in each.items() if k != "alike"} for each in search.answers]
    return {**_plain(search), "answers": told}


def _resemblance(pair: AlikePair) -> dict[str, Any]:
    found_at = pair.created_at
    return {
        "likeness": dict(pair.likeness),
        "found_at": found_at.isoformat() if found_at else None,
        "shared_gallery": pair.gallery_id is not None,
    }


def _challenge(unit: ReadUnit, challenge: Challenge) -> dict[str, Any]:
    """With what the page reported; of frames how many, not the time of each."""
    told = telemetry_of(unit, challenge)
    reported = None if told is None else {**told.plain(), "frames": len(told.frames)}
    return {**_plain(replace(challenge, telemetry=None)), "telemetry": reported}


def _review(review: Review) -> dict[str, Any]:
    """Without names of reviewers, and without decisions before the case is closed."""
    closed = review.state is CaseState.CLOSED
    return {
        "id": review.id,
        "kind": review.kind,
        "reason": review.case.reason,
        "state": review.state.value,
        "opened_at": review.case.opened_at.isoformat(),
        "closed_at": review.closed_at.isoformat() if review.closed_at else None,
        "outcome": review.outcome.value if review.outcome else None,
        "rationales": [d.rationale for d in review.case.decisions] if closed else [],
    }


def _request(request: Request) -> dict[str, Any]:
    person, reply = request.request, request.request.reply
    return {
        "id": request.id,
        "kind": request.kind.value,
        "state": request.state.value,
        "channel": person.channel,
        "details": person.details,
        "received_at": person.received_at.isoformat(),
        "due_at": request.due_at.isoformat() if request.due_at else None,
        "notes": list(person.notes),
        "answer": reply.answer.value if reply else None,
        "rationale": reply.rationale if reply else None,
        "withheld": reply.withheld if reply else None,
    }


def _words(text: str) -> str:
    return text.replace("_", " ")


def _system_words(system: System) -> str:
    return (
        f"{system.name}, version {system.system_version}, made by {system.vendor}. Mode of the "
        f"interview: {_words(system.mode.value)}. Part in the decision: "
        f"{_words(system.decision_role.value)}."
    )


def _check_words(check: Check) -> str:
    day = check.created_at.date().isoformat()
    compared = "with" if check.identity_signals else "without"
    found = "; ".join(
        f"{_words(question)}: {_words(verdict)}"
        for question, verdict in sorted(check.findings.items())
    )
    result = f"Found: {found}." if found else f"State: {_words(check.state.value)}."
    return (
        f"Check of {day}, {compared} comparison of face and voice. {result} A finding asks a "
        "person to look, or says that there is no reason to; it decides nothing."
    )


def _review_words(review: Review) -> str:
    kind = _words(review.kind)
    if review.outcome is None:
        return f"Case '{kind}' by a person: {_words(review.state.value)}."
    count = len(review.case.decisions)
    who = "A person" if count == 1 else f"{count} persons, each on their own,"
    return f"{who} reviewed the case '{kind}'. The result was {review.outcome.value}."


def _outcome_words(outcome: Outcome) -> str:
    day = outcome.occurred_at.date().isoformat()
    stage = f" at the stage {outcome.stage}" if outcome.stage else ""
    decided = {
        True: " A person decided against the system's output.",
        False: " A person decided as the system's output said.",
        None: "",
    }[outcome.overridden]
    return f"{day}{stage}: {_words(outcome.outcome.value)}.{decided}"
