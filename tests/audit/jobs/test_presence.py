"""Workers of one machine see one another die at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.jobs.presence import Presence

HOLD = """
import sys, time
from pathlib import Path
from audit.jobs.presence import Presence
presence = Presence("wkr_child", Path(sys.argv[1]))
presence.appear()
print("there", flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workers"


def test_a_killed_process_is_gone_and_a_living_one_is_not(folder: Path) -> None:
    here = Presence("wkr_here", folder)
    here.appear()
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout and child.stdout.readline() == b"there\n"
        assert here.gone(["wkr_child", "wkr_here", "wkr_elsewhere"]) == set()
        child.kill()
    assert here.gone(["wkr_child", "wkr_here", "wkr_elsewhere"]) == {"wkr_child"}
    here.clear({"wkr_child"})
    assert here.gone(["wkr_child"]) == set()
    here.leave()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_may_write_to_tells_nothing(folder: Path, mode: int) -> None:
    folder.mkdir()
    folder.chmod(mode)
    presence = Presence("wkr_here", folder)
    presence.appear()
    assert list(folder.iterdir()) == []
    (folder / "wkr_other").touch()
    assert presence.gone(["wkr_other"]) == set()
    presence.leave()


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    presence = Presence("wkr_here", folder)
    presence.appear()
    (tmp_path / "target").touch()
    (folder / "wkr_link").symlink_to(tmp_path / "target")
    assert presence.gone(["wkr_link"]) == set()
    presence.leave()


def test_litter_of_long_dead_workers_is_removed(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for name, age_s in (("wkr_old", 10 * 86_400), ("wkr_new", 60)):
        (folder / name).touch()
        then = (folder / name).stat().st_mtime - age_s
        os.utime(folder / name, (then, then))
    presence = Presence("wkr_here", folder)
    presence.appear()
    assert {path.name for path in folder.iterdir()} == {"wkr_new", "wkr_here"}
    presence.leave()
