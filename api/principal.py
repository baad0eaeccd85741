"""Who sends a request: the key that it carries, looked up and checked.

A key is `fw_<id>_<secret>`: 26 characters that name it and 43 that hold 32 random bytes. Only the
SHA-256 of the secret is stored. A slow hash would add nothing: it makes guessing likely words dear,
and there are no likely words among 2**256.

Keys are cached for `api.key_cache_s` seconds, so that a request needs no transaction of its own. A
key that was revoked is refused at once by the process that revoked it, and by every other one after
that time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from audit.records.access import ApiKey, Role
from audit.store import Store
from audit.store.access import find_key, mark_used

SECRET_BYTES = 32
USE_NOTED_EVERY = timedelta(minutes=1)
_MOST_CACHED = 10_000
_LOG = logging.getLogger(__name__)
K = TypeVar("K")
V = TypeVar("V")
_TOKEN = re.compile(r"fw_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_\-]{43})")


@dataclass(frozen=True, slots=True)
class Principal:
    """A key that was checked. From `secret`, what is kept for this key alone is sealed."""

    tenant: str
    key_id: str
    role: Role
    scopes: frozenset[str]
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """The two halves of a key as it is sent."""

    key_id: str
    secret: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Token | None:
        """The key that is written there; None where it is not written as one."""
        found = _TOKEN.fullmatch(text)
        if found is None:
            return None
        return cls(f"key_{found[1]}", base64.urlsafe_b64decode(found[2] + "="))

    @classmethod
    def generate(cls, key_id: str) -> Token:
        """A new secret for the key with that id."""
        return cls(key_id, secrets.token_bytes(SECRET_BYTES))

    def text(self) -> str:
        """As it is sent and shown once."""
        secret = base64.urlsafe_b64encode(self.secret).decode().rstrip("=")
        return f"fw_{self.key_id.removeprefix('key_')}_{secret}"

    def hash(self) -> bytes:
        """What is stored of the secret."""
        return hashlib.sha256(self.secret).digest()


@dataclass(frozen=True, slots=True)
class _Cached:
    tenant: str
    key: ApiKey
    until: float


class Keys:
    """Looks keys up, with a short memory. Threads may share it."""

    def __init__(
        self, store: Store, clock: Callable[[], float], *, cache_s: float, most: int = _MOST_CACHED
    ) -> None:
        self._store = store
        self._clock = clock
        self._cache_s = cache_s
        self._most = most
        self._cached: OrderedDict[str, _Cached] = OrderedDict()
        self._noted: OrderedDict[str, datetime] = OrderedDict()
        self._changes = 0
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="key-uses")
        self._lock = threading.Lock()

    def remembered(self, token: Token) -> bool:
        """Whether `check` needs no database for this key now."""
        with self._lock:
            found = self._cached.get(token.key_id)
            return found is not None and found.until > self._clock()

    def check(self, token: Token) -> Principal | None:
        """Who sends this key; None where it is unknown, wrong, expired or revoked."""
        found = self._row(token.key_id)
        stored = found.key.secret_hash if found else bytes(32)
        if not hmac.compare_digest(token.hash(), stored) or found is None:
            return None
        if not usable(found.key, self._store.now()):
            return None
        key = found.key
        return Principal(found.tenant, key.id, key.role, frozenset(key.scopes), token.secret)

    def forget(self, key_id: str) -> None:
        """Drops what is remembered of a key that was changed."""
        with self._lock:
            self._changes += 1
            self._cached.pop(key_id, None)

    def note_use(self, key_id: str) -> None:
        """Has it stored when the key was last used, unless that was done within the last minute.

        A thread of its own writes it: no request waits for that, and none fails for it.
        """
        now = self._store.now()
        with self._lock:
            last = self._noted.get(key_id)
            if last is not None and now - last < USE_NOTED_EVERY:
                return
            _remember(self._noted, key_id, now, self._most)
        self._writer.submit(self._write_use, key_id, now)

    def close(self) -> None:
        """Waits until all uses are written."""
        self._writer.shutdown()

    def _write_use(self, key_id: str, at: datetime) -> None:
        try:
            mark_used(self._store, key_id, at)
        except Exception as error:  # noqa: BLE001 - the job runner of a thread of our own
            _LOG.warning("the use of a key was not noted: %s", type(error).__name__)

    def _row(self, key_id: str) -> _Cached | None:
        with self._lock:
            cached = self._cached.get(key_id)
            changes = self._changes
        if cached is not None and cached.until > self._clock():
            return cached
        found = find_key(self._store, key_id)
        if found is None:
            return None  # not remembered: ids that nobody has would push out those in use
        cached = _Cached(found[0], found[1], self._clock() + self._cache_s)
        with self._lock:
            if changes == self._changes:  # else it may have been revoked after it was read
                _remember(self._cached, key_id, cached, self._most)
        return cached


def usable(key: ApiKey, now: datetime) -> bool:
    """Whether the key is neither revoked nor expired."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def _remember(memory: OrderedDict[K, V], name: K, value: V, most: int) -> None:
    memory[name] = value
    memory.move_to_end(name)
    while len(memory) > most:
        memory.popitem(last=False)
