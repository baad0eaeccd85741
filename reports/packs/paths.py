"""Pointers with `*` into facts, and conditions on what they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any

from audit.clocks import due, find
from reports.document.pointers import Unresolved, join, resolve
from reports.packs.model import Condition


@dataclass(frozen=True, slots=True)
class Found:
    """A value, where it is, and the items on the way: of the first `*` and of the last."""

    at: str
    value: Any
    first: str = ""
    last: str = ""


def find_all(facts: Mapping[str, Any], pattern: str) -> list[Found]:
    """Everything that a pointer with `*` leads to, in order.

    Items of a list that have no such member are passed over.

    Raises:
        Unresolved: a member before the first `*` is missing, or `*` stands where no list is.
    """
    head, star, tail = _split(pattern)
    if not star:
        return [Found(pattern, resolve(facts, pattern))]
    return [
        Found(found.at, found.value, join(head, number), found.last or join(head, number))
        for number in range(len(_list(facts, head)))
        for found in _inside(facts, join(head, number), tail)
    ]


def _inside(facts: Mapping[str, Any], item: str, tail: str) -> list[Found]:
    try:
        return find_all(facts, item + tail)
    except Unresolved:
        return []


def meets(facts: Mapping[str, Any], condition: Condition, on: date, base: str = "") -> bool:
    """Whether a value that `condition.at` leads to from `base` meets it, on a day.

    Raises:
        Unresolved: there is no such value.
    """
    return any(_holds(found.value, condition, on) for found in find_all(facts, base + condition.at))


def all_met(
    facts: Mapping[str, Any], conditions: Iterable[Condition], on: date, base: str = ""
) -> bool:
    """Whether all conditions are met; a value that is missing meets none."""
    try:
        return all(meets(facts, condition, on, base) for condition in conditions)
    except Unresolved:
        return False


def due_on(clock: str, started: Any) -> date:
    """The last day of a clock that an ISO 8601 day or moment set going, where it runs first.

    Raises:
        ValueError: `started` is no such text.
    """
    if not isinstance(started, str):
        raise ValueError(f"{started!r} is not a date")
    running = find(clock)
    moment = datetime.fromisoformat(started)
    start = moment if moment.tzinfo else moment.date()
    return due(running, start, running.jurisdictions[0]).due_on


def is_empty(value: Any) -> bool:
    """Null, a blank text, or a list or an object without members."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, Sequence | Mapping) and not value)


def _holds(value: Any, condition: Condition, on: date) -> bool:
    if condition.empty is not None:
        return is_empty(value) is condition.empty
    if condition.equals is not None:
        return _same(value, condition.equals)
    if condition.one_of:
        return any(_same(value, each) for each in condition.one_of)
    if condition.like:
        return isinstance(value, str) and fnmatchcase(value, condition.like)
    if condition.contains:
        held = value if isinstance(value, list | tuple) else ()
        return any(_same(one, each) for one in held for each in condition.contains)
    if condition.above is not None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and value > condition.above
    return _is_past(value, condition.past, on)


def _is_past(value: Any, clock: str, on: date) -> bool:
    try:
        return due_on(clock, value) < on
    except ValueError:
        return False


def _same(value: Any, wanted: Any) -> bool:
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _split(pattern: str) -> tuple[str, bool, str]:
    """What stands before the first `*`, whether there is one, and what stands after it."""
    steps = pattern.split("/")
    if "*" not in steps:
        return pattern, False, ""
    place = steps.index("*")
    tail = steps[place + 1 :]
    return "/".join(steps[:place]), True, "".join("/" + step for step in tail)


def _list(facts: Mapping[str, Any], pointer: str) -> Sequence[Any]:
    held = resolve(facts, pointer)
    if isinstance(held, str) or not isinstance(held, Sequence):
        raise Unresolved(f"{pointer} is not a list")
    return held
