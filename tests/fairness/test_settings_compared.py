"""The same groups in AI-led and other interviews, coached and not."""

from __future__ import annotations

import pytest

from audit.errors import InputError
from fairness.settings_compared import compare_settings
from fairness.types import GroupCounts


def counts(*rows: tuple[str, int, int]) -> GroupCounts:
    return GroupCounts.of("sex", list(rows))


MODES = {
    "ai_led": counts(("f", 400, 100), ("m", 400, 200)),
    "human_led": counts(("f", 400, 190), ("m", 400, 200)),
}


def test_a_gap_in_one_setting_only() -> None:
    found = compare_settings("mode", MODES)
    assert found.reference == ("m",)
    assert found.row("ai_led", "f").ratio.value == pytest.approx(0.5)
    assert found.row("ai_led", "f").below_four_fifths
    assert found.row("human_led", "f").ratio.value == pytest.approx(0.95)
    assert found.row("human_led", "f").below_four_fifths is False
    assert found.row("ai_led", "m").ratio.value is None
    across = found.groups[0]
    assert across.differ
    assert across.across.tarone is not None
    assert "differ between the settings" in across.words
    assert [rate.value for rate in found.rates] == pytest.approx([300 / 800, 390 / 800])
    assert found.assignment is not None
    assert found.assignment.p_value == pytest.approx(1)
    assert found.notes[0].code == "not_randomized"


def test_uneven_assignment_is_found() -> None:
    found = compare_settings(
        "coached",
        {"yes": counts(("f", 10, 5), ("m", 90, 45)), "no": counts(("f", 90, 45), ("m", 10, 5))},
    )
    assert found.assignment is not None and found.assignment.p_value < 1e-6
    assert found.row("yes", "f").share.value == pytest.approx(0.1)
    assert found.groups[0].differ is False


def test_groups_and_settings_that_are_missing() -> None:
    found = compare_settings(
        "mode",
        {
            "ai_led": counts(("f", 30, 10)),
            "hybrid": counts(("m", 30, 15), ("f", 20, 9)),
            "human_led": counts(("f", 0, 0)),
        },
    )
    assert found.row("ai_led", "m").rate.of == 0
    assert found.row("ai_led", "f").ratio.value is None
    assert found.groups[0].differ is None
    assert "empty_settings" in {note.code for note in found.notes}
    one = compare_settings("mode", {"ai_led": MODES["ai_led"]})
    assert "one_setting" in {note.code for note in one.notes}
    assert one.assignment is None
    nobody = compare_settings("mode", {"ai_led": counts(("f", 0, 0))})
    assert nobody.reference is None
    assert nobody.groups == ()


def test_references_and_refusals() -> None:
    assert compare_settings("mode", MODES, reference=("f",)).reference == ("f",)
    with pytest.raises(InputError, match="no setting"):
        compare_settings("mode", MODES, reference=("x",))
    with pytest.raises(InputError, match="no settings"):
        compare_settings("mode", {})
