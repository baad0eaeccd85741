"""Webhook endpoints: where they are, what they are told, and the secrets that sign it.

A secret is made here, shown once, and sealed under a subject of its own, so that removing the
endpoint destroys it in every copy of the database. An endpoint's row stays when it is removed, with
nothing but its host: what was announced at that moment refers to it, and what happened must not
fail because somebody takes a webhook away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from audit.canonical import Json, canonical_json, parse_json
from audit.errors import NotFound, StepRefused
from audit.ids import new_id
from audit.keyring import Context
from audit.ledger import EventKind
from audit.operations.announcements import EVERY_EVENT
from audit.operations.inputs import Change, Input
from audit.records.oversight import Endpoint, EndpointState
from audit.store import ReadUnit, UnitOfWork
from audit.store.deliveries import end_pending
from audit.webhooks import EventType, Secret, TargetRules, read_target

MOST_ENDPOINTS = 20
"""Endpoints of a tenant: each event costs a delivery for each of them."""
LONGEST_GRACE = timedelta(days=7)
GONE, ASKED = "gone", "asked"
"""Why an endpoint is disabled: its receiver answered 410, or somebody asked for it."""
ENDPOINT_DISABLED, ENDPOINT_REMOVED = "endpoint_disabled", "endpoint_removed"
"""Why a delivery is dead, beside the codes of `audit.webhooks.Problem` and of failed jobs."""
SHOWN = (EndpointState.ACTIVE, EndpointState.DISABLED)
_DAY_S = 24 * 3600


def _plain(names: tuple[str, ...]) -> tuple[str, ...]:
    """Once each, as plain texts; `*` takes in all others."""
    if EVERY_EVENT in names:
        return (EVERY_EVENT,)
    return tuple(str(EventType(name).value) for name in dict.fromkeys(names))


Url = Annotated[
    str,
    StringConstraints(min_length=9, max_length=500, pattern=r"^https?://[!-~]+$"),
    Field(
        description="Where messages go: https, port 443, a public host.",
        examples=["https://hooks.platform.example/fairwitness"],
    ),
]
Events = Annotated[
    tuple[EventType | Literal["*"], ...],
    Field(
        description="Types of events; `*`: all, also those that are added later.",
        min_length=1,
        max_length=64,
        examples=[["check.finished", "review.opened"]],
    ),
    AfterValidator(_plain),
]


class NewEndpoint(Input):
    """An endpoint that is wanted. Its secret is made by the service."""

    url: Url
    events: Events


class EndpointChange(Change):
    """What is to change of an endpoint."""

    url: Url = ""
    events: Events = ()
    state: Annotated[
        Literal["active", "disabled"],
        Field(description="disabled: what waits for it is dead, and nothing more is kept for it."),
    ] = "active"


class SecretRotation(Input):
    """How the old secret ends."""

    grace_s: Annotated[
        int,
        Field(
            strict=True,
            ge=0,
            le=int(LONGEST_GRACE.total_seconds()),
            description="Seconds for which the old secret signs too. 0: it leaked.",
        ),
    ] = _DAY_S


@dataclass(frozen=True, slots=True)
class FreshEndpoint:
    """An endpoint with its new secret, which is shown once."""

    endpoint: Endpoint
    secret: str = field(repr=False)


def register_endpoint(unit: UnitOfWork, new: NewEndpoint, rules: TargetRules) -> FreshEndpoint:
    """Makes an endpoint; it is told what happens from now on.

    Raises:
        TargetRefused: messages may not be sent to its URL.
        StepRefused: the tenant has as many endpoints as it may have.
    """
    url = read_target(new.url, rules).url
    if unit.count(Endpoint, state=SHOWN) >= MOST_ENDPOINTS:
        raise StepRefused(f"There are {MOST_ENDPOINTS} endpoints already; remove one first.")
    id, secret = new_id("whk"), Secret.generate()
    endpoint = unit.add(
        Endpoint(
            id=id,
            url=url,
            events=tuple(new.events),
            sealed_secrets=_sealed(unit, id, {"current": secret.reveal()}),
        )
    )
    _record(unit, endpoint, "registered")
    return FreshEndpoint(endpoint, secret.reveal())


def endpoint_of(unit: ReadUnit, endpoint_id: str) -> Endpoint:
    """An endpoint that was not removed. Raises `NotFound`."""
    found = unit.get(Endpoint, endpoint_id)
    if found.state not in SHOWN:
        raise NotFound(f"There is no endpoint {endpoint_id!r}.")
    return found


def change_endpoint(
    unit: UnitOfWork, endpoint: Endpoint, change: EndpointChange, rules: TargetRules
) -> Endpoint:
    """Changes an endpoint. What waits for it goes to its new URL; disabling ends what waits.

    Raises `TargetRefused`, and `VersionConflict` where it was changed since it was read.
    """
    given = change.given()
    if "url" in given:
        given["url"] = read_target(change.url, rules).url
    if "state" in given:
        given["state"] = EndpointState(change.state)
    changed = replace(endpoint, **given)
    if changed == endpoint:
        return endpoint
    if changed.state is EndpointState.ACTIVE:
        changed = unit.put(replace(changed, disabled_reason=None))
    elif endpoint.state is EndpointState.ACTIVE:
        return disable_endpoint(unit, changed, why=ASKED)
    else:
        changed = unit.put(changed)
    enabled = endpoint.state is EndpointState.DISABLED and changed.state is EndpointState.ACTIVE
    _record(unit, changed, "enabled" if enabled else "changed")
    return changed


def disable_endpoint(unit: UnitOfWork, endpoint: Endpoint, *, why: str) -> Endpoint:
    """Sends nothing more to an endpoint; what waits for it is dead and can be replayed."""
    disabled = replace(endpoint, state=EndpointState.DISABLED, disabled_reason=why)
    disabled = unit.put(disabled)
    ended = end_pending(unit, endpoint.id, why=ENDPOINT_DISABLED)
    _record(unit, disabled, "disabled", reason=why, deliveries_ended=ended)
    return disabled


def rotate_secret(unit: UnitOfWork, endpoint: Endpoint, rotation: SecretRotation) -> FreshEndpoint:
    """Makes a new secret. The old one signs too for a while; one that is still older does not."""
    secret, grace = Secret.generate(), timedelta(seconds=rotation.grace_s)
    kept = {"current": secret.reveal()}
    if grace:
        kept["old"] = _opened(unit, endpoint)["current"]
    fresh = unit.put(
        replace(
            endpoint,
            sealed_secrets=_sealed(unit, endpoint.id, kept),
            old_secret_until=unit.now() + grace if grace else None,
        )
    )
    _record(unit, fresh, "secret_rotated", grace_s=rotation.grace_s)
    return FreshEndpoint(fresh, secret.reveal())


def remove_endpoint(unit: UnitOfWork, endpoint: Endpoint) -> None:
    """Ends an endpoint and destroys its secrets. Its deliveries stay; what waits is dead."""
    parts = urlsplit(endpoint.url)
    removed = unit.put(
        replace(
            endpoint,
            state=EndpointState.REMOVED,
            url=f"{parts.scheme}://{parts.netloc}",
            sealed_secrets=b"",
            old_secret_until=None,
        )
    )
    ended = end_pending(unit, endpoint.id, why=ENDPOINT_REMOVED)
    unit.ring.shred(unit.tenant, endpoint.id)
    _record(unit, removed, "removed", deliveries_ended=ended)


def signing_secrets(unit: ReadUnit, endpoint: Endpoint, now: datetime) -> tuple[Secret, ...]:
    """What signs a message now: the current secret first, then the old one while it is valid."""
    kept = _opened(unit, endpoint)
    texts = [kept["current"]]
    if "old" in kept and endpoint.old_secret_until is not None and now < endpoint.old_secret_until:
        texts.append(kept["old"])
    return tuple(Secret.parse(text) for text in texts)


def _sealed(unit: UnitOfWork, endpoint_id: str, kept: Mapping[str, str]) -> bytes:
    return unit.ring.seal(_context(unit.tenant, endpoint_id), canonical_json(kept))


def _opened(unit: ReadUnit, endpoint: Endpoint) -> dict[str, str]:
    text = unit.ring.open(_context(unit.tenant, endpoint.id), endpoint.sealed_secrets)
    kept = parse_json(text)
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}


def _context(tenant: str, endpoint_id: str) -> Context:
    return Context(
        tenant=tenant, subject=endpoint_id, artefact=endpoint_id, purpose="webhook_secrets"
    )


def _record(unit: UnitOfWork, endpoint: Endpoint, what: str, **more: Json) -> None:
    """Host and events, since they say who is told what. Paths may hold tokens: they stay out."""
    unit.record(
        EventKind.WEBHOOK_CHANGED,
        endpoint.id,
        {
            "change": what,
            "host": urlsplit(endpoint.url).hostname or "",
            "events": list(endpoint.events),
            **more,
        },
    )
