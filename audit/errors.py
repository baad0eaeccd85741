"""Every failure the product raises on purpose.

AuditError
├── InputError                 the caller's input cannot be used (exit 2, HTTP 4xx)
│   ├── MediaUnreadable        not media, broken beyond use, or an unsupported format
│   ├── MediaLimitExceeded     a limit on size, time, memory, pixels, streams or nesting was hit
│   ├── SettingsInvalid        a setting or option has a value that cannot be used
│   ├── DataInvalid            a table to audit cannot be used; names row, column, value and remedy
│   ├── SpecInvalid            a fairness specification contradicts itself, a rule or the table
│   ├── LedgerUnreadable       a file of ledger entries or heads is not what an export writes
│   ├── ClockInvalid           no such calendar or clock, or a clock that does not run there
│   ├── PolicyInvalid          a flag policy cannot be used; names line and field
│   ├── PackInvalid            a rule pack cannot be used; names file, line and field
│   ├── ProofUnreadable        a file is no report, bundle or list of keys that can be verified
│   ├── ResultInvalid          a document that a policy should read is not a result
│   ├── TargetRefused          an address that webhooks may not be sent to
│   ├── SignatureInvalid       a message from outside is unsigned, altered, too old or forged
│   ├── OutcomeInvalid         outcomes from an applicant tracking system cannot be taken
│   ├── UploadInvalid          an upload is not what was declared, or may not be
│   │   ├── HashMismatch       the bytes that arrived have another SHA-256 than was declared
│   │   └── MediaTypeRefused   the content is no media, or not what its name or type says
│   ├── UploadConflict         the upload stands at another offset, or another append was first
│   ├── UploadExpired          there is no such upload, or it was given up
│   ├── QuotaExceeded          the tenant's quota does not hold the upload
│   └── StepRefused            what is stored does not allow this step now
│       ├── NotIndependent     the reviewer took part in what is to be reviewed
│       ├── ExtensionRefused   a deadline may not be extended, or not like this
│       ├── SummaryIncomplete  a summary with open fields that it needs is not posted
│       └── PostingRequired    the law asks for a posted page still
├── StoreError                 what is stored does not allow this
│   ├── NotFound               there is no such thing, or it is another tenant's
│   ├── AlreadyExists          something with the same identity is stored already
│   ├── ReferenceUnknown       it refers to something that does not exist, or is referred to
│   ├── VersionConflict        it was changed since it was read
│   ├── ProcessingStopped      automated processing of this candidate or interview is stopped
│   ├── ConsentMissing         a consent or notice that has to come first is not recorded
│   ├── JurisdictionMissing    it is not known whose law applies
│   ├── TooManyTries           a candidate was compared or searched for too often within a day
│   ├── CandidateErased        the candidate's data were erased; nothing more is stored
│   └── SchemaOutdated         the database has another revision than this version needs
├── WeightsError
│   ├── WeightsUnavailable     a weight is not installed; the message says how to get it
│   ├── WeightsTampered        a weight's bytes do not match its manifest row
│   └── WeightsInstallFailed   fetching or converting failed; nothing was left half-installed
├── RecordError                a lasting record cannot be written
│   ├── NotCanonical           a value has no canonical JSON form (NaN, keys that are no strings)
│   ├── EventInvalid           an event does not belong in the ledger as it is
│   ├── DocumentInvalid        a document that says what its data do not is not issued
│   ├── ReportKeyUnusable      a signing key of reports is revoked, retired or not at hand
│   ├── LedgerConflict         another writer appended first; read again and retry
│   └── LedgerTampered         what is stored does not extend the last signed head
├── KeyringError               encryption or decryption is not possible
│   ├── MasterKeyInvalid       master keys are missing or written wrongly
│   ├── MasterKeyUnavailable   the version of the master key that is needed cannot be used
│   ├── DataKeyUnknown         there is no such data key
│   ├── DataKeyDestroyed       the subject's data keys were destroyed; the data cannot be read
│   └── CiphertextInvalid      altered, cut off, or sealed for something else
├── StorageError               the media store cannot do what was asked
│   ├── StorageFull            writing would leave less free space than the floor
│   ├── BlobMissing            there is no such artefact or object
│   └── StorageUnavailable     the store did not answer, or refused
└── SandboxFailed              our own decoding process failed in a way its input does not explain

Each class has a stable `code`; messages are safe to show and name what to do.
"""

