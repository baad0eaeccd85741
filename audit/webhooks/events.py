"""What webhooks tell: the types of events, their data, and the envelope {type, timestamp, data}.

Data holds identifiers, times, links and words of closed lists. It has no field for a name, an
address, a free text or a score, so none can be sent by mistake; `message` checks each value again.
Who wants to know more follows the link with a key that may read it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from audit.canonical import Json, canonical_json
from audit.clocks import RequestKind
from audit.records.issued import DocumentKind
from audit.reviews import Outcome
from audit.types import Question, Status
from audit.webhooks.delivery import Message

_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # as audit.ids writes them
_REST = f"[{_CHARACTERS}]{{26}}"


class EventType(StrEnum):
    """Types of events. A type is never renamed, and its data only gains optional fields."""

    CHECK_FINISHED = "check.finished"
    CHECK_FAILED = "check.failed"
    CHECK_CANCELLED = "check.cancelled"
    FLAG_RAISED = "flag.raised"
    REVIEW_OPENED = "review.opened"
    REVIEW_DUE = "review.due"
    REVIEW_OVERDUE = "review.overdue"
    REVIEW_CLOSED = "review.closed"
    REQUEST_OPENED = "request.opened"
    REQUEST_DUE = "request.due"
    REQUEST_OVERDUE = "request.overdue"
    FAIRNESS_AUDIT_FINISHED = "fairness_audit.finished"
    CANDIDATE_OPTED_OUT = "candidate.opted_out"
    MEDIA_ERASED = "media.erased"
    REPORT_READY = "report.ready"
    REPORT_FAILED = "report.failed"
    WEBHOOK_TEST = "webhook.test"


def _id(prefixes: str, description: str) -> Any:
    return Field(pattern=f"^(?:{prefixes})_{_REST}$", description=description)


CheckId = Annotated[str, _id("chk", "The check.")]
SystemId = Annotated[str, _id("sys", "The hiring system that is audited.")]
CandidateId = Annotated[str, _id("cand", "The candidate.")]
InterviewId = Annotated[str, _id("int", "The interview.")]
FlagId = Annotated[str, _id("flg", "The flag.")]
ReviewId = Annotated[str, _id("rev", "The review case.")]
RequestId = Annotated[str, _id("req", "The person's request.")]
AuditId = Annotated[str, _id("aud", "The fairness audit.")]
MediaId = Annotated[str, _id("med", "A recording.")]
ReportId = Annotated[str, _id("rep", "The report.")]
SubjectId = Annotated[
    str,
    _id(
        "chk|aud|chl|pai",
        "What it is about: a check, fairness audit, challenge, or pair who are alike.",
    ),
]
ReportSubjectId = Annotated[
    str,
    _id(
        "chk|cmp|cand|aud|sys|out|req",
        "What it is about: a check, comparison, candidate, audit, system, outcome or request.",
    ),
]
EndpointId = Annotated[str, _id("whk", "The endpoint that it was sent to.")]
ScheduleId = Annotated[str, _id("sch", "The schedule that asked for it.")]
ErrorCode = Annotated[
    str, Field(pattern="^[a-z][a-z0-9_]{0,63}$", description="Why, as a stable code.")
]
DueAt = Annotated[AwareDatetime, Field(description="When it has to be done.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinished:
    """A check has its result. `verdicts`: one word for each question, never worse than review."""

    type: ClassVar[EventType] = EventType.CHECK_FINISHED
    check_id: CheckId
    system_id: SystemId | None = None
    interview_id: InterviewId | None = None
    candidate_id: CandidateId | None = None
    verdicts: Mapping[Question, Status]

    @property
    def link(self) -> str:
        """Where the result is."""
        return f"/v1/checks/{self.check_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFailed:
    """A check ended without a result. That says nothing about the candidate."""

    type: ClassVar[EventType] = EventType.CHECK_FAILED
    check_id: CheckId
    error_code: ErrorCode

    @property
    def link(self) -> str:
        """Where the reason is."""
        return f"/v1/checks/{self.check_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCancelled:
    """A check was cancelled. That says nothing about the candidate."""

    type: ClassVar[EventType] = EventType.CHECK_CANCELLED
    check_id: CheckId

    @property
    def link(self) -> str:
        """Where the check is."""
        return f"/v1/checks/{self.check_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRaised:
    """A policy asks a person to look, or informs. No status of a candidate changes by it."""

    type: ClassVar[EventType] = EventType.FLAG_RAISED
    flag_id: FlagId
    subject_id: SubjectId
    candidate_id: CandidateId | None = None
    outcome: Literal["for_information", "needs_human_review"]

    @property
    def link(self) -> str:
        """Where the flag is."""
        return f"/v1/flags/{self.flag_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOpened:
    """A review case waits for a person."""

    type: ClassVar[EventType] = EventType.REVIEW_OPENED
    review_id: ReviewId
    flag_id: FlagId | None = None
    candidate_id: CandidateId | None = None
    due_at: DueAt | None = None

    @property
    def link(self) -> str:
        """Where the case is."""
        return f"/v1/reviews/{self.review_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDue:
    """A reminder: a review case has to be closed soon."""

    type: ClassVar[EventType] = EventType.REVIEW_DUE
    review_id: ReviewId
    flag_id: FlagId | None = None
    candidate_id: CandidateId | None = None
    due_at: DueAt

    @property
    def link(self) -> str:
        """Where the case is."""
        return f"/v1/reviews/{self.review_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOverdue:
    """The time to close a review case is over."""

    type: ClassVar[EventType] = EventType.REVIEW_OVERDUE
    review_id: ReviewId
    flag_id: FlagId | None = None
    candidate_id: CandidateId | None = None
    due_at: DueAt

    @property
    def link(self) -> str:
        """Where the case is."""
        return f"/v1/reviews/{self.review_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewClosed:
    """A person decided on what was flagged."""

    type: ClassVar[EventType] = EventType.REVIEW_CLOSED
    review_id: ReviewId
    flag_id: FlagId | None = None
    candidate_id: CandidateId | None = None
    outcome: Outcome

    @property
    def link(self) -> str:
        """Where the case is."""
        return f"/v1/reviews/{self.review_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOpened:
    """A person asked for something, and a clock runs."""

    type: ClassVar[EventType] = EventType.REQUEST_OPENED
    request_id: RequestId
    candidate_id: CandidateId
    kind: RequestKind
    due_at: DueAt | None = None

    @property
    def link(self) -> str:
        """Where the request is."""
        return f"/v1/requests/{self.request_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDue:
    """A reminder: a person's request has to be answered soon."""

    type: ClassVar[EventType] = EventType.REQUEST_DUE
    request_id: RequestId
    candidate_id: CandidateId
    kind: RequestKind
    due_at: DueAt

    @property
    def link(self) -> str:
        """Where the request is."""
        return f"/v1/requests/{self.request_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOverdue:
    """The time to answer a person's request is over."""

    type: ClassVar[EventType] = EventType.REQUEST_OVERDUE
    request_id: RequestId
    candidate_id: CandidateId
    kind: RequestKind
    due_at: DueAt

    @property
    def link(self) -> str:
        """Where the request is."""
        return f"/v1/requests/{self.request_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessAuditFinished:
    """A fairness audit has its result. Numbers and groups are in the audit, not here."""

    type: ClassVar[EventType] = EventType.FAIRNESS_AUDIT_FINISHED
    audit_id: AuditId
    system_id: SystemId | None = None

    @property
    def link(self) -> str:
        """Where the audit is."""
        return f"/v1/fairness-audits/{self.audit_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateOptedOut:
    """Automated processing of this candidate has stopped. It must not count against anybody."""

    type: ClassVar[EventType] = EventType.CANDIDATE_OPTED_OUT
    candidate_id: CandidateId
    request_id: RequestId | None = None

    @property
    def link(self) -> str:
        """Where the candidate is."""
        return f"/v1/candidates/{self.candidate_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaErased:
    """Recordings and what was derived from them can no longer be read by anybody."""

    type: ClassVar[EventType] = EventType.MEDIA_ERASED
    candidate_id: CandidateId
    media_ids: tuple[MediaId, ...]
    reason: Literal["retention", "request"]

    @property
    def link(self) -> str:
        """Where the candidate is."""
        return f"/v1/candidates/{self.candidate_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReady:
    """A report can be fetched."""

    type: ClassVar[EventType] = EventType.REPORT_READY
    report_id: ReportId
    subject_id: ReportSubjectId
    kind: DocumentKind | None = None
    schedule_id: ScheduleId | None = None

    @property
    def link(self) -> str:
        """Where the report is."""
        return f"/v1/reports/{self.report_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFailed:
    """A report that was asked for could not be made. That says nothing about anybody."""

    type: ClassVar[EventType] = EventType.REPORT_FAILED
    report_id: ReportId
    subject_id: ReportSubjectId
    error_code: ErrorCode

    @property
    def link(self) -> str:
        """Where the reason is."""
        return f"/v1/reports/{self.report_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTest:
    """Somebody asked for a test of this endpoint. Nothing happened."""

    type: ClassVar[EventType] = EventType.WEBHOOK_TEST
    endpoint_id: EndpointId

    @property
    def link(self) -> str:
        """Where the endpoint is."""
        return f"/v1/webhooks/{self.endpoint_id}"


