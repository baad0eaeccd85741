"""Databases with data at every revision, taken to the last one and back, on both kinds of database.

The ledger's rows are those that the code of revision 0001 wrote (`ledger_0001.json`: ten entries,
sealed in pieces and signed with two keys, and one event that waits). Rows of all other tables are
made from the tables as the revision has them, so that a later revision needs nothing here, unless
it means to change or to remove values: then `MEANT` says so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from pydantic import TypeAdapter
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    inspect,
    select,
)

from audit import migrations
from audit.keyring import LocalMasterKeys
from audit.ledger import EventKind, HeadsExport
from audit.records.base import Record
from audit.store import Store
from audit.store.engine import open_engine
from audit.store.mapping import TABLES
from audit.store.verification import verify_log
from audit.tables import Base
from audit.tables.base import table_of
from tests import databases

MEANT: frozenset[str] = frozenset(
    {"reports.kind", "reports.files", "reports.erased_at", "gallery_searches.flag_id"}
)
"""`table`, or `table.column`, whose values a revision changes or removes on purpose."""

LEDGER = json.loads((Path(__file__).parent / "ledger_0001.json").read_text())
TENANT_OF_LEDGER = "ledger"
MASTERS = LocalMasterKeys({"m1": bytes(range(32))}, current="m1")
TENANTS = ("acme", "globex")
NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

Rows = dict[str, tuple[set[str], list[dict[str, Any]]]]
"""For each table its columns and rows."""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        url = databases.empty_postgresql(request.getfixturevalue("postgresql"))
    engine = open_engine(url)
    yield engine
    engine.dispose()
    if request.param == "postgresql":
        databases.drop_postgresql(request.getfixturevalue("postgresql"), url)


# --- the database as it is ---


def tables_of(engine: Engine) -> list[Table]:
    """Its tables, those that others refer to first."""
    metadata = MetaData()
    metadata.reflect(engine)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def all_rows(engine: Engine) -> Rows:
    with engine.connect() as connection:
        return {
            table.name: (
                set(table.columns.keys()),
                [dict(row) for row in connection.execute(select(table)).mappings()],
            )
            for table in tables_of(engine)
        }


def put(engine: Engine, table: Table, rows: list[dict[str, Any]]) -> None:
    naive = engine.dialect.name == "sqlite"

    def plain(value: Any) -> Any:
        return value.replace(tzinfo=None) if naive and isinstance(value, datetime) else value

    with engine.begin() as connection:
        for row in rows:
            connection.execute(table.insert(), {k: plain(v) for k, v in row.items()})


# --- rows for it ---


def put_ledger(engine: Engine) -> None:
    """The rows that the code of the first revision wrote."""
    for table in tables_of(engine):
        rows = [_revived(row) for row in LEDGER["rows"].get(table.name, ())]
        put(engine, table, rows)


def _revived(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"bytes"}:
        return bytes.fromhex(value["bytes"])
    if isinstance(value, dict) and value.keys() == {"time"}:
        return datetime.fromisoformat(value["time"])
    return value


def put_rows(engine: Engine, count: int) -> int:
    """Two rows of each of two tenants in each table; the second has nothing where it may.

    `count`: rows that were put before; values of further ones differ. The tenants are put once.
    """
    made: dict[tuple[str, str, int], dict[str, Any]] = {}
    once = count > 0
    for table in tables_of(engine):
        if table.name.startswith("ledger_") and LEDGER["rows"].get(table.name):
            continue
        for tenant in TENANTS:
            for turn in range(1 if table.name == "tenants" else 2):
                if once and table.name == "tenants":
                    made[table.name, tenant, turn] = {"id": tenant}
                    continue
                count += 1
                row = _row(table, tenant, turn, count)
                _refer(table, row, made, turn)
                made[table.name, tenant, turn] = row
                put(engine, table, [row])
    return count


def _row(table: Table, tenant: str, turn: int, count: int) -> dict[str, Any]:
    documented = _schemas(table.name)
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.name == "tenant_id" or (table.name == "tenants" and column.name == "id"):
            row[column.name] = tenant
        elif column.nullable and turn == 1:
            row[column.name] = None
        elif column.name in documented:
            row[column.name] = _fitting(column, documented[column.name], count)
        else:
            row[column.name] = _any(column, count)
    return row


def _refer(
    table: Table, row: dict[str, Any], made: dict[tuple[str, str, int], dict[str, Any]], turn: int
) -> None:
    """Lets foreign keys, of several columns, too, name rows of the same tenant."""
    for key in table.foreign_key_constraints:
        here = [column.name for column in key.columns]
        there = [element.column.name for element in key.elements]
        other = key.referred_table.name
        target = made.get((other, row["tenant_id"], min(turn, int(other != "tenants"))))
        for name, source in zip(here, there, strict=True):
            if name != "tenant_id" and row[name] is not None:
                row[name] = target[source] if target else None


def _schemas(table: str) -> dict[str, Any]:
    """What today's values allow in a column of the same name: a JSON schema."""
    for kind, rows in TABLES.items():
        if table_of(rows).name == table:
            schema = TypeAdapter(kind).json_schema()
            definitions = schema.get("$defs", {})
            found = {name: (each, definitions) for name, each in schema["properties"].items()}
            return {name: each for name, each in found.items() if name in _named(kind)}
    return {}


