"""Hiring systems, candidates and interviews."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from audit.canonical import Json
from audit.errors import CandidateErased, StepRefused
from audit.ids import new_id
from audit.ledger import EventKind
from audit.operations.inputs import (
    CandidateId,
    Change,
    Codes,
    Flag,
    Input,
    Label,
    LabelOrEmpty,
    Line,
    LongToken,
    Moment,
    Reference,
    ReferenceOrEmpty,
    Sha256,
    SystemId,
    Token,
    Whole,
)
from audit.operations.notices import judge_again
from audit.records.register import (
    Candidate,
    DecisionRole,
    Interview,
    Mode,
    OutcomeClass,
    QuestionAsked,
    System,
)
from audit.store import Listing, Page, ReadUnit, UnitOfWork

Artefact = Literal["media", "reports", "references", "demographics"]
Days = Annotated[Whole, Field(ge=1, le=36_500)]
RetentionDays = Annotated[
    dict[Artefact, Days],
    Field(
        description="Days that each kind of artefact is kept; what is not named follows the "
        "service's default.",
        examples=[{"media": 30, "reports": 1460}],
    ),
]
OutcomeWords = Annotated[
    dict[Label, OutcomeClass],
    Field(
        max_length=500,
        description="What the words of the applicant tracking system mean; other words are "
        "refused.",
        examples=[{"Onsite": "advanced", "Archived": "rejected"}],
    ),
]
NoticeUrl = Annotated[
    str,
    StringConstraints(max_length=500, pattern=r"^https?://[!-~]{1,490}$"),
    Field(
        description="Where its notice is published.",
        examples=["https://jobs.example.com/ai-notice"],
    ),
]
DataTypes = Annotated[
    tuple[Token, ...],
    Field(
        max_length=20,
        description="Types of data that it reads.",
        examples=[["video", "voice"]],
    ),
]
Locale = Annotated[
    str,
    StringConstraints(max_length=35, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"),
    Field(description="Language of letters (BCP 47).", examples=["en"]),
]
SystemVersion = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^[!-~]+$"),
    Field(description="The vendor's version.", examples=["4.2"]),
]
SystemName = Annotated[
    Line, Field(description="Its name.", examples=["Structured video interview"])
]
Vendor = Annotated[Line, Field(description="Who makes it.", examples=["Example Talent"])]
Leading = Annotated[Mode, Field(description="Who leads the interview.", examples=["ai_led"])]
Deciding = Annotated[
    DecisionRole,
    Field(description="What its output does in the decision.", examples=["substantially_assists"]),
]
UsedIn = Annotated[
    Codes,
    Field(description="Places whose laws apply to its use.", examples=[["US-NY-NYC", "US-IL"]]),
]
PolicyName = Annotated[LongToken, Field(description="Name of the flag policy.")]
LivingIn = Annotated[
    Codes,
    Field(description="Places whose laws protect the candidate.", examples=[["US-NY-NYC"]]),
]
Job = Annotated[
    ReferenceOrEmpty, Field(description="Your reference of the job.", examples=["job-7"])
]
Stage = Annotated[
    LabelOrEmpty, Field(description="The stage of hiring.", examples=["Phone screen"])
]
JobPlace = Annotated[LabelOrEmpty, Field(description="Where the job is.", examples=["New York"])]
OtherMode = Annotated[Mode | None, Field(description="If other than the system's.")]
Interviewer = Annotated[Reference | None, Field(description="Your reference of the interviewer.")]
Coached = Annotated[Flag | None, Field(description="Whether practice was offered before.")]
HeldAt = Annotated[
    Moment | None,
    Field(description="When it takes or took place.", examples=["2026-11-20T15:00:00Z"]),
]
Alternative = Annotated[
    Flag, Field(description="Whether it is the human alternative that was asked for.")
]


class NewSystem(Input):
    """A hiring tool that is to be audited."""

    name: SystemName
    vendor: Vendor
    system_version: SystemVersion
    mode: Leading
    decision_role: Deciding
    data_types: DataTypes = ()
    jurisdictions: UsedIn = ()
    retention_days: RetentionDays = {}  # noqa: RUF012 - frozen, and copied by pydantic
    outcome_words: OutcomeWords = {}  # noqa: RUF012
    notice_url: NoticeUrl | None = None
    policy: PolicyName = "default"


class SystemChange(Change):
    """What changes about a system."""

    name: SystemName = ""
    vendor: Vendor = ""
    system_version: SystemVersion = ""
    mode: Leading = Mode.AI_LED
    decision_role: Deciding = DecisionRole.DECIDES
    data_types: DataTypes = ()
    jurisdictions: UsedIn = ()
    retention_days: RetentionDays = {}  # noqa: RUF012
    outcome_words: OutcomeWords = {}  # noqa: RUF012
    notice_url: NoticeUrl | None = None
    policy: PolicyName = "default"


class NewCandidate(Input):
    """A candidate, by a reference that says nothing of who it is."""

    external_ref: Annotated[
        Reference,
        Field(
            description="Your own reference: letters, digits and _.:- alone; no name, no e-mail "
            "address, no telephone number.",
            examples=["applicant-20417"],
        ),
    ]
    jurisdictions: LivingIn = ()
    locale: Locale = "en"


class CandidateChange(Change):
    """What changes about a candidate."""

    jurisdictions: LivingIn = ()
    locale: Locale = "en"


Second = Annotated[float, Field(ge=0, le=86_400, strict=True)]
MOST_MARKED = 24
"""Answers with both times in one interview: as many as a check divides among persons."""


class Question(Input):
    """A question as it was put."""

    id: Annotated[Reference, Field(description="Your identifier of it.", examples=["q1"])]
    text_hash: Annotated[
        Sha256 | None, Field(description="SHA-256 of its words, to compare wording without them.")
    ] = None
    rubric: Annotated[Reference | None, Field(description="Identifier of the rubric.")] = None
    start_s: Annotated[
        Second | None, Field(description="When in the recording, seconds.", examples=[12.5])
    ] = None
    end_s: Annotated[
        Second | None,
        Field(
            description="When its answer ended, after `start_s`: both together mark an answer, "
            "which a check compares with the others.",
            examples=[74.0],
        ),
    ] = None

    @field_validator("end_s")
    @classmethod
    def _after_its_start(cls, end_s: float | None, info: ValidationInfo) -> float | None:
        start_s = info.data.get("start_s")
        if end_s is None or "start_s" not in info.data:
            return end_s
        if start_s is None:
            raise ValueError("needs start_s: an answer is marked by both times")
        if end_s <= start_s:
            raise ValueError(f"has to lie after start_s, which is {start_s:g}")
        return end_s

    def asked(self) -> QuestionAsked:
        """As it is stored."""
        return QuestionAsked(**self.model_dump())


def _markable(questions: tuple[Question, ...]) -> tuple[Question, ...]:
    """Refuses marked answers that cannot be told apart; the message names row and field."""
    marked = [(row, q) for row, q in enumerate(questions) if q.end_s is not None]
    if len(marked) > MOST_MARKED:
        raise ValueError(f"{len(marked)} have an end_s; mark {MOST_MARKED} answers at most")
    first: dict[str, int] = {}
    for row, question in marked:
        if first.setdefault(question.id, row) != row:
            raise ValueError(
                f"{row}/id: {question.id!r} is the id of question {first[question.id]}, too; "
                "answers with times need ids of their own"
            )
    marked.sort(key=lambda each: each[1].start_s or 0.0)
    for (before, one), (row, other) in pairwise(marked):
        if (other.start_s or 0.0) < (one.end_s or 0.0):
            raise ValueError(
                f"{row}/start_s: {other.start_s:g} lies before the end of question {before} "
                f"({one.id}), which is {one.end_s:g}; answers may not overlap"
            )
    return questions


Questions = Annotated[
    tuple[Question, ...],
    Field(max_length=500, description="As asked, in their order."),
    AfterValidator(_markable),
]


class NewInterview(Input):
    """An interview that was held, or is going to be."""

    candidate_id: Annotated[CandidateId, Field(description="Who was interviewed.")]
    system_id: Annotated[SystemId, Field(description="The hiring tool that was used.")]
    job: Job = ""
    stage: Stage = ""
    location: JobPlace = ""
    mode: OtherMode = None
    interviewer: Interviewer = None
    questions: Questions = ()
    coached: Coached = None
    held_at: HeldAt = None
    human_alternative: Alternative = False


class InterviewChange(Change):
    """What changes about an interview; whose it is, and with what, does not."""

    job: Job = ""
    stage: Stage = ""
    location: JobPlace = ""
    mode: OtherMode = None
    interviewer: Interviewer = None
    questions: Questions = ()
    coached: Coached = None
    held_at: HeldAt = None
    human_alternative: Alternative = False


def create_system(unit: UnitOfWork, new: NewSystem) -> System:
    """Registers a hiring tool."""
    system = unit.add(System(id=new_id("sys"), **_plain(new)))
    unit.record(EventKind.SYSTEM_REGISTERED, system.id, _facts(system))
    return system


def change_system(unit: UnitOfWork, system: System, change: SystemChange) -> System:
    """Changes a system that was just read. Raises `VersionConflict` where somebody was faster."""
    changed = unit.put(replace(system, **change.given()))
    body = {**_facts(changed), "fields": list(change.given())}
    unit.record(EventKind.SYSTEM_CHANGED, system.id, body)
    return changed


def retire_system(unit: UnitOfWork, system: System) -> System:
    """Ends a system's use: it takes no new interviews. Again changes nothing."""
    if system.retired_at is not None:
        return system
    retired = unit.put(replace(system, retired_at=unit.now()))
    unit.record(EventKind.SYSTEM_CHANGED, system.id, {**_facts(retired), "fields": ["retired_at"]})
    return retired


