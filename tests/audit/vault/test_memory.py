"""Memory does not grow with an upload; `benchmarks/upload_memory.py` has the figures for 2 GB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("task", ["upload", "resumed"])
def test_an_upload_keeps_memory_flat(tmp_path: Path, task: str) -> None:
    command = [sys.executable, "-m", "benchmarks.upload_memory", "--task", task]
    command += ["--gigabytes", "0.25", "--folder", str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True)
    assert json.loads(done.stdout)["grown_mib"] < 32
