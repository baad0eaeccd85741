"""The letter that explains a decision to the candidate who asked."""

from __future__ import annotations

from reports.compose.letter_facts import ExplanationFacts, HumanPart
from reports.compose.letters import Letter
from reports.document import model as m
from reports.document.draft import Issue, at

__all__ = ["compose"]


def compose(facts: ExplanationFacts, issue: Issue, language: m.Language = "en") -> m.Document:
    """The explanation: role of the tool, main elements, logic, output, role of people, what next.

    The output of the tool is said only as it was recorded of this person; where none is recorded,
    the letter says so. A field that nobody filled stands open in its place.
    """
    letter = Letter.begin("explanation", facts, language)
    letter.decided(facts.decision)
    letter.know(asked_on=facts.asked_on)
    letter.salute()
    letter.say("explanation.asked" if facts.asked_on else "explanation.asked_before")
    letter.heading("decision", "explanation.decision_heading")
    letter.said_of_decision()
    letter.heading("part", "explanation.part_heading")
    letter.say("explanation.tool", "explanation.mode", "explanation.part")
    letter.heading("elements", "explanation.elements_heading")
    letter.list_of("elements", facts.elements)
    letter.heading("logic", "explanation.logic_heading")
    letter.say("explanation.logic")
    letter.say("explanation.data", "explanation.sources")
    _output(letter, facts)
    letter.heading("people", "explanation.people_heading")
    letter.page.text(*(_said(letter, key) for key in _people(letter, facts.human)))
    letter.heading("contest", "explanation.contest_heading")
    letter.say("explanation.contest", "explanation.no_harm")
    letter.rights("explanation.rights_heading")
    letter.close()
    letter.basis()
    return letter.finish(issue)


def _output(letter: Letter, facts: ExplanationFacts) -> None:
    letter.heading("output", "explanation.output_heading")
    letter.held["output"] = [each.model_dump(mode="json") for each in facts.output]
    if not facts.output:
        letter.say("explanation.no_output")
        return
    letter.page.points(
        letter.page.say(
            "explanation.score",
            name=at(f"/letter/output/{n}/name"),
            value=at(f"/letter/output/{n}/value", "figures"),
        )
        for n in range(len(facts.output))
    )
    letter.say("explanation.output_meaning")


def _people(letter: Letter, human: HumanPart) -> list[str]:
    """What is recorded of people, as keys of sentences."""
    words = {True: "yes", False: "no", None: "unknown"}
    letter.know(reviews=human.reviews)
    letter.held["human"] = human.model_dump(mode="json")
    found = [f"person_{words[human.person_decided]}", f"against_{words[human.against_tool]}"]
    return [*found, "reviews" if human.reviews else "no_reviews"]


def _said(letter: Letter, key: str) -> m.Inline:
    return letter.sentence(f"explanation.{key}")
