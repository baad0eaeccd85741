"""What a scorecard's document shows: rows of scorecard.json, those that belong together apart.

`card` is scorecard.json as plain JSON (`docs/scorecard/scorecard.schema.json`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

_MOST_GROUPS = 60


def facts(card: Json) -> dict[str, Any]:
    """The data of the document: the card's own members, and each detector's rows."""
    whole = {name: value for name, value in card.items() if name != "detectors"}
    detectors = [detector_facts(each) for each in card["detectors"]]
    worst = _worst(detectors)
    return {
        "card": whole,
        "detectors": detectors,
        "count": len(detectors),
        "worst_attacks": worst,
        "worst_attack": worst[0] if worst else None,
        "worst_flags": _flags(detectors),
        "above": sum(row["above_limit"] is True for each in detectors for row in each["bona_fide"]),
        "sets": sum(row["bpcer"]["of"] > 0 for each in detectors for row in each["bona_fide"]),
    }


def detector_facts(detector: Json) -> dict[str, Any]:
    """One detector: what it was trained on stands apart from what it had not seen."""
    likelihood = detector["likelihood"]
    return {
        "name": detector["name"],
        "trials": detector["trials"],
        "overall": detector["overall"],
        "held_out": _not(detector["attacks"], "yes"),
        "trained_on": _only(detector["attacks"], "yes"),
        "species": _not(detector["species"], "yes"),
        "bona_fide": [_bare(row) for row in detector["bona_fide"]],
        "discrimination": [_split(row) for row in detector["discrimination"]],
        "likelihood": likelihood,
        "tippett": [] if likelihood is None else _tippett(likelihood["tippett"]),
        "cross_entropy": [] if likelihood is None else _entropy(likelihood["cross_entropy"]),
        "reliability": [] if likelihood is None else likelihood["reliability"],
        "abstention": [_bare(row) for row in detector["abstention"] if row["count"]],
        "groups": detector["groups"][:_MOST_GROUPS],
        "cost": detector["cost"],
        "missing": detector["missing"],
    }


def _not(rows: Sequence[Json], seen: str) -> list[Json]:
    return [_bare(row) for row in rows if row["trained_on"] != seen]


def _only(rows: Sequence[Json], seen: str) -> list[Json]:
    return [_bare(row) for row in rows if row["trained_on"] == seen]


def _bare(row: Json) -> dict[str, Any]:
    """A row with null for empty texts, so that tables leave out columns that say nothing."""
    return {name: None if value == "" else value for name, value in row.items()}


def _split(row: Json) -> dict[str, Any]:
    """A row of figures that may not be there, with their values and intervals beside the rest."""
    made = _bare(row)
    for name in ("auc", "eer"):
        figure = made.pop(name)
        made[name] = None if figure is None else figure["value"]
        made[f"{name}_interval"] = None if figure is None else figure["interval"]
    return made


def _worst(detectors: Sequence[Json]) -> list[dict[str, Any]]:
    """The worst species of each detector that was not trained on it; the worst detector first."""
    found = [
        {"detector": each["name"], **each["species"][0]} for each in detectors if each["species"]
    ]
    return sorted(found, key=lambda row: (-row["apcer_strict"]["value"], row["detector"]))


def _flags(detectors: Sequence[Json]) -> list[dict[str, Any]]:
    """The corpus and condition that each detector flags most; the highest rate first."""
    found = []
    for each in detectors:
        rows = [row for row in each["bona_fide"] if row["bpcer"]["value"] is not None]
        if rows:
            found.append({"detector": each["name"], **rows[0]})
    return sorted(found, key=lambda row: (-row["bpcer"]["value"], row["detector"]))


def _tippett(rows: Sequence[Json]) -> list[dict[str, Any]]:
    return [
        {"log10_lr": row["log10_lr"], "kind": kind, "share": row[kind]}
        for kind in ("attacks", "bona_fide")
        for row in rows
    ]


def _entropy(rows: Sequence[Json]) -> list[dict[str, Any]]:
    return [
        {"log10_odds": row["log10_odds"], "which": which, "bits": row[which]}
        for which in ("as_given", "recalibrated", "without")
        for row in rows
    ]
