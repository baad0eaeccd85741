"""Private files for decrypted media, while something reads them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from audit.errors import SettingsInvalid, StorageFull, StorageUnavailable

_PREFIX = "open-"
_YOUNG_S = 60.0
"""A file this young may be of a process that has made it and not locked it yet."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """Folders for decrypted files; the first that has room is taken, so put memory first.

    Each file is readable by its owner alone and locked while in use: what a killed process left is
    known by its free lock, and `sweep` removes it.
    """

    folders: tuple[Path, ...]
    floor_bytes: int = 0

    @contextlib.contextmanager
    def file(self, size: int, *, suffix: str = "") -> Iterator[tuple[Path, BinaryIO]]:
        """An empty private file with room for `size` bytes, removed at the end, come what may.

        Raises:
            StorageFull: no folder has that much room above the floor.
        """
        folder = self._roomy(size)
        try:
            fd, name = tempfile.mkstemp(prefix=_PREFIX, suffix=suffix, dir=folder)
        except OSError as error:
            raise StorageUnavailable(f"{folder} cannot be written: {error.strerror}") from error
        path = Path(name)
        try:
            with os.fdopen(fd, "wb") as file:
                fcntl.flock(fd, fcntl.LOCK_EX)
                yield path, file
        finally:
            path.unlink(missing_ok=True)

    def sweep(self) -> int:
        """Removes the files of processes that are gone; returns how many. Call it at the start."""
        done = 0
        for folder in self.folders:
            for path in _private(folder).glob(f"{_PREFIX}*"):
                done += _removed_if_left(path)
        return done

    def _roomy(self, size: int) -> Path:
        for folder in self.folders:
            if shutil.disk_usage(_private(folder)).free - size >= self.floor_bytes:
                return folder
        names = ", ".join(str(folder) for folder in self.folders)
        raise StorageFull(f"there is no room for {size} decrypted bytes in {names}")


def _private(folder: Path) -> Path:
    """The folder, made if need be; others must have no part in it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise SettingsInvalid(f"{folder} cannot be used: {error.strerror}") from error
    others = stat.S_IRWXG | stat.S_IRWXO
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & others:
        raise SettingsInvalid(
            f"{folder} must be a folder of this user that nobody else may enter (mode 0700)"
        )
    return folder


def _removed_if_left(path: Path) -> bool:
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        if os.fstat(fd).st_mtime > time.time() - _YOUNG_S:
            return False
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(fd)
