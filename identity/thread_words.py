"""What a candidate's sessions show, in one sentence: who is whom by face, and by voice, apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Literal

from audit.types import Status
from identity.thread import TraitThread

Said = Literal["one", "several", "unclear", "uncalibrated", "too_few"]
Numbers = Mapping[str, int]
"""The number of each session, by its label."""

ORDINALS = ("one person", "another", "a third", "a fourth", "a fifth", "a sixth")


def said_of(thread: TraitThread) -> Said:
    """What may be said: several persons only where a boundary asks for review."""
    if len(thread.sessions) < 2:
        return "too_few"
    if not thread.calibrated:
        return "uncalibrated"
    if thread.status is Status.REVIEW and len(set(thread.people)) > 1:
        return "several"
    return "one" if thread.status is Status.NO_INDICATION else "unclear"


def placed(thread: TraitThread) -> tuple[int | None, ...]:
    """A person's number for each session, from 1 by first appearance; None where it is not sure.

    A session after a boundary of which nothing can be said keeps its person only where the
    likeliest division has no change there; up to the next boundary that says something.
    """
    if said_of(thread) not in ("one", "several"):
        return (None,) * len(thread.sessions)
    found: list[int | None] = []
    for place, person in enumerate(thread.people):
        before = thread.boundaries[place - 1] if place else None
        open_ = before is not None and before.status is Status.INCONCLUSIVE
        stays = before is not None and before.status is Status.NO_INDICATION
        changed = bool(place) and person != thread.people[place - 1]
        unsure = (open_ and changed) or (stays and found[-1] is None)
        found.append(None if unsure else person)
    return _renumbered(found)


def _renumbered(found: Sequence[int | None]) -> tuple[int | None, ...]:
    order: dict[int, int] = {}
    for person in found:
        if person is not None:
            order.setdefault(person, len(order) + 1)
    return tuple(None if person is None else order[person] for person in found)


def sentence(threads: Sequence[TraitThread], numbers: Numbers) -> str:
    """All traits in plain words, as "By face, sessions 1-3 are of one person, ...".

    `numbers` names the sessions. Nothing is said of authenticity: a match does not show that a
    face or a voice is genuine.
    """
    if not threads or all(said_of(each) == "too_few" for each in threads):
        return "Too few sessions show a face or a voice well enough to be compared."
    return " ".join(f"{_clause(each, numbers)}." for each in threads)


def _clause(thread: TraitThread, numbers: Numbers) -> str:
    named = [numbers[label] for label in thread.sessions]
    by = f"By {thread.trait}, "
    said = said_of(thread)
    if said == "too_few":
        return f"{by}fewer than two sessions can be compared"
    if said == "uncalibrated":
        return f"{by}nothing can be said: no likelihood ratio is known for this network"
    if said == "unclear":
        return f"{by}whether {sessions(named)} are of one person cannot be said"
    if said == "one":
        return f"{by}{sessions(named)} are of the same person"
    return f"{by}{_persons(named, placed(thread))}{_unsure(thread, named)}"


def _persons(named: Sequence[int], people: Sequence[int | None]) -> str:
    groups: dict[int, list[int]] = {}
    for number, person in zip(named, people, strict=True):
        if person is not None:
            groups.setdefault(person, []).append(number)
    parts = [
        f"{sessions(own)} {'are' if len(own) > 1 else 'is'} of {_ordinal(person)}"
        for person, own in sorted(groups.items())
    ]
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]


def _unsure(thread: TraitThread, named: Sequence[int]) -> str:
    """Which sessions may or may not be of the person before, in words."""
    open_ = [
        named[place + 1]
        for place, boundary in enumerate(thread.boundaries)
        if boundary.status is Status.INCONCLUSIVE
    ]
    if not open_:
        return ""
    each = "is" if len(open_) == 1 else "are"
    return f"; whether {sessions(open_)} {each} of the person before cannot be said"


def _ordinal(person: int) -> str:
    return ORDINALS[person - 1] if person <= len(ORDINALS) else f"person {person}"


def sessions(named: Sequence[int], noun: str = "session") -> str:
    """Numbers of sessions as "session 4" or "sessions 1-3 and 5"."""
    runs = [
        [number for _, number in run]
        for _, run in groupby(enumerate(sorted(named)), key=lambda item: item[1] - item[0])
    ]
    parts = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    joined = ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]
    return f"{noun}{'s' if len(named) > 1 else ''} {joined}"
