"""A month of one system whose every figure can be counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from audit.clocks import RequestKind
from audit.ids import new_id
from audit.jobs import enqueue
from audit.operations import requests, reviews
from audit.operations.requests import Asked as Asking
from audit.operations.requests import Decided
from audit.operations.reviewers import register
from audit.records.evidence import Check, FairnessAudit, MediaKind, RunState
from audit.records.oversight import Flag, Review
from audit.records.register import (
    Candidate,
    Consent,
    Interview,
    Mode,
    Notice,
    Outcome,
    OutcomeClass,
    Purpose,
    System,
)
from audit.requests import Answer, Consequence
from audit.reviews import Outcome as Found
from audit.store import Store, UnitOfWork
from tests.audit.operations.people import Clock, add_candidate, add_media, add_system

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
NOW = datetime(2026, 12, 5, 9, tzinfo=UTC)


def nov(day: int, hour: int = 12) -> datetime:
    """A moment of the month."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def add_interview(unit: UnitOfWork, system: System, whose: Candidate, **fields: Any) -> Interview:
    """An interview, held on the tenth unless said otherwise."""
    fields = {"held_at": nov(10), "stage": "screen", **fields}
    return unit.add(
        Interview(id=new_id("int"), candidate_id=whose.id, system_id=system.id, **fields)
    )


def add_outcome(unit: UnitOfWork, interview: Interview, word: OutcomeClass, **fields: Any) -> None:
    """What happened after an interview, on the twentieth unless said otherwise."""
    fields = {"occurred_at": nov(20), "scores": {}, "stage": "screen", **fields}
    unit.add(
        Outcome(
            id=new_id("out"),
            candidate_id=interview.candidate_id,
            system_id=interview.system_id,
            interview_id=interview.id,
            word=word.value,
            outcome=word,
            source="api",
            external_event=new_id("evt"),
            **fields,
        )
    )


def add_consent(
    unit: UnitOfWork, whose: Candidate, purpose: Purpose, place: str, **fields: Any
) -> None:
    """A consent, given on the second unless said otherwise."""
    fields = {"given_at": nov(2), **fields}
    unit.add(
        Consent(
            id=new_id("con"),
            candidate_id=whose.id,
            purpose=purpose,
            text_version="1",
            jurisdiction=place,
            reference="envelope",
            **fields,
        )
    )


def add_notice(unit: UnitOfWork, kind: str, place: str, **fields: Any) -> None:
    """A notice."""
    unit.add(
        Notice(
            id=new_id("ntc"),
            kind=kind,
            jurisdiction=place,
            text_version="1",
            channel="email",
            **fields,
        )
    )


def add_ended_check(
    unit: UnitOfWork, interview: Interview, state: RunState = RunState.FINISHED, **fields: Any
) -> Check:
    """A check that ended at the clock's time."""
    media = add_media(unit, interview.candidate_id, MediaKind.RECORDING, interview.id)
    id = new_id("chk")
    job = enqueue(unit, kind="check", subject=id)
    fields = {"identity_signals": False, **fields}
    return unit.add(
        Check(
            id=id,
            candidate_id=interview.candidate_id,
            interview_id=interview.id,
            system_id=interview.system_id,
            media_id=media.id,
            state=state,
            job_id=job.id,
            findings={},
            finished_at=unit.now(),
            **fields,
        )
    )


def add_flag(unit: UnitOfWork, subject: Check, kind: str, outcome: str) -> Flag:
    """A flag of a check."""
    return unit.add(
        Flag(
            id=new_id("flg"),
            fingerprint=new_id("fpr"),
            subject=subject.id,
            candidate_id=subject.candidate_id,
            interview_id=subject.interview_id,
            system_id=subject.system_id,
            rule="r",
            kind=kind,
            severity="high",
            outcome=outcome,
            reason="A person should look.",
            policy="default/1",
            policy_sha256="ab" * 32,
        )
    )


