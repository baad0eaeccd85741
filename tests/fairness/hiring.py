"""A small made-up hiring table, its specification, and counts of it in plain Python."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from fairness.spec import AuditSpec, load_spec

Row = Mapping[str, Any]

SPEC: dict[str, Any] = {
    "candidate": "id",
    "outcome": {
        "column": "decision",
        "selected": ["Hired"],
        "not_selected": ["Rejected"],
        "ignore": ["Pending"],
    },
    "job": "job",
    "period": {"column": "applied", "grain": "month"},
    "mode": {"column": "led", "ai_led": ["bot"], "human_led": ["person"]},
    "coached": "coached",
    "withdrew": {"column": "withdrew", "missing": "no"},
    "label": {"column": "rating", "good_at_least": 3},
    "scores": [{"name": "fit", "column": "fit", "cut": 50}],
    "features": [
        {
            "name": "sex",
            "column": "sex",
            "kind": "sex",
            "levels": {"Female": ["F", "female"], "Male": ["M"]},
        },
        {"name": "race", "column": "race", "kind": "race_ethnicity"},
        {"name": "age", "column": "age", "kind": "age", "age": {"given": "years"}},
    ],
}


def spec(**changes: Any) -> AuditSpec:
    """The specification with some fields changed; None removes one."""
    fields = {**SPEC, **changes}
    return load_spec({k: v for k, v in fields.items() if v is not None})


def people(count: int, seed: int = 0, *, decimals: int = 0) -> pd.DataFrame:
    """That many applications; scores 0..100 with the given number of decimals."""
    draw = random.Random(seed)
    rows = []
    for i in range(count):
        rows.append(
            {
                "id": f"c{seed}-{i}",
                "decision": draw.choice(["Hired", "Rejected", "Rejected", "Pending"]),
                "job": draw.choice(["Clerk", "Cook", None]),
                "applied": f"2025-{draw.randint(1, 3):02d}-{draw.randint(1, 28):02d}",
                "led": draw.choice(["bot", "person"]),
                "coached": draw.choice(["yes", "no", ""]),
                "withdrew": draw.choice(["yes", None]),
                "rating": draw.choice([None, 1, 2, 3, 4.5]),
                "fit": draw.choice([None, *[round(draw.random() * 100, decimals)] * 9]),
                "sex": draw.choice(["F", "female ", "M", "", "unknown"]),
                "race": draw.choice(["Asian", "White", "Black", "Unknown"]),
                "age": draw.choice([None, *range(18, 70)]),
            }
        )
    columns = list(rows[0]) if rows else []
    return pd.DataFrame(rows, columns=columns).astype({"rating": float, "fit": float, "age": float})


def sex(row: Row) -> str | None:
    """The level of a row's sex."""
    return {"f": "Female", "female": "Female", "m": "Male"}.get(str(row["sex"]).strip().lower())


def race(row: Row) -> str | None:
    """The level of a row's race."""
    return None if row["race"] == "Unknown" else str(row["race"])


def age(row: Row) -> str | None:
    """The level of a row's age."""
    if pd.isna(row["age"]):
        return None
    return "40 and over" if row["age"] >= 40 else "Under 40"


LEVELS: dict[str, Callable[[Row], str | None]] = {"sex": sex, "race": race, "age": age}


def tally(
    frame: pd.DataFrame, features: tuple[str, ...], counts: Callable[[Row], bool]
) -> dict[tuple[str | None, ...], int]:
    """How many rows of each group satisfy a test."""
    found: dict[tuple[str | None, ...], int] = {}
    for _, row in frame.iterrows():
        group = tuple(LEVELS[f](row) for f in features)
        if counts(row):
            found[group] = found.get(group, 0) + 1
    return found
