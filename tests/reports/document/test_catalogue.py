"""Catalogues are refused where a text could say a figure of its own, or is not well formed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.document import catalogue as module
from reports.document.catalogue import LANGUAGES, CatalogueError, catalogue, has_figures


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty catalogue of English in place of ours."""
    held = tmp_path / "catalogues" / "en"
    held.mkdir(parents=True)
    (tmp_path / "catalogues" / "names.toml").write_text('names = ["Law 144", "A 1"]')
    monkeypatch.setattr(module.resources, "files", lambda _: tmp_path)
    module._names.cache_clear()
    catalogue.cache_clear()
    yield held
    module._names.cache_clear()
    catalogue.cache_clear()


@pytest.mark.parametrize("language", LANGUAGES)
def test_ours_are_well_formed(language: str) -> None:
    assert catalogue(language).phrases


def test_a_text_is_pieces_and_names(folder: Path) -> None:
    (folder / "a.toml").write_text('[b]\nc = "{x} of Law 144, {y_1}."')
    phrase = catalogue("en").phrase("a.b.c")
    assert phrase.forms["other"] == ("", "x", " of Law 144, ", "y_1", ".")
    assert phrase.counts == ""


def test_plural_forms(folder: Path) -> None:
    (folder / "a.toml").write_text('c = { plural = "n", one = "{n} one", other = "{n} more" }')
    phrase = catalogue("en").phrase("a.c")
    assert (set(phrase.forms), phrase.counts) == ({"one", "other"}, "n")


@pytest.mark.parametrize(
    "text",
    [
        'c = "about 5 persons"',
        'c = "Law 1445"',
        'c = "half: ½"',
        'c = "m²"',
        'c = "٣ persons"',
        'c = "an open { brace"',
        'c = "a brace } too many"',
        'c = "{Upper}"',
        'c = "{}"',
        "c = 5",
        'c = ["a", "b"]',
        'c = { one = "a", other = "b" }',
        'c = { plural = "n", one = "a" }',
        'c = { plural = "n", once = "a", other = "b" }',
        'c = { plural = "n", one = 1, other = "b" }',
    ],
)
def test_faulty_texts_are_refused(folder: Path, text: str) -> None:
    (folder / "a.toml").write_text(text)
    with pytest.raises(CatalogueError):
        catalogue("en")


def test_words_of_two_files_must_differ(folder: Path) -> None:
    (folder / "a.toml").write_text('[words.tone]\na = "A"')
    (folder / "b.toml").write_text('[words.tone]\nb = "B"')
    assert catalogue("en").word("tone", "a") + catalogue("en").word("tone", "b") == "AB"
    catalogue.cache_clear()
    (folder / "b.toml").write_text('[words.tone]\na = "B"')
    with pytest.raises(CatalogueError):
        catalogue("en")


def test_what_is_not_there() -> None:
    with pytest.raises(CatalogueError):
        catalogue("fr")
    with pytest.raises(CatalogueError):
        catalogue("en").phrase("no.such")
    with pytest.raises(CatalogueError):
        catalogue("en").word("yes_no", "perhaps")


def test_names_may_hold_digits_and_nothing_else() -> None:
    assert not has_figures("Local Law 144 and RFC 8785 with SHA-256")
    assert has_figures("Local Law 145")
    assert has_figures("section 20-870")
