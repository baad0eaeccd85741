from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from audit.result import ComparisonResult, PairEvidence
from reports.canonical import canonical
from reports.comparison import comparison_document
from reports.compose.thread import compose, compose_comparison, sources
from reports.compose.thread_facts import of_comparison, summarised
from reports.document import model as m
from reports.document.check import faults, inlines
from tests.reports import material
from tests.reports.compose.told import (
    ACCUSING,
    ISSUE,
    changed,
    checked,
    first_screen,
    headings,
    leaves,
    ours,
    say,
    told,
)

Json = dict[str, Any]


def compared(result: ComparisonResult) -> Json:
    """A ComparisonDocument as a program reads it."""
    made: Json = json.loads(canonical(comparison_document(result)))
    return made


@cache
def _full() -> str:
    comparison = compared(material.comparison())
    evidence = comparison["pairs"][2]["face"]
    return json.dumps(
        {
            "candidate": "cand_01",
            "sessions": [
                {
                    "label": "first.mp4",
                    "held_at": "2026-11-01T10:00:00Z",
                    "interview_id": "int_1",
                    "check": summarised(checked(material.rich), id="chk_1"),
                },
                {"label": "second.mp4", "check": summarised(checked(material.clean))},
                {"label": "third.wav"},
            ],
            "comparisons": [comparison],
            "not_compared": [
                {
                    "first": "third.wav",
                    "reason": {"code": "consent", "text": "No consent was in force that day."},
                }
            ],
            "consents": [
                {
                    "purpose": "biometric_comparison",
                    "jurisdiction": "US-IL",
                    "text_version": "2",
                    "written": True,
                    "given_at": "2026-10-01T00:00:00Z",
                }
            ],
            "divisions": [
                {
                    "modality": "face",
                    "said": "several",
                    "sessions": ["first.mp4", "second.mp4", "third.wav"],
                    "people": [1, 1, 2],
                    "persons": 2,
                    "missing": [],
                    "returned": [],
                },
                {
                    "modality": "voice",
                    "said": "unclear",
                    "sessions": ["first.mp4", "third.wav"],
                    "people": [1, 1],
                    "persons": 1,
                    "missing": ["second.mp4"],
                    "returned": [],
                },
            ],
            "changes": [
                {
                    "modality": "face",
                    "before": "second.mp4",
                    "after": "third.wav",
                    "evidence": evidence,
                }
            ],
            "pooled": [
                {"session": "third.wav", "against": ["first.mp4", "second.mp4"], "face": evidence}
            ],
        }
    )


def full() -> Json:
    """A thread with everything that a thread may hold."""
    made: Json = json.loads(_full())
    return made


def bare() -> Json:
    """A candidate of whom nothing was compared."""
    return {"candidate": "cand_02", "sessions": [], "comparisons": [], "consents": []}


@pytest.fixture(params=["full", "bare", "plain"])
def document(request: pytest.FixtureRequest) -> m.Document:
    if request.param == "plain":
        return compose_comparison(compared(material.comparison()), ISSUE)
    return compose({"full": full, "bare": bare}[request.param](), ISSUE)


def test_documents_are_free_of_faults_and_accuse_nobody(document: m.Document) -> None:
    assert faults(document) == []
    for inline in inlines(document):
        assert ACCUSING.search(ours(inline)) is None


def test_what_it_cannot_tell_is_said_in_every_report(document: m.Document) -> None:
    said = "\n".join(told(document))
    assert "Twins, parents and children" in said
    assert "A cloned voice or a swapped face" in said
    assert "decides nothing about a person" in said


def test_a_thread_says_first_which_sessions_need_a_look_and_how_sure() -> None:
    said = first_screen(compose(full(), ISSUE))
    assert "3 recordings were compared in 3 pairs." in said
    assert "1 comparison asks for a person to look and listen." in said
    assert "second.mp4 and third.wav, by face: Compared over 24 faces" in said
    assert "How sure: log10 LR −1.20, bounds −2.00 to +2.00: moderate support" in said
    assert "2 comparisons reached no conclusion. 1 was not made." in said
    assert "third.wav: the last second could not be read." in said


def test_without_a_review_the_least_support_is_named() -> None:
    result = material.comparison()
    calm = replace(result, pairs=result.pairs[:2])
    said = first_screen(compose_comparison(compared(calm), ISSUE))
    assert "No comparison asks for a person to look or listen." in said
    assert (
        "The least support for one person is between first.mp4 and second.mp4, by voice: "
        "log10 LR +1.50" in said
    )