def _named(kind: type[Record]) -> set[str]:
    return {field.name for field in fields(kind)}


def _fitting(column: Column[Any], known: tuple[Any, Any], count: int) -> Any:
    """A value that both the column and today's values take."""
    schema, definitions = known
    allowed = _example(schema, definitions, count)
    if isinstance(column.type, JSON):
        return allowed
    if isinstance(allowed, str) and not isinstance(column.type, DateTime | LargeBinary):
        limited = _resolved(schema, definitions)
        if "enum" in limited or "const" in limited or "pattern" in limited:
            return allowed
    return _any(column, count)


def _resolved(schema: Any, definitions: Any) -> Any:
    if "$ref" in schema:
        return _resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            return _resolved(each, definitions)
    return schema


def _example(schema: Any, definitions: Any, count: int) -> Any:
    """A value of a JSON schema; another one for another count, where there are several."""
    schema = _resolved(schema, definitions)
    if "const" in schema or "enum" in schema:
        words = schema.get("enum") or [schema["const"]]
        return words[count % len(words)]
    kind = schema.get("type")
    if kind == "object":
        known = dict(schema.get("properties", {}))
        if not known:
            names = _resolved(schema.get("propertyNames", {}), definitions)
            other = schema.get("additionalProperties")
            name = _example(names, definitions, count) if "enum" in names else "\u00e9\U0001f3a5"
            known = {name: other if isinstance(other, dict) else {}}
        return {name: _example(each, definitions, count) for name, each in known.items()}
    if kind == "array":
        items = schema.get("prefixItems") or [schema.get("items", {})]
        return [_example(each, definitions, count) for each in items]
    plain = {"integer": 1, "number": 0.5, "boolean": True, "null": None}
    if schema.get("format") == "date-time":
        return (NOON + timedelta(days=count)).isoformat()
    if schema.get("format") == "date":
        return NOON.date().isoformat()
    return plain.get(kind, f"w{count}")


def _any(column: Column[Any], count: int) -> Any:
    kind = column.type
    if isinstance(kind, DateTime):
        return NOON + timedelta(days=count, microseconds=count)
    if isinstance(kind, Boolean):
        return count % 2 == 0
    if isinstance(kind, Integer):
        return count % 997  # some numbers have a bound of 1000
    if isinstance(kind, Float):
        return 1 / (count + 1)
    if isinstance(kind, LargeBinary):
        return bytes([0, 255, count % 256]) * 11
    if isinstance(kind, JSON):
        return {"count": count, "word": "\u00e9\U0001f3a5", "list": [1, 0.1, None, True]}
    length = getattr(kind, "length", None) or 200
    return f"{column.name}-{count:04d}"[-length:]


