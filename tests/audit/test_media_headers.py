"""Probing: what a file says about itself, on the recording's clock."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from audit.confined import headers
from audit.confined.channel import Refused
from audit.errors import MediaLimitExceeded, MediaUnreadable
from audit.media import probe
from audit.settings import Limits
from tests.audit.in_process import run_task
from tests.media_factory import (
    Pictures,
    Sound,
    clip,
    make,
    numbered,
    regular,
    remux,
    sequence,
    tone,
)

LIMITS = Limits()


def test_a_plain_clip(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 2.0, key_every=10)
    facts = probe(path, LIMITS)
    video, audio = facts.video, facts.audio
    assert video is not None and audio is not None
    assert facts.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts.size == path.stat().st_size
    assert facts.duration_s == pytest.approx(2.0, abs=0.03)
    assert (video.codec, video.width, video.height, video.rotation) == ("h264", 128, 96, 0)
    assert video.declared_rate == video.average_rate == 25.0
    assert video.pixel_format == "yuv420p"
    assert len(video.packets.size) == 50
    assert video.packets.keyframe.tolist() == [n % 10 == 0 for n in range(50)]
    assert np.sort(video.packets.pts_s) == pytest.approx(regular(50))
    assert (audio.codec, audio.sample_rate, audio.channels) == ("aac", 48_000, 1)
    assert facts.brand == "isom"
    assert facts.boxes[0] == "ftyp"
    assert set(facts.boxes) >= {"mdat", "moov"}
    assert any("x264" in text for text in video.side)
    assert any(text.startswith("Lavc") for text in audio.side)
    assert facts.problems == ()


@pytest.mark.parametrize(
    ("name", "codec", "format_name"),
    [
        ("a.mov", "libx264", "mov,mp4,m4a,3gp,3g2,mj2"),
        ("a.mkv", "libx264", "matroska,webm"),
        ("a.webm", "libvpx", "matroska,webm"),
        ("a.avi", "mpeg4", "avi"),
        ("a.mpg", "mpeg1video", "mpeg"),
        ("a.ts", "libx264", "mpegts"),
    ],
)
def test_containers(tmp_path: Path, name: str, codec: str, format_name: str) -> None:
    facts = probe(clip(tmp_path / name, 1.0, codec=codec), LIMITS)
    assert facts.format == format_name
    assert facts.video is not None and len(facts.video.packets.size) == 25
    assert facts.audio is not None and len(facts.audio.packets.size) > 10
    assert facts.duration_s == pytest.approx(1.0, abs=0.08)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 16_000),
        ("a.mp3", "libmp3lame", 44_100),
        ("a.m4a", "aac", 44_100),
        ("a.ogg", "libopus", 48_000),
        ("a.flac", "flac", 44_100),
    ],
)
def test_sound_files(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    path = make(tmp_path / name, sound=Sound(tone(1.0, rate), rate=rate, codec=codec))
    facts = probe(path, LIMITS)
    assert facts.video is None
    assert facts.audio is not None and facts.audio.sample_rate == rate
    assert facts.duration_s == pytest.approx(1.0, abs=0.08)


def test_the_clock_starts_with_the_first_stream(tmp_path: Path) -> None:
    """Pictures begin at 10 s of the file's clock, sound .5 s later."""
    path = make(
        tmp_path / "late.mkv",
        Pictures(regular(25, start_s=10.0)),
        Sound(tone(0.5), start_s=10.5, codec="libopus"),
    )
    facts = probe(path, LIMITS)
    assert facts.video is not None and facts.audio is not None
    assert facts.origin_s == pytest.approx(10.0, abs=0.002)
    assert facts.video.start_s == pytest.approx(0.0, abs=0.002)
    assert facts.audio.start_s == pytest.approx(0.5, abs=0.01)
    assert facts.duration_s == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation(tmp_path: Path, rotation: int) -> None:
    facts = probe(clip(tmp_path / "a.mp4", 0.4, rotation=rotation), LIMITS)
    assert facts.video is not None
    assert (facts.video.rotation, facts.video.mirrored) == (rotation, False)
    assert (facts.video.width, facts.video.height) == (128, 96)


