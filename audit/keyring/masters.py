"""Master keys: they wrap data keys and touch nothing else."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.errors import CiphertextInvalid, MasterKeyInvalid, MasterKeyUnavailable

KEY_BYTES = 32
NONCE_BYTES = 12
_VERSION = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


class MasterKeys(Protocol):
    """Wraps data keys under versions of a master key; a key service (KMS) implements it remotely.

    `context` is authenticated and not secret: it must be given again to unwrap. Raises
    `MasterKeyUnavailable` where a version is not at hand or the service does not answer, and
    `CiphertextInvalid` where the wrapped key was altered or has another context.
    """

    @property
    def current(self) -> str:
        """The version that wraps now."""
        ...

    def wrap(self, key: bytes, *, version: str, context: bytes) -> bytes:
        """The key, encrypted under that version."""
        ...

    def unwrap(self, wrapped: bytes, *, version: str, context: bytes) -> bytes:
        """The key that `wrap` was given under that version."""
        ...


class LocalMasterKeys:
    """Versions of a 256-bit master key in this process: AES-256-GCM with random 96-bit nonces."""

    def __init__(self, keys: Mapping[str, bytes], *, current: str) -> None:
        if current not in keys:
            raise MasterKeyInvalid("the current version is not among the master keys")
        for version, key in keys.items():
            if not _VERSION.fullmatch(version) or len(key) != KEY_BYTES:
                raise MasterKeyInvalid(_FORM)
        self._keys = dict(keys)
        self._current = current

    def __repr__(self) -> str:
        return f"LocalMasterKeys(versions={sorted(self._keys)}, current={self._current!r})"

    def __reduce__(self) -> str:
        raise TypeError("master keys are not written out")

    @classmethod
    def parse(cls, text: str) -> LocalMasterKeys:
        """Keys from text: one `version:base64` on each line (or after each comma).

        The first is the current one; `#` starts a comment. Raises `MasterKeyInvalid`.
        """
        keys: dict[str, bytes] = {}
        current = ""
        for part in re.split(r"[\n,]", text):
            line = part.partition("#")[0].strip()
            if not line:
                continue
            version, _, encoded = line.partition(":")
            if version in keys:
                raise MasterKeyInvalid("a version of the master key is given twice")
            keys[version] = _decoded(encoded)
            current = current or version
        if not keys:
            raise MasterKeyInvalid(_FORM)
        return cls(keys, current=current)

    @classmethod
    def read(cls, path: Path) -> LocalMasterKeys:
        """Keys from a file of such lines, which only its owner may write."""
        try:
            mode, text = path.stat().st_mode, path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            reason = type(error).__name__
            raise MasterKeyInvalid(f"the master key file {path} cannot be read: {reason}") from None
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise MasterKeyInvalid(f"the master key file {path} may be written by others")
        return cls.parse(text)

    @staticmethod
    def generate(version: str) -> str:
        """A line with a new random key, to be put into a secret store. Never log it."""
        return f"{version}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"

    @property
    def current(self) -> str:
        """The version that wraps now."""
        return self._current

    def wrap(self, key: bytes, *, version: str, context: bytes) -> bytes:
        """Nonce, and the key encrypted under that version."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher(version).encrypt(nonce, key, context)

    def unwrap(self, wrapped: bytes, *, version: str, context: bytes) -> bytes:
        """The key that `wrap` was given under that version."""
        cipher = self._cipher(version)
        try:
            return cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise CiphertextInvalid(
                "a wrapped data key was altered, or belongs to another tenant or subject"
            ) from None

    def _cipher(self, version: str) -> AESGCM:
        key = self._keys.get(version)
        if key is None:
            text = f"version {version} of the master key is not in the key ring"
            raise MasterKeyUnavailable(text)
        return AESGCM(key)


def local_master_keys(text: str | None, path: Path | None) -> LocalMasterKeys:
    """Master keys from a setting's text or a file, whichever is given; both is refused."""
    if text and path:
        raise MasterKeyInvalid("master keys are given both as text and as a file; give one")
    if path:
        return LocalMasterKeys.read(path)
    return LocalMasterKeys.parse(text or "")


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise MasterKeyInvalid(_FORM) from None


_FORM = "master keys are written 'version:key', each key 32 random bytes in base64"
