"""What the handlers of a worker share."""

from __future__ import annotations

import threading

from api.models import open_models
from audit.inference import Models
from audit.jobs import JobContext
from audit.operations.uploads import Intake
from audit.settings import Settings
from audit.store import Store
from audit.vault import Scratch, Vault
from identity.gallery import Galleries, Rules


class Bench:
    """The store, the vault and the models of one process. Models are opened when first needed."""

    def __init__(
        self, settings: Settings, store: Store, vault: Vault, *, models: Models | None = None
    ) -> None:
        self.settings = settings
        self.store = store
        self.vault = vault
        self.intake = Intake.of(settings, store, vault)
        storage = settings.storage
        folders = (storage.scratch_memory_dir, storage.scratch_dir)
        self.scratch = Scratch(
            tuple(folder for folder in folders if folder), storage.free_floor_mb << 20
        )
        self.galleries = Galleries(Rules(most_bytes=settings.gallery_mb << 20))
        self._models = models
        self._lock = threading.Lock()

    def models(self) -> Models:
        """The weights of the default set. Raises `WeightsUnavailable` where one is missing."""
        with self._lock:
            if self._models is None:
                self._models = open_models(self.settings)
            return self._models


class Watched:
    """A `Progress` of the science packages that shows it in the job, and ends the run if asked.

    `share`: how much of the job the work is; the rest is left for what follows it.
    """

    def __init__(self, context: JobContext, *, share: float = 0.95) -> None:
        self._context = context
        self._share = share

    def __call__(self, stage: str, done: float) -> None:
        """Raises `JobCancelled`, `JobLost` or `JobReleased` where the run is to end."""
        self._context.progress(done * self._share, stage)
        self._context.check_cancelled()
