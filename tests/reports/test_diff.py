"""What changed between two documents: known answers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import InputError
from reports.compose import ll144_summary
from reports.diff import MOST, diff
from reports.diff_html import render_diff
from reports.document import model as m
from reports.document.pointers import resolve
from tests.reports.compose import fairness_material as material
from tests.reports.compose.fairness_material import ISSUE

Json = dict[str, Any]
SOFTWARE = m.Software(version="1", rules="1")


def document(data: Json, *blocks: m.Block, kind: m.Kind = "governance", **more: Any) -> m.Document:
    return m.Document(
        kind=kind,
        id="rep-1",
        title=("Title",),
        issued_at="2026-03-01T09:00:00Z",
        software=SOFTWARE,
        data=data,
        blocks=blocks,
        **more,
    )


def table(rows: str, *columns: tuple[str, str], head: int = 1) -> m.Table:
    return m.Table(
        id="table",
        title=("Rows",),
        rows=rows,
        columns=tuple(m.Column(title=(title,), at=at, show="plain") for title, at in columns),
        head=head,
    )


def test_numbers_have_before_after_and_difference() -> None:
    before = document({"a": {"count": 4, "share": 0.1, "on": True, "word": "x", "gone": None}})
    after = document({"a": {"count": 7, "share": 0.3, "on": False, "word": "y", "gone": 2}})
    found = diff(before, after)
    numbers = {c.at: (c.before, c.after, c.difference) for c in found.numbers}
    assert numbers == {
        "/a/count": (4, 7, 3),
        "/a/share": (0.1, 0.3, 0.2),
        "/a/gone": (None, 2, None),
    }
    assert {c.at: (c.before, c.after) for c in found.others} == {
        "/a/on": (True, False),
        "/a/word": ("x", "y"),
    }
    assert found.counts == {"packs": 0, "numbers": 3, "others": 2, "added": 0, "removed": 0}
    assert not found.same and diff(before, before).same


def test_true_is_not_one() -> None:
    found = diff(document({"a": True}), document({"a": 1}))
    assert found.counts["numbers"] == 1 and found.numbers[0].difference is None


ROWS = [
    {"group": ["Female"], "assessed": 10, "selected": 5},
    {"group": ["Male"], "assessed": 20, "selected": 8},
    {"group": ["Female", "White"], "assessed": 6, "selected": 2},
]


def test_rows_are_matched_by_their_names_wherever_they_stand() -> None:
    moved = [copy.deepcopy(ROWS[2]), copy.deepcopy(ROWS[0]), copy.deepcopy(ROWS[1])]
    moved[1]["selected"] = 6
    found = diff(document({"rows": ROWS}), document({"rows": moved}))
    [change] = found.numbers
    assert (change.at, change.was_at) == ("/rows/1/selected", "/rows/0/selected")
    assert (change.row, change.difference) == (("Female",), 1)
    assert diff(document({"rows": ROWS}), document({"rows": ROWS[::-1]})).same


def test_rows_that_only_one_has_are_added_and_removed() -> None:
    found = diff(document({"rows": ROWS[:2]}), document({"rows": ROWS[1:]}))
    assert [(x.at, x.row) for x in found.added] == [("/rows/1", ("Female × White",))]
    assert [(x.at, x.row) for x in found.removed] == [("/rows/0", ("Female",))]
    assert not found.numbers


def test_the_documents_own_tables_say_what_names_a_row() -> None:
    before = [{"name": "a", "year": 1, "n": 1}, {"name": "a", "year": 2, "n": 2}]
    after = [{"name": "a", "year": 2, "n": 2}, {"name": "a", "year": 1, "n": 5}]
    shown = table("/rows", ("Name", "/name"), ("Year", "/year"), ("Count", "/n"), head=2)
    found = diff(document({"rows": before}, shown), document({"rows": after}, shown))
    [change] = found.numbers
    assert (change.row, change.title, change.difference) == (("a, 1",), "Count", 4)


def test_rows_with_the_same_names_are_told_apart_by_what_else_they_say() -> None:
    before = [{"id": "x", "basis": "a", "n": 1}, {"id": "x", "basis": "b", "n": 2}]
    found = diff(document({"rows": before}), document({"rows": before[::-1]}))
    assert found.same
    twice = [{"id": "x", "n": 1}, {"id": "x", "n": 1}]
    more = [*twice, {"id": "x", "n": 1}]
    found = diff(document({"rows": twice}), document({"rows": more}))
    assert [x.row for x in found.added] == [("x (3)",)]


def test_lists_of_words_are_sets_and_lists_of_numbers_are_in_order() -> None:
    before = document({"places": ["US-NY", "DE"], "interval": [0.1, 0.2]})
    after = document({"places": ["DE", "FR"], "interval": [0.1, 0.25]})
    found = diff(before, after)
    assert [(x.at, x.value) for x in found.added] == [("/places/1", "FR")]
    assert [(x.at, x.value) for x in found.removed] == [("/places/0", "US-NY")]
    assert [(c.at, c.difference) for c in found.numbers] == [("/interval/1", 0.05)]


def test_members_that_one_lacks_and_packs_of_another_version() -> None:
    use = m.PackUse(id="ll144", version="2026-01-01", sha256="0" * 64)
    newer = use.model_copy(update={"version": "2026-02-01"})
    before = document({"old": {"x": 1}}, packs=(use,))
    after = document({"new": 5}, packs=(newer,))
    found = diff(before, after)
    assert [(x.at, x.value) for x in found.added] == [("/new", 5)]
    assert [(x.at, x.value) for x in found.removed] == [("/old", None)]
    assert [(p.before, p.after) for p in found.packs] == [("2026-01-01", "2026-02-01")]


def test_two_kinds_are_not_compared() -> None:
    with pytest.raises(InputError, match="two kinds"):
        diff(document({}), document({}, kind="regime_file"))


def test_a_summary_whose_counts_changed() -> None:
    recorded = material.recorded(**material.ALL_RECORDED)
    before = ll144_summary.compose(material.dcwp(), recorded, ISSUE)
    cells = [
        (sex, race, count, selected + (sex == "Male" and race == "Asian"))
        for sex, race, count, selected in material.dcwp_cells()
    ]
    after = ll144_summary.compose(material.of_cells(cells), recorded, ISSUE)
    found = diff(before, after)
    for change in found.numbers:
        assert resolve(after.data, change.at) == change.after
        assert resolve(before.data, change.was_at or change.at) == change.before
    one = [c for c in found.numbers if c.title == "Number selected" and c.difference == 1]
    assert {c.row[-1] for c in one} >= {"Asian", "Male", "Male × Asian"}
    page = render_diff(found).decode()
    assert page == render_diff(found).decode()
    assert "Male × Asian" in page and "+1" in page and "<script" not in page


def test_the_page_escapes_and_says_what_it_leaves_out() -> None:
    hostile = {'<img src=x onerror="1">': 1, "word": "\N{RIGHT-TO-LEFT OVERRIDE}x<b>"}
    page = render_diff(diff(document({"word": "x"}), document(hostile))).decode()
    assert "<img" not in page and "<b>" not in page and "\u202e" not in page
    many = document({str(n): n + 1 for n in range(MOST + 1)})
    found = diff(document({str(n): n for n in range(MOST + 1)}), many)
    assert (len(found.numbers), found.counts["numbers"]) == (MOST, MOST + 1)
    assert f"The first 500 of {MOST + 1}" in render_diff(found).decode()
    assert "Nothing changed" in render_diff(diff(many, many)).decode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["a", "b", "é"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "name", "n", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values, json_values)
def test_it_is_empty_for_the_same_and_turns_round(one: Any, other: Any) -> None:
    before, after = document({"x": one}), document({"x": other})
    assert diff(before, before).same
    there, back = diff(before, after), diff(after, before)
    assert there.counts["numbers"] == back.counts["numbers"]
    assert there.counts["others"] == back.counts["others"]
    assert (there.counts["added"], there.counts["removed"]) == (
        back.counts["removed"],
        back.counts["added"],
    )
