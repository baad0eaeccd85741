"""A made-up hiring process with known disparities, for `fairwitness demo` and for tests.

Ability has the same distribution in every group, so every difference between groups follows from
the rules in `Planted`. Nobody in it exists; everything follows from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

Draw = np.random.Generator
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

JOBS = ("Engineer", "Sales", "Support")
WOMEN = {"Engineer": 0.25, "Sales": 0.5, "Support": 0.65}
OPENINGS = {"Engineer": -0.35, "Sales": 0.05, "Support": 0.4}
"""Mean interview score, less 3, that a job asks for."""
RACES = ("White", "Black", "Hispanic", "Asian")
RACE_SHARES = (0.5, 0.2, 0.18, 0.12)
PERIODS = tuple(f"2025-{month:02d}" for month in range(1, 9))
QUESTIONS = ("problem", "teamwork", "planning", "conflict", "product", "culture")
INTERVIEWERS = ("Arden", "Brook", "Cole", "Drew", "Ellis", "Finley", "Gray", "Stone")
CUT = 56.0


@dataclass(frozen=True, slots=True)
class Planted:
    """What makes groups differ; points are of the score (standard deviation about 10).

    Attributes:
        ai_age_penalty: points lost at 40 and over in AI-led interviews.
        late_hispanic_penalty: points lost from May on where the tool takes part.
        black_women_penalty: points lost where the tool takes part.
        culture_penalty: points (of 1 to 5) that Black candidates lose on one question.
        stone_severity: points (of 1 to 5) that one interviewer gives less.
        flag_rate, asian_flag_rate: chance of a fraud flag.
        override_rate, older_override_rate: chance that the review overrides the interview.
        coached_gain: points that coaching adds.
    """

    ai_age_penalty: float = 6.0
    late_hispanic_penalty: float = 7.0
    black_women_penalty: float = 5.0
    culture_penalty: float = 0.8
    stone_severity: float = 0.7
    flag_rate: float = 0.02
    asian_flag_rate: float = 0.07
    override_rate: float = 0.03
    older_override_rate: float = 0.1
    coached_gain: float = 4.0

    def words(self) -> tuple[str, ...]:
        """What was planted, one sentence each."""
        return (
            f"AI-led interviews take {self.ai_age_penalty:g} points from people of 40 and over.",
            f"From May on, the tool takes {self.late_hispanic_penalty:g} points from Hispanic "
            "candidates.",
            f"The tool takes {self.black_women_penalty:g} points from Black women.",
            f"The question 'culture' costs Black candidates {self.culture_penalty:g} points of 5.",
            f"The interviewer Stone gives {self.stone_severity:g} points of 5 less than others.",
            f"Fraud flags fall on {self.asian_flag_rate:.0%} of Asian candidates, on "
            f"{self.flag_rate:.0%} of others.",
            f"Reviewers override the interview's result for {self.older_override_rate:.0%} of "
            f"people of 40 and over, for {self.override_rate:.0%} of others.",
            "Women apply more often for jobs with fewer openings; within jobs nothing is planted "
            "against them.",
        )


@dataclass(frozen=True, slots=True)
class HiringMaterial:
    """Where the tables and the specification were written, and what was planted, in words."""

    candidates: Path
    ratings: Path
    spec: Path
    planted: tuple[str, ...]


def make_hiring(
    out: Path, *, count: int = 6000, seed: int = 20261122, planted: Planted | None = None
) -> HiringMaterial:
    """Write `hiring.csv`, `ratings.csv` and `hiring-spec.yaml` into `out` (made if missing)."""
    out.mkdir(parents=True, exist_ok=True)
    planted = planted or Planted()
    people, ratings = tables(count, seed, planted)
    paths = [out / name for name in ("hiring.csv", "ratings.csv", "hiring-spec.yaml")]
    people.to_csv(paths[0], index=False, lineterminator="\n")
    ratings.to_csv(paths[1], index=False, lineterminator="\n")
    text = yaml.safe_dump(SPEC, sort_keys=False, allow_unicode=True, width=100)
    paths[2].write_text(text, encoding="utf-8")
    return HiringMaterial(paths[0], paths[1], paths[2], planted.words())


def tables(
    count: int, seed: int, planted: Planted | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Candidates, one row each, and ratings, one row per candidate, question and interviewer."""
    planted = planted or Planted()
    draw = np.random.default_rng(seed)
    people = _people(draw, count)
    ability = draw.standard_normal(count)
    people["score"] = _scores(draw, people, ability, planted)
    passed = _screen(draw, people, planted)
    ratings = _ratings(draw, people[passed], ability[passed], planted)
    answers = ratings.pivot_table(index="candidate", columns="question", values="score")
    people = people.merge(
        answers.round(2).add_prefix("q_"), left_on="candidate", right_index=True, how="left"
    )
    _decide(draw, people, passed, planted)
    _perform(draw, people, ability)
    return people, ratings


