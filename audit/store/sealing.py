"""Takes waiting events into the logs, again and again, beside whatever else a process does.

Any number of processes may do it: each log is locked while it is written. A log that does not
extend its last head is left alone, and said so, until somebody has looked (`ledger verify`).
"""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from sqlalchemy.exc import SQLAlchemyError

from audit.errors import AuditError
from audit.store import log
from audit.store.store import Store

_LOG = logging.getLogger(__name__)


class Sealer:
    """A thread that seals each `every_s` seconds while the block runs, and once more at its end."""

    def __init__(self, store: Store, *, every_s: float = 1.0) -> None:
        self._store = store
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)
        self._refused: set[str] = set()

    def __enter__(self) -> Sealer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            last = self._stopping.wait(self._every_s)
            self._seal_all()
            if last:
                return

    def _seal_all(self) -> None:
        try:
            with self._store.system(read_only=True) as connection:
                tenants = log.waiting(connection)
        except SQLAlchemyError as error:
            _LOG.warning("the ledger could not be read", extra={"fault": type(error).__name__})
            return
        for tenant in tenants:
            self._seal(tenant)

    def _seal(self, tenant: str) -> None:
        try:
            self._store.seal(tenant)
            self._refused.discard(tenant)
        except AuditError as error:
            if tenant not in self._refused:
                _LOG.error(
                    "the ledger was not sealed", extra={"tenant": tenant, "code": error.code}
                )
            self._refused.add(tenant)
        except SQLAlchemyError as error:
            _LOG.warning("the ledger was not sealed", extra={"fault": type(error).__name__})
