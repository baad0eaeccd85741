from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.detectors import CropSpec
from audit.inference import Models
from audit.interview import FaceLog
from audit.media.plan import Picture
from audit.perception.faces import FaceReader, Networks
from audit.settings import Sampling
from tests.audit.toy_face import Square, ToyDetector, ToyLids, ToyMesh, picture

CROPS = (
    CropSpec("near", 40, scale=1.5),
    CropSpec(
        "aligned",
        32,
        template=((10.0, 12.0), (22.0, 12.0), (16.0, 18.0), (11.0, 24.0), (21.0, 24.0)),
    ),
)


class Scene:
    """Drives a reader with toy pictures; `squares` are the faces of each picture."""

    def __init__(self, sampling: Sampling | None = None) -> None:
        self.detector = ToyDetector()
        self.mesh = ToyMesh(self.detector)
        networks = Networks(self.detector, self.mesh, ToyLids())  # type: ignore[arg-type]
        self.reader = FaceReader(
            None,  # type: ignore[arg-type]
            CROPS,
            sampling or Sampling(),
            networks=networks,
        )

    def show(self, squares: list[Square], frame: int, **more: object) -> None:
        self.detector.squares = squares
        self.reader.add(picture(squares, frame, **more))  # type: ignore[arg-type]

    def log(self) -> FaceLog:
        return self.reader.finish()


@settings(deadline=None, max_examples=8)
@given(st.floats(-3, 3), st.floats(-2, 2), st.floats(30, 70))
def test_a_moving_face_is_one_dense_track(dx: float, dy: float, side: float) -> None:
    scene = Scene()
    for k in range(25):
        scene.show([(160 + dx * k, 120 + dy * k, side)], k)
    log = scene.log()
    (track,) = log.tracks
    assert log.main == track.id
    assert len(track.times_s) == 25 and track.dense.all()
    middle = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2
    assert middle[-1] - middle[0] == pytest.approx([dx * 24, dy * 24], abs=1.5)
    assert log.looked_count.tolist() == [1] * 25


def test_the_detector_rests_in_dense_stretches() -> None:
    scene = Scene()
    for k in range(50):
        scene.show([(160, 120, 60)], k)
    assert scene.detector.searches <= 5


def test_two_faces_are_two_tracks_and_counted() -> None:
    scene = Scene()
    for k in range(40):
        both = [(90.0, 120.0, 60.0), (230.0, 120.0, 40.0)]
        scene.show(both if 10 <= k < 30 else both[:1], k)
    log = scene.log()
    assert len(log.tracks[0].times_s) == 40
    assert len(log.tracks) == 2 and log.main == log.tracks[0].id
    assert log.looked_count.max() == 2
    second = log.tracks[1]
    assert second.times_s[0] <= 30 / 25 and second.times_s[-1] == pytest.approx(29 / 25)


def test_a_cut_ends_a_track_even_at_the_same_place() -> None:
    scene = Scene()
    for k in range(40):
        scene.show([(160, 120, 60)], k, scene=0 if k < 20 else 7)
    first, second = scene.log().tracks
    assert first.times_s[-1] == pytest.approx(19 / 25)
    assert second.times_s[0] == pytest.approx(20 / 25)


def test_a_turned_head_that_the_detector_misses_is_kept_by_the_mesh() -> None:
    scene = Scene()
    for k in range(60):
        scene.detector.blind = 20 <= k < 50
        scene.show([(160, 120, 60)], k)
    (track,) = scene.log().tracks
    assert len(track.times_s) == 60
    assert track.gaze is not None
    assert np.allclose(track.gaze, (0.1, -0.05))


def test_a_doubtful_mesh_needs_the_detectors_word() -> None:
    scene = Scene()
    for k in range(60):
        scene.detector.blind = k >= 20
        scene.mesh.sure = 0.95 if k < 20 else 0.6
        scene.show([(160, 120, 60)], k)
    (track,) = scene.log().tracks
    assert 20 <= len(track.times_s) < 40


def test_a_face_that_hides_for_a_moment_keeps_its_track_and_leaves_a_gap() -> None:
    scene = Scene()
    for k in range(60):
        scene.show([] if 20 <= k < 40 else [(160, 120, 60)], k)
    log = scene.log()
    (track,) = log.tracks
    gap = (log.looked_s >= 0.8) & (log.looked_s < 1.6)
    assert len(track.times_s) < 60 and (log.looked_count[gap] == 0).all()
    assert log.looked_count[-1] == 1


def test_sparse_pictures_join_by_place_and_size() -> None:
    scene = Scene()
    for k in range(12):
        scene.show([(160 + 3 * k, 120, 60)], k * 25, dense=False)
    (track,) = scene.log().tracks
    assert len(track.times_s) == 12 and not track.dense.any()
    assert np.isnan(track.eye_open).all()  # a lone picture shows no blink


def test_the_detector_looks_at_every_second_sampled_picture_where_the_mesh_is_sure() -> None:
    scene = Scene()
    for k in range(12):
        scene.show([(160 + 3 * k, 120, 60)], k * 50, dense=False)  # 2 s apart
    (track,) = scene.log().tracks
    assert len(track.times_s) == 12
    assert scene.detector.searches == 6


