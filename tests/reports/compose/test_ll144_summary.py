"""The LL144 summary: every required field, nothing that the rule rules out, nothing filled in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.errors import DataInvalid
from reports.compose.ll144_summary import compose, is_ready
from reports.document import model as m
from reports.document.check import faults
from reports.document.pointers import resolve
from reports.document.values import write
from reports.packs.shelf import pack
from tests.reports.compose import fairness_material as material
from tests.reports.compose.fairness_material import (
    ALL_RECORDED,
    ISSUE,
    Json,
    block,
    of_cells,
    recorded,
    said,
)

READY = recorded(**ALL_RECORDED)


@pytest.fixture(scope="module")
def dcwp() -> m.Document:
    return compose(material.dcwp(), READY, ISSUE)


def rows(document: m.Document, name: str) -> dict[str, Json]:
    table = block(document, name)
    return {" ".join(row["group"]): row for row in resolve(document.data, table.rows)}


def shown(document: m.Document, name: str, group: str) -> list[str]:
    table = block(document, name)
    return [write(rows(document, name)[group][c.at[1:]], c.show) for c in table.columns]


def fields(document: m.Document) -> dict[str, m.PackField]:
    return {f.id: f for f in block(document, "about").items}


@pytest.mark.parametrize("made", material.CASES, ids=lambda made: made.__name__)
def test_every_audit_composes_without_a_fault(made: Any) -> None:
    for given in ({}, READY):
        assert faults(compose(made(), given, ISSUE)) == []


def test_the_rules_own_example(dcwp: m.Document) -> None:
    assert is_ready(dcwp)
    assert shown(dcwp, "results-0-sex-table", "Male") == ["Male", "1,390", "667", "48.0%", "1.000"]
    assert shown(dcwp, "results-0-sex-table", "Female")[1:] == ["1,181", "555", "47.0%", "0.979"]
    crossed = rows(dcwp, "results-0-crossed-table")
    assert len(crossed) == 14
    small = shown(dcwp, "results-0-crossed-table", "Female Native American or Alaska Native")
    assert small[1:] == ["17", "7", "41.2%", "0.789"]
    black = shown(dcwp, "results-0-race-table", "Black or African American")
    assert black[1:] == ["390", "170", "43.6%", "0.843"]
    for name in ("sex", "race", "crossed"):
        ratios = [row["ratio"] for row in rows(dcwp, f"results-0-{name}-table").values()]
        assert max(ratios) == 1.0
    unknown = resolve(dcwp.data, "/shown/unknown/rows")
    assert [row["unknown"] for row in unknown] == [250, 250, 250]
    assert sum("Data on 250 further persons" in line for line in said(dcwp)) == 3


def test_required_fields_are_there_and_say_who_recorded_them(dcwp: m.Document) -> None:
    found = fields(dcwp)
    needed = {f.id for f in pack("ll144").required("ll144_summary")}
    in_tables = {"n_unknown", "n_applicants", "selection_rate", "impact_ratio"}
    in_tables |= {"excluded_categories", "justification", "explanation_of_data.limits"}
    in_tables |= {"why_not_historical", "how_generated_obtained"}
    assert needed - {f"ll144.{name}" for name in in_tables} <= set(found)
    assert all(f.answered != "open" for f in found.values())
    day = found["ll144.distribution_date"]
    assert material.text(day.answer) == "15 January 2024"
    assert material.text(day.by) == "Jane Doe, 1 March 2025"
    assert material.text(found["ll144.date_of_audit"].answer) == "1 January 2025"
    assert dcwp.packs[0].id == "ll144"


def test_what_is_missing_is_open_and_the_summary_says_that_it_is_not_ready() -> None:
    document = compose(material.dcwp(), {}, ISSUE)
    assert not is_ready(document)
    first = document.blocks[0]
    assert isinstance(first, m.Notice) and first.tone == "attention"
    assert "not ready to post" in material.text(first.title)
    found = fields(document)
    for name in ALL_RECORDED:
        assert found[f"ll144.{name}"].answered == "open"
        assert found[f"ll144.{name}"].open_reason
        assert not found[f"ll144.{name}"].answer
    for name in ALL_RECORDED:
        one = {k: v for k, v in READY.items() if k != f"ll144.{name}"}
        assert compose(material.dcwp(), one, ISSUE).data["shown"]["open"] == [f"ll144.{name}"]


def test_test_data_ask_for_their_own_fields() -> None:
    given = recorded(**{**ALL_RECORDED, "data_kind": "test"})
    document = compose(material.dcwp(), given, ISSUE)
    wanted = ["ll144.why_not_historical", "ll144.how_generated_obtained"]
    assert document.data["shown"]["open"] == wanted
    more = recorded(why_not_historical="Too few applied", how_generated_obtained="From a vendor")
    assert is_ready(compose(material.dcwp(), {**given, **more}, ISSUE))


def test_imputed_demographics_are_refused() -> None:
    imputed = {**material.SEX_KIND, "provenance": "imputed"}
    audit = of_cells(material.dcwp_cells(), features=[imputed, material.RACE_KIND])
    with pytest.raises(DataInvalid, match="imputed or inferred"):
        compose(audit, READY, ISSUE)


CELLS = [
    *(("Male", "White", 500, 300), ("Female", "White", 480, 270)),
    *(("Male", "Asian", 5, 5), ("Female", "Asian", 6, 1)),
]


def test_excluded_categories_have_a_rate_no_ratio_and_set_no_denominator() -> None:
    rules = {"exclude_under_share": 0.02, "exclude_justification": "Too few to say anything."}
    document = compose(of_cells(CELLS, **rules), READY, ISSUE)
    assert is_ready(document)
    race = rows(document, "results-0-race-table")
    assert race["Asian"]["ratio"] is None and race["Asian"]["rate"] is not None
    assert race["White"]["ratio"] == 1.0
    listed = resolve(document.data, "/shown/excluded-categories/rows")
    assert {" ".join(row["group"]) for row in listed} == {"Asian", "Male Asian", "Female Asian"}
    assert any("Too few to say anything." in line for line in said(document))
    large = {**rules, "exclude_under_share": 0.6}
    with pytest.raises(DataInvalid, match="under 2 %"):
        compose(of_cells(CELLS, **large), READY, ISSUE)


def test_each_class_and_each_score_has_its_own_three_tables() -> None:
    frame = material.persons(CELLS)
    frame["tier"] = ["top", "middle", "bottom"] * (len(frame) // 3) + ["top"] * (len(frame) % 3)
    document = compose(of_cells([], frame, classes="tier"), READY, ISSUE)
    names = [b.id for b in document.blocks if isinstance(b, m.Table) and b.id.endswith("-table")]
    assert len(names) == 9
    frame = frame.assign(one=range(len(frame)), two=[k % 7 for k in range(len(frame))])
    scores = [{"name": name, "column": name} for name in ("one", "two")]
    audit = of_cells([], frame.drop(columns="tier"), scores=scores)
    document = compose(audit, READY, ISSUE)
    assert sum(isinstance(b, m.Table) and b.id.endswith("-table") for b in document.blocks) == 6
    lines = " ".join(said(document))
    assert "The median of the full sample (991 persons) is 495." in lines
    assert "have exactly that score and count as not above it" in lines
    chosen = compose(audit, READY, ISSUE, bases=("selection",))
    assert len([b for b in chosen.blocks if isinstance(b, m.Table) and "results-" in b.id]) == 3
    with pytest.raises(DataInvalid, match="selection, scoring:one, scoring:two"):
        compose(audit, READY, ISSUE, bases=("scoring:three",))


@pytest.mark.parametrize("made", [material.whole, material.dcwp], ids=["whole", "dcwp"])
def test_nothing_that_the_rule_rules_out_is_in_it(made: Any) -> None:
    document = compose(made(), READY, ISSUE)
    text = " ".join(said(document)).lower()
    for word in ("four fifths", "four-fifths", "adverse", "0.8 ", "significant", "p <"):
        assert word not in text
    members = json.dumps(document.data)
    for name in (*pack("ll144").forbidden("ll144_summary"), "p_value", "significance", "fisher"):
        assert f'"{name}"' not in members
    assert "findings" not in document.data["audit"]


def test_a_missing_feature_or_table_is_said() -> None:
    audit = of_cells(CELLS, features=[material.SEX_KIND])
    document = compose(audit, READY, ISSUE)
    assert document.data["shown"]["open"] == ["no_race_ethnicity", "no_table"]
    assert any("no feature of the kind race_ethnicity" in line for line in said(document))


def test_withheld_cells_stop_the_posting() -> None:
    assert "withheld" in compose(material.small(), READY, ISSUE).data["shown"]["open"]


def test_nobody_selected_has_no_ratio() -> None:
    document = compose(material.nobody(), READY, ISSUE)
    assert all(r["ratio"] is None for r in rows(document, "results-0-sex-table").values())
    assert any("there is no impact ratio" in line for line in said(document))
