"""What docs/verifying.md says of the bytes is enough to verify a report without this software."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from reports.proof import reading, zips
from reports.proof.bundle import MANIFEST
from reports.proof.zips import bare, read_zip
from tests.reports.proof.material import bundled, sealed_letter, signer

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "verifying.md").read_text("utf-8")


def run(file: Path) -> subprocess.CompletedProcess[str]:
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    command = [sys.executable, "-I", "-c", script, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_script_of_the_page_verifies_a_report(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(sealed_letter().json_bytes)
    assert run(file).stdout.strip() == f"signed by {signer().public.hex()}"
    file.write_bytes(sealed_letter().json_bytes.replace(b'"de"', b'"es"'))
    assert run(file).returncode != 0


def test_the_page_names_every_member_and_limit() -> None:
    for name in read_zip(bare(bundled())):
        folder = name.partition("/")[0] + "/"
        assert name in PAGE or folder in PAGE or name.startswith("report."), name
    assert MANIFEST in PAGE
    for limit in (reading.LARGEST_FILE, reading.LARGEST_JSON, zips.MOST_BYTES):
        assert f"{limit >> 20} MiB" in PAGE
    assert f"{zips.MOST_MEMBERS:,} members" in PAGE
