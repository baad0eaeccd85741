"""Planted faults are where their generators say."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from audit.types import Span
from datasets.attacks.clips import AUDIO_RATE, ENCODINGS, Clip, make, read_clip, render
from datasets.attacks.splices import (
    audio_shift,
    dubbed,
    frozen,
    person_change,
    repeated,
    second_voice,
)

RATE = 25.0


def clip(seconds: float = 4.0, level: int = 40) -> Clip:
    """Each frame's grey value tells its number; the sound is a rising ramp."""
    count = round(seconds * RATE)
    values = (level + np.arange(count)).astype(np.uint8)
    frames = np.broadcast_to(values[:, None, None, None], (count, 48, 64, 3)).copy()
    sound = np.arange(round(seconds * AUDIO_RATE), dtype=np.int64) % 30000
    return make(frames, RATE, sound.astype(np.int16))


def grey(planted: Clip) -> list[int]:
    return [int(v) for v in planted.frames[:, 0, 0, 0]]


def test_a_person_change_starts_where_the_first_clip_ends() -> None:
    planted = person_change(clip(4.0), clip(2.0, level=150))
    assert planted.span == Span(4.0, 6.0)
    assert grey(planted.clip)[99:101] == [139, 150]
    assert planted.clip.audio[4 * AUDIO_RATE] == 0


def test_a_dub_replaces_only_its_stretch() -> None:
    voice = make(clip().frames, RATE, np.full(4 * AUDIO_RATE, 7, np.int16))
    planted = dubbed(clip(), voice, 1.0, 2.0)
    changed = np.flatnonzero(planted.clip.audio != clip().audio)
    assert changed.min() >= AUDIO_RATE
    assert changed.max() < 3 * AUDIO_RATE
    assert np.all(planted.clip.audio[AUDIO_RATE : 3 * AUDIO_RATE] == 7)


@pytest.mark.parametrize("lag", [-0.2, 0.2])
def test_a_shift_moves_the_sound_by_its_lag(lag: float) -> None:
    planted = audio_shift(clip(), lag)
    step = round(lag * AUDIO_RATE)
    middle = 2 * AUDIO_RATE
    assert planted.clip.audio[middle] == clip().audio[middle - step]
    assert planted.lag_s == lag


def test_a_repeat_shows_its_source_again() -> None:
    planted = repeated(clip(), 1.0, 2.0, times=2)
    assert planted.peer == Span(1.0, 3.0)
    assert planted.span == Span(3.0, 7.0)
    values = grey(planted.clip)
    assert values[25:75] == values[75:125] == values[125:175]
    assert len(planted.clip.audio) == round(planted.clip.duration_s * AUDIO_RATE)


def test_a_freeze_stands_still_and_then_goes_on() -> None:
    planted = frozen(clip(), 1.0, 1.0)
    assert set(grey(planted.clip)[25:50]) == {65}
    assert grey(planted.clip)[50] == 90


def test_a_second_voice_is_mixed_at_its_level() -> None:
    voice = make(clip().frames, RATE, np.full(4 * AUDIO_RATE, 1000, np.int16))
    quiet = make(clip().frames, RATE, np.zeros(4 * AUDIO_RATE, np.int16))
    planted = second_voice(quiet, voice, 1.0, 1.0, -20.0)
    assert set(planted.clip.audio[AUDIO_RATE : 2 * AUDIO_RATE]) == {100}
    assert not np.any(planted.clip.audio[2 * AUDIO_RATE :])


@pytest.mark.parametrize("encoding", [ENCODINGS[0], ENCODINGS[3]], ids=lambda e: e.name)
def test_a_rendered_clip_keeps_its_length_size_and_sound(encoding: object, tmp_path: Path) -> None:
    chosen = next(e for e in ENCODINGS if e is encoding)
    path = render(clip(2.0), tmp_path / "clip", chosen)
    again = read_clip(path)
    assert path.suffix == chosen.suffix
    assert again.frames.shape == (50, 48, 64, 3)
    assert abs(len(again.audio) - 2 * AUDIO_RATE) < 0.1 * AUDIO_RATE
    assert np.abs(again.frames[20].mean() - clip(2.0).frames[20].mean()) < 6
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name in {"h264", "vp8"}


def test_fitting_keeps_the_shape_and_the_length() -> None:
    fitted = clip(2.0).fitted(128, 48, 50.0)
    assert fitted.frames.shape == (100, 48, 128, 3)
    assert fitted.duration_s == pytest.approx(2.0)
    assert fitted.frames[0, 0, 0, 0] == 16
