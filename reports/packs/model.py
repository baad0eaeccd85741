"""The shape of a rule pack: what a regime asks for, as dated data. `docs/rule-packs.md` says more.

A field, where it leaves them out, has the citation, the status with its days, the kind of source,
who answers and the documents of its section, and the section those of the pack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from audit.canonical import canonical_hash
from audit.clocks import book, find
from audit.errors import ClockInvalid
from reports.document.model import Kind as DocumentKind
from reports.document.values import known_way
from reports.packs.known import unknown_step

Status = Literal["in_force", "from", "withdrawn", "voluntary", "proposed"]
Read = Literal["primary", "secondary"]
Who = Literal["employer", "provider", "auditor", "reviewer"]
ValueKind = Literal["text", "date", "choice", "number", "yes_no"]
Take = Literal["value", "count", "due", "share"]
Scalar = bool | int | float | str
FACTS = ("audit", "period", "system", "check", "request", "review")
"""Members of the facts that pointers begin with."""

# Names of laws keep their capital (`Fair Chance Act`).
_UNFIT = re.compile(r"\b(?:(?i:non-?compliant|compliant|guilty|fake|deepfake|bias-free)|fair)\b")
_INHERITED = ("citation", "read", "who", "documents")
_DAYS = ("status", "since", "until")


def _fit(text: Any) -> Any:
    unfit = _UNFIT.search(text) if isinstance(text, str) else None
    if unfit:
        raise ValueError(f"{unfit.group()!r} is a judgement: say what is asked for")
    return text


Words = Annotated[
    str,
    BeforeValidator(_fit),
    Field(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]+$"),
]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$", max_length=100)]
Pattern = Annotated[
    str, Field(pattern=r"^/(audit|period|system|check|request|review)(/[^/]+)*$", max_length=300)
]
Inside = Annotated[str, Field(pattern=r"^(/[^/]+)+$", max_length=200)]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Condition(_Part):
    """What a value has to be, by one test. Of several values found, one that meets it is enough."""

    at: Inside
    equals: Scalar | None = None
    one_of: tuple[Scalar, ...] = ()
    like: str = ""
    """A pattern with `*`, for texts."""
    contains: tuple[Scalar, ...] = ()
    """The list found holds one of these."""
    above: float | None = None
    empty: bool | None = None
    """Null, an empty text or an empty list; `false`: none of these."""
    past: str = ""
    """A clock; the value is the day that sets it going, and it has run out."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [self.equals is not None, bool(self.one_of), bool(self.like), bool(self.contains)]
        given += [self.above is not None, self.empty is not None, bool(self.past)]
        if sum(given) != 1:
            raise ValueError("give one of equals, one_of, like, contains, above, empty, past")
        _known_clock(self.past)
        return self


class FactCondition(Condition):
    """The same of the facts."""

    at: Pattern

    @model_validator(mode="after")
    def _leads(self) -> Self:
        _leads_somewhere(self.at)
        return self


class Computed(_Part):
    """A value of the facts that answers a field."""

    at: Pattern
    """A pointer; `*` stands for each item of a list."""
    show: str = "text"
    """A way of writing of `reports.document.values`."""
    take: Take = "value"
    """The value; the number of items of a list; the day on which `clock` ends; or, of a share
    with its members count, of and unknown, how many of how many."""
    clock: str = ""
    label: Words | None = None
    """Said before the value."""
    name: Inside | None = None
    """With `*`: member of the item that names its value."""
    name_show: str = "text"
    where: tuple[Condition, ...] = ()
    """With `*`: conditions that the item (of the last `*`) has to meet."""
    among: tuple[Condition, ...] = ()
    """With several `*`: conditions that the item of the first one has to meet."""
    optional: bool = False
    """Whether the field is answered without it. Where all are optional, one is enough."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for show in (self.show, self.name_show):
            if not known_way(show):
                raise ValueError(f"show: there is no way of writing called {show!r}")
        if (self.take == "due") != bool(self.clock):
            raise ValueError("take: due and clock go together")
        if "*" not in self.at.split("/") and (self.name or self.where or self.among):
            raise ValueError("name, where and among go with a '*' in at")
        _known_clock(self.clock)
        self._check_pointers()
        return self

    def _check_pointers(self) -> None:
        _leads_somewhere(self.at, self.name or "")
        for condition in self.where:
            _leads_somewhere(self.at, condition.at)
        for condition in self.among:
            _leads_somewhere(self.at.partition("*")[0] + "*", condition.at)


class Choice(_Part):
    """One possible answer."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    text: Words


