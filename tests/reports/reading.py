"""Reads a page the way a strict reader would."""

from __future__ import annotations

from collections.abc import Iterable
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "input", "hr", "col", "wbr", "area", "base", "source"}
EMPTY_SVG = {"rect", "line", "path", "circle", "image"}


class Page(HTMLParser):
    """Elements, attributes, ids and visible texts; raises on tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, dict[str, str]]] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[tuple[tuple[str, dict[str, str]], ...], str]] = []
        self.feed(html)
        self.close()
        if self.open:
            raise ValueError(f"not closed: {[tag for tag, _ in self.open]}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            raise ValueError(f"<{tag}> repeats an attribute")
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self.open.append((tag, attributes))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        last = self.open.pop()[0]
        if last != tag:
            raise ValueError(f"</{tag}> closes <{last}>")

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((tuple(self.open), data.strip()))

    @property
    def ids(self) -> list[str]:
        """All ids, in order."""
        return [a["id"] for _, a in self.elements if "id" in a]

    def values(self, attribute: str) -> list[str]:
        """Every value of one attribute."""
        return [a[attribute] for _, a in self.elements if attribute in a]

    def said(self, *, outside: Iterable[str] = ()) -> list[str]:
        """Visible texts but those inside elements with one of these ids or classes."""
        left_out = set(outside) | {"style", "title-of-page"}
        kept = []
        for parents, text in self.texts:
            names = {tag for tag, _ in parents if tag == "style"}
            names |= {a.get("id", "") for _, a in parents}
            names |= {name for _, a in parents for name in a.get("class", "").split()}
            if not names & left_out:
                kept.append(text)
        return kept
