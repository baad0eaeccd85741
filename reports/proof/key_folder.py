"""Keys of reports in a folder, for the command line: private keys readable by their owner alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from audit.canonical import canonical_json
from audit.errors import ReportKeyUnusable
from audit.ledger import Ed25519Signer, HeadSigner
from audit.ledger.heads import key_id
from reports.proof.keys import KeyDirectory, ReportKey

KEYS = "keys.json"
_LOCK = ".lock"
_KEYS = TypeAdapter(tuple[ReportKey, ...])


class FolderKeyStore:
    """A `KeyStore`: `keys.json`, `ID.pem` for each private key, `directory-N.json`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other processes out while keys are made or changed; makes the folder.

        Raises `ReportKeyUnusable` where the folder cannot be used.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ReportKeyUnusable(
                f"the folder of signing keys {self._folder} cannot be used: {error.strerror}"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def records(self) -> Sequence[ReportKey]:
        """All public keys, the oldest first."""
        path = self._folder / KEYS
        if not path.exists():
            return ()
        try:
            return _KEYS.validate_json(path.read_bytes())
        except ValidationError:
            raise ReportKeyUnusable(f"{path} is not as it was written; restore it") from None

    def put(self, key: ReportKey) -> None:
        """Keeps a key, or replaces the one of the same id."""
        others = {each.key_id: each for each in self.records()}
        kept = {**others, key.key_id: key}.values()
        self._write(KEYS, canonical_json([each.model_dump(mode="json") for each in kept]))

    def signer(self, wanted: str) -> HeadSigner | None:
        """The signer of a key id; `None` where its private key is not there."""
        path = self._folder / f"{wanted}.pem"
        if not path.exists():
            return None
        signer = Ed25519Signer.from_pem(path.read_bytes())
        if key_id(signer.public) != wanted:
            raise ReportKeyUnusable(f"{path} holds another key")
        return signer

    def keep_signer(self, signer: Ed25519Signer) -> None:
        """Keeps a private key, mode 0600."""
        self._write(f"{key_id(signer.public)}.pem", signer.pem())

    def last_directory(self) -> KeyDirectory | None:
        """The directory that was published last."""
        found = sorted(
            self._folder.glob("directory-*.json"), key=lambda path: (len(path.name), path.name)
        )
        return KeyDirectory.from_bytes(found[-1].read_bytes()) if found else None

    def keep_directory(self, directory: KeyDirectory) -> None:
        """Keeps a published directory."""
        self._write(f"directory-{directory.sequence}.json", directory.json_bytes)

    def _write(self, name: str, data: bytes) -> None:
        """Whole or not at all, and on disk before it counts."""
        beside = self._folder / f".{name}.new"
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._folder / name)
