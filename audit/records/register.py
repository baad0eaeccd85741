"""The register: hiring systems, candidates, interviews, consents, notices and outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from audit.records.base import Record

Jurisdictions = Annotated[
    tuple[str, ...],
    Field(
        description="Where the law of a place applies: ISO 3166 codes, with subdivision or city.",
        examples=[["US-NY-NYC", "US-IL"]],
    ),
]


class Mode(StrEnum):
    """Who leads the interview, and how much of it is automated."""

    AI_LED = "ai_led"
    AI_ASSISTED = "ai_assisted"
    HUMAN_LED = "human_led"
    HYBRID = "hybrid"


class DecisionRole(StrEnum):
    """What the system's output does in the decision (2 CCR 11008.1; Art. 22 GDPR; LL144)."""

    DECIDES = "decides"
    SUBSTANTIALLY_ASSISTS = "substantially_assists"
    ONE_OF_SEVERAL = "one_of_several"
    INFORMS = "informs"
    NONE = "none"


class Stopped(StrEnum):
    """Why automated processing of a candidate is stopped."""

    NOT_STOPPED = "not_stopped"
    OPTED_OUT = "opted_out"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    ERASED = "erased"


class Purpose(StrEnum):
    """What a consent is for."""

    BIOMETRIC_COMPARISON = "biometric_comparison"
    MEDIA_ANALYSIS = "media_analysis"
    RECORDING = "recording"
    AUTOMATED_EVALUATION = "automated_evaluation"
    DEMOGRAPHICS = "demographics"


