"""The evidence bundle: one archive with a report in all formats and what it was made from."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal

from pydantic import Field

from audit.canonical import canonical_json
from audit.ledger import HeadSigner
from audit.ledger.heads import key_id
from reports.document.model import Attachment, PackUse, Part, Sha256
from reports.issuing import EXTENSIONS, FORMATS, MEDIA_TYPES, Format, render_file
from reports.packs.reading import shipped
from reports.proof.envelope import Envelope, KeyId, PublicKey, Signature
from reports.proof.files import prove
from reports.proof.keys import KeyDirectory
from reports.proof.receipts import Receipt
from reports.proof.sealing import signed
from reports.proof.zips import write_zip

MANIFEST = "manifest.json"
README = "README.txt"
REPORT = "report.json"
RESULT = "result.json"
CUBE = "cube.json"
SPEC = "spec.json"
RECEIPTS = "ledger/receipts.json"
KEYS = "keys/directory.json"
PACKS = "packs/"
EVIDENCE = "evidence/"
_JSON = "application/json"
_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png"}


class MemberEntry(Part):
    """One file of a bundle."""

    path: str = Field(max_length=300)
    media_type: str = Field(max_length=100)
    sha256: Sha256
    size: int = Field(ge=0)


class Manifest(Part):
    """What a bundle holds; signed by itself, so that what was altered in an archive can be named.

    Ed25519 over the canonical JSON of all members but `public_key` and `signature`.
    """

    format: Literal["fairwitness-bundle/1"] = "fairwitness-bundle/1"
    report_id: str
    document_sha256: Sha256
    members: tuple[MemberEntry, ...] = Field(max_length=5000, description="all others")
    key_id: KeyId
    public_key: PublicKey
    signature: Signature

    @property
    def json_bytes(self) -> bytes:
        """The bytes of `manifest.json`."""
        return canonical_json(self.model_dump(mode="json"))

    def statement(self) -> bytes:
        """The bytes that are signed."""
        return canonical_json(self.model_dump(mode="json", exclude={"public_key", "signature"}))

    def is_signed(self) -> bool:
        """Whether the signature is of the public key in it."""
        public = bytes.fromhex(self.public_key)
        return self.key_id == key_id(public) and signed(public, self.statement(), self.signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What goes into a bundle beside the report.

    Attributes:
        files: the report as it was issued; formats that are not there are rendered.
        formats: those to have.
        result: the raw result (CheckDocument or AuditDocument) as JSON.
        cube: counts of a fairness audit (`fairness.cube_json`). Left out where the audit withholds
            small cells: the counts would give them back.
        receipts: entries of the ledger about the subject.
        keys: the published directory of keys.
        packs: rule packs that were applied, by file name; shipped ones are added.
        evidence: pictures and clips by file name; without them, the report's attachments.
    """

    files: Mapping[Format, bytes] = field(default_factory=dict)
    formats: tuple[Format, ...] = FORMATS
    result: bytes | None = None
    cube: bytes | None = None
    receipts: tuple[Receipt, ...] = ()
    keys: KeyDirectory | None = None
    packs: Mapping[str, bytes] = field(default_factory=dict)
    evidence: Mapping[str, bytes] = field(default_factory=dict)


def make_bundle(envelope: Envelope, contents: Contents, signer: HeadSigner) -> bytes:
    """The archive; the same arguments give the same bytes.

    Raises:
        ReportKeyUnusable: the signer is not of the key that signed the report.
    """
    members = dict(_members(envelope, contents, signer))
    members[README] = _readme(members).encode()
    manifest = _manifest(envelope, members, signer)
    ordered = {README: members.pop(README), MANIFEST: manifest.json_bytes, **members}
    digest = envelope.proof.document_sha256
    return prove(write_zip(ordered), "bundle", signer, document_sha256=digest)


def withholds(audit: Mapping[str, Any]) -> bool:
    """Whether an audit leaves small cells out, so that its counts belong in no bundle."""
    return bool(audit.get("settings", {}).get("suppress_below"))


def media_type(path: str) -> str:
    """By the end of the name."""
    for wanted, extension in EXTENSIONS.items():
        if path == f"report.{extension}":
            return MEDIA_TYPES[wanted].partition(";")[0]
    suffix = path.rpartition(".")[2]
    known = {"json": _JSON, "txt": "text/plain", "yaml": "application/yaml", "mp4": "video/mp4"}
    return known.get(suffix) or {v: k for k, v in _SUFFIXES.items()}.get(
        suffix, "application/octet-stream"
    )


