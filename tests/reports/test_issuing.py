"""Issuing: nothing faulty is signed, files are of the wanted formats and repeat."""

from __future__ import annotations

import pytest

from audit.errors import DocumentInvalid, ReportKeyUnusable
from reports.issuing import EXTENSIONS, FORMATS, MEDIA_TYPES, issue, issue_files, render_file
from tests.reports.proof.material import of_this_version, sealed, signer
from tests.reports.render.samples import letter


def test_files_repeat_byte_for_byte() -> None:
    document = of_this_version(letter())
    one, two = (issue_files(document, signer(), formats=("json", "html")) for _ in range(2))
    assert one == two
    assert set(one) == {"json", "html"}
    assert one["json"] == issue(document, signer()).json_bytes


def test_the_time_of_signing_is_that_of_issue_unless_said() -> None:
    document = letter()
    assert issue(document, signer()).proof.signed_at == document.issued_at
    other = "2026-05-01T00:00:00.5Z"
    assert issue(document, signer(), signed_at=other).proof.signed_at == other


def test_a_document_that_says_what_its_data_do_not_is_not_signed() -> None:
    wrong = letter().model_copy(update={"title": ("Four of 5",)})
    with pytest.raises(DocumentInvalid, match="figure"):
        issue(wrong, signer())


def test_files_are_signed_with_the_key_of_their_document() -> None:
    with pytest.raises(ReportKeyUnusable):
        render_file(sealed(), "html", signer(2))


def test_every_format_has_its_type_and_extension() -> None:
    assert set(FORMATS) == set(MEDIA_TYPES) == set(EXTENSIONS)
