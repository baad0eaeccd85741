"""Verifying a report offline: what holds, what does not, what was altered, what was not checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Literal

from pydantic import ValidationError

from audit.errors import AuditError, ProofUnreadable
from reports.document.catalogue import VERSION
from reports.document.check import faults, inlines
from reports.document.model import Document, Shown
from reports.issuing import render_body
from reports.proof.comparing import differences, differences_of_archive
from reports.proof.envelope import Envelope
from reports.proof.files import FORMAT, FileKind, FileProof, split
from reports.proof.parts import altered_parts
from reports.proof.reading import EMBEDDED, Kind, Signed, embedded, kind_of, read_signed
from reports.proof.sealing import ledger_head_holds, proof_holds
from reports.proof.trust import Signing, Standing, Trust, standing
from reports.proof.zips import bare, first_damaged

State = Literal["holds", "fails", "not_checked", "note"]
Verdict = Literal["verified", "failed", "key_unknown", "key_not_valid"]

LARGEST_READ = 32 << 20
MOST_READ = 500_000
"""Bytes and values up to which a document is read as ours: sentences, and rendering it anew."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, in plain words."""

    name: str
    state: State
    text: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying one file.

    Attributes:
        kind: of file.
        verdict: `verified`; `failed`: something does not hold; `key_unknown`: all holds, but nobody
            whom the verifier believes vouches for the key; `key_not_valid`: the key was revoked, or
            was not in use at that time.
        altered: what was altered, as far as it can be named.
        about: identifier, kind, publisher, time and hash of the report, as it says.
    """

    kind: Kind
    verdict: Verdict
    checks: tuple[Check, ...]
    altered: tuple[str, ...]
    about: Mapping[str, str]
    key: Standing | None


@dataclass(slots=True)
class Case:
    """A verification in progress."""

    trust: Trust
    deep: bool = False
    checks: list[Check] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    proved_at: tuple[str, ...] = ()
    signed: Signed | None = None
    key: Standing | None = None
    _typed: list[Document | None] = field(default_factory=list)

    def add(self, name: str, state: State, text: str) -> None:
        """Notes one check."""
        self.checks.append(Check(name, state, text))

    @property
    def document(self) -> Document | None:
        """The signed document in its typed form, if it has it and is not too large."""
        if not self._typed and self.signed is not None:
            self._typed.append(None if too_large(self.signed) else typed(self.signed.document))
        return self._typed[0] if self._typed else None

    @property
    def failed(self) -> bool:
        """Whether something does not hold."""
        return any(check.state == "fails" for check in self.checks)

    def finish(self, kind: Kind) -> Verification:
        """What came of it."""
        checks, altered = tuple(self.checks), tuple(dict.fromkeys(self.altered))
        return Verification(kind, self._verdict(), checks, altered, self._about(), self.key)

    def _verdict(self) -> Verdict:
        if self.failed or self.key is None:
            return "failed"
        if self.key.good:
            return "verified"
        return "key_unknown" if self.key.belief == "unknown" else "key_not_valid"

    def _about(self) -> dict[str, str]:
        if self.signed is None:
            return {}
        held = self.signed.document
        named = {name: held.get(name) for name in ("id", "kind", "publisher", "issued_at")}
        made = {name: str(value) for name, value in named.items() if value}
        proof = self.signed.proof
        return {**made, "sha256": proof.document_sha256, "signed_at": proof.signed_at}


def verify_report(
    data: bytes, trust: Trust, *, kind: Kind | None = None, deep: bool = False
) -> Verification:
    """Verifies a single report of any format but a bundle.

    `deep`: also render it anew and compare, though all holds. Raises `ProofUnreadable` where the
    file is none of ours, or exceeds what is read.
    """
    found = kind or kind_of(data)
    case = Case(trust, deep)
    check_report(case, data, found)
    check_key(case)
    return case.finish(found)


def check_report(case: Case, data: bytes, kind: Kind) -> None:
    """The file's own bytes, its signed document, and its ledger head; not the key."""
    body, proof = (data, None) if kind == "json" else split(data, kind)
    if kind != "json":
        check_file(case, body, proof, kind)
    if kind in ("csv", "docx"):
        body = bare(body)
    case.signed = _document(case, body, kind)
    if case.signed is not None:
        if proof is not None and case.signed.proof.document_sha256 != proof.document_sha256:
            case.add("file", "fails", "The file's last line is that of another document.")
        if proof is not None and case.signed.proof.public_key != proof.public_key:
            case.add("file", "fails", "The file's last line was signed by another key.")
        check_document(case, case.signed)
        _check_rendering(case, body, kind)
    elif not any(check.name == "document" for check in case.checks):
        case.add("document", "fails", "The file has no signed document in it, as ours have.")
        case.altered.append(f"the signed document ({EMBEDDED}) was removed")