def _members(
    envelope: Envelope, contents: Contents, signer: HeadSigner
) -> Iterator[tuple[str, bytes]]:
    yield REPORT, envelope.json_bytes
    for wanted in contents.formats:
        if wanted != "json":
            made = contents.files.get(wanted) or render_file(envelope, wanted, signer)
            yield f"report.{EXTENSIONS[wanted]}", made
    if contents.result is not None:
        yield RESULT, contents.result
    audit = envelope.document.data.get("audit")
    if contents.cube is not None and isinstance(audit, Mapping) and not withholds(audit):
        yield CUBE, contents.cube
        yield SPEC, canonical_json(audit["spec"]["fields"])
    if contents.receipts:
        entries = [each.model_dump(mode="json") for each in contents.receipts]
        yield RECEIPTS, canonical_json(entries)
    if contents.keys is not None:
        yield KEYS, contents.keys.json_bytes
    packs = {**shipped_packs(envelope.document.packs), **contents.packs}
    for name in sorted(packs):
        yield PACKS + name, packs[name]
    evidence = contents.evidence or attached(envelope.document.attachments)
    for name in sorted(evidence):
        yield EVIDENCE + name, evidence[name]


def attached(attachments: tuple[Attachment, ...]) -> dict[str, bytes]:
    """The pictures of a report by file name: the first digits of their SHA-256."""
    return {
        f"{each.sha256[:16]}.{_SUFFIXES[each.media_type]}": b64decode(each.base64, validate=True)
        for each in attachments
    }


def shipped_packs(used: tuple[PackUse, ...]) -> dict[str, bytes]:
    """The files of those packs that come with this version, by file name."""
    wanted = {f"{use.id}.{use.version}.yaml": use.sha256 for use in used}
    known = {f"{pack.pack}.{pack.version}.yaml": pack.sha256 for pack in shipped()}
    folder = resources.files("reports.packs")
    return {
        name: folder.joinpath(name).read_bytes()
        for name, digest in wanted.items()
        if known.get(name) == digest
    }


def _manifest(envelope: Envelope, members: Mapping[str, bytes], signer: HeadSigner) -> Manifest:
    entries = tuple(
        MemberEntry(
            path=path,
            media_type=media_type(path),
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
        )
        for path, data in members.items()
    )
    unsigned = Manifest(
        report_id=envelope.document.id,
        document_sha256=envelope.proof.document_sha256,
        members=entries,
        key_id=key_id(signer.public),
        public_key=signer.public.hex(),
        signature="0" * 128,
    )
    made = signer.sign(unsigned.statement()).hex()
    return unsigned.model_copy(update={"signature": made})


_WHAT = {
    REPORT: "the signed document; every other format is rendered from it",
    "report.html": "the same as a page",
    "report.pdf": "the same for print",
    "report.docx": "the same for those who must edit",
    "report.csv.zip": "its tables",
    RESULT: "the result that the report shows, for programs",
    CUBE: "the counts that a fairness audit was computed from; no single person",
    SPEC: "what the counted columns were taken to mean",
    RECEIPTS: "entries of the issuer's ledger, each provable under a signed head",
    KEYS: "the issuer's list of keys; believe one that you got elsewhere, not this one",
}


def _readme(members: Mapping[str, bytes]) -> str:
    listed = [f"  {path:<22} {what}" for path, what in _WHAT.items() if path in members]
    folders = [
        f"  {folder:<22} {what}"
        for folder, what in ((PACKS, "rule packs that were applied"), (EVIDENCE, "pictures"))
        if any(path.startswith(folder) for path in members)
    ]
    return "\n".join(
        [
            "Evidence bundle of one report. What is in it:",
            *listed,
            *folders,
            f"  {MANIFEST:<22} SHA-256 of each of these, signed",
            "",
            "To verify it, without any network:",
            "  fairwitness verify BUNDLE.zip --keys KEYS.json --recompute",
            "KEYS.json is the issuer's list of keys; take it from the issuer's own site.",
            "--recompute computes every figure anew from cube.json, where there is one.",
            "Without Fairwitness: the comment of this archive states the SHA-256 of all bytes",
            "before it, and an Ed25519 signature over these words as canonical JSON (RFC 8785).",
            "Each report says under `proof` which public key signed it; docs/verifying.md of",
            "Fairwitness gives every format byte by byte.",
            "A report holds what was measured and counted. It decides nothing about anyone.",
            "",
        ]
    )
