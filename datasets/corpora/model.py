"""What a loader of a public corpus gives: items with their labels, and pairs to compare.

Loaders read what a user with a licence has put on disk. They never download, never write, and
never decode: media is opened by whoever scores it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from audit.errors import InputError

Label = Literal["bona fide", "attack"]
Split = Literal["train", "dev", "test"]
Media = Literal["still", "video", "speech", "audiovisual"]


@dataclass(frozen=True, slots=True)
class Item:
    """One recording of a corpus under one of its protocols.

    Attributes:
        path: the file.
        label, attack: what it is; `attack` names the kind in the corpus's own words, "" for what
            is bona fide.
        person: id within the corpus of who is seen or heard; "" where the corpus does not say.
        split: the protocol's own; a corpus without one is `test` throughout.
        source: the recording that it was made from; itself where untouched. Items of one source
            are dependent.
        condition: codec, quality or light, in the corpus's own words; "" where it names none.
        group: demographic cell in the corpus's own words; "" where it names none.
    """

    path: Path
    label: Label
    split: Split
    attack: str = ""
    person: str = ""
    source: str = ""
    condition: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        if (self.label == "attack") != bool(self.attack):
            raise ValueError(f"{self.path}: an attack has a kind, and nothing else has one")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two recordings to compare.

    Attributes:
        first, second: the files.
        mated: whether both are of one person.
        persons: their ids within the corpus.
        fold: counted from 0; thresholds for a fold come from the other folds. 0 where the
            protocol has one fold.
    """

    first: Path
    second: Path
    mated: bool
    persons: tuple[str, str]
    fold: int = 0


ReadItems = Callable[[Path, str], Iterable[Item]]
ReadPairs = Callable[[Path, str], Iterable[Pair]]


def _no_pairs(root: Path, protocol: str) -> Iterable[Pair]:
    raise AssertionError("a corpus without protocols of pairs is not asked for pairs")


@dataclass(frozen=True, slots=True)
class Corpus:
    """A public corpus: how to know it on disk, and how to read it.

    Attributes:
        name: short id, lower case with underscores.
        title, citation, licence: for people. The licence is a note, not advice: the terms that
            came with the corpus hold.
        media: what its items are.
        signals: the detectors that its labels are about.
        layout: the folders and files as they are unpacked, one per line.
        verified: where layout and protocol were read, and what could not be verified.
        marks: alternatives; the corpus is there where all globs of one alternative match.
        protocols, pair_protocols: names of its protocols; the first is the usual one.
        read_items, read_pairs: readers of a protocol, given the corpus's own folder.
    """

    name: str
    title: str
    media: Media
    signals: tuple[str, ...]
    citation: str
    licence: str
    layout: str
    verified: str
    marks: tuple[tuple[str, ...], ...]
    protocols: tuple[str, ...]
    read_items: ReadItems
    pair_protocols: tuple[str, ...] = ()
    read_pairs: ReadPairs = _no_pairs

    def is_at(self, folder: Path) -> bool:
        """Whether `folder` itself is the corpus's folder."""
        return any(all(_matches(folder, m) for m in marks) for marks in self.marks)

    def locate(self, root: Path) -> Path:
        """The corpus's own folder: `root`, or the one folder below it that archives add.

        Raises:
            InputError: it is not there; says what is missing and what the layout must be.
        """
        if not root.is_dir():
            raise InputError(f"{self.title}: {root} is not a folder.\n{self._must_be()}")
        inside = sorted(p for p in root.iterdir() if p.is_dir())
        for folder in (root, *inside):
            if self.is_at(folder):
                return folder
        missing = min(
            ([m for m in marks if not _matches(root, m)] for marks in self.marks), key=len
        )
        lacks = ", ".join(missing)
        raise InputError(f"{self.title}: {root} has no {lacks}.\n{self._must_be()}")

    def items(self, root: Path, protocol: str = "", *, whole: bool = True) -> Iterator[Item]:
        """Items of a protocol (the usual one where none is named), in its order.

        With `whole` a file that is listed but not there is an error; else it is left out, for
        those who hold a part of the corpus.

        Raises:
            InputError: the corpus, the protocol or a file is missing, or a row is malformed.
        """
        chosen = self._protocol(protocol, self.protocols)
        for item in self.read_items(self.locate(root), chosen):
            if self._is_there(item.path, whole):
                yield item

    def pairs(self, root: Path, protocol: str = "", *, whole: bool = True) -> Iterator[Pair]:
        """Pairs of a protocol, as `items`.

        Raises:
            InputError: as `items`; also where the corpus has no protocol of pairs.
        """
        chosen = self._protocol(protocol, self.pair_protocols)
        for pair in self.read_pairs(self.locate(root), chosen):
            if self._is_there(pair.first, whole) and self._is_there(pair.second, whole):
                yield pair

    def _protocol(self, wanted: str, known: Sequence[str]) -> str:
        if not known:
            raise InputError(f"{self.title} has no protocol of this kind.")
        if wanted and wanted not in known:
            raise InputError(
                f"{self.title} has no protocol {wanted!r}. There are: {', '.join(known)}."
            )
        return wanted or known[0]

    def _is_there(self, path: Path, whole: bool) -> bool:
        if path.is_file():
            return True
        if whole:
            raise InputError(f"{self.title}: {path} is listed but not there.\n{self._must_be()}")
        return False

    def _must_be(self) -> str:
        return f"The layout must be\n{self.layout}\nas docs/corpora.md says."


def _matches(folder: Path, pattern: str) -> bool:
    return next(folder.glob(pattern), None) is not None


def rows(path: Path, columns: int) -> Iterator[tuple[str, list[str]]]:
    """Rows of a list separated by white space, each with where it stands; empty rows left out.

    Raises:
        InputError: a row has another number of columns; file and row are named.
    """
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        cells = line.split()
        if not cells:
            continue
        where = f"{path}, row {number}"
        if len(cells) != columns:
            raise InputError(f"{where}: {len(cells)} columns where there must be {columns}.")
        yield where, cells


def table(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a CSV file with a header that has at least `columns`, each with where it stands.

    Raises:
        InputError: a column is missing, or a row is short; file and row are named.
    """
    reader = csv.DictReader(text_of(path).splitlines(), skipinitialspace=True)
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    lacking = [name for name in columns if name not in header]
    if lacking:
        raise InputError(f"{path}, row 1: there is no column {', '.join(lacking)}.")
    for number, row in enumerate(reader, start=2):
        where = f"{path}, row {number}"
        if None in row or None in row.values():
            raise InputError(f"{where}: it has more or fewer cells than the header.")
        yield where, {name: value.strip() for name, value in row.items()}


def json_of(path: Path) -> object:
    """A JSON file's content.

    Raises:
        InputError: it is missing or no JSON.
    """
    try:
        content: object = json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, row {error.lineno}: no JSON ({error.msg}).") from None
    return content


def text_of(path: Path) -> str:
    """A protocol file's text.

    Raises:
        InputError: it is missing or no UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path} is missing.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no UTF-8 text.") from None


def one_of(value: str, known: Sequence[str], where: str) -> str:
    """`value`, if it is among `known`.

    Raises:
        InputError: it is not; `where` names file and row.
    """
    if value not in known:
        raise InputError(f"{where}: {value!r} where there must be one of {', '.join(known)}.")
    return value
