from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audit.types import Status, Strength
from liveness.physiology import Physiology, head_speed, rate_interval
from tests.liveness.face_tracks import RATE, interview, log, track


def blinking(seconds: float, every_s: float) -> np.ndarray:
    opening = np.full(round(seconds * RATE), 0.36)
    for at in np.arange(every_s, seconds - 1, every_s):
        opening[round(at * RATE) : round(at * RATE) + 4] = 0.1
    return opening


def test_nothing_to_watch_is_inconclusive() -> None:
    assert Physiology().inspect(interview(None)).reason.code == "no_pictures"
    assert Physiology().inspect(interview(log([]))).reason.code == "no_face"


def test_three_seconds_are_too_short_but_measured() -> None:
    signal = Physiology().inspect(interview(log([track(3.0, eyes=blinking(3.0, 1.0))])))
    assert signal.status is Status.INCONCLUSIVE and signal.reason.code == "too_short"
    assert signal.measurements["blinks"] == 1


def test_a_usual_rate_is_no_indication() -> None:
    signal = Physiology().inspect(interview(log([track(60.0, eyes=blinking(60.0, 4.0))])))
    assert signal.status is Status.NO_INDICATION
    assert signal.strength is Strength.SUPPORTING
    assert signal.score == pytest.approx(14.0, abs=1.0)
    assert signal.measurements["blink_median_s"] == pytest.approx(0.16)


def test_no_blink_in_ninety_seconds_is_for_review() -> None:
    signal = Physiology().inspect(interview(log([track(92.0)])))
    assert signal.status is Status.REVIEW and signal.evidence
    few = Physiology().inspect(interview(log([track(60.0)])))
    assert few.status is Status.NO_INDICATION


@given(st.integers(0, 200), st.floats(1.0, 3600.0))
def test_the_interval_holds_the_rate_and_is_exact(count: int, seconds: float) -> None:
    low, high = rate_interval(count, seconds)
    assert low <= count / seconds * 60 <= high
    mean = high / 60 * seconds
    assert stats.poisson.cdf(count, mean) == pytest.approx(0.025, abs=1e-6)


def test_head_speed_is_that_of_a_steady_turn() -> None:
    face = track(4.0)
    face.pose[:, 0] = 30.0 * face.times_s  # degrees
    assert np.median(head_speed(face)) == pytest.approx(30.0, rel=0.05)
    assert len(head_speed(track(30.0, step_s=1.0))) == 0
