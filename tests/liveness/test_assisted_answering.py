"""Scripted answers are measured as scripted; weights stay small; it is off unless asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.check import reading
from audit.detectors import operating_point
from audit.errors import SettingsInvalid
from audit.findings import BESIDE_PRIMARY
from audit.inference import Models
from audit.interview import Interview
from audit.settings import Settings
from audit.types import Question, Status, Strength
from datasets.attacks.answering import FREE, READING, Script, scripted
from liveness.answering import Figures, measured
from liveness.assisted_answering import GROUPS, MOST, SPEC, AssistedAnswering, judge, weights

NONE = Figures(None, 0.0, None, None, 0, None, None, None, None, 0.0)
READ_OUT = replace(
    NONE, sweeps_per_min=20.0, delay_s=4.0, delay_spread=0.1, pause_spread=0.2, fillers_per_min=0.0
)


@pytest.fixture(name="point")
def point_() -> dict[str, Any]:
    return operating_point("liveness", "assisted_answering")


def made(script: Script, seed: int = 1) -> Interview:
    return scripted(script, cast("Models", None), np.random.default_rng(seed))


def figures(script: Script) -> Figures:
    interview = made(script)
    assert interview.audio is not None
    assert interview.speech is not None
    assert interview.faces is not None
    return measured(interview.audio, interview.speech.segments, interview.faces.tracks)


def test_reading_eyes_sweep_back_once_a_line() -> None:
    script = READING["plain"]
    found = figures(script)
    assert found.sweeps_per_min is not None
    spoken = 8 * 4 * 2.3 / found.watched_s  # the script's answers, of the whole time
    assert found.sweeps_per_min == pytest.approx(60 / script.line_s * spoken, rel=0.3)
    wandering = figures(replace(script, line_s=0.0)).sweeps_per_min
    assert wandering is not None
    assert wandering < found.sweeps_per_min * 0.7


def test_delays_are_those_between_a_shut_mouth_and_a_moving_one() -> None:
    found = figures(replace(FREE, delay_s=2.5, delay_spread=0.05))
    assert found.turns == 8
    assert found.delay_s == pytest.approx(2.5, rel=0.05)
    assert found.delay_spread is not None
    assert found.delay_spread < 0.1


def test_even_pauses_and_fillers_are_told_apart() -> None:
    even, uneven = figures(READING["plain"]), figures(FREE)
    assert even.pause_spread is not None
    assert uneven.pause_spread is not None
    assert even.pause_spread < 0.3 < uneven.pause_spread
    assert even.fillers_per_min == 0.0
    assert uneven.fillers_per_min is not None
    assert uneven.fillers_per_min > 2.0


@given(*(st.none() | st.floats(0, 1e6) for _ in range(5)))
def test_no_group_weighs_more_than_a_half(
    sweeps: float | None,
    delay: float | None,
    spread: float | None,
    pauses: float | None,
    fillers: float | None,
) -> None:
    given_ = replace(
        NONE,
        sweeps_per_min=sweeps,
        delay_s=delay,
        delay_spread=spread,
        pause_spread=pauses,
        fillers_per_min=fillers,
    )
    found = weights(given_, operating_point("liveness", "assisted_answering"))
    assert set(found) <= set(GROUPS)
    assert all(-MOST <= w <= MOST for w in found.values())


def test_long_delays_alone_weigh_nothing_without_regularity(point: dict[str, Any]) -> None:
    late = replace(NONE, delay_s=10.0, delay_spread=1.2)
    assert weights(late, point) == {"delay": -MOST}


def test_one_group_is_too_little(point: dict[str, Any]) -> None:
    signal = judge(replace(NONE, sweeps_per_min=40.0), point)
    assert signal.status is Status.INCONCLUSIVE
    assert signal.score is None


def test_signs_of_reading_ask_for_a_look_in_careful_words(point: dict[str, Any]) -> None:
    signal = judge(READ_OUT, point)
    assert signal.status is Status.REVIEW
    assert signal.strength is Strength.SUPPORTING
    assert signal.questions == (Question.ASSISTANCE,)
    assert signal.score == pytest.approx(1.5, abs=0.05)  # no fillers weigh nothing
    assert signal.likelihood_ratio is None  # the weights are assumed
    assert "second language" in signal.reason.text
    assert any("not known" in limit for limit in signal.limits)


@pytest.mark.parametrize(
    ("script", "status"),
    [(READING["plain"], Status.REVIEW), (FREE, Status.NO_INDICATION)],
)
def test_scripted_interviews_end_to_end(script: Script, status: Status) -> None:
    for seed in range(3):
        assert AssistedAnswering().inspect(made(script, seed)).status is status


def test_a_recording_without_sound_or_face_is_inconclusive() -> None:
    whole = made(READING["plain"])
    blind = AssistedAnswering().inspect(replace(whole, faces=None))
    assert "assumed_weight_gaze" not in blind.measurements
    silent = AssistedAnswering().inspect(replace(whole, audio=None))
    assert silent.reason.code == "no_sound"


def test_it_is_off_by_default_and_says_so() -> None:
    assert SPEC.optional
    assert SPEC.name in BESIDE_PRIMARY
    models = cast("Models", None)
    (off,) = reading(Settings(), models, [SPEC.name]).detectors
    signal = off.inspect(made(READING["plain"]))
    assert signal.status is Status.INCONCLUSIVE
    assert signal.reason.code == "not_run"
    turned_on = Settings(optional_signals=(SPEC.name,))
    (on,) = reading(turned_on, models, [SPEC.name]).detectors
    assert on.inspect(made(READING["plain"])).status is Status.REVIEW


@pytest.mark.parametrize("name", ["faces", "astrology"])
def test_only_optional_signals_can_be_turned_on(name: str) -> None:
    with pytest.raises(SettingsInvalid, match=name):
        reading(Settings(optional_signals=(name,)), cast("Models", None), [])