from __future__ import annotations


class AuditError(Exception):
    """Base of all failures. `str(error)` is safe to show to a user."""

    code = "audit_error"


class InputError(AuditError):
    """The input cannot be used; the message names the field, file or row and the remedy."""

    code = "input_error"


class MediaUnreadable(InputError):
    """The file is not media, is broken beyond use, or has a format that is not supported."""

    code = "media_unreadable"


class MediaLimitExceeded(InputError):
    """Reading the file would exceed a limit on time, memory, size, pixels, streams or nesting."""

    code = "media_limit_exceeded"


class SettingsInvalid(InputError):
    """A setting or command option has a value that cannot be used."""

    code = "settings_invalid"


class DataInvalid(InputError):
    """A table to audit cannot be used; the message names row, column, value and remedy."""

    code = "data_invalid"


class SpecInvalid(InputError):
    """A fairness specification contradicts itself, a rule that it names, or the table."""

    code = "spec_invalid"


class ClockInvalid(InputError):
    """No such calendar or clock is known, or the clock does not run in that jurisdiction."""

    code = "clock_invalid"


class PolicyInvalid(InputError):
    """A flag policy cannot be used; the message names file, line, field and remedy."""

    code = "policy_invalid"


class PackInvalid(InputError):
    """A rule pack, or what was recorded for its fields, cannot be used; names file and field."""

    code = "pack_invalid"


class ProofUnreadable(InputError):
    """A file is no report, bundle or list of keys that can be verified; the message says why."""

    code = "proof_unreadable"


class ResultInvalid(InputError):
    """A document that a policy should read is not the result that it says it is."""

    code = "result_invalid"


class TargetRefused(InputError):
    """Webhooks may not be sent to this address; the message says what to change."""

    code = "target_refused"


class SignatureInvalid(InputError):
    """A message from outside has no signature that counts; never says which part failed."""

    code = "signature_invalid"


