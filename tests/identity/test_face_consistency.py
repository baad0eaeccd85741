"""Person changes in the main seat: found, placed, and not invented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.calibration import records
from audit.check import open_interview, reading
from audit.detectors import Detector
from audit.inference import Models
from audit.settings import Settings
from audit.types import Signal, Status
from identity import face_consistency
from identity.embeddings import pooled, similarity
from identity.face_consistency import FaceConsistency
from tests.identity.toy_faces import ToyEncoder, interview, samples, talk, track

A, B, C = 1, 2, 3


@pytest.fixture(autouse=True)
def toy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if "models" not in request.fixturenames:
        encoder = ToyEncoder()
        monkeypatch.setattr(face_consistency, "encoder_for", lambda _interview: encoder)
    yield


def inspect(people: list[int], **more: object) -> Signal:
    return FaceConsistency().inspect(talk(people, **more))


def test_is_a_detector() -> None:
    assert isinstance(FaceConsistency(), Detector)
    assert {crop.name for crop in FaceConsistency.spec.crops} == {"aligned_150", "aligned_112"}


def test_one_person_throughout() -> None:
    signal = inspect([A] * 20)
    assert signal.status is Status.NO_INDICATION
    assert signal.reason.code == "one_face"
    assert signal.likelihood_ratio is not None
    assert signal.score == signal.likelihood_ratio.log10 == signal.likelihood_ratio.upper
    assert signal.reason.text == (
        "The face is alike throughout: between the two most different parts, the measurement is "
        "at least 42 times likelier if this is one person than if these are two people (moderate "
        "support)."
    )
    assert signal.likelihood_ratio.hypotheses[0] == "the same person"
    assert signal.evidence == ()
    assert signal.measurements["groups"] == 1
    assert "the same person" in str(signal.measurements["support"])


def test_a_change_is_found_and_placed() -> None:
    signal = inspect([A] * 12 + [B] * 8)
    assert signal.status is Status.REVIEW
    (piece,) = signal.evidence
    assert piece.start_s == pytest.approx(11.5)
    assert piece.end_s == 19.0
    assert piece.frames_s[:2] == (11.0, 12.0)
    assert len(piece.frames_s) <= 6
    assert piece.box == (10.0, 10.0, 110.0, 110.0)
    assert signal.likelihood_ratio is not None
    assert signal.score == signal.likelihood_ratio.log10 == signal.likelihood_ratio.lower
    assert piece.score == signal.score
    assert piece.text == (
        "Face 2 is seen here. Against face 1, the measurement is at least 44 times likelier if "
        "these are two people than if this is one person (moderate support)."
    )
    assert "face 1 at 0.0-11.5 s; face 2 at 11.5-19.0 s" in signal.reason.text
    (series,) = signal.series
    assert (series.unit, series.threshold) == ("log10 LR", -1.0)
    assert (series.low, series.high) == (-1.65, 1.63)
    below = [v is not None and v < -1.0 for v in series.values]
    assert below == [False] * 12 + [True] * 8
    assert signal.measurements["samples_unlike_the_rest"] == 8


def numbers(signal: Signal) -> list[float]:
    """Every figure of the comparison that leaves the detector."""
    found = [signal.score, *(e.score for e in signal.evidence)]
    found += [v for s in signal.series for v in (*s.values, s.low, s.high, s.threshold)]
    found += [v for v in signal.measurements.values() if isinstance(v, float)]
    return [v for v in found if v is not None]


@pytest.mark.parametrize("people", [[A] * 20, [A] * 12 + [B] * 8, [A] * 9 + [B, B] + [A] * 9])
def test_no_cosine_leaves(people: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[float] = []

    def watched(a: np.ndarray, b: np.ndarray) -> float:
        kept.append(similarity(a, b))
        return kept[-1]

    monkeypatch.setattr(face_consistency, "similarity", watched)
    signal = inspect(people)
    shown = numbers(signal)
    assert len(shown) > 20
    assert kept
    assert not {round(v, 3) for v in shown} & {round(v, 3) for v in kept}
    said = [signal.reason.text, signal.score_meaning, signal.operating_point]
    said += [e.text for e in signal.evidence] + [s.name for s in signal.series]
    said += list(signal.measurements)
    assert not [text for text in said if re.search(r"cosine|similar|0\.9", text.lower())]


def test_series_are_ratios_of_single_samples() -> None:
    one = talk([A] * 12 + [B] * 8)
    signal = FaceConsistency().inspect(one)
    embeddings = ToyEncoder().embed(
        np.stack([s.crops["aligned_150"] for s in one.faces.samples])  # type: ignore[union-attr]
    )
    main = pooled(embeddings[:12], np.full(12, 0.9))
    record = records("identity")["face_dlib_resnet_1"]
    assert signal.series[0].values == pytest.approx(record.log10(embeddings @ main), abs=1e-3)
    assert signal.measurements["lowest_sample_log10_lr"] == pytest.approx(
        min(v for v in signal.series[0].values if v is not None), abs=1e-3
    )


def test_a_network_without_calibration_keeps_its_own_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder = ToyEncoder()
    encoder.id = "insightface"
    monkeypatch.setattr(face_consistency, "encoder_for", lambda _interview: encoder)
    signal = inspect([A] * 20)
    assert signal.likelihood_ratio is None
    assert signal.score is not None
    assert 0.97 < signal.score <= 1.0
    assert signal.score_meaning.startswith("Uncalibrated")
    assert signal.operating_point.startswith("Uncalibrated")
    assert "(this network is uncalibrated)" in signal.reason.text
    assert signal.series[0].unit == "cosine, uncalibrated"
    assert "lowest_sample_cosine_uncalibrated" in signal.measurements


def test_who_returns_is_recognised() -> None:
    signal = inspect([A] * 10 + [B] * 5 + [A] * 10 + [C] * 4 + [B] * 5)
    assert signal.measurements["groups"] == 3
    assert signal.measurements["changes"] == 4
    assert [round(e.start_s, 1) for e in signal.evidence] == [9.5, 14.5, 24.5, 28.5]
    assert "face 1 at 0.0-9.5 s, 14.5-24.5 s" in signal.reason.text


def test_one_or_two_odd_samples_are_no_change() -> None:
    assert inspect([A] * 8 + [B] + [A] * 8).status is Status.NO_INDICATION
    assert inspect([A] * 9 + [B, B] + [A] * 12).status is not Status.REVIEW


def test_poor_samples_are_not_compared() -> None:
    signal = inspect([A] * 10 + [B] * 5, quality=[0.9] * 10 + [0.05] * 5)
    assert signal.status is Status.NO_INDICATION
    assert signal.measurements["faces_unusable"] == 5
    signal = inspect([A] * 20, quality=[0.9] * 5 + [0.05] * 15)
    assert signal.quality_notes == ("15 of 20 sampled faces are too small, blurred or turned.",)


def test_too_little_says_nothing() -> None:
    few = inspect([A, B])
    assert few.status is Status.INCONCLUSIVE
    assert few.reason.code == "few_faces"
    poor = inspect([A] * 9, quality=0.1)
    assert (poor.status, poor.quality) == (Status.INCONCLUSIVE, 0.0)
    # Three samples, one of them odd: one bad frame would look the same.
    assert inspect([A, A, B]).status is Status.INCONCLUSIVE
    odd = inspect([A, A, B])
    assert odd.evidence[0].frames_s == (1.0, 2.0)
    assert "one of them is a single face" in odd.reason.text
    assert odd.evidence[0].score == odd.score


def test_no_pictures_and_no_face() -> None:
    empty = interview([], [], main=None)
    assert FaceConsistency().inspect(empty).reason.code == "no_face"
    blind = interview([], [], main=None)
    object.__setattr__(blind, "faces", None)
    assert FaceConsistency().inspect(blind).reason.code == "no_pictures"


def test_a_second_person_beside_the_first_is_no_change() -> None:
    main, guest = track(0, np.arange(20.0)), track(1, np.arange(5.0, 15.0))
    kept = samples(main, [A] * 20) + samples(guest, [B] * 10)
    assert FaceConsistency().inspect(interview([main, guest], kept)).status is Status.NO_INDICATION


def test_a_small_face_behind_does_not_take_the_seat() -> None:
    main, passer = track(0, np.arange(10.0)), track(1, np.arange(12.0, 20.0), size=30.0)
    kept = samples(main, [A] * 10) + samples(passer, [B] * 8)
    assert FaceConsistency().inspect(interview([main, passer], kept)).status is Status.NO_INDICATION


def test_tracks_sharpen_the_place_of_a_change() -> None:
    first, second = track(0, [0, 1, 2, 3, 3.2]), track(1, [3.3, 4, 5, 6, 7])
    kept = samples(first, [A, A, A, A, -1]) + samples(second, [-1, B, B, B, B])
    signal = FaceConsistency().inspect(interview([first, second], kept))
    assert signal.status is Status.REVIEW
    assert signal.measurements["changes"] == 1
    (piece,) = signal.evidence
    edge = piece.end_s if piece.start_s == 0.0 else piece.start_s
    assert edge == pytest.approx(3.25)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(3, 30), st.integers(3, 30))
def test_any_planted_change_is_placed_within_a_second(before: int, after: int) -> None:
    signal = inspect([A] * before + [B] * after)
    assert signal.status is Status.REVIEW
    edges = {e for piece in signal.evidence for e in (piece.start_s, piece.end_s)}
    assert min(abs(edge - before) for edge in edges) <= 1.0


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([A, B]), min_size=0, max_size=40), st.integers(5, 60))
def test_never_raises_and_never_passes_what_it_could_not_see(
    people: list[int], wobble: int
) -> None:
    signal = inspect(people, wobble=wobble, main=0 if people else None) if people else None
    if signal is not None:
        assert (signal.score is None) == (len(people) < 3)
        assert signal.reason.text
        spans = [(e.start_s, e.end_s) for e in signal.evidence]
        assert spans == sorted(spans)


@pytest.mark.shared_data
@pytest.mark.weights
def test_untouched_clips_are_not_flagged(shared_data: Path, models: Models) -> None:
    how = reading(Settings(), models, ["face_consistency"])
    for clip in ("bbaf2n", "swiz3n"):
        path = shared_data / "video" / "grid" / "GRID" / f"{clip}.mpg"
        signal = FaceConsistency().inspect(open_interview(path, how, label="recording"))
        assert signal.status is Status.NO_INDICATION, signal.reason
        assert signal.score is not None
        assert signal.score > 0.32


def splice(first: Path, second: Path, out: Path) -> float:
    """Two clips one after the other, encoded anew at a low bitrate; returns the time of the cut."""
    count, cut = 0, 0.0
    with av.open(str(out), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "33"})
        stream.width, stream.height, stream.pix_fmt = 360, 288, "yuv420p"
        for clip in (first, second):
            cut = count / 25
            with av.open(str(clip)) as source:
                for frame in source.decode(video=0):
                    picture = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"))
                    picture.pts = count
                    count += 1
                    container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return cut


@pytest.mark.shared_data
@pytest.mark.weights
def test_another_person_from_the_splice_on(
    shared_data: Path, models: Models, tmp_path: Path
) -> None:
    grid = shared_data / "video" / "grid" / "GRID"
    path = tmp_path / "splice.mp4"
    cut = splice(grid / "bbaf2n.mpg", grid / "lwbsza.mpg", path)
    how = reading(Settings(), models, ["face_consistency"])
    signal = FaceConsistency().inspect(open_interview(path, how, label="recording"))
    assert signal.status is Status.REVIEW, signal.reason
    (piece,) = signal.evidence
    edge = piece.start_s if piece.start_s > 0.5 else piece.end_s
    assert edge == pytest.approx(cut, abs=0.5)
    assert signal.likelihood_ratio is not None
    assert signal.likelihood_ratio.log10 <= -1.0


def test_likeness_in_a_few_faces_does_not_answer_for_the_rest() -> None:
    quality = [0.9] * 6 + [0.05] * 20
    opened = talk([1] * 26, quality=quality)
    assert opened.faces is not None
    faces = replace(opened.faces, looked_s=np.arange(26.0), looked_count=np.ones(26, np.int64))
    signal = FaceConsistency().inspect(replace(opened, faces=faces))
    assert signal.status is Status.INCONCLUSIVE
    assert signal.reason.code == "faces_partly_unusable"