def test_variable_rates_keep_their_times(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.5, 0.52, 1.3, 1.31]
    facts = probe(make(tmp_path / "a.mp4", Pictures(times)), LIMITS)
    assert facts.video is not None
    assert np.sort(facts.video.packets.pts_s) == pytest.approx(times, abs=0.001)
    assert facts.video.declared_rate is None


def test_edit_lists(tmp_path: Path) -> None:
    """Two B frames delay decoding; mp4 writes that as a media time, mov_delay as an empty edit."""
    facts = probe(make(tmp_path / "a.mp4", Pictures(regular(25), b_frames=2)), LIMITS)
    (edit,) = facts.edits
    assert edit.track == 1
    assert edit.duration_s == pytest.approx(1.0, abs=0.01)
    assert edit.media_time_s == pytest.approx(0.08, abs=0.001)
    assert edit.rate == 1.0
    late = make(
        tmp_path / "late.mp4",
        Pictures(regular(25)),
        Sound(tone(0.5), start_s=0.5),
    )
    assert any(e.media_time_s == -1.0 and e.track == 2 for e in probe(late, LIMITS).edits)


def test_tags_are_kept(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mkv", Pictures(regular(5)), tags={"title": "An interview\x07"})
    assert probe(path, LIMITS).tags["title"] == "An interview "


def test_image_sequences(tmp_path: Path) -> None:
    paths = sequence(tmp_path / "seq", 12)
    (tmp_path / "seq" / "notes.txt").write_text("not an image")
    facts = probe(tmp_path / "seq", LIMITS)
    assert facts.format == "image sequence"
    assert facts.video is not None
    assert facts.video.packets.pts_s == pytest.approx(regular(12))
    assert facts.video.packets.size.tolist() == [p.stat().st_size for p in paths]
    assert (facts.video.codec, facts.video.width) == ("png", 128)
    assert facts.duration_s == pytest.approx(0.48)
    assert probe(list(reversed(paths)), LIMITS).sha256 != facts.sha256


def test_a_sequence_may_begin_with_a_broken_image(tmp_path: Path) -> None:
    paths = sequence(tmp_path / "seq", 3)
    paths[0].write_bytes(b"no image at all")
    facts = probe(tmp_path / "seq", LIMITS)
    assert facts.video is not None and facts.video.width == 128
    assert any("frame0.png" in problem for problem in facts.problems)
    for path in paths:
        path.write_bytes(b"no image at all")
    with pytest.raises(MediaUnreadable, match="None of the first 3 images"):
        probe(tmp_path / "seq", LIMITS)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tiff", ".pgm", ".avif"])
def test_single_images(tmp_path: Path, suffix: str) -> None:
    import cv2

    path = tmp_path / f"one{suffix}"
    if not cv2.imwrite(str(path), numbered(3)):
        pytest.skip(f"no encoder for {suffix} here")
    facts = probe(path, LIMITS)
    assert facts.video is not None
    assert (facts.video.width, facts.video.height) == (128, 96)
    assert len(facts.video.packets.size) == 1


def test_cover_pictures_are_no_video(tmp_path: Path, shared_data: Path) -> None:
    path = shared_data / "malformed_media/mp4parse-rust/mp4parse/tests/metadata.mp4"
    facts = probe(path, LIMITS)
    assert facts.others == ("cover picture (mjpeg)",)


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    text = tmp_path / "text.mp4"
    text.write_text("This is no media file. " * 100)
    with pytest.raises(MediaUnreadable, match=r"'empty.mp4' is empty"):
        probe(empty, LIMITS)
    with pytest.raises(MediaUnreadable, match="not a media file"):
        probe(text, LIMITS)
    with pytest.raises(MediaUnreadable, match="cannot be opened"):
        probe(tmp_path / "missing.mp4", LIMITS)
    with pytest.raises(MediaUnreadable, match="holds no image"):
        probe(tmp_path, LIMITS)
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(MediaUnreadable, match="not a regular file"):
        probe(tmp_path / "pipe.mp4", LIMITS)


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n", ".m3u8"),
        ("ffconcat version 1.0\nfile '{target}'\n", ".ffconcat"),
        ("v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n", ".sdp"),
    ],
)
def test_playlists_reach_nothing(tmp_path: Path, text: str, suffix: str) -> None:
    target = clip(tmp_path / "secret.mp4", 0.4)
    path = tmp_path / f"list{suffix}"
    path.write_text(text.format(target=target))
    with pytest.raises(MediaUnreadable):
        probe(path, LIMITS)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"packets": 40}, "more than 40 packets"),
        ({"streams": 1}, "2 streams, more than 1"),
        ({"pixels": 5000}, "128 x 96, more than 5000 pixels"),
        ({"duration_s": 1.0}, "2 s long, more than 1 s"),
        ({"nesting": 2}, "nested more than 2 deep"),
    ],
)
def test_limits_are_named(tmp_path: Path, changed: dict[str, float], words: str) -> None:
    path = clip(tmp_path / "a.mp4", 2.0)
    with pytest.raises(MediaLimitExceeded, match=words) as caught:
        probe(path, Limits(**changed))
    assert "FAIRWITNESS_LIMITS__" in str(caught.value)


