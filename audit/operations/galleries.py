"""What galleries hold now: rows with their owners, and the vectors of rows.

A gallery of an organisation holds the templates of one space, of references whose consent holds, of
candidates whose processing was not stopped. A shared gallery holds what members put into it
(`audit.operations.shared`). Nothing is read twice: who keeps vectors in memory asks which rows
there are, wipes those that are gone, and opens those that are new.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, or_, select

from audit.errors import CiphertextInvalid
from audit.interview import Floats
from audit.operations.templates import opened
from audit.records.biometrics import Template
from audit.records.evidence import Reference
from audit.records.register import Candidate, Consent, Stopped
from audit.records.searches import SharedTemplate
from audit.store import ReadUnit
from audit.store.mapping import mapping

MOST_ROWS = 16
"""Templates of one candidate in a gallery: the newest."""

_TEMPLATE = mapping(Template).table
_SHARED = mapping(SharedTemplate).table


def rows_of(unit: ReadUnit, space: str, at: datetime) -> dict[str, str]:
    """Templates that are in the organisation's gallery now, with their candidates.

    `space`: as it is stored, with the transform.
    """
    chosen = select(_TEMPLATE.c.id, _TEMPLATE.c.candidate_id).where(_TEMPLATE.c.space == space)
    return _newest(unit, _holding(chosen, unit.tenant, at))


def shared_rows_of(unit: ReadUnit, space: str, at: datetime) -> dict[str, str]:
    """What this organisation has in a shared gallery now, with the opaque identifiers of whom."""
    chosen = (
        select(_SHARED.c.id, _SHARED.c.subject_id)
        .join(_TEMPLATE, _same(_SHARED.c.template_id, _TEMPLATE.c.id, unit.tenant))
        .where(_SHARED.c.tenant_id == unit.tenant, _SHARED.c.space == space)
    )
    return _newest(unit, _holding(chosen, unit.tenant, at))


def vectors_of(unit: ReadUnit, rows: Sequence[str]) -> Floats:
    """The vectors (n, d) of rows of the organisation's gallery, in their order."""
    found = {each.id: each for each in unit.every(Template, id=tuple(rows))}
    return stacked([opened(unit, found[row]).vector for row in rows if row in found], rows)


def stacked(vectors: list[Floats], rows: Sequence[str]) -> Floats:
    """Vectors of rows as (n, d). Raises `CiphertextInvalid` where some went meanwhile."""
    if len(vectors) != len(rows):
        raise CiphertextInvalid("a template went while its gallery was read; search again")
    return np.stack(vectors)


def _holding(chosen: Select[str, str], tenant: str, at: datetime) -> Select[str, str]:
    """Only what rests on a reference and a consent that hold, the newest first."""
    reference, consent = mapping(Reference).table, mapping(Consent).table
    candidate = mapping(Candidate).table
    return (
        chosen.join(reference, _same(_TEMPLATE.c.reference_id, reference.c.id, tenant))
        .join(consent, _same(reference.c.consent_id, consent.c.id, tenant))
        .join(candidate, _same(_TEMPLATE.c.candidate_id, candidate.c.id, tenant))
        .where(
            _TEMPLATE.c.tenant_id == tenant,
            candidate.c.stopped == Stopped.NOT_STOPPED.value,
            consent.c.given_at <= at,
            _after(reference.c.expires_at, at),
            _after(consent.c.withdrawn_at, at),
            _after(consent.c.expires_at, at),
        )
        .order_by(_TEMPLATE.c.recorded_at.desc(), _TEMPLATE.c.id.desc())
    )


def _same(one: ColumnElement[str], other: ColumnElement[str], tenant: str) -> ColumnElement[bool]:
    return and_(one == other, other.table.c.tenant_id == tenant)


def _after(column: ColumnElement[datetime], at: datetime) -> ColumnElement[bool]:
    return or_(column.is_(None), column > at)


def _newest(unit: ReadUnit, statement: Select[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    counted: dict[str, int] = {}
    for row, owner in unit.connection.execute(statement):
        counted[owner] = counted.get(owner, 0) + 1
        if counted[owner] <= MOST_ROWS:
            found[row] = owner
    return found
