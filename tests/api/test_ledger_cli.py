"""`fairwitness ledger` and `fairwitness database`, run as a user runs them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from api import opening
from api.cli import app
from api.opening import KEY_FILE, PROVIDERS, open_store
from audit.errors import AuditError, InputError, MasterKeyInvalid, SchemaOutdated
from audit.keyring import LocalMasterKeys
from audit.ledger import EventKind
from audit.settings import Settings
from audit.store import Store


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A service's store in its own folder, with forty events of one tenant."""
    monkeypatch.setenv("FAIRWITNESS_DATA_DIR", str(tmp_path / "data"))
    store = open_store(Settings(), make=True)
    store.add_tenant("acme", "Acme")
    with store.unit("acme") as unit:
        for number in range(40):
            unit.record(EventKind.MEDIA_READ, f"med_{number}", {"n": number})
    return store


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        if isinstance(result.exception, AuditError):
            result.exception.add_note(result.output)
        raise result.exception
    return result.output


def damage(store: Store, statement: str) -> None:
    with store.system() as connection:
        connection.execute(text(statement))


def test_a_first_start_makes_keys_that_only_the_owner_reads(service: Store, tmp_path: Path) -> None:
    path = tmp_path / "data" / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    again = open_store(Settings(), make=True)
    with again.ledger("acme") as ledger:  # opens the signing key, which the same keys sealed
        assert ledger.export_heads().heads[-1].size == 40


def test_without_keys_nothing_is_opened(service: Store, tmp_path: Path) -> None:
    (tmp_path / "data" / KEY_FILE).unlink()
    with pytest.raises(MasterKeyInvalid, match="MASTER_KEYS_FILE"):
        open_store(Settings())


def test_an_export_verifies_without_the_service(
    service: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert "41 entries" in run("ledger", "export", "acme", "--out", str(out))
    monkeypatch.setenv("FAIRWITNESS_DATA_DIR", str(tmp_path / "nowhere"))
    assert "41 entries, all as they were signed" in run("ledger", "verify", str(out))


def test_an_edited_export_is_named(service: Store, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("ledger", "export", "acme", "--out", str(out))
    lines = (out / "entries.jsonl").read_bytes().splitlines(keepends=True)
    lines[7] = lines[7].replace(b"med_7", b"med_8")
    (out / "entries.jsonl").write_bytes(b"".join(lines))
    with pytest.raises(AuditError) as caught:
        run("ledger", "verify", str(out))
    assert "acme: edited: " in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("UPDATE ledger_entries SET line = replace(line, 'med_5', 'med_6') WHERE sequence = 5",
         "edited"),
        ("UPDATE ledger_entries SET line = CAST('{' AS BLOB) WHERE sequence = 5", "edited"),
        ("DELETE FROM ledger_entries WHERE sequence = 5", "removed"),
        ("DELETE FROM ledger_entries WHERE sequence > 37", "truncated"),
        ("UPDATE ledger_entries SET sequence = 99 WHERE sequence = 5", "reordered"),
    ],
)  # fmt: skip
def test_a_changed_database_is_named(service: Store, statement: str, word: str) -> None:
    assert "40 entries, all as they were signed" in run("ledger", "verify")
    damage(service, statement)
    with pytest.raises(AuditError) as caught:
        run("ledger", "verify")
    assert f"acme: {word}: " in caught.value.__notes__[0]


def test_a_tenant_without_events_is_no_fault(service: Store) -> None:
    service.add_tenant("globex", "Globex")
    assert "globex: 0 entries, all as they were signed" in run("ledger", "verify")


def test_heads_kept_outside_find_a_log_that_was_made_anew(service: Store, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("ledger", "export", "acme", "--out", str(out))
    for table in ("entries", "nodes", "heads", "logs"):
        damage(service, f"DELETE FROM ledger_{table}")  # noqa: S608 - our own four names
    with service.unit("acme") as unit:
        unit.record(EventKind.MEDIA_READ, "med_other", {})
    assert "1 entries, all as they were signed" in run("ledger", "verify")
    with pytest.raises(AuditError):
        run("ledger", "verify", "--heads", str(out / "heads.json"))


def test_a_new_signing_key_takes_over(service: Store, tmp_path: Path) -> None:
    before = tmp_path / "before"
    run("ledger", "export", "acme", "--out", str(before))
    assert "from now on" in run("ledger", "rotate-key", "acme")
    with service.unit("acme") as unit:
        unit.record(EventKind.MEDIA_READ, "med_last", {})
    after = tmp_path / "after"
    run("ledger", "export", "acme", "--out", str(after))
    keys = json.loads((after / "heads.json").read_text())["keys"]
    assert len(keys) == 2
    run("ledger", "verify", str(after), "--heads", str(after / "heads.json"))
    assert "all as they were signed" in run("ledger", "verify")
    with pytest.raises(InputError, match="no tenant"):
        run("ledger", "rotate-key", "nobody")


def test_master_keys_are_retired_after_rewrapping(
    service: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("ledger", "export", "acme", "--out", str(tmp_path / "out"))  # makes a signing key
    file = tmp_path / "data" / KEY_FILE
    fresh = "m2:" + base64.b64encode(bytes(range(32))).decode() + "\n"
    file.write_text(fresh + file.read_text())
    assert "1 data keys wrapped anew" in run("encryption", "rewrap")
    file.write_text(fresh)
    assert "all as they were signed" in run("ledger", "verify")


def test_a_key_service_takes_the_place_of_local_keys(
    service: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = LocalMasterKeys.read(tmp_path / "data" / KEY_FILE)
    (tmp_path / "data" / KEY_FILE).unlink()

    class Installed:
        name = "vault"

        def load(self) -> Callable[[], LocalMasterKeys]:
            return lambda: keys

    monkeypatch.setattr(
        opening.metadata, "entry_points", lambda group: [Installed()] * (group == PROVIDERS)
    )
    monkeypatch.setenv("FAIRWITNESS_MASTER_KEYS_PROVIDER", "other")
    with pytest.raises(MasterKeyInvalid, match="no installed package"):
        run("ledger", "verify")
    monkeypatch.setenv("FAIRWITNESS_MASTER_KEYS_PROVIDER", "vault")
    assert "40 entries, all as they were signed" in run("ledger", "verify")
    monkeypatch.setenv("FAIRWITNESS_MASTER_KEYS_FILE", str(tmp_path / "some.keys"))
    with pytest.raises(MasterKeyInvalid, match="give one"):
        run("ledger", "verify")


def test_wrong_words_are_refused(service: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tenant"):
        run("ledger", "export", "nobody", "--out", str(tmp_path))
    with pytest.raises(InputError, match=r"entries\.jsonl|heads\.json"):
        run("ledger", "verify", str(tmp_path))
    with pytest.raises(InputError, match="no revision"):
        run("database", "upgrade", "9999")
    with pytest.raises(InputError, match="--yes"):
        run("database", "downgrade", "base")


def test_the_database_goes_down_and_up(service: Store) -> None:
    assert "none" in run("database", "downgrade", "base", "--yes")
    with pytest.raises(SchemaOutdated):
        open_store(Settings())
    run("database", "upgrade")
    assert run("database", "status").split("; needed ")[0].split()[-1] in run("database", "status")
    open_store(Settings())


def test_the_heads_file_is_plain_json(service: Store, tmp_path: Path) -> None:
    run("ledger", "export", "acme", "--out", str(tmp_path))
    assert json.loads((tmp_path / "heads.json").read_text())["log"] == "acme"
