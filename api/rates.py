"""Quotas: a token bucket for each key and kind of request, in this process.

A bucket holds at most `quota` tokens and gains `quota` in a minute; a request takes one. Headers
follow the IETF draft `draft-ietf-httpapi-ratelimit-headers`: `q` and `w` are quota and window, `r`
the tokens left, `t` the seconds until the bucket is full (after a refusal: until the next token).

N processes that serve one key let at most N times the quota pass, since each counts for itself.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from api.scopes import RateClass

WINDOW_S = 60
MOST_BUCKETS = 20_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a key after a request."""

    name: str
    quota: int
    left: int
    reset_s: int
    allowed: bool

    def headers(self) -> dict[str, str]:
        """`RateLimit-Policy`, `RateLimit` and, after a refusal, `Retry-After`."""
        found = {
            "RateLimit-Policy": f'"{self.name}";q={self.quota};w={WINDOW_S}',
            "RateLimit": f'"{self.name}";r={self.left};t={self.reset_s}',
        }
        if not self.allowed:
            found["Retry-After"] = str(self.reset_s)
        return found


class Rates:
    """The buckets of this process. Used from the event loop alone, so nothing is locked.

    At most `MOST_BUCKETS` are kept; a bucket that was not used for a minute is full, and forgetting
    it changes nothing.
    """

    def __init__(
        self,
        quotas: Mapping[RateClass, int],
        clock: Callable[[], float],
        *,
        most: int = MOST_BUCKETS,
    ) -> None:
        self._quotas = dict(quotas)
        self._clock = clock
        self._most = most
        self._buckets: OrderedDict[tuple[str, RateClass], tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key_id: str, kind: RateClass) -> Allowance:
        """Takes a token if there is one."""
        quota = self._quotas[kind]
        now = self._clock()
        tokens, since = self._buckets.get((key_id, kind), (float(quota), now))
        tokens = min(float(quota), tokens + (now - since) * quota / WINDOW_S)
        allowed = tokens >= 1
        if allowed:
            tokens -= 1
        self._buckets[key_id, kind] = (tokens, now)
        self._buckets.move_to_end((key_id, kind))
        self._forget(now)
        wanted = quota - tokens if allowed else 1 - tokens
        reset_s = max(1, math.ceil(wanted * WINDOW_S / quota))
        return Allowance(kind.value, quota, int(tokens), reset_s, allowed)

    def _forget(self, now: float) -> None:
        """Drops two old buckets at most, so that no request pays for many."""
        for _ in range(2):
            oldest = next(iter(self._buckets))
            if len(self._buckets) <= self._most and now - self._buckets[oldest][1] < WINDOW_S:
                return
            if len(self._buckets) == 1:
                return
            del self._buckets[oldest]
