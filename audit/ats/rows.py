"""One row of our own formats, JSON or CSV: read with all its faults, none of which repeats a value.

Fields: `candidate`, `job`, `stage`, `outcome` and `occurred_at` are needed; `event_id`,
`application`, `stage_order`, `decided_by`, `reason_code` and `scores` are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from audit.ats.model import OutcomeEvent, Stage, WordMap, derived_id, label, reference, shown_word
from audit.ats.payload import parse_time, within_reason
from audit.canonical import Json
from audit.errors import OutcomeInvalid
from audit.records.register import OutcomeClass

NEEDED = ("candidate", "job", "stage", "outcome", "occurred_at")
OPTIONAL = ("event_id", "application", "stage_order", "decided_by", "reason_code", "scores")
FIELDS = NEEDED + OPTIONAL
_MOST_SCORES = 200

Fault = tuple[str, str]
"""(field, what is wrong with it)"""


class RowReader:
    """Reads rows of one source. `zone`: for times that have none; without it they are refused."""

    def __init__(self, words: WordMap, zone: ZoneInfo | None = None) -> None:
        self._words = words
        self._zone = zone
        self._faults: list[Fault] = []

    def read(self, row: Mapping[str, Json]) -> tuple[OutcomeEvent | None, tuple[Fault, ...]]:
        """The row's event or its faults. (None, ()) for a word that is mapped to nothing."""
        self._faults = []
        candidate = self._reference(row, "candidate", needed=True)
        application = self._reference(row, "application")
        job = self._reference(row, "job", needed=True)
        stage = self._label(row, "stage")
        word, outcome = self._outcome(row)
        occurred_at = self._time(row)
        stage_order = self._order(row)
        given = self._reference(row, "event_id")
        scores = self._scores(row)
        decided_by = self._reference(row, "decided_by")
        reason_code = self._reference(row, "reason_code")
        if self._faults or outcome is None or occurred_at is None:
            return None, tuple(self._faults)
        known: Stage = self._words.stage(stage)
        event = OutcomeEvent(
            source=self._words.source,
            external_event=given
            or derived_id(candidate, application, job, stage, word, occurred_at.isoformat()),
            candidate=candidate or "",
            application=application,
            job=job or "",
            stage=known.name or stage,
            stage_order=known.order if stage_order is None else stage_order,
            word=word,
            outcome=outcome,
            occurred_at=occurred_at,
            decided_by=decided_by,
            reason_code=reason_code,
            scores=scores,
        )
        return event, ()

    def _fault(self, field: str, text: str) -> None:
        self._faults.append((field, text))

    def _reference(
        self, row: Mapping[str, Json], field: str, *, needed: bool = False
    ) -> str | None:
        value = row.get(field)
        if value is None or value == "":
            if needed:
                self._fault(field, "is missing")
            return None
        text = reference(value)
        if text is None:
            self._fault(
                field,
                "is not an opaque reference: 1 to 128 letters, digits and '_.:-'; names, e-mail "
                "addresses and telephone numbers are not taken",
            )
        return text

    def _label(self, row: Mapping[str, Json], field: str) -> str:
        value = row.get(field)
        if value is None or value == "":
            self._fault(field, "is missing")
            return ""
        text = label(value)
        if text is None:
            self._fault(field, "is not a name of at most 80 characters, or names a person")
        return text or ""

    def _outcome(self, row: Mapping[str, Json]) -> tuple[str, OutcomeClass | None]:
        value = row.get("outcome")
        if not isinstance(value, str) or not value.strip():
            self._fault("outcome", "is missing")
            return "", None
        try:
            return self._words.look_up(value)
        except OutcomeInvalid:
            self._fault(
                "outcome",
                f"{shown_word(value)} is not mapped: use advanced, rejected, hired, withdrawn or "
                "on_hold, or map the word (docs/ats.md)",
            )
            return "", None

    def _time(self, row: Mapping[str, Json]) -> datetime | None:
        value = row.get("occurred_at")
        if not isinstance(value, str) or not value.strip():
            self._fault("occurred_at", "is missing")
            return None
        moment = parse_time(value) or self._local(value)
        if moment is None:
            self._fault(
                "occurred_at",
                "is not a time with a zone, such as 2026-03-01T09:00:00Z, between 2000 and 2200",
            )
        return moment

    def _local(self, text: str) -> datetime | None:
        if self._zone is None:
            return None
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
        return within_reason(moment.replace(tzinfo=self._zone)) if moment.tzinfo is None else None

    def _order(self, row: Mapping[str, Json]) -> int | None:
        value = row.get("stage_order")
        if value is None or value == "":
            return None
        text = str(value).strip()
        if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 4:
            self._fault("stage_order", "is not a whole number from 0 to 9999")
            return None
        return int(text)

    def _scores(self, row: Mapping[str, Json]) -> Mapping[str, float]:
        value = row.get("scores")
        if value is None:
            return {}
        if not isinstance(value, Mapping) or len(value) > _MOST_SCORES:
            self._fault("scores", f"are not at most {_MOST_SCORES} names with numbers")
            return {}
        found: dict[str, float] = {}
        for name, number in value.items():
            amount = _number(number)
            if label(name) is None:
                self._fault("scores", "have a name that is no plain one")
            elif amount is not None:
                found[name] = amount
            elif number not in (None, ""):
                self._fault("scores", f"'{name}' is not a finite number")
        return found


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
