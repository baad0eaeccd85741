"""What all requests of an app share."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request

from api.idempotency import InFlight
from api.identity_provider import Provider
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
    companies: Mapping[str, Provider]
    """Identity providers by organisation."""

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
        known = {name: Provider(each) for name, each in service.settings.companies.items()}
        return cls(service, keys, Rates(quotas, time.monotonic), InFlight(), known)

    @property
    def settings(self) -> Api:
        """The frame's settings."""
        return self.service.settings.api


def frame(request: Request) -> Frame:
    """The frame of the app that serves a request."""
    found: Frame = request.app.state.frame
    return found
