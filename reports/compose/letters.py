"""What all letters to candidates share: fields, open places, what is said by place, the frame.

A letter says what was recorded. A field that nobody filled is shown as open where it belongs, and
the letter begins with the list of open fields and says that it is not ready to send.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from audit.calendars import calendar
from audit.clocks import due, find, latest_start
from audit.errors import ClockInvalid
from reports.compose.duties import Scoped, within
from reports.compose.letter_facts import Decision, LetterFacts, Written
from reports.compose.passages import Passages, begun
from reports.document import model as m
from reports.document.catalogue import catalogue
from reports.document.draft import Issue, Ref, at
from reports.packs.standing import Standing, standing

__all__ = ["Letter", "is_ready", "length_of", "rules"]

AREA = "letters"
Kind = Literal["notice", "disclosure", "explanation"]
DOCUMENTS: Mapping[Kind, m.Kind] = {
    "notice": "candidate_notice",
    "disclosure": "adverse_outcome_disclosure",
    "explanation": "explanation_letter",
}


class Rule(Scoped):
    """What is said by place; fields as `letter_rules.toml` describes them."""

    letters: tuple[Kind, ...]
    clocks: dict[str, str] = {}  # noqa: RUF012 - frozen, and copied by pydantic
    due: str = ""
    ahead: str = ""
    consent: bool = False
    points: tuple[str, ...]


class RuleBook(BaseModel):
    """All rules, in the order of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    revision: date
    rule: tuple[Rule, ...]


