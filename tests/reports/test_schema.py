from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reports.schema import FILES, schema, write_schemas

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
FREE = {
    *("measurements", "settings", "stage_cpu_s", "tags", "status_by_question"),
    *("axes", "by_code", "facts", "fields", "packages", "parameters", "tried"),
    *("differences", "gaps", "measures", "ratios"),
}
"""Members whose keys are names found in the input, the settings or the detectors."""


def objects(node: Any, where: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = []
    if isinstance(node, dict):
        if node.get("type") == "object":
            found.append((where, node))
        for name, child in node.items():
            found += objects(child, name)
    elif isinstance(node, list):
        for child in node:
            found += objects(child, where)
    return found


@pytest.mark.parametrize("name", FILES)
def test_the_published_schema_is_the_one_in_force(name: str, tmp_path: Path) -> None:
    write_schemas(tmp_path)
    made = (tmp_path / name).read_text("utf-8")
    assert DOCS.joinpath(name).read_text("utf-8") == made, "run: python -m reports.schema docs"


@pytest.mark.parametrize("name", FILES)
def test_schemas_are_valid_and_strict(name: str) -> None:
    made = schema(FILES[name])
    Draft202012Validator.check_schema(made)
    for where, node in objects(made):
        if where in FREE:
            continue
        assert node["additionalProperties"] is False, where
        assert set(node["required"]) == set(node["properties"]), where


@pytest.mark.parametrize("name", FILES)
def test_members_say_what_they_are(name: str) -> None:
    for where, node in objects(schema(FILES[name])):
        for member, definition in node.get("properties", {}).items():
            told = {"description", "$ref", "const", "enum"} & set(definition)
            refers = "$ref" in str(definition)
            assert told or refers, f"{where}.{member}"
