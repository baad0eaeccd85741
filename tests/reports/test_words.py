from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.words import (
    SCALE,
    VERDICTS,
    band,
    clock,
    number,
    ratio,
    sentence,
    size,
    support,
    tick,
)

HYPOTHESES = ("same", "different")


@pytest.mark.parametrize(
    ("time_s", "text"),
    [
        (0, "00:00.0"),
        (59.96, "01:00.0"),
        (61.25, "01:01.2"),
        (7199.0, "119:59.0"),
        (-1.5, "−00:01.5"),
    ],
)
def test_times_are_minutes_and_seconds(time_s: float, text: str) -> None:
    assert clock(time_s) == text


def test_ticks_have_whole_seconds() -> None:
    assert tick(90) == "01:30"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not measured"),
        (True, "yes"),
        (False, "no"),
        ("", "none"),
        (12345, "12,345"),
        (12345.678, "12,346"),
        (0.98765, "0.9877"),
        (-0.5, "−0.5"),
        (3.0, "3"),
    ],
)
def test_figures_are_short(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("log10_lr", "words"),
    [
        (0.0, "no support either way"),
        (0.3, "no support either way"),
        (0.302, "weak support for “same”"),
        (-1.0, "moderate support for “different”"),
        (2.5, "moderately strong support for “same”"),
        (-3.5, "strong support for “different”"),
        (4.0, "very strong support for “same”"),
        (9.0, "extremely strong support for “same”"),
    ],
)
def test_ratios_have_words(log10_lr: float, words: str) -> None:
    assert support(log10_lr, HYPOTHESES) == words


@given(st.floats(-12, 12))
def test_every_ratio_lies_in_its_band(log10_lr: float) -> None:
    step = band(log10_lr)
    assert step.low <= abs(log10_lr) < step.high


def test_the_scale_has_no_gap() -> None:
    assert [step.high for step in SCALE[:-1]] == [step.low for step in SCALE[1:]]
    assert SCALE[0].low == 0
    assert math.isinf(SCALE[-1].high)
    assert [step.range_words for step in SCALE[:3]] == ["1 to 2", "2 to 10", "10 to 100"]
    assert SCALE[0].log_words == "0 to 0.3"
    assert SCALE[-1].log_words == "6 or more"


def test_signs_and_sizes() -> None:
    assert ratio(1.234) == "+1.23"
    assert ratio(-2.0) == "−2.00"
    assert size(900) == "900 bytes"
    assert size(3 * 2**20) == "3.0 MiB (3,145,728 bytes)"


def test_the_guide_prints_the_scale_in_force() -> None:
    guide = Path(__file__).resolve().parents[2].joinpath("docs/reading-a-report.md").read_text()
    for step in SCALE:
        assert f"| {step.log_words} | {step.range_words} | {step.words} |" in guide
    for verdict in VERDICTS.values():
        assert f"| {verdict} (" in guide


def test_a_sentence_ends_once() -> None:
    assert sentence("Review below 0.8") == "Review below 0.8."
    assert sentence("Review below 0.8.") == "Review below 0.8."