def _people(draw: Draw, count: int) -> pd.DataFrame:
    job = draw.choice(JOBS, count, p=(0.35, 0.3, 0.35))
    women = draw.random(count) < np.array([WOMEN[j] for j in job])
    race = draw.choice(RACES, count, p=RACE_SHARES).astype(object)
    race[draw.random(count) < 0.04] = "Decline to answer"
    age = np.clip(np.round(draw.gamma(9.0, 2.2, count) + 18), 18, 68).astype(int)
    older = age >= 40
    opted_out = draw.random(count) < np.where(older, 0.09, 0.03)
    mode = draw.choice(("AI", "AI with recruiter", "Recruiter"), count, p=(0.45, 0.25, 0.3))
    return pd.DataFrame(
        {
            "candidate": [f"C{i:06d}" for i in range(count)],
            "sex": np.where(women, "Female", "Male"),
            "race": race,
            "age": age,
            "job": job,
            "month": draw.choice(PERIODS, count),
            "mode": np.where(opted_out, "Recruiter", mode),
            "coached": np.where(draw.random(count) < 0.2, "yes", "no"),
            "opted_out": np.where(opted_out, "yes", "no"),
        }
    )


def _scores(draw: Draw, people: pd.DataFrame, ability: Floats, planted: Planted) -> Floats:
    tool = (people["mode"] != "Recruiter").to_numpy()
    black_woman = ((people["race"] == "Black") & (people["sex"] == "Female")).to_numpy()
    late = ((people["race"] == "Hispanic") & (people["month"] >= "2025-05")).to_numpy()
    score = 60 + 8 * ability + 6 * draw.standard_normal(len(people))
    score += planted.coached_gain * (people["coached"] == "yes").to_numpy()
    score -= planted.ai_age_penalty * ((people["mode"] == "AI") & (people["age"] >= 40)).to_numpy()
    score -= planted.late_hispanic_penalty * (tool & late)
    score -= planted.black_women_penalty * (tool & black_woman)
    return np.clip(np.round(score, 1), 0, 100)


def _screen(draw: Draw, people: pd.DataFrame, planted: Planted) -> Mask:
    """Who goes on to the interview; writes the column `flagged`."""
    asian = (people["race"] == "Asian").to_numpy()
    flagged = draw.random(len(people)) < np.where(asian, planted.asian_flag_rate, planted.flag_rate)
    people["flagged"] = np.where(flagged, "yes", "no")
    passed: Mask = (people["score"] >= CUT).to_numpy()
    return passed


def _ratings(draw: Draw, people: pd.DataFrame, ability: Floats, planted: Planted) -> pd.DataFrame:
    """Each interview by one interviewer or two; a few leave a question out or change the order."""
    count, questions = len(people), len(QUESTIONS)
    severity = np.append(draw.normal(0, 0.1, len(INTERVIEWERS) - 1), -planted.stone_severity)
    hard = draw.normal(0, 0.25, questions)
    answer = 3.3 + 0.65 * ability[:, None] + hard + draw.normal(0, 0.6, (count, questions))
    answer[(people["race"] == "Black").to_numpy(), QUESTIONS.index("culture")] -= (
        planted.culture_penalty
    )
    order = np.tile(np.arange(questions), (count, 1))
    for row in np.flatnonzero(draw.random(count) < 0.05):
        order[row] = draw.permutation(questions)
    first = draw.integers(0, len(INTERVIEWERS), count)
    second = (first + draw.integers(1, len(INTERVIEWERS), count)) % len(INTERVIEWERS)
    both = draw.random(count) < 0.4
    frames = []
    for who, kept in ((first, np.ones(count, bool)), (second, both)):
        given = answer + severity[who][:, None] + draw.normal(0, 0.35, answer.shape)
        frames.append(_long(people, np.clip(np.rint(given), 1, 5), order, who, kept))
    ratings = pd.concat(frames, ignore_index=True)
    left_out = (ratings["question"] == "product") & (
        ratings["candidate"].str[-2:].isin(["07", "41"])
    )
    return (
        ratings[~left_out]
        .sort_values(["candidate", "interviewer", "position"])
        .reset_index(drop=True)
    )


