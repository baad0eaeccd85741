"""Counts of one system in one period, each by one statement whatever the size of the tables.

What a count means is said in `audit.records.period`; here are only the statements. Every one names
the tenant. Rows in full, where counting needs more than SQL says alike in both databases, come from
`audit.store.period_rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    distinct,
    exists,
    false,
    func,
    or_,
    select,
    union,
)
from sqlalchemy.sql.selectable import ScalarSelect, Subquery

from audit.records.evidence import MediaState, RunState
from audit.records.oversight import DeliveryState
from audit.records.register import OutcomeClass
from audit.records.work import JobState
from audit.store.unit import ReadUnit
from audit.tables.base import table_of
from audit.tables.evidence import CheckRow, FairnessAuditRow, MediaRow, ReportRow
from audit.tables.oversight import DeliveryRow, FlagRow, LegalHoldRow, ReviewRow
from audit.tables.register import (
    CandidateRow,
    ConsentRow,
    InterviewRow,
    NoticeRow,
    OutcomeRow,
    SystemRow,
)
from audit.tables.spine import EntryRow, HeadRow, InboxRow
from audit.tables.work import JobRow

INTERVIEWS = table_of(InterviewRow).c
OUTCOMES = table_of(OutcomeRow).c
CANDIDATES = table_of(CandidateRow).c
CHECKS = table_of(CheckRow).c
NOTICES = table_of(NoticeRow).c
CONSENTS = table_of(ConsentRow).c
FLAGS = table_of(FlagRow).c
REVIEWS = table_of(ReviewRow).c
_AUDITS = table_of(FairnessAuditRow).c
_SYSTEMS = table_of(SystemRow).c
_MEDIA = table_of(MediaRow).c
_REPORTS = table_of(ReportRow).c
_HOLDS = table_of(LegalHoldRow).c
_JOBS = table_of(JobRow).c
_DELIVERIES = table_of(DeliveryRow).c
_ENTRIES = table_of(EntryRow).c
_HEADS = table_of(HeadRow).c
_INBOX = table_of(InboxRow).c

DISCLOSURE = "adverse_outcome"
"""The kind of notice that tells a candidate of an adverse outcome."""
ALTERNATIVE = "human_alternative"
"""The kind of review case that is no review: a person holds the interview instead."""
_DECIDED = tuple(
    each.value for each in (OutcomeClass.ADVANCED, OutcomeClass.REJECTED, OutcomeClass.HIRED)
)
_FINAL = (OutcomeClass.REJECTED.value, OutcomeClass.HIRED.value)
_ENDED = tuple(each.value for each in RunState if each.final)

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Span:
    """One system and one period, [since, until); states are those of `as_of`."""

    unit: ReadUnit
    system_id: str
    since: datetime
    until: datetime
    as_of: datetime

    def of(self, columns: Any) -> Condition:
        """The row is of this tenant."""
        condition: Condition = columns.tenant_id == self.unit.tenant
        return condition

    def within(self, moment: Any) -> Condition:
        """The moment lies in the period."""
        return and_(moment >= self.since, moment < self.until)

    def ours(self, columns: Any) -> Condition:
        """The row is of this tenant and names the system."""
        return and_(self.of(columns), columns.system_id == self.system_id)

    def rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        """All rows of a statement."""
        return self.unit.connection.execute(statement).all()

    def row(self, statement: Select[Any]) -> Row[Any]:
        """The one row of a statement that counts."""
        return self.unit.connection.execute(statement).one()


def interview_moment() -> Any:
    """When an interview was held, else registered."""
    return func.coalesce(INTERVIEWS.held_at, INTERVIEWS.created_at)


def in_period(span: Span) -> Condition:
    """Interviews of the system in the period."""
    return and_(span.ours(INTERVIEWS), span.within(interview_moment()))


def persons(span: Span) -> Subquery:
    """Candidates with an interview or an outcome of the system, known up to the moment."""
    seen = or_(INTERVIEWS.created_at < span.as_of, INTERVIEWS.held_at < span.as_of)
    interviewed = select(INTERVIEWS.candidate_id).where(span.ours(INTERVIEWS), seen)
    decided = select(OUTCOMES.candidate_id).where(
        span.ours(OUTCOMES), OUTCOMES.occurred_at < span.as_of
    )
    return union(interviewed, decided).subquery("persons")


def is_person(span: Span, column: Any) -> Condition:
    """The column names a candidate of the system."""
    known = persons(span)
    condition: Condition = column.in_(select(known.c.candidate_id))
    return condition


def count_persons(span: Span) -> int:
    """Candidates of the system."""
    return int(span.row(select(func.count()).select_from(persons(span)))[0])


def interviews(span: Span) -> Sequence[Row[Any]]:
    """mode, stage, total, undated, alternatives, coached, coaching_known, checked."""
    finished = exists().where(
        span.of(CHECKS),
        CHECKS.interview_id == INTERVIEWS.id,
        CHECKS.state == RunState.FINISHED.value,
    )
    each = (
        select(
            func.coalesce(INTERVIEWS.mode, _system_mode(span)).label("mode"),
            INTERVIEWS.stage,
            INTERVIEWS.held_at,
            INTERVIEWS.human_alternative,
            INTERVIEWS.coached,
            finished.label("checked"),
        )
        .where(in_period(span))
        .subquery("each_interview")
    ).c
    return span.rows(
        select(
            each.mode,
            each.stage,
            func.count().label("total"),
            _number(each.held_at.is_(None)).label("undated"),
            _number(each.human_alternative).label("alternatives"),
            _number(each.coached.is_(True)).label("coached"),
            _number(each.coached.is_not(None)).label("coaching_known"),
            _number(each.checked).label("checked"),
        ).group_by(each.mode, each.stage)
    )


def count_interviewed(span: Span) -> int:
    """Different candidates interviewed in the period."""
    found = select(func.count(distinct(INTERVIEWS.candidate_id))).where(in_period(span))
    return int(span.row(found)[0])


def count_outcomes(span: Span) -> int:
    """All outcomes of the period, superseded ones too."""
    happened = and_(span.ours(OUTCOMES), span.within(OUTCOMES.occurred_at))
    return int(span.row(select(func.count()).where(happened))[0])


def outcomes(span: Span) -> Sequence[Row[Any]]:
    """The latest outcome of each candidate, job and stage, counted by mode and class.

    mode, outcome, total, person (who decided is recorded), override_known, overridden, scored,
    unreviewed (final, and no human review is recorded before it), disclosed.
    """
    each = _latest(span).c
    return span.rows(
        select(
            each.mode,
            each.outcome,
            func.count().label("total"),
            _number(each.decided_by.is_not(None)).label("person"),
            _number(each.overridden.is_not(None)).label("override_known"),
            _number(each.overridden.is_(True)).label("overridden"),
            _number(each.scored).label("scored"),
            _number(and_(each.outcome.in_(_FINAL), each.reviewed.is_(False))).label("unreviewed"),
            _number(each.disclosed).label("disclosed"),
        ).group_by(each.mode, each.outcome)
    )


def scored_candidates(span: Span) -> Row[Any]:
    """scored: candidates with a scored decision; told: those given a notice about the system."""
    each = _latest(span).c
    about = or_(NOTICES.system_id.is_(None), NOTICES.system_id == span.system_id)
    to_them = and_(NOTICES.candidate_id == each.candidate_id, about)
    to_all = and_(NOTICES.candidate_id.is_(None), NOTICES.system_id == span.system_id)
    told = exists().where(span.of(NOTICES), or_(to_them, to_all), NOTICES.given_at < span.as_of)
    people = (
        select(each.candidate_id, told.label("told"))
        .where(each.scored, each.outcome.in_(_DECIDED))
        .distinct()
        .subquery("scored_people")
    ).c
    return span.row(
        select(func.count().label("scored"), _number(people.told).label("told")).select_from(
            people.candidate_id.table
        )
    )


def _latest(span: Span) -> Subquery:
    place = func.row_number().over(
        partition_by=(OUTCOMES.candidate_id, OUTCOMES.job, OUTCOMES.stage),
        order_by=(OUTCOMES.occurred_at.desc(), OUTCOMES.id.desc()),
    )
    mode = (
        select(INTERVIEWS.mode)
        .where(span.of(INTERVIEWS), INTERVIEWS.id == OUTCOMES.interview_id)
        .scalar_subquery()
    )
    ranked = (
        select(
            OUTCOMES.candidate_id,
            OUTCOMES.outcome,
            OUTCOMES.decided_by,
            OUTCOMES.overridden,
            func.coalesce(mode, _system_mode(span)).label("mode"),
            (cast(OUTCOMES.scores, String) != "{}").label("scored"),
            _reviewed(span).label("reviewed"),
            _disclosed(span).label("disclosed"),
            place.label("place"),
        )
        .where(span.ours(OUTCOMES), span.within(OUTCOMES.occurred_at))
        .subquery("ranked")
    )
    return select(ranked).where(ranked.c.place == 1).subquery("latest")


def _reviewed(span: Span) -> Condition:
    """A human review is recorded of the outcome, up to its time."""
    of_system = exists().where(
        span.of(FLAGS),
        FLAGS.id == REVIEWS.flag_id,
        or_(FLAGS.system_id == span.system_id, FLAGS.system_id.is_(None)),
    )
    closed = exists().where(
        span.of(REVIEWS),
        REVIEWS.candidate_id == OUTCOMES.candidate_id,
        REVIEWS.kind != ALTERNATIVE,
        REVIEWS.closed_at <= OUTCOMES.occurred_at,
        or_(REVIEWS.flag_id.is_(None), of_system),
    )
    by_name = OUTCOMES.decided_by.is_not(None)
    return or_(by_name, func.coalesce(OUTCOMES.overridden, false()), closed)


def _disclosed(span: Span) -> Condition:
    about = or_(NOTICES.system_id.is_(None), NOTICES.system_id == span.system_id)
    return exists().where(
        span.of(NOTICES),
        NOTICES.candidate_id == OUTCOMES.candidate_id,
        NOTICES.kind == DISCLOSURE,
        NOTICES.given_at >= OUTCOMES.occurred_at,
        NOTICES.given_at < span.as_of,
        about,
    )


def _system_mode(span: Span) -> ScalarSelect[Any]:
    return (
        select(_SYSTEMS.mode)
        .where(span.of(_SYSTEMS), _SYSTEMS.id == span.system_id)
        .scalar_subquery()
    )


def consents(span: Span) -> Sequence[Row[Any]]:
    """purpose, given, withdrawn: in the period, of the system's candidates."""
    withdrawn = and_(
        CONSENTS.withdrawn_at.is_not(None),
        CONSENTS.withdrawn_at >= span.since,
        CONSENTS.withdrawn_at < span.until,
    )
    return span.rows(
        select(
            CONSENTS.purpose,
            _number(span.within(CONSENTS.given_at)).label("given"),
            _number(withdrawn).label("withdrawn"),
        )
        .where(span.of(CONSENTS), is_person(span, CONSENTS.candidate_id))
        .group_by(CONSENTS.purpose)
    )


