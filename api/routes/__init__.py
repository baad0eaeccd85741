"""Routes, one file for each area. A new area is one line in `ROUTERS` and one in `TAGS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter

from api.routes import (
    ats,
    candidates,
    consents,
    health,
    interviews,
    keys,
    ledger,
    notices,
    outcomes,
    pages,
    systems,
    webhooks,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    pages.router,
    systems.router,
    candidates.router,
    interviews.router,
    consents.router,
    notices.router,
    outcomes.router,
    ats.router,
    keys.router,
    ledger.router,
    webhooks.router,
)

TAGS: Mapping[str, str] = MappingProxyType(
    {
        "Systems": "Hiring tools that are audited.",
        "Candidates": "Candidates, by opaque references; demographics go in and never come out.",
        "Interviews": "Interviews as they were held, and whether one may be checked automatically.",
        "Consents": "What candidates agreed to and took back, with what follows from it.",
        "Notices": "Notices that were given, and whether their clocks were kept.",
        "Outcomes": "What happened to candidates: in as JSON or CSV. It changes nobody's status.",
        "ATS": "Connections to applicant tracking systems: outcomes in, notes out.",
        "Keys": "API keys of the tenant: issued, rotated, revoked. A secret is shown once.",
        "Ledger": "The signed record of what happened, with proofs to keep outside.",
        "Service": "What the operator's tools ask: life, readiness, metrics; and these pages.",
        "Webhooks": "Who is told what happens, by signed messages, and what was sent.",
    }
)
