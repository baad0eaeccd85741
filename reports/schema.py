"""The published JSON Schemas (draft 2020-12), made from the document models of `reports`.

`python -m reports.schema docs` writes them; a test fails when the files there are out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from reports.documents import SCHEMA_VERSION, CheckDocument, ComparisonDocument
from reports.fairness_documents import AuditDocument
from reports.fairness_published import PublishedDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"

FILES: dict[str, type[BaseModel]] = {
    "report.schema.json": CheckDocument,
    "comparison.schema.json": ComparisonDocument,
    "fairness-audit.schema.json": AuditDocument,
    "published-check.schema.json": PublishedDocument,
}


class _Untitled(GenerateJsonSchema):
    """Leaves out the titles that only repeat the names of members."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema(document: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of one document."""
    made = document.model_json_schema(mode="serialization", schema_generator=_Untitled)
    name = document.__name__.removesuffix("Document").lower()
    identity = {"$schema": DIALECT, "$id": f"urn:fairwitness:{name}-report:{SCHEMA_VERSION}"}
    return {**identity, **made}


def write_schemas(folder: Path) -> None:
    """Write every schema into `folder`."""
    for name, document in FILES.items():
        folder.joinpath(name).write_text(text(document), encoding="utf-8")


def text(document: type[BaseModel]) -> str:
    """The schema of one document as its file holds it."""
    return json.dumps(schema(document), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
