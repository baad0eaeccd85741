"""Content Credentials (C2PA) for exported evidence: which recording a picture was taken from, when.

Optional: with the organisation's own certificate. Nothing is fetched and no time stamp is asked
for. A manifest holds identifiers that are drawn at random, so signing a picture twice gives two
files: keep the signed one and put that into bundles.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import c2pa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from audit.errors import SettingsInvalid
from audit.settings import Settings
from liveness.manifest_reader import OFFLINE

ASSERTION = "org.fairwitness.evidence"
PARENT = "recording"
MediaType = Literal["image/jpeg", "image/png", "video/mp4"]
LARGEST_PEM = 1 << 20
_PICTURES: dict[str, MediaType] = {"jpg": "image/jpeg", "png": "image/png", "mp4": "video/mp4"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where evidence comes from, in seconds of the recording; a frame ends where it starts."""

    recording_sha256: str
    start_s: float
    end_s: float
    report_id: str


class EvidenceSigner:
    """Signs pictures and clips with one certificate."""

    def __init__(self, certificates: str, private_key: str) -> None:
        """Takes a chain (the signer's first) and its key as PEM. Raises `SettingsInvalid`."""
        self._info = c2pa.C2paSignerInfo(
            _algorithm(private_key), certificates.encode(), private_key.encode(), None
        )
        try:
            c2pa.Signer.from_info(self._info).close()
        except c2pa.C2paError as error:
            raise SettingsInvalid(
                f"The certificates for Content Credentials cannot be used: {error}"
            ) from None

    def sign(self, media: bytes, media_type: MediaType, origin: Origin) -> bytes:
        """The same picture or clip with a manifest that says where it comes from.

        Raises:
            SettingsInvalid: the certificate cannot sign, for example because it is out of its time.
        """
        made = io.BytesIO()
        try:
            context = c2pa.Context(settings=c2pa.Settings.from_dict(_options()))
            with c2pa.Builder(manifest(media_type, origin), context=context) as builder:
                parent = json.dumps(
                    {"title": _title(origin), "relationship": "parentOf", "label": PARENT}
                )
                builder.add_ingredient(parent, media_type, io.BytesIO(media))
                with c2pa.Signer.from_info(self._info) as signer:
                    builder.sign(signer, media_type, io.BytesIO(media), made)
        except c2pa.C2paError as error:
            raise SettingsInvalid(
                f"Content Credentials cannot be written with this certificate: {error}"
            ) from None
        return made.getvalue()


def evidence_signer(settings: Settings) -> EvidenceSigner | None:
    """The signer that the settings name; `None` where they name none. Raises `SettingsInvalid`."""
    chain, key = settings.c2pa_sign_certificates, settings.c2pa_sign_key
    if chain is None and key is None:
        return None
    if chain is None or key is None:
        raise SettingsInvalid(
            "FAIRWITNESS_C2PA_SIGN_CERTIFICATES and FAIRWITNESS_C2PA_SIGN_KEY belong together."
        )
    return EvidenceSigner(_pem(chain), _pem(key))


def sign_pictures(
    pictures: Mapping[str, bytes], origins: Mapping[str, Origin], signer: EvidenceSigner
) -> dict[str, bytes]:
    """Pictures by file name, those whose origin is known with Content Credentials."""
    return {
        name: signer.sign(data, _PICTURES[name.rpartition(".")[2]], origins[name])
        if name in origins
        else data
        for name, data in pictures.items()
    }


def manifest(media_type: MediaType, origin: Origin) -> dict[str, Any]:
    """What a manifest says, as c2pa-python takes it."""
    generator = {"name": "Fairwitness", "version": metadata.version("fairwitness")}
    parameters = {"description": _title(origin), "ingredientIds": [PARENT]}
    return {
        "claim_generator_info": [generator],
        "title": _title(origin),
        "format": media_type,
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.opened",
                            "softwareAgent": generator,
                            "parameters": parameters,
                        }
                    ]
                },
            },
            {
                "label": ASSERTION,
                "data": {
                    "report_id": origin.report_id,
                    "recording_sha256": origin.recording_sha256,
                    "start_s": origin.start_s,
                    "end_s": origin.end_s,
                },
            },
        ],
    }


def _title(origin: Origin) -> str:
    place = f"at {origin.start_s:.3f} s"
    if origin.end_s != origin.start_s:
        place = f"from {origin.start_s:.3f} s to {origin.end_s:.3f} s"
    return f"Taken {place} from the recording with SHA-256 {origin.recording_sha256}"


def _options() -> dict[str, Any]:
    """No network, and no thumbnails: a small picture needs none."""
    made: dict[str, Any] = {name: dict(value) for name, value in OFFLINE.items()}
    made["builder"] = {"thumbnail": {"enabled": False}}
    return made


def _algorithm(private_key: str) -> c2pa.C2paSigningAlg:
    try:
        key = serialization.load_pem_private_key(private_key.encode(), None)
    except (ValueError, TypeError):
        raise SettingsInvalid(
            "The key for Content Credentials is no PEM private key, or has a password."
        ) from None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return c2pa.C2paSigningAlg.ED25519
    if isinstance(key, ec.EllipticCurvePrivateKey):
        by_size = {256: c2pa.C2paSigningAlg.ES256, 384: c2pa.C2paSigningAlg.ES384}
        if key.curve.key_size in by_size:
            return by_size[key.curve.key_size]
    if isinstance(key, rsa.RSAPrivateKey):
        return c2pa.C2paSigningAlg.PS256
    raise SettingsInvalid("The key for Content Credentials has to be P-256, P-384, Ed25519 or RSA.")


def _pem(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsInvalid(
            f"'{path.name}' for Content Credentials cannot be read: {error.strerror}"
        ) from error
    if len(data) > LARGEST_PEM or b"-----BEGIN " not in data:
        raise SettingsInvalid(f"'{path.name}' for Content Credentials is no PEM file.")
    return data.decode("ascii", "replace")
