"""Texts of documents, one folder of TOML files for each language.

A text is a template with `{names}`, or a table of plural forms with `plural`, the name that counts:

    unknown = { plural = "n", one = "{n} person is not counted.", other = "{n} persons are not." }

Templates hold no digits, except in the names that `names.toml` lists (`Local Law 144`): a figure in
a sentence has to come from the data. Keys have the name of their file in front: `ll144.unknown`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "de", "es")
VERSION = "1"
"""Raised whenever a text or a way of writing changes what a document says."""

_PIECE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_FORMS = frozenset({"zero", "one", "two", "few", "many", "other"})
"""Plural forms of the Unicode CLDR."""


class CatalogueError(ValueError):
    """A text that is missing or not well formed: a fault of ours."""


Template = tuple[str, ...]
"""Pieces at even places, names at odd ones."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text in its plural forms; `counts` is the name that chooses, empty where there is one."""

    forms: Mapping[str, Template]
    counts: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All texts of one language."""

    language: str
    phrases: Mapping[str, Phrase]
    words: Mapping[str, Mapping[str, str]]

    def phrase(self, key: str) -> Phrase:
        """The text under `key`. Raises `CatalogueError`."""
        found = self.phrases.get(key)
        if found is None:
            raise CatalogueError(f"the catalogue {self.language!r} has no text {key!r}")
        return found

    def word(self, group: str, code: str) -> str:
        """How a code is called. Raises `CatalogueError`."""
        found = self.words.get(group, {}).get(code)
        if found is None:
            raise CatalogueError(f"the catalogue {self.language!r} has no word {group}.{code}")
        return found


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language, checked. Raises `CatalogueError`."""
    if language not in LANGUAGES:
        raise CatalogueError(f"there is no catalogue {language!r}; there are: {LANGUAGES}")
    phrases: dict[str, Phrase] = {}
    words: dict[str, dict[str, str]] = {}
    folder = resources.files("reports").joinpath("catalogues", language)
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    for file in files:
        area = file.name.removesuffix(".toml")
        held = tomllib.loads(file.read_text("utf-8"))
        for group, members in held.pop("words", {}).items():
            known = words.setdefault(group, {})
            if known.keys() & members.keys():
                raise CatalogueError(f"{file.name}: words.{group} has words of another file")
            known.update(members)
        phrases |= {key: _phrase(key, text) for key, text in _flat(area, held)}
    return Catalogue(language, phrases, words)


def _flat(prefix: str, held: Mapping[str, Any]) -> list[tuple[str, Any]]:
    made: list[tuple[str, Any]] = []
    for name, value in held.items():
        key = f"{prefix}.{name}"
        if isinstance(value, Mapping) and not {"other", "plural"} & value.keys():
            made += _flat(key, value)
        else:
            made.append((key, value))
    return made


def _phrase(key: str, text: Any) -> Phrase:
    if isinstance(text, str):
        return Phrase({"other": _template(key, text)})
    if not isinstance(text, Mapping) or not all(isinstance(each, str) for each in text.values()):
        raise CatalogueError(f"{key}: a text has to be a text, or texts for plural forms")
    counts = text.get("plural", "")
    forms = {form: _template(key, words) for form, words in text.items() if form != "plural"}
    if not counts:
        raise CatalogueError(f"{key}: plural forms need `plural`, the name that counts")
    if "other" not in forms or not forms.keys() <= _FORMS:
        raise CatalogueError(f"{key}: plural forms are `other` and some of {sorted(_FORMS)}")
    return Phrase(forms, counts)


def _template(key: str, text: str) -> Template:
    pieces = tuple(_PIECE.split(text))
    for piece in pieces[::2]:
        if "{" in piece or "}" in piece:
            raise CatalogueError(f"{key}: a brace without a name in {text!r}")
        if has_figures(piece):
            raise CatalogueError(f"{key}: figures have to come from the data: {text!r}")
    return pieces


def has_figures(text: str) -> bool:
    """Whether `text` holds digits outside of the names that are allowed to, `½` and `²` too."""
    if not any(each.isnumeric() for each in text):
        return False
    for name in _names():
        text = text.replace(name, "")
    return any(each.isnumeric() for each in text)


@cache
def _names() -> tuple[str, ...]:
    held = tomllib.loads(
        resources.files("reports").joinpath("catalogues", "names.toml").read_text("utf-8")
    )
    return tuple(sorted(held["names"], key=len, reverse=True))
