"""Review cases: a flag goes to a person, who looks at named evidence and decides.

    opened -> assigned -> decided -> closed
                  ^          |
                  +----------+   four eyes: a second reviewer, who has not seen the first decision;
                                 where the two differ, a third decides

Every function is pure: it takes a case and returns a new one, or refuses. A case says what was
found on review. It has no field for a candidate's status, and nothing here changes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Annotated

from pydantic import Field

from audit.clocks import Deadline, State, state, stop
from audit.errors import NotIndependent, StepRefused


class CaseState(StrEnum):
    """Where a case stands."""

    OPENED = "opened"
    ASSIGNED = "assigned"
    DECIDED = "decided"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What a reviewer found of the flagged result."""

    UPHELD = "upheld"
    MODIFIED = "modified"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who reviews.

    `may_change`: has the authority to modify or reverse the result. `training`: reference of the
    training for such reviews (C.R.S. 6-1-1701(15) asks for both). `teams`: hiring teams.
    """

    id: str
    may_change: bool
    training: str
    teams: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """One reviewer's decision, with all that it rests on.

    `used_tool`: whether the tool under review helped to decide; such a decision is refused.
    """

    reviewer: str
    at: datetime
    outcome: Outcome
    rationale: str
    evidence: tuple[str, ...]
    used_tool: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a case's history."""

    at: datetime
    what: str
    by: str


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """One case.

    Attributes:
        reason: why it was opened, in the flag's words.
        evidence: ids of all that can be considered: from the report, or sent in since.
        made_by: persons who took the original decision or made the result under review.
        hiring_teams: teams that are hiring the candidate.
        decisions: one; with `four_eyes` two, and a third where these differ. The last one counts.
        result_sent_at: when the person concerned was told, where they asked for the review.
    """

    id: str
    flag: str
    kind: str
    reason: str
    opened_at: datetime
    evidence: tuple[str, ...]
    state: CaseState = CaseState.OPENED
    four_eyes: bool = False
    deadline: Deadline | None = None
    made_by: frozenset[str] = frozenset()
    hiring_teams: frozenset[str] = frozenset()
    assignee: str | None = None
    decisions: tuple[Decision, ...] = ()
    closed_at: datetime | None = None
    result_sent_at: datetime | None = None
    history: tuple[Step, ...] = ()

    @property
    def outcome(self) -> Outcome | None:
        """The outcome, once all decisions that are needed are there."""
        return self.decisions[-1].outcome if self.needs == 0 else None

    @property
    def needs(self) -> int:
        """How many decisions are still needed, as far as can be known."""
        wanted = 2 if self.four_eyes else 1
        if self.four_eyes and len(self.decisions) >= 2:
            first, second = self.decisions[:2]
            wanted = 2 if first.outcome is second.outcome else 3
        return wanted - len(self.decisions)


@dataclass(frozen=True, slots=True)
class ReviewMeasures:
    """How reviews go, with the counts behind every figure. A figure of nothing is null."""

    opened: Annotated[int, Field(description="Cases that were opened.")]
    still_open: Annotated[int, Field(description="Of these, not closed yet.")]
    overdue: Annotated[int, Field(description="Open ones whose time is over.")]
    closed: Annotated[int, Field(description="Cases that were closed.")]
    closed_late: Annotated[int, Field(description="Of these, after their time.")]
    upheld: Annotated[int, Field(description="Closed: the result stands.")]
    modified: Annotated[int, Field(description="Closed: the result was changed.")]
    reversed: Annotated[int, Field(description="Closed: the result was turned round.")]
    doubly_reviewed: Annotated[int, Field(description="Closed cases of two reviewers.")]
    disagreed: Annotated[int, Field(description="Of these, those whose first two differed.")]
    override_rate: Annotated[
        float | None, Field(description="Modified or reversed, among closed: 0 to 1.")
    ]
    hours_median: Annotated[
        float | None, Field(description="Opening to closing of closed cases: median, hours.")
    ]
    hours_p90: Annotated[
        float | None, Field(description="The same: 90th percentile by nearest rank, hours.")
    ]

    @property
    def overridden(self) -> int:
        """Closed cases whose outcome differs from the result under review."""
        return self.modified + self.reversed


def open_case(case: ReviewCase, by: str) -> ReviewCase:
    """The case with its opening written into its history; it must be as new."""
    if case.state is not CaseState.OPENED or case.decisions or case.history:
        raise StepRefused("A case opens without assignee, decisions or history.")
    if not case.reason.strip():
        raise StepRefused("A case needs the reason why it was opened.")
    return _step(case, case.opened_at, "opened", by)


def add_evidence(case: ReviewCase, evidence: str, *, at: datetime, by: str) -> ReviewCase:
    """The case with something more to consider, such as what the person concerned sent in."""
    _need(case, CaseState.OPENED, CaseState.ASSIGNED, CaseState.DECIDED)
    if not evidence.strip() or evidence in case.evidence:
        raise StepRefused("Name evidence that the case does not have yet.")
    changed = replace(case, evidence=(*case.evidence, evidence))
    return _step(changed, at, f"evidence added: {evidence}", by)


def assign(case: ReviewCase, reviewer: Reviewer, *, at: datetime, by: str) -> ReviewCase:
    """The case in the hands of a reviewer.

    Raises:
        NotIndependent: the reviewer may not review this case; the message says why.
        StepRefused: no decision is needed now.
    """
    _need(case, CaseState.OPENED, CaseState.ASSIGNED, CaseState.DECIDED)
    if case.needs == 0:
        raise StepRefused("All decisions are there: close the case.")
    _check_independent(case, reviewer)
    changed = replace(case, state=CaseState.ASSIGNED, assignee=reviewer.id)
    return _step(changed, at, f"assigned to {reviewer.id}", by)


