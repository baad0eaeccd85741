"""Second voices as species: in place of the person's, between what they say, and underneath.

Somebody answers for the person, or prompts them from across a room. Speech is mono at 16 kHz in
int16 units, as `voice_tracks` has it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audit.types import Question, Span
from datasets.attacks.species import Species
from datasets.attacks.speech_channels import room, small_room
from datasets.attacks.voice_tracks import RATE, Samples, Track, faded, power, speech_of, spoken

UNDER_S = 30.0
PROMPT_S = 5.0
LENGTHS = ("10 s", "5 s", "3 s")
LEVELS = ("same level", "12 dB down", "20 dB down")


def with_second_voice(
    species: str,
    strength: str,
    person: Sequence[Samples],
    other: Sequence[Samples],
    random: np.random.Generator,
) -> Track:
    """Half a minute of a person with another voice in it.

    Args:
        person, other: utterances of each.
        random: draws the order of utterances, the place and the room.

    Raises:
        KeyError: no species or strength of this module is called so.
    """
    if strength not in _STRENGTHS[species]:
        raise KeyError(strength)
    under = spoken(person, UNDER_S, random)
    seconds = float(strength.split()[0]) if strength in LENGTHS else PROMPT_S
    piece = faded(speech_of(spoken(other, 3 * seconds, random), seconds))
    piece = piece * np.float32(power(under) / power(piece))
    first = round(float(random.uniform(3.0, UNDER_S - seconds - 3.0)) * RATE)
    whole = under.copy()
    if species != "second_voice.underneath":
        whole[first : first + len(piece)] = 0.0
    if strength in LEVELS:
        piece = _prompted(piece, strength, random)
    whole[first : first + len(piece)] += piece
    span = Span(first / RATE, (first + len(piece)) / RATE)
    return Track(species, strength, "", whole, span)


def _prompted(piece: Samples, strength: str, random: np.random.Generator) -> Samples:
    """The voice as it arrives from across a room, at the strength's level."""
    down_db = 0.0 if strength == LEVELS[0] else float(strength.split()[0])
    heard = room(small_room)(piece, random)
    return np.asarray(heard * 10.0 ** (-down_db / 20.0), np.float32)


def _second(variant: str, title: str, strengths: tuple[str, ...]) -> Species:
    return Species(
        id=f"second_voice.{variant}",
        title=title,
        standard="none",
        term="assistance by another person",
        media="speech",
        question=Question.ASSISTANCE,
        signals=("speaker_consistency",),
        strengths=strengths,
        generator="second_voices.with_second_voice",
    )


SPECIES: tuple[Species, ...] = (
    _second("in_place", "Another voice answers in place of the person", LENGTHS),
    _second("in_pause", "Another voice across the room while the person is silent", LEVELS),
    _second("underneath", "Another voice across the room while the person speaks", LEVELS),
)

_STRENGTHS = {each.id: each.strengths for each in SPECIES}
