"""The OpenAPI document and its page."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.examples import example
from api.fields import rows
from api.problems import kinds
from api.routes.whole_checks import WholeCheck
from tests.api.conftest import Frame


@pytest.fixture
def document(web: Frame) -> dict[str, Any]:
    """The document."""
    found: dict[str, Any] = web.send("GET", "/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert "HTTPValidationError" not in str(document)


def test_operations_are_named_once_and_described(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    tags = {each["name"] for each in document["tags"]}
    assert all(each["description"] for each in document["tags"])
    for path, method, operation in operations(document):
        assert operation["summary"] and operation["description"], (path, method)
        assert set(operation["tags"]) <= tags
        assert re.fullmatch(r"[a-z][a-z_]*", operation["operationId"])


def test_every_operation_declares_what_it_can_answer(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        answers = set(operation["responses"])
        assert any(status.startswith(("2", "3")) for status in answers)
        assert {"500", "503"} <= answers
        if "x-scope" in operation:
            assert {"401", "403", "429"} <= answers
            assert operation["security"] == [{"api_key": [operation["x-scope"]]}]
            success = operation["responses"][min(answers)]
            assert "RateLimit" in success["headers"]
        else:
            assert operation["x-public"]
        if "{" in path:
            assert "404" in answers
        if method == "post" and "x-scope" in operation:
            refs = [each.get("$ref", "") for each in operation["parameters"]]
            assert "#/components/parameters/IdempotencyKey" in refs
            assert {"409", "422"} <= answers
        if "requestBody" in operation:
            assert {"413", "415", "422"} <= answers


def test_problems_are_declared_as_they_are_sent(document: dict[str, Any], web: Frame) -> None:
    refused = web.send("GET", "/v1/keys").json()
    schema = document["components"]["schemas"]["Problem"]
    assert set(schema["required"]) <= set(refused) <= set(schema["properties"])
    for name, answer in document["components"]["responses"].items():
        examples = answer["content"]["application/problem+json"]["examples"]
        assert examples and all(
            each["value"]["status"] == int(name.removeprefix("Problem"))
            for each in examples.values()
        )


def test_codes_that_an_operation_names_have_declared_statuses(document: dict[str, Any]) -> None:
    named = [each for _, _, each in operations(document) if "x-problems" in each]
    assert named
    for operation in named:
        statuses = {str(kinds()[code].status) for code in operation["x-problems"]}
        assert statuses <= set(operation["responses"])


def test_answers_are_described_and_limits_are_those_of_json_schema(
    document: dict[str, Any],
) -> None:
    text = json.dumps(document)
    assert "Successful Response" not in text and '"1970-' not in text
    days = document["components"]["schemas"]["NewSystem"]["properties"]["retention_days"]
    assert days["additionalProperties"] == {"type": "integer", "minimum": 1, "maximum": 36_500}
    changed = document["paths"]["/v1/systems/{system_id}"]["patch"]["responses"]
    assert "304" not in changed


def test_every_field_has_a_meaning(document: dict[str, Any]) -> None:
    components = document["components"]["schemas"]
    for name, schema in components.items():
        assert all(row.meaning and row.kind for row in rows(schema, components)), name


def examples(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Schemas of bodies and answers, with what the page shows for them."""
    components = document["components"]["schemas"]
    for _, _, operation in operations(document):
        body = operation.get("requestBody", {}).get("content", {})
        for media_type in ("application/json", "multipart/form-data"):
            if media_type in body and "example" not in body[media_type]:
                schema = body[media_type]["schema"]
                yield schema, example(schema, components, sent=True)
        for status, answer in operation["responses"].items():
            schema = answer.get("content", {}).get("application/json", {}).get("schema")
            if status.startswith("2") and schema:
                yield schema, example(schema, components, done=status != "202")


def test_examples_hold_to_their_schemas(document: dict[str, Any]) -> None:
    count = 0
    for schema, shown in examples(document):
        whole = {**schema, "components": document["components"]}
        Draft202012Validator(whole).validate(shown)
        count += 1
    assert count > 100


