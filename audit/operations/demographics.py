"""Self-reported demographics: kept apart, sealed, and read by fairness audits alone.

There is no way to read one candidate's answers back, but for the candidate's own request for access
(`disclosed`). `read_demographics` is for fairness audits, in which groups are counted; each reading
is an event in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from audit.canonical import canonical_json
from audit.errors import ConsentMissing
from audit.ids import new_id
from audit.keyring import Context
from audit.ledger import EventKind
from audit.operations.inputs import ConsentId, Input, Moment, Token, one_of
from audit.operations.register import refuse_erased
from audit.records.register import Candidate, Consent, Demographics, Purpose
from audit.store import UnitOfWork

Sex = Literal["Male", "Female", "declined"]
RaceEthnicity = Literal[
    "Hispanic or Latino",
    "White",
    "Black or African American",
    "Native Hawaiian or Pacific Islander",
    "Asian",
    "Native American or Alaska Native",
    "Two or More Races",
    "declined",
]
LawfulBasis = Literal["legal_obligation", "employment_law", "public_interest", "bias_correction"]
YesNo = Literal[True, False, "declined"]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _+./\-]{0,63}$")]
_AT_ONCE = 500


class SelfReported(Input):
    """What a candidate says of themselves; "declined" where they would rather not. Never inferred.

    `sex` and `race_ethnicity` have the words of EEO-1 Component 1. What has no field here goes into
    `other`, by your own names: {"religion": "none", "gender": "non-binary"}.
    """

    sex: Annotated[Sex | None, Field(description="In the words of EEO-1.")] = None
    race_ethnicity: Annotated[RaceEthnicity | None, Field(description="In the words of EEO-1.")] = (
        None
    )
    age_40_plus: Annotated[YesNo | None, Field(description="Whether 40 or older.")] = None
    disability: Annotated[YesNo | None, Field(description="Whether they have one.")] = None
    veteran: Annotated[YesNo | None, Field(description="Whether they are one.")] = None
    other: Annotated[
        dict[Token, Word],
        Field(
            max_length=20,
            description="What has no field here, by your own names.",
            examples=[{"gender": "non-binary"}],
        ),
    ] = {}  # noqa: RUF012 - frozen, and copied by pydantic


class NewDemographics(SelfReported):
    """Self-reported demographics, with the consent or the law that allows keeping them."""

    model_config = ConfigDict(
        json_schema_extra=one_of(
            "consent_id",
            "lawful_basis",
            example={
                "sex": "Female",
                "race_ethnicity": "Two or More Races",
                "age_40_plus": True,
                "disability": "declined",
                "consent_id": "con_01KAN8Q5V4T2M9C3XH7R0ZJ6WD",
            },
        )
    )
    consent_id: Annotated[
        ConsentId | None, Field(description="A consent of the purpose demographics, in force.")
    ] = None
    lawful_basis: Annotated[
        LawfulBasis | None, Field(description="Or the basis in law; the word is recorded.")
    ] = None
    collected_at: Annotated[Moment | None, Field(description="When they were asked.")] = None

    @model_validator(mode="after")
    def _one_basis(self) -> NewDemographics:
        if (self.consent_id is None) == (self.lawful_basis is None):
            raise ValueError("give either consent_id or lawful_basis")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class DemographicsReceipt:
    """That demographics are stored; never what they say."""

    candidate_id: Annotated[str, Field(description="The candidate.")]
    collected_at: Annotated[datetime, Field(description="When they were asked.")]
    stored_at: Annotated[datetime, Field(description="When they were stored.")]


class _Sealed(Input):
    reported: SelfReported
    consent_id: str | None
    lawful_basis: str | None


def store_demographics(
    unit: UnitOfWork, candidate: Candidate, new: NewDemographics
) -> DemographicsReceipt:
    """Seals a candidate's demographics in the place of any that were there.

    Raises:
        ConsentMissing: the consent is not this candidate's, of another purpose, or not in force.
        CandidateErased: the candidate's data were erased.
    """
    refuse_erased(candidate)
    now = unit.now()
    if new.consent_id is not None:
        _check_consent(unit, candidate, new.consent_id, now)
    fields = {name: getattr(new, name) for name in SelfReported.model_fields}
    content = _Sealed(
        reported=SelfReported(**fields), consent_id=new.consent_id, lawful_basis=new.lawful_basis
    )
    held = unit.find(Demographics, candidate_id=candidate.id)
    id = held.id if held else new_id("dem")
    plain = canonical_json(content.model_dump(mode="json"))
    sealed = unit.ring.seal(_context(unit.tenant, candidate.id, id), plain)
    value = Demographics(
        id=id, candidate_id=candidate.id, sealed=sealed, collected_at=new.collected_at or now
    )
    if held is None:
        unit.add(value)
    else:
        unit.put(replace(held, sealed=sealed, collected_at=value.collected_at))
    unit.record(
        EventKind.DEMOGRAPHICS_STORED,
        candidate.id,
        {"consent": new.consent_id, "lawful_basis": new.lawful_basis},
    )
    return DemographicsReceipt(
        candidate_id=candidate.id, collected_at=value.collected_at, stored_at=now
    )


def remove_demographics(unit: UnitOfWork, candidate_id: str, *, reason: str = "request") -> bool:
    """Deletes a candidate's demographics; False where there were none."""
    held = unit.find(Demographics, candidate_id=candidate_id)
    if held is None:
        return False
    unit.remove(held)
    unit.record(EventKind.DEMOGRAPHICS_ERASED, candidate_id, {"reason": reason})
    return True


