"""The face against earlier recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from audit.check import open_interview, reading
from audit.detectors import Detector
from audit.inference import Models
from audit.settings import Settings
from audit.types import Status
from identity import face_reference
from identity.face_reference import FaceReference, compare_faces
from tests.identity.toy_faces import ToyEncoder, interview, talk

A, B = 1, 2


@pytest.fixture(autouse=True)
def toy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if "models" not in request.fixturenames:
        encoder = ToyEncoder()
        monkeypatch.setattr(face_reference, "encoder_for", lambda _interview: encoder)
    yield


def test_is_a_detector() -> None:
    assert isinstance(FaceReference(), Detector)


def test_without_a_reference_nothing_is_said() -> None:
    signal = FaceReference().inspect(talk([A] * 10))
    assert signal.status is Status.INCONCLUSIVE
    assert signal.reason.text == "No earlier recording was given."
    assert signal.score is None


def test_same_face() -> None:
    signal = compare_faces(talk([A] * 30), talk([A] * 8, label="reference 1"))
    assert signal.status is Status.NO_INDICATION
    assert signal.likelihood_ratio is not None
    assert signal.score == signal.likelihood_ratio.log10 == signal.likelihood_ratio.upper
    assert signal.reason.text == (
        "The face is like the one in reference 1: the measurement is at least 42 times likelier "
        "if this is one person than if these are two people (moderate support)."
    )
    assert signal.measurements["faces_of_this_recording"] == 10
    assert signal.measurements["faces_of_the_reference"] == 8
    (piece,) = signal.evidence
    assert piece.text.startswith("Faces compared with reference 1: the measurement is at least 42")
    assert piece.score == signal.score
    assert len(piece.frames_s) == 3


def test_another_face() -> None:
    signal = compare_faces(talk([B] * 12), talk([A] * 12, label="reference 1"))
    assert signal.status is Status.REVIEW
    assert signal.reason.code == "face_differs"
    assert signal.likelihood_ratio is not None
    assert signal.score == signal.likelihood_ratio.log10 == signal.likelihood_ratio.lower
    assert "at least 44 times likelier if these are two people" in signal.reason.text
    assert signal.score_meaning.startswith("log10 likelihood ratio of the pooled best faces")
    assert signal.operating_point.startswith("Review below -1.00 (about 10 times likelier")


def test_the_least_similar_reference_decides() -> None:
    references = (talk([A] * 5, label="reference 1"), talk([B] * 5, label="reference 2"))
    signal = FaceReference().inspect(talk([A] * 10, references=references))
    assert signal.status is Status.REVIEW
    assert signal.measurements["least_similar"] == "reference 2"
    assert "reference 2, the least similar of 2" in signal.reason.text
    assert [e.score for e in signal.evidence] == [1.63, -1.65]
    assert signal.score == -1.65


def test_single_images_use_the_coarser_scale() -> None:
    near = compare_faces(talk([A], wobble=5), talk([A], label="photograph", wobble=5))
    assert near.status is Status.NO_INDICATION
    assert "pools of 1 or more" in near.operating_point
    assert "pools of 2 or more" in compare_faces(talk([A] * 9), talk([A] * 2)).operating_point


def test_between_the_thresholds_nothing_is_said() -> None:
    rng = np.random.default_rng(0)
    seen = [
        compare_faces(talk([A], wobble=int(w)), talk([A], wobble=200))
        for w in rng.integers(5, 250, 60)
    ]
    between = [s for s in seen if s.status is Status.INCONCLUSIVE]
    assert between
    for signal in between:
        assert signal.score is not None
        assert -1.0 <= signal.score <= 0.75
        assert signal.reason.text.startswith("Whether the face is the one in recording cannot be")


def test_a_network_without_calibration_keeps_its_own_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder = ToyEncoder()
    encoder.id = "insightface"
    monkeypatch.setattr(face_reference, "encoder_for", lambda _interview: encoder)
    signal = compare_faces(talk([A] * 5), talk([A] * 5, label="reference 1"))
    assert signal.likelihood_ratio is None
    assert signal.score is not None
    assert 0.97 < signal.score <= 1.0
    assert signal.score_meaning.startswith("Uncalibrated")
    assert signal.operating_point.startswith("Uncalibrated")
    assert "(this network is uncalibrated)" in signal.reason.text
    assert signal.measurements["support"] == "uncalibrated"


def test_unusable_recordings_are_named() -> None:
    blank = interview([], [], main=None, label="reference 1")
    signal = compare_faces(talk([A] * 10), blank)
    assert signal.status is Status.INCONCLUSIVE
    assert "reference 1" in signal.reason.text
    poor = FaceReference().inspect(talk([A] * 10, quality=0.05, references=(talk([A] * 5),)))
    assert poor.reason.code == "no_usable_face"
    both = FaceReference().inspect(talk([A] * 10, references=(talk([A] * 5), blank)))
    assert both.status is Status.INCONCLUSIVE
    assert both.reason.code == "partly_compared"
    assert "No usable face in reference 1." in both.quality_notes


def test_the_face_seen_most_is_compared() -> None:
    signal = compare_faces(talk([A] * 20 + [B] * 6), talk([A] * 8))
    assert signal.status is Status.NO_INDICATION
    assert signal.evidence[0].end_s <= 19.0


@pytest.mark.shared_data
@pytest.mark.weights
def test_photographs_of_one_and_of_two_people(shared_data: Path, models: Models) -> None:
    folder = shared_data / "faces" / "azure_family" / "Face" / "images"
    how = reading(Settings(), models, ["face_reference"])
    names = ("Family1-Dad1", "Family1-Dad3", "Family1-Mom1")
    dad, again, mom = (open_interview(folder / f"{n}.jpg", how, label=n) for n in names)
    same, other = compare_faces(dad, again), compare_faces(dad, mom)
    assert same.status is Status.NO_INDICATION
    assert other.status is Status.REVIEW
    assert same.score is not None
    assert other.score is not None
    assert same.score > 0.74 > -1.0 > other.score
    assert same.model.weights[0].id == "dlib_resnet"


def test_a_status_that_asks_for_more_goes_before_a_smaller_margin() -> None:
    class Graded:
        def __init__(self, status: Status) -> None:
            self._status = status

        def status(self, score: float) -> Status:
            return self._status

    class Found:
        def __init__(self, status: Status, margin: float) -> None:
            self.grade, self.margin, self.score = Graded(status), margin, 0.9

    unclear, passed = Found(Status.INCONCLUSIVE, 0.03), Found(Status.NO_INDICATION, 0.02)
    found = [cast("Any", f) for f in (passed, unclear)]
    assert min(found, key=face_reference._rank) is found[1]
