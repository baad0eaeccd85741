"""Text tables before the database engine sees them: encoding, line length, delimiter, header.

Everything here reads in bounded pieces; a file without line breaks is refused after one piece.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.errors import DataInvalid
from fairness.types import Note

DELIMITERS = (",", ";", "\t", "|")
_PIECE = 2**20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class TextTable:
    """A UTF-8 file that the engine can read: its dialect, header and what was noticed."""

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    skip: int
    notes: tuple[Note, ...]


def prepared(
    path: Path, scratch: Path, *, encoding: str | None, delimiter: str | None, line_mb: int
) -> TextTable:
    """The table at `path`, rewritten as UTF-8 into `scratch` where it has another encoding."""
    name, notes = _encoding(path, line_mb, encoding)
    if name not in ("utf-8", "utf-8-sig"):
        path = _rewritten(path, scratch / "utf8.csv", name)
    sample = _sample(path)
    skip = 0
    if sample.lower().startswith("sep=") and len(sample.split("\n", 1)[0].strip()) == 5:
        delimiter, skip = delimiter or sample[4], 1
        sample = sample.split("\n", 1)[1]
    delimiter = delimiter or _delimiter(sample)
    columns = _header(sample, delimiter, path.name)
    return TextTable(path, delimiter, columns, skip, notes)


def _encoding(path: Path, line_mb: int, given: str | None) -> tuple[str, tuple[Note, ...]]:
    """Its encoding, after reading all of it once for lines that are too long."""
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise DataInvalid(f"{path.name} is empty: there is no header line and no row")
    marked = next((name for mark, name in _BOMS if head.startswith(mark)), None)
    guess = given or marked
    wide = guess is not None and guess.lower().replace("_", "-").startswith("utf-16")
    is_utf8 = _scan(path, line_mb, wide=wide)
    if given:
        _known(given)
        return codecs.lookup(given).name, ()
    if marked:
        return marked, ()
    if is_utf8:
        return "utf-8", ()
    name = "cp1252" if _decodes(path, "cp1252") else "latin-1"
    text = (
        f"{path.name} is not UTF-8; it was read as {name} (Western European). If letters look "
        "wrong, give csv.encoding."
    )
    return name, (Note("encoding_guessed", text, {"encoding": name}),)


def _scan(path: Path, line_mb: int, *, wide: bool) -> bool:
    """Whether all of it is UTF-8; DataInvalid on an endless line or on binary data."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, unbroken = not wide, 0
    for place, piece in enumerate(_pieces(path)):
        if not wide and b"\x00" in piece:
            raise DataInvalid(
                f"{path.name} has zero bytes in its MiB {place + 1}: it is binary or damaged, or "
                "UTF-16 without its mark (then give csv.encoding: utf-16-le)"
            )
        unbroken = 0 if b"\n" in piece or b"\r" in piece else unbroken + len(piece)
        if unbroken >= line_mb * _PIECE:
            raise DataInvalid(
                f"{path.name} has a line longer than {line_mb} MiB, from its MiB "
                f"{place + 2 - unbroken // _PIECE} on: it is not a table with one row per line. "
                "Export it again; limits.line_mb raises the limit"
            )
        valid = valid and _continues(decoder, piece)
    return valid


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _continues(decoder: codecs.IncrementalDecoder, piece: bytes) -> bool:
    try:
        decoder.decode(piece)
    except UnicodeDecodeError:
        return False
    return True


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    return all(_continues(decoder, piece) for piece in _pieces(path))


def _known(encoding: str) -> None:
    try:
        text = codecs.lookup(encoding)
    except LookupError:
        raise DataInvalid(f"csv.encoding: {encoding!r} is not the name of an encoding") from None
    if not getattr(text, "_is_text_encoding", True):
        raise DataInvalid(f"csv.encoding: {encoding!r} is not an encoding of text")


def _rewritten(path: Path, target: Path, encoding: str) -> Path:
    """The file as UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with target.open("w", encoding="utf-8", newline="") as out:
        try:
            for piece in _pieces(path):
                out.write(decoder.decode(piece))
            out.write(decoder.decode(b"", True))
        except UnicodeError:
            raise DataInvalid(
                f"{path.name} is not {encoding} throughout: give its csv.encoding, or save it as "
                "UTF-8"
            ) from None
    return target


def _sample(path: Path) -> str:
    """The first MiB, up to its last line break."""
    with path.open("rb") as file:
        data = file.read(_PIECE)
        whole = not file.read(1)
    text = data.decode("utf-8-sig", errors="ignore")
    return text if whole or "\n" not in text else text[: text.rindex("\n") + 1]


def _delimiter(sample: str) -> str:
    """The one that splits the header and most of the first rows into the same number of fields."""
    best, most = ",", (0, 0)
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _rows(sample, delimiter, 50) if row]
        if not widths:
            continue
        agreeing = sum(w == widths[0] for w in widths)
        rank = (agreeing if widths[0] > 1 else 0, widths[0])
        if rank > most:
            best, most = delimiter, rank
    return best


def _rows(sample: str, delimiter: str, count: int) -> list[list[str]]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    rows = []
    try:
        for _, row in zip(range(count), reader, strict=False):
            rows.append(row)
    except csv.Error:
        return rows
    return rows


def _header(sample: str, delimiter: str, name: str) -> tuple[str, ...]:
    rows = _rows(sample, delimiter, 1)
    columns = [c.strip() for c in rows[0]] if rows else []
    if not any(columns):
        raise DataInvalid(f"{name} has no header line with the names of its columns")
    named = [c or f"(column {i + 1})" for i, c in enumerate(columns)]
    twice = sorted({c for c in named if named.count(c) > 1})
    if twice:
        raise DataInvalid(
            f"{name} has two columns named {twice[0]!r}: rename one, so that the specification "
            "can tell them apart"
        )
    return tuple(named)
