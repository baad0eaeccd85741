"""The documentation site: each page is listed, links lead somewhere, each call is described."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.reference_page import described, page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LISTED_BY_FOLDER = ("detectors", "decisions")
_LINK = re.compile(r"\]\(([^)#\s]+)")
_CODE = re.compile(r"```.*?```", re.DOTALL)


def _named(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for each in nav.values():
            yield from _named(each)
    else:
        for each in nav or ():
            yield from _named(each)


def test_every_page_is_on_the_site() -> None:
    named = set(_named(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    free = {name for name in pages if name.split("/")[0] not in LISTED_BY_FOLDER}
    made = {"index.md", "changelog.md", "api-reference.md"}
    assert named - made == free


@pytest.mark.parametrize(
    "path",
    [*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("*/models/*.md"))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_every_link_leads_to_a_file(path: Path) -> None:
    text = _CODE.sub("", path.read_text("utf-8"))
    away = ("http://", "https://", "mailto:")
    targets = [target for target in _LINK.findall(text) if not target.startswith(away)]
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert not missing


def test_the_reference_describes_every_call() -> None:
    document = described()
    text = page(document)
    calls = [f"### `{m.upper()} {p}`" for p, methods in document["paths"].items() for m in methods]
    assert len(calls) > 100
    assert all(text.count(f"{call}\n") == 1 for call in calls)
    sent = [o for methods in document["paths"].values() for o in methods.values()]
    bodies = [o for o in sent if "application/json" in o.get("requestBody", {}).get("content", {})]
    assert text.count("Body: `application/json`") == len(bodies)
