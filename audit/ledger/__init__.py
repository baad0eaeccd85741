"""The append-only record of what happened, which a stranger can verify: see docs/ledger.md."""

from audit.ledger.commitments import commitment, new_salt, opens
from audit.ledger.entries import BrokenRecord, Event, EventKind, LedgerEntry, timestamp
from audit.ledger.heads import (
    Ed25519Signer,
    HeadsExport,
    HeadSigner,
    SignedHead,
    VerifyKey,
    head_is_signed,
    sign_head,
)
from audit.ledger.log import Ledger
from audit.ledger.stored import StoredHead, StoredKey, StoredRow, StoredTables, verify_stored
from audit.ledger.stores import FileLedger, LedgerStore, MemoryLedger, read_entries, write_entries
from audit.ledger.verification import Fault, FaultKind, verify

__all__ = [
    "BrokenRecord",
    "Ed25519Signer",
    "Event",
    "EventKind",
    "Fault",
    "FaultKind",
    "FileLedger",
    "HeadSigner",
    "HeadsExport",
    "Ledger",
    "LedgerEntry",
    "LedgerStore",
    "MemoryLedger",
    "SignedHead",
    "StoredHead",
    "StoredKey",
    "StoredRow",
    "StoredTables",
    "VerifyKey",
    "commitment",
    "head_is_signed",
    "new_salt",
    "opens",
    "read_entries",
    "sign_head",
    "timestamp",
    "verify",
    "verify_stored",
    "write_entries",
]
