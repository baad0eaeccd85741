"""Opening the weights that checks need."""

from __future__ import annotations

from audit.inference import Models
from audit.settings import Settings
from audit.weights import WeightStore


def open_models(settings: Settings) -> Models:
    """The weights of the default set, or an error that says how to get them."""
    store = WeightStore(settings.weights_dir)
    for row in store.manifest.default:
        store.path(row.id)
    return Models(store, threads=settings.threads, settings=settings)
