"""How long artefacts are kept: days of their system or the default, and what laws say beside."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from audit import clocks
from audit.clocks import Clock
from audit.errors import StepRefused
from audit.operations.holds import in_force
from audit.operations.places import known
from audit.records.register import System
from audit.store import ReadUnit, UnitOfWork

_FROM_STORING = ("record_made_or_action", "decision_made", "log_made")
"""Events that start a law's clock and that are, for an artefact, its storing."""


class Term(BaseModel):
    """How long one kind of artefact is kept; see audit/retention.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int = Field(ge=1)
    covers: tuple[clocks.Artefact, ...]
    destroy_by: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """Until when an artefact is kept, and why until then.

    Attributes:
        rule: `default`, `system`, or the law's clock that decides.
        sooner_than: a clock whose law says to keep it longer than the system's days do. That is the
            organisation's own decision, and is shown.
    """

    until: datetime
    rule: str
    sooner_than: str | None = None


@cache
def terms() -> Mapping[str, Term]:
    """The terms by artefact."""
    text = resources.files("audit").joinpath("retention.toml").read_text("utf-8")
    return MappingProxyType({k: Term.model_validate(v) for k, v in tomllib.loads(text).items()})


def kept(
    artefact: str,
    since: datetime,
    *,
    days: int | None = None,
    places: tuple[str, ...] = (),
    last_contact: datetime | None = None,
) -> Kept:
    """Until when an artefact stored at `since` is kept. `days`: those that its system names.

    `last_contact`: with the candidate; counts for what a law says to destroy.
    """
    term = terms()[artefact]
    until = since + timedelta(days=term.days if days is None else days)
    found = Kept(until, "default" if days is None else "system")
    longest = _longest(term, since, places)
    if longest is not None and longest.ends_at > until:
        if days is None:
            found = Kept(longest.ends_at, longest.clock)
        else:
            found = replace(found, sooner_than=longest.clock)
    return _destroyed(term, found, last_contact or since, places)


def keep_until(unit: UnitOfWork, artefact: str, system_id: str | None) -> datetime:
    """When an artefact that is stored now is erased, as far as its system alone decides.

    The sweep counts anew with the candidate's places, and writes down what it finds.
    """
    days = None
    if system_id is not None:
        days = unit.get(System, system_id).retention_days.get(artefact)
    return kept(artefact, unit.now(), days=days).until


def duties(covers: Iterable[str], places: tuple[str, ...], since: datetime) -> tuple[Clock, ...]:
    """Clocks of laws that say to keep one of these, for what was stored at `since`."""
    wanted = set(covers)
    found = {
        clock.id: clock
        for place in known(places)
        for clock in _keeping(place, since.date())
        if not wanted.isdisjoint(clock.covers)
    }
    return tuple(found.values())


def refuse_held(unit: ReadUnit, candidate_id: str | None, subject: str) -> None:
    """Raises `StepRefused` where a legal hold keeps this, or all that is the candidate's."""
    holds = in_force(unit).on(candidate_id, subject)
    if holds:
        raise StepRefused(f"The legal hold {holds[0]} keeps this. It can be erased once lifted.")


def _longest(term: Term, since: datetime, places: tuple[str, ...]) -> clocks.Deadline | None:
    found = [
        clocks.due(clock, since, place)
        for place in known(places)
        for clock in _keeping(place, since.date())
        if not set(term.covers).isdisjoint(clock.covers)
    ]
    return max(found, key=lambda deadline: deadline.ends_at, default=None)


def _destroyed(term: Term, found: Kept, last_contact: datetime, places: tuple[str, ...]) -> Kept:
    if term.destroy_by is None:
        return found
    clock = clocks.find(term.destroy_by)
    for place in known(places):
        if clock.id in {each.id for each in _binding(place, last_contact.date())}:
            end = clocks.due(clock, last_contact, place).ends_at
            if end < found.until:
                found = Kept(end, clock.id)
    return found


def _keeping(place: str, on: date) -> tuple[Clock, ...]:
    return tuple(
        clock
        for clock in _binding(place, on)
        if clock.direction == "keep_until" and clock.starts in _FROM_STORING
    )


@lru_cache(maxsize=4096)
def _binding(place: str, on: date) -> tuple[Clock, ...]:
    return clocks.running_in(place, on)
