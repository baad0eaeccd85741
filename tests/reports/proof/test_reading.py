"""Hostile files are refused in bounded time and memory, with a reason."""

from __future__ import annotations

import time
import zlib

import pytest

from audit.errors import ProofUnreadable
from reports.proof import reading
from reports.proof.broken_json import where_broken
from reports.proof.bundle_verifying import verify
from reports.proof.reading import SCRIPT, embedded, kind_of, read_json, read_signed
from reports.proof.trust import Trust
from reports.proof.verifying import Verification
from reports.proof.zips import write_zip
from tests.reports.proof.material import sealed_letter

LETTER = sealed_letter().json_bytes


def page(*texts: bytes) -> bytes:
    held = b"".join(SCRIPT + text + b"</script>" for text in texts)
    return b"<!doctype html><html><body>" + held + b"</body></html>\n"


def pdf(*texts: bytes, filtered: bool = True) -> bytes:
    made = b"%PDF-1.7\n"
    for number, text in enumerate(texts, 1):
        packed = zlib.compress(text) if filtered else text
        how = b" /Filter /FlateDecode" if filtered else b""
        made += b"%d 0 obj\n<< /Type /EmbeddedFile%s /Length %d >>\nstream\n" % (
            number,
            how,
            len(packed),
        )
        made += packed + b"\nendstream\nendobj\n"
    return made + b"%%EOF\n"


def outcome(data: bytes) -> str:
    """In what the file ends: a verdict, or `unreadable`."""
    try:
        found: Verification = verify(data, Trust())
    except ProofUnreadable:
        return "unreadable"
    return found.verdict


def test_kinds_are_told_by_the_first_bytes() -> None:
    assert kind_of(LETTER) == "json"
    assert kind_of(page(LETTER)) == "html"
    assert kind_of(pdf(LETTER)) == "pdf"
    assert kind_of(write_zip({"manifest.json": b"{}"})) == "bundle"
    assert kind_of(write_zip({"a.csv": b""})) == "csv"
    for data in (b"", b"hello", b"\x89PNG", b"\x1f\x8b", bytes(1000)):
        with pytest.raises(ProofUnreadable, match="no report of ours"):
            kind_of(data)


def test_the_document_is_taken_out_of_each_form() -> None:
    for kind, body in (
        ("html", page(LETTER)),
        ("pdf", pdf(LETTER)),
        ("pdf", pdf(LETTER, filtered=False)),
        ("csv", write_zip({"a.csv": b"", "document.json": LETTER})),
    ):
        text = embedded(body, kind)  # type: ignore[arg-type]
        assert text is not None
        assert read_signed(text, canonical=True).intact


def test_two_documents_in_one_file_are_refused() -> None:
    for kind, body in (
        ("html", page(LETTER, LETTER)),
        ("pdf", pdf(LETTER, LETTER)),
        ("csv", write_zip({"document.json": LETTER, "x/document.json": LETTER})),
    ):
        with pytest.raises(ProofUnreadable, match="2"):
            embedded(body, kind)  # type: ignore[arg-type]
        assert outcome(body) == "failed"


def test_too_much_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_JSON", 1 << 20)
    monkeypatch.setattr(reading, "MOST_VALUES", 10_000)
    bomb = pdf(bytes(4 << 20))
    with pytest.raises(ProofUnreadable, match="too large"):
        embedded(bomb, "pdf")
    with pytest.raises(ProofUnreadable, match="larger than 1 MiB"):
        read_json(b'"' + b"x" * (1 << 20) + b'"', canonical=True)
    with pytest.raises(ProofUnreadable, match="10000 values"):
        read_json(b"[" + b"1," * 10_000 + b"1]", canonical=True)
    with pytest.raises(ProofUnreadable, match="larger than"):
        embedded(write_zip({"document.json": bytes(2 << 20)}), "csv")


NESTED = b"[" * 200_000
HOSTILE = {
    "nested": NESTED,
    "nested objects": b'{"a":' * 200_000,
    "nested data": b'{"document":{"data":' + b"[" * 5000 + b"]" * 5000 + b'},"proof":{}}',
    "names twice": b'{"document":{},"document":{},"proof":{}}',
    "not a number": LETTER.replace(b'"data":{', b'"data":{"a":NaN,'),
    "no utf-8": LETTER.replace(b'"en"', b'"\xff\xfe"').replace(b'"de"', b'"\xff\xfe"'),
    "long number": b'{"document":{"n":' + b"9" * 100_000 + b'},"proof":{}}',
    "null": b'{"document":null,"proof":null}',
    "no proof": b'{"document":{}}',
    "empty": b"{}",
    "many quotes": b'{"' + b'\\"' * 300_000,
    "many scripts": b"<!doctype html>" + SCRIPT * 20_000,
    "many attachments": b"%PDF-1.7\n" + b"1 0 obj /Type /EmbeddedFile stream\n" * 20_000,
    "attachment without end": b"%PDF-1.7\n1 0 obj << /Type /EmbeddedFile >>",
    "length elsewhere": b"%PDF-1.7\n1 0 obj <</Type /EmbeddedFile /Length 9 0 R>> stream\nx",
    "length too long": b"%PDF-1.7\n1 0 obj <</Type /EmbeddedFile /Length 999999999>> stream\nx",
    "many ends": b"PK\x03\x04" + b"PK\x05\x06" * 50_000,
    "spaces": b"{" + b" " * 1_000_000,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_files_neither_verify_nor_hang(name: str) -> None:
    start = time.process_time()
    for data in (HOSTILE[name], page(HOSTILE[name]), pdf(HOSTILE[name][:100_000])):
        assert outcome(data) in ("unreadable", "failed")
    assert time.process_time() - start < 4


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'{"a":{"b":[1,2,x]}}', "/a/b/2"),
        (b'{"a":{"b":[1,2}', "/a/b/1"),
        (b'{"a" 1}', "lacks a mark"),
        (b'{"a":"\xff"}', "/a"),
        (b'{"a":1,"c/d":tru}', "/c~1d"),
        (b'{"a":1}', "written as ours"),
    ],
)
def test_where_a_text_breaks_off_is_named(text: bytes, place: str) -> None:
    assert place in where_broken(text)
