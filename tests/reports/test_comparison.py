from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from audit.result import ComparisonResult, PairEvidence
from reports.canonical import canonical, sha256_of
from reports.comparison import comparison_document, read_comparison
from reports.documents import ComparisonDocument
from reports.schema import schema
from tests.reports import material


def test_the_document_follows_the_published_schema() -> None:
    document = json.loads(canonical(comparison_document(material.comparison())))
    Draft202012Validator(schema(ComparisonDocument)).validate(document)
    run = document.pop("run")
    assert run["content_sha256"] == sha256_of(document)
    assert document["recordings"] == ["first.mp4", "second.mp4", "third.wav"]
    assert document["pairs"][1]["face"] is None
    assert document["pairs"][2]["face"]["log10_lr"] == -1.2


def test_a_document_reads_back_as_it_was_written() -> None:
    document = comparison_document(material.comparison())
    assert read_comparison(document).model_dump(mode="json") == document


def test_labels_are_shown_without_folders_and_stay_apart() -> None:
    pair = PairEvidence("/x/a.mp4", "/y/a.mp4", None, None)
    result = ComparisonResult(("/x/a.mp4", "/y/a.mp4"), (pair,))
    document = comparison_document(result)
    assert document["recordings"] == ["a.mp4", "a.mp4 (2)"]
    assert document["pairs"] == [
        {"first": "a.mp4", "second": "a.mp4 (2)", "face": None, "voice": None}
    ]
