"""Content Credentials: states, codes, texts, and that nothing is fetched."""

from __future__ import annotations

import csv
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.confined.entry import SourceFile
from audit.errors import MediaUnreadable, SettingsInvalid
from audit.facts import MediaFacts
from audit.interview import Interview
from audit.settings import Limits
from audit.types import Signal, Status
from liveness.manifest_reader import MOST_CLAIMS, OFFLINE, plain_reading
from liveness.provenance import (
    ActionClaim,
    ManifestReading,
    ManifestState,
    Provenance,
    read_manifest,
    reading_of,
)
from tests.media_factory import clip

LIMITS = Limits()


def rows(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "c2pa" / "expected_c2pa_python.csv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


def read_here(path: Path, anchors: str = "") -> ManifestReading:
    """The reading without a subprocess, for the many files of the table."""
    with path.open("rb") as file:
        return reading_of(plain_reading(SourceFile(file.fileno()), path.suffix[1:], anchors))


def inspect(path: Path | str, **more: Any) -> Signal:
    facts = MediaFacts(sha256="", size=0, format="", duration_s=2.0, streams=())
    interview = Interview("recording", facts, models=None, source_path=str(path), **more)  # type: ignore[arg-type]
    return Provenance().inspect(interview)


def certificates(path: Path) -> str:
    """The certificates that signed a file, as PEM: DER sequences found in its bytes."""
    data, found, at = path.read_bytes(), [], 0
    while (at := data.find(b"\x30\x82", at)) >= 0:
        size = int.from_bytes(data[at + 2 : at + 4], "big") + 4
        der = data[at : at + size]
        if len(der) == size and der[4:6] == b"\x30\x82":
            found.append(ssl.DER_cert_to_PEM_cert(der))
        at += 1
    return "".join(found)


@pytest.mark.shared_data
def test_every_published_file_has_the_expected_verdict(shared_data: Path) -> None:
    wrong = []
    for row in rows(shared_data):
        reading = read_here(shared_data / row["file"])
        expected = (row["validation_state"], row["has_active_manifest"])
        got = (reading.validation_state or "ERROR", str(reading.has_manifest))
        codes = (";".join(reading.codes), ";".join(reading.failures))
        if expected[0] == "ERROR":
            same = got[0] == "ERROR" and reading.error in row["validation_status_codes"]
        else:
            wanted = (row["validation_status_codes"], row["active_failure_codes"])
            same = got == expected and codes == wanted
        if not same:
            wrong.append((row["file"], got, codes, reading.error))
    assert wrong == []


@pytest.mark.shared_data
def test_errors_become_absent_only_where_nothing_was_found(shared_data: Path) -> None:
    for row in rows(shared_data):
        if row["validation_state"] != "ERROR":
            continue
        reading = read_here(shared_data / row["file"])
        missing = "ManifestNotFound" in row["validation_status_codes"]
        assert reading.state is (ManifestState.ABSENT if missing else ManifestState.UNREADABLE)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("c2pa-rs/video1.mp4", Status.NO_INDICATION, "untrusted"),
        ("c2pa-rs/video1_no_manifest.mp4", Status.NO_INDICATION, "absent"),
        ("c2pa-rs/dashinit.mp4", Status.REVIEW, "tampered"),
        ("c2pa-rs/cloud.jpg", Status.INCONCLUSIVE, "manifest_elsewhere"),
        ("c2pa-rs/dash1.m4s", Status.INCONCLUSIVE, "format_not_supported"),
        ("c2pa-rs/nested_moov_1000.mp4", Status.INCONCLUSIVE, "unreadable"),
        (
            "public-testfiles/image/jpeg/nikon-20221019-building.jpeg",
            Status.INCONCLUSIVE,
            "expired",
        ),
    ],
)
def test_signal_in_the_limited_subprocess(
    shared_data: Path, name: str, status: Status, code: str
) -> None:
    signal = inspect(shared_data / "c2pa" / name)
    assert (signal.status, signal.reason.code) == (status, code)
    assert bool(signal.evidence) == (status is Status.REVIEW)
    assert "http" not in signal.reason.text


