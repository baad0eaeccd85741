"""Directories of keys: signed, chained; rotation and revocation; a folder that keeps them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from audit.errors import ProofUnreadable, ReportKeyUnusable
from audit.ledger.heads import key_id
from reports.proof.key_folder import FolderKeyStore
from reports.proof.keys import KeyDirectory, ReportKeys, continues
from tests.reports.proof.material import Clock, MemoryKeys, keys_of, signer


def line() -> tuple[KeyDirectory, KeyDirectory, KeyDirectory]:
    """A directory, the one after a rotation, the one after a revocation of the first key."""
    keys = keys_of(signer())
    first = keys.directory()
    keys.rotate()
    second = keys.directory()
    keys.revoke(key_id(signer().public), "its file was found on a public server")
    return first, second, keys.directory()


def test_a_directory_reads_back_and_names_its_newest_key() -> None:
    first, second, third = line()
    for each in (first, second, third):
        assert KeyDirectory.from_bytes(each.json_bytes) == each
    assert first.newest.public_key == signer().public.hex()
    assert second.newest.key_id != first.newest.key_id
    assert second.keys[0].retired_at is not None and second.keys[0].revoked_at is None
    assert third.keys[0].revoked_at is not None
    assert third.keys[0].reason == "its file was found on a public server"


def test_each_directory_continues_the_one_before() -> None:
    first, second, third = line()
    assert (first.previous, second.previous) == (None, first.sha256)
    assert continues(second, first) == []
    assert continues(third, second) == []
    assert continues(third, first) != []


def test_the_handover_is_signed_by_both_keys() -> None:
    first, second, _ = line()
    assert set(second.signatures) == {first.newest.key_id, second.newest.key_id}
    alone = second.model_copy(
        update={"signatures": {second.newest.key_id: second.signatures[second.newest.key_id]}}
    )
    assert any("not signed by the key" in text for text in continues(alone, first))


def test_a_directory_of_somebody_else_does_not_continue() -> None:
    first, _, _ = line()
    foreign = (
        keys_of(signer(7)).directory().model_copy(update={"sequence": 1, "previous": first.sha256})
    )
    assert len(continues(foreign, first)) == 2


def test_nothing_changes_without_need() -> None:
    keys = keys_of(signer())
    assert keys.directory() == keys.directory()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"sequence":1', b'"sequence":2'),
        (b"Example Staffing", b"Another Staffing"),
        (b'"retired_at":"2026', b'"retired_at":"2027'),
        (b'{"format"', b'{ "format"'),
    ],
)
def test_an_altered_directory_is_refused(old: bytes, new: bytes) -> None:
    data = line()[1].json_bytes
    assert old in data
    with pytest.raises(ProofUnreadable):
        KeyDirectory.from_bytes(data.replace(old, new))


def test_other_files_are_no_directory() -> None:
    for data in (b"", b"{}", b"[]", b'{"format":"x"}', b"\xff", b"[" * 100_000):
        with pytest.raises(ProofUnreadable):
            KeyDirectory.from_bytes(data)


def test_a_key_is_revoked_once_and_must_be_known() -> None:
    keys = keys_of(signer())
    name = key_id(signer().public)
    keys.revoke(name, "lost")
    assert key_id(keys.current().public) != name
    for wanted in (name, "0" * 16):
        with pytest.raises(ReportKeyUnusable):
            keys.revoke(wanted, "again")


def test_a_private_key_that_is_gone_is_said_to_be() -> None:
    store = MemoryKeys()
    keys = ReportKeys(store, now=Clock().text)
    name = key_id(keys.current().public)
    store.signers.clear()
    with pytest.raises(ReportKeyUnusable, match=name):
        keys.current()


def test_a_folder_keeps_keys_for_their_owner_alone(tmp_path: Path) -> None:
    store = FolderKeyStore(tmp_path / "keys")
    with store.locked():
        keys = ReportKeys(store, publisher="P", now=Clock().text)
        first = keys.current()
        assert keys.current().public == first.public
        keys.rotate()
        directory = keys.directory()
    again = FolderKeyStore(tmp_path / "keys")
    assert again.last_directory() == directory
    assert [key.key_id for key in again.records()] == [key.key_id for key in directory.keys]
    old = again.signer(key_id(first.public))
    assert old is not None and old.sign(b"x") == first.sign(b"x")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_folder_that_was_damaged_is_named(tmp_path: Path) -> None:
    store = FolderKeyStore(tmp_path)
    with store.locked():
        name = key_id(ReportKeys(store, now=Clock().text).current().public)
    other = tmp_path / f"{'0' * 16}.pem"
    other.write_bytes((tmp_path / f"{name}.pem").read_bytes())
    with pytest.raises(ReportKeyUnusable, match="another key"):
        store.signer("0" * 16)
    (tmp_path / "keys.json").write_bytes(b"{}")
    with pytest.raises(ReportKeyUnusable, match="restore"):
        store.records()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(ReportKeyUnusable, match="cannot be used"),
        FolderKeyStore(tmp_path / "file" / "keys").locked(),
    ):
        raise AssertionError("the folder was made")
