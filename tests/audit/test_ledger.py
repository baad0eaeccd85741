"""What was done to a ledger is found and named; what was done rightly verifies."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import Json, canonical_hash, canonical_json, parse_json
from audit.errors import (
    EventInvalid,
    LedgerConflict,
    LedgerTampered,
    LedgerUnreadable,
    RecordError,
)
from audit.ledger import (
    BrokenRecord,
    Ed25519Signer,
    Event,
    EventKind,
    Fault,
    FaultKind,
    FileLedger,
    HeadsExport,
    Ledger,
    LedgerEntry,
    LedgerStore,
    MemoryLedger,
    SignedHead,
    VerifyKey,
    commitment,
    new_salt,
    opens,
    read_entries,
    sign_head,
    timestamp,
    verify,
    write_entries,
)
from audit.merkle import MemoryNodes, root_hash, verify_consistency, verify_inclusion

LOG = "tenant:north"
SIZE = 24
KINDS = list(EventKind)


class Clock:
    """A second later at each look."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def signer(seed: int = 1) -> Ed25519Signer:
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def event(index: int) -> Event:
    return Event(
        kind=KINDS[index % len(KINDS)],
        tenant="north",
        actor=f"key:{index % 5}",
        subject=f"check:{index:04d}",
        body={"count": index, "share": index / 7, "reason": "as asked", "parts": [1, None, True]},
    )


def filled(store: LedgerStore, size: int, *, seal_every: int) -> Ledger:
    ledger = Ledger(store, signer(), log=LOG, now=Clock())
    for index in range(size):
        ledger.append(event(index))
        if (index + 1) % seal_every == 0:
            ledger.seal()
    ledger.seal()
    return ledger


@dataclass(frozen=True)
class Sealed:
    """A ledger's entries and an export of its heads that was kept outside."""

    entries: tuple[LedgerEntry, ...]
    outside: HeadsExport

    def faults(self, records: list[LedgerEntry | BrokenRecord], *, leaves: bool) -> list[Fault]:
        return verify(
            records,
            self.outside.heads,
            keys=self.outside.keys,
            log=LOG,
            leaves=self.outside.leaves if leaves else (),
        )


def sealed(seal_every: int) -> Sealed:
    store = MemoryLedger()
    ledger = filled(store, SIZE, seal_every=seal_every)
    return Sealed(tuple(store.entries()), ledger.export_heads())


@pytest.fixture(scope="module")
def every() -> Sealed:
    """A head after each entry."""
    return sealed(1)


@pytest.fixture(scope="module")
def sparse() -> Sealed:
    """A head after each eighth entry."""
    return sealed(8)


def named(faults: list[Fault]) -> set[tuple[str, int | None, int | None]]:
    return {(f.kind.value, f.sequence, f.last) for f in faults if f.kind != FaultKind.UNPROVED}


def rehashed(entry: LedgerEntry, **changes: object) -> LedgerEntry:
    """A forgery whose own hashes fit."""
    forged = replace(entry, **changes)  # type: ignore[arg-type]
    forged = replace(forged, body_hash=canonical_hash(forged.body))
    return replace(forged, entry_hash=forged.leaf().hex())


# --- what was done rightly ---


@pytest.mark.parametrize("seal_every", [1, 3, 8, 100])
@pytest.mark.parametrize("size", [0, 1, 2, 17])
def test_an_untouched_ledger_has_no_fault(size: int, seal_every: int) -> None:
    store = MemoryLedger()
    outside = filled(store, size, seal_every=seal_every).export_heads()
    for leaves in ((), outside.leaves):
        assert not verify(store.entries(), outside.heads, keys=outside.keys, log=LOG, leaves=leaves)


def test_an_older_export_still_verifies_and_names_what_no_head_covers() -> None:
    store = MemoryLedger()
    ledger = filled(store, 5, seal_every=1)
    outside = ledger.export_heads()
    ledger.append(event(5))
    ledger.append(event(6))
    faults = verify(store.entries(), outside.heads, keys=outside.keys, log=LOG)
    assert named(faults) == {("unsealed", 5, 6)}
    ledger.seal()
    heads = (*outside.heads, *store.heads())
    assert not verify(store.entries(), heads, keys=outside.keys, log=LOG)


