"""What persons recorded for the fields of rule packs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from api.call import Call, IfMatch
from api.guarding import area
from api.openapi import also
from api.report_orders import NewAnswers, check_answers
from api.routes.paths import SystemId
from api.scopes import requires
from audit.errors import NotFound
from audit.operations import answers
from audit.operations.answers import AnswersView
from audit.operations.inputs import Input

router = area("Rule packs", "/systems")


class RecordedNow(Input):
    """All that is recorded from now on."""

    answers: NewAnswers


@router.get(
    "/{system_id}/answers", response_model=AnswersView, dependencies=[requires("answers:read")]
)
def read_answers(
    call: Call,
    system_id: SystemId,
    version: Annotated[
        int | None, Query(ge=1, le=1_000_000, description="Left out: the newest.")
    ] = None,
) -> Response:
    """What persons recorded for a system's rule packs. Version 0: nothing yet."""
    with call.reading() as unit:
        if version is None:
            return call.shown(answers.newest(unit, system_id))
        found = answers.version_of(unit, system_id, version)
        if found is None:
            raise NotFound(f"There is no version {version} of these answers.")
        return call.shown(found)


@router.put(
    "/{system_id}/answers",
    response_model=AnswersView,
    responses=also("pack_invalid"),
    dependencies=[requires("answers:write")],
)
def record_answers(
    call: Call, system_id: SystemId, body: RecordedNow, expected: IfMatch
) -> Response:
    """Record answers: a new version that holds exactly these. Earlier versions are kept.

    Each names who recorded it, by an opaque reference and their function, and when. Reports that
    are made from now on are answered from it; those that were made stay as they are.
    """
    check_answers(body.answers, call.service.settings.packs_dir)
    given = {name: each.recorded() for name, each in body.answers.items()}
    with call.unit() as unit:
        expected.check(answers.newest(unit, system_id))
        return call.changed(unit, answers.record_answers(unit, system_id, given))
