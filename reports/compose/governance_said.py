"""Sentences about shares: some, none recorded, or nothing to count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reports.compose.passages import Col, Passages
from reports.document import model as m
from reports.document.catalogue import catalogue
from reports.document.draft import Filling, Ref, at

INTERVAL = "between:percent"


def filled(page: Passages, key: str, refs: Mapping[str, Filling]) -> m.Inline:
    """The text `key`, with those of `refs` that it names."""
    phrase = catalogue(page.draft.language).phrase(f"{page.area}.{key}")
    names = {name for form in phrase.forms.values() for name in form[1::2]} | {phrase.counts}
    return page.say(key, **{name: ref for name, ref in refs.items() if name in names})


def share_refs(where: str) -> dict[str, Ref]:
    """The members of a share with its interval."""
    return {
        "count": at(f"{where}/count", "integer"),
        "of": at(f"{where}/of", "integer"),
        "value": at(f"{where}/value", "percent"),
        "interval": interval_key(where),
    }


def interval_key(where: str) -> Ref:
    """The interval of a share."""
    return at(f"{where}/interval", INTERVAL)


def share(page: Passages, where: str, key: str) -> m.Inline:
    """`KEY_some`, `KEY_none` (if there is one, else `KEY_some`) or `KEY_nothing`."""
    held = page.held(where)
    phrases = catalogue(page.draft.language).phrases
    if not held["of"]:
        return page.say(f"{key}_nothing")
    none = f"{page.area}.{key}_none" in phrases and not held["count"]
    return filled(page, f"{key}_none" if none else f"{key}_some", share_refs(where))


def unknown(page: Passages, pointer: str, key: str) -> Iterator[m.Inline]:
    """The sentence about those of whom it is not recorded; nothing where there are none."""
    if page.held(pointer):
        yield page.say(key, n=at(pointer, "integer"))


def share_columns(prefix: str = "", count: str = "count", of: str = "of") -> tuple[Col, ...]:
    """The columns of a share with its interval."""
    return (
        Col(f"{prefix}/count", "integer", count),
        Col(f"{prefix}/of", "integer", of),
        Col(f"{prefix}/value", "percent", "share"),
        Col(f"{prefix}/interval", INTERVAL, "interval"),
    )


def intervals(
    page: Passages, anchor: str, rows: str, label: Col, *, key: str, prefix: str = ""
) -> None:
    """A chart of shares with their intervals; none where there is nothing to draw.

    `key`: its title is `KEY_chart`, its caption `KEY_caption`, with the level of the intervals.
    """
    if not page.held(rows):
        return
    page.draft.add(
        m.Chart(
            id=anchor,
            kind="intervals",
            title=page.say(f"{key}_chart"),
            caption=filled(page, f"{key}_caption", {"level": at("/shown/level", "percent:0")}),
            rows=rows,
            label=page.column(label),
            value=page.column(Col(f"{prefix}/value", "percent", "share")),
            low=page.column(Col(f"{prefix}/low", "percent", "low")),
            high=page.column(Col(f"{prefix}/high", "percent", "high")),
            share=True,
        )
    )
