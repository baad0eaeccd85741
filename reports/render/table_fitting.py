"""Sizes of letters and widths of columns with which a table fits its page.

Widths are estimated from numbers of letters: to measure every cell takes as long as to set it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_UPRIGHT, _TURNED = 470.0, 717.0
"""Points between the margins of a page of A4."""
_LETTER = 0.5
"""Width of a letter, in sizes of letters; the layout reckons with the same."""
_EDGES = 9.0
"""Points that the edges of a cell take."""
_LARGE, _MIDDLE, _SMALL = (9.0, 8.5, 8.0), (9.0, 8.5, 8.0, 7.5), (8.0, 7.5, 7.0, 6.5, 6.0)
_EASY = 16
"""Letters of a line of a cell that are enough to read texts easily."""
_REASON = 14
_LONGEST_WORD = 10
"""Letters of a word from which on it may be broken, when nothing else is left."""

Cells = Sequence[Sequence[Mapping[str, str]]]


def fitted(head: Sequence[str], cells: Cells, right: Sequence[bool]) -> dict[str, Any]:
    """What a table needs to fit: `size` of its letters, `wide`: on a page that is turned, `widths`.

    A width is a pair of letters and whether the column gets just that or shares what remains. Every
    cell stands on one line where letters are large enough for it; else figures do, and texts get
    what is easy to read, or at least what their words need; else the page is turned.
    """
    columns = [
        _Column(name, [row[n] for row in cells], figures)
        for n, (name, figures) in enumerate(zip(head, right, strict=True))
    ]
    least, easy, whole = ([getattr(each, way) for each in columns] for way in _WAYS)
    for wide, room in ((False, _UPRIGHT), (True, _TURNED)):
        for sizes, base, goal in (
            (_LARGE, whole, whole),
            (_MIDDLE, easy, whole),
            (_SMALL, least, easy),
        ):
            for size in sizes:
                free = _letters(size, len(columns), room) - sum(base)
                if free >= 0:
                    return {"size": size, "wide": wide, "widths": _spread(base, goal, free)}
    return {"size": _SMALL[-1], "wide": True, "widths": [(each, False) for each in least]}


_WAYS = ("least", "easy", "whole")


@dataclass(frozen=True, slots=True)
class _Column:
    """Letters that a column needs."""

    name: str
    held: Sequence[Mapping[str, str]]
    figures: bool

    @property
    def least(self) -> int:
        """So that no figure breaks, and no word that is not very long."""
        texts = [each["text"] for each in self.held]
        words = texts if self.figures else _words(texts)
        most = max(map(len, words), default=0)
        reasons = max(map(len, _words(each["why"] for each in self.held)), default=0)
        head = max(map(len, self.name.split()), default=1)
        kept = most if self.figures else min(_LONGEST_WORD, most)
        return max(kept, min(_LONGEST_WORD, reasons), min(_REASON, head)) + 1

    @property
    def easy(self) -> int:
        """So that texts have lines of several words."""
        return self.whole if self.figures else max(self.least, min(_EASY, self.whole))

    @property
    def whole(self) -> int:
        """So that every cell stands on one line, but for reasons why there is no figure."""
        lines = (len(e["text"]) + (0 if self.figures else len(e["why"])) for e in self.held)
        reason = max((min(_REASON, len(each["why"])) for each in self.held), default=0)
        return max(self.least, reason, *lines)


def _words(texts: Iterable[str]) -> list[str]:
    return [word for text in texts for word in text.split()]


def _letters(size: float, columns: int, room: float) -> float:
    """How many letters a row has room for."""
    return (room - _EDGES * columns) / (_LETTER * size)


def _spread(base: Sequence[int], goal: Sequence[int], free: float) -> list[tuple[float, bool]]:
    """What each column needs and a part of what is free, up to what it can use."""
    wants = [aim - held for held, aim in zip(base, goal, strict=True)]
    share = min(1.0, free / sum(wants)) if any(wants) else 0.0
    return [(round(held + w * share, 2), True) for held, w in zip(base, wants, strict=True)]
