"""What happened to candidates: taken once, by the sender's identifier, and never acted upon.

An outcome is recorded for fairness audits. It changes no candidate, interview or system, and a word
that is not mapped is refused and never taken for a rejection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, BinaryIO, TypeVar

from pydantic import ConfigDict, Field, model_validator

from audit.ats import CsvFormat, CsvImport, OutcomeEvent, Source, WordMap, default_words, import_csv
from audit.ats.model import derived_id, shown_word
from audit.canonical import Json, canonical_hash
from audit.errors import OutcomeInvalid
from audit.ids import new_id
from audit.ledger import EventKind
from audit.ledger.entries import timestamp
from audit.operations.inputs import (
    CandidateId,
    Flag,
    Input,
    InterviewId,
    Label,
    LabelOrEmpty,
    Moment,
    Reference,
    ReferenceOrEmpty,
    SystemId,
    Token,
    one_of,
)
from audit.operations.register import NewCandidate, create_candidate
from audit.records.base import Record
from audit.records.register import Candidate, Interview, Outcome, OutcomeClass, System
from audit.store import UnitOfWork

MOST_AT_ONCE = 1000
MOST_FAULTS = 100
_LONGEST_EVENT = 128
_CHUNK = 500
Score = Annotated[float, Field(strict=True, allow_inf_nan=False)]
V = TypeVar("V", bound=Record)


class NewOutcome(Input):
    """What happened to a candidate at a stage."""

    model_config = ConfigDict(
        json_schema_extra=one_of(
            "candidate_id",
            "external_ref",
            example={
                "external_ref": "applicant-20417",
                "job": "job-7",
                "stage": "Phone screen",
                "outcome": "advanced",
                "occurred_at": "2026-11-21T09:00:00Z",
                "external_event": "move-9917",
                "scores": {"total": 71.0},
            },
        )
    )
    candidate_id: Annotated[
        CandidateId | None, Field(description="Whose; or give external_ref.")
    ] = None
    external_ref: Annotated[
        Reference | None,
        Field(
            description="Your reference, in place of candidate_id.", examples=["applicant-20417"]
        ),
    ] = None
    system_id: Annotated[
        SystemId | None, Field(description="The system whose output was used.")
    ] = None
    interview_id: Annotated[
        InterviewId | None, Field(description="The interview that led to it.")
    ] = None
    job: Annotated[
        ReferenceOrEmpty, Field(description="Your reference of the job.", examples=["job-7"])
    ] = ""
    stage: Annotated[
        LabelOrEmpty, Field(description="The stage of hiring.", examples=["Phone screen"])
    ] = ""
    location: Annotated[LabelOrEmpty, Field(description="Where the job is.")] = ""
    outcome: Annotated[
        Label,
        Field(
            description="advanced, rejected, hired, withdrawn or on_hold, or a word that the "
            "system's outcome_words map to one of them.",
            examples=["advanced"],
        ),
    ]
    occurred_at: Annotated[Moment, Field(description="When.", examples=["2026-11-21T09:00:00Z"])]
    source: Annotated[Token, Field(description="Where it comes from.", examples=["api"])] = "api"
    external_event: Annotated[
        Reference | None,
        Field(
            description="Your identifier of the event; taken once. Left out: made from the rest.",
            examples=["move-9917"],
        ),
    ] = None
    scores: Annotated[
        dict[Label, Score],
        Field(
            max_length=200,
            description="What the system gave, by your own names.",
            examples=[{"total": 71.0}],
        ),
    ] = {}  # noqa: RUF012 - frozen, and copied by pydantic
    decided_by: Annotated[Reference | None, Field(description="Who decided.")] = None
    overridden: Annotated[
        Flag | None, Field(description="Whether a person decided against the system's output.")
    ] = None

    @model_validator(mode="after")
    def _of_one_candidate(self) -> NewOutcome:
        if (self.candidate_id is None) == (self.external_ref is None):
            raise ValueError("give either candidate_id or external_ref")
        return self


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that cannot be taken."""

    place: Annotated[str, Field(description="Which item and field.")]
    text: Annotated[str, Field(description="What is wrong with it.")]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch."""

    taken: Annotated[int, Field(description="Outcomes stored now.")]
    duplicates: Annotated[int, Field(description="Outcomes that were stored before.")]
    faulty: Annotated[int, Field(description="Items left out; only with `partial`.")] = 0
    faults: Annotated[tuple[Fault, ...], Field(description="The first hundred faults.")] = ()
    items: Annotated[
        tuple[Outcome, ...], Field(description="As stored, now or before; not for CSV.")
    ] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """How outcomes are taken.

    Attributes:
        partial: take those without faults; else all or none.
        register_unknown: register candidates whose reference is not known yet.
    """

    partial: bool = False
    register_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An outcome on its way in. `refs`: references of the candidate, the likeliest first."""

    place: str
    candidate_id: str | None = None
    refs: tuple[str, ...] = ()
    system_id: str | None
    interview_id: str | None = None
    job: str
    stage: str
    location: str = ""
    word: str
    outcome: OutcomeClass | None
    occurred_at: datetime
    source: str
    external_event: str | None
    scores: Mapping[str, float]
    decided_by: str | None = None
    overridden: bool | None = None


