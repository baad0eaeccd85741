"""The ledger and the key ring."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from audit.tables.base import Base, Tenanted, TenantKeyed

_Counter = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts INTEGER keys only


class InboxRow(Tenanted, Base):
    """An event written in the transaction of what it records, not yet in the log."""

    __tablename__ = "ledger_inbox"
    __table_args__ = (Index(None, "tenant_id", "id"),)

    id: Mapped[int] = mapped_column(_Counter, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(128))
    subject: Mapped[str] = mapped_column(String(128))
    body: Mapped[str] = mapped_column(Text)
    time: Mapped[datetime]


class LogRow(TenantKeyed, Base):
    """How long a tenant's log is; locked by whoever appends."""

    __tablename__ = "ledger_logs"

    size: Mapped[int] = mapped_column(BigInteger, default=0)


class EntryRow(TenantKeyed, Base):
    """An entry of the log, as its canonical line."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index(None, "tenant_id", "subject"),)

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    time: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(128))
    subject: Mapped[str] = mapped_column(String(128))
    line: Mapped[bytes] = mapped_column(LargeBinary)


class NodeRow(TenantKeyed, Base):
    """A complete node of the tree."""

    __tablename__ = "ledger_nodes"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class HeadRow(TenantKeyed, Base):
    """A signed head."""

    __tablename__ = "ledger_heads"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    head: Mapped[dict[str, Any]]


class SigningKeyRow(TenantKeyed, Base):
    """A key that signs heads: public for good, private sealed under a master key."""

    __tablename__ = "signing_keys"

    key_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    public: Mapped[bytes] = mapped_column(LargeBinary(32))
    last_size: Mapped[int | None] = mapped_column(BigInteger)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class WrappedKeyRow(TenantKeyed, Base):
    """A data key of a subject, under a master key. Backups leave this table out, or expire."""

    __tablename__ = "wrapped_keys"

    subject: Mapped[str] = mapped_column(String(128), primary_key=True)
    key_version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    master: Mapped[str] = mapped_column(String(64), index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class ErasedRow(TenantKeyed, Base):
    """A subject whose data keys were destroyed for good."""

    __tablename__ = "erased_subjects"

    subject: Mapped[str] = mapped_column(String(128), primary_key=True)
    erased_at: Mapped[datetime]
