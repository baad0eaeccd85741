"""Webhooks of Greenhouse Recruiting. Source: grnhse/greenhouse-api-docs, source/includes/webhooks.

Signature: header `Signature: sha256 <hex>`, HMAC-SHA256 of the whole body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from audit.ats.incoming import Ignored, Reception, body_digest, check_hmac, event_name, refused
from audit.ats.model import OutcomeEvent, Source, WordMap, derived_id
from audit.ats.payload import (
    at,
    needed_reference,
    parse_object,
    reference_at,
    text_at,
    time_at,
)
from audit.canonical import Json

_TIMES: Mapping[str, tuple[str, ...]] = {
    "candidate_stage_change": ("last_activity_at",),
    "hire_candidate": ("offer.resolved_at", "last_activity_at"),
    "reject_candidate": ("rejected_at", "last_activity_at"),
    "unreject_candidate": ("last_activity_at",),
    "unhire_candidate": ("last_activity_at",),
}
"""Types that are used, and where the time is: the payload has no time of the event itself."""


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> None:
    """Raises `SignatureInvalid`. `headers` have names in small letters."""
    algorithm, _, digest = headers.get("signature", "").partition(" ")
    if algorithm != "sha256":
        raise refused()
    check_hmac(body, digest, secrets)


def read(body: bytes, words: WordMap, now: datetime) -> Reception:
    """The outcome in a message. Raises `OutcomeInvalid`."""
    document = parse_object(body)
    event, delivery = text_at(document, "action"), body_digest(body)
    if event not in _TIMES:
        return Reception(event_name(event), delivery, ignored=Ignored.UNKNOWN_EVENT)
    application = at(document, "payload.application")
    if at(application, "prospect") is True:
        return Reception(event, delivery, ignored=Ignored.PROSPECT)
    word, outcome = words.look_up(*_words(event, application))
    if outcome is None:
        return Reception(event, delivery, ignored=Ignored.NOT_AN_OUTCOME)
    number = needed_reference(application, "id")
    stage_id = reference_at(application, "current_stage.id") or ""
    reason = reference_at(application, "rejection_reason.id")
    times = (time_at(application, path) for path in _TIMES[event])
    occurred_at = next((t for t in times if t is not None), None)
    stage = words.stage(stage_id)
    found = OutcomeEvent(
        source=Source.GREENHOUSE,
        # Greenhouse-Event-ID names a delivery. Whether a retry keeps it is not documented, so the
        # event is identified by what it says. A reason that is corrected later is a new event.
        external_event=derived_id(
            event, number, stage_id, reason, occurred_at.isoformat() if occurred_at else delivery
        ),
        candidate=needed_reference(application, "candidate.id"),
        application=number,
        job=_job(application),
        stage=stage.name or "",
        stage_order=stage.order,
        word=word,
        outcome=outcome,
        occurred_at=occurred_at or now,
        reason_code=reason,
    )
    return Reception(event, delivery, (found,))


def _job(application: Json) -> str:
    """`job` is deprecated and in older messages only."""
    return reference_at(application, "jobs.0.id") or needed_reference(application, "job.id")


def _words(event: str, application: Json) -> tuple[str, ...]:
    """A rejection is what its reason's type says: the candidate may have declined."""
    if event == "reject_candidate":
        reason = reference_at(application, "rejection_reason.id")
        kind = text_at(application, "rejection_reason.type.name")
        return (*((f"reason:{reason}",) if reason else ()), kind or event)
    stage = reference_at(application, "current_stage.id")
    specific = (f"stage:{stage}",) if stage and event == "candidate_stage_change" else ()
    return (*specific, event)
