"""Broken, hostile and odd files: each is read, read in part, or refused with one clear error."""

from __future__ import annotations

import csv
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from audit.errors import InputError, MediaUnreadable
from audit.interview import Window
from audit.media import PicturePlan, probe, read_audio, read_pictures
from audit.media.sound import RATE
from audit.settings import Limits
from tests.audit.test_sandbox import children
from tests.media_factory import clip

LIMITS = Limits(wall_s=60, stall_s=30)
PLAN = PicturePlan((Window(0.0, 1e6, "signature"),), 1.0, 2.0, 320)
"""Every frame is decoded; pictures are not handed out, which is what costs most here."""

BASELINE = "malformed_media/pyav_18.1_baseline.csv"


@dataclass(frozen=True)
class Read:
    """What came of one file."""

    frames: int = 0
    samples: int = 0
    duration_s: float = 0.0
    shown: int = 0
    streams: int = 0
    error: str = ""
    problems: tuple[str, ...] = ()


def read(path: Path) -> Read:
    try:
        facts = probe(path, LIMITS)
    except InputError as error:
        return Read(error=str(error))
    if facts.format.endswith("_pipe"):
        # Probing decodes a single image whole; a second process would only do it again.
        return Read(frames=1, shown=1, streams=1, problems=facts.problems)
    audio, problems = read_audio(path, facts, LIMITS) if facts.audio else (None, ())
    frames, error_text = 0, ""
    with read_pictures(path, facts, PLAN, LIMITS) as pictures:
        try:
            frames = sum(1 for _ in pictures)
        except InputError as error:
            error_text = str(error)
    video = facts.video
    return Read(
        frames=frames,
        samples=len(audio.samples) if audio else 0,
        duration_s=facts.duration_s,
        shown=len(np.unique(video.packets.pts_s)) if video else 0,
        streams=sum(1 for s in facts.streams if s.kind == "video"),
        error=error_text,
        problems=(*facts.problems, *problems, *pictures.problems),
    )


@pytest.fixture(scope="module")
def readings(shared_data: Path) -> dict[str, Read]:
    """Every file of the two folders, read once. Two at a time: most of it is starting processes."""
    files = sorted(
        path
        for folder in ("malformed_media", "c2pa")
        for path in (shared_data / folder).rglob("*")
        if path.is_file()
    )
    before = children()
    with ThreadPoolExecutor(2) as pool:
        results = dict(
            zip(
                (str(f.relative_to(shared_data)) for f in files), pool.map(read, files), strict=True
            )
        )
    assert children() <= before
    return results


@pytest.fixture(scope="module")
def baseline(shared_data: Path) -> dict[str, dict[str, str]]:
    """What plain PyAV made of the same files."""
    with (shared_data / BASELINE).open() as file:
        return {row["file"]: row for row in csv.DictReader(file)}


@pytest.mark.slow
def test_every_file_gives_a_reading_or_one_clear_error(readings: dict[str, Read]) -> None:
    assert len(readings) > 250
    for name, result in readings.items():
        for text in (result.error, *result.problems):
            assert text.isprintable(), name
            assert len(text) < 600, name
        if not result.frames and not result.samples:
            assert result.error or result.problems, name


@pytest.mark.slow
def test_files_that_are_no_media_are_refused(readings: dict[str, Read]) -> None:
    others = (".pdf", ".svg", ".zip", ".psd", ".json", ".md", ".csv", ".c2pa", ".pub")
    refused = [name for name in readings if name.endswith(others)]
    assert len(refused) > 30
    for name in refused:
        assert "not a media file" in readings[name].error, name