def notices(span: Span) -> Sequence[Row[Any]]:
    """kind, jurisdiction, given, judged, in_time: given in the period, about the system."""
    to_one = and_(NOTICES.system_id.is_(None), is_person(span, NOTICES.candidate_id))
    return span.rows(
        select(
            NOTICES.kind,
            NOTICES.jurisdiction,
            func.count().label("given"),
            _number(NOTICES.in_time.is_not(None)).label("judged"),
            _number(NOTICES.in_time.is_(True)).label("in_time"),
        )
        .where(
            span.of(NOTICES),
            span.within(NOTICES.given_at),
            or_(NOTICES.system_id == span.system_id, to_one),
        )
        .group_by(NOTICES.kind, NOTICES.jurisdiction)
    )


def flags(span: Span) -> Sequence[Row[Any]]:
    """kind, severity, outcome, raised, closed: flags of the system raised in the period."""
    return span.rows(
        select(
            FLAGS.kind,
            FLAGS.severity,
            FLAGS.outcome,
            func.count().label("raised"),
            _number(FLAGS.state == "closed").label("closed"),
        )
        .where(span.ours(FLAGS), span.within(FLAGS.created_at))
        .group_by(FLAGS.kind, FLAGS.severity, FLAGS.outcome)
    )


def checks(span: Span) -> Sequence[Row[Any]]:
    """state, error_code, total, flagged: checks of the system that ended in the period."""
    flagged = exists().where(
        span.of(FLAGS), FLAGS.subject == CHECKS.id, FLAGS.outcome == "needs_human_review"
    )
    each = (
        select(CHECKS.state, CHECKS.error_code, flagged.label("flagged"))
        .where(span.ours(CHECKS), span.within(CHECKS.finished_at), CHECKS.state.in_(_ENDED))
        .subquery("each_check")
    ).c
    return span.rows(
        select(
            each.state,
            each.error_code,
            func.count().label("total"),
            _number(each.flagged).label("flagged"),
        ).group_by(each.state, each.error_code)
    )


