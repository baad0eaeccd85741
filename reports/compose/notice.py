"""The notice to a candidate before a hiring tool is used."""

from __future__ import annotations

from reports.compose.letter_facts import NoticeFacts
from reports.compose.letters import Letter, latest_day
from reports.document import model as m
from reports.document.draft import Issue

__all__ = ["compose"]


def compose(facts: NoticeFacts, issue: Issue, language: m.Language = "en") -> m.Document:
    """The notice: what is used and why, on what data, what part it has, and how to ask for more.

    What is said by place are the rules in force on the day of the letter in the candidate's places.
    A field that nobody filled stands open in its place (`reports.compose.letters.is_ready`), and a
    notice that comes too late for the day of use says so.
    """
    letter = Letter.begin("notice", facts, language)
    letter.know(use_from=facts.use_from, summary_url=facts.summary_url)
    letter.held["due_on"] = latest_day(letter.rules, facts, facts.use_from)
    letter.salute()
    letter.say("notice.lead", "notice.why_now")
    letter.heading("what", "notice.what_heading")
    letter.say("notice.what", "notice.mode", "notice.when")
    letter.heading("why", "notice.why_heading")
    letter.say("notice.purpose")
    letter.heading("data", "notice.data_heading")
    letter.say("notice.data", "notice.sources")
    letter.say("notice.assessed")
    letter.say("notice.how")
    letter.kept()
    letter.heading("part", "notice.part_heading")
    letter.say("notice.part", "notice.output")
    letter.say("notice.people")
    letter.heading("another-way", "notice.way_heading")
    letter.say("notice.alternative", "notice.no_harm")
    if any(rule.consent for rule in letter.rules):
        letter.heading("consent", "notice.consent_heading")
        letter.say("notice.consent")
    letter.rights("notice.rights_heading")
    letter.close()
    letter.basis()
    return letter.finish(issue)
