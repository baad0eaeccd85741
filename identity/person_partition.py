"""Which sessions are of one person: a Bayesian partition of few sessions in time order.

The model is a Markov chain over sessions. With probability `change` the next session is of another
person than the last; of those, a share is of somebody new and the rest of somebody who was there
earlier, each alike. Each session adds the likelihood ratio of one person against two between it and
what is pooled of the person that it is put with, or 1 for somebody new. A session thus counts once,
whatever the number of pairs: sums over all pairs would count what pairs share again and again.

All partitions are weighed of up to seven sessions, which have 877; of more, the `MOST` that weigh
most are kept at each session.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

MOST = 1000
NEW_SHARE = 0.5
"""Of changes, how many are expected to bring somebody new, where somebody may return."""

Compare = Callable[[int, tuple[int, ...]], float]
"""log10 LR, one person against two, of a session against earlier ones together; 0 = unknown."""
_Groups = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Division:
    """What the sessions' evidence says of them together.

    Attributes:
        people (n,): a number for each session's person, in order of first appearance, in the
            partition that weighs most. share: its part of the weight of all, prior included, 0..1.
        changes (n - 1,): log10 Bayes factor, change against none, between each session and the
            next, over all partitions; the prior of a change is divided out.
    """

    people: tuple[int, ...]
    share: float
    changes: tuple[float, ...]

    @property
    def returns(self) -> tuple[int, ...]:
        """Sessions that are of somebody earlier than the session before."""
        seen: set[int] = set()
        found = []
        for place, person in enumerate(self.people):
            if place and person != self.people[place - 1] and person in seen:
                found.append(place)
            seen.add(person)
        return tuple(found)


def divide(count: int, compare: Compare, *, change: float) -> Division:
    """The division of `count` sessions, at least one; `change` is the prior of a change, 0..1."""
    held: dict[tuple[int, tuple[int, ...]], float] = {}

    def ratio(session: int, members: tuple[int, ...]) -> float:
        key = session, members
        if key not in held:
            held[key] = compare(session, members)
        return held[key]

    weights: dict[tuple[int, ...], float] = {(0,): 0.0}
    members: dict[tuple[int, ...], _Groups] = {(0,): ((0,),)}
    for session in range(1, count):
        priors = [_priors(number, change) for number in range(session + 1)]
        grown: dict[tuple[int, ...], float] = {}
        for people, weight in weights.items():
            groups, last = members[people], people[-1]
            same, other, new = priors[len(groups)]
            for person, own in enumerate(groups):
                gain = ratio(session, own)
                grown[*people, person] = weight + (same if person == last else other) + gain
            grown[*people, len(groups)] = weight + new
        best = sorted(grown, key=lambda p: -grown[p])[:MOST]
        weights = {people: grown[people] for people in best}
        members = {people: _joined(members[people[:-1]], people[-1], session) for people in best}
    return _summed(count, weights, math.log10(change / (1.0 - change)))


def _joined(groups: _Groups, person: int, session: int) -> _Groups:
    """The sessions of each person, with one more of a person; of somebody new, at the end."""
    if person == len(groups):
        return (*groups, (session,))
    return (*groups[:person], (*groups[person], session), *groups[person + 1 :])


def _priors(number: int, change: float) -> tuple[float, float, float]:
    """log10 of the priors of the next session after `number` persons.

    That it is of the same person as the last, of each other one, and of somebody new.
    """
    others = number - 1
    if others < 1:
        return math.log10(1.0 - change), -math.inf, math.log10(change)
    returned = change * (1.0 - NEW_SHARE) / others
    return math.log10(1.0 - change), math.log10(returned), math.log10(change * NEW_SHARE)


def _summed(count: int, weights: dict[tuple[int, ...], float], prior: float) -> Division:
    most = max(weights.values())
    mass = {people: 10.0 ** (weight - most) for people, weight in weights.items()}
    total = sum(mass.values())
    best = max(mass, key=lambda people: mass[people])
    changes = []
    for place in range(1, count):
        changed = sum(m for people, m in mass.items() if people[place] != people[place - 1])
        stayed = total - changed
        odds = math.log10(max(changed, 1e-300)) - math.log10(max(stayed, 1e-300))
        changes.append(odds - prior)
    return Division(best, mass[best] / total, tuple(changes))
