"""What persons recorded for the fields of rule packs, for each system, in versions.

Which fields there are, and what fits them, is told by whoever knows the packs. Here: who recorded
what when, and that no version is ever changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from audit.canonical import Json, canonical_hash
from audit.errors import AlreadyExists, InputError, VersionConflict
from audit.ids import new_id
from audit.ledger import EventKind
from audit.records.issued import Answers, RecordedAnswer
from audit.records.register import System
from audit.store import Page, ReadUnit, UnitOfWork

MOST = 1000
_LISTED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersView:
    """What is recorded for a system. `version` 0: nothing was recorded yet."""

    system_id: Annotated[str, Field(description="The system.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=0)]
    answers: Annotated[
        dict[str, RecordedAnswer],
        Field(
            description="By field of a rule pack.",
            examples=[
                {
                    "ll144.auditor_independent": {
                        "value": True,
                        "by": "person-12",
                        "function": "Head of compliance",
                        "on": "2026-03-02",
                    }
                }
            ],
        ),
    ]


def newest(unit: ReadUnit, system_id: str) -> AnswersView:
    """The newest version. Raises `NotFound` for an unknown system."""
    unit.get(System, system_id)
    items = unit.page(Answers, Page(limit=1), {"system_id": system_id}).items
    return _view(system_id, items[0] if items else None)


def version_of(unit: ReadUnit, system_id: str, number: int) -> AnswersView | None:
    """One version; None where there is none. Raises `NotFound` for an unknown system."""
    unit.get(System, system_id)
    found = unit.find(Answers, system_id=system_id, number=number)
    return None if found is None else _view(system_id, found)


def record_answers(
    unit: UnitOfWork, system_id: str, given: Mapping[str, RecordedAnswer]
) -> AnswersView:
    """A new version: exactly what is given. The same as the newest one changes nothing.

    Raises:
        NotFound: there is no such system.
        InputError: there are too many, or one is dated in the future.
        VersionConflict: somebody recorded at the same moment.
    """
    before = newest(unit, system_id)
    if dict(given) == before.answers:
        return before
    if len(given) > MOST:
        raise InputError(f"There are more than {MOST} answers.")
    tomorrow = unit.now().date() + timedelta(days=1)  # it is later in other places
    for name, each in given.items():
        if each.on > tomorrow:
            raise InputError(f"{name}: `on` lies in the future.")
    changed = sorted(
        name for name in {**before.answers, **given} if before.answers.get(name) != given.get(name)
    )
    try:
        made = unit.add(
            Answers(
                id=new_id("ans"),
                system_id=system_id,
                number=before.version + 1,
                answers=dict(given),
                recorded_by=unit.actor,
            )
        )
    except AlreadyExists:
        raise VersionConflict("The answers were changed meanwhile; read them again.") from None
    body: dict[str, Json] = {
        "version": made.number,
        "changed": len(changed),
        "fields": list(changed[:_LISTED]),
        "sha256": canonical_hash(_plain(given)),
    }
    unit.record(EventKind.ANSWERS_RECORDED, system_id, body)
    return _view(system_id, made)


def _plain(given: Mapping[str, RecordedAnswer]) -> dict[str, Json]:
    return {
        name: {
            "value": each.value,
            "by": each.by,
            "function": each.function,
            "on": each.on.isoformat(),
        }
        for name, each in given.items()
    }


def _view(system_id: str, stored: Answers | None) -> AnswersView:
    if stored is None:
        return AnswersView(system_id=system_id, version=0, answers={})
    return AnswersView(system_id=system_id, version=stored.number, answers=stored.answers)
