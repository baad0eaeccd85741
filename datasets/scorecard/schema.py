"""The JSON Schema (draft 2020-12) of scorecard.json.

`python -m datasets.scorecard.schema docs/scorecard` writes it; a test fails when it is out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from datasets.scorecard.model import SCHEMA_VERSION, ScorecardDocument

FILE = "scorecard.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def text() -> str:
    """The schema as its file holds it."""
    identity = {"$schema": _DIALECT, "$id": f"urn:fairwitness:scorecard:{SCHEMA_VERSION}"}
    made = ScorecardDocument.model_json_schema(mode="serialization")
    return json.dumps({**identity, **made}, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).joinpath(FILE).write_text(text(), encoding="utf-8")
