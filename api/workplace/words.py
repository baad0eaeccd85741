"""How values are said on pages."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

from audit.records.register import Interview
from reports.document.catalogue import catalogue

KINDS = {
    "interview_integrity": "Report on an interview",
    "identity_thread": "Sessions of a candidate",
    "fairness_audit": "Fairness audit",
    "ll144_summary": "Local Law 144 summary",
    "adverse_impact_record": "Adverse impact record",
    "governance": "Governance report",
    "regime_file": "File for an authority",
    "candidate_notice": "Notice to candidates",
    "adverse_outcome_disclosure": "Letter after an adverse outcome",
    "explanation_letter": "Letter of explanation",
}
"""What documents are called."""
MODES = {
    "ai_led": "AI leads",
    "ai_assisted": "A person leads, AI assists",
    "human_led": "A person leads",
    "hybrid": "Partly AI, partly a person",
}
_LANGUAGES = {"en": "English", "de": "German", "es": "Spanish"}
Standing = Literal["overdue", "soon", "open", "none"]
_SOON = timedelta(days=2)
_DAY = timedelta(days=1)


def plain(value: object) -> str:
    """A code as words: `needs_human_review` is "Needs human review"."""
    text = str(value).replace("_", " ")
    return text[:1].upper() + text[1:]


def standing(due: datetime | None, now: datetime) -> Standing:
    """Where a due date stands; two days before it is soon."""
    if due is None:
        return "none"
    if due <= now:
        return "overdue"
    return "soon" if due - now <= _SOON else "open"


def left(due: datetime | None, now: datetime) -> str:
    """How long until a due date, in words."""
    if due is None:
        return "No date"
    span = abs(due - now)
    much = counted(span.days, "day") if span >= _DAY else counted(span.seconds // 3600, "hour")
    return f"Overdue by {much}" if due <= now else f"Due in {much}"


def clock(seconds: float) -> str:
    """A place in a recording: `1:02:03.4`."""
    whole, rest = divmod(round(seconds * 10), 10)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    start = f"{hours}:{minute:02}" if hours else f"{minute}"
    return f"{start}:{second:02}.{rest}"


def day(moment: date) -> str:
    """A day, or the day of a moment, UTC."""
    return f"{moment:%d %b %Y}"


def kind(code: str) -> str:
    """What a kind of document is called."""
    return KINDS.get(code, plain(code))


def mode(code: str) -> str:
    """Who leads an interview."""
    return MODES.get(code, plain(code))


def language(code: str) -> str:
    """A language of letters; `de-AT` is "German (de-AT)"."""
    name = _LANGUAGES.get(code.partition("-")[0].lower())
    return code if name is None else name if "-" not in code else f"{name} ({code})"


def counted(count: int, unit: str) -> str:
    """So many of a unit: "1 day", "1,461 days"."""
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def signal(name: str) -> str:
    """What reports call a signal."""
    return catalogue("en").words["signal"].get(name, plain(name))


def evidence(code: str) -> str:
    """What a case rests on: `faces-1` is "Faces in view, 1"; what is no piece of a check stays."""
    if code.startswith("chk_"):
        return f"The check as a whole ({code[-6:]})"
    name, dash, number = code.rpartition("-")
    known = name in catalogue("en").words["signal"] and number.isdigit()
    return f"{signal(name)}, {number}" if dash and known else code


def job_stage(interview: Interview) -> str:
    """Which job an interview was for, and at which stage."""
    found = [each for each in (interview.job, interview.stage) if each]
    return ", ".join(found) or "No job or stage recorded"


def size(count: int) -> str:
    """Bytes, in the unit that people read."""
    if count < 1024:
        return f"{count} bytes"
    kib = count / 1024
    return f"{kib:.0f} KiB" if kib < 1024 else f"{kib / 1024:.1f} MiB"
