"""The detector with a network made of numbers, and the shipped network on real pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.calibration import CalibrationRecord
from audit.conformal import ConformalRecord
from audit.interview import FaceLog, FaceSample, Interview
from audit.types import Status, WeightUse
from liveness import face_manipulation as under_test
from liveness.face_manipulation import CROP, FaceManipulation, where
from tests.liveness.face_tracks import interview, log, samples, track


class Network:
    """Logit = (brightness - 128) / 10; what is replaced is the lower third of the face."""

    def onnx(self, weight_id: str) -> Network:
        assert weight_id == "face_manipulation"
        return self

    def run(self, outputs: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        pixels = inputs["input"]
        assert pixels.dtype == np.float32 and pixels.shape[1:] == (3, 224, 224)
        grey = pixels.mean(axis=(1, 2, 3)) * 128 + 127
        parts = np.full((len(pixels), 14, 14), -6.0, np.float32)
        parts[:, 10:] = 3.0
        return [((grey - 128) / 10).astype(np.float32), parts]

    def uses(self, *weight_ids: str) -> tuple[WeightUse, ...]:
        return tuple(WeightUse(w, "0" * 64, "Apache-2.0", True) for w in weight_ids)


def conformal(bona_fide: float, attack: float) -> ConformalRecord:
    return ConformalRecord(
        id="x", score="s", model="m", model_version="1", attack_high=True, bona_fide_error=0.05,
        attack_error=0.2, bona_fide_limit=bona_fide, attack_limit=attack, n_bona_fide=100,
        n_attack=100, datasets=("d",), conditions="", date="2026-11-23", source="s",
    )  # fmt: skip


def calibration(upper: float) -> CalibrationRecord:
    return CalibrationRecord(
        id="x", score="s", model="m", model_version="1", slope=1.0, offset=0.0, lower=-0.5,
        upper=upper, hypotheses=("altered", "untouched"), n_mated=10, n_nonmated=10, n_persons=10,
        datasets=("d",), conditions="", date="2026-11-23", source="s", cllr=0.5,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above 1 no untouched face, below -1 no altered one; small faces: nothing can be told."""

    def chosen(size: float, point: Any) -> tuple[ConformalRecord, CalibrationRecord]:
        if size < point["large_face"]:
            return conformal(np.inf, -np.inf), calibration(0.3)
        return conformal(1.0, -1.0), calibration(1.5)

    monkeypatch.setattr(under_test, "condition", chosen)


def seen(faces: FaceLog | None) -> Interview:
    return replace(interview(faces), models=Network())  # type: ignore[arg-type]


def faces_of(of: Any, levels: Sequence[int], **more: Any) -> tuple[FaceSample, ...]:
    """A second each at these grey levels, one after the other, again and again."""
    kept = samples(of, 0, **more)
    return tuple(
        replace(s, crops={CROP.name: np.full((224, 224, 3), levels[n % len(levels)], np.uint8)})
        for n, s in enumerate(kept)
    )


def test_nothing_to_look_at_is_inconclusive() -> None:
    assert FaceManipulation().inspect(seen(None)).reason.code == "no_pictures"
    assert FaceManipulation().inspect(seen(log([]))).reason.code == "no_face"


def test_traces_are_for_review_and_say_where() -> None:
    face = track(6.0, start_s=2.0, size=200)
    signal = FaceManipulation().inspect(seen(log([face], faces_of(face, [158]))))
    assert signal.status is Status.REVIEW and signal.reason.code == "blending_traces"
    assert "mouth and chin" in signal.reason.text
    assert signal.score == pytest.approx(3.0, abs=0.01)
    (evidence,) = signal.evidence
    assert evidence.start_s == pytest.approx(2.0) and evidence.box is not None
    assert signal.likelihood_ratio is not None and signal.likelihood_ratio.log10 == 1.5
    assert [w.id for w in signal.model.weights] == ["face_manipulation"]