def audits(span: Span) -> Row[Any]:
    """ended, failed: fairness audits of the system that ended in the period."""
    return span.row(
        select(
            func.count().label("ended"),
            _number(_AUDITS.state == RunState.FAILED.value).label("failed"),
        ).where(span.ours(_AUDITS), span.within(_AUDITS.finished_at), _AUDITS.state.in_(_ENDED))
    )


def jobs(span: Span) -> Row[Any]:
    """ended, failed: the tenant's jobs of the period."""
    return span.row(
        select(
            func.count().label("ended"),
            _number(_JOBS.state == JobState.FAILED.value).label("failed"),
        ).where(
            span.of(_JOBS),
            span.within(_JOBS.finished_at),
            _JOBS.state.in_([each.value for each in JobState if each.final]),
        )
    )


def deliveries(span: Span) -> Row[Any]:
    """ended, dead: the tenant's messages of the period."""
    ended = (DeliveryState.DELIVERED.value, DeliveryState.DEAD.value)
    return span.row(
        select(
            func.count().label("ended"),
            _number(_DELIVERIES.state == DeliveryState.DEAD.value).label("dead"),
        ).where(
            span.of(_DELIVERIES),
            span.within(_DELIVERIES.updated_at),
            _DELIVERIES.state.in_(ended),
        )
    )


