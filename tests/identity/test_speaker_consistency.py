"""One voice throughout, a second voice, a change for good."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from audit.calibration import records
from audit.inference import Models
from audit.interview import Audio, Interview
from audit.perception.speech import listen
from audit.types import Question, Signal, Status
from identity.speaker_consistency import SpeakerConsistency, least_alike, other_voices
from identity.voice_line import voice_line
from tests.audit.test_speech import read_flac
from tests.identity.toy_voices import (
    RATE,
    RhythmEncoder,
    interview,
    pause,
    track,
    use_toy_encoder,
    voice,
)

SLOW, FAST = 3.0, 12.0


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    use_toy_encoder(monkeypatch)


@pytest.mark.usefixtures("toy")
def test_one_voice_is_no_indication() -> None:
    signal = SpeakerConsistency().inspect(
        interview(*track(voice(SLOW, 9), pause(1), voice(SLOW, 9)))
    )
    assert signal.status is Status.NO_INDICATION
    assert signal.reason.code == "one_voice"
    assert signal.score == records("identity")["speaker_ge2e_2s"].upper
    assert "at least 6.4 times likelier if this is one voice" in signal.reason.text
    assert signal.measurements["voices"] == 1
    assert signal.evidence == ()


@pytest.mark.usefixtures("toy")
def test_a_second_voice_is_placed_and_asks_who_helps() -> None:
    recording = interview(*track(voice(SLOW, 20), pause(0.5), voice(FAST, 5), voice(SLOW, 20)))
    signal = SpeakerConsistency().inspect(recording)
    assert signal.status is Status.REVIEW
    assert signal.reason.code == signal.measurements["kind"] == "second_voice"
    assert "interviewer" in signal.reason.text
    assert "at least 14 times likelier if these are two voices than if this is one voice" in (
        signal.reason.text
    )
    assert signal.status_for(Question.ASSISTANCE) is Status.REVIEW
    assert signal.status_for(Question.IDENTITY) is Status.NO_INDICATION
    (evidence,) = signal.evidence
    assert evidence.start_s == pytest.approx(20.5, abs=0.3)
    assert evidence.end_s == pytest.approx(25.5, abs=0.3)
    assert evidence.score == signal.score == records("identity")["speaker_ge2e_3s"].lower
    assert "at least 14 times likelier if these are two voices" in evidence.text
    line = voice_line(recording)
    assert line is not None
    rows = other_voices(recording, line)
    assert 20.0 < line.times_s[rows].min() < line.times_s[rows].max() < 26.0


def texts(signal: Signal) -> str:
    """Every word that leaves the detector with a figure, and the figures' names."""
    said = [signal.reason.text, signal.score_meaning, signal.operating_point]
    said += [e.text for e in signal.evidence]
    said += [word for s in signal.series for word in (s.name, s.unit)]
    return " ".join([*said, *signal.measurements]).lower()


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    "parts",
    [
        [voice(SLOW, 18)],
        [voice(SLOW, 20), voice(FAST, 5), voice(SLOW, 20)],
        [voice(SLOW, 20), voice(FAST, 0.7), voice(SLOW, 20)],
        [voice(SLOW, 8), voice(FAST, 22)],
    ],
)
def test_no_cosine_leaves(parts: list[np.ndarray]) -> None:
    recording = interview(*track(*parts))
    signal = SpeakerConsistency().inspect(recording)
    assert not re.search("cosine|similar", texts(signal))
    line = voice_line(recording)
    assert line is not None
    found = least_alike(recording, line)
    seconds = 3 if found.speech_s >= 3 else 2
    record = records("identity")[f"speaker_ge2e_{seconds}s"]
    assert signal.likelihood_ratio is not None
    assert (
        signal.score
        == signal.likelihood_ratio.log10
        == pytest.approx(float(record.log10(found.score)), abs=1e-3)
    )
    for name in ("as_recorded", "in_one_channel"):
        assert signal.measurements[f"{name}_log10_lr"] == pytest.approx(
            float(record.log10(getattr(found, name))), abs=1e-3
        )
    (series,) = signal.series
    single = records("identity")["speaker_ge2e_2s"]
    assert (series.unit, series.low, series.high) == ("log10 LR", single.lower, single.upper)
    assert series.values == pytest.approx(single.log10(line.embeddings @ found.first), abs=1e-3)
    assert series.threshold == pytest.approx(float(single.log10(0.65)), abs=1e-3)


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("first_s", [8.0, 14.0, 22.0])
def test_a_change_for_good_is_placed_and_asks_who_it_is(first_s: float) -> None:
    parts = voice(SLOW, first_s), pause(0.4), voice(FAST, 30 - first_s)
    signal = SpeakerConsistency().inspect(interview(*track(*parts)))
    assert signal.reason.code == "voice_change"
    assert signal.status_for(Question.IDENTITY) is Status.REVIEW
    assert signal.status_for(Question.ASSISTANCE) is Status.INCONCLUSIVE
    edges = [t for e in signal.evidence for t in (e.start_s, e.end_s)]
    assert min(abs(t - first_s) for t in edges) < 0.5