class OutcomeClass(StrEnum):
    """What an outcome word of an applicant tracking system means."""

    ADVANCED = "advanced"
    REJECTED = "rejected"
    HIRED = "hired"
    WITHDRAWN = "withdrawn"
    ON_HOLD = "on_hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class System(Record):
    """A hiring tool that is audited."""

    name: Annotated[str, Field(description="Its name.", examples=["Structured video interview"])]
    vendor: Annotated[str, Field(description="Who makes it.")]
    system_version: Annotated[str, Field(description="The vendor's version.")]
    mode: Annotated[Mode, Field(description="Who leads the interview.")]
    decision_role: Annotated[DecisionRole, Field(description="What its output does.")]
    data_types: Annotated[
        tuple[str, ...],
        Field(description="Types of data that it reads.", examples=[["video", "voice", "text"]]),
    ] = ()
    jurisdictions: Jurisdictions = ()
    retention_days: Annotated[
        dict[str, int],
        Field(
            description="Days that each kind of artefact is kept: media, reports, references, "
            "demographics. What is not named follows the service's default.",
            examples=[{"media": 30, "reports": 1460}],
        ),
    ]
    outcome_words: Annotated[
        dict[str, OutcomeClass],
        Field(
            description="What the words of the applicant tracking system mean. A word that is not "
            "here is refused, never counted as a rejection.",
            examples=[{"Onsite": "advanced", "Archived": "rejected"}],
        ),
    ]
    notice_url: Annotated[str | None, Field(description="Where its notice is published.")] = None
    policy: Annotated[str, Field(description="Name of the flag policy.")] = "default"
    retired_at: Annotated[datetime | None, Field(description="When its use ended.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Record):
    """A candidate, by an opaque reference. No name, address or birth date is stored."""

    external_ref: Annotated[str, Field(description="The platform's own opaque reference.")]
    jurisdictions: Jurisdictions = ()
    locale: Annotated[str, Field(description="Language of letters.", examples=["en"])] = "en"
    stopped: Annotated[
        Stopped, Field(description="Why automated processing is stopped, if it is.")
    ] = Stopped.NOT_STOPPED
    stopped_at: Annotated[datetime | None, Field(description="Since when.")] = None
    erased_at: Annotated[datetime | None, Field(description="When their data was erased.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Demographics(Record):
    """Self-reported demographics of a candidate, sealed. Read by fairness audits only."""

    candidate_id: str
    sealed: bytes
    collected_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    """A question as it was put, in its place."""

    id: Annotated[str, Field(description="The platform's identifier of the question.")]
    text_hash: Annotated[
        str | None, Field(description="SHA-256 of the words, to compare wording without them.")
    ] = None
    rubric: Annotated[str | None, Field(description="Identifier of the rubric.")] = None
    start_s: Annotated[float | None, Field(description="When in the recording, seconds.")] = None
    end_s: Annotated[
        float | None,
        Field(description="When its answer ended; with `start_s` it marks the answer."),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview(Record):
    """One interview of a candidate, with a system."""

    candidate_id: Annotated[str, Field(description="The candidate.")]
    system_id: Annotated[str, Field(description="The system.")]
    job: Annotated[str, Field(description="The platform's reference of the job.")] = ""
    stage: Annotated[str, Field(description="The stage of hiring.")] = ""
    location: Annotated[str, Field(description="Where the job is.")] = ""
    mode: Annotated[Mode | None, Field(description="If other than the system's.")] = None
    interviewer: Annotated[str | None, Field(description="Opaque reference.")] = None
    questions: Annotated[tuple[QuestionAsked, ...], Field(description="As asked.")] = ()
    coached: Annotated[bool | None, Field(description="Whether practice was offered.")] = None
    held_at: Annotated[datetime | None, Field(description="When it took place.")] = None
    human_alternative: Annotated[
        bool, Field(description="Whether it is the human alternative that was asked for.")
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Record):
    """A candidate's consent to one purpose."""

    candidate_id: Annotated[str, Field(description="The candidate.")]
    purpose: Annotated[Purpose, Field(description="What for.")]
    text_version: Annotated[str, Field(description="Version of the words agreed to.")]
    jurisdiction: Annotated[str, Field(description="Whose law it is meant to meet.")]
    given_at: Annotated[datetime, Field(description="When.")]
    reference: Annotated[
        str, Field(description="Where the signature or record is kept: an opaque reference.")
    ]
    written: Annotated[bool, Field(description="Signed, on paper or electronically.")] = False
    interview_id: Annotated[str | None, Field(description="If for one interview only.")] = None
    expires_at: Annotated[datetime | None, Field(description="When it ends by itself.")] = None
    withdrawn_at: Annotated[datetime | None, Field(description="When it was withdrawn.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Record):
    """A notice that was given to a candidate, or published for a system."""

    kind: Annotated[str, Field(description="Which notice.", examples=["pre_use"])]
    jurisdiction: Annotated[str, Field(description="Whose law asks for it.")]
    text_version: Annotated[str, Field(description="Version of its words.")]
    channel: Annotated[str, Field(description="How it was given.", examples=["email", "page"])]
    given_at: Annotated[datetime, Field(description="When.")]
    candidate_id: Annotated[str | None, Field(description="To whom, if to one.")] = None
    system_id: Annotated[str | None, Field(description="About which system.")] = None
    interview_id: Annotated[str | None, Field(description="Before which interview.")] = None
    use_on: Annotated[datetime | None, Field(description="When the tool was to be used.")] = None
    in_time: Annotated[
        bool | None, Field(description="Whether the clock of that notice was kept; null: no clock.")
    ] = None
    clock: Annotated[str | None, Field(description="Which clock was applied.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Record):
    """What happened to a candidate at a stage."""

    candidate_id: Annotated[str, Field(description="The candidate.")]
    system_id: Annotated[str | None, Field(description="The system whose output was used.")] = None
    interview_id: Annotated[str | None, Field(description="The interview.")] = None
    job: Annotated[str, Field(description="The platform's reference of the job.")] = ""
    stage: Annotated[str, Field(description="The stage of hiring.")] = ""
    location: Annotated[str, Field(description="Where the job is.")] = ""
    word: Annotated[str, Field(description="The word that came in.")]
    outcome: Annotated[OutcomeClass, Field(description="What it means.")]
    occurred_at: Annotated[datetime, Field(description="When.")]
    source: Annotated[str, Field(description="Where it came from.", examples=["greenhouse"])]
    external_event: Annotated[str, Field(description="The sender's identifier; taken once.")]
    scores: Annotated[
        dict[str, float],
        Field(
            description="Scores of the system: overall, or by question.", examples=[{"total": 71}]
        ),
    ]
    decided_by: Annotated[str | None, Field(description="Opaque reference of who decided.")] = None
    overridden: Annotated[
        bool | None, Field(description="Whether a person decided against the system.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtsConnection(Record):
    """Where outcomes of a system come from, and where notes go."""

    system_id: Annotated[str, Field(description="The system.")]
    kind: Annotated[str, Field(description="Which applicant tracking system.")]
    name: Annotated[str, Field(description="For people.")]
    sealed_secret: bytes = field(default=b"", repr=False)
    received: Annotated[int, Field(description="Messages accepted.")] = 0
    ignored: Annotated[int, Field(description="Messages of kinds that are not used.")] = 0
    disabled_at: Annotated[datetime | None, Field(description="When it was switched off.")] = None