def list_systems(
    unit: ReadUnit, page: Page, *, mode: Mode | None = None, retired: bool | None = None
) -> Listing[System]:
    """Systems, the newest first. `retired`: only those that are, or only those that are not."""
    where: dict[str, object] = {} if mode is None else {"mode": mode}
    if retired is not True:
        return unit.page(System, page, where if retired is None else {**where, "retired_at": None})
    found: list[System] = []
    more = True
    while more and len(found) <= page.limit:
        listing = unit.page(System, Page(limit=200, before=page.before), where)
        found += [each for each in listing.items if each.retired_at is not None]
        more = listing.more
        page = replace(page, before=listing.items[-1].id if listing.items else page.before)
    return Listing(tuple(found[: page.limit]), more=len(found) > page.limit)


def create_candidate(unit: UnitOfWork, new: NewCandidate) -> Candidate:
    """Registers a candidate. Raises `AlreadyExists` for a reference that is registered."""
    candidate = unit.add(Candidate(id=new_id("cand"), **_plain(new)))
    unit.record(
        EventKind.CANDIDATE_REGISTERED,
        candidate.id,
        {"jurisdictions": list(candidate.jurisdictions)},
    )
    return candidate


def change_candidate(unit: UnitOfWork, candidate: Candidate, change: CandidateChange) -> Candidate:
    """Changes jurisdictions or locale. The ledger keeps which laws were dropped and which added.

    Raises `CandidateErased` for a candidate whose data were erased.
    """
    refuse_erased(candidate)
    changed = unit.put(replace(candidate, **change.given()))
    body: dict[str, Json] = {"fields": list(change.given())}
    if changed.jurisdictions != candidate.jurisdictions:
        body["jurisdictions"] = list(changed.jurisdictions)
        body["jurisdictions_before"] = list(candidate.jurisdictions)
    unit.record(EventKind.CANDIDATE_CHANGED, candidate.id, body)
    return changed