def take_outcomes(
    unit: UnitOfWork, outcomes: Sequence[NewOutcome], options: Options | None = None
) -> Taken:
    """Stores a batch, all or none unless `partial`; what was stored before is left as it is.

    Raises `OutcomeInvalid` with all faults, at most 100 of them.
    """
    if len(outcomes) > MOST_AT_ONCE:
        raise OutcomeInvalid(f"at most {MOST_AT_ONCE} outcomes at once; send CSV for more")
    taker = Taker(unit, options or Options(), keep_items=True)
    taker.take([_row(number, each) for number, each in enumerate(outcomes)])
    return taker.finish()


def import_outcomes(
    unit: UnitOfWork,
    file: BinaryIO,
    *,
    system: System | None,
    form: CsvFormat,
    options: Options,
) -> tuple[CsvImport, Taken]:
    """Stores the outcomes of a seekable CSV file, all or none unless `partial`.

    `system`: whose output was used, and whose words the file has. Raises `OutcomeInvalid`.
    """
    taker = Taker(unit, options)
    waiting: list[Row] = []
    number = 0

    def write(event: OutcomeEvent) -> None:
        nonlocal number
        number += 1
        waiting.append(row_of(event, f"outcome {number}", system.id if system else None))
        if len(waiting) >= _CHUNK:
            taker.take(waiting)
            waiting.clear()

    words = default_words(Source.CSV).extended(dict(system.outcome_words) if system else None)
    read = import_csv(file, write, words, form=form, partial=options.partial)
    taker.take(waiting)
    return read, taker.finish()


def row_of(event: OutcomeEvent, place: str, system_id: str | None) -> Row:
    """What an applicant tracking system told, for one system.

    Identifiers of events are the sender's; two accounts may give the same, so the system is put
    in front. That keeps them the same when a connection is made anew.
    """
    name = event.external_event if system_id is None else f"{system_id}:{event.external_event}"
    refs = (event.candidate, event.application)
    return Row(
        place=place,
        refs=tuple(each for each in refs if each),
        system_id=system_id,
        job=event.job,
        stage=event.stage,
        word=event.word,
        outcome=event.outcome,
        occurred_at=event.occurred_at,
        source=event.source.value,
        external_event=name if len(name) <= _LONGEST_EVENT else derived_id(name),
        scores=event.scores,
        decided_by=event.decided_by,
    )


def _row(number: int, new: NewOutcome) -> Row:
    return Row(
        place=f"/outcomes/{number}",
        candidate_id=new.candidate_id,
        refs=(new.external_ref,) if new.external_ref else (),
        system_id=new.system_id,
        interview_id=new.interview_id,
        job=new.job,
        stage=new.stage,
        location=new.location,
        word=new.outcome,
        outcome=None,
        occurred_at=new.occurred_at,
        source=new.source,
        external_event=new.external_event,
        scores=new.scores,
        decided_by=new.decided_by,
        overridden=new.overridden,
    )


