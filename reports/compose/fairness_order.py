"""What of an audit tells most: findings in order, and the tables and parts that they are from.

The order: by class; then who was selected before scores, stages, classes and events; then single
features before crossed ones; then by how far the lower rate lies under the higher one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CLASSES = (
    "adverse",
    "significant_above_four_fifths",
    "small_numbers",
    "undetectable",
    "no_indication",
)
"""Classes of findings, the most telling first."""
LOUD = CLASSES[:3]
"""Classes whose findings a reader has to see."""
_BASES = ("selection", "scoring", "class", "stage", "event")

Finding = Mapping[str, Any]


def basis_of(entry: Finding) -> str:
    """What a rate is a rate of: `selection`, `scoring`, `class`, `stage` or `event`."""
    return str(entry["basis"]).partition(":")[0]


def name_of(entry: Finding) -> str:
    """The score, class, stage or event that the rate is of; empty for selection."""
    return str(entry.get("score") or "") or str(entry["basis"]).partition(":")[2]


def distance(finding: Finding) -> float:
    """The lower rate as a share of the higher one, 0 to 1; 1 where there is no ratio."""
    ratio = finding["ratio"]["value"]
    if ratio is None:
        return 1.0
    return float(min(ratio, 1 / ratio)) if ratio > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Order:
    """`findings`: positions in the audit's findings, the most telling first."""

    audit: Mapping[str, Any]
    findings: tuple[int, ...]

    @classmethod
    def of(cls, audit: Mapping[str, Any]) -> Order:
        """The order of an audit."""
        found: Sequence[Finding] = audit["findings"]

        def key(n: int) -> tuple[int, int, int, float, int]:
            one = found[n]
            return (
                CLASSES.index(one["finding"]),
                _BASES.index(basis_of(one)),
                len(one["features"]),
                distance(one),
                n,
            )

        return cls(audit, tuple(sorted(range(len(found)), key=key)))

    def of_class(self, name: str) -> list[int]:
        """Findings of one class."""
        return [n for n in self.findings if self.audit["findings"][n]["finding"] == name]

    def tables(self, wanted: Callable[[Finding], bool], limit: int) -> list[int]:
        """Positions of the impact tables to show, in the order of the audit."""
        places = [n for n, table in enumerate(self.audit["tables"]) if wanted(table)]
        ranks = {(f["part"], f["table"]): r for r, f in self._ranked()}
        return _best(places, lambda n: ranks.get(("tables", n)), limit)

    def parts(self, part: str, limit: int) -> list[int]:
        """Positions of a part's entries to show, in the order of the audit."""
        ranks = {tuple(f["features"]): r for r, f in self._ranked()}
        entries = self.audit[part]
        places = list(range(len(entries)))
        return _best(places, lambda n: ranks.get(tuple(entries[n]["features"])), limit)

    def _ranked(self) -> list[tuple[int, Finding]]:
        """Findings from the last to the most telling, so that a mapping keeps the best rank."""
        ranked = [(r, self.audit["findings"][n]) for r, n in enumerate(self.findings)]
        return ranked[::-1]


def _best(places: list[int], rank: Callable[[int], int | None], limit: int) -> list[int]:
    def key(n: int) -> tuple[int, int]:
        found = rank(n)
        return (len(places) + 10**9 if found is None else found, n)

    return sorted(sorted(places, key=key)[:limit])