def add_case(unit: UnitOfWork, flag: Flag) -> str:
    """A review case of a flag."""
    opening = reviews.Opening(
        kind=flag.kind,
        reason="look",
        evidence=(flag.subject,),
        flag_id=flag.id,
        candidate_id=flag.candidate_id,
    )
    return reviews.open_review(unit, opening).id


def decide(unit: UnitOfWork, case: str, found: Found, evidence: str) -> None:
    """Assigns, decides and closes a case."""
    reviews.assign(unit, case, "rita")
    verdict = reviews.Verdict(outcome=found, rationale="seen", evidence=(evidence,))
    reviews.decide(unit, case, "rita", verdict)
    reviews.close(unit, case)


def add_audit(unit: UnitOfWork, system: System, finished_at: datetime, **fields: Any) -> str:
    """A finished fairness audit."""
    id = new_id("aud")
    job = enqueue(unit, kind="fairness_audit", subject=id)
    fields = {"state": RunState.FINISHED, "classes": {"adverse": 1, "undetectable": 2}, **fields}
    unit.add(
        FairnessAudit(
            id=id,
            name="Yearly audit",
            system_id=system.id,
            source="outcomes",
            spec={},
            job_id=job.id,
            finished_at=finished_at,
            result_sha256="ef" * 32,
            **fields,
        )
    )
    return id


def a_month(store: Store, clock: Clock, tenant: str = "acme") -> System:
    """Everything of the month; the system is of New York City and AI-led."""
    clock.now = datetime(2026, 9, 1, tzinfo=UTC)
    with store.unit(tenant) as unit:
        system = add_system(unit, jurisdictions=("US-NY-NYC",), retention_days={"media": 30})
        register(unit, person="rita", may_change=True, training="course-1")
        people = [
            add_candidate(unit, place)
            for place in (
                "US-NY-NYC",
                "US-NY-NYC",
                "US-NY-NYC",
                "US-IL",
                "US-IL",
                "DE",
                "US-NY-NYC",
            )
        ]
    clock.now = nov(1, 8)
    with store.unit(tenant) as unit:
        _told(unit, system, people)
    with store.unit(tenant) as unit:
        _interviewed(unit, store, clock, system, people)
    _asked(store, clock, tenant, people)
    clock.now = NOW
    return system


def _told(unit: UnitOfWork, system: System, people: list[Candidate]) -> None:
    first, second, third, fourth, _, _, seventh = people
    early = datetime(2026, 10, 1, tzinfo=UTC)
    add_notice(unit, "pre_use", "US-NY-NYC", given_at=early, candidate_id=first.id, in_time=True)
    add_notice(unit, "pre_use", "US-NY-NYC", given_at=nov(9), candidate_id=second.id, in_time=False)
    add_notice(unit, "adverse_outcome", "US-NY-NYC", given_at=nov(25), candidate_id=third.id)
    add_notice(unit, "ai_interview", "US-IL", given_at=nov(2), candidate_id=fourth.id)
    add_notice(unit, "pre_use", "US-NY-NYC", given_at=nov(3), candidate_id=seventh.id)
    add_consent(unit, fourth, Purpose.MEDIA_ANALYSIS, "US-IL")
    add_consent(unit, fourth, Purpose.BIOMETRIC_COMPARISON, "US-IL", written=True)
    add_consent(unit, first, Purpose.BIOMETRIC_COMPARISON, "US-NY-NYC", withdrawn_at=nov(28))


