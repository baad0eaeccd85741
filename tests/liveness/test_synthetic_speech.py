"""The choice of windows, the channel gate and the verdict; real weights on real recordings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audit.conformal import conformal_records
from audit.detectors import operating_point
from audit.facts import MediaFacts
from audit.inference import Models
from audit.interview import Audio, Interview, SpeechLog
from audit.perception.speech import listen
from audit.types import ModelUse, Question, Signal, Span, Status, Strength, WeightUse
from datasets.attacks.speech import COPIES, swapped
from datasets.suites.synthetic_speech import PEOPLE
from liveness.speech_channel import SpeechChannel
from liveness.speech_spectrogram import spectrogram
from liveness.synthetic_speech import (
    SAMPLES,
    WINDOW_S,
    Heard,
    SyntheticSpeech,
    choose_windows,
    judge,
    listen_to,
    prepared,
    strange,
)
from liveness.vocoded_speech import record_for, recording_score, unfit

RATE = 16_000
GOOD = SpeechChannel(
    level_db=-25.0,
    snr_db=35.0,
    decay_db_s=450.0,
    bandwidth_hz=7900.0,
    tilt_db=-9.0,
    clipped=0.0,
)
USED = ModelUse("synthetic_speech", "1")


@pytest.fixture(name="point")
def point_() -> dict[str, Any]:
    return operating_point("liveness", "synthetic_speech")


def spoken(segments: Sequence[Span], span: Span) -> float:
    return sum(max(0.0, min(s.end_s, span.end_s) - max(s.start_s, span.start_s)) for s in segments)


@st.composite
def speech(draw: st.DrawFn) -> tuple[Span, ...]:
    lengths = draw(st.lists(st.tuples(st.floats(0.05, 30), st.floats(0.3, 20)), max_size=12))
    spans, now = [], 0.0
    for pause, length in lengths:
        spans.append(Span(now + pause, now + pause + length))
        now = spans[-1].end_s
    return tuple(spans)


def around(segments: Sequence[Span], margin_s: float = 0.5) -> Span:
    """A recording that holds the segments."""
    return Span(0.0, segments[-1].end_s + margin_s if segments else 1.0)


@settings(max_examples=80, deadline=None)
@given(speech(), st.integers(0, 9))
def test_windows_hold_speech_lie_apart_and_are_few(segments: tuple[Span, ...], seed: int) -> None:
    recording = around(segments)
    windows = choose_windows(segments, recording, seed=seed)
    assert windows == choose_windows(segments, recording, seed=seed)
    for before, after in pairwise(windows):
        assert before.end_s <= after.start_s + 1e-9
    for window in windows:
        assert recording.start_s <= window.start_s
        assert window.end_s <= recording.end_s + 1e-9
        assert window.duration_s == pytest.approx(min(WINDOW_S, recording.duration_s))
        assert spoken(segments, window) >= 2.0 - 1e-6
    if segments:
        length = segments[-1].end_s - segments[0].start_s
        assert len(windows) <= max(3, round(length / 100))


def test_an_hour_gets_six_windows_per_ten_minutes_from_start_to_end() -> None:
    segments = tuple(Span(float(t), t + 8.0) for t in range(0, 3600, 10))
    windows = choose_windows(segments, around(segments), seed=1)
    assert len(windows) == 36
    assert windows[0].start_s < 100
    assert windows[-1].start_s > 3490
    assert windows != choose_windows(segments, around(segments), seed=2)


def test_the_windows_of_a_part_are_where_the_speech_is() -> None:
    segments = (Span(0.0, 0.5), Span(41.0, 46.0), Span(60.0, 60.5))
    (window,) = choose_windows(segments, Span(0.0, 70.0))
    assert spoken(segments, window) >= 0.95 * WINDOW_S


def test_short_speech_is_heard_with_its_surroundings() -> None:
    segments = (Span(3.0, 4.2), Span(4.4, 5.4))
    (amid,) = choose_windows(segments, Span(0.0, 10.0))
    assert (amid.start_s + amid.end_s) / 2 == pytest.approx(4.2)
    assert amid.duration_s == pytest.approx(WINDOW_S)
    (at_the_end,) = choose_windows(segments, Span(0.0, 5.5))
    assert at_the_end.end_s == pytest.approx(5.5)
    assert at_the_end.duration_s == pytest.approx(WINDOW_S)
    assert choose_windows(segments, Span(2.5, 5.5)) == (Span(2.5, 5.5),)


def test_less_than_two_seconds_of_speech_give_no_window() -> None:
    assert choose_windows((Span(1.0, 2.9),), Span(0.0, 9.0)) == ()
    assert choose_windows((), Span(0.0, 9.0)) == ()


def test_the_input_is_levelled_and_repeated() -> None:
    samples = np.array([0.1, -0.1, 0.05], dtype=np.float32)
    found = prepared(samples, -20.0, -26.0)
    assert found.shape == (SAMPLES,)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:6], np.tile(samples, 2) * 10 ** (-6 / 20), rtol=1e-6)
    assert len(prepared(np.ones(SAMPLES + 5, dtype=np.float32), -26.0, -26.0)) == SAMPLES


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"level_db": -70.0}, "too quiet"),
        ({"level_db": -1.0}, "too loud"),
        ({"clipped": 0.2}, "clipped"),
        ({"snr_db": 3.0}, "too noisy"),
        ({"decay_db_s": 120.0}, "too reverberant"),
        ({"bandwidth_hz": 3400.0}, "too narrow in frequency"),
        ({"tilt_db": -40.0}, "too dull"),
        ({"tilt_db": 20.0}, "too shrill"),
    ],
)
def test_each_channel_figure_has_its_range(
    point: dict[str, Any], change: dict[str, float], words: str
) -> None:
    assert strange(replace(GOOD, **change), point) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"level_db": -60.0}, "too quiet"),
        ({"clipped": 0.1}, "clipped"),
        ({"snr_db": 3.0}, "too noisy"),
        ({"decay_db_s": 100.0}, "too reverberant"),
        ({"bandwidth_hz": 3400.0}, "too narrow in frequency"),
        ({"tilt_db": -40.0}, "too dull"),
        ({"tilt_db": 15.0}, "too shrill"),
    ],
)
def test_captured_speech_of_the_calibration_bounds_the_channels(
    point: dict[str, Any], change: dict[str, float], words: str
) -> None:
    assert unfit(replace(GOOD, **change), point["copies"]) == words


def test_a_recording_scores_as_its_known_windows_do_in_the_middle() -> None:
    unknown = float("nan")
    assert recording_score([1.0, unknown, 4.0]) == 2.5
    assert recording_score([1.0, 9.0, 2.0]) == 2.0
    assert recording_score([unknown, 3.0]) == 3.0
    assert recording_score([unknown, unknown, 3.0]) is None
    assert recording_score([]) is None


LIMITS = conformal_records("liveness")["synthetic_speech"]
LOW = round(min(LIMITS.bona_fide_limit, LIMITS.attack_limit) - 1.0, 1)
HIGH = round(max(LIMITS.bona_fide_limit, LIMITS.attack_limit) + 1.0, 1)


def heard(
    *copied: float, logit: float = 2.0, unlike: str = "", strange: str = "", start_s: float = 0.0
) -> list[Heard]:
    return [
        Heard(
            Span(start_s + 10.0 * i, start_s + 10.0 * i + 4.0),
            logit,
            GOOD,
            strange,
            score,
            0.9,
            unlike,
        )
        for i, score in enumerate(copied)
    ]


def test_a_score_that_only_synthesis_fits_is_for_review(point: dict[str, Any]) -> None:
    found = judge(heard(HIGH, HIGH, HIGH, LOW), point, USED)
    assert found.status is Status.REVIEW
    assert found.reason.code == "like_copied_speech"
    assert found.strength is Strength.SUPPORTING
    assert found.questions == (Question.AUTHENTICITY,)
    assert found.score == pytest.approx(HIGH, abs=1e-3)
    assert [(e.start_s, e.end_s) for e in found.evidence] == [(0, 4), (10, 14), (20, 24)]
    assert found.series[0].values == (HIGH, HIGH, HIGH, LOW)
    assert found.likelihood_ratio is not None
    assert found.likelihood_ratio.lower <= found.likelihood_ratio.log10
    assert 0 < found.likelihood_ratio.log10 <= found.likelihood_ratio.upper


def test_a_score_that_only_captured_speech_fits_is_no_indication(point: dict[str, Any]) -> None:
    found = judge(heard(LOW, LOW, HIGH), point, USED)
    assert found.status is Status.NO_INDICATION
    assert len(found.evidence) == 1
    assert "1 of them" in found.reason.text
    assert found.likelihood_ratio is not None
    assert found.likelihood_ratio.log10 < 0
    assert judge(heard(LOW, LOW), point, USED).evidence == ()


def test_between_the_limits_nothing_is_said(point: dict[str, Any]) -> None:
    found = judge(heard((LIMITS.bona_fide_limit + LIMITS.attack_limit) / 2), point, USED)
    assert found.status is Status.INCONCLUSIVE
    assert found.reason.code == "undecided"
    assert found.score is None
    assert found.likelihood_ratio is None


def test_aasist_brings_a_review_alone_where_it_knows_the_channel(point: dict[str, Any]) -> None:
    at = point["review_at"]
    found = judge(heard(LOW, LOW, logit=at), point, USED)
    assert found.status is Status.REVIEW
    assert found.reason.code == "like_synthetic_speech"
    assert judge(heard(LOW, logit=at + 0.01), point, USED).status is Status.NO_INDICATION
    windows = heard(LOW, LOW, LOW, logit=at - 1.0, strange="too noisy")
    assert judge(windows, point, USED).status is Status.NO_INDICATION
    alone = judge(heard(LOW, logit=at - 1.0, unlike="clipped"), point, USED)
    assert alone.status is Status.REVIEW
    assert alone.score is None


def test_unknown_sound_is_inconclusive_whatever_the_score(point: dict[str, Any]) -> None:
    strangers = heard(HIGH, HIGH, unlike="too noisy")
    found = judge([*strangers, *heard(HIGH, start_s=30.0)], point, USED)
    assert found.status is Status.INCONCLUSIVE
    assert found.reason.code == "unfamiliar_channel"
    assert "too noisy in 2 of 3" in found.reason.text
    assert found.score is None
    assert found.evidence == ()


def test_unknown_windows_do_not_count_among_known_ones(point: dict[str, Any]) -> None:
    windows = [*heard(LOW, LOW - 1.0), *heard(HIGH, unlike="too quiet", start_s=30.0)]
    found = judge(windows, point, USED)
    assert found.status is Status.NO_INDICATION
    assert found.score == pytest.approx(LOW - 0.5, abs=1e-3)
    assert found.quality == pytest.approx(2 / 3, abs=1e-3)
    assert found.series[0].values[-1] is None


def test_the_record_follows_noise_and_room() -> None:
    assert record_for([GOOD]).id == "vocoded_speech_clear"
    noisy, live = replace(GOOD, snr_db=16.0), replace(GOOD, decay_db_s=260.0)
    assert record_for([GOOD, noisy, live]).id == "vocoded_speech_degraded"


def test_the_spectrogram_knows_neither_level_nor_frequency_response() -> None:
    samples = np.asarray(voice(4.1).samples[:SAMPLES] / 32768, dtype=np.float32)
    plain = spectrogram(samples)
    assert plain.shape == (256, 401)
    np.testing.assert_allclose(spectrogram(samples * 4), plain, atol=0.02)
    tilted = np.convolve(samples, [1.0, -0.5], mode="same").astype(np.float32)
    assert np.corrcoef(spectrogram(tilted).ravel(), plain.ravel())[0, 1] > 0.95


class _Fixed:
    """Stands for both networks: fixed outputs, whatever they hear."""

    def __init__(self, logit: float, copied: float, strangeness: float = 0.5) -> None:
        self.outputs = (copied, strangeness)
        self.logit = logit
        self.heard: list[NDArray[np.float32]] = []
        self.spectra: list[NDArray[np.float32]] = []

    def run(self, _: object, feed: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        if "spectrogram" in feed:
            self.spectra.append(feed["spectrogram"])
            return [np.array([value], dtype=np.float32) for value in self.outputs]
        self.heard.append(feed["waveform"])
        return [np.array([[0.0, self.logit]], dtype=np.float32)]


class _Shelf:
    """Stands for the installed models."""

    def __init__(self, copied: float | None) -> None:
        self.session = _Fixed(2.0, 0.0 if copied is None else copied)
        self.there = copied is not None

    def available(self, _weight_id: str) -> bool:
        return self.there

    def onnx(self, _weight_id: str) -> _Fixed:
        return self.session

    def uses(self, *weight_ids: str) -> tuple[WeightUse, ...]:
        return tuple(WeightUse(one, "0" * 64, "MIT", commercial_use=True) for one in weight_ids)


def voice(seconds: float) -> Audio:
    """Filtered noise bursts over a quiet floor: a familiar channel."""
    rng = np.random.default_rng(3)
    count = round(seconds * RATE)
    raw = np.convolve(rng.standard_normal(count), 0.8 ** np.arange(20), mode="same")
    on = (np.arange(count) % (RATE // 2)) < 0.35 * RATE
    samples = (raw * on * 0.03 + rng.standard_normal(count) * 0.0003) * 32768
    return Audio(samples.astype(np.int16), RATE, 0.0, RATE, 1)


def interview(
    shelf: _Shelf | Models, audio: Audio | None, segments: tuple[Span, ...] | None
) -> Interview:
    log = None
    if segments is not None:
        log = SpeechLog(np.zeros(1, dtype=np.float32), 0.032, 0.0, segments)
    facts = MediaFacts(sha256="0" * 64, size=1, format="wav", duration_s=12.0, streams=())
    return Interview("recording", facts, cast("Models", shelf), "", audio=audio, speech=log)


def test_the_detector_says_what_was_heard() -> None:
    shelf = _Shelf(HIGH)
    found = SyntheticSpeech().inspect(interview(shelf, voice(12), (Span(0.0, 12.0),)))
    assert found.status is Status.REVIEW
    assert len(shelf.session.heard) == found.measurements["windows"] == 2
    assert shelf.session.heard[0].shape == (1, SAMPLES)
    assert shelf.session.spectra[0].shape == (1, 1, 256, 401)
    assert [weight.id for weight in found.model.weights] == ["vocoded_speech", "aasist"]
    assert "higher" in found.score_meaning
    assert any("may pass" in limit for limit in found.limits)


def test_a_window_far_from_the_training_does_not_count(point: dict[str, Any]) -> None:
    far = _Fixed(2.0, HIGH, strangeness=point["copies"]["most_strangeness_copied"] + 0.01)
    (one,) = listen_to(voice(5), (Span(0.0, 4.0),), (far, far), point)
    assert one.copied == pytest.approx(HIGH)
    assert "unlike all recordings" in one.unlike
    found = judge([one], point, USED)
    assert found.status is Status.INCONCLUSIVE
    assert found.reason.code == "unfamiliar_channel"


@pytest.mark.parametrize(
    ("shelf", "audio", "segments", "code"),
    [
        (_Shelf(0.0), None, None, "no_sound"),
        (_Shelf(0.0), voice(3), (Span(0.0, 1.5),), "little_speech"),
        (_Shelf(0.0), voice(3), (), "little_speech"),
        (_Shelf(None), voice(5), (Span(0.0, 5.0),), "weights_missing"),
    ],
)
def test_weak_input_is_inconclusive(
    shelf: _Shelf, audio: Audio | None, segments: tuple[Span, ...] | None, code: str
) -> None:
    found = SyntheticSpeech().inspect(interview(shelf, audio, segments))
    assert found.status is Status.INCONCLUSIVE
    assert found.reason.code == code
    assert found.score is None


def test_digital_silence_in_a_window_counts_against_it(point: dict[str, Any]) -> None:
    silent = Audio(np.zeros(5 * RATE, dtype=np.int16), RATE, 0.0, RATE, 1)
    (one,) = listen_to(silent, (Span(0.0, 4.0),), (_Fixed(-9.0, 9.0), _Fixed(-9.0, 9.0)), point)
    assert one.strange == "no sound"
    found = judge([one], point, USED)
    assert found.status is Status.INCONCLUSIVE
    assert found.measurements["level_db"] is None


def test_the_networks_are_not_asked_about_a_strange_channel(point: dict[str, Any]) -> None:
    loud = voice(5)
    quiet = replace(loud, samples=(loud.samples // 90).astype(np.int16))
    network = _Fixed(-9.0, 9.0)
    (one,) = listen_to(quiet, (Span(0.0, 4.0),), (network, network), point)
    assert one.strange == one.unlike == "too quiet"
    assert np.isnan(one.logit)
    assert np.isnan(one.copied)
    assert network.heard == network.spectra == []


def read(path: Path) -> Audio:
    with av.open(str(path)) as container:
        change = av.AudioResampler("s16", "mono", RATE)
        parts = [f.to_ndarray()[0] for x in container.decode(audio=0) for f in change.resample(x)]
    return Audio(np.concatenate(parts), RATE, 0.0, RATE, 1)


def checked(models: Models, path: Path) -> Signal:
    audio = read(path)
    plain = interview(models, audio, ())
    return SyntheticSpeech().inspect(replace(plain, speech=listen(audio, models)))


@pytest.mark.weights
@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["spoof/espeak/003.flac", "spoof/flite_cg/005.flac"])
def test_formant_and_statistical_engines_are_for_review(
    models: Models, shared_data: Path, name: str
) -> None:
    found = checked(models, shared_data / "speech" / name)
    assert found.status is Status.REVIEW, found.reason


@pytest.mark.weights
@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("folder", "status"),
    [
        # Within what neural voices reach: nothing is cleared there.
        ("vctk/p225", Status.INCONCLUSIVE),
        ("libri_clean", Status.NO_INDICATION),
        # A speaker who lies far from what the network knows: the test of strangeness abstains.
        ("libri_other/533", Status.INCONCLUSIVE),
    ],
)
def test_captured_speech_is_not_for_review(
    models: Models, shared_data: Path, folder: str, status: Status
) -> None:
    files = (shared_data / "speech" / "real" / folder).rglob("*.flac")
    longest = max(files, key=lambda f: (f.stat().st_size, f.name))
    found = checked(models, longest)
    assert found.status is status, found.reason


@pytest.mark.weights
@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["copy.cepstral", "voice_conversion.swapped"])
def test_a_copy_of_captured_speech_is_for_review(
    models: Models, shared_data: Path, name: str
) -> None:
    folder = shared_data / "speech/real/vctk"
    person = json.loads(PEOPLE.read_text("utf-8"))["vctk"]["test"][0]
    first, second = (read(f).samples / 32768 for f in sorted((folder / person).glob("*.flac"))[:2])
    random = np.random.default_rng(1)
    made = (
        COPIES[name](first.astype(np.float32), random)
        if name in COPIES
        else swapped(first.astype(np.float32), second.astype(np.float32), random)
    )
    audio = Audio((made * 32767).astype(np.int16), RATE, 0.0, RATE, 1)
    plain = interview(models, audio, ())
    found = SyntheticSpeech().inspect(replace(plain, speech=listen(audio, models)))
    assert found.status is Status.REVIEW, found.reason
    assert found.likelihood_ratio is not None