# --- the tests ---


def same(before: Rows, after: Rows, *, where: str) -> None:
    """Every row with every value, but for those tables and columns that one side does not have."""
    for name in before.keys() & after.keys() - MEANT:
        columns = before[name][0] & after[name][0]
        columns -= {column for column in columns if f"{name}.{column}" in MEANT}
        assert shown(before[name][1], columns) == shown(after[name][1], columns), f"{where}: {name}"


def shown(rows: list[dict[str, Any]], columns: set[str]) -> Counter[str]:
    return Counter(repr([(name, row[name]) for name in sorted(columns)]) for row in rows)


def lost(before: Rows, after: Rows) -> set[str]:
    """Tables and columns that an upgrade removed without saying that it means to."""
    gone = {name for name in before if name not in after}
    for name in before.keys() & after.keys():
        gone |= {f"{name}.{column}" for column in before[name][0] - after[name][0]}
    return gone - MEANT


def sound_ledger(engine: Engine, *, size: int) -> None:
    kept = HeadsExport.from_bytes(json.dumps(LEDGER["heads"], **_CANONICAL).encode())
    store = Store(engine, MASTERS)
    found, faults = verify_log(store, TENANT_OF_LEDGER, [kept])
    assert (found, faults) == (size, [])


_CANONICAL: Any = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}


def test_data_of_every_revision_survive(empty: Engine) -> None:
    """Rows are put at every revision on the way up, so that each takes all changes after it."""
    revisions = migrations.revisions()
    migrations.upgrade(empty, revisions[0])
    put_ledger(empty)
    count = 0
    rows: Rows = {}
    as_it_was: dict[str, Rows] = {}
    times: Counter[str] = Counter()
    for revision in revisions:
        if as_it_was:
            migrations.upgrade(empty, revision)
            after = all_rows(empty)
            same(rows, after, where=f"up to {revision}")
            assert lost(rows, after) == set()
        count = put_rows(empty, count)
        rows = as_it_was[revision] = all_rows(empty)
        assert [name for name, (_, found) in rows.items() if not found] == []
        times.update(rows.keys())
    readable(empty, {name: 2 * times[name] for name in rows if not name.startswith("ledger_")})
    sound_ledger(empty, size=11)  # the event that waited has been taken in

    rows = all_rows(empty)
    for revision in reversed(revisions[:-1]):
        migrations.downgrade(empty, revision)
        after = all_rows(empty)
        same(rows, after, where=f"down to {revision}")
        assert after.keys() == as_it_was[revision].keys()
        rows = after
    migrations.upgrade(empty)
    same(rows, all_rows(empty), where="up again")
    goes_on(empty)
    migrations.downgrade(empty, "base")
    assert inspect(empty).get_table_names() in ([], ["alembic_version"])


def readable(engine: Engine, counts: dict[str, int]) -> None:
    """The last revision's code reads all rows, and its tables are as it declares them.

    `counts`: how many rows of a tenant each table has.
    """
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    store = Store(engine, MASTERS)
    read = 0
    for tenant in TENANTS:
        with store.reading(tenant) as unit:
            for kind, rows in TABLES.items():
                if table_of(rows).name in counts:
                    assert len(unit.every(kind)) == counts[table_of(rows).name], kind
                    read += 1
    assert read > 0


def goes_on(engine: Engine) -> None:
    """The ledger takes further events, which extend what was signed before."""
    store = Store(engine, MASTERS)
    with store.unit(TENANT_OF_LEDGER) as unit:
        unit.record(EventKind.MEDIA_READ, "med_after", {})
    sound_ledger(engine, size=12)
