"""What is read row by row for the facts of a period: few columns, each kind by one statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from audit.records.oversight import Request
from audit.records.register import Consent, Interview, Mode, Notice, Purpose
from audit.store.mapping import mapping
from audit.store.period import (
    ALTERNATIVE,
    CANDIDATES,
    CHECKS,
    CONSENTS,
    FLAGS,
    INTERVIEWS,
    NOTICES,
    REVIEWS,
    Span,
    in_period,
    is_person,
)
from audit.tables.base import table_of
from audit.tables.oversight import RequestRow

_BATCH = {"yield_per": 1000}
_REQUESTS = table_of(RequestRow)


@dataclass(frozen=True, slots=True)
class Held:
    """An interview of the period, as far as duties before it depend on it.

    Attributes:
        places: the candidate's; none where none is stored.
        checked_at: when its first check was asked for.
        identity: whether faces and voices were compared in one of its checks.
    """

    interview: Interview
    created_at: datetime
    places: tuple[str, ...]
    checked_at: datetime | None
    identity: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A review case, with when its request came in, where it is one's."""

    kind: str
    created_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    case: dict[str, Any]
    request: dict[str, Any] | None


def held_interviews(span: Span) -> Iterator[Held]:
    """Interviews of the period that are not the human alternative, in no order."""
    ran = (
        select(
            CHECKS.interview_id,
            func.min(CHECKS.created_at).label("first"),
            func.max(case((CHECKS.identity_signals, 1), else_=0)).label("identity"),
        )
        .where(span.ours(CHECKS))
        .group_by(CHECKS.interview_id)
        .subquery("ran")
    ).c
    statement = (
        select(
            INTERVIEWS.id,
            INTERVIEWS.candidate_id,
            INTERVIEWS.held_at,
            INTERVIEWS.created_at,
            INTERVIEWS.mode,
            CANDIDATES.jurisdictions,
            ran.first,
            ran.identity,
        )
        .join(
            CANDIDATES.id.table,
            and_(CANDIDATES.id == INTERVIEWS.candidate_id, span.of(CANDIDATES)),
        )
        .outerjoin(ran.first.table, ran.interview_id == INTERVIEWS.id)
        .where(in_period(span), INTERVIEWS.human_alternative.is_(False))
    )
    for row in span.unit.connection.execute(statement, execution_options=_BATCH):
        yield Held(
            Interview(
                id=row.id,
                candidate_id=row.candidate_id,
                system_id=span.system_id,
                held_at=row.held_at,
                mode=Mode(row.mode) if row.mode else None,
            ),
            row.created_at,
            tuple(row.jurisdictions),
            row.first,
            bool(row.identity),
        )


def consents_of(span: Span) -> Iterator[Consent]:
    """Consents of all who were interviewed in the period, given before its moment."""
    statement = select(
        CONSENTS.id,
        CONSENTS.candidate_id,
        CONSENTS.interview_id,
        CONSENTS.purpose,
        CONSENTS.text_version,
        CONSENTS.jurisdiction,
        CONSENTS.given_at,
        CONSENTS.reference,
        CONSENTS.written,
        CONSENTS.expires_at,
        CONSENTS.withdrawn_at,
    ).where(
        span.of(CONSENTS),
        CONSENTS.given_at < span.as_of,
        CONSENTS.candidate_id.in_(select(INTERVIEWS.candidate_id).where(in_period(span))),
    )
    for row in span.unit.connection.execute(statement, execution_options=_BATCH).mappings():
        yield Consent(**{**row, "purpose": Purpose(row["purpose"])})


def notices_of(span: Span) -> Iterator[Notice]:
    """Notices to all who were interviewed in the period, and those published for the system."""
    interviewed = select(INTERVIEWS.candidate_id).where(in_period(span))
    published = and_(NOTICES.candidate_id.is_(None), NOTICES.system_id == span.system_id)
    statement = select(
        NOTICES.id,
        NOTICES.kind,
        NOTICES.jurisdiction,
        NOTICES.text_version,
        NOTICES.channel,
        NOTICES.given_at,
        NOTICES.candidate_id,
        NOTICES.system_id,
        NOTICES.interview_id,
        NOTICES.use_on,
    ).where(
        span.of(NOTICES),
        NOTICES.given_at < span.as_of,
        or_(NOTICES.candidate_id.in_(interviewed), published),
    )
    for row in span.unit.connection.execute(statement, execution_options=_BATCH).mappings():
        yield Notice(**row)


def requests_of(span: Span) -> Iterator[Request]:
    """Requests of the system's candidates that were received in the period.

    One is never received after it was stored, so that older rows need not be read.
    """
    how = mapping(Request)
    statement = select(_REQUESTS).where(
        span.of(_REQUESTS.c),
        _REQUESTS.c.created_at >= span.since,
        is_person(span, _REQUESTS.c.candidate_id),
    )
    for row in span.unit.connection.execute(statement, execution_options=_BATCH).mappings():
        request = how.to_value(row)
        if span.since <= request.request.received_at < span.until:
            yield request


def cases_of(span: Span) -> Iterator[Case]:
    """Review cases about the system that were opened in the period; human alternatives too."""
    flagged = select(FLAGS.id).where(span.ours(FLAGS))
    asked = and_(REVIEWS.flag_id.is_(None), is_person(span, REVIEWS.candidate_id))
    request = _REQUESTS.c
    statement = (
        select(
            REVIEWS.kind,
            REVIEWS.created_at,
            REVIEWS.due_at,
            REVIEWS.closed_at,
            REVIEWS.outcome,
            REVIEWS.case,
            request.request,
        )
        .outerjoin(_REQUESTS, and_(request.id == REVIEWS.request_id, span.of(request)))
        .where(
            span.of(REVIEWS),
            span.within(REVIEWS.created_at),
            or_(REVIEWS.flag_id.in_(flagged), asked),
        )
    )
    for row in span.unit.connection.execute(statement, execution_options=_BATCH):
        yield Case(*row)


def is_alternative(case: Case) -> bool:
    """Whether a case is an interview by a person instead, and no review of a result."""
    return case.kind == ALTERNATIVE