@pytest.mark.shared_data
def test_a_trusted_signer_is_named(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "c2pa" / "c2pa-rs" / "CA.jpg"
    pem = tmp_path / "anchors.pem"
    pem.write_text(certificates(file), encoding="ascii")
    signal = inspect(file, c2pa_trust_anchors=pem)
    assert (signal.status, signal.reason.code) == (Status.NO_INDICATION, "valid")
    assert signal.measurements["validation_state"] == "Trusted"
    assert "C2PA Signer" in signal.reason.text


@pytest.mark.shared_data
def test_a_trusted_signer_does_not_heal_a_broken_signature(shared_data: Path) -> None:
    file = shared_data / "c2pa" / "c2pa-rs" / "E-sig-CA.jpg"
    assert read_here(file, certificates(file)).state is ManifestState.TAMPERED


@pytest.mark.shared_data
def test_declared_generated_media_is_for_review(shared_data: Path) -> None:
    declared = [
        reading
        for row in rows(shared_data)
        if (reading := read_here(shared_data / row["file"])).state is ManifestState.UNTRUSTED
        and any(c.source_type == "trainedAlgorithmicMedia" for c in reading.claims)
    ]
    assert declared
    for reading in declared:
        signal = Provenance()._signal(reading, 3.0)
        assert (signal.status, signal.reason.code) == (Status.REVIEW, "declares_generated_media")


def test_plain_file_has_none(tmp_path: Path) -> None:
    signal = inspect(clip(tmp_path / "plain.mp4", 0.4))
    assert (signal.status, signal.reason.code) == (Status.NO_INDICATION, "absent")
    assert signal.measurements["state"] == "absent"
    assert signal.likelihood_ratio is None


def test_a_set_of_images_is_inconclusive(tmp_path: Path) -> None:
    for source in (tmp_path, ""):
        assert inspect(source).reason.code == "not_one_file"


def test_nothing_may_be_fetched() -> None:
    assert OFFLINE["verify"]["remote_manifest_fetch"] is False
    assert OFFLINE["verify"]["ocsp_fetch"] is False
    assert OFFLINE["core"]["allowed_network_hosts"] == []


def test_missing_file_and_unusable_anchors_are_named(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreadable, match=r"gone\.mp4"):
        read_manifest(tmp_path / "gone.mp4", LIMITS)
    file = clip(tmp_path / "a.mp4", 0.2)
    with pytest.raises(SettingsInvalid, match=r"none\.pem"):
        read_manifest(file, LIMITS, trust_anchors=tmp_path / "none.pem")
    (tmp_path / "empty.pem").write_bytes(b"")
    with pytest.raises(SettingsInvalid, match="no PEM"):
        read_manifest(file, LIMITS, trust_anchors=tmp_path / "empty.pem")


def test_a_limit_that_is_hit_is_inconclusive(tmp_path: Path) -> None:
    file = clip(tmp_path / "a.mp4", 0.2)
    signal = inspect(file, limits=Limits(wall_s=0.001))
    assert (signal.status, signal.reason.code) == (Status.INCONCLUSIVE, "unreadable")


def test_random_bytes_never_raise(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    for suffix in ("mp4", "jpg", "wav", ""):
        file = tmp_path / f"noise.{suffix}"
        file.write_bytes(rng.integers(0, 256, 4096, dtype=np.uint8).tobytes())
        assert read_here(file).state in (ManifestState.ABSENT, ManifestState.UNREADABLE)


def test_texts_from_the_file_are_bounded_and_printable() -> None:
    reading = reading_of(
        {
            "validation_state": "Valid",
            "has_manifest": True,
            "codes": [],
            "failures": [],
            "signer": "S",
            "issuer": "I",
            "signed_at": "",
            "generator": "g",
            "claims": [["c2pa.created", "tool", "digitalCapture", True]] * MOST_CLAIMS,
        }
    )
    assert reading.claims[0] == ActionClaim("c2pa.created", "tool", "digitalCapture", True)
    signal = Provenance()._signal(reading, 1.0)
    assert signal.status is Status.NO_INDICATION
    assert "S (I)" in signal.reason.text


def test_codes_outside_the_lists_are_not_judged() -> None:
    odd = ManifestReading(ManifestState.UNREADABLE, "Invalid", True, ("claim.cbor.invalid",))
    signal = Provenance()._signal(odd, 1.0)
    assert signal.status is Status.INCONCLUSIVE
    assert "claim.cbor.invalid" in signal.reason.text


def test_a_mismatch_in_an_earlier_version_is_said_so() -> None:
    inner = ManifestReading(
        ManifestState.TAMPERED, "Invalid", True, ("claimSignature.mismatch",), failures=()
    )
    assert "earlier version" in Provenance()._signal(inner, 1.0).reason.text
    outer = replace(inner, failures=("claimSignature.mismatch",))
    assert "earlier version" not in Provenance()._signal(outer, 1.0).reason.text
