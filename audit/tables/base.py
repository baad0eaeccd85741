"""What all tables share: types that are the same in SQLite and PostgreSQL, and ownership.

Rows never leave `audit.store`; everything else sees the values of `audit.records`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

ID_LENGTH = 40
Id = String(ID_LENGTH)
Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A JSON column. Its order of keys is not kept in PostgreSQL: hash canonical JSON, never this."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. SQLite has no time zones, so the zone is taken off and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC; refuses a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """An aware time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all rows."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - the name and form that the base class reads
        datetime: Moment(),
        dict[str, Any]: Document,
        list[Any]: Document,
    }


class Tenanted:
    """A row of one tenant. Row-level security is made for every table that has `tenant_id`."""

    tenant_id: Mapped[str] = mapped_column(Id, ForeignKey("tenants.id"), sort_order=-9)


class TenantKeyed(Tenanted):
    """A row of one tenant whose primary key begins with the tenant."""

    tenant_id: Mapped[str] = mapped_column(
        Id, ForeignKey("tenants.id"), primary_key=True, sort_order=-9
    )


class Owned(Tenanted):
    """A row of one tenant with an identity, a version for ETags, and times.

    `table_args` of such tables start with `owned(...)`: the unique (tenant_id, id) is what foreign
    keys point to, so that no row can refer to another tenant's, and serves the lists.
    """

    id: Mapped[str] = mapped_column(Id, primary_key=True, sort_order=-8)
    version: Mapped[int] = mapped_column(default=1, sort_order=-7)
    created_at: Mapped[datetime] = mapped_column(sort_order=-6)
    updated_at: Mapped[datetime] = mapped_column(sort_order=-5)


def owned() -> UniqueConstraint:
    """The unique key of an `Owned` table, which foreign keys and lists use."""
    return UniqueConstraint("tenant_id", "id")


def refers(column: str, table: str) -> ForeignKeyConstraint:
    """A foreign key to a row of the same tenant. A column of NULL refers to nothing."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])


def table_of(row: type[Base]) -> Table:
    """The table of a row class, with the type that statements take."""
    return cast("Table", row.__table__)
