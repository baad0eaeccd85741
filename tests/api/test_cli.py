"""The commands from outside: exit codes, messages, files; one whole check with the real weights."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest

from api import cli, output
from api.progress import shown
from audit.check import quiet
from audit.errors import InputError, WeightsUnavailable
from audit.inference import Models
from audit.settings import Settings
from datasets.attacks.clips import ENCODINGS, make, render
from datasets.attacks.held_photo import held_photo
from datasets.demo import portrait
from datasets.voices import LOW, babble
from reports.canonical import canonical
from reports.check_json import check_document
from reports.document.check import faults
from reports.proof.envelope import Envelope
from tests.reports import material

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILES = ["report.html", "report.json", "report.pdf", "result.json"]


def run(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of `fairwitness ...`, run in this process."""
    monkeypatch.setattr(sys, "argv", ["fairwitness", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    code = ended.value.code
    return code if isinstance(code, int) else 0


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of a portrait held before a camera while a made-up voice babbles."""
    folder = tmp_path_factory.mktemp("recording")
    frames = np.stack(list(held_photo(portrait(), seconds=6.0, seed=5, size=(480, 360))))
    sound = np.repeat(babble(LOW, 6.0, 5), 3)
    return render(make(frames, 25.0, sound), folder / "held", ENCODINGS[0])


def test_a_missing_file_is_the_users_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["check", str(tmp_path / "none.mp4"), "--out", str(tmp_path)], monkeypatch)
    assert code == 2
    assert "there is no such file" in capsys.readouterr().err


def test_a_signal_that_is_off_by_default_is_turned_on_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = tmp_path / "a.mp4"
    video.touch()
    seen: list[tuple[str, ...]] = []

    def record(_video: Path, settings: Settings, *_: object, **__: object) -> None:
        seen.append(settings.optional_signals)
        raise InputError("seen enough")

    monkeypatch.setattr(cli, "open_models", lambda _settings: None)
    monkeypatch.setattr(cli, "run_check", record)
    out = ["--out", str(tmp_path / "out")]
    run(["check", str(video), *out], monkeypatch)
    run(["check", str(video), *out, "--signal", "assisted_answering"], monkeypatch)
    assert seen == [(), ("assisted_answering",)]


def test_one_recording_cannot_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").touch()
    assert run(["compare", str(tmp_path / "a.mp4")], monkeypatch) == 2
    assert "at least two" in capsys.readouterr().err


def test_a_bad_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAIRWITNESS_THREADS", "many")
    (tmp_path / "a.mp4").touch()
    assert run(["check", str(tmp_path / "a.mp4"), "--out", str(tmp_path)], monkeypatch) == 2
    assert "FAIRWITNESS_THREADS" in capsys.readouterr().err


def test_missing_weights_are_ours_and_say_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAIRWITNESS_WEIGHTS_DIR", str(tmp_path / "empty"))
    (tmp_path / "a.mp4").touch()
    assert run(["check", str(tmp_path / "a.mp4"), "--out", str(tmp_path)], monkeypatch) == 1
    assert "fairwitness models install" in capsys.readouterr().err


def test_a_fault_of_ours_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(cli, "app", fail)
    assert run([], monkeypatch) == 1
    assert "fault of ours" in capsys.readouterr().err


def test_errors_name_their_input() -> None:
    with pytest.raises(InputError, match=r"^talk\.mp4: broken"), cli.naming(Path("a/talk.mp4")):
        raise InputError("broken")
    with pytest.raises(InputError, match=r"^reference 2: broken"), cli.naming(Path("talk.mp4")):
        raise InputError("reference 2: broken")


def test_labels_are_unique() -> None:
    paths = [Path("x/a.mp4"), Path("y/a.mp4"), Path("b.mp4")]
    assert cli._labels(paths) == ("a.mp4 (1)", "a.mp4 (2)", "b.mp4")


def test_progress_is_silent_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with shown() as report:
        assert report is quiet


def test_progress_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)
    with shown() as report:
        report("looking at pictures", 0.4)
    assert "looking at pictures" in screen.getvalue()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="--out"):
        output.made_folder(tmp_path / "file" / "below")


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    output.write_whole(target, b"old")
    output.write_whole(target, b"new")
    assert target.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_weights_are_opened_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable):
        cli.open_models(Settings(weights_dir=tmp_path / "none"))


@pytest.fixture
def installed(models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command uses the same weights as the tests, and signs with keys of its own."""
    monkeypatch.setenv("FAIRWITNESS_WEIGHTS_DIR", str(models.settings.weights_dir))
    monkeypatch.setenv("FAIRWITNESS_DATA_DIR", str(tmp_path / "data"))


@pytest.mark.usefixtures("installed")
def test_a_whole_check_with_the_real_weights(
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), portrait())
    out = tmp_path / "out"
    marks = tmp_path / "marks.csv"
    marks.write_text("question,start_s,end_s\nq1,0,2\nq2,2,4\nq3,900,901\n")
    given = ["check", str(recording), "-o", str(out), "-r", str(photo), "--marks", str(marks)]
    code = run(given, monkeypatch)
    assert code == 0, capsys.readouterr().err
    assert sorted(file.name for file in out.iterdir()) == FILES
    document: dict[str, Any] = json.loads((out / "result.json").read_text())
    jsonschema.validate(document, json.loads((DOCS / "report.schema.json").read_text()))
    findings = {name: part["verdict"] for name, part in document["findings"].items()}
    assert findings["presence"] == "review"
    signals = {s["name"]: s for s in document["signals"]}
    assert signals["presentation_attack"]["status"] == "review"
    assert signals["face_reference"]["status"] == "no_indication"
    assert signals["face_consistency"]["status"] != "review"
    assert not [s for s in signals.values() if s["reason"]["code"] == "internal_error"]
    answers = document["answers"]
    assert answers["reason"] is None, answers
    faces = {each["question"]: each["by"][0]["text"] for each in answers["answers"]}
    assert "0 faces that can be compared" in faces["q1"] and "ends before" in faces["q3"]
    assert "fewer than two answers can be compared" in answers["text"]
    page = (out / "report.html").read_text()
    assert str(tmp_path) not in page and "Who answered which question" in page
    assert "data:image/jpeg;base64," in page
    report = Envelope.model_validate_json((out / "report.json").read_bytes()).document
    assert report.kind == "interview_integrity"
    assert report.data["check"] == document
    assert faults(report) == []
    assert "Report:" in capsys.readouterr().out
    for name in FILES[:3]:
        assert run(["verify", str(out / name)], monkeypatch) == 0, capsys.readouterr().out


@pytest.mark.usefixtures("installed")
def test_comparison_of_sessions(
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), portrait())
    out = tmp_path / "out"
    assert run(["compare", str(recording), str(photo), "-o", str(out)], monkeypatch) == 0
    assert sorted(file.name for file in out.iterdir()) == FILES
    document = json.loads((out / "result.json").read_text())
    jsonschema.validate(document, json.loads((DOCS / "comparison.schema.json").read_text()))
    assert len(document["pairs"]) == 1
    report = Envelope.model_validate_json((out / "report.json").read_bytes()).document
    assert report.kind == "identity_thread"
    assert report.data["thread"]["comparisons"] == [document]
    assert "held.mp4" in capsys.readouterr().out


