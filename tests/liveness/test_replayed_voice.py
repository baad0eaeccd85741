"""What loudspeakers leave is measured; the signal abstains where it cannot tell."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from audit.conformal import conformal_records
from audit.detectors import operating_point
from audit.facts import MediaFacts
from audit.inference import Models
from audit.interview import Audio, Floats, Interview, SpeechLog
from audit.types import Question, Signal, Span, Status, Strength
from datasets.attacks.speech_channels import read_speech
from datasets.attacks.voice_replay import live, replayed
from datasets.voices import LOW, babble
from liveness.loudspeaker_traces import NAMES, traces
from liveness.replayed_voice import Heard, ReplayedVoice, judge, listen_to, model

RATE = 16_000
REAL = Path("/work/shared/data/speech/real/libri_other")
needs_speech = pytest.mark.skipif(not REAL.is_dir(), reason="no captured speech on this machine")
LIMITS = conformal_records("liveness")["replayed_voice"]
FAR = model().most_distance + 1.0


def voice(seconds: float = 4.0) -> Floats:
    return (babble(LOW, seconds, 5) / 32768.0).astype(np.float32)


def figure(samples: Floats, name: str) -> float:
    found = traces(samples)
    assert found is not None
    return float(found[NAMES.index(name)])


def recording(samples: Floats, *spans: Span) -> Interview:
    audio = Audio((np.clip(samples, -1, 1) * 32767).astype(np.int16), RATE, 0.0, RATE, 1)
    log = SpeechLog(np.zeros(1, np.float32), 0.03, 0.0, spans or (Span(0.0, audio.duration_s),))
    facts = MediaFacts("0" * 64, 1, "wav", audio.duration_s, streams=())
    return Interview("recording", facts, cast("Models", None), "", audio=audio, speech=log)


def heard(*scores: float, distance: float = 0.0) -> list[Heard]:
    return [Heard(Span(4.0 * i, 4.0 * i + 4), s, distance) for i, s in enumerate(scores)]


def test_loudness_alone_changes_no_figure() -> None:
    samples = voice()
    loud, quiet = traces(samples), traces(samples * np.float32(0.1))
    assert loud is not None
    assert quiet is not None
    assert loud == pytest.approx(quiet, abs=0.05)


def test_a_small_loudspeaker_takes_lows_and_first_harmonic() -> None:
    samples = voice()
    random = np.random.default_rng(1)
    made = replayed(samples, random, chain="phone", strength="far")
    for name in ("band_60_120", "band_120_200", "first_to_second_harmonic"):
        assert figure(made, name) < figure(samples, name) - 3.0
    assert figure(made, "fall_450_1500") < figure(samples, "fall_450_1500")


def test_silence_and_scraps_have_no_figures() -> None:
    assert traces(np.zeros(4 * RATE, np.float32)) is None
    assert traces(voice(0.5)) is None


@pytest.mark.parametrize(
    ("scores", "status", "code"),
    [
        ((LIMITS.bona_fide_limit + 1,) * 3, Status.REVIEW, "like_loudspeaker"),
        ((LIMITS.attack_limit - 1,) * 3, Status.NO_INDICATION, "unlike_loudspeaker"),
        (
            ((LIMITS.attack_limit + LIMITS.bona_fide_limit) / 2,) * 3,
            Status.INCONCLUSIVE,
            "undecided",
        ),
    ],
)
def test_scores_that_both_kinds_give_decide_nothing(
    scores: tuple[float, ...], status: Status, code: str
) -> None:
    signal = judge(heard(*scores))
    assert (signal.status, signal.reason.code) == (status, code)
    assert signal.strength is Strength.SUPPORTING
    assert signal.questions == (Question.PRESENCE,)
    ratio = signal.likelihood_ratio
    assert ratio is not None
    assert ratio.lower <= ratio.log10 <= ratio.upper
    assert len(signal.evidence) == (3 if status is Status.REVIEW else 0)


def test_the_ratio_is_bounded_however_extreme_the_score() -> None:
    ratio = judge(heard(50.0)).likelihood_ratio
    assert ratio is not None
    assert ratio.log10 == ratio.upper < 2.0


def test_most_windows_unlike_the_fit_make_it_abstain() -> None:
    signal = judge([*heard(9.0), *heard(9.0, 9.0, distance=FAR)])
    assert signal.reason.code == "unfamiliar_channel"
    assert signal.score is None
    assert signal.likelihood_ratio is None


def test_windows_hold_speech_and_are_few() -> None:
    point = operating_point("liveness", "replayed_voice")
    samples = np.tile(voice(8.0), 20)
    audio = recording(samples).audio
    assert audio is not None
    spoken = (Span(0.0, 60.0), Span(61.0, 61.5), Span(100.0, 160.0))
    found = listen_to(audio, spoken, point)
    assert len(found) == point["most_windows"]
    assert all(h.span.end_s <= 60.5 or h.span.start_s >= 96.0 for h in found)


def test_without_sound_or_speech_it_says_so() -> None:
    def said(interview: Interview) -> Signal:
        return ReplayedVoice().inspect(interview)

    silent = recording(voice(), Span(0.0, 0.5))
    assert said(silent).reason.code == "little_speech"
    facts = silent.facts
    bare = Interview("recording", facts, cast("Models", None), "")
    assert said(bare).reason.code == "no_sound"


@needs_speech
def test_captured_speech_is_rarely_flagged_and_a_phone_mostly() -> None:
    paths = sorted(REAL.rglob("*.flac"))[1::10]  # the recipe took every second one from the first
    counts = {"as it is": 0, "live": 0, "phone": 0}
    for number, path in enumerate(paths):
        samples = read_speech(path)[: 12 * RATE]
        random = np.random.default_rng(number)
        for name, made in (
            ("as it is", samples),
            ("live", live(samples, random, shoebox=True)),
            ("phone", replayed(samples, random)),
        ):
            signal = ReplayedVoice().inspect(recording(made))
            counts[name] += signal.status is Status.REVIEW
    assert counts["as it is"] == 0
    assert counts["live"] <= 1
    assert counts["phone"] >= 7
