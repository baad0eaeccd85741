"""Webhook endpoints, and what was sent to them."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.call import Call, CallContext, IfMatch
from api.guarding import area
from api.openapi import also
from api.paging import Listed, PageRequest, Paging
from api.routes.paths import DeliveryId, EndpointId
from api.scopes import requires
from audit.operations import deliveries, webhooks
from audit.operations.webhooks import EndpointChange, FreshEndpoint, NewEndpoint, SecretRotation
from audit.records.oversight import Delivery, DeliveryState, Endpoint, EndpointState
from audit.webhooks import EventType, TargetRules

router = area("Webhooks", "/webhooks")


class EndpointView(BaseModel):
    """A webhook endpoint. Its secret is sealed and cannot be shown again."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[
        str, Field(description="Opaque identifier.", examples=["whk_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"])
    ]
    url: Annotated[
        str,
        Field(
            description="Where messages go.",
            examples=["https://hooks.platform.example/fairwitness"],
        ),
    ]
    events: Annotated[
        list[str],
        Field(description="Types of events that are sent; `*`: all.", examples=[["*"]]),
    ]
    state: Annotated[
        Literal["active", "disabled"], Field(description="Whether anything is sent to it.")
    ]
    disabled_reason: Annotated[
        str | None,
        Field(description="`gone`: the receiver answered 410; `asked`: it was set so."),
    ]
    old_secret_until: Annotated[
        datetime | None, Field(description="Until then the secret before this one signs too.")
    ]
    created_at: Annotated[datetime, Field(description="When it was registered.")]
    updated_at: Annotated[datetime, Field(description="When it was last changed.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]


class FreshEndpointView(EndpointView):
    """An endpoint with its new secret, which is shown this once."""

    secret: Annotated[
        str,
        Field(
            description="Verifies messages (Standard Webhooks). It cannot be shown again.",
            examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        ),
    ]


Only = Annotated[DeliveryState | None, Query(description="Only these; `dead`: the dead letters.")]
OnlyType = Annotated[EventType | None, Query(alias="type", description="Only this type of event.")]


@router.post(
    "",
    status_code=201,
    response_model=FreshEndpointView,
    responses=also("target_refused"),
    dependencies=[requires("webhooks:write")],
)
def register_webhook(call: Call, body: NewEndpoint) -> Response:
    """Register an endpoint. The answer shows its secret, once."""
    rules = _rules(call)
    with call.unit() as unit:
        fresh = webhooks.register_endpoint(unit, body, rules)
        return call.created(unit, _fresh(fresh))


@router.get("", response_model=Listed[EndpointView], dependencies=[requires("webhooks:read")])
def list_webhooks(
    call: Call,
    paging: Paging,
    state: Annotated[
        Literal["active", "disabled"] | None, Query(description="Only endpoints in this state.")
    ] = None,
) -> Response:
    """All endpoints, without their secrets."""
    states = (EndpointState(state),) if state else webhooks.SHOWN
    with call.reading() as unit:
        return call.listing(paging, unit.page(Endpoint, paging.page, {"state": states}), _view)


@router.get(
    "/deliveries", response_model=Listed[Delivery], dependencies=[requires("webhooks:read")]
)
def list_deliveries(
    call: Call, paging: Paging, state: Only = None, event_type: OnlyType = None
) -> Response:
    """Deliveries to all endpoints, also to removed ones."""
    return _deliveries(call, paging, {"state": state, "type": event_type})


@router.get(
    "/deliveries/{delivery_id}",
    response_model=Delivery,
    dependencies=[requires("webhooks:read")],
)
def read_delivery(call: Call, delivery_id: DeliveryId) -> Response:
    """One delivery: what was sent, how often, and what came of it."""
    with call.reading() as unit:
        return call.shown(unit.get(Delivery, delivery_id))


@router.post(
    "/deliveries/{delivery_id}/replay",
    status_code=202,
    response_model=Delivery,
    dependencies=[requires("webhooks:write")],
)
def replay_delivery(call: Call, delivery_id: DeliveryId) -> Response:
    """Send a dead or delivered message once more, under the same `webhook-id`."""
    with call.unit() as unit:
        again = deliveries.replay(unit, unit.get(Delivery, delivery_id))
        return call.accepted(unit, again, location=f"/v1/webhooks/deliveries/{again.id}")


@router.get("/{endpoint_id}", response_model=EndpointView, dependencies=[requires("webhooks:read")])
def read_webhook(call: Call, endpoint_id: EndpointId) -> Response:
    """One endpoint, without its secret."""
    with call.reading() as unit:
        return call.shown(_view(webhooks.endpoint_of(unit, endpoint_id)))


@router.patch(
    "/{endpoint_id}",
    response_model=EndpointView,
    responses=also("target_refused"),
    dependencies=[requires("webhooks:write")],
)
def change_webhook(
    call: Call, endpoint_id: EndpointId, body: EndpointChange, expected: IfMatch
) -> Response:
    """Change where it is, what it is told, or whether it is told anything."""
    rules = _rules(call)
    with call.unit() as unit:
        endpoint = webhooks.endpoint_of(unit, endpoint_id)
        expected.check(endpoint)
        return call.changed(unit, _view(webhooks.change_endpoint(unit, endpoint, body, rules)))


@router.delete("/{endpoint_id}", status_code=204, dependencies=[requires("webhooks:write")])
def remove_webhook(call: Call, endpoint_id: EndpointId) -> Response:
    """Remove an endpoint and destroy its secrets. What waits for it is dead; the record stays."""
    with call.unit() as unit:
        webhooks.remove_endpoint(unit, webhooks.endpoint_of(unit, endpoint_id))
        return call.nothing(unit)


@router.post(
    "/{endpoint_id}/rotate",
    response_model=FreshEndpointView,
    dependencies=[requires("webhooks:write")],
)
def rotate_webhook_secret(call: Call, endpoint_id: EndpointId, body: SecretRotation) -> Response:
    """Make a new secret, shown once; the old one signs too for a while."""
    with call.unit() as unit:
        endpoint = webhooks.endpoint_of(unit, endpoint_id)
        return call.changed(unit, _fresh(webhooks.rotate_secret(unit, endpoint, body)))


@router.post(
    "/{endpoint_id}/test",
    status_code=202,
    response_model=Delivery,
    dependencies=[requires("webhooks:write")],
)
def send_webhook_test(call: Call, endpoint_id: EndpointId) -> Response:
    """Send an endpoint a `webhook.test`, whatever types of events it takes."""
    with call.unit() as unit:
        made = deliveries.send_test(unit, webhooks.endpoint_of(unit, endpoint_id))
        return call.accepted(unit, made, location=f"/v1/webhooks/deliveries/{made.id}")


@router.get(
    "/{endpoint_id}/deliveries",
    response_model=Listed[Delivery],
    dependencies=[requires("webhooks:read")],
)
def list_deliveries_of_webhook(
    call: Call,
    endpoint_id: EndpointId,
    paging: Paging,
    state: Only = None,
    event_type: OnlyType = None,
) -> Response:
    """Deliveries to one endpoint."""
    where = {"endpoint_id": endpoint_id, "state": state, "type": event_type}
    return _deliveries(call, paging, where)


def _deliveries(call: CallContext, paging: PageRequest, where: dict[str, Any]) -> Response:
    given = {name: value for name, value in where.items() if value is not None}
    with call.reading() as unit:
        if "endpoint_id" in given:
            webhooks.endpoint_of(unit, given["endpoint_id"])
        return call.listing(paging, unit.page(Delivery, paging.page, given))


def _rules(call: CallContext) -> TargetRules:
    return TargetRules.of(call.service.settings.webhooks)


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    return {
        each.name: getattr(endpoint, each.name)
        for each in fields(endpoint)
        if each.name in EndpointView.model_fields
    }


def _view(endpoint: Endpoint) -> EndpointView:
    return EndpointView.model_validate(_shown(endpoint))


def _fresh(fresh: FreshEndpoint) -> FreshEndpointView:
    return FreshEndpointView.model_validate({**_shown(fresh.endpoint), "secret": fresh.secret})
