"""Audits for tests of the fairness documents, and an independent reading of composed documents."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets.hiring import make_hiring
from fairness.audit import audit
from fairness.result import AuditResult
from fairness.spec import load_spec
from reports.canonical import canonical
from reports.document import model as m
from reports.document.check import inlines
from reports.document.draft import Issue
from reports.fairness_json import audit_document
from reports.packs.answers import Recorded
from tests.fairness import made_up, published_tables

Json = dict[str, Any]
MADE = "2025-01-01T00:00:00Z"
ISSUE = Issue(id="test", issued_at=MADE)
FORBIDDEN = ("compliant", "fair", "fake", "guilty", "bias-free", "deepfake")
HOSTILE = '<img src=x onerror="alert(1)">\N{RIGHT-TO-LEFT OVERRIDE}'
RACE_KIND = {"name": "race", "column": "race", "kind": "race_ethnicity"}
SEX_KIND = {"name": "sex", "column": "sex", "kind": "sex"}
SCORE = {"name": "score", "column": "score", "cut": 50}
Cell = tuple[str, str, int, int]
"""Sex, race (empty: unknown), persons, of these selected."""


def plain(result: AuditResult) -> Json:
    """An audit as audit.json has it."""
    made: Json = json.loads(canonical(audit_document(result, MADE)))
    return made


def persons(cells: Sequence[Cell], **columns: Sequence[str]) -> pd.DataFrame:
    """One row for each person of these cells."""
    rows = [
        (sex or None, race or None, str(int(k < selected)))
        for sex, race, count, selected in cells
        for k in range(count)
    ]
    frame = pd.DataFrame(rows, columns=["sex", "race", "out"])
    return frame.assign(**columns)


def of_cells(cells: Sequence[Cell], frame: pd.DataFrame | None = None, **changes: Any) -> Json:
    """The audit of these cells by sex, by race and by both."""
    fields = {
        "outcome": {"column": "out", "selected": ["1"], "not_selected": ["0"]},
        "features": [SEX_KIND, RACE_KIND],
        "replicates": 50,
        **changes,
    }
    spec = load_spec({k: v for k, v in fields.items() if v is not None})
    return plain(audit(persons(cells) if frame is None else frame, spec))


def dcwp_cells() -> list[Cell]:
    """The intersectional counts of the rule's own example, and its 250 of unknown category."""
    cells: list[Cell] = []
    for line in published_tables.DCWP_SELECTION.splitlines():
        fields = line.split(",")
        if fields[0] == "Intersectional":
            sex, _, race = fields[1].partition(" ")
            cells.append((sex, race, int(fields[2]), int(fields[3])))
    return [*cells, ("", "", 250, 100)]


@cache
def whole() -> Json:
    """Every part but alternatives."""
    return plain(made_up.whole())


@cache
def small() -> Json:
    """With suppression."""
    with tempfile.TemporaryDirectory() as folder:
        made = make_hiring(Path(folder), count=700, seed=made_up.SEED)
        rules = made_up.spec(suppression={"below": 8}, ratings=None, replicates=50)
        return plain(audit(made.candidates, rules))


@cache
def one_of_each() -> Json:
    """The audit with one entry of each part, so that it composes quickly."""
    made = copy.deepcopy(whole())
    made["tables"] = made["tables"][:2]
    kept = [f for f in made["findings"] if f["part"] == "tables" and f["table"] < 2]
    made["findings"] = kept
    for part, held in made.items():
        if isinstance(held, list) and part not in ("tables", "findings", "features", "notes"):
            made[part] = held[:1]
    return made


@cache
def dcwp() -> Json:
    """The rule's example."""
    return of_cells(dcwp_cells())


@cache
def nobody() -> Json:
    """Nobody selected."""
    return of_cells([("Female", "Asian", 20, 0), ("Male", "White", 30, 0)])


@cache
def alone() -> Json:
    """One group."""
    return of_cells([("Female", "Asian", 7, 4)], features=[SEX_KIND])


@cache
def hostile() -> Json:
    """Names that are markup, very long, and from right to left; one selected everybody."""
    names = (HOSTILE, "M.1~2/", "ع" * 40, "W" * 40)
    cells = [(name, "", 40, 10 * n) for n, name in enumerate(names, 1)]
    return of_cells(cells, features=[SEX_KIND], title=f"{HOSTILE} & co")