Event = (
    CheckFinished
    | CheckFailed
    | CheckCancelled
    | FlagRaised
    | ReviewOpened
    | ReviewDue
    | ReviewOverdue
    | ReviewClosed
    | RequestOpened
    | RequestDue
    | RequestOverdue
    | FairnessAuditFinished
    | CandidateOptedOut
    | MediaErased
    | ReportReady
    | ReportFailed
    | WebhookTest
)

EVENTS: Mapping[EventType, type[Event]] = {
    kind.type: kind
    for kind in (
        CheckFinished,
        CheckFailed,
        CheckCancelled,
        FlagRaised,
        ReviewOpened,
        ReviewDue,
        ReviewOverdue,
        ReviewClosed,
        RequestOpened,
        RequestDue,
        RequestOverdue,
        FairnessAuditFinished,
        CandidateOptedOut,
        MediaErased,
        ReportReady,
        ReportFailed,
        WebhookTest,
    )
}


def message(event: Event, occurred_at: datetime, *, base_url: str = "") -> Message:
    """The message that tells of an event: the same event gives the same bytes and the same id.

    `occurred_at`: when it happened, not when it is sent; with a zone. `base_url`: where this
    service is reached, in front of the link. Fields that are None are left out.

    Raises:
        ValueError: a value is none of those that its field may hold. That is a fault of the caller.
    """
    if occurred_at.tzinfo is None:
        raise ValueError("the time of an event needs a zone")
    adapter: TypeAdapter[Event] = TypeAdapter(type(event))
    try:
        fields = adapter.dump_python(event, mode="json", exclude_none=True, warnings="none")
        adapter.validate_json(canonical_json(fields), strict=True)
    except ValidationError as error:
        where = ", ".join(str(fault["loc"][0]) for fault in error.errors() if fault["loc"])
        raise ValueError(f"{event.type}: not a value for {where}") from None
    moment = occurred_at.astimezone(UTC).isoformat(timespec="microseconds")
    body = canonical_json(
        {
            "type": event.type.value,
            "timestamp": moment.replace("+00:00", "Z"),
            "data": {**fields, "link": base_url.rstrip("/") + event.link},
        }
    )
    return Message(message_id(event.type, body), body)


