"""Facts of letters: complete, empty, and of every place."""

from __future__ import annotations

from datetime import date
from typing import Any

from audit.records.register import DecisionRole, Mode, OutcomeClass
from reports.compose.letter_facts import (
    Decision,
    DisclosureFacts,
    ExplanationFacts,
    HumanPart,
    NoticeFacts,
    Organisation,
    Score,
    Tool,
    Written,
)

DAY = date(2028, 1, 10)
"""A day on which all rules are in force."""
PLACES = ("US-NY-NYC", "US-CO", "US-CA", "US-IL", "DE")


def written(text: str) -> Written:
    """A text as a person wrote it."""
    return Written(text=text, by="people-office", on=date(2027, 12, 1))


def tool(**changes: Any) -> Tool:
    """The tool."""
    held: dict[str, Any] = {
        "name": "Structured video interview",
        "version": "4.2",
        "developer": "Example Talent",
        "mode": Mode.AI_LED,
        "decision_role": DecisionRole.SUBSTANTIALLY_ASSISTS,
        "data_types": ("video", "voice", "face", "typing rhythm"),
        "retention_days": {"media": 30, "reports": 1460},
    }
    return Tool(**(held | changes))


def _common(**changes: Any) -> dict[str, Any]:
    held = {
        "organisation": Organisation(name="Example AG", contact="people@example.org"),
        "tool": tool(),
        "places": PLACES,
        "day": DAY,
    }
    return held | changes


def notice(**changes: Any) -> NoticeFacts:
    """A notice without open fields."""
    texts = {
        "purpose": "We want to ask everybody the same questions.",
        "how_it_works": "It asks questions and turns answers into text.",
        "assessed": "Clear speech, knowledge of the job.",
        "data_sources": "Your interview and your application.",
        "output_use": "A score for each answer, which our team reads.",
        "human_role": "Two people read every score before they decide.",
        "alternative": "Write to people@example.org or call the office.",
        "opt_out": "Use the form on our page, or write to us.",
        "access": "Write to people@example.org.",
        "more": "Ask the office.",
        "consent": "Tick the box on the page before the interview.",
        "biometrics": "To see that one person speaks; kept for 30 days.",
    }
    held = _common(use_from=date(2028, 2, 1), summary_url="https://example.org/audit")
    return NoticeFacts(**(held | {n: written(t) for n, t in texts.items()} | changes))


DECISION = Decision(
    outcome=OutcomeClass.REJECTED, on=date(2028, 1, 5), job="Nurse, ward 3", stage="Interview"
)


def disclosure(**changes: Any) -> DisclosureFacts:
    """A disclosure without open fields."""
    held = _common(
        decision=DECISION,
        reasons=(written("The post asks for night shifts."), written("No licence yet.")),
        tool_part=written("Its score was one of three things that we looked at."),
        data_sources=written("Your interview."),
        more=written("Write to us."),
        correct=written("Write to us what is wrong."),
        review=written("Write to us within 60 days."),
    )
    return DisclosureFacts(**(held | changes))


def explanation(**changes: Any) -> ExplanationFacts:
    """An explanation without open fields."""
    held = _common(
        decision=DECISION,
        asked_on=date(2028, 1, 7),
        elements=(written("Night shifts."), written("Licence.")),
        logic=written("It compares answers with a list of points."),
        output=(Score(name="total", value=71.0), Score(name="question 2", value=0.5)),
        output_meaning=written("The scale goes from 0 to 100."),
        human=HumanPart(person_decided=True, against_tool=False, reviews=2),
        data_sources=written("Your interview."),
        contest=written("Write to us."),
        future=written("None."),
    )
    return ExplanationFacts(**(held | changes))


def bare(kind: str) -> Any:
    """Facts of which nothing but the tool and the decision is recorded."""
    held: dict[str, Any] = {
        "tool": tool(data_types=(), retention_days={}),
        "day": DAY,
        "places": PLACES,
    }
    if kind == "notice":
        return NoticeFacts(**held)
    decision = Decision(outcome=OutcomeClass.REJECTED, on=date(2028, 1, 5))
    if kind == "disclosure":
        return DisclosureFacts(**held, decision=decision)
    return ExplanationFacts(**held, decision=decision)
