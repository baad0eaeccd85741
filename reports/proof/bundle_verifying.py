"""Verifying an evidence bundle: the archive, each member, and the figures from the counts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from audit.canonical import canonical_json
from audit.errors import AuditError, PackInvalid, ProofUnreadable
from reports.issuing import EXTENSIONS, Format
from reports.packs.model import Pack
from reports.packs.reading import MAX_BYTES, MAX_FILES, read_pack
from reports.proof import bundle as b
from reports.proof.files import split
from reports.proof.keys import KeyDirectory
from reports.proof.reading import Signed, kind_of, read_json
from reports.proof.receipts import Receipt, issued, receipt_faults
from reports.proof.recomputing import recompute
from reports.proof.trust import Trust
from reports.proof.verifying import (
    Case,
    Verification,
    check_file,
    check_key,
    check_report,
    verify_report,
)
from reports.proof.zips import bare, first_damaged, read_zip

_RECEIPTS = TypeAdapter(tuple[Receipt, ...])


def verify(data: bytes, trust: Trust, *, deep: bool = False) -> Verification:
    """Verifies a file of any format. `deep`: recompute figures, and render anew.

    Raises `ProofUnreadable` where it is none of ours, or exceeds what is read.
    """
    kind = kind_of(data)
    if kind != "bundle":
        found = verify_report(data, trust, kind=kind, deep=deep)
        return _without_counts(found) if deep else found
    return verify_bundle(data, trust, deep=deep)


def verify_bundle(data: bytes, trust: Trust, *, deep: bool = False) -> Verification:
    """Verifies an evidence bundle and everything in it."""
    case = Case(trust, deep)
    body, proof = split(data, "bundle")
    check_file(case, body, proof, "bundle")
    try:
        members = read_zip(bare(body), stored=True)
    except ProofUnreadable as error:
        case.add("archive", "fails", f"The archive cannot be read: {error}.")
        case.altered.append(f"{first_damaged(body) or 'the archive'}: {error}")
        return case.finish("bundle")
    manifest = _check_manifest(case, members)
    _check_reports(case, members, manifest)
    if case.signed is not None and proof is not None:
        if proof.public_key != case.signed.proof.public_key:
            case.add("file", "fails", "The archive's comment was signed by another key.")
        if proof.document_sha256 != case.signed.proof.document_sha256:
            case.add("file", "fails", "The archive's comment is that of another document.")
    _check_receipts(case, members)
    _check_packs(case, members)
    if b.KEYS in members:
        _check_directory(case, members[b.KEYS])
    _check_figures(case, members)
    check_key(case)
    return case.finish("bundle")


def _without_counts(found: Verification) -> Verification:
    case = Case(Trust(), checks=list(found.checks), altered=list(found.altered), key=found.key)
    text = "Figures were not computed anew: only a bundle holds the counts for that."
    case.add("figures", "not_checked", text)
    return Verification(
        found.kind, found.verdict, tuple(case.checks), found.altered, found.about, found.key
    )


def _check_manifest(case: Case, members: Mapping[str, bytes]) -> b.Manifest | None:
    text = members.get(b.MANIFEST)
    if text is None:
        case.add("members", "fails", f"The bundle has no {b.MANIFEST}.")
        case.altered.append(f"{b.MANIFEST} was removed")
        return None
    try:
        manifest = b.Manifest.model_validate(read_json(text, canonical=True))
    except (ProofUnreadable, ValidationError) as error:
        said = str(error).splitlines()[0]
        case.add("members", "fails", f"{b.MANIFEST} cannot be read: {said}.")
        case.altered.append(b.MANIFEST)
        return None
    if not manifest.is_signed() or manifest.json_bytes != text:
        case.add("members", "fails", f"The signature of {b.MANIFEST} does not fit it.")
        case.altered.append(b.MANIFEST)
        return None
    named = _member_faults(manifest, members)
    case.altered += named
    if named:
        case.add("members", "fails", f"The members are not those that {b.MANIFEST} lists.")
    else:
        count = len(manifest.members)
        case.add("members", "holds", f"All {count} members are as {b.MANIFEST} lists them.")
    return manifest


def _member_faults(manifest: b.Manifest, members: Mapping[str, bytes]) -> list[str]:
    listed = {entry.path: entry for entry in manifest.members}
    found = [f"{path} was added" for path in members if path not in {*listed, b.MANIFEST}]
    for path, entry in listed.items():
        if path not in members:
            found.append(f"{path} was removed")
        elif hashlib.sha256(members[path]).hexdigest() != entry.sha256:
            found.append(f"{path} was changed")
        elif b.media_type(path) != entry.media_type or len(members[path]) != entry.size:
            found.append(f"{path} is listed with another type or size")
    return found


def _check_reports(case: Case, members: Mapping[str, bytes], manifest: b.Manifest | None) -> None:
    """The signed document, and the report's other formats: each has to be of this document."""
    text = members.get(b.REPORT)
    if text is None:
        case.add("document", "fails", f"The bundle has no {b.REPORT}.")
        return
    inner = Case(case.trust)
    check_report(inner, text, "json")
    case.checks += inner.checks
    case.altered += [f"{b.REPORT}: {named}" for named in inner.altered]
    case.signed = inner.signed
    if case.signed is None:
        return
    if manifest is not None:
        same = manifest.document_sha256 == case.signed.proof.document_sha256
        if not same or manifest.public_key != case.signed.proof.public_key:
            case.add("members", "fails", f"{b.MANIFEST} is of another report, or by another key.")
    for wanted, extension in EXTENSIONS.items():
        path = f"report.{extension}"
        if wanted != "json" and path in members:
            _check_format(case, case.signed, members[path], wanted)


