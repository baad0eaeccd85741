"""What the documentation site shows beside the pages of this folder, and where links lead.

The README becomes the first page; the changelog, the model cards and the reference of the API
become pages; `nav` entries with an empty list take every page of the folder of that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
CARDS = ROOT / "liveness" / "models"
TAKEN = {ROOT / "README.md": "index.md", ROOT / "CHANGELOG.md": "changelog.md"}
FOLDERS = {"Detectors": "detectors", "Model cards": "models", "Decisions": "decisions"}
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: Any) -> Any:
    """Fill the parts of the navigation that list a folder."""
    for part in config.nav:
        _fill(part)
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made."""
    for target, text in _made():
        files.append(File.generated(config, target, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Lead links to the pages above to them, and name files that are not on the site."""
    return relinked(markdown, Path(page.file.src_uri))


def relinked(markdown: str, page: Path) -> str:
    """Markdown of a page of the site, with links out of `docs/` brought into it or undone."""
    return _LINK.sub(lambda match: _led(match, page), markdown)


def _led(match: re.Match[str], page: Path) -> str:
    text, target, anchor = match[1], match[2], match[3] or ""
    if "://" in target or target.startswith("mailto:"):
        return match[0]
    at = _on_site((ROOT / _home(page) / target).resolve())
    return text if at is None else f"[{text}]({'../' * (len(page.parts) - 1)}{at}{anchor})"


def _on_site(path: Path) -> str | None:
    """Where a file of the project is on the site; None: it is not."""
    if path in TAKEN:
        return TAKEN[path]
    if path.parent == CARDS and path.name.endswith(".card.md"):
        return f"models/{_card(path)}"
    docs = ROOT / "docs"
    if not path.is_relative_to(docs):
        return None
    if path.is_dir():  # its README, or its first page
        readme = path / "README.md"
        path = readme if readme.exists() else sorted(path.glob("*.md"))[0]
    return path.relative_to(docs).as_posix()


def _fill(part: dict[str, Any]) -> None:
    for title, inside in part.items():
        if inside == [] and title in FOLDERS:
            part[title] = list(_listed(FOLDERS[title]))
        elif isinstance(inside, list):
            for each in inside:
                if isinstance(each, dict):
                    _fill(each)


def _listed(folder: str) -> Iterator[str]:
    if folder == "models":
        yield from (f"models/{_card(path)}" for path in sorted(CARDS.glob("*.card.md")))
    else:
        found = sorted((ROOT / "docs" / folder).glob("*.md"))
        yield from (f"{folder}/{path.name}" for path in found)


def _made() -> Iterator[tuple[str, str]]:
    from api.reference_page import described, page

    for path, target in TAKEN.items():
        yield target, path.read_text("utf-8")
    yield "api-reference.md", page(described())
    for path in sorted(CARDS.glob("*.card.md")):
        yield f"models/{_card(path)}", path.read_text("utf-8")


def _card(path: Path) -> str:
    return path.name.replace(".card.md", ".md")


def _home(page: Path) -> Path:
    """Where a page of the site lies in the project: its links start there."""
    if page.as_posix() in TAKEN.values():
        return Path()
    if page.parts[0] == "models":
        return CARDS.relative_to(ROOT)
    return Path("docs") / page.parent
