"""Second voices come where, for how long and as loud as their track says."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.attacks.second_voices import LENGTHS, LEVELS, PROMPT_S, UNDER_S, with_second_voice
from datasets.attacks.voice_tracks import RATE, Samples, Track, power

PERSON_HZ, OTHER_HZ = 250.0, 1000.0


def tone(hertz: float, seconds: float, loud: float = 4000.0) -> Samples:
    wave = loud * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return wave.astype(np.float32)


def track(species: str, strength: str, seed: int = 1) -> Track:
    random = np.random.default_rng(seed)
    person, other = [tone(PERSON_HZ, 9.7)], [tone(OTHER_HZ, 20.0, 900.0)]
    return with_second_voice(species, strength, person, other, random)


def inside(made: Track) -> Samples:
    """The second voice's stretch without its ends."""
    assert made.other is not None
    first, last = (round(t * RATE) for t in (made.other.start_s, made.other.end_s))
    return made.samples[first + RATE // 2 : last - RATE // 2]


def level_of(samples: Samples, hertz: float) -> float:
    """Root mean square of one tone, by correlation."""
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / RATE)
    return float(np.abs(np.mean(samples * turn)) * np.sqrt(2))


@pytest.mark.parametrize("strength", LENGTHS)
def test_another_voice_answers_for_as_long_as_the_strength_says(strength: str) -> None:
    made = track("second_voice.in_place", strength)
    assert made.other is not None
    assert made.other.duration_s == pytest.approx(float(strength.split()[0]))
    assert made.other.start_s >= 3.0 and made.other.end_s <= UNDER_S - 3.0
    assert len(made.samples) == UNDER_S * RATE
    assert level_of(inside(made), PERSON_HZ) < 1.0 < level_of(inside(made), OTHER_HZ)
    before = made.samples[: round(made.other.start_s * RATE)]
    assert level_of(before, OTHER_HZ) < 1.0
    assert power(inside(made)) == pytest.approx(power(made.samples), rel=0.1)


@pytest.mark.parametrize("variant", ["in_pause", "underneath"])
def test_a_prompt_is_as_loud_as_its_strength_says(variant: str) -> None:
    levels = [
        level_of(inside(track(f"second_voice.{variant}", strength)), OTHER_HZ)
        for strength in LEVELS
    ]
    down_db = 20 * np.log10(np.array(levels) / levels[0])
    assert down_db == pytest.approx([0.0, -12.0, -20.0], abs=0.2)


def test_the_person_is_silent_in_the_pause_and_speaks_over_the_voice_underneath() -> None:
    paused, under = (track(f"second_voice.{v}", LEVELS[0]) for v in ("in_pause", "underneath"))
    assert level_of(inside(paused), PERSON_HZ) < 5.0
    assert level_of(inside(under), PERSON_HZ) > 2000.0
    for made in (paused, under):
        assert made.other is not None
        assert made.other.duration_s == pytest.approx(PROMPT_S)


def test_a_voice_across_the_room_is_not_the_dry_one() -> None:
    near = track("second_voice.in_place", "5 s")
    far = track("second_voice.in_pause", LEVELS[0])
    assert near.other is not None and far.other is not None
    after = [
        made.samples[round(made.other.end_s * RATE) - 40 : round(made.other.end_s * RATE)]
        for made in (near, far)
        if made.other is not None
    ]
    assert power(after[0]) < power(after[1])  # the room still sounds where the dry voice has faded


def test_the_seed_decides_everything() -> None:
    first, again, other = (track("second_voice.in_pause", LEVELS[1], seed) for seed in (1, 1, 2))
    assert np.array_equal(first.samples, again.samples)
    assert first.other == again.other != other.other


@pytest.mark.parametrize(
    "name", [("second_voice.in_place", LEVELS[0]), ("second_voice.above", LENGTHS[0])]
)
def test_an_unknown_species_or_strength_is_refused(name: tuple[str, str]) -> None:
    with pytest.raises(KeyError):
        track(*name)
