"""Flag policies: versions, which one is active, and what another would raise."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from api.call import Call, RawBody
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.routes.streams import body_of
from api.scopes import requires
from audit.errors import PolicyInvalid
from audit.operations import policies
from audit.operations.policies import DEFAULT, MOST_RESULTS, DryRun
from audit.operations.reports import ResultReader
from audit.records.oversight import Policy

router = area("Policies", "/policies")

_YAML = "application/yaml"
_EXAMPLE = """policy: ours
version: 1
rules:
  - id: identity_review
    match: {part: finding, question: [identity], verdict: [review]}
    flag:
      kind: interview_evidence
      severity: high
      outcome: needs_human_review
      reason: "A person should look at {question}. {reasons}"
      four_eyes: true
      due: {length: 5, unit: business_days, reminders: [2]}
      recipients: [platform, compliance]
"""
_NAME = r"^[a-z][a-z0-9_]{0,63}$"
Name = Annotated[str, Path(pattern=_NAME, description="Name of the policy.", examples=["ours"])]
Number = Annotated[int, Path(ge=1, le=1_000_000, description="Version of the policy.")]
NameFilter = Annotated[str | None, Query(pattern=_NAME, description="Only of this name.")]
NameAsked = Annotated[
    str, Query(pattern=_NAME, description="Name of the policy.", examples=["default"])
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivePolicy:
    """The policy that flags now."""

    name: Annotated[str, Field(description="Its name.")]
    number: Annotated[int, Field(description="Its version.")]
    sha256: Annotated[str, Field(description="Hash of its meaning.")]
    ours: Annotated[bool, Field(description="Whether it is the one that comes with the service.")]
    text: Annotated[str, Field(description="YAML.")]


@router.put(
    "/{name}",
    response_model=Policy,
    responses=also(400, 413, "policy_invalid", "already_exists"),
    openapi_extra=body_of(_YAML, _EXAMPLE),
    dependencies=[requires("policies:write")],
)
def add_policy_version(call: Call, name: Name, body: RawBody) -> Response:
    """Store a version of a policy, as YAML; it is not active yet.

    Versions are never changed: the same text again gives the stored one, another needs a higher
    version. What is wrong is named with its line.
    """
    text = _text(name, body)
    with call.unit() as unit:
        return call.changed(unit, policies.add_version(unit, name, text))


@router.get("", response_model=Listed[Policy], dependencies=[requires("policies:read")])
def list_policies(
    call: Call,
    paging: Paging,
    name: NameFilter = None,
    active: Annotated[bool | None, Query(description="Only those that are, or are not.")] = None,
) -> Response:
    """Versions of all policies, the newest first."""
    where: dict[str, object] = {} if name is None else {"name": name}
    if active is not None:
        where["active"] = active
    with call.reading() as unit:
        return call.listing(paging, unit.page(Policy, paging.page, where))


@router.get("/active", response_model=ActivePolicy, dependencies=[requires("policies:read")])
def read_active_policy(call: Call, name: NameAsked = DEFAULT) -> Response:
    """The policy that flags for systems that name it.

    The active version of that name; without one, the active `default`; without that, the one that
    comes with the service.
    """
    with call.reading() as unit:
        found = policies.active_policy(unit, name)
        stored = unit.find(Policy, name=found.policy, active=True)
        text = stored.text if stored else supplied_text()
        shown = ActivePolicy(
            name=found.policy,
            number=found.version,
            sha256=found.sha256,
            ours=stored is None,
            text=text,
        )
        return call.shown(shown)


@router.post(
    "/dry-run",
    response_model=DryRun,
    responses=also(400, 413, "policy_invalid"),
    openapi_extra=body_of(_YAML, _EXAMPLE),
    dependencies=[requires("policies:read")],
)
def try_policy(
    call: Call,
    body: RawBody,
    name: NameAsked = DEFAULT,
    limit: Annotated[
        int, Query(ge=1, le=MOST_RESULTS, description="How many of the newest results to read.")
    ] = 50,
) -> Response:
    """What a policy would raise on past results, beside the one that is active. Nothing is stored.

    Results that were erased are left out, and counted.
    """
    call.fingerprint(hashlib.sha256(body).hexdigest())
    text = _text(name, body)
    read = ResultReader(call.service.vault)
    with call.reading() as unit:
        return call.shown(policies.dry_run(unit, text, read=read, name=name, limit=limit))


@router.get(
    "/{name}/versions/{number}", response_model=Policy, dependencies=[requires("policies:read")]
)
def read_policy_version(call: Call, name: Name, number: Number) -> Response:
    """One version, with its text."""
    with call.reading() as unit:
        return call.shown(policies.get_version(unit, name, number))


@router.post(
    "/{name}/versions/{number}/activate",
    response_model=Policy,
    dependencies=[requires("policies:write")],
)
def activate_policy(call: Call, name: Name, number: Number) -> Response:
    """Make a version the one that flags from now on. Flags that were raised stay as they are."""
    with call.unit() as unit:
        return call.changed(unit, policies.activate(unit, name, number))


def _text(name: str, body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PolicyInvalid(f"{name}: not UTF-8 text") from None


def supplied_text() -> str:
    """The policy that comes with the service, as YAML."""
    return resources.files("audit.policies").joinpath("default.yaml").read_text("utf-8")
