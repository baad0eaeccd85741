"""Registrars over an app."""

from __future__ import annotations

import pytest

from tests.api.conftest import Frame
from tests.api.routes.registering import Registrar


@pytest.fixture
def acme(both: Frame) -> Registrar:
    """A registrar of the tenant acme, on both databases in turn."""
    return Registrar(both)


@pytest.fixture
def light(web: Frame) -> Registrar:
    """A registrar of the tenant acme on SQLite, for what does not depend on the database."""
    return Registrar(web)
