"""One entry of the ledger: who did what to what, when; and the bytes that are hashed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from audit.canonical import Json, canonical_hash, canonical_json, parse_canonical
from audit.errors import EventInvalid, LedgerUnreadable, NotCanonical
from audit.merkle import leaf_hash

FORMAT = "fairwitness-ledger-entry/1"
LARGEST_BODY = 16 * 1024  # bytes of canonical JSON: facts and references, never documents
LONGEST_TEXT = 300  # characters of one string in a body: a reason, never a transcript

_REFERENCE = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_HASH = re.compile(r"[0-9a-f]{64}")


class EventKind(StrEnum):
    """Events that matter. A kind is never renamed or reused: old entries hold it for good."""

    CONSENT_GIVEN = "consent_given"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    NOTICE_SENT = "notice_sent"
    OPTED_OUT = "opted_out"
    OPT_OUT_ENDED = "opt_out_ended"
    REQUEST_OPENED = "request_opened"
    REQUEST_EXTENDED = "request_extended"
    REQUEST_ANSWERED = "request_answered"
    REQUEST_CARRIED_OUT = "request_carried_out"
    REQUEST_CLOSED = "request_closed"
    SYSTEM_REGISTERED = "system_registered"
    SYSTEM_CHANGED = "system_changed"
    CANDIDATE_REGISTERED = "candidate_registered"
    CANDIDATE_CHANGED = "candidate_changed"
    CANDIDATE_LINKED = "candidate_linked"
    CANDIDATE_LINK_REVOKED = "candidate_link_revoked"
    INTERVIEW_REGISTERED = "interview_registered"
    INTERVIEW_CHANGED = "interview_changed"
    MEDIA_STORED = "media_stored"
    MEDIA_READ = "media_read"
    MEDIA_ERASED = "media_erased"
    REFERENCE_STORED = "reference_stored"
    REFERENCE_ENROLLED = "reference_enrolled"
    REFERENCE_COMPARED = "reference_compared"
    REFERENCE_ERASED = "reference_erased"
    GALLERY_SEARCHED = "gallery_searched"
    SEARCH_BASIS_CHANGED = "search_basis_changed"
    SHARED_GALLERY_CHANGED = "shared_gallery_changed"
    GALLERY_ADMISSION_CHANGED = "gallery_admission_changed"
    GALLERY_MEMBERSHIP_CHANGED = "gallery_membership_changed"
    REFERENCE_SHARED = "reference_shared"
    TRANSFORM_ISSUED = "transform_issued"
    TRANSFORM_REVOKED = "transform_revoked"
    DEMOGRAPHICS_STORED = "demographics_stored"
    DEMOGRAPHICS_READ = "demographics_read"
    DEMOGRAPHICS_ERASED = "demographics_erased"
    CHECK_REFUSED = "check_refused"
    CHECK_STARTED = "check_started"
    CHECK_FINISHED = "check_finished"
    CHECK_FAILED = "check_failed"
    CHECK_CANCELLED = "check_cancelled"
    AUDIT_STARTED = "audit_started"
    AUDIT_FINISHED = "audit_finished"
    AUDIT_FAILED = "audit_failed"
    CHALLENGE_ISSUED = "challenge_issued"
    CHALLENGE_STARTED = "challenge_started"
    CHALLENGE_COMMITTED = "challenge_committed"
    CHALLENGE_FINISHED = "challenge_finished"
    CHALLENGE_ENDED = "challenge_ended"
    FLAG_RAISED = "flag_raised"
    FLAG_CLOSED = "flag_closed"
    FLAG_REOPENED = "flag_reopened"
    REVIEW_OPENED = "review_opened"
    REVIEW_CHANGED = "review_changed"
    REVIEW_ASSIGNED = "review_assigned"
    REVIEW_DECIDED = "review_decided"
    REVIEW_CLOSED = "review_closed"
    REVIEWER_CHANGED = "reviewer_changed"
    OUTCOME_RECEIVED = "outcome_received"
    ATS_CHANGED = "ats_changed"
    REPORT_ISSUED = "report_issued"
    REPORT_READ = "report_read"
    REPORT_LINKED = "report_linked"
    REPORT_LINK_REVOKED = "report_link_revoked"
    REPORT_KEY_CHANGED = "report_key_changed"
    REPORT_SCHEDULED = "report_scheduled"
    ANSWERS_RECORDED = "answers_recorded"
    SUMMARY_POSTED = "summary_posted"
    SUMMARY_TAKEN_DOWN = "summary_taken_down"
    KEY_ISSUED = "key_issued"
    KEY_REVOKED = "key_revoked"
    USER_CHANGED = "user_changed"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    SCORE_WITHHELD = "score_withheld"
    POLICY_CHANGED = "policy_changed"
    WEBHOOK_CHANGED = "webhook_changed"
    LEGAL_HOLD_SET = "legal_hold_set"
    LEGAL_HOLD_LIFTED = "legal_hold_lifted"
    RETENTION_SWEPT = "retention_swept"
    SUBJECT_ERASED = "subject_erased"
    SUBJECT_DATA_EXPORTED = "subject_data_exported"
    MASTER_KEY_ROTATED = "master_key_rotated"
    SIGNING_KEY_ROTATED = "signing_key_rotated"
    LEDGER_EXPORTED = "ledger_exported"


@dataclass(frozen=True, slots=True)
class Event:
    """What is to be recorded.

    `actor` and `subject` are opaque references (`key:7f3a`, `candidate:c1.9be0...`): letters,
    digits and `_.:-`, at most 128. `body` is plain JSON without personal data.
    """

    kind: EventKind
    tenant: str
    actor: str
    subject: str
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An event in its place. `sequence` counts from 0, `time` is UTC with microseconds.

    `body_hash` is the SHA-256 of the body's canonical JSON. `entry_hash` is the Merkle leaf hash
    (RFC 6962) of all other fields with `body_hash` in place of the body, so that a body can be
    withheld and its entry still proved. Both are lower-case hexadecimal.
    """

    sequence: int
    time: str
    tenant: str
    kind: EventKind
    actor: str
    subject: str
    body: Mapping[str, Json]
    body_hash: str
    entry_hash: str

    @classmethod
    def of(cls, event: Event, *, sequence: int, time: datetime) -> LedgerEntry:
        """The entry of an event. Raises `EventInvalid` where it does not belong in the ledger."""
        check_event(event)
        body = parse_canonical(canonical_json(event.body))  # a copy that nobody else can change
        fields: dict[str, Json] = {
            "sequence": sequence,
            "time": timestamp(time),
            "tenant": event.tenant,
            "kind": event.kind.value,
            "actor": event.actor,
            "subject": event.subject,
            "body": body,
            "body_hash": canonical_hash(body),
            "entry_hash": "",
        }
        entry = _entry(fields)
        return _entry({**fields, "entry_hash": entry.leaf().hex()})

    @classmethod
    def from_line(cls, line: bytes) -> LedgerEntry:
        """The entry of one line of an exported ledger, without its newline.

        Raises `LedgerUnreadable` unless the bytes are exactly those that `line` writes.
        """
        try:
            fields = parse_canonical(line)
        except NotCanonical as error:
            raise LedgerUnreadable(str(error)) from None
        if not isinstance(fields, dict) or set(fields) != set(cls.__slots__):
            raise LedgerUnreadable("the line does not have the fields of a ledger entry")
        _check_fields(fields)
        return _entry(fields)

    def line(self) -> bytes:
        """Canonical JSON of all fields, without a newline."""
        fields: dict[str, Json] = {name: getattr(self, name) for name in type(self).__slots__}
        return canonical_json(fields)

    def leaf(self) -> bytes:
        """The Merkle leaf hash of the fields as they stand, whatever `entry_hash` says."""
        header: dict[str, Json] = {
            "format": FORMAT,
            "sequence": self.sequence,
            "time": self.time,
            "tenant": self.tenant,
            "kind": self.kind.value,
            "actor": self.actor,
            "subject": self.subject,
            "body_hash": self.body_hash,
        }
        return leaf_hash(canonical_json(header))

    def body_is_intact(self) -> bool:
        """Whether the body is the one whose hash the entry holds."""
        return canonical_hash(self.body) == self.body_hash


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """A line of an exported ledger that cannot be read as an entry."""

    position: int
    reason: str