def _check_format(case: Case, signed: Signed, data: bytes, wanted: Format) -> None:
    path = f"report.{EXTENSIONS[wanted]}"
    inner = Case(case.trust, case.deep)
    check_report(inner, data, wanted)
    case.altered += [f"{path}: {named}" for named in inner.altered]
    failing = [check.text for check in inner.checks if check.state == "fails"]
    if inner.signed is not None and inner.signed.sha256 != signed.sha256:
        failing.append("it is of another document")
    if failing:
        case.add(path, "fails", f"{path}: {' '.join(failing)}")
    else:
        also = {
            "holds": ", and is the same when rendered anew",
            "not_checked": "; not rendered anew",
        }
        rendered = next((c.state for c in inner.checks if c.name == "rendering"), "")
        said = f"{path} is of the signed document, as it was signed{also.get(rendered, '')}."
        case.add(path, "holds", said)


def _check_receipts(case: Case, members: Mapping[str, bytes]) -> None:
    text = members.get(b.RECEIPTS)
    if text is None or case.signed is None:
        return
    try:
        receipts = _RECEIPTS.validate_python(read_json(text, canonical=True))
    except (ProofUnreadable, ValidationError) as error:
        case.add("ledger", "fails", f"{b.RECEIPTS}: {str(error).splitlines()[0]}")
        return
    named = [fault for each in receipts for fault in receipt_faults(each)]
    case.altered += [f"{b.RECEIPTS}: {fault}" for fault in named]
    if named:
        case.add("ledger", "fails", "Entries of the ledger are not what their heads signed.")
        return
    said = {case.trust.of_head(each.head) for each in receipts}
    digests = {case.signed.sha256, hashlib.sha256(case.signed.text).hexdigest()}
    records = [each for each in receipts if issued(each, digests)]
    believed = [each for each in records if case.trust.of_head(each.head) == "same"]
    case.proved_at = tuple(each.head.time for each in believed)
    if "other" in said:
        case.add("ledger", "fails", "The heads that you kept contradict those of the entries.")
        return
    count = f"All {len(receipts)} entries of the ledger are under the heads beside them"
    if believed:
        at = min(case.proved_at)
        text_ = f"{count}; by {at} this report had been issued, as a head that you kept proves."
        case.add("ledger", "holds", text_)
    else:
        why = "the heads were not compared with kept ones, so they prove no time"
        which = "one records this report" if records else "none records this report"
        case.add("ledger", "note", f"{count}; {which}; {why}.")


def _check_packs(case: Case, members: Mapping[str, bytes]) -> None:
    used = case.document.packs if case.document else ()
    files = [path for path in members if path.startswith(b.PACKS)][:MAX_FILES]
    packs = [_pack(case, path, members[path]) for path in files]
    held = {pack.sha256 for pack in packs if pack is not None}
    missing = [pack for pack in used if pack.sha256 not in held]
    if used and not missing:
        case.add("packs", "holds", f"All {len(used)} rule packs that were applied are inside.")
    elif missing:
        names = ", ".join(f"{pack.id} {pack.version}" for pack in missing[:10])
        case.add("packs", "not_checked", f"Rule packs that were applied are not inside: {names}.")


def _pack(case: Case, path: str, text: bytes) -> Pack | None:
    if len(text) > MAX_BYTES:
        case.add("packs", "not_checked", f"{path} is larger than any rule pack.")
        return None
    try:
        return read_pack(text.decode("utf-8"), path.removeprefix(b.PACKS))
    except (PackInvalid, UnicodeDecodeError) as error:
        case.add("packs", "not_checked", f"{path} cannot be read by this version: {error}.")
        return None


def _check_directory(case: Case, text: bytes) -> None:
    try:
        KeyDirectory.from_bytes(text)
    except ProofUnreadable as error:
        case.add("keys", "fails", f"{b.KEYS}: {error}.")
        return
    note = f"{b.KEYS} is well signed, but was put there by whoever made the bundle: not believed."
    case.add("keys", "note", note)


def _check_figures(case: Case, members: Mapping[str, bytes]) -> None:
    if case.document is None:
        return
    audit = case.document.data.get("audit")
    _check_result(case, members, audit or case.document.data.get("check"))
    if not case.deep:
        return
    if not isinstance(audit, Mapping) or b.CUBE not in members:
        text = "Figures were not computed anew: the bundle holds no counts."
        case.add("figures", "not_checked", text)
        return
    try:
        read_json(members[b.CUBE], canonical=False)  # bounded before it is used
        found = recompute(audit, members[b.CUBE])
    except ProofUnreadable as error:
        case.add("figures", "fails", f"{b.CUBE}: {error}.")
        return
    case.altered += [f"figure /data/audit{text}" for text in found.differing]
    rows = ", ".join(found.not_recomputed)
    missing = f" Not from counts, so not computed anew: {rows}." if rows else ""
    if found.differences:
        text = f"{found.differences} of {found.figures} figures are not what the counts give."
        case.add("figures", "fails", text + missing)
    else:
        text = f"All {found.figures} figures are what the counts give."
        case.add("figures", "holds", text + missing)


def _check_result(case: Case, members: Mapping[str, bytes], held: Any) -> None:
    """Whether the raw result is the one that the document holds."""
    if b.RESULT not in members:
        return
    try:
        given = canonical_json(read_json(members[b.RESULT], canonical=False))
    except AuditError as error:
        case.add("result", "fails", f"{b.RESULT}: {error}.")
        return
    if held is not None and canonical_json(held) == given:
        case.add("result", "holds", f"{b.RESULT} is the result that the document shows.")
    elif held is not None:
        case.add("result", "note", f"{b.RESULT} is not word for word what the document holds.")
