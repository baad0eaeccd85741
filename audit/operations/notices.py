"""Notices that were given, and whether the clock that belongs to them was kept.

Only notices of a kind in `CLOCKED` have a clock; which one, and how long, is data
(`audit/clocks.toml`). Where no clock runs, or the tool's use has no time yet, `in_time` is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from audit.calendars import calendar
from audit.clocks import Clock, due, running_in
from audit.errors import ClockInvalid, StepRefused
from audit.ids import new_id
from audit.ledger import EventKind
from audit.ledger.entries import timestamp
from audit.operations.inputs import (
    CandidateId,
    Code,
    Input,
    InterviewId,
    LongToken,
    Moment,
    Reference,
    SystemId,
    Token,
    one_of,
)
from audit.records.register import Candidate, Interview, Notice, System
from audit.store import UnitOfWork

CLOCKED: Mapping[str, str] = {"pre_use": "notice_sent"}
"""Kind of notice -> the event that starts its clock, as audit/clocks.toml calls it."""
_SKEW = timedelta(minutes=5)


class NewNotice(Input):
    """A notice that was given to a candidate, or published for a system."""

    model_config = ConfigDict(
        json_schema_extra=one_of(
            "candidate_id",
            "system_id",
            "interview_id",
            several=True,
            example={
                "kind": "pre_use",
                "jurisdiction": "US-NY-NYC",
                "text_version": "notice-2026-03",
                "channel": "email",
                "given_at": "2026-11-02T14:00:00Z",
                "interview_id": "int_01KAN8Q5V4T2M9C3XH7R0ZJ6WD",
            },
        )
    )
    kind: Annotated[
        LongToken,
        Field(
            description="Which notice. pre_use has a clock; ai_interview and biometrics are asked "
            "for before checking in some places; any other word is kept as it is.",
            examples=["pre_use"],
        ),
    ]
    jurisdiction: Annotated[
        Code, Field(description="Whose law it is meant to meet.", examples=["US-NY-NYC"])
    ]
    text_version: Annotated[
        Reference, Field(description="Version of its words.", examples=["notice-2026-03"])
    ]
    channel: Annotated[Token, Field(description="How it was given.", examples=["email"])]
    given_at: Annotated[Moment, Field(description="When.", examples=["2026-11-02T14:00:00Z"])]
    candidate_id: Annotated[
        CandidateId | None, Field(description="To whom; one of the three has to be named.")
    ] = None
    system_id: Annotated[
        SystemId | None, Field(description="About which system, to all its candidates.")
    ] = None
    interview_id: Annotated[InterviewId | None, Field(description="About which interview.")] = None
    use_on: Annotated[
        Moment | None,
        Field(description="When the tool was or will be used. Left out: when the interview is."),
    ] = None

    @model_validator(mode="after")
    def _about_something(self) -> NewNotice:
        if self.candidate_id is None and self.system_id is None and self.interview_id is None:
            raise ValueError("give candidate_id, system_id or interview_id")
        return self


def give_notice(unit: UnitOfWork, new: NewNotice) -> Notice:
    """Records a notice, and whether it came in time.

    Raises:
        NotFound: what it names is not this tenant's, or not there.
        StepRefused: the interview is another candidate's or system's, or it lies in the future.
    """
    if new.given_at > unit.now() + _SKEW:
        raise StepRefused("given_at lies in the future: a notice is recorded once it is given.")
    fields = dict(new)
    used = new.use_on
    if new.interview_id is not None:
        interview = unit.get(Interview, new.interview_id)
        for name in ("candidate_id", "system_id"):
            if fields[name] not in (None, getattr(interview, name)):
                raise StepRefused(f"The interview has another {name}.")
            fields[name] = getattr(interview, name)
        used = used or interview.held_at
    if fields["candidate_id"] is not None:
        unit.get(Candidate, fields["candidate_id"])
    if fields["system_id"] is not None:
        unit.get(System, fields["system_id"])
    clock, in_time = judge(new.kind, new.jurisdiction, given_at=new.given_at, used=used)
    notice = unit.add(Notice(id=new_id("ntc"), **fields, clock=clock, in_time=in_time))
    _record(unit, notice)
    return notice


def judge(
    kind: str, jurisdiction: str, *, given_at: datetime, used: datetime | None
) -> tuple[str | None, bool | None]:
    """The clock of a notice, and whether it was kept: null before the use has a time.

    The law of the day of the use decides, or of the day of the notice where there is none yet. Of
    several clocks, the one that was broken is named, else the first.
    """
    try:
        days = calendar(jurisdiction)
    except ClockInvalid:
        return None, None
    started = CLOCKED.get(kind)
    clocks = [
        clock
        for clock in running_in(jurisdiction, days.day_of(used or given_at))
        if clock.direction == "lead" and clock.starts == started
    ]
    if not clocks:
        return None, None
    if used is None:
        return clocks[0].id, None
    for clock in clocks:
        if not _kept(clock, given_at, used, jurisdiction):
            return clock.id, False
    return clocks[0].id, True


def judge_again(unit: UnitOfWork, interview: Interview) -> None:
    """Judges the notices of an interview whose time was set or changed."""
    for notice in unit.every(Notice, interview_id=interview.id, use_on=None):
        clock, in_time = judge(
            notice.kind, notice.jurisdiction, given_at=notice.given_at, used=interview.held_at
        )
        if (clock, in_time) != (notice.clock, notice.in_time):
            _record(unit, unit.put(replace(notice, clock=clock, in_time=in_time)))


def _kept(clock: Clock, given_at: datetime, used: datetime, jurisdiction: str) -> bool:
    """Whether the use began no sooner than the clock allows: its first allowed day has begun."""
    return used >= due(clock, given_at, jurisdiction).ends_at


def _record(unit: UnitOfWork, notice: Notice) -> None:
    unit.record(
        EventKind.NOTICE_SENT,
        notice.id,
        {
            "kind": notice.kind,
            "jurisdiction": notice.jurisdiction,
            "text_version": notice.text_version,
            "channel": notice.channel,
            "given_at": timestamp(notice.given_at),
            "candidate": notice.candidate_id,
            "system": notice.system_id,
            "interview": notice.interview_id,
            "clock": notice.clock,
            "in_time": notice.in_time,
        },
    )
