"""Persons who sign in at the pages, and their sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from audit.records.access import Role
from audit.records.base import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Record):
    """A person of a tenant who may sign in. Ledger and logs name the id, never the sign-in name.

    Attributes:
        name: what they sign in with; one in the whole service.
        person: the opaque reference under which they review.
        password_hash: Argon2id, in its own text form; None until they have chosen one.
        totp_sealed: the secret of their codes (RFC 6238), sealed.
        totp_step: the time step of the last code that was taken; none is taken twice.
        recovery: SHA-256 of the recovery codes that are left.
        subject_hash: SHA-256 of issuer and subject at their company's identity provider, if any.
        link_hash: SHA-256 of the token of the link by which they choose their password.
        failed: refused tries since they last signed in.
    """

    name: str = field(repr=False)
    person: str
    role: Role
    password_hash: str | None = field(default=None, repr=False)
    totp_sealed: bytes = field(repr=False)
    totp_step: int = 0
    recovery: tuple[str, ...] = field(default=(), repr=False)
    subject_hash: bytes | None = field(default=None, repr=False)
    link_hash: bytes | None = field(default=None, repr=False)
    link_until: datetime | None = None
    failed: int = 0
    locked_until: datetime | None = None
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSession(Record):
    """A person who is signed in at one browser. `secret_hash`: SHA-256 of what its cookie holds."""

    user_id: str
    secret_hash: bytes = field(repr=False)
    seen_at: datetime
    ends_at: datetime