def recordings(span: Span) -> Row[Any]:
    """erased in the period; stored, and past_due of these, at the moment."""
    held_check = select(CHECKS.id).where(span.of(CHECKS), CHECKS.media_id == _MEDIA.id)
    held = exists().where(
        span.of(_HOLDS),
        or_(_HOLDS.released_at.is_(None), _HOLDS.released_at > span.as_of),
        or_(
            _HOLDS.candidate_id == _MEDIA.candidate_id,
            _HOLDS.subject == _MEDIA.id,
            _HOLDS.subject.in_(held_check),
        ),
    )
    there = and_(
        _MEDIA.created_at < span.as_of,
        or_(_MEDIA.state == MediaState.STORED.value, _MEDIA.erased_at >= span.as_of),
    )
    of_system = select(INTERVIEWS.id).where(span.ours(INTERVIEWS))
    each = (
        select(
            and_(_MEDIA.erased_at.is_not(None), span.within(_MEDIA.erased_at)).label("erased"),
            there.label("stored"),
            and_(there, _MEDIA.keep_until <= span.as_of, ~held).label("past_due"),
        )
        .where(span.of(_MEDIA), _MEDIA.interview_id.in_(of_system))
        .subquery("each_recording")
    ).c
    return span.row(
        select(
            _number(each.erased).label("erased"),
            _number(each.stored).label("stored"),
            _number(each.past_due).label("past_due"),
        )
    )


def erased(span: Span) -> Row[Any]:
    """reports, candidates: of the system, erased in the period."""
    checked = select(CHECKS.id).where(span.ours(CHECKS))
    audited = select(_AUDITS.id).where(span.ours(_AUDITS))
    reports = (
        select(func.count())
        .where(
            span.of(_REPORTS),
            span.within(_REPORTS.erased_at),
            or_(_REPORTS.subject.in_(checked), _REPORTS.subject.in_(audited)),
        )
        .scalar_subquery()
    )
    people = (
        select(func.count())
        .where(
            span.of(CANDIDATES),
            span.within(CANDIDATES.erased_at),
            is_person(span, CANDIDATES.id),
        )
        .scalar_subquery()
    )
    return span.row(select(reports.label("reports"), people.label("candidates")))


def holds(span: Span) -> Row[Any]:
    """placed, lifted in the period; in_force at the moment: all of the tenant's."""
    lifted = and_(_HOLDS.released_at.is_not(None), span.within(_HOLDS.released_at))
    lasting = or_(_HOLDS.released_at.is_(None), _HOLDS.released_at >= span.as_of)
    return span.row(
        select(
            _number(span.within(_HOLDS.created_at)).label("placed"),
            _number(lifted).label("lifted"),
            _number(and_(_HOLDS.created_at < span.as_of, lasting)).label("in_force"),
        ).where(span.of(_HOLDS))
    )


def ledger_entries(span: Span) -> Row[Any]:
    """entries of the period, and events that wait to be taken in now."""
    within = select(func.count()).where(span.of(_ENTRIES), span.within(_ENTRIES.time))
    waiting = select(func.count()).where(span.of(_INBOX))
    return span.row(
        select(
            within.scalar_subquery().label("entries"), waiting.scalar_subquery().label("waiting")
        )
    )


def ledger_head(span: Span) -> dict[str, Any] | None:
    """The last signed head as it is stored."""
    last = select(_HEADS.head).where(span.of(_HEADS)).order_by(_HEADS.size.desc()).limit(1)
    return span.unit.connection.execute(last).scalar_one_or_none()


def _number(condition: Any) -> Any:
    """How many rows meet a condition that is true, false or unknown; 0 of none."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
