"""A candidate's own page, in its language. No script, no cookie, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from importlib import resources

from babel import Locale
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from audit.calendars import calendar
from audit.errors import ClockInvalid
from reports.compose.rights import said
from reports.document.catalogue import LANGUAGES, catalogue
from reports.document.values import write

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
NAMES = {"en": "English", "de": "Deutsch", "es": "Español"}
_AREA = "own_page"


@dataclass(frozen=True, slots=True)
class Around:
    """What each page of a link has around it. `back`: the page that is shown, for forms."""

    path: str
    organisation: str
    language: str
    form_token: str
    ends: date
    back: str


def page(template: str, around: Around, /, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page behind a link."""
    text = _rendered(template, around.language, around=around, **values)
    return HTMLResponse(text, status, headers=HEADERS)


def stray_page(request: Request, status: int, area: str) -> HTMLResponse:
    """The same page for each link that leads nowhere, and for what went wrong, in the language
    that the browser asks for. `area`: of its texts, ended or failed or busy."""
    accepted = request.headers.get("accept-language", "")
    wanted = [each.partition(";")[0].strip().partition("-")[0] for each in accepted.split(",")]
    language = next((each for each in wanted if each in LANGUAGES), "en")
    return HTMLResponse(_rendered("stray.html", language, area=area), status, headers=HEADERS)


def place_name(code: str, language: str) -> str:
    """What a place is called: countries in the language, others as their calendars are named."""
    named = Locale(language).territories.get(code)
    if named:
        return str(named)
    try:
        return calendar(code).name
    except ClockInvalid:
        return code


@cache
def style() -> str:
    """The style sheet."""
    return resources.files("api").joinpath("templates", "own_page", "own_page.css").read_text()


def say(language: str, key: str, /, **values: object) -> str:
    """A text of the page; days are written as the language does."""
    written = {
        name: _day(value, language) if isinstance(value, date) else value
        for name, value in values.items()
    }
    return said(language, f"{_AREA}.{key}", written)


def word(language: str, group: str, code: str) -> str:
    """How a code is called; a code that has no name stays as it is."""
    return catalogue(language).words[group].get(code, code)


def _day(value: date | datetime, language: str) -> str:
    return write(value.isoformat(), "date", language)


def _rendered(template: str, language: str, **values: object) -> str:
    t: Callable[..., str] = partial(say, language)
    w: Callable[..., str] = partial(word, language)
    shown = {
        "t": t,
        "w": w,
        "kinds": lambda types: ", ".join(w("letter_data", each) for each in types),
        "no_rules": said(language, "letters.rights.none", {}),
        "language": language,
        "names": NAMES,
        **values,
    }
    return _templates().get_template(f"own_page/{template}").render(shown)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("api"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
