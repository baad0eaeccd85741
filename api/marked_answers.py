"""Who answered which question, beside a check: from its marks, and what it read already."""

from __future__ import annotations

from collections.abc import Sequence

from audit.check import FAULTS
from audit.errors import AuditError
from audit.inference import limited_threads
from audit.records.register import QuestionAsked
from audit.result import CheckResult
from audit.types import Reason
from identity.answers import Answers, Mark, answers_of
from reports.answers_json import answers_entry
from reports.documents import AnswersEntry

_MAY_NOT = Reason("may_not_compare", "Faces and voices of this interview may not be compared.")
_TOO_FEW = Reason("too_few", "One answer is marked; it takes two to compare them.")


def marks_of(questions: Sequence[QuestionAsked]) -> tuple[Mark, ...]:
    """The answers that are marked by both times, in order of time."""
    marks = [
        Mark(each.id, each.start_s, each.end_s)
        for each in questions
        if each.start_s is not None and each.end_s is not None
    ]
    return tuple(sorted(marks, key=lambda mark: mark.start_s))


def answers_beside(
    result: CheckResult, marks: Sequence[Mark], *, identity: bool, threads: int
) -> AnswersEntry | None:
    """What a check's document tells of marked answers; None where none are marked.

    `identity`: whether faces and voices may be compared. Earlier recordings are those that the
    check was made with. A fault of ours costs the answers, not the check.
    """
    if not marks:
        return None
    return answers_entry(marks, _found(result, marks, identity=identity, threads=threads))


def _found(
    result: CheckResult, marks: Sequence[Mark], *, identity: bool, threads: int
) -> Answers | Reason:
    if not identity:
        return _MAY_NOT
    if len(marks) < 2:
        return _TOO_FEW
    try:
        with limited_threads(threads):
            return answers_of(result.interview, marks, past=result.interview.references)
    except (AuditError, *FAULTS) as error:
        detail = str(error) if isinstance(error, AuditError) else type(error).__name__
        return Reason("internal_error", f"Answers could not be compared: {detail}")