def bar(case: ReviewCase, reviewer: Reviewer) -> str:
    """Why the reviewer may not review the case; empty where nothing stands against it."""
    if reviewer.id in case.made_by:
        return "they made the result or the decision under review"
    if not case.hiring_teams.isdisjoint(reviewer.teams):
        return "they are assigned to the candidate's hiring team"
    if any(d.reviewer == reviewer.id for d in case.decisions):
        return "they have decided on it already, and another person has to"
    if not reviewer.may_change:
        return "they have no authority to modify or reverse the result"
    if not reviewer.training.strip():
        return "no training for such reviews is recorded"
    return ""


def decide(case: ReviewCase, decision: Decision, *, reviewer: Reviewer) -> ReviewCase:
    """The case with its assignee's decision; `reviewer` as they are now, not when assigned.

    Raises:
        NotIndependent: the reviewer may not, or no longer, review this case.
        StepRefused: it is not the assignee's, names no evidence of the case, gives no rationale, or
            was made with the help of the tool under review.
    """
    _need(case, CaseState.ASSIGNED)
    if not decision.reviewer == reviewer.id == case.assignee:
        raise StepRefused(f"The case is assigned to {case.assignee}, not to {decision.reviewer}.")
    _check_independent(case, reviewer)
    if decision.used_tool:
        raise StepRefused("The tool under review may not help to review itself.")
    if not decision.rationale.strip():
        raise StepRefused("A decision needs its rationale.")
    unknown = [e for e in decision.evidence if e not in case.evidence]
    if not decision.evidence or unknown:
        named = f" Not of this case: {', '.join(unknown)}." if unknown else ""
        raise StepRefused(f"Name the evidence of the case that was considered.{named}")
    changed = replace(
        case, state=CaseState.DECIDED, assignee=None, decisions=(*case.decisions, decision)
    )
    # Which way it went is left out: the second reviewer is not to know.
    return _step(changed, decision.at, f"decision {len(changed.decisions)}", decision.reviewer)


def close(case: ReviewCase, *, at: datetime, by: str) -> ReviewCase:
    """The closed case; its deadline is stopped."""
    _need(case, CaseState.DECIDED)
    if case.needs:
        raise StepRefused(f"Another reviewer has to decide first: assign one ({case.needs} to go).")
    ended = stop(case.deadline, at) if case.deadline else None
    changed = replace(case, state=CaseState.CLOSED, closed_at=at, deadline=ended)
    return _step(changed, at, f"closed: {changed.decisions[-1].outcome.value}", by)


def send_result(case: ReviewCase, *, at: datetime, by: str) -> ReviewCase:
    """The case after the person concerned was told its outcome."""
    _need(case, CaseState.CLOSED)
    if case.result_sent_at is not None:
        raise StepRefused("The result was sent already.")
    return _step(replace(case, result_sent_at=at), at, "result sent", by)


def visible_decisions(case: ReviewCase, viewer: str) -> tuple[Decision, ...]:
    """What `viewer` may see of the decisions: until the case is closed, only their own."""
    if case.state is CaseState.CLOSED:
        return case.decisions
    return tuple(d for d in case.decisions if d.reviewer == viewer)


def is_overdue(case: ReviewCase, now: datetime) -> bool:
    """Whether the case should have been closed by now. A case without a deadline never is."""
    if case.deadline is None or case.state is CaseState.CLOSED:
        return False
    return state(case.deadline, now) is State.OVERDUE


def measure(cases: Iterable[ReviewCase], now: datetime) -> ReviewMeasures:
    """Override rate, times to close and overdue cases, with counts."""
    every = list(cases)
    closed = [c for c in every if c.state is CaseState.CLOSED]
    outcomes = [c.outcome for c in closed]
    double = [c for c in closed if c.four_eyes]
    hours = sorted((c.closed_at - c.opened_at) / timedelta(hours=1) for c in closed if c.closed_at)
    changed = sum(o is not Outcome.UPHELD for o in outcomes)
    return ReviewMeasures(
        opened=len(every),
        still_open=len(every) - len(closed),
        overdue=sum(is_overdue(c, now) for c in every),
        closed=len(closed),
        closed_late=sum(c.deadline is not None and c.deadline.is_late for c in closed),
        upheld=outcomes.count(Outcome.UPHELD),
        modified=outcomes.count(Outcome.MODIFIED),
        reversed=outcomes.count(Outcome.REVERSED),
        doubly_reviewed=len(double),
        disagreed=sum(len(c.decisions) > 2 for c in double),
        override_rate=changed / len(closed) if closed else None,
        hours_median=_median(hours),
        hours_p90=hours[ceil(0.9 * len(hours)) - 1] if hours else None,
    )


def _median(values: Sequence[float]) -> float | None:
    if not values:
        return None
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def _check_independent(case: ReviewCase, reviewer: Reviewer) -> None:
    why = bar(case, reviewer)
    if why:
        raise NotIndependent(f"{reviewer.id} may not review this case: {why}.")


def _need(case: ReviewCase, *allowed: CaseState) -> None:
    if case.state not in allowed:
        raise StepRefused(
            f"The case is {case.state.value}; this step needs it {' or '.join(allowed)}."
        )


def _step(case: ReviewCase, at: datetime, what: str, by: str) -> ReviewCase:
    if at.utcoffset() is None:
        raise StepRefused("A step needs a time with a time zone.")
    last = case.history[-1].at if case.history else case.opened_at
    if at < last:
        raise StepRefused(f"A step at {at.isoformat()} would come before the last one.")
    return replace(case, history=(*case.history, Step(at, what, by)))
