"""Keys that sign reports: a directory of them to publish, rotation, revocation.

A directory is a signed JSON file that a platform publishes and an auditor keeps. It is signed by
its newest usable key and names the hash of the directory before it; where the key that signed that
one is still at hand and not revoked, it signs the handover too. So whoever kept an earlier
directory can tell that a later one comes from the same hands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, ValidationError, model_validator

from audit.canonical import canonical_json, parse_canonical
from audit.errors import NotCanonical, ProofUnreadable, ReportKeyUnusable
from audit.ledger import Ed25519Signer, HeadSigner
from audit.ledger.heads import key_id
from reports.document.model import Part, Sha256
from reports.proof.envelope import KeyId, Moment, PublicKey, Signature
from reports.proof.sealing import signed

FORMAT = "fairwitness-report-keys/1"
MOST_BYTES = 4 << 20


class ReportKey(Part):
    """A public key and when it may sign. Times are the publisher's own words."""

    key_id: KeyId
    public_key: PublicKey
    valid_from: Moment
    retired_at: Moment | None = Field(None, description="from then on it signs nothing new")
    revoked_at: Moment | None = Field(
        None, description="from then on nothing it signed is believed"
    )
    reason: Annotated[str, Field(max_length=300)] = Field("", description="why it was revoked")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.key_id != key_id(bytes.fromhex(self.public_key)):
            raise ValueError("key_id is not that of public_key")
        return self

    @property
    def usable(self) -> bool:
        """Whether it signs new reports."""
        return self.retired_at is None and self.revoked_at is None

    @classmethod
    def of(cls, public: bytes, valid_from: str) -> ReportKey:
        """A key that signs from now on."""
        return cls(key_id=key_id(public), public_key=public.hex(), valid_from=valid_from)


