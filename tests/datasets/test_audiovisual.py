"""Loops, freezes, shifts and dubs as species: what is planted is what the strength says."""

from __future__ import annotations

import numpy as np
import pytest

from audit.types import Span
from datasets.attacks.audiovisual import SPECIES, planted
from datasets.attacks.clips import AUDIO_RATE, Clip, make
from datasets.attacks.splices import inserted

RATE = 25.0
SECONDS = 8.0


def numbered(level: int = 0) -> Clip:
    """Each picture's grey value is its number, brighter on the right; the sound counts up."""
    count = round(SECONDS * RATE)
    frames = np.empty((count, 4, 6, 3), np.uint8)
    frames[:] = np.arange(count, dtype=np.uint8)[:, None, None, None]
    frames[:, :, 3:] += 50
    sound = level + np.arange(round(SECONDS * AUDIO_RATE)) // 100
    return make(frames, RATE, sound.astype(np.int16))


def numbers(clip: Clip, span: Span | None = None, *, column: int = 0) -> list[int]:
    shown = clip.frames[:, 0, column, 0].astype(int).tolist()
    if span is None:
        return list(shown)
    return list(shown[clip.frame_at(span.start_s) : clip.frame_at(span.end_s)])


def of(species: str, strength: str, seed: int = 3) -> tuple[Clip, Span, Span | None]:
    random = np.random.default_rng(seed)
    made = planted(species, strength, numbered(), numbered(10_000), random)
    return made.clip, made.span, made.peer


LOOPED = [(s.id, n) for s in SPECIES if s.id.startswith("loop.") for n in s.strengths]


@pytest.mark.parametrize(("species", "strength"), LOOPED)
def test_a_stretch_lasts_as_long_as_its_strength_says(species: str, strength: str) -> None:
    clip, span, _ = of(species, strength)
    assert span.duration_s == pytest.approx(float(strength.split()[0]), abs=1.01 / RATE)
    assert 0.0 <= span.start_s < span.end_s <= clip.duration_s + 1e-6
    assert len(clip.audio) == round(clip.duration_s * AUDIO_RATE)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("species", ["loop.at_once", "loop.later"])
def test_a_repeat_shows_its_source_again(species: str, seed: int) -> None:
    clip, span, source = of(species, "3 s", seed)
    assert source is not None and source.end_s <= span.start_s + 1e-6
    assert numbers(clip, span) == numbers(clip, source)
    assert len(numbers(clip)) == pytest.approx((SECONDS + 3.0) * RATE, abs=1)
    if species == "loop.at_once":
        assert span.start_s == pytest.approx(source.end_s)


def test_back_and_forth_ends_where_it_began() -> None:
    clip, span, source = of("loop.back_and_forth", "1.6 s")
    assert numbers(clip, span) == numbers(clip, source)[::-1]


def test_a_flipped_repeat_has_left_and_right_changed_over() -> None:
    clip, span, source = of("loop.flipped", "3 s")
    assert numbers(clip, span, column=0) == numbers(clip, source, column=5)
    assert numbers(clip, span, column=0) != numbers(clip, source, column=0)


def test_what_is_inserted_before_its_source_moves_the_source() -> None:
    made = inserted(numbered(), 5.0, 2.0, 1.0)
    assert (made.span, made.peer) == (Span(1.0, 3.0), Span(7.0, 9.0))
    assert numbers(made.clip, made.span) == numbers(made.clip, made.peer)


def test_a_held_picture_stands_still_while_the_sound_goes_on() -> None:
    clip, span, _ = of("loop.held", "1 s")
    assert len(set(numbers(clip, span))) == 1
    assert len(set(numbers(clip))) == round((SECONDS - 1.0) * RATE) + 1
    assert np.array_equal(clip.audio, numbered().audio)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("strength", "seconds"), [("400 ms", 0.4), ("120 ms", 0.12)])
def test_sound_is_shifted_by_its_strength_one_way_or_the_other(
    strength: str, seconds: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    made = planted("sound.shifted", strength, numbered(), numbered(), random)
    assert made.lag_s is not None and abs(made.lag_s) == pytest.approx(seconds)
    middle = 4 * AUDIO_RATE
    assert made.clip.audio[middle] == numbered().audio[middle - round(made.lag_s * AUDIO_RATE)]
    assert np.array_equal(made.clip.frames, numbered().frames)


def test_shifts_go_both_ways() -> None:
    lags = {
        planted(
            "sound.shifted", "200 ms", numbered(), numbered(), np.random.default_rng(seed)
        ).lag_s
        for seed in range(8)
    }
    assert lags == {-0.2, 0.2}


@pytest.mark.parametrize(("strength", "from_s"), [("whole", 0.0), ("half", 4.0)])
def test_a_dub_takes_the_sound_of_the_other(strength: str, from_s: float) -> None:
    clip, span, _ = of("sound.dubbed", strength)
    assert span == Span(from_s, SECONDS)
    first = round(from_s * AUDIO_RATE)
    assert np.array_equal(clip.audio[:first], numbered().audio[:first])
    assert clip.audio[first:].min() >= 10_000 > numbered().audio.max()


@pytest.mark.parametrize("name", [("loop.held", "3 s"), ("loop.sideways", "3 s")])
def test_an_unknown_species_or_strength_is_refused(name: tuple[str, str]) -> None:
    with pytest.raises(KeyError):
        planted(*name, numbered(), numbered(), np.random.default_rng(0))