def test_things_with_a_version_have_etags(document: dict[str, Any]) -> None:
    read = document["paths"]["/v1/keys/{key_id}"]["get"]["responses"]
    assert "ETag" in read["200"]["headers"] and "304" in read
    issued = document["paths"]["/v1/keys"]["post"]["responses"]["201"]["headers"]
    assert {"ETag", "Location", "Idempotency-Replayed"} <= set(issued)
    assert "304" not in document["paths"]["/v1/keys"]["get"]["responses"]


def test_the_page_shows_every_operation_and_loads_nothing(
    document: dict[str, Any], web: Frame
) -> None:
    page = web.send("GET", "/docs")
    for path, _, operation in operations(document):
        assert path in page.text
        assert f'id="{operation["operationId"]}"' in page.text
    assert "candidate id" not in page.text and "cand_01KAN8Q5V4T2M9C3XH7R0ZJ6WD" in page.text
    assert web.send("GET", "/docs").text == page.text
    linked = set(re.findall(r'href="#([^"]+)"', page.text))
    assert linked <= set(re.findall(r'id="([^"]+)"', page.text))
    assert "curl -X POST" in page.text and "Interview platform" in page.text
    assert "<script" not in page.text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(each.startswith(("/", "#")) for each in loaded)
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert web.send("GET", "/docs/pages.css").headers["content-type"].startswith("text/css")


def test_the_first_check_sends_what_the_document_takes(
    document: dict[str, Any], web: Frame
) -> None:
    page = web.send("GET", "/docs").text
    section = page.partition('id="first-check"')[2].partition("</section>")[0]
    text = html.unescape(section).replace("$SYSTEM", "sys_01KAN8Q5V4T2M9C3XH7R0ZJ6WD")
    text = text.replace("$(date -u +%FT%TZ)", "2026-03-02T09:00:00Z")
    sent = [json.loads(each) for each in re.findall(r"-d '(\{.*?\})'", text, re.S)]
    order = json.loads(text.partition("<<END")[2].partition("END")[0])
    schemas = document["components"]["schemas"]
    form = document["paths"]["/v1/checks"]["post"]["requestBody"]["content"]["multipart/form-data"]
    for schema, value in (
        (schemas["NewSystem"], sent[0]),
        (schemas["NewKey"], sent[1]),
        (form["schema"]["properties"]["order"], order),
    ):
        rules = Draft202012Validator({**schema, "components": document["components"]})
        assert [error.message for error in rules.iter_errors(value)] == []
    assert len(sent) >= 2
    assert WholeCheck.model_validate_json(json.dumps(order)).model_fields_set == set(order)


def test_fields_inside_fields_are_shown_once() -> None:
    node = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "maxLength": 5, "description": "Its name."},
            "next": {"anyOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]},
            "kind": {"enum": ["a", "b"], "default": "a", "description": "Which."},
            "ids": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        },
    }
    found = rows({"$ref": "#/components/schemas/Node"}, {"Node": node})
    assert [(row.name, row.depth, row.needed) for row in found] == [
        ("name", 0, True),
        ("next", 0, False),
        ("kind", 0, False),
        ("ids", 0, False),
    ]
    assert found[0].kind == "text, at most 5 characters"
    assert found[2].kind == "`a` | `b`" and found[2].meaning == "Which. Left out: `a`."
    assert found[3].kind == "list of text, at most 3"
    outer = {"type": "object", "properties": {"nodes": {"type": "array", "items": node}}}
    assert [row.depth for row in rows(outer, {"Node": node})][:3] == [0, 1, 1]


def test_examples_follow_schemas() -> None:
    components = {
        "Node": {
            "type": "object",
            "properties": {
                "next": {"$ref": "#/components/schemas/Node"},
                "at": {"type": "string", "format": "date-time"},
            },
        }
    }
    found = example({"$ref": "#/components/schemas/Node"}, components)
    assert found["at"] == "2026-03-02T09:00:00Z" and found["next"]["next"] is not None
    nullable = {"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "integer"}}]}
    assert example(nullable, {}) is None
    assert example(nullable, {}, sent=True) == [1]
    assert example({"enum": ["a", "b"]}, {}) == "a"
    assert example({"type": "boolean", "default": False}, {}) is False
