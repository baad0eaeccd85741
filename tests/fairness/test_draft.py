"""A draft explains its guesses, leaves open what it does not know, and can be run when complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import DataInvalid, SpecInvalid
from fairness.builder import cube_of
from fairness.draft import draft
from fairness.draft_presets import fold_name, presets
from fairness.spec import load_spec, parse_yaml
from tests.fairness import hiring

ROWS = 200


def export(**columns: Any) -> pd.DataFrame:
    """An export with the names of an applicant tracking system with scorecards."""
    values = {
        "Application ID": [f"a{i}" for i in range(ROWS)],
        "Job Name": ["Cook", "Clerk"] * 100,
        "Status": ["Hired", "Rejected", "Active", "Rejected"] * 50,
        "Current Stage": ["Offer", "Application Review", "Phone Interview", "Take Home Test"] * 50,
        "Applied On": [f"03/{1 + i % 28:02d}/2025" for i in range(ROWS)],
        "Overall Score": [i % 5 for i in range(ROWS)],
        "Gender": ["Female", "Male", "Decline to self-identify", "Non-binary"] * 50,
        "Race": ["White", "Asian", "Black or African American", None] * 50,
        "Hispanic Ethnicity": ["No", "No", "No", "No", "Yes"] * 40,
        "Veteran Status": ["I am not a protected veteran", "I am a protected veteran"] * 100,
        "Date of birth": ["1970-01-01", "2001-05-05"] * 100,
        "Question 1 score": [1.5, 2.0] * 100,
        "Question 2 score": [3] * ROWS,
        "Shoe": ["x"] * ROWS,
        **columns,
    }
    return pd.DataFrame(values)


def test_a_usual_export_is_understood() -> None:
    found = draft(export())
    assert "Greenhouse-like" in found.preset
    assert found.open_questions == ()
    assert found.unused == ("Shoe",)
    spec = found.spec()
    assert spec.outcome is not None
    assert (spec.outcome.selected, spec.outcome.ignore) == (("Hired",), ("Active",))
    assert spec.period is not None
    assert spec.period.format == "%m/%d/%Y"
    assert spec.stage is not None
    assert spec.stage.names == ("Application Review", "Phone Interview", "Take Home Test", "Offer")
    assert [f.name for f in spec.features] == ["sex", "race", "age", "veteran"]
    assert spec.features[1].first is not None
    assert spec.items is not None
    assert list(spec.items.columns.values()) == ["Question 1 score", "Question 2 score"]
    assert [s.column for s in spec.scores] == ["Overall Score"]

    cube = cube_of(export(), spec)
    assert cube.levels("period") == ("2025-03",)
    assert cube.counts(("race",)).assessed.tolist()[0] == 30
    assert cube.counts(("age",)).unknown_assessed == 0
    assert cube.levels("sex") == ("Female", "Male", "Non-binary")


def test_the_text_is_the_draft() -> None:
    found = draft(export())
    text = found.to_yaml()
    assert parse_yaml(text, "draft") == found.fields
    assert load_spec(found.fields) == found.spec()
    for guess in found.guesses:
        assert f"# {guess.why}" in text


def test_unknown_words_are_left_open() -> None:
    found = draft(export(Status=["Hired", "Rejected", "Frobbed", "Active"] * 50))
    assert found.open_questions == ("outcome: these words have no place yet: 'Frobbed'",)
    assert "# OPEN: outcome" in found.to_yaml()
    with pytest.raises(DataInvalid, match="'Frobbed' \\(50\\)"):
        cube_of(export(Status=["Hired", "Rejected", "Frobbed", "Active"] * 50), found.spec())


def test_dates_that_two_patterns_read_are_left_open() -> None:
    found = draft(export(**{"Applied On": ["03/04/2025"] * ROWS, "Date of birth": "1980-01-01"}))
    assert any("period" in q for q in found.open_questions)
    period = found.fields["period"]
    assert "format" not in period
    with pytest.raises(DataInvalid, match="cannot be told apart"):
        cube_of(export(**{"Applied On": ["03/04/2025"] * ROWS}), found.spec())


def test_a_table_without_what_an_audit_needs_says_so(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("shoe,hat\n1,a\n2,b\n", encoding="utf-8")
    found = draft(path)
    assert len(found.open_questions) == 2
    assert found.unused == ("shoe", "hat")
    with pytest.raises(SpecInvalid):
        found.spec()


def test_other_tables_use_the_general_names() -> None:
    frame = hiring.people(60).rename(columns={"decision": "Outcome", "fit": "fitScore"})
    frame = frame.drop(columns="rating")
    found = draft(frame.assign(led=frame["led"].map({"bot": "AI-led", "person": "human"})))
    assert found.preset == "hiring tables in general"
    fields = found.fields
    assert fields["scores"] == [{"name": "fitscore", "column": "fitScore"}]
    assert {"age": {"given": "years"}}.items() <= next(
        f for f in fields["features"] if f["name"] == "age"
    ).items()
    assert fields["withdrew"] == {"column": "withdrew", "yes": ["yes"], "missing": "no"}


def test_only_the_first_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    lines = ["id,gender,outcome", *(f"{i},F,hired" for i in range(20_000)), "20000,F,broken"]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = draft(path)
    assert not any("broken" in q for q in found.open_questions)


@settings(max_examples=15)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
        st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=3, max_size=3),
        min_size=1,
        max_size=4,
    )
)
def test_any_table_has_a_draft_whose_text_parses(columns: dict[str, list[str]]) -> None:
    folded = {name.casefold(): values for name, values in columns.items()}
    found = draft(pd.DataFrame(folded))
    assert parse_yaml(found.to_yaml(), "draft") in (found.fields, None if not found.fields else {})


@pytest.mark.parametrize("preset", presets(), ids=lambda p: p.name)
def test_presets_are_consistent(preset: Any) -> None:
    for role, patterns in preset.columns.items():
        for pattern in patterns:
            assert pattern == pattern.lower(), role
            assert fold_name(pattern.replace("*", "x")).replace("x", "*") or "*" in pattern
    named = [w for k in ("selected", "not_selected", "ignore") for w in preset.lists[k]]
    assert len(named) == len(set(named)), "a decision's word has one meaning"
    race = [w for words in preset.levels("race").values() for w in words]
    assert len(race) == len(set(race))
    assert "endorse" not in preset.title


def test_presets_promise_nothing() -> None:
    folder = Path(__file__).resolve().parents[2] / "fairness" / "presets"
    for path in folder.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        if path.stem != "general":
            said = text.replace("\n# ", " ")
            assert "not checked against any vendor's documents" in said
            assert "no vendor supplied or endorsed them" in said
        assert not re.search(r"official|certified|compliant", text)
