"""What people asked for and what people reviewed in a period, as it stood at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from audit.clocks import RequestKind
from audit.records.oversight import Request
from audit.records.period import (
    Durations,
    HumanPaths,
    RequestCounts,
    ReviewCounts,
    Reviews,
    Share,
    Tally,
)
from audit.requests import Answer, Consequence, RequestState
from audit.reviews import Outcome
from audit.store.period_rows import Case, is_alternative

_HELD = "held: "
"""How the history of a human alternative says that the interview took place."""
_UNITS = {"hours": timedelta(hours=1), "days": timedelta(days=1)}


def count_requests(requests: Iterable[Request], as_of: datetime) -> dict[str, RequestCounts]:
    """Requests by kind: every kind has its place."""
    found: dict[RequestKind, list[Request]] = {kind: [] for kind in RequestKind}
    for request in requests:
        found[request.kind].append(request)
    return {kind.value: _of_kind(members, as_of) for kind, members in found.items()}


def count_reviews(cases: Sequence[Case], as_of: datetime) -> Reviews:
    """Review cases; those of the human alternative are left out."""
    reviews = [case for case in cases if not is_alternative(case)]
    kinds = Counter(case.kind for case in reviews)
    return Reviews(
        all=_of_cases(reviews, as_of),
        by_kind=tuple(
            Tally(kind, count, len(reviews))
            for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
        ),
    )


def count_human_paths(
    cases: Sequence[Case], requests: Sequence[Request], *, persons: int, as_of: datetime
) -> HumanPaths:
    """Opt-outs and human alternatives. `persons`: candidates of the system."""
    opened = [case for case in cases if is_alternative(case)]
    closed = [case for case in opened if _closed(case, as_of)]
    held = [case for case in closed if _took_place(case)]
    running = [case for case in opened if not _closed(case, as_of)]
    out = {r.candidate_id for r in requests if r.kind is RequestKind.OPT_OUT}
    return HumanPaths(
        opted_out=Share(len(out), persons),
        asked=sum(r.kind is RequestKind.HUMAN_ALTERNATIVE for r in requests),
        opened=len(opened),
        held=Share(len(held), len(opened)),
        given_up=len(closed) - len(held),
        open=len(running),
        overdue=sum(_overdue(case, as_of) for case in running),
        time_to_human=durations(
            (c.closed_at - _asked_at(c) for c in held if c.closed_at), unit="hours"
        ),
    )


def durations(lengths: Iterable[timedelta], *, unit: Literal["hours", "days"]) -> Durations:
    """Median and 90th percentile by nearest rank."""
    values = sorted(length / _UNITS[unit] for length in lengths)
    if not values:
        return Durations(0, None, None, unit)
    half = len(values) // 2
    median = values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
    return Durations(len(values), median, values[ceil(0.9 * len(values)) - 1], unit)


def explanations_given(requests: Iterable[Request], as_of: datetime) -> Share:
    """Explanations handed over, of those granted."""
    granted = [
        r
        for r in requests
        if r.kind is RequestKind.EXPLANATION and _answered(r, as_of) and _granted(r)
    ]
    word = Consequence.PROVIDE_EXPLANATION.value
    return Share(sum(word in r.done for r in granted), len(granted))


def _of_kind(requests: Sequence[Request], as_of: datetime) -> RequestCounts:
    answered = [r for r in requests if _answered(r, as_of)]
    left = [r for r in requests if not _answered(r, as_of)]
    gone = [r for r in left if _withdrawn(r, as_of)]
    waiting = [r for r in left if not _withdrawn(r, as_of)]
    clocked = [r for r in answered if r.request.deadlines]
    overdue = sum(any(d.ends_at <= as_of for d in r.request.deadlines) for r in waiting)
    return RequestCounts(
        received=len(requests),
        answered=len(answered),
        in_time=Share(
            sum(_in_time(r) for r in clocked), len(clocked), len(answered) - len(clocked)
        ),
        granted=Share(sum(_granted(r) for r in answered), len(answered)),
        open=len(waiting) - overdue,
        overdue=overdue,
        withdrawn=len(gone),
        days=durations((_length(r) for r in answered), unit="days"),
    )


def _answered(request: Request, as_of: datetime) -> bool:
    reply = request.request.reply
    return reply is not None and reply.at < as_of


def _withdrawn(request: Request, as_of: datetime) -> bool:
    closed_at = request.request.closed_at
    taken_back = request.state is RequestState.WITHDRAWN
    return taken_back and closed_at is not None and closed_at < as_of


def _in_time(request: Request) -> bool:
    reply = request.request.reply
    return reply is not None and all(reply.at < d.ends_at for d in request.request.deadlines)


def _granted(request: Request) -> bool:
    reply = request.request.reply
    return reply is not None and reply.answer is not Answer.REFUSED


def _length(request: Request) -> timedelta:
    reply = request.request.reply
    return reply.at - request.request.received_at if reply else timedelta(0)


def _of_cases(cases: Sequence[Case], as_of: datetime) -> ReviewCounts:
    closed = [case for case in cases if _closed(case, as_of)]
    running = [case for case in cases if not _closed(case, as_of)]
    outcomes = Counter(case.outcome for case in closed)
    changed = outcomes[Outcome.MODIFIED] + outcomes[Outcome.REVERSED]
    double = [case for case in closed if case.case["four_eyes"]]
    overdue = sum(_overdue(case, as_of) for case in running)

    def share(count: int, of: Sequence[Case] = closed) -> Share:
        return Share(count, len(of))

    due = [case for case in closed if case.due_at is not None]
    return ReviewCounts(
        opened=len(cases),
        closed=len(closed),
        upheld=share(outcomes[Outcome.UPHELD]),
        modified=share(outcomes[Outcome.MODIFIED]),
        reversed=share(outcomes[Outcome.REVERSED]),
        changed=share(changed),
        closed_late=share(_count(due, _late), due),
        four_eyes=share(len(double)),
        disagreed=share(_count(double, _disagreed), double),
        open=len(running) - overdue,
        overdue=overdue,
        hours=durations((c.closed_at - c.created_at for c in closed if c.closed_at), unit="hours"),
    )


def _count(cases: Iterable[Case], holds: Callable[[Case], bool]) -> int:
    return sum(holds(case) for case in cases)


def _closed(case: Case, as_of: datetime) -> bool:
    return case.closed_at is not None and case.closed_at < as_of


def _late(case: Case) -> bool:
    return case.due_at is not None and case.closed_at is not None and case.closed_at >= case.due_at


def _overdue(case: Case, as_of: datetime) -> bool:
    return case.due_at is not None and case.due_at <= as_of


def _disagreed(case: Case) -> bool:
    return len(case.case["decisions"]) > 2


def _took_place(case: Case) -> bool:
    return any(step["what"].startswith(_HELD) for step in case.case["history"])


def _asked_at(case: Case) -> datetime:
    """When the person asked, else when the case was opened."""
    if case.request is None:
        return case.created_at
    return datetime.fromisoformat(case.request["received_at"])