def test_without_any_comparison_nothing_is_claimed() -> None:
    said = first_screen(compose(bare(), ISSUE))
    assert said.startswith("Nothing could be compared.")
    assert "No consent to comparisons is recorded." in told(compose(bare(), ISSUE))


def test_a_thread_has_what_a_plain_comparison_has_not() -> None:
    plain = compose_comparison(compared(material.comparison()), ISSUE)
    thread = compose(full(), ISSUE)
    more = set(headings(thread, 2)) - set(headings(plain, 2))
    assert more == {"division", "changes", "pooled", "consents"}
    assert say(plain.title) == "Comparison of recordings"
    assert say(thread.subtitle) == "Candidate cand_01, 3 sessions"
    tables = {b.id for b in thread.blocks if isinstance(b, m.Table)}
    assert {"sessions-findings", "consents-all", "missing"} <= tables


def test_every_pair_stands_in_the_table_or_among_those_not_compared() -> None:
    data = compose(full(), ISSUE).data
    assert len(data["pairs"]) + len(data["not_compared"]) == 2 * 3 + 1
    assert data["not_compared"][0]["code"] == "not_measured"
    assert data["not_compared"][1]["why"] == "No consent was in force that day."
    assert data["summary"]["by_face"] == 2
    assert data["summary"]["by_voice"] == 3


def test_every_value_of_a_pair_changes_what_is_said() -> None:
    given = full()
    base = told(compose(given, ISSUE))
    shown = {"log10_lr", "log10_lr_bounds", "score", "quality", "text"}
    ways = [w for w in leaves(given["comparisons"]) if shown & set(map(str, w)) and "face" in w]
    assert len(ways) > 8
    for way in [*ways, (0, "pairs", 0, "second")]:
        document = compose({**given, "comparisons": changed(given["comparisons"], way)}, ISSUE)
        assert told(document) != base, way
        assert faults(document) == []


@pytest.mark.parametrize(
    "way",
    [
        ("sessions", 0, "label"),
        ("sessions", 0, "check", "duration_s"),
        ("sessions", 0, "check", "faces"),
        ("consents", 0, "jurisdiction"),
        ("consents", 0, "written"),
        ("not_compared", 0, "reason", "text"),
        ("changes", 0, "after"),
        ("pooled", 0, "against", 1),
        ("candidate",),
    ],
)
def test_every_value_of_the_thread_changes_what_is_said(way: tuple[str | int, ...]) -> None:
    document = compose(changed(full(), way), ISSUE)
    assert told(document) != told(compose(full(), ISSUE))
    assert faults(document) == []


def test_hundreds_of_pairs_are_cut_and_counted() -> None:
    comparison = compared(material.comparison())
    pair = comparison["pairs"][0]
    comparison["pairs"] = [
        {**deepcopy(pair), "first": f"a{n}", "second": f"b{n}"} for n in range(100)
    ]
    document = compose_comparison(comparison, ISSUE)
    table = next(b for b in document.blocks if isinstance(b, m.Table) and b.id == "pairs")
    assert say(table.note) == "The first 150 of 200 are listed; the result file has all."
    assert faults(document) == []


def test_a_thread_names_its_sources_and_refuses_what_is_none() -> None:
    assert [s.name for s in sources(full())] == ["check", "check", "comparison"]
    assert next(s.id for s in sources(full())) == "chk_1"
    with pytest.raises(ValidationError):
        compose({"sessions": [], "comparisons": [], "verdict": "x"}, ISSUE)


def test_recordings_that_could_not_be_compared_at_all() -> None:
    pair = PairEvidence("a.mp4", "b.mp4", None, None)
    document = compose(
        of_comparison(compared(ComparisonResult(("a.mp4", "b.mp4"), (pair,)))), ISSUE
    )
    assert first_screen(document).startswith("Nothing could be compared.")
    assert len(document.data["not_compared"]) == 2


def test_hostile_labels_stay_texts() -> None:
    result = material.comparison()
    hostile = "<script>alert(1)<b>"
    pair = replace(result.pairs[0], first=hostile)
    given = compared(replace(result, labels=(hostile, "second.mp4"), pairs=(pair,)))
    document = compose_comparison(given, ISSUE)
    assert faults(document) == []
    assert hostile in document.data["pairs"][0]["first"]
