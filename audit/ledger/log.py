"""Appending to a ledger, signing its heads, and proving what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from audit.errors import LedgerTampered
from audit.ledger.entries import Event, EventKind, LedgerEntry
from audit.ledger.heads import HeadsExport, HeadSigner, SignedHead, VerifyKey, sign_head
from audit.ledger.stores import LedgerStore
from audit.merkle import (
    CompactRange,
    ConsistencyProof,
    InclusionProof,
    consistency_proof,
    inclusion_proof,
    root_hash,
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """One append-only log, named `log`; give each tenant its own, so that each can be exported."""

    def __init__(
        self,
        store: LedgerStore,
        signer: HeadSigner,
        *,
        log: str,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._store = store
        self._signer = signer
        self._log = log
        self._now = now

    def append(self, event: Event, *, at: datetime | None = None) -> LedgerEntry:
        """Records an event: O(log n) reads and writes.

        `at`: when it happened, where that was written down earlier; else the present time.

        Raises `EventInvalid` for what does not belong here, `LedgerConflict` where another writer
        was first.
        """
        size = self._store.size()
        entry = LedgerEntry.of(event, sequence=size, time=at or self._now())
        edge = CompactRange.load(size, self._store.node)
        self._store.add(entry, edge.append(entry.leaf()))
        return entry

    def seal(self) -> SignedHead:
        """Signs the present size and root, unless the last head has them already.

        Entries are proved only from their head on: seal in the transaction that appends. Raises
        `LedgerTampered` where the stored tree does not extend the last head.
        """
        size, last = self._store.size(), self._store.last_head()
        if last is not None and not self._extends(last, size):
            raise LedgerTampered(
                f"the stored ledger does not extend the head of size {last.size}; verify it "
                "against heads kept outside before anything is signed"
            )
        if last is not None and last.size == size:
            return last
        head = sign_head(
            self._signer,
            self._log,
            size=size,
            root=root_hash(self._store.node, size),
            time=self._now(),
        )
        self._register_key()
        self._store.add_head(head)
        return head

    def rotate(self, signer: HeadSigner, *, tenant: str, actor: str) -> Ledger:
        """Hands over to a new signing key; returns the ledger that signs with it.

        The old key's last head covers the entry that names the new key. From then on the old key
        verifies heads up to that size only.
        """
        old, new = VerifyKey(self._signer.public), VerifyKey(signer.public)
        body = {"from": old.key_id, "to": new.key_id, "public": new.public.hex()}
        event = Event(
            kind=EventKind.SIGNING_KEY_ROTATED,
            tenant=tenant,
            actor=actor,
            subject=f"signing_key:{new.key_id}",
            body=body,
        )
        self.append(event)
        last = self.seal()
        self._store.put_key(VerifyKey(old.public, last.size))
        self._store.put_key(new)
        return Ledger(self._store, signer, log=self._log, now=self._now)

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[LedgerEntry]:
        """Entries with start <= sequence < stop, in order."""
        return self._store.entries(start, stop)

    def inclusion(self, sequence: int, *, size: int | None = None) -> InclusionProof:
        """That an entry is in the tree of a head of this size (the present size if not said)."""
        return inclusion_proof(
            self._store.node, sequence, size=self._store.size() if size is None else size
        )

    def consistency(self, first: int, *, second: int | None = None) -> ConsistencyProof:
        """That the head of size `second` (or the present one) extends the head of size `first`."""
        return consistency_proof(
            self._store.node, first, second=self._store.size() if second is None else second
        )

    def export_heads(self, *, with_leaves: bool = True) -> HeadsExport:
        """All heads and public keys, to be kept outside; seals first.

        With leaves (32 bytes an entry) a later verification names every altered entry.
        """
        size = self.seal().size
        leaves = (self._store.node(0, index).hex() for index in range(size if with_leaves else 0))
        return HeadsExport(
            self._log, tuple(self._store.heads()), tuple(self._store.verify_keys()), tuple(leaves)
        )

    def _extends(self, last: SignedHead, size: int) -> bool:
        return last.size <= size and root_hash(self._store.node, last.size).hex() == last.root

    def _register_key(self) -> None:
        key = VerifyKey(self._signer.public)
        if key.key_id not in {each.key_id for each in self._store.verify_keys()}:
            self._store.put_key(key)
