"""A stored log that was tampered with in its database, and heads that were kept outside."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Table, delete, insert, select, text, update

from audit.canonical import canonical_hash, canonical_json
from audit.errors import AuditError
from audit.keyring import LocalMasterKeys
from audit.ledger import (
    Ed25519Signer,
    EventKind,
    Fault,
    FaultKind,
    HeadsExport,
    LedgerEntry,
    VerifyKey,
    sign_head,
)
from audit.merkle import CompactRange, MemoryNodes, root_hash
from audit.store import Store
from audit.store.verification import verify_log
from audit.tables.base import table_of
from audit.tables.spine import EntryRow, HeadRow, InboxRow, LogRow, NodeRow, SigningKeyRow

ENTRIES, NODES = table_of(EntryRow), table_of(NodeRow)
HEADS, LOGS, KEYS = table_of(HeadRow), table_of(LogRow), table_of(SigningKeyRow)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIZE = 61
WAITING = {
    "tenant_id": "acme", "kind": "media_read", "actor": "key_1", "subject": "med_late",
    "body": "{}", "time": NOON,
}  # fmt: skip
SQLITE_CASES, POSTGRESQL_CASES = 1000, 102

TREE = {FaultKind.TREE_ALTERED}
OF_HEADS = {
    FaultKind.HEAD_INVALID, FaultKind.HEAD_REMOVED, FaultKind.HEAD_CONFLICT,
    FaultKind.HEAD_MISSING,
}  # fmt: skip
OF_KEYS = {FaultKind.KEY_ALTERED}


class Held(Store):
    """A store whose transactions are all within one, which is rolled back."""

    held: Connection

    @contextmanager
    def _begin(self, *, read_only: bool = False, still: bool = False) -> Iterator[Connection]:
        if read_only:
            yield self.held
        else:
            with self.held.begin_nested():
                yield self.held


@dataclass
class Case:
    """What one corruption works on, and what it says that it has touched."""

    connection: Connection
    rng: random.Random
    touched: set[int]

    @property
    def loose(self) -> bool:
        """Whether columns take values of any type."""
        return self.connection.dialect.name == "sqlite"

    def run(self, statement: object) -> None:
        self.connection.execute(statement)  # type: ignore[call-overload]

    def number(self, most: int = SIZE) -> int:
        return self.rng.randrange(most)

    def two(self) -> tuple[int, int]:
        first, second = sorted(self.rng.sample(range(SIZE), 2))
        return first, second

    def line(self, sequence: int) -> bytes:
        line = self.row(ENTRIES, ENTRIES.c.sequence == sequence)["line"]
        assert isinstance(line, bytes)
        return line

    def row(self, table: Table, here: object) -> dict[str, object]:
        found = self.connection.execute(select(table).where(here))  # type: ignore[arg-type]
        return dict(found.mappings().one())

    def change(self, sequence: int, /, **values: object) -> None:
        self.touched.add(sequence)
        self.run(update(ENTRIES).where(ENTRIES.c.sequence == sequence).values(**values))

    def bit(self, value: bytes) -> bytes:
        at, bit = self.rng.randrange(len(value)), 1 << self.rng.randrange(8)
        return value[:at] + bytes([value[at] ^ bit]) + value[at + 1 :]

    def lines(self) -> list[bytes]:
        rows = self.connection.execute(select(ENTRIES.c.line).order_by(ENTRIES.c.sequence))
        return list(rows.scalars())

    def rebuild(self) -> MemoryNodes:
        """The whole tree made to fit the entries, as somebody with the database can do."""
        tree, edge = MemoryNodes(), CompactRange()
        self.run(delete(NODES))
        rows = []
        for line in self.lines():
            leaf = LedgerEntry.from_line(line).leaf()
            tree.append(leaf)
            rows += [
                {"tenant_id": "acme", "level": n.level, "position": n.index, "hash": n.hash}
                for n in edge.append(leaf)
            ]
        self.connection.execute(insert(NODES), rows)
        self.run(update(LOGS).values(size=tree.size))
        return tree


def fitted(fields: dict[str, object]) -> bytes:
    """A line whose hashes fit what it now says."""
    fields["body_hash"] = canonical_hash(fields["body"])  # type: ignore[arg-type]
    entry = LedgerEntry.from_line(canonical_json({**fields, "entry_hash": "0" * 64}))  # type: ignore[dict-item]
    return canonical_json({**fields, "entry_hash": entry.leaf().hex()})  # type: ignore[dict-item]


# --- entries ---


def flip_a_byte_of_a_line(case: Case) -> None:
    at = case.number()
    case.change(at, line=case.bit(case.line(at)))


def cut_a_line(case: Case) -> None:
    at = case.number()
    line = case.line(at)
    case.change(at, line=line[: case.rng.randrange(len(line))])


def edit_a_field(case: Case) -> None:
    at = case.number()
    fields = json.loads(case.line(at))
    name = case.rng.choice(["actor", "subject", "time", "kind", "body"])
    fields[name] = {
        "actor": "key_other", "subject": "med_other", "time": "2020-01-01T00:00:00.000000Z",
        "kind": "candidate_registered", "body": {"n": -1},
    }[name]  # fmt: skip
    case.change(at, line=canonical_json(fields))


def edit_and_make_fit(case: Case) -> None:
    at = case.number()
    fields = json.loads(case.line(at))
    fields["subject"] = "med_other"
    case.change(at, line=fitted(fields), subject="med_other")


def edit_and_make_all_fit(case: Case) -> None:
    edit_and_make_fit(case)
    case.rebuild()


def edit_and_sign_with_another_key(case: Case) -> None:
    """The tree made anew, all heads signed anew, and the new public key stored."""
    edit_and_make_fit(case)
    tree = case.rebuild()
    signer = Ed25519Signer.generate()
    case.run(update(KEYS).values(last_size=0))
    old = case.connection.execute(select(KEYS).limit(1)).mappings().one()
    key_id = VerifyKey(signer.public).key_id
    fresh = {**old, "key_id": key_id, "public": signer.public, "last_size": None}
    case.run(insert(KEYS).values(fresh))
    sizes = list(case.connection.execute(select(HEADS.c.size)).scalars())
    for size in sizes:
        root = root_hash(tree.reader, size)
        head = sign_head(signer, "acme", size=size, root=root, time=NOON)
        case.run(update(HEADS).where(HEADS.c.size == size).values(head=dict(head.to_json())))


def remove_an_entry(case: Case) -> None:
    at = case.number()
    case.touched.add(at)
    case.run(delete(ENTRIES).where(ENTRIES.c.sequence == at))


def remove_and_close_the_gap(case: Case) -> None:
    at = case.number(SIZE - 1)
    remove = delete(ENTRIES).where(ENTRIES.c.sequence == at)
    case.run(remove)
    case.touched.add(at)
    for each in range(at + 1, SIZE):
        fields = json.loads(case.line(each))
        fields["sequence"] = each - 1
        values = {"line": fitted(fields), "sequence": each - 1}
        case.run(update(ENTRIES).where(ENTRIES.c.sequence == each).values(values))
    case.rebuild()


def swap_lines(case: Case) -> None:
    first, second = case.two()
    one, other = case.line(first), case.line(second)
    case.change(first, line=other)
    case.change(second, line=one)


def swap_numbers(case: Case) -> None:
    first, second = case.two()
    for old, new in ((first, -1), (second, first), (-1, second)):
        case.run(update(ENTRIES).where(ENTRIES.c.sequence == old).values(sequence=new))
    case.touched |= {first, second}


def move_to_the_end(case: Case) -> None:
    case.change(case.number(), sequence=SIZE + 10)


def insert_at_the_end(case: Case) -> None:
    """An entry that was never signed, with hashes, nodes and size that fit."""
    row = case.row(ENTRIES, ENTRIES.c.sequence == case.number())
    fields = {**json.loads(row["line"]), "sequence": SIZE}  # type: ignore[arg-type]
    case.run(insert(ENTRIES).values({**row, "sequence": SIZE, "line": fitted(fields)}))
    case.touched.add(SIZE)
    if case.rng.random() < 0.5:
        case.rebuild()


def repeat_an_entry(case: Case) -> None:
    at = case.number()
    row = case.row(ENTRIES, ENTRIES.c.sequence == at)
    case.run(insert(ENTRIES).values({**row, "sequence": SIZE}))
    case.touched.add(at)


def cut_off_entries(case: Case) -> None:
    at = 1 + case.number(SIZE - 1)
    case.run(delete(ENTRIES).where(ENTRIES.c.sequence >= at))
    case.touched |= set(range(at, SIZE))


def cut_off_everything(case: Case) -> None:
    """Entries, nodes, heads and size taken back to an earlier head: nothing stored contradicts."""
    sizes = list(case.connection.execute(select(HEADS.c.size).order_by(HEADS.c.size)).scalars())
    size = case.rng.choice(sizes[:-1])
    case.run(delete(ENTRIES).where(ENTRIES.c.sequence >= size))
    case.run(delete(HEADS).where(HEADS.c.size > size))
    case.rebuild()
    case.touched |= set(range(size, SIZE))


def empty_all(case: Case) -> None:
    for table in (ENTRIES, NODES, HEADS, LOGS):
        case.run(delete(table))
    case.touched |= set(range(SIZE))


def change_a_column(case: Case) -> None:
    at = case.number()
    name = case.rng.choice(["time", "kind", "actor", "subject"])
    other = NOON + timedelta(days=case.number()) if name == "time" else f"other_{case.number()}"
    case.change(at, **{name: other})


# --- beside the entries ---


def node(case: Case) -> object:
    rows = case.connection.execute(select(NODES.c.level, NODES.c.position)).all()
    level, position = case.rng.choice(sorted(rows))
    return (NODES.c.level == level) & (NODES.c.position == position)


def flip_a_bit_of_a_node(case: Case) -> None:
    here = node(case)
    value = case.bit(case.row(NODES, here)["hash"])  # type: ignore[arg-type]
    case.run(update(NODES).where(here).values(hash=value))  # type: ignore[arg-type]


def shorten_a_node(case: Case) -> None:
    case.run(update(NODES).where(node(case)).values(hash=b""))  # type: ignore[arg-type]


def remove_a_node(case: Case) -> None:
    case.run(delete(NODES).where(node(case)))  # type: ignore[arg-type]


def swap_nodes(case: Case) -> None:
    first, second = case.two()
    at = [(NODES.c.level == 0) & (NODES.c.position == each) for each in (first, second)]
    values = [case.row(NODES, each)["hash"] for each in at]
    for here, value in zip(at, reversed(values), strict=True):
        case.run(update(NODES).where(here).values(hash=value))


def insert_a_node(case: Case) -> None:
    place = {"level": case.number(12), "position": SIZE + case.number()}
    case.run(insert(NODES).values(tenant_id="acme", hash=case.rng.randbytes(32), **place))


def cut_off_nodes(case: Case) -> None:
    case.run(delete(NODES).where(NODES.c.position >= case.number(SIZE)))


def change_the_size(case: Case) -> None:
    size = case.rng.choice([0, SIZE - 1, SIZE + 1, -1, case.number(), 10**12])
    case.run(update(LOGS).values(size=size))


def remove_the_size(case: Case) -> None:
    case.run(delete(LOGS))


def head(case: Case) -> tuple[object, dict[str, object]]:
    sizes = sorted(case.connection.execute(select(HEADS.c.size)).scalars())
    here = HEADS.c.size == case.rng.choice(sizes)
    return here, dict(case.row(HEADS, here)["head"])  # type: ignore[call-overload]


def edit_a_head(case: Case) -> None:
    here, value = head(case)
    name = case.rng.choice(sorted(value))
    text = str(value[name])
    at = case.rng.randrange(len(text))
    other = text[:at] + case.rng.choice("0123456789abcdef".replace(text[at], "")) + text[at + 1 :]
    value[name] = int(other, 16) if name == "size" else other
    case.run(update(HEADS).where(here).values(head=value))  # type: ignore[arg-type]


def remove_a_field_of_a_head(case: Case) -> None:
    here, value = head(case)
    value.pop(case.rng.choice(sorted(value)))
    case.run(update(HEADS).where(here).values(head=value))  # type: ignore[arg-type]


def remove_a_head(case: Case) -> None:
    case.run(delete(HEADS).where(head(case)[0]))  # type: ignore[arg-type]


def swap_heads(case: Case) -> None:
    (first, one), (second, other) = head(case), head(case)
    while other == one:
        second, other = head(case)
    case.run(update(HEADS).where(first).values(head=other))  # type: ignore[arg-type]
    case.run(update(HEADS).where(second).values(head=one))  # type: ignore[arg-type]


def move_a_head(case: Case) -> None:
    case.run(update(HEADS).where(head(case)[0]).values(size=SIZE + 5))  # type: ignore[arg-type]


def insert_a_head(case: Case) -> None:
    """Signed with a key of the forger's own, which is stored beside the others."""
    signer = Ed25519Signer.generate()
    made = sign_head(signer, "acme", size=SIZE + 1, root=case.rng.randbytes(32), time=NOON)
    case.run(insert(HEADS).values(tenant_id="acme", size=made.size, head=dict(made.to_json())))
    if case.rng.random() < 0.5:
        old = case.connection.execute(select(KEYS).limit(1)).mappings().one()
        fresh = {"key_id": made.key_id, "public": signer.public, "last_size": None}
        case.run(insert(KEYS).values({**old, **fresh}))


