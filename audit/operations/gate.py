"""The gate: whether an interview may be checked automatically, and with identity signals or not.

    admission = admit(unit, interview, at)     # never raises for what is missing
    admission = admitted(unit, interview, at)  # raises the refusal

It asks first whether processing is stopped, then what the places that a candidate is in ask for
(`gates.toml`). Ask again when a job starts: a consent may be withdrawn while it waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from audit.errors import AuditError, ConsentMissing, JurisdictionMissing, ProcessingStopped
from audit.operations.consents import STOPPING, fault_at, in_force
from audit.operations.gatebook import Gate, Need, book, chain, needed_in
from audit.records.register import Candidate, Consent, Interview, Notice, Stopped, System
from audit.store import ReadUnit

_STOPPED = {
    Stopped.OPTED_OUT: "The candidate opted out of automated processing.",
    Stopped.CONSENT_WITHDRAWN: "The candidate withdrew the consent to automated processing.",
    Stopped.ERASED: "The candidate's data were erased.",
}
_REFUSALS: dict[str, type[AuditError]] = {
    kind.code: kind for kind in (ProcessingStopped, ConsentMissing, JurisdictionMissing)
}


@dataclass(frozen=True, slots=True)
class Admission:
    """What may run for an interview."""

    runs: Annotated[bool, Field(description="Whether it may be checked automatically at all.")]
    identity_signals: Annotated[
        bool, Field(description="Whether faces and voices may be compared; never without `runs`.")
    ]
    reasons: Annotated[
        tuple[str, ...],
        Field(
            description="Why, in words, with laws and consents; what is missing where something "
            "is.",
            examples=[["Faces and voices are not compared."]],
        ),
    ]
    code: Annotated[str | None, Field(description="Of the problem, where it may not run.")] = None

    def refusal(self) -> AuditError | None:
        """The error that says why it may not run; None where it may."""
        return None if self.code is None else _REFUSALS[self.code](" ".join(self.reasons))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of a candidate, as far as it can matter for one interview at a time."""

    interview: Interview
    consents: tuple[Consent, ...]
    notices: tuple[Notice, ...]
    at: datetime

    def limit(self, need: Need) -> datetime:
        """The time by which a need has to have been met."""
        held_at = self.interview.held_at
        early = need.before == "interview" and held_at is not None
        return min(held_at, self.at) if early and held_at is not None else self.at


def admitted(unit: ReadUnit, interview: Interview, at: datetime) -> Admission:
    """As `admit`. Raises `ProcessingStopped`, `ConsentMissing` or `JurisdictionMissing`."""
    admission = admit(unit, interview, at)
    refusal = admission.refusal()
    if refusal is not None:
        raise refusal
    return admission


def admit(unit: ReadUnit, interview: Interview, at: datetime) -> Admission:
    """Whether an interview may be checked at a time, and whether with identity signals."""
    candidate = unit.get(Candidate, interview.candidate_id)
    return Admitting(unit, candidate, unit.every(Consent, candidate_id=candidate.id)).of(
        interview, at
    )


@dataclass(slots=True)
class Admitting:
    """The gate of one candidate's interviews: what they share is read once."""

    unit: ReadUnit
    candidate: Candidate
    consents: tuple[Consent, ...]
    _notices: tuple[Notice, ...] | None = None

    def of(self, interview: Interview, at: datetime) -> Admission:
        """As `admit`."""
        if self._notices is None:
            self._notices = self.unit.every(Notice, candidate_id=self.candidate.id)
        own = tuple(each for each in self.consents if each.interview_id in (None, interview.id))
        return _admit(self.unit, self.candidate, Recorded(interview, own, self._notices, at))


def _admit(unit: ReadUnit, candidate: Candidate, facts: Recorded) -> Admission:
    interview = facts.interview
    stopped = _stopped(candidate, interview, facts.consents, facts.at)
    if stopped is not None:
        return Admission(False, False, (stopped,), ProcessingStopped.code)
    places, origin = _places(unit, candidate, interview)
    if not places:
        text = (
            "Neither the candidate nor the system says whose law applies: give the candidate's "
            "jurisdictions, such as US-NY-NYC or DE."
        )
        return Admission(False, False, (text,), JurisdictionMissing.code)
    return _weigh(places, origin, facts)


