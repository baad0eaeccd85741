"""Reads a published bias-audit table, CSV or JSON, into `Publication`.

A CSV file has one line per category. Columns, by any of the names in `NAMES`, in any order:
`table`, `race_ethnicity`, `sex` (or one `category`), `applicants`, `selected`, `rate`,
`impact_ratio`, `excluded`, `unknown`, `basis`, `variant`; others are ignored. A JSON file is a list
of such rows, or `{"unknown": 250, "basis": "selection", "rows": [...]}`, or `{"tables": [{"table":
"sex", "unknown": 250, "rows": [...]}, ...]}`. docs/fairness/published.md has an example of each.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from audit.errors import DataInvalid
from fairness.published_tables import PERCENT, Record, publication
from fairness.published_types import Publication

MOST_BYTES = 16 * 2**20
MOST_ROWS = 10_000

NAMES: dict[str, tuple[str, ...]] = {
    "table": ("table", "dimension", "protectedchargroup", "analysis", "section"),
    "variant": ("variant", "ratetype", "class", "classification", "outcome", "toolid"),
    "basis": ("basis", "typeoftool", "ratekind"),
    "sex": ("sex", "gender", "sexgender"),
    "race": ("race", "raceethnicity", "ethnicity", "ethnicityrace"),
    "category": ("category", "categories", "group", "subgroup", "demographic"),
    "assessed": (
        "applicants",
        "napplicants",
        "ofapplicants",
        "numberofapplicants",
        "assessed",
        "nassessed",
        "numberofapplications",
        "candidates",
        "n",
        "count",
    ),
    "selected": (
        "selected",
        "nselected",
        "ofselected",
        "numberselected",
        "nabovemedian",
        "abovemedian",
        "nselectedorabovemedian",
        "nselectedornabovemedian",
    ),
    "rate": ("rate", "selectionrate", "scoringrate", "ratepublished", "result"),
    "ratio": ("impactratio", "ratio", "ir", "impactratiopublished", "adverseimpactratio"),
    "excluded": ("excluded", "excludedfromimpactratio", "isexcluded"),
    "unknown": ("unknown", "nunknown", "unknowncount", "numberunknown"),
}
"""Column names understood, lower case, letters only (`% Selection Rate` is `selectionrate`)."""

_FIELD_OF = {name: field for field, names in NAMES.items() for name in names}
_INHERITED = ("table", "variant", "basis")


def read(path: Path) -> Publication:
    """All tables of the file; `DataInvalid` names the row, the column and the remedy."""
    text = _text(path)
    as_json = path.suffix.lower() == ".json" or text.lstrip()[:1] in ("{", "[")
    unknown = ""
    if as_json:
        records, unknown = _json_records(text, path)
    else:
        records = list(_csv_records(text, path))
    if not records:
        raise DataInvalid(f"{path}: there is no row below the header; each category needs one")
    return publication(records, str(path), unknown=unknown)


def _text(path: Path) -> str:
    """The file's text, UTF-8 or UTF-16 with its mark."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataInvalid(f"{path}: larger than {MOST_BYTES} bytes; a published table is small")
        raw = path.read_bytes()
    except OSError as error:
        raise DataInvalid(f"{path}: cannot be read ({error.strerror})") from error
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataInvalid(
            f"{path}: byte {error.start} is not {encoding} text; save the file as UTF-8"
        ) from error
    if "\0" in text or not text.strip():
        raise DataInvalid(f"{path}: not a text table; give CSV or JSON with one row per category")
    return text


def _csv_records(text: str, path: Path) -> Iterator[Record]:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    fields: dict[int, tuple[str, str]] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if fields is None:
                fields, width = _columns(cells, path), len(cells)
                continue
            if len(cells) > width:
                raise DataInvalid(
                    f"{path}, line {reader.line_num}: {len(cells)} cells under {width} column "
                    'names; put quotation marks around values with commas, as in "1,234"'
                )
            _within(reader.line_num, path)
            yield _record(cells, fields, line=reader.line_num)
    except csv.Error as error:
        raise DataInvalid(f"{path}, line {reader.line_num}: not readable CSV ({error})") from error


def _record(cells: Sequence[str], fields: Mapping[int, tuple[str, str]], *, line: int) -> Record:
    named = {fields[i][0]: (fields[i][1], cell) for i, cell in enumerate(cells) if i in fields}
    return Record(
        line,
        {field: cell.strip() for field, (_, cell) in named.items()},
        {field: name for field, (name, _) in named.items()},
    )


