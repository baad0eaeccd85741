"""Where a JSON text stops being well formed, as a pointer: to name what was altered in it."""

from __future__ import annotations

import re

from reports.document.pointers import join

_TOKEN = re.compile(
    rb'\s*("(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"|[{}\[\],:]|true|false|null'
    rb"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)"
)
_MOST_TOKENS = 8_000_000
_LONGEST_NAME = 100
_MOST_NAMES = 12
_DEEPEST = 1000


def where_broken(text: bytes) -> str:
    """The pointer of the value at which a text breaks off, and the byte; in words.

    Where no place is found, for example where a name stands twice, it says so.
    """
    stack: list[str | int | None] = []
    at, name = 0, True
    for _ in range(_MOST_TOKENS):
        found = _TOKEN.match(text, at)
        if found is None:
            break
        at, token = found.end(), found[1]
        if (
            len(stack) > _DEEPEST
            or not _is_utf8(token)
            or not _step(stack, token, after=text[at : at + 1], named=name)
        ):
            at = found.start(1)
            break
        name = token in (b"{", b",")
    if not text[at:].strip() and not stack:
        return "the text lacks a mark, has one too many, or is not written as ours are"
    names = [step for step in stack if step is not None][:_MOST_NAMES]
    return f"the text breaks off in {join('', *names) or 'its outermost value'}, at byte {at}"


def _is_utf8(token: bytes) -> bool:
    try:
        token.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _step(stack: list[str | int | None], token: bytes, *, after: bytes, named: bool) -> bool:
    """Follows one token; whether it can stand where it stands, as far as names and ends go."""
    if token == b"{":
        stack.append(None)
    elif token == b"[":
        stack.append(0)
    elif token in (b"}", b"]"):
        if not stack or isinstance(stack[-1], int) != (token == b"]"):
            return False
        stack.pop()
    elif token == b"," and stack and isinstance(stack[-1], int):
        stack[-1] += 1
    elif token.startswith(b'"') and after == b":" and named and stack:
        if isinstance(stack[-1], int):
            return False
        stack[-1] = token[1:-1].decode("utf-8", "replace")[:_LONGEST_NAME]
    return True