def test_a_newcomer_between_sampled_pictures_is_seen_within_four_seconds() -> None:
    scene = Scene()
    still, other = (80.0, 120.0, 60.0), (240.0, 120.0, 60.0)
    for k in range(12):
        scene.show([still, other] if k >= 5 else [still], k * 50, dense=False)
    log = scene.log()
    assert log.looked_s[log.looked_count == 2][0] == pytest.approx(12.0)
    assert (log.looked_count[6:] == 2).all()


def test_sampled_pictures_far_apart_are_all_searched() -> None:
    scene = Scene()
    for k in range(6):
        scene.show([(160, 120, 60)], k * 100, dense=False)  # 4 s apart
    assert scene.detector.searches == 6


def test_who_leaves_between_sampled_pictures_is_gone_at_once() -> None:
    scene = Scene()
    for k in range(12):
        scene.show([(160, 120, 60)] if k < 5 else [], k * 50, dense=False)
    log = scene.log()
    assert log.looked_count.tolist() == [1] * 5 + [0] * 7


def test_a_far_away_face_after_a_gap_is_another_track() -> None:
    scene = Scene()
    for k in range(12):
        place = (60.0, 60.0, 40.0) if k < 6 else (270.0, 190.0, 40.0)
        scene.show([place], k * 25, dense=False)
    assert len(scene.log().tracks) == 2


def test_small_faces_are_found_where_there_are_no_others() -> None:
    scene = Scene()
    small = (160.0, 120.0, 20.0)
    for k in range(100):
        scene.detector.small = [small] if k >= 10 else []
        scene.detector.overlooked = scene.detector.small
        scene.show(scene.detector.small, k)
    (track,) = scene.log().tracks
    assert track.times_s[0] == pytest.approx(2.0, abs=0.21)
    assert track.times_s[-1] == pytest.approx(99 / 25)


def test_flicker_is_dropped() -> None:
    scene = Scene()
    for k in range(30):
        scene.mesh.sure = 0.85
        scene.show([(160.0, 120.0, 60.0)] + ([(40.0, 40.0, 30.0)] if k == 13 else []), k)
    log = scene.log()
    assert len(log.tracks) == 1 and log.looked_count.max() == 1
    assert {s.track for s in log.samples} == {log.tracks[0].id}


def test_samples_hold_every_crop_in_its_size() -> None:
    scene = Scene()
    for k in range(75):
        scene.show([(160, 120, 60)], k)
    log = scene.log()
    assert len(log.samples) == 3
    for sample in log.samples:
        assert sample.crops["near"].shape == (40, 40, 3)
        assert sample.crops["aligned"].shape == (32, 32, 3)
        assert sample.crops["near"].std() > 20
        track = log.track(sample.track)
        assert track.times_s[sample.row] == sample.time_s
        assert track.frames[sample.row] == sample.frame


def test_reduced_pictures_give_displayed_pixels() -> None:
    scene = Scene()
    for k in range(3):
        scene.show([(160, 120, 60)], k, scale=0.5)
    (track,) = scene.log().tracks
    assert track.sizes[0] == pytest.approx(120, abs=1)


def test_one_picture_is_enough_for_a_track() -> None:
    scene = Scene()
    scene.show([(160, 120, 60)], 0, dense=False)
    log = scene.log()
    assert len(log.tracks) == 1 and len(log.samples) == 1 and log.main == log.tracks[0].id


def test_pictures_without_pixels_only_mark_cuts() -> None:
    scene = Scene()
    for k in range(30):
        made = picture([(160, 120, 60)], k, scene=0 if k < 15 else 7)
        scene.detector.squares = [(160, 120, 60)]
        blank = Picture(made.time_s, made.frame, True, made.signature, None)
        scene.reader.add(blank if 10 <= k < 20 else made)
    log = scene.log()
    assert len(log.tracks) == 2 and len(log.looked_s) == 20


def test_an_empty_recording_is_an_empty_log() -> None:
    log = Scene().log()
    assert log.tracks == () and log.samples == () and log.main is None
    assert len(log.looked_s) == 0


@pytest.mark.weights
def test_the_real_models_follow_a_portrait_through_a_pan(models: Models) -> None:
    data = pytest.importorskip("skimage.data")
    image = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    reader = FaceReader(models, CROPS, Sampling())
    for k in range(30):
        view = np.ascontiguousarray(image[:400, 2 * k : 2 * k + 440])
        signature = cv2.resize(view[:, :, 1], (32, 24), interpolation=cv2.INTER_AREA)
        reader.add(Picture(k / 25, k, True, signature, view))
    log = reader.finish()
    (track,) = log.tracks
    assert len(track.times_s) == 30 and float(track.confidence.min()) > 0.9
    moved = (track.boxes[-1, [0, 2]] - track.boxes[0, [0, 2]]).mean()
    assert moved == pytest.approx(-58, abs=3)
    assert float(np.nanmedian(track.eye_open)) > 0.25
    assert abs(float(np.median(track.pose[:, 2]))) < 15
    motion = track.motion
    assert motion is not None
    assert float(np.median(np.fmax(motion.mouth, motion.eyes))) < 0.02
    assert float(np.nanmedian(motion.around)) < 0.02
    assert float(np.median(motion.shift)) == pytest.approx(10 / track.sizes.mean(), rel=0.2)
