"""The store hands out verified bytes only."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import WeightsTampered, WeightsUnavailable
from audit.weights import WeightStore
from tests.audit import tiny_weights as tiny

DATA = b"weights of a tiny model"


@pytest.fixture
def store(tmp_path: Path) -> WeightStore:
    """A store with the weight `one` in it, and without the weights `two` and `pack`."""
    pack = tiny.row("pack", b"-", source="file", runtime="folder", intended_use="Set a folder")
    rows = (tiny.row("one", DATA), tiny.row("two", b"other"), pack)
    found = WeightStore(tmp_path, tiny.manifest(*rows))
    found.location("one").write_bytes(DATA)
    return found


def test_a_whole_weight_is_opened(store: WeightStore) -> None:
    assert store.installed("one")
    assert store.path("one").read_bytes() == DATA
    assert store.read("one") == DATA


def test_reports_name_weight_hash_licence_and_source(store: WeightStore) -> None:
    use = store.use("one")
    assert (use.id, use.sha256, use.licence, use.commercial_use) == (
        *("one", tiny.sha256(DATA), "CC0-1.0"),
        True,
    )
    assert use.source == "pypi: tiny-weights 1.0 tiny_weights/one.bin"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(DATA) * 8 - 1))
def test_any_flipped_bit_is_noticed(store: WeightStore, bit: int) -> None:
    changed = bytearray(DATA)
    changed[bit // 8] ^= 1 << bit % 8
    store.location("one").write_bytes(changed)
    fresh = WeightStore(store.root, store.manifest)
    with pytest.raises(WeightsTampered, match=r"'one' .*fairwitness models install one"):
        fresh.path("one")
    with pytest.raises(WeightsTampered):
        store.read("one")


def test_an_absent_weight_says_how_to_get_it(store: WeightStore) -> None:
    assert not store.installed("two")
    with pytest.raises(WeightsUnavailable, match=r"'two' .*Run 'fairwitness models install'"):
        store.path("two")


def test_a_weight_deleted_after_its_check_is_noticed(store: WeightStore) -> None:
    store.path("one").unlink()
    with pytest.raises(WeightsUnavailable):
        store.path("one")


def test_an_optional_file_is_asked_for_by_name(tmp_path: Path) -> None:
    row = tiny.row("mine", DATA, source="file", default=False)
    with pytest.raises(WeightsUnavailable, match="models install mine --from DIR"):
        WeightStore(tmp_path, tiny.manifest(row)).path("mine")


def test_a_back_end_that_users_supply_is_never_installed(store: WeightStore) -> None:
    assert not store.installed("pack")
    with pytest.raises(WeightsUnavailable, match="Set a folder"):
        store.path("pack")
