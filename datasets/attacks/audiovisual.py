"""Loops, freezes, shifts and dubs as species: what is planted in a clip, at several strengths.

All are injection attack instruments in the words of CEN/TS 18099: recorded media, edited, that
takes the place of what the camera and microphone give. The person in them is the right one, so
nothing but time gives them away.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audit.types import Question
from datasets.attacks.clips import Clip
from datasets.attacks.species import Species
from datasets.attacks.splices import Planted, audio_shift, dubbed, frozen, inserted

LOOPS = ("3 s", "1.6 s")
FREEZES = ("2 s", "1 s", "0.7 s")
SHIFTS = ("400 ms", "200 ms", "120 ms")
DUBS = ("whole", "half")

_Make = Callable[[Clip, Clip, str, np.random.Generator], Planted]


def planted(
    species: str, strength: str, clip: Clip, other: Clip, random: np.random.Generator
) -> Planted:
    """A species of this module planted in `clip`.

    A loop or freeze that is longer than the clip is as long as the clip allows; its span says how
    long.

    Args:
        other: whose sound a dub takes; another person's.
        random: draws the place, and whether a shift makes the sound early or late.

    Raises:
        KeyError: no species or strength of this module is called so.
    """
    if strength not in _STRENGTHS[species]:
        raise KeyError(strength)
    return _MAKERS[species](clip, other, strength, random)


def _seconds(strength: str) -> float:
    number, unit = strength.split()
    return float(number) / (1000.0 if unit == "ms" else 1.0)


def _stretch(
    clip: Clip, strength: str, random: np.random.Generator, most: float
) -> tuple[float, float]:
    """Start and length of a stretch of at most this share of the clip."""
    length = min(_seconds(strength), most * clip.duration_s)
    return float(random.uniform(0.0, clip.duration_s - length)), length


def _at_once(clip: Clip, _: Clip, strength: str, random: np.random.Generator) -> Planted:
    start, length = _stretch(clip, strength, random, 1.0)
    return inserted(clip, start, length, start + length)


def _later(clip: Clip, _: Clip, strength: str, random: np.random.Generator) -> Planted:
    start, length = _stretch(clip, strength, random, 0.5)
    start = min(start, clip.duration_s / 2 - length / 2)
    after = float(random.uniform(start + length, clip.duration_s))
    return inserted(clip, start, length, after)


def _back_and_forth(clip: Clip, _: Clip, strength: str, random: np.random.Generator) -> Planted:
    start, length = _stretch(clip, strength, random, 1.0)
    return inserted(clip, start, length, start + length, backwards=True)


def _flipped(clip: Clip, _: Clip, strength: str, random: np.random.Generator) -> Planted:
    start, length = _stretch(clip, strength, random, 1.0)
    return inserted(clip, start, length, start + length, flipped=True)


def _held(clip: Clip, _: Clip, strength: str, random: np.random.Generator) -> Planted:
    return frozen(clip, *_stretch(clip, strength, random, 0.5))


def _shifted(clip: Clip, _: Clip, strength: str, random: np.random.Generator) -> Planted:
    return audio_shift(clip, _seconds(strength) * float(random.choice([-1.0, 1.0])))


def _dubbed(clip: Clip, other: Clip, strength: str, _: np.random.Generator) -> Planted:
    length = clip.duration_s * (1.0 if strength == "whole" else 0.5)
    return dubbed(clip, other, clip.duration_s - length, length)


def _loop(variant: str, title: str) -> Species:
    return Species(
        id=f"loop.{variant}",
        title=title,
        standard="CEN/TS 18099",
        term="injected recorded video",
        media="video",
        question=Question.PRESENCE,
        signals=("frame_loop",),
        strengths=FREEZES if variant == "held" else LOOPS,
        generator="audiovisual.planted",
    )


def _sound(variant: str, title: str, strengths: tuple[str, ...]) -> Species:
    return Species(
        id=f"sound.{variant}",
        title=title,
        standard="CEN/TS 18099",
        term="injected recorded sound",
        media="audiovisual",
        question=Question.AUTHENTICITY,
        signals=("av_sync",),
        strengths=strengths,
        generator="audiovisual.planted",
    )


SPECIES: tuple[Species, ...] = (
    _loop("at_once", "A stretch shown twice in a row"),
    _loop("later", "A stretch shown again later"),
    _loop("back_and_forth", "A stretch played forwards, then backwards"),
    _loop("flipped", "A stretch shown again, left and right changed over"),
    _loop("held", "The picture stands still while the sound goes on"),
    _sound("shifted", "The whole sound early or late", SHIFTS),
    _sound("dubbed", "Another person's sound under the pictures", DUBS),
)

_STRENGTHS = {each.id: each.strengths for each in SPECIES}
_MAKERS: dict[str, _Make] = {
    "loop.at_once": _at_once,
    "loop.later": _later,
    "loop.back_and_forth": _back_and_forth,
    "loop.flipped": _flipped,
    "loop.held": _held,
    "sound.shifted": _shifted,
    "sound.dubbed": _dubbed,
}
