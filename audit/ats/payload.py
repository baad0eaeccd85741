"""Reading what other systems send: only what is named, and only if it has the form it should."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from audit.ats.model import reference
from audit.canonical import Json, parse_json
from audit.errors import NotCanonical, OutcomeInvalid

LARGEST_BODY = 1024 * 1024
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def parse_object(body: bytes) -> Mapping[str, Json]:
    """A JSON object of at most 1 MiB. Raises `OutcomeInvalid`."""
    if len(body) > LARGEST_BODY:
        raise OutcomeInvalid(f"the message is larger than {LARGEST_BODY} bytes")
    try:
        value = parse_json(body)
    except NotCanonical:
        raise OutcomeInvalid("the message is not JSON, or has a key twice") from None
    if not isinstance(value, Mapping):
        raise OutcomeInvalid("the message is not a JSON object")
    return value


def at(value: Json, path: str) -> Json:
    """What lies at a path such as `payload.application.jobs.0.id`; None where there is nothing."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def text_at(value: Json, path: str) -> str:
    """A text at a path, "" where there is none. Raises `OutcomeInvalid` for other types."""
    found = at(value, path)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise OutcomeInvalid(f"{path} is not a text")
    return found


def reference_at(value: Json, path: str) -> str | None:
    """An opaque reference at a path, None where there is nothing."""
    found = at(value, path)
    if found is None or found == "":
        return None
    text = reference(found)
    if text is None:
        raise OutcomeInvalid(f"{path} is not an opaque reference")
    return text


def needed_reference(value: Json, path: str) -> str:
    """As `reference_at`, where there has to be one."""
    text = reference_at(value, path)
    if text is None:
        raise OutcomeInvalid(f"{path} is missing")
    return text


def time_at(value: Json, path: str) -> datetime | None:
    """A time at a path: RFC 3339 with a zone, or milliseconds since 1970. None where is nothing."""
    found = at(value, path)
    if found is None or found == "":
        return None
    moment: datetime | None = None
    if isinstance(found, str):
        moment = parse_time(found)
    elif isinstance(found, int | float) and not isinstance(found, bool):
        milliseconds = float(found)
        if _FIRST.timestamp() <= milliseconds / 1000 < _LAST.timestamp():
            moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    if moment is None:
        raise OutcomeInvalid(f"{path} is not a time with a zone")
    return moment


def parse_time(text: str) -> datetime | None:
    """An RFC 3339 time in UTC, or None."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return within_reason(moment) if moment.tzinfo is not None else None


def within_reason(moment: datetime) -> datetime | None:
    """The time in UTC if it lies between 2000 and 2200, else None."""
    try:
        found = moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return found if _FIRST <= found < _LAST else None
