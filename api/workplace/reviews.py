"""Review: the queue, and one case on one screen.

No score is shown to whoever is to decide: they see the recording, where to look and why. That it
was withheld is recorded with their decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from api.routes.paths import MediaId, ReviewId
from api.scopes import requires
from api.workplace import words
from api.workplace.framing import HEADERS, HOME, Visit, VisitDep, router
from api.workplace.ranges import part
from api.workplace.timelines import Timeline, timeline
from audit.errors import StepRefused
from audit.ledger import EventKind
from audit.operations import media, reviews
from audit.operations import policies as policy_operations
from audit.operations.reports import ResultReader
from audit.operations.reviews import Verdict
from audit.records.casework import show_review
from audit.records.evidence import Check, Media, MediaKind, MediaState, Report
from audit.records.oversight import Flag, Review
from audit.records.register import Interview
from audit.records.searches import AlikePair
from audit.reviews import CaseState, Outcome
from audit.store import Page, ReadUnit
from audit.store.waiting import due_first, tally

pages = router()
PATH = f"{HOME}/review"
OPEN_CASES = (CaseState.OPENED.value, CaseState.ASSIGNED.value, CaseState.DECIDED.value)
_MOST = 25
_EARLIER = 10
_LONGEST = 4000
_OUTCOMES = {
    Outcome.UPHELD: "The evidence supports what was flagged",
    Outcome.MODIFIED: "It supports part of it",
    Outcome.REVERSED: "It does not support it",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A case in a list."""

    review: Review
    reason: str
    standing: words.Standing
    mine: bool


@dataclass(frozen=True, slots=True)
class Matter:
    """What a case is about, as far as it is here and the person may see it."""

    flag: Flag | None
    check: Check | None
    recording: Media | None
    shown: Timeline | None
    earlier: tuple[Interview, ...]
    rule: str
    pair: AlikePair | None = None
    other: tuple[Interview, ...] = ()
    """Of a pair who are alike: the sessions of the candidate whom the case is not about."""
    audit: str = ""


def row(review: Review, now: datetime, person: str) -> Row:
    """A case as a list shows it to a person."""
    mine = review.case.assignee == person
    return Row(review, review.case.reason, words.standing(review.due_at, now), mine)


@pages.get("/review", dependencies=[requires("reviews:read")])
def queue(visit: VisitDep, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    """Cases that are not closed, those due first before others."""
    now = visit.call.service.now()
    with visit.call.reading() as unit:
        found = due_first(unit, Review, OPEN_CASES, limit=_MOST, skip=(page - 1) * _MOST)
        every, late = tally(unit, Review, OPEN_CASES, now)
    rows = [row(each, now, visit.user.person) for each in found.items]
    return visit.page(
        "review_queue.html", rows=rows, page=page, more=found.more, every=every, late=late
    )


@pages.get("/review/{review_id}/next", dependencies=[requires("reviews:read")])
def following(visit: VisitDep, review_id: ReviewId) -> Response:
    """The case due first that somebody could take up, but for this one; else the queue."""
    with visit.call.reading() as unit:
        unit.get(Review, review_id)
        onward = _next(visit, unit, review_id)
    return visit.go(onward)


@pages.get("/review/{review_id}", dependencies=[requires("reviews:read")])
def case(
    visit: VisitDep, review_id: ReviewId, t: Annotated[float, Query(ge=0, le=1e6)] = 0.0
) -> Response:
    """One case. `t`: the second at which the player starts."""
    return _case(visit, review_id, at=t)


@pages.post("/review/{review_id}/take", dependencies=[requires("reviews:write")])
def take(visit: VisitDep, review_id: ReviewId) -> Response:
    """Gives the case to the person who asks."""
    with visit.call.unit(answers=False) as unit:
        reviews.assign(unit, review_id, visit.user.person)
    return visit.go(f"{PATH}/{review_id}", "assigned")


@pages.post("/review/{review_id}/decide", dependencies=[requires("reviews:decide")])
def decide(visit: VisitDep, review_id: ReviewId) -> Response:
    """Stores a decision; a case that has all it needs is closed. Goes on to the queue."""
    faults = _faults(visit)
    if faults:
        return _case(visit, review_id, faults=faults)
    verdict = Verdict(
        outcome=Outcome(visit.form["outcome"]),
        rationale=visit.form["rationale"].strip(),
        evidence=tuple(visit.form["evidence"].split("\n")),
    )
    with visit.call.unit(answers=False) as unit:
        decided = reviews.decide(unit, review_id, visit.user.person, verdict)
        unit.record(EventKind.SCORE_WITHHELD, review_id, {"reviewer": visit.user.person})
        whole = decided.state is CaseState.DECIDED and decided.case.needs <= 0
        if whole:
            reviews.close(unit, review_id)
        onward = _next(visit, unit, review_id) if visit.form.get("then") == "next" else PATH
    return visit.go(onward, "closed" if whole else "decided")


@pages.get("/media/{media_id}", dependencies=[requires("media:content")])
def recording(visit: VisitDep, media_id: MediaId) -> Response:
    """A recording for the player, whole or from where it asks. Each start is recorded."""
    asked = visit.call.request.headers.get("range")
    first = asked is None or asked.startswith("bytes=0-")
    with visit.call.unit(answers=False) as unit:
        found = media.read(unit, media_id, why="review") if first else unit.get(Media, media_id)
    if found.kind is MediaKind.TABLE or found.state is not MediaState.STORED:
        raise StepRefused("There is no recording to play.")
    wanted = part(asked, found.size_bytes)
    pieces = media.content(visit.call.service.vault, visit.call.tenant, found)
    headers = {**HEADERS, "Accept-Ranges": "bytes", "Content-Length": str(wanted.length)}
    if wanted.partial:
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.end}/{found.size_bytes}"
    body: Iterator[bytes] = wanted.of(pieces)
    status = 206 if wanted.partial else 200
    return StreamingResponse(body, status, headers=headers, media_type=found.media_type)


