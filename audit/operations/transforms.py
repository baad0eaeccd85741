"""Transforms of templates: one is in use by each tenant; it can be revoked and a new one issued.

The secret is sealed under a data key of its own. Revoking destroys that key: what was stored under
the transform can never be compared again, and is removed. References are enrolled anew under the
new transform when they are next needed, from recordings that are kept.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from audit.ids import new_id
from audit.keyring import Context
from audit.ledger import EventKind
from audit.records.biometrics import Template
from audit.records.searches import Transform, TransformState
from audit.store import ReadUnit, UnitOfWork

SECRET_BYTES = 32
PURPOSE = "template_transform"


def active(unit: ReadUnit) -> Transform | None:
    """The transform in use, if any was issued."""
    found = unit.every(Transform, state=TransformState.ACTIVE)
    return found[-1] if found else None


def secret_of(unit: ReadUnit, transform: Transform) -> bytes:
    """The secret. Raises `DataKeyDestroyed` for a revoked transform."""
    return unit.ring.open(_context(unit.tenant, transform.id), transform.sealed)


def space_under(space: str, transform: Transform) -> str:
    """The space of vectors that were turned: templates of two transforms never mix."""
    return f"{space}/{transform.id}"


def renew(unit: UnitOfWork, reason: str) -> Transform:
    """Revokes the transform in use and issues another; its templates are removed.

    Every reference has to be enrolled anew, which needs its recording.
    """
    old = active(unit)
    if old is not None:
        unit.put(replace(old, state=TransformState.REVOKED, reason=reason, revoked_at=unit.now()))
        gone = 0
        for template in unit.every(Template):
            if template.space.endswith(f"/{old.id}"):
                unit.remove(template)
                gone += 1
        unit.ring.shred(unit.tenant, old.id)
        unit.record(EventKind.TRANSFORM_REVOKED, old.id, {"templates": gone})
    return issue(unit)


def issue(unit: UnitOfWork) -> Transform:
    """The next transform, in use from the commit on.

    Raises `AlreadyExists` where another process was first: try the transaction again.
    """
    number = unit.count(Transform) + 1
    id = new_id("tfm")
    sealed = unit.ring.seal(_context(unit.tenant, id), secrets.token_bytes(SECRET_BYTES))
    issued = unit.add(Transform(id=id, number=number, sealed=sealed))
    unit.record(EventKind.TRANSFORM_ISSUED, id, {"number": number})
    return issued


def _context(tenant: str, id: str) -> Context:
    return Context(tenant=tenant, subject=id, artefact=id, purpose=PURPOSE)
