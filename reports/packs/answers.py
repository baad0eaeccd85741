"""The fields of a pack answered from facts and from what people recorded; the others are open.

Facts are one JSON object with any of the members `audit` (an audit's document), `period`,
`system`, `check`, `request` and `review`. Nothing here writes prose: an answer is a value of the
facts, the number of items of a list there, the end of a clock, or what a person recorded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from audit.errors import PackInvalid
from reports.document.pointers import Unresolved, join, resolve
from reports.document.values import NotWritable, write
from reports.packs.model import FACTS, Computed, FactCondition, Pack, Prohibition, RuleField, Scalar
from reports.packs.paths import Found, all_met, due_on, find_all, is_empty, meets
from reports.packs.standing import Standing, standing

MOST = 40
"""Values that an answer lists; of more, it says how many there are."""
MAX_TEXT = 10_000

Facts = Mapping[str, Any]
Reason = Literal["facts", "record", "either", "source", "unfit"]


class Recorded(BaseModel):
    """What a person answered for a field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: bool | int | float | str = Field(description="as the field asks; a date as YYYY-MM-DD")
    by: Annotated[str, Field(min_length=1, max_length=200, description="the person's name")]
    on: date = Field(description="the day on which it was recorded")


@dataclass(frozen=True, slots=True)
class Value:
    """A value that answers a field.

    Attributes:
        at: pointer into the facts to the value, or to the list that was counted, or to the day
            that the clock was counted from. derived: whether it is one of the latter two.
        of_at, unknown_at: of a share, pointers to its denominator, and to how many are of
            neither kind, if any.
        label: said before it. name_at, name_show: where its name is, if it is an item of a list.
    """

    at: str
    value: Any
    show: str
    derived: bool = False
    of_at: str = ""
    unknown_at: str = ""
    label: str = ""
    name_at: str = ""
    name_show: str = "text"


@dataclass(frozen=True, slots=True)
class Answered:
    """One field as it is answered.

    Attributes:
        how: `not_applicable`: the facts, or the answer of the field `because`, leave it without a
            subject.
        values: what was computed, at most `MOST`. more: how many there are beyond these.
        recorded: what a person recorded, if that is the answer. beside: if it is not.
        reason: of an open field. facts: they do not hold what it is computed from; record: nobody
            has recorded it; either: both; source: the pack says why; unfit: what was recorded no
            longer fits the field.
        against: the answer stands against the use of the tool, or of the document.
    """

    field: RuleField
    standing: Standing
    how: Literal["computed", "recorded", "open", "not_applicable"]
    values: tuple[Value, ...] = ()
    more: int = 0
    recorded: Recorded | None = None
    beside: Recorded | None = None
    reason: Reason | None = None
    because: str = ""
    against: bool = False

    @property
    def answer(self) -> Scalar | None:
        """The one value of the answer; None where there is none, or several."""
        if self.recorded is not None:
            return self.recorded.value
        one = self.values[0].value if len(self.values) == 1 else None
        return one if isinstance(one, bool | int | float | str) else None


@dataclass(frozen=True, slots=True)
class Checked:
    """A prohibition held against the facts. `not_checked`: by nobody, or the facts are missing."""

    prohibition: Prohibition
    standing: Standing
    state: Literal["kept", "breached", "not_checked"]


def gathered(facts: Facts) -> dict[str, Any]:
    """The facts as pointers expect them: `system` is that of the period where none is given.

    Members that are None are left out; so are members that no pack points to.
    """
    made = {name: facts[name] for name in FACTS if facts.get(name) is not None}
    if "system" not in made and "period" in made:
        made["system"] = made["period"]["system"]
    return made


def answer(
    pack: Pack, facts: Facts, recorded: Mapping[str, Recorded], on: date
) -> tuple[Answered, ...]:
    """Every field of the pack, in order, as it is answered on a day.

    `recorded`: by field id; ids of other packs are passed over.
    """
    made: dict[str, Answered] = {}
    for field in pack.fields:
        made[field.id] = _answered(field, facts, recorded.get(field.id), on)
    return tuple(_applied(each, made, facts, on) for each in made.values())


def check_rules(pack: Pack, facts: Facts, on: date) -> tuple[Checked, ...]:
    """Every prohibition of the pack, held against the facts on a day."""
    return tuple(
        Checked(rule, standing(rule, on), _state(rule.breached_if, facts, on))
        for rule in pack.prohibitions
    )


def fitting(field: RuleField, value: Scalar) -> Scalar:
    """`value` as an answer to `field`.

    Raises:
        PackInvalid: it is not what the field asks for; says what that is.
    """
    asked = field.recorded
    if asked is None:
        raise PackInvalid(f"{field.id}: nothing is recorded for this field")
    if asked.kind == "choice":
        codes = [choice.code for choice in asked.choices]
        fits, wanted = value in codes, "one of " + ", ".join(codes)
    else:
        fits, wanted = _FITS[asked.kind](value), _WANTED[asked.kind]
    if not fits:
        raise PackInvalid(f"{field.id}: {str(value)[:80]!r} does not fit; give {wanted}")
    return value


