"""What is recorded of one system in one period: the facts of governance reports and rule packs.

Everything is counted from the register, the oversight records and the ledger. A share has its
numerator (`count`), its denominator (`of`: those of whom it is known) and `unknown` (those of whom
it is not recorded, which are in neither). A figure of nothing is null, never 0.

Plain JSON is `period_json`. Members of fixed vocabularies are objects with all words as names, so
that pointers to them never move: `/counts/requests/opt_out/received`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

FORMAT = "fairwitness-period/1"
NOT_RECORDED = "not_recorded"
"""The word for what nobody recorded, in tallies."""

Number = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    count: Annotated[int, Field(description="Those for which it is so.", ge=0)]
    of: Annotated[int, Field(description="Those for which it is known whether it is so.", ge=0)]
    unknown: Annotated[int, Field(description="Those for which it is not recorded.", ge=0)] = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of one kind, among all kinds."""

    code: Annotated[str, Field(description="The kind; `not_recorded` where nobody wrote it down.")]
    count: Annotated[int, Field(description="Of this kind.", ge=0)]
    of: Annotated[int, Field(description="Of all kinds.", ge=0)]


@dataclass(frozen=True, slots=True)
class Durations:
    """How long something took."""

    count: Annotated[int, Field(description="What ended, and so has a length.", ge=0)]
    median: Annotated[float | None, Field(description="In `unit`; null: nothing ended.")]
    p90: Annotated[float | None, Field(description="90th percentile by nearest rank, in `unit`.")]
    unit: Annotated[str, Field(description="hours or days.")] = "hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How long a kind of artefact is kept by the system's own setting."""

    artefact: Annotated[str, Field(description="media, reports, references, demographics.")]
    days: Annotated[int, Field(description="Days from storing.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFacts:
    """The system as it is registered when the report is made."""

    id: str
    name: str
    vendor: str
    system_version: Annotated[str, Field(description="The vendor's version, as it is now.")]
    mode: Annotated[str, Field(description="ai_led, ai_assisted, human_led or hybrid.")]
    decision_role: Annotated[str, Field(description="What its output does in the decision.")]
    data_types: tuple[str, ...]
    jurisdictions: tuple[str, ...]
    retention: Annotated[
        tuple[Kept, ...], Field(description="Set for the system; else the service's default.")
    ]
    notice_url: Annotated[str | None, Field(description="Where its notice is published.")]
    policy: Annotated[str, Field(description="Name of the flag policy.")]
    registered_at: datetime
    changed_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interviews:
    """Interviews of the period: by the time they were held, else registered."""

    total: Number
    undated: Annotated[int, Field(description="Without `held_at`: dated by registration.")]
    candidates: Annotated[int, Field(description="Different candidates interviewed.")]
    human_alternatives: Annotated[int, Field(description="Held as the human alternative.")]
    coached: Annotated[Share, Field(description="Practice was offered.")]
    checked: Annotated[Share, Field(description="With at least one finished check.")]
    by_mode: Annotated[tuple[Tally, ...], Field(description="All four modes, in fixed order.")]
    by_stage: Annotated[tuple[Tally, ...], Field(description="The most frequent first.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeDecisions:
    """Decisions of one mode of interview."""

    mode: Annotated[str, Field(description="Of the interview, else of the system.")]
    decisions: Number
    person_recorded: Share
    overridden: Share
    final_without_review: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Decisions recorded in the period: the latest outcome of each candidate, job and stage.

    A decision is an outcome `advanced`, `rejected` or `hired`; final is `rejected` or `hired`.

    A human review is recorded of a final decision where, up to its time, at least one of these is:
    who decided (`decided_by`); that a person decided against the system (`overridden`); a review
    case of the candidate about this system, closed. Anything else counts as without a recorded
    review, which does not say that nobody looked.
    """

    outcomes: Annotated[int, Field(description="All outcomes, withdrawals and pauses included.")]
    superseded: Annotated[
        int, Field(description="Earlier outcomes of the same candidate, job and stage; left out.")
    ]
    by_outcome: Annotated[tuple[Tally, ...], Field(description="All five classes, fixed order.")]
    total: Annotated[int, Field(description="Decisions.")]
    final: Annotated[int, Field(description="Of these, rejected or hired.")]
    person_recorded: Annotated[Share, Field(description="Decisions with `decided_by`.")]
    overridden: Annotated[
        Share, Field(description="A person decided against the system; unknown: not recorded.")
    ]
    overridden_up: Annotated[Share, Field(description="Overridden ones that moved forward.")]
    final_without_review: Annotated[
        Share, Field(description="Final decisions without any recorded human review before.")
    ]
    with_scores: Annotated[Share, Field(description="Decisions that hold scores of the system.")]
    rejected: Annotated[Share, Field(description="Rejected, of decisions.")]
    withdrawn: Annotated[Share, Field(description="Withdrawn by the candidate, of outcomes.")]
    by_mode: Annotated[tuple[ModeDecisions, ...], Field(description="All four, fixed order.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transparency:
    """What candidates were told about how results came about."""

    explanations: Annotated[
        Share, Field(description="Requests for an explanation that were answered, of received.")
    ]
    explanations_given: Annotated[
        Share, Field(description="Explanations handed over, of those granted.")
    ]
    access: Annotated[Share, Field(description="Requests for access answered, of received.")]
    disclosures: Annotated[
        Share,
        Field(
            description="Rejections followed by a notice of the kind `adverse_outcome` to that "
            "candidate, of rejections."
        ),
    ]
    scored_and_told: Annotated[
        Share,
        Field(
            description="Candidates with a scored decision who were given any notice about the "
            "system, of candidates with a scored decision."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasAudit:
    """A fairness audit of the system."""

    id: str
    name: str
    finished_at: datetime
    source: Annotated[str, Field(description="outcomes: those stored here; else a table.")]
    since: datetime | None
    until: datetime | None
    result_sha256: str | None
    report_id: str | None
    comparisons: Annotated[int, Field(description="Findings of all classes.")]
    classes: Annotated[dict[str, int], Field(description="Findings by class: all five words.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditClock:
    """How old the last audit is, against a law's clock."""

    clock: str
    citation: str
    jurisdiction: str
    due_on: Annotated[date | None, Field(description="The last day; null: there is no audit.")]
    overdue: Annotated[bool, Field(description="At the end of the period, or without an audit.")]
    days_left: Annotated[
        int | None, Field(description="From the period's last day; negative: days past it.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audits:
    """Fairness audits made in the period."""

    made: Annotated[tuple[BiasAudit, ...], Field(description="Finished in it, newest first.")]
    failed: Annotated[int, Field(description="Ended in it without a result, by a fault.")]
    last: Annotated[
        BiasAudit | None, Field(description="The newest one up to the end of the period.")
    ]
    last_age_days: Annotated[int | None, Field(description="Its age at that end.")]
    clocks: Annotated[
        tuple[AuditClock, ...],
        Field(description="Clocks that bind in the system's places; empty: none does."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEvent:
    """Events of one demographic group, as a fairness audit counted them."""

    audit_id: str
    kind: Annotated[str, Field(description="flagged, review_favourable, opted_out, ...")]
    features: tuple[str, ...]
    group: tuple[str, ...]
    count: Annotated[int | None, Field(description="Persons to whom it happened; null: withheld.")]
    of: Annotated[int | None, Field(description="Persons of the group; null: withheld.")]
    is_reference: bool
    ratio: Annotated[float | None, Field(description="Of its rate to the reference's.")]
    ratio_low: float | None
    ratio_high: float | None
    finding: Annotated[str | None, Field(description="The class of the audit's finding.")]
    withheld: Annotated[bool, Field(description="A small cell that the audit left out.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTable:
    """One kind of event in one audit: what its groups do not show."""

    audit_id: str
    kind: str
    features: tuple[str, ...]
    persons: int | None
    happened: int | None
    unknown_persons: Annotated[int | None, Field(description="Of no known group.")]
    unknown_happened: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEvents:
    """Flags, reviews, opt-outs and withdrawals by group: from fairness audits alone."""

    audits_read: Annotated[Share, Field(description="Audits whose result could be read.")]
    tables: tuple[EventTable, ...]
    rows: tuple[GroupEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeConsents:
    """Consents to one purpose."""

    covered: Annotated[
        Share,
        Field(
            description="Interviews with the consent that a gate asks for, of those where one "
            "does; unknown: no place of the candidate is known."
        ),
    ]
    given: Annotated[int, Field(description="Given in the period.")]
    withdrawn: Annotated[int, Field(description="Withdrawn in the period.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeCoverage:
    """One kind of notice that a law asks for in one place."""

    kind: Annotated[str, Field(description="pre_use, ai_interview, ...")]
    jurisdiction: Annotated[str, Field(description="Whose law asks for it.")]
    rule: Annotated[str, Field(description="The clock or gate.")]
    title: Annotated[str, Field(description="What it asks for, in its own words.")]
    citation: str
    needed: Annotated[int, Field(description="Interviews for which it is asked.")]
    in_time: Annotated[int, Field(description="Given, and in time.")]
    late: Annotated[int, Field(description="Given, but too late.")]
    undated: Annotated[int, Field(description="Given; the interview has no time to judge it by.")]
    missing: Annotated[int, Field(description="None is recorded.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesGiven:
    """Notices of one kind and place that were given in the period, by what was recorded."""

    kind: str
    jurisdiction: str
    given: Number
    in_time: Annotated[Share, Field(description="Unknown: no clock, or no time of use.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Notices to candidates and about the system."""

    coverage: Annotated[
        tuple[NoticeCoverage, ...], Field(description="Asked for by law; empty: none is.")
    ]
    covered: Annotated[Share, Field(description="Over all: in time, of those needed and judged.")]
    given: tuple[NoticesGiven, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanPaths:
    """Ways to a person in place of the machine."""

    opted_out: Annotated[Share, Field(description="Candidates who opted out in the period.")]
    asked: Annotated[int, Field(description="Requests for the human alternative.")]
    opened: Annotated[int, Field(description="Cases of the human alternative opened.")]
    held: Annotated[Share, Field(description="Of these, those that ended in an interview.")]
    given_up: Annotated[int, Field(description="Of these, those that the person took back.")]
    open: Annotated[int, Field(description="Of these, still open at the end.")]
    overdue: Annotated[int, Field(description="Of the open ones, past their time.")]
    time_to_human: Annotated[Durations, Field(description="From opening to the interview, hours.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCounts:
    """Requests of one kind, received in the period, as they stood at its end."""

    received: Number
    answered: Number
    in_time: Annotated[
        Share, Field(description="Answered before every clock ended; unknown: no clock ran.")
    ]
    granted: Annotated[Share, Field(description="Granted at least in part, of answered.")]
    open: Annotated[int, Field(description="Without an answer, and not overdue.")]
    overdue: Annotated[int, Field(description="Without an answer, and past a clock.")]
    withdrawn: Annotated[int, Field(description="Taken back before an answer.")]
    days: Annotated[Durations, Field(description="Receipt to answer, days.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCounts:
    """Review cases opened in the period, as they stood at its end. Without human alternatives."""

    opened: Number
    closed: Number
    upheld: Share
    modified: Share
    reversed: Share
    changed: Annotated[Share, Field(description="Modified or reversed, of closed.")]
    closed_late: Annotated[Share, Field(description="Of closed ones with a due date.")]
    four_eyes: Annotated[Share, Field(description="Closed cases of two reviewers, of closed.")]
    disagreed: Annotated[Share, Field(description="Of those, where the first two differed.")]
    open: Annotated[int, Field(description="Not closed, and not overdue.")]
    overdue: Annotated[int, Field(description="Not closed, and past the due date.")]
    hours: Annotated[Durations, Field(description="Opening to closing, hours.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """Review cases: all, and by kind."""

    all: ReviewCounts
    by_kind: Annotated[tuple[Tally, ...], Field(description="Opened; the most frequent first.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagKind:
    """Flags of one kind and severity."""

    kind: str
    severity: str
    outcome: Annotated[str, Field(description="for_information or needs_human_review.")]
    raised: Number
    closed: Annotated[int, Field(description="Of these, closed by now.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """Flags raised in the period."""

    raised: Number
    by_kind: tuple[FlagKind, ...]
    checks_flagged: Annotated[
        Share, Field(description="Finished checks with a flag that asks for a human review.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """What went wrong. What cannot be told to one system is the whole organisation's."""

    checks_failed: Annotated[Share, Field(description="Failed, of checks that ended.")]
    check_errors: Annotated[tuple[Tally, ...], Field(description="By stable code.")]
    audits_failed: Annotated[Share, Field(description="Failed, of audits that ended.")]
    software_faults: Annotated[int, Field(description="Flags of the kind software_fault.")]
    jobs_failed: Annotated[Share, Field(description="The organisation's jobs that ended.")]
    deliveries_dead: Annotated[
        Share, Field(description="The organisation's messages given up, of those that ended.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What was erased, and what had to be kept."""

    recordings_erased: Annotated[int, Field(description="Of interviews with the system.")]
    reports_erased: Annotated[int, Field(description="Of checks and audits of the system.")]
    candidates_erased: Annotated[int, Field(description="Whose data were erased altogether.")]
    past_due: Annotated[
        Share, Field(description="Stored recordings whose time is over and no hold keeps.")
    ]
    holds_set: Annotated[int, Field(description="The organisation's, in the period.")]
    holds_lifted: Annotated[int, Field(description="The organisation's, in the period.")]
    holds_in_force: Annotated[int, Field(description="The organisation's, at the end.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCounts:
    """All that is counted of one period."""

    since: Annotated[datetime, Field(description="The first moment.")]
    until: Annotated[datetime, Field(description="The first moment after it.")]
    first_day: date
    last_day: date
    as_of: Annotated[
        datetime, Field(description="States are those of this moment: the end, or the count.")
    ]
    persons: Annotated[
        int, Field(description="Candidates with an interview or outcome of the system, up to then.")
    ]
    interviews: Interviews
    decisions: Decisions
    transparency: Transparency
    consents: Annotated[dict[str, PurposeConsents], Field(description="By purpose: all of them.")]
    notices: Notices
    human_paths: HumanPaths
    requests: Annotated[dict[str, RequestCounts], Field(description="By kind: all of them.")]
    reviews: Reviews
    flags: Flags
    incidents: Incidents
    retention: Retention


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The organisation's ledger when the facts were counted."""

    size: Annotated[int, Field(description="Entries under the last signed head.")]
    root: Annotated[str | None, Field(description="Its Merkle root; null: nothing was signed.")]
    key_id: str | None
    signed_at: datetime | None
    entries: Annotated[int, Field(description="Entries of the period.")]
    waiting: Annotated[int, Field(description="Events not taken in yet.")]
    faults: Annotated[
        int | None, Field(description="Found by the verification given; null: none was given.")
    ]
    verified_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One figure against the period before."""

    figure: Annotated[str, Field(description="Where it is in the counts: a pointer.")]
    kind: Annotated[str, Field(description="share, number or duration.")]
    now: Share | None
    before: Share | None
    now_value: Annotated[float | None, Field(description="Share, number or median.")]
    before_value: float | None
    change: Annotated[float | None, Field(description="now less before; null: one is not there.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFacts:
    """What is recorded of one system in one period."""

    format: Annotated[str, Field(description="Of this document.")] = FORMAT
    counted_at: datetime
    system: SystemFacts
    counts: PeriodCounts
    audits: Audits
    group_events: GroupEvents
    ledger: Ledger
    before: Annotated[
        PeriodCounts | None,
        Field(description="The period of the same length before; null: nothing is recorded of it."),
    ]
    drift: Annotated[tuple[Drift, ...], Field(description="Empty without a period before.")]


_ADAPTER: TypeAdapter[PeriodFacts] = TypeAdapter(PeriodFacts)


def period_json(facts: PeriodFacts) -> dict[str, Any]:
    """The facts as plain JSON values: times in ISO 8601, UTC."""
    held: dict[str, Any] = _ADAPTER.dump_python(facts, mode="json")
    return held


def read_period(document: Mapping[str, Any]) -> PeriodFacts:
    """The facts of plain JSON values. Raises `pydantic.ValidationError`."""
    return _ADAPTER.validate_python(dict(document))
