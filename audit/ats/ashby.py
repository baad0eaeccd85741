"""Webhooks of Ashby. Sources: developers.ashbyhq.com (authenticating-webhooks, common-payload-data,
related-webhooks) and its published OpenAPI document.

Signature: header `Ashby-Signature: sha256=<hex>`, HMAC-SHA256 of the whole body.

One change comes as several messages (candidateHire also as candidateStageChange and
applicationUpdate), so outcomes are read from the application's state and identified by it.
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
from audit.errors import OutcomeInvalid

_STAGE, _HIRE, _UPDATE = "candidateStageChange", "candidateHire", "applicationUpdate"


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> None:
    """Raises `SignatureInvalid`. `headers` have names in small letters."""
    algorithm, _, digest = headers.get("ashby-signature", "").partition("=")
    if algorithm != "sha256":
        raise refused()
    check_hmac(body, digest, secrets)


def read(body: bytes, words: WordMap, now: datetime) -> Reception:
    """The outcome in a message. Raises `OutcomeInvalid`."""
    document = parse_object(body)
    event = text_at(document, "action")
    action = reference_at(document, "webhookActionId")
    delivery = derived_id(event, action) if action else body_digest(body)
    if event not in (_STAGE, _HIRE, _UPDATE):
        return Reception(event_name(event), delivery, ignored=Ignored.UNKNOWN_EVENT)
    application = at(document, "data.application")
    candidates = _words(event, application)
    word, outcome = words.look_up(*candidates) if candidates else ("", None)
    if outcome is None:
        return Reception(event, delivery, ignored=Ignored.NOT_AN_OUTCOME)
    number = needed_reference(application, "id")
    stage_id = reference_at(application, "currentInterviewStage.id") or ""
    stage = words.stage(stage_id)
    archived_at = time_at(application, "archivedAt")
    occurred_at = archived_at or time_at(application, "updatedAt") or now
    found = OutcomeEvent(
        source=Source.ASHBY,
        external_event=_identifier(number, application, stage_id, action or delivery),
        candidate=needed_reference(application, "candidate.id"),
        application=number,
        job=needed_reference(application, "job.id"),
        stage=stage.name or "",
        stage_order=_order(application) if stage.order is None else stage.order,
        word=word,
        outcome=outcome,
        occurred_at=occurred_at,
        reason_code=reference_at(application, "archiveReason.id"),
    )
    return Reception(event, delivery, (found,))


def _words(event: str, application: Json) -> tuple[str, ...]:
    """The words for an application's state; none where the message tells of no outcome."""
    status = text_at(application, "status")
    if status == "Hired":
        return (status,)
    if status == "Archived":
        reason = reference_at(application, "archiveReason.id")
        kind = text_at(application, "archiveReason.reasonType")
        return (*((f"reason:{reason}",) if reason else ()), kind or status)
    if status == "Active":
        stage = reference_at(application, "currentInterviewStage.id")
        specific = (f"stage:{stage}",) if stage else ()
        return (*specific, event) if event == _STAGE else ()
    if status == "Lead":
        return ()
    raise OutcomeInvalid("data.application.status is not Active, Lead, Archived or Hired")


def _identifier(application: str, state: Json, stage: str, action: str) -> str:
    """The same for all messages about one change, and for later updates of the same state."""
    status = text_at(state, "status")
    if status == "Hired":
        return derived_id("hired", application)
    if status == "Archived":
        moment = time_at(state, "archivedAt")
        reason = reference_at(state, "archiveReason.id")
        return derived_id("archived", application, reason, moment.isoformat() if moment else action)
    return derived_id("stage", application, stage, action)


def _order(application: Json) -> int | None:
    order = at(application, "currentInterviewStage.orderInInterviewPlan")
    return order if isinstance(order, int) and not isinstance(order, bool) and order >= 0 else None
