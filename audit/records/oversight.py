"""Flags, review cases, people's requests, policies, legal holds and webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from audit.clocks import RequestKind
from audit.records.base import Record
from audit.requests import PersonRequest, RequestState
from audit.reviews import CaseState, Outcome, ReviewCase


class FlagState(StrEnum):
    """Where a flag stands."""

    OPEN = "open"
    IN_REVIEW = "in_review"
    CLOSED = "closed"


class EndpointState(StrEnum):
    """Whether a webhook endpoint is sent to."""

    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"  # kept so that its deliveries have something to refer to; never shown


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Record):
    """Something that a policy wants a person to look at, or to know. It changes nothing."""

    fingerprint: Annotated[str, Field(description="Same policy and result, same fingerprint.")]
    subject: Annotated[str, Field(description="The check or audit it came from.")]
    candidate_id: Annotated[str | None, Field(description="Whom it is about.")] = None
    interview_id: Annotated[str | None, Field(description="Which interview.")] = None
    system_id: Annotated[str | None, Field(description="Which system.")] = None
    rule: Annotated[str, Field(description="The rule that raised it.")]
    kind: Annotated[str, Field(description="Its kind, from the policy.")]
    severity: Annotated[str, Field(description="low, medium or high.")]
    outcome: Annotated[str, Field(description="for_information or needs_human_review.")]
    reason: Annotated[str, Field(description="Why, in words.")]
    about: Annotated[tuple[str, ...], Field(description="Which parts of the result.")] = ()
    evidence: Annotated[tuple[str, ...], Field(description="Evidence in the report.")] = ()
    recipients: Annotated[tuple[str, ...], Field(description="Roles that see it.")] = ()
    policy: Annotated[str, Field(description="Name and version of the policy.")]
    policy_sha256: Annotated[str, Field(description="Hash of the policy.")]
    state: Annotated[FlagState, Field(description="Where it stands.")] = FlagState.OPEN
    review_id: Annotated[str | None, Field(description="Its review case.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer(Record):
    """A person who reviews, by an opaque reference."""

    person: Annotated[str, Field(description="Opaque reference of the person.")]
    may_change: Annotated[bool, Field(description="Authority to modify or reverse.")]
    training: Annotated[str, Field(description="Reference of the training for such reviews.")]
    teams: Annotated[tuple[str, ...], Field(description="Hiring teams.")] = ()
    left_at: Annotated[datetime | None, Field(description="No longer a reviewer since.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Record):
    """A review case as it is stored; what may be done is in `audit.reviews`."""

    flag_id: str | None = None
    request_id: str | None = None
    candidate_id: str | None = None
    kind: str
    state: CaseState
    assignee: str | None = None
    outcome: Outcome | None = None
    due_at: datetime | None = None
    closed_at: datetime | None = None
    case: ReviewCase


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Record):
    """A person's request as it is stored; what may be done is in `audit.requests`."""

    candidate_id: str
    kind: RequestKind
    state: RequestState
    due_at: datetime | None = None
    reminded_at: datetime | None = None
    overdue_told_at: datetime | None = None
    done: tuple[str, ...] = ()
    request: PersonRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateLink(Record):
    """A link to a candidate's own page, which needs no key until it ends."""

    candidate_id: Annotated[str, Field(description="Whose page it is.")]
    language: Annotated[str, Field(description="In which the page is shown.", examples=["en"])]
    expires_at: Annotated[datetime, Field(description="When it ends.")]
    created_by: Annotated[str, Field(description="The key or user that made it.")]
    revoked_at: Annotated[datetime | None, Field(description="When it was taken back.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Record):
    """A version of a flag policy. Versions are never changed; a new one takes their place."""

    name: Annotated[str, Field(description="Its name.")]
    number: Annotated[int, Field(description="Its version.", ge=1)]
    text: Annotated[str, Field(description="YAML, as it was given.")]
    sha256: Annotated[str, Field(description="Hash of its meaning.")]
    active: Annotated[bool, Field(description="Whether it is the one that flags.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold(Record):
    """A duty to keep something, which retention and erasure respect."""

    candidate_id: Annotated[str | None, Field(description="All of a candidate.")] = None
    subject: Annotated[str | None, Field(description="Or one medium, report or check.")] = None
    reason: Annotated[str, Field(description="Why, in words.")]
    reference: Annotated[str, Field(description="The matter: an opaque reference.")] = ""
    released_at: Annotated[datetime | None, Field(description="When it was lifted.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Record):
    """Where webhooks go. The URL's path may hold a token of the receiver's: it is not printed."""

    url: str = field(repr=False)
    events: tuple[str, ...]
    state: EndpointState = EndpointState.ACTIVE
    sealed_secrets: bytes = field(repr=False)
    old_secret_until: datetime | None = None
    disabled_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Record):
    """One event on its way to one endpoint."""

    endpoint_id: Annotated[str, Field(description="Where to.")]
    event_id: Annotated[str, Field(description="The webhook-id; the same for replays.")]
    type: Annotated[str, Field(description="Type of the event.")]
    payload: Annotated[dict[str, Any], Field(description="What is sent.")]
    state: Annotated[DeliveryState, Field(description="Where it stands.")] = DeliveryState.PENDING
    attempts: Annotated[int, Field(description="How often it was tried.")] = 0
    last_status: Annotated[int | None, Field(description="The last HTTP status.")] = None
    last_error: Annotated[str | None, Field(description="The last failure: a code.")] = None
    next_at: Annotated[datetime | None, Field(description="When it is tried again.")] = None
    delivered_at: Annotated[datetime | None, Field(description="When it was taken.")] = None
