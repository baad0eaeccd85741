"""The table of a fairness audit over stored outcomes: one row for a candidate, job and stage, with
what the candidate reported of themselves.

It holds demographics: it is written to a private file, and no longer kept than the audit runs.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from audit.operations.demographics import SelfReported
from audit.records.base import Record
from audit.records.evidence import FairnessAudit
from audit.records.register import Candidate, Interview, Outcome, Stopped, System
from audit.store import Page, ReadUnit

R = TypeVar("R", bound=Record)
Key = tuple[str, str, str]

COLUMNS = (
    "candidate",
    "job",
    "stage",
    "location",
    "first_on",
    "decided_on",
    "outcome",
    "mode",
    "coached",
    "overridden",
    "opted_out",
    "interviewer",
)
"""Columns that are always there; `score:<name>` and what was reported follow."""
REPORTED = ("sex", "race_ethnicity", "age_40_plus", "disability", "veteran")
_AT_ONCE = 500
_YES_NO = {True: "yes", False: "no", None: ""}


@dataclass(frozen=True, slots=True)
class OutcomeRows:
    """The latest outcome of each candidate, job and stage, and what belongs to it.

    Attributes:
        outcomes: in the order in which their candidates, jobs and stages were first seen.
        first: of each candidate and job, the time of the first outcome.
    """

    outcomes: tuple[Outcome, ...]
    first: Mapping[tuple[str, str], datetime]
    interviews: Mapping[str, Interview]
    systems: Mapping[str, System]
    opted_out: frozenset[str]

    @property
    def candidates(self) -> tuple[str, ...]:
        """All candidates, each once."""
        return tuple(dict.fromkeys(each.candidate_id for each in self.outcomes))

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of all scores."""
        return tuple(sorted({name for each in self.outcomes for name in each.scores}))

    @property
    def stages(self) -> tuple[str, ...]:
        """Stages, first to last: by their mean place among those that a candidate went through."""
        places: dict[str, list[int]] = {}
        for group in _by_application(self.outcomes).values():
            for place, each in enumerate(sorted(group, key=lambda o: (o.occurred_at, o.stage))):
                places.setdefault(each.stage, []).append(place)
        return tuple(sorted(places, key=lambda s: (sum(places[s]) / len(places[s]), s)))


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """What a written table holds: columns with any value in them, and how many rows."""

    columns: frozenset[str]
    rows: int
    reported: tuple[str, ...] = field(default=())


def outcome_rows(unit: ReadUnit, audit: FairnessAudit) -> OutcomeRows:
    """The stored outcomes that an audit is about. Two at the same time: the later stored counts."""
    latest: dict[Key, Outcome] = {}
    first: dict[tuple[str, str], datetime] = {}
    for each in _outcomes(unit, audit):
        key = (each.candidate_id, each.job, each.stage)
        held = latest.get(key)
        if held is None or (each.occurred_at, each.id) > (held.occurred_at, held.id):
            latest[key] = each
        began = first.get(key[:2], each.occurred_at)
        first[key[:2]] = min(began, each.occurred_at)
    kept = tuple(latest.values())
    interviews = _named(unit, Interview, [o.interview_id for o in kept])
    systems = [o.system_id for o in kept] + [i.system_id for i in interviews.values()]
    candidates = _named(unit, Candidate, [o.candidate_id for o in kept])
    gone = (Stopped.OPTED_OUT,)
    return OutcomeRows(
        outcomes=kept,
        first=first,
        interviews=interviews,
        systems=_named(unit, System, systems),
        opted_out=frozenset(c.id for c in candidates.values() if c.stopped in gone),
    )


def write_table(
    path: Path, rows: OutcomeRows, reported: Mapping[str, SelfReported]
) -> WrittenTable:
    """Writes the table as CSV into a private file that is there already."""
    others = sorted({name for each in reported.values() for name in each.other})
    features = (*REPORTED, *(f"other:{name}" for name in others))
    names = (*COLUMNS, *(f"score:{name}" for name in rows.scores), *features)
    filled: set[str] = set()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        for outcome in rows.outcomes:
            row = {**_row(rows, outcome), **_reported(reported.get(outcome.candidate_id))}
            filled.update(name for name, value in row.items() if value != "")
            writer.writerow(row)
    told = tuple(name for name in features if name in filled)
    return WrittenTable(frozenset(filled), len(rows.outcomes), told)


def _outcomes(unit: ReadUnit, audit: FairnessAudit) -> Iterator[Outcome]:
    where = {} if audit.system_id is None else {"system_id": audit.system_id}
    page: Page | None = Page(limit=_AT_ONCE)
    while page is not None:
        listing = unit.page(Outcome, page, where)
        for each in listing.items:
            early = audit.since is not None and each.occurred_at < audit.since
            late = audit.until is not None and each.occurred_at >= audit.until
            if not early and not late:
                yield each
        more = listing.more
        page = Page(limit=_AT_ONCE, before=listing.items[-1].id) if more else None


def _named(unit: ReadUnit, kind: type[R], ids: Sequence[str | None]) -> dict[str, R]:
    wanted = sorted({id for id in ids if id is not None})
    some = (wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE))
    return {value.id: value for each in some for value in unit.every(kind, id=each)}


def _row(rows: OutcomeRows, outcome: Outcome) -> dict[str, Any]:
    interview = rows.interviews.get(outcome.interview_id or "")
    system = rows.systems.get((interview.system_id if interview else outcome.system_id) or "")
    mode = (interview.mode if interview else None) or (system.mode if system else None)
    return {
        "candidate": outcome.candidate_id,
        "job": outcome.job,
        "stage": outcome.stage,
        "location": outcome.location,
        "first_on": rows.first[outcome.candidate_id, outcome.job].date().isoformat(),
        "decided_on": outcome.occurred_at.date().isoformat(),
        "outcome": outcome.outcome.value,
        "mode": mode.value if mode else "",
        "coached": _YES_NO[interview.coached if interview else None],
        "overridden": _YES_NO[outcome.overridden],
        "opted_out": "yes" if outcome.candidate_id in rows.opted_out else "no",
        "interviewer": outcome.decided_by or (interview.interviewer if interview else "") or "",
        **{f"score:{name}": repr(float(value)) for name, value in outcome.scores.items()},
    }


def _reported(given: SelfReported | None) -> dict[str, str]:
    if given is None:
        return {}
    told = {name: getattr(given, name) for name in REPORTED}
    told |= {f"other:{name}": word for name, word in given.other.items()}
    return {
        name: _YES_NO[value] if isinstance(value, bool) else value or ""
        for name, value in told.items()
    }


def _by_application(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], list[Outcome]]:
    found: dict[tuple[str, str], list[Outcome]] = {}
    for each in outcomes:
        found.setdefault((each.candidate_id, each.job), []).append(each)
    return found
