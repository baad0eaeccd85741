"""Webhooks of Lever. Field names from public integrations (docs/ats.md), for Lever's own page was
not at hand.

Signature: `signature` in the body is the hexadecimal HMAC-SHA256 of `token` and `triggeredAt` as
texts, one after the other. It covers nothing else: who once saw a delivery could send another body
with the same three values. So a delivery is refused after a day, and `Reception.delivery` is the
token's hash, by which the caller refuses a token that comes again with other data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from audit.ats.incoming import Ignored, Reception, check_hmac, event_name, refused
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
from audit.records.register import OutcomeClass

OLDEST = timedelta(days=1)
"""Retries may come for long; how long is not documented. Ours."""
_AHEAD = timedelta(minutes=5)
_STAGE, _HIRED, _ARCHIVE = "candidateStageChange", "candidateHired", "candidateArchiveChange"


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> None:
    """Raises `SignatureInvalid`, also for what is not even JSON: the signature stands in it."""
    try:
        document = parse_object(body)
    except OutcomeInvalid:
        raise refused() from None
    token, given = text_at(document, "token"), text_at(document, "signature")
    triggered = at(document, "triggeredAt")
    if not token or not isinstance(triggered, int) or isinstance(triggered, bool):
        raise refused()
    check_hmac(f"{token}{triggered}".encode(), given, secrets)
    moment = time_at(document, "triggeredAt")
    if moment is None or not now - OLDEST <= moment <= now + _AHEAD:
        raise refused()


def read(body: bytes, words: WordMap, now: datetime) -> Reception:
    """The outcome in a message. Raises `OutcomeInvalid`."""
    document = parse_object(body)
    event = text_at(document, "event")
    delivery = hashlib.sha256(text_at(document, "token").encode()).hexdigest()
    data = at(document, "data")
    if event not in (_STAGE, _HIRED, _ARCHIVE):
        return Reception(event_name(event), delivery, ignored=Ignored.UNKNOWN_EVENT)
    word, outcome = words.look_up(*_words(event, data, words))
    if outcome is None:
        return Reception(event, delivery, ignored=Ignored.NOT_AN_OUTCOME)
    opportunity = needed_reference(data, "opportunityId")
    occurred_at = time_at(data, "toArchived.archivedAt") or time_at(document, "triggeredAt") or now
    stage_id = reference_at(data, "toStageId") or reference_at(data, "stageId") or ""
    stage, reason = words.stage(stage_id), reference_at(data, "toArchived.reason")
    found = OutcomeEvent(
        source=Source.LEVER,
        external_event=derived_id("hired", opportunity)
        if outcome is OutcomeClass.HIRED  # told twice: as itself, and as archiving for that reason
        else derived_id(event, opportunity, stage_id, reason, occurred_at.isoformat()),
        candidate=reference_at(data, "contactId")
        or reference_at(data, "candidateId")
        or opportunity,
        application=opportunity,
        job=reference_at(data, "postingId") or "",
        stage=stage.name or "",
        stage_order=stage.order,
        word=word,
        outcome=outcome,
        occurred_at=occurred_at,
        reason_code=reason,
    )
    return Reception(event, delivery, (found,))


def _words(event: str, data: Json, words: WordMap) -> tuple[str, ...]:
    if event == _HIRED:
        return (event,)
    if event == _STAGE:
        old, new = reference_at(data, "fromStageId"), reference_at(data, "toStageId")
        before = words.stage(old).order if old else None
        after = words.stage(new).order if new else None
        back = before is not None and after is not None and after < before
        return (*((f"stage:{new}",) if new else ()), "moved back" if back else event)
    if at(data, "toArchived") is None:
        if at(data, "fromArchived") is None:
            raise OutcomeInvalid("data.toArchived and data.fromArchived are missing")
        return ("unarchived",)
    reason = reference_at(data, "toArchived.reason")
    return (f"reason:{reason}",) if reason else ("archived",)
