from __future__ import annotations

import itertools
from dataclasses import replace

from audit.types import Evidence
from reports.check_json import check_document, read_document
from reports.exhibits import MOST_THUMBNAILS, OVERVIEW, exhibits, wanted_thumbnails
from tests.reports import material


def test_evidence_for_review_comes_first_then_time_decides() -> None:
    found = exhibits(read_document(check_document(material.rich())))
    assert [e.number for e in found] == list(range(1, len(found) + 1))
    statuses = [e.signal.status for e in found]
    assert statuses == ["review"] * 8 + ["no_indication"]
    starts = [e.entry.start_s for e in found[:8]]
    assert starts == sorted(starts)


def test_thumbnails_are_wanted_at_the_evidence() -> None:
    result = material.rich()
    wanted = wanted_thumbnails(result)
    assert wanted == tuple(sorted(set(wanted)))
    assert 100.8 in wanted
    assert 50.4 in wanted


def test_every_piece_of_evidence_gets_a_first_frame_before_any_gets_a_second() -> None:
    result = material.rich()
    many = tuple(
        Evidence(n, n + 0.5, "x", frames_s=(n + 0.0, n + 0.1, n + 0.2)) for n in range(60, 90)
    )
    loop = replace(result.signal("frame_loop"), evidence=many)
    wanted = wanted_thumbnails(replace(result, signals=(loop,)))
    assert len(wanted) == MOST_THUMBNAILS
    assert {float(n) for n in range(60, 90)} <= set(wanted)


def test_without_evidence_a_few_evenly_spaced_frames_are_wanted() -> None:
    wanted = wanted_thumbnails(material.clean())
    assert len(wanted) == OVERVIEW
    steps = {round(b - a, 2) for a, b in itertools.pairwise(wanted)}
    assert len(steps) == 1


def test_sound_alone_wants_no_thumbnails() -> None:
    result = material.audio_only()
    silent = replace(result, signals=tuple(replace(s, evidence=()) for s in result.signals))
    assert wanted_thumbnails(silent) == ()


def test_a_still_picture_wants_itself() -> None:
    result = material.clean()
    still = replace(result, coverage=replace(result.coverage, video_s=0.0, frames_decoded=1))
    assert wanted_thumbnails(still) == (0.0,)


def test_only_jpegs_are_shown_and_missing_ones_left_out() -> None:
    document = read_document(check_document(material.rich()))
    found = exhibits(document, {100.8: material.jpeg(1.0), 50.4: b"<svg onload=alert(1)>"})
    loop = next(e for e in found if e.signal.name == "frame_loop")
    assert [t.time_s for t in loop.thumbnails] == [100.8]
    assert loop.thumbnails[0].uri.startswith("data:image/jpeg;base64,/9j/")
