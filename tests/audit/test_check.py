"""The order of a check, what failures cost, and what coverage says. Detectors are made here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from audit import check as module
from audit.check import Reading, Stopwatch, coverage, inspect, open_interview, reading
from audit.detectors import DetectorSpec, Scout
from audit.errors import InputError, MediaUnreadable, SettingsInvalid
from audit.facts import MediaFacts
from audit.inference import Models
from audit.interview import Audio, FaceLog, Interview, SpeechLog, Window
from audit.settings import Sampling, Settings
from audit.types import Question, Reason, Signal, Span, Status
from tests import media_factory


@dataclass
class Planned:
    """A detector that says what it is told to say."""

    name: str
    outcome: Signal | Exception | None = None

    @property
    def spec(self) -> DetectorSpec:
        return DetectorSpec(
            name=self.name, version="1", questions=(Question.PRESENCE,), modality="video", cause="x"
        )

    def inspect(self, interview: Interview) -> Signal:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome or self.spec.signal(Status.NO_INDICATION, Reason("fine", "Fine."))


class Scouting(Planned):
    """A detector that asks for a stretch to be decoded in full."""

    def scout(self, facts: MediaFacts) -> tuple[Window, ...]:
        return (Window(1.0, 2.0),)


class NoFaces:
    """Stands for the face reader where faces are not the point."""

    def __init__(self, *_: object) -> None:
        self.seen = 0

    def add(self, picture: object) -> None:
        self.seen += 1

    def finish(self) -> FaceLog:
        return FaceLog((), (), np.zeros(self.seen), np.zeros(self.seen, np.int64), None)


def quiet_listen(audio: Audio, models: Models) -> SpeechLog:
    return SpeechLog(np.zeros(4, np.float32), 0.5, audio.start_s, (Span(0.0, 1.0),))


@pytest.fixture
def without_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FaceReader", NoFaces)
    monkeypatch.setattr(module, "listen", quiet_listen)


def how(*detectors: Planned, sampling: Sampling | None = None) -> Reading:
    settings = Settings(sampling=sampling or Sampling())
    return Reading(settings, cast("Models", None), cast("Any", detectors))


def small_clip(folder: Path, seconds: float = 2.0) -> Path:
    return media_factory.clip(folder / "clip.mp4", seconds)


@pytest.mark.usefixtures("without_models")
def test_a_recording_is_read_once_and_measured(tmp_path: Path) -> None:
    stages: list[float] = []
    watch = Stopwatch()
    opened = open_interview(
        small_clip(tmp_path),
        how(),
        label="recording",
        progress=lambda _, done: stages.append(done),
        watch=watch,
    )
    assert opened.audio is not None
    assert opened.pictures is not None
    assert opened.pictures.signatures.shape[1:] == (24, 32)
    assert len(opened.pictures.times_s) == 50
    assert opened.pictures.dense[0].duration_s == pytest.approx(2.0, abs=0.1)
    assert stages == sorted(stages)
    assert {"probe", "audio", "speech", "pictures", "faces"} <= set(watch.stages)
    told = coverage(opened, Settings())
    assert told.frames_in_file == told.frames_decoded == told.frames_searched == 50
    assert told.sampling.startswith("Every frame")


@pytest.mark.usefixtures("without_models")
def test_long_recordings_say_how_they_were_sampled(tmp_path: Path) -> None:
    sampling = Sampling(dense_up_to_s=1.0, burst_s=1.0, burst_every_s=4.0)
    opened = open_interview(small_clip(tmp_path, 8.0), how(sampling=sampling), label="r")
    told = coverage(opened, Settings(sampling=sampling))
    assert told.frames_decoded < told.frames_in_file
    assert "seed 20261122" in told.sampling


@pytest.mark.usefixtures("without_models")
def test_scouts_add_windows(tmp_path: Path) -> None:
    sampling = Sampling(dense_up_to_s=0.5, burst_s=0.2, burst_every_s=60.0, scout_share=0.5)
    scout = Scouting("scouting")
    assert isinstance(scout, Scout)
    opened = open_interview(small_clip(tmp_path, 4.0), how(scout, sampling=sampling), label="r")
    assert opened.pictures is not None
    inside = (opened.pictures.times_s >= 1.0) & (opened.pictures.times_s < 2.0)
    assert inside.sum() == 25


@pytest.mark.usefixtures("without_models")
def test_sound_alone_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    media_factory.make(path, pictures=None, sound=media_factory.Sound(media_factory.tone(1.0)))
    opened = open_interview(path, how(), label="r")
    assert opened.pictures is None
    assert coverage(opened, Settings()).sampling.startswith("The recording has no pictures")


@pytest.mark.usefixtures("without_models")
def test_what_is_not_media_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a recording")
    with pytest.raises(InputError, match=r"\S"):
        open_interview(path, how(), label="r")


@pytest.mark.usefixtures("without_models")
def test_nothing_readable_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "read_audio", lambda *_: (None, ("the sound is broken",)))
    monkeypatch.setattr(module, "_look", lambda *_: (None, None))
    with pytest.raises(MediaUnreadable, match="the sound is broken"):
        open_interview(small_clip(tmp_path), how(), label="r")


def bare() -> Interview:
    return Interview(label="r", facts=cast("Any", None), models=cast("Any", None), source_path="")


@pytest.mark.parametrize("fault", [ValueError("x"), SettingsInvalid("no such thing"), KeyError(1)])
def test_a_failing_detector_costs_its_own_signal_only(fault: Exception) -> None:
    signals, failed = inspect(bare(), how(Planned("good"), Planned("bad", fault), Planned("last")))
    assert failed == ("bad",)
    assert [s.status for s in signals] == [
        Status.NO_INDICATION,
        Status.INCONCLUSIVE,
        Status.NO_INDICATION,
    ]
    assert signals[1].reason.code == "internal_error"


def test_installed_detectors_come_by_question() -> None:
    everything = reading(Settings(), cast("Models", None))
    first = [list(Question).index(d.spec.questions[0]) for d in everything.detectors]
    assert first == sorted(first)
    assert len({c.name for c in everything.crops}) == len(everything.crops)
    with pytest.raises(SettingsInvalid, match="No detector is called 'palm_reading'"):
        reading(Settings(), cast("Models", None), ["palm_reading"])


@pytest.mark.usefixtures("without_models")
def test_a_check_ends_in_four_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = how(Planned("presentation_attack"))
    monkeypatch.setattr(module, "reading", lambda *_: planned)
    monkeypatch.setattr(module, "_perception_weights", lambda _: ())
    clip = small_clip(tmp_path)
    result = module.check(clip, Settings(), cast("Models", None), references=[clip])
    assert [f.question for f in result.findings] == list(Question)
    assert result.signal("presentation_attack").status is Status.NO_INDICATION
    assert [r.label for r in result.interview.references] == ["reference 1"]
    assert "weights_dir" not in result.settings
    with pytest.raises(KeyError):
        result.signal("nothing")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 100)
    with pytest.raises(InputError, match="reference 1: "):
        module.check(clip, Settings(), cast("Models", None), references=[broken])


@pytest.mark.usefixtures("without_models")
def test_comparisons_name_their_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = how(Planned("face_reference"), Planned("voice_reference"))
    monkeypatch.setattr(module, "reading", lambda *_: planned)
    clip = small_clip(tmp_path)
    result = module.compare([clip] * 3, Settings(), cast("Models", None), labels=["a", "b", "c"])
    assert [(p.first, p.second) for p in result.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert all(p.face is not None and p.voice is not None for p in result.pairs)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 100)
    with pytest.raises(InputError, match=r"^b: "):
        module.compare([clip, broken], Settings(), cast("Models", None), labels=["a", "b"])


def test_the_most_noteworthy_status_wins() -> None:
    assert module.worst([Status.INCONCLUSIVE, Status.NO_INDICATION]) is Status.NO_INDICATION
    assert module.worst(list(Status)) is Status.REVIEW
    assert module.worst([]) is Status.INCONCLUSIVE
    assert replace(bare(), label="x").label == "x"
