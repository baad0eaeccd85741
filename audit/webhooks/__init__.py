"""Webhooks: what is told, how it is signed, where it may go, when it is sent again.

    told = message(CheckFinished(check_id=..., verdicts=...), occurred_at, base_url=url)
    attempt = Sender(TargetRules.of(settings.webhooks)).send(url, told, secrets, sent_at=now)

Nothing here stores anything or knows a database; see docs/webhooks.md.
"""

from audit.webhooks.delivery import (
    MAX_ATTEMPTS,
    Attempt,
    Message,
    Problem,
    Sender,
    Verdict,
    judge,
    next_attempt,
)
from audit.webhooks.events import (
    EVENTS,
    CandidateOptedOut,
    CheckCancelled,
    CheckFailed,
    CheckFinished,
    Event,
    EventType,
    FairnessAuditFinished,
    FlagRaised,
    MediaErased,
    ReportFailed,
    ReportReady,
    RequestDue,
    RequestOpened,
    RequestOverdue,
    ReviewClosed,
    ReviewDue,
    ReviewOpened,
    ReviewOverdue,
    WebhookTest,
    json_schema,
    message,
)
from audit.webhooks.signatures import Secret, sign, signed_headers, verify
from audit.webhooks.targets import Target, TargetRules, checked_addresses, is_global, read_target
from audit.webhooks.transport import PinnedBackend, system_resolver

__all__ = [
    "EVENTS",
    "MAX_ATTEMPTS",
    "Attempt",
    "CandidateOptedOut",
    "CheckCancelled",
    "CheckFailed",
    "CheckFinished",
    "Event",
    "EventType",
    "FairnessAuditFinished",
    "FlagRaised",
    "MediaErased",
    "Message",
    "PinnedBackend",
    "Problem",
    "ReportFailed",
    "ReportReady",
    "RequestDue",
    "RequestOpened",
    "RequestOverdue",
    "ReviewClosed",
    "ReviewDue",
    "ReviewOpened",
    "ReviewOverdue",
    "Secret",
    "Sender",
    "Target",
    "TargetRules",
    "Verdict",
    "WebhookTest",
    "checked_addresses",
    "is_global",
    "json_schema",
    "judge",
    "message",
    "next_attempt",
    "read_target",
    "sign",
    "signed_headers",
    "system_resolver",
    "verify",
]
