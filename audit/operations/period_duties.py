"""What had to be recorded before the interviews of a period, and whether it was.

Consents and notices that a gate asks for are judged as the gate does (`audit.operations.gate`), at
the time of the interview's first check, else of the interview. Notices that a law's clock asks for
(`pre_use`) are judged by that clock. An interview that a person leads, and the human alternative,
need none of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, lru_cache

from audit.calendars import calendar
from audit.clocks import Clock, due, running_in
from audit.operations.gate import Recorded, lacking
from audit.operations.gatebook import Gate, Need, book, chain, needed_in
from audit.operations.notices import CLOCKED
from audit.operations.places import known
from audit.records.period import NoticeCoverage, Share
from audit.records.register import Consent, Mode, Notice, Purpose
from audit.store.period import Span
from audit.store.period_rows import Held, consents_of, held_interviews, notices_of

PRE_USE = next(iter(CLOCKED))
"""The kind of notice that has clocks."""
_ORDER = ("in_time", "undated", "late", "missing")


@dataclass(frozen=True, slots=True)
class Rule:
    """What asks for a notice of one kind in one place."""

    kind: str
    jurisdiction: str
    id: str
    title: str
    citation: str


@dataclass(slots=True)
class _Count:
    count: int = 0
    of: int = 0


@dataclass(slots=True)
class Duties:
    """What was counted over all interviews of a period."""

    consents: dict[Purpose, _Count] = field(
        default_factory=lambda: {purpose: _Count() for purpose in Purpose}
    )
    notices: dict[Rule, dict[str, int]] = field(default_factory=dict)
    placeless: int = 0

    def consent_share(self, purpose: Purpose) -> Share:
        """Interviews with the consent, of those where a gate asks for it."""
        found = self.consents[purpose]
        asked_anywhere = purpose in _gated()
        return Share(found.count, found.of, self.placeless if asked_anywhere else 0)

    def coverage(self) -> tuple[NoticeCoverage, ...]:
        """Every kind of notice that is asked for somewhere."""
        rules = sorted(self.notices, key=lambda r: (r.jurisdiction, r.kind, r.id))
        return tuple(
            NoticeCoverage(
                kind=rule.kind,
                jurisdiction=rule.jurisdiction,
                rule=rule.id,
                title=rule.title,
                citation=rule.citation,
                needed=sum(self.notices[rule].values()),
                **self.notices[rule],
            )
            for rule in rules
        )

    def notice_share(self) -> Share:
        """In time, of all needed and judged."""
        total: dict[str, int] = defaultdict(int)
        for each in self.notices.values():
            for word, count in each.items():
                total[word] += count
        judged = total["in_time"] + total["late"] + total["missing"]
        return Share(total["in_time"], judged, total["undated"] + self.placeless)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What holds for all interviews of the system."""

    mode: Mode
    places: tuple[str, ...]
    as_of: datetime


def count_duties(span: Span, *, mode: Mode, places: tuple[str, ...]) -> Duties:
    """Counts over all interviews of a period. `mode`, `places`: the system's own."""
    setting = _Setting(mode, places, span.as_of)
    consents: dict[str, list[Consent]] = defaultdict(list)
    for consent in consents_of(span):
        consents[consent.candidate_id].append(consent)
    notices: dict[str | None, list[Notice]] = defaultdict(list)
    for notice in notices_of(span):
        notices[notice.candidate_id].append(notice)
    made = Duties()
    for held in held_interviews(span):
        person = held.interview.candidate_id
        told = (*notices[person], *notices[None])
        _count(made, held, _recorded(held, setting, consents[person], told), setting)
    return made


def _recorded(
    held: Held, setting: _Setting, consents: Iterable[Consent], notices: tuple[Notice, ...]
) -> Recorded:
    interview = held.interview
    mine = tuple(each for each in consents if each.interview_id in (None, interview.id))
    at = min(held.checked_at or interview.held_at or held.created_at, setting.as_of)
    return Recorded(interview, mine, notices, at)


