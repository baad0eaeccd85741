"""How values are said on pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

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
    much = _much(span.days, "day") if span >= _DAY else _much(span.seconds // 3600, "hour")
    return f"Overdue by {much}" if due <= now else f"Due in {much}"


def clock(seconds: float) -> str:
    """A place in a recording: `1:02:03.4`."""
    whole, rest = divmod(round(seconds * 10), 10)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    start = f"{hours}:{minute:02}" if hours else f"{minute}"
    return f"{start}:{second:02}.{rest}"


def _much(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"
