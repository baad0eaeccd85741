"""Axes: where a value lies, and which round values are written along."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.document import model as m
from reports.document.values import write

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_CLOCK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_LOG_STEPS: tuple[tuple[float, ...], ...] = (
    (1.0,),
    (1.0, 3.0),
    (1.0, 2.0, 5.0),
    (1.0, 2.0, 3.0, 5.0, 7.0),
    (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    tuple(n / 10 for n in range(10, 100)),
)
_EPSILON = 1e-9
_LEAST_LOG = 1e-6


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` along `start` to `end`, units of the drawing."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The place of a value, held within the axis."""
        return self.start + (self.end - self.start) * min(1.0, max(0.0, self.share(value)))

    def share(self, value: float) -> float:
        """How far along a value lies; below 0 and above 1 it is off the axis."""
        low, high = self._bent(self.low), self._bent(self.high)
        return (self._bent(value) - low) / (high - low)

    def inside(self, value: float) -> bool:
        """Whether a value is on the axis."""
        return -_EPSILON <= self.share(value) <= 1 + _EPSILON

    def _bent(self, value: float) -> float:
        return math.log(max(value, _LEAST_LOG)) if self.log else value


@dataclass(frozen=True, slots=True)
class Range:
    """Ends of an axis."""

    low: float
    high: float


def holding(core: Sequence[float], ends: Sequence[float], *, log: bool = False) -> Range:
    """Ends that hold all of `core` and of `ends` what does not press it together.

    Ends of intervals further from the values than one and a half times their spread are cut.
    """
    usable = [v for v in core if not log or v > _LEAST_LOG] or [1.0]
    outer = [v for v in ends if not log or v > _LEAST_LOG]
    bend: Callable[[float], float] = math.log if log else float
    back: Callable[[float], float] = math.exp if log else float
    low, high = bend(min(usable)), bend(max(usable))
    least = 0.25 if log else 0.05 * max(abs(low), abs(high), 1e-6)
    room = max(1.5 * (high - low), 2 * _middle([abs(bend(v) - (low + high) / 2) for v in outer]))
    wanted = [bend(v) for v in outer]
    first = max(min([low, *wanted]), low - max(room, least))
    last = min(max([high, *wanted]), high + max(room, least))
    if last - first < 2 * least:
        first, last = first - least, last + least
    margin = 0.04 * (last - first)
    return Range(back(first - margin), back(last + margin))


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


def nice(range_: Range, most: int) -> list[float]:
    """Round values within the range, at most about so many."""
    span = range_.high - range_.low
    rough = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in _STEPS if s * power >= rough * (1 - _EPSILON))
    return _multiples(range_, step)


def _multiples(range_: Range, step: float) -> list[float]:
    first = math.ceil(range_.low / step - _EPSILON)
    last = math.floor(range_.high / step + _EPSILON)
    return [n * step for n in range(first, last + 1)]


def logarithmic(range_: Range, most: int) -> list[float]:
    """Round values of a logarithmic axis."""
    powers = range(math.floor(math.log10(range_.low)), math.floor(math.log10(range_.high)) + 1)
    best: list[float] = []
    for steps in _LOG_STEPS:
        found = [round(s * 10.0**p, 12) for p in powers for s in steps]
        found = [v for v in found if range_.low <= v <= range_.high]
        if not best or len(found) <= max(2, most):
            best = found
    return best[:: max(1, -(-len(best) // max(2, most)))]


def clock_values(end_s: float, most: int) -> list[float]:
    """Times of an axis of a recording, seconds."""
    steps = (s for s in _CLOCK_STEPS_S if end_s / s <= most)
    step = next(steps, math.ceil(end_s / most / 3600) * 3600)
    return [float(n * step) for n in range(int(end_s // step) + 1)]


def clock(seconds: float) -> str:
    """mm:ss, as ticks have it."""
    whole = round(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}"


def tick_texts(values: Sequence[float], column: m.Column, language: str, share: bool) -> list[str]:
    """Round values as the column writes its own, with the decimals that tell them apart."""
    way = column.show.partition(":")[0]
    if way == "clock":
        return [clock(v) for v in values]
    percent = share or way == "percent"
    scaled = [100 * v for v in values] if percent else list(values)
    show = f"{'percent' if percent else 'decimals'}:{_places(scaled)}"
    return [write(round(v, 12), show, language) for v in values]


def _places(values: Sequence[float]) -> int:
    for places in range(7):
        if all(abs(round(v, places) - v) < 1e-7 for v in values):
            return places
    return 7
