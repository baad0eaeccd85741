"""Connections to applicant tracking systems: outcomes in, notes out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from api.call import Call, ServiceDep
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.routes.paths import ConnectionId, SystemFilter
from api.routes.streams import Spool, Spooled, body_of
from api.scopes import public, requires
from api.service import Service
from audit.ats.payload import LARGEST_BODY
from audit.errors import AlreadyExists, SignatureInvalid
from audit.operations import connections
from audit.operations.inputs import Moment, Reference
from audit.operations.register import plain_where
from audit.records.register import AtsConnection
from audit.store.connections import tenant_of_connection

router = area("ATS", "/ats")
SignedBody = Annotated[Spooled, Depends(Spool("application/json", LARGEST_BODY))]
_RECEIVED = TypeAdapter(connections.Received)


class ConnectionView(BaseModel):
    """A connection, without its secret."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[str, Field(description="Opaque identifier.")]
    system_id: Annotated[str, Field(description="The system whose outcomes come in.")]
    kind: Annotated[connections.Kind, Field(description="Which applicant tracking system.")]
    name: Annotated[str, Field(description="For people.")]
    received: Annotated[int, Field(description="Messages accepted.")]
    ignored: Annotated[int, Field(description="Messages of which something was left out.")]
    disabled_at: Annotated[datetime | None, Field(description="When it was switched off.")]
    created_at: Annotated[datetime, Field(description="When it was made.")]
    updated_at: Annotated[datetime, Field(description="When it was last changed.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]


class FreshConnectionView(ConnectionView):
    """A new connection with its secret, which is shown this once."""

    secret: Annotated[
        str,
        Field(description="Enter it at the sender, which signs with it. It is not shown again."),
    ]
    path: Annotated[str, Field(description="Where the sender has to post to.")]


@router.post(
    "/connections",
    status_code=201,
    response_model=FreshConnectionView,
    dependencies=[requires("ats:write")],
)
def create_connection(call: Call, body: connections.NewConnection) -> Response:
    """Connect an applicant tracking system, for the outcomes of one hiring system."""
    with call.unit() as unit:
        made = connections.create_connection(unit, body)
        path = f"/v1/ats/{made.connection.id}/events"
        shown = {**_fields(made.connection), "secret": made.secret, "path": path}
        return call.created(unit, FreshConnectionView.model_validate(shown))


@router.get(
    "/connections",
    response_model=Listed[ConnectionView],
    dependencies=[requires("ats:read")],
)
def list_connections(call: Call, paging: Paging, system_id: SystemFilter = None) -> Response:
    """Connections of the tenant, without their secrets."""
    with call.reading() as unit:
        listing = unit.page(AtsConnection, paging.page, plain_where(system_id=system_id))
        return call.listing(paging, listing, _view)


@router.get(
    "/connections/{connection_id}",
    response_model=ConnectionView,
    dependencies=[requires("ats:read")],
)
def read_connection(call: Call, connection_id: ConnectionId) -> Response:
    """One connection, without its secret."""
    with call.reading() as unit:
        return call.shown(_view(unit.get(AtsConnection, connection_id)))


@router.delete(
    "/connections/{connection_id}", status_code=204, dependencies=[requires("ats:write")]
)
def remove_connection(call: Call, connection_id: ConnectionId) -> Response:
    """End a connection and destroy its secret. What it brought stays."""
    with call.unit() as unit:
        connections.remove_connection(unit, unit.get(AtsConnection, connection_id))
        return call.nothing(unit)


@router.get(
    "/{connection_id}/notes",
    response_model=Listed[connections.OutgoingNote],
    dependencies=[requires("ats:read")],
)
def list_notes(
    call: Call,
    connection_id: ConnectionId,
    paging: Paging,
    since: Annotated[Moment | None, Query(description="Only what there was to tell since.")] = None,
    author: Annotated[
        Reference | None,
        Query(description="The system's identifier of the user who writes; Greenhouse needs it."),
    ] = None,
) -> Response:
    """Flags and fairness audits as notes that are ready to be posted to that system.

    A note adds itself to a candidate and changes no status. You send it, with your credentials.
    """
    base = call.service.settings.api.base_url
    query = connections.NoteQuery(base_url=base, since=since, author=author)
    with call.reading() as unit:
        connection = unit.get(AtsConnection, connection_id)
        notes = connections.list_notes(unit, connection, paging.page, query)
    last = notes.items[-1].id if notes.more else None
    page = Listed[connections.OutgoingNote].model_validate(paging.pieces(notes.items, last))
    return call.shown(page)


@router.post(
    "/{connection_id}/events",
    response_model=connections.Received,
    responses=also(409, 413, 415, 422, "signature_invalid", "outcome_invalid"),
    openapi_extra=body_of("application/json", '{"action": "hire_candidate", "payload": {}}'),
    dependencies=[public("each message carries the sender's signature, checked with its secret")],
)
def receive_event(
    request: Request, service: ServiceDep, connection_id: ConnectionId, body: SignedBody
) -> Response:
    """Where an applicant tracking system posts its webhooks.

    Answers with 200 for what is taken, was taken before, or is not used; a message whose meaning is
    unclear is refused, so that the sender keeps it.
    """
    tenant = tenant_of_connection(service.store, connection_id)
    if tenant is None:
        raise _unsigned()
    message = body.file.read()
    try:
        done = _receive(service, tenant, connection_id, message, request.headers)
    except AlreadyExists:  # the same message came twice at once: now it is there
        done = _receive(service, tenant, connection_id, message, request.headers)
    except SignatureInvalid:
        raise _unsigned() from None
    return Response(_RECEIVED.dump_json(done), media_type="application/json")


def _receive(
    service: Service, tenant: str, connection_id: str, message: bytes, headers: Mapping[str, str]
) -> connections.Received:
    with service.store.unit(tenant, actor=connection_id) as unit:
        connection = unit.get(AtsConnection, connection_id)
        return connections.receive_message(unit, connection, message, headers)


def _unsigned() -> SignatureInvalid:
    """The same for what is not there: without the secret, nobody learns what there is."""
    return SignatureInvalid(
        "There is no such connection, or the message is not signed with its secret: compare the "
        "secret on both sides, and the clock of the sender."
    )


def _fields(connection: AtsConnection) -> dict[str, Any]:
    return {name: getattr(connection, name) for name in ConnectionView.model_fields}


def _view(connection: AtsConnection) -> ConnectionView:
    return ConnectionView.model_validate(_fields(connection))
