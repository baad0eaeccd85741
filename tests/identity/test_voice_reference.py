"""The voice against earlier recordings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audit.inference import Models
from audit.interview import Audio
from audit.types import Status
from identity.voice_reference import VoiceReference, compare_voices
from tests.identity.test_speaker_consistency import FAST, SLOW, read_interview
from tests.identity.toy_voices import (
    RATE,
    RhythmEncoder,
    interview,
    pause,
    track,
    use_toy_encoder,
    voice,
)


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "models" not in request.fixturenames:
        use_toy_encoder(monkeypatch)


def hum(beats: float, seconds: float = 10.0, label: str = "recording") -> object:
    return interview(*track(pause(1), voice(beats, seconds), pause(1)), label=label)


def test_the_same_voice_is_no_indication_and_says_that_clones_match() -> None:
    signal = compare_voices(hum(SLOW), hum(SLOW, label="reference 1"))
    assert signal.status is Status.NO_INDICATION
    assert signal.reason.code == "voice_matches"
    assert "cloned" in signal.reason.text
    assert any("never evidence" in limit for limit in signal.limits)
    (evidence,) = signal.evidence
    assert evidence.start_s == pytest.approx(1.0, abs=0.05)
    assert evidence.end_s == pytest.approx(11.0, abs=0.05)


def test_another_voice_asks_for_review_and_the_least_similar_reference_decides() -> None:
    same, other = hum(SLOW, label="reference 1"), hum(FAST, label="reference 2")
    signal = VoiceReference().inspect(replace(hum(SLOW), references=(same, other)))
    assert signal.status is Status.REVIEW
    assert signal.reason.code == "voice_differs"
    assert "reference 2, the least similar of 2" in signal.reason.text
    assert len(signal.evidence) == 2
    assert signal.measurements["references_compared"] == 2


def test_similarity_is_the_same_both_ways() -> None:
    one, two = hum(SLOW), hum(FAST)
    assert compare_voices(one, two).score == pytest.approx(compare_voices(two, one).score, abs=0.02)


def test_without_reference_or_speech_it_is_inconclusive() -> None:
    assert VoiceReference().inspect(hum(SLOW)).reason.code == "no_reference"
    silent = interview(*track(pause(5)), label="reference 1")
    for probe, reference in (
        (silent, hum(SLOW)),
        (hum(SLOW), silent),
        (interview(None), hum(SLOW)),
    ):
        signal = compare_voices(probe, reference)
        assert signal.status is Status.INCONCLUSIVE
        assert signal.reason.code == "little_speech"


def test_a_reference_without_speech_is_noted_beside_the_others() -> None:
    silent = interview(*track(pause(5)), label="reference 2")
    signal = VoiceReference().inspect(replace(hum(SLOW), references=(hum(SLOW), silent)))
    assert signal.status is Status.NO_INDICATION
    assert "speech in reference 2" in signal.quality_notes[0]
    assert signal.measurements["references_without_speech"] == 1


def test_another_back_end_has_its_makers_threshold_and_no_ratio(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RhythmEncoder, "id", "speechbrain")
    signal = compare_voices(hum(SLOW), hum(FAST, label="reference 1"))
    assert signal.status is Status.REVIEW
    assert "below 0.25" in signal.operating_point
    assert signal.likelihood_ratio is None
    assert signal.measurements["support"] == "uncalibrated"


def test_an_interviewer_on_the_track_is_left_out_of_the_voice() -> None:
    shared = interview(*track(voice(SLOW, 20), voice(FAST, 6), voice(SLOW, 6)))
    signal = compare_voices(shared, hum(SLOW, label="reference 1"))
    assert signal.status is Status.NO_INDICATION
    assert any("Other voices" in note for note in signal.quality_notes)


def test_when_two_share_the_speech_a_low_similarity_does_not_count() -> None:
    shared = interview(*track(voice(FAST, 16), voice(SLOW, 14)))
    signal = compare_voices(shared, hum(SLOW, label="reference 1"))
    assert signal.status is Status.INCONCLUSIVE
    assert signal.reason.code == "several_voices"


def test_noise_keeps_a_low_similarity_from_counting() -> None:
    audio, spans = track(pause(2), voice(FAST, 10))
    noise = np.random.default_rng(3).normal(0, 3000, len(audio.samples))
    loud = Audio((audio.samples + noise).astype(np.int16), RATE, 0.0, RATE, 1)
    signal = compare_voices(interview(loud, spans), hum(SLOW, label="reference 1"))
    assert signal.status is Status.INCONCLUSIVE
    assert signal.reason.code in {"noisy", "unclear"}


def test_real_voices(models: Models, shared_data: Path) -> None:
    folder = shared_data / "speech" / "real" / "vctk"
    first, second = (sorted((folder / p).iterdir()) for p in ("p225", "p226"))
    probe = read_interview(models, *first[:2])
    mated = compare_voices(probe, read_interview(models, *first[2:4]))
    assert mated.status is Status.NO_INDICATION
    nonmated = compare_voices(probe, read_interview(models, *second[:2]))
    assert nonmated.status is Status.REVIEW
    assert mated.likelihood_ratio is not None and nonmated.likelihood_ratio is not None
    assert mated.likelihood_ratio.log10 > 0 > nonmated.likelihood_ratio.log10
