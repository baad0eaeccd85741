"""What differs between two versions of a pack, and which past documents that would change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from audit.errors import PackInvalid
from reports.document import model as m
from reports.packs.model import Pack

What = Literal["added", "removed", "altered"]
Part = Literal["pack", "field", "prohibition"]
_WHOLE = frozenset({"regime_file"})
"""Documents that show a pack whole."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs.

    Attributes:
        id: of the field or the prohibition; the pack's own for what stands above its fields.
        members: of an altered part, its members that differ, with what they were and are.
        documents: kinds of documents that have, or had, to hold the part.
    """

    part: Part
    id: str
    what: What
    members: tuple[tuple[str, Any, Any], ...] = ()
    documents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """From one version of a pack to another. `sha256`: of the former one's meaning."""

    pack: str
    old: str
    new: str
    sha256: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """A document that was made with a pack, and the fields of the pack that it holds."""

    document: str
    kind: str
    use: m.PackUse
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Affected:
    """A past document that a change would change, and by which of its differences."""

    document: str
    kind: str
    differences: tuple[Difference, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """Ids of the fields that would differ, be missing or be too many."""
        return tuple(d.id for d in self.differences if d.part == "field")


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def documents(self) -> tuple[m.Kind, ...]: ...
    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


def changes(old: Pack, new: Pack) -> Change:
    """Every part that is added, removed or altered from `old` to `new`.

    Raises:
        PackInvalid: they are versions of different packs.
    """
    if old.pack != new.pack:
        raise PackInvalid(f"{old.pack!r} and {new.pack!r} are different packs; compare versions")
    found = [
        *_head(old, new),
        *_parts("field", _placed(old), _placed(new), old.fields, new.fields),
        *_parts("prohibition", {}, {}, old.prohibitions, new.prohibitions),
    ]
    return Change(old.pack, old.version, new.version, old.sha256, tuple(found))


def affected(change: Change, past: Iterable[Past]) -> tuple[Affected, ...]:
    """The past documents that the change would change, in their order.

    Only documents that were made with the very pack that the change starts from are looked at. A
    field counts where the document holds it, has now to hold it, or shows the whole pack.
    """
    found = []
    for document in past:
        if document.use.id == change.pack and document.use.sha256 == change.sha256:
            touched = tuple(d for d in change.differences if _touches(d, document))
            if touched:
                found.append(Affected(document.document, document.kind, touched))
    return tuple(found)


def past_of(document: m.Document, held: Iterable[Pack]) -> tuple[Past, ...]:
    """What a document holds of each pack that it was made with: the fields of its blocks.

    `held`: all versions there are; of a version that is gone, every field that is in no other
    counts as its own.
    """
    fields = (block for block in document.blocks if isinstance(block, m.Fields))
    shown = [item.id for block in fields for item in block.items]
    known = {(p.pack, p.version): {field.id for field in p.fields} for p in held}
    used = {(use.id, use.version): use for use in document.packs}
    others = set().union(*(known.get(each, set()) for each in used))
    return tuple(
        Past(
            document.id,
            document.kind,
            use,
            tuple(i for i in shown if (i in known[each] if each in known else i not in others)),
        )
        for each, use in used.items()
    )


def _touches(difference: Difference, past: Past) -> bool:
    if past.kind in _WHOLE or past.kind in difference.documents:
        return True
    return difference.part == "field" and difference.id in past.fields


def _head(old: Pack, new: Pack) -> list[Difference]:
    """What stands above the fields. The version alone is no difference."""
    left = {"version", "sections", "prohibitions"}
    before, after = (p.model_dump(mode="json", exclude=left) for p in (old, new))
    members = _members(before, after)
    return [Difference("pack", old.pack, "altered", members)] if members else []


def _placed(pack: Pack) -> dict[str, str]:
    return {field.id: section.title for section in pack.sections for field in section.fields}


def _parts(
    part: Part,
    old_places: dict[str, str],
    new_places: dict[str, str],
    *held: Sequence[_Named],
) -> list[Difference]:
    old, new = ({each.id: each for each in parts} for parts in held)
    found = []
    for name in [*old, *(name for name in new if name not in old)]:
        kinds = frozenset(
            kind for parts in (old, new) if name in parts for kind in parts[name].documents
        )
        if name not in new:
            found.append(Difference(part, name, "removed", documents=kinds))
        elif name not in old:
            found.append(Difference(part, name, "added", documents=kinds))
        else:
            before = {**old[name].model_dump(mode="json"), "section": old_places.get(name)}
            after = {**new[name].model_dump(mode="json"), "section": new_places.get(name)}
            members = _members(before, after)
            if members:
                found.append(Difference(part, name, "altered", members, kinds))
    return found


def _members(before: dict[str, Any], after: dict[str, Any]) -> tuple[tuple[str, Any, Any], ...]:
    return tuple(
        (name, before.get(name), after.get(name))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    )