class Asked(_Part):
    """What kind of value a person records."""

    kind: ValueKind
    choices: tuple[Choice, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        codes = [choice.code for choice in self.choices]
        if (self.kind == "choice") != (len(codes) >= 2):
            raise ValueError("choices: two or more, and only for kind: choice")
        _unique("choices", codes)
        return self


def _asked(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


class OnlyIf(_Part):
    """A field applies only where another one has one of these answers, or where the facts meet
    conditions."""

    field: Id | None = None
    answers: tuple[Scalar, ...] = ()
    facts: tuple[FactCondition, ...] = ()
    otherwise: Words | None = None
    """Said where the facts do not meet them."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        by_field, by_facts = bool(self.field and self.answers), bool(self.facts and self.otherwise)
        if by_field == by_facts:
            raise ValueError("give field and answers, or facts and otherwise")
        return self


class _Timed(_Part):
    """What has a citation, a status with its days, and a source that was read."""

    citation: Words
    status: Status
    since: date | None = None
    until: date | None = None
    """The day from which it is no more: repealed, rescinded, withdrawn."""
    read: Read

    @model_validator(mode="after")
    def _days(self) -> Self:
        if self.status == "from" and self.since is None:
            raise ValueError("since: status 'from' needs the day")
        if self.since and self.until and self.until <= self.since:
            raise ValueError("until: is not after since")
        return self


class RuleField(_Timed):
    """One thing that is asked for. Neither computed nor recorded: `open` says why."""

    id: Id
    title: Words
    who: Annotated[tuple[Who, ...], BeforeValidator(_listed), Field(min_length=1)]
    """Who answers."""
    computed: tuple[Computed, ...] = ()
    needs: Words | None = None
    """What the facts have to hold for it to be computed, in words."""
    recorded: Annotated[Asked | None, BeforeValidator(_asked)] = None
    first: Literal["computed", "recorded"] = "computed"
    """Which answer is taken where there are both."""
    open: Words | None = None
    only_if: OnlyIf | None = None
    must_be: Scalar | None = None
    """Any other answer stands against the use of the tool, or of the document."""
    documents: tuple[DocumentKind, ...] = ()
    """Documents that have to hold it, beside the regime file."""
    note: Words | None = None

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if bool(self.open) == bool(self.computed or self.recorded):
            raise ValueError("give computed or recorded, or else open with the reason")
        if bool(self.computed) != bool(self.needs):
            raise ValueError("needs: goes with computed, and says what the facts have to hold")
        if self.first == "recorded" and not (self.computed and self.recorded):
            raise ValueError("first: recorded needs both computed and recorded")
        return self


class Section(_Part):
    """Fields that belong together."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    title: Words
    fields: Annotated[tuple[RuleField, ...], Field(min_length=1)]


class Prohibition(_Timed):
    """What may not be. Without `breached_if` and `forbids` it is stated, and nobody checks it."""

    id: Id
    title: Words
    breached_if: tuple[FactCondition, ...] = ()
    """It is breached where the facts meet all of these."""
    forbids: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...] = ()
    """Members of the data that the documents below may not show."""
    documents: tuple[DocumentKind, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.forbids and not self.documents:
            raise ValueError("forbids: say which documents may not show these")
        return self


class Pack(_Timed):
    """A rule pack in one version."""

    pack: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    version: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d(\.\d{1,3})?$")]
    """The day on which the sources were last looked at, with a number for a second version."""
    title: Words
    jurisdictions: tuple[str, ...] = ()
    sources: Annotated[tuple[Words, ...], Field(min_length=1)]
    """What was read, and what was not."""
    note: Words | None = None
    clocks: tuple[str, ...] = ()
    """Ids of audit/clocks.toml."""
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]
    prohibitions: tuple[Prohibition, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return _handed_down(values)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        _dated(self.version)
        ids = [field.id for field in self.fields]
        _unique("fields", ids)
        _unique("sections", [section.id for section in self.sections])
        _unique("prohibitions", [each.id for each in self.prohibitions])
        known = {c.id for c in book().clock} | {n.id for n in book().no_period}
        for clock in self.clocks:
            if clock not in known:
                raise ValueError(f"clocks: no clock is called {clock!r}; see docs/clocks.md")
        for field in self.fields:
            decides = field.only_if.field if field.only_if else None
            if decides is not None and (decides not in ids or decides == field.id):
                raise ValueError(f"{field.id}: only_if: there is no other field {decides!r}")
        return self

    @cached_property
    def fields(self) -> tuple[RuleField, ...]:
        """All fields, in order."""
        return tuple(field for section in self.sections for field in section.fields)

    @cached_property
    def sha256(self) -> str:
        """Hash of the pack's meaning: the same for another layout of the same YAML.

        Members that are left at what they are by default do not count, so that a member added to
        the schema leaves the hashes of past packs as they are.
        """
        return canonical_hash(self.model_dump(mode="json", exclude_defaults=True))

    @property
    def moment(self) -> tuple[date, int]:
        """The version as something to sort by."""
        return _dated(self.version)

    def field(self, field_id: str) -> RuleField:
        """The field of that id. Raises `KeyError`."""
        for field in self.fields:
            if field.id == field_id:
                return field
        raise KeyError(f"the pack {self.pack!r} has no field {field_id!r}")

    def required(self, kind: DocumentKind) -> tuple[RuleField, ...]:
        """The fields that a kind of document has to hold."""
        return tuple(field for field in self.fields if kind in field.documents)

    def prohibited(self, kind: DocumentKind) -> tuple[Prohibition, ...]:
        """What is said of a kind of document."""
        return tuple(each for each in self.prohibitions if kind in each.documents)

    def forbidden(self, kind: DocumentKind) -> frozenset[str]:
        """Members of the data that a kind of document may not show."""
        return frozenset(name for each in self.prohibited(kind) for name in each.forbids)


def json_schema() -> dict[str, Any]:
    """The published schema (docs/rule-pack.schema.json): a pack as its file holds it."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:fairwitness:rule-pack:1.0",
    }
    made: dict[str, Any] = {**head, **Pack.model_json_schema(), "title": "Fairwitness rule pack"}
    for name in ("RuleField", "Prohibition"):
        held = made["$defs"][name]
        held["required"] = [n for n in held["required"] if n not in (*_INHERITED, *_DAYS)]
    section = made["$defs"]["Section"]["properties"]
    field = made["$defs"]["RuleField"]["properties"]
    kinds = [kind for kind in get_args(ValueKind) if kind != "choice"]
    field["recorded"]["anyOf"].insert(0, {"enum": kinds, "type": "string"})
    field["who"] = {"anyOf": [{"enum": list(get_args(Who)), "type": "string"}, field["who"]]}
    section.update({n: field[n] for n in (*_INHERITED, *_DAYS)})
    made["properties"].update({n: field[n] for n in ("who", "documents")})
    return made


def _handed_down(values: Mapping[str, Any]) -> dict[str, Any]:
    """The pack with the defaults of the pack and of its sections written into every field."""
    made: dict[str, Any] = dict(values)
    own: dict[str, Any] = {name: made.pop(name) for name in ("who", "documents") if name in made}
    top: dict[str, Any] = {**made, **own}
    sections = made.get("sections")
    if isinstance(sections, list | tuple):
        made["sections"] = [_section(section, top) for section in sections]
    rules = made.get("prohibitions")
    if isinstance(rules, list | tuple):
        above = {name: top[name] for name in (*_DAYS, "citation", "read") if name in top}
        made["prohibitions"] = [_filled(rule, above) for rule in rules]
    return made


def _section(section: Any, top: Mapping[str, Any]) -> Any:
    if not isinstance(section, Mapping):
        return section
    made = _filled(section, {n: top[n] for n in (*_INHERITED, *_DAYS) if n in top})
    above = {name: made.pop(name) for name in (*_INHERITED, *_DAYS) if name in made}
    if isinstance(made.get("fields"), list | tuple):
        made["fields"] = [_filled(field, above) for field in made["fields"]]
    return made


def _filled(part: Any, above: Mapping[str, Any]) -> Any:
    """The days belong to their status: a part with a status of its own takes none of them."""
    if not isinstance(part, Mapping):
        return part
    taken = {n: v for n, v in above.items() if not ("status" in part and n in _DAYS)}
    return {**taken, **part}


def _leads_somewhere(pattern: str, inside: str = "") -> None:
    step = unknown_step(pattern, inside)
    if step is not None:
        way = f"{pattern} and from its item {inside}" if inside else pattern
        raise ValueError(f"no facts have a member {step!r} on the way {way}; see their schemas")


def _known_clock(clock: str) -> None:
    try:
        if clock:
            find(clock)
    except ClockInvalid:
        raise ValueError(f"no clock is called {clock!r}; see docs/clocks.md") from None


def _dated(version: str) -> tuple[date, int]:
    day, _, number = version.partition(".")
    try:
        return date.fromisoformat(day), int(number or 0)
    except ValueError:
        raise ValueError(f"version: there is no day {day}") from None


def _unique(what: str, names: list[str]) -> None:
    for twice in _repeated(names):
        raise ValueError(f"{what}: {twice!r} is given twice")


def _repeated(names: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)