def test_no_traces_are_no_indication() -> None:
    face = track(6.0, size=200)
    signal = FaceManipulation().inspect(seen(log([face], faces_of(face, [98]))))
    assert signal.status is Status.NO_INDICATION and not signal.evidence
    assert signal.likelihood_ratio is not None and signal.likelihood_ratio.log10 == -0.5


def test_what_fits_both_kinds_is_inconclusive() -> None:
    face = track(6.0, size=200)
    signal = FaceManipulation().inspect(seen(log([face], faces_of(face, [128]))))
    assert signal.status is Status.INCONCLUSIVE and signal.reason.code == "cannot_tell"
    assert signal.score == pytest.approx(0.0, abs=0.01)


def test_the_mean_decides_not_a_single_picture() -> None:
    face = track(10.0, size=200)
    signal = FaceManipulation().inspect(seen(log([face], faces_of(face, [98] * 9 + [200]))))
    assert signal.status is Status.NO_INDICATION
    assert signal.measurements["highest_logit"] == pytest.approx(7.2, abs=0.01)


def test_the_track_that_looks_most_altered_decides() -> None:
    first, second = track(5.0, size=200), track(5.0, id=1, start_s=6.0, size=200)
    kept = (*faces_of(first, [90]), *faces_of(second, [160]))
    signal = FaceManipulation().inspect(seen(log([first, second], kept)))
    assert signal.status is Status.REVIEW
    assert [e.track for e in signal.evidence] == [1]


def test_small_faces_have_limits_of_their_own() -> None:
    face = track(6.0, size=90)
    signal = FaceManipulation().inspect(seen(log([face], faces_of(face, [180]))))
    assert signal.status is Status.INCONCLUSIVE and signal.reason.code == "cannot_tell"


@pytest.mark.parametrize(("size", "quality"), [(40, 1.0), (200, 0.05)])
def test_poor_faces_are_not_judged(size: float, quality: float) -> None:
    face = track(6.0, size=size)
    kept = faces_of(face, [200], quality=quality)
    signal = FaceManipulation().inspect(seen(log([face], kept)))
    assert signal.status is Status.INCONCLUSIVE and signal.reason.code == "faces_unusable"
    assert signal.score is None and signal.likelihood_ratio is None


def test_a_long_recording_is_sampled_evenly() -> None:
    face = track(600.0, size=200, step_s=1.0)
    signal = FaceManipulation().inspect(seen(log([face], faces_of(face, [98]))))
    judged = signal.measurements["faces_judged"]
    assert isinstance(judged, int) and 60 <= judged <= 240


@pytest.mark.parametrize(
    ("rows", "said"), [((0, 4), "forehead"), ((6, 8), "nose"), ((11, 14), "mouth")]
)
def test_the_third_of_the_face(rows: tuple[int, int], said: str) -> None:
    parts = np.zeros((3, 14, 14))
    parts[:, slice(*rows)] = 0.9
    assert said in where(parts)


def test_a_single_photo_is_too_little() -> None:
    face = track(0.04, size=200)
    signal = FaceManipulation().inspect(seen(log([face], faces_of(face, [200]))))
    assert signal.status is Status.INCONCLUSIVE and signal.reason.code == "faces_unusable"


def test_the_shipped_network_gives_what_was_recorded_when_it_was_trained() -> None:
    """Its outputs on drawn pixels, recorded from the training library in single precision."""
    import json
    from importlib import resources
    from pathlib import Path

    from audit.inference import session
    from audit.weights import WeightStore

    held = json.loads(
        resources.files("liveness").joinpath("models/face_manipulation.check.json").read_text()
    )
    random = np.random.RandomState(held["seed"])
    pixels = random.randint(0, 256, (2, 3, 224, 224)).astype(np.float32)
    run = session(WeightStore(Path("nowhere")).read("face_manipulation"))
    logit, parts = run.run(None, {"input": (pixels - 127) / 128})
    assert logit == pytest.approx(np.array(held["logit"]), abs=0.02)
    assert parts.mean(axis=(1, 2)) == pytest.approx(np.array(held["parts"]), abs=0.02)
