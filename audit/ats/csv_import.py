"""Outcomes in a CSV file: read twice, with flat memory for the rows.

The first reading checks every row. Only if there is no fault, or the caller asked for a partial
import, the second one hands the events over, so nothing is imported that has to be taken back.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO
from zoneinfo import ZoneInfo

from audit.ats.model import OutcomeEvent, WordMap
from audit.ats.rows import FIELDS, NEEDED, RowReader
from audit.canonical import Json
from audit.errors import OutcomeInvalid

MOST_ROWS = 1_000_000
MOST_FAULTS = 100
_LONGEST_LINE = 64 * 1024
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How a file is written.

    `columns`: our field -> the file's heading, where they differ; upper and lower case do not
    matter. `scores`: name of a score -> heading. `zone`: of times that have none.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    zone: ZoneInfo | None = None

    def __post_init__(self) -> None:
        unknown = sorted(set(self.columns) - set(FIELDS))
        if unknown:
            raise OutcomeInvalid(f"no such field: {', '.join(unknown)}; there are {_list(FIELDS)}")
        if self.delimiter not in _DELIMITERS:
            raise OutcomeInvalid("columns are separated by a comma, a semicolon or a tab")


@dataclass(frozen=True, slots=True)
class CsvImport:
    """What was done with a file.

    `rows`: without the heading. `faults`: (place, text), the first `most_faults` of `faulty` rows'.
    `not_outcomes`: rows whose word is mapped to nothing. `dropped`: number of columns not read.
    """

    rows: int
    imported: int
    faulty: int
    faults: tuple[tuple[str, str], ...]
    not_outcomes: int
    dropped: int


@dataclass(slots=True)
class _Checked:
    rows: int = 0
    good: int = 0
    faulty: int = 0
    not_outcomes: int = 0
    dropped: int = 0
    faults: list[tuple[str, str]] = field(default_factory=list)


def import_csv(
    file: BinaryIO,
    write: Callable[[OutcomeEvent], object],
    words: WordMap,
    *,
    form: CsvFormat | None = None,
    partial: bool = False,
    most_faults: int = MOST_FAULTS,
) -> CsvImport:
    """Hands each outcome of a seekable file to `write`, once all rows have been checked.

    Rows are numbered as spreadsheets do: the heading is row 1.

    Raises:
        OutcomeInvalid: rows have faults and `partial` is not set, or the file is no such table. It
            lists the faults as far as `most_faults`; `write` was never called.
    """
    form = form or CsvFormat()
    checked = _Checked()
    start = file.tell()
    for number, event, wrong in _events(file, words, form, checked):
        checked.rows += 1
        checked.good += event is not None
        checked.faulty += bool(wrong)
        checked.not_outcomes += event is None and not wrong
        room = most_faults - len(checked.faults)
        checked.faults += [(f"row {number}, {name}", text) for name, text in wrong[:room]]
    if checked.faulty and not partial:
        raise OutcomeInvalid(
            f"{checked.faulty} of {checked.rows} rows have faults; nothing was imported. First: "
            f"{' '.join(checked.faults[0]) if checked.faults else 'not listed'}",
            tuple(checked.faults),
        )
    file.seek(start)
    for _, event, _ in _events(file, words, form, _Checked()):
        if event is not None:
            write(event)
    return CsvImport(
        checked.rows,
        checked.good,
        checked.faulty,
        tuple(checked.faults),
        checked.not_outcomes,
        checked.dropped,
    )


Row = tuple[int, OutcomeEvent | None, Sequence[tuple[str, str]]]


def _events(file: BinaryIO, words: WordMap, form: CsvFormat, totals: _Checked) -> Iterator[Row]:
    """(row number, event or None, faults) of each row that is not empty."""
    reader = RowReader(words, form.zone)
    records = _records(file, form.delimiter)
    heading = next(records, (1, []))[1]
    places, scores = _places(heading, form)
    totals.dropped = len(heading) - len(places) - len(scores)
    seen: set[bytes] = set()
    for number, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(heading):
            yield number, None, [("columns", f"are {len(cells)}, the heading has {len(heading)}")]
            continue
        row: dict[str, Json] = {name: cells[place].strip() for name, place in places.items()}
        row["scores"] = {name: cells[place].strip() for name, place in scores.items()}
        event, wrong = reader.read(row)
        if event is not None:
            digest = hashlib.sha256(event.external_event.encode()).digest()[:16]
            if digest in seen:
                yield number, None, [("event_id", "occurs twice in the file")]
                continue
            seen.add(digest)
        yield number, event, wrong


def _records(file: BinaryIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(row number from 1, cells) of each record. Raises `OutcomeInvalid` for what is no CSV."""
    reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
    number = 0
    try:
        for cells in reader:
            number += 1
            if number > MOST_ROWS + 1:
                raise OutcomeInvalid(f"the file has more than {MOST_ROWS} rows; split it")
            yield number, cells
    except csv.Error:
        raise OutcomeInvalid(
            f"row {number + 1} (line {reader.line_num}) is not CSV: a quote is not closed, or "
            "stands where none may be"
        ) from None


def _lines(file: BinaryIO) -> Iterator[str]:
    """The file's lines as text, with and without the mark that some programs begin UTF-8 with."""
    for number, raw in enumerate(iter(lambda: file.readline(_LONGEST_LINE + 1), b""), start=1):
        if len(raw) > _LONGEST_LINE:
            raise OutcomeInvalid(f"line {number} is longer than {_LONGEST_LINE} bytes")
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise OutcomeInvalid(f"line {number} is not UTF-8; save the file as UTF-8") from None
        if "\0" in text:
            raise OutcomeInvalid(f"line {number} holds a zero byte; this is no text file")
        yield text


def _places(heading: list[str], form: CsvFormat) -> tuple[dict[str, int], dict[str, int]]:
    """Where each field and each score stands."""
    names = [" ".join(cell.split()).casefold() for cell in heading]
    repeated = {name for name in names if name and names.count(name) > 1}

    def find(title: str) -> int | None:
        key = " ".join(title.split()).casefold()
        if key in repeated:
            raise OutcomeInvalid(f"the heading has '{title}' twice")
        return names.index(key) if key in names else None

    wanted = {name: form.columns.get(name, name) for name in FIELDS if name != "scores"}
    places = {name: place for name, t in wanted.items() if (place := find(t)) is not None}
    scores = {name: place for name, t in form.scores.items() if (place := find(t)) is not None}
    missing = [wanted[n] for n in wanted if n not in places and (n in NEEDED or n in form.columns)]
    missing += [title for name, title in form.scores.items() if name not in scores]
    if missing:
        other = [
            d for d in _DELIMITERS if d != form.delimiter and len(heading) == 1 and d in heading[0]
        ]
        hint = "; columns seem to be separated by something else than told" if other else ""
        raise OutcomeInvalid(f"the heading (row 1) has no column {_list(missing)}{hint}")
    return places, scores


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
