"""Lists of what waits for a person, in the order in which it is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from api.paging import PageRequest

_UNDATED = "z"


class Waiting(Protocol):
    """What waits: with or without a due date."""

    @property
    def id(self) -> str:
        """Its identifier."""

    @property
    def due_at(self) -> datetime | None:
        """Until when."""


W = TypeVar("W", bound=Waiting)


def part_of(queue: Sequence[W], paging: PageRequest) -> tuple[list[W], str | None]:
    """The items of a page and where the next begins; those without a due date come last.

    A position names no item that has to be there still: one that is done does not break the list.
    """
    ordered = sorted(queue, key=_position)
    after = paging.position
    rest = [each for each in ordered if after is None or _position(each) > after]
    items = rest[: paging.limit]
    return items, _position(items[-1]) if len(rest) > len(items) else None


def _position(value: Waiting) -> str:
    due = value.due_at
    stamp = f"{int(due.timestamp() * 1_000_000):020d}" if due else _UNDATED
    return f"{stamp}.{value.id}"