@dataclass(slots=True)
class Letter:
    """A letter in the making. `held`: the member `/letter` of its data."""

    page: Passages
    kind: Kind
    held: dict[str, Any]
    rules: tuple[Rule, ...]

    @classmethod
    def begin(cls, kind: Kind, facts: LetterFacts, language: m.Language) -> Letter:
        """An empty letter over its facts."""
        applying = rules(kind, facts)
        held = _data(facts, language)
        held["rules"] = [_rule_row(each) for each in applying]
        page = begun(DOCUMENTS[kind], AREA, {"letter": held}, language)
        return cls(page, kind, held, applying)

    def say(self, *keys: str) -> None:
        """A paragraph of these texts; in place of one the open fields that it names, if any."""
        self.page.text(*(self.sentence(key) for key in keys))

    def sentence(self, key: str, numbers: Mapping[str, Ref] | None = None) -> m.Inline:
        """The text `key`, with the fields that it names, or its open places.

        `numbers`: what stands for names that are no fields.
        """
        held = numbers or {}
        phrase = catalogue(self.page.draft.language).phrase(f"{AREA}.{key}")
        names = {name for form in phrase.forms.values() for name in form[1::2]}
        missing = [name for name in sorted(names) if name not in held and not self.has(name)]
        if missing:
            return self._open_places(missing)
        return self.page.say(key, **{n: held[n] if n in held else self.ref(n) for n in names})

    def know(self, **facts: date | str | int | None) -> None:
        """Adds facts that sentences name; a day is written as such. Null is an open field."""
        self.held["facts"] |= {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in facts.items()
        }

    def decided(self, decision: Decision) -> None:
        """Adds the decision that the letter is about."""
        self.know(
            outcome=decision.outcome.value,
            decided_on=decision.on,
            job=decision.job,
            stage=decision.stage,
        )

    def said_of_decision(self) -> None:
        """What was decided, when, and about which job and step, as far as it is recorded."""
        named = [name for name in ("job", "stage") if self.has(name)]
        self.say(*(f"decision.{name}" for name in named), "decision.outcome")

    def list_of(self, name: str, written: Sequence[Written]) -> None:
        """Texts that persons recorded, one point each; an open place where there is none."""
        self.held[name] = [each.model_dump(mode="json") for each in written]
        if not written:
            self.page.text(self._open_places([name]))
        self.page.points(
            (self.page.draft.shown(at(f"/letter/{name}/{n}/text")),) for n in range(len(written))
        )

    def kept(self) -> None:
        """How long each kind of data is kept; an open place where nothing is registered."""
        self.heading("kept", "kept.heading")
        rows = self.held["retention"]
        if not rows:
            self.page.text(self._open_places(["retention"]))
        self.page.points(
            self.page.say(
                "kept.point",
                artefact=at(f"/letter/retention/{n}/artefact", "word:letter_artefact"),
                days=at(f"/letter/retention/{n}/days", "integer"),
            )
            for n in range(len(rows))
        )
        if rows:
            self.page.text(self.page.say("kept.law"))

    def has(self, name: str) -> bool:
        """Whether there is something to say under a name."""
        if name in self.held["given"]:
            return True
        value = self.held["facts"].get(name)
        return value is not None and value != [] and value != ""

    def ref(self, name: str) -> Ref:
        """Where a name leads, and how it is written."""
        if name in self.held["given"]:
            return at(f"/letter/given/{name}/text")
        return at(f"/letter/facts/{name}", _SHOWS.get(name, "text"))

    def heading(self, anchor: str, key: str, level: Literal[2, 3] = 2) -> None:
        """Starts a section."""
        self.page.heading(anchor, key, level=level)

    def rights(self, heading: str) -> None:
        """What is said by place, each rule under its heading; a sentence where there is none."""
        self.heading("rights", heading)
        self.page.text(self.page.say("rights.law" if self.rules else "rights.none"))
        for n, rule in enumerate(self.rules):
            key = f"/letter/rules/{n}"
            self.page.draft.add(
                m.Heading(
                    id=f"rule-{rule.id.replace('_', '-')}",
                    level=3,
                    text=(self.page.draft.shown(at(f"{key}/id", "word:letter_rule")),),
                )
            )
            numbers = {name: at(f"{key}/lengths/{name}", "integer") for name in rule.clocks}
            self.page.points(
                self.sentence(f"rules.{rule.id}.{point}", numbers) for point in rule.points
            )

    def basis(self) -> None:
        """The laws behind the letter, in small print at its end."""
        if self.rules:
            self.heading("basis", "basis.heading")
            self.page.points(
                self.page.say("basis.point", citation=at(f"/letter/rules/{n}/citation"))
                for n in range(len(self.rules))
            )

    def salute(self) -> None:
        """The salutation: neutral, with the place that the platform fills."""
        self.page.text(self.page.say("salutation"))

    def close(self) -> None:
        """Whom to ask, and who writes."""
        self.heading("questions", "close.heading")
        self.say("close.contact")
        self.say("close.sign")

    def finish(self, issue: Issue) -> m.Document:
        """The letter; with open fields it begins with them, and is not ready to send."""
        blocks = self.page.draft.blocks
        body = list(blocks)
        blocks.clear()
        self._warn()
        blocks.extend(body)
        return self.page.draft.finish(f"{AREA}.{self.kind}.title", issue)

    def _warn(self) -> None:
        """What keeps the letter from being sent, if anything does."""
        self.held["late"] = _late(self.kind, self.held)
        if self.held["late"]:
            due, used = at("/letter/due_on", "date"), at("/letter/facts/use_from", "date")
            self.page.notice("attention", "late", due_on=due, use_from=used)
        if not self.held["open"]:
            return
        self.held["open_count"] = len(self.held["open"])
        self.page.notice("attention", "open", n=at("/letter/open_count", "integer"))
        self.page.points(
            (self.page.draft.shown(at(f"/letter/open/{n}/field", "word:letter_field")),)
            for n in range(len(self.held["open"]))
        )
        if self.held["due_on"]:
            self.page.text(self.page.say("open.due", due_on=at("/letter/due_on", "date")))

    def _open_places(self, names: Iterable[str]) -> m.Inline:
        made: list[str | m.Shown] = []
        for name in names:
            rows = self.held["open"]
            place = next((n for n, row in enumerate(rows) if row["field"] == name), len(rows))
            if place == len(rows):
                rows.append({"field": name})
            found = self.page.say(
                "open.place", field=at(f"/letter/open/{place}/field", "word:letter_field")
            )
            made += [" ", *found] if made else found
        return tuple(made)


