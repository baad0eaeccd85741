"""The results that an LL144 summary shows: which tables of an audit, and nothing else of it.

A summary is public. It holds the counts, rates and ratios of its three tables and what they were
counted from; tests, classes and all other parts of the audit stay with whoever has the audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from audit.errors import DataInvalid
from fairness.published_categories import RACES, SEXES, race_of, sex_of

Json = dict[str, Any]
MOST_EXCLUDED_SHARE = 0.02
"""A category of this share of the data or more may not be left out of the ratios: 5-301(d)."""
_KINDS = ("sex", "race_ethnicity")
_ROW = ("group", "standing", "assessed", "selected", "share", "withheld")
_TABLE = (
    *("id", "title", "features", "basis", "score", "median", "reference", "tied"),
    *("assessed", "selected", "unknown_assessed", "unknown_selected"),
)
_SETTINGS = ("exclude_under_share", "exclude_justification", "median_over")


class Tables(NamedTuple):
    """One set of results: the places in the audit's tables of its three tables; None: missing."""

    basis: str
    score: str
    sex: int | None
    race: int | None
    crossed: int | None

    @property
    def places(self) -> tuple[tuple[str, int], ...]:
        """The tables that are there, by what they are by."""
        named = (("sex", self.sex), ("race", self.race), ("crossed", self.crossed))
        return tuple((name, n) for name, n in named if n is not None)


def features(audit: Mapping[str, Any]) -> dict[str, Json]:
    """The features that the rule asks for, by kind: `sex` and `race_ethnicity`.

    Raises:
        DataInvalid: one of them is imputed or inferred; FAQ III.6 rules that out.
    """
    found: dict[str, Json] = {}
    for feature in audit["features"]:
        if feature["kind"] not in _KINDS or feature["kind"] in found:
            continue
        if feature["provenance"] == "imputed":
            raise DataInvalid(
                f"{feature['name']!r} is imputed or inferred. A bias audit under Local Law 144 may "
                "rest on self-reported or recorded demographics only (FAQ III.6): audit the "
                "persons who reported theirs, and count the others as unknown."
            )
        found[feature["kind"]] = feature
    return found


def results(audit: Mapping[str, Any], bases: tuple[str, ...] = ()) -> list[Tables]:
    """The sets of results: one per class and score of the tool, or selection where it gives none.

    `bases`: measures to take instead, as `selection`, `class:top` or `scoring:score`.

    Raises:
        DataInvalid: demographics are imputed; a category too large to be left out is left out;
            `bases` names a measure that the audit does not have.
    """
    names = {kind: feature["name"] for kind, feature in features(audit).items()}
    found: dict[tuple[str, str], dict[str, int]] = {}
    for n, table in enumerate(audit["tables"]):
        by = _by(table["features"], names)
        if by and not table["basis"].startswith("stage:"):
            found.setdefault((table["basis"], table["score"] or ""), {}).setdefault(by, n)
    made = [
        Tables(basis, score, held.get("sex"), held.get("race"), held.get("crossed"))
        for (basis, score), held in found.items()
    ]
    chosen = _chosen(made, bases)
    for one in chosen:
        for _, n in one.places:
            _not_too_large(audit["tables"][n])
    return chosen


def _chosen(made: list[Tables], bases: tuple[str, ...]) -> list[Tables]:
    if not bases:
        return [t for t in made if t.basis != "selection"] or made
    known = {f"{t.basis}:{t.score}" if t.score else t.basis: t for t in made}
    for name in bases:
        if name not in known:
            raise DataInvalid(
                f"the audit has no results called {name!r} by sex or race/ethnicity; it has: "
                f"{', '.join(known) or 'none'}"
            )
    return [known[name] for name in bases]


def _by(of_table: list[str], names: Mapping[str, str]) -> str:
    """What a table is by: sex, race, or both crossed; empty where it is by anything else."""
    by = set(names.values())
    if len(of_table) == 1 and of_table[0] in by:
        return "sex" if of_table[0] == names.get("sex") else "race"
    return "crossed" if len(by) == 2 == len(of_table) and set(of_table) == by else ""


def _not_too_large(table: Mapping[str, Any]) -> None:
    for row in table["rows"]:
        share = row["share"]
        if row["standing"] == "excluded" and share is not None and share >= MOST_EXCLUDED_SHARE:
            raise DataInvalid(
                f"{' / '.join(row['group'])} is excluded from the ratios of {table['id']!r} with "
                f"{share:.2%} of the persons. Local Law 144 lets only categories under 2 % be "
                "excluded (6 RCNY 5-301(d)): audit again with exclude_under_share at most 0.02."
            )


def public(audit: Mapping[str, Any], sets: list[Tables]) -> Json:
    """What of an audit its public summary holds; members have their names and places there."""
    kept = [n for one in sets for _, n in one.places]
    periods: list[str] = next((d["periods"] for d in audit["drift"] if d["periods"]), [])
    return {
        "kind": audit["kind"],
        "schema_version": audit["schema_version"],
        "software": {name: audit["software"][name] for name in ("name", "version")},
        "data": {name: audit["data"][name] for name in ("label", "persons", "decided")},
        "settings": {name: audit["settings"][name] for name in _SETTINGS},
        "features": [f for f in audit["features"] if f["name"] in _named(features(audit))],
        "tables": [_table(audit["tables"][n]) for n in kept],
        "drift": [{"periods": periods}] if periods else [],
        "run": audit["run"],
    }


def _named(known: Mapping[str, Json]) -> set[str]:
    return {feature["name"] for feature in known.values()}


def _table(table: Mapping[str, Any]) -> Json:
    return {**{name: table[name] for name in _TABLE}, "rows": [_row(r) for r in table["rows"]]}


def _row(row: Mapping[str, Any]) -> Json:
    ratio = row["comparison"] and {"ratio": {"value": row["comparison"]["ratio"]["value"]}}
    kept = {name: row[name] for name in _ROW}
    return {**kept, "rate": {"value": row["rate"]["value"]}, "comparison": ratio}


def absent(audit: Mapping[str, Any]) -> dict[str, list[str]]:
    """Categories of the EEO-1 form that the data do not have, and levels that are none of them."""
    known = features(audit)
    lacking: list[str] = []
    beyond: list[str] = []
    for kind, expected, read in (
        ("sex", SEXES, sex_of),
        ("race_ethnicity", RACES, race_of),
    ):
        levels = [level["name"] for level in known[kind]["levels"]] if kind in known else []
        named = [read(level) for level in levels]
        lacking += [each for each in expected if levels and each not in named]
        beyond += [x for x, name in zip(levels, named, strict=True) if name not in expected]
    return {"lacking": lacking, "beyond": beyond}
