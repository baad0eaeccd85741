"""A short ordeal; the long one is a command of its own (`tests/crash/ordeal.py`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.inference import Models
from tests.crash.fleet import fleet
from tests.crash.ordeal import endure


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "workers"), [("sqlite", 1), ("postgresql", 2)])
def test_what_dies_loses_and_repeats_nothing(
    kind: str, workers: int, tmp_path: Path, models: Models
) -> None:
    with fleet(kind, tmp_path, workers=workers, weights=models.store.root) as running:
        found = endure(running, checks=2, kills=3, seed=7)
    assert found.faults == [], "\n".join(found.lines())
    assert found.kills.total() == 3
    assert (found.finished, found.reports, found.done_entries, found.events) == (2, 2, 2, 2)
