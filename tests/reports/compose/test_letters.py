"""Letters to candidates: nothing invented, open fields visible, the same in three languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from audit.records.register import DecisionRole, Mode, OutcomeClass
from reports.compose import disclosure, explanation, notice
from reports.compose.letter_facts import (
    Decision,
    ExplanationFacts,
    HumanPart,
    LetterFacts,
    NoticeFacts,
    Part,
    Tool,
    Written,
)
from reports.compose.letters import Kind, is_ready, rules
from reports.document import model as m
from reports.document.catalogue import LANGUAGES, Phrase, catalogue
from reports.document.check import faults, inlines
from reports.document.draft import Issue
from tests.reports.compose import letter_material as material
from tests.reports.compose.told import ACCUSING, headings, say

ISSUE = Issue(id="rep-1", issued_at="2028-01-10T09:00:00Z", publisher="Example AG")
COMPOSERS: dict[str, Callable[..., m.Document]] = {
    "notice": notice.compose,
    "disclosure": disclosure.compose,
    "explanation": explanation.compose,
}
KINDS: tuple[Kind, ...] = ("notice", "disclosure", "explanation")
_BLAMING = {
    "en": ACCUSING,
    "de": re.compile(
        r"(?i)betr[uü]g|täusch|\bl[üu]g|schuldig|gefälscht|fälschung|verdacht|\bfair|konform"
        r"|deepfake|vorurteilsfrei|schummel"
    ),
    "es": re.compile(
        r"(?i)fraud|engañ|mentir|mentira|culpable|falsific|\bfals[oa]s?\b|sospech|\bjust[oa]s?\b"
        r"|deepfake|trampa|conforme\b"
    ),
}
_LONGEST = {"en": 22, "de": 22, "es": 22}
_MEAN = {"en": 10, "de": 10, "es": 10}


def compose(kind: str, facts: Any, language: m.Language = "en") -> m.Document:
    return COMPOSERS[kind](facts, ISSUE, language)


def complete(kind: str, **changes: Any) -> Any:
    return getattr(material, kind)(**changes)


def said(document: m.Document) -> str:
    return "\n".join(say(inline) for inline in inlines(document))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_complete_letters_are_ready_and_without_faults(kind: str, language: m.Language) -> None:
    document = compose(kind, complete(kind), language)
    assert faults(document) == []
    assert is_ready(document)
    assert "[Still open" not in said(document)
    assert "[NAME]" in said(document)
    assert not [b for b in document.blocks if isinstance(b, m.Notice)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_bare_letters_begin_with_their_open_fields(kind: str, language: m.Language) -> None:
    document = compose(kind, material.bare(kind), language)
    assert faults(document) == []
    assert not is_ready(document)
    first = document.blocks[0]
    assert isinstance(first, m.Notice) and first.tone == "attention"
    fields = [row["field"] for row in document.data["letter"]["open"]]
    assert len(fields) == len(set(fields)) > 7
    text = said(document)
    for field in fields:
        assert text.count(catalogue(language).words["letter_field"][field]) >= 2


def _required() -> Iterator[tuple[str, str, Any]]:
    empty: dict[str, Any] = {"reasons": (), "elements": ()}
    optional = {"asked_on", "output", "human", "tool", "day", "places", "decision"}
    for kind in KINDS:
        for name in type(complete(kind)).model_fields:
            if name not in optional:
                yield kind, name, empty.get(name)


@pytest.mark.parametrize(("kind", "name", "nothing"), list(_required()))
def test_each_missing_field_stands_open_where_it_belongs(
    kind: str, name: str, nothing: Any
) -> None:
    document = compose(kind, complete(kind, **{name: nothing}))
    assert not is_ready(document)
    fields = {row["field"] for row in document.data["letter"]["open"]}
    assert fields == ({"organisation", "contact"} if name == "organisation" else {name})
    assert faults(document) == []


def test_open_data_of_the_tool_and_retention() -> None:
    tool = material.tool(data_types=(), retention_days={})
    fields = compose("notice", material.notice(tool=tool)).data["letter"]["open"]
    assert [row["field"] for row in fields] == ["data_types", "retention"]


def test_every_text_that_a_person_wrote_changes_the_letter() -> None:
    for kind in KINDS:
        facts = complete(kind)
        before = said(compose(kind, facts))
        for name, value in facts:
            if isinstance(value, Written):
                other = facts.model_copy(update={name: material.written("Quite another text.")})
                after = said(compose(kind, other))
                assert value.text in before
                assert "Quite another text." in after


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("notice", {"tool": material.tool(version="9.9")}, "version 9.9"),
        ("notice", {"tool": material.tool(retention_days={"media": 7})}, "Recordings: 7 days"),
        ("notice", {"tool": material.tool(retention_days={"media": 1})}, "Recordings: 1 day."),
        ("notice", {"use_from": date(2029, 3, 4)}, "from 4 March 2029 on"),
        ("notice", {"tool": material.tool(mode=Mode.HYBRID)}, "leads some parts"),
        (
            "disclosure",
            {"tool": material.tool(decision_role=DecisionRole.INFORMS)},
            "is shown to the people who decide",
        ),
        (
            "disclosure",
            {"decision": Decision(outcome=OutcomeClass.ON_HOLD, on=date(2028, 1, 2))},
            "On 2 January 2028 we decided: your application is on hold.",
        ),
        ("explanation", {"output": ()}, "No result of the software is recorded for you."),
        ("explanation", {"asked_on": None}, "You asked how our decision came about."),
        ("explanation", {"human": HumanPart()}, "It is not recorded whether a person took"),
        ("explanation", {"human": HumanPart()}, "No further review of your case is recorded."),
        ("explanation", {"human": HumanPart(against_tool=True)}, "A person did not follow"),
        ("explanation", {"human": HumanPart(person_decided=False)}, "no person took part"),
        ("explanation", {"human": HumanPart(reviews=1)}, "again 1 time."),
    ],
)
def test_what_was_recorded_is_what_is_said(kind: str, changes: Any, words: str) -> None:
    assert words in said(compose(kind, complete(kind, **changes)))
    assert words not in said(compose(kind, complete(kind)))


def test_the_output_is_this_persons_and_as_recorded() -> None:
    text = said(compose("explanation", complete("explanation")))
    assert "total: 71" in text
    assert "question 2: 0.5" in text
    without = complete("explanation", output=(), output_meaning=None)
    assert is_ready(compose("explanation", without))


# --- By place ------------------------------------------------------------------------------------


def named(kind: Kind, facts: LetterFacts) -> set[str]:
    return {rule.id for rule in rules(kind, facts)}


def test_what_is_said_follows_place_day_mode_and_role() -> None:
    every = named("notice", material.notice())
    assert {"nyc", "colorado_notice", "california_notice", "illinois", "illinois_video"} <= every
    assert {"illinois_biometrics", "eu_talking", "eu_high_risk", "eu_data", "eu_decision"} <= every
    before = material.notice(day=date(2026, 12, 31))
    assert named("notice", before) == {
        "nyc",
        "illinois",
        "illinois_video",
        "illinois_biometrics",
        "eu_talking",
        "eu_data",
        "eu_decision",
    }
    led = material.notice(tool=material.tool(mode=Mode.HUMAN_LED))
    assert named("notice", led) == {"illinois_biometrics", "eu_high_risk", "eu_data"}
    assert named("notice", material.notice(places=("GB",))) == set()
    assert named("disclosure", material.disclosure(places=("US-CO",))) == {"colorado_outcome"}
    assert "eu_explanation" in named("explanation", material.explanation(places=("DE-BY",)))


def test_lengths_are_those_of_the_clocks() -> None:
    text = said(compose("notice", material.notice()))
    for words in (
        "at least 10 business days",
        "we answer within 30 days",
        "within 15 business days",
        "delete it within 30 days",
        "at the latest 3 years",
        "We answer within 1 month.",
    ):
        assert words in text


def test_a_place_without_rules_says_so() -> None:
    document = compose("notice", material.notice(places=("GB",)))
    assert "We know of no further rules for the place where you are." in said(document)
    assert "basis" not in headings(document, 2)
    assert "consent" not in headings(document, 2)
    assert faults(document) == []


def test_a_notice_that_comes_too_late_for_the_day_of_use_is_not_ready() -> None:
    late = material.notice(use_from=material.DAY + timedelta(days=3))
    document = compose("notice", late)
    assert not is_ready(document)
    assert "By law this notice is to be given by" in said(document)
    elsewhere = late.model_copy(update={"places": ("US-IL",)})
    assert is_ready(compose("notice", elsewhere))


def test_a_disclosure_that_is_not_ready_says_until_when_it_is_due() -> None:
    document = compose("disclosure", material.disclosure(review=None))
    assert "By law this letter is to be sent by 4 February 2028." in said(document)
    elsewhere = material.disclosure(review=None, places=("US-NJ",))
    assert "By law this letter" not in said(compose("disclosure", elsewhere))


# --- Languages and words ------------------------------------------------------------------------


def _letters(language: str) -> dict[str, Phrase]:
    return {k: p for k, p in catalogue(language).phrases.items() if k.startswith("letters.")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_texts_names_and_words(language: str) -> None:
    ours, english = _letters(language), _letters("en")
    assert set(ours) == set(english)
    for key, phrase in english.items():
        wanted = sorted(phrase.forms["other"][1::2])
        assert ours[key].counts == phrase.counts
        for form in ours[key].forms.values():
            assert sorted(form[1::2]) == wanted, key
    for group, words in catalogue("en").words.items():
        if group.startswith("letter_"):
            assert set(catalogue(language).words[group]) == set(words)
    if language != "en":
        same = [k for k, p in ours.items() if p.forms == english[k].forms]
        assert all(len("".join(ours[k].forms["other"][::2]).strip(" :,.")) == 0 for k in same), same


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_blames(language: str) -> None:
    texts = ["".join(f[::2]) for p in _letters(language).values() for f in p.forms.values()]
    for group, words in catalogue(language).words.items():
        if group.startswith("letter_"):
            texts += words.values()
    for text in texts:
        assert _BLAMING[language].search(text) is None, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_short(language: str) -> None:
    """Words in a sentence: the longest, and the mean, of all texts of the letters."""
    lengths = []
    for phrase in _letters(language).values():
        for sentence in re.split(r"(?<=[.:;])\s+", " x ".join(phrase.forms["other"][::2])):
            words = [w for w in re.findall(r"\w+", sentence) if w != "x"]
            if len(words) > 3:
                lengths.append(len(words))
                assert len(words) <= _LONGEST[language], sentence
    assert sum(lengths) / len(lengths) < _MEAN[language]


def test_every_rule_has_its_texts() -> None:
    for kind in KINDS:
        for rule in rules(kind, complete(kind)):
            for language in LANGUAGES:
                assert rule.id in catalogue(language).words["letter_rule"]
                for point in rule.points:
                    catalogue(language).phrase(f"letters.rules.{rule.id}.{point}")


# --- Facts --------------------------------------------------------------------------------------


def test_facts_have_no_place_for_a_name() -> None:
    fields = {name for kind in KINDS for name in type(complete(kind)).model_fields}
    fields |= set(Tool.model_fields) | set(Decision.model_fields)
    assert not fields & {"name_of_candidate", "candidate", "first_name", "person", "salutation"}
    with pytest.raises(ValidationError):
        NoticeFacts.model_validate({**material.notice().model_dump(), "candidate": "Jo"})


def test_facts_come_back_from_their_json() -> None:
    for kind in KINDS:
        facts: Part = complete(kind)
        assert type(facts).model_validate_json(facts.model_dump_json()) == facts


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValidationError):
        ExplanationFacts.model_validate(
            {**material.explanation().model_dump(), "output": [{"name": "a", "value": "high"}]}
        )
