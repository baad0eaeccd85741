"""Files of camera injection hold the names, times and encodings that their species says."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.attacks.clips import AUDIO_RATE, Clip, Encoding, make, read_clip, render
from datasets.attacks.injection import DEVICE, JITTER_S, RECORDER, captured, injected

RATE = 25.0
COUNT = 50


@pytest.fixture(scope="module")
def clip() -> Clip:
    random = np.random.default_rng(4)
    ground = random.integers(40, 200, (64, 64 + COUNT, 3), dtype=np.uint8)
    frames = np.stack([ground[:, n : n + 64] for n in range(COUNT)])
    return make(frames, RATE, random.integers(-900, 900, 2 * AUDIO_RATE).astype(np.int16))


def times(path: Path) -> NDArray[np.float64]:
    with av.open(str(path)) as container:
        return np.array([float(f.time) for f in container.decode(video=0) if f.time is not None])


def tags(path: Path) -> dict[str, str]:
    with av.open(str(path)) as container:
        return dict(container.metadata)


def made(species: str, strength: str, clip: Clip, folder: Path) -> Path:
    return injected(
        f"injection.{species}", strength, clip, folder / "clip", np.random.default_rng(1)
    )


@pytest.mark.parametrize(
    ("strength", "wanted"), [("device", DEVICE), ("recorder", RECORDER), ("removed", {})]
)
def test_names_are_written_or_removed(
    strength: str, wanted: dict[str, str], clip: Clip, tmp_path: Path
) -> None:
    found = tags(made("named", strength, clip, tmp_path))
    assert {key: found.get(key) for key in wanted} == wanted
    if not wanted:
        assert not {"comment", "title", "encoder_settings"} & set(found)


def test_a_webcam_is_uneven_and_loses_pictures(clip: Clip, tmp_path: Path) -> None:
    long = make(np.concatenate([clip.frames] * 4), RATE)
    shown = times(captured(long, tmp_path / "clip", np.random.default_rng(3)))
    assert 0 < len(long.frames) - len(shown) < 10
    assert np.all(np.diff(shown) > 0)
    steps = np.diff(shown)[np.diff(shown) < 1.5 / RATE]
    assert 0.5 * JITTER_S < float(steps.std()) < 3 * JITTER_S
    assert shown[-1] == pytest.approx(len(long.frames) / RATE, abs=0.15)


def test_even_times_are_even_to_the_tick(clip: Clip, tmp_path: Path) -> None:
    shown = times(made("timed", "even", clip, tmp_path))
    assert np.diff(shown) == pytest.approx(np.full(COUNT - 1, 1 / RATE), abs=2e-5)


def test_bursts_come_four_at_once(clip: Clip, tmp_path: Path) -> None:
    steps = np.diff(times(made("timed", "bursts", clip, tmp_path)))
    waits = np.flatnonzero(steps > 1 / RATE)
    assert set(np.diff(waits)) == {4}
    assert np.delete(steps, waits).max() < 0.01


def test_a_changed_rate_shows_every_fifth_picture_twice(clip: Clip, tmp_path: Path) -> None:
    path = made("timed", "changed rate", clip, tmp_path)
    again = read_clip(path)
    assert again.rate == pytest.approx(1.2 * RATE)
    assert len(again.frames) == round(1.2 * COUNT)
    moved = np.abs(np.diff(again.frames.astype(int), axis=0)).mean(axis=(1, 2, 3))
    assert np.sum(moved < 0.3 * np.median(moved)) == len(again.frames) - COUNT


def test_an_encoding_before_leaves_its_loss(clip: Clip, tmp_path: Path) -> None:
    def loss(path: Path) -> float:
        return float(np.abs(read_clip(path).frames.astype(int) - clip.frames).mean())

    once = loss(made("named", "removed", clip, tmp_path))
    coarse, alike, fine = (
        loss(made("encoded_twice", name, clip, tmp_path))
        for name in ("coarse first", "alike", "fine first")
    )
    assert coarse > 1.2 * alike and alike > fine > once


@pytest.mark.parametrize("name", [("named", "even"), ("played", "device")])
def test_an_unknown_species_or_strength_is_refused(
    name: tuple[str, str], clip: Clip, tmp_path: Path
) -> None:
    with pytest.raises(KeyError):
        made(*name, clip, tmp_path)


def test_times_and_tags_are_kept_by_both_containers(clip: Clip, tmp_path: Path) -> None:
    wanted = np.cumsum(np.random.default_rng(5).uniform(0.02, 0.08, COUNT))
    for encoding in (
        Encoding("x", ".mp4", "libx264", "aac", quality=30),
        Encoding("v", ".webm", "libvpx", "libopus", bit_rate=200_000),
    ):
        path = render(clip, tmp_path / "t", encoding, times_s=wanted, tags={"comment": "by hand"})
        assert np.diff(times(path)) == pytest.approx(np.diff(wanted), abs=2e-3)
        assert "by hand" in {v for k, v in tags(path).items() if k.lower() == "comment"}