def check_file(case: Case, body: bytes, proof: FileProof | None, kind: FileKind) -> None:
    """Whether all bytes of a file are those that were signed."""
    if proof is None:
        text = (
            f"The line `{FORMAT} ...` with which the file has to end was altered."
            if FORMAT.encode() in body[-1000:] or len(body) == 0
            else f"The file does not end with the line `{FORMAT} ...` that proves its bytes."
        )
        case.add("file", "fails", text)
        case.altered.append("the last line of the file, or what follows it")
    elif hashlib.sha256(body).hexdigest() != proof.sha256:
        case.add("file", "fails", "The bytes of the file are not those that its last line states.")
    elif not proof.is_signed():
        case.add("file", "fails", "The signature in the file's last line does not fit it.")
        case.altered.append("the last line of the file")
    else:
        case.add("file", "holds", f"All {len(body)} bytes of the {kind} file are as signed.")


def check_document(case: Case, signed: Signed) -> None:
    """The document's hash, signature, sentences and ledger head."""
    proof = signed.proof
    if not proof_holds(proof):
        case.add("document", "fails", "The signature does not fit what the proof states.")
        case.altered.append("/proof of the signed document")
    if not signed.intact:
        case.add("document", "fails", "The document is not the one that was signed.")
        case.altered += altered_parts(signed.document, proof.parts) or ["/proof/document_sha256"]
    elif proof_holds(proof):
        text = f"The document is the one that was signed (SHA-256 {proof.document_sha256})."
        case.add("document", "holds", text)
    _check_sentences(case, signed)
    _check_head(case, signed)


def check_key(case: Case) -> None:
    """Who vouches for the key; `proved_at` of the case counts for revoked keys."""
    if case.signed is None:
        return
    proof = case.signed.proof
    signing = Signing(proof.key_id, proof.public_key, proof.signed_at, case.proved_at)
    case.key = standing(signing, case.trust)
    for text in case.trust.faults():
        case.add("keys", "fails", f"The lists of keys contradict each other: {text}.")
    state: State = "holds" if case.key.good else "note"
    case.add("key", state, case.key.text)


def _document(case: Case, body: bytes, kind: Kind) -> Signed | None:
    try:
        text = embedded(body, kind)
        return None if text is None else read_signed(text, canonical=kind == "json")
    except ProofUnreadable as error:
        where = "The file" if kind == "json" else "The document inside of the file"
        case.add("document", "fails", f"{where} cannot be read: {error}.")
        damaged = first_damaged(body) if kind in ("csv", "docx") else ""
        case.altered.append(f"{damaged or 'the signed document'}: {error}")
        return None


def typed(document: Mapping[str, Any]) -> Document | None:
    """The document in its typed form; `None` where this version does not know its form."""
    try:
        return Document.model_validate(document)
    except ValidationError:
        return None


def _same_rules(document: Document) -> bool:
    made = document.software
    return made.rules == VERSION and made.version == metadata.version("fairwitness")


def too_large(signed: Signed) -> bool:
    """Whether a document is larger than what is read as ours."""
    return len(signed.text) > LARGEST_READ or signed.text.count(b",") > MOST_READ


