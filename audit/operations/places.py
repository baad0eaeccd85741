"""Places of candidates, and which of them have a calendar."""

from __future__ import annotations

from functools import lru_cache

from audit.calendars import calendar
from audit.errors import ClockInvalid


def known(places: tuple[str, ...]) -> tuple[str, ...]:
    """Those whose days can be counted: there are candidates everywhere, and calendars are few."""
    return tuple(place for place in places if _is_known(place))


def unknown(places: tuple[str, ...]) -> tuple[str, ...]:
    """The others."""
    return tuple(place for place in places if not _is_known(place))


@lru_cache(maxsize=1024)
def _is_known(place: str) -> bool:
    try:
        calendar(place)
    except ClockInvalid:
        return False
    return True
