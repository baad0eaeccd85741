"""The detector on made-up tracks, with a model, limits and a calibration of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.calibration import CalibrationRecord
from audit.combination import structure
from audit.conformal import ConformalRecord
from audit.findings import conclude
from audit.interview import FaceTrack
from audit.types import Question, Status
from liveness import face_dynamics as under_test
from liveness.face_dynamics import FaceDynamics, condition
from liveness.part_motion import NAMES
from tests.liveness.face_tracks import interview, log, track
from tests.liveness.test_part_motion import COUNT, made

POINT: dict[str, Any] = {
    "least_size": 64.0,
    "most_gap_s": 0.05,
    "least_count": 22,
    "good_count": 100,
    "model": {"centre": [0.0] * 4, "scale": [1.0] * 4, "weights": [1.0] * 4, "offset": 5.0},
}


@pytest.fixture(autouse=True)
def own_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above 5 no untouched face, below 3 no altered one; untouched made ones lie at about 1."""
    limits = ConformalRecord(
        id="x", score="s", model="m", model_version="1", attack_high=True, bona_fide_error=0.1,
        attack_error=0.2, bona_fide_limit=5.0, attack_limit=3.0, n_bona_fide=9, n_attack=9,
        datasets=("d",), conditions="", date="2026-11-23", source="s",
    )  # fmt: skip
    ratio = CalibrationRecord(
        id="x", score="s", model="m", model_version="1", slope=1.0, offset=-3.0, lower=0.0,
        upper=0.6, hypotheses=("altered", "untouched"), n_mated=9, n_nonmated=9, n_persons=9,
        datasets=("d",), conditions="", date="2026-11-23", source="s", cllr=0.8,
    )  # fmt: skip
    monkeypatch.setattr(under_test, "condition", lambda: (limits, ratio))
    monkeypatch.setattr(under_test, "operating_point", lambda *_: POINT)


def face(seconds: float = 2.4, *, id: int = 0, size: float = 140.0, **kinds: float) -> FaceTrack:
    parts = made(id, **kinds)
    start_s = 10.0 * id
    return replace(
        track(seconds, id=id, size=size, start_s=start_s),
        parts=replace(parts, times_s=parts.times_s + start_s),
    )


def test_nothing_to_look_at_is_inconclusive() -> None:
    assert FaceDynamics().inspect(interview(None)).reason.code == "no_pictures"
    assert FaceDynamics().inspect(interview(log([]))).reason.code == "no_face"


def test_a_face_at_rest_is_no_indication_and_speaks_for_nothing() -> None:
    signal = FaceDynamics().inspect(interview(log([face()])))
    assert signal.status is Status.NO_INDICATION and signal.reason.code == "face_at_rest"
    assert not signal.evidence and signal.score is not None and signal.score < 3
    assert signal.likelihood_ratio is not None and signal.likelihood_ratio.log10 == 0.0
    assert signal.measurements["faces_judged"] == COUNT - 1
    assert all(isinstance(signal.measurements[name], float) for name in NAMES)
    assert len(signal.series) == 1


def test_a_flickering_face_is_for_review_and_the_text_says_what_is_seen() -> None:
    signal = FaceDynamics().inspect(interview(log([face(flicker=20.0, change=2.0)])))
    assert signal.status is Status.REVIEW and signal.reason.code == "restless_face"
    assert "flickers" in signal.reason.text
    (evidence,) = signal.evidence
    assert evidence.start_s == pytest.approx(0.04) and evidence.box is not None
    assert signal.likelihood_ratio is not None and signal.likelihood_ratio.log10 == 0.6


def test_alone_it_never_brings_a_finding_to_review() -> None:
    signal = FaceDynamics().inspect(interview(log([face(flicker=20.0, change=2.0)])))
    finding = next(f for f in conclude([signal]) if f.question is Question.AUTHENTICITY)
    assert finding.verdict is Status.INCONCLUSIVE
    assert finding.reasons[0].code == "single_supporting_signal"


def test_what_fits_both_kinds_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    limits, ratio = under_test.condition()
    wide = replace(limits, bona_fide_limit=np.inf)
    monkeypatch.setattr(under_test, "condition", lambda: (wide, ratio))
    signal = FaceDynamics().inspect(interview(log([face(flicker=20.0, change=2.0)])))
    assert signal.status is Status.INCONCLUSIVE and signal.reason.code == "cannot_tell"
    assert signal.operating_point == "never for review"


def test_the_most_restless_track_decides() -> None:
    tracks = [face(), face(id=1, flicker=20.0, change=2.0)]
    signal = FaceDynamics().inspect(interview(log(tracks)))
    assert signal.status is Status.REVIEW
    assert [each.track for each in signal.evidence] == [1]


@pytest.mark.parametrize(
    ("faces", "code"),
    [
        (face(size=60), "faces_unusable"),
        (replace(face(), parts=None), "faces_unusable"),
        (face(gap_s=0.08), "too_few_pictures"),
    ],
)
def test_what_cannot_be_judged_is_said_to_be_so(faces: FaceTrack, code: str) -> None:
    signal = FaceDynamics().inspect(interview(log([faces])))
    assert signal.status is Status.INCONCLUSIVE and signal.reason.code == code
    assert signal.score is None and signal.likelihood_ratio is None


def test_a_short_watch_and_bare_surroundings_are_not_judged() -> None:
    parts = made()
    short = replace(parts, follows=parts.follows & (np.arange(COUNT) < 15))
    bare = replace(parts, moved=np.where(np.arange(6)[:, None] > 1, np.nan, parts.moved))
    for given, code in ((short, "too_short"), (bare, "no_surroundings")):
        one = replace(track(2.4), parts=replace(given, moved=given.moved.astype(np.float32)))
        signal = FaceDynamics().inspect(interview(log([one])))
        assert signal.status is Status.INCONCLUSIVE and signal.reason.code == code


def test_it_counts_once_with_the_signal_of_single_pictures() -> None:
    from liveness.face_manipulation import FaceManipulation

    assert FaceDynamics.spec.cause == FaceManipulation.spec.cause
    limits, ratio = condition()
    held = structure()
    assert ratio.hypotheses[0] in held.attacks and ratio.lower == 0.0
    assert limits.model == ratio.model == FaceDynamics.spec.name