def _count(made: Duties, held: Held, recorded: Recorded, setting: _Setting) -> None:
    automated = (held.interview.mode or setting.mode) is not Mode.HUMAN_LED
    if not automated and held.checked_at is None:
        return
    places = held.places or setting.places
    if not places:
        made.placeless += 1
        return
    gates = _gates(places, recorded.at.date())
    _count_consents(made, gates, recorded, identity=held.identity)
    for rule, found in _noticed(places, gates, recorded, automated=automated):
        counted = made.notices.setdefault(rule, dict.fromkeys(_ORDER, 0))
        counted[found] += 1


def _count_consents(
    made: Duties, gates: Sequence[Gate], recorded: Recorded, *, identity: bool
) -> None:
    """A gate before identity signals asks for something only where these were used."""
    met: dict[Purpose, bool] = {}
    for gate in gates:
        if gate.withholds == "identity" and not identity:
            continue
        for need in gate.need:
            if need.consent is not None:
                lacks = next(iter(lacking(gate, need, recorded)), None)
                met[need.consent] = met.get(need.consent, True) and lacks is None
    for purpose, there in met.items():
        made.consents[purpose].of += 1
        made.consents[purpose].count += there


def _noticed(
    places: Sequence[str], gates: Sequence[Gate], recorded: Recorded, *, automated: bool
) -> Iterator[tuple[Rule, str]]:
    for gate in gates:
        for need in gate.need:
            for kind in need.notices:
                place = gate.jurisdictions[0] if gate.jurisdictions else ""
                rule = Rule(kind, place, gate.id, gate.title, gate.citation)
                yield rule, _by_gate(gate, need, kind, recorded)
    if automated:
        day = (recorded.interview.held_at or recorded.at).date()
        for clock, place in _clocks(tuple(places), day):
            rule = Rule(PRE_USE, place, clock.id, clock.title, clock.citation)
            yield rule, _by_clock(clock, place, recorded)


def _by_gate(gate: Gate, need: Need, kind: str, recorded: Recorded) -> str:
    if next(iter(lacking(gate, need, recorded)), None) is None:
        undated = need.before == "interview" and recorded.interview.held_at is None
        return "undated" if undated else "in_time"
    given = any(
        each.kind == kind
        and each.candidate_id is not None
        and _about(each, recorded)
        and (not gate.jurisdictions or set(chain(each.jurisdiction)) & set(gate.jurisdictions))
        for each in recorded.notices
    )
    return "late" if given else "missing"


def _by_clock(clock: Clock, place: str, recorded: Recorded) -> str:
    found = [
        _judged(clock, place, each, recorded.interview.held_at)
        for each in recorded.notices
        if each.kind == PRE_USE and _about(each, recorded) and place in chain(each.jurisdiction)
    ]
    return min(found, key=_ORDER.index, default="missing")


def _judged(clock: Clock, place: str, notice: Notice, held_at: datetime | None) -> str:
    used = notice.use_on or held_at
    if used is None:
        return "undated"
    return "in_time" if used >= due(clock, notice.given_at, place).ends_at else "late"


def _about(notice: Notice, recorded: Recorded) -> bool:
    interview = recorded.interview
    return notice.interview_id in (None, interview.id) and notice.system_id in (
        None,
        interview.system_id,
    )


@lru_cache(maxsize=4096)
def _gates(places: tuple[str, ...], on: date) -> tuple[Gate, ...]:
    return needed_in(places, on)


@lru_cache(maxsize=4096)
def _clocks(places: tuple[str, ...], on: date) -> tuple[tuple[Clock, str], ...]:
    """Clocks of notices that bind in any of the places, each with the place that its law names."""
    found: dict[tuple[str, str], Clock] = {}
    for place in known(places):
        above = calendar(place).jurisdictions
        for clock in running_in(place, on):
            if clock.direction == "lead" and clock.starts == CLOCKED[PRE_USE]:
                named = next(code for code in above if code in clock.jurisdictions)
                found[clock.id, named] = clock
    return tuple((clock, place) for (_, place), clock in found.items())


@cache
def _gated() -> frozenset[Purpose]:
    """Purposes that any gate asks for."""
    return frozenset(need.consent for gate in book().gate for need in gate.need if need.consent)