def cut_off_heads(case: Case) -> None:
    sizes = sorted(case.connection.execute(select(HEADS.c.size)).scalars())
    case.run(delete(HEADS).where(HEADS.c.size >= case.rng.choice(sizes)))


def change_a_key(case: Case) -> None:
    keys = sorted(case.connection.execute(select(KEYS.c.key_id)).scalars())
    here = KEYS.c.key_id == case.rng.choice(keys)
    public = case.row(KEYS, here)["public"]
    assert isinstance(public, bytes)
    other: list[dict[str, object]] = [
        {"public": case.bit(public)}, {"key_id": "0" * 16}, {"last_size": case.number(40)},
    ]  # fmt: skip
    case.run(update(KEYS).where(here).values(case.rng.choice(other)))


def remove_a_key(case: Case) -> None:
    keys = sorted(case.connection.execute(select(KEYS.c.key_id)).scalars())
    case.run(delete(KEYS).where(KEYS.c.key_id == case.rng.choice(keys)))


# --- values of other types, which SQLite keeps ---

ODD = ["", "x", -1, 1.5, b"", b"\xff\xfe"]


def odd_value(table: Table, name: str) -> Callable[[Case], None]:
    def corrupt(case: Case) -> None:
        rows = case.connection.execute(select(text("rowid")).select_from(table)).scalars()
        # The text of a broken encoding, among others: reading it as text would fail.
        value = case.rng.choice(ODD)
        place = "CAST(:value AS TEXT)" if case.rng.random() < 0.3 else ":value"
        row = case.rng.choice(sorted(rows))
        here = text("rowid = :row").bindparams(row=row)
        case.run(update(table).where(here).values({name: text(place).bindparams(value=value)}))
        if table is ENTRIES:
            case.touched.add(row - 1)

    corrupt.__name__ = f"odd_{table.name}_{name}"
    return corrupt


