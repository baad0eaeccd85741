"""API keys: issued, listed, rotated, revoked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api import keys
from api.bodies import Body, Line, Whole
from api.call import Call, CallContext
from api.guarding import area
from api.paging import Listed, Paging
from api.scopes import SCOPES, requires
from audit.records.access import ApiKey, Role

router = area("Keys", "/keys")

KeyId = Annotated[
    str, Path(description="Identifier of a key.", examples=["key_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"])
]
Scope = Annotated[str, Field(json_schema_extra={"enum": sorted(SCOPES)}, examples=["checks:write"])]
_DAY_S = 24 * 3600


class KeyView(BaseModel):
    """A key. Its secret is not stored and cannot be shown again."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[
        str, Field(description="Opaque identifier.", examples=["key_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"])
    ]
    name: Annotated[str, Field(description="What it is for.", examples=["Interview platform"])]
    role: Annotated[Role, Field(description="Who uses it.", examples=["platform"])]
    scopes: Annotated[list[str], Field(description="What it may do.", examples=[["checks:read"]])]
    created_by: Annotated[str, Field(description="The key that issued it, or `service`.")]
    created_at: Annotated[datetime, Field(description="When it was issued.")]
    updated_at: Annotated[datetime, Field(description="When it was last changed.")]
    expires_at: Annotated[datetime | None, Field(description="When it ends.")]
    revoked_at: Annotated[datetime | None, Field(description="When it was revoked.")]
    replaced_by: Annotated[str | None, Field(description="The key that it was rotated to.")]
    last_used_at: Annotated[
        datetime | None, Field(description="When it was last used, to about a minute.")
    ]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]


class IssuedKey(KeyView):
    """A new key with its text, which is shown this once."""

    key: Annotated[
        str,
        Field(
            description="Send it as `Authorization: Bearer ...`. It cannot be shown again.",
            examples=["fw_01KAN8Q5V4T2M9C3XH7R0ZJ6WD_" + "x" * 43],
        ),
    ]


class NewKey(Body):
    """A key that is wanted."""

    name: Annotated[Line, Field(description="What it is for.", examples=["Interview platform"])]
    role: Annotated[Role, Field(description="Who uses it.", examples=["platform"])]
    scopes: Annotated[
        list[Scope] | None,
        Field(
            description="Fewer scopes than the role has; left out: all of them.",
            max_length=len(SCOPES),
            examples=[["checks:read", "checks:write"]],
        ),
    ] = None
    expires_at: Annotated[
        AwareDatetime | None,
        Field(description="When it ends; left out: after `FAIRWITNESS_API__KEY_DAYS` days."),
    ] = None


class Rotation(Body):
    """How the old key ends."""

    grace_s: Annotated[
        Whole,
        Field(
            description="Seconds for which the old key goes on.",
            ge=0,
            le=int(keys.LONGEST_GRACE.total_seconds()),
        ),
    ] = _DAY_S


@router.post("", status_code=201, response_model=IssuedKey, dependencies=[requires("keys:write")])
def issue_key(call: Call, body: NewKey) -> Response:
    """Issue a key. The answer shows it, once; only a hash of it is stored."""
    wanted = keys.Wanted(
        name=body.name,
        role=body.role,
        scopes=None if body.scopes is None else tuple(body.scopes),
        expires_at=body.expires_at or _end(call),
    )
    with call.unit() as unit:
        issued = keys.issue(unit, wanted, by=call.principal)
        return call.created(unit, _issued(issued))


@router.get("", response_model=Listed[KeyView], dependencies=[requires("keys:read")])
def list_keys(
    call: Call,
    paging: Paging,
    role: Annotated[Role | None, Query(description="Only keys of this role.")] = None,
    live: Annotated[bool, Query(description="Only keys that were not revoked.")] = False,
) -> Response:
    """All keys of the tenant, without their secrets."""
    where: dict[str, object] = {}
    if role is not None:
        where["role"] = role
    if live:
        where["revoked_at"] = None
    with call.reading() as unit:
        listing = unit.page(ApiKey, paging.page, where)
        return call.listing(paging, listing, _view)


@router.get("/{key_id}", response_model=KeyView, dependencies=[requires("keys:read")])
def read_key(call: Call, key_id: KeyId) -> Response:
    """One key, without its secret."""
    with call.reading() as unit:
        return call.shown(_view(unit.get(ApiKey, key_id)))


@router.post(
    "/{key_id}/rotate",
    status_code=201,
    response_model=IssuedKey,
    dependencies=[requires("keys:write")],
)
def rotate_key(call: Call, key_id: KeyId, body: Rotation) -> Response:
    """Replace a key by a new one with the same rights; the old one goes on for a while."""
    with call.unit() as unit:
        old = unit.get(ApiKey, key_id)
        grace = timedelta(seconds=body.grace_s)
        fresh = keys.rotate(unit, old, grace=grace, expires_at=_end(call), by=call.principal)
        unit.after_commit.append(lambda: call.forget_key(key_id))
        return call.created(unit, _issued(fresh), location=f"/v1/keys/{fresh.key.id}")


@router.delete("/{key_id}", status_code=204, dependencies=[requires("keys:write")])
def revoke_key(call: Call, key_id: KeyId) -> Response:
    """Revoke a key. It ends at once here, and within seconds in every other process."""
    with call.unit() as unit:
        keys.revoke(unit, unit.get(ApiKey, key_id))
        unit.after_commit.append(lambda: call.forget_key(key_id))
        return call.nothing(unit)


def _end(call: CallContext) -> datetime:
    return call.service.now() + timedelta(days=call.service.settings.api.key_days)


def _shown(key: ApiKey) -> dict[str, Any]:
    return {name: getattr(key, name) for name in KeyView.model_fields}


def _view(key: ApiKey) -> KeyView:
    return KeyView.model_validate(_shown(key))


def _issued(issued: keys.Issued) -> IssuedKey:
    return IssuedKey.model_validate({**_shown(issued.key), "key": issued.text})
