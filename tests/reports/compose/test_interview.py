from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.result import CheckResult
from audit.types import Question, Status
from reports.compose.interview import sources
from reports.compose.interview_facts import GUIDELINE
from reports.document import model as m
from reports.document.catalogue import catalogue
from reports.document.check import faults, inlines
from reports.document.pointers import resolve
from reports.document.values import write
from tests.reports import material
from tests.reports.compose.told import (
    ACCUSING,
    RESULTS,
    changed,
    checked,
    composed,
    first_screen,
    headings,
    leaves,
    ours,
    report,
    told,
)

SECTIONS = [
    "findings", "timeline", "evidence", "signals", "inconclusive", "coverage", "models",
    "not-covered", "reading", "file",
]  # fmt: skip
FOR_PROGRAMS = re.compile(
    r"^(kind|schema_version|software/name|run/settings/seed|speech/total_s"
    r"|findings/\w+/reasons/\d+/code|findings/\w+/signals/\d+|signals/\d+/(name|version|reason/code)"
    r"|signals/\d+/(status|calibration|questions/\d+|status_by_question/\w+|strength|cause)"
    r"|signals/\d+/evidence/\d+/(id|frames_s/\d+|box/\d+)|signals/\d+/series/\d+/(low|high)|speech/overlap/(low|high)"
    r"|findings/\w+/verdict|input/streams/\d+/kind|input/size|speech/loudness/\w+)$"
)
"""What sentences do not show: names for programs, words whose other values are not free, and the
outline of the sound, which pages draw beside a player."""


@pytest.fixture(params=RESULTS, ids=lambda made: made.__name__)
def document(request: pytest.FixtureRequest) -> m.Document:
    return report(request.param)


def test_documents_are_free_of_faults(document: m.Document) -> None:
    assert faults(document) == []


def test_sections_stand_in_the_order_of_reading(document: m.Document) -> None:
    found = headings(document, 2)
    assert found == SECTIONS


def test_no_text_of_ours_accuses(document: m.Document) -> None:
    for inline in inlines(document):
        assert ACCUSING.search(ours(inline)) is None, ours(inline)
    for group in ("verdict", "verdict_means", "question_ask", "support", "signal", "mark"):
        for word in catalogue("en").words[group].values():
            assert ACCUSING.search(word) is None


def test_a_report_says_first_what_needs_a_look_where_and_how_sure() -> None:
    said = first_screen(report(material.rich))
    assert "4 of 4 questions ask for a person to look: authenticity, presence" in said
    assert "The main face changes once. Look at 02:33.7 to 02:46.3." in said
    assert (
        "How sure: log10 LR −1.71, bounds −2.00 to +2.00: moderate support for "
        "“more than one person”." in said
    )
    assert "How sure: there is no calibration, so no likelihood ratio; the quality" in said
    assert "8 places are marked in the recording, the first at 00:25.2." in said
    assert "decides nothing about a person" in said


def test_a_report_says_first_what_was_not_answered() -> None:
    said = first_screen(report(material.audio_only))
    assert "2 could not be answered: authenticity, presence." in said
    assert "Presence was not answered: The recording has no pictures that could be read." in said


def test_a_clean_report_is_no_pass() -> None:
    said = first_screen(report(material.clean))
    assert "No question asks for a person to look." in said
    assert "That is no proof that all is well" in said


def test_places_that_do_not_count_alone_are_told_apart() -> None:
    result = material.clean()
    weak = replace(material.rich().signal("faces"), status=Status.REVIEW)
    signals = [weak if s.name == "faces" else s for s in result.signals]
    check = checked(lambda: material.result_of(result.interview, signals))
    assert "1 place is marked by a signal that does not count alone." in first_screen(
        composed(check)
    )


def test_partial_and_failed_checks_say_so_on_the_first_screen() -> None:
    said = first_screen(report(material.partial))
    assert "The file could be read in part only" in said
    assert "recording ends early." in said
    assert "They count as inconclusive: av_sync." in said


@pytest.mark.parametrize("made", RESULTS, ids=lambda made: made.__name__)
def test_nothing_of_paths_names_or_unseen_characters_gets_out(
    made: Callable[[], CheckResult],
) -> None:
    text = report(made).model_dump_json()
    for secret in ("/home", "jane-doe", "Jane Doe", "\u202e", "\\u001b", "\\u202e"):
        assert secret not in text


@pytest.fixture(scope="module")
def rich_lines() -> list[str]:
    return told(composed(checked(material.rich), pictures=False))


def _ways(check: dict[str, Any]) -> list[tuple[str | int, ...]]:
    """Every plain value that people are told, of lists of points only one."""
    return [
        way
        for way in leaves(check)
        if not FOR_PROGRAMS.match("/".join(map(str, way)))
        and not {"times_s", "values", "faces_in_view", "segments", "spans"} & set(way)
        and way[:2] != ("signals", 9)  # shares its weights with others
    ]