def refuse_erased(candidate: Candidate) -> None:
    """Raises `CandidateErased` where a candidate's data were erased."""
    if candidate.erased_at is not None:
        raise CandidateErased(
            f"The data of {candidate.id} were erased on request or by retention; nothing more is "
            "stored about this candidate."
        )


def create_interview(unit: UnitOfWork, new: NewInterview) -> Interview:
    """Registers an interview.

    Raises:
        NotFound: the candidate or the system is not this tenant's, or not there.
        StepRefused: the system is retired.
        CandidateErased: the candidate's data were erased.
    """
    refuse_erased(unit.get(Candidate, new.candidate_id))
    if unit.get(System, new.system_id).retired_at is not None:
        raise StepRefused(f"The system {new.system_id} is retired: it takes no new interviews.")
    interview = unit.add(Interview(id=new_id("int"), **_plain(new)))
    unit.record(
        EventKind.INTERVIEW_REGISTERED,
        interview.id,
        {
            "candidate": interview.candidate_id,
            "system": interview.system_id,
            "human_alternative": interview.human_alternative,
        },
    )
    return interview


def change_interview(unit: UnitOfWork, interview: Interview, change: InterviewChange) -> Interview:
    """Changes an interview; notices that were given for it are judged anew if its time changed.

    Raises:
        StepRefused: it is the human alternative, and would become open to automated checking.
        CandidateErased: the candidate's data were erased.
    """
    refuse_erased(unit.get(Candidate, interview.candidate_id))
    given = _plain(change)
    if interview.human_alternative and given.get("human_alternative") is False:
        raise StepRefused(
            "This interview is the human alternative that the candidate asked for; it cannot "
            "become one that is checked automatically. Register another interview."
        )
    changed = unit.put(replace(interview, **given))
    unit.record(EventKind.INTERVIEW_CHANGED, interview.id, {"fields": list(given)})
    if changed.held_at != interview.held_at:
        judge_again(unit, changed)
    return changed


def _plain(new: Input) -> dict[str, Any]:
    """The fields as records hold them."""
    names = new.given() if isinstance(new, Change) else dict(new)
    if "questions" in names:
        names["questions"] = tuple(each.asked() for each in names["questions"])
    return names


def _facts(system: System) -> dict[str, Json]:
    """What the ledger keeps of a system: how it was used, for whom to ask later."""
    return {
        "mode": system.mode.value,
        "decision_role": system.decision_role.value,
        "system_version": system.system_version,
        "jurisdictions": list(system.jurisdictions),
        "policy": system.policy,
    }


def plain_where(**filters: object) -> dict[str, object]:
    """Filters of a list without those that were not given."""
    return {name: value for name, value in filters.items() if value is not None}
