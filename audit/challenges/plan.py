"""Which cues a person is asked for, when: drawn from a nonce, and from nothing else.

The same nonce, kinds and pace give the same plan, so only the nonce is stored. It is made when the
person starts and is not known to anybody before.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from audit.errors import StepRefused

NONCE_BYTES = 32
LEAD_S = 2.0  # the person looks straight at the camera: what later movement is measured from
REST_S = 1.0  # least time between cues; up to JITTER_S more are drawn
JITTER_S = 1.0
SECONDS = {"turn_head": 2.4, "cover_face": 2.8, "say_digits": 5.0}
DOT_STEPS, DOT_STEP_S, DOT_PLACES = 6, 1.4, 4
COLOUR_STEPS, COLOUR_STEP_S = 9, 1.0
"""A colour lasts a second: WCAG 2.3.1 allows three flashes in any one second."""
DIGITS = 4
TURNS, TURNS_ALONE = 3, 6
COLOURS = ("red", "green", "blue")
DIRECTIONS = ("left", "right", "up")
_FORMAT = b"fairwitness-challenge-plan/1\n"


class Kind(StrEnum):
    """What a person can be asked to do."""

    TURN_HEAD = "turn_head"
    COVER_FACE = "cover_face"
    SAY_DIGITS = "say_digits"
    FOLLOW_DOT = "follow_dot"
    SCREEN_COLOURS = "screen_colours"


KINDS: tuple[Kind, ...] = tuple(Kind)
_DRAWN = (Kind.TURN_HEAD, Kind.FOLLOW_DOT, Kind.SCREEN_COLOURS)
"""Kinds whose content is random and is looked at; the digits are random, and nobody listens."""

Pace = Literal[1, 2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One cue, in seconds from the start of the recording.

    `steps`, each of the same length: a direction as the person has it (left, right, up); what to
    cover (mouth, eyes); digits; places of the dot from 0 (left) to 3; colours of the screen.
    """

    kind: Annotated[Kind, Field(description="What is asked.")]
    start_s: Annotated[float, Field(description="From the start of the recording, seconds.")]
    end_s: Annotated[float, Field(description="Until when, seconds.")]
    steps: Annotated[
        tuple[str, ...], Field(description="What exactly, in turn.", examples=[["left"]])
    ]

    @property
    def step_s(self) -> float:
        """Seconds of one step."""
        return (self.end_s - self.start_s) / len(self.steps)

    def step_at(self, time_s: float) -> str:
        """The step that is shown at a time inside the cue."""
        place = int((time_s - self.start_s) / self.step_s)
        return self.steps[min(len(self.steps) - 1, max(0, place))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All cues in order. `bits`: how much chance there is in what is looked at, log2 of plans."""

    cues: tuple[Cue, ...]
    duration_s: float
    bits: float

    def of(self, kind: Kind) -> tuple[Cue, ...]:
        """The cues of a kind."""
        return tuple(cue for cue in self.cues if cue.kind is kind)


def new_nonce() -> str:
    """A fresh nonce: 64 hexadecimal digits of 32 random bytes."""
    return secrets.token_hex(NONCE_BYTES)


def shown_code(nonce: str) -> str:
    """What the page shows of a nonce, for people to compare: 8 digits of its hash."""
    text = hashlib.sha256(nonce.encode("ascii")).hexdigest()[:8].upper()
    return f"{text[:4]}-{text[4:]}"


def draw(nonce: str, kinds: Iterable[Kind] = KINDS, *, pace: Pace = 1) -> Plan:
    """The plan of a nonce. `pace` 2: everything takes twice as long, for who needs more time.

    Raises:
        StepRefused: none of `kinds` has content that is random and can be looked at.
    """
    wanted = [kind for kind in KINDS if kind in set(kinds)]
    if not any(kind in _DRAWN for kind in wanted):
        raise StepRefused("What is left to ask for says too little: let a person take its place.")
    stream = _Stream(nonce)
    asked = [(kind, steps) for kind in wanted for steps in _steps(kind, stream, len(wanted))]
    bits = sum(_bits(kind, steps) for kind, steps in asked) + _order_bits(asked)
    cues: list[Cue] = []
    at = LEAD_S * pace
    for kind, steps in _shuffled(asked, stream):
        lasts = _seconds(kind, len(steps)) * pace
        cues.append(Cue(kind=kind, start_s=_ms(at), end_s=_ms(at + lasts), steps=steps))
        at += lasts + (REST_S + JITTER_S * stream.below(11) / 10) * pace
    return Plan(cues=tuple(cues), duration_s=_ms(at), bits=round(bits, 1))


class _Stream:
    """Uniform numbers from a nonce: SHAKE-256 read on, values that would be uneven left out."""

    def __init__(self, nonce: str) -> None:
        self._bytes = iter(hashlib.shake_256(_FORMAT + bytes.fromhex(nonce)).digest(4096))

    def below(self, most: int) -> int:
        """A number from 0 to `most` - 1, all equally likely."""
        even = 256 - 256 % most
        return next(byte for byte in self._bytes if byte < even) % most

    def run(self, choices: Sequence[str], count: int) -> tuple[str, ...]:
        """`count` choices, none twice in a row."""
        found: list[str] = []
        for _ in range(count):
            left = [each for each in choices if not found or each != found[-1]]
            found.append(left[self.below(len(left))])
        return tuple(found)


def _steps(kind: Kind, stream: _Stream, kinds: int) -> list[tuple[str, ...]]:
    """The steps of each cue of a kind."""
    if kind is Kind.TURN_HEAD:
        count = TURNS if kinds > 2 else TURNS_ALONE
        return [(way,) for way in stream.run(DIRECTIONS, count)]
    if kind is Kind.COVER_FACE:
        return [(("mouth", "eyes")[stream.below(2)],)]
    if kind is Kind.SAY_DIGITS:
        return [tuple(str(stream.below(10)) for _ in range(DIGITS))]
    if kind is Kind.FOLLOW_DOT:
        return [stream.run(tuple(str(n) for n in range(DOT_PLACES)), DOT_STEPS)]
    return [stream.run(COLOURS, COLOUR_STEPS)]


def _shuffled(
    asked: list[tuple[Kind, tuple[str, ...]]], stream: _Stream
) -> list[tuple[Kind, tuple[str, ...]]]:
    """All in a random order (Fisher and Yates), those of one kind in theirs among themselves."""
    kinds = [kind for kind, _ in asked]
    for last in range(len(kinds) - 1, 0, -1):
        other = stream.below(last + 1)
        kinds[last], kinds[other] = kinds[other], kinds[last]
    left = {kind: [steps for each, steps in asked if each is kind] for kind in set(kinds)}
    return [(kind, left[kind].pop(0)) for kind in kinds]


def _bits(kind: Kind, steps: tuple[str, ...]) -> float:
    if kind is Kind.TURN_HEAD:
        return 1.0  # the second and later turns: one of two directions is left
    if kind is Kind.FOLLOW_DOT:
        return math.log2(DOT_PLACES) + (len(steps) - 1) * math.log2(DOT_PLACES - 1)
    if kind is Kind.SCREEN_COLOURS:
        return math.log2(len(COLOURS)) + (len(steps) - 1) * math.log2(len(COLOURS) - 1)
    return 0.0


def _order_bits(asked: list[tuple[Kind, tuple[str, ...]]]) -> float:
    """Of the order of the kinds, and of the first turn."""
    counts = [sum(kind is each for each, _ in asked) for kind in {kind for kind, _ in asked}]
    orders = math.factorial(sum(counts))
    for count in counts:
        orders //= math.factorial(count)
    turns = any(kind is Kind.TURN_HEAD for kind, _ in asked)
    return math.log2(orders) + (math.log2(len(DIRECTIONS)) - 1.0 if turns else 0.0)


def _seconds(kind: Kind, steps: int) -> float:
    if kind is Kind.FOLLOW_DOT:
        return steps * DOT_STEP_S
    if kind is Kind.SCREEN_COLOURS:
        return steps * COLOUR_STEP_S
    return SECONDS[kind.value]


def _ms(seconds: float) -> float:
    return round(seconds, 3)
