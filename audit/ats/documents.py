"""Outcomes in our own JSON: {"events": [{...}, ...]}, at most 1 MiB and 1,000 events.

Signed with Standard Webhooks (`audit.webhooks.verify`) where it comes as a webhook.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from audit.ats.model import OutcomeEvent, WordMap
from audit.ats.payload import parse_object
from audit.ats.rows import FIELDS, NEEDED, RowReader
from audit.canonical import Json
from audit.errors import OutcomeInvalid

MOST_EVENTS = 1000
MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Document:
    """What was read. `faults`: (place, text) of items that were left out, with `partial` only.

    `dropped`: how many fields that are not ours were dropped unread. `not_outcomes`: items whose
    word is mapped to nothing.
    """

    outcomes: tuple[OutcomeEvent, ...]
    faults: tuple[tuple[str, str], ...] = ()
    not_outcomes: int = 0
    dropped: int = 0


def read_document(
    body: bytes, words: WordMap, *, partial: bool = False, zone: ZoneInfo | None = None
) -> Document:
    """The outcomes of one document, all or, with `partial`, those without faults.

    Raises:
        OutcomeInvalid: with all faults, at most 100 of them; nothing was taken.
    """
    items = parse_object(body).get("events")
    if not isinstance(items, list) or not 0 < len(items) <= MOST_EVENTS:
        raise OutcomeInvalid(f"'events' is not a list of 1 to {MOST_EVENTS} outcomes")
    reader = RowReader(words, zone)
    outcomes: list[OutcomeEvent] = []
    faults: list[tuple[str, str]] = []
    dropped = not_outcomes = 0
    seen: set[str] = set()
    for number, item in enumerate(items):
        if not isinstance(item, Mapping):
            faults.append((f"events.{number}", "is not an object"))
            continue
        dropped += len(set(item) - set(FIELDS))
        event, wrong = reader.read(item)
        if event is not None and event.external_event in seen:
            event, wrong = None, (("event_id", "occurs twice in the document"),)
        faults += [(f"events.{number}.{field}", text) for field, text in wrong]
        if event is not None:
            seen.add(event.external_event)
            outcomes.append(event)
        elif not wrong:
            not_outcomes += 1
    if faults and not partial:
        raise OutcomeInvalid(
            f"{len(faults)} faults in {len(items)} outcomes; nothing was taken. The first: "
            f"{faults[0][0]} {faults[0][1]}",
            tuple(faults[:MOST_FAULTS]),
        )
    return Document(tuple(outcomes), tuple(faults[:MOST_FAULTS]), not_outcomes, dropped)


def json_schema() -> dict[str, Json]:
    """JSON Schema (2020-12) of a document: docs/outcomes.schema.json."""
    reference: Json = {
        "type": ["string", "integer"],
        "pattern": "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$",
    }
    name: Json = {"type": "string", "minLength": 1, "maxLength": 80}
    fields: dict[str, Json] = {
        "event_id": reference,
        "candidate": reference,
        "application": reference,
        "job": reference,
        "stage": name,
        "stage_order": {"type": "integer", "minimum": 0, "maximum": 9999},
        "outcome": name,
        "occurred_at": {"type": "string", "format": "date-time"},
        "decided_by": reference,
        "reason_code": reference,
        "scores": {"type": "object", "additionalProperties": {"type": "number"}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Outcomes for Fairwitness",
        "type": "object",
        "required": ["events"],
        "properties": {
            "events": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_EVENTS,
                "items": {"type": "object", "required": list(NEEDED), "properties": fields},
            }
        },
    }
