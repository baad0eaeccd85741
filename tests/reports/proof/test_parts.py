"""Parts name what was altered, added or removed, and cover the whole document."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.canonical import canonical_json
from reports.proof.parts import LONGEST_POINTER, altered_parts, parts_of
from tests.reports.proof.material import sealed

PLAIN: dict[str, Any] = {
    "kind": "governance",
    "data": {
        "tables": [
            {"id": f"t{n}", "rows": [{"n": r, "w": "word " * 30} for r in range(9)]}
            for n in range(9)
        ]
    },
    "blocks": [{"type": "text", "text": ["one"]}, {"type": "text", "text": ["two"]}],
}


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    made: Any = copy.deepcopy(PLAIN)
    holder = made
    for step in path[:-1]:
        holder = holder[step]
    if value is None:
        del holder[path[-1]]
    elif path[-1] == "-":
        holder.append(value)
    else:
        holder[path[-1]] = value
    return dict(made)


def test_an_unaltered_document_has_no_altered_part() -> None:
    assert altered_parts(PLAIN, parts_of(PLAIN)) == []


def test_changes_are_named_by_their_pointer() -> None:
    parts = parts_of(PLAIN)
    assert altered_parts(changed(["kind"], "x"), parts) == ["/kind was changed"]
    assert altered_parts(changed(["blocks", 1, "text"], ["x"]), parts) == ["/blocks/1 was changed"]
    row = changed(["data", "tables", 4, "rows", 2, "n"], 99)
    assert altered_parts(row, parts) == ["/data/tables/4/rows/2 was changed"]


def test_added_and_removed_members_are_named_once() -> None:
    parts = parts_of(PLAIN)
    assert altered_parts(changed(["new"], 1), parts) == ["/new was added"]
    assert altered_parts(changed(["blocks", "-"], {}), parts) == ["/blocks/2 was added"]
    assert altered_parts(changed(["data", "tables", 8], None), parts) == [
        "/data/tables/8 was removed"
    ]
    assert altered_parts(changed(["data"], None), parts) == ["/data was removed"]


def test_parts_stay_small_beside_the_document() -> None:
    document = sealed().document.model_dump(mode="json")
    parts = parts_of(document)
    assert len(canonical_json(parts)) < len(canonical_json(document)) / 2
    assert all(len(pointer) <= LONGEST_POINTER for pointer in parts)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=40,
)


@settings(max_examples=40, deadline=None)
@given(before=st.dictionaries(st.text(max_size=5), _JSON), after=_JSON, pick=st.integers(0, 99))
def test_every_change_of_a_member_is_named(before: dict[str, Any], after: Any, pick: int) -> None:
    parts = parts_of(before)
    assert altered_parts(before, parts) == []
    made = copy.deepcopy(before)
    name = sorted(made)[pick % len(made)] if made else "x"
    made[name] = after
    same = canonical_json(made) == canonical_json(before)
    assert bool(altered_parts(made, parts)) != same
