from __future__ import annotations

import cv2
import numpy as np
import pytest

from audit.inference import Models
from audit.media.plan import Picture
from audit.perception.faces import FaceReader
from audit.settings import Sampling
from audit.types import Span, Status
from datasets.attacks.held_photo import held_photo
from liveness import presentation_fusion
from liveness.presentation_attack import PresentationAttack, limits_of
from liveness.presentation_fusion import Fusion
from tests.liveness.face_tracks import interview, log, movement, samples, track

DARK, MIDDLE, BRIGHT = 90, 128, 200


@pytest.fixture
def by_brightness(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fusion that takes the networks' word alone, whatever coefficients are shipped."""
    inputs = len(presentation_fusion.INPUTS)
    weights = np.zeros(2 * inputs)
    weights[[presentation_fusion.INPUTS.index(f"{n}_live") for n in NETS]] = -0.5
    fusion = Fusion(np.zeros(inputs), np.ones(inputs), weights, 0.0)
    monkeypatch.setattr("liveness.presentation_attack.shipped", lambda: fusion)


NETS = ("minifasnet_v2", "minifasnet_v1se")
pytestmark = pytest.mark.usefixtures("by_brightness")


def test_nothing_to_look_at_is_inconclusive() -> None:
    detector = PresentationAttack()
    assert detector.inspect(interview(None)).reason.code == "no_pictures"
    assert detector.inspect(interview(log([]))).reason.code == "no_face"


def test_a_live_surface_is_no_indication() -> None:
    face = track(6.0, motion=movement(6.0, stir=0.3))
    signal = PresentationAttack().inspect(interview(log([face], samples(face, BRIGHT))))
    assert signal.status is Status.NO_INDICATION
    assert signal.score == pytest.approx(1.0, abs=0.03)
    assert signal.likelihood_ratio is not None and signal.likelihood_ratio.log10 < 0
    assert {w.id for w in signal.model.weights} == {"minifasnet_v2", "minifasnet_v1se"}


def test_a_low_median_is_for_review_and_names_the_track() -> None:
    face = track(6.0, start_s=2.0)
    signal = PresentationAttack().inspect(interview(log([face], samples(face, DARK))))
    assert signal.status is Status.REVIEW and signal.reason.code == "surface"
    (evidence,) = signal.evidence
    assert evidence.start_s == pytest.approx(2.0) and evidence.track == 0
    assert evidence.box is not None and all(0 <= v <= 1 for v in evidence.box)


def test_a_surface_that_fits_both_is_inconclusive() -> None:
    limits = limits_of()
    assert limits.bona_fide_limit < 0.5 < limits.attack_limit
    face = track(6.0, motion=movement(6.0, stir=0.3))
    signal = PresentationAttack().inspect(interview(log([face], samples(face, MIDDLE))))
    assert signal.status is Status.INCONCLUSIVE and signal.reason.code == "surface_undecided"
    assert signal.score == pytest.approx(0.5)


def test_faces_outside_of_the_calibration_have_no_ratio_and_say_why() -> None:
    face = track(6.0, size=60)
    signal = PresentationAttack().inspect(interview(log([face], samples(face, DARK))))
    assert signal.status is Status.REVIEW and signal.likelihood_ratio is None
    assert "60 pixels" in signal.quality_notes[0]


def test_a_low_run_within_a_live_track_is_located() -> None:
    face = track(20.0)
    kept = samples(face, BRIGHT)
    mixed = [s if not 8 <= s.time_s < 13 else d for s, d in zip(kept, samples(face, DARK))]  # noqa: B905
    signal = PresentationAttack().inspect(interview(log([face], mixed)))
    assert signal.status is Status.REVIEW
    (evidence,) = signal.evidence
    assert evidence.start_s == pytest.approx(8.0) and evidence.end_s == pytest.approx(12.0)


def test_a_short_dip_is_not_reported() -> None:
    face = track(20.0)
    kept = samples(face, BRIGHT)
    dip = [s if s.time_s != 8 else d for s, d in zip(kept, samples(face, DARK))]  # noqa: B905
    assert PresentationAttack().inspect(interview(log([face], dip))).status is Status.NO_INDICATION


def test_poor_faces_are_inconclusive_however_low_they_score() -> None:
    face = track(6.0)
    poor = samples(face, DARK, quality=0.05)
    signal = PresentationAttack().inspect(interview(log([face], poor)))
    assert signal.status is Status.INCONCLUSIVE and signal.reason.code == "faces_unusable"
    small = track(6.0, size=30)
    signal = PresentationAttack().inspect(interview(log([small], samples(small, DARK))))
    assert signal.status is Status.INCONCLUSIVE


def test_a_flat_picture_is_found_by_its_motion_while_there_is_speech() -> None:
    face = track(4.0, motion=movement(4.0))
    seen = interview(log([face], samples(face, BRIGHT)), [Span(0.5, 3.5)])
    signal = PresentationAttack().inspect(seen)
    assert signal.status is Status.REVIEW and signal.reason.code == "flat_motion"
    assert signal.evidence[0].start_s == 0.0


def test_without_speech_a_flat_picture_needs_longer() -> None:
    short = track(4.0, motion=movement(4.0))
    silent = interview(log([short], samples(short, BRIGHT)), [])
    assert PresentationAttack().inspect(silent).status is Status.NO_INDICATION
    long = track(8.0, motion=movement(8.0))
    silent = interview(log([long], samples(long, BRIGHT)), [])
    assert PresentationAttack().inspect(silent).reason.code == "flat_motion"


def test_a_blink_speaks_against_a_flat_picture() -> None:
    eyes = np.full(100, 0.36)
    eyes[40:44] = 0.1
    face = track(4.0, eyes=eyes, motion=movement(4.0))
    seen = interview(log([face], samples(face, BRIGHT)), [Span(0.5, 3.5)])
    assert PresentationAttack().inspect(seen).status is Status.NO_INDICATION


def test_a_face_that_never_moves_under_long_speech_is_for_review() -> None:
    face = track(30.0, motion=movement(30.0, shift=0.0005, around=0.0001))
    seen = interview(log([face], samples(face, BRIGHT)), [Span(1.0, 25.0)])
    signal = PresentationAttack().inspect(seen)
    assert signal.status is Status.REVIEW and "Neither eyes" in signal.evidence[0].text
    listener = interview(log([face], samples(face, BRIGHT)), [])
    assert PresentationAttack().inspect(listener).status is Status.NO_INDICATION


def test_a_long_flat_run_within_a_live_track_is_located() -> None:
    calm, live = movement(10.0), movement(30.0, stir=0.3, start_s=10.0)
    joined = type(calm)(
        *(
            np.concatenate([getattr(calm, k), getattr(live, k)])
            for k in ("times_s", "gaps_s", "shift", "around", "mouth", "eyes", "rest")
        )
    )
    face = track(40.0, motion=joined)
    signal = PresentationAttack().inspect(interview(log([face], samples(face, BRIGHT)), []))
    assert signal.status is Status.REVIEW
    assert signal.evidence[0].start_s == pytest.approx(0.0, abs=0.01)
    assert signal.evidence[0].end_s == pytest.approx(10.0)


def test_a_smaller_face_beside_does_not_count() -> None:
    lead, poster = track(6.0), track(6.0, id=1, size=60)
    kept = [*samples(lead, BRIGHT), *samples(poster, DARK)]
    signal = PresentationAttack().inspect(interview(log([lead, poster], kept)))
    assert signal.status is Status.NO_INDICATION


@pytest.mark.weights
def test_a_held_photo_of_a_portrait_is_found_by_motion(models: Models) -> None:
    skimage = pytest.importorskip("skimage.data")
    still = cv2.cvtColor(skimage.astronaut(), cv2.COLOR_RGB2BGR)[:300, 60:400]
    frames = list(held_photo(still, seconds=3.0, seed=4, size=(426, 360)))
    signal = _inspect(frames, models, [Span(0.2, 2.8)])
    assert signal.status is Status.REVIEW
    assert signal.reason.code in ("flat_motion", "surface_and_motion")


def _inspect(frames: list[np.ndarray], models: Models, speech: list[Span]) -> object:
    reader = FaceReader(models, PresentationAttack.spec.crops, Sampling())
    for i, image in enumerate(frames):
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        signature = cv2.resize(grey, (32, 24), interpolation=cv2.INTER_AREA)
        reader.add(Picture(i / 25.0, i, len(frames) > 1, signature, image))
    seen = interview(reader.finish(), speech)
    object.__setattr__(seen, "models", models)
    return PresentationAttack().inspect(seen)
