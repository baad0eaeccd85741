"""The specification of an audit over outcomes that the service keeps: its columns are known.

Nothing of it is guessed but the order of stages, which is that in which candidates went through
them; whoever knows better gives a specification.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audit.errors import DataInvalid

_MODES = ("ai_led", "ai_assisted", "human_led", "hybrid")
_KINDS = {"sex": "sex", "race_ethnicity": "race_ethnicity", "age_40_plus": "age"} | {
    name: name for name in ("disability", "veteran")
}
_YES_NO = {
    "age_40_plus": {"40 and over": ["yes"], "Under 40": ["no"]},
    "disability": {"Yes": ["yes"], "No": ["no"]},
    "veteran": {"Yes": ["yes"], "No": ["no"]},
}
_FLAGS = ("coached", "overridden", "opted_out")
_LL144 = "US-NY-NYC"
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the table.

    Attributes:
        filled: columns that have a value in some row.
        reported: columns of self-reported demographics that have one.
        scores: names of scores; the columns are `score:<name>`.
        stages: first to last.
        several_quarters: whether applications began in more than one.
        places: jurisdictions of the systems.
    """

    title: str
    filled: frozenset[str]
    reported: tuple[str, ...]
    scores: tuple[str, ...]
    stages: tuple[str, ...]
    several_quarters: bool = False
    places: frozenset[str] = frozenset()


def spec_of_outcomes(facts: Facts) -> dict[str, Any]:
    """The specification, as `load_spec` reads it.

    Raises:
        DataInvalid: nobody reported anything of themselves, so that there are no groups.
    """
    if not facts.reported:
        raise DataInvalid(
            "No self-reported demographics are stored for these candidates, so that there are no "
            "groups to compare. Store them first, or upload a table that has them."
        )
    return {
        "version": 1,
        "title": facts.title,
        "candidate": "candidate",
        "outcome": {
            "column": "outcome",
            "selected": ["advanced", "hired"],
            "not_selected": ["rejected"],
            "ignore": ["withdrawn", "on_hold"],
        },
        "features": _features(facts.reported),
        "provenance": "self_reported",
        **{name: name for name in ("job", "location", "interviewer") if name in facts.filled},
        **{name: {"column": name} for name in _FLAGS if name in facts.filled},
        **_axes(facts),
        "scores": _scores(facts.scores),
        "rule_packs": ["ll144"] if any(p.startswith(_LL144) for p in facts.places) else [],
    }


def _axes(facts: Facts) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "mode" in facts.filled:
        found["mode"] = {"column": "mode", **{mode: [mode] for mode in _MODES}}
    if len(facts.stages) > 1:
        order = [{"name": stage or "(none)", "words": [stage]} for stage in facts.stages]
        found["stage"] = {"column": "stage", "order": order, "layout": "row_per_stage"}
    if facts.several_quarters:
        found["period"] = {"column": "first_on", "grain": "quarter"}
    return found


def _scores(scores: Sequence[str]) -> list[dict[str, Any]]:
    named = zip(_names(scores), scores, strict=True)
    return [{"name": name, "column": f"score:{score}"} for name, score in named]


def _features(columns: Sequence[str]) -> list[dict[str, Any]]:
    named = zip(_names([c.replace("other:", "other_") for c in columns]), columns, strict=True)
    return [_feature(name, column) for name, column in named]


def _feature(name: str, column: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "column": column,
        "kind": _KINDS.get(column, "other"),
        "unknown": ["declined"],
    }
    if column in _YES_NO:
        made["levels"] = _YES_NO[column]
    return made


def _names(given: Sequence[str]) -> list[str]:
    """Names as a specification has them, each once."""
    found: list[str] = []
    for text in given:
        plain = re.sub(r"[^A-Za-z0-9_]", "_", text)[: _LONGEST_NAME - 4]
        name = plain if plain[:1].isalpha() else f"s_{plain}"
        unique, number = name, 2
        while unique.lower() in {each.lower() for each in found}:
            unique, number = f"{name}_{number}", number + 1
        found.append(unique)
    return found