def _check_sentences(case: Case, signed: Signed) -> None:
    if too_large(signed):
        text = "That sentences say what the data say was not checked: the document is too large."
        case.add("sentences", "not_checked", text)
        return
    known = case.document
    if known is None:
        case.add("sentences", "fails", "The document does not have the form of our documents.")
        return
    if not _same_rules(known):
        text = (
            "That sentences say what the data say was not checked: version "
            f"{known.software.version} wrote them, this is {metadata.version('fairwitness')}."
        )
        case.add("sentences", "not_checked", text)
        return
    try:
        found = faults(known)
    except (ValueError, LookupError, TypeError) as error:
        found = [f"the document cannot be read as ours are: {error}"]
    if found:
        case.add("sentences", "fails", "Sentences or tables do not say what the data say.")
        case.altered += found[:20]
        return
    shown = sum(isinstance(piece, Shown) for line in inlines(known) for piece in line)
    text = f"Each of the {shown} values in sentences is what its field in the data says."
    case.add("sentences", "holds", text)


def _check_head(case: Case, signed: Signed) -> None:
    head = signed.proof.ledger_head
    if head is None:
        text = "The report names no ledger, so nothing but its own words says when it was signed."
        case.add("ledger_head", "not_checked", text)
        return
    if not ledger_head_holds(head):
        case.add("ledger_head", "fails", "The ledger head does not fit its own signature.")
        return
    said = f"the head of {head.size} entries of the ledger {head.log!r}, {head.time}"
    found = case.trust.of_head(head)
    if found == "same":
        text = f"It was signed no earlier than {said}: the heads that you kept have the same root."
        case.add("ledger_head", "holds", text)
    elif found == "other":
        text = f"The heads that you kept contradict {said}: another root, or an unknown key."
        case.add("ledger_head", "fails", text)
    else:
        why = (
            "no kept heads were given to compare it with"
            if found == "nothing_kept"
            else "the heads that you kept do not reach it"
        )
        case.add("ledger_head", "not_checked", f"It names {said}, which fits its own key; {why}.")


def _check_rendering(case: Case, body: bytes, kind: Kind) -> None:
    """Renders the intact document anew: to name what was altered in the file, or when asked."""
    signed = case.signed
    if kind == "json" or signed is None or not (case.failed or case.deep):
        return
    intact = signed.intact and proof_holds(signed.proof)
    document = case.document if intact else None
    if document is None:
        return
    expected, why = _rendered(Envelope(document=document, proof=signed.proof), kind)
    if expected is None:
        case.add("rendering", "not_checked", f"The file was not rendered anew: {why}.")
        return
    found = _differing(body, expected, kind)
    case.altered += found
    if found:
        text = "The file differs from what this version makes of the signed document."
        case.add("rendering", "fails", text)
    else:
        case.add("rendering", "holds", "Rendered anew from the signed document, it is the same.")


def _rendered(envelope: Envelope, kind: Kind) -> tuple[bytes | None, str]:
    if not _same_rules(envelope.document):
        return None, f"version {envelope.document.software.version} made it"
    if kind == "bundle":
        return None, "a bundle is compared member by member"
    try:
        return render_body(envelope, kind), ""
    except (ImportError, AuditError, ValueError) as error:
        return None, f"the renderer of {kind} does not work here ({type(error).__name__})"


def _differing(body: bytes, expected: bytes, kind: Kind) -> list[str]:
    """Bodies without what their last line needs of them."""
    if kind in ("csv", "docx"):
        return [] if body == expected else differences_of_archive(body, expected)
    ours, theirs = (text if text.endswith(b"\n") else text + b"\n" for text in (body, expected))
    return differences(ours, theirs, kind)


def all_texts(found: Verification) -> Iterable[str]:
    """Every sentence of a verification, for those who search in it."""
    yield from (check.text for check in found.checks)
    yield from found.altered
