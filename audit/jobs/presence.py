"""Signs of life for workers of the same machine: a locked file, which the kernel unlocks at death.

A worker that is killed and started again need not wait for its own silence to count as death. Where
the file cannot be seen (another machine, another container), only silence tells.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_KEEP_S = 7 * 86_400.0


class Presence:
    """Holds this worker's file, and looks at those of others."""

    def __init__(self, worker: str, folder: Path | None = None) -> None:
        uid = os.getuid()
        self._folder = folder or Path(tempfile.gettempdir()) / f"fairwitness-workers-{uid}"
        self._worker = worker
        self._file: int | None = None

    def appear(self) -> None:
        """Makes and locks the file. Without a folder that is ours alone, does nothing."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            about = self._folder.lstat()
            if about.st_uid != os.getuid() or about.st_mode & 0o022 or self._folder.is_symlink():
                return
            path = self._folder / self._worker
            self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        except OSError:
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):  # another one clears up at the same moment
            long_ago = time.time() - _KEEP_S
            names = [p.name for p in self._folder.iterdir() if p.lstat().st_mtime < long_ago]
            self.clear(self.gone(names))

    def leave(self) -> None:
        """Removes the file."""
        if self._file is not None:
            (self._folder / self._worker).unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def gone(self, workers: Iterable[str]) -> set[str]:
        """Those of these workers that surely are dead."""
        return set() if self._file is None else {w for w in workers if self._gone(w)}

    def clear(self, workers: Iterable[str]) -> None:
        """Removes the files of dead workers."""
        for worker in workers:
            (self._folder / worker).unlink(missing_ok=True)

    def _gone(self, worker: str) -> bool:
        try:
            file = os.open(self._folder / worker, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(file)
        return True
