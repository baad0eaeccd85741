"""Every gate is in docs/register.md, with its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.operations.gatebook import Gate, book

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "register.md").read_text()


@pytest.mark.parametrize("gate", book().gate, ids=lambda gate: gate.id)
def test_every_gate_is_documented(gate: Gate) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{gate.id}` |"))
    assert gate.withholds in row
    for need in gate.need:
        for word in (*need.notices, *((need.consent.value,) if need.consent else ())):
            assert f"`{word}`" in row
        assert ("signed" in row) == any(each.written for each in gate.need)
    if gate.status != "own":
        assert gate.citation in row and row.endswith(f"| {gate.read} |")


def test_every_place_is_documented() -> None:
    for place in book().place:
        assert f"`{place.code}`" in PAGE or place.code == "EU"