Corruption = tuple[Callable[[Case], None], set[FaultKind] | None]
"""How, and the kinds of faults that may be named; None: the entries that were touched must be."""

TYPED: list[Corruption] = [
    (flip_a_byte_of_a_line, None),
    (cut_a_line, None),
    (edit_a_field, None),
    (edit_and_make_fit, None),
    (edit_and_make_all_fit, None),
    (edit_and_sign_with_another_key, None),
    (remove_an_entry, None),
    (remove_and_close_the_gap, None),
    (swap_lines, None),
    (swap_numbers, None),
    (move_to_the_end, None),
    (insert_at_the_end, None),
    (repeat_an_entry, None),
    (cut_off_entries, None),
    (cut_off_everything, None),
    (empty_all, None),
    (change_a_column, {FaultKind.ROW_ALTERED}),
    (flip_a_bit_of_a_node, TREE),
    (shorten_a_node, TREE),
    (remove_a_node, TREE),
    (swap_nodes, TREE),
    (insert_a_node, TREE),
    (cut_off_nodes, TREE),
    (change_the_size, TREE),
    (remove_the_size, TREE),
    (edit_a_head, OF_HEADS),
    (remove_a_field_of_a_head, OF_HEADS),
    (remove_a_head, OF_HEADS),
    (swap_heads, OF_HEADS),
    (move_a_head, OF_HEADS),
    (insert_a_head, OF_HEADS),
    (cut_off_heads, OF_HEADS),
    (change_a_key, OF_KEYS),
    (remove_a_key, OF_KEYS),
]
LOOSE: list[Corruption] = [
    (odd_value(ENTRIES, "line"), None),
    (odd_value(ENTRIES, "sequence"), None),
    *(
        (odd_value(ENTRIES, name), {FaultKind.ROW_ALTERED})
        for name in ("time", "kind", "actor", "subject")
    ),
    *((odd_value(NODES, name), TREE) for name in ("level", "position", "hash")),
    *((odd_value(HEADS, name), OF_HEADS) for name in ("size", "head")),
    (odd_value(LOGS, "size"), TREE),
    *((odd_value(KEYS, name), OF_KEYS) for name in ("public", "last_size")),
]


