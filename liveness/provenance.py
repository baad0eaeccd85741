"""Content Credentials (C2PA): what a signed manifest inside the file says, and whether it holds.

The manifest is read by c2pa-python in the limited subprocess. Nothing is fetched: a manifest that
is stored elsewhere, certificate revocation (OCSP) and trust lists are never looked up.

A recording without a manifest is the normal case and says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from audit import sandbox
from audit.detectors import DetectorSpec, operating_point
from audit.errors import MediaLimitExceeded, MediaUnreadable, SettingsInvalid
from audit.interview import Interview
from audit.media.sources import opened
from audit.settings import Limits
from audit.types import Evidence, Question, Reason, Signal, Status

TASK = "liveness.manifest_reader:read"
OUTPUT_MB = 4
LARGEST_PEM = 4 << 20


class ManifestState(StrEnum):
    """What the manifest of a file is worth.

    `valid`: everything matches and the signer is trusted. `untrusted`: everything matches, the
    signer is on no list of ours. `expired`: everything matches, but the certificate was out of its
    time and no time stamp shows that it was signed before. `tampered`: a hash or signature does
    not match. `unreadable`: there is, or may be, a manifest that could not be judged.
    """

    VALID = "valid"
    TAMPERED = "tampered"
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class ActionClaim:
    """One action that a manifest claims: what, with which software, and the digital source type.

    `source_type` is the last part of the IPTC or C2PA term (`digitalCapture`,
    `trainedAlgorithmicMedia`), "" where none is given. `active`: claimed by the newest manifest.
    """

    action: str
    software: str
    source_type: str
    active: bool


@dataclass(frozen=True, slots=True)
class ManifestReading:
    """The manifest of one file.

    Attributes:
        validation_state: the reader's own word (`Trusted`, `Valid`, `Invalid`), "" without one.
        has_manifest: an active manifest was found.
        codes: C2PA validation status codes of the whole store, sorted, each once.
        failures: those of the active manifest alone.
        error: class of the reader's error (`ManifestNotFound`, `Remote`, ...), "" without one.
        detail: its message.
        signer, issuer: names in the signing certificate. signed_at: as the manifest states it.
        generator: software that made the manifest.
        claims: at most 40 actions.
    """

    state: ManifestState
    validation_state: str = ""
    has_manifest: bool = False
    codes: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    error: str = ""
    detail: str = ""
    signer: str = ""
    issuer: str = ""
    signed_at: str = ""
    generator: str = ""
    claims: tuple[ActionClaim, ...] = ()


def read_manifest(
    path: Path | str, limits: Limits, *, trust_anchors: Path | None = None
) -> ManifestReading:
    """The manifest of the file at `path`, of any type that c2pa-python reads.

    Args:
        limits: of the subprocess that reads it.
        trust_anchors: PEM file of certificates whose signatures are trusted.

    Raises:
        MediaLimitExceeded: reading took more memory or time than `limits` allow.
        SettingsInvalid: `trust_anchors` cannot be read.
    """
    where = Path(path)
    request = {"suffix": where.suffix[1:], "anchors": _anchors(trust_anchors)}
    with opened(where, limits) as fd:
        bounds = sandbox.Bounds.of(limits, output_mb=OUTPUT_MB)
        answer = sandbox.call(TASK, request, source=fd, bounds=bounds)
    return reading_of(answer.header)


def _anchors(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsInvalid(
            f"The trust anchors '{path.name}' cannot be read: {error.strerror}. Set "
            "FAIRWITNESS_C2PA_TRUST_ANCHORS to a PEM file."
        ) from error
    if len(data) > LARGEST_PEM or b"-----BEGIN CERTIFICATE-----" not in data:
        raise SettingsInvalid(
            f"'{path.name}' holds no PEM certificates. Set FAIRWITNESS_C2PA_TRUST_ANCHORS to a PEM "
            "file of certificates."
        )
    return data.decode("ascii", "replace")


def reading_of(plain: Mapping[str, Any]) -> ManifestReading:
    """The reading that the plain values of `manifest_task` amount to."""
    if plain.get("error"):
        missing = plain["error"] == "ManifestNotFound"
        state = ManifestState.ABSENT if missing else ManifestState.UNREADABLE
        return ManifestReading(state, error=plain["error"], detail=plain.get("detail", ""))
    return ManifestReading(
        state=_state(plain["validation_state"], frozenset(plain["codes"])),
        validation_state=plain["validation_state"],
        has_manifest=plain["has_manifest"],
        codes=tuple(plain["codes"]),
        failures=tuple(plain["failures"]),
        signer=plain["signer"],
        issuer=plain["issuer"],
        signed_at=plain["signed_at"],
        generator=plain["generator"],
        claims=tuple(ActionClaim(*claim) for claim in plain["claims"]),
    )


def _state(validation_state: str, codes: frozenset[str]) -> ManifestState:
    """Codes are those of the C2PA specification 2.1, section 15.2.2 (validation status codes)."""
    point = operating_point("liveness", "provenance")
    if validation_state == "Trusted":
        return ManifestState.VALID
    if validation_state == "Valid":
        return ManifestState.UNTRUSTED
    if codes & frozenset(point["tampered_codes"]):
        return ManifestState.TAMPERED
    if codes & frozenset(point["expired_codes"]):
        return ManifestState.EXPIRED
    return ManifestState.UNREADABLE


class Provenance:
    """Content Credentials of the file, read without any network."""

    spec = DetectorSpec(
        name="provenance",
        version="1.0.0",
        questions=(Question.AUTHENTICITY,),
        modality="container",
        cause="provenance",
        limits=(
            "Absence of Content Credentials says nothing: most recordings carry none, and any "
            "platform may strip them.",
            "Valid Content Credentials show who signed the file and that it was not changed since, "
            "not that what it shows is true.",
            "Manifests stored elsewhere, revocation services and trust lists are not looked up: "
            "this check never uses the network.",
        ),
    )

    def inspect(self, interview: Interview) -> Signal:
        """Judge the manifest of the recording's file; see docs/detectors/provenance.md."""
        path = Path(interview.source_path) if interview.source_path else None
        if path is None or not path.is_file():
            return self.spec.inconclusive(
                "not_one_file",
                "Content Credentials belong to one file; this recording is a set of images.",
            )
        anchors = interview.c2pa_trust_anchors
        try:
            reading = read_manifest(path, interview.limits, trust_anchors=anchors)
        except (MediaUnreadable, MediaLimitExceeded) as error:
            return self.spec.inconclusive("unreadable", str(error))
        return self._signal(reading, interview.facts.duration_s)

    def _signal(self, reading: ManifestReading, duration_s: float) -> Signal:
        generated = _generated(reading)
        status, reason = _conclusion(reading, generated)
        evidence: tuple[Evidence, ...] = ()
        if status is Status.REVIEW:
            evidence = (Evidence(0.0, max(0.0, duration_s), reason.text),)
        return self.spec.signal(
            status,
            reason,
            score_meaning="No number: the state of the file's Content Credentials (C2PA).",
            operating_point=(
                "review when a hash or signature of the manifest does not match, or when the "
                "manifest itself declares generated media"
            ),
            quality=None if status is Status.INCONCLUSIVE else 1.0,
            evidence=evidence,
            measurements=_measurements(reading, generated),
        )