def message_id(event_type: EventType, body: bytes) -> str:
    """`msg_` and 26 characters of the hash: stable, so that receivers drop repetitions."""
    digest = hashlib.sha256(event_type.value.encode() + b"\n" + body).digest()
    number = int.from_bytes(digest[:17], "big") >> 6  # 130 bits
    return "msg_" + "".join(_CHARACTERS[number >> 5 * place & 31] for place in reversed(range(26)))


def json_schema() -> dict[str, Json]:
    """JSON Schema (2020-12) of all messages: docs/webhook-events.schema.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Webhook messages of Fairwitness",
        "oneOf": [_schema_of(kind) for kind in EVENTS.values()],
    }


def _schema_of(kind: type[Event]) -> dict[str, Json]:
    data = TypeAdapter(kind).json_schema()
    defined = data.pop("$defs", {})
    data = _inlined(data, defined)
    data["properties"]["link"] = {
        "type": "string",
        "pattern": r"^(https?://[!-~]+)?/v1/[a-z-]+/[a-z]+_[0-9A-Z]{26}$",
        "description": "Where to read more, with a key that may.",
    }
    data["required"] = [*data["required"], "link"]
    data["additionalProperties"] = False
    return {
        "title": kind.type.value,
        "description": data.pop("description"),
        "type": "object",
        "properties": {
            "type": {"const": kind.type.value},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": data,
        },
        "required": ["type", "timestamp", "data"],
        "additionalProperties": False,
    }


def _inlined(value: Any, defined: Mapping[str, Any]) -> Any:
    """A schema with its references resolved and without null, which is never sent."""
    if isinstance(value, list):
        return [_inlined(v, defined) for v in value if v != {"type": "null"}]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        inner = defined[value["$ref"].rsplit("/", 1)[-1]]
        return _inlined({k: v for k, v in inner.items() if k not in ("title", "description")}, {})
    plain = {k: _inlined(v, defined) for k, v in value.items() if k != "default"}
    options = plain.get("anyOf")
    if isinstance(options, list) and len(options) == 1:
        plain = {**{k: v for k, v in plain.items() if k != "anyOf"}, **options[0]}
    return plain