@dataclass(slots=True)
class _Known:
    """What the rows of a chunk refer to."""

    candidates: dict[str, Candidate]
    by_ref: dict[str, Candidate]
    systems: dict[str, System]
    interviews: dict[str, Interview]
    stored: dict[tuple[str, str], Outcome]


@dataclass(slots=True)
class Taker:
    """Takes rows in chunks within one unit of work; `finish` says what became of them."""

    unit: UnitOfWork
    options: Options
    keep_items: bool = False
    items: list[Outcome] = field(default_factory=list)
    taken: int = 0
    duplicates: int = 0
    faulty: int = 0
    faults: list[Fault] = field(default_factory=list)

    def take(self, rows: Sequence[Row]) -> None:
        """Stores the rows that have no fault and are not stored yet."""
        known = self._look_up(rows)
        fresh: list[Outcome] = []
        for row in rows:
            made = self._made(row, known)
            if made is None or (self.faulty and not self.options.partial):
                continue
            name = made.source, made.external_event
            if name in known.stored:
                self.duplicates += 1
            else:
                known.stored[name] = self.unit.add(made)
                fresh.append(known.stored[name])
            if self.keep_items:
                self.items.append(known.stored[name])
        self.taken += len(fresh)
        if fresh:
            _record(self.unit, fresh)

    def finish(self) -> Taken:
        """What became of all rows. Raises `OutcomeInvalid` where all or none was asked for."""
        if self.faulty and not self.options.partial:
            first = self.faults[0]
            raise OutcomeInvalid(
                f"{self.faulty} outcomes have faults; nothing was taken. First: {first.place} "
                f"{first.text}",
                tuple((each.place, each.text) for each in self.faults),
            )
        faults, items = tuple(self.faults), tuple(self.items)
        return Taken(self.taken, self.duplicates, self.faulty, faults, items)

    def _look_up(self, rows: Sequence[Row]) -> _Known:
        unit = self.unit
        interviews = _by_id(unit, Interview, (row.interview_id for row in rows))
        wanted = [row.candidate_id for row in rows]
        systems = [row.system_id for row in rows] + [e.system_id for e in interviews.values()]
        refs = list(dict.fromkeys(ref for row in rows for ref in row.refs))
        by_ref = {
            each.external_ref: each
            for start in range(0, len(refs), _CHUNK)
            for each in unit.every(Candidate, external_ref=refs[start : start + _CHUNK])
        }
        return _Known(
            candidates=_by_id(unit, Candidate, wanted),
            by_ref=by_ref,
            systems=_by_id(unit, System, systems),
            interviews=interviews,
            stored=self._stored(rows),
        )

    def _stored(self, rows: Sequence[Row]) -> dict[tuple[str, str], Outcome]:
        names: dict[str, list[str]] = {}
        for row in rows:
            names.setdefault(row.source, []).append(event_of(row))
        return {
            (each.source, each.external_event): each
            for source, events in names.items()
            for start in range(0, len(events), _CHUNK)
            for each in self.unit.every(
                Outcome, source=source, external_event=events[start : start + _CHUNK]
            )
        }

    def _made(self, row: Row, known: _Known) -> Outcome | None:
        """The outcome of a row; None where it has a fault, which is noted."""
        candidate = self._candidate(row, known)
        interview = known.interviews.get(row.interview_id or "")
        system = known.systems.get(row.system_id or (interview.system_id if interview else ""))
        wrong = list(_contradictions(row, candidate, interview, system))
        outcome = row.outcome or _meaning(row.word, system)
        if outcome is None:
            wrong.append(("outcome", f"{shown_word(row.word)} is not mapped: {_REMEDY}"))
        if wrong or candidate is None or outcome is None:
            self._fault(row, wrong)
            return None
        return Outcome(
            id=new_id("out"),
            candidate_id=candidate.id,
            system_id=system.id if system else None,
            interview_id=row.interview_id,
            job=row.job or (interview.job if interview else ""),
            stage=row.stage or (interview.stage if interview else ""),
            location=row.location or (interview.location if interview else ""),
            word=row.word,
            outcome=outcome,
            occurred_at=row.occurred_at,
            source=row.source,
            external_event=event_of(row),
            scores=dict(row.scores),
            decided_by=row.decided_by,
            overridden=row.overridden,
        )

    def _candidate(self, row: Row, known: _Known) -> Candidate | None:
        if row.candidate_id is not None:
            return known.candidates.get(row.candidate_id)
        found = next((known.by_ref[ref] for ref in row.refs if ref in known.by_ref), None)
        if found is None and self.options.register_unknown and row.refs:
            found = create_candidate(self.unit, NewCandidate(external_ref=row.refs[0]))
            known.by_ref[found.external_ref] = found
        return found

    def _fault(self, row: Row, wrong: Iterable[tuple[str, str]]) -> None:
        self.faulty += 1
        for name, text in wrong:
            if len(self.faults) < MOST_FAULTS:
                self.faults.append(Fault(f"{row.place}/{name}", text))


