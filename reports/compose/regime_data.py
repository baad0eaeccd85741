"""The facts of a regime file: every pack with its fields, as plain JSON beside the facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from audit.clocks import Clock, NoPeriod, book
from reports.packs.answers import Answered, Checked, Recorded, Value, answer, check_rules
from reports.packs.model import Pack, RuleField, Section
from reports.packs.standing import Standing, standing

HOW = ("computed", "recorded", "open", "not_applicable")
Answers = Mapping[str, Mapping[str, Recorded]]
"""What people recorded: by pack, and in it by field."""


def pack_data(pack: Pack, facts: Mapping[str, Any], recorded: Answers, on: date) -> dict[str, Any]:
    """One pack on one day: its status, its fields as they are answered, its rules and clocks."""
    answers = {a.field.id: a for a in answer(pack, facts, recorded.get(pack.pack, {}), on)}
    rules = check_rules(pack, facts, on)
    against = _against(answers.values(), rules)
    return {
        "id": pack.pack,
        "version": pack.version,
        "sha256": pack.sha256,
        "title": pack.title,
        **_timed(pack, standing(pack, on)),
        "note": pack.note,
        "sources": list(pack.sources),
        "counts": {**counts(answers.values()), "against": len(against)},
        "against": against,
        "open": [_open(a) for a in answers.values() if a.how == "open"],
        "sections": [_section(section, answers) for section in pack.sections],
        "rules": [_rule(checked) for checked in rules],
        "clocks": [_clock(clock, on) for clock in _clocks(pack)],
    }


def counts(answers: Iterable[Answered]) -> dict[str, int]:
    """Fields by how they are answered; `secondary`: of which an account of the law was read."""
    held = list(answers)
    found: Counter[str] = Counter(each.how for each in held)
    return {
        "fields": len(held),
        **{how: found[how] for how in HOW},
        "answered": found["computed"] + found["recorded"],
        "secondary": sum(each.field.read == "secondary" for each in held),
    }


def total(packs: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The counts of several packs together."""
    made: Counter[str] = Counter()
    for pack in packs:
        made.update(pack["counts"])
    return {"packs": len(packs), **made}


def _section(section: Section, answers: Mapping[str, Answered]) -> dict[str, Any]:
    fields = [_field(answers[field.id], answers) for field in section.fields]
    return {"id": section.id, "title": section.title, "fields": fields}


def _field(answered: Answered, all_answers: Mapping[str, Answered]) -> dict[str, Any]:
    field = answered.field
    made = {
        "id": field.id,
        "title": field.title,
        **_timed(field, answered.standing),
        "who": list(field.who),
        "how": answered.how,
        "reason": answered.reason,
        "needs": field.needs,
        "open": field.open,
        "note": field.note,
        "values": [_value(value) for value in answered.values],
        "more": answered.more,
        "recorded": _recorded(field, answered.recorded),
        "beside": _recorded(field, answered.beside),
        "otherwise": field.only_if.otherwise if field.only_if else None,
        "because": None,
    }
    if answered.because:
        decides = all_answers[answered.because]
        value = _recorded(decides.field, decides.recorded)
        made["because"] = {
            "title": decides.field.title,
            **(value or {"value": decides.answer, "text": None}),
        }
    return made


def _timed(part: Any, stands: Standing) -> dict[str, Any]:
    return {
        "citation": part.citation,
        "read": part.read,
        "status": part.status,
        "since": part.since.isoformat() if part.since else None,
        "until": part.until.isoformat() if part.until else None,
        "standing": stands.value,
    }


def _value(value: Value) -> dict[str, Any]:
    return {
        "at": value.at,
        "value": value.value,
        "show": value.show,
        "derived": value.derived,
        "of_at": value.of_at or None,
        "unknown_at": value.unknown_at or None,
        "label": value.label or None,
        "name_at": value.name_at or None,
        "name_show": value.name_show,
    }


def _recorded(field: RuleField, recorded: Recorded | None) -> dict[str, Any] | None:
    """What a person recorded; `text`: of a choice, in the pack's words."""
    if recorded is None or field.recorded is None:
        return None
    texts = {choice.code: choice.text for choice in field.recorded.choices}
    return {
        "value": recorded.value,
        "text": texts.get(str(recorded.value)),
        "kind": field.recorded.kind,
        "by": recorded.by,
        "on": recorded.on.isoformat(),
    }


def _open(answered: Answered) -> dict[str, Any]:
    field = answered.field
    return {
        "id": field.id,
        "title": field.title,
        "reason": answered.reason,
        "needs": field.needs or field.open,
        "who": list(field.who),
    }


def _against(answers: Iterable[Answered], rules: Iterable[Checked]) -> list[dict[str, Any]]:
    fields = [
        {
            "title": each.field.title,
            "citation": each.field.citation,
            "standing": each.standing.value,
            "why": each.how,
        }
        for each in answers
        if each.against
    ]
    breached = [each for each in rules if each.state == "breached"]
    return fields + [
        {
            "title": each.prohibition.title,
            "citation": each.prohibition.citation,
            "standing": each.standing.value,
            "why": "rule",
        }
        for each in breached
    ]


def _rule(checked: Checked) -> dict[str, Any]:
    rule = checked.prohibition
    stands = _timed(rule, checked.standing)
    return {"id": rule.id, "title": rule.title, **stands, "state": checked.state}


def _clocks(pack: Pack) -> list[Clock | NoPeriod]:
    held: dict[str, Clock | NoPeriod] = {each.id: each for each in book().no_period}
    held |= {each.id: each for each in book().clock}
    return [held[name] for name in pack.clocks]


def _clock(clock: Clock | NoPeriod, on: date) -> dict[str, Any]:
    if isinstance(clock, NoPeriod):
        begun = clock.since is None or clock.since <= on
        status = "in_force" if begun else "from"
        timed = {"kind": "none", "length": None, "unit": "none", "status": status}
        return {"id": clock.id, "title": clock.text, "citation": clock.citation, **timed}
    status = "in_force" if clock.binds(on) else clock.status
    return {
        "id": clock.id,
        "title": clock.title,
        "citation": clock.citation,
        "kind": clock.direction,
        **_length(clock),
        "status": status,
    }


def _length(clock: Clock) -> dict[str, Any]:
    if clock.period is None:
        return {"length": None, "unit": "yearly"}
    if clock.period.length == 0:
        return {"length": None, "unit": "before"}
    unit = clock.period.unit
    return {
        "length": clock.period.length,
        "unit": unit.removesuffix("s") if clock.period.length == 1 else unit,
    }
