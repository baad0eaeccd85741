"""Who took part in what happened to a candidate, by opaque references."""

from __future__ import annotations

from audit.records.oversight import Review
from audit.records.register import Interview, Outcome
from audit.reviews import CaseState
from audit.store import ReadUnit


def made_by(
    unit: ReadUnit, candidate_id: str, *, interview_id: str | None = None
) -> frozenset[str]:
    """Interviewers and those who decided on a candidate: in one interview, or in all."""
    of: dict[str, object] = {"candidate_id": candidate_id}
    interviews = unit.every(Interview, **of, **({"id": interview_id} if interview_id else {}))
    outcomes = unit.every(Outcome, **of, **({"interview_id": interview_id} if interview_id else {}))
    named = [i.interviewer for i in interviews] + [o.decided_by for o in outcomes]
    return frozenset(person for person in named if person)


def reviewed_by(unit: ReadUnit, candidate_id: str) -> frozenset[str]:
    """Those who decided on closed reviews about a candidate: an appeal may be against them."""
    closed = unit.every(Review, candidate_id=candidate_id, state=CaseState.CLOSED)
    return frozenset(d.reviewer for review in closed for d in review.case.decisions)
