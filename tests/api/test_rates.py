"""Token buckets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from api.rates import Rates
from api.scopes import RateClass


class Clock:
    """Seconds that tests set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_fills() -> None:
    clock = Clock()
    rates = Rates({RateClass.READ: 6}, clock)
    taken = [rates.take("k", RateClass.READ) for _ in range(7)]
    assert [each.allowed for each in taken] == [True] * 6 + [False]
    assert [each.left for each in taken] == [5, 4, 3, 2, 1, 0, 0]
    assert taken[0].reset_s == 10 and taken[5].reset_s == 60
    assert taken[6].headers()["Retry-After"] == "10"
    assert "Retry-After" not in taken[5].headers()
    clock.now = 9.9
    assert not rates.take("k", RateClass.READ).allowed
    clock.now = 10.0
    assert rates.take("k", RateClass.READ).allowed
    clock.now = 1000.0
    assert rates.take("k", RateClass.READ).left == 5


def test_keys_and_kinds_have_buckets_of_their_own() -> None:
    rates = Rates({RateClass.READ: 1, RateClass.WRITE: 1}, Clock())
    assert rates.take("a", RateClass.READ).allowed
    assert rates.take("a", RateClass.WRITE).allowed
    assert rates.take("b", RateClass.READ).allowed
    assert not rates.take("a", RateClass.READ).allowed


def test_memory_is_bounded() -> None:
    clock = Clock()
    rates = Rates({RateClass.READ: 5}, clock, most=10)
    for number in range(1000):
        rates.take(f"k{number}", RateClass.READ)
    assert len(rates) <= 11
    clock.now = 61.0
    for _ in range(20):
        rates.take("one", RateClass.READ)
    assert len(rates) == 1


@given(
    quota=st.integers(1, 50),
    waits=st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=200),
)
def test_no_stretch_of_time_passes_more_than_its_share(quota: int, waits: list[float]) -> None:
    clock = Clock()
    rates = Rates({RateClass.READ: quota}, clock)
    passed = 0
    for wait in waits:
        clock.now += wait
        found = rates.take("k", RateClass.READ)
        passed += found.allowed
        assert 0 <= found.left < quota or quota == 1
        assert found.reset_s >= 1
    assert passed <= quota + clock.now * quota / 60 + 1e-6
