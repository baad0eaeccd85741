"""Fixtures for tests of operations."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.store import Store
from audit.vault import LocalBlobs, Scratch, Vault
from tests.audit.operations.people import Clock


@pytest.fixture
def clock(store: Store) -> Clock:
    """The store's time, which the test sets."""
    clock = Clock()
    store.now = clock
    return clock


@pytest.fixture
def vault(store: Store, tmp_path: Path) -> Vault:
    """A vault in a folder."""
    return Vault(LocalBlobs(tmp_path / "media"), store.ring, Scratch((tmp_path / "scratch",)))