def sealed(store: Store, masters: LocalMasterKeys) -> HeadsExport:
    """61 entries, sealed in pieces, signed with two keys one after the other."""
    rng = random.Random(5)
    written = 0
    while written < SIZE - 1:
        with store.unit("acme", actor="key_1") as unit:
            for _ in range(min(rng.randrange(1, 9), SIZE - 1 - written)):
                kind = rng.choice([EventKind.MEDIA_READ, EventKind.MEDIA_STORED])
                unit.record(kind, f"med_{written}", {"n": written})
                written += 1
        store.seal("acme")
        if written > SIZE // 2 and len(kept_of(store).keys) == 1:
            store.rotate_signer("acme")
    return kept_of(store)


def kept_of(store: Store) -> HeadsExport:
    with store.ledger("acme") as ledger:
        return HeadsExport.from_bytes(ledger.export_heads().to_bytes())


def covered(faults: list[Fault], sequence: int) -> bool:
    return any(
        each.sequence is not None and each.sequence <= sequence <= (each.last or each.sequence)
        for each in faults
    )


def test_every_corruption_of_the_tables_is_found(
    store: Store, masters: LocalMasterKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = sealed(store, masters)
    assert (len(kept.heads), len(kept.keys)) == (17, 2)
    assert verify_log(store, "acme", [kept]) == (SIZE, [])
    assert verify_log(store, "acme", []) == (SIZE, [])
    held = Held(store.engine, masters)
    loose = store.engine.dialect.name == "sqlite"
    ways = TYPED + LOOSE if loose else TYPED
    done: Counter[str] = Counter()
    named: Counter[str] = Counter()
    with store.engine.connect() as connection:
        with connection.begin():
            before = {table: rows_of(connection, table) for table in _TABLES}
        for seed in range(SQLITE_CASES if loose else POSTGRESQL_CASES):
            how, allowed = ways[seed % len(ways)]
            with connection.begin() as transaction:
                held.held = connection
                case = Case(connection, random.Random(seed), set())
                how(case)
                changed = any(rows_of(connection, each) != before[each] for each in _TABLES)
                _, faults = verify_log(held, "acme", [kept])
                transaction.rollback()
            where = f"{how.__name__}, seed {seed}: {faults}"
            assert changed, where
            assert faults, where
            if allowed is None:
                assert all(covered(faults, each) for each in case.touched), where
            else:
                assert {each.kind for each in faults} <= allowed, where
            done[how.__name__] += 1
            named.update({each.kind.value for each in faults})
    assert verify_log(store, "acme", [kept]) == (SIZE, [])
    with capsys.disabled():
        print(f"\n{done.total()} corruptions in {len(done)} ways, all found: {dict(named)}")  # noqa: T201


def test_a_log_that_was_tampered_with_is_refused_and_named_while_events_wait(
    store: Store, masters: LocalMasterKeys
) -> None:
    """The sealer must come to no other end than a refusal: it seals other tenants' logs, too."""
    kept = sealed(store, masters)
    held = Held(store.engine, masters)
    ways = TYPED + LOOSE if store.engine.dialect.name == "sqlite" else TYPED
    refused = 0
    with store.engine.connect() as connection:
        for seed, (how, _) in enumerate(ways):
            with connection.begin() as transaction:
                held.held = connection
                how(Case(connection, random.Random(seed), set()))
                connection.execute(insert(table_of(InboxRow)).values(**WAITING))
                with connection.begin_nested() as inner:
                    try:
                        held.seal("acme")
                    except AuditError:
                        refused += 1
                    inner.rollback()
                _, faults = verify_log(held, "acme", [kept])
                transaction.rollback()
            assert faults, how.__name__
    assert 0 < refused < len(ways)


_TABLES = (ENTRIES, NODES, HEADS, LOGS, KEYS)


def rows_of(connection: Connection, table: Table) -> list[str]:
    columns = ", ".join(
        f"CAST({column.name} AS BLOB), typeof({column.name})"
        if connection.dialect.name == "sqlite"
        else column.name
        for column in table.columns
    )
    rows = connection.execute(text(f"SELECT {columns} FROM {table.name}"))  # noqa: S608
    return sorted(repr(tuple(row)) for row in rows)