def _generated(reading: ManifestReading) -> tuple[ActionClaim, ...]:
    """Claims that declare generated media; terms of the IPTC digital source type vocabulary."""
    terms = frozenset(operating_point("liveness", "provenance")["generated_source_types"])
    return tuple(c for c in reading.claims if c.source_type in terms)


def _measurements(
    reading: ManifestReading, generated: tuple[ActionClaim, ...]
) -> dict[str, float | int | str | bool | None]:
    return {
        "state": str(reading.state),
        "validation_state": reading.validation_state or None,
        "has_manifest": reading.has_manifest,
        "validation_status_codes": ";".join(reading.codes) or None,
        "active_failure_codes": ";".join(reading.failures) or None,
        "reader_error": reading.error or None,
        "signer": reading.signer or None,
        "issuer": reading.issuer or None,
        "signed_at": reading.signed_at or None,
        "generator": reading.generator or None,
        "actions": "; ".join(_in_words(c) for c in reading.claims) or None,
        "declares_generated_media": bool(generated),
    }


def _in_words(claim: ActionClaim) -> str:
    software = f" with {claim.software}" if claim.software else ""
    source = f" ({claim.source_type})" if claim.source_type else ""
    earlier = "" if claim.active else " [earlier version]"
    return f"{claim.action}{software}{source}{earlier}"


