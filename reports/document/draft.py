"""Writes a document: every sentence from the catalogue, every figure from the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Literal

from audit.canonical import canonical_json
from reports.document import model as m
from reports.document.catalogue import VERSION, CatalogueError, catalogue
from reports.document.pointers import resolve
from reports.document.values import plural, write


@dataclass(frozen=True, slots=True)
class Ref:
    """A value of the data and how it is written."""

    at: str
    show: str = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Who issues a document, when, and from what."""

    id: str
    issued_at: str
    publisher: str = ""
    sources: tuple[m.Source, ...] = ()
    packs: tuple[m.PackUse, ...] = ()
    attachments: tuple[m.Attachment, ...] = ()


def at(pointer: str, show: str = "text") -> Ref:
    """The value at `pointer`, written as `show` says."""
    return Ref(pointer, show)


Filling = Ref | m.Inline
"""What stands for a name of a template: a value, or a phrase made before."""


@dataclass(slots=True)
class Draft:
    """A document in the making. `data` is plain JSON and is not changed any more."""

    kind: m.Kind
    data: Mapping[str, Any]
    language: m.Language = "en"
    blocks: list[m.Block] = field(default_factory=list)

    def say(self, key: str, /, **fillings: Filling) -> m.Inline:
        """The text `key` of the catalogue with its names filled.

        Raises:
            CatalogueError: no such text, or a name too many or too few.
            Unresolved: a pointer leads nowhere.
        """
        phrase = catalogue(self.language).phrase(key)
        form = phrase.forms["other"]
        if phrase.counts:
            form = phrase.forms.get(self._form(key, fillings.get(phrase.counts)), form)
        wanted = set(form[1::2])
        if not wanted <= set(fillings) or set(fillings) - _named(phrase.forms.values()):
            raise CatalogueError(f"{key}: has the names {sorted(wanted)}, got {sorted(fillings)}")
        made: list[str | m.Shown] = []
        for place, piece in enumerate(form):
            made.extend(self._filled(fillings[piece]) if place % 2 else [piece] if piece else [])
        return tuple(made)

    def shown(self, ref: Ref) -> m.Shown:
        """A value of the data as it is written."""
        value = resolve(self.data, ref.at)
        return m.Shown(at=ref.at, show=ref.show, text=write(value, ref.show, self.language))

    def add(self, *blocks: m.Block) -> None:
        """Appends blocks that were made elsewhere."""
        self.blocks.extend(blocks)

    def heading(
        self, anchor: str, key: str, /, *, level: Literal[2, 3, 4] = 2, **fillings: Filling
    ) -> None:
        """Starts a section."""
        self.add(m.Heading(id=anchor, level=level, text=self.say(key, **fillings)))

    def text(self, key: str, /, *, lead: bool = False, **fillings: Filling) -> None:
        """A paragraph."""
        self.add(m.Text(text=self.say(key, **fillings), lead=lead))

    def notice(self, tone: m.Tone, key: str, /, **fillings: Filling) -> None:
        """A notice: the texts `KEY.title` and `KEY.text`, the fillings going into the latter."""
        text = self.say(f"{key}.text", **fillings)
        self.add(m.Notice(tone=tone, title=self.say(f"{key}.title"), text=text))

    def column(self, key: str, pointer: str, show: str = "text", **more: Any) -> m.Column:
        """A column whose title is the text `key`."""
        return m.Column(title=self.say(key), at=pointer, show=show, **more)

    def finish(self, title: str, issue: Issue, /, **fillings: Filling) -> m.Document:
        """The document; its title is the text `title`, its subtitle `TITLE_sub` if there is one.

        Raises:
            NotCanonical: the data hold what canonical JSON cannot (NaN, sets, dates).
        """
        canonical_json(dict(self.data))
        has_sub = f"{title}_sub" in catalogue(self.language).phrases
        return m.Document(
            kind=self.kind,
            id=issue.id,
            language=self.language,
            title=self.say(title, **_only(self.language, title, fillings)),
            subtitle=self.say(f"{title}_sub", **_only(self.language, f"{title}_sub", fillings))
            if has_sub
            else (),
            issued_at=issue.issued_at,
            publisher=issue.publisher,
            software=m.Software(version=metadata.version("fairwitness"), rules=VERSION),
            sources=issue.sources,
            packs=issue.packs,
            data=dict(self.data),
            blocks=tuple(self.blocks),
            attachments=issue.attachments,
        )

    def _filled(self, filling: Filling) -> list[str | m.Shown]:
        return [self.shown(filling)] if isinstance(filling, Ref) else list(filling)

    def _form(self, key: str, counted: Filling | None) -> str:
        if not isinstance(counted, Ref):
            raise CatalogueError(f"{key}: the number that chooses the plural form is missing")
        value = resolve(self.data, counted.at)
        return "other" if value is None else plural(value, self.language)


def _named(forms: Any) -> set[str]:
    return {name for form in forms for name in form[1::2]}


def _only(language: str, key: str, fillings: Mapping[str, Filling]) -> dict[str, Filling]:
    """Title and subtitle share their fillings; each takes what it names."""
    names = _named(catalogue(language).phrase(key).forms.values())
    return {name: filling for name, filling in fillings.items() if name in names}
