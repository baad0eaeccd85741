"""Webhooks as the systems send them, made up, with personal data wherever there can be any."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from audit.ats import Source

NOW = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
SECRET = "a-secret-of-the-test"
PERSONAL = (
    "Zelda",
    "Quux",
    "zelda.quux@example.com",
    "330-281-8004",
    "12 Hidden Lane",
    "Ivo Recruiter",
    "ivo@corp.example",
    "College of Nowhere",
    "linkedin.example",
    "79.255.55.222",
    "resume-zelda.pdf",
    "She told us about her illness",
)


def greenhouse(action: str, **changed: Any) -> dict[str, Any]:
    person = {
        "id": 265772,
        "first_name": "Zelda",
        "last_name": "Quux",
        "external_id": "zelda.quux@example.com",
        "photo_url": "https://linkedin.example/zelda",
        "phone_numbers": [{"value": "330-281-8004", "type": "home"}],
        "email_addresses": [{"value": "zelda.quux@example.com", "type": "personal"}],
        "addresses": [{"value": "12 Hidden Lane", "type": "home"}],
        "educations": [{"school_name": "College of Nowhere"}],
        "recruiter": {"id": 3128, "email": "ivo@corp.example", "name": "Ivo Recruiter"},
        "attachments": [{"filename": "resume-zelda.pdf", "url": "https://linkedin.example/z"}],
    }
    application: dict[str, Any] = {
        "id": 265277,
        "rejected_at": None,
        "prospect": False,
        "status": "active",
        "last_activity_at": "2026-02-09T16:38:36Z",
        "credited_to": {"id": 15, "email": "ivo@corp.example", "name": "Ivo Recruiter"},
        "rejection_reason": None,
        "rejection_details": {"custom_fields": {"why": {"value": "She told us about her illness"}}},
        "current_stage": {
            "id": 71416,
            "name": "Call Zelda",
            "interviews": [{"interviewers": [{"id": 2622, "display_name": "Ivo Recruiter"}]}],
        },
        "candidate": person,
        "jobs": [{"id": 3485, "name": "Designer", "notes": "ask Ivo Recruiter"}],
    }
    return {"action": action, "payload": {"application": {**application, **changed}}}


def rejection(kind: str | None, reason: int = 14) -> dict[str, Any]:
    named = {"id": reason, "name": "She told us about her illness", "type": {"id": 3, "name": kind}}
    return greenhouse(
        "reject_candidate",
        status="rejected",
        rejected_at="2026-02-11T15:50:41Z",
        rejection_reason=None if kind is None else named,
    )


def lever(event: str, *, at: datetime = NOW, **data: Any) -> dict[str, Any]:
    milliseconds = int(at.timestamp() * 1000)
    token = "b4ae0a2d"
    signed = f"{token}{milliseconds}".encode()
    return {
        "id": "d0f5",
        "event": event,
        "triggeredAt": milliseconds,
        "token": token,
        "signature": hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest(),
        "data": {
            "opportunityId": "46ca-opp",
            "contactId": "7f23-contact",
            "name": "Zelda Quux",
            "emails": ["zelda.quux@example.com"],
            **data,
        },
    }


def ashby(action: str, status: str = "Active", **changed: Any) -> dict[str, Any]:
    application: dict[str, Any] = {
        "id": "0a1b-app",
        "updatedAt": "2026-02-28T10:00:00.000Z",
        "status": status,
        "candidate": {
            "id": "9c8d-cand",
            "name": "Zelda Quux",
            "primaryEmailAddress": {"value": "zelda.quux@example.com", "type": "Personal"},
            "primaryPhoneNumber": {"value": "330-281-8004", "type": "Work"},
        },
        "currentInterviewStage": {
            "id": "stage-2",
            "title": "Call Zelda",
            "type": "Active",
            "orderInInterviewPlan": 2,
        },
        "job": {"id": "job-7", "title": "Designer"},
        "creditedToUser": {"firstName": "Ivo", "email": "ivo@corp.example"},
        "hiringTeam": [{"firstName": "Ivo", "lastName": "Recruiter", "email": "ivo@corp.example"}],
        "submitterClientIp": "79.255.55.222",
        "customFields": [{"title": "Notes", "value": "She told us about her illness"}],
        **changed,
    }
    return {
        "action": action,
        "webhookActionId": "75395d87-4044-4dc4-bc29-0cec185e5f06",
        "data": {"application": application},
    }


def archived(kind: str | None, **changed: Any) -> dict[str, Any]:
    reason = {"id": "reason-4", "text": "She told us about her illness", "reasonType": kind}
    return ashby(
        changed.pop("action", "candidateStageChange"),
        "Archived",
        archivedAt="2026-02-28T09:59:00.000Z",
        archiveReason=None if kind is None else reason,
        **changed,
    )


def signed(
    source: Source, payload: dict[str, Any], secret: str = SECRET
) -> tuple[bytes, dict[str, str]]:
    """The body and headers, signed as the system does (Lever's are in the body)."""
    body = json.dumps(payload).encode()
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        Source.GREENHOUSE: {"Signature": f"sha256 {digest}", "Greenhouse-Event-ID": "3ce5"},
        Source.ASHBY: {"Ashby-Signature": f"sha256={digest}"},
        Source.LEVER: {},
    }
    return body, headers[source]
