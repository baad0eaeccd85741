"""Who may what: scopes, the roles that hold them, and how a route states the one that it needs.

Least privilege. A platform writes what it brings and reads what comes of it; it decides no review,
downloads no recording and manages no keys. Compliance works with people's cases, decides reviews,
and has a recording checked that came by another way than a platform. An auditor reads evidence, and
never recordings or demographics. An administrator configures, and sees no person's data. Nobody
reads demographics: they go into fairness audits, which show groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from fastapi.params import Depends

from audit.records.access import Role

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "systems:read": "read the hiring tools that are audited",
        "systems:write": "register and change hiring tools",
        "candidates:read": "read candidates' references and jurisdictions",
        "candidates:write": "register and change candidates, and opt them out",
        "demographics:write": "store and delete self-reported demographics; nobody reads them back",
        "interviews:read": "read interviews",
        "interviews:write": "register and change interviews",
        "consents:read": "read consents",
        "consents:write": "record consents and their withdrawal",
        "media:read": "read facts about media and uploads: size, hash, state",
        "media:write": "upload media, have it pulled from a registered store, delete it",
        "media:content": "download a recording; each download is recorded",
        "checks:read": "read checks, their results and evidence",
        "checks:write": "start and cancel checks",
        "challenges:read": "read active challenges and what was found in their responses",
        "challenges:write": "make and take back links to active challenges",
        "identities:read": "read which references are kept of a candidate, and comparisons",
        "identities:write": "keep and delete biometric references made from media",
        "identities:compare": "compare sessions of a candidate; answers come in bands",
        "galleries:read": "read the bases of searches, shared galleries, and pairs who are alike",
        "galleries:write": "record and withdraw bases of searches, take part in shared galleries",
        "flags:read": "read flags",
        "flags:write": "close and reopen flags",
        "reviews:read": "read review cases",
        "reviews:write": "open and assign review cases, add evidence",
        "reviews:decide": "decide a review case",
        "requests:read": "read people's requests",
        "requests:write": "open people's requests, and take them back for them",
        "requests:answer": "answer people's requests, hand out their data, erase on request",
        "notices:read": "read notices",
        "notices:write": "record notices that were sent",
        "fairness_audits:read": "read fairness audits",
        "fairness_audits:write": "start and cancel fairness audits",
        "outcomes:read": "read outcomes and stage changes",
        "outcomes:write": "bring in outcomes and stage changes",
        "reports:read": "read reports",
        "reports:write": "have reports made",
        "answers:read": "read what persons recorded for rule packs",
        "answers:write": "record answers for rule packs",
        "publications:read": "read public pages and until when they stay",
        "publications:write": "post summaries on public pages, take pages down",
        "ledger:read": "read, prove and export the ledger",
        "webhooks:read": "read webhook endpoints and deliveries",
        "webhooks:write": "manage webhook endpoints, replay deliveries",
        "keys:read": "read keys, without their secrets",
        "keys:write": "issue, rotate and revoke keys",
        "users:read": "read who may sign in at the pages",
        "users:write": "invite people to the pages, change their roles, end what they may do",
        "policies:read": "read flag policies and dry runs",
        "policies:write": "change flag policies",
        "ats:read": "read connections to applicant tracking systems",
        "ats:write": "manage connections to applicant tracking systems",
        "retention:read": "read retention, legal holds and what was erased",
        "retention:write": "set retention and legal holds, erase",
    }
)

_PLATFORM = (
    "systems:read candidates:read candidates:write demographics:write interviews:read "
    "interviews:write consents:read consents:write media:read media:write checks:read checks:write "
    "challenges:read challenges:write "
    "identities:read identities:write identities:compare galleries:read flags:read requests:read "
    "requests:write notices:read notices:write outcomes:read outcomes:write reports:read "
    "reports:write"
)
_COMPLIANCE = (
    "systems:read candidates:read candidates:write demographics:write interviews:read "
    "interviews:write consents:read consents:write media:read media:write media:content "
    "checks:read checks:write challenges:read identities:read galleries:read galleries:write "
    "flags:read flags:write reviews:read reviews:write reviews:decide requests:read requests:write "
    "requests:answer notices:read notices:write fairness_audits:read fairness_audits:write "
    "outcomes:read outcomes:write reports:read reports:write answers:read answers:write "
    "publications:read publications:write ledger:read users:read policies:read "
    "policies:write retention:read retention:write"
)
_AUDITOR = (
    "systems:read checks:read flags:read reviews:read fairness_audits:read reports:read "
    "answers:read publications:read ledger:read policies:read retention:read"
)
_ADMIN = (
    "systems:read systems:write flags:read reports:read answers:read publications:read "
    "ledger:read webhooks:read webhooks:write "
    "keys:read keys:write users:read users:write policies:read policies:write "
    "ats:read ats:write retention:read retention:write"
)

ROLE_SCOPES: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        Role.PLATFORM: frozenset(_PLATFORM.split()),
        Role.COMPLIANCE: frozenset(_COMPLIANCE.split()),
        Role.AUDITOR: frozenset(_AUDITOR.split()),
        Role.ADMIN: frozenset(_ADMIN.split()),
    }
)


class RateClass(StrEnum):
    """Kinds of requests with quotas of their own."""

    READ = "read"
    WRITE = "write"
    COMPARE = "compare"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Guard:
    """What a route asks of a request: a scope, or the reason why anybody may send it."""

    scope: str | None
    reason: str = ""
    rate: RateClass | None = None

    async def __call__(self) -> None:
        """Nothing: `api.guarding.GuardedRoute` acts on it before the body is read."""


def requires(scope: str, *, rate: RateClass | None = None) -> Any:
    """Marks a route: it needs this scope. `rate`: left out, `read` or `write` by its method."""
    if scope not in SCOPES:
        raise ValueError(f"there is no scope {scope!r}")
    return Depends(Guard(scope, rate=rate))


def public(reason: str, *, limited: bool = False) -> Any:
    """Marks a route that needs no key; says why, for the OpenAPI document.

    `limited`: whether each address has a quota of such requests.
    """
    return Depends(Guard(None, reason=reason, rate=RateClass.PUBLIC if limited else None))
