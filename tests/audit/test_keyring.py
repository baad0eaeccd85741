"""What is sealed opens with its own key and context, and with nothing else."""

from __future__ import annotations

import base64
import io
import logging
import os
import pickle
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import (
    CiphertextInvalid,
    DataKeyDestroyed,
    DataKeyUnknown,
    KeyringError,
    MasterKeyInvalid,
    MasterKeyUnavailable,
)
from audit.keyring import (
    CHUNK_BYTES,
    Context,
    KeyRing,
    LocalMasterKeys,
    MemoryWrappedKeys,
    WrappedKey,
    local_master_keys,
    sealed_size,
)
from audit.keyring import streams as streams_module
from audit.keyring.streams import HEADER_BYTES, TAG_BYTES
from audit.settings import Settings

KEY_1, KEY_2 = bytes(range(32)), bytes(range(32, 64))
MEDIA = Context("north", "candidate:17", "media:4", "media")
SIZES = [0, 1, 1000, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES]


def masters(*versions: str) -> LocalMasterKeys:
    keys = {"v1": KEY_1, "v2": KEY_2}
    return LocalMasterKeys({v: keys[v] for v in versions or ("v1",)}, current=versions[0])


def ring(store: MemoryWrappedKeys | None = None) -> KeyRing:
    return KeyRing(masters("v1"), store or MemoryWrappedKeys())


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


# --- round trip ---


@pytest.mark.parametrize("size", SIZES)
def test_what_is_sealed_opens_and_has_the_size_that_is_said(size: int) -> None:
    keys, plain = ring(), os.urandom(size)
    sealed = keys.seal(MEDIA, plain)
    assert keys.open(MEDIA, sealed) == plain
    assert len(sealed) == sealed_size(size)
    if size >= 16:
        assert plain[:16] not in sealed


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=12))
def test_small_chunks_and_short_reads_go_round(plain: bytes, reads: list[int]) -> None:
    keys = ring()
    with small_chunks(16):
        sealed = b"".join(keys.seal_stream(MEDIA, ShortReads(plain, reads)))
        assert b"".join(keys.open_stream(MEDIA, ShortReads(sealed, reads))) == plain


class ShortReads(io.BytesIO):
    """Gives fewer bytes than asked for, as sockets do."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        super().__init__(data)
        self._sizes = list(sizes)

    def read(self, size: int | None = -1, /) -> bytes:
        if self._sizes and size is not None and size > 0:
            size = min(size, self._sizes.pop())
        return super().read(size)


class small_chunks:  # noqa: N801 - reads as a statement
    """Chunks of a few bytes, so that every place in a stream of many chunks can be tried."""

    def __init__(self, size: int) -> None:
        self._patch = pytest.MonkeyPatch()
        self._size = size

    def __enter__(self) -> None:
        self._patch.setattr(streams_module, "CHUNK_BYTES", self._size)

    def __exit__(self, *_: object) -> None:
        self._patch.undo()


def test_the_same_bytes_are_never_sealed_alike() -> None:
    keys = ring()
    assert keys.seal(MEDIA, b"same") != keys.seal(MEDIA, b"same")


def test_large_media_takes_flat_memory() -> None:
    keys, size = ring(), 32 * 1024 * 1024
    tracemalloc.start()
    try:
        with Zeros(size) as source:
            sealed = keys.seal_stream(MEDIA, source)
            opened = sum(map(len, keys.open_stream(MEDIA, Pipe(sealed))))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert opened == size
    assert peak < 2 * 1024 * 1024


class Zeros(io.BytesIO):
    """Zeros without holding them."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left = size

    def read(self, size: int | None = -1, /) -> bytes:
        taken = min(self._left, size or 0)
        self._left -= taken
        return bytes(taken)


