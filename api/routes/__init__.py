"""Routes, one file for each area. A new area is one line in `ROUTERS` and one in `TAGS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter

from api.routes import (
    ats,
    candidates,
    checks,
    consents,
    fairness_audits,
    flags,
    health,
    holds,
    identities,
    interviews,
    jobs,
    keys,
    ledger,
    media,
    notices,
    outcomes,
    pages,
    policies,
    reports,
    requests,
    retention,
    reviewers,
    reviews,
    systems,
    uploads,
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
    uploads.router,
    media.router,
    checks.router,
    identities.router,
    outcomes.router,
    fairness_audits.router,
    reports.router,
    jobs.router,
    ats.router,
    flags.router,
    reviews.router,
    reviewers.router,
    requests.router,
    policies.router,
    holds.router,
    retention.router,
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
        "Media": "Recordings: sent whole, in pieces that can be resumed, or pulled; sealed.",
        "Checks": "Checks of recordings: asked for, followed as they go, cancelled, read.",
        "Identities": "References under consent, and comparisons with them, which answer in bands.",
        "Outcomes": "What happened to candidates: in as JSON or CSV. It changes nobody's status.",
        "Fairness audits": "Audits of scores and outcomes; no legal conclusion is reached.",
        "Reports": "Reports of checks and audits, in all their forms. Each reading is recorded.",
        "Jobs": "How far the work of a check, a comparison or an audit is.",
        "ATS": "Connections to applicant tracking systems: outcomes in, notes out.",
        "Flags": "What a policy wants a person to look at, or to know. A flag changes no status.",
        "Reviews": "Cases that people decide, who took no part in what they review.",
        "Requests": "What candidates ask for, with legal clocks; an opt-out works at once.",
        "Policies": "What raises flags: versions, and dry runs against past results.",
        "Retention": "What is kept how long, what has to be kept, and proof of what was erased.",
        "Keys": "API keys of the tenant: issued, rotated, revoked. A secret is shown once.",
        "Ledger": "The signed record of what happened, with proofs to keep outside.",
        "Service": "What the operator's tools ask: life, readiness, metrics; and these pages.",
        "Webhooks": "Who is told what happens, by signed messages, and what was sent.",
    }
)
