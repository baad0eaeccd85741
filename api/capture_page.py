"""The capture page: rendered here, in the language of the challenge; its script is one file."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from audit.challenges import Kind
from audit.records.challenges import Challenge, ChallengeState
from reports.document.catalogue import LANGUAGES, catalogue

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "media-src 'self' blob: mediastream:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(self)",
    "X-Robots-Tag": "noindex",
}
_AREA = "challenge."
_ARRIVED = (ChallengeState.ANSWERED, ChallengeState.FINISHED, ChallengeState.FAILED)


def capture_page(challenge: Challenge, token: str) -> str:
    """The page as the challenge stands."""
    return _render(
        challenge.language,
        token=token,
        state=_shown(challenge),
        kinds=[kind.value for kind in challenge.kinds],
        optional=[kind.value for kind in Kind if kind in challenge.kinds],
    )


def ended_page(accepted: str) -> str:
    """The page of a link that leads nowhere, in a language that the browser asks for."""
    wanted = [each.partition(";")[0].strip().partition("-")[0] for each in accepted.split(",")]
    language = next((each for each in wanted if each in LANGUAGES), "en")
    return _render(language, token="", state="ended", kinds=[], optional=[])


@cache
def asset(name: str) -> str:
    """Script or style sheet of the page."""
    return resources.files("api").joinpath("templates", name).read_text("utf-8")


def _shown(challenge: Challenge) -> str:
    """Which of its forms the page takes."""
    if challenge.request_id is not None:
        return "human"
    if challenge.state is ChallengeState.ISSUED:
        return "issued"
    return "done" if challenge.state in _ARRIVED else "used"


def _render(language: str, **around: Any) -> str:
    texts = _texts(language)
    return str(_template().render(t=texts, language=language, **around))


@cache
def _texts(language: str) -> dict[str, str]:
    held = catalogue(language).phrases
    return {
        key.removeprefix(_AREA): "".join(phrase.forms["other"])
        for key, phrase in held.items()
        if key.startswith(_AREA)
    }


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("api"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("capture.html")
