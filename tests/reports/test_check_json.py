from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from audit.result import CheckResult
from audit.types import Question, Status
from reports.canonical import canonical, sha256_of
from reports.check_json import check_document, read_document
from reports.documents import CheckDocument
from reports.schema import schema
from tests.reports import material

RESULTS = [
    material.rich,
    material.clean,
    material.audio_only,
    material.partial,
    material.long,
]
VALIDATOR = Draft202012Validator(schema(CheckDocument))


def leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        for child in node.values():
            yield from leaves(child)
    elif isinstance(node, list):
        for child in node:
            yield from leaves(child)
    else:
        yield node


def plain(document: dict[str, object]) -> Any:
    return json.loads(canonical(document))


@pytest.mark.parametrize("made", RESULTS)
def test_documents_follow_the_published_schema(made: Callable[[], CheckResult]) -> None:
    document = plain(check_document(made()))
    assert list(VALIDATOR.iter_errors(document)) == []
    for name in document:
        broken = {k: v for k, v in document.items() if k != name}
        assert not VALIDATOR.is_valid(broken), f"the schema does not ask for {name}"


@pytest.mark.parametrize("made", RESULTS)
def test_bytes_repeat_but_for_the_run(made: Callable[[], CheckResult]) -> None:
    first = check_document(made())
    again = check_document(replace(made(), started_at="2027-01-01T00:00:00+00:00", stage_cpu_s={}))
    assert first != again
    assert first["run"]["content_sha256"] == again["run"]["content_sha256"]  # type: ignore[index]
    del first["run"], again["run"]
    assert canonical(first) == canonical(again)


def test_anyone_can_recompute_the_content_hash() -> None:
    document = plain(check_document(material.rich()))
    stated = document.pop("run")["content_sha256"]
    assert sha256_of(document) == stated


def test_a_document_reads_back_as_it_was_written() -> None:
    document = check_document(material.rich())
    assert read_document(plain(document)).model_dump(mode="json") == document


def test_the_agreed_members_are_there() -> None:
    document = plain(check_document(material.rich()))
    assert {q.value for q in Question} == set(document["findings"])
    assert document["findings"]["presence"]["verdict"] == "review"
    loop = next(s for s in document["signals"] if s["name"] == "frame_loop")
    assert (loop["status"], loop["score"], loop["log10_lr"]) == ("review", 0.991, None)
    assert loop["calibration"] == "uncalibrated"
    assert loop["evidence"][0]["start_s"] == 100.8
    assert loop["evidence"][0]["peer"] == {"start_s": 50.4, "end_s": 53.4}
    face = next(s for s in document["signals"] if s["name"] == "face_consistency")
    assert face["log10_lr_bounds"] == [-2, 2]
    assert face["calibration"]["hypotheses"] == [
        "the same person throughout",
        "more than one person",
    ]
    assert face["model"]["weights"][0]["licence"] == "CC0-1.0"
    assert document["tracks"][0]["main"] is True
    assert len(document["tracks"][0]["spans"]) == 2
    assert document["run"]["settings"]["sampling.burst_s"] == 5


def test_no_path_name_or_unseen_character_gets_out() -> None:
    text = canonical(check_document(material.partial())).decode()
    for secret in ("/home", "jane-doe", "Jane Doe", "\u202e", "\\u001b"):
        assert secret not in text
    assert "recording ends early" in text


def test_settings_without_a_plain_value_are_left_out() -> None:
    settings = {"weights_dir": Path("/srv/w"), "where": "/srv/w/x", "threads": 1, "none": None}
    document = plain(check_document(replace(material.clean(), settings=settings)))
    assert document["run"]["settings"] == {
        "where": "(path not shown)",
        "threads": 1,
        "none": None,
    }


def test_figures_that_json_cannot_hold_become_null() -> None:
    result = material.clean()
    odd = replace(
        result.signals[0],
        score=math.nan,
        quality=1.0000001,
        measurements={"a": np.float32(0.25), "b": np.int64(3), "c": math.inf, "d": np.bool_(True)},
    )
    document = check_document(replace(result, signals=(odd, *result.signals[1:])))
    entry = plain(document)["signals"][0]
    assert entry["score"] is None
    assert entry["quality"] == 1
    assert entry["measurements"] == {"a": 0.25, "b": 3, "c": None, "d": True}
    assert all(math.isfinite(x) for x in leaves(document) if isinstance(x, float))


def test_a_list_among_the_measurements_is_refused() -> None:
    result = material.clean()
    odd = replace(result.signals[0], measurements={"embedding": [0.1, 0.2]})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="not list"):
        check_document(replace(result, signals=(odd,)))


def test_a_signal_may_answer_its_questions_apart() -> None:
    result = material.rich()
    loop = replace(
        result.signal("frame_loop"),
        status_by_question={Question.PRESENCE: Status.NO_INDICATION},
    )
    signals = [loop if s.name == "frame_loop" else s for s in result.signals]
    document = plain(check_document(material.result_of(result.interview, signals)))
    entry = next(s for s in document["signals"] if s["name"] == "frame_loop")
    assert entry["status_by_question"] == {"authenticity": "review", "presence": "no_indication"}


def test_references_are_named_by_label_and_hash() -> None:
    result = material.clean()
    earlier = replace(material.interview_of(20.0, seed=2), label="reference 1")
    interview = replace(result.interview, references=(earlier,))
    document = plain(check_document(replace(result, interview=interview)))
    assert document["references"] == [
        {"label": "reference 1", "sha256": "3f" * 32, "duration_s": 20, "problems": []}
    ]
