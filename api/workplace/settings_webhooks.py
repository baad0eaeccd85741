"""Webhooks: which systems are told what, their secrets, deliveries, tests and replays."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Query, Response
from pydantic import ValidationError

from api.paging import Paging, cursor_of
from api.routes.paths import DeliveryId, EndpointId
from api.scopes import requires
from api.workplace.framing import HOME, Visit, VisitDep, router
from api.workplace.report_forms import faults_of, lines
from audit.errors import StepRefused, TargetRefused
from audit.operations import deliveries, webhooks
from audit.operations.announcements import EVERY_EVENT
from audit.operations.webhooks import EndpointChange, NewEndpoint, SecretRotation
from audit.records.oversight import Delivery, DeliveryState, Endpoint
from audit.store import Page, UnitOfWork
from audit.webhooks import EventType, TargetRules

pages = router()
WEBHOOKS = f"{HOME}/settings/webhooks"
GRACES = {
    "86400": "One day",
    "0": "Not at all: it leaked",
    "3600": "One hour",
    "604800": "Seven days",
}
"""How long an old secret signs too, in seconds; at most `webhooks.LONGEST_GRACE`."""
_SHOWN = 25
_SURE = "Say that you are sure: it cannot be taken back."
State = Annotated[Literal["", "pending", "delivered", "dead"], Query()]


@pages.get("/settings/webhooks", dependencies=[requires("webhooks:read")])
def listed(visit: VisitDep) -> Response:
    """All endpoints: there are twenty at most."""
    return _listed(visit, {})


@pages.post("/settings/webhooks", dependencies=[requires("webhooks:write")])
def register(visit: VisitDep) -> Response:
    """Registers an endpoint, and shows its secret this once."""
    try:
        new = NewEndpoint.model_validate_json(json.dumps(_given(visit.form)))
        with visit.call.unit(answers=False) as unit:
            fresh = webhooks.register_endpoint(unit, new, _rules(visit))
    except ValidationError as error:
        return _listed(visit, faults_of(error))
    except TargetRefused as error:
        return _listed(visit, {"url": str(error)})
    except StepRefused as error:
        return _listed(visit, {"whole": str(error)})
    return _shown(visit, fresh.endpoint.id, made=fresh.secret)


@pages.get("/settings/webhooks/{endpoint_id}", dependencies=[requires("webhooks:read")])
def endpoint_page(
    visit: VisitDep, endpoint_id: EndpointId, paging: Paging, state: State = ""
) -> Response:
    """One endpoint: what it is told, and what it took."""
    return _shown(visit, endpoint_id, position=paging.position, state=state)


@pages.post("/settings/webhooks/{endpoint_id}/change", dependencies=[requires("webhooks:write")])
def change(visit: VisitDep, endpoint_id: EndpointId) -> Response:
    """Changes what differs; refused where somebody changed the endpoint meanwhile."""
    faults: dict[str, str] = {}
    try:
        given = {**_given(visit.form), "state": visit.form.get("state", "")}
        whole = EndpointChange.model_validate_json(json.dumps(given))
        with visit.call.unit(answers=False) as unit:
            endpoint = webhooks.endpoint_of(unit, endpoint_id)
            if visit.form.get("version") != str(endpoint.version):
                raise StepRefused("Somebody changed it meanwhile. Look at it again, then save.")
            webhooks.change_endpoint(unit, endpoint, _differs(endpoint, whole), _rules(visit))
    except ValidationError as error:
        faults = faults_of(error)
    except TargetRefused as error:
        faults = {"url": str(error)}
    except StepRefused as error:
        faults = {"whole": str(error)}
    if faults:
        return _shown(visit, endpoint_id, faults, given=visit.form)
    return visit.go(f"{WEBHOOKS}/{endpoint_id}", "webhook_changed")


@pages.post("/settings/webhooks/{endpoint_id}/rotate", dependencies=[requires("webhooks:write")])
def rotate(visit: VisitDep, endpoint_id: EndpointId) -> Response:
    """Makes a new secret, shown once; the old one signs too for a while."""
    grace = visit.form.get("grace", "")
    if grace not in GRACES:
        return _shown(visit, endpoint_id, {"grace": "Choose how long the old secret signs too."})
    with visit.call.unit(answers=False) as unit:
        endpoint = webhooks.endpoint_of(unit, endpoint_id)
        fresh = webhooks.rotate_secret(unit, endpoint, SecretRotation(grace_s=int(grace)))
    return _shown(visit, endpoint_id, made=fresh.secret)


@pages.post("/settings/webhooks/{endpoint_id}/remove", dependencies=[requires("webhooks:write")])
def remove(visit: VisitDep, endpoint_id: EndpointId) -> Response:
    """Removes an endpoint and destroys its secrets; the record of deliveries stays."""

    def removed(unit: UnitOfWork, endpoint: Endpoint) -> None:
        if not visit.form.get("sure"):
            raise StepRefused(_SURE)
        webhooks.remove_endpoint(unit, endpoint)

    return _step(visit, endpoint_id, removed, "sure", WEBHOOKS, "webhook_removed")


@pages.post("/settings/webhooks/{endpoint_id}/test", dependencies=[requires("webhooks:write")])
def send_test(visit: VisitDep, endpoint_id: EndpointId) -> Response:
    """Sends it a message that says nothing but that it is a test."""

    def sent(unit: UnitOfWork, endpoint: Endpoint) -> None:
        deliveries.send_test(unit, endpoint)

    return _step(visit, endpoint_id, sent, "test", f"{WEBHOOKS}/{endpoint_id}", "webhook_tested")


@pages.post("/settings/webhooks/{endpoint_id}/replay", dependencies=[requires("webhooks:write")])
def replay_failed(visit: VisitDep, endpoint_id: EndpointId) -> Response:
    """Sends what failed once more, the newest hundred, under the same ids."""

    def replayed(unit: UnitOfWork, endpoint: Endpoint) -> None:
        if not deliveries.replay_failed(unit, endpoint):
            raise StepRefused("Nothing of this endpoint has failed.")

    there = f"{WEBHOOKS}/{endpoint_id}"
    return _step(visit, endpoint_id, replayed, "test", there, "webhook_replayed")


@pages.get("/settings/deliveries/{delivery_id}", dependencies=[requires("webhooks:read")])
def delivery_page(visit: VisitDep, delivery_id: DeliveryId) -> Response:
    """One delivery: what was sent, how often, and what came of it."""
    return _delivery(visit, delivery_id)


@pages.post("/settings/deliveries/{delivery_id}/replay", dependencies=[requires("webhooks:write")])
def replay(visit: VisitDep, delivery_id: DeliveryId) -> Response:
    """Sends one message once more, under the same id."""
    try:
        with visit.call.unit(answers=False) as unit:
            deliveries.replay(unit, unit.get(Delivery, delivery_id))
    except StepRefused as error:
        return _delivery(visit, delivery_id, {"replay": str(error)})
    return visit.go(f"{HOME}/settings/deliveries/{delivery_id}", "webhook_replayed")


def _given(form: Mapping[str, str]) -> dict[str, Any]:
    """URL and types of events, as operations take them."""
    every = [EVERY_EVENT] if form.get("every") else lines(form.get("events", ""))
    return {"url": form.get("url", "").strip(), "events": every}


def _differs(endpoint: Endpoint, wanted: EndpointChange) -> EndpointChange:
    now = {"url": endpoint.url, "events": endpoint.events, "state": endpoint.state.value}
    given = {name: each for name, each in wanted.given().items() if each != now[name]}
    return EndpointChange.model_validate(given)


def _rules(visit: Visit) -> TargetRules:
    return TargetRules.of(visit.call.service.settings.webhooks)


def _step(
    visit: Visit,
    endpoint_id: str,
    act: Callable[[UnitOfWork, Endpoint], None],
    field: str,
    there: str,
    said: str,
) -> Response:
    """Does it; what refuses it is said beside its field."""
    try:
        with visit.call.unit(answers=False) as unit:
            act(unit, webhooks.endpoint_of(unit, endpoint_id))
    except StepRefused as error:
        return _shown(visit, endpoint_id, {field: str(error)})
    return visit.go(there, said)


def _listed(visit: Visit, faults: dict[str, str]) -> Response:
    with visit.call.reading() as unit:
        found = unit.every(Endpoint, state=webhooks.SHOWN)
        failed = unit.page(Delivery, Page(_SHOWN), {"state": DeliveryState.DEAD})
    return visit.page(
        "settings/webhooks.html",
        status=422 if faults else 200,
        endpoints=found,
        hosts={each.id: each.url for each in found},
        failed=failed.items,
        more=failed.more,
        types=_types(),
        given=visit.form,
        chosen=lines(visit.form.get("events", "")),
        most=webhooks.MOST_ENDPOINTS,
        faults=faults,
    )


def _types() -> list[str]:
    """Types of events that can be asked for; tests come without."""
    return [each.value for each in EventType if each is not EventType.WEBHOOK_TEST]


def _shown(
    visit: Visit,
    endpoint_id: str,
    faults: dict[str, str] | None = None,
    *,
    made: str = "",
    position: str | None = None,
    state: str = "",
    given: Mapping[str, str] | None = None,
) -> Response:
    where = {"endpoint_id": endpoint_id, **({"state": DeliveryState(state)} if state else {})}
    with visit.call.reading() as unit:
        endpoint = webhooks.endpoint_of(unit, endpoint_id)
        found = unit.page(Delivery, Page(_SHOWN, position), where)
        dead = {"endpoint_id": endpoint_id, "state": DeliveryState.DEAD}
        failed = unit.count(Delivery, **dead)
    onward = {"cursor": cursor_of(found.items[-1].id), "state": state} if found.more else {}
    chosen = lines(given.get("events", "")) if given else list(endpoint.events)
    return visit.page(
        "settings/webhook.html",
        status=422 if faults else 200,
        endpoint=endpoint,
        deliveries=found.items,
        failed=failed,
        at_once=deliveries.MOST_REPLAYED,
        state=state,
        states=[each.value for each in DeliveryState],
        types=_types(),
        chosen=chosen,
        every=bool(given.get("every")) if given else EVERY_EVENT in endpoint.events,
        url=given.get("url", "") if given else endpoint.url,
        graces=list(GRACES.items()),
        made=made,
        first=position is None,
        onward=f"{WEBHOOKS}/{endpoint_id}?{urlencode(onward)}" if onward else "",
        faults=faults or {},
    )


def _delivery(visit: Visit, delivery_id: str, faults: dict[str, str] | None = None) -> Response:
    with visit.call.reading() as unit:
        found = unit.get(Delivery, delivery_id)
        endpoint = unit.get(Endpoint, found.endpoint_id)
    return visit.page(
        "settings/delivery.html",
        status=422 if faults else 200,
        delivery=found,
        endpoint=endpoint,
        removed=endpoint.state not in webhooks.SHOWN,
        payload=json.dumps(found.payload, indent=2, ensure_ascii=False),
        faults=faults or {},
    )
