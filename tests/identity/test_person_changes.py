"""Stretches of an embedding sequence, and who returns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.embeddings import pooled, similarity, unit
from identity.person_changes import Stretch, confirmed, divide, people, weakest_split

ALICE, BOB, CAROL = np.eye(3, 8, dtype=np.float32)


def sequence(*who: np.ndarray, wobble: float = 0.02) -> np.ndarray:
    noise = np.random.default_rng(3).normal(size=(len(who), 8)) * wobble
    return unit((np.array(who) + noise).astype(np.float32))


def ones(rows: np.ndarray) -> np.ndarray:
    return np.ones(len(rows), np.float32)


def differ(score: float, _first: int, _second: int) -> bool:
    return score < 0.5


def test_borders_of_planted_changes() -> None:
    rows = sequence(*[ALICE] * 5, *[BOB] * 4, *[ALICE] * 6)
    assert divide(rows, ones(rows), penalty=0.5, least=3) == [0, 5, 9, 15]
    assert divide(rows[:5], ones(rows[:5]), penalty=0.5, least=3) == [0, 5]


def test_people_who_alternate_are_two() -> None:
    rows = sequence(*[BOB] * 3, *[ALICE] * 5, *[BOB] * 3, *[ALICE] * 3)
    found = people(rows, ones(rows), [0, 3, 8, 11, 14], differ)
    assert [(s.first, s.last, s.person) for s in found] == [
        (0, 3, 1),
        (3, 8, 0),
        (8, 11, 1),
        (11, 14, 0),
    ]
    assert found[1].rows.tolist() == [3, 4, 5, 6, 7]


def test_needless_borders_are_joined() -> None:
    rows = sequence(*[ALICE] * 9)
    found = people(rows, ones(rows), [0, 3, 6, 9], differ)
    assert [(s.first, s.last, s.person) for s in found] == [(0, 9, 0)]
    assert people(rows[:0], ones(rows[:0]), [0], differ) == []


def test_a_single_odd_sample_is_no_stretch() -> None:
    rows = sequence(*[ALICE] * 6, BOB, *[ALICE] * 6)
    borders = divide(rows, ones(rows), penalty=0.5, least=3)
    assert len(people(rows, ones(rows), borders, differ)) == 1


def test_two_odd_samples_with_a_neighbour_are_no_person() -> None:
    rows = sequence(*[ALICE] * 6, BOB, BOB, *[ALICE] * 6)
    found = [Stretch(0, 5, 0), Stretch(5, 8, 1), Stretch(8, 14, 0)]
    assert confirmed(rows, ones(rows), found, least=3) == [Stretch(0, 14, 0)]
    assert confirmed(rows, ones(rows), found, least=2) == found
    three = [Stretch(0, 5, 0), Stretch(5, 7, 1), Stretch(7, 9, 2)]
    rows = sequence(*[ALICE] * 5, ALICE, BOB, *[CAROL] * 2)
    assert confirmed(rows, ones(rows), three, least=2) == [Stretch(0, 7, 0), Stretch(7, 9, 1)]


def test_weights_silence_bad_samples() -> None:
    rows = sequence(*[ALICE] * 6, BOB, BOB, BOB)
    weights = np.array([1.0] * 6 + [0.01] * 3, np.float32)
    assert divide(rows, weights, penalty=0.5, least=3) == [0, 9]


def test_weakest_split_lies_at_the_change() -> None:
    rows = sequence(*[ALICE] * 5, *[BOB] * 3)
    assert weakest_split(rows, ones(rows), least=1) == 5
    with pytest.raises(ValueError, match="too few"):
        weakest_split(rows[:3], ones(rows[:3]), least=2)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=24), st.integers(1, 4))
def test_stretches_cover_every_sample_once(who: list[int], least: int) -> None:
    rows = sequence(*[(ALICE, BOB, CAROL)[w] for w in who])
    borders = divide(rows, ones(rows), penalty=0.3, least=min(least, len(who)))
    assert borders[0] == 0
    assert borders[-1] == len(who)
    assert all(b - a >= min(least, len(who)) for a, b in itertools.pairwise(borders))
    found = people(rows, ones(rows), borders, differ)
    assert np.concatenate([s.rows for s in found]).tolist() == list(range(len(who)))
    assert all(a.person != b.person for a, b in itertools.pairwise(found))
    counts = [sum(len(s.rows) for s in found if s.person == p) for p in {s.person for s in found}]
    assert counts == sorted(counts, reverse=True)


@given(st.lists(st.integers(0, 1), min_size=2, max_size=8), st.integers(3, 5))
def test_well_separated_people_come_out_exactly(who: list[int], repeat: int) -> None:
    truth = np.repeat(who, repeat)
    rows = sequence(*[(ALICE, BOB)[w] for w in truth])
    borders = divide(rows, ones(rows), penalty=0.3, least=3)
    found = people(rows, ones(rows), borders, differ)
    person = np.concatenate([[s.person] * len(s.rows) for s in found])
    assert len(set(zip(person.tolist(), truth.tolist(), strict=True))) == len(set(truth.tolist()))


def test_pooling_by_hand() -> None:
    both = np.stack([ALICE, BOB])
    assert pooled(both, np.array([1.0, 1.0], np.float32))[:2] == pytest.approx([0.5**0.5] * 2)
    assert similarity(pooled(both, np.array([1.0, 0.0], np.float32)), ALICE) == pytest.approx(1.0)
    assert unit(np.zeros((1, 3), np.float32)).tolist() == [[0.0, 0.0, 0.0]]
