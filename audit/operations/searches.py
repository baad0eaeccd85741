"""Searches of galleries: is the person of this session a candidate under another name too?

A search looks among the other candidates of the same organisation, and among what others put into a
shared gallery that both take part in; nowhere else. It rests on a recorded legal basis, on the
consents of who is looked for and of whom it looks among, and counts as a try
(`audit.operations.tries`). It answers in bands, and what stands out becomes a pair for a reviewer
(`audit.operations.alike`). It changes nothing for any candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from audit.canonical import Json
from audit.errors import AuditError, ConsentMissing, InputError, StepRefused
from audit.ids import new_id
from audit.jobs import enqueue
from audit.ledger import EventKind
from audit.operations import alike, gate
from audit.operations.alike import Other
from audit.operations.checks import REFUSALS
from audit.operations.inputs import Input
from audit.operations.media import usable
from audit.operations.references import KINDS, references_in_force
from audit.operations.templates import Opened, opened
from audit.operations.tries import take_try
from audit.records.biometrics import Modality, Template
from audit.records.evidence import Reference, RunState
from audit.records.register import Candidate, Consent, Interview, Stopped
from audit.records.searches import Search, SearchBasis
from audit.records.work import Job, JobState, Queue
from audit.store import ReadUnit, UnitOfWork

KIND = "search_gallery"
"""Kind of the job; its subject is the search."""

_LONGEST_DETAIL = 500

AnswerWord = Literal["alike_found", "none_found", "inconclusive"]


class NewBasis(Input):
    """The legal basis on which the organisation searches its own gallery."""

    legal_basis: Annotated[
        str,
        Field(
            min_length=10,
            max_length=1000,
            description="On what it rests, in words.",
            examples=["Explicit consent, Article 9(2)(a) GDPR; DPIA of 2026-03-01"],
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Somebody who stands out: a candidate of one's own, or somebody opaque in a shared gallery."""

    likeness: Literal["alike", "very_alike"]
    candidate_id: str | None = None
    subject_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one modality says of one gallery.

    `gallery_id`: None for the organisation's own. `among`: how many others were looked at, in a
    band. `reason`: a stable code, where inconclusive.
    """

    modality: Literal["face", "voice"]
    answer: AnswerWord
    gallery_id: str | None = None
    alike: tuple[Alike, ...] = ()
    among: str = ""
    reason: str | None = None

    def because(self, reason: str) -> Answer:
        """The same, with the reason why it says nothing."""
        return replace(self, reason=reason)

    def plain(self) -> dict[str, Any]:
        """As it is stored."""
        found = {name: getattr(self, name) for name in type(self).__slots__}
        return {**found, "alike": [_plain(each) for each in self.alike]}


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker needs: the search, and the templates of its recording.

    `consent_text`: the version of the consent that they rest on: only shared galleries of which it
    tells are searched.
    """

    search: Search
    templates: tuple[Opened, ...]
    consent_text: str


def basis_in_force(unit: ReadUnit) -> SearchBasis | None:
    """The legal basis that was recorded last, unless it was withdrawn."""
    return unit.find(SearchBasis, ended_at=None)


def record_basis(unit: UnitOfWork, new: NewBasis) -> SearchBasis:
    """Records a legal basis; it takes the place of the one before."""
    end_basis(unit)
    basis = unit.add(SearchBasis(id=new_id("bas"), legal_basis=new.legal_basis))
    unit.record(EventKind.SEARCH_BASIS_CHANGED, basis.id, {"in_force": True})
    return basis


def end_basis(unit: UnitOfWork) -> None:
    """Withdraws the legal basis, if there is one: nothing is searched from then on."""
    held = basis_in_force(unit)
    if held is not None:
        unit.put(replace(held, ended_at=unit.now()))
        unit.record(EventKind.SEARCH_BASIS_CHANGED, held.id, {"in_force": False})


def request_search(unit: UnitOfWork, candidate_id: str, media_id: str) -> Search:
    """A search for a recording of an interview that is kept as a reference, with its job.

    Raises:
        NotFound, ReferenceUnknown, InputError: candidate or recording cannot be used.
        StepRefused: no legal basis for searches is recorded, or it is no reference in force.
        ProcessingStopped, ConsentMissing, JurisdictionMissing: it may not be compared.
        TooManyTries: the candidate was asked about too often.
    """
    unit.get(Candidate, candidate_id)
    basis = _basis(unit)
    recording = usable(unit, media_id, candidate_id=candidate_id, kinds=KINDS)
    interview = _admit(unit, recording.interview_id, recording.id)
    _reference(unit, candidate_id, media_id)
    take_try(unit, candidate_id)
    id = new_id("sea")
    job = enqueue(unit, kind=KIND, subject=id, queue=Queue.CPU)
    return unit.add(
        Search(
            id=id,
            candidate_id=candidate_id,
            interview_id=interview.id,
            media_id=recording.id,
            basis_id=basis.id,
            job_id=job.id,
        )
    )


