"""What a candidate does on their own page: the same steps as over the API, in their own name.

Nothing here is more than a key could do for the person. A form that is sent twice has one effect:
what was asked for and waits for an answer is given back as it is.
"""

from __future__ import annotations

from audit.clocks import RequestKind
from audit.errors import NotFound
from audit.operations import consents, disclosures, requests
from audit.operations.disclosures import Export
from audit.operations.languages import Language
from audit.operations.register import CandidateChange, change_candidate
from audit.operations.requests import Asked
from audit.records.oversight import Request
from audit.records.register import Candidate, Consent
from audit.requests import RequestState
from audit.store import ReadUnit, UnitOfWork
from audit.store.turns import take_turn

CHANNEL = "own page"
LONGEST_DETAILS = 4000
"""Characters of what a person can write with a request; the API takes as many."""


def ask(unit: UnitOfWork, candidate: Candidate, kind: RequestKind, details: str = "") -> Request:
    """Takes in what the candidate asks for, as `requests.receive` does.

    The same, in the same words, that waits for an answer already is given back.
    """
    take_turn(unit, f"own_page/{candidate.id}")
    waiting = unit.every(Request, candidate_id=candidate.id, kind=kind, state=RequestState.RECEIVED)
    for each in waiting:
        if each.request.channel == CHANNEL and each.request.details == details:
            return each
    asked = Asked(candidate_id=candidate.id, kind=kind, channel=CHANNEL, details=details)
    return requests.receive(unit, asked)


def request_of(unit: ReadUnit, candidate: Candidate, request_id: str) -> Request:
    """A request of the candidate, however it came. Raises `NotFound`, also for another's."""
    found = unit.find(Request, id=request_id, candidate_id=candidate.id)
    if found is None:
        raise NotFound("There is no such request.")
    return found


def may_withdraw(request: Request) -> bool:
    """Whether the person can take a request back: one that waits, and an opt-out at any time."""
    if request.kind is RequestKind.OPT_OUT:
        return request.state is not RequestState.WITHDRAWN
    return request.state is RequestState.RECEIVED


def withdraw(unit: UnitOfWork, candidate: Candidate, request_id: str) -> Request:
    """Takes a request back; one that cannot be taken back any more is given back as it is."""
    found = request_of(unit, candidate, request_id)
    return requests.withdraw(unit, found.id) if may_withdraw(found) else found


def consent_of(unit: ReadUnit, candidate: Candidate, consent_id: str) -> Consent:
    """A consent of the candidate. Raises `NotFound`, also for another's."""
    found = unit.find(Consent, id=consent_id, candidate_id=candidate.id)
    if found is None:
        raise NotFound("There is no such consent.")
    return found


def withdraw_consent(unit: UnitOfWork, candidate: Candidate, consent_id: str) -> None:
    """Takes a consent back, and erases what rests on it. Again changes nothing."""
    consents.withdraw_consent(unit, consent_of(unit, candidate, consent_id))


def write_in(unit: UnitOfWork, candidate: Candidate, language: Language) -> None:
    """Corrects the language of letters; the same one again changes nothing."""
    if candidate.locale != language:
        change_candidate(unit, candidate, CandidateChange(locale=language))


def hand_out(unit: UnitOfWork, candidate: Candidate, request_id: str) -> Export:
    """The candidate's data, once for a request for access that was granted.

    Raises `NotFound`; `StepRefused` as `disclosures.export` does.
    """
    return disclosures.export(unit, request_of(unit, candidate, request_id).id)