def is_ready(document: m.Document) -> bool:
    """Whether a letter has no open field, and is not a notice that comes too late."""
    letter = document.data["letter"]
    return not letter["open"] and not letter["late"]


def rules(kind: Kind, facts: LetterFacts) -> tuple[Rule, ...]:
    """The rules that a letter says: of the candidate's places, in force on its day."""
    tool = facts.tool.model_dump(mode="json")
    return tuple(
        each
        for each in _book().rule
        if kind in each.letters
        and each.applies(tool, facts.places)
        and standing(each, facts.day) is Standing.IN_FORCE
    )


def due_on(applying: Iterable[Rule], facts: LetterFacts, starts: date) -> str | None:
    """The last day for a letter by the clocks of its rules; None where none sets one."""
    found = []
    for rule in applying:
        for place in facts.places if rule.due else ():
            try:
                calendar(place)
                found.append(due(find(rule.due), starts, place).due_on)
            except ClockInvalid:
                continue
    return min(found).isoformat() if found else None


def latest_day(applying: Iterable[Rule], facts: LetterFacts, use_from: date | None) -> str | None:
    """The last day for a notice by the clocks that run ahead of the use; None where none does."""
    if use_from is None:
        return None
    found = [
        latest_start(find(rule.ahead), use_from, place)
        for rule in applying
        for place in facts.places
        if rule.ahead and within([place], rule.jurisdictions)
    ]
    return min(found).isoformat() if found else None


def _late(kind: Kind, held: Mapping[str, Any]) -> bool:
    """Only a notice can still be given for a later day; any other letter is sent, late or not."""
    return kind == "notice" and bool(held["due_on"]) and held["facts"]["day"] > held["due_on"]


_SHOWS = {
    "mode": "word:letter_mode",
    "role": "word:letter_role",
    "outcome": "word:letter_outcome",
    "data_types": "list",
    "day": "date",
    "use_from": "date",
    "decided_on": "date",
    "asked_on": "date",
    "reviews": "integer",
}


def _data(facts: LetterFacts, language: m.Language) -> dict[str, Any]:
    """Facts by name, and the texts that people wrote; numbers and days as plain JSON."""
    tool, organisation = facts.tool, facts.organisation
    words = catalogue(language).words["letter_data"]
    given = {
        name: value.model_dump(mode="json")
        for name in type(facts).model_fields
        if isinstance(value := getattr(facts, name), Written)
    }
    return {
        "language": language,
        "facts": {
            "organisation": organisation.name if organisation else None,
            "contact": organisation.contact if organisation else None,
            "tool": tool.name,
            "version": tool.version,
            "developer": tool.developer,
            "mode": tool.mode.value,
            "role": tool.decision_role.value,
            "data_types": [words.get(each, each) for each in tool.data_types],
            "notice_url": tool.notice_url,
            "day": facts.day.isoformat(),
        },
        "places": list(facts.places),
        "given": given,
        "retention": [
            {"artefact": name, "days": days} for name, days in sorted(tool.retention_days.items())
        ],
        "open": [],
        "due_on": None,
    }


def _rule_row(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "citation": rule.citation,
        "read": rule.read,
        "lengths": {name: length_of(clock) for name, clock in rule.clocks.items()},
    }


def length_of(clock: str) -> int | None:
    """The length of a clock in its own unit, which the text names."""
    period = find(clock).period
    return period.length if period else None


@cache
def _book() -> RuleBook:
    text = resources.files("reports.compose").joinpath("letter_rules.toml").read_text("utf-8")
    return RuleBook.model_validate(tomllib.loads(text))