def _answered(field: RuleField, facts: Facts, recorded: Recorded | None, on: date) -> Answered:
    stands = standing(field, on)
    values, more = _computed(field, facts, on)
    fits = recorded is not None and _fits(field, recorded)
    if values and not (fits and field.first == "recorded"):
        one = values[0].value if len(values) == 1 else None
        beside = recorded if fits else None
        against = field.must_be is not None and one != field.must_be
        return Answered(field, stands, "computed", values, more, beside=beside, against=against)
    if recorded is not None and fits:
        against = field.must_be is not None and recorded.value != field.must_be
        return Answered(field, stands, "recorded", recorded=recorded, against=against)
    return Answered(field, stands, "open", reason=_reason(field, recorded), beside=recorded)


def _reason(field: RuleField, recorded: Recorded | None) -> Reason:
    if field.open:
        return "source"
    if recorded is not None and field.recorded:
        return "unfit"
    if field.computed:
        return "either" if field.recorded else "facts"
    return "record"


def _applied(answered: Answered, made: Mapping[str, Answered], facts: Facts, on: date) -> Answered:
    """The field without a subject, where the facts or the field that it depends on say so."""
    rule = answered.field.only_if
    if rule is None:
        return answered
    if rule.field is None:
        applies = _state(rule.facts, facts, on) != "kept"
    else:
        decides = made[rule.field].answer
        applies = decides is None or decides in rule.answers
    if applies:
        return answered
    because = rule.field or ""
    return Answered(answered.field, answered.standing, "not_applicable", because=because)


def _fits(field: RuleField, recorded: Recorded) -> bool:
    try:
        fitting(field, recorded.value)
    except PackInvalid:
        return False
    return True


def _computed(field: RuleField, facts: Facts, on: date) -> tuple[tuple[Value, ...], int]:
    """The values that answer a field, and how many more there are; none where one is missing."""
    values: list[Value] = []
    for rule in field.computed:
        found = _values(rule, facts, on)
        if not found and not rule.optional:
            return (), 0
        values += found
    return tuple(values[:MOST]), max(0, len(values) - MOST)


def _values(rule: Computed, facts: Facts, on: date) -> list[Value]:
    try:
        found = find_all(facts, rule.at)
    except Unresolved:
        return []
    kept = [
        each
        for each in found
        if all_met(facts, rule.where, on, each.last) and all_met(facts, rule.among, on, each.first)
    ]
    made = [_value(rule, facts, each) for each in kept]
    return [value for value in made if value is not None]


def _value(rule: Computed, facts: Facts, found: Found) -> Value | None:
    """The value as it is written; None where there is nothing to write, or it cannot be."""
    if is_empty(found.value) and rule.take != "count":
        return None
    try:
        made = _taken(rule, found)
        if rule.name:
            at = found.last + rule.name
            write(resolve(facts, at), rule.name_show)
            made = replace(made, name_at=at, name_show=rule.name_show)
        write(made.value, rule.show)
    except (NotWritable, Unresolved, ValueError, TypeError, LookupError):
        return None
    return replace(made, label=rule.label or "")


def _taken(rule: Computed, found: Found) -> Value:
    if rule.take == "count":
        return Value(found.at, len(_items(found.value)), rule.show, True)
    if rule.take == "due":
        return Value(found.at, due_on(rule.clock, found.value).isoformat(), rule.show, True)
    if rule.take == "share":
        share = found.value
        write(share["of"], rule.show)
        unknown = join(found.at, "unknown") if share.get("unknown") else ""
        at, of_at = join(found.at, "count"), join(found.at, "of")
        return Value(at, share["count"], rule.show, of_at=of_at, unknown_at=unknown)
    return Value(found.at, found.value, rule.show)


def _items(value: Any) -> Any:
    if isinstance(value, str) or not hasattr(value, "__len__"):
        raise TypeError("it has no items")
    return value


def _state(
    conditions: tuple[FactCondition, ...], facts: Facts, on: date
) -> Literal["kept", "breached", "not_checked"]:
    if not conditions:
        return "not_checked"
    try:
        met = [meets(facts, condition, on) for condition in conditions]
    except Unresolved:
        return "not_checked"
    return "breached" if all(met) else "kept"


def _is_text(value: Scalar) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_TEXT


def _is_date(value: Scalar) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_number(value: Scalar) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(float(value))


def _is_truth(value: Scalar) -> bool:
    return isinstance(value, bool)


_FITS: Mapping[str, Callable[[Scalar], bool]] = {
    "text": _is_text,
    "date": _is_date,
    "number": _is_number,
    "yes_no": _is_truth,
}
_WANTED: Mapping[str, str] = {
    "text": f"a text of 1 to {MAX_TEXT} characters",
    "date": "a day as YYYY-MM-DD",
    "number": "a number",
    "yes_no": "true or false",
}
