"""Flags: what a policy finds in a result, stored once, with a review case where a person must look.

A flag changes no status of a candidate. Nothing here could: it writes flags and cases alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from audit import policies
from audit.canonical import canonical_hash
from audit.clocks import Deadline
from audit.errors import StepRefused
from audit.ids import new_id
from audit.ledger import EventKind
from audit.operations.announcements import announce
from audit.operations.persons import made_by
from audit.operations.policies import DEFAULT, active_policy
from audit.operations.reviews import Opening, open_review
from audit.records.access import Role
from audit.records.oversight import Flag, FlagState
from audit.records.register import Candidate, System
from audit.store import Listing, Page, ReadUnit, UnitOfWork
from audit.store.unit import Filters
from audit.webhooks import FlagRaised

_BATCH = 200
OWN_POLICY = "service"
"""What stands as the policy of flags that no policy raised."""
NO_PLACE = ("US",)
"""Whose holidays count for a policy's own periods where candidate and system name no place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagContext:
    """Whom and what a result is about. `hiring_teams`: teams that may not review it."""

    candidate_id: str | None = None
    interview_id: str | None = None
    system_id: str | None = None
    hiring_teams: frozenset[str] = frozenset()


def raise_flags(
    unit: UnitOfWork, subject: str, document: Mapping[str, Any], context: FlagContext
) -> tuple[Flag, ...]:
    """Evaluates the active policy over a result, and stores what it raises; returns the new flags.

    `subject`: the check or audit. `document`: the parsed `report.json` or `audit.json`. The same
    result and policy raise each flag once, however often this runs.

    Raises `ResultInvalid` where the document is no result.
    """
    system = unit.get(System, context.system_id) if context.system_id else None
    policy = policy_in_force(unit, context.system_id)
    found = policies.evaluate(policy, [document])
    known = {flag.fingerprint for flag in unit.every(Flag, subject=subject)}
    fresh = [flag for flag in found if flag.id not in known]
    places = _places(unit, context, system) if fresh else ()
    return tuple(_store(unit, subject, flag, context, places) for flag in fresh)


def inform(
    unit: UnitOfWork,
    subject: str,
    *,
    kind: str,
    reason: str,
    result_sha256: str,
    context: FlagContext,
    needs_review: bool = False,
) -> Flag:
    """A flag that the service itself raises, beside any policy; once for a subject.

    For what is supporting evidence alone and has no finding that a policy could match. It is for
    information, or (`needs_review`) has a case that a person decides; that has no due date.
    """
    known = unit.find(Flag, subject=subject, kind=kind)
    if known is not None:
        return known
    name = f"{OWN_POLICY}.{kind}"
    raised = policies.Flag(
        id=canonical_hash({"policy": name, "subject": subject, "result": result_sha256}),
        rule=kind,
        kind=kind,
        severity="low",
        outcome="needs_human_review" if needs_review else "for_information",
        reason=reason,
        four_eyes=False,
        due=None,
        recipients=(Role.COMPLIANCE.value,),
        subject_kind=kind,
        subject=result_sha256,
        about=(f"{kind}:{subject}",),
        evidence=(),
        policy=name,
        policy_version=1,
        policy_sha256=canonical_hash({"policy": name, "version": 1}),
    )
    return _store(unit, subject, raised, context, NO_PLACE)


def policy_in_force(unit: ReadUnit, system_id: str | None) -> policies.Policy:
    """The active policy of a system, or the one for all of them."""
    system = unit.get(System, system_id) if system_id else None
    return active_policy(unit, system.policy if system else DEFAULT)


def may_see(flag: Flag, role: Role) -> bool:
    """Whether a role sees a flag: those that the policy names, and compliance always."""
    return role is Role.COMPLIANCE or role.value in flag.recipients


def list_flags(unit: ReadUnit, page: Page, where: Filters, role: Role) -> Listing[Flag]:
    """Flags that a role sees, the newest first."""
    found: list[Flag] = []
    before, more = page.before, True
    while more and len(found) <= page.limit:
        listing = unit.page(Flag, Page(limit=_BATCH, before=before), where)
        found += [flag for flag in listing.items if may_see(flag, role)]
        more = listing.more
        before = listing.items[-1].id if listing.items else before
    return Listing(tuple(found[: page.limit]), more=len(found) > page.limit)


