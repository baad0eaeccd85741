"""Heads of rows are marked in place, and only in tables."""

from __future__ import annotations

import pytest

from reports.render.row_heads import NotMarked, Shape, mark_row_heads

HEAD = b"1 0 obj\n<</Type/StructElem/S/TH/P 3 0 R/ID(U1x0y0)/A[<</O/Table/Scope/Column/Headers[]>>]"


def cell(table: int, column: int) -> bytes:
    """A cell as Typst tags it."""
    return (
        b"9 0 obj\n<</Type/StructElem/S/TD/P 3 0 R/A[<</O/Table/Headers[(U%dx%dy0)]>>"
        b"<</O/Layout/BorderStyle/Solid>>]/K[4]/Pg 2 0 R>>\nendobj\n" % (table, column)
    )


def test_the_first_cells_of_each_row_head_it() -> None:
    body = b"".join(cell(1, n) for _ in range(2) for n in range(3)) + cell(2, 0) + cell(2, 1)
    made = mark_row_heads(HEAD + body, [Shape(2, 3, 1), Shape(1, 2, 0)])
    assert len(made) == len(HEAD + body)
    assert made.startswith(HEAD)
    assert made.count(b"/S/TH") == 1 + 2
    assert made.count(b"/O/Table/Scope/Row        >>") == 2
    assert b"/Headers[(" not in made


@pytest.mark.parametrize("shapes", [[], [Shape(1, 1, 1)], [Shape(1, 3, 1)], [Shape(1, 2, 1)] * 2])
def test_other_tables_than_those_of_the_file_are_refused(shapes: list[Shape]) -> None:
    with pytest.raises(NotMarked):
        mark_row_heads(cell(1, 0) + cell(1, 1), shapes)


def test_texts_that_look_like_tags_stay_texts() -> None:
    text = cell(1, 0).replace(b"\n", b"\\n")  # as JSON has it
    assert mark_row_heads(text, []) == text
