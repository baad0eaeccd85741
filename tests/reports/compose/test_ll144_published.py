"""Summaries made from the counts of published audits show the figures that those print."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import published_summaries
from benchmarks.published_audits import audits
from benchmarks.published_summaries import END, START, Figure, compared, main


@pytest.fixture(scope="module")
def data(shared_data: Path) -> Path:
    return shared_data / "fairness" / "ll144" / "ll144_published_audits_slim.csv"


@pytest.fixture(scope="module")
def figures(data: Path) -> list[Figure]:
    return [f for name, read in audits(data) for f in compared(name, read)]


def test_printed_figures_are_reproduced_or_their_error_is_named(figures: list[Figure]) -> None:
    assert len({f.audit for f in figures}) == 17
    assert len(figures) == 680
    assert sum(f.fit == "rounded" for f in figures) == 579
    assert [f for f in figures if not f.fit and not f.named] == []


def test_every_audit_that_recomputes_is_shown_without_a_difference(figures: list[Figure]) -> None:
    name = "hiredscore_hiredscore_unknown_2024_audit_1"
    own = [f for f in figures if f.audit == name]
    assert own and all(f.fit == "rounded" for f in own)


def test_a_slip_of_a_print_is_found(figures: list[Figure]) -> None:
    found = [f for f in figures if f.audit.startswith("adp_adp_blds_llc_2023_audit_2")]
    slip = next(f for f in found if f.category == "Male" and f.what == "ratio" and not f.fit)
    assert (slip.printed, slip.shown, slip.named) == ("0.996", "0.995", ("ratio_mismatch",))


def test_the_command_writes_its_table_between_its_marks(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [each for each in audits(data) if each[0].startswith(("cigna", "covey"))]
    monkeypatch.setattr(published_summaries, "audits", lambda path: few)
    out = tmp_path / "page.md"
    out.write_text(f"before\n{START}\nold\n{END}\nafter\n", encoding="utf-8")
    assert main(["--data", str(data), "--out", str(out), "--list"]) == 0
    page = out.read_text(encoding="utf-8")
    assert page.startswith("before\n") and page.endswith("after\n")
    assert "| another figure, no error named | 0 | 0 |" in page
    assert main(["--data", str(tmp_path / "none.csv")]) == 2