_REMEDY = (
    "use advanced, rejected, hired, withdrawn or on_hold, or map the word in the system's "
    "outcome_words"
)


def event_of(row: Row) -> str:
    """The identifier under which a row is taken once."""
    if row.external_event is not None:
        return row.external_event
    who = row.candidate_id or list(row.refs)
    time = row.occurred_at.isoformat()
    return derived_id(who, row.system_id, row.interview_id, row.job, row.stage, row.word, time)


def _contradictions(
    row: Row,
    candidate: Candidate | None,
    interview: Interview | None,
    system: System | None,
) -> Iterable[tuple[str, str]]:
    """What a row refers to and is not there, or belongs to somebody else."""
    name = "candidate_id" if row.candidate_id else "external_ref"
    if candidate is None:
        yield name, "is not registered"
    elif candidate.erased_at is not None:
        yield name, "is a candidate whose data were erased"
    if row.interview_id is not None:
        if interview is None:
            yield "interview_id", "is not registered"
        elif candidate is not None and interview.candidate_id != candidate.id:
            yield "interview_id", "is an interview of another candidate"
        elif row.system_id not in (None, interview.system_id):
            yield "interview_id", "is an interview with another system"
    if row.system_id is not None and system is None:
        yield "system_id", "is not registered"


def _meaning(word: str, system: System | None) -> OutcomeClass | None:
    own = dict(system.outcome_words) if system else None
    words: WordMap = default_words(Source.JSON).extended(own)
    try:
        return words.look_up(word)[1]
    except OutcomeInvalid:
        return None


def _by_id(unit: UnitOfWork, kind: type[V], ids: Iterable[str | None]) -> dict[str, V]:
    wanted = [each for each in dict.fromkeys(ids) if each is not None]
    return {
        each.id: each
        for start in range(0, len(wanted), _CHUNK)
        for each in unit.every(kind, id=wanted[start : start + _CHUNK])
    }


def _record(unit: UnitOfWork, outcomes: Sequence[Outcome]) -> None:
    """One event: of the outcome itself, or of many with a hash that commits to each."""
    facts: list[dict[str, Json]] = [
        {
            "id": each.id,
            "candidate": each.candidate_id,
            "system": each.system_id,
            "interview": each.interview_id,
            "outcome": each.outcome.value,
            "occurred_at": timestamp(each.occurred_at),
            "source": each.source,
        }
        for each in outcomes
    ]
    body: Mapping[str, Json] = facts[0]
    if len(facts) > 1:
        body = {
            "count": len(facts),
            "first": outcomes[0].id,
            "last": outcomes[-1].id,
            "sha256": canonical_hash(list(facts)),
        }
    unit.record(EventKind.OUTCOME_RECEIVED, outcomes[0].id, body)