@pytest.mark.parametrize("part", range(4))
def test_every_value_changes_what_is_said(part: int, rich_lines: list[str]) -> None:
    check = checked(material.rich)
    ways = _ways(check)
    assert len(ways) > 200
    for way in ways[part::4]:
        document = composed(changed(check, way), pictures=False)
        assert told(document) != rich_lines, way
        if way[-1] in ("text", "score", "log10_lr", "quality"):
            assert faults(document) == []


def test_every_sentence_follows_the_field_that_it_names() -> None:
    document = report(material.rich)
    seen = 0
    for inline in inlines(document):
        for piece in inline:
            if isinstance(piece, m.Shown):
                seen += 1
                held = resolve(document.data, piece.at)
                assert piece.text == write(held, piece.show, "en")
    assert seen > 300


def test_evidence_is_told_one_by_one_with_pictures_times_and_its_match() -> None:
    document = report(material.rich)
    assert headings(document, 4).count("frame_loop-1") == 1
    assert headings(document, 3).count("evidence-frame_loop") == 1
    lines = "\n".join(told(document))
    assert "1. 01:40.8 to 01:43.8" in lines
    assert "It matches 00:50.4 to 00:53.4." in lines
    pictures = [b for b in document.blocks if isinstance(b, m.Picture)]
    assert len(pictures) == 9
    boxed = [p for p in pictures if p.box]
    assert [resolve(document.data, p.box or "") for p in boxed] == [[0.3, 0.2, 0.55, 0.65]]


def test_without_evidence_frames_are_evenly_spaced() -> None:
    document = report(material.clean)
    captions = ["".join(map(str, told(document)))]
    assert "No signal marked a place in the recording." in captions[0]
    assert len([b for b in document.blocks if isinstance(b, m.Picture)]) == 6


def test_frames_that_could_not_be_had_are_left_out() -> None:
    document = composed(checked(material.rich), pictures=False)
    assert [b for b in document.blocks if isinstance(b, m.Picture)] == []
    assert document.attachments == ()


def test_a_signal_tells_both_hypotheses_its_bounds_and_its_operating_point() -> None:
    lines = told(report(material.rich))
    assert (
        "log10 LR −1.71, bounds −2.00 to +2.00: moderate support for “more than one person” "
        "“the same person throughout” against “more than one person”; calibration grid-2026-11."
    ) in lines
    assert "Operating point: review below 0.80" in lines
    assert "No likelihood ratio: the signal is uncalibrated or reached no conclusion." in lines


def test_a_signal_may_answer_its_questions_apart() -> None:
    result = material.rich()
    loop = replace(
        result.signal("frame_loop"),
        status_by_question={Question.PRESENCE: Status.NO_INDICATION},
    )
    signals = [loop if s.name == "frame_loop" else s for s in result.signals]
    check = checked(lambda: material.result_of(result.interview, signals))
    lines = "\n".join(told(composed(check)))
    assert "To the question of presence it says: No indication." in lines


def test_licences_that_forbid_commercial_use_are_told() -> None:
    document = report(material.rich)
    weights = next(b for b in document.blocks if isinstance(b, m.Table) and b.id == "weights")
    rows = {row["id"]: row for row in resolve(document.data, weights.rows)}
    assert rows["aasist"]["commercial_use"] is False
    assert rows["blazeface_back"]["used_by"] == ["Finding faces and speech"]
    assert [c.show for c in weights.columns].count("yes_no") == 1


def test_what_cannot_be_seen_is_said_in_every_report(document: m.Document) -> None:
    lines = told(document)
    for finding in document.data["check"]["findings"].values():
        assert set(finding["not_covered"]) <= set(lines)


def test_signals_that_the_catalogue_does_not_know_keep_their_name() -> None:
    document = report(RESULTS[-1])
    assert "signal-odd-n-me-of-ours" in headings(document, 3)
    assert "Odd/näme of ours: Needs human review" in told(document)


def test_sources_are_the_recording_earlier_ones_and_the_result() -> None:
    check = checked(RESULTS[-1])
    assert [s.name for s in sources(check)] == ["recording", "reference", "check"]
    assert sources(check)[-1].sha256 == check["run"]["content_sha256"]


def test_the_longest_report_stays_small() -> None:
    assert len(report(material.long).model_dump_json()) < 700_000


def test_the_same_check_gives_the_same_document() -> None:
    check = checked(material.rich)
    assert composed(check) == composed(check)
    assert check == checked(material.rich)


def test_the_guide_prints_the_scale_and_the_verdicts_in_force() -> None:
    guide = Path(__file__).resolve().parents[3].joinpath("docs/reading-a-report.md").read_text()
    data = report(material.rich).data
    for step in data["scale"]:
        cells = (
            write(step["log10"], "between:figures:2"),
            write(step["lr"], "between:integer"),
            write(step["support"], "word:support"),
        )
        assert f"| {' | '.join(cells)} |" in guide
    for verdict in catalogue("en").words["verdict"].values():
        assert f"| {verdict} (" in guide
    for question, asked in catalogue("en").words["question_ask"].items():
        assert f"| {question} | {asked} |" in guide
    assert GUIDELINE in guide