def search_enrolled(unit: UnitOfWork, reference: Reference) -> Search | None:
    """The search that follows the first enrolment of a session; None where there is to be none.

    That is so without a legal basis, of a recording that is of no interview, or was searched for
    before, and where it may not be compared or was asked about too often: none of that is an error
    of the enrolment.
    """
    if basis_in_force(unit) is None or unit.find(Search, media_id=reference.media_id) is not None:
        return None
    try:
        return request_search(unit, reference.candidate_id, reference.media_id)
    except AuditError:
        return None


def begin(unit: UnitOfWork, search_id: str) -> Work | None:
    """The search, running; None where it has ended. Basis and consents are looked at again."""
    search = unit.find(Search, id=search_id)
    if search is None or search.state.final:
        return None
    _basis(unit)
    _admit(unit, search.interview_id, search.media_id)
    reference = _reference(unit, search.candidate_id, search.media_id)
    if search.state is RunState.QUEUED:
        search = unit.put(replace(search, state=RunState.RUNNING))
    held = unit.every(Template, reference_id=reference.id)
    traits = [each for each in held if each.modality is not Modality.SCENE]
    consent = unit.get(Consent, reference.consent_id)
    return Work(search, tuple(opened(unit, each) for each in traits), consent.text_version)


def finish(unit: UnitOfWork, search_id: str, answers: Sequence[Answer]) -> Search | None:
    """Stores what was found, with a pair for a reviewer for each who was; None where it ended.

    Candidates whose processing was stopped meanwhile are named no more. The ledger is told how many
    were found, and never who.
    """
    search = unit.find(Search, id=search_id)
    if search is None or search.state is not RunState.RUNNING:
        return None
    _admit(unit, search.interview_id, search.media_id)
    told = [_told(unit, each) for each in answers]
    found = _likeness(told)
    for other, likeness in found.items():
        alike.note(unit, search, other, likeness)
    body: dict[str, Json] = {
        "media": search.media_id,
        "basis": search.basis_id,
        "found": len(found),
    }
    unit.record(EventKind.GALLERY_SEARCHED, search.id, body)
    return unit.put(
        replace(
            search,
            state=RunState.FINISHED,
            answers=tuple(each.plain() for each in told),
            finished_at=unit.now(),
        )
    )


def ended(unit: UnitOfWork, job: Job) -> None:
    """What follows for the search from a job that failed or was cancelled. Once."""
    search = unit.find(Search, id=job.subject)
    if search is None or search.state.final:
        return
    stopped = job.state is JobState.CANCELLED or job.error_code in REFUSALS
    unit.put(
        replace(
            search,
            state=RunState.CANCELLED if stopped else RunState.FAILED,
            error_code=job.error_code,
            error_detail=(job.error_detail or "")[:_LONGEST_DETAIL] or None,
            finished_at=unit.now(),
        )
    )


def _likeness(answers: Sequence[Answer]) -> dict[Other, dict[str, str]]:
    """For each who was found, how alike, by modality."""
    found: dict[Other, dict[str, str]] = {}
    for answer in answers:
        for each in answer.alike:
            gallery = answer.gallery_id if each.subject_id else None
            other = Other(
                candidate_id=each.candidate_id, gallery_id=gallery, subject_id=each.subject_id
            )
            found.setdefault(other, {})[answer.modality] = each.likeness
    return found


def _told(unit: ReadUnit, answer: Answer) -> Answer:
    """The answer without those who may not be named any more."""
    kept = tuple(each for each in answer.alike if _may_be_named(unit, each.candidate_id))
    word: AnswerWord = "none_found" if answer.alike and not kept else answer.answer
    return replace(answer, alike=kept, answer=word)


def _may_be_named(unit: ReadUnit, candidate_id: str | None) -> bool:
    if candidate_id is None:
        return True
    candidate = unit.find(Candidate, id=candidate_id)
    return candidate is not None and candidate.stopped is Stopped.NOT_STOPPED


def _basis(unit: ReadUnit) -> SearchBasis:
    basis = basis_in_force(unit)
    if basis is None:
        raise StepRefused(
            "Nothing is searched before the legal basis of searches is recorded: "
            "POST /v1/galleries/basis."
        )
    return basis


def _admit(unit: UnitOfWork, interview_id: str | None, media_id: str) -> Interview:
    """The interview whose place and consents decide whether it may be compared."""
    if interview_id is None:
        raise InputError(f"{media_id} is of no interview. Store it with its interview.")
    interview = unit.get(Interview, interview_id)
    admission = gate.admitted(unit, interview, unit.now())
    if not admission.identity_signals:
        raise ConsentMissing(" ".join(admission.reasons))
    return interview


def _reference(unit: UnitOfWork, candidate_id: str, media_id: str) -> Reference:
    held = references_in_force(unit, candidate_id, unit.now())
    found = [each for each in held if each.media_id == media_id]
    if not found:
        raise StepRefused(
            f"{media_id} is no reference of this candidate under a consent that is in force. "
            "A search reads what was enrolled of references."
        )
    return found[0]


def _plain(alike: Alike) -> dict[str, str]:
    whole = {"likeness": alike.likeness, "candidate_id": alike.candidate_id}
    return {k: v for k, v in {**whole, "subject_id": alike.subject_id}.items() if v is not None}
