"""The public page of a summary: the document as it was signed, between head and foot.

The page holds what the document holds, and the name, colour and logo that the organisation gave.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from audit.records.issued import Publication, PublishedSummary
from audit.store.public import Posted
from reports.document.characters import printable
from reports.document.values import write
from reports.proof.envelope import Envelope
from reports.render.html import render_html

_SCRIPT = '<script type="application/json" id="fairwitness-envelope">'
_NAMES = {"pdf": "PDF", "csv": "Tables (CSV, zipped)", "html": "Signed page", "json": "JSON"}
_DARK_INK, _LIGHT_INK = "#14171a", "#ffffff"
_PLAIN = "#2b3137"


@dataclass(frozen=True, slots=True)
class PublicPage:
    """A page as it is sent: its bytes, their SHA-256 and the policy that it needs."""

    body: bytes
    sha256: str
    policy: str


def public_page(
    page: Publication, shown: PublishedSummary, versions: Sequence[Posted]
) -> PublicPage:
    """The page of one version. `versions`: all of them, the oldest first."""
    envelope = Envelope.model_validate_json(base64.b64decode(shown.files["json"]["base64"]))
    style = _style(page.colour or _PLAIN)
    body = _without_data(render_html(envelope).decode("utf-8"))
    body = _after(body, "<style>", f"{style}</style>\n<style>")
    old, new = (_sources(each) for each in (body, style))
    body = body.replace(f"style-src '{old}'", f"style-src '{new}' '{old}'", 1)
    parts = _environment().get_template("public_page.html").module
    around = {
        "page": page,
        "shown": shown,
        "versions": list(reversed(versions)),
        "logo": base64.b64encode(page.logo).decode() if page.logo else "",
        "files": [(name, _NAMES[name]) for name in _NAMES if name in shown.files],
    }
    head, foot = (str(getattr(parts, name)(**around)) for name in ("head", "foot"))
    body = _before(body, '<header class="top">', head)
    body = _before(body, "<footer>", foot)
    data = body.encode("utf-8")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{new}' '{old}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    return PublicPage(data, hashlib.sha256(data).hexdigest(), policy)


def _style(colour: str) -> str:
    style = _environment().get_template("public_page.css").render(colour=colour, ink=_ink(colour))
    return str(style)


def _ink(colour: str) -> str:
    """The colour of letters that stands out more from the background (WCAG 2.2 contrast)."""
    light = _luminance(colour)
    on_white = 1.05 / (light + 0.05)
    on_black = (light + 0.05) / (_luminance(_DARK_INK) + 0.05)
    return _LIGHT_INK if on_white >= on_black else _DARK_INK


def _luminance(colour: str) -> float:
    """Relative luminance of sRGB, 0 to 1."""
    shares = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _sources(text: str) -> str:
    """The hash source of a style sheet; of a page, that of the last one in it."""
    style = text.rpartition("<style>")[2].partition("</style>")[0] if "<style>" in text else text
    digest = hashlib.sha256(style.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _without_data(body: str) -> str:
    """The signed data are beside the page, as a file."""
    start = _found(body, _SCRIPT)
    end = body.index("</script>", start) + len("</script>")
    return body[:start] + body[end:]


def _after(body: str, mark: str, more: str) -> str:
    at = _found(body, mark) + len(mark)
    return body[:at] + more + body[at:]


def _before(body: str, mark: str, more: str) -> str:
    at = _found(body, mark)
    return body[:at] + more + body[at:]


def _found(body: str, mark: str) -> int:
    if body.count(mark) != 1:
        raise ValueError(f"the page should have {mark} once")
    return body.index(mark)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("api"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["printable"] = printable
    environment.filters["day"] = lambda moment: write(moment.isoformat(), "date")
    return environment
