"""Who answered which question, as a check's document tells it."""

from __future__ import annotations

from collections.abc import Sequence

from audit.types import Reason, Status
from identity.answer_words import Told, sentence, told
from identity.answers import Answers, Mark
from reports import documents as d
from reports.canonical import log_ratio, seconds


def answers_entry(marks: Sequence[Mark], found: Answers | Reason) -> d.AnswersEntry:
    """Marked answers in order of time, with what was found, or why nothing was."""
    if isinstance(found, Reason):
        return d.AnswersEntry(
            text="",
            reason=d.Why(code=found.code, text=found.text),
            answers=[_answer(mark, None, ()) for mark in marks],
        )
    by_answer: dict[str, list[Told]] = {}
    for each in told(found, marks):
        by_answer.setdefault(each.question, []).append(each)
    numbers = {mark.question: number for number, mark in enumerate(marks, start=1)}
    return d.AnswersEntry(
        text=sentence(found, numbers),
        reason=None,
        answers=[
            _answer(mark, found.other_share[mark.question], by_answer[mark.question])
            for mark in marks
        ],
    )


def _answer(mark: Mark, other_voice: float | None, by: Sequence[Told]) -> d.AnswerEntry:
    return d.AnswerEntry(
        question=mark.question,
        start_s=seconds(mark.start_s),
        end_s=seconds(mark.end_s),
        other_voice=other_voice,
        by=[_trait(each) for each in by],
    )


def _trait(each: Told) -> d.AnswerTraitEntry:
    rest = each.rest
    known = rest is not None and rest.log10 is not None
    return d.AnswerTraitEntry(
        modality=each.trait,
        person=each.person,
        as_before=each.as_before,
        status=(rest.status if rest is not None else Status.INCONCLUSIVE).value,
        log10_lr=log_ratio(rest.log10) if rest is not None and rest.log10 is not None else None,
        log10_lr_bounds=[log_ratio(rest.lower), log_ratio(rest.upper)] if rest and known else None,
        text=each.words,
    )