def _long(
    people: pd.DataFrame, scores: Floats, order: NDArray[Any], who: NDArray[Any], kept: Mask
) -> pd.DataFrame:
    rows = np.flatnonzero(kept)
    width = len(QUESTIONS)
    places = np.argsort(order, axis=1) + 1
    return pd.DataFrame(
        {
            "candidate": np.repeat(people["candidate"].to_numpy()[rows], width),
            "job": np.repeat(people["job"].to_numpy()[rows], width),
            "question": np.tile(np.array(QUESTIONS, dtype=object), len(rows)),
            "position": places[rows].ravel(),
            "rubric": "2025",
            "interviewer": np.repeat(np.array(INTERVIEWERS, dtype=object)[who[rows]], width),
            "score": scores[rows].ravel().astype(int),
            "month": np.repeat(people["month"].to_numpy()[rows], width),
        }
    )


def _decide(draw: Draw, people: pd.DataFrame, passed: Mask, planted: Planted) -> None:
    """Columns `overridden`, `withdrew`, `stage` and `decision`."""
    count = len(people)
    asked = np.array([OPENINGS[j] for j in people["job"]]) + 3.2
    mean = people[[f"q_{q}" for q in QUESTIONS]].mean(axis=1).to_numpy()
    advised = passed & (np.nan_to_num(mean) >= asked)
    older = (people["age"] >= 40).to_numpy()
    chance = np.where(older, planted.older_override_rate, planted.override_rate)
    overridden = passed & (draw.random(count) < chance)
    hired = advised != overridden
    withdrew = passed & (draw.random(count) < 0.05)
    last = (people["month"] == PERIODS[-1]).to_numpy()
    pending = passed & ~withdrew & last & (draw.random(count) < 0.1)
    decision = np.where(hired, "Hired", "Rejected").astype(object)
    decision[withdrew] = "Withdrawn"
    decision[pending] = "Pending"
    people["overridden"] = np.where(overridden, "yes", "no")
    people["withdrew"] = np.where(withdrew, "yes", "no")
    people["stage"] = np.where(passed, np.where(advised, "Review", "Interview"), "Screen")
    people.loc[hired & ~advised, "stage"] = "Review"
    people["decision"] = decision


def _perform(draw: Draw, people: pd.DataFrame, ability: Floats) -> None:
    """Later performance of those hired, and of some of the others who worked on trial."""
    rating = 3.2 + 0.55 * ability + 0.6 * draw.standard_normal(len(people))
    known = (people["decision"] == "Hired") & (draw.random(len(people)) < 0.9)
    known |= draw.random(len(people)) < 0.08
    people["performance"] = np.where(known, np.round(np.clip(rating, 1, 5), 1), np.nan)


SPEC: dict[str, Any] = {
    "title": "Demonstration: a made-up hiring process with planted disparities",
    "candidate": "candidate",
    "outcome": {
        "column": "decision",
        "selected": ["Hired"],
        "not_selected": ["Rejected"],
        "ignore": ["Withdrawn", "Pending"],
    },
    "stage": {"column": "stage", "order": ["Screen", "Interview", "Review"]},
    "period": {"column": "month"},
    "job": "job",
    "mode": {
        "column": "mode",
        "ai_led": ["AI"],
        "ai_assisted": ["AI with recruiter"],
        "human_led": ["Recruiter"],
    },
    "coached": "coached",
    "opted_out": "opted_out",
    "withdrew": "withdrew",
    "overridden": "overridden",
    "flagged": "flagged",
    "label": {"column": "performance", "good_at_least": 3},
    "scores": [{"name": "score", "column": "score", "cut": CUT, "low": 0, "high": 100}],
    "items": {"columns": {q: f"q_{q}" for q in QUESTIONS}},
    "ratings": {
        "candidate": "candidate",
        "job": "job",
        "question": "question",
        "position": "position",
        "rubric": "rubric",
        "interviewer": "interviewer",
        "score": "score",
        "period": "month",
    },
    "features": [
        {
            "name": "sex",
            "column": "sex",
            "kind": "sex",
            "levels": {"Female": ["Female"], "Male": ["Male"]},
        },
        {
            "name": "race",
            "column": "race",
            "kind": "race_ethnicity",
            "levels": {race: [race] for race in RACES},
        },
        {"name": "age", "column": "age", "kind": "age", "age": {"given": "years"}},
    ],
    "seed": 7,
}
"""The specification of these tables."""
