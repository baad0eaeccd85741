"""What changed from one document to another, in numbers: field by field of their data.

Rows of lists are matched by their names (those that the document's own tables give them, else by
members such as `id`, `name` or `group`), never by their places: a row that moved did not change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from audit.canonical import canonical_hash
from audit.errors import InputError
from reports.document.model import Document, Inline, Shown, Table
from reports.document.pointers import Unresolved, join, resolve

FORMAT = "fairwitness-diff/1"
MOST = 5000
"""Changes of each kind that are listed; of more, it says how many there are."""
NAMES = (
    "id",
    "code",
    "name",
    "feature",
    "features",
    "group",
    "basis",
    "score",
    "stage",
    "period",
    "axis",
    "level",
    "label",
    "figure",
    "question",
    "signal",
    "modality",
    "first",
    "second",
    "kind",
    "clock",
    "field",
    "at",
    "title",
)
"""Members that name an item of a list, where no table does."""
SAID = ("title", "label")
"""Members that say it in words."""

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two documents."""

    id: Annotated[str, Field(description="The report.")]
    issued_at: Annotated[str, Field(description="When it was issued.")]
    sha256: Annotated[str, Field(description="Of its canonical JSON.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A value that differs."""

    at: Annotated[str, Field(description="Pointer into the data of the later document.")]
    was_at: Annotated[
        str | None, Field(description="Into that of the earlier one, if it was elsewhere.")
    ]
    row: Annotated[tuple[str, ...], Field(description="Names of the items that it is inside of.")]
    title: Annotated[str, Field(description="What its column is called, if a table shows it.")]
    before: Annotated[Any, Field(description="As it was.")]
    after: Annotated[Any, Field(description="As it is.")]
    difference: Annotated[
        float | int | None, Field(description="After less before; null: not both are numbers.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member, an item or a row that only one of them has."""

    at: Annotated[str, Field(description="Pointer into the data of the one that has it.")]
    row: Annotated[tuple[str, ...], Field(description="Names of the items that it is inside of.")]
    value: Annotated[Any, Field(description="What it is; null: more than a single value.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackChange:
    """A rule pack in another version. Null: it was, or is, not applied."""

    id: Annotated[str, Field(description="The pack.")]
    before: Annotated[str | None, Field(description="Its version then.")]
    after: Annotated[str | None, Field(description="Its version now.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed from one document to another."""

    format: Annotated[str, Field(description="Of this document.")] = FORMAT
    kind: Annotated[str, Field(description="Kind of both documents.")]
    before: Annotated[Side, Field(description="The earlier one, as given.")]
    after: Annotated[Side, Field(description="The later one.")]
    packs: Annotated[tuple[PackChange, ...], Field(description="Rule packs that differ.")]
    numbers: Annotated[tuple[Change, ...], Field(description="Numbers that differ.")]
    others: Annotated[tuple[Change, ...], Field(description="Other values that differ.")]
    added: Annotated[tuple[Member, ...], Field(description="Only in the later one.")]
    removed: Annotated[tuple[Member, ...], Field(description="Only in the earlier one.")]
    counts: Annotated[
        dict[str, int],
        Field(description="How many of each there are; lists hold at most 5000."),
    ]

    @property
    def same(self) -> bool:
        """Whether the data are the same."""
        return not any(self.counts.values())


def diff(before: Document, after: Document) -> Difference:
    """What changed from `before` to `after`. Raises `InputError` for documents of two kinds."""
    if before.kind != after.kind:
        raise InputError(
            f"These are documents of two kinds ({before.kind}, {after.kind}); give two of one kind."
        )
    walk = _Walk(_heads(before), _heads(after), _titles(after))
    walk.compare(_Place("", "", ()), before.data, after.data)
    packs = tuple(_packs(before, after))
    found: dict[str, list[Any]] = {
        "numbers": walk.numbers,
        "others": walk.others,
        "added": walk.added,
        "removed": walk.removed,
    }
    counts = {"packs": len(packs)} | {name: len(each) for name, each in found.items()}
    return Difference(
        kind=after.kind,
        before=_side(before),
        after=_side(after),
        packs=packs,
        numbers=tuple(walk.numbers[:MOST]),
        others=tuple(walk.others[:MOST]),
        added=tuple(walk.added[:MOST]),
        removed=tuple(walk.removed[:MOST]),
        counts=counts,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where both sides stand: pointers, and names of the items on the way."""

    was: str
    now: str
    row: tuple[str, ...]

    def member(self, name: str) -> _Place:
        return _Place(join(self.was, name), join(self.now, name), self.row)

    def item(self, was: int, now: int, name: str) -> _Place:
        row = (*self.row, name) if name else self.row
        return _Place(join(self.was, was), join(self.now, now), row)


Heads = Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class _Walk:
    """The comparison under way."""

    heads_before: Heads
    heads_after: Heads
    titles: Mapping[tuple[str, str], str]
    numbers: list[Change] = field(default_factory=list)
    others: list[Change] = field(default_factory=list)
    added: list[Member] = field(default_factory=list)
    removed: list[Member] = field(default_factory=list)

    def compare(self, place: _Place, before: Json, after: Json) -> None:
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            self._members(place, before, after)
        elif _listed(before) and _listed(after):
            self._lists(place, before, after)
        elif _held(before) or _held(after):
            if before is not None:
                self._only(self.removed, place.was, place.row, before)
            if after is not None:
                self._only(self.added, place.now, place.row, after)
        elif not _same(before, after):
            self._changed(place, before, after)

    def _members(
        self, place: _Place, before: Mapping[str, Json], after: Mapping[str, Json]
    ) -> None:
        for name in {**after, **before}:
            here = place.member(name)
            if name not in before:
                self._only(self.added, here.now, place.row, after[name])
            elif name not in after:
                self._only(self.removed, here.was, place.row, before[name])
            else:
                self.compare(here, before[name], after[name])

    def _lists(self, place: _Place, before: Sequence[Json], after: Sequence[Json]) -> None:
        if all(isinstance(each, Mapping) for each in (*before, *after)):
            self._rows(place, before, after)
        elif any(isinstance(each, str) for each in (*before, *after)):
            self._words(place, before, after)
        else:
            for n in range(max(len(before), len(after))):
                here = place.item(n, n, "")
                if n >= len(before):
                    self._only(self.added, here.now, place.row, after[n])
                elif n >= len(after):
                    self._only(self.removed, here.was, place.row, before[n])
                else:
                    self.compare(here, before[n], after[n])

    def _rows(
        self,
        place: _Place,
        before: Sequence[Mapping[str, Json]],
        after: Sequence[Mapping[str, Json]],
    ) -> None:
        ways = self._ways(place, before, after)
        old, new = (dict(_keyed(rows, ways)) for rows in (before, after))
        for key, n in new.items():
            name = _name(key, after[n])
            if key in old:
                here = place.item(old[key], n, name)
                self.compare(here, before[old[key]], after[n])
            else:
                self._only(self.added, join(place.now, n), (*place.row, name), after[n])
        for key, n in old.items():
            if key not in new:
                row = (*place.row, _name(key, before[n]))
                self._only(self.removed, join(place.was, n), row, before[n])

    def _ways(
        self,
        place: _Place,
        before: Sequence[Mapping[str, Json]],
        after: Sequence[Mapping[str, Json]],
    ) -> tuple[str, ...]:
        """Pointers from an item to what names it: of the tables, else of known members."""
        told = self.heads_after.get(place.now)
        rows = (*before, *after)
        if told and told == self.heads_before.get(place.was) and _all_have(rows, told):
            return told
        known = tuple(join("", name) for name in NAMES)
        ways = tuple(way for way in known if _all_have(rows, (way,)))
        for some in (*((way,) for way in ways), ways):
            if some and all(_distinct(side, some) for side in (before, after)):
                return some
        more = dict.fromkeys(join("", name) for row in rows for name in row)
        texts = (way for way in more if way not in ways and _all_have(rows, (way,), texts=True))
        return (*ways, *texts)

    def _words(self, place: _Place, before: Sequence[Json], after: Sequence[Json]) -> None:
        old, new = (Counter(_words_of(each) for each in side) for side in (before, after))
        for n, each in enumerate(after):
            if new[_words_of(each)] > old[_words_of(each)]:
                new[_words_of(each)] -= 1
                self._only(self.added, join(place.now, n), place.row, each)
        new = Counter(_words_of(each) for each in after)
        for n, each in enumerate(before):
            if old[_words_of(each)] > new[_words_of(each)]:
                old[_words_of(each)] -= 1
                self._only(self.removed, join(place.was, n), place.row, each)

    def _changed(self, place: _Place, before: Json, after: Json) -> None:
        numbers = _number(before) and _number(after)
        parent, _, member = place.now.rpartition("/")
        rows = parent.rpartition("/")[0]
        change = Change(
            at=place.now,
            was_at=place.was if place.was != place.now else None,
            row=place.row,
            title=self.titles.get((rows, f"/{member}"), ""),
            before=before,
            after=after,
            difference=_less(after, before) if numbers else None,
        )
        (self.numbers if _number(before) or _number(after) else self.others).append(change)

    def _only(self, found: list[Member], at: str, row: tuple[str, ...], value: Json) -> None:
        found.append(Member(at=at, row=row, value=None if _held(value) else value))


def _heads(document: Document) -> Heads:
    """Of each list that a table shows, pointers to what names its rows."""
    return {
        block.rows: tuple(column.at for column in block.columns[: block.head])
        for block in document.blocks
        if isinstance(block, Table) and block.head
    }


def _titles(document: Document) -> dict[tuple[str, str], str]:
    """What columns are called, by list and member."""
    return {
        (block.rows, column.at): _text(column.title)
        for block in document.blocks
        if isinstance(block, Table)
        for column in block.columns
    }


def _text(inline: Inline) -> str:
    return "".join(piece.text if isinstance(piece, Shown) else piece for piece in inline)


def _keyed(
    rows: Sequence[Mapping[str, Json]], ways: tuple[str, ...]
) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Each row's names and how many rows with the same names came before it."""
    seen: Counter[tuple[str, ...]] = Counter()
    for n, row in enumerate(rows):
        names = tuple(_words_of(resolve(row, way)) for way in ways)
        yield (names, seen[names]), n
        seen[names] += 1


def _name(key: tuple[Any, ...], row: Mapping[str, Json]) -> str:
    """What people read: the row's own words for itself, if it has some, else its names."""
    names, turn = key
    said = next((row[each] for each in SAID if isinstance(row.get(each), str)), None)
    made = said or ", ".join(name for name in names if name)
    return f"{made} ({turn + 1})" if turn else made


def _all_have(
    rows: Sequence[Mapping[str, Json]], ways: tuple[str, ...], *, texts: bool = False
) -> bool:
    """Whether all rows have names there: texts or lists of them; whole numbers unless `texts`."""
    try:
        return all(_names(resolve(row, way), texts) for row in rows for way in ways)
    except Unresolved:
        return False


def _names(value: Json, texts: bool) -> bool:
    if value is None or isinstance(value, str):
        return True
    if _listed(value):
        return all(isinstance(each, str) for each in value)
    return not texts and isinstance(value, int) and not isinstance(value, bool)


def _distinct(rows: Sequence[Mapping[str, Json]], ways: tuple[str, ...]) -> bool:
    keys = [tuple(_words_of(resolve(row, way)) for way in ways) for row in rows]
    return len(set(keys)) == len(keys)


def _words_of(value: Json) -> str:
    if value is None:
        return ""
    return " × ".join(map(str, value)) if _listed(value) else str(value)


def _listed(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _held(value: Json) -> bool:
    return isinstance(value, Mapping) or _listed(value)


def _number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(before: Json, after: Json) -> bool:
    return bool(before == after) and isinstance(before, bool) == isinstance(after, bool)


def _less(after: float, before: float) -> float | int:
    """Whole numbers stay whole; others are rounded to twelve digits, which hides no difference."""
    made = after - before
    return made if isinstance(made, int) else float(f"{made:.12g}")


def _packs(before: Document, after: Document) -> Iterator[PackChange]:
    old, new = ({use.id: use.version for use in each.packs} for each in (before, after))
    for id in {**old, **new}:
        if old.get(id) != new.get(id):
            yield PackChange(id=id, before=old.get(id), after=new.get(id))


def _side(document: Document) -> Side:
    sha256 = canonical_hash(document.model_dump(mode="json"))
    return Side(id=document.id, issued_at=document.issued_at, sha256=sha256)
