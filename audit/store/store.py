"""The store: transactions of a tenant, of the service itself, and what runs over all tenants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.exc import IntegrityError

from audit.canonical import Json
from audit.errors import AlreadyExists
from audit.keyring import KeyRing, MasterKeys
from audit.ledger import EventKind, Ledger, VerifyKey
from audit.store import log, security
from audit.store.engine import READ_ONLY, open_engine
from audit.store.keys import StoredWrappedKeys, inside
from audit.store.unit import ReadUnit, UnitOfWork
from audit.tables.access import TenantRow

SYSTEM = "service"
"""The actor of what the service does by itself."""


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


class Store:
    """Everything that is kept, in SQLite or PostgreSQL."""

    def __init__(
        self, engine: Engine, masters: MasterKeys, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.engine = engine
        self.now = now
        self._masters = masters
        self.ring = KeyRing(masters, StoredWrappedKeys(self._begin, now))
        """The key ring in transactions of its own: never use it inside a unit, use the unit's."""

    @classmethod
    def open(
        cls,
        url: str,
        masters: MasterKeys,
        *,
        now: Callable[[], datetime] = utc_now,
        pool_size: int = 20,
    ) -> Store:
        """The store behind a database URL (`audit.store.engine.open_engine`)."""
        return cls(open_engine(url, pool_size=pool_size), masters, now=now)

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()

    @contextmanager
    def unit(self, tenant: str, *, actor: str = SYSTEM) -> Iterator[UnitOfWork]:
        """Reads and writes of a tenant, committed at the end of the block.

        What the unit's `after_commit` holds runs after the commit, and not where it failed.
        """
        with self._begin() as connection:
            ring = KeyRing(self._masters, StoredWrappedKeys(inside(connection), self.now))
            unit = UnitOfWork(connection, tenant, ring=ring, actor=actor, now=self.now)
            security.enter(connection, tenant)
            yield unit
        for action in unit.after_commit:
            action()

    @contextmanager
    def reading(self, tenant: str) -> Iterator[ReadUnit]:
        """Reads of a tenant."""
        with self._connected(read_only=True) as connection:
            ring = KeyRing(self._masters, StoredWrappedKeys(inside(connection), self.now))
            unit = ReadUnit(connection, tenant, ring=ring)
            security.enter(connection, tenant, read_only=True)
            yield unit

    @contextmanager
    def system(self, *, read_only: bool = False) -> Iterator[Connection]:
        """A transaction over all tenants, for the store's own parts: keys, reaper, sweeps."""
        with self._begin(read_only=read_only) as connection:
            yield connection

    def add_tenant(self, tenant: str, name: str) -> None:
        """Makes a tenant. Raises `AlreadyExists`."""
        row = {"id": tenant, "name": name, "created_at": self.now()}
        try:
            with self._begin() as connection:
                connection.execute(insert(TenantRow).values(row))
        except IntegrityError as error:
            raise AlreadyExists(f"There is a tenant {tenant!r} already.") from error

    def tenants(self) -> tuple[str, ...]:
        """All tenants, the oldest first."""
        with self._begin(read_only=True) as connection:
            rows = connection.execute(select(TenantRow.id).order_by(TenantRow.created_at))
            return tuple(rows.scalars())

    def seal(self, tenant: str) -> int:
        """Takes all waiting events of a tenant into its log; returns how many."""
        total = 0
        while True:
            with self._begin() as connection:
                ring = KeyRing(self._masters, StoredWrappedKeys(inside(connection), self.now))
                done = log.take_in(connection, tenant, ring=ring, now=self.now)
            total += done
            if done < log.BATCH:
                return total

    def seal_all(self) -> int:
        """Takes the waiting events of all tenants into their logs; returns how many."""
        with self._begin(read_only=True) as connection:
            tenants = log.waiting(connection)
        return sum(self.seal(tenant) for tenant in tenants)

    @contextmanager
    def ledger(self, tenant: str) -> Iterator[Ledger]:
        """The tenant's ledger with all events taken in; other writers wait until the block ends."""
        self.seal(tenant)
        with self._begin() as connection:
            ring = KeyRing(self._masters, StoredWrappedKeys(inside(connection), self.now))
            yield log.open_log(connection, tenant, ring=ring, now=self.now)

    def rotate_signer(self, tenant: str, *, actor: str = SYSTEM) -> str:
        """Signs the tenant's log with a new key from now on; returns its id. See docs/ledger.md."""
        self.seal(tenant)
        with self._begin() as connection:
            ring = KeyRing(self._masters, StoredWrappedKeys(inside(connection), self.now))
            ledger = log.open_log(connection, tenant, ring=ring, now=self.now)
            fresh = log.add_signer(connection, tenant, ring=ring, now=self.now)
            ledger.rotate(fresh, tenant=tenant, actor=actor).seal()
        return VerifyKey(fresh.public).key_id

    def rewrap(self) -> int:
        """Wraps all data keys under the current master key; returns how many. Says so in each log.

        Sealed data is not touched. When it has returned, older versions are needed no more.
        """
        count = self.ring.rewrap()
        for tenant in self.tenants():
            with self.unit(tenant) as unit:
                body: dict[str, Json] = {"to": self._masters.current, "rewrapped": count}
                unit.record(EventKind.MASTER_KEY_ROTATED, "master_key", body)
        return count

    @contextmanager
    def stored_log(self, tenant: str) -> Iterator[log.StoredLog]:
        """The tenant's log as it is stored, for verification: nothing is taken in or signed."""
        with self._begin(read_only=True) as connection:
            yield log.StoredLog(connection, tenant)

    def ping(self) -> None:
        """Raises the database's error where it does not answer."""
        with self._begin(read_only=True) as connection:
            connection.execute(text("SELECT 1"))

    @contextmanager
    def still(self) -> Iterator[Connection]:
        """A reading transaction over all tenants whose statements all see one state."""
        with self._begin(read_only=True, still=True) as connection:
            yield connection

    @contextmanager
    def _begin(self, *, read_only: bool = False, still: bool = False) -> Iterator[Connection]:
        with self._connected(read_only=read_only) as connection:
            if read_only and connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            yield connection

    @contextmanager
    def _connected(self, *, read_only: bool) -> Iterator[Connection]:
        """A transaction; that it only reads is not told to PostgreSQL yet."""
        with self.engine.connect() as connection:
            if read_only:
                connection = connection.execution_options(**{READ_ONLY: True})
            with connection.begin():
                yield connection
