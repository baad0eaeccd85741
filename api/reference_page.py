"""The reference of the API as Markdown, from the OpenAPI document: one section for each operation.

`python -m api.reference_page` prints it; the documentation site shows it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from api.app import create_app
from api.examples import example
from api.openapi import document
from api.opening import open_store
from api.service import Service
from audit.settings import Settings, Storage
from audit.vault import open_vault

HEAD = """# API reference

Made from the OpenAPI document that a running service serves at `/openapi.json`, where `/docs` also
lets you try calls. [The guide](api.md) says how keys, errors, pages and repeats work, and
[errors](errors.md) what each code means.
"""
_JSON = "application/json"
_FAILURES = 400

Node = Mapping[str, Any]


def described() -> dict[str, Any]:
    """The document of an app over an empty store in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        storage = Storage(path=root / "media", scratch_dir=root / "scratch")
        settings = Settings.model_construct(data_dir=root, storage=storage)
        store = open_store(settings, make=True, pool_size=1)
        try:
            vault = open_vault(storage, store.ring)
            return document(
                create_app(Service(settings=settings, store=store, vault=vault, ready={}))
            )
        finally:
            store.close()


def page(api: Node) -> str:
    """The whole page of an OpenAPI document."""
    titles = {tag["name"]: tag.get("description", "") for tag in api.get("tags", ())}
    grouped: dict[str, list[str]] = {name: [] for name in titles}
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or [""])[0]
            grouped.setdefault(tag, []).append(_operation(method, path, operation, api))
    parts = [HEAD]
    for name, operations in grouped.items():
        if operations:
            parts += [
                f"\n## {name.capitalize() or 'Other'}\n",
                f"\n{titles.get(name, '')}\n",
                *operations,
            ]
    return "".join(parts)


def _operation(method: str, path: str, operation: Node, api: Node) -> str:
    lines = [f"\n### `{method.upper()} {path}`\n", operation.get("description", "").strip()]
    lines += _table("Parameters", _parameters(operation, api))
    body = operation.get("requestBody")
    if body is not None:
        lines += _body(body, api)
    return "\n".join([*lines, *_answers(operation, api)]) + "\n"


def _table(title: str, rows: Iterator[tuple[str, ...]]) -> list[str]:
    found = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    if not found:
        return []
    return ["", f"| {title.lower()} | | |", "|---|---|---|", *found]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _parameters(operation: Node, api: Node) -> Iterator[tuple[str, ...]]:
    for each in operation.get("parameters", ()):
        found = _resolved(each, api)
        needed = "required" if found.get("required") else found["in"]
        kind = _kind(found.get("schema", {}), api)
        yield f"`{found['name']}`", f"{kind}, {needed}", found.get("description", "")


def _body(body: Node, api: Node) -> list[str]:
    found = _resolved(body, api)
    content = found.get("content", {})
    lines: list[str] = []
    for media, about in content.items():
        lines += ["", f"Body: `{media}`"]
        if media == _JSON:
            lines += _table("Field", _fields(about.get("schema", {}), api))
            lines += _example(about, api, sent=True)
    return lines


def _fields(schema: Node, api: Node) -> Iterator[tuple[str, ...]]:
    found = _resolved(schema, api)
    required = set(found.get("required", ()))
    for name, each in found.get("properties", {}).items():
        needed = ", required" if name in required else ""
        about = each.get("description") or _resolved(each, api).get("description", "")
        yield f"`{name}`", _kind(each, api) + needed, about


def _example(about: Node, api: Node, *, sent: bool = False) -> list[str]:
    shown = example(about["schema"], api["components"]["schemas"], sent=sent)
    text = json.dumps(shown, indent=2, ensure_ascii=False)
    return ["", "```json", text, "```"] if shown else []


def _answers(operation: Node, api: Node) -> list[str]:
    answers = {status: _resolved(a, api) for status, a in operation.get("responses", {}).items()}
    good = {status: answer for status, answer in answers.items() if int(status) < _FAILURES}
    lines = _table("Answer", (_answer(*each) for each in good.items()))
    for answer in good.values():
        if _JSON in answer.get("content", {}):
            lines += _example(answer["content"][_JSON], api)
    problems = ", ".join(sorted(set(answers) - set(good)))
    return (
        [*lines, "", f"Problems: {problems} ([what they mean](errors.md))."] if problems else lines
    )


def _answer(status: str, answer: Node) -> tuple[str, ...]:
    kinds = ", ".join(f"`{media}`" for media in answer.get("content", {}))
    return f"`{status}`", kinds, answer.get("description", "")


def _kind(schema: Node, api: Node) -> str:
    """What a value is, in a few words."""
    found = _resolved(schema, api)
    options = [*found.get("anyOf", ()), *found.get("oneOf", ())]
    if options:
        return " or ".join(dict.fromkeys(_kind(each, api) for each in options))
    if "enum" in found:
        return ", ".join(f"`{value}`" for value in found["enum"])
    if "const" in found:
        return f"`{found['const']}`"
    kind = found.get("type", "object")
    if kind == "array":
        return f"list of {_kind(found.get('items', {}), api)}"
    return str(found.get("format", kind))


def _resolved(node: Node, api: Node) -> Node:
    reference = node.get("$ref")
    if reference is None:
        return node
    found: Node = api
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return _resolved(found, api)


if __name__ == "__main__":
    sys.stdout.write(page(described()))
