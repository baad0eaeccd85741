"""All counts of one system in one period, put together from single statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from audit.operations.period_duties import Duties, count_duties
from audit.operations.period_people import (
    count_human_paths,
    count_requests,
    count_reviews,
    explanations_given,
)
from audit.records.evidence import RunState
from audit.records.oversight import Request
from audit.records.period import (
    NOT_RECORDED,
    Decisions,
    FlagKind,
    Flags,
    Incidents,
    Interviews,
    ModeDecisions,
    Notices,
    NoticesGiven,
    PeriodCounts,
    PurposeConsents,
    RequestCounts,
    Retention,
    Share,
    Tally,
    Transparency,
)
from audit.records.register import Mode, OutcomeClass, Purpose, System
from audit.store import period as store
from audit.store.period import Span
from audit.store.period_rows import cases_of, requests_of

_DECIDED = (OutcomeClass.ADVANCED, OutcomeClass.REJECTED, OutcomeClass.HIRED)
_FINAL = (OutcomeClass.REJECTED, OutcomeClass.HIRED)
_FORWARD = (OutcomeClass.ADVANCED, OutcomeClass.HIRED)
_SOFTWARE_FAULT = "software_fault"


def count(span: Span, system: System) -> PeriodCounts:
    """Everything that is counted of one period, in a fixed number of statements."""
    persons = store.count_persons(span)
    requests = tuple(requests_of(span))
    cases = tuple(cases_of(span))
    by_kind = count_requests(requests, span.as_of)
    outcomes = store.outcomes(span)
    duties = count_duties(span, mode=system.mode, places=system.jurisdictions)
    flags = store.flags(span)
    checks = store.checks(span)
    return PeriodCounts(
        since=span.since,
        until=span.until,
        first_day=span.since.date(),
        last_day=(span.until - timedelta(microseconds=1)).date(),
        as_of=span.as_of,
        persons=persons,
        interviews=_interviews(span),
        decisions=_decisions(span, outcomes),
        transparency=_transparency(span, outcomes, requests, by_kind),
        consents=_consents(span, duties),
        notices=_notices(span, duties),
        human_paths=count_human_paths(cases, requests, persons=persons, as_of=span.as_of),
        requests=by_kind,
        reviews=count_reviews(cases, span.as_of),
        flags=_flags(flags, checks),
        incidents=_incidents(span, flags, checks),
        retention=_retention(span),
    )


def _interviews(span: Span) -> Interviews:
    rows = store.interviews(span)
    total = _sum(rows, "total")
    return Interviews(
        total=total,
        undated=_sum(rows, "undated"),
        candidates=store.count_interviewed(span),
        human_alternatives=_sum(rows, "alternatives"),
        coached=_share(rows, "coached", "coaching_known", total),
        checked=Share(_sum(rows, "checked"), total),
        by_mode=tuple(
            Tally(mode.value, _sum(_where(rows, "mode", mode.value), "total"), total)
            for mode in Mode
        ),
        by_stage=_tallies(_added(rows, "stage")),
    )


def _decisions(span: Span, rows: Sequence[Any]) -> Decisions:
    decided = _of(rows, _DECIDED)
    final = _of(rows, _FINAL)
    outcomes = _sum(rows, "total")
    every = store.count_outcomes(span)
    overridden = _sum(decided, "overridden")
    return Decisions(
        outcomes=outcomes,
        superseded=every - outcomes,
        by_outcome=tuple(
            Tally(each.value, _sum(_of(rows, (each,)), "total"), outcomes) for each in OutcomeClass
        ),
        total=_sum(decided, "total"),
        final=_sum(final, "total"),
        person_recorded=_out_of(decided, "person"),
        overridden=_share(decided, "overridden", "override_known", _sum(decided, "total")),
        overridden_up=Share(_sum(_of(rows, _FORWARD), "overridden"), overridden),
        final_without_review=_out_of(final, "unreviewed"),
        with_scores=_out_of(decided, "scored"),
        rejected=Share(_sum(_of(rows, (OutcomeClass.REJECTED,)), "total"), _sum(decided, "total")),
        withdrawn=Share(_sum(_of(rows, (OutcomeClass.WITHDRAWN,)), "total"), outcomes),
        by_mode=tuple(_of_mode(mode, _where(rows, "mode", mode.value)) for mode in Mode),
    )


def _of_mode(mode: Mode, rows: Sequence[Any]) -> ModeDecisions:
    decided = _of(rows, _DECIDED)
    total = _sum(decided, "total")
    return ModeDecisions(
        mode=mode.value,
        decisions=total,
        person_recorded=_out_of(decided, "person"),
        overridden=_share(decided, "overridden", "override_known", total),
        final_without_review=_out_of(_of(rows, _FINAL), "unreviewed"),
    )


def _transparency(
    span: Span,
    rows: Sequence[Any],
    requests: Sequence[Request],
    by_kind: dict[str, RequestCounts],
) -> Transparency:
    scored = store.scored_candidates(span)
    explanation, access = by_kind["explanation"], by_kind["access"]
    return Transparency(
        explanations=Share(explanation.answered, explanation.received),
        explanations_given=explanations_given(requests, span.as_of),
        access=Share(access.answered, access.received),
        disclosures=_out_of(_of(rows, (OutcomeClass.REJECTED,)), "disclosed"),
        scored_and_told=Share(int(scored.told), int(scored.scored)),
    )


def _consents(span: Span, duties: Duties) -> dict[str, PurposeConsents]:
    rows = {row.purpose: row for row in store.consents(span)}
    return {
        purpose.value: PurposeConsents(
            covered=duties.consent_share(purpose),
            given=int(rows[purpose].given) if purpose in rows else 0,
            withdrawn=int(rows[purpose].withdrawn) if purpose in rows else 0,
        )
        for purpose in Purpose
    }


def _notices(span: Span, duties: Duties) -> Notices:
    given = (
        NoticesGiven(
            kind=row.kind,
            jurisdiction=row.jurisdiction,
            given=int(row.given),
            in_time=Share(int(row.in_time), int(row.judged), int(row.given - row.judged)),
        )
        for row in store.notices(span)
    )
    return Notices(
        coverage=duties.coverage(),
        covered=duties.notice_share(),
        given=tuple(sorted(given, key=lambda n: (n.jurisdiction, n.kind))),
    )


def _flags(flags: Sequence[Any], checks: Sequence[Any]) -> Flags:
    kinds = sorted(flags, key=lambda f: (-f.raised, f.kind, f.severity, f.outcome))
    return Flags(
        raised=_sum(flags, "raised"),
        by_kind=tuple(
            FlagKind(
                kind=row.kind,
                severity=row.severity,
                outcome=row.outcome,
                raised=int(row.raised),
                closed=int(row.closed),
            )
            for row in kinds
        ),
        checks_flagged=_out_of(_where(checks, "state", RunState.FINISHED.value), "flagged"),
    )


def _incidents(span: Span, flags: Sequence[Any], checks: Sequence[Any]) -> Incidents:
    failed = _where(checks, "state", RunState.FAILED.value)
    jobs, deliveries, audits = store.jobs(span), store.deliveries(span), store.audits(span)
    return Incidents(
        checks_failed=Share(_sum(failed, "total"), _sum(checks, "total")),
        check_errors=_tallies(_added(failed, "error_code")),
        audits_failed=Share(int(audits.failed), int(audits.ended)),
        software_faults=_sum(_where(flags, "kind", _SOFTWARE_FAULT), "raised"),
        jobs_failed=Share(int(jobs.failed), int(jobs.ended)),
        deliveries_dead=Share(int(deliveries.dead), int(deliveries.ended)),
    )


def _retention(span: Span) -> Retention:
    recordings, erased, holds = store.recordings(span), store.erased(span), store.holds(span)
    return Retention(
        recordings_erased=int(recordings.erased),
        reports_erased=int(erased.reports),
        candidates_erased=int(erased.candidates),
        past_due=Share(int(recordings.past_due), int(recordings.stored)),
        holds_set=int(holds.placed),
        holds_lifted=int(holds.lifted),
        holds_in_force=int(holds.in_force),
    )


def empty(counts: PeriodCounts) -> bool:
    """Whether nothing at all is recorded of the system up to the end of a period."""
    return not (counts.persons or counts.interviews.total or counts.decisions.outcomes)


def moment_of(until: datetime, now: datetime) -> datetime:
    """The moment whose states count: the end of the period, or now where that lies ahead."""
    return min(until, now)


def _where(rows: Iterable[Any], name: str, value: str) -> list[Any]:
    return [row for row in rows if getattr(row, name) == value]


def _of(rows: Iterable[Any], classes: Sequence[OutcomeClass]) -> list[Any]:
    return [row for row in rows if row.outcome in {each.value for each in classes}]


def _sum(rows: Iterable[Any], name: str) -> int:
    return sum(int(getattr(row, name)) for row in rows)


def _out_of(rows: Sequence[Any], name: str) -> Share:
    return Share(_sum(rows, name), _sum(rows, "total"))


def _share(rows: Sequence[Any], name: str, known: str, total: int) -> Share:
    of = _sum(rows, known)
    return Share(_sum(rows, name), of, total - of)


def _added(rows: Iterable[Any], name: str) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in rows:
        found[getattr(row, name) or NOT_RECORDED] += int(row.total)
    return dict(found)


def _tallies(counts: dict[str, int]) -> tuple[Tally, ...]:
    """The most frequent first."""
    total = sum(counts.values())
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Tally(code, number, total) for code, number in ranked)
