"""What letters to candidates are written from: what is registered, and what persons wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar, get_args, get_origin

from pydantic import ValidationError

from audit.errors import InputError, StepRefused
from audit.operations.media import named
from audit.records.issued import DocumentKind, Publication
from audit.records.oversight import Request, Review
from audit.records.register import Candidate, Outcome, System
from audit.reviews import CaseState
from audit.store import ReadUnit
from reports.compose.letter_facts import (
    Decision,
    DisclosureFacts,
    ExplanationFacts,
    HumanPart,
    LetterFacts,
    NoticeFacts,
    Organisation,
    Score,
    Tool,
    Written,
)

F = TypeVar("F", bound=LetterFacts)
_FACTS: Mapping[DocumentKind, type[LetterFacts]] = {
    DocumentKind.CANDIDATE_NOTICE: NoticeFacts,
    DocumentKind.ADVERSE_OUTCOME_DISCLOSURE: DisclosureFacts,
    DocumentKind.EXPLANATION_LETTER: ExplanationFacts,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterOrder:
    """What a letter is to say beside what is stored. `given`: plain JSON, as it was asked for."""

    publisher: str
    base_url: str
    day: date
    given: Mapping[str, Any]


def texts_of(kind: DocumentKind) -> dict[str, bool]:
    """Names of the texts that persons write for such a letter, and whether there may be several."""
    found = {}
    for name, field in _FACTS[kind].model_fields.items():
        kinds = get_args(field.annotation)
        if Written in kinds:
            found[name] = get_origin(field.annotation) is tuple
    return found


def check_texts(kind: DocumentKind, given: Mapping[str, int]) -> None:
    """Raises `InputError` for texts that such a letter does not have. `given`: how many of each."""
    known = texts_of(kind)
    for name, count in given.items():
        if name not in known:
            raise InputError(f"This letter has no text {name!r}; it has: {', '.join(known)}.")
        if count > 1 and not known[name]:
            raise InputError(f"This letter has one text {name!r}; give one.")


def notice_facts(unit: ReadUnit, system_id: str, order: LetterOrder) -> NoticeFacts:
    """Of a notice before a system is used."""
    system = unit.get(System, system_id)
    places = tuple(order.given.get("places", ())) or system.jurisdictions
    more = {
        "use_from": order.given.get("use_from"),
        "summary_url": order.given.get("summary_url") or _page(unit, system_id, order),
    }
    return _facts(NoticeFacts, DocumentKind.CANDIDATE_NOTICE, order, system, places, more)


def disclosure_facts(unit: ReadUnit, outcome_id: str, order: LetterOrder) -> DisclosureFacts:
    """Of a disclosure after an outcome."""
    outcome = unit.get(Outcome, outcome_id)
    more = {"decision": _decision(outcome, order)}
    return _facts(
        DisclosureFacts,
        DocumentKind.ADVERSE_OUTCOME_DISCLOSURE,
        order,
        _system(unit, outcome),
        _places(unit, outcome, order),
        more,
    )


def explanation_facts(unit: ReadUnit, request_id: str, order: LetterOrder) -> ExplanationFacts:
    """Of an explanation that a person asked for. Raises `StepRefused` without an outcome."""
    request = unit.get(Request, request_id)
    outcome = _outcome(unit, request.candidate_id, order)
    closed = unit.count(Review, candidate_id=request.candidate_id, state=CaseState.CLOSED)
    more = {
        "decision": _decision(outcome, order),
        "asked_on": request.request.received_at.date(),
        "output": tuple(
            Score(name=name, value=value) for name, value in sorted(outcome.scores.items())
        ),
        "human": HumanPart(
            person_decided=True if outcome.decided_by else None,
            against_tool=outcome.overridden,
            reviews=closed,
        ),
    }
    return _facts(
        ExplanationFacts,
        DocumentKind.EXPLANATION_LETTER,
        order,
        _system(unit, outcome),
        _places(unit, outcome, order),
        more,
    )


def _facts(
    kind: type[F],
    document: DocumentKind,
    order: LetterOrder,
    system: System,
    places: tuple[str, ...],
    more: Mapping[str, Any],
) -> F:
    several = texts_of(document)
    texts = {
        name: each if several[name] else each[0]
        for name, each in order.given.get("texts", {}).items()
        if each and name in several
    }
    organisation = Organisation(name=order.publisher, contact=order.given.get("contact"))
    try:
        return kind.model_validate(
            {
                "organisation": organisation if order.publisher else None,
                "tool": Tool.of(system),
                "places": places,
                "day": order.day,
                **more,
                **texts,
            }
        )
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise InputError(f"The letter cannot be written: {where} does not fit.") from None


def _decision(outcome: Outcome, order: LetterOrder) -> Decision:
    return Decision(
        outcome=outcome.outcome,
        on=outcome.occurred_at.date(),
        job=order.given.get("job"),
        stage=outcome.stage or None,
    )


def _outcome(unit: ReadUnit, candidate_id: str, order: LetterOrder) -> Outcome:
    """The one that was named, or the newest one."""
    asked = order.given.get("outcome_id")
    if asked is not None:
        return named(unit, Outcome, asked)
    every = unit.every(Outcome, candidate_id=candidate_id)
    if not every:
        raise StepRefused("No outcome of this candidate is stored: there is nothing to explain.")
    return max(every, key=lambda each: each.occurred_at)


def _system(unit: ReadUnit, outcome: Outcome) -> System:
    if outcome.system_id is None:
        raise StepRefused("It is not recorded with which system this outcome came about.")
    return unit.get(System, outcome.system_id)


def _places(unit: ReadUnit, outcome: Outcome, order: LetterOrder) -> tuple[str, ...]:
    asked = tuple(order.given.get("places", ()))
    return asked or unit.get(Candidate, outcome.candidate_id).jurisdictions


def _page(unit: ReadUnit, system_id: str, order: LetterOrder) -> str | None:
    """Where the summary of the system's bias audit is posted."""
    page = unit.find(Publication, system_id=system_id, taken_down_at=None)
    return f"{order.base_url.rstrip('/')}/public/{page.slug}" if page else None