def test_proofs_from_the_ledger_hold_against_its_heads() -> None:
    store = MemoryLedger()
    ledger = filled(store, 13, seal_every=1)
    old, new = store.heads()[4], store.heads()[-1]
    entry = next(store.entries(3))
    assert verify_inclusion(entry.leaf(), ledger.inclusion(3), root=bytes.fromhex(new.root))
    early = ledger.inclusion(3, size=old.size)
    assert verify_inclusion(entry.leaf(), early, root=bytes.fromhex(old.root))
    roots = {"first_root": bytes.fromhex(old.root), "second_root": bytes.fromhex(new.root)}
    assert verify_consistency(ledger.consistency(old.size), **roots)
    assert verify_consistency(ledger.consistency(old.size, second=new.size), **roots)


def test_the_seal_is_signed_once_for_each_size() -> None:
    store = MemoryLedger()
    ledger = filled(store, 4, seal_every=2)
    assert ledger.seal() == ledger.seal()
    assert [head.size for head in store.heads()] == [2, 4]


def test_a_body_can_be_changed_by_nobody_after_it_was_recorded() -> None:
    body: dict[str, Json] = {"parts": [1]}
    entry = LedgerEntry.of(
        replace(event(0), body=body), sequence=0, time=datetime(2026, 1, 1, tzinfo=UTC)
    )
    body["parts"] = [2]
    assert entry.body == {"parts": [1]}
    assert entry.body_is_intact()


def test_times_are_utc_with_microseconds() -> None:
    zone = datetime.fromisoformat("2026-03-01T10:00:00+01:00")
    assert timestamp(zone) == "2026-03-01T09:00:00.000000Z"
    with pytest.raises(EventInvalid, match="zone"):
        timestamp(datetime(2026, 3, 1))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    "bad",
    [
        {"actor": "Jane Doe"},
        {"subject": "jane@example.org"},
        {"tenant": ""},
        {"actor": "x" * 129},
        {"body": {"reason": "wrote to jane.doe@example.org"}},
        {"body": {"parts": [{"jane@example.org": 1}]}},
        {"body": {"text": "x" * 301}},
        {"body": {"all": ["x" * 300] * 60}},
    ],
)
def test_what_does_not_belong_in_the_ledger_is_refused(bad: dict[str, object]) -> None:
    store = MemoryLedger()
    ledger = Ledger(store, signer(), log=LOG)
    with pytest.raises(EventInvalid):
        ledger.append(replace(event(0), **bad))  # type: ignore[arg-type]
    assert store.size() == 0


