"""What is known of a candidate's sessions, as the thread report takes it: from stored results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from api.tasks.thread_evidence import evidence_of
from audit.errors import StepRefused
from audit.operations.comparisons import label_of
from audit.operations.reports import ResultReader
from audit.operations.templates import Spaces
from audit.records.evidence import Check, Comparison, Media, Report, RunState
from audit.records.register import Consent, Interview, Purpose
from audit.store import ReadUnit
from reports.compose.thread_facts import summarised

Json = dict[str, Any]


def thread_of(
    unit: ReadUnit, candidate_id: str, results: ResultReader, spaces: Spaces, at: datetime
) -> Json:
    """`reports.compose.thread_facts.Thread` of a candidate as plain JSON.

    Sessions are the interviews, as they were held, each with its newest check, and what references
    stand alone. `spaces`: those in use; templates of other models are not read.

    Raises `StepRefused` where there is no session.
    """
    interviews = sorted(
        unit.every(Interview, candidate_id=candidate_id), key=lambda i: i.held_at or i.created_at
    )
    sessions = [_session(unit, each, results) for each in interviews]
    sessions = [each for each in sessions if each["check"] is not None]
    compared = list(_compared(unit, candidate_id, results))
    named = [each["label"] for each in sessions]
    beside = dict.fromkeys(
        label for each in compared for label in each["recordings"] if label not in named
    )
    sessions = [*({"label": label} for label in beside), *sessions]
    if not sessions:
        raise StepRefused("Nothing of this candidate was checked or compared.")
    seen = {label for each in compared for label in each["recordings"]}
    return {
        "candidate": candidate_id,
        "sessions": sessions,
        "comparisons": compared,
        "not_compared": [_not_compared(label) for label in named if label not in seen],
        "consents": [_consent(each) for each in _consents(unit, candidate_id)],
        **evidence_of(unit, candidate_id, spaces, at),
    }


def _session(unit: ReadUnit, interview: Interview, results: ResultReader) -> Json:
    check = unit.find(Check, interview_id=interview.id, state=RunState.FINISHED)
    document = _result(unit, check.report_id if check else None, results)
    media = unit.get(Media, check.media_id) if check else None
    return {
        "label": label_of(unit, media) if media else interview.id,
        "interview_id": interview.id,
        "held_at": interview.held_at.isoformat() if interview.held_at else None,
        "check": summarised(document, id=check.id) if check and document else None,
    }


def _compared(
    unit: ReadUnit, candidate_id: str, results: ResultReader
) -> Iterator[Mapping[str, Any]]:
    """The newest comparison of each recording that has a readable result, the oldest first."""
    newest: dict[str, Comparison] = {}
    for each in unit.every(Comparison, candidate_id=candidate_id, state=RunState.FINISHED):
        newest[each.media_id] = each
    for comparison in sorted(newest.values(), key=lambda each: each.id):
        document = _result(unit, comparison.report_id, results)
        if document is not None:
            yield document


def _result(
    unit: ReadUnit, report_id: str | None, results: ResultReader
) -> Mapping[str, Any] | None:
    report = unit.find(Report, id=report_id) if report_id else None
    return results(unit, report) if report else None


def _not_compared(label: str) -> Json:
    text = "No comparison of this session with a reference is stored."
    return {"first": label, "reason": {"code": "not_compared", "text": text}}


def _consents(unit: ReadUnit, candidate_id: str) -> tuple[Consent, ...]:
    purpose = Purpose.BIOMETRIC_COMPARISON
    return unit.every(Consent, candidate_id=candidate_id, purpose=purpose)


def _consent(consent: Consent) -> Json:
    ends = consent.expires_at, consent.withdrawn_at
    expires, withdrawn = (each.isoformat() if each else None for each in ends)
    return {
        "purpose": consent.purpose.value,
        "jurisdiction": consent.jurisdiction,
        "text_version": consent.text_version,
        "written": consent.written,
        "given_at": consent.given_at.isoformat(),
        "expires_at": expires,
        "withdrawn_at": withdrawn,
    }
