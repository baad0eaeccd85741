"""Whose something is that is asked for without a key, and what tenants are called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select

from audit.store.store import Store
from audit.store.unit import ReadUnit
from audit.tables.access import TenantRow
from audit.tables.base import table_of
from audit.tables.challenges import ChallengeRow
from audit.tables.issued import (
    PublicationRow,
    PublishedSummaryRow,
    ReportKeyRow,
    ReportLinkRow,
)
from audit.tables.oversight import CandidateLinkRow

_PAGES = table_of(PublicationRow)
_POSTED = table_of(PublishedSummaryRow)
_KEYS = table_of(ReportKeyRow)
_LINKS = table_of(ReportLinkRow)
_CHALLENGES = table_of(ChallengeRow)
_OWN_PAGES = table_of(CandidateLinkRow)
_TENANTS = table_of(TenantRow)


def tenant_name(store: Store, tenant: str) -> str:
    """What a tenant is called; empty where there is none."""
    found = _one(store, _TENANTS.c.name, _TENANTS.c.id == tenant)
    return found or ""


def tenant_of_page(store: Store, slug: str) -> str | None:
    """The tenant whose public page has this slug."""
    return _one(store, _PAGES.c.tenant_id, _PAGES.c.slug == slug)


def tenant_of_report_key(store: Store, key_id: str) -> str | None:
    """The tenant whose reports this key signs."""
    return _one(store, _KEYS.c.tenant_id, _KEYS.c.key_id == key_id)


def tenant_of_link(store: Store, link_id: str) -> str | None:
    """The tenant whose report a link leads to."""
    return _one(store, _LINKS.c.tenant_id, _LINKS.c.id == link_id)


def tenant_of_challenge(store: Store, challenge_id: str) -> str | None:
    """The tenant whose challenge a link leads to."""
    return _one(store, _CHALLENGES.c.tenant_id, _CHALLENGES.c.id == challenge_id)


@dataclass(frozen=True, slots=True)
class Organisation:
    """A tenant: its identifier, and what it is called."""

    tenant: str
    name: str


def organisation_of_candidate_link(store: Store, link_id: str) -> Organisation | None:
    """The organisation whose candidate's own page a link leads to."""
    statement = (
        select(_TENANTS.c.id, _TENANTS.c.name)
        .join(_OWN_PAGES, _OWN_PAGES.c.tenant_id == _TENANTS.c.id)
        .where(_OWN_PAGES.c.id == link_id)
    )
    with store.system(read_only=True) as connection:
        row = connection.execute(statement).first()
    return Organisation(row.id, row.name) if row is not None else None


@dataclass(frozen=True, slots=True)
class Posted:
    """When a version of a public page was posted."""

    number: int
    posted_at: datetime


def versions_posted(unit: ReadUnit, publication_id: str) -> tuple[Posted, ...]:
    """All versions of a page, the oldest first, without their files."""
    here = select(_POSTED.c.number, _POSTED.c.posted_at).where(
        _POSTED.c.tenant_id == unit.tenant, _POSTED.c.publication_id == publication_id
    )
    rows = unit.connection.execute(here.order_by(_POSTED.c.number)).all()
    return tuple(Posted(row.number, row.posted_at) for row in rows)


def forget_links(store: Store, before: datetime) -> int:
    """Deletes links that ended before a time; returns how many. The ledger remembers them."""
    with store.system() as connection:
        return sum(
            int(connection.execute(delete(table).where(table.c.expires_at < before)).rowcount)
            for table in (_LINKS, _OWN_PAGES)
        )


def _one(store: Store, column: ColumnElement[str], here: ColumnElement[bool]) -> str | None:
    with store.system(read_only=True) as connection:
        return connection.execute(select(column).where(here)).scalars().first()
