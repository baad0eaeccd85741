"""What is known of one request and its answer while it is served."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from api.principal import Principal
from api.rates import Allowance
from audit.ids import new_id

_KEY = "fairwitness.exchange"
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.\-]{8,64}")


@dataclass(slots=True)
class Exchange:
    """One request and its answer. Filled in as the request passes the frame."""

    request_id: str
    principal: Principal | None = None
    allowance: Allowance | None = None
    body_hash: str = ""
    idempotency_key: str | None = None
    problem: str = ""
    fault: Exception | None = None

    @classmethod
    def begin(cls, scope: MutableMapping[str, Any], offered: str | None) -> Exchange:
        """Starts an exchange; takes the request id that was offered where it has a safe form."""
        if offered is None or not _REQUEST_ID.fullmatch(offered):
            offered = new_id("rqt")
        started = cls(offered)
        scope[_KEY] = started
        return started


def exchange(scope: MutableMapping[str, Any]) -> Exchange:
    """The exchange of a request's scope."""
    found: Exchange = scope[_KEY]
    return found
