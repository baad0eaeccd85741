"""Tables fit their page in letters as large as they can be."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reports.render.table_fitting import fitted


def fit(head: list[str], rows: list[list[str]], right: list[bool], why: str = "") -> dict[str, Any]:
    """A table of texts."""
    return fitted(head, [[{"text": t, "why": why} for t in row] for row in rows], right)


def used(found: dict[str, Any]) -> float:
    """Points that the columns take."""
    return sum(each * 0.5 * found["size"] + 9 for each, _ in found["widths"])


def test_a_small_table_takes_the_room_that_it_needs() -> None:
    found = fit(["Group", "Rate"], [["Women", "20.0%"]], [False, True])
    assert found == {"size": 9.0, "wide": False, "widths": [(6, True), (6, True)]}


def test_sentences_share_what_figures_leave() -> None:
    found = fit(["Rule", "Rate"], [["a long sentence " * 12, "20.0%"]], [False, True])
    assert found["size"] == 9.0
    assert not found["wide"]
    assert found["widths"][1][0] == 6
    assert 440 < used(found) <= 470.5


def test_many_columns_take_smaller_letters_and_then_a_turned_page() -> None:
    sizes = []
    for count in (6, 10, 14, 20):
        rows = [["0.123 to 0.456"] * count]
        found = fit(["Interval"] * count, rows, [True] * count)
        sizes.append((found["wide"], -found["size"]))
        assert used(found) <= (717 if found["wide"] else 470.5) or not found["widths"][0][1]
    assert sizes == sorted(sizes)
    assert sizes[0][0] is False
    assert sizes[-1][0] is True


@given(
    st.lists(st.lists(st.text("ab ", max_size=60), min_size=5, max_size=5), min_size=1, max_size=4),
    st.lists(st.booleans(), min_size=5, max_size=5),
    st.text("why ", max_size=30),
)
def test_anything_fits_or_shares(rows: list[list[str]], right: list[bool], why: str) -> None:
    found = fit(["Name", "", "Two words", "x" * 40, "y"], rows, right, why)
    assert len(found["widths"]) == 5
    assert all(each > 0 for each, _ in found["widths"])
    if all(fixed for _, fixed in found["widths"]):
        assert used(found) <= (717 if found["wide"] else 470) + 0.5
