"""Hiring systems: registered, changed, retired."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from api.call import Call, IfMatch
from api.guarding import area
from api.paging import Listed, Paging
from api.routes.paths import SystemId
from api.scopes import requires
from audit.operations import register
from audit.records.register import Mode, System

router = area("Systems", "/systems")


@router.post("", status_code=201, response_model=System, dependencies=[requires("systems:write")])
def create_system(call: Call, body: register.NewSystem) -> Response:
    """Register a hiring tool that is to be audited."""
    with call.unit() as unit:
        return call.created(unit, register.create_system(unit, body))


@router.get("", response_model=Listed[System], dependencies=[requires("systems:read")])
def list_systems(
    call: Call,
    paging: Paging,
    mode: Annotated[Mode | None, Query(description="Only systems of this mode.")] = None,
    retired: Annotated[
        bool | None, Query(description="Only those that are retired, or only those that are not.")
    ] = None,
) -> Response:
    """Systems of the tenant."""
    with call.reading() as unit:
        found = register.list_systems(unit, paging.page, mode=mode, retired=retired)
        return call.listing(paging, found)


@router.get("/{system_id}", response_model=System, dependencies=[requires("systems:read")])
def read_system(call: Call, system_id: SystemId) -> Response:
    """One system."""
    with call.reading() as unit:
        return call.shown(unit.get(System, system_id))


@router.patch("/{system_id}", response_model=System, dependencies=[requires("systems:write")])
def change_system(
    call: Call, system_id: SystemId, expected: IfMatch, body: register.SystemChange
) -> Response:
    """Change a system. What is not sent stays as it is."""
    with call.unit() as unit:
        system = unit.get(System, system_id)
        expected.check(system)
        return call.changed(unit, register.change_system(unit, system, body))


@router.post("/{system_id}/retire", response_model=System, dependencies=[requires("systems:write")])
def retire_system(call: Call, system_id: SystemId) -> Response:
    """End a system's use: it takes no new interviews. Its records stay. Again is no error."""
    with call.unit() as unit:
        return call.changed(unit, register.retire_system(unit, unit.get(System, system_id)))
