from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.calibration import band
from reports.compose.interview_facts import (
    MOST_FRAMES,
    MOST_POINTS,
    OVERVIEW,
    evidence_rows,
    fewer,
    leading,
    models,
    scale,
    wanted_frames,
)
from reports.compose.interview_timeline import MOST_FACES, MOST_STRETCHES, timeline
from reports.compose.interview_timeline import fewer as fewer_stretches
from tests.reports import material
from tests.reports.compose.told import checked


def test_evidence_stands_by_signal_those_for_review_first_each_by_time() -> None:
    check = checked(material.rich)
    for signal in check["signals"]:
        signal["evidence"].reverse()
    rows = evidence_rows(check, "en")
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["signal"] for row in rows] == [
        "frame_loop", "face_consistency", *["speaker_consistency"] * 6, "faces",
    ]  # fmt: skip
    heard = [row["start_s"] for row in rows if row["signal"] == "speaker_consistency"]
    assert heard == sorted(heard)


def test_every_piece_gets_its_first_frame_before_any_gets_its_second() -> None:
    result = material.rich()
    loop = result.signal("frame_loop")
    many = tuple(
        replace(loop.evidence[0], frames_s=tuple(n + k / 10 for k in range(4))) for n in range(20)
    )
    crowded = replace(result, signals=(replace(loop, evidence=many),))
    check = checked(lambda: crowded)
    wanted = wanted_frames(check)
    assert len(wanted) == MOST_FRAMES
    assert {float(n) for n in range(20)} <= set(wanted)


def test_frames_are_evenly_spaced_where_no_evidence_asks_for_any() -> None:
    wanted = wanted_frames(checked(material.clean))
    assert len(wanted) == OVERVIEW
    gaps = {round(b - a, 1) for a, b in itertools.pairwise(wanted)}
    assert gaps == {10.0}


def test_sound_alone_has_no_frames_and_a_still_picture_one() -> None:
    silent = checked(lambda: replace(material.audio_only(), signals=()))
    assert wanted_frames(silent) == ()
    still = checked(material.clean)
    still["coverage"]["video_s"] = 0
    assert wanted_frames(still) == (0.0,)


def test_the_box_stands_on_the_frame_in_the_middle_of_its_stretch() -> None:
    row = next(r for r in evidence_rows(checked(material.rich), "en") if r["box_s"] is not None)
    assert row["start_s"] <= row["box_s"] <= row["end_s"]
    middle = (row["start_s"] + row["end_s"]) / 2
    inside = [t for t in row["frames_s"] if row["start_s"] <= t <= row["end_s"]]
    assert abs(row["box_s"] - middle) == min(abs(t - middle) for t in inside)


def test_the_signal_behind_a_finding_is_found_again() -> None:
    check = checked(material.rich)
    number = leading(check, "identity")
    assert number is not None
    assert check["signals"][number]["name"] == "face_consistency"
    assert leading(checked(material.clean), "identity") is None


@given(
    st.lists(st.one_of(st.none(), st.floats(-9, 9)), min_size=0, max_size=600),
)
def test_fewer_points_keep_the_ends_and_the_order(values: list[float | None]) -> None:
    points = [{"time_s": float(n), "value": v} for n, v in enumerate(values)]
    kept = fewer(points)
    assert len(kept) <= max(MOST_POINTS, 0)
    assert [p for p in points if any(p is k for k in kept)] == kept
    known = [v for v in values if v is not None]
    if known:
        shown = [p["value"] for p in kept if p["value"] is not None]
        assert (min(shown), max(shown)) == (min(known), max(known))


@given(st.lists(st.tuples(st.floats(0.01, 5), st.floats(0.0, 5)), min_size=1, max_size=400))
def test_full_lanes_are_drawn_with_fewer_stretches(lengths: list[tuple[float, float]]) -> None:
    lane, time_s = [], 0.0
    for length, gap in lengths:
        ends = {"start_s": time_s, "end_s": time_s + length}
        lane.append({"kind": "speech", "count": None, **ends})
        time_s += length + gap
    drawn, gap_s = fewer_stretches([dict(row) for row in lane])
    assert len(drawn) <= MOST_STRETCHES
    assert drawn[0]["start_s"] == lane[0]["start_s"]
    assert drawn[-1]["end_s"] == lane[-1]["end_s"]
    if len(lane) <= MOST_STRETCHES:
        assert (drawn, gap_s) == (lane, 0.0)
    for row in lane:
        assert any(d["start_s"] <= row["start_s"] and row["end_s"] <= d["end_s"] for d in drawn)


def test_the_timeline_has_lanes_for_faces_speech_and_signals() -> None:
    check = checked(material.rich)
    drawn = timeline(check, evidence_rows(check, "en"), "en")
    lanes = list(dict.fromkeys(row["lane"] for row in drawn.rows))
    assert lanes[:5] == [
        "Number of faces", "Face 0 (main)", "Face 1", "Face 2", "Speech found",
    ]  # fmt: skip
    assert lanes[5] == "Repeated or frozen frames"
    loop = [r for r in drawn.rows if r["lane"] == "Repeated or frozen frames"]
    assert [(r["kind"], r["start_s"], r["end_s"]) for r in loop] == [
        ("review", 100.8, 103.8),
        ("same", 50.4, 53.4),
    ]
    assert loop[0]["number"] == 1
    for row in drawn.rows:
        assert 0 <= row["start_s"] <= row["end_s"] <= check["input"]["duration_s"] + 10


def test_many_faces_are_cut_and_counted() -> None:
    check = checked(material.long)
    drawn = timeline(check, [], "en")
    lanes = {row["lane"] for row in drawn.rows if row["lane"].startswith("Face ")}
    assert len(lanes) == MOST_FACES
    assert drawn.left["faces"] == len(check["tracks"]) - MOST_FACES


def test_a_weight_is_listed_once_with_all_that_used_it() -> None:
    weight = {"id": "a", "sha256": "0" * 64}
    other = {"id": "b", "sha256": "1" * 64}
    rows = models([("x", weight), ("y", other), ("z", weight), ("x", weight)])
    assert [(r["id"], r["used_by"]) for r in rows] == [("a", ["x", "z"]), ("b", ["y"])]


@pytest.mark.parametrize("log10", [-9.0, -2.5, 0.0, 0.3, 0.302, 1.0, 3.999, 4.0, 6.0])
def test_the_scale_in_the_report_is_the_one_that_is_applied(log10: float) -> None:
    steps = scale()
    assert [s["log10"][1] for s in steps[:-1]] == [s["log10"][0] for s in steps[1:]]
    assert steps[-1]["lr"] == [1_000_000, None]
    step = next(s for s in reversed(steps) if abs(log10) >= s["log10"][0])
    assert step["support"] == band(log10).replace(" ", "_")
