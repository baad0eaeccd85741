"""Routes, one file for each area. A new area is one line in `ROUTERS` and one in `TAGS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter

from api.routes import health, keys, ledger, pages

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    pages.router,
    keys.router,
    ledger.router,
)

TAGS: Mapping[str, str] = MappingProxyType(
    {
        "Keys": "API keys of the tenant: issued, rotated, revoked. A secret is shown once.",
        "Ledger": "The signed record of what happened, with proofs to keep outside.",
        "Service": "What the operator's tools ask: life, readiness, metrics; and these pages.",
    }
)
