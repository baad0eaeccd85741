"""Content Credentials of exported evidence, read by the project's own reader."""

from __future__ import annotations

import io
import json
from pathlib import Path

import c2pa
import cv2
import numpy as np
import pytest

from audit.errors import SettingsInvalid
from audit.settings import Limits, Settings
from liveness.provenance import ManifestReading, ManifestState, read_manifest
from reports.proof.credentials import (
    ASSERTION,
    EvidenceSigner,
    Origin,
    evidence_signer,
    sign_pictures,
)
from tests.media_factory import clip
from tests.reports.proof.chain import chain

ORIGIN = Origin(recording_sha256="ab" * 32, start_s=12.5, end_s=12.5, report_id="rep_1")


def picture() -> bytes:
    ok, data = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))
    assert ok
    return bytes(data.tobytes())


def signer() -> EvidenceSigner:
    return EvidenceSigner(chain().certificates, chain().private_key)


def read(path: Path, anchors: str | None = None) -> ManifestReading:
    trusted = None
    if anchors is not None:
        trusted = path.with_suffix(".pem")
        trusted.write_text(anchors, encoding="ascii")
    return read_manifest(path, Limits(), trust_anchors=trusted)


def test_a_signed_picture_says_where_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "frame.jpg"
    file.write_bytes(signer().sign(picture(), "image/jpeg", ORIGIN))
    found = read(file, chain().root)
    assert found.state is ManifestState.VALID
    assert (found.signer, found.issuer) == ("Example Staffing evidence", "Example Staffing Ltd")
    assert found.generator.startswith("Fairwitness")
    assert [claim.action for claim in found.claims] == ["c2pa.opened"]
    assert read(file).state is ManifestState.UNTRUSTED
    store = json.loads(c2pa.Reader("image/jpeg", io.BytesIO(file.read_bytes())).json())
    active = store["manifests"][store["active_manifest"]]
    said = {a["label"]: a["data"] for a in active["assertions"]}[ASSERTION]
    assert said == {
        "report_id": "rep_1",
        "recording_sha256": "ab" * 32,
        "start_s": 12.5,
        "end_s": 12.5,
    }


def test_a_changed_picture_is_told(tmp_path: Path) -> None:
    data = signer().sign(picture(), "image/jpeg", ORIGIN)
    file = tmp_path / "frame.jpg"
    file.write_bytes(data[:-12] + bytes([data[-12] ^ 1]) + data[-11:])
    assert read(file).state is ManifestState.TAMPERED


def test_the_picture_itself_stays_as_it_was() -> None:
    before = cv2.imdecode(np.frombuffer(picture(), np.uint8), cv2.IMREAD_COLOR)
    signed = signer().sign(picture(), "image/jpeg", ORIGIN)
    after = cv2.imdecode(np.frombuffer(signed, np.uint8), cv2.IMREAD_COLOR)
    assert before is not None and after is not None
    assert np.array_equal(before, after)


def test_a_clip_is_signed_too(tmp_path: Path) -> None:
    data = clip(tmp_path / "clip.mp4", 0.4).read_bytes()
    origin = Origin(recording_sha256="cd" * 32, start_s=3.0, end_s=3.4, report_id="rep_2")
    file = tmp_path / "signed.mp4"
    file.write_bytes(signer().sign(data, "video/mp4", origin))
    assert read(file, chain().root).state is ManifestState.VALID


def test_only_pictures_of_known_origin_are_signed() -> None:
    held = {"a.jpg": picture(), "b.jpg": picture()}
    made = sign_pictures(held, {"a.jpg": ORIGIN}, signer())
    assert made["b.jpg"] == held["b.jpg"] and made["a.jpg"] != held["a.jpg"]


def test_settings_name_both_files_or_none(tmp_path: Path) -> None:
    assert evidence_signer(Settings()) is None
    certificates, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificates.write_text(chain().certificates, encoding="ascii")
    key.write_text(chain().private_key, encoding="ascii")
    both = Settings(c2pa_sign_certificates=certificates, c2pa_sign_key=key)
    assert evidence_signer(both) is not None
    with pytest.raises(SettingsInvalid, match="belong together"):
        evidence_signer(Settings(c2pa_sign_certificates=certificates))
    for broken in (tmp_path / "none.pem", tmp_path):
        with pytest.raises(SettingsInvalid, match="cannot be read"):
            evidence_signer(Settings(c2pa_sign_certificates=broken, c2pa_sign_key=key))
    with pytest.raises(SettingsInvalid, match="no PEM private key"):
        evidence_signer(Settings(c2pa_sign_certificates=certificates, c2pa_sign_key=certificates))
