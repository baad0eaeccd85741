"""Keys that sign links, one for each tenant and use; made at first use, sealed by the key ring."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from audit.canonical import Json, canonical_json
from audit.errors import NotFound
from audit.ids import new_id
from audit.keyring import Context
from audit.records.issued import SealedSecret
from audit.store import ReadUnit, UnitOfWork
from audit.store.turns import take_turn

_KEY_BYTES = 32
_TOKEN = re.compile(r"([a-z]{3}_[0-9A-HJKMNP-TV-Z]{26})\.[A-Za-z0-9_-]{43}")


def link_key(unit: UnitOfWork, name: str) -> bytes:
    """The tenant's key of this name."""
    found = stored_link_key(unit, name)
    if found is not None:
        return found
    take_turn(unit, name)
    found = stored_link_key(unit, name)
    if found is not None:
        return found
    fresh, id = secrets.token_bytes(_KEY_BYTES), new_id("sec")
    sealed = unit.ring.seal(_context(unit.tenant, name, id), fresh)
    unit.add(SealedSecret(id=id, name=name, sealed=sealed))
    return fresh


def stored_link_key(unit: ReadUnit, name: str) -> bytes | None:
    """The same; None where no link was made yet."""
    held = unit.find(SealedSecret, name=name)
    if held is None:
        return None
    return unit.ring.open(_context(unit.tenant, name, held.id), held.sealed)


def signed(key: bytes, id: str, said: Mapping[str, Json]) -> str:
    """A token: the identifier, and an HMAC-SHA256 over all that the link stands for."""
    mac = hmac.digest(key, canonical_json(said), hashlib.sha256)
    return f"{id}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def id_in(token: str, prefix: str) -> str | None:
    """The identifier in a token that is written as one of this kind."""
    found = _TOKEN.fullmatch(token)
    return found[1] if found and found[1].startswith(f"{prefix}_") else None


def nowhere() -> NotFound:
    """The same for every link that leads nowhere: nobody learns why."""
    return NotFound("This link leads nowhere: it has ended, was taken back, or never was.")


def _context(tenant: str, name: str, id: str) -> Context:
    return Context(tenant=tenant, subject=name, artefact=id, purpose="link_key")
