"""Events around the score by group: direction, classes, and overrides up and down."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import InputError
from fairness.human_loop import Direction, event_disparity, human_loop, override_counts
from fairness.impact import ImpactPolicy, impact
from fairness.types import FindingClass, GroupCounts


def counts(*rows: tuple[str, int, int]) -> GroupCounts:
    return GroupCounts.of("sex", list(rows), basis="event")


def test_a_high_rate_of_flags_is_unfavourable() -> None:
    table = event_disparity("flagged", counts(("f", 1000, 100), ("m", 1000, 40)))
    assert table.direction is Direction.UNFAVOURABLE
    assert table.reference == ("m",)
    row = table.row("f")
    assert row.ratio.value == pytest.approx(2.5)
    assert row.ratio.interval is not None and row.ratio.interval.low > 1
    assert row.difference.value == pytest.approx(0.06)
    assert row.below_four_fifths
    assert row.finding is FindingClass.ADVERSE
    assert "100 of 1000 against 40 of 1000" in row.reason
    assert table.row("m").finding is None


def test_five_fourths_exactly_is_not_below_four_fifths() -> None:
    row = event_disparity("withdrew", counts(("f", 100, 25), ("m", 100, 20))).row("f")
    assert row.ratio.value == pytest.approx(1.25)
    assert row.below_four_fifths is False
    assert (
        event_disparity("withdrew", counts(("f", 100, 26), ("m", 100, 20)))
        .row("f")
        .below_four_fifths
    )


def test_favourable_events_agree_with_the_impact_table() -> None:
    given_counts = counts(("f", 200, 60), ("m", 300, 150), ("x", 20, 3))
    table = event_disparity("overridden_up", given_counts)
    oracle = impact(given_counts, ImpactPolicy(replicates=0))
    assert table.reference == oracle.reference == ("m",)
    for row, other in zip(table.rows, oracle.rows, strict=True):
        assert row.finding == other.finding
        if other.comparison is not None:
            assert row.ratio == other.comparison.ratio
            assert row.deciding == other.comparison.deciding


def test_nobody_of_the_reference() -> None:
    table = event_disparity("flagged", counts(("f", 500, 30), ("m", 500, 0)))
    row = table.row("f")
    assert row.ratio.value is None
    assert row.below_four_fifths
    assert row.finding is FindingClass.ADVERSE
    assert table.notes[0].code == "reference_rate_zero"


def test_it_never_happened() -> None:
    table = event_disparity("opted_out", counts(("f", 50, 0), ("m", 60, 0)))
    assert {row.finding for row in table.rows if not row.is_reference} == {
        FindingClass.UNDETECTABLE
    }
    assert table.notes[0].code == "never_happened"
    assert table.homogeneity is None


def test_empty_single_and_excluded_groups() -> None:
    table = event_disparity("flagged", counts(("f", 0, 0), ("m", 60, 3)))
    assert [row.finding for row in table.rows] == [FindingClass.UNDETECTABLE] * 2
    policy = ImpactPolicy(exclude_under_share=0.02, justification="Too few.")
    table = event_disparity(
        "flagged", counts(("a", 5, 0), ("b", 500, 9), ("c", 500, 5)), policy=policy
    )
    assert table.reference == ("c",)
    assert table.row("a").excluded
    assert table.row("a").finding is None
    assert "Too few." in table.row("a").reason


def test_a_reference_can_be_set_and_unknown_kinds_are_taken_as_bad() -> None:
    table = event_disparity(
        "reviewed", counts(("f", 50, 5), ("m", 60, 6)), policy=ImpactPolicy(reference=("f",))
    )
    assert table.reference == ("f",)
    assert table.notes[0].code == "direction_assumed"
    with pytest.raises(InputError, match="not in the table"):
        event_disparity("flagged", counts(("f", 5, 1)), policy=ImpactPolicy(reference=("z",)))


def test_every_kind() -> None:
    events = {"flagged": counts(("f", 50, 5), ("m", 60, 6)), "withdrew": counts(("f", 5, 1))}
    assert [table.kind for table in human_loop(events)] == ["flagged", "withdrew"]


def test_overrides_by_direction() -> None:
    rows = [
        ("f", False, True),  # the tool would have moved her forward
        ("f", True, False),
        ("f", True, True),
        ("f", False, False),
        ("m", True, True),
        ("m", True, True),
        ("m", False, False),
        (None, True, True),
        ("m", None, True),
        ("m", True, None),
    ]
    connection = duckdb.connect()
    frame = pd.DataFrame(rows, columns=["feature__sex", "outcome", "overridden"], dtype=object)
    connection.register("given", frame)
    connection.execute(
        "CREATE TABLE audit_rows AS SELECT feature__sex, outcome::BOOLEAN AS outcome, "
        "overridden::BOOLEAN AS overridden FROM given"
    )
    found = override_counts(connection, ("sex",))
    assert found.up.groups == found.down.groups == (("f",), ("m",))
    assert found.up.assessed.tolist() == [2, 3]
    assert found.up.selected.tolist() == [1, 2]
    assert (found.up.unknown_assessed, found.up.unknown_selected) == (1, 1)
    assert found.down.assessed.tolist() == [2, 0]
    assert found.down.selected.tolist() == [1, 0]
    assert found.down.basis == "event:overridden_down"


CELL = st.tuples(st.integers(1, 60), st.integers(0, 60)).map(lambda c: (c[0], min(c)))


@given(CELL, CELL)
def test_naming_the_groups_otherwise_changes_nothing(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    one = event_disparity("flagged", counts(("f", *first), ("m", *second)))
    other = event_disparity("flagged", counts(("m", *second), ("f", *first)))
    assert one.reference == other.reference
    assert one.row("f") == other.row("f")
    for row in one.rows:
        if row.ratio.value is not None:
            assert row.ratio.value >= 1
