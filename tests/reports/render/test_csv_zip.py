"""Tables in CSV hold the data's own values, are led back to their place, and start no formula."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.document import model as m
from reports.document.pointers import Unresolved, resolve
from reports.proof.envelope import Envelope
from reports.proof.zips import read_zip
from reports.render.csv_zip import COLUMNS, DOCUMENT, render_csv
from tests.reports.render.sample_data import Maker, column
from tests.reports.render.samples import SAMPLES
from tests.reports.render.sealing import sealed


def members(document: m.Document) -> dict[str, bytes]:
    """The archive's files by name."""
    return read_zip(render_csv(sealed(document)), stored=True)


def rows(data: bytes) -> list[list[str]]:
    """Head and rows of a file."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def table_of(items: list[Any], *columns: m.Column) -> m.Document:
    """A document with one table over `items`."""
    maker = Maker({"items": items})
    table = m.Table(id="t", title=("Table",), rows="/items", columns=columns)
    return maker.document("governance", "Title", [table])


def value_at(item: Any, at: str) -> Any:
    """What is there; nothing for the end of an interval that is not there."""
    try:
        return resolve(item, at)
    except Unresolved:
        return None


@pytest.mark.parametrize("name", SAMPLES)
def test_there_is_a_file_for_each_table_and_chart(name: str) -> None:
    document = SAMPLES[name]()
    found = members(document)
    blocks = [b for b in document.blocks if isinstance(b, m.Table | m.Chart)]
    assert list(found) == ["README.txt", *(f"{b.id}.csv" for b in blocks), COLUMNS, DOCUMENT]
    assert found[DOCUMENT] == sealed(document).json_bytes
    readme = found["README.txt"].decode("utf-8-sig")
    for block in blocks:
        assert f"{block.id}.csv" in readme
        assert len(rows(found[f"{block.id}.csv"])) == 1 + len(resolve(document.data, block.rows))
    assert sealed(document).proof.document_sha256 in readme


@pytest.mark.parametrize("name", ["typical", "hostile"])
def test_each_column_leads_to_its_values(name: str) -> None:
    document = SAMPLES[name]()
    found = members(document)
    head, *lines = rows(found[COLUMNS])
    assert len(head) == 8
    read = 0
    for file, _, _, list_at, title, at, _, unit in lines:
        names, *body = rows(found[file])
        assert names.count(title) == 1
        assert unit
        for line, item in zip(body, resolve(document.data, list_at), strict=True):
            value, text = value_at(item, at), line[names.index(title)]
            if isinstance(value, int | float) and not isinstance(value, bool):
                assert float(text) == value
                read += 1
            elif value is None:
                assert text == ""
    assert read > 100


def test_values_are_not_rounded_and_written_as_in_json() -> None:
    items = [{"v": v} for v in (1 / 3, -0.0, 5.0, 1e-7, -12, True, None, ["a", "b"], [1, 2])]
    found = rows(members(table_of(items, column("V", "/v", "plain")))["t.csv"])
    expected = ["0.3333333333333333", "0", "5", "1e-7", "-12", "true", "", "a, b", "[1,2]"]
    assert [line[0] if line else "" for line in found[1:]] == expected


def test_an_interval_is_two_columns_and_a_reason_one() -> None:
    items = [
        {"ends": [0.1, None], "why": "not asked"},
        {"ends": None, "why": "fewer than five"},
        {"ends": [None, 2], "why": None},
    ]
    document = table_of(items, column("Ends", "/ends", "between:percent", empty_at="/why"))
    found = members(document)
    assert rows(found["t.csv"]) == [
        ["Ends, low", "Ends, high", "Ends: why there is none"],
        ["0.1", "", ""],
        ["", "", "fewer than five"],
        ["", "2", ""],
    ]
    assert [line[5:] for line in rows(found[COLUMNS])[1:]] == [
        ["/ends/0", "percent", "share, 0 to 1"],
        ["/ends/1", "percent", "share, 0 to 1"],
        ["/why", "text", "text"],
    ]


def test_columns_of_one_title_are_told_apart() -> None:
    document = table_of([{"a": 1, "b": 2}], column("N", "/a", "integer"), column("N", "/b", "text"))
    assert rows(members(document)["t.csv"])[0] == ["N (/a)", "N (/b)"]


@given(
    st.text(max_size=20), st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "\n", "＝", "－"])
)
def test_no_text_starts_a_formula(text: str, start: str) -> None:
    held = start + "".join(c for c in text if not 0xD800 <= ord(c) <= 0xDFFF)
    found = members(table_of([{"v": held}, {"v": [held]}], column("V", "/v", "list")))
    for line in csv.reader(io.StringIO(found["t.csv"].decode("utf-8-sig"), newline="")):
        for each in line:
            assert not re.match(r"[=+\-@\t\r\n＝＋－＠]", each)


def test_bytes_repeat_for_a_document_that_was_read_again() -> None:
    for make in SAMPLES.values():
        envelope = sealed(make())
        again = Envelope.model_validate(json.loads(envelope.json_bytes))
        assert render_csv(again) == render_csv(envelope)


def test_it_speaks_the_language_of_the_document() -> None:
    readme = members(SAMPLES["letter"]())["README.txt"].decode("utf-8-sig")
    assert "das signierte Dokument" in readme
