"""What the HTTP frame stands on; made once, by `api.serving`, and passed down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from audit.operations.uploads import Intake
from audit.settings import Settings
from audit.store import Store
from audit.vault import Vault

JobCounts = Mapping[tuple[str, str], int]
"""How many jobs there are, by queue and state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts that routes use.

    `ready`: what must answer before requests are sent here; each raises where it does not.
    `stopping`: set when the process was told to stop, so that long answers can end.
    """

    settings: Settings
    store: Store
    vault: Vault
    ready: Mapping[str, Callable[[], None]]
    job_counts: Callable[[], JobCounts] | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    intake: Intake = field(init=False)
    """All that receives files; one for the process, since it knows hashes of what came so far."""

    def __post_init__(self) -> None:
        intake = Intake.of(self.settings, self.store, self.vault)
        object.__setattr__(self, "intake", intake)

    def now(self) -> datetime:
        """The present moment, aware; the store's clock."""
        return self.store.now()