def test_two_writers_cannot_take_the_same_number() -> None:
    store = MemoryLedger()
    filled(store, 3, seal_every=1)
    late = LedgerEntry.of(event(9), sequence=2, time=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(LedgerConflict, match="next entry is 3"):
        store.add(late, [])


# --- the 1,000 ways ---


def field_edit(records: list[LedgerEntry], at: int, rng: random.Random) -> LedgerEntry:
    """One character of one field replaced, or a number changed; hashes left as they are."""
    entry = records[at]
    name = rng.choice(LedgerEntry.__slots__)
    value = getattr(entry, name)
    if name == "sequence":
        return replace(entry, sequence=value + rng.choice([1, -1, 7, 1000]))
    if name == "kind":
        return replace(entry, kind=rng.choice([kind for kind in KINDS if kind != value]))
    if name == "body":
        key = rng.choice(list(value))
        return replace(entry, body={**value, key: rng.random()})
    return replace(entry, **{name: one_character(value, rng)})  # type: ignore[arg-type]


def one_character(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    other = rng.choice([c for c in "0123456789abcdef" if c != text[at]])
    return text[:at] + other + text[at + 1 :]


Corruption = Callable[[list[LedgerEntry], random.Random], tuple[str, set[int]]]


def edit(records: list[LedgerEntry], rng: random.Random) -> tuple[str, set[int]]:
    at = rng.randrange(SIZE)
    records[at] = field_edit(records, at, rng)
    return "edited", {at}


def edit_rehashed(records: list[LedgerEntry], rng: random.Random) -> tuple[str, set[int]]:
    at = rng.randrange(SIZE)
    change = rng.choice(
        [{"actor": "key:mallory"}, {"body": {"count": -1}}, {"time": "2020-01-01T00:00:00.000000Z"}]
    )
    records[at] = rehashed(records[at], **change)
    return "edited|altered", {at}


def drop(records: list[LedgerEntry], rng: random.Random) -> tuple[str, set[int]]:
    at = rng.randrange(SIZE - 1)
    del records[at]
    return "removed", {at}


def drop_renumbered(records: list[LedgerEntry], rng: random.Random) -> tuple[str, set[int]]:
    at = rng.randrange(SIZE - 1)
    del records[at]
    for index in range(at, len(records)):
        records[index] = rehashed(records[index], sequence=index)
    # The last number is missing then, so the last stretch can only be called unproved.
    return "edited|altered|unproved", {at}


def duplicate(records: list[LedgerEntry], rng: random.Random) -> tuple[str, set[int]]:
    at = rng.randrange(SIZE)
    records.insert(rng.randrange(SIZE + 1), records[at])
    return "duplicated", {at}


def insert_forged(records: list[LedgerEntry], rng: random.Random) -> tuple[str, set[int]]:
    at = rng.randrange(SIZE)
    records.insert(at + rng.choice([0, 1]), rehashed(records[at], actor="key:mallory"))
    return "inserted", {at}


def swap(records: list[LedgerEntry], rng: random.Random) -> tuple[str, set[int]]:
    one, two = rng.sample(range(SIZE), 2)
    records[one], records[two] = records[two], records[one]
    return "reordered", {one, two}


def swap_renumbered(records: list[LedgerEntry], rng: random.Random) -> tuple[str, set[int]]:
    one, two = sorted(rng.sample(range(SIZE), 2))
    first, second = records[one], records[two]
    records[one], records[two] = rehashed(second, sequence=one), rehashed(first, sequence=two)
    return "edited|altered", {one}


def truncate(records: list[LedgerEntry], rng: random.Random) -> tuple[str, set[int]]:
    at = rng.randrange(SIZE)
    del records[at:]
    return "truncated", {at}


def append_forged(records: list[LedgerEntry], rng: random.Random) -> tuple[str, set[int]]:
    for index in range(SIZE, SIZE + rng.randint(1, 3)):
        records.append(rehashed(records[rng.randrange(SIZE)], sequence=index))
    return "unsealed", {SIZE}


CORRUPTIONS: list[Corruption] = [
    edit,
    edit,
    edit_rehashed,
    drop,
    drop_renumbered,
    duplicate,
    insert_forged,
    swap,
    swap_renumbered,
    truncate,
    append_forged,
]


@pytest.mark.parametrize("block", range(10))
def test_each_of_1000_corruptions_is_found_and_the_entry_named(
    every: Sealed, sparse: Sealed, block: int
) -> None:
    for seed in range(block * 100, block * 100 + 100):
        rng = random.Random(seed)
        corrupt = CORRUPTIONS[seed % len(CORRUPTIONS)]
        case = every if seed % 2 else sparse
        leaves = seed % 4 < 2
        records = list(case.entries)
        kinds, places = corrupt(records, rng)
        faults = case.faults(records, leaves=leaves)  # type: ignore[arg-type]
        exact = leaves or case is every
        assert names(faults, kinds.split("|"), places, exact=exact), (seed, kinds, places, faults)


def names(faults: list[Fault], kinds: list[str], places: set[int], *, exact: bool) -> bool:
    """Whether a fault of such a kind names such an entry: exactly, or within a sealed stretch."""
    for fault in faults:
        if fault.kind not in kinds or fault.sequence is None or fault.last is None:
            continue
        if exact and fault.kind != FaultKind.UNPROVED and fault.sequence in places:
            return True
        if not exact and any(fault.sequence <= place <= fault.last for place in places):
            return True
    return False


@pytest.mark.parametrize("block", range(10))
def test_each_of_1000_changed_bytes_of_the_file_is_found_and_the_entry_named(
    sparse: Sealed, tmp_path: Path, block: int
) -> None:
    path = tmp_path / "entries.jsonl"
    write_entries(path, sparse.entries)
    text = path.read_bytes()
    for seed in range(block * 100, block * 100 + 100):
        rng = random.Random(seed)
        at = rng.randrange(len(text))
        way = rng.choice(["replace", "replace", "delete", "insert"])
        place = text[:at].count(b"\n")
        new = b"" if way == "delete" else bytes([rng.choice([*set(range(256)) - {text[at]}])])
        path.write_bytes(text[:at] + new + text[at + (way != "insert") :])
        faults = sparse.faults(list(read_entries(path)), leaves=False)
        found = {fault.sequence for fault in faults if fault.kind != FaultKind.UNPROVED}
        # A byte put before the first of a line belongs to the line before where it ends a line.
        near = {place, place - 1} if way == "insert" else {place}
        assert found & near, (seed, way, at, new, faults)


@given(st.data())
def test_several_edits_are_all_named_with_the_leaves_kept_outside(data: st.DataObject) -> None:
    case = EVERY_EIGHTH
    places = data.draw(st.sets(st.integers(0, SIZE - 1), min_size=1, max_size=6))
    records: list[LedgerEntry | BrokenRecord] = list(case.entries)
    for place in places:
        forged = rehashed(case.entries[place], actor="key:mallory")
        careless = replace(forged, entry_hash=case.entries[place].entry_hash)
        records[place] = data.draw(st.sampled_from([forged, careless]))
    faults = case.faults(records, leaves=True)
    assert named(faults) == {("edited", place, place) for place in places}


EVERY_EIGHTH = sealed(8)


# --- exact answers ---


@pytest.mark.parametrize("leaves", [True, False])
def test_a_careless_edit_is_named_and_the_rest_stays_proved(sparse: Sealed, leaves: bool) -> None:
    for name in ("time", "tenant", "actor", "subject", "body_hash", "entry_hash"):
        records: list[LedgerEntry | BrokenRecord] = list(sparse.entries)
        value = getattr(sparse.entries[11], name)
        records[11] = replace(sparse.entries[11], **{name: value[:-2] + "7e"})
        assert named(sparse.faults(records, leaves=leaves)) == {("edited", 11, 11)}
        assert len(sparse.faults(records, leaves=leaves)) <= 2


def test_an_edited_number_is_named_by_its_place(sparse: Sealed) -> None:
    for number in (2, 12, 92):
        records: list[LedgerEntry | BrokenRecord] = list(sparse.entries)
        records[11] = replace(sparse.entries[11], sequence=number)
        assert named(sparse.faults(records, leaves=False)) == {("edited", 11, 11)}


def test_a_forgery_with_fitting_hashes_is_named_by_its_stretch_or_exactly(
    every: Sealed, sparse: Sealed
) -> None:
    forged: list[LedgerEntry | BrokenRecord] = list(sparse.entries)
    forged[11] = rehashed(sparse.entries[11], body={})
    assert named(sparse.faults(forged, leaves=False)) == {("altered", 8, 15)}
    assert named(sparse.faults(forged, leaves=True)) == {("edited", 11, 11)}
    rest = [f for f in sparse.faults(forged, leaves=False) if f.kind == FaultKind.UNPROVED]
    assert [(f.sequence, f.last) for f in rest] == [(16, 23)]
    forged = list(every.entries)
    forged[11] = rehashed(every.entries[11], body={})
    assert named(every.faults(forged, leaves=False)) == {("altered", 11, 11)}


def test_a_removed_and_a_forged_entry_are_both_named_with_leaves(sparse: Sealed) -> None:
    records: list[LedgerEntry | BrokenRecord] = list(sparse.entries)
    records[20] = rehashed(sparse.entries[20], body={})
    del records[3:5]
    expected = {("removed", 3, 4), ("edited", 20, 20)}
    assert named(sparse.faults(records, leaves=True)) == expected


def test_of_two_claimants_the_one_that_was_not_signed_is_named(sparse: Sealed) -> None:
    forged = rehashed(sparse.entries[5], body={})
    for pair in ([forged, sparse.entries[5]], [sparse.entries[5], forged]):
        records = [*sparse.entries[:5], *pair, *sparse.entries[6:]]
        (fault,) = sparse.faults(records, leaves=False)  # type: ignore[arg-type]
        assert (fault.kind, fault.sequence) == (FaultKind.INSERTED, 5)
        assert f"record {6 + pair.index(forged)} " in fault.text


def test_a_line_that_cannot_be_read_is_named_by_its_place(sparse: Sealed, tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    lines = [entry.line() + b"\n" for entry in sparse.entries]
    cases = {
        ("edited", 7, 7): [*lines[:7], b"gone\n", *lines[8:]],
        ("inserted", 6, 6): [*lines[:7], b"{}\n", *lines[7:]],
        ("edited", 23, 23): [*lines[:23], lines[23][:-1]],
        ("edited", 0, 0): [lines[0].replace(b",", b", ", 1), *lines[1:]],
    }
    for fault, parts in cases.items():
        path.write_bytes(b"".join(parts))
        assert named(sparse.faults(list(read_entries(path)), leaves=False)) == {fault}


def test_one_record_moved_far_is_named_alone(sparse: Sealed) -> None:
    records: list[LedgerEntry | BrokenRecord] = list(sparse.entries)
    records.insert(20, records.pop(2))
    assert named(sparse.faults(records, leaves=False)) == {("reordered", 2, 2)}


def test_an_entry_that_cannot_be_hashed_is_a_fault_and_no_failure(sparse: Sealed) -> None:
    records: list[LedgerEntry | BrokenRecord] = list(sparse.entries)
    records[4] = replace(sparse.entries[4], body={"share": float("nan")})
    records[9] = replace(sparse.entries[9], subject="\ud800")
    found = named(sparse.faults(records, leaves=True))
    assert found == {("edited", 4, 4), ("edited", 9, 9)}


# --- heads and keys ---


def test_a_head_that_was_not_signed_like_this_does_not_count(every: Sealed) -> None:
    head = every.outside.heads[-1]
    for change in (
        {"size": head.size - 1},
        {"root": every.outside.heads[0].root},
        {"time": "2030-01-01T00:00:00.000000Z"},
        {"key_id": "00" * 8},
        {"signature": head.signature[:-2] + "00"},
        {"signature": "zz"},
        {"log": "tenant:south"},
    ):
        bad = replace(head, **change)  # type: ignore[arg-type]
        faults = verify(every.entries, [bad], keys=every.outside.keys, log=LOG)
        assert {f.kind for f in faults} == {
            FaultKind.HEAD_INVALID,
            FaultKind.HEAD_MISSING,
            FaultKind.UNSEALED,
        }


def test_a_head_of_another_ledger_cannot_be_passed_off(every: Sealed) -> None:
    faults = verify(every.entries, every.outside.heads, keys=every.outside.keys, log="tenant:south")
    assert "another ledger" in faults[0].text
    renamed = [replace(head, log="tenant:south") for head in every.outside.heads]
    faults = verify(every.entries, renamed, keys=every.outside.keys, log="tenant:south")
    assert "signature" in faults[0].text


def test_without_heads_nothing_is_proved(every: Sealed) -> None:
    faults = verify(every.entries, [], keys=every.outside.keys, log=LOG)
    assert {f.kind for f in faults} == {FaultKind.HEAD_MISSING, FaultKind.UNSEALED}


def test_two_signed_histories_are_a_conflict(every: Sealed) -> None:
    root = root_hash(MemoryNodes([b"\x00" * 32] * SIZE).reader, SIZE)
    when = datetime(2027, 1, 1, tzinfo=UTC)
    other = sign_head(signer(), LOG, size=SIZE, root=root, time=when)
    heads = [*every.outside.heads, other]
    (fault,) = verify(every.entries, heads, keys=every.outside.keys, log=LOG)
    assert fault.kind == FaultKind.HEAD_CONFLICT


def test_leaves_that_no_head_bears_out_are_not_believed(sparse: Sealed) -> None:
    leaves = ("00" * 32, *sparse.outside.leaves[1:])
    faults = verify(
        sparse.entries, sparse.outside.heads, keys=sparse.outside.keys, log=LOG, leaves=leaves
    )
    assert {f.kind for f in faults} == {FaultKind.LEAVES_INVALID}


def test_after_rotation_old_keys_verify_old_heads_only() -> None:
    store = MemoryLedger()
    ledger = filled(store, 4, seal_every=2)
    rotated = ledger.rotate(signer(2), tenant="north", actor="key:admin")
    rotated.append(event(5))
    outside = rotated.export_heads()
    assert [key.last_size for key in outside.keys] == [5, None]
    assert [head.key_id for head in outside.heads] == [outside.keys[0].key_id] * 3 + [
        outside.keys[1].key_id
    ]
    assert not verify(store.entries(), outside.heads, keys=outside.keys, log=LOG)
    named_key = list(store.entries())[4].body["public"]
    assert named_key == signer(2).public.hex()

    root = root_hash(store.node, 6)
    late = sign_head(signer(1), LOG, size=6, root=root, time=datetime(2027, 1, 1, tzinfo=UTC))
    faults = verify(store.entries(), [late], keys=outside.keys, log=LOG)
    assert "retired at size 5" in faults[0].text


def test_nothing_more_is_signed_over_a_changed_past() -> None:
    store = MemoryLedger()
    ledger = filled(store, 6, seal_every=1)
    store._nodes[2, 0] = b"\x00" * 32
    ledger.append(event(6))
    with pytest.raises(LedgerTampered, match="head of size 6"):
        ledger.seal()


def test_nothing_more_is_signed_over_a_shortened_past() -> None:
    store = MemoryLedger()
    ledger = filled(store, 6, seal_every=1)
    del store._entries[4:]
    with pytest.raises(LedgerTampered):
        ledger.seal()


def test_signing_keys_go_through_pem() -> None:
    made = Ed25519Signer.generate()
    assert Ed25519Signer.from_pem(made.pem()).public == made.public
    locked = made.pem(password=b"long enough")
    assert b"ENCRYPTED" in locked
    assert Ed25519Signer.from_pem(locked, password=b"long enough").public == made.public
    for pem, password in ((locked, None), (locked, b"wrong"), (b"nonsense", None)):
        with pytest.raises(RecordError):
            Ed25519Signer.from_pem(pem, password=password)


def test_only_ed25519_signs() -> None:
    pem = x25519.X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(RecordError, match="Ed25519"):
        Ed25519Signer.from_pem(pem)


# --- files ---


def test_an_export_of_heads_goes_round(every: Sealed) -> None:
    data = every.outside.to_bytes()
    assert HeadsExport.from_bytes(data) == every.outside
    assert data.endswith(b"\n")


def broken_exports(data: bytes) -> Iterator[bytes]:
    yield b""
    yield b"[]\n"
    yield data[:-5]
    yield data.replace(b"fairwitness-ledger-heads/1", b"fairwitness-ledger-heads/9")
    yield data.replace(b'"heads":[', b'"heads":[7,')
    yield data.replace(b'"heads":[{', b'"heads":[{"extra":1,')
    yield data.replace(b'"keys":[', b'"keys":[{"last_size":"x","public":"00"},')
    yield data.replace(b'"keys":[', b'"keys":[{"last_size":null,"public":"0"},')
    yield data.replace(b'"leaves":[', b'"leaves":["XY",')
    yield data.replace(b'"log":"tenant:north"', b'"log":7')
    yield data.replace(b'"size":1,', b'"size":-1,')
    yield data.replace(b'"heads":[', b'"heads":{"a":[').replace(b'],"keys"', b']},"keys"')


def test_a_file_of_heads_in_another_form_is_refused(every: Sealed) -> None:
    data = every.outside.to_bytes()
    for broken in broken_exports(data):
        assert broken != data
        with pytest.raises(LedgerUnreadable):
            HeadsExport.from_bytes(broken)


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": "1"},
        {"sequence": True},
        {"sequence": -1},
        {"time": "yesterday"},
        {"kind": "unheard_of"},
        {"body": []},
        {"body_hash": "00"},
        {"actor": "Jane Doe"},
        {"extra": 1},
    ],
)
def test_a_line_in_another_form_is_refused(every: Sealed, change: dict[str, Json]) -> None:
    entry = every.entries[1]
    assert LedgerEntry.from_line(entry.line()) == entry
    fields = parse_json(entry.line())
    assert isinstance(fields, dict)
    with pytest.raises(LedgerUnreadable):
        LedgerEntry.from_line(canonical_json({**fields, **change}))


def test_a_ledger_in_a_folder_is_that_of_memory(tmp_path: Path) -> None:
    memory, folder = MemoryLedger(), FileLedger(tmp_path / "north", log=LOG)
    one, two = (filled(store, 11, seal_every=4) for store in (memory, folder))
    assert one.export_heads() == two.export_heads()
    assert list(folder.entries(3, 7)) == list(memory.entries(3, 7))
    assert folder.last_head() == memory.last_head()

    again = FileLedger(tmp_path / "north", log=LOG)
    assert again.size() == 11
    ledger = Ledger(again, signer(), log=LOG, now=Clock())
    ledger.append(event(11))
    outside = ledger.export_heads()
    assert not verify(again.entries(), outside.heads, keys=outside.keys, log=LOG)
    with pytest.raises(LedgerConflict):
        again.add(next(memory.entries(5)), [])


def test_a_folder_with_a_torn_line_or_another_ledger_is_refused(tmp_path: Path) -> None:
    filled(FileLedger(tmp_path, log=LOG), 3, seal_every=1)
    with pytest.raises(LedgerUnreadable, match="tenant:north"):
        FileLedger(tmp_path, log="tenant:south")
    path = tmp_path / "entries.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(LedgerUnreadable, match="line 3"):
        FileLedger(tmp_path, log=LOG)


def test_the_documented_verification_runs_and_names_a_fault(
    sparse: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "ledger.md").read_text()
    example = page.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    Path("heads.json").write_bytes(sparse.outside.to_bytes())
    for entries, expected in ((sparse.entries, 0), (sparse.entries[1:], 1)):
        write_entries(Path("entries.jsonl"), entries)
        found: dict[str, list[Fault]] = {}
        exec(example, found)  # type: ignore[arg-type]  # noqa: S102 - our own page
        assert len(found["faults"]) == expected


# --- commitments ---


def test_a_commitment_opens_with_its_value_and_salt_alone() -> None:
    salt, other = new_salt(), new_salt()
    made = commitment({"candidate": 17}, salt)
    assert made.startswith("c1.")
    assert len(made) == 67
    assert opens(made, {"candidate": 17}, salt=salt)
    assert not opens(made, {"candidate": 18}, salt=salt)
    assert not opens(made, {"candidate": 17}, salt=other)
    with pytest.raises(EventInvalid, match="32 bytes"):
        commitment("x", b"short")


def test_deleting_the_salt_unlinks_and_the_ledger_still_verifies() -> None:
    store = MemoryLedger()
    ledger = Ledger(store, signer(), log=LOG, now=Clock())
    salts = {"candidate:17": new_salt()}
    who = commitment("candidate:17", salts["candidate:17"])
    for kind in (EventKind.CONSENT_GIVEN, EventKind.SUBJECT_ERASED):
        ledger.append(
            Event(kind=kind, tenant="north", actor="key:1", subject=who, body={"whose": who})
        )
    outside = ledger.export_heads()
    assert [
        entry.subject
        for entry in store.entries()
        if opens(entry.subject, "candidate:17", salt=salts["candidate:17"])
    ] == [who, who]
    salts.clear()
    assert not verify(store.entries(), outside.heads, keys=outside.keys, log=LOG)
    assert not any("candidate:17" in entry.line().decode() for entry in store.entries())


def test_verify_keys_are_named_by_their_hash() -> None:
    key = VerifyKey(signer().public)
    assert len(key.key_id) == 16
    assert key.key_id != VerifyKey(signer(2).public).key_id


def test_a_head_says_what_it_signs(every: Sealed) -> None:
    head = every.outside.heads[0]
    assert isinstance(head, SignedHead)
    assert b'"format":"fairwitness-ledger-head/1"' in head.message()
    assert head.signature.encode() not in head.message()
