"""`fairwitness scorecard`: from trials to files, and against accepted figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from api.cli import app
from audit.errors import AuditError, InputError
from datasets.scorecard import schema
from datasets.scorecard.page import START, read_reference, renewed
from datasets.trials import Trial, read_trials, write_trials
from tests.datasets.made_trials import trials

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "scorecard"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAIRWITNESS_DATA_DIR", str(tmp_path / "home"))
    return tmp_path


def held(missed: int = 1) -> list[Trial]:
    return [
        *trials("n" * 19 + "r"),
        *trials("n" * missed + "r" * (20 - missed), species="face.made_up", start="a"),
    ]


def given(folder: Path, made: list[Trial], name: str = "given.csv") -> Path:
    write_trials(folder / name, made)
    return folder / name


def run(*words: object) -> str:
    done = CliRunner().invoke(app, ["scorecard", *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_a_file_of_trials_becomes_a_scorecard(home: Path) -> None:
    run("--from", given(home, held()), "--out", home / "out")
    names = {path.name for path in (home / "out").iterdir()}
    assert names == {"trials.csv", "scorecard.json", "scorecard.html", "scorecard.pdf"}
    assert read_trials(home / "out" / "trials.csv") == held()
    card = json.loads((home / "out" / "scorecard.json").read_text())
    Draft202012Validator(json.loads(schema.text())).validate(card)
    (detector,) = card["detectors"]
    assert detector["species"][0]["apcer"]["value"] == 0.05
    assert detector["overall"]["bpcer"]["value"] == 0.05
    assert (home / "out" / "scorecard.pdf").read_bytes().startswith(b"%PDF")


def test_counting_anew_gives_the_same_figures(home: Path) -> None:
    run("--from", given(home, held()), "--out", home / "one")
    run("--from", home / "one" / "trials.csv", "--out", home / "two")
    one, two = ((home / name / "scorecard.json").read_bytes() for name in ("one", "two"))
    assert one == two


def test_accepted_figures_hold_until_one_falls(home: Path) -> None:
    accepted = home / "reference.json"
    run("--from", given(home, held()), "--out", home / "out", "--accept", accepted)
    said = run("--from", given(home, held(3)), "--out", home / "out", "--against", accepted)
    assert "accepted figures hold" in said
    with pytest.raises(AuditError, match=r"APCER, face\.made_up: was 0\.050"):
        run("--from", given(home, held(12)), "--out", home / "out", "--against", accepted)


def test_only_the_detectors_asked_for_are_counted(home: Path) -> None:
    both = [*held(), *trials("nr", detector="other")]
    run("--from", given(home, both), "--out", home / "out", "--detector", "other")
    card = json.loads((home / "out" / "scorecard.json").read_text())
    assert [each["name"] for each in card["detectors"]] == ["other"]


def test_what_cannot_be_used_is_said(home: Path) -> None:
    (home / "bad.csv").write_text("a,b\n1,2\n")
    cases: list[tuple[list[object], str]] = [
        (["--from", home / "none.csv"], "No such file"),
        (["--from", home / "bad.csv"], "the columns must be"),
        (["--from", given(home, [])], "not one trial"),
        (["--data", home / "nowhere"], "no such folder"),
        (["--detector", "nothing_like_it"], "nothing_like_it"),
    ]
    for words, why in cases:
        with pytest.raises(InputError, match=why):
            run(*words, "--out", home / "out")
    with pytest.raises(InputError, match="no file of accepted figures"):
        run("--from", given(home, held()), "--out", home / "out", "--against", home / "bad.csv")


def test_the_published_schema_is_the_one_in_force() -> None:
    made = DOCS.joinpath(schema.FILE).read_text("utf-8")
    assert made == schema.text(), "run: python -m datasets.scorecard.schema docs/scorecard"


def test_the_page_has_the_accepted_figures() -> None:
    page = DOCS.joinpath("README.md").read_text("utf-8")
    assert START in page
    assert renewed(page, read_reference(DOCS)) == page, (
        "run: python -m datasets.scorecard.page docs/scorecard"
    )
