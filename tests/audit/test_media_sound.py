"""Sound on the recording's clock: a sample's place is its time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.confined import sound as confined
from audit.confined.channel import Refused
from audit.errors import MediaLimitExceeded
from audit.interview import Audio
from audit.media import probe, read_audio
from audit.media.sound import RATE, _Track
from audit.settings import Limits
from audit.types import Span
from tests.audit.in_process import Inbox, run_task
from tests.media_factory import Pictures, Sound, clicks, clip, make, regular, sequence, tone

LIMITS = Limits()
REQUEST = {"stream": 0, "rate": RATE, "origin_s": 0.0, "samples": 100 * RATE}


def heard(path: Path) -> Audio:
    audio, problems = read_audio(path, probe(path, LIMITS), LIMITS)
    assert audio is not None
    assert problems == ()
    return audio


def onsets(audio: Audio) -> list[float]:
    """Times at which a click begins: loud after 50 ms of quiet."""
    loud = np.flatnonzero(np.abs(audio.samples.astype(int)) > 5000)
    first = loud[np.diff(loud, prepend=-RATE) > RATE // 20]
    return [audio.start_s + place / RATE for place in first]


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 16_000),
        ("a.wav", "pcm_s16le", 44_100),
        ("a.flac", "flac", 44_100),
        ("a.m4a", "aac", 44_100),
        ("a.mp3", "libmp3lame", 44_100),
        ("a.ogg", "libopus", 48_000),
        ("a.webm", "libopus", 48_000),
        ("a.mkv", "pcm_s16le", 8_000),
        ("a.mp4", "aac", 48_000),
    ],
)
def test_clicks_are_where_they_were_put(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    times = [0.25, 1.0, 1.5]
    path = make(tmp_path / name, sound=Sound(clicks(times, 2.0, rate), rate=rate, codec=codec))
    audio = heard(path)
    assert (audio.rate, audio.source_rate, audio.channels) == (RATE, rate, 1)
    assert audio.samples.dtype == np.int16
    assert audio.duration_s == pytest.approx(2.0, abs=0.06)
    assert onsets(audio) == pytest.approx(times, abs=0.004)
    assert audio.gaps == ()


def test_level_and_pitch_survive(tmp_path: Path) -> None:
    path = make(tmp_path / "a.wav", sound=Sound(tone(1.0, 48_000, 1000.0), codec="pcm_s16le"))
    samples = heard(path).cut(0.1, 0.9)
    assert np.abs(samples).max() == pytest.approx(0.3, abs=0.01)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * RATE / len(samples) == pytest.approx(1000.0, abs=2.0)


def test_a_gap_is_silence_of_its_length(tmp_path: Path) -> None:
    path = make(
        tmp_path / "gap.mkv",
        sound=Sound(clicks([0.5, 1.5], 2.0), codec="libopus", gap_at_s=1.0, gap_s=0.5),
    )
    audio = heard(path)
    assert onsets(audio) == pytest.approx([0.5, 2.0], abs=0.03)
    (gap,) = audio.gaps
    assert gap.start_s == pytest.approx(1.0, abs=0.05)
    assert gap.duration_s == pytest.approx(0.5, abs=0.03)
    assert not audio.cut(gap.start_s + 0.01, gap.end_s - 0.01).any()
    assert audio.duration_s == pytest.approx(2.5, abs=0.03)


def test_sound_that_begins_late_begins_late(tmp_path: Path) -> None:
    path = make(
        tmp_path / "late.mkv",
        Pictures(regular(50)),
        Sound(clicks([0.2], 1.0), start_s=0.7, codec="libopus"),
    )
    audio = heard(path)
    assert audio.start_s == pytest.approx(0.7, abs=0.01)
    assert onsets(audio) == pytest.approx([0.9], abs=0.01)


def test_the_clock_is_shared_with_the_pictures(tmp_path: Path) -> None:
    path = make(
        tmp_path / "offset.mkv",
        Pictures(regular(25, start_s=5.0)),
        Sound(clicks([0.2], 1.0), start_s=5.2, codec="pcm_s16le"),
    )
    assert onsets(heard(path)) == pytest.approx([0.4], abs=0.004)


def test_recordings_without_sound(tmp_path: Path) -> None:
    silent = make(tmp_path / "a.mp4", Pictures(regular(10)))
    assert read_audio(silent, probe(silent, LIMITS), LIMITS) == (None, ())
    sequence(tmp_path / "seq", 2)
    folder = tmp_path / "seq"
    assert read_audio(folder, probe(folder, LIMITS), LIMITS) == (None, ())


def test_undecodable_sound_is_a_problem_not_an_error(shared_data: Path) -> None:
    for name in ("test_case_1185230.mp4", "../../mp4parse_capi/tests/short-cenc.mp4"):
        path = shared_data / "malformed_media/mp4parse-rust/mp4parse/tests" / name
        audio, problems = read_audio(path, probe(path, LIMITS), LIMITS)
        assert audio is None
        assert any("could not be decoded" in problem for problem in problems)


def test_partly_damaged_sound_is_a_problem(shared_data: Path) -> None:
    path = shared_data / "malformed_media/mp4parse-rust/mp4parse_capi/tests"
    path /= "opus_audioinit_two_desc.mp4"
    audio, problems = read_audio(path, probe(path, LIMITS), LIMITS)
    assert audio is not None
    assert any("sound packets could not be decoded" in problem for problem in problems)


def test_channels_without_a_layout_give_the_first_channel(shared_data: Path) -> None:
    path = shared_data / "malformed_media/scipy_wav/test-8000Hz-le-2ch-1byteu.wav"
    assert heard(path).channels == 2


def test_a_lying_rate_cannot_fill_the_memory(tmp_path: Path) -> None:
    """10 s of samples whose header says 1 Hz would be 22 hours at 16 kHz."""
    path = make(tmp_path / "a.wav", sound=Sound(tone(5.0, 16_000), rate=16_000, codec="pcm_s16le"))
    data = bytearray(path.read_bytes())
    data[24:28] = (1).to_bytes(4, "little")
    data[28:32] = (2).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    with pytest.raises(MediaLimitExceeded, match="DURATION_S"):
        read_audio(path, probe(path, LIMITS), LIMITS)


# The same, in this process.


def test_chunks_carry_their_place(tmp_path: Path) -> None:
    path = make(
        tmp_path / "gap.mkv",
        sound=Sound(tone(4.0), codec="pcm_s16le", gap_at_s=2.0, gap_s=0.5),
    )
    inbox = run_task(confined.sound, path, **REQUEST)
    chunks = inbox.of("sound")
    ends = [
        chunk["at"] + len(data) // 2
        for chunk, data in zip(inbox.headers, inbox.payloads, strict=True)
        if chunk["kind"] == "sound"
    ]
    assert chunks[0]["at"] == 0
    jumps = [
        following["at"] - end
        for following, end in zip(chunks[1:], ends[:-1], strict=True)
        if following["at"] != end
    ]
    assert jumps == [pytest.approx(RATE // 2, abs=400)]
    assert inbox.of("report") == [
        {"kind": "report", "errors": 0, "first_error_s": None, "notes": []}
    ]


def test_too_much_sound_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "a.wav", sound=Sound(tone(3.0), codec="pcm_s16le"))
    with pytest.raises(Refused, match="longer than the limit"):
        run_task(confined.sound, path, **{**REQUEST, "samples": RATE})


def test_pictures_are_no_sound(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", 0.4)
    with pytest.raises(Refused, match="no decoder"):
        run_task(confined.sound, path, **REQUEST)


def test_damaged_packets_are_counted(shared_data: Path) -> None:
    path = shared_data / "malformed_media/mp4parse-rust/mp4parse_capi/tests"
    inbox = run_task(confined.sound, path / "opus_audioinit_two_desc.mp4", **REQUEST)
    (report,) = inbox.of("report")
    assert report["errors"] > 10


@pytest.mark.parametrize("channels", [3, 5, 9])
def test_many_channels(shared_data: Path, channels: int, tmp_path: Path) -> None:
    """Channel counts without a standard name, in a file whose header leaves the layout open."""
    frames = RATE // 2
    samples = np.zeros((frames, channels), dtype="<i2")
    samples[:, 0] = tone(0.5, RATE)
    data = samples.tobytes()
    header = b"".join(
        [
            b"RIFF",
            (36 + len(data)).to_bytes(4, "little"),
            b"WAVEfmt ",
            (16).to_bytes(4, "little"),
            (1).to_bytes(2, "little"),
            channels.to_bytes(2, "little"),
            RATE.to_bytes(4, "little"),
            (RATE * channels * 2).to_bytes(4, "little"),
            (channels * 2).to_bytes(2, "little"),
            (16).to_bytes(2, "little"),
            b"data",
            len(data).to_bytes(4, "little"),
        ]
    )
    path = tmp_path / "many.wav"
    path.write_bytes(header + data)
    inbox = run_task(confined.sound, path, **REQUEST)
    pcm = np.frombuffer(b"".join(inbox.payloads), dtype="<i2")
    assert len(pcm) == pytest.approx(frames, abs=50)
    assert np.abs(pcm.astype(int)).max() > 500


BLOCK_S = 0.02


def segments(times_s: list[float]) -> list[float]:
    """Start of each segment that blocks of 20 ms with these timestamps are cut into."""
    listener = confined._Listener(None, None, REQUEST, Inbox())
    starts: list[float] = []
    segment = None
    for time_s in times_s:
        if segment is None or not listener._continues(segment, time_s):
            segment = confined._Segment(time_s, None)
            starts.append(time_s)
        segment.source_s += BLOCK_S
    return starts


@given(st.lists(st.floats(-0.008, 0.008), min_size=2, max_size=300))
def test_jitter_cuts_nothing(jitter_s: list[float]) -> None:
    times = [n * BLOCK_S + j for n, j in enumerate(jitter_s)]
    assert len(segments(times)) == 1


@given(st.floats(0.002, 0.05), st.sampled_from([-1, 1]))
def test_drift_is_followed(rate: float, sign: int) -> None:
    """A recorder's clock that runs off: samples never lie further from their times than 100 ms."""
    times = [n * BLOCK_S * (1 + sign * rate) for n in range(1500)]
    starts = segments(times)
    assert len(starts) > 1
    longest = max(np.diff([*starts, times[-1]]))
    assert longest * rate <= 0.1


@given(st.floats(0.11, 5.0))
def test_a_jump_cuts_at_once(jump_s: float) -> None:
    times = [n * BLOCK_S + (jump_s if n >= 50 else 0.0) for n in range(100)]
    assert segments(times) == [0.0, times[50]]


def test_a_gap_is_listed_once() -> None:
    track = _Track(most=RATE * 10)
    block = np.ones(3200, dtype=np.uint8)
    track.add(-100, block)
    track.add(1500, block)
    track.add(1500 + 1600 + RATE, block)
    track.add(1500 + RATE, block)
    assert track.first == 0
    assert track.gaps == [Span(3100 / RATE, (3100 + RATE) / RATE)]
    assert track.end == 3100 + RATE + 1600
    with pytest.raises(MediaLimitExceeded):
        track.add(RATE * 11, block)
