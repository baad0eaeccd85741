"""What letters to candidates are written from: typed, as the platform recorded it.

Nothing here is invented for a letter. What a person has to say is a `Written` text with who wrote
it and when; where there is none, the letter has a visible open field and is not ready to send. No
name of a candidate is held: the salutation has a place that the platform fills.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from audit.records.register import DecisionRole, Mode, OutcomeClass, System

Text = Annotated[str, Field(min_length=1, max_length=4000)]
Artefact = Literal["media", "reports", "references", "demographics"]
Short = Annotated[str, Field(min_length=1, max_length=300)]


class Part(BaseModel):
    """Any part of a letter's facts: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Written(Part):
    """A text that a person wrote for candidates, in the language of the letter."""

    text: Text
    by: Annotated[Short, Field(description="Who wrote it: an opaque reference or an office.")]
    on: date


class Organisation(Part):
    """Who writes."""

    name: Short
    contact: Annotated[
        Short | None,
        Field(description="How a candidate reaches a person: mail, address, telephone."),
    ] = None


class Tool(Part):
    """The hiring tool, as it is registered."""

    name: Short
    version: Short
    developer: Short
    mode: Mode
    decision_role: DecisionRole
    data_types: tuple[Short, ...] = ()
    retention_days: dict[Artefact, int] = {}
    notice_url: Short | None = None

    @classmethod
    def of(cls, system: System) -> Tool:
        """The tool of the register."""
        return cls(
            name=system.name,
            version=system.system_version,
            developer=system.vendor,
            mode=system.mode,
            decision_role=system.decision_role,
            data_types=system.data_types,
            retention_days=system.retention_days,
            notice_url=system.notice_url,
        )


class LetterFacts(Part):
    """What every letter needs. `places`: the candidate's, which decide what rules are said."""

    organisation: Organisation | None = None
    tool: Tool
    places: tuple[Short, ...] = ()
    day: Annotated[date, Field(description="Of the letter; rules in force then are said.")]


class NoticeFacts(LetterFacts):
    """A notice before the tool is used."""

    use_from: Annotated[date | None, Field(description="When it will be used.")] = None
    purpose: Annotated[Written | None, Field(description="Why it is used, specifically.")] = None
    how_it_works: Written | None = None
    assessed: Annotated[
        Written | None, Field(description="Qualifications and characteristics that it assesses.")
    ] = None
    data_sources: Annotated[Written | None, Field(description="Where its data come from.")] = None
    output_use: Annotated[
        Written | None, Field(description="What it gives out, and what that is used for.")
    ] = None
    human_role: Annotated[Written | None, Field(description="What people do in it.")] = None
    alternative: Annotated[
        Written | None,
        Field(description="How to ask for another way, a person, or an accommodation."),
    ] = None
    opt_out: Annotated[Written | None, Field(description="How to opt out; at least two ways.")] = (
        None
    )
    access: Annotated[Written | None, Field(description="How to see one's data.")] = None
    more: Annotated[Written | None, Field(description="How to learn more.")] = None
    consent: Annotated[Written | None, Field(description="How consent is given.")] = None
    biometrics: Annotated[
        Written | None, Field(description="Why face or voice are compared, and how long kept.")
    ] = None
    summary_url: Annotated[
        Short | None, Field(description="Where the summary of the bias audit is posted.")
    ] = None


class Decision(Part):
    """The decision that a letter is about, as it was recorded."""

    outcome: OutcomeClass
    on: date
    job: Annotated[Short | None, Field(description="The job, in words for the candidate.")] = None
    stage: Short | None = None


class DisclosureFacts(LetterFacts):
    """A disclosure after an adverse outcome."""

    decision: Decision
    reasons: Annotated[
        tuple[Written, ...], Field(description="Principal reasons, as a person recorded them.")
    ] = ()
    tool_part: Annotated[
        Written | None, Field(description="What the tool's output did in this decision.")
    ] = None
    data_sources: Written | None = None
    more: Annotated[
        Written | None, Field(description="How to get what the letter says of the tool again.")
    ] = None
    correct: Annotated[Written | None, Field(description="How to correct data.")] = None
    review: Annotated[Written | None, Field(description="How to ask for a human review.")] = None


class Score(Part):
    """One recorded output of the tool for this person."""

    name: Short
    value: float


class HumanPart(Part):
    """What is recorded of people in the decision; null: not recorded."""

    person_decided: bool | None = None
    against_tool: bool | None = None
    reviews: Annotated[int, Field(ge=0, description="Closed review cases of the candidate.")] = 0


class ExplanationFacts(LetterFacts):
    """An explanation on request."""

    decision: Decision
    asked_on: date | None = None
    elements: Annotated[
        tuple[Written, ...], Field(description="Main elements of the decision, as recorded.")
    ] = ()
    logic: Annotated[Written | None, Field(description="How the tool works, its parameters.")] = (
        None
    )
    output: Annotated[
        tuple[Score, ...], Field(description="As recorded of this person; empty: none recorded.")
    ] = ()
    output_meaning: Annotated[
        Written | None, Field(description="What the output means; needed where there is any.")
    ] = None
    human: HumanPart = HumanPart()
    data_sources: Written | None = None
    contest: Annotated[
        Written | None, Field(description="How to contest, be heard, or get a person.")
    ] = None
    future: Annotated[
        Written | None, Field(description="What the output will be used for later.")
    ] = None
