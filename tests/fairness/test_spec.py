"""A specification means one thing, or says which field is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from audit.errors import SpecInvalid
from fairness.spec import json_schema, load_spec, parse_yaml
from tests.fairness import hiring

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "fairness-spec.schema.json"


def test_the_published_schema_is_current() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == json_schema()


def test_the_schema_takes_what_is_read_and_refuses_what_is_not() -> None:
    schema = json.loads(json_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(hiring.SPEC, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**hiring.SPEC, "colour": 1}, schema)


def test_yaml_words_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "outcome: {column: hired, selected: [yes, 1, true], not_selected: [no, 0.0, off]}\n"
        "features: [{name: born, column: born, levels: {a: [2024-01-01]}}]\n",
        encoding="utf-8",
    )
    spec = load_spec(path)
    assert spec.outcome is not None
    assert spec.outcome.selected == ("yes", "1", "true")
    assert spec.outcome.not_selected == ("no", "0", "off")
    assert spec.features[0].levels == {"a": ("2024-01-01",)}


def test_json_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(hiring.SPEC), encoding="utf-8")
    assert load_spec(path) == hiring.spec()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [1", "line 1"),
        ("- 1", "expected fields"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("a: !!python/object/apply:os.system [ls]", "not YAML"),
        ("[" * 5000, "not YAML"),
        ("", "expected fields"),
    ],
)
def test_other_text_is_refused(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecInvalid, match=why):
        load_spec(path)


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecInvalid, match="cannot be read"):
        load_spec(tmp_path / "nothing.yaml")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(SpecInvalid, match="UTF-8"):
        load_spec(binary)
    assert parse_yaml("a: 1", "x") == {"a": 1}


AGE = {"name": "a", "column": "a", "kind": "age"}
FOLDED = {"column": "s", "order": ["a"], "layout": "row_per_stage"}
IMPUTED = {"name": "sex", "column": "sex", "provenance": "imputed"}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"colour": "red"}, "colour"),
        ({"features": []}, "features"),
        ({"outcome": None, "scores": None}, "nothing to audit"),
        (
            {"outcome": {"column": "d", "selected": ["A"], "not_selected": [" a "]}},
            "' a ' is in both",
        ),
        ({"features": [{"name": "period", "column": "x"}]}, "period"),
        ({"features": [{"name": "a b", "column": "x"}]}, "features.0.name"),
        ({"intersections": [["sex"]]}, "two or more"),
        ({"intersections": [["sex", "shoe"]]}, "shoe|must name"),
        ({"rule_packs": ["LL144"], "provenance": "imputed"}, "FAQ III.6"),
        ({"rule_packs": ["ll144"], "features": [IMPUTED]}, "sex is imputed"),
        ({"exclude_under_share": 0.02}, "justification"),
        (
            {
                "exclude_under_share": 0.05,
                "exclude_justification": "few",
                "rule_packs": ["ll144"],
            },
            "under 2 %",
        ),
        ({"candidate": None, "duplicates": "first"}, "candidate"),
        (
            {
                "candidate": None,
                "stage": {"column": "s", "order": ["a"], "layout": "row_per_stage"},
            },
            "candidate",
        ),
        ({"label": {"column": "r", "good": ["x"]}}, "good and poor"),
        ({"mode": {"column": "m"}}, "ai_led"),
        (
            {"features": [{"name": "a", "column": "a", "kind": "age", "age": {"bands": [40, 30]}}]},
            "rising",
        ),
        (
            {"features": [{**AGE, "age": {"given": "birth_date"}}]},
            "'on'",
        ),
        ({"alpha": float("nan")}, "alpha"),
    ],
)
def test_contradictions_are_named(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(SpecInvalid, match=why):
        hiring.spec(**changes)


def test_observed_demographics_are_not_imputed() -> None:
    assert hiring.spec(rule_packs=["ll144"], provenance="observed").provenance == "observed"


def test_the_default_table_of_two_features_is_sex_by_race() -> None:
    assert hiring.spec().tables == (("sex", "race"),)
    assert hiring.spec(intersections=[]).tables == ()
    assert hiring.spec(features=[hiring.SPEC["features"][0]]).tables == ()


def test_the_hash_is_of_what_is_counted() -> None:
    spec = hiring.spec()
    assert spec.sha256 == hiring.spec(title="other", limits={"threads": 1}).sha256
    assert spec.sha256 != hiring.spec(alpha=0.01).sha256
