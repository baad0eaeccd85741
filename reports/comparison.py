"""A comparison's result as a document of JSON values: evidence between recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.result import ComparisonResult, PairEvidence
from reports import documents as d
from reports.canonical import sha256_of
from reports.signal_json import signal_entry
from reports.texts import Cleaner, label


def comparison_document(result: ComparisonResult) -> dict[str, object]:
    """The document of one comparison, as docs/comparison.schema.json describes it."""
    clean = Cleaner({})
    names = _names(result.labels)
    parts: dict[str, Any] = {
        "schema_version": d.SCHEMA_VERSION,
        "kind": "comparison",
        "software": d.Software(name="fairwitness", version=result.software_version).model_dump(),
        "recordings": list(names.values()),
        "pairs": [_pair(pair, names, clean).model_dump(mode="json") for pair in result.pairs],
        "notes": [{"code": note.code, "text": clean(note.text)} for note in result.notes],
    }
    run = d.ComparisonRun(started_at=result.started_at, content_sha256=sha256_of(parts))
    return {**parts, "run": run.model_dump()}


def read_comparison(document: Mapping[str, object]) -> d.ComparisonDocument:
    """The typed form of a document.

    Raises:
        pydantic.ValidationError: it is not a comparison report of this schema version.
    """
    return d.ComparisonDocument.model_validate(document)


def pairs_by_label(document: d.ComparisonDocument) -> dict[tuple[str, str], d.PairEntry]:
    """Each pair under both orders of its labels."""
    either = {}
    for pair in document.pairs:
        either[pair.first, pair.second] = pair
        either[pair.second, pair.first] = pair
    return either


def _names(labels: Sequence[str]) -> dict[str, str]:
    """Each label as it is shown: without folders, numbered where that makes two the same."""
    shown: dict[str, str] = {}
    for number, given in enumerate(labels, start=1):
        name = label(given)
        shown[given] = f"{name} ({number})" if name in shown.values() else name
    return shown


def _pair(pair: PairEvidence, names: Mapping[str, str], clean: Cleaner) -> d.PairEntry:
    return d.PairEntry(
        first=names[pair.first],
        second=names[pair.second],
        face=None if pair.face is None else signal_entry(pair.face, clean),
        voice=None if pair.voice is None else signal_entry(pair.voice, clean),
    )
