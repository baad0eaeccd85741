"""Pointers (RFC 6901) lead to one member, or nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.document.pointers import Unresolved, join, resolve, steps

# Section 5 of RFC 6901.
EXAMPLE = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", EXAMPLE),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_standard_s_examples(pointer: str, value: Any) -> None:
    assert resolve(EXAMPLE, pointer) == value


@pytest.mark.parametrize(
    "pointer",
    ["/bar", "/foo/2", "/foo/-", "/foo/-1", "/foo/00", "/foo/٠", "/foo/²", "/foo/bar", "/foo/0/0"],
)
def test_what_leads_nowhere(pointer: str) -> None:
    with pytest.raises(Unresolved):
        resolve(EXAMPLE, pointer)


def test_escapes_are_undone_in_the_right_order() -> None:
    assert list(steps("/~01")) == ["~1"]


keys = st.text(max_size=4) | st.sampled_from(["~", "/", "~1", "~0", "0", ""])
values = st.recursive(
    st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


@given(values)
def test_every_member_is_found_under_its_pointer(value: Any) -> None:
    for pointer, held in _members(value, ""):
        assert resolve(value, pointer) is held


def _members(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    yield pointer, value
    if isinstance(value, dict | list):
        for name, held in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _members(held, join(pointer, name))
