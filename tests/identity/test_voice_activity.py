"""Speech presence, sound quality and overlap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.interview import Audio, SpeechLog
from audit.perception.sound import sound_of
from audit.types import Span, Status
from identity.voice_activity import VoiceActivity, overlap_spans
from tests.identity.toy_voices import RATE, interview, pause, track, voice

STEP_S = 5.0 / 293


def overlap(total_s: float, *spans: tuple[float, float]) -> np.ndarray:
    times = np.arange(round(total_s / STEP_S)) * STEP_S
    inside = np.zeros(len(times), bool)
    for start, end in spans:
        inside |= (times >= start) & (times < end)
    return np.where(inside, 0.9, 0.05).astype(np.float32)


def test_speech_alone_gives_measurements_and_no_indication() -> None:
    audio, spans = track(pause(1), voice(4, 3), pause(2), voice(4, 2))
    signal = VoiceActivity().inspect(interview(audio, spans, overlap=overlap(8.0)))
    assert signal.status is Status.NO_INDICATION
    assert signal.score == 0.0
    assert signal.measurements["speech_s"] == 5.0
    assert signal.measurements["speech_share"] == 0.625
    assert signal.measurements["longest_silence_s"] == 2.0
    assert signal.measurements["segments"] == 2
    assert signal.measurements["clipped_share"] == 0.0
    assert {s.name for s in signal.series} == {"voice activity", "sound level", "two voices"}


def test_sustained_overlap_asks_for_review_and_names_the_interviewer() -> None:
    audio, spans = track(voice(4, 20))
    both = overlap(20.0, (3.0, 3.3), (8.0, 10.0))
    signal = VoiceActivity().inspect(interview(audio, spans, overlap=both))
    assert signal.status is Status.REVIEW
    assert signal.reason.code == "overlapping_speech"
    assert "interviewer" in signal.reason.text
    (evidence,) = signal.evidence
    assert evidence.start_s == pytest.approx(8.0, abs=0.2)
    assert evidence.end_s == pytest.approx(10.0, abs=0.2)


def test_short_overlap_is_no_review() -> None:
    audio, spans = track(voice(4, 20))
    signal = VoiceActivity().inspect(interview(audio, spans, overlap=overlap(20.0, (8.0, 9.0))))
    assert signal.status is Status.NO_INDICATION


def test_without_the_segmentation_model_overlap_is_said_to_be_unmeasured() -> None:
    audio, spans = track(voice(4, 5))
    signal = VoiceActivity().inspect(interview(audio, spans))
    assert signal.status is Status.NO_INDICATION
    assert signal.score is None
    assert signal.measurements["overlap_s"] is None
    assert "not measured" in signal.reason.text


def test_missing_sound_and_little_speech_are_inconclusive() -> None:
    assert VoiceActivity().inspect(interview(None)).reason.code == "no_audio"
    for parts in ((pause(4),), (pause(4), voice(4, 0.5))):
        signal = VoiceActivity().inspect(interview(*track(*parts)))
        assert signal.status is Status.INCONCLUSIVE
        assert signal.reason.code == "little_speech"


def test_clipping_noise_and_bandwidth_are_noted() -> None:
    generator = np.random.default_rng(4)
    loud = np.clip(voice(4, 6).astype(np.int32) * 20, -32768, 32767).astype(np.int16)
    hiss = generator.normal(0, 9000, 2 * RATE).clip(-32768, 32767).astype(np.int16)
    audio, _ = track(loud, hiss)
    signal = VoiceActivity().inspect(interview(audio, (Span(0.0, 6.0),)))
    assert any("clipped" in note for note in signal.quality_notes)
    assert any("above the noise" in note for note in signal.quality_notes)
    assert signal.quality == 0.0
    t = np.arange(6 * RATE) / RATE
    hum = (4000 * np.sin(2 * np.pi * 500 * t)).astype(np.int16)
    narrow = VoiceActivity().inspect(interview(*track(hum)))
    assert any("telephone" in note for note in narrow.quality_notes)


def test_signal_to_noise_ratio_is_that_of_the_construction() -> None:
    generator = np.random.default_rng(9)
    noise = generator.normal(0, 100, 10 * RATE)
    said = np.zeros(10 * RATE)
    said[3 * RATE : 7 * RATE] = generator.normal(0, 1000, 4 * RATE)
    audio = Audio((noise + said).astype(np.int16), RATE, 0.0, RATE, 1)
    sound = sound_of(audio, (Span(3.0, 7.0),))
    assert sound is not None
    assert sound.snr_db == pytest.approx(20.0, abs=0.5)
    assert sound.level_dbfs == pytest.approx(20 * np.log10(1005 / 32768), abs=0.2)
    assert sound.bandwidth_hz > 7500
    assert sound_of(audio, ()) is None


@given(st.lists(st.floats(0, 1, width=32), max_size=300), st.floats(0.1, 2.0))
def test_overlap_spans_are_long_enough_apart_and_inside(
    values: list[float], least_s: float
) -> None:
    log = SpeechLog(np.zeros(1, np.float32), 0.032, 1.0, (), np.array(values, np.float32), STEP_S)
    spans = overlap_spans(log, at=0.5, least_s=least_s)
    ends = [1.0]
    for span in spans:
        assert span.duration_s >= least_s
        assert span.start_s >= ends[-1]
        ends.append(span.end_s)
    assert ends[-1] <= 1.0 + len(values) * STEP_S + 1e-9
