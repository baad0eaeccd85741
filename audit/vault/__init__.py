"""Media at rest and on its way in: see docs/media-storage.md."""

from audit.vault.blobs import BlobInfo, BlobStore
from audit.vault.local import LocalBlobs
from audit.vault.objects import ObjectBlobs, S3Place
from audit.vault.places import blob_store, open_vault
from audit.vault.receiving import OpenUploads, Received, Uploads
from audit.vault.registered import Pulled, RegisteredStore, RegisteredStores
from audit.vault.scratch import Scratch
from audit.vault.uploads import (
    MemoryUploadStates,
    NewUpload,
    OpenUploadStates,
    UploadRules,
    UploadState,
    UploadStates,
)
from audit.vault.vault import Artefact, Stored, Vault

__all__ = [
    "Artefact",
    "BlobInfo",
    "BlobStore",
    "LocalBlobs",
    "MemoryUploadStates",
    "NewUpload",
    "ObjectBlobs",
    "OpenUploadStates",
    "OpenUploads",
    "Pulled",
    "Received",
    "RegisteredStore",
    "RegisteredStores",
    "S3Place",
    "Scratch",
    "Stored",
    "UploadRules",
    "UploadState",
    "UploadStates",
    "Uploads",
    "Vault",
    "blob_store",
    "open_vault",
]
