"""Outcomes and stage changes: in as JSON or CSV, and listed. They change nobody's status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Depends, Query, Response
from pydantic import Field

from api.call import Call
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.problems import FieldError, Refusal, invalid
from api.routes.paths import CandidateFilter, InterviewFilter, OutcomeId, SystemFilter, SystemUsed
from api.routes.streams import Spool, Spooled, body_of
from api.scopes import requires
from audit.ats import CsvFormat
from audit.errors import OutcomeInvalid
from audit.operations import outcomes
from audit.operations.inputs import Input
from audit.operations.register import plain_where
from audit.records.register import Outcome, OutcomeClass, System

router = area("Outcomes", "/outcomes")
MOST_CSV_BYTES = 8 * 1024 * 1024
_CSV_EXAMPLE = """\
candidate,job,stage,outcome,occurred_at
applicant-20417,job-7,Phone screen,advanced,2026-03-01T09:00:00Z
"""
_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}

Column = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,32}:[^\x00-\x1f\x7f]{1,200}$")]


class OutcomeBatch(Input):
    """Outcomes that are taken together."""

    outcomes: Annotated[
        tuple[outcomes.NewOutcome, ...],
        Field(
            min_length=1,
            max_length=outcomes.MOST_AT_ONCE,
            description="All are taken, or none, unless `partial` is set.",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvTaken:
    """What became of a CSV file."""

    rows: Annotated[int, Field(description="Rows without the heading.")]
    taken: Annotated[int, Field(description="Outcomes stored now.")]
    duplicates: Annotated[int, Field(description="Outcomes that were stored before.")]
    not_outcomes: Annotated[int, Field(description="Rows whose word means no outcome.")]
    dropped_columns: Annotated[int, Field(description="Columns that were not read.")]
    faulty: Annotated[int, Field(description="Rows left out; only with `partial`.")]
    faults: Annotated[tuple[outcomes.Fault, ...], Field(description="The first hundred.")]


def _options(
    partial: Annotated[
        bool, Query(description="Take those without faults. Else all are taken, or none.")
    ] = False,
    register_unknown: Annotated[
        bool,
        Query(description="Register candidates whose reference is not known yet, without places."),
    ] = False,
) -> outcomes.Options:
    return outcomes.Options(partial=partial, register_unknown=register_unknown)


def _filters(
    candidate_id: CandidateFilter = None,
    system_id: SystemFilter = None,
    interview_id: InterviewFilter = None,
    job: Annotated[str | None, Query(max_length=128, description="Only for this job.")] = None,
    stage: Annotated[str | None, Query(max_length=128, description="Only of this stage.")] = None,
    outcome: Annotated[OutcomeClass | None, Query(description="Only of this meaning.")] = None,
    source: Annotated[str | None, Query(max_length=32, description="Only from here.")] = None,
) -> dict[str, object]:
    return plain_where(
        candidate_id=candidate_id,
        system_id=system_id,
        interview_id=interview_id,
        job=job,
        stage=stage,
        outcome=outcome,
        source=source,
    )


@router.post(
    "",
    response_model=outcomes.Taken,
    responses=also(410, "outcome_invalid"),
    dependencies=[requires("outcomes:write")],
)
def take_outcomes(
    call: Call,
    body: OutcomeBatch,
    how: Annotated[outcomes.Options, Depends(_options)],
) -> Response:
    """Bring in one to a thousand outcomes. Each is taken once, by its source and external_event.

    A word that is not mapped is refused, and never taken for a rejection.
    """
    with _told(), call.unit() as unit:
        return call.changed(unit, outcomes.take_outcomes(unit, body.outcomes, how))


def _form(
    separator: Annotated[
        Literal["comma", "semicolon", "tab"], Query(description="What stands between columns.")
    ] = "comma",
    column: Annotated[
        tuple[Column, ...],
        Query(
            max_length=20,
            description="Headings that differ from ours: `outcome:Decision`.",
            examples=[["candidate:Applicant ID"]],
        ),
    ] = (),
    score: Annotated[
        tuple[Column, ...],
        Query(max_length=200, description="Scores: name and heading, `total:Overall`."),
    ] = (),
    zone: Annotated[
        str | None,
        Query(max_length=64, description="Time zone of times that name none: `Europe/Berlin`."),
    ] = None,
) -> CsvFormat:
    try:
        known = ZoneInfo(zone) if zone is not None else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid("query", "/zone", "is no time zone of the IANA data base") from None
    columns, scores = (dict(each.split(":", 1) for each in pairs) for pairs in (column, score))
    with _told():
        return CsvFormat(columns, scores, _SEPARATORS[separator], known)


@router.post(
    "/csv",
    response_model=CsvTaken,
    responses=also(413, 415, "outcome_invalid"),
    openapi_extra=body_of("text/csv", _CSV_EXAMPLE),
    dependencies=[requires("outcomes:write")],
)
def import_outcomes(
    call: Call,
    body: Annotated[Spooled, Depends(Spool("text/csv", MOST_CSV_BYTES))],
    form: Annotated[CsvFormat, Depends(_form)],
    how: Annotated[outcomes.Options, Depends(_options)],
    system_id: SystemUsed = None,
) -> Response:
    """Bring in outcomes as CSV: UTF-8, with a heading, at most 8 MiB; split what is larger.

    Columns: candidate, job, stage, outcome, occurred_at; event_id, application, decided_by too.
    The file is checked as a whole before anything is stored.
    """
    call.fingerprint(body.sha256)
    with _told(), call.unit() as unit:
        system = unit.get(System, system_id) if system_id is not None else None
        read, taken = outcomes.import_outcomes(
            unit, body.file, system=system, form=form, options=how
        )
        shown = CsvTaken(
            rows=read.rows,
            taken=taken.taken,
            duplicates=taken.duplicates,
            not_outcomes=read.not_outcomes,
            dropped_columns=read.dropped,
            faulty=read.faulty + taken.faulty,
            faults=(*(outcomes.Fault(*each) for each in read.faults), *taken.faults)[:100],
        )
        return call.changed(unit, shown)


@router.get("", response_model=Listed[Outcome], dependencies=[requires("outcomes:read")])
def list_outcomes(
    call: Call,
    paging: Paging,
    filters: Annotated[dict[str, object], Depends(_filters)],
) -> Response:
    """Outcomes of the tenant."""
    with call.reading() as unit:
        return call.listing(paging, unit.page(Outcome, paging.page, filters))


@router.get("/{outcome_id}", response_model=Outcome, dependencies=[requires("outcomes:read")])
def read_outcome(call: Call, outcome_id: OutcomeId) -> Response:
    """One outcome."""
    with call.reading() as unit:
        return call.shown(unit.get(Outcome, outcome_id))


@contextmanager
def _told() -> Iterator[None]:
    """Names each fault of outcomes as a field of the request."""
    try:
        yield
    except OutcomeInvalid as error:
        raise Refusal(
            OutcomeInvalid.code, str(error), errors=[_field(*each) for each in error.faults]
        ) from None


def _field(place: str, text: str) -> FieldError:
    """A fault as a field of the body: of JSON by its pointer, of CSV by its row in words."""
    pointer = place if place.startswith("/") else ""
    words = text if pointer else f"{place} {text}"
    return FieldError(place="body", pointer=pointer, code=OutcomeInvalid.code, detail=words)
