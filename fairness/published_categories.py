"""Names of the categories that published bias audits use, brought to the words of the EEO-1 form.

The categories are those of EEO-1 Component 1, which New York City's Local Law 144 asks for
(6 RCNY 5-300, "category"): two sexes, seven race/ethnicity categories, and their 14 pairs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SEXES = ("Male", "Female")
RACES = (
    "Hispanic or Latino",
    "White",
    "Black or African American",
    "Native Hawaiian or Pacific Islander",
    "Asian",
    "Native American or Alaska Native",
    "Two or More Races",
)
UNKNOWN = "unknown"
TOTAL = "total"

_NOT_HISPANIC = re.compile(r"\(?\bnon?t?[\s/-]*hispanic(?:\s*(?:or|/|,)?\s*latin[oax]?)?\)?", re.I)
_SEX = (
    ("Female", re.compile(r"\b(females?|wom[ae]n|f)\b", re.I)),
    ("Male", re.compile(r"\b(males?|m[ae]n|m)\b", re.I)),
)
_RACE = (
    ("Two or More Races", re.compile(r"two or more|two\+|2\+|2 or more|multi|more than one", re.I)),
    ("Native Hawaiian or Pacific Islander", re.compile(r"hawaii|pacific|nhpi|nhopi", re.I)),
    ("Native American or Alaska Native", re.compile(r"alask|american indian|native am|aian", re.I)),
    ("Hispanic or Latino", re.compile(r"hispanic|latin[oax]", re.I)),
    ("Black or African American", re.compile(r"black|african", re.I)),
    ("Asian", re.compile(r"\basian\b", re.I)),
    ("White", re.compile(r"\b(white|caucasian)\b", re.I)),
)
_UNKNOWN = re.compile(
    r"unknown|missing|not (specified|disclosed|provided|identified|reported|declared)|undisclosed|"
    r"unspecified|declined?|prefer not|no answer|did not",
    re.I,
)
_TOTAL = re.compile(r"(grand |sub)?totals?|all(\s+\w+)?|overall|everyone|any", re.I)


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a row is about. Each of sex and race is a category, `unknown`, `total` or None (blank).

    `other`: a category of neither kind, as printed.
    """

    sex: str | None = None
    race: str | None = None
    other: str | None = None


def sex_of(text: str) -> str | None:
    """The sex that a cell names: Male, Female, `unknown`, `total`, or the text; None if blank."""
    text = _tidy(text)
    return _special(text) or next((s for s, p in _SEX if p.search(text)), text or None)


def race_of(text: str) -> str | None:
    """The EEO-1 race/ethnicity that a cell names, as `sex_of` does."""
    text = _tidy(text)
    if not text:
        return None
    bare = _tidy(_NOT_HISPANIC.sub(" ", text))
    return _special(text) or next((r for r, p in _RACE if p.search(bare)), text)


def who(text: str) -> Who:
    """Whom one category cell is about: `Female`, `Asian`, `Female - Asian`, `Total`, ..."""
    text = _tidy(text)
    special = _special(text)
    if special:
        return Who(sex=special, race=special)
    bare = _NOT_HISPANIC.sub(" ", text)
    sex = next((s for s, p in _SEX if p.search(bare)), None)
    race = next((r for r, p in _RACE if p.search(bare)), None)
    return Who(sex, race) if sex or race else Who(other=text or None)


def label(row: Who) -> str:
    """The category in words, as findings name it."""
    named = [part for part in (row.sex, row.race) if part not in (None, TOTAL)]
    if row.other is not None:
        named.append(row.other)
    return " ".join(dict.fromkeys(part for part in named if part)) or TOTAL


def _special(text: str) -> str | None:
    if _UNKNOWN.search(text):
        return UNKNOWN
    return TOTAL if _TOTAL.fullmatch(text) else None


def _tidy(text: str) -> str:
    return re.sub(r"[\s_]+", " ", text).strip(" ,;:-–/|")
