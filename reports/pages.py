"""Self-contained HTML: one style sheet inside, nothing loaded, no script."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports import words


def page(template: str, *, sheets: tuple[str, ...] = ("style.css",), **values: object) -> str:
    """`template` filled with `values`, under these style sheets; every value is escaped."""
    style = "".join(_style(sheet) for sheet in sheets)
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704  our own file
            style_hash=_source_hash(style),
            **values,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = words.plain
    return environment


@cache
def _style(sheet: str) -> str:
    return resources.files("reports").joinpath(f"templates/{sheet}").read_text("utf-8")


def _source_hash(text: str) -> str:
    """The hash source that lets exactly this text be a style sheet (CSP level 2)."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
