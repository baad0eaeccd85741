"""The OpenAPI document and its page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.examples import example
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
    assert "curl -X POST" in page.text and "Interview platform" in page.text
    assert "<script" not in page.text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(each.startswith(("/", "#")) for each in loaded)
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert web.send("GET", "/docs/pages.css").headers["content-type"].startswith("text/css")


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
    assert found["at"] == "2026-03-01T09:00:00Z" and found["next"]["next"] is not None
    nullable = {"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "integer"}}]}
    assert example(nullable, {}) == [1]
    assert example({"enum": ["a", "b"]}, {}) == "a"
    assert example({"type": "boolean", "default": False}, {}) is False
