"""Fixtures for tests of operations."""

from __future__ import annotations

import pytest

from audit.store import Store
from tests.audit.operations.people import Clock


@pytest.fixture
def clock(store: Store) -> Clock:
    """The store's time, which the test sets."""
    clock = Clock()
    store.now = clock
    return clock