def _stopped(
    candidate: Candidate, interview: Interview, consents: tuple[Consent, ...], at: datetime
) -> str | None:
    """Why nothing may run whatever the place, in words."""
    if candidate.stopped is not Stopped.NOT_STOPPED:
        return _STOPPED[candidate.stopped]
    if candidate.erased_at is not None:
        return _STOPPED[Stopped.ERASED]
    if interview.human_alternative:
        return "This interview is the human alternative: it is not checked automatically."
    for purpose in STOPPING:
        given = [each for each in consents if each.purpose is purpose]
        withdrawn = any(each.withdrawn_at and each.withdrawn_at <= at for each in given)
        if withdrawn and not any(in_force(each, at, interview.id) for each in given):
            return f"The candidate withdrew the consent to {purpose.value} of this interview."
    return None


def _places(
    unit: ReadUnit, candidate: Candidate, interview: Interview
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The places whose rules apply, and a sentence where they are not the candidate's own."""
    if candidate.jurisdictions:
        return candidate.jurisdictions, ()
    places = unit.get(System, interview.system_id).jurisdictions
    text = "The candidate has no jurisdictions; all of the system's are applied"
    return places, (f"{text}: {', '.join(places)}.",) if places else ()


def _weigh(places: tuple[str, ...], origin: tuple[str, ...], facts: Recorded) -> Admission:
    reasons = list(origin)
    unknown = [code for code in places if not book().reviewed(code)]
    if unknown:
        reasons.append(
            f"{', '.join(unknown)}: the law of this place was not looked at; the strictest of the "
            "common rules are applied."
        )
    withheld: set[str] = set()
    for gate in needed_in(places, facts.at.date()):
        missing = [text for need in gate.need for text in lacking(gate, need, facts)]
        if missing:
            withheld.add(gate.withholds)
            reasons += [f"{gate.citation} ({gate.id}): {text}" for text in missing]
        else:
            reasons.append(f"{gate.citation} ({gate.id}): met.")
    if "checking" in withheld:
        return Admission(False, False, tuple(reasons), ConsentMissing.code)
    identity = "identity" not in withheld
    if not identity:
        reasons.append("Faces and voices are not compared.")
    return Admission(True, identity, tuple(reasons))


def lacking(gate: Gate, need: Need, facts: Recorded) -> Iterator[str]:
    """What of a need of a gate is not recorded, in words; nothing where it is met."""
    limit = facts.limit(need)
    before = " before the interview" if need.before == "interview" else ""
    for kind in need.notices:
        given = [each for each in facts.notices if each.kind == kind]
        if not any(_notice_counts(gate, each, facts, limit) for each in given):
            yield f"no notice of the kind {kind} to the candidate{before}{_meant_for(gate)}."
    if need.consent is None:
        return
    given_consents = [each for each in facts.consents if each.purpose is need.consent]
    faults = {each.id: _fault(gate, need, each, facts, limit) for each in given_consents}
    if None in faults.values():
        return
    form = "signed consent" if need.written else "consent"
    found = "".join(f" {id} {fault}." for id, fault in faults.items())
    yield f"no {form} to {need.consent.value}{before}{_meant_for(gate)}.{found}"


def _fault(
    gate: Gate, need: Need, consent: Consent, facts: Recorded, limit: datetime
) -> str | None:
    """Why a consent does not meet a need, in words; None where it does."""
    fault = fault_at(consent, facts.at)
    if fault is not None:
        return fault
    if consent.given_at > limit:
        return "was given after the interview"
    if need.written and not consent.written:
        return "is not signed"
    if not _meets(gate, consent.jurisdiction):
        return f"was meant for {consent.jurisdiction}"
    return None


def _notice_counts(gate: Gate, notice: Notice, facts: Recorded, limit: datetime) -> bool:
    about = notice.interview_id in (None, facts.interview.id) and notice.system_id in (
        None,
        facts.interview.system_id,
    )
    return about and notice.given_at <= limit and _meets(gate, notice.jurisdiction)


def _meets(gate: Gate, jurisdiction: str) -> bool:
    """Whether something meant for a place counts for a gate: of that place, or of a part of it."""
    return gate.applies != "listed" or not set(chain(jurisdiction)).isdisjoint(gate.jurisdictions)


def _meant_for(gate: Gate) -> str:
    return f" for {', '.join(gate.jurisdictions)}" if gate.jurisdictions else ""
