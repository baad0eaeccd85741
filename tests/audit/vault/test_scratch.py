"""Decrypted files are private, go away, and are found again after a crash."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audit.errors import SettingsInvalid, StorageFull
from audit.vault import Scratch

OLD = 3600


def aged(path: Path) -> Path:
    when = time.time() - OLD
    os.utime(path, (when, when))
    return path


def test_a_file_is_private_and_removed(tmp_path: Path) -> None:
    scratch = Scratch((tmp_path / "s",))
    with scratch.file(10, suffix=".mp4") as (path, file):
        file.write(b"plain")
        file.flush()
        assert path.suffix == ".mp4"
        assert path.read_bytes() == b"plain"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list((tmp_path / "s").iterdir()) == []


def test_a_file_is_removed_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Scratch((tmp_path / "s",)).file(1):
        raise ZeroDivisionError
    assert list((tmp_path / "s").iterdir()) == []


def test_the_first_folder_with_room_is_taken(tmp_path: Path) -> None:
    memory, disk = tmp_path / "memory", tmp_path / "disk"
    with Scratch((memory, disk)).file(1) as (path, _):
        assert path.parent == memory
    with pytest.raises(StorageFull, match="disk"):
        Scratch((memory, disk), floor_bytes=1 << 60).file(1).__enter__()


def test_a_folder_without_room_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    usage = shutil.disk_usage(tmp_path)

    def told(folder: Path) -> object:
        return usage._replace(free=10 if folder.name == "memory" else 10_000)

    monkeypatch.setattr(shutil, "disk_usage", told)
    scratch = Scratch((tmp_path / "memory", tmp_path / "disk"), floor_bytes=100)
    with scratch.file(1) as (path, _):
        assert path.parent.name == "disk"


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(SettingsInvalid, match="0700"):
        Scratch((tmp_path,)).file(1).__enter__()


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "s").symlink_to(tmp_path / "real")
    with pytest.raises(SettingsInvalid):
        Scratch((tmp_path / "s",)).file(1).__enter__()


def test_sweeping_takes_only_what_nobody_holds(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    scratch = Scratch((folder,))
    with scratch.file(1) as (held, _):
        aged(held)
        left = folder / "open-left.mp4"
        left.write_bytes(b"plain media of a killed process")
        young = folder / "open-young"
        young.write_bytes(b"")
        other = folder / "notes.txt"
        other.write_bytes(b"")
        aged(other)
        aged(left)
        assert scratch.sweep() == 1
        assert held.exists()
        assert young.exists()
        assert other.exists()
        assert not left.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from audit.vault import Scratch
with Scratch((Path(sys.argv[1]),)).file(1) as (path, file):
    file.write(b"plain media")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_file_of_a_killed_process_is_swept(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    assert done.returncode == -9
    (left,) = folder.iterdir()
    aged(left)
    assert Scratch((folder,)).sweep() == 1
    assert list(folder.iterdir()) == []