@pytest.mark.usefixtures("toy")
def test_a_second_voice_shorter_than_the_least_is_not_reviewed() -> None:
    recording = interview(*track(voice(SLOW, 20), voice(FAST, 0.7), voice(SLOW, 20)))
    assert SpeakerConsistency().inspect(recording).status is not Status.REVIEW


@pytest.mark.usefixtures("toy")
def test_loudness_makes_no_speaker() -> None:
    recording = interview(*track(voice(SLOW, 12), voice(SLOW, 8, level=300.0), voice(SLOW, 12)))
    signal = SpeakerConsistency().inspect(recording)
    assert signal.status is Status.NO_INDICATION


@pytest.mark.usefixtures("toy")
def test_noise_as_loud_as_the_speech_keeps_it_inconclusive() -> None:
    audio, spans = track(pause(2), voice(SLOW, 15), voice(FAST, 15), pause(2))
    noise = np.random.default_rng(3).normal(0, 3000, len(audio.samples))
    loud = Audio((audio.samples + noise).astype(np.int16), RATE, 0.0, RATE, 1)
    signal = SpeakerConsistency().inspect(interview(loud, spans))
    assert signal.status is Status.INCONCLUSIVE
    assert any("above the noise" in note for note in signal.quality_notes)


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("speech_s", [0.3, 1.7, 3.5])
def test_little_speech_is_inconclusive(speech_s: float) -> None:
    signal = SpeakerConsistency().inspect(interview(*track(pause(1), voice(SLOW, speech_s))))
    assert signal.status is Status.INCONCLUSIVE
    assert signal.reason.code == "little_speech"


@pytest.mark.usefixtures("toy")
def test_a_back_end_without_operating_points_stays_inconclusive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RhythmEncoder, "id", "speechbrain")
    signal = SpeakerConsistency().inspect(interview(*track(voice(SLOW, 15), voice(FAST, 15))))
    assert signal.status is Status.INCONCLUSIVE
    assert signal.reason.code == "back_end_not_measured"
    assert signal.likelihood_ratio is None
    assert signal.evidence
    assert signal.score is not None
    assert f"the cosine is {signal.score:.3f} (this network is uncalibrated)" in signal.reason.text
    assert signal.score_meaning.startswith("Uncalibrated: cosine similarity, -1 to 1, of the voice")
    assert signal.operating_point.startswith("None: ")
    assert signal.measurements["support"] == "uncalibrated"
    assert "as_recorded_cosine_uncalibrated" in signal.measurements
    (series,) = signal.series
    assert (series.unit, series.threshold) == ("cosine, uncalibrated", None)


def test_no_sound_is_inconclusive() -> None:
    assert SpeakerConsistency().inspect(interview(None)).reason.code == "no_audio"


def test_a_line_is_made_once_and_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    use_toy_encoder(monkeypatch)
    recording = interview(*track(voice(SLOW, 40)))
    assert voice_line(recording) is voice_line(recording)
    monkeypatch.setattr("identity.voice_line.MOST_WINDOWS", 20)
    line = voice_line(interview(*track(voice(SLOW, 120))))
    assert line is not None
    assert len(line) <= 21
    assert isinstance(line.encoder, RhythmEncoder)


def read_interview(models: Models, *paths: Path) -> Interview:
    parts = [read_flac(path).samples for path in paths]
    audio = Audio(np.concatenate(parts), RATE, 0.0, RATE, 1)
    return Interview(
        label="recording",
        facts=None,  # type: ignore[arg-type]
        models=models,
        source_path="",
        audio=audio,
        speech=listen(audio, models),
    )


def test_real_voices(models: Models, shared_data: Path) -> None:
    folder = shared_data / "speech" / "real" / "vctk"
    first, second = (sorted((folder / p).iterdir()) for p in ("p225", "p226"))
    alone = SpeakerConsistency().inspect(read_interview(models, *first[:4]))
    assert alone.status is Status.NO_INDICATION
    assert alone.likelihood_ratio is not None
    assert alone.likelihood_ratio.log10 > 0
    border = sum(len(read_flac(p).samples) for p in first[:3]) / RATE
    both = SpeakerConsistency().inspect(read_interview(models, *first[:3], *second[:3]))
    assert both.status is Status.REVIEW
    assert both.likelihood_ratio is not None
    assert both.likelihood_ratio.log10 < 0
    edges = [t for e in both.evidence for t in (e.start_s, e.end_s)]
    assert min(abs(t - border) for t in edges) < 1.0
