"""The keys with which reports of a tenant are signed: a table, private keys under the key ring.

What changes is recorded, and the directory is published in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from audit.canonical import Json
from audit.errors import DataKeyDestroyed, DataKeyUnknown
from audit.ids import new_id
from audit.keyring import Context
from audit.ledger import Ed25519Signer, EventKind, HeadSigner, timestamp
from audit.ledger.heads import key_id
from audit.records.issued import SignedDirectory, SigningKey
from audit.store import ReadUnit, Store, UnitOfWork
from audit.store.public import tenant_name
from audit.store.turns import take_turn
from reports.proof.keys import KeyDirectory, ReportKey, ReportKeys

_SUBJECT = "report_signing"


class TableKeyStore:
    """A `KeyStore` in a unit of work; other transactions that use keys to write wait for it."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._fresh: dict[str, bytes] = {}
        take_turn(unit, "report_keys")

    def records(self) -> Sequence[ReportKey]:
        """All public keys, the oldest first."""
        return [_shown(each) for each in self._unit.every(SigningKey)]

    def put(self, key: ReportKey) -> None:
        """Keeps a key, or what became of it; recorded."""
        held = self._unit.find(SigningKey, key_id=key.key_id)
        if held is None:
            sealed = self._fresh.pop(key.key_id, None)
            self._unit.add(
                SigningKey(
                    id=new_id("sgk"),
                    key_id=key.key_id,
                    public=bytes.fromhex(key.public_key),
                    sealed=sealed,
                    valid_from=_moment(key.valid_from),
                )
            )
            self._record(key, "made")
            return
        changed = replace(
            held,
            retired_at=_moment(key.retired_at) if key.retired_at else None,
            revoked_at=_moment(key.revoked_at) if key.revoked_at else None,
            reason=key.reason,
        )
        if changed != held:
            self._unit.put(changed)
            self._record(key, "revoked" if changed.revoked_at else "retired")

    def signer(self, wanted: str) -> HeadSigner | None:
        """The signer of a key id; None where its private key is not kept any more."""
        held = self._unit.find(SigningKey, key_id=wanted)
        if held is None or held.sealed is None:
            return None
        try:
            pem = self._unit.ring.open(_context(self._unit, wanted), held.sealed)
        except (DataKeyDestroyed, DataKeyUnknown):
            return None
        return Ed25519Signer.from_pem(pem)

    def keep_signer(self, signer: Ed25519Signer) -> None:
        """Seals a private key; it is stored with its public half."""
        name = key_id(signer.public)
        self._fresh[name] = self._unit.ring.seal(_context(self._unit, name), signer.pem())

    def last_directory(self) -> KeyDirectory | None:
        """The directory that was published last."""
        content = last_directory(self._unit)
        return KeyDirectory.from_bytes(content) if content else None

    def keep_directory(self, directory: KeyDirectory) -> None:
        """Publishes a directory."""
        self._unit.add(
            SignedDirectory(
                id=new_id("dir"),
                number=directory.sequence,
                sha256=directory.sha256,
                content=directory.json_bytes,
            )
        )

    def _record(self, key: ReportKey, what: str) -> None:
        body: dict[str, Json] = {"change": what, "public": key.public_key}
        if key.reason:
            body["reason"] = key.reason
        self._unit.record(EventKind.REPORT_KEY_CHANGED, f"report_key:{key.key_id}", body)


def keys_of(store: Store, unit: UnitOfWork) -> ReportKeys:
    """The keys of the unit's tenant."""
    publisher = tenant_name_in(store, unit)
    return ReportKeys(TableKeyStore(unit), publisher=publisher, now=lambda: timestamp(unit.now()))


def tenant_name_in(store: Store, unit: ReadUnit) -> str:
    """What the unit's tenant is called, without characters that no directory holds."""
    return tenant_name(store, unit.tenant)[:200]


def current_signer(store: Store, unit: UnitOfWork) -> HeadSigner:
    """The signer of new reports; made and published at first use."""
    keys = keys_of(store, unit)
    signer = keys.current()
    keys.directory()
    return signer


def last_directory(unit: ReadUnit) -> bytes | None:
    """The bytes of the directory that was published last."""
    every = unit.every(SignedDirectory)
    return max(every, key=lambda each: each.number).content if every else None


def _shown(held: SigningKey) -> ReportKey:
    return ReportKey(
        key_id=held.key_id,
        public_key=held.public.hex(),
        valid_from=timestamp(held.valid_from),
        retired_at=timestamp(held.retired_at) if held.retired_at else None,
        revoked_at=timestamp(held.revoked_at) if held.revoked_at else None,
        reason=held.reason,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _context(unit: ReadUnit, name: str) -> Context:
    return Context(tenant=unit.tenant, subject=_SUBJECT, artefact=name, purpose="report_key")
