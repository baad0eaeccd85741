"""docs/attacks.md is what the code says."""

from __future__ import annotations

from pathlib import Path

from audit.detectors import names
from datasets.attacks.page import page
from datasets.attacks.species import species

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_current() -> None:
    assert (ROOT / "docs/attacks.md").read_text(encoding="utf-8") == page()


def test_every_species_has_a_row() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert {row.split("`")[1] for row in rows} == set(species())
    assert len(rows) == len(species())


def test_the_signals_that_are_meant_to_see_a_species_are_installed() -> None:
    assert {name for each in species().values() for name in each.signals} <= set(names())