@pytest.mark.slow
def test_nothing_is_lost_that_plain_decoding_reads(
    readings: dict[str, Read], baseline: dict[str, dict[str, str]]
) -> None:
    """Frames: at least the baseline's, but one per presentation time. Of several video streams the
    baseline read the first, the product reads the longest."""
    compared = 0
    for name, row in baseline.items():
        result = readings[name]
        wanted = int(row["video_frames"] or 0)
        if not wanted:
            continue
        compared += 1
        if result.streams == 1:
            wanted = min(wanted, result.shown)
        assert result.frames >= wanted, (name, result)
    assert compared > 50


@pytest.mark.slow
def test_sound_is_as_long_as_plain_decoding_makes_it(
    readings: dict[str, Read], baseline: dict[str, dict[str, str]], shared_data: Path
) -> None:
    """Sample counts at 16 kHz against the baseline's at the source's rate, within 30 ms; clips
    shorter than a resampling filter (10 ms) give nothing, and say so."""
    compared = 0
    for name, row in baseline.items():
        wanted, result = int(row["audio_samples"] or 0), readings[name]
        streams = json.loads(row["streams"]) if row["streams"] != '""' else []
        if not wanted or [kind for kind, _ in streams].count("audio") > 1:
            continue
        source = probe(shared_data / name, LIMITS).audio if name in SPARSE_CHECK else None
        rate = source.sample_rate if source else 0
        if rate:
            assert result.samples / RATE == pytest.approx(wanted / rate, abs=0.03), name
        elif wanted > 1000:
            assert result.samples > 0, name
        else:
            assert result.samples or result.problems, name
        compared += 1
    assert compared > 40


SPARSE_CHECK = {
    "c2pa/c2pa-rs/sample1.wav",
    "c2pa/c2pa-rs/test.avi",
    "c2pa/c2pa-rs/video1.mp4",
    "malformed_media/androidx_media/mp4/edit_list_positive_shift.mp4",
    "malformed_media/androidx_media/mp4/trim_optimization_failure.mp4",
    "malformed_media/androidx_media/wav/sample_192khz.wav",
    "malformed_media/torchcodec/nasa_13013.mp4.audio_44100.mp3",
    "malformed_media/torchcodec/sine_mono_s32_8000.wav",
}
"""Files whose source rate is looked up, for an exact comparison."""


@pytest.mark.slow
def test_hostile_nesting_is_refused_by_name(readings: dict[str, Read]) -> None:
    assert "nested more than" in readings["c2pa/c2pa-rs/nested_moov_1000.mp4"].error


def test_libav_says_nothing_on_our_terminal(
    shared_data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = shared_data / "malformed_media/mp4parse-rust/mp4parse_capi/tests"
    for name in ("no_timescale.mp4", "short-cenc.mp4", "zero_empty_stsc.mp4"):
        read(folder / name)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize("seed", range(6))
def test_flipped_bytes_never_break_us(tmp_path: Path, seed: int) -> None:
    """A small clip with bytes changed at random, headers and data alike."""
    suffix, codec = [(".mp4", "libx264"), (".webm", "libvpx"), (".mpg", "mpeg1video")][seed % 3]
    data = bytearray(clip(tmp_path / f"a{suffix}", 0.6, codec=codec).read_bytes())
    rng = np.random.default_rng(seed)
    for place in rng.integers(0, len(data), max(4, len(data) // 400)):
        data[place] = int(rng.integers(256))
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(bytes(data[: len(data) - int(rng.integers(0, len(data) // 4))]))
    result = read(path)
    assert result.frames or result.samples or result.error or result.problems


def test_sparse_files_of_zeros_are_refused_quickly(tmp_path: Path) -> None:
    path = tmp_path / "zeros.mp4"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 64 << 20)
    assert read(path).error


def test_a_file_that_changes_between_passes(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 1.0)
    facts = probe(path, LIMITS)
    clip(path, 0.4, key_every=3)
    with pytest.raises(MediaUnreadable, match="changed while it was read"):
        list(read_pictures(path, facts, PLAN, LIMITS))
    audio, problems = read_audio(path, facts, LIMITS)
    assert audio is None
    assert "changed while it was read" in problems[0]
