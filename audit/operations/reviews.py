"""Review cases and the persons who may decide them. What a step allows is in `audit.reviews`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from audit import reviews
from audit.canonical import Json
from audit.clocks import Deadline, stop
from audit.errors import NotFound, StepRefused
from audit.ids import new_id
from audit.ledger import EventKind
from audit.operations.announcements import announce
from audit.operations.changes import change
from audit.records.oversight import Flag, FlagState, Review
from audit.records.oversight import Reviewer as RegisteredReviewer
from audit.records.register import Interview
from audit.reviews import CaseState, Decision, Outcome, ReviewCase, ReviewMeasures, Step
from audit.store import Page, ReadUnit, UnitOfWork
from audit.webhooks import ReviewClosed, ReviewOpened

HUMAN_ALTERNATIVE = "human_alternative"
APPEAL = "appeal"
RECONSIDERATION = "reconsideration"
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a review case is opened with.

    Attributes:
        evidence: ids of all that can be considered; at least one.
        made_by: persons who made the result or decision under review.
        hiring_teams: teams that are hiring the candidate.
    """

    kind: str
    reason: str
    evidence: tuple[str, ...]
    flag_id: str | None = None
    request_id: str | None = None
    candidate_id: str | None = None
    deadline: Deadline | None = None
    four_eyes: bool = False
    made_by: frozenset[str] = frozenset()
    hiring_teams: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a reviewer decides, and what it rests on."""

    outcome: Outcome
    rationale: str
    evidence: tuple[str, ...]
    used_tool: bool = False


def open_review(unit: UnitOfWork, opening: Opening) -> Review:
    """Opens a case, records it and announces it."""
    review_id = new_id("rev")
    case = ReviewCase(
        id=review_id,
        flag=opening.flag_id or "",
        kind=opening.kind,
        reason=opening.reason,
        opened_at=unit.now(),
        evidence=tuple(dict.fromkeys(opening.evidence)),
        four_eyes=opening.four_eyes,
        deadline=opening.deadline,
        made_by=opening.made_by,
        hiring_teams=opening.hiring_teams,
    )
    case = reviews.open_case(case, unit.actor)
    review = unit.add(
        Review(
            id=review_id,
            flag_id=opening.flag_id,
            request_id=opening.request_id,
            candidate_id=opening.candidate_id,
            kind=opening.kind,
            state=case.state,
            due_at=case.deadline.ends_at if case.deadline else None,
            case=case,
        )
    )
    told: dict[str, Json] = {
        "kind": review.kind,
        "four_eyes": case.four_eyes,
        "due_at": _text(review.due_at),
    }
    _record(unit, EventKind.REVIEW_OPENED, review, told)
    announce(
        unit,
        ReviewOpened(
            review_id=review.id,
            flag_id=review.flag_id,
            candidate_id=review.candidate_id,
            due_at=review.due_at,
        ),
    )
    return review


def assign(unit: UnitOfWork, review_id: str, person: str) -> Review:
    """Gives a case to a reviewer.

    Raises:
        NotIndependent: they may not review it; the message says why.
        StepRefused: no decision is needed now.
        NotFound: there is no such case, or no such reviewer now.
    """
    reviewer = _reviewer(unit, person)

    def assigned(case: ReviewCase) -> ReviewCase:
        return reviews.assign(case, reviewer, at=unit.now(), by=unit.actor)

    review = _step(unit, review_id, assigned)
    if review.flag_id is not None:
        change(unit, Flag, review.flag_id, lambda f: replace(f, state=FlagState.IN_REVIEW))
    _record(unit, EventKind.REVIEW_ASSIGNED, review, {"reviewer": person})
    return review


def add_evidence(unit: UnitOfWork, review_id: str, evidence: str) -> Review:
    """Adds something to consider: an id, or a reference to what the person concerned sent in."""

    def added(case: ReviewCase) -> ReviewCase:
        return reviews.add_evidence(case, evidence, at=unit.now(), by=unit.actor)

    review = _step(unit, review_id, added)
    _record(unit, EventKind.REVIEW_CHANGED, review, {"evidence": len(review.case.evidence)})
    return review


def note_conflicts(
    unit: UnitOfWork,
    review_id: str,
    *,
    made_by: Iterable[str] = (),
    hiring_teams: Iterable[str] = (),
) -> Review:
    """Adds who may not review a case: who made what is reviewed, and the teams that are hiring.

    Nobody is taken away. A case whose assignee is among them is free to be assigned again.

    Raises `StepRefused` where the case is closed, or one of them has decided on it already.
    """
    persons, teams = frozenset(made_by), frozenset(hiring_teams)

    def noted(case: ReviewCase) -> ReviewCase:
        if case.state is CaseState.CLOSED:
            raise StepRefused("The case is closed.")
        known = replace(
            case, made_by=case.made_by | persons, hiring_teams=case.hiring_teams | teams
        )
        _refuse_decided(unit, known)
        if case.assignee is not None and _barred(unit, known, case.assignee):
            state = CaseState.DECIDED if known.decisions else CaseState.OPENED
            known = replace(known, assignee=None, state=state)
        return _noted(known, unit, "conflicts noted")

    review = _step(unit, review_id, noted)
    told = {"made_by": len(review.case.made_by), "hiring_teams": len(review.case.hiring_teams)}
    _record(unit, EventKind.REVIEW_CHANGED, review, told)
    return review


def decide(unit: UnitOfWork, review_id: str, person: str, verdict: Verdict) -> Review:
    """Writes the assignee's decision. No status of a candidate changes by it.

    Raises `NotIndependent`, `StepRefused`, `NotFound`.
    """
    reviewer = _reviewer(unit, person)

    def decided(case: ReviewCase) -> ReviewCase:
        decision = Decision(
            reviewer=person,
            at=unit.now(),
            outcome=verdict.outcome,
            rationale=verdict.rationale,
            evidence=verdict.evidence,
            used_tool=verdict.used_tool,
        )
        return reviews.decide(case, decision, reviewer=reviewer)

    review = _step(unit, review_id, decided)
    # Which way it went is told when the case is closed: a second reviewer may read the ledger.
    told: dict[str, Json] = {"reviewer": person, "decision": len(review.case.decisions)}
    _record(unit, EventKind.REVIEW_DECIDED, review, told)
    return review


def close(unit: UnitOfWork, review_id: str) -> Review:
    """Closes a case whose decisions are all there, and its flag with it."""

    def closed(case: ReviewCase) -> ReviewCase:
        return reviews.close(case, at=unit.now(), by=unit.actor)

    review = _step(unit, review_id, closed)
    return _closed(unit, review)


def fulfil(unit: UnitOfWork, review_id: str, interview_id: str) -> Review:
    """Closes a human alternative with the interview that a person held instead.

    Raises `StepRefused` where the case is of another kind, or the interview is not that.
    """
    interview = unit.get(Interview, interview_id)

    def fulfilled(review: Review) -> Review:
        _need_alternative(review)
        if interview.candidate_id != review.candidate_id or not interview.human_alternative:
            raise StepRefused(
                "Give the interview of this candidate that is marked as the human alternative."
            )
        return _ended(unit, review, f"held: {interview_id}", evidence=interview_id)

    return _closed(unit, change(unit, Review, review_id, fulfilled))


def end_alternative(unit: UnitOfWork, review_id: str, why: str) -> Review:
    """Closes a human alternative that the person does not want any more."""

    def ended(review: Review) -> Review:
        _need_alternative(review)
        return _ended(unit, review, why)

    return _closed(unit, change(unit, Review, review_id, ended))


def send_result(unit: UnitOfWork, review_id: str) -> Review:
    """Notes that the person concerned was told the result."""

    def sent(case: ReviewCase) -> ReviewCase:
        return reviews.send_result(case, at=unit.now(), by=unit.actor)

    review = _step(unit, review_id, sent)
    _record(unit, EventKind.REVIEW_CHANGED, review, {"result_sent": True})
    return review


def measure(unit: ReadUnit, *, since: datetime | None, now: datetime) -> ReviewMeasures:
    """How reviews of flags and appeals opened since then go, with the counts behind each figure.

    Human alternatives are no reviews of a result, and are left out.
    """
    return reviews.measure(_cases(unit, since), now)


def open_cases(unit: ReadUnit, **equals: object) -> tuple[Review, ...]:
    """All cases that are not closed: first those due first, those without a due date last."""
    states = (CaseState.OPENED, CaseState.ASSIGNED, CaseState.DECIDED)
    found = unit.every(Review, state=states, **equals)
    return tuple(sorted(found, key=lambda r: (r.due_at is None, r.due_at or r.created_at, r.id)))


def is_registered(unit: ReadUnit, person: str) -> bool:
    """Whether the tenant has this person as a reviewer now."""
    found = unit.find(RegisteredReviewer, person=person)
    return found is not None and found.left_at is None


def _cases(unit: ReadUnit, since: datetime | None) -> Iterator[ReviewCase]:
    page = Page(limit=_BATCH)
    while True:
        listing = unit.page(Review, page)
        for review in listing.items:
            if since is not None and review.created_at < since:
                return
            if review.kind != HUMAN_ALTERNATIVE:
                yield review.case
        if not listing.more:
            return
        page = Page(limit=_BATCH, before=listing.items[-1].id)


def _reviewer(unit: ReadUnit, person: str) -> reviews.Reviewer:
    found = unit.find(RegisteredReviewer, person=person)
    if found is None or found.left_at is not None:
        raise NotFound(f"There is no reviewer {person!r} now; register them first.")
    return reviews.Reviewer(
        id=found.person,
        may_change=found.may_change,
        training=found.training,
        teams=frozenset(found.teams),
    )


def _barred(unit: ReadUnit, case: ReviewCase, person: str) -> bool:
    """Whether a person may not review the case, whatever they decided on it."""
    found = unit.find(RegisteredReviewer, person=person)
    teams = found.teams if found else ()
    return person in case.made_by or not case.hiring_teams.isdisjoint(teams)


def _refuse_decided(unit: ReadUnit, case: ReviewCase) -> None:
    decided = [d.reviewer for d in case.decisions if _barred(unit, case, d.reviewer)]
    if decided:
        raise StepRefused(
            f"{decided[0]} has decided on this case already. Close it, and open a new review."
        )


def _step(unit: UnitOfWork, review_id: str, how: Callable[[ReviewCase], ReviewCase]) -> Review:
    return change(unit, Review, review_id, lambda review: with_case(review, how(review.case)))


def with_case(review: Review, case: ReviewCase) -> Review:
    """The review with its case changed, and its columns with it."""
    return replace(
        review,
        case=case,
        state=case.state,
        assignee=case.assignee,
        outcome=case.outcome if case.state is CaseState.CLOSED else None,
        closed_at=case.closed_at,
    )


def _need_alternative(review: Review) -> None:
    if review.kind != HUMAN_ALTERNATIVE:
        raise StepRefused("This case is a review: it ends with a decision.")
    if review.state is CaseState.CLOSED:
        raise StepRefused("The case is closed.")


def _ended(unit: UnitOfWork, review: Review, what: str, *, evidence: str = "") -> Review:
    at, case = unit.now(), review.case
    named = (*case.evidence, evidence) if evidence else case.evidence
    ended = replace(
        case,
        state=CaseState.CLOSED,
        assignee=None,
        closed_at=at,
        evidence=tuple(dict.fromkeys(named)),
        deadline=stop(case.deadline, at) if case.deadline else None,
    )
    return with_case(review, _noted(ended, unit, what))


def _noted(case: ReviewCase, unit: UnitOfWork, what: str) -> ReviewCase:
    return replace(case, history=(*case.history, Step(unit.now(), what, unit.actor)))


def _closed(unit: UnitOfWork, review: Review) -> Review:
    case = review.case
    late = case.deadline is not None and case.deadline.is_late
    outcome = review.outcome.value if review.outcome else None
    told: dict[str, Json] = {"outcome": outcome, "late": late, "decisions": len(case.decisions)}
    _record(unit, EventKind.REVIEW_CLOSED, review, told)
    if review.flag_id is not None:
        change(unit, Flag, review.flag_id, lambda f: replace(f, state=FlagState.CLOSED))
        unit.record(EventKind.FLAG_CLOSED, review.flag_id, {"review": review.id})
    if review.outcome is not None:
        announce(
            unit,
            ReviewClosed(
                review_id=review.id,
                flag_id=review.flag_id,
                candidate_id=review.candidate_id,
                outcome=review.outcome,
            ),
        )
    return review


def _record(unit: UnitOfWork, kind: EventKind, review: Review, more: Mapping[str, Json]) -> None:
    of = {"flag": review.flag_id, "request": review.request_id, "candidate": review.candidate_id}
    named = {name: value for name, value in of.items() if value is not None}
    unit.record(kind, review.id, {**named, **more})


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
