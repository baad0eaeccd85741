"""Flags: what a policy wants a person to look at, or to know."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response

from api.call import Call, CallContext
from api.guarding import area
from api.paging import Listed, Paging
from api.routes.paths import CandidateFilter, FlagId, SystemFilter
from api.scopes import requires
from audit.errors import NotFound
from audit.operations import flags
from audit.operations.register import plain_where
from audit.records.oversight import Flag, FlagState
from audit.store import ReadUnit

router = area("Flags", "/flags")

Severity = Literal["low", "medium", "high"]
Token = Query(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Only of this kind, from the policy.")


@router.get("", response_model=Listed[Flag], dependencies=[requires("flags:read")])
def list_flags(
    call: Call,
    paging: Paging,
    state: Annotated[FlagState | None, Query(description="Only those that stand so.")] = None,
    severity: Annotated[Severity | None, Query(description="Only of this severity.")] = None,
    kind: Annotated[str | None, Token] = None,
    candidate_id: CandidateFilter = None,
    system_id: SystemFilter = None,
    subject: Annotated[
        str | None,
        Query(
            pattern=r"^(chk|aud|chl|pai)_[0-9A-HJKMNP-TV-Z]{26}$",
            description="Of a check, audit, challenge or pair.",
        ),
    ] = None,
) -> Response:
    """Flags that are meant for the key's role; compliance sees all."""
    where = plain_where(
        state=state,
        severity=severity,
        kind=kind,
        candidate_id=candidate_id,
        system_id=system_id,
        subject=subject,
    )
    with call.reading() as unit:
        found = flags.list_flags(unit, paging.page, where, call.principal.role)
        return call.listing(paging, found)


@router.get("/{flag_id}", response_model=Flag, dependencies=[requires("flags:read")])
def read_flag(call: Call, flag_id: FlagId) -> Response:
    """One flag."""
    with call.reading() as unit:
        return call.shown(_seen(call, unit, flag_id))


@router.post("/{flag_id}/close", response_model=Flag, dependencies=[requires("flags:write")])
def close_flag(call: Call, flag_id: FlagId) -> Response:
    """Close a flag for information. One that needs a review is closed by its review."""
    with call.unit() as unit:
        return call.changed(unit, flags.close_flag(unit, _seen(call, unit, flag_id)))


@router.post("/{flag_id}/reopen", response_model=Flag, dependencies=[requires("flags:write")])
def reopen_flag(call: Call, flag_id: FlagId) -> Response:
    """Open a flag for information again."""
    with call.unit() as unit:
        return call.changed(unit, flags.reopen_flag(unit, _seen(call, unit, flag_id)))


def _seen(call: CallContext, unit: ReadUnit, flag_id: str) -> Flag:
    flag = unit.get(Flag, flag_id)
    if not flags.may_see(flag, call.principal.role):
        raise NotFound(f"There is no flag {flag_id!r}.")
    return flag
