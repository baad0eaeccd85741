"""Writes the published schema of rule packs: `python -m reports.packs.schema docs`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from reports.packs.model import json_schema


def write_schema(folder: Path) -> None:
    """Write `rule-pack.schema.json` into `folder`."""
    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    folder.joinpath("rule-pack.schema.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_schema(Path(sys.argv[1]))
