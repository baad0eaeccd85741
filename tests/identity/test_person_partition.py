"""Sessions divided among persons: changes placed, returns seen, and nothing made of nothing."""

from __future__ import annotations

import itertools
import math

import pytest

from identity.person_partition import NEW_SHARE, Division, divide


def told(truth: str, strength: float = 1.5) -> Division:
    """The division of sessions whose persons are the letters of `truth`."""

    def compare(session: int, members: tuple[int, ...]) -> float:
        same = sum(truth[m] == truth[session] for m in members) / len(members)
        return strength * (2.0 * same - 1.0)

    return divide(len(truth), compare, change=0.1)


@pytest.mark.parametrize("truth", ["A", "AA", "AAAA", "AAAB", "ABBB", "AABA", "ABAB", "ABCAB"])
def test_persons_are_found_in_any_order(truth: str) -> None:
    found = told(truth)
    names = list(dict.fromkeys(truth))
    assert found.people == tuple(names.index(letter) for letter in truth)
    for before, (first, second) in enumerate(itertools.pairwise(truth)):
        assert (found.changes[before] > 0) == (first != second)


def test_a_return_is_told_from_somebody_new() -> None:
    assert told("AABA").returns == (3,)
    assert told("AABC").returns == ()


def test_without_evidence_a_change_weighs_nothing() -> None:
    found = divide(4, lambda session, members: 0.0, change=0.1)
    assert found.people == (0, 0, 0, 0)
    assert all(abs(change) < 1e-9 for change in found.changes)


def test_two_sessions_weigh_what_their_comparison_says() -> None:
    found = divide(2, lambda session, members: -1.25, change=0.3)
    assert found.changes == pytest.approx((1.25,))


def test_weights_are_those_of_the_chain_by_hand() -> None:
    ratios = {(1, (0,)): 0.4, (2, (0,)): -0.7, (2, (1,)): 0.9, (2, (0, 1)): -0.2}
    found = divide(3, lambda session, members: ratios[session, members], change=0.2)
    by_hand = {
        (0, 0, 0): 0.8 * 10**0.4 * 0.8 * 10**-0.2,
        (0, 0, 1): 0.8 * 10**0.4 * 0.2,
        (0, 1, 1): 0.2 * 0.8 * 10**0.9,
        (0, 1, 0): 0.2 * 0.2 * (1 - NEW_SHARE) * 10**-0.7,
        (0, 1, 2): 0.2 * 0.2 * NEW_SHARE,
    }
    assert found.people == max(by_hand, key=lambda p: by_hand[p])
    total = sum(by_hand.values())
    assert found.share == pytest.approx(by_hand[found.people] / total)
    changed = sum(w for p, w in by_hand.items() if p[1] != p[2])
    assert found.changes[1] == pytest.approx(
        math.log10(changed / (total - changed)) - math.log10(0.2 / 0.8)
    )


def test_many_sessions_stay_affordable() -> None:
    assert told("AAAAAABBBBBB").people == (0,) * 6 + (1,) * 6
