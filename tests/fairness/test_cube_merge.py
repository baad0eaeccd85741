"""Cubes add up to the audit of the union of their persons, and travel as text."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import DataInvalid
from fairness.builder import cube_of
from fairness.cube import Cube
from fairness.cube_merge import bin_width
from tests.fairness import hiring


def without_rows(text: str) -> dict[str, Any]:
    """A cube's content without what says how it was put together."""
    found: dict[str, Any] = json.loads(text)
    for name in ("merged_from", "notes"):
        del found[name]
    return found


def named(text: str) -> dict[str, Any]:
    """The same with moments in sums that do not depend on their scale."""
    found = without_rows(text)
    for part in found["moments"]:
        tens = [0, part["x_scale"], part["y_scale"]]
        powers = [0, tens[1], tens[2], 2 * tens[1], 2 * tens[2], tens[1] + tens[2]]
        counts = part["table"]["counts"]
        part["table"]["counts"] = [
            [str(v * 10 ** (40 - p)) for v in column]
            for column, p in zip(counts, powers, strict=True)
        ]
        del part["x_scale"], part["y_scale"]
    return found


@settings(max_examples=8)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(2, 80),
    cut=st.floats(0, 1),
    decimals=st.sampled_from([0, 2, 9]),
)
def test_a_merge_is_the_audit_of_the_union(
    seed: int, count: int, cut: float, decimals: int
) -> None:
    frame = hiring.people(count, seed, decimals=decimals)
    place = min(max(round(cut * count), 1), count - 1)
    spec = hiring.spec()
    left, right = cube_of(frame[:place], spec), cube_of(frame[place:], spec)
    whole = cube_of(frame, spec)
    assert named(left.merged(right).to_json()) == named(whole.to_json())
    # Levels that only one side has are put in the order in which the sides come.
    assert right.merged(left).counts(("sex",)).assessed.tolist() == (
        whole.counts(("sex",)).assessed.tolist()
    )
    assert left.merged(right).merged_from == 2


def test_bins_merge_to_the_coarser_width(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = hiring.people(600, seed=2, decimals=9)
    spec = hiring.spec()
    exact = cube_of(frame, spec)
    monkeypatch.setattr("fairness.builder.EXACT_SCORES", 20)
    low, high = frame[frame["fit"] < 5], frame[~(frame["fit"] < 5)]
    merged = cube_of(low, spec).merged(cube_of(high, spec))
    part = merged.histogram(("sex",), "fit")
    assert part.width > 0
    full = exact.histogram(("sex",), "fit")
    for counts, want in zip(part.counts, full.counts, strict=True):
        bins = np.floor(full.values / part.width)
        got = {v: int(n) for v, n in zip(np.floor(part.values / part.width), counts, strict=True)}
        for bin_ in np.unique(bins):
            assert got[bin_] == want[bins == bin_].sum()
    median = merged.median("fit")
    assert not median.exact
    assert [n.code for n in median.notes] == ["median_within_bin"]
    true = exact.median("fit").value
    assert true is not None and median.value is not None
    assert abs(median.value - true) <= part.width
    # The scores between the two middle ones' bin and its end are bounded by who is in that bin.
    above = merged.scoring(("sex",), "fit").selected.sum()
    assert 0 <= exact.scoring(("sex",), "fit").selected.sum() - above <= median.tied


def test_exact_scores_merge_with_bins(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = hiring.people(300, seed=2, decimals=9)
    spec = hiring.spec()
    exact = cube_of(frame[:100], spec)
    monkeypatch.setattr("fairness.builder.EXACT_SCORES", 20)
    binned = cube_of(frame[100:], spec)
    for merged in (exact.merged(binned), binned.merged(exact)):
        assert merged.histogram(("sex",), "fit").width > 0
        both = merged.histogram(("age",), "fit")
        assert both.counts.sum() + both.unknown.sum() == frame["fit"].notna().sum()


def test_cubes_that_count_different_things_are_not_added() -> None:
    frame = hiring.people(20)
    cube = cube_of(frame, hiring.spec())
    for other, what in (
        (hiring.spec(features=[hiring.SPEC["features"][0]]), "sensitive features"),
        (hiring.spec(job=None), "axes"),
        (hiring.spec(scores=[{"name": "fit", "column": "fit", "cut": 60}]), "scores"),
        (hiring.spec(median_over="known"), "median"),
    ):
        with pytest.raises(DataInvalid, match=what):
            cube.merged(cube_of(frame, other))


def test_specifications_that_count_the_same_may_be_merged_with_a_note() -> None:
    frame = hiring.people(20)
    merged = cube_of(frame, hiring.spec()).merged(cube_of(frame, hiring.spec(alpha=0.01)))
    assert "merged_specifications" in [n.code for n in merged.notes]


@pytest.mark.parametrize("decimals", [0, 9])
def test_a_cube_travels_as_text_without_persons(
    decimals: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairness.builder.EXACT_SCORES", 200)
    frame = hiring.people(400, seed=9, decimals=decimals)
    cube = cube_of(frame, hiring.spec())
    text = cube.to_json()
    again = Cube.from_json(text)
    assert again.to_json() == text
    assert not any(who in text for who in frame["id"])
    where = {"mode": "ai_led"}
    assert again.scoring(("sex",), "fit", where).selected.tolist() == (
        cube.scoring(("sex",), "fit", where).selected.tolist()
    )
    assert again.moments(("sex",), "fit").sxy.tolist() == cube.moments(("sex",), "fit").sxy.tolist()


def broken(change: Any) -> str:
    found = json.loads(cube_of(hiring.people(30), hiring.spec()).to_json())
    change(found)
    return json.dumps(found)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(format="other"),
        lambda c: c.pop("persons"),
        lambda c: c.update(persons=[]),
        lambda c: c["persons"][0]["codes"].pop(),
        lambda c: c["persons"][0]["codes"][0].pop(),
        lambda c: c["persons"][0]["codes"][0].__setitem__(0, 99),
        lambda c: c["persons"][0]["counts"][0].__setitem__(0, -1),
        lambda c: c["persons"][0]["counts"][0].__setitem__(0, 2**70),
        lambda c: c["persons"][0]["dims"].__setitem__(0, "nonsense"),
        lambda c: c["histograms"][0]["values"].reverse(),
        lambda c: c.update(more=1),
    ],
)
def test_text_that_is_no_cube_is_refused(change: Any) -> None:
    with pytest.raises(DataInvalid):
        Cube.from_json(broken(change))


def test_no_json_is_refused() -> None:
    for text in ("", "[]", "nan", '{"format": 1'):
        with pytest.raises(DataInvalid, match="not a cube"):
            Cube.from_json(text)


@given(
    st.floats(-1e12, 1e12),
    st.floats(-1e12, 1e12),
    st.sampled_from([64, 1024]),
)
def test_bins_cover_the_scores_in_powers_of_two(a: float, b: float, bins: int) -> None:
    low, high = min(a, b), max(a, b)
    width = bin_width(low, high, bins)
    assert np.floor(high / width) - np.floor(low / width) + 1 <= bins
    assert np.log2(width).is_integer()


def test_a_frame_of_one_row_makes_a_cube() -> None:
    one = hiring.people(1).assign(decision="Hired")
    cube = cube_of(pd.DataFrame(one), hiring.spec())
    assert cube.total == 1
