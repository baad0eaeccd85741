"""Keys that sign reports: the directory that auditors keep, rotation, revocation."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from api.call import Call
from api.guarding import area
from api.key_directory import SignedKeys
from api.openapi import also
from api.scopes import requires
from api.tenant_keys import keys_of
from audit.errors import NotFound
from audit.ledger import timestamp
from audit.operations.inputs import Input, Line, Moment
from audit.records.issued import SigningKey
from reports.proof.keys import KeyDirectory

router = area("Report keys", "/report-keys")
_FORM = "^[0-9a-f]{16}$"


class Revocation(Input):
    """Why a key is no longer to be believed."""

    reason: Annotated[
        Line, Field(description="Readers of reports see it.", examples=["Laptop was stolen"])
    ]
    at: Annotated[
        Moment | None,
        Field(description="From when on, if it was lost earlier than now.", examples=[None]),
    ] = None


@router.get("", response_model=SignedKeys, dependencies=[requires("reports:read")])
def read_report_keys(call: Call) -> Response:
    """The signed directory of the keys that sign reports; the first one is made here.

    Keep it: with it `fairwitness verify --keys` says whether a report is the organisation's. It is
    also public, at `/public/{key_id}/report-keys.json`.
    """
    with call.unit() as unit:
        return _directory(keys_of(call.store, unit).directory())


@router.post("/rotate", response_model=SignedKeys, dependencies=[requires("keys:write")])
def rotate_report_key(call: Call) -> Response:
    """Sign with a new key from now on. What the old ones signed stays verifiable."""
    with call.unit() as unit:
        keys = keys_of(call.store, unit)
        keys.rotate()
        return call.kept(unit, _directory(keys.directory()))


@router.post(
    "/{key_id}/revoke",
    response_model=SignedKeys,
    responses=also("report_key_unusable"),
    dependencies=[requires("keys:write")],
)
def revoke_report_key(
    call: Call,
    key_id: Annotated[
        str, Path(pattern=_FORM, description="Id of the key.", examples=["9b1f0c4d2e7a6538"])
    ],
    body: Revocation,
) -> Response:
    """Mark a key as lost: what it signed is not believed any more. A new key signs from now on."""
    with call.unit() as unit:
        if unit.find(SigningKey, key_id=key_id) is None:
            raise NotFound("There is no such key.")
        keys = keys_of(call.store, unit)
        keys.revoke(key_id, body.reason, at=timestamp(body.at) if body.at else None)
        return call.kept(unit, _directory(keys.directory()))


def _directory(directory: KeyDirectory) -> Response:
    """The bytes that are signed."""
    return Response(directory.json_bytes, media_type="application/json")
