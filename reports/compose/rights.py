"""What the law of a candidate's places says, as points of a page: the rules of `letter_rules.toml`.

A letter says how to ask, in words that a person wrote for it. A page has the ways on it: `here`
says which. A point that names a field the page has nothing for is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from reports.compose.letter_facts import LetterFacts, Tool
from reports.compose.letters import AREA, Rule, length_of, rules
from reports.document.catalogue import catalogue
from reports.document.values import plural

_OF_LETTERS = frozenset(
    {
        ("nyc", "ahead"),
        ("nyc", "assessed"),
        ("california_notice", "instead"),
        ("illinois_video", "how"),
    }
)
"""Points that speak of the rest of a notice, which stands elsewhere."""


@dataclass(frozen=True, slots=True)
class Right:
    """A rule under its name, in the sentences of a notice."""

    title: str
    points: tuple[str, ...]
    citation: str


def rights(
    tools: Iterable[Tool],
    places: tuple[str, ...],
    day: date,
    *,
    language: str,
    here: Mapping[str, str],
) -> tuple[Right, ...]:
    """What a notice of one of the tools says by place on that day, each rule once."""
    found: dict[str, Rule] = {}
    for tool in tools:
        facts = LetterFacts(tool=tool, places=places, day=day)
        found |= {rule.id: rule for rule in rules("notice", facts)}
    words = catalogue(language)
    made = (
        Right(words.word("letter_rule", rule.id), _points(rule, language, here), rule.citation)
        for rule in found.values()
    )
    return tuple(each for each in made if each.points)


def said(language: str, key: str, values: Mapping[str, object]) -> str:
    """A text of the catalogue with its names filled in, in the plural form that they ask for."""
    phrase = catalogue(language).phrase(key)
    form = plural(values[phrase.counts], language) if phrase.counts else "other"
    pieces = phrase.forms.get(form, phrase.forms["other"])
    return "".join(
        str(values[piece]) if number % 2 else piece for number, piece in enumerate(pieces)
    )


def _points(rule: Rule, language: str, here: Mapping[str, str]) -> tuple[str, ...]:
    values: dict[str, object] = dict(here)
    values |= {name: length_of(clock) for name, clock in rule.clocks.items()}
    held = catalogue(language)
    told = []
    for point in rule.points:
        key = f"{AREA}.rules.{rule.id}.{point}"
        forms = held.phrase(key).forms.values()
        names = {name for form in forms for name in form[1::2]}
        if (rule.id, point) not in _OF_LETTERS and names <= values.keys():
            told.append(said(language, key, values))
    return tuple(told)