@pytest.mark.usefixtures("installed")
def test_thread_of_sessions(
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), portrait())
    out = tmp_path / "out"
    assert run(["thread", str(recording), str(photo), "-o", str(out)], monkeypatch) == 0
    assert sorted(file.name for file in out.iterdir()) == FILES
    told = json.loads((out / "result.json").read_text())
    assert told["said"].startswith("By face, sessions 1-2 are of the same person. By voice, fewer")
    report = Envelope.model_validate_json((out / "report.json").read_bytes()).document
    assert report.kind == "identity_thread" and not faults(report)
    assert report.data["thread"]["divisions"][0]["said"] == "one"
    [pair] = report.data["pairs"]
    assert pair["modality"] == "face" and pair["log10_lr"] > 0
    assert report.data["summary"]["by_face"] == 1
    assert [each["id"] for each in report.data["models"]] == ["dlib_resnet"]
    shown = capsys.readouterr().out
    assert "held.mp4" in shown and "Camera and scene, sessions 1 and 2" in shown
    [scene] = report.data["scenes"]
    assert (scene["before"], scene["after"]) == ("held.mp4", "photo.png")
    assert run(["thread", str(recording)], monkeypatch) == 2


def test_a_result_is_kept_as_whoever_reads_it_has_it() -> None:
    kept = output.as_read(check_document(material.rich()))
    assert kept == json.loads(json.dumps(kept))
    assert canonical(kept) == canonical(check_document(material.rich()))
