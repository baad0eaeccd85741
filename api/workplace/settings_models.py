"""Models: each weight with its card; each signal with its limits, thresholds and errors."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response

from api.models_cli import card_lines
from api.scopes import requires
from api.workplace import model_facts
from api.workplace.framing import HOME, VisitDep, router
from audit.errors import NotFound, SettingsInvalid
from audit.operations import policies
from audit.weights import WeightStore

pages = router()
MODELS = f"{HOME}/settings/models"
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


@pages.get("/settings/models", dependencies=[requires("policies:read")])
def models(visit: VisitDep) -> Response:
    """All weights and all signals; which are off, and what it takes to turn one on."""
    store = WeightStore(visit.call.service.settings.weights_dir)
    allowed = visit.call.service.settings.optional_signals
    with visit.call.reading() as unit:
        asked = policies.active_policy(unit).optional_signals
    return visit.page(
        "settings/models.html",
        weights=[
            (row, model_facts.state(store, row), model_facts.users_of(row.id))
            for row in store.manifest
        ],
        signals=[
            (each, _standing(each.spec.name, asked, allowed) if each.spec.optional else "on")
            for each in model_facts.signals()
        ],
    )


@pages.get("/settings/models/{weight}", dependencies=[requires("policies:read")])
def model(visit: VisitDep, weight: Name) -> Response:
    """One weight: its card, as `fairwitness models card` shows it."""
    store = WeightStore(visit.call.service.settings.weights_dir)
    try:
        row = store.row(weight)
    except SettingsInvalid:
        raise NotFound(f"There is no weight {weight!r}.") from None
    return visit.page(
        "settings/model.html",
        row=row,
        lines=card_lines(row),
        state=model_facts.state(store, row),
        users=model_facts.users_of(row.id),
    )


@pages.get("/settings/signals/{signal}", dependencies=[requires("policies:read")])
def signal(visit: VisitDep, signal: Name) -> Response:
    """One signal: what it cannot see, its thresholds with their source, and measured errors."""
    found = next((each for each in model_facts.signals() if each.spec.name == signal), None)
    if found is None:
        raise NotFound(f"There is no signal {signal!r}.")
    return visit.page("settings/signal.html", signal=found, spec=found.spec)


def _standing(name: str, asked: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    """An optional signal runs where both the policy asks for it and the service lets it."""
    if name in asked:
        return "on" if name in allowed else "not_allowed"
    return "off_by_policy" if name in allowed else "off"
