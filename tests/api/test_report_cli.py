"""`fairwitness report`: build from files, render again to the same bytes, compare."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from audit.errors import AuditError, InputError
from reports.canonical import canonical
from reports.proof.envelope import Envelope
from tests import filed
from tests.reports.compose import fairness_material as material

MADE = "2026-03-01T09:00:00Z"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command line's own folder, with an audit and answers beside it."""
    monkeypatch.setenv("FAIRWITNESS_DATA_DIR", str(tmp_path / "home"))
    (tmp_path / "audit.json").write_bytes(canonical(material.dcwp()))
    answers = filed.answers()
    lines = [
        f"{name}: {{value: {json.dumps(each['value'])}, by: Jane Doe, on: {each['on']}}}"
        for name, each in answers.items()
    ]
    (tmp_path / "answers.yaml").write_text("\n".join(lines))
    return tmp_path


def run(*words: object) -> str:
    done = CliRunner().invoke(app, ["report", *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def built(folder: Path, kind: str, *more: object, out: str = "out") -> str:
    files = ("--audit", folder / "audit.json", "--answers", folder / "answers.yaml")
    return run("build", kind, *files, "--out", folder / out, "--made-at", now(), *more)


def now() -> str:
    return datetime.now(UTC).isoformat()


def envelope(path: Path) -> Envelope:
    return Envelope.model_validate_json(path.read_bytes())


def test_a_summary_is_built_rendered_again_and_verified(home: Path) -> None:
    said = built(home, "ll144_summary", "--publisher", "Example Inc")
    assert "not ready" not in said and said.count("Wrote") == 5
    out = home / "out"
    names = {path.name for path in out.iterdir()}
    endings = ("json", "html", "pdf", "csv.zip", "docx")
    assert names == {f"ll144_summary.{each}" for each in endings}
    document = envelope(out / "ll144_summary.json").document
    assert document.publisher == "Example Inc" and not document.data["shown"].get("open")
    for format, ending in zip(("html", "pdf", "csv", "docx"), endings[1:], strict=True):
        source = out / ("ll144_summary.pdf" if format != "pdf" else "ll144_summary.json")
        again = home / f"again.{format}"
        run("render", source, "--format", format, "--out", again)
        assert again.read_bytes() == (out / f"ll144_summary.{ending}").read_bytes(), format
        done = CliRunner().invoke(app, ["verify", str(again)])
        assert done.exit_code == 0, done.output


def test_who_has_not_the_key_renders_without_the_files_own_proof(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(home, "ll144_summary", "--format", "json")
    file = home / "out" / "ll144_summary.json"
    monkeypatch.setenv("FAIRWITNESS_DATA_DIR", str(home / "elsewhere"))
    with pytest.raises(AuditError, match="not at hand"):
        run("render", file, "--format", "html")
    run("render", file, "--format", "html", "--without-proof")
    assert b"fairwitness-envelope" in (home / "out" / "ll144_summary.html").read_bytes()


@pytest.mark.parametrize("kind", ["adverse_impact_record", "fairness_audit"])
def test_other_documents_of_an_audit(home: Path, kind: str) -> None:
    built(home, kind, "--format", "json")
    assert envelope(home / "out" / f"{kind}.json").document.kind == kind


def test_a_regime_file_of_two_packs(home: Path) -> None:
    built(home, "regime_file", "--pack", "ll144", "--pack", "ugesp", "--format", "json")
    document = envelope(home / "out" / "regime_file.json").document
    assert [use.id for use in document.packs] == ["ll144", "ugesp"]
    assert document.data["summary"]["recorded"] >= len(filed.answers())


def test_a_governance_report_of_a_period(home: Path) -> None:
    source = Path(__file__).parents[1] / "reports" / "compose" / "period.json"
    words = ("--period", source, "--out", home / "out", "--format", "json")
    run("build", "governance", *words)
    assert envelope(home / "out" / "governance.json").document.kind == "governance"


def test_an_incomplete_summary_says_so(home: Path) -> None:
    (home / "answers.yaml").write_text("ll144.scope: {value: in_scope, by: A, on: 2026-03-01}")
    assert "It is not ready" in built(home, "ll144_summary", "--format", "json")


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ("- a\n- b", "expected members"),
        ("a: [", "not YAML"),
        ("ll144.no_such: {value: 1, by: A, on: 2026-03-01}", "no rule pack has a field"),
        ("ll144.scope: in_scope", "give value, by"),
        ("ll144.scope: {value: maybe, by: A, on: 2026-03-01}", "one of in_scope"),
    ],
)
def test_answers_that_do_not_fit_are_refused(home: Path, answers: str, told: str) -> None:
    (home / "answers.yaml").write_text(answers)
    with pytest.raises(InputError, match=told):
        built(home, "ll144_summary")


def test_what_is_missing_is_named(home: Path) -> None:
    with pytest.raises(InputError, match="--audit"):
        run("build", "ll144_summary", "--out", home / "out")
    with pytest.raises(InputError, match="--pack"):
        built(home, "regime_file")
    with pytest.raises(InputError, match="--period"):
        run("build", "governance", "--out", home / "out")
    with pytest.raises(InputError, match="time"):
        run("build", "governance", "--out", home / "out", "--made-at", "yesterday")
    with pytest.raises(InputError, match="cannot be read"):
        run("diff", home / "none.json", home / "none.json")


def test_two_reports_are_compared_in_any_format(home: Path) -> None:
    built(home, "ll144_summary", "--format", "json", "--format", "html", out="a")
    cells: list[Any] = [
        (sex, race, count, selected + (sex == "Male" and race == "Asian"))
        for sex, race, count, selected in material.dcwp_cells()
    ]
    (home / "audit.json").write_bytes(canonical(material.of_cells(cells)))
    built(home, "ll144_summary", "--format", "json", out="b")
    before, after = home / "a" / "ll144_summary.html", home / "b" / "ll144_summary.json"
    said = run("diff", before, after, "--html", home / "diff.html")
    assert "numbers and" in said and "Number selected: 667 -> 668  (+1)" in said
    assert "What changed" in (home / "diff.html").read_text()
    plain = json.loads(run("diff", before, after, "--json"))
    assert plain["format"] == "fairwitness-diff/1" and plain["counts"]["numbers"] > 10
    assert "Nothing changed" in run("diff", after, after)
    tampered = home / "t.json"
    tampered.write_bytes(after.read_bytes().replace(b'"ll144_summary"', b'"regime_file"', 1))
    with pytest.raises(InputError):
        run("diff", before, tampered)
