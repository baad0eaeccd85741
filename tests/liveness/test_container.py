"""The wrapping of a file: names of software, edit lists, packet times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.facts import EditList, MediaFacts, Packets, Stream
from audit.interview import Interview
from audit.media import probe
from audit.settings import Limits
from audit.types import Question, Signal, Status
from liveness.container import MEANING, Container
from liveness.packet_timing import timing
from liveness.software_names import named_in, table
from tests.media_factory import Pictures, Sound, make, regular, tone

GAP = {"gap_s": 0.25, "gap_intervals": 4.0}


def packets(times_s: list[float], *, dts_s: list[float] | None = None, every: int = 12) -> Packets:
    n = len(times_s)
    times = np.array(times_s, dtype=np.float64)
    return Packets(
        pts_s=times,
        dts_s=times.copy() if dts_s is None else np.array(dts_s, dtype=np.float64),
        duration_s=np.full(n, 0.04),
        size=np.full(n, 1000),
        keyframe=np.arange(n) % every == 0,
        position=np.arange(n) * 1000,
    )


def video(times_s: list[float], **more: object) -> Stream:
    stream = Stream(
        0, "video", "h264", "", 0.0, None, (1, 90_000), packets(times_s), declared_rate=25.0
    )
    return replace(stream, **more)  # type: ignore[arg-type]


def facts(*streams: Stream, **more: object) -> MediaFacts:
    return replace(MediaFacts("", 0, "mov,mp4", 4.0, streams), **more)  # type: ignore[arg-type]


def inspect(of: MediaFacts) -> Signal:
    return Container().inspect(Interview("recording", of, models=None, source_path=""))  # type: ignore[arg-type]


def tagged(**tags: str) -> MediaFacts:
    return facts(video(regular(100)), tags=tags)


@pytest.mark.parametrize(
    ("tags", "name", "authenticity", "presence"),
    [
        ({"encoder": "obs-output module (libobs version 31.0.0)"}, "OBS Studio", 0, 1),
        ({"title": "OBS Virtual Camera"}, "OBS Virtual Camera", 0, 1),
        ({"comment": "Recorded with ManyCam 8"}, "ManyCam", 0, 1),
        ({"comment": "本视频由EV录屏软件录制"}, "EV Capture", 0, 1),
        ({"encoder": "CapCut 3.2"}, "CapCut", 1, 0),
        ({"AIGC": '{"Label":"1","ContentProducer":"x"}'}, "AIGC label (GB 45438)", 1, 1),
        (
            {"aigc_info": '{"aigc_label_type":2}'},
            "AIGC label (short-video platforms)",
            1,
            1,
        ),
        ({"comment": '{"3": {"class_type": "KSampler"}}'}, "ComfyUI", 1, 1),
    ],
)
def test_telling_names_are_for_review(
    tags: dict[str, str], name: str, authenticity: int, presence: int
) -> None:
    signal = inspect(tagged(**tags))
    assert signal.status is Status.REVIEW
    assert name in signal.reason.text
    assert [signal.status_for(q) is Status.REVIEW for q in signal.questions] == [
        bool(authenticity),
        bool(presence),
    ]
    assert any(name in e.text for e in signal.evidence)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"encoder": "Lavf61.7.100"},
        {"encoder": "HandBrake 1.8.0 2024"},
        {"encoder": "Chrome"},
        {"aigc_info": '{"aigc_label_type": 0}'},
        {"title": "Obstetrics interview", "comment": "looming deadline, a blender, description"},
        {"com.apple.quicktime.make": "Apple"},
    ],
)
def test_ordinary_tags_are_not(tags: dict[str, str]) -> None:
    signal = inspect(tagged(**tags))
    assert signal.status is Status.NO_INDICATION
    assert signal.score == 0.0


def test_names_in_encoder_settings_and_handlers_count() -> None:
    stream = video(regular(50), tags={"handler_name": "Bandicam Video"}, side=("x264 - core 164",))
    kinds = {n.software.name: n.where for n in named_in(facts(stream))}
    assert kinds == {"Bandicam": "handler_name", "x264": "encoder settings"}


def test_table_has_a_source_and_a_kind_everywhere() -> None:
    names = [row.name for row in table()]
    assert len(names) == len(set(names))
    assert all(row.source for row in table())
    assert set(MEANING) < {row.kind for row in table()}
    assert not any(row.pattern.search("") for row in table())


def test_screen_recorder_of_a_real_clip_is_seen_and_the_others_are_quiet(
    shared_data: Path,
) -> None:
    review = {}
    for path in sorted((shared_data / "video").rglob("*.m*")):
        if path.suffix in (".mp4", ".mpg"):
            signal = inspect(probe(path, Limits()))
            if signal.status is Status.REVIEW:
                review[path.name] = signal.reason.text
    assert list(review) == ["1.mp4"]
    assert "EV Capture" in review["1.mp4"]


def test_edit_list_that_joins_parts_is_for_review_and_a_trim_is_not() -> None:
    delay = EditList(1, 0.1, -1.0, 1.0)
    trim = EditList(1, 4.0, 2.0, 1.0)
    more = EditList(1, 4.0, 9.0, 1.0)
    assert inspect(facts(video(regular(50)), edits=(delay, trim))).status is Status.NO_INDICATION
    joined = inspect(facts(video(regular(50)), edits=(trim, more)))
    assert joined.reason.code == "edit_list_joins_parts"
    assert joined.status_for(Question.PRESENCE) is Status.NO_INDICATION


def test_gaps_are_located_and_described() -> None:
    times = regular(50) + regular(50, start_s=3.0)
    signal = inspect(facts(video(times)))
    (gap,) = signal.evidence
    assert (round(gap.start_s, 2), round(gap.end_s, 2)) == (1.96, 3.0)
    assert "25 missing" in gap.text
    assert signal.status is Status.NO_INDICATION
    assert signal.measurements["pictures_missing"] == 25


def test_times_that_repeat_run_back_or_are_missing_are_counted() -> None:
    times = regular(20)
    times[5] = times[4]
    decoded = list(times)
    decoded[9] = 0.0
    stream = video(times, packets=packets([*times, float("nan")], dts_s=[*decoded, 1.0]))
    values = inspect(facts(stream)).measurements
    assert (values["same_time"], values["backwards"], values["untimed"]) == (1, 1, 1)


def test_notes_name_the_rate_the_offset_and_the_settings() -> None:
    uneven = list(np.cumsum([0.04, 0.08] * 30))
    sound = Stream(1, "audio", "aac", "", 0.8, None, (1, 48_000), packets(regular(200, 40, 0.8)))
    stream = video(uneven, side=("x264 - a", "x264 - b"))
    edit = EditList(1, 1.0, 0.0, 2.0)
    notes = " ".join(inspect(facts(stream, sound, edits=(edit,))).quality_notes)
    for words in ("states 25 pictures", "pictures start 0.80 s", "Two different", "speed"):
        assert words in notes


def test_image_sequences_and_empty_files_are_not_judged() -> None:
    assert inspect(facts(format="image sequence")).status is Status.INCONCLUSIVE
    empty = inspect(facts(video([])))
    assert empty.status is Status.NO_INDICATION
    assert empty.series == ()


def test_made_file_gives_exact_timing(tmp_path: Path) -> None:
    times = [*regular(25), *regular(25, start_s=2.0)]
    path = make(tmp_path / "gap.mp4", Pictures(times, key_every=10), Sound(tone(3.0)))
    signal = inspect(probe(path, Limits()))
    assert signal.measurements["gaps"] == 1
    assert signal.measurements["interval_ms"] == pytest.approx(40.0, abs=0.1)
    assert signal.measurements["key_frames"] == 5
    assert signal.series[0].unit == "ms"


@given(
    st.lists(st.floats(0.005, 0.2), min_size=8, max_size=60),
    st.integers(0, 58),
    st.floats(1.0, 5.0),
)
def test_planted_gap_is_found_where_it_is(steps: list[float], where: int, gap: float) -> None:
    where = min(where, len(steps) - 1)
    steps = [*steps[:where], gap, *steps[where + 1 :]]
    times = [0.0, *np.cumsum(steps)]
    measured = timing(video(times), **GAP)
    assert measured is not None
    spans = [(g.span.start_s, g.span.end_s) for g in measured.gaps]
    assert any(a == pytest.approx(times[where]) for a, _ in spans)
    assert all(b - a > 0.25 for a, b in spans)


@given(st.permutations(list(range(20))))
def test_storage_order_does_not_change_the_timing(order: list[int]) -> None:
    times = regular(20)
    straight = timing(video(times), **GAP)
    mixed = timing(video([times[i] for i in order]), **GAP)
    assert straight is not None
    assert mixed is not None
    assert (straight.rate, straight.jitter_ms, straight.even) == (
        mixed.rate,
        mixed.jitter_ms,
        mixed.even,
    )