def _interviewed(
    unit: UnitOfWork, store: Store, clock: Clock, system: System, people: list[Candidate]
) -> None:
    held = [add_interview(unit, system, each) for each in people[:5]]
    alternative = add_interview(
        unit, system, people[5], mode=Mode.HUMAN_LED, human_alternative=True, stage="person"
    )
    undated = add_interview(unit, system, people[6], held_at=None, mode=Mode.HYBRID, coached=True)
    earlier = add_interview(
        unit, system, people[0], held_at=datetime(2026, 10, 15, tzinfo=UTC), stage="phone"
    )
    clock.now = nov(14)
    checks = [
        add_ended_check(unit, held[0], identity_signals=True),
        add_ended_check(unit, held[2]),
        add_ended_check(unit, held[3], identity_signals=True),
        add_ended_check(unit, held[4], RunState.FAILED, error_code="media_unreadable"),
    ]
    flag = add_flag(unit, checks[1], "interview_evidence", "needs_human_review")
    other = add_flag(unit, checks[0], "interview_evidence", "needs_human_review")
    add_flag(unit, checks[2], "software_fault", "for_information")
    case, open_case = add_case(unit, flag), add_case(unit, other)
    clock.now = nov(15)
    decide(unit, case, Found.REVERSED, flag.subject)
    scores = {"total": 71.0}
    add_outcome(
        unit,
        held[0],
        OutcomeClass.ADVANCED,
        decided_by="m",
        overridden=False,
        scores=scores,
    )
    add_outcome(unit, held[1], OutcomeClass.ADVANCED, occurred_at=nov(19))
    add_outcome(unit, held[1], OutcomeClass.REJECTED, scores=scores)
    add_outcome(unit, held[2], OutcomeClass.REJECTED)
    add_outcome(unit, held[3], OutcomeClass.REJECTED, overridden=True)
    add_outcome(unit, held[4], OutcomeClass.HIRED, decided_by="m")
    add_outcome(unit, alternative, OutcomeClass.WITHDRAWN)
    add_outcome(unit, undated, OutcomeClass.ON_HOLD)
    add_outcome(
        unit,
        earlier,
        OutcomeClass.REJECTED,
        stage="phone",
        occurred_at=datetime(2026, 10, 20, tzinfo=UTC),
    )
    add_audit(unit, system, nov(16))
    add_audit(unit, system, datetime(2026, 2, 1, tzinfo=UTC), classes={})
    add_audit(unit, system, nov(17), state=RunState.FAILED, classes={}, error_code="x")
    assert open_case


def _asked(store: Store, clock: Clock, tenant: str, people: list[Candidate]) -> None:
    def ask(who: Candidate, kind: RequestKind) -> str:
        with store.unit(tenant) as unit:
            asking = Asking(candidate_id=who.id, kind=kind, channel="email")
            return requests.receive(unit, asking).id

    def answer(request: str, how: Answer) -> None:
        with store.unit(tenant) as unit:
            requests.answer(unit, request, Decided(answer=how, rationale="because", withheld="x"))

    clock.now = nov(3)
    out = ask(people[5], RequestKind.OPT_OUT)
    explained = ask(people[1], RequestKind.EXPLANATION)
    clock.now = nov(5)
    ask(people[2], RequestKind.ACCESS)
    with store.unit(tenant) as unit:
        case = unit.find(Review, request_id=out)
        interview = unit.find(Interview, candidate_id=people[5].id)
        assert case is not None and interview is not None
        reviews.fulfil(unit, case.id, interview.id)
    clock.now = nov(7)
    answer(out, Answer.GRANTED)
    answer(explained, Answer.GRANTED)
    with store.unit(tenant) as unit:
        requests.carried_out(unit, explained, Consequence.PROVIDE_EXPLANATION)
    clock.now = nov(8)
    ask(people[3], RequestKind.HUMAN_ALTERNATIVE)
    clock.now = datetime(2026, 12, 3, tzinfo=UTC)
    ask(people[0], RequestKind.EXPLANATION)


def more_of(store: Store, system: System, count: int, tenant: str = "acme") -> None:
    """As many further candidates, interviews and outcomes."""
    with store.unit(tenant) as unit:
        for _ in range(count):
            each = add_candidate(unit, "US-NY-NYC")
            held = add_interview(unit, system, each)
            add_outcome(unit, held, OutcomeClass.REJECTED, decided_by="m")
