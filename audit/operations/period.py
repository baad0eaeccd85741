"""What is recorded of one system in one period, counted from the store.

    with store.reading("acme") as unit:
        facts = count_period(unit, Asked(system_id, since, until), now=store.now(), results=reader)
    document = period_json(facts)

The number of statements is the same whatever the size of the tables. Nothing is written, and no
demographics are read: what is said by group comes from the results of fairness audits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from audit.errors import InputError
from audit.operations.period_audits import Results, read_audits
from audit.operations.period_counts import count, empty, moment_of
from audit.operations.period_drift import drift
from audit.records.period import Kept, Ledger, PeriodCounts, PeriodFacts, SystemFacts
from audit.records.register import System
from audit.store import ReadUnit
from audit.store.period import Span, ledger_entries, ledger_head


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One system and one period, [since, until), both aware."""

    system_id: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a verification of the tenant's ledger found (`audit.store.verification`)."""

    faults: int
    at: datetime


def count_period(
    unit: ReadUnit,
    asked: Asked,
    *,
    now: datetime,
    results: Results | None = None,
    verified: Verified | None = None,
) -> PeriodFacts:
    """The facts of a period. States are those of its end, or of `now` where that lies ahead.

    `results`: reads the results of fairness audits; without it nothing is said by group.

    Raises:
        NotFound: there is no such system.
        InputError: the period is empty, has no time zone, or has not begun.
    """
    _check(asked, now)
    system = unit.get(System, asked.system_id)
    span = Span(unit, system.id, asked.since, asked.until, moment_of(asked.until, now))
    counts = count(span, system)
    before = _before(span, system)
    audits = read_audits(span, system.jurisdictions, results)
    return PeriodFacts(
        counted_at=now,
        system=_system(system),
        counts=counts,
        audits=audits.audits,
        group_events=audits.group_events,
        ledger=_ledger(span, verified),
        before=before,
        drift=drift(counts, before) if before else (),
    )


def _check(asked: Asked, now: datetime) -> None:
    if asked.since.utcoffset() is None or asked.until.utcoffset() is None:
        raise InputError("Give both ends of the period with their time zone.")
    if asked.since >= asked.until:
        raise InputError("A period begins before it ends.")
    if asked.since >= now:
        raise InputError("The period has not begun.")


def _before(span: Span, system: System) -> PeriodCounts | None:
    """The same of the period of the same length before; None where nothing is recorded of it."""
    since = span.since - (span.until - span.since)
    counts = count(Span(span.unit, span.system_id, since, span.since, span.since), system)
    return None if empty(counts) else counts


def _system(system: System) -> SystemFacts:
    return SystemFacts(
        id=system.id,
        name=system.name,
        vendor=system.vendor,
        system_version=system.system_version,
        mode=system.mode.value,
        decision_role=system.decision_role.value,
        data_types=system.data_types,
        jurisdictions=system.jurisdictions,
        retention=tuple(
            Kept(artefact=artefact, days=days)
            for artefact, days in sorted(system.retention_days.items())
        ),
        notice_url=system.notice_url,
        policy=system.policy,
        registered_at=system.created_at,
        changed_at=system.updated_at,
        retired_at=system.retired_at,
    )


def _ledger(span: Span, verified: Verified | None) -> Ledger:
    head, counted = ledger_head(span) or {}, ledger_entries(span)
    signed_at = head.get("time")
    return Ledger(
        size=int(head.get("size", 0)),
        root=head.get("root"),
        key_id=head.get("key_id"),
        signed_at=datetime.fromisoformat(signed_at).astimezone(UTC) if signed_at else None,
        entries=int(counted.entries),
        waiting=int(counted.waiting),
        faults=verified.faults if verified else None,
        verified_at=verified.at if verified else None,
    )
