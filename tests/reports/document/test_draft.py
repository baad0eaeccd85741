"""A draft takes sentences from the catalogue and figures from the data, and refuses the rest."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from audit.errors import NotCanonical
from reports.document import catalogue as module
from reports.document import model as m
from reports.document.catalogue import CatalogueError, catalogue
from reports.document.check import faults
from reports.document.draft import Draft, Issue, at
from reports.document.pointers import Unresolved
from reports.document.values import NotWritable

TEXTS = """
title = "Report on {name}"
title_sub = "As of {day}"
plain = "Nothing to fill."
two = "{a} and {b}"
said = { plural = "n", one = "{n} person", other = "{n} persons of {all}" }
note.title = "Look"
note.text = "At {a}."
head = "Name"
"""
DATA: dict[str, Any] = {"name": "Ada", "n": 1, "m": 2, "none": None, "day": "2026-03-01"}
ISSUE = Issue(id="r-1", issued_at="2026-03-01T09:30:00Z")


@pytest.fixture(autouse=True)
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A catalogue with the texts above."""
    held = tmp_path / "catalogues" / "en"
    held.mkdir(parents=True)
    (tmp_path / "catalogues" / "names.toml").write_text("names = []")
    (held / "t.toml").write_text(TEXTS)
    monkeypatch.setattr(module.resources, "files", lambda _: tmp_path)
    for cached in (catalogue, module._names):
        cached.cache_clear()
    yield
    for cached in (catalogue, module._names):
        cached.cache_clear()


def draft(**more: Any) -> Draft:
    """An empty draft over the data."""
    return Draft("governance", {**DATA, **more})


def told(inline: m.Inline) -> str:
    """A sentence as it is read."""
    return "".join(piece if isinstance(piece, str) else piece.text for piece in inline)


def test_a_value_keeps_its_pointer() -> None:
    said = draft().say("t.two", a=at("/name"), b=at("/m", "decimals:1"))
    assert said == (
        m.Shown(at="/name", show="text", text="Ada"),
        " and ",
        m.Shown(at="/m", show="decimals:1", text="2.0"),
    )


def test_phrases_go_into_phrases() -> None:
    page = draft()
    inner = page.say("t.said", n=at("/n", "integer"), all=at("/m", "integer"))
    assert told(page.say("t.two", a=inner, b=("plain",))) == "1 person and plain"


@pytest.mark.parametrize(
    ("n", "text"), [(1, "1 person"), (0, "0 persons of 2"), (None, "– persons of 2")]
)
def test_the_number_chooses_the_form(n: int | None, text: str) -> None:
    said = draft(n=n).say("t.said", n=at("/n", "integer"), all=at("/m", "integer"))
    assert told(said) == text


@pytest.mark.parametrize(
    ("key", "fillings"),
    [
        ("t.no_such", {}),
        ("t.two", {"a": at("/name")}),
        ("t.two", {"a": at("/name"), "b": at("/m"), "c": at("/n")}),
        ("t.plain", {"a": at("/name")}),
        ("t.said", {"n": ("one",), "all": at("/m")}),
        ("t.said", {"all": at("/m")}),
    ],
)
def test_texts_and_names_have_to_fit(key: str, fillings: dict[str, Any]) -> None:
    with pytest.raises(CatalogueError):
        draft().say(key, **fillings)


def test_pointers_and_ways_have_to_fit() -> None:
    with pytest.raises(Unresolved):
        draft().say("t.two", a=at("/nobody"), b=at("/n"))
    with pytest.raises(NotWritable):
        draft().say("t.two", a=at("/name", "integer"), b=at("/n"))


def test_a_document_is_whole() -> None:
    page = draft(rows=[{"name": "x"}])
    page.heading("h", "t.plain")
    page.text("t.two", lead=True, a=at("/name"), b=at("/n"))
    page.notice("attention", "t.note", a=at("/name"))
    column = page.column("t.head", "/name", empty="none")
    page.add(m.Table(id="t", title=page.say("t.plain"), rows="/rows", columns=(column,)))
    made = page.finish("t.title", ISSUE, name=at("/name"), day=at("/day", "date"))
    assert (told(made.title), told(made.subtitle)) == ("Report on Ada", "As of 1 March 2026")
    assert [block.type for block in made.blocks] == ["heading", "text", "notice", "table"]
    assert faults(made) == []
    assert m.Document.model_validate_json(made.model_dump_json()) == made


def test_a_title_without_a_subtitle() -> None:
    assert draft().finish("t.plain", ISSUE).subtitle == ()


@pytest.mark.parametrize("value", [math.nan, math.inf, {1, 2}, object(), 2**60, {1: "a"}])
def test_data_have_to_be_plain(value: Any) -> None:
    with pytest.raises(NotCanonical):
        draft(value=value).finish("t.plain", ISSUE)


@pytest.mark.parametrize("name", ["", "a b", "x" * 81, "a/b"])
def test_identifiers_and_moments_have_a_form(name: str) -> None:
    with pytest.raises(ValueError, match="id"):
        draft().finish("t.plain", Issue(id=name, issued_at=ISSUE.issued_at))
    with pytest.raises(ValueError, match="issued_at"):
        draft().finish("t.plain", Issue(id="r", issued_at="2026-03-01T09:30:00+01:00"))
