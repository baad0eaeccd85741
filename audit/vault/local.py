"""Blobs as files in a folder: written beside, flushed to the disk, then renamed into place."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from audit.errors import BlobMissing, StorageFull, StorageUnavailable
from audit.vault.blobs import BlobInfo
from audit.vault.keys import checked

_INCOMING = ".incoming"
_READ_BYTES = 1 << 18
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_GONE = (errno.ENOENT, errno.ENOTDIR)


class LocalBlobs:
    """A folder that only its owner may read. Processes of one machine share it, or of several over
    a network file system that renames atomically.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / _INCOMING
        with _failures():
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._incoming.mkdir(mode=0o700, exist_ok=True)

    def __repr__(self) -> str:
        return f"LocalBlobs({str(self._root)!r})"

    def put_stream(self, key: str, chunks: Iterable[bytes]) -> int:
        """Writes, flushes and renames; the folder is flushed too, so the name outlives a crash."""
        target = self._path(key)
        with _failures():
            fd, name = tempfile.mkstemp(dir=self._incoming)
        try:
            size = 0
            for chunk in chunks:
                with _failures():
                    _write(fd, chunk)
                size += len(chunk)
            with _failures():
                os.fsync(fd)
                _publish(Path(name), target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)
        return size

    def open_stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        """The file's bytes from `offset`."""
        self.size(key)
        return self._read(key, offset)

    def size(self, key: str) -> int:
        """Bytes of the file."""
        with _failures():
            return self._path(key).stat().st_size

    def exists(self, key: str) -> bool:
        """Whether there is such a file."""
        with _failures():
            return self._path(key).is_file()

    def delete(self, key: str) -> None:
        """Unlinks the file, and the folder of parts that becomes empty."""
        path = self._path(key)
        with _failures():
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            with contextlib.suppress(FileNotFoundError):
                _flush(path.parent)
        if path.parent.parent != self._root:
            with contextlib.suppress(OSError):
                path.parent.rmdir()

    def list(self, prefix: str = "") -> Iterator[BlobInfo]:
        """All files below the folder, but those that are being written."""
        folder = self._path(prefix) if prefix else self._root
        for path in _files(folder):
            if path.parent == self._incoming:
                continue
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                when = datetime.fromtimestamp(status.st_mtime, UTC)
                yield BlobInfo(path.relative_to(self._root).as_posix(), status.st_size, when)

    def free_bytes(self) -> int | None:
        """What the file system gives to this user."""
        with _failures():
            return shutil.disk_usage(self._root).free

    def tidy(self, before: datetime) -> int:
        """Unlinks files that were being written and have not grown since."""
        done = 0
        for path in _files(self._incoming):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    done += 1
        return done

    def health(self) -> None:
        """Writes and removes an empty file."""
        with _failures(), tempfile.TemporaryFile(dir=self._incoming):
            pass

    def _path(self, key: str) -> Path:
        return self._root / checked(key)

    def _read(self, key: str, offset: int) -> Iterator[bytes]:
        with _failures():
            file = self._path(key).open("rb", buffering=0)
        with file:
            file.seek(offset)
            while True:
                with _failures():
                    piece = file.read(_READ_BYTES)
                if not piece:
                    return
                yield piece


def _write(fd: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(fd, view) :]


def _publish(path: Path, target: Path) -> None:
    """Renames into place. The folder may vanish in between, when its last file is deleted."""
    for _ in range(8):
        _make_folder(target.parent)
        with contextlib.suppress(FileNotFoundError):
            path.rename(target)
            _flush(target.parent)
            return
    raise StorageUnavailable("the folder of a stored file is removed again and again")


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _flush(folder.parent)


def _flush(folder: Path) -> None:
    """Makes names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _files(folder: Path) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _named(error) from error
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        else:
            yield Path(entry.path)


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    """Only around calls of the system: what the source of the chunks raises goes on as it is."""
    try:
        yield
    except OSError as error:
        raise _named(error) from error


def _named(error: OSError) -> BlobMissing | StorageFull | StorageUnavailable:
    if error.errno in _GONE:
        return BlobMissing("there is no such artefact in the media store")
    if error.errno in _FULL:
        return StorageFull("the disk of the media store is full; nothing of this was kept")
    return StorageUnavailable(f"the media store cannot be used: {error.strerror}")
