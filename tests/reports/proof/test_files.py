"""The last line of a file: of fixed form, over all bytes before it."""

from __future__ import annotations

from typing import get_args

import pytest

from reports.proof.files import FileKind, kind_of_trailer, prove, split, trailer_size
from reports.proof.zips import write_zip
from tests.reports.proof.material import signer

KINDS: tuple[FileKind, ...] = get_args(FileKind)
DIGEST = "ab" * 32


def body(kind: FileKind) -> bytes:
    return {"html": b"<p>x</p>", "pdf": b"%PDF-1.7\n%%EOF"}.get(kind) or write_zip({"a": b"b"})


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_proved_is_read_back(kind: FileKind) -> None:
    made = prove(body(kind), kind, signer(), document_sha256=DIGEST)
    before, proof = split(made, kind)
    assert proof is not None and proof.is_signed()
    assert (proof.kind, proof.document_sha256) == (kind, DIGEST)
    assert before + proof.trailer() == made
    assert len(made) == len(before) + trailer_size(kind)
    assert kind_of_trailer(made) == kind


@pytest.mark.parametrize("kind", KINDS)
def test_no_byte_of_the_last_line_can_change(kind: FileKind) -> None:
    made = prove(body(kind), kind, signer(), document_sha256=DIGEST)
    for at in range(len(made) - trailer_size(kind), len(made)):
        for other in {made[at] ^ 0x20, made[at] ^ 1, ord("0")} - {made[at]}:
            _, proof = split(made[:at] + bytes([other]) + made[at + 1 :], kind)
            assert proof is None or not proof.is_signed() or proof.sha256 != _digest(made, kind)


def _digest(made: bytes, kind: FileKind) -> str:
    _, proof = split(made, kind)
    assert proof is not None
    return proof.sha256


@pytest.mark.parametrize("more", [b"\n", b" ", b"\0", b"<!-- -->"])
def test_nothing_may_follow_it(more: bytes) -> None:
    made = prove(body("html"), "html", signer(), document_sha256=DIGEST)
    assert split(made + more, "html")[1] is None


def test_the_pdf_comment_stays_near_the_end() -> None:
    made = prove(body("pdf"), "pdf", signer(), document_sha256=DIGEST)
    assert len(made) - made.rindex(b"%%EOF") < 1024


def test_an_archive_with_its_own_comment_is_refused() -> None:
    archive = write_zip({"a": b"b"})
    with pytest.raises(ValueError, match="comment"):
        prove(archive[:-2] + b"\x01\0x", "csv", signer(), document_sha256=DIGEST)


def test_a_line_of_another_kind_is_none() -> None:
    made = prove(body("csv"), "csv", signer(), document_sha256=DIGEST)
    assert split(made, "bundle")[1] is None
