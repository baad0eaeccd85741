"""What the vault stores opens with its own key and context, whole, and is gone when erased."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit.errors import (
    BlobMissing,
    CiphertextInvalid,
    DataKeyDestroyed,
    MediaLimitExceeded,
    StorageError,
)
from audit.keyring import Context, KeyRing
from audit.vault import BlobStore, Scratch, Vault
from audit.vault.vault import PartName

MEDIA = Context("ten", "cand_1", "med_1", "media")
PLAIN = b"the candidate said a plain sentence. " * 9000


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def chunks(data: bytes, size: int = 1000) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def opened(vault: Vault, context: Context = MEDIA) -> bytes:
    return b"".join(vault.open(context))


def everything(blobs: BlobStore) -> dict[str, bytes]:
    return {blob.key: b"".join(blobs.open_stream(blob.key)) for blob in blobs.list()}


def bound(vault: Vault, *parts: bytes, context: Context = MEDIA) -> list[PartName]:
    names = [PartName(f"{n:05d}", len(part)) for n, part in enumerate(parts)]
    for name, part in zip(names, parts, strict=True):
        vault.store_part(context, name.name, io.BytesIO(part))
    vault.bind(context, names, sha(b"".join(parts)))
    return names


@pytest.mark.parametrize("size", [0, 1, 3, 65535, 65536, 65537, len(PLAIN)])
def test_what_is_stored_is_counted_hashed_sealed_and_opened(vault: Vault, size: int) -> None:
    data = PLAIN[:size]
    stored = vault.store(MEDIA, chunks(data))
    assert (stored.sha256, stored.size) == (sha(data), size)
    assert opened(vault) == data
    assert vault.exists(MEDIA)
    assert {key: len(held) for key, held in everything(vault.blobs).items()} == {
        "ten/med_1": stored.sealed_bytes
    }


def test_no_plaintext_lies_in_the_store(vault: Vault) -> None:
    vault.store(MEDIA, chunks(PLAIN))
    bound(vault, PLAIN[:70_000], PLAIN[70_000:], context=replace(MEDIA, artefact="med_2"))
    for held in everything(vault.blobs).values():
        assert b"candidate" not in held
        assert sha(PLAIN).encode() not in held


def test_an_artefact_of_parts_opens_like_any_other(vault: Vault) -> None:
    bound(vault, PLAIN[:1], PLAIN[1:100_000], PLAIN[100_000:])
    assert opened(vault) == PLAIN
    assert vault.exists(MEDIA)


def test_parts_without_a_list_are_no_artefact(vault: Vault) -> None:
    vault.store_part(MEDIA, "00000", io.BytesIO(PLAIN))
    assert not vault.exists(MEDIA)
    with pytest.raises(BlobMissing):
        vault.open(MEDIA)
    assert list(vault.artefacts()) == []


def test_binding_removes_parts_that_are_not_named(vault: Vault) -> None:
    vault.store_part(MEDIA, "00009", io.BytesIO(b"of a request that lost"))
    names = bound(vault, b"one", b"two")
    assert sorted(everything(vault.blobs)) == [
        "ten/med_1",
        *(f"ten/med_1.parts/{part.name}" for part in names),
    ]


@pytest.mark.parametrize(
    "other",
    [
        replace(MEDIA, subject="cand_2"),
        replace(MEDIA, purpose="reference"),
    ],
)
@pytest.mark.parametrize("in_parts", [False, True])
def test_another_context_opens_nothing(
    vault: Vault, ring: KeyRing, other: Context, in_parts: bool
) -> None:
    ring.seal(replace(MEDIA, subject="cand_2"), b"so that the other subject has a key")
    if in_parts:
        bound(vault, PLAIN[:9], PLAIN[9:])
    else:
        vault.store(MEDIA, chunks(PLAIN))
    with pytest.raises(CiphertextInvalid):
        opened(vault, other)


@pytest.mark.parametrize("change", ["swap", "drop", "cut", "edit", "foreign list"])
def test_parts_cannot_be_exchanged_dropped_or_changed(local_vault: Vault, change: str) -> None:
    vault = local_vault
    bound(vault, b"a" * 100, b"b" * 100)
    held = everything(vault.blobs)
    first, second = "ten/med_1.parts/00000", "ten/med_1.parts/00001"
    blobs = vault.blobs
    expected: type[Exception] = CiphertextInvalid
    if change == "swap":
        blobs.put_stream(first, [held[second]])
        blobs.put_stream(second, [held[first]])
    elif change == "drop":
        blobs.delete(second)
        expected = BlobMissing
    elif change == "cut":
        blobs.put_stream(second, [held[second][:-20]])
    elif change == "edit":
        blobs.put_stream(first, [held[first][:-1] + bytes([held[first][-1] ^ 1])])
    else:
        bound(vault, b"c" * 100, context=replace(MEDIA, artefact="med_2"))
        blobs.put_stream("ten/med_1", blobs.open_stream("ten/med_2"))
    with pytest.raises(expected):
        opened(vault)


def test_a_sealed_list_is_never_given_out_as_content(vault: Vault) -> None:
    bound(vault, b"one", b"two")
    held = everything(vault.blobs)["ten/med_1"]
    vault.blobs.put_stream("ten/med_1", [held.removeprefix(b"FWM1")])
    with pytest.raises(CiphertextInvalid):
        opened(vault)


def test_too_much_is_refused_and_not_kept(vault: Vault) -> None:
    with pytest.raises(MediaLimitExceeded):
        vault.store(MEDIA, chunks(PLAIN), most_bytes=len(PLAIN) - 1)
    assert everything(vault.blobs) == {}
    assert vault.store(MEDIA, chunks(PLAIN), most_bytes=len(PLAIN)).size == len(PLAIN)


def test_a_source_that_breaks_off_stores_nothing(vault: Vault) -> None:
    def source() -> Iterator[bytes]:
        yield PLAIN
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        vault.store(MEDIA, source())
    assert everything(vault.blobs) == {}


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_fetched_file_holds_the_plaintext_and_goes_away(
    vault: Vault, tmp_path: Path, in_parts: bool
) -> None:
    if in_parts:
        bound(vault, PLAIN[:9], PLAIN[9:])
    else:
        vault.store(MEDIA, chunks(PLAIN))
    with vault.fetched(MEDIA, suffix=".webm") as path:
        assert path.read_bytes() == PLAIN
        assert path.suffix == ".webm"
    with pytest.raises(ZeroDivisionError), vault.fetched(MEDIA):
        raise ZeroDivisionError
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_tampered_artefact_leaves_no_fetched_file(vault: Vault, tmp_path: Path) -> None:
    vault.store(MEDIA, chunks(PLAIN))
    held = everything(vault.blobs)["ten/med_1"]
    vault.blobs.put_stream("ten/med_1", [held[:-1] + bytes([held[-1] ^ 1])])
    with pytest.raises(CiphertextInvalid), vault.fetched(MEDIA):
        pytest.fail("a tampered artefact was given out")
    assert list((tmp_path / "scratch").iterdir()) == []


def test_erasing_leaves_nothing_and_others_alone(vault: Vault) -> None:
    other = replace(MEDIA, artefact="med_2")
    vault.store(other, chunks(PLAIN))
    bound(vault, b"one", b"two")
    assert vault.erase(MEDIA) == 3
    assert vault.erase(MEDIA) == 0
    assert not vault.exists(MEDIA)
    with pytest.raises(BlobMissing):
        vault.open(MEDIA)
    assert list(everything(vault.blobs)) == ["ten/med_2"]
    assert opened(vault, other) == PLAIN


def test_after_shredding_nothing_opens_and_nothing_is_stored(vault: Vault, ring: KeyRing) -> None:
    in_parts, other = replace(MEDIA, artefact="med_2"), replace(MEDIA, subject="cand_2")
    vault.store(MEDIA, chunks(PLAIN))
    bound(vault, b"one", b"two", context=in_parts)
    vault.store(replace(other, artefact="med_3"), chunks(PLAIN))
    assert ring.shred("ten", "cand_1") == 1
    for context in (MEDIA, in_parts):
        with pytest.raises(DataKeyDestroyed):
            vault.open(context)
        with pytest.raises(DataKeyDestroyed):
            vault.fetched(context).__enter__()
        with pytest.raises(DataKeyDestroyed):
            vault.store(context, chunks(PLAIN))
    assert opened(vault, replace(other, artefact="med_3")) == PLAIN


def test_artefacts_can_be_listed_for_reconciliation(vault: Vault) -> None:
    vault.store(MEDIA, chunks(b"x"))
    bound(vault, b"one", context=replace(MEDIA, tenant="ten2", artefact="med_2"))
    found = {(each.tenant, each.id) for each in vault.artefacts()}
    assert found == {("ten", "med_1"), ("ten2", "med_2")}


@pytest.mark.parametrize("artefact", ["", "../x", "a/b", "a.parts", ".x", "a b", "ü", "x" * 101])
def test_only_our_identifiers_make_keys(vault: Vault, artefact: str) -> None:
    with pytest.raises(StorageError):
        vault.store(replace(MEDIA, artefact=artefact), chunks(b"x"))
    with pytest.raises(StorageError):
        vault.store(replace(MEDIA, tenant=artefact), chunks(b"x"))
    assert everything(vault.blobs) == {}


def test_storing_and_opening_keep_memory_flat(ring: KeyRing, tmp_path: Path) -> None:
    import tracemalloc

    from audit.vault import LocalBlobs

    vault = Vault(LocalBlobs(tmp_path / "m"), ring, Scratch((tmp_path / "s",)))
    piece = os.urandom(1 << 16)
    vault.store(MEDIA, [piece])
    tracemalloc.start()
    vault.store(MEDIA, (piece for _ in range(512)))
    for _ in vault.open(MEDIA):
        pass
    with vault.fetched(MEDIA):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20


def test_a_vault_prints_no_key(vault: Vault) -> None:
    assert not re.search(r"[0-9a-f]{32}", repr(vault))
