"""What all requests of an app share."""

from __future__ import annotations

import time
from dataclasses import dataclass

from fastapi import Request

from api.idempotency import InFlight
from api.principal import Keys
from api.rates import Rates
from api.scopes import RateClass
from api.service import Service
from audit.settings import Api


@dataclass(frozen=True, slots=True)
class Frame:
    """The parts of the frame; made by `create_app`."""

    service: Service
    keys: Keys
    rates: Rates
    in_flight: InFlight

    @classmethod
    def around(cls, service: Service) -> Frame:
        """The frame around a service, with the quotas of its settings."""
        api = service.settings.api
        quotas = {
            RateClass.READ: api.reads_per_minute,
            RateClass.WRITE: api.writes_per_minute,
            RateClass.COMPARE: api.comparisons_per_minute,
            RateClass.PUBLIC: api.public_per_minute,
        }
        keys = Keys(service.store, time.monotonic, cache_s=api.key_cache_s)
        return cls(service, keys, Rates(quotas, time.monotonic), InFlight())

    @property
    def settings(self) -> Api:
        """The frame's settings."""
        return self.service.settings.api


def frame(request: Request) -> Frame:
    """The frame of the app that serves a request."""
    found: Frame = request.app.state.frame
    return found
