"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from audit.inference import Models
from audit.settings import Settings
from audit.weights import WeightStore

# Machines that run the tests are busy and of any speed: no example may fail for being slow, and the
# examples are the same on each run.
hypothesis_settings.register_profile("fairwitness", deadline=None, derandomize=True)
hypothesis_settings.load_profile("fairwitness")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; the test skips where it is absent."""
    folder = Path(os.environ.get("FAIRWITNESS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data folder {folder} is absent")
    return folder


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Settings from the environment, with the checkout's own weights folder if it has one."""
    if "FAIRWITNESS_WEIGHTS_DIR" not in os.environ and (ROOT / ".weights").is_dir():
        return Settings(weights_dir=ROOT / ".weights")
    return Settings()


@pytest.fixture(scope="session")
def models(settings: Settings) -> Models:
    """The default weights; the test skips where they are not installed."""
    store = WeightStore(settings.weights_dir)
    missing = [row.id for row in store.manifest.default if not store.installed(row.id)]
    if missing:
        pytest.skip(
            f"weights not installed ({', '.join(missing)}): run 'fairwitness models install'"
        )
    return Models(store, threads=settings.threads, settings=settings)
