"""What a report can be about, as lists to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from api.workplace.framing import Visit
from audit.clocks import RequestKind
from audit.records.evidence import Check, FairnessAudit, RunState
from audit.records.oversight import Request
from audit.records.register import Candidate, Outcome, System
from audit.store import Page, ReadUnit

_MOST = 50
_MOST_SYSTEMS = 200
_FINISHED = {"state": RunState.FINISHED}


@dataclass(frozen=True, slots=True)
class Choice:
    """One group of a list: its label, and what is in it as identifier and words."""

    label: str
    options: tuple[tuple[str, str], ...]


def choices(visit: Visit, unit: ReadUnit, prefixes: Sequence[str]) -> tuple[Choice, ...]:
    """The newest of each kind that a subject may be, if the role reads them."""
    found = []
    for prefix in prefixes:
        scope, label, of = _OF[prefix]
        if visit.call.may(scope):
            found.append(Choice(label, of(unit)))
    return tuple(found)


def systems(unit: ReadUnit) -> tuple[tuple[str, str], ...]:
    """Systems by name; those that are retired say so."""
    found = unit.page(System, Page(_MOST_SYSTEMS)).items
    said = [(each.id, each.name + (", retired" if each.retired_at else "")) for each in found]
    return tuple(sorted(said, key=lambda each: each[1].casefold()))


def _audits(unit: ReadUnit) -> tuple[tuple[str, str], ...]:
    found = unit.page(FairnessAudit, Page(_MOST), _FINISHED).items
    return tuple((each.id, f"{each.name}, {each.created_at:%d %b %Y}") for each in found)


def _checks(unit: ReadUnit) -> tuple[tuple[str, str], ...]:
    found = unit.page(Check, Page(_MOST), _FINISHED).items
    return tuple(
        (each.id, f"Interview {each.interview_id[-6:]}, {each.created_at:%d %b %Y, %H:%M}")
        for each in found
    )


def _candidates(unit: ReadUnit) -> tuple[tuple[str, str], ...]:
    found = unit.page(Candidate, Page(_MOST), {"erased_at": None}).items
    return tuple((each.id, each.external_ref) for each in found)


def _outcomes(unit: ReadUnit) -> tuple[tuple[str, str], ...]:
    found = unit.page(Outcome, Page(_MOST)).items
    return tuple(
        (
            each.id,
            f"{each.outcome.value.replace('_', ' ').capitalize()}, {each.job or 'no job'}, "
            f"{each.occurred_at:%d %b %Y}",
        )
        for each in found
    )


def _requests(unit: ReadUnit) -> tuple[tuple[str, str], ...]:
    found = unit.page(Request, Page(_MOST), {"kind": RequestKind.EXPLANATION}).items
    return tuple((each.id, f"Request of {each.created_at:%d %b %Y}") for each in found)


_Of = Callable[[ReadUnit], tuple[tuple[str, str], ...]]
_OF: Mapping[str, tuple[str, str, _Of]] = {
    "sys": ("systems:read", "Systems", systems),
    "aud": ("fairness_audits:read", "Finished fairness audits", _audits),
    "chk": ("checks:read", "Finished checks", _checks),
    "cand": ("candidates:read", "Candidates, by your reference", _candidates),
    "out": ("outcomes:read", "Outcomes", _outcomes),
    "req": ("requests:read", "Requests for an explanation", _requests),
}