def _conclusion(
    reading: ManifestReading, generated: tuple[ActionClaim, ...]
) -> tuple[Status, Reason]:
    if reading.state is ManifestState.TAMPERED:
        return Status.REVIEW, Reason("tampered", _tampered_text(reading))
    if generated:
        words = "; ".join(_in_words(c) for c in generated[:3])
        return Status.REVIEW, Reason(
            "declares_generated_media",
            f"The file's own Content Credentials declare generated media: {words}.",
        )
    return _quiet_conclusion(reading)


def _tampered_text(reading: ManifestReading) -> str:
    codes = [c for c in reading.codes if c.endswith((".mismatch", ".missing", ".undeclared"))]
    found = ", ".join(codes or reading.codes)
    inside = set(reading.failures) & set(codes)
    where = "" if inside else " The mismatch is in an earlier version that the manifest refers to."
    return (
        f"The file carries Content Credentials that do not match it ({found}): the file or its "
        f"manifest was changed after signing.{where}"
    )


def _quiet_conclusion(reading: ManifestReading) -> tuple[Status, Reason]:
    signer = reading.signer or "an unnamed signer"
    if reading.issuer and reading.issuer != reading.signer:
        signer = f"{signer} ({reading.issuer})"
    texts = {
        ManifestState.ABSENT: (
            "The file carries no Content Credentials. Most recordings carry none; this says "
            "nothing about it."
        ),
        ManifestState.VALID: (
            f"The file's Content Credentials match it and were signed by {signer}, who is on the "
            "given list of trusted signers."
        ),
        ManifestState.UNTRUSTED: (
            f"The file's Content Credentials match it. The signer, {signer}, is not on a list of "
            "trusted signers, so who made the claims is not established."
        ),
        ManifestState.EXPIRED: (
            f"The file's Content Credentials match it, but the certificate of {signer} was out of "
            "its time and no time stamp shows that it was signed before."
        ),
        ManifestState.UNREADABLE: _unreadable_text(reading),
    }
    weak = reading.state in (ManifestState.EXPIRED, ManifestState.UNREADABLE)
    status = Status.INCONCLUSIVE if weak else Status.NO_INDICATION
    return status, Reason(_code(reading), texts[reading.state])


def _code(reading: ManifestReading) -> str:
    if reading.state is not ManifestState.UNREADABLE:
        return str(reading.state)
    return {"NotSupported": "format_not_supported", "Remote": "manifest_elsewhere"}.get(
        reading.error, "unreadable"
    )


def _unreadable_text(reading: ManifestReading) -> str:
    if reading.error == "NotSupported":
        return "The reader of Content Credentials does not support this type of file."
    if reading.error == "Remote":
        return (
            "The file refers to Content Credentials that are stored elsewhere. They were not "
            "fetched: this check never uses the network."
        )
    detail = reading.detail or ", ".join(reading.codes) or "no reason given"
    return f"Content Credentials could not be judged: {detail}."
