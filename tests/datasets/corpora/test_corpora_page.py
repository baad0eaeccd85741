"""docs/corpora.md is what the code says."""

from __future__ import annotations

from pathlib import Path

from audit.detectors import names
from datasets.corpora import CORPORA
from datasets.corpora.page import page

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_current() -> None:
    assert (ROOT / "docs/corpora.md").read_text(encoding="utf-8") == page()


def test_what_a_corpus_is_for_is_installed() -> None:
    assert {s for each in CORPORA.values() for s in each.signals} <= set(names())
