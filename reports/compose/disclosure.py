"""The disclosure to a candidate after an adverse outcome."""

from __future__ import annotations

from reports.compose.letter_facts import DisclosureFacts
from reports.compose.letters import Letter, due_on
from reports.document import model as m
from reports.document.draft import Issue

__all__ = ["compose"]


def compose(facts: DisclosureFacts, issue: Issue, language: m.Language = "en") -> m.Document:
    """The disclosure: the decision, the part of the tool in it, the reasons, and what can be done.

    Reasons are those that a person recorded; the letter adds none. A field that nobody filled
    stands open in its place.
    """
    letter = Letter.begin("disclosure", facts, language)
    letter.decided(facts.decision)
    letter.held["due_on"] = due_on(letter.rules, facts, facts.decision.on)
    letter.salute()
    letter.heading("decision", "disclosure.decision_heading")
    letter.said_of_decision()
    letter.heading("reasons", "disclosure.reasons_heading")
    letter.list_of("reasons", facts.reasons)
    letter.heading("part", "disclosure.part_heading")
    letter.say("disclosure.tool", "disclosure.part")
    letter.say("disclosure.tool_part")
    letter.heading("data", "disclosure.data_heading")
    letter.say("disclosure.data", "disclosure.sources")
    letter.heading("more", "disclosure.more_heading")
    letter.say("disclosure.more")
    letter.heading("correct", "disclosure.correct_heading")
    letter.say("disclosure.correct")
    letter.heading("review", "disclosure.review_heading")
    letter.say("disclosure.review")
    letter.say("disclosure.no_harm")
    letter.rights("disclosure.rights_heading")
    letter.close()
    letter.basis()
    return letter.finish(issue)
