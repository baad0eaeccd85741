from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import documents as d
from reports.check_json import check_document, read_document
from reports.exhibits import exhibits, overview, wanted_thumbnails
from reports.timeline import MOST_TRACKS, WIDTHS_PX, Axis, Timeline, timeline
from tests.reports import material


def drawn(result: material.CheckResult) -> Timeline:
    document = read_document(check_document(result))
    thumbnails = {t: material.jpeg(t) for t in wanted_thumbnails(result)}
    evidence = exhibits(document, thumbnails)
    frames = () if any(e.thumbnails for e in evidence) else overview(document, thumbnails)
    return timeline(document, evidence, frames)


def test_rows_follow_faces_speech_and_signals() -> None:
    titles = [row.title for row in drawn(material.rich()).rows]
    assert titles[:6] == [
        "Number of faces", "Face 0 (main)", "Face 1", "Face 2", "Speech", "Two voices at once",
    ]  # fmt: skip
    assert "Voice consistency" in titles


def test_signals_for_review_come_before_the_others() -> None:
    statuses = [row.status for row in drawn(material.rich()).rows if row.status]
    assert statuses == sorted(statuses, key=lambda s: s != "review")


def test_evidence_stands_at_its_time() -> None:
    row = next(
        r for r in drawn(material.rich(200.0)).rows if r.title == "Repeated or frozen frames"
    )
    mark = next(m for m in row.marks if not m.peer)
    peer = next(m for m in row.marks if m.peer)
    assert (mark.x, mark.width) == (40.0, 1.5)
    assert (peer.x, peer.width) == (20.0, 1.5)


def test_marks_that_touch_share_one_number() -> None:
    row = next(r for r in drawn(material.long()).rows if r.title == "Voice consistency")
    assert len(row.marks) == 6
    assert [m.label for m in row.marks].count("") == 1


@pytest.mark.parametrize(
    "made", [material.rich, material.long, material.audio_only, material.clean]
)
def test_everything_lies_on_the_axis(made: object) -> None:
    shown = drawn(made())  # type: ignore[operator]
    for row in shown.rows:
        for bar in row.bars:
            assert 0 <= bar.x <= bar.x + bar.width <= 100.001
        for mark in row.marks:
            assert 0 <= mark.x <= mark.x + mark.width <= 100.001
        assert row.threshold is None or 0 <= row.threshold <= 100
        points = re.findall(r"[ML](\S+?) ([\d.]+)", row.curve)
        assert all(0 <= float(x) <= 1000 and 0 <= float(y) <= 100 for x, y in points)
    ticks = [tick.x for tick in shown.ticks]
    assert ticks == sorted(ticks)
    assert 3 <= len(ticks) <= 16


def test_many_faces_are_cut_with_a_word() -> None:
    rows = [r for r in drawn(material.long()).rows if r.title.startswith("Face ")]
    faces = [r for r in rows if re.match(r"Face \d", r.title)]
    assert len(faces) == MOST_TRACKS
    assert faces[-1].note == "and 4 more with fewer sightings"


def test_thumbnails_in_a_lane_do_not_overlap() -> None:
    shown = drawn(material.rich())
    room = 100 * shown.thumb_px / shown.width_px
    lanes: dict[int, list[float]] = {}
    for item in shown.shown:
        lanes.setdefault(item.lane, []).append(item.x)
    assert shown.lanes == len(lanes)
    for places in lanes.values():
        places.sort()
        assert all(b - a >= room - 0.01 for a, b in itertools.pairwise(places))


def test_without_evidence_the_frames_are_evenly_spaced() -> None:
    shown = drawn(material.clean())
    assert len(shown.shown) == 6
    assert {item.anchor for item in shown.shown} == {""}


def test_a_curve_breaks_where_nothing_was_measured() -> None:
    document = read_document(check_document(material.rich()))
    series = d.SeriesEntry(
        name="x", unit="", times_s=[0, 1, 2, 3, 4], values=[0, 1, None, None, 1],
        low=None, high=None, threshold=None,
    )  # fmt: skip
    signal = document.signals[0].model_copy(update={"series": [series]})
    lone = document.model_copy(
        update={"signals": [signal], "tracks": [], "faces_in_view": [], "speech": None}
    )
    (row,) = timeline(lone, ()).rows
    assert row.curve.count("M") == 2
    assert row.curve.count("L") == 1
    assert row.scale == ("1", "0")


@given(st.floats(0.1, 20000), st.floats(-10, 30000))
def test_the_axis_stays_within_the_plot(duration_s: float, time_s: float) -> None:
    assert 0 <= Axis(duration_s).x(time_s) <= 100


def test_long_recordings_get_a_wider_plot() -> None:
    assert drawn(material.rich()).width_px == WIDTHS_PX[0]
    assert drawn(material.long()).width_px == WIDTHS_PX[1]


def test_thumbnails_keep_the_shape_of_the_recording() -> None:
    result = material.rich()
    pictures = result.interview.pictures
    assert pictures is not None
    upright = replace(pictures, width=720, height=1280)
    tall = replace(result, interview=replace(result.interview, pictures=upright))
    assert drawn(result).thumb_px == 89
    assert drawn(tall).thumb_px == 28
    assert drawn(material.audio_only()).thumb_px == 88
