"""The fairness commands from outside: exit codes, messages, files."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from api import cli
from api.fairness_output import FILES
from datasets.hiring import SPEC, HiringMaterial, make_hiring
from reports.fairness_json import read_audit
from reports.proof.envelope import Envelope


def run_verify(file: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of `fairwitness verify FILE`."""
    monkeypatch.setattr(sys, "argv", ["fairwitness", "verify", str(file)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def run(arguments: Sequence[object], monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of `fairwitness fairness ...`, run in this process."""
    monkeypatch.setattr(sys, "argv", ["fairwitness", "fairness", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    code = ended.value.code
    return code if isinstance(code, int) else 0


@pytest.fixture(autouse=True)
def own_keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are made in a folder of the test run."""
    monkeypatch.setenv("FAIRWITNESS_DATA_DIR", str(tmp_path_factory.getbasetemp() / "keys"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> HiringMaterial:
    """A small made-up process, its specification with few replicates."""
    folder = tmp_path_factory.mktemp("hiring")
    material = make_hiring(folder, count=500, seed=2)
    spec: dict[str, Any] = {**SPEC, "replicates": 200}
    material.spec.write_text(yaml.safe_dump(spec), "utf-8")
    return material


def test_an_audit_writes_its_files(
    made: HiringMaterial,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["audit", made.candidates, "--spec", made.spec, "--ratings", made.ratings]
    stamp = ["--made-at", "2025-01-01"]
    for name in ("first", "second"):
        assert run([*arguments, "--out", tmp_path / name, *stamp], monkeypatch) == 0
    first, second = (tmp_path / name / "audit.json" for name in ("first", "second"))
    for name in ("audit.json", *FILES.values()):
        assert (first.parent / name).read_bytes() == (second.parent / name).read_bytes()
    document = read_audit(json.loads(first.read_text("utf-8")))
    assert document.run.made_at == "2025-01-01T00:00:00Z"
    assert document.data.persons == 500
    assert (tmp_path / "first" / "tables" / "findings.csv").exists()
    signed = Envelope.model_validate_json((first.parent / "report.json").read_bytes())
    assert signed.document.data["audit"] == json.loads(first.read_text("utf-8"))
    for name in FILES.values():
        assert run_verify(first.parent / name, monkeypatch) == 0
    out = capsys.readouterr().out
    assert "500 persons" in out
    assert "not a legal conclusion" in out.replace("\n", " ")


def test_cubes_are_counted_merged_and_audited(
    made: HiringMaterial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cube, both, out = tmp_path / "a.json", tmp_path / "both.json", tmp_path / "out"
    counting = ["cube", made.candidates, "-s", made.spec, "--ratings", made.ratings, "-o", cube]
    assert run(counting, monkeypatch) == 0
    assert run(["merge", cube, cube, "--out", both], monkeypatch) == 0
    assert run(["audit", "--cube", both, "--spec", made.spec, "--out", out], monkeypatch) == 0
    document = read_audit(json.loads((out / "audit.json").read_text("utf-8")))
    assert document.data.persons == 1000
    assert document.data.kind == "cube"


def test_a_draft_can_be_read_back(
    made: HiringMaterial,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "spec.yaml"
    assert run(["init", made.candidates, "--out", out], monkeypatch) == 0
    assert "outcome" in capsys.readouterr().out
    assert "features:" in out.read_text("utf-8")
    assert run(["init", made.candidates], monkeypatch) == 0
    assert capsys.readouterr().out == out.read_text("utf-8")


def test_a_published_table_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "published.csv"
    table.write_text(
        "category,applicants,selected,selection rate,impact ratio\n"
        "Male,100,50,50%,1.00\nFemale,100,30,30%,0.75\n",
        "utf-8",
    )
    out = tmp_path / "check.json"
    assert run(["check-published", table, "--out", out], monkeypatch) == 0
    document = json.loads(out.read_text("utf-8"))
    assert document["recomputes"] == "no"
    assert "ratio_mismatch" in document["by_code"]
    assert "recompute" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["audit", "none.csv", "--spec", "none.yaml", "--out", "x"], "none.yaml"),
        (["audit", "none.csv", "--out", "x"], "--spec"),
        (["audit", "--cube", "none.json", "--out", "x"], "none.json"),
        (["merge", "none.json", "--out", "x"], "at least two"),
        (["check-published", "none.csv"], "none.csv"),
        (["init", "none.csv"], "none.csv"),
        (["audit", "--cube", "a", "b.csv", "--out", "x"], "counts alone"),
        (["audit", "--cube", "a", "--out", "x", "--made-at", "noon"], "--made-at"),
    ],
)
def test_what_cannot_be_used_is_the_users_error(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments, monkeypatch) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_word_that_no_list_names_is_told_with_its_row(
    made: HiringMaterial,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = made.candidates.read_text("utf-8").replace("Rejected", "Refused", 1)
    data = tmp_path / "data.csv"
    data.write_text(text, "utf-8")
    arguments = ["audit", data, "-s", made.spec, "--ratings", made.ratings, "-o", tmp_path / "x"]
    assert run(arguments, monkeypatch) == 2
    error = capsys.readouterr().err
    assert "Refused" in error
    assert "decision" in error


def test_a_broken_cube_names_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cube.json"
    path.write_text("{}", "utf-8")
    assert run(["audit", "--cube", path, "--out", tmp_path / "x"], monkeypatch) == 2
    assert "cube.json" in capsys.readouterr().err


def test_starting_the_command_imports_no_statistics() -> None:
    import subprocess

    code = "import sys, api.cli; sys.exit(any(m.startswith('fairness') for m in sys.modules))"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
