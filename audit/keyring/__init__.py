"""Encryption at rest: master keys, a data key per subject, sealed bytes: see docs/encryption.md."""

from audit.keyring.masters import LocalMasterKeys, MasterKeys, local_master_keys
from audit.keyring.ring import KeyRing
from audit.keyring.stores import MemoryWrappedKeys, WrappedKey, WrappedKeyStore
from audit.keyring.streams import CHUNK_BYTES, Context, sealed_size

__all__ = [
    "CHUNK_BYTES",
    "Context",
    "KeyRing",
    "LocalMasterKeys",
    "MasterKeys",
    "MemoryWrappedKeys",
    "WrappedKey",
    "WrappedKeyStore",
    "local_master_keys",
    "sealed_size",
]
