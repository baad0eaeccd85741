"""One call that does a whole check: for platforms that want only that."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

from pydantic import Field, model_validator

from api.call import CallContext
from api.parts import FileForm
from api.problems import Refusal
from audit.operations import consents, gate, register, uploads
from audit.operations.checks import MOST_REFERENCES, CheckOrder
from audit.operations.inputs import (
    Code,
    Codes,
    Flag,
    Input,
    InterviewId,
    Label,
    Moment,
    Reference,
    Sha256,
    SystemId,
)
from audit.operations.media import MediaOrder, named
from audit.records.register import Candidate, Interview, Purpose
from audit.store import UnitOfWork

_NEEDED = ("media:write", "candidates:write", "interviews:write", "consents:write")


class GivenConsent(Input):
    """A consent of the candidate to one purpose, as it was given."""

    purpose: Annotated[Purpose, Field(description="What for.", examples=["media_analysis"])]
    text_version: Annotated[
        Reference,
        Field(description="Version of the words agreed to.", examples=["consent-2026-03"]),
    ]
    jurisdiction: Annotated[
        Code, Field(description="Whose law it is meant to meet.", examples=["US-NJ"])
    ]
    given_at: Annotated[Moment, Field(description="When.", examples=["2026-11-20T14:55:00Z"])]
    reference: Annotated[
        Reference,
        Field(description="Where the signature or record is kept.", examples=["envelope-88321"]),
    ]
    written: Annotated[Flag, Field(description="Signed, on paper or electronically.")] = False


class WholeCheck(Input):
    """Everything about a check but the file.

    Give an interview that is registered; or a system and your own reference of the candidate, who
    is registered where the reference is new, with a new interview.
    """

    interview_id: Annotated[
        InterviewId | None, Field(description="A registered interview; or give the next two.")
    ] = None
    system_id: Annotated[
        SystemId | None,
        Field(
            description="The hiring tool that was used.",
            examples=["sys_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"],
        ),
    ] = None
    candidate_ref: Annotated[
        Reference | None,
        Field(description="Your own reference of the candidate.", examples=["applicant-20417"]),
    ] = None
    jurisdictions: Annotated[
        Codes, Field(description="Of a candidate who is new.", examples=[["US-NJ"]])
    ] = ()
    job: Annotated[
        Reference | None, Field(description="Your reference of the job.", examples=["job-7"])
    ] = None
    stage: Annotated[Label | None, Field(description="The stage of hiring.")] = None
    held_at: Annotated[Moment | None, Field(description="When it took place.")] = None
    consents: Annotated[
        tuple[GivenConsent, ...],
        Field(max_length=10, description="Consents that are stored with it."),
    ] = ()
    sha256: Annotated[Sha256 | None, Field(description="Of the file, if known.")] = None
    references: Annotated[
        tuple[Annotated[str, Field(pattern=r"^med_[0-9A-HJKMNP-TV-Z]{26}$")], ...],
        Field(
            max_length=MOST_REFERENCES,
            description="Earlier recordings of the candidate to compare with.",
        ),
    ] = ()
    priority: Annotated[
        int, Field(strict=True, ge=0, le=1000, description="Smaller goes first; 100 is usual.")
    ] = 100

    @model_validator(mode="after")
    def _one_way(self) -> WholeCheck:
        new = self.system_id is not None and self.candidate_ref is not None
        either = self.system_id is not None or self.candidate_ref is not None
        if new == (self.interview_id is not None) or (either and not new):
            raise ValueError("give either interview_id, or system_id with candidate_ref")
        return self

    def check(self, interview_id: str, media_id: str) -> CheckOrder:
        """The check itself."""
        return CheckOrder(
            interview_id=interview_id,
            media_id=media_id,
            references=self.references,
            priority=self.priority,
        )


def stored(
    call: CallContext, order: WholeCheck, form: FileForm, length: int | None
) -> tuple[str, str]:
    """Registers what is new and stores the file; identifiers of media and interview.

    Asks the gate before the file is taken: where it refuses, nothing is registered.
    """
    lacking = [scope for scope in _NEEDED if not call.may(scope)]
    if lacking:
        raise Refusal("forbidden", f"The key does not have the scope {lacking[0]}.")
    with call.unit(answers=False) as unit:
        interview = _interview(unit, order)
        gate.admitted(unit, interview, unit.now())
    pieces = form.file()
    intake = call.service.intake
    wanted = MediaOrder(
        interview_id=interview.id,
        sha256=order.sha256,
        media_type=form.media_type,
        name=form.file_name,
    )
    most = intake.rules.most_bytes
    size = most if length is None else min(length, most)
    done = uploads.receive(intake, call.tenant, wanted, chunks=pieces, size=size, exact=False)
    with ExitStack() as undo:
        undo.callback(uploads.drop, intake, call.tenant, done)
        with call.unit(answers=False) as unit:
            media_id = uploads.finish(unit, done).id
        undo.pop_all()
    return media_id, interview.id


def _interview(unit: UnitOfWork, order: WholeCheck) -> Interview:
    """The interview, with the consents that were given for it."""
    if order.interview_id is not None:
        interview = named(unit, Interview, order.interview_id)
    else:
        candidate = _candidate(unit, order)
        new = {
            "candidate_id": candidate.id,
            "system_id": order.system_id,
            "job": order.job or "",
            "stage": order.stage or "",
            "held_at": order.held_at,
        }
        interview = register.create_interview(unit, register.NewInterview.model_validate(new))
    for given in order.consents:
        fields = given.model_dump() | {"candidate_id": interview.candidate_id}
        consents.give_consent(unit, consents.NewConsent.model_validate(fields))
    return interview


def _candidate(unit: UnitOfWork, order: WholeCheck) -> Candidate:
    found = unit.find(Candidate, external_ref=order.candidate_ref)
    if found is not None:
        return found
    new = register.NewCandidate(
        external_ref=order.candidate_ref or "", jurisdictions=order.jurisdictions
    )
    return register.create_candidate(unit, new)
