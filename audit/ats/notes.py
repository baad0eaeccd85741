"""What goes back to an applicant tracking system: notes, and never a change of status.

A note says what is there to read and who decides. It has identifiers, words of closed lists and a
link; no score, no name, no recommendation. `AtsCall` refuses every path but those that add a note,
so no code in this package, nor any that is added to it, can move or reject anybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from audit.ats.model import Source, reference
from audit.canonical import Json
from audit.errors import OutcomeInvalid
from audit.reviews import Outcome

_ID = "[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagNote:
    """A flag was raised about an interview of a candidate."""

    kind: ClassVar[str] = "flag"
    flag_id: str
    check_id: str | None = None
    outcome: Literal["for_information", "needs_human_review"]
    link: str

    @property
    def text(self) -> str:
        """The note in plain words."""
        asks = {
            "needs_human_review": "A person should look at it before a decision rests on it.",
            "for_information": "It is for information; nothing has to be done.",
        }[self.outcome]
        return (
            f"Fairwitness: there is a note on this interview ({self.flag_id}). {asks} It is no "
            f"finding about the person, and no decision. Details and evidence: {self.link}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewNote:
    """A person decided on what was flagged."""

    kind: ClassVar[str] = "review"
    review_id: str
    flag_id: str | None = None
    outcome: Outcome
    link: str

    @property
    def text(self) -> str:
        """The note in plain words."""
        return (
            f"Fairwitness: a reviewer {self.outcome.value} what was flagged ({self.review_id}). "
            f"The decision about the application is yours. Reasons: {self.link}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSummaryNote:
    """A fairness audit of a hiring system is there to read. It is about no single candidate."""

    kind: ClassVar[str] = "fairness_audit"
    audit_id: str
    system_id: str | None = None
    job: str | None = None
    link: str

    @property
    def text(self) -> str:
        """The note in plain words."""
        return (
            f"Fairwitness: a fairness audit ({self.audit_id}) of the hiring system is finished. "
            f"Results, their uncertainty and limits: {self.link}"
        )


CandidateNote = FlagNote | ReviewNote
Note = CandidateNote | AuditSummaryNote


@dataclass(frozen=True, slots=True)
class AtsCall:
    """A call that the caller makes with the customer's credentials. It can only add a note."""

    source: Source
    path: str
    json: Mapping[str, Json]
    headers: Mapping[str, str] = field(default_factory=dict)
    method: Literal["POST"] = "POST"

    def __post_init__(self) -> None:
        allowed = _NOTE_PATHS.get(self.source)
        if self.method != "POST" or allowed is None or not allowed.fullmatch(self.path):
            raise OutcomeInvalid("only notes are written to an applicant tracking system")


_NOTE_PATHS: Mapping[Source, re.Pattern[str]] = {
    Source.GREENHOUSE: re.compile(rf"/v1/candidates/{_ID}/activity_feed/notes"),
    Source.LEVER: re.compile(rf"/v1/opportunities/{_ID}/notes(?:\?perform_as={_ID})?"),
    Source.ASHBY: re.compile(r"/candidate\.createNote"),
}


def note_json(note: Note) -> dict[str, Json]:
    """A note for any system: {"kind", identifiers, "outcome"?, "text", "link"}."""
    _checked(note)
    names = ("flag_id", "check_id", "review_id", "audit_id", "system_id", "job")
    found: dict[str, Json] = {"kind": note.kind}
    found |= {n: getattr(note, n) for n in names if getattr(note, n, None) is not None}
    if not isinstance(note, AuditSummaryNote):
        found["outcome"] = str(note.outcome)
    return {**found, "text": note.text, "link": note.link}


def greenhouse_note(note: CandidateNote, *, candidate: str, user: str) -> AtsCall:
    """POST: Add Note of Greenhouse Harvest v1. `user`: id of the Greenhouse user who writes it."""
    _checked(note)
    author = _reference(user, "user")
    return AtsCall(
        Source.GREENHOUSE,
        f"/v1/candidates/{_reference(candidate, 'candidate')}/activity_feed/notes",
        {"user_id": author, "body": note.text, "visibility": "admin_only"},
        {"On-Behalf-Of": author},
    )


def lever_note(note: CandidateNote, *, opportunity: str, perform_as: str | None = None) -> AtsCall:
    """Create a note of Lever Data v1, secret: for administrators only."""
    _checked(note)
    author = "" if perform_as is None else f"?perform_as={_reference(perform_as, 'perform_as')}"
    return AtsCall(
        Source.LEVER,
        f"/v1/opportunities/{_reference(opportunity, 'opportunity')}/notes{author}",
        {"value": note.text, "secret": True},
    )


def ashby_note(note: CandidateNote, *, candidate: str) -> AtsCall:
    """candidate.createNote of Ashby; nobody is notified by it."""
    _checked(note)
    return AtsCall(
        Source.ASHBY,
        "/candidate.createNote",
        {
            "candidateId": _reference(candidate, "candidate"),
            "note": {"type": "text/plain", "value": note.text},
            "sendNotifications": False,
        },
    )


def _reference(value: str, name: str) -> str:
    text = reference(value)
    if text is None:
        raise OutcomeInvalid(f"{name} is not an opaque reference")
    return text


def _checked(note: Note) -> None:
    """Identifiers and the link are what they should be. Raises `OutcomeInvalid`."""
    for name in ("flag_id", "check_id", "review_id", "audit_id", "system_id", "job"):
        value = getattr(note, name, None)
        if value is not None:
            _reference(value, name)
    if note.link.isascii() and note.link.isprintable() and " " not in note.link:
        parts = urlsplit(note.link)
        if parts.scheme in ("https", "http") and parts.hostname and "@" not in parts.netloc:
            return
    raise OutcomeInvalid("link is not a URL")
