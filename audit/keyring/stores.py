"""Where wrapped data keys are kept: the protocol that the database implements, and memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from audit.errors import DataKeyDestroyed


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """Version `version` (from 1) of a subject's data key, encrypted under a master key's version.

    `tenant` and `subject` are opaque references; a subject is whose data is erased together.
    """

    tenant: str
    subject: str
    version: int
    master: str
    wrapped: bytes = field(repr=False)


class WrappedKeyStore(Protocol):
    """Wrapped keys. Each call is atomic, and what it changed is seen by all processes after it.

    Backups must leave these rows out or expire: a restored row is a key that was destroyed.
    """

    def newest(self, tenant: str, subject: str) -> WrappedKey | None:
        """The largest version; None where there never was one. Raises `DataKeyDestroyed`."""
        ...

    def get(self, tenant: str, subject: str, *, version: int) -> WrappedKey | None:
        """One version; None where there never was one. Raises `DataKeyDestroyed`."""
        ...

    def add(self, key: WrappedKey) -> bool:
        """Keeps a new version; False where that version exists. Raises `DataKeyDestroyed`."""
        ...

    def replace(self, old: WrappedKey, new: WrappedKey) -> bool:
        """Puts `new` in the place of `old`; False, and nothing done, unless `old` is still there.

        So a key that is destroyed while it is being rewrapped stays destroyed.
        """
        ...

    def destroy(self, tenant: str, subject: str) -> int:
        """Deletes all versions and remembers that the subject was erased; returns how many."""
        ...

    def not_under(self, master: str) -> Iterator[WrappedKey]:
        """All keys that another version of the master key wraps."""
        ...


class MemoryWrappedKeys:
    """Wrapped keys in memory."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], dict[int, WrappedKey]] = {}
        self._destroyed: set[tuple[str, str]] = set()

    def newest(self, tenant: str, subject: str) -> WrappedKey | None:
        """The largest version; None where there never was one."""
        versions = self._versions(tenant, subject)
        return versions[max(versions)] if versions else None

    def get(self, tenant: str, subject: str, *, version: int) -> WrappedKey | None:
        """One version; None where there never was one."""
        return self._versions(tenant, subject).get(version)

    def add(self, key: WrappedKey) -> bool:
        """Keeps a new version; False where that version exists."""
        versions = self._versions(key.tenant, key.subject)
        if key.version in versions:
            return False
        self._keys[key.tenant, key.subject] = {**versions, key.version: key}
        return True

    def replace(self, old: WrappedKey, new: WrappedKey) -> bool:
        """Puts `new` in the place of `old`; False unless `old` is still there."""
        versions = self._keys.get((old.tenant, old.subject), {})
        if versions.get(old.version) != old:
            return False
        versions[old.version] = new
        return True

    def destroy(self, tenant: str, subject: str) -> int:
        """Deletes all versions and remembers that the subject was erased; returns how many."""
        self._destroyed.add((tenant, subject))
        return len(self._keys.pop((tenant, subject), {}))

    def not_under(self, master: str) -> Iterator[WrappedKey]:
        """All keys that another version of the master key wraps."""
        keys = [key for versions in self._keys.values() for key in versions.values()]
        return (key for key in keys if key.master != master)

    def _versions(self, tenant: str, subject: str) -> dict[int, WrappedKey]:
        if (tenant, subject) in self._destroyed:
            raise DataKeyDestroyed("the data keys of this subject were destroyed")
        return self._keys.get((tenant, subject), {})
