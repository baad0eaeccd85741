"""What a form says of columns, read into a specification, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.workplace import fairness_mapping as mapping
from fairness.draft import TableLook, look_at
from fairness.spec import load_spec

HEADER = "app,when,how far,led by,sex,hisp,race,born,age,opted,rating,later,result,points,Points!"
ROWS = (
    "1,03.02.2025,Phone,AI,F,yes,White,1980-02-29,44,no,good,3.5,Hired,1,2",
    "2,14.02.2025,Screen,Human,M,no,Black,1990-01-01,35,maybe,poor,,Rejected,2,3",
    "3,15.03.2025,On site,AI,x,no,n/a?,1999-12-31,25,yes,,4,Rejected,3,4",
)


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> TableLook:
    path = tmp_path_factory.mktemp("mapped") / "t.csv"
    path.write_text("\n".join((HEADER, *ROWS * 5)) + "\n")
    return look_at(str(path), rows=2)


def form(look: TableLook, **roles: str) -> dict[str, str]:
    """The form for columns by name, with what is usual below them."""
    names = [column.name for column in look.columns]
    given = {f"c{names.index(name.replace('_', ' '))}": role for name, role in roles.items()}
    made, _ = mapping.again({**given, "name": "x"}, look.columns)
    return {**made, "name": "x"}


def says(look: TableLook, given: dict[str, str], column: str, **meanings: str) -> None:
    """Fills in what words of a column mean."""
    [place] = [n for n, each in enumerate(look.columns) if each.name == column]
    for number, (word, _) in enumerate(look.columns[place].words):
        if word in meanings:
            given[f"w{place}_{number}"] = meanings[word]


def read(look: TableLook, given: dict[str, str]) -> dict[str, Any]:
    found = mapping.read(given, look.columns)
    assert found.faults == {}
    load_spec(found.spec)
    return found.spec


def test_every_role_makes_a_specification_that_can_be_used_and_shown_again(
    look: TableLook,
) -> None:
    given = form(
        look,
        app="candidate",
        when="period",
        how_far="stage",
        led_by="mode",
        sex="sex",
        hisp="hispanic",
        race="race_ethnicity",
        born="birth_date",
        opted="opted_out",
        rating="label",
        later="performance",
        result="outcome",
        points="score",
    )
    says(look, given, "led by", AI="ai_led", Human="human_led")
    says(look, given, "sex", F="Women", M="Men", x="")
    says(look, given, "rating", good="good", poor="poor")
    says(look, given, "result", Hired="selected", Rejected="not_selected")
    born = [column.name for column in look.columns].index("born")
    given |= {
        "stage_order": "Screen\nTalks: Phone, On site\n",
        "stage_layout": "row_per_stage",
        "grain": "month",
        f"s{born}_bands": "30, 40",
        f"s{born}_on": "2025-06-30",
        "provenance": "observed",
        "below": "5",
        "ll144": "yes",
        "alternatives": "yes",
    }
    spec = read(look, given)
    features = {each["name"]: each for each in spec["features"]}
    assert features["sex"]["levels"] == {"Women": ["F"], "Men": ["M"]}
    assert features["sex"]["unknown"] == ["x"]
    assert features["race"]["first"]["words"] == ["yes"]
    assert mapping.HISPANIC in features["race"]["levels"]
    assert features["age"]["age"] == {
        "given": "birth_date",
        "bands": [30, 40],
        "on": "2025-06-30",
    }
    order = ["Screen", {"name": "Talks", "words": ["Phone", "On site"]}]
    assert spec["stage"] == {"column": "how far", "order": order, "layout": "row_per_stage"}
    assert spec["period"] == {"column": "when", "grain": "month", "format": "%d.%m.%Y"}
    assert spec["opted_out"] == {
        "column": "opted",
        "yes": ["yes"],
        "no": ["no"],
        "unknown": ["maybe"],
    }
    assert spec["suppression"] == {"below": 5} and spec["rule_packs"] == ["ll144"]
    assert spec["alternatives"] is True and spec["provenance"] == "observed"
    again = {**mapping.prefilled(spec, look.columns), "name": "x"}
    assert mapping.read(again, look.columns).spec == spec


def test_a_draft_makes_nobody_unknown_and_leaves_open_what_it_does_not_know(
    look: TableLook,
) -> None:
    given = {**mapping.prefilled(look.draft.fields, look.columns), "name": "x"}
    names = [column.name for column in look.columns]
    place = names.index("race")
    assert given[f"c{place}"] == "race_ethnicity"
    words = [word for word, _ in look.columns[place].words]
    kept = {word: given[f"w{place}_{n}"] for n, word in enumerate(words)}
    assert kept["n/a?"] == "n/a?" and kept["Black"] == "Black or African American"


@pytest.mark.parametrize(
    ("roles", "more", "words"),
    [
        ({"born": "birth_date", "result": "outcome"}, {}, "at which date ages count"),
        ({"age": "age_years"}, {"s8_bands": "40, 30"}, "rising ages"),
        ({"when": "opted_out"}, {}, "has to mean yes"),
        ({"how_far": "stage"}, {"stage_order": "Screen"}, "where they belong"),
        ({"led_by": "mode"}, {}, "Say below what these words mean"),
        ({"rating": "label"}, {}, "Say below what these words mean"),
        ({"hisp": "hispanic"}, {}, "race or ethnicity"),
        ({"sex": "sex"}, {}, "outcome, or a score"),
        ({"points": "score"}, {}, "holds groups"),
    ],
)
def test_what_is_lacking_is_said(
    look: TableLook, roles: dict[str, str], more: dict[str, str], words: str
) -> None:
    found = mapping.read({**form(look, **roles), **more}, look.columns)
    assert any(words in fault for fault in found.faults.values()), found.faults


def test_names_differ_and_are_none_that_the_counts_use(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("job,Fit %,fit,done\n" + "a,1,2,yes\nb,2,1,no\n" * 5)
    look = look_at(str(path))
    roles = {"job": "other", "Fit_%": "score", "fit": "score", "done": "outcome"}
    given = form(look, **roles)
    says(look, given, "done", yes="selected", no="not_selected")
    spec = read(look, given)
    names = [each["name"] for each in (*spec["features"], *spec["scores"])]
    assert len(set(names)) == 3 and names[0] == "job_2"


def test_first_rows_are_text_and_cut(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1," + "x" * 1000 + "\n,=1+1\n")
    look = look_at(str(path), rows=20)
    assert look.rows == (("1", "x" * 120), ("", "=1+1"))
