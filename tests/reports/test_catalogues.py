"""No text of any catalogue judges a person, a system or a recording."""

from __future__ import annotations

import re

import pytest

from reports.document.catalogue import LANGUAGES, catalogue, has_figures
from reports.packs import packs

JUDGEMENTS = {
    "en": r"compliant|non-?compliant|fair|unfair|fake\w*|guilty|guilt|deepfake\w*|bias-free|"
    r"unbiased|cheat\w*|liar|lying|fraudulent|impostor",
    "de": r"konform\w*|rechtskonform\w*|fair\w*|unfair\w*|gefälscht\w*|fälsch\w*|schuldig\w*|"
    r"schuld|betrug\w*|betrüg\w*|lüg\w*|diskriminierungsfrei\w*",
    "es": r"conforme a la ley|cumple con|justo|injusto|falso|falsa|fals\w*|culpable\w*|culpa|"
    r"fraude|fraudulent\w*|tramp\w*|mentir\w*|libre de sesgo",
}


def texts(language: str) -> list[tuple[str, str]]:
    """Every text and word of a language under its key; names of units of CSV files left out."""
    held = catalogue(language)
    found = [
        (key, " ".join(form[::2]))
        for key, phrase in held.phrases.items()
        for form in phrase.forms.values()
    ]
    return found + [
        (f"words.{group}.{code}", word)
        for group, words in held.words.items()
        if group != "files_unit"
        for code, word in words.items()
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_judges(language: str) -> None:
    barred = re.compile(rf"\b({JUDGEMENTS[language]})\b", re.IGNORECASE)
    found = [(key, hit[0]) for key, text in texts(language) if (hit := barred.search(text))]
    assert not found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_for_a_code_holds_a_figure(language: str) -> None:
    assert not [key for key, text in texts(language) if has_figures(text)]


def test_words_of_all_documents_are_there_in_every_language() -> None:
    english = catalogue("en")
    for language in ("de", "es"):
        other = catalogue(language)
        for area in ("common.", "page."):
            keys = {key for key in english.phrases if key.startswith(area)}
            assert keys <= set(other.phrases)
        for group in ("yes_no", "page", "kind", "tone", "answered"):
            assert set(english.words[group]) == set(other.words[group])


def test_packs_ask_and_do_not_judge() -> None:
    barred = re.compile(r"\b(compliant|guilty|fake|bias-free|deepfake)\b", re.IGNORECASE)
    found = [
        (rules.pack, field.id)
        for rules in packs().values()
        for section in rules.sections
        for field in section.fields
        if barred.search(field.title)
    ]
    assert not found
