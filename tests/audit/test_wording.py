"""Likelihood ratios in words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.types import LikelihoodRatio
from audit.wording import is_at_bound, times_likelier, weighed

ONE, TWO = "this is one person", "these are two people"


def ratio(log10: float) -> LikelihoodRatio:
    return LikelihoodRatio(log10, -1.65, 1.63, ("one", "two"), "toy")


@pytest.mark.parametrize(
    ("log10", "bound", "words"),
    [
        (0.0, False, "about as likely"),
        (0.0, True, "about as likely"),
        (0.01, False, "about as likely"),
        (0.204, False, "about 1.6 times likelier"),
        (0.301, False, "about 2 times likelier"),
        (0.301, True, "at least 2 times likelier"),
        (-0.398, False, "about 2.5 times likelier"),
        (0.9999, False, "about 10 times likelier"),
        (-1.0, False, "about 10 times likelier"),
        (1.602, False, "about 40 times likelier"),
        (1.63, True, "at least 42 times likelier"),
        (-1.65, True, "at least 44 times likelier"),
        (1.63, False, "about 43 times likelier"),
        (1.999, False, "about 100 times likelier"),
        (2.0, True, "at least 100 times likelier"),
        (3.09, False, "about 1,200 times likelier"),
        (-6.0, True, "at least 1,000,000 times likelier"),
    ],
)
def test_times_likelier(log10: float, bound: bool, words: str) -> None:
    assert times_likelier(log10, bound) == words


@pytest.mark.parametrize(
    ("log10", "words"),
    [
        (1.602, f"about 40 times likelier if {ONE} than if {TWO} (moderate support)"),
        (-1.3, f"about 20 times likelier if {TWO} than if {ONE} (moderate support)"),
        (-1.65, f"at least 44 times likelier if {TWO} than if {ONE} (moderate support)"),
        (1.63, f"at least 42 times likelier if {ONE} than if {TWO} (moderate support)"),
        (0.5, f"about 3.2 times likelier if {ONE} than if {TWO} (weak support)"),
        (-0.2, f"about 1.6 times likelier if {TWO} than if {ONE} (no support either way)"),
        (0.0, f"about as likely if {ONE} as if {TWO} (no support either way)"),
    ],
)
def test_direction_and_band(log10: float, words: str) -> None:
    assert weighed(ratio(log10), ONE, TWO) == words


def test_bounds_may_have_more_decimals_than_the_ratio() -> None:
    assert is_at_bound(LikelihoodRatio(1.235, -1.0, 1.23456, ("one", "two"), "toy"))
    assert is_at_bound(LikelihoodRatio(1.234, -1.0, 1.23449, ("one", "two"), "toy"))
    assert not is_at_bound(LikelihoodRatio(1.2, -1.0, 1.23456, ("one", "two"), "toy"))


@given(st.floats(-9, 9), st.booleans())
def test_the_figure_is_within_its_rounding(log10: float, bound: bool) -> None:
    words = times_likelier(log10, bound)
    assert words == times_likelier(-log10, bound)
    if words == "about as likely":
        assert abs(log10) < math.log10(1.1)
        return
    shown = float(words.split()[-3].replace(",", ""))
    exact = 10.0 ** abs(log10)
    assert shown == pytest.approx(exact, rel=0.1 if bound else 0.051)
    assert not bound or shown <= exact * 1.002