def _columns(header: Sequence[str], path: Path) -> dict[int, tuple[str, str]]:
    """Field and printed name by position; refuses headers that cannot work."""
    fields = {
        i: (field, name.strip())
        for i, name in enumerate(header)
        if (field := _field(name)) is not None
    }
    _enough([field for field, _ in fields.values()], f"{path}, line 1", printed=", ".join(header))
    return fields


def _field(name: str) -> str | None:
    """The field that a column name means; `% selected` is a rate."""
    found = _FIELD_OF.get(re.sub(r"\(.*?\)|percent(age)?|pct|[^a-z]", "", name.lower()))
    return "rate" if found == "selected" and PERCENT.search(name) else found


def _enough(fields: Sequence[str], where: str, *, printed: str) -> None:
    twice = {field for field in fields if fields.count(field) > 1}
    if twice:
        raise DataInvalid(f"{where}: two columns mean '{sorted(twice)[0]}'; keep or rename one")
    if not {"category", "sex", "race"} & set(fields):
        raise DataInvalid(
            f"{where}: no column names the categories; one of category, sex, race_ethnicity is "
            f"needed (found: {printed[:200]})"
        )
    if not {"selected", "rate", "ratio"} & set(fields):
        raise DataInvalid(
            f"{where}: nothing to check; one of selected, rate, impact_ratio is needed "
            f"(found: {printed[:200]})"
        )


def _within(line: int, path: Path) -> None:
    if line > MOST_ROWS:
        raise DataInvalid(f"{path}: more than {MOST_ROWS} rows; a published table is small")


def _json_records(text: str, path: Path) -> tuple[list[Record], str]:
    """The rows and the audit's one unknown count ("" if none)."""

    def refuse(word: str) -> NoReturn:
        raise DataInvalid(f"{path}: {word} is not a number in JSON; write null where none is given")

    try:
        # Numbers stay text, so that 0.50 keeps its zero.
        data = json.loads(text, parse_float=str, parse_int=str, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise DataInvalid(f"{path}, line {error.lineno}: not JSON ({error.msg})") from error
    except RecursionError as error:
        raise DataInvalid(f"{path}: nested too deeply for a table") from error
    records: list[Record] = []
    for block, given in _blocks(data, path):
        for position, row in enumerate(block, 1):
            _within(position, path)
            records.append(
                _json_record(row, given, where=f"{path}, row {position}", line=len(records) + 1)
            )
    unknown = data.get("unknown") if isinstance(data, dict) else None
    return records, _cell(unknown, f"{path}, unknown")


def _blocks(data: object, path: Path) -> Iterator[tuple[list[object], dict[str, str]]]:
    """Lists of rows, each with what its table says of all of them."""
    top = data if isinstance(data, dict) else {"rows": data}
    given = _given(top, f"{path}", fields=_INHERITED)
    tables = top.get("tables", [top])
    if not isinstance(tables, list):
        raise DataInvalid(f"{path}: 'tables' must be a list of tables")
    for number, table in enumerate(tables, 1):
        where = f"{path}, table {number}"
        rows = table.get("rows") if isinstance(table, dict) else None
        if not isinstance(rows, list):
            raise DataInvalid(f"{where}: needs 'rows', a list with one object per category")
        own = _given(table, where, fields=_INHERITED if table is top else (*_INHERITED, "unknown"))
        yield rows, given | own


def _given(table: Mapping[str, object], where: str, *, fields: Sequence[str]) -> dict[str, str]:
    named = {_field(key): value for key, value in table.items()}
    return {f: _cell(named[f], f"{where}, {f}") for f in fields if f in named}


def _json_record(row: object, given: dict[str, str], *, where: str, line: int) -> Record:
    if not isinstance(row, dict):
        raise DataInvalid(f"{where}: must be an object such as {{'sex': 'Female', 'rate': '47%'}}")
    pairs = [(f, key, value) for key, value in row.items() if (f := _field(key)) is not None]
    _enough([f for f, _, _ in pairs], where, printed=", ".join(row))
    cells = {f: _cell(value, f"{where}, {key}") for f, key, value in pairs}
    return Record(line, given | cells, {f: key for f, key, _ in pairs})


def _cell(value: object, where: str) -> str:
    """A JSON value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value.strip()
    raise DataInvalid(f"{where}: must be a number or text, not a list or object")
