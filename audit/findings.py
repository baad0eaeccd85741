"""From signals to findings: one answer per question, with its reasons.

The rules, in full:
1. Signals that share a cause (`Signal.cause`) are counted once: the cause speaks with the voice of
   its strongest member, `review` before `no_indication` before `inconclusive`.
2. `review` needs one cause with a primary signal at `review`, or two different causes with
   supporting signals at `review`.
3. `no_indication` needs at least one of the question's required signals to say so.
   Insufficient data never reads as a pass: otherwise the finding is `inconclusive`.
4. A signal of `BESIDE_PRIMARY` never brings a finding to `review`, neither alone nor together with
   other supporting signals. It is shown only where a primary signal already asks for a look at the
   same question; elsewhere what it measured is withheld, so that nobody is looked at for it.
5. What no installed signal covers is listed with every finding.
6. What likelihood ratios weigh together stands beside the verdict (`audit.combination`) and changes
   none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from audit.combination import DEFAULT_PRIOR, combine
from audit.types import Finding, Question, Reason, Signal, Status, Strength

REQUIRED: Mapping[Question, tuple[str, ...]] = {
    Question.AUTHENTICITY: ("frame_loop",),
    Question.PRESENCE: ("presentation_attack",),
    Question.IDENTITY: (
        "face_consistency",
        "speaker_consistency",
        "face_reference",
        "voice_reference",
    ),
    Question.ASSISTANCE: ("speaker_consistency", "av_sync"),
}
"""A question can be answered `no_indication` only when one of these signals says so."""

BESIDE_PRIMARY = frozenset({"assisted_answering"})
"""Signals that disability, a second language or nerves can bring about as well."""

NOT_COVERED: Mapping[Question, tuple[str, ...]] = {
    Question.AUTHENTICITY: (
        "Faces generated whole, bent without blending, or altered by programs that no test had.",
        "Neural voices and voice conversion: the speech model does not see them reliably.",
    ),
    Question.PRESENCE: (
        "Masks and make-up worn by a live person.",
        "Camera injection that leaves no trace in the file.",
    ),
    Question.IDENTITY: ("A cloned voice or a swapped face made to match the person.",),
    Question.ASSISTANCE: ("Help that is neither heard nor seen, such as text on another screen.",),
}


def with_weak_ones_withheld(signals: Sequence[Signal]) -> tuple[Signal, ...]:
    """The signals of a check, those of `BESIDE_PRIMARY` emptied where no primary evidence is.

    What is withheld leaves no score, evidence or series behind: only that it was withheld.
    """
    return tuple(_shown(signal, signals) for signal in signals)


def _shown(signal: Signal, signals: Sequence[Signal]) -> Signal:
    weak = signal.name in BESIDE_PRIMARY and signal.status is not Status.INCONCLUSIVE
    if not weak or any(_asks_for_a_look(other, signal.questions) for other in signals):
        return signal
    return Signal(
        name=signal.name,
        questions=signal.questions,
        status=Status.INCONCLUSIVE,
        reason=Reason(
            "withheld",
            "This signal is too weak to be shown without primary evidence, and there is none.",
        ),
        model=signal.model,
        cause=signal.cause,
        strength=signal.strength,
        limits=signal.limits,
    )


def _asks_for_a_look(signal: Signal, questions: Sequence[Question]) -> bool:
    """Whether a primary signal is at `review` for one of the questions."""
    return signal.strength is Strength.PRIMARY and any(
        q in signal.questions and signal.status_for(q) is Status.REVIEW for q in questions
    )


def conclude(signals: Sequence[Signal], *, prior: float = DEFAULT_PRIOR) -> tuple[Finding, ...]:
    """One finding per question, in the order of `Question`.

    `prior`: assumed share of recordings with an attack, which findings state and do not use.
    """
    return tuple(_answer(question, signals, prior) for question in Question)


def _answer(question: Question, signals: Sequence[Signal], prior: float) -> Finding:
    relevant = [
        replace(s, status=s.status_for(question))
        for s in with_weak_ones_withheld(signals)
        if question in s.questions
    ]
    verdict = _verdict(question, relevant)
    return Finding(
        question=question,
        verdict=verdict,
        reasons=tuple(_reasons(question, verdict, relevant)),
        signals=tuple(s.name for s in relevant),
        not_covered=NOT_COVERED[question],
        weight=combine(question, relevant, prior=prior),
    )


def _verdict(question: Question, signals: Sequence[Signal]) -> Status:
    flagged = [s for s in signals if s.status is Status.REVIEW]
    if any(s.strength is Strength.PRIMARY for s in flagged):
        return Status.REVIEW
    if len({s.cause for s in flagged if s.name not in BESIDE_PRIMARY}) >= 2:
        return Status.REVIEW
    required = REQUIRED[question]
    if any(s.name in required and s.status is Status.NO_INDICATION for s in signals):
        return Status.NO_INDICATION
    return Status.INCONCLUSIVE


def _reasons(question: Question, verdict: Status, signals: Sequence[Signal]) -> Iterable[Reason]:
    """Why the verdict is what it is; one reason per cause for `review`, the strongest first."""
    if verdict is Status.REVIEW:
        yield from _by_cause(s for s in signals if s.status is Status.REVIEW)
        return
    for signal in signals:
        if signal.status is Status.REVIEW:
            yield Reason(
                "single_supporting_signal",
                f"{signal.reason.text} This kind of evidence is too weak to count alone.",
            )
    if verdict is Status.INCONCLUSIVE:
        required = REQUIRED[question]
        missing = [s for s in signals if s.name in required]
        yield from (s.reason for s in missing)
        if not missing:
            yield Reason("not_measured", "No signal that could answer this question was run.")
        return
    concluded = [s for s in signals if s.status is Status.NO_INDICATION]
    yield from (s.reason for s in concluded)


def _by_cause(flagged: Iterable[Signal]) -> Iterable[Reason]:
    causes: dict[str, list[Signal]] = defaultdict(list)
    for signal in flagged:
        causes[signal.cause].append(signal)
    ordered = sorted(causes.values(), key=lambda group: _rank(group[0]))
    for group in ordered:
        yield min(group, key=_rank).reason


def _rank(signal: Signal) -> int:
    return 0 if signal.strength is Strength.PRIMARY else 1