class Pipe(io.BytesIO):
    """The pieces of an iterator as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int | None = -1, /) -> bytes:
        if not self._rest:
            self._rest = next(self._pieces, b"")
        part, self._rest = self._rest[:size], self._rest[size or 0 :]
        return part


# --- tampering ---


def test_every_single_byte_is_authenticated() -> None:
    keys = ring()
    with small_chunks(8):
        sealed = keys.seal(MEDIA, b"a plaintext of three chunks")
        for at in range(len(sealed)):
            for change in (1, 0x80):
                forged = bytearray(sealed)
                forged[at] ^= change
                with pytest.raises((CiphertextInvalid, DataKeyUnknown)):
                    keys.open(MEDIA, bytes(forged))


def test_every_truncation_is_found() -> None:
    keys = ring()
    with small_chunks(8):
        sealed = keys.seal(MEDIA, bytes(32))
        for size in range(len(sealed)):
            with pytest.raises(CiphertextInvalid):
                keys.open(MEDIA, sealed[:size])
        for extra in (b"\x00", bytes(8 + TAG_BYTES), sealed[HEADER_BYTES:]):
            with pytest.raises(CiphertextInvalid):
                keys.open(MEDIA, sealed + extra)


@given(st.permutations(range(4)), st.integers(0, 3), st.booleans())
def test_chunks_are_bound_to_their_places(order: list[int], at: int, again: bool) -> None:
    keys = ring()
    with small_chunks(8):
        sealed = keys.seal(MEDIA, bytes(range(32)))
        step = 8 + TAG_BYTES
        chunks = [sealed[HEADER_BYTES + n * step :][:step] for n in range(4)]
        mixed = [chunks[n] for n in order]
        mixed = [*mixed[:at], mixed[at], *mixed[at:]] if again else mixed
        body = sealed[:HEADER_BYTES] + b"".join(mixed)
        if body == sealed:
            assert keys.open(MEDIA, body) == bytes(range(32))
        else:
            with pytest.raises(CiphertextInvalid):
                keys.open(MEDIA, body)


def test_chunks_of_two_sealings_cannot_be_mixed() -> None:
    keys = ring()
    with small_chunks(8):
        one, two = (keys.seal(MEDIA, bytes(16)) for _ in range(2))
        with pytest.raises(CiphertextInvalid):
            keys.open(MEDIA, one[:HEADER_BYTES] + two[HEADER_BYTES:])
        cut = HEADER_BYTES + 8 + TAG_BYTES
        with pytest.raises(CiphertextInvalid):
            keys.open(MEDIA, one[:cut] + two[cut:])


def test_pieces_before_the_altered_one_are_right_and_the_end_says_no() -> None:
    keys = ring()
    with small_chunks(8):
        sealed = keys.seal(MEDIA, b"01234567" * 3)
        pieces = keys.open_stream(MEDIA, io.BytesIO(sealed[: -8 - TAG_BYTES]))
        assert next(pieces) == b"01234567"
        with pytest.raises(CiphertextInvalid):
            list(pieces)


@pytest.mark.parametrize(
    ("field", "error"),
    [
        ("tenant", DataKeyUnknown),
        ("subject", DataKeyUnknown),
        ("artefact", CiphertextInvalid),
        ("purpose", CiphertextInvalid),
    ],
)
def test_sealed_bytes_cannot_be_swapped(field: str, error: type[KeyringError]) -> None:
    keys = ring()
    sealed = keys.seal(MEDIA, b"whose is it")
    with pytest.raises(error):
        keys.open(replace(MEDIA, **{field: "other"}), sealed)  # type: ignore[arg-type]


@given(st.tuples(*[st.text(max_size=6)] * 4), st.tuples(*[st.text(max_size=6)] * 4))
def test_no_two_contexts_are_alike(
    one: tuple[str, str, str, str], two: tuple[str, str, str, str]
) -> None:
    assert (Context(*one).to_bytes() == Context(*two).to_bytes()) == (one == two)


def test_another_subjects_key_does_not_open_even_with_its_context() -> None:
    keys, other = ring(), replace(MEDIA, subject="candidate:18")
    keys.seal(other, b"")
    with pytest.raises(CiphertextInvalid):
        keys.open(other, keys.seal(MEDIA, b"whose is it"))


@pytest.mark.parametrize("data", [b"", b"FWE1", b"FWE2" + bytes(100), b"RIFF" + bytes(100)])
def test_what_was_never_sealed_is_refused(data: bytes) -> None:
    with pytest.raises(CiphertextInvalid, match="no sealed bytes"):
        ring().open(MEDIA, data)


def test_more_chunks_than_the_counter_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams_module, "MOST_CHUNKS", 2)
    with small_chunks(8), pytest.raises(CiphertextInvalid, match="more chunks"):
        ring().seal(MEDIA, bytes(17))


# --- rotation ---


def test_a_new_data_key_seals_and_the_old_one_still_opens() -> None:
    store = MemoryWrappedKeys()
    keys = ring(store)
    old = keys.seal(MEDIA, b"old")
    assert keys.rotate(MEDIA.tenant, MEDIA.subject) == 2
    new = keys.seal(MEDIA, b"new")
    assert (old[4:8], new[4:8]) == (b"\x00\x00\x00\x01", b"\x00\x00\x00\x02")
    assert (keys.open(MEDIA, old), keys.open(MEDIA, new)) == (b"old", b"new")
    assert keys.rotate("north", "candidate:99") == 1


def test_rewrapping_leaves_sealed_data_alone_and_frees_the_old_master() -> None:
    store = MemoryWrappedKeys()
    before = KeyRing(masters("v1"), store)
    contexts = [replace(MEDIA, subject=f"candidate:{n}") for n in range(5)]
    sealed = [before.seal(each, each.subject.encode()) for each in contexts]
    before.rotate("north", "candidate:0")

    both = KeyRing(masters("v2", "v1"), store)
    assert both.rewrap() == 6
    assert both.rewrap() == 0
    after = KeyRing(masters("v2"), store)
    for each, data in zip(contexts, sealed, strict=True):
        assert after.open(each, data) == each.subject.encode()
    with pytest.raises(MasterKeyUnavailable, match="v2"):
        before.open(contexts[0], sealed[0])


def test_without_the_old_master_nothing_is_rewrapped_or_opened() -> None:
    store = MemoryWrappedKeys()
    sealed = KeyRing(masters("v1"), store).seal(MEDIA, b"x")
    lost = KeyRing(masters("v2"), store)
    for call in (lost.rewrap, lambda: lost.open(MEDIA, sealed), lambda: lost.seal(MEDIA, b"")):
        with pytest.raises(MasterKeyUnavailable, match="v1"):
            call()
    assert KeyRing(masters("v1"), store).open(MEDIA, sealed) == b"x"


def test_a_wrapped_key_is_bound_to_its_row() -> None:
    store = MemoryWrappedKeys()
    keys = ring(store)
    sealed = keys.seal(MEDIA, b"x")
    held = store.newest(MEDIA.tenant, MEDIA.subject)
    assert held is not None
    other = replace(MEDIA, subject="candidate:18")
    assert store.add(replace(held, subject=other.subject))
    with pytest.raises(CiphertextInvalid, match="wrapped data key"):
        keys.open(other, sealed)
    for at in range(len(held.wrapped)):
        forged = bytearray(held.wrapped)
        forged[at] ^= 1
        now = store.newest(MEDIA.tenant, MEDIA.subject)
        assert now is not None
        assert store.replace(now, replace(held, wrapped=bytes(forged)))
        with pytest.raises(CiphertextInvalid):
            keys.open(MEDIA, sealed)


def test_two_writers_of_a_first_key_agree_on_one() -> None:
    class Late(MemoryWrappedKeys):
        """Another process adds its key between the look and the writing."""

        def add(self, key: WrappedKey) -> bool:
            if not self._keys:
                super().add(
                    KeyRing(masters("v1"), MemoryWrappedKeys())._wrapped(
                        key.tenant, key.subject, key.version, KEY_2
                    )
                )
            return super().add(key)

    store = Late()
    keys = ring(store)
    sealed = keys.seal(MEDIA, b"x")
    assert keys.open(MEDIA, sealed) == b"x"
    assert len(store._keys[MEDIA.tenant, MEDIA.subject]) == 1


def test_a_store_that_keeps_nothing_is_a_failure() -> None:
    class Full(MemoryWrappedKeys):
        def add(self, key: WrappedKey) -> bool:
            return False

    with pytest.raises(KeyringError, match="could not be stored"):
        ring(Full()).seal(MEDIA, b"x")


# --- shredding ---


def test_shredding_makes_all_of_a_subject_unreadable_and_no_one_else() -> None:
    store = MemoryWrappedKeys()
    keys = ring(store)
    other = replace(MEDIA, subject="candidate:18")
    elsewhere = replace(MEDIA, tenant="south")
    mine = [keys.seal(replace(MEDIA, artefact=f"media:{n}"), b"x") for n in range(3)]
    keys.rotate(MEDIA.tenant, MEDIA.subject)
    kept = keys.seal(other, b"kept"), keys.seal(elsewhere, b"kept")
    assert keys.shred(MEDIA.tenant, MEDIA.subject) == 2
    assert keys.shred(MEDIA.tenant, MEDIA.subject) == 0
    for n, data in enumerate(mine):
        with pytest.raises(DataKeyDestroyed):
            keys.open(replace(MEDIA, artefact=f"media:{n}"), data)
    assert [keys.open(other, kept[0]), keys.open(elsewhere, kept[1])] == [b"kept", b"kept"]


def test_an_erased_subject_gets_no_new_key() -> None:
    keys = ring()
    keys.shred(MEDIA.tenant, MEDIA.subject)
    with pytest.raises(DataKeyDestroyed):
        keys.seal(MEDIA, b"x")
    with pytest.raises(DataKeyDestroyed):
        keys.rotate(MEDIA.tenant, MEDIA.subject)


def test_rewrapping_does_not_bring_a_destroyed_key_back() -> None:
    class Shredding(MemoryWrappedKeys):
        """The subject is erased while its key is on its way to being rewrapped."""

        def not_under(self, master: str) -> Iterator[WrappedKey]:
            for key in list(super().not_under(master)):
                self.destroy(key.tenant, key.subject)
                yield key

    store = Shredding()
    sealed = KeyRing(masters("v1"), store).seal(MEDIA, b"x")
    both = KeyRing(masters("v2", "v1"), store)
    assert both.rewrap() == 0
    with pytest.raises(DataKeyDestroyed):
        both.open(MEDIA, sealed)


# --- master keys ---


def test_master_keys_are_read_from_text_and_file(tmp_path: Path) -> None:
    lines = f"# the current one is first\nv2:{text(KEY_2)}\n\n v1:{text(KEY_1)} # old\n"
    path = tmp_path / "master.keys"
    path.write_text(lines)
    path.chmod(0o600)
    for found in (
        LocalMasterKeys.parse(lines),
        LocalMasterKeys.parse(f"v2:{text(KEY_2)},v1:{text(KEY_1)}"),
        local_master_keys(None, path),
        local_master_keys(lines, None),
    ):
        assert found.current == "v2"
        wrapped = found.wrap(b"k" * 32, version="v1", context=b"c")
        assert masters("v1").unwrap(wrapped, version="v1", context=b"c") == b"k" * 32


def test_a_generated_line_is_a_key_of_its_own() -> None:
    one, two = (LocalMasterKeys.generate("2026-03") for _ in range(2))
    assert one != two
    assert LocalMasterKeys.parse(one).current == "2026-03"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "# nothing",
        "v1",
        "v1:",
        "v1:not base64",
        f"v1:{text(KEY_1[:16])}",
        f"bad version:{text(KEY_1)}",
        f":{text(KEY_1)}",
        f"v1:{text(KEY_1)}\nv1:{text(KEY_2)}",
    ],
)
def test_master_keys_in_another_form_are_refused_without_repeating_them(wrong: str) -> None:
    with pytest.raises(MasterKeyInvalid) as failure:
        LocalMasterKeys.parse(wrong)
    assert text(KEY_1)[:8] not in str(failure.value)


def test_a_key_file_that_others_may_write_or_nobody_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.keys"
    with pytest.raises(MasterKeyInvalid, match="FileNotFoundError"):
        LocalMasterKeys.read(path)
    path.write_text(f"v1:{text(KEY_1)}")
    path.chmod(0o620)
    with pytest.raises(MasterKeyInvalid, match="written by others"):
        LocalMasterKeys.read(path)
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(MasterKeyInvalid, match="UnicodeDecodeError"):
        LocalMasterKeys.read(path)
    with pytest.raises(MasterKeyInvalid, match="give one"):
        local_master_keys("v1:x", path)
    with pytest.raises(MasterKeyInvalid, match="current"):
        LocalMasterKeys({"v1": KEY_1}, current="v9")


def test_a_key_service_can_stand_in_for_local_masters() -> None:
    class Service:
        """A key service: keys stay inside; it may be out of reach."""

        reachable = True
        current = "arn:1"

        def wrap(self, key: bytes, *, version: str, context: bytes) -> bytes:
            return bytes(12) + AESGCM(KEY_1).encrypt(bytes(12), key, version.encode() + context)

        def unwrap(self, wrapped: bytes, *, version: str, context: bytes) -> bytes:
            if not self.reachable:
                raise MasterKeyUnavailable("the key service does not answer")
            return AESGCM(KEY_1).decrypt(bytes(12), wrapped[12:], version.encode() + context)

    service = Service()
    keys = KeyRing(service, MemoryWrappedKeys())
    sealed = keys.seal(MEDIA, b"x")
    assert keys.open(MEDIA, sealed) == b"x"
    service.reachable = False
    with pytest.raises(MasterKeyUnavailable):
        keys.open(MEDIA, sealed)


# --- nothing is told ---


def test_keys_are_never_shown_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryWrappedKeys()
    with caplog.at_level(logging.DEBUG):
        keys = KeyRing(masters("v1"), store)
        sealed = keys.seal(MEDIA, b"the plaintext")
        keys.open(MEDIA, sealed)
        failures: list[str] = []
        for forged in (sealed[:-1], sealed[:60], b"x"):
            with pytest.raises(KeyringError) as failure:
                keys.open(MEDIA, forged)
            failures.append(repr(failure.value))
    held = store.newest(MEDIA.tenant, MEDIA.subject)
    shown = " ".join([repr(masters("v1")), repr(keys), repr(held), caplog.text, *failures])
    for secret in (KEY_1, held.wrapped if held else b"", b"the plaintext"):
        for form in (repr(secret)[2:-1], secret.hex(), text(secret)):
            assert form[:12] not in shown
    with pytest.raises(TypeError, match="not written out"):
        pickle.dumps(masters("v1"))


def test_the_setting_hides_its_value() -> None:
    line = f"v1:{text(KEY_1)}"
    settings = Settings(master_keys=line)  # type: ignore[arg-type]
    assert text(KEY_1) not in repr(settings)
    assert text(KEY_1) not in settings.model_dump_json()
    assert settings.master_keys is not None
    given = settings.master_keys.get_secret_value()
    assert local_master_keys(given, settings.master_keys_file).current == "v1"
