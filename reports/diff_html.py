"""A small page of what changed from one document to another."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.diff import Difference
from reports.document.catalogue import catalogue
from reports.document.characters import printable
from reports.document.values import NOTHING, write

MOST = 500
"""Rows of a list that the page shows; the JSON has more."""


def render_diff(difference: Difference) -> bytes:
    """The page: UTF-8, no script, nothing loaded; the same bytes for the same difference."""
    style = _style()
    page = (
        _environment()
        .get_template("diff.html")
        .render(
            d=difference,
            numbers=sorted(difference.numbers, key=lambda change: not change.title),
            kind=catalogue("en").word("kind", difference.kind),
            style=Markup(style),  # noqa: S704 - our own style sheet
            style_hash=_hash(style),
            most=MOST,
        )
    )
    return page.encode("utf-8")


def shown(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return write(value, "plain") if abs(value) >= 1e-3 or value == 0 else f"{value:.3g}"
    return printable(str(value))


def signed(value: float) -> str:
    """A difference with its sign."""
    return ("+" if value > 0 else "") + shown(value)


def moment(value: str) -> str:
    """A time of a document."""
    return write(value, "moment")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(shown=shown, signed=signed, moment=moment, printable=printable)
    return environment


@cache
def _style() -> str:
    return resources.files("reports").joinpath("templates/diff.css").read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
