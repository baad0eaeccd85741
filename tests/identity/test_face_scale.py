"""Similarities made into statuses and ratios."""

from __future__ import annotations

import pytest

from audit.detectors import operating_point
from audit.types import LikelihoodRatio, Status
from identity.face_scale import scale_for
from identity.grade import support


@pytest.mark.parametrize("name", ["face_consistency", "face_reference"])
def test_larger_pools_are_held_to_more(name: str) -> None:
    scale = scale_for("dlib_resnet", operating_point("identity", name))
    assert [g.samples for g in scale.grades] == sorted(g.samples for g in scale.grades)
    review = [g.review_below for g in scale.grades]
    clear = [g.clear_from for g in scale.grades]
    assert review == sorted(review)
    assert clear == sorted(clear)
    for grade in scale.grades:
        assert grade.review_below < grade.clear_from < 1.0
        ratio = grade.likelihood_ratio(grade.review_below)
        assert ratio is not None
        assert ratio.log10 == pytest.approx(-1.0, abs=0.01)
        assert grade.status(grade.review_below - 1e-6) is Status.REVIEW
        assert grade.status(grade.review_below) is Status.INCONCLUSIVE
        assert grade.status(grade.clear_from) is Status.NO_INDICATION
        # A pass never rests on evidence for two people.
        passed = grade.likelihood_ratio(grade.clear_from)
        assert passed is not None
        assert passed.log10 > 0


def test_the_smaller_pool_decides() -> None:
    scale = scale_for("dlib_resnet", operating_point("identity", "face_consistency"))
    assert scale.grade(1, 100).samples == 1
    assert scale.grade(2, 100).samples == 2
    assert scale.grade(100, 100) is scale.grades[-1]
    assert scale.grade(0, 3) is scale.grades[0]


def test_other_back_ends_are_uncalibrated() -> None:
    scale = scale_for("insightface", operating_point("identity", "face_reference"))
    (grade,) = scale.grades
    assert grade.likelihood_ratio(0.5) is None
    assert grade.status(0.1) is Status.REVIEW
    assert grade.status(0.25) is Status.INCONCLUSIVE
    assert grade.status(0.6) is Status.NO_INDICATION


def test_support_in_words() -> None:
    ratio = LikelihoodRatio(-1.5, -1.7, 1.9, ("one person", "two people"), "toy")
    assert support(ratio) == "moderate support for: two people"
    near = LikelihoodRatio(0.2, -1.7, 1.9, ("one person", "two people"), "toy")
    assert support(near) == "no support either way"
    assert support(None) == "uncalibrated"


def test_calibrated_figures_are_bounded_ratios() -> None:
    scale = scale_for("dlib_resnet", operating_point("identity", "face_consistency"))
    for grade in scale.grades:
        assert grade.record is not None
        assert grade.bounds == (grade.record.lower, grade.record.upper)
        assert grade.figure(-1.0) == grade.record.lower
        assert grade.figure(1.0) == grade.record.upper
        assert grade.figure(grade.review_below) == -1.0
        middle = (0.25 - grade.record.offset) / grade.record.slope
        assert grade.figure(middle) == pytest.approx(0.25)
        assert grade.figures([middle, 1.0]) == pytest.approx([0.25, grade.record.upper])
        assert grade.unit == "log10 LR"
        assert "Review below -1.00 (about 10 times likelier if these are two" in (
            grade.operating_point
        )
        assert f"no indication from {grade.figure(grade.clear_from):.2f} " in grade.operating_point
        assert "log10 likelihood ratio of two faces, -1.65 to 1.63" in grade.meaning("two faces")
        assert "the same person against another adult" in grade.meaning("two faces")
        assert grade.words(1.0) == (
            "the measurement is at least 42 times likelier if this is one person than if these "
            "are two people (moderate support)"
        )
        assert "about 10 times likelier if these are two people than if this is one person" in (
            grade.words(grade.review_below)
        )


def test_uncalibrated_figures_say_so() -> None:
    scale = scale_for("insightface", operating_point("identity", "face_reference"))
    grade = scale.single
    assert grade.figure(0.2504) == 0.25
    assert (grade.unit, grade.bounds) == ("cosine, uncalibrated", (-1.0, 1.0))
    assert grade.words(0.25) == "the cosine is 0.250 (this network is uncalibrated)"
    assert grade.meaning("two faces").startswith("Uncalibrated: cosine similarity")
    assert grade.operating_point.startswith("Uncalibrated cosine: review below 0.200, ")
