"""Evidence of a thread as signals, as reports show it."""

from __future__ import annotations

from audit.detectors import DetectorSpec
from audit.types import LikelihoodRatio, ModelUse, Question, Reason, Signal, Status, WeightUse
from audit.wording import times_likelier
from identity.thread import Boundary, Compared, TraitOfPerson, TraitThread

LIMITS: dict[TraitOfPerson, tuple[str, ...]] = {
    "face": (
        "A face swap that imitates the claimed person matches: a match says nothing about whether "
        "the picture is genuine.",
        "Relatives and people who look alike to the network may pass for one person, in every "
        "session alike: more sessions do not help.",
    ),
    "voice": (
        "A cloned or converted voice matches: a match does not show genuine speech.",
        "Calibrated on read English speech of 14 people, each recorded in one session; another "
        "microphone, room, language or years between the recordings make voices less alike.",
    ),
}
_SPECS = {
    trait: DetectorSpec(
        name=f"{trait}_thread",
        version="1",
        questions=(Question.IDENTITY,),
        modality="video" if trait == "face" else "audio",
        cause=f"{trait}_identity_thread",
        limits=limits,
    )
    for trait, limits in LIMITS.items()
}
HYPOTHESES = ("another person from this session on", "the same person in both sessions")


def change_signal(
    thread: TraitThread, boundary: Boundary, weights: tuple[WeightUse, ...] = ()
) -> Signal:
    """What is said of one boundary: log10 Bayes factor of a change, over all divisions."""
    spec = _SPECS[thread.trait]
    figure = boundary.log10_change
    notes = ("The sound was recorded in another way than before.",)
    return spec.signal(
        boundary.status,
        _change_reason(thread.trait, boundary),
        model=_model(thread, spec, weights),
        score=figure,
        score_meaning=(
            "log10 Bayes factor of a change of person between two neighbouring sessions against "
            "none, over all ways to divide the sessions among persons; above 0 favours a change"
        ),
        likelihood_ratio=LikelihoodRatio(
            log10=figure,
            lower=boundary.lower,
            upper=boundary.upper,
            hypotheses=HYPOTHESES,
            calibration="partition of sessions, bounded as one comparison",
        ),
        quality_notes=notes if boundary.channel_changed else (),
        measurements={"channel_changed": boundary.channel_changed},
    )


def compared_signal(
    thread: TraitThread, found: Compared, weights: tuple[WeightUse, ...] = ()
) -> Signal:
    """What is said of a session against an earlier one, or against several of them together."""
    spec, several = _SPECS[thread.trait], len(found.first) > 1
    whom = f"{len(found.first)} earlier sessions together" if several else "the earlier session"
    code = "compared_with_the_past" if several else "compared_with_a_session"
    return spec.signal(
        found.status,
        Reason(code, f"Against {whom}, {found.grade.words(found.score)}."),
        model=_model(thread, spec, weights),
        score=found.grade.figure(found.score),
        score_meaning=found.grade.meaning("this session and those before it, pooled"),
        operating_point=found.grade.operating_point,
        likelihood_ratio=found.grade.likelihood_ratio(found.score),
        quality=found.quality,
        measurements={"channel_changed": found.channel_changed},
    )


def _model(thread: TraitThread, spec: DetectorSpec, weights: tuple[WeightUse, ...]) -> ModelUse:
    return ModelUse(spec.name, f"{spec.version}/{thread.space}", weights)


def _change_reason(trait: TraitOfPerson, boundary: Boundary) -> Reason:
    size = times_likelier(boundary.log10_change)
    if boundary.status is Status.REVIEW:
        return Reason(
            f"{trait}_changes",
            f"The {trait} is unlike before: {size} if it is another person's from here on.",
        )
    if boundary.status is Status.NO_INDICATION:
        return Reason(
            f"{trait}_stays", f"The {trait} is like before: {size} if it is one person's."
        )
    return Reason("unclear", f"Whether the {trait} is the one before cannot be said: {size}.")