def test_large_files_and_long_sequences_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "large.mp4").open("wb") as file:
        file.truncate(3 << 20)
    with pytest.raises(MediaLimitExceeded, match="larger than 2 MiB"):
        probe(tmp_path / "large.mp4", Limits(file_mb=2))
    sequence(tmp_path / "seq", 5)
    with pytest.raises(MediaLimitExceeded, match="5 images, more than 4"):
        probe(tmp_path / "seq", Limits(images=4))


def test_a_file_cut_short_says_so(tmp_path: Path) -> None:
    whole = clip(tmp_path / "a.mp4", 2.0, options={"qp": "10"})
    moved = remux(whole, tmp_path / "front.mp4", {"movflags": "faststart"})
    data = moved.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) * 6 // 10])
    facts = probe(cut, LIMITS)
    assert any("cut short" in problem and "'mdat'" in problem for problem in facts.problems)


# The same, in this process.


def test_packets_come_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clip(tmp_path / "a.mp4", 2.0)
    whole = run_task(headers.probe, path)
    monkeypatch.setattr(headers, "ROWS", 16)
    parts = run_task(headers.probe, path)
    assert len(parts.of("packets")) > len(whole.of("packets"))
    assert sum(h["rows"] for h in parts.of("packets")) == sum(
        h["rows"] for h in whole.of("packets")
    )
    assert parts.of("facts") == whole.of("facts")


def test_a_still_is_one_packet(tmp_path: Path) -> None:
    (path,) = sequence(tmp_path / "seq", 1)
    inbox = run_task(headers.probe, path)
    (rows,) = inbox.of("packets")
    assert rows["rows"] == 1
    (facts,) = inbox.of("facts")
    assert facts["streams"][0]["codec"] == "png"


def test_refusals_in_process(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 0.4)
    for changed in ({"packets": 5}, {"streams": 1}, {"pixels": 50}, {"nesting": 1}):
        with pytest.raises(Refused) as caught:
            run_task(headers.probe, path, **changed)
        assert caught.value.code == "limit"
    text = tmp_path / "a.txt"
    text.write_text("nothing " * 50)
    with pytest.raises(Refused) as caught:
        run_task(headers.probe, text)
    assert caught.value.code == "unreadable"


def test_subtitles_alone_are_no_recording(shared_data: Path) -> None:
    path = shared_data / "malformed_media/androidx_media/mkv/full_blocks.mkv"
    with pytest.raises(Refused, match=r"holds subtitle \(srt\) only"):
        run_task(headers.probe, path)


def test_broken_streams_are_problems(shared_data: Path) -> None:
    folder = shared_data / "malformed_media/androidx_media/mp4"
    unknown = probe(folder / "sample_missing_stsd.mp4", LIMITS)
    assert any("format is not known" in problem for problem in unknown.problems)
    empty = probe(folder / "sample_empty_track.mp4", LIMITS)
    assert any("holds none of it" in problem for problem in empty.problems)


def test_every_packet_has_a_time(tmp_path: Path) -> None:
    facts = probe(clip(tmp_path / "a.mp4", 0.4), LIMITS)
    assert all(np.isfinite(s.packets.pts_s).all() for s in facts.streams)
