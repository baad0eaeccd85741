"""Changes that must not fail because somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from audit.errors import VersionConflict
from audit.records.base import Record
from audit.store import UnitOfWork

V = TypeVar("V", bound=Record)
_TRIES = 10


def change(unit: UnitOfWork, kind: type[V], id: str, how: Callable[[V], V]) -> V:
    """Reads a value, changes it with `how`, and writes it; again where it was changed meanwhile.

    `how` decides from the value that it gets, each time anew; what it returns unchanged is not
    written. For steps that check what they change. Where a caller has seen a version, use `put`.
    """
    for left in reversed(range(_TRIES)):
        value = unit.get(kind, id)
        fresh = how(value)
        if fresh == value:
            return value
        try:
            return unit.put(fresh)
        except VersionConflict:
            if not left:
                raise
    raise AssertionError("unreachable")
