"""The made-up hiring process is what it says, and the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from datasets.hiring import CUT, PERIODS, QUESTIONS, RACES, Planted, make_hiring, tables
from fairness.spec import load_spec

NOTHING = Planted(0, 0, 0, 0, 0, 0.02, 0.02, 0.03, 0.03, 0)


def test_it_repeats_and_differs_by_seed(tmp_path: Path) -> None:
    first, second, other = (
        make_hiring(tmp_path / name, count=200, seed=seed)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first.candidates.read_bytes() == second.candidates.read_bytes()
    assert first.ratings.read_bytes() == second.ratings.read_bytes()
    assert first.candidates.read_bytes() != other.candidates.read_bytes()
    assert load_spec(first.spec).features
    assert len(first.planted) == 8


def test_words_and_numbers_are_in_their_ranges() -> None:
    people, ratings = tables(1500, 4)
    assert people["candidate"].is_unique
    assert set(people["race"]) == {*RACES, "Decline to answer"}
    assert set(people["month"]) == set(PERIODS)
    assert people["score"].between(0, 100).all()
    assert ratings["score"].isin(range(1, 6)).all()
    assert set(ratings["question"]) == set(QUESTIONS)
    screened = people["stage"] == "Screen"
    assert (people[screened]["score"] < CUT).all()
    assert people[screened][[f"q_{q}" for q in QUESTIONS]].isna().all(axis=None)
    assert set(ratings["candidate"]) == set(people[~screened]["candidate"])
    assert (people[people["decision"] == "Hired"]["stage"] == "Review").all()


def test_without_planted_rules_groups_are_alike() -> None:
    people, _ = tables(20_000, 9, NOTHING)
    for feature in ("sex", "race"):
        means = people.groupby(feature)["score"].mean()
        assert np.ptp(means) < 1.0
    older = people["age"] >= 40
    assert abs(people[older]["score"].mean() - people[~older]["score"].mean()) < 0.7


def test_each_planted_rule_shows_in_the_scores() -> None:
    plain, _ = tables(8000, 9, NOTHING)
    planted, _ = tables(8000, 9)
    lost = plain["score"] - planted["score"]
    tool = plain["mode"] != "Recruiter"
    black_women = (plain["race"] == "Black") & (plain["sex"] == "Female")
    assert (lost[~tool & (plain["coached"] == "no")] == 0).all()
    only = tool & black_women & (plain["age"] < 40) & (plain["coached"] == "no")
    np.testing.assert_allclose(lost[only & (planted["score"] > 0)], 5.0, atol=1e-9)
    older = (plain["mode"] == "AI") & (plain["age"] >= 40) & (plain["race"] == "White")
    np.testing.assert_allclose(lost[older & (plain["coached"] == "no")], 6.0, atol=1e-9)
    assert isinstance(planted, pd.DataFrame)