class KeyDirectory(Part):
    """All keys of one publisher, the oldest first."""

    format: Literal["fairwitness-report-keys/1"] = "fairwitness-report-keys/1"
    publisher: Annotated[str, Field(max_length=200)] = Field("", description="as it calls itself")
    sequence: int = Field(ge=0, description="counts the directories of this publisher from 0")
    issued_at: Moment
    previous: Sha256 | None = Field(description="of the file of the directory before this one")
    keys: tuple[ReportKey, ...] = Field(min_length=1, max_length=1000)
    signatures: dict[KeyId, Signature] = Field(
        description="by the newest usable key, and by the one that signed the directory before"
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({key.key_id for key in self.keys}) != len(self.keys):
            raise ValueError("a key is listed twice")
        if not any(key.usable for key in self.keys):
            raise ValueError("none of its keys is in use")
        return self

    @property
    def json_bytes(self) -> bytes:
        """Canonical JSON: the bytes of the published file."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def sha256(self) -> str:
        """Of the published file."""
        return hashlib.sha256(self.json_bytes).hexdigest()

    @property
    def newest(self) -> ReportKey:
        """The key that signs reports: the last one that is neither retired nor revoked."""
        return [key for key in self.keys if key.usable][-1]

    def statement(self) -> bytes:
        """The bytes that are signed."""
        return canonical_json(self.model_dump(mode="json", exclude={"signatures"}))

    def key(self, wanted: str) -> ReportKey | None:
        """The key of this id."""
        return next((key for key in self.keys if key.key_id == wanted), None)

    def is_signed_by(self, key: ReportKey) -> bool:
        """Whether this key signed the directory."""
        signature = self.signatures.get(key.key_id)
        public = bytes.fromhex(key.public_key)
        return signature is not None and signed(public, self.statement(), signature)

    @classmethod
    def from_bytes(cls, data: bytes) -> KeyDirectory:
        """Reads a published file; its own signature is checked, trust is the reader's.

        Raises:
            ProofUnreadable: it is none, is not exactly as it was written, or is not signed by its
                own newest key.
        """
        if len(data) > MOST_BYTES:
            raise ProofUnreadable("the file of keys is larger than any that we write")
        try:
            found = cls.model_validate(parse_canonical(data))
        except NotCanonical as error:
            raise ProofUnreadable(f"the file of keys cannot be read: {error}") from None
        except ValidationError as error:
            place = ".".join(map(str, error.errors()[0]["loc"]))
            raise ProofUnreadable(
                f"the file is no list of keys ({FORMAT}): {place or 'its keys'}"
            ) from None
        if found.json_bytes != data or not found.is_signed_by(found.newest):
            raise ProofUnreadable("the file of keys was altered: its signature does not fit it")
        return found


def continues(later: KeyDirectory, earlier: KeyDirectory) -> list[str]:
    """What speaks against `later` coming from the hands of `earlier`, directly after it."""
    found = []
    if later.sequence != earlier.sequence + 1 or later.previous != earlier.sha256:
        found.append("it does not name the earlier one as the one before it")
    for key in earlier.keys:
        if not _kept(key, later.key(key.key_id)):
            found.append(f"the key {key.key_id} is missing in it, or its times were changed")
    before = earlier.newest
    after = later.key(before.key_id)
    if (after is None or after.revoked_at is None) and not later.is_signed_by(before):
        found.append(f"it is not signed by the key {before.key_id} that signed the earlier one")
    return found


def _kept(key: ReportKey, later: ReportKey | None) -> bool:
    """Whether a key only gained times."""
    if later is None or later.public_key != key.public_key or later.valid_from != key.valid_from:
        return False
    retired = key.retired_at is None or later.retired_at == key.retired_at
    revoked = key.revoked_at is None or later.revoked_at == key.revoked_at
    return retired and revoked


class KeyStore(Protocol):
    """Where a publisher's keys lie: a folder, or a table with the private keys sealed.

    One writer at a time: `ReportKeys` reads and then writes, so a store locks or runs inside a
    transaction.
    """

    def records(self) -> Sequence[ReportKey]:
        """All public keys, the oldest first."""
        ...

    def put(self, key: ReportKey) -> None:
        """Keeps a key, or replaces the one of the same id."""
        ...

    def signer(self, wanted: str) -> HeadSigner | None:
        """The signer of a key id; `None` where its private key is not kept any more."""
        ...

    def keep_signer(self, signer: Ed25519Signer) -> None:
        """Keeps a private key."""
        ...

    def last_directory(self) -> KeyDirectory | None:
        """The directory that was published last."""
        ...

    def keep_directory(self, directory: KeyDirectory) -> None:
        """Keeps a published directory."""
        ...


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class ReportKeys:
    """The keys of one publisher: which one signs, and what becomes of it."""

    def __init__(
        self, store: KeyStore, *, publisher: str | None = None, now: Callable[[], str] = _now
    ) -> None:
        """`publisher`: its name in directories; `None`: as in the one before."""
        self._store = store
        self._publisher = publisher
        self._now = now

    def current(self) -> HeadSigner:
        """The signer of new reports; made at first use.

        Raises `ReportKeyUnusable` where its private key is not at hand.
        """
        usable = [key for key in self._store.records() if key.usable]
        if usable:
            return self.signer(usable[-1].key_id)
        return self._new()

    def signer(self, wanted: str) -> HeadSigner:
        """The signer of a key id, to render stored reports again. Raises `ReportKeyUnusable`."""
        found = self._store.signer(wanted)
        if found is None:
            raise ReportKeyUnusable(f"the private key {wanted} is not at hand")
        return found

    def rotate(self) -> HeadSigner:
        """A new key from now on; what the old ones signed stays verifiable."""
        self.current()
        at = self._now()
        for key in self._store.records():
            if key.usable:
                self._store.put(key.model_copy(update={"retired_at": at}))
        return self._new(at)

    def revoke(self, wanted: str, reason: str, *, at: str | None = None) -> None:
        """Marks a key as no longer to be believed; a new one signs from now on.

        `at`: from when on, where the key was lost earlier than now. Raises `ReportKeyUnusable`
        where there is no such key, or it was revoked already.
        """
        key = next((k for k in self._store.records() if k.key_id == wanted), None)
        if key is None or key.revoked_at is not None:
            why = "was revoked before" if key else "is not known"
            raise ReportKeyUnusable(f"the key {wanted} {why}")
        made = {"revoked_at": at or self._now(), "reason": reason}
        self._store.put(ReportKey.model_validate({**key.model_dump(), **made}))
        self.current()

    def directory(self) -> KeyDirectory:
        """The directory to publish; the last one as long as nothing changed."""
        self.current()
        last, keys = self._store.last_directory(), tuple(self._store.records())
        publisher = self._publisher
        if publisher is None:
            publisher = last.publisher if last else ""
        if last is not None and last.keys == keys and last.publisher == publisher:
            return last
        unsigned = KeyDirectory(
            publisher=publisher,
            sequence=last.sequence + 1 if last else 0,
            issued_at=self._now(),
            previous=last.sha256 if last else None,
            keys=keys,
            signatures={},
        )
        signatures = {
            key.key_id: signer.sign(unsigned.statement()).hex()
            for key in _signing(unsigned, last)
            if (signer := self._store.signer(key.key_id)) is not None
        }
        made = unsigned.model_copy(update={"signatures": signatures})
        self._store.keep_directory(made)
        return made

    def _new(self, at: str | None = None) -> HeadSigner:
        signer = Ed25519Signer.generate()
        self._store.keep_signer(signer)
        self._store.put(ReportKey.of(signer.public, at or self._now()))
        return signer


def _signing(directory: KeyDirectory, last: KeyDirectory | None) -> list[ReportKey]:
    """The keys that sign a directory: its newest, and the one of the directory before."""
    wanted = {directory.newest.key_id: directory.newest}
    before = directory.key(last.newest.key_id) if last else None
    if before is not None and before.revoked_at is None:
        wanted[before.key_id] = before
    return list(wanted.values())