class OutcomeInvalid(InputError):
    """Outcomes from an applicant tracking system cannot be taken as they are.

    `faults` holds `(place, text)` for each one found, at most as many as the caller asked for: the
    row or item with its field, and what is wrong with it. Values are not repeated in it, except
    for outcome words.
    """

    code = "outcome_invalid"

    def __init__(self, message: str, faults: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class StepRefused(InputError):
    """What is stored does not allow this step as it stands: a review case, a request, a webhook."""

    code = "step_refused"


class NotIndependent(StepRefused):
    """The reviewer took part in what is to be reviewed, or may not change it."""

    code = "not_independent"


class ExtensionRefused(StepRefused):
    """A deadline may not be extended, or not in this way."""

    code = "extension_refused"


class SummaryIncomplete(StepRefused):
    """A summary lacks what it has to state; the message names it."""

    code = "summary_incomplete"


class PostingRequired(StepRefused):
    """A public page has to stay up; the message says until when, and what takes it down earlier."""

    code = "posting_required"


class UploadInvalid(InputError):
    """An upload is not what was declared, or may not be; the message says why."""

    code = "upload_invalid"


class HashMismatch(UploadInvalid):
    """The bytes that arrived have another SHA-256 than was declared; nothing of them is kept."""

    code = "hash_mismatch"


class MediaTypeRefused(UploadInvalid):
    """The content is no media, or not of the declared type or the name's extension."""

    code = "media_type_refused"


class UploadConflict(InputError):
    """The upload stands at another offset; `received_bytes` is the one to go on from."""

    code = "upload_conflict"

    def __init__(self, message: str, *, received_bytes: int) -> None:
        super().__init__(message)
        self.received_bytes = received_bytes


class UploadExpired(InputError):
    """There is no such upload any more: it expired, was given up, or never was."""

    code = "upload_expired"


class QuotaExceeded(InputError):
    """The tenant's quota does not hold the upload; nothing was written."""

    code = "quota_exceeded"


class LedgerUnreadable(InputError):
    """A file of ledger entries or heads is not what an export writes; names the place."""

    code = "ledger_unreadable"


class StoreError(AuditError):
    """Base of refusals that rest on what is stored."""

    code = "store_error"


class NotFound(StoreError):
    """There is no such thing, or it is another tenant's."""

    code = "not_found"


class AlreadyExists(StoreError):
    """Something with the same identity is stored already."""

    code = "already_exists"


class ReferenceUnknown(StoreError):
    """It refers to something that does not exist, or something still refers to it."""

    code = "reference_unknown"


class VersionConflict(StoreError):
    """It was changed since it was read; read it again."""

    code = "version_conflict"


class ProcessingStopped(StoreError):
    """Automated processing of this candidate or interview is stopped; says by what."""

    code = "processing_stopped"


class ConsentMissing(StoreError):
    """A consent or notice that has to come first is not recorded; the message names it."""

    code = "consent_missing"


class JurisdictionMissing(StoreError):
    """Neither the candidate nor the system says whose law applies, so nothing may be checked."""

    code = "jurisdiction_missing"


class TooManyTries(StoreError):
    """A candidate was compared or searched for too often within a day."""

    code = "too_many_tries"


class CandidateErased(StoreError):
    """The candidate's data were erased; nothing more is stored about them."""

    code = "candidate_erased"


class SchemaOutdated(StoreError):
    """The database has another revision than this version of the software needs."""

    code = "schema_outdated"


class WeightsError(AuditError):
    """Base of failures about model weights."""

    code = "weights_error"


class WeightsUnavailable(WeightsError):
    """A weight is not installed. The message says which command gets it."""

    code = "weights_unavailable"


class WeightsTampered(WeightsError):
    """A weight's bytes differ from what its manifest row (or its conversion record) states."""

    code = "weights_tampered"


class WeightsInstallFailed(WeightsError):
    """Fetching, unpacking or converting a weight failed; nothing was left half-installed."""

    code = "weights_install_failed"


class SandboxFailed(AuditError):
    """The limited subprocess failed in a way that its input does not explain."""

    code = "sandbox_failed"


class RecordError(AuditError):
    """Base of failures to write a lasting record."""

    code = "record_error"


class NotCanonical(RecordError):
    """A value or text has no canonical JSON form; the message says why."""

    code = "not_canonical"


class EventInvalid(RecordError):
    """An event does not belong in the ledger as it is: its time, a reference or its body."""

    code = "event_invalid"


class DocumentInvalid(RecordError):
    """A document says what its data do not, or cannot be rendered; it is not issued."""

    code = "document_invalid"


class ReportKeyUnusable(RecordError):
    """A signing key of reports is revoked, retired, unknown or not at hand."""

    code = "report_key_unusable"


class LedgerConflict(RecordError):
    """Another writer took the sequence number first; read the size again and retry."""

    code = "ledger_conflict"


class LedgerTampered(RecordError):
    """What is stored does not extend the last signed head; nothing more is signed."""

    code = "ledger_tampered"


class KeyringError(AuditError):
    """Base of failures to encrypt or decrypt. Messages never hold a key or plaintext."""

    code = "keyring_error"


class MasterKeyInvalid(KeyringError):
    """Master keys are missing or are not written as the documentation says."""

    code = "master_key_invalid"


class MasterKeyUnavailable(KeyringError):
    """The version of the master key that is needed is not at hand."""

    code = "master_key_unavailable"


class DataKeyUnknown(KeyringError):
    """No such data key was ever made, or it is of another tenant or subject."""

    code = "data_key_unknown"


class DataKeyDestroyed(KeyringError):
    """The subject's data keys were destroyed on purpose; what they sealed is unreadable."""

    code = "data_key_destroyed"


class CiphertextInvalid(KeyringError):
    """The bytes were altered, cut off, or sealed under another context or key."""

    code = "ciphertext_invalid"


class StorageError(AuditError):
    """Base of failures of the media store."""

    code = "storage_error"


class StorageFull(StorageError):
    """Writing would leave less free space than the floor, or the disk is full."""

    code = "storage_full"


class BlobMissing(StorageError):
    """The store holds no such artefact or object."""

    code = "blob_missing"


class StorageUnavailable(StorageError):
    """The store did not answer, or refused; credentials and addresses are never in the message."""

    code = "storage_unavailable"
