"""JSON pointers (RFC 6901) into a document's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any


class Unresolved(LookupError):
    """A pointer that leads nowhere."""


def resolve(value: Any, pointer: str) -> Any:
    """What `pointer` leads to from `value`; the empty pointer leads to `value` itself.

    Raises `Unresolved` where there is no such member.
    """
    for step in steps(pointer):
        value = _member(value, step, pointer)
    return value


@lru_cache(maxsize=4096)  # columns ask for the same few pointers in every row
def steps(pointer: str) -> tuple[str, ...]:
    """The names along a pointer, unescaped."""
    return tuple(s.replace("~1", "/").replace("~0", "~") for s in pointer.split("/")[1:])


def join(pointer: str, *names: str | int) -> str:
    """`pointer` and further names, escaped."""
    made = (str(name).replace("~", "~0").replace("/", "~1") for name in names)
    return "".join((pointer, *("/" + name for name in made)))


def _member(value: Any, step: str, pointer: str) -> Any:
    if isinstance(value, Mapping) and step in value:
        return value[step]
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    if listed and step.isdecimal() and str(int(step)) == step and int(step) < len(value):
        return value[int(step)]
    raise Unresolved(f"there is no member {step!r} on the way {pointer!r}")