def drop_resting_on(unit: UnitOfWork, consent: Consent) -> bool:
    """Deletes a candidate's demographics where this consent was what allowed keeping them."""
    held = unit.find(Demographics, candidate_id=consent.candidate_id)
    if held is None or _opened(unit, held).consent_id != consent.id:
        return False
    return remove_demographics(unit, consent.candidate_id, reason="consent_withdrawn")


def read_demographics(
    unit: UnitOfWork, candidate_ids: Sequence[str], audit_id: str
) -> dict[str, SelfReported]:
    """What candidates reported, for a fairness audit; those without an entry are left out.

    The ledger keeps that this audit read so many. Never call it for anything else.
    """
    found = {held.candidate_id: _opened(unit, held).reported for held in _held(unit, candidate_ids)}
    unit.record(
        EventKind.DEMOGRAPHICS_READ,
        audit_id,
        {"asked": len(candidate_ids), "read": len(found)},
    )
    return found


def disclosed(unit: UnitOfWork, candidate_id: str) -> SelfReported | None:
    """What a candidate reported of themselves, for the answer to their own request for access.

    The caller records that it was given out.
    """
    held = unit.find(Demographics, candidate_id=candidate_id)
    return _opened(unit, held).reported if held else None


def _held(unit: UnitOfWork, candidate_ids: Sequence[str]) -> Iterator[Demographics]:
    ids = list(dict.fromkeys(candidate_ids))
    for start in range(0, len(ids), _AT_ONCE):
        yield from unit.every(Demographics, candidate_id=ids[start : start + _AT_ONCE])


def _check_consent(unit: UnitOfWork, candidate: Candidate, consent_id: str, now: datetime) -> None:
    consent = unit.get(Consent, consent_id)
    good = consent.candidate_id == candidate.id and consent.purpose is Purpose.DEMOGRAPHICS
    ended = [each for each in (consent.withdrawn_at, consent.expires_at) if each is not None]
    if not good or any(each <= now for each in ended):
        raise ConsentMissing(
            f"{consent_id} is no consent of this candidate to the purpose demographics that is in "
            "force: record one, or name a lawful basis."
        )


def _opened(unit: UnitOfWork, held: Demographics) -> _Sealed:
    plain = unit.ring.open(_context(unit.tenant, held.candidate_id, held.id), held.sealed)
    return _Sealed.model_validate_json(plain)


def _context(tenant: str, candidate_id: str, id: str) -> Context:
    return Context(tenant=tenant, subject=candidate_id, artefact=id, purpose="demographics")
