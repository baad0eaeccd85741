from __future__ import annotations

import json
import re
from dataclasses import replace

from jsonschema import Draft202012Validator

from audit.result import ComparisonResult, PairEvidence
from reports.canonical import canonical, sha256_of
from reports.comparison import comparison_document, read_comparison, render_comparison
from reports.documents import ComparisonDocument
from reports.schema import schema
from tests.reports import material
from tests.reports.reading import Page


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


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    page = Page(render_comparison(material.comparison()))
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.values("href")} <= set(page.ids)
    assert page.values("src") == []


def test_the_matrix_gives_ratio_band_and_status() -> None:
    said = " ".join(Page(render_comparison(material.comparison())).said())
    assert re.search(r"Face No indication \+1\.90 \(bounds −2\.00 to \+2\.00\)", said)
    assert "moderate support for “different persons”" in said
    assert "Only 3 s of speech in one of the two." in said
    assert "not compared" in said
    assert "third.wav: the last second could not be read." in said


def test_labels_are_shown_without_folders_and_stay_apart() -> None:
    pair = PairEvidence("/x/a.mp4", "/y/a.mp4", None, None)
    result = ComparisonResult(("/x/a.mp4", "/y/a.mp4"), (pair,))
    document = comparison_document(result)
    assert document["recordings"] == ["a.mp4", "a.mp4 (2)"]
    assert "not compared" in render_comparison(result)


def test_hostile_labels_are_inert() -> None:
    result = material.comparison()
    hostile = "<script>alert(1)<b>"
    pair = replace(result.pairs[0], first=hostile)
    html = render_comparison(replace(result, labels=(hostile, "second.mp4"), pairs=(pair,)))
    assert "<script" not in html
