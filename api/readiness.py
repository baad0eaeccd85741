"""Whether requests should be sent here: each part is asked, in limited time, once a second.

A part that hangs costs one thread, once: it is not asked again before it has answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

from audit.errors import AuditError

LIMIT_S = 3.0
KEPT_S = 1.0
OK = "ok"


class Readiness:
    """Asks the parts."""

    def __init__(
        self, parts: Mapping[str, Callable[[], None]], *, limit_s: float = LIMIT_S
    ) -> None:
        self._parts = dict(parts)
        self._limit_s = limit_s
        self._pool = ThreadPoolExecutor(max(1, len(parts)), thread_name_prefix="readiness")
        self._asked: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._known: tuple[float, dict[str, str]] | None = None

    def look(self) -> dict[str, str]:
        """`ok`, or what is wrong, for each part."""
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] >= KEPT_S:
                self._known = (time.monotonic(), self._look())
            return dict(self._known[1])

    def close(self) -> None:
        """Waits for nothing that hangs."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _look(self) -> dict[str, str]:
        for name, part in self._parts.items():
            if name not in self._asked:
                self._asked[name] = self._pool.submit(part)
        done, _ = wait(self._asked.values(), timeout=self._limit_s)
        found = {name: _words(asked, asked in done) for name, asked in self._asked.items()}
        self._asked = {name: asked for name, asked in self._asked.items() if asked not in done}
        return found


def _words(asked: Future[None], done: bool) -> str:
    """Says which kind of failure it is; its message may name hosts and files."""
    if not done:
        return "does not answer"
    error = asked.exception()
    if error is None:
        return OK
    return error.code if isinstance(error, AuditError) else type(error).__name__
