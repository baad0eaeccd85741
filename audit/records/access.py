"""Keys of a tenant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from audit.records.base import Record


class Role(StrEnum):
    """Who uses the service."""

    PLATFORM = "platform"
    COMPLIANCE = "compliance"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey(Record):
    """A key of a tenant. `secret_hash` is SHA-256; it is never shown, nor is the secret stored."""

    name: str
    role: Role
    scopes: tuple[str, ...]
    secret_hash: bytes = field(repr=False)
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: str | None = None
    last_used_at: datetime | None = None
