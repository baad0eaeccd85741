"""Names and words of usual exports, read from `fairness/presets/*.yaml`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from fairness.spec import parse_yaml


@dataclass(frozen=True, slots=True)
class Preset:
    """A format family; what it does not say, the general one does.

    Attributes:
        columns: patterns of column names by role, likeliest first. lists: words by what they mean.
        stages: usual stages in order.
    """

    name: str
    title: str
    own_columns: dict[str, list[str]]
    columns: dict[str, list[str]]
    lists: dict[str, Any]
    stages: tuple[str, ...]

    def matches(self, names: Sequence[str]) -> int:
        """How many columns have a name of this family itself."""
        folded = [fold_name(n) for n in names]
        tests = [compiled(p) for each in self.own_columns.values() for p in each]
        return sum(any(t.fullmatch(n) for t in tests) for n in folded) if self.own_columns else 2

    def patterns(self, role: str) -> list[re.Pattern[str]]:
        """Tests for names of columns with a role, likeliest first."""
        return [compiled(p) for p in self.columns.get(role, [])]

    def words(self, name: str) -> list[str]:
        """Words of one meaning."""
        return list(self.lists.get(name, []))

    def levels(self, name: str) -> dict[str, list[str]]:
        """Words by level."""
        return {level: list(words) for level, words in self.lists.get(name, {}).items()}


@cache
def presets() -> tuple[Preset, ...]:
    """All presets, the general one among them."""
    folder = resources.files("fairness") / "presets"
    raw = {
        file.name.removesuffix(".yaml"): parse_yaml(file.read_text("utf-8"), file.name)
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    }
    general = raw["general"]
    return tuple(_preset(name, raw[name], general) for name in sorted(raw))


def _preset(name: str, own: Any, general: Any) -> Preset:
    roles = [*general["columns"], *(r for r in own["columns"] if r not in general["columns"])]
    columns = {r: _joined(own["columns"].get(r, []), general["columns"].get(r, [])) for r in roles}
    lists = dict(general["words"])
    if own is not general:
        for key, words in own.get("words", {}).items():
            # A word that a family uses differently leaves the general list of another meaning.
            for other in ("selected", "not_selected", "ignore"):
                if other != key:
                    lists[other] = [w for w in lists[other] if w not in words]
            lists[key] = _joined(words, lists.get(key, []))
    specific = {} if own is general else own["columns"]
    return Preset(name, own["title"], specific, columns, lists, tuple(own.get("stages", ())))


def _joined(first: Sequence[str], then: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*first, *then]))


def fold_name(name: str) -> str:
    """A column's name for matching: words in lower case, one blank between."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[^0-9A-Za-z]+", " ", spaced).lower().split())


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of a preset: * stands for anything."""
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