@cache
def four_fifths() -> Json:
    """Exactly four fifths, and one person under it."""
    cells = [("a", "", 100_000, 100_000), ("b", "", 100_000, 79_999), ("c", "", 100, 80)]
    return of_cells(cells, features=[SEX_KIND])


@cache
def ties() -> Json:
    """All have one score."""
    frame = persons([("Female", "Asian", 30, 10), ("Male", "White", 40, 20)]).assign(score=50)
    return of_cells([], frame, scores=[SCORE])


@cache
def many_groups() -> Json:
    """Two hundred groups of one feature, each with a long name."""
    draw = np.random.default_rng(3)
    cells = [
        (f"group {n:03d} with a name of forty letters", "", 60, int(draw.binomial(60, 0.3)))
        for n in range(200)
    ]
    return of_cells(cells, features=[SEX_KIND])


@cache
def many_features() -> Json:
    """Forty features, each with the tables, scores and findings of one; the eighth is adverse."""
    frame = persons([("Female", "", 150, 60), ("Male", "", 150, 70)]).assign(score=range(300))
    one = of_cells([], frame, features=[SEX_KIND], scores=[SCORE])
    worst = of_cells([("Female", "", 500, 100), ("Male", "", 500, 300)], features=[SEX_KIND])
    made: Json = {**one, **{part: [] for part in _REPEATED}}
    for n in range(40):
        for part in _REPEATED:
            source = worst if n == 7 and worst[part] else one
            made[part] += [
                _renamed(entry, f"f{n}", n, len(one["tables"])) for entry in source[part]
            ]
        if n == 7:
            made["tables"] += [_renamed(one["tables"][-1], f"f{n}", n, len(one["tables"]))]
    return made


_REPEATED = ("features", "tables", "findings", "distributions", "distances", "sweeps")


def _renamed(entry: Json, name: str, n: int, tables: int) -> Json:
    made = {**entry}
    if "features" in entry:
        made["features"] = [name]
    else:
        made["name"] = name
    if "title" in entry:
        made["title"] = entry["title"].replace("sex", name)
    if "table" in entry:
        made["table"] = entry["table"] + n * tables
    return made


CASES: tuple[Callable[[], Json], ...] = (
    *(whole, small, dcwp, nobody, alone, hostile, four_fifths, ties, many_groups),
    many_features,
)


def recorded(**values: Any) -> dict[str, Recorded]:
    """What a person recorded; members of `ll144.` with `__` for dots."""
    return {
        f"ll144.{name.replace('__', '.')}": Recorded(
            value=value, by="Jane Doe", on=date(2025, 3, 1)
        )
        for name, value in values.items()
    }


ALL_RECORDED = {
    "distribution_date": "2024-01-15",
    "source_of_data": "The applicant tracking system of this employer",
    "explanation_of_data": "Everybody who applied for the job",
    "data_kind": "historical",
}


def text(inline: m.Inline) -> str:
    """A sentence as it is read."""
    return "".join(piece if isinstance(piece, str) else piece.text for piece in inline)


def said(document: m.Document) -> list[str]:
    """Every sentence of a document."""
    return [text(inline) for inline in inlines(document)]


def values(document: m.Document) -> Iterator[m.Shown]:
    """Every value in a sentence or a key figure."""
    for inline in inlines(document):
        yield from (piece for piece in inline if isinstance(piece, m.Shown))
    for block in document.blocks:
        if isinstance(block, m.Figures):
            yield from (item.value for item in block.items)


def block(document: m.Document, name: str) -> Any:
    """The block of that id."""
    return next(b for b in document.blocks if getattr(b, "id", None) == name)


def read_again(data: Json, row: Json, path: str) -> Any:
    """A member as it stands in the audit; null over null, the two ends of an interval."""
    steps = row["at"].split("/")[1:]
    path = path.replace("{n}", str(row["n"]))
    while path.startswith("../"):
        steps, path = steps[:-1], path[3:]
    value: Any = data
    for step in [*steps, *(path.split("/") if path else [])]:
        if step == "" or value is None:
            continue
        key = step.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    if isinstance(value, dict):
        return [value["low"], value["high"]]
    ended = path.rpartition("/")[2]
    ends = ended.endswith("interval") or ended in ("rate_exact", "rate_bootstrap")
    ends = ends or ended in ("ratio_katz", "ratio_bootstrap")
    return [None, None] if value is None and ends else value