def timestamp(time: datetime) -> str:
    """UTC in ISO 8601 with microseconds and `Z`. Raises `EventInvalid` for a time without zone."""
    if time.tzinfo is None:
        raise EventInvalid("a time in the ledger needs a time zone")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _entry(fields: Mapping[str, Json]) -> LedgerEntry:
    return LedgerEntry(**{**fields, "kind": EventKind(fields["kind"])})  # type: ignore[arg-type]


def check_event(event: Event) -> None:
    """Raises `EventInvalid` for what does not belong in the ledger; the message says why."""
    for name in ("tenant", "actor", "subject"):
        value = getattr(event, name)
        if not _REFERENCE.fullmatch(value):
            raise EventInvalid(
                f"{name} is no opaque reference: 1 to 128 letters, digits and '_.:-' are"
            )
    if len(canonical_json(event.body)) > LARGEST_BODY:
        raise EventInvalid(f"the body is larger than {LARGEST_BODY} bytes; record its hash instead")
    _check_texts(event.body)


def _check_texts(value: Json) -> None:
    """Refuses what is surely no plain fact. A guard against slips; it cannot know every name."""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise EventInvalid(f"a text in the body is longer than {LONGEST_TEXT} characters")
        if _EMAIL.search(value):
            raise EventInvalid("the body holds an e-mail address; record a commitment instead")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _check_texts(key)
            _check_texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_texts(inner)


def _check_fields(fields: Mapping[str, Json]) -> None:
    patterns = {
        "time": _TIME,
        "tenant": _REFERENCE,
        "actor": _REFERENCE,
        "subject": _REFERENCE,
        "body_hash": _HASH,
        "entry_hash": _HASH,
    }
    for name, pattern in patterns.items():
        value = fields[name]
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise LedgerUnreadable(f"the field {name} does not have its form")
    sequence = fields["sequence"]
    if not isinstance(sequence, int) or isinstance(sequence, bool) or sequence < 0:
        raise LedgerUnreadable("the field sequence is no number from 0 on")
    if fields["kind"] not in set(EventKind):
        raise LedgerUnreadable("the field kind is none that this version knows")
    if not isinstance(fields["body"], dict):
        raise LedgerUnreadable("the field body is no object")
