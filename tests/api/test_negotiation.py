"""Which form `Accept` asks for."""

from __future__ import annotations

import pytest

from api.negotiation import negotiated
from api.problems import Refusal

OFFERED = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "csv": "application/zip",
}


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("text/html", "html"),
        ("TEXT/HTML", "html"),
        ("application/*", "json"),
        ("application/*;q=0.5, application/pdf", "pdf"),
        ("application/json;q=0, application/*", "pdf"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("application/zip;q=0.4, text/html;q=0.3", "csv"),
        ("*/*;q=0.1, text/*;q=0.2", "html"),
        ("rubbish", "json"),
        ("text/html;level=1;q=0.2, application/pdf;q=0.1", "html"),
    ],
)
def test_the_best_form(accept: str | None, wanted: str) -> None:
    assert negotiated(accept, OFFERED) == wanted


@pytest.mark.parametrize("accept", ["image/png", "text/html;q=0", "*/*;q=0", "image/*"])
def test_nothing_that_is_accepted(accept: str) -> None:
    with pytest.raises(Refusal) as refused:
        negotiated(accept, OFFERED)
    assert "application/pdf" in str(refused.value.detail)
