"""Who stands out of a gallery: known answers, and that all thresholds are used as stated."""

from __future__ import annotations

import numpy as np
import pytest

from audit.detectors import operating_point
from identity.alike import MOST_NAMED, NEXT_TO, Level, level_for, measured, standing_out
from identity.gallery import Hit

LEVEL = Level(others=50, least=0.9, alike=0.1, very_alike=0.15)


def hits(*first: float, rest: float = 0.8) -> list[Hit]:
    """The likest of a gallery: these, and enough others."""
    scores = [*first, *[rest] * (NEXT_TO - len(first))]
    return [Hit(f"c{n}", f"r{n}", score) for n, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("first", "named"),
    [
        ((0.96,), [("c0", "very_alike")]),
        ((0.92,), [("c0", "alike")]),
        ((0.899,), []),  # stands out, and is not alike enough
        ((0.96, 0.91), [("c0", "very_alike"), ("c1", "alike")]),
        ((), []),
    ],
)
def test_only_who_is_alike_and_stands_out_is_named(
    first: tuple[float, ...], named: list[tuple[str, str]]
) -> None:
    assert [(n.owner, n.likeness) for n in standing_out(hits(*first), LEVEL)] == named


def test_among_many_who_are_alike_nobody_stands_out() -> None:
    assert standing_out(hits(0.96, rest=0.9), LEVEL) == ()


def test_ten_names_of_one_person_do_not_hide_one_another() -> None:
    found = standing_out(hits(*[0.97] * 10), LEVEL)
    assert [each.owner for each in found] == [f"c{n}" for n in range(MOST_NAMED)]


def test_too_few_hits_say_nothing() -> None:
    assert standing_out(hits(0.99)[: NEXT_TO - 1], LEVEL) == ()


@pytest.mark.parametrize(("others", "size"), [(50, 50), (99, 50), (100, 100), (250_000, 100_000)])
def test_the_level_is_that_of_the_next_smaller_gallery(others: int, size: int) -> None:
    level = level_for("face", "dlib_resnet", others)
    assert level is not None and level.others == size


def test_small_galleries_and_other_networks_have_none() -> None:
    assert level_for("face", "dlib_resnet", 49) is None and measured("face", "dlib_resnet")
    assert level_for("face", "insightface", 10_000) is None
    assert not measured("face", "insightface")


def test_larger_galleries_need_less_to_stand_out() -> None:
    rows = operating_point("identity", "gallery_search")["face_dlib_resnet"]
    steps = np.array([(row["others"], -row["alike"], -row["very_alike"]) for row in rows])
    assert (np.diff(steps, axis=0) > 0).all()
    assert all(row["very_alike"] > row["alike"] for row in rows)
