"""The voice against earlier recordings."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.calibration import records
from audit.detectors import operating_point
from audit.inference import Models
from audit.interview import Audio, Interview
from audit.types import Status
from identity import voice_reference
from identity.voice_reference import Match, Voice, VoiceReference, compare_voices, match, voice_of
from tests.identity.test_speaker_consistency import FAST, SLOW, read_interview, texts
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


def hum(beats: float, seconds: float = 10.0, label: str = "recording") -> Interview:
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
    assert signal.measurements["decided_by"] == "reference 2"
    assert "at least 14 times likelier if these are two voices" in signal.reason.text


def loud(beats: float, label: str) -> Interview:
    """A voice in noise as loud as itself."""
    audio, spans = track(pause(2), voice(beats, 10))
    noise = np.random.default_rng(3).normal(0, 3000, len(audio.samples))
    samples = (audio.samples + noise).astype(np.int16)
    return interview(Audio(samples, RATE, 0.0, RATE, 1), spans, label=label)


def test_what_asks_for_review_goes_before_a_larger_difference_in_noise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cosines = {"noisy": 0.1, "other": 0.55, "same": 0.9}

    def planted(probe: Voice, reference: Voice, *more: Any) -> Match:
        found = match(probe, reference, *more)
        cosine = cosines[reference.label]
        return replace(found, as_recorded=cosine, in_one_channel=cosine)

    monkeypatch.setattr(voice_reference, "match", planted)
    references = (loud(FAST, "noisy"), hum(FAST, label="other"), hum(SLOW, label="same"))
    signal = VoiceReference().inspect(replace(hum(SLOW), references=references))
    assert (signal.status, signal.reason.code) == (Status.REVIEW, "voice_differs")
    assert signal.measurements["decided_by"] == "other"
    assert "other, one of 3: " in signal.reason.text
    rest = (references[0], references[2])
    signal = VoiceReference().inspect(replace(hum(SLOW), references=rest))
    assert (signal.status, signal.reason.code) == (Status.INCONCLUSIVE, "noisy")
    assert "noisy, the least similar of 2: " in signal.reason.text


@pytest.mark.parametrize(("beats", "seconds"), [(SLOW, 10.0), (FAST, 10.0), (FAST, 3.0)])
def test_no_cosine_leaves(beats: float, seconds: float) -> None:
    probe, reference = hum(SLOW), hum(beats, seconds, label="reference 1")
    signal = compare_voices(probe, reference)
    assert not re.search("cosine|similar", texts(signal))
    point = operating_point("identity", "voice_reference")
    sides = [voice_of(i, point) for i in (probe, reference)]
    assert sides[0] is not None and sides[1] is not None
    found = match(sides[0], sides[1], point, probe.seed)
    record = records("identity")[f"voice_ge2e_{5 if seconds >= 5 else 2}s"]
    wanted = pytest.approx(float(record.log10(found.score)), abs=1e-3)
    assert signal.likelihood_ratio is not None
    assert signal.score == signal.likelihood_ratio.log10 == wanted
    assert [e.score for e in signal.evidence] == [wanted]
    for name in ("as_recorded", "in_one_channel"):
        assert signal.measurements[f"{name}_log10_lr"] == pytest.approx(
            float(record.log10(getattr(found, name))), abs=1e-3
        )


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
    assert signal.operating_point.startswith("Uncalibrated cosine: review below 0.250, ")
    assert signal.score is not None
    assert f"the cosine is {signal.score:.3f} (this network is uncalibrated)" in signal.reason.text
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
    signal = compare_voices(loud(FAST, "recording"), hum(SLOW, label="reference 1"))
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