def _next(visit: Visit, unit: ReadUnit, but: str) -> str:
    """Where the case due first is that nobody else has, and that this person has not decided."""
    person = visit.user.person
    for each in due_first(unit, Review, OPEN_CASES, limit=_MOST).items:
        decided = any(one.reviewer == person for one in each.case.decisions)
        if each.id != but and each.case.assignee in (None, person) and not decided:
            return f"{PATH}/{each.id}"
    return PATH


def _case(
    visit: Visit, review_id: str, *, at: float = 0.0, faults: dict[str, str] | None = None
) -> Response:
    now, person = visit.call.service.now(), visit.user.person
    with visit.call.reading() as unit:
        review = unit.get(Review, review_id)
        reviewer = reviews.is_registered(unit, person)
        matter = _matter(visit, unit, review)
    shown = show_review(review, now, person if reviewer else "")
    decides = visit.call.may("reviews:decide") and shown.assignee == person
    return visit.page(
        "review_case.html",
        status=422 if faults else 200,
        review=shown,
        matter=matter,
        reviewer=reviewer,
        takes=visit.call.may("reviews:write") and shown.state is CaseState.OPENED,
        decides=decides and shown.state is CaseState.ASSIGNED,
        standing=words.standing(shown.due_at, now),
        outcomes=[(each.value, text) for each, text in _OUTCOMES.items()],
        at=at,
        faults=faults or {},
        chosen=visit.form,
        longest=_LONGEST,
    )


def _matter(visit: Visit, unit: ReadUnit, review: Review) -> Matter:
    flag = unit.find(Flag, id=review.flag_id) if review.flag_id else None
    check = unit.find(Check, id=flag.subject) if flag is not None else None
    recording, shown = None, None
    if check is not None and visit.call.may("checks:read"):
        recording, shown = measured(visit, unit, check)
    earlier: tuple[Interview, ...] = ()
    if review.candidate_id is not None and visit.call.may("interviews:read"):
        theirs = {"candidate_id": review.candidate_id}
        earlier = unit.page(Interview, Page(limit=_EARLIER), theirs).items
    rule = _rule(visit, unit, flag) if flag is not None else ""
    pair, other = _pair(visit, unit, review) if check is None else (None, ())
    audit = flag.subject if flag is not None and flag.subject.startswith("aud_") else ""
    audit = audit if visit.call.may("fairness_audits:read") else ""
    return Matter(flag, check, recording, shown, earlier, rule, pair, other, audit)


def _pair(
    visit: Visit, unit: ReadUnit, review: Review
) -> tuple[AlikePair | None, tuple[Interview, ...]]:
    """The pair that a case is about, with the sessions of the other candidate."""
    if review.flag_id is None or not visit.call.may("galleries:read"):
        return None, ()
    pair = unit.find(AlikePair, flag_id=review.flag_id)
    if pair is None or pair.other_id is None or not visit.call.may("interviews:read"):
        return pair, ()
    both = {pair.candidate_id, pair.other_id} - {review.candidate_id}
    return pair, unit.page(Interview, Page(limit=_EARLIER), {"candidate_id": both.pop()}).items


def measured(visit: Visit, unit: ReadUnit, check: Check) -> tuple[Media | None, Timeline | None]:
    """The recording, if the person may play it, and the timeline of a finished check."""
    recording = unit.find(Media, id=check.media_id) if visit.call.may("media:content") else None
    if recording is not None and recording.state is not MediaState.STORED:
        recording = None
    report = unit.find(Report, id=check.report_id) if check.report_id else None
    result = ResultReader(visit.call.service.vault)(unit, report) if report else None
    return recording, timeline(result) if result else None


def _rule(visit: Visit, unit: ReadUnit, flag: Flag) -> str:
    """What the policy in force does with what matched, in words; empty: it has no such rule."""
    if not visit.call.may("policies:read"):
        return ""
    policy = policy_operations.active_policy(unit, flag.policy.partition("/")[0])
    found = next((each for each in policy.rules if each.id == flag.rule), None)
    if found is None:
        return ""
    who = " and ".join(words.plain(each).lower() for each in flag.recipients) or "nobody"
    eyes = " Two people decide, each on their own." if found.flag.four_eyes else ""
    return f"{words.plain(flag.outcome)}. Seen by {who}.{eyes}"


def _faults(visit: Visit) -> dict[str, str]:
    form, faults = visit.form, {}
    if form.get("outcome") not in set(Outcome):
        faults["outcome"] = "Choose what you found."
    rationale = form.get("rationale", "").strip()
    if not 1 <= len(rationale) <= _LONGEST:
        faults["rationale"] = "Say why, in your own words: what you saw or heard, and where."
    if not form.get("evidence", "").strip():
        faults["evidence"] = "Tick at least one thing that you looked at."
    return faults
