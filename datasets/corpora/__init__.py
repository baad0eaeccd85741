"""Public corpora that users with a licence bring: layouts, labels and protocols. No downloads.

`trials_of(folder)` says which corpora lie in a folder; `corpus(name)` reads one. See
docs/corpora.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.errors import InputError
from datasets.corpora import manipulated, people, presentations, speech
from datasets.corpora.model import Corpus, Item, Pair

__all__ = ["CORPORA", "Corpus", "Found", "Item", "Pair", "corpus", "trials_of"]

CORPORA: dict[str, Corpus] = {
    each.name: each
    for module in (manipulated, presentations, speech, people)
    for each in module.CORPORA
}
"""Every corpus by name, in the order of docs/corpora.md."""

DEPTH = 3
"""Folders below the one given that are looked at."""


@dataclass(frozen=True, slots=True)
class Found:
    """A corpus that lies on disk."""

    corpus: Corpus
    root: Path

    def items(self, protocol: str = "") -> Iterator[Item]:
        """Items of a protocol whose files are there; see `Corpus.items`."""
        return self.corpus.items(self.root, protocol, whole=False)

    def pairs(self, protocol: str = "") -> Iterator[Pair]:
        """Pairs of a protocol whose files are there; see `Corpus.pairs`."""
        return self.corpus.pairs(self.root, protocol, whole=False)


def corpus(name: str) -> Corpus:
    """The corpus of this name.

    Raises:
        InputError: no corpus is called so.
    """
    if name not in CORPORA:
        raise InputError(f"No corpus is called {name}. There are: {', '.join(CORPORA)}.")
    return CORPORA[name]


def trials_of(root: Path) -> tuple[Found, ...]:
    """The corpora recognised in `root` or at most three folders below, by path.

    What lies below a corpus's own folder is not searched for the same corpus again. Nothing is
    read but names of files and folders; labels are read by `Found.items`.
    """
    found: list[Found] = []
    for folder in _folders(root, DEPTH):
        for each in CORPORA.values():
            inside = any(f.corpus is each and f.root in folder.parents for f in found)
            if not inside and each.is_at(folder):
                found.append(Found(each, folder))
    return tuple(found)


def _folders(root: Path, depth: int) -> Iterator[Path]:
    yield root
    if depth:
        # scandir knows folders without asking for each: some corpora hold 600,000 files in one.
        with os.scandir(root) as entries:
            names = sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
        for name in names:
            yield from _folders(root / name, depth - 1)