def close_flag(unit: UnitOfWork, flag: Flag) -> Flag:
    """Closes a flag for information. One that needs a review is closed by its review alone."""
    _need_information(flag)
    if flag.state is FlagState.CLOSED:
        return flag
    closed = unit.put(replace(flag, state=FlagState.CLOSED))
    unit.record(EventKind.FLAG_CLOSED, flag.id, {"subject": flag.subject})
    return closed


def reopen_flag(unit: UnitOfWork, flag: Flag) -> Flag:
    """Opens a flag for information again."""
    _need_information(flag)
    if flag.state is FlagState.OPEN:
        return flag
    opened = unit.put(replace(flag, state=FlagState.OPEN))
    unit.record(EventKind.FLAG_REOPENED, flag.id, {"subject": flag.subject})
    return opened


def earliest(flag: policies.Flag, raised_at: datetime, places: tuple[str, ...]) -> Deadline | None:
    """When the review is due by the policy: of several places, by the calendar that ends first."""
    found = [policies.deadline(flag, raised_at, place) for place in places]
    return min((d for d in found if d is not None), key=lambda d: d.ends_at, default=None)


def _need_information(flag: Flag) -> None:
    if flag.review_id is not None:
        raise StepRefused(f"This flag is closed by its review, {flag.review_id}.")


def _places(unit: ReadUnit, context: FlagContext, system: System | None) -> tuple[str, ...]:
    if context.candidate_id is not None:
        candidate = unit.get(Candidate, context.candidate_id)
        if candidate.jurisdictions:
            return candidate.jurisdictions
    return (system.jurisdictions if system else ()) or NO_PLACE


def _store(
    unit: UnitOfWork,
    subject: str,
    raised: policies.Flag,
    context: FlagContext,
    places: tuple[str, ...],
) -> Flag:
    flag = unit.add(_as_record(subject, raised, context))
    if raised.outcome == "needs_human_review":
        opening = _opening(unit, flag, raised, context, places)
        flag = unit.put(replace(flag, review_id=open_review(unit, opening).id))
    unit.record(
        EventKind.FLAG_RAISED,
        flag.id,
        {
            "subject": subject,
            "rule": flag.rule,
            "kind": flag.kind,
            "severity": flag.severity,
            "outcome": flag.outcome,
            "policy": flag.policy,
            "policy_sha256": flag.policy_sha256,
            "result_sha256": raised.subject,
            "review": flag.review_id,
        },
    )
    announce(
        unit,
        FlagRaised(
            flag_id=flag.id,
            subject_id=subject,
            candidate_id=context.candidate_id,
            outcome=raised.outcome,
        ),
    )
    return flag


def _as_record(subject: str, raised: policies.Flag, context: FlagContext) -> Flag:
    return Flag(
        id=new_id("flg"),
        fingerprint=raised.id,
        subject=subject,
        candidate_id=context.candidate_id,
        interview_id=context.interview_id,
        system_id=context.system_id,
        rule=raised.rule,
        kind=raised.kind,
        severity=raised.severity,
        outcome=raised.outcome,
        reason=raised.reason,
        about=raised.about,
        evidence=raised.evidence,
        recipients=raised.recipients,
        policy=f"{raised.policy}/{raised.policy_version}",
        policy_sha256=raised.policy_sha256,
    )


def _opening(
    unit: UnitOfWork,
    flag: Flag,
    raised: policies.Flag,
    context: FlagContext,
    places: tuple[str, ...],
) -> Opening:
    involved = (
        made_by(unit, context.candidate_id, interview_id=context.interview_id)
        if context.candidate_id
        else frozenset()
    )
    return Opening(
        kind=raised.kind,
        reason=raised.reason,
        evidence=(flag.subject, *raised.evidence),
        flag_id=flag.id,
        candidate_id=context.candidate_id,
        deadline=earliest(raised, unit.now(), places),
        four_eyes=raised.four_eyes,
        made_by=involved,
        hiring_teams=context.hiring_teams,
    )
