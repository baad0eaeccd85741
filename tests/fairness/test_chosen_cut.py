"""One cut score, worked out from counts."""

from __future__ import annotations

import pandas as pd
import pytest

from audit.errors import DataInvalid
from fairness.audit import audit
from fairness.builder import cube_of
from fairness.chosen_cut import BASIS, at_cut
from fairness.cube import Cube
from fairness.spec import load_spec


def frame(scale: float = 1.0) -> pd.DataFrame:
    """Women have 1 to 40, men 11 to 50, and five persons of unknown sex 100."""
    women, men = range(1, 41), range(11, 51)
    scores = [*women, *men, *[100] * 5]
    sexes = [*["F"] * 40, *["M"] * 40, *[""] * 5]
    return pd.DataFrame({"sex": sexes, "score": [s * scale for s in scores]})


def cube(scale: float = 1.0, *, better: bool = True, cut: float | None = None) -> Cube:
    score = {"name": "fit", "column": "score", "higher_is_better": better, "cut": cut}
    features = [{"name": "sex", "column": "sex", "kind": "sex"}]
    return cube_of(frame(scale), load_spec({"scores": [score], "features": features}))


def test_everybody_at_or_above_the_cut_is_selected() -> None:
    found = at_cut(cube(), ("sex",), "fit", 31)
    women, men = found.table.row("F"), found.table.row("M")
    assert (women.selected, women.assessed, men.selected, men.assessed) == (10, 40, 20, 40)
    assert women.comparison is not None and women.comparison.ratio.value == 0.5
    assert (found.cut, found.low, found.high, found.width) == (31, 1, 100, 0)
    assert (found.table.unknown_assessed, found.table.unknown_selected) == (5, 5)
    assert found.table.basis == BASIS and found.table.reference == ("M",)


def test_where_less_is_better_those_at_or_below_it_are() -> None:
    found = at_cut(cube(better=False), ("sex",), "fit", 10)
    assert (found.table.row("F").selected, found.table.row("M").selected) == (10, 0)
    assert not found.higher_is_better


def test_it_agrees_with_the_sweep_of_the_audit() -> None:
    counts = cube()
    spec = {"scores": [{"name": "fit", "column": "score"}], "features": [{"name": "sex"}]}
    spec["features"][0] |= {"column": "sex"}
    swept = audit(frame(), load_spec({**spec, "replicates": 0})).sweeps[0].sweep
    for place, cut in enumerate(swept.cuts.tolist()):
        rows = {row.group: row for row in at_cut(counts, ("sex",), "fit", cut).table.rows}
        got = [rows[group].selected for group in swept.groups]
        assert got == swept.selected[place].tolist()


def test_without_a_cut_it_takes_that_of_the_specification_or_the_median() -> None:
    assert at_cut(cube(cut=25), ("sex",), "fit", None).asked == 25
    assert at_cut(cube(), ("sex",), "fit", None).asked == 27  # the 43rd of 85
    assert at_cut(cube(cut=25), ("sex",), "fit", 30).current == 25


@pytest.mark.parametrize(("cut", "selected"), [(-1e9, 40), (1e9, 0)])
def test_beyond_all_scores_everybody_or_nobody_is(cut: float, selected: int) -> None:
    found = at_cut(cube(), ("sex",), "fit", cut)
    assert [row.selected for row in found.table.rows] == [selected, selected]


def test_bins_cannot_be_split_and_it_says_which_cut_was_counted() -> None:
    many = pd.DataFrame({"sex": ["F", "M"] * 4000, "score": [n * 1.01 for n in range(8000)]})
    spec = load_spec(
        {
            "scores": [{"name": "fit", "column": "score"}],
            "features": [{"name": "sex", "column": "sex"}],
        }
    )
    counts = cube_of(many, spec)
    found = at_cut(counts, ("sex",), "fit", 4001.3)
    assert found.width > 0 and 4001.3 <= found.cut < 4001.3 + found.width
    assert found.table.selected == int((many["score"] >= found.cut).sum())


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(DataInvalid, match="no score 'speed'"):
        at_cut(cube(), ("sex",), "speed", 1)
    with pytest.raises(DataInvalid, match="no sensitive feature"):
        at_cut(cube(), ("race",), "fit", 1)
