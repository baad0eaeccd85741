"""The answer: whether a response fits its challenge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.challenges import (
    ChallengeResult,
    CueResult,
    Kind,
    Outcome,
    Plan,
    Telemetry,
    Verdict,
)
from audit.detectors import operating_point
from audit.interview import Interview
from audit.types import Reason
from liveness.challenge.cues import look
from liveness.challenge.movement import likeness, movement_of
from liveness.challenge.reading import faces_of
from liveness.challenge.telemetry import Sent, camera_of, contradictions, doubts

_WEIGHTS = ("blazeface_back", "face_mesh", "iris_landmark", "silero_vad")
_ALWAYS = (
    "A face that a program draws over a live person and that moves as the person moves (real-time "
    "face swap or re-enactment) can follow every cue.",
    "All telemetry comes from the person's own machine, where a program can write it.",
)
_DIGITS = (
    "Which digits were said: nothing here understands speech. Listen from {start:.0f} s to "
    "{end:.0f} s; asked for were {digits}."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response. `elapsed_s`: between start and answer, by our clock.

    `earlier`: movements of earlier responses, see `movement_of`. `left_out`: kinds that the person
    chose to leave out.
    """

    plan: Plan
    telemetry: Telemetry
    elapsed_s: float
    earlier: Sequence[str] = ()
    left_out: Sequence[Kind] = ()


def verified(interview: Interview, response: Response) -> ChallengeResult:
    """Whether the measured recording fits the challenge; never raises for weak input."""
    point = operating_point("liveness", "active_challenge")
    sent = Sent(response.telemetry, response.plan, interview.facts, response.elapsed_s)
    movement = movement_of(interview.pictures) if interview.pictures is not None else ""
    refused = [*contradictions(sent, point), *_known(movement, response.earlier, point)]
    cues = _cues(interview, response.plan, point)
    refused += _not_followed(cues, point)
    open_ = [*doubts(sent, point), *_open(cues, point)]
    verdict, reasons = Verdict.ACCEPTED, [_accepted(cues)]
    if refused:
        verdict, reasons = Verdict.REFUSED, refused
    elif open_:
        verdict, reasons = Verdict.INCONCLUSIVE, open_
    uses = interview.models.uses(*_WEIGHTS) if cues else ()
    return ChallengeResult(
        verdict=verdict,
        reasons=tuple(reasons),
        cues=cues,
        bits=response.plan.bits,
        camera=camera_of(sent),
        not_checked=tuple(_not_checked(response)),
        models=tuple(f"{use.id} {use.sha256[:16]}" for use in uses),
        movement=movement,
    )


def _known(movement: str, earlier: Sequence[str], point: dict[str, float]) -> list[Reason]:
    """Whether the recording was sent before."""
    most = max((likeness(movement, each) for each in earlier if each and movement), default=0.0)
    if most < point["replay_likeness"]:
        return []
    text = (
        f"The pictures move as those of an earlier response do (likeness {most:.2f} of 1), beat by "
        "beat: it is that recording again."
    )
    return [Reason("replayed_recording", text)]


def _cues(interview: Interview, plan: Plan, point: dict[str, float]) -> tuple[CueResult, ...]:
    faces = faces_of(interview.faces, plan) if interview.faces is not None else None
    if faces is None:
        return ()
    return tuple(look(cue, faces, interview, point) for cue in plan.cues)


def _not_followed(cues: Sequence[CueResult], point: dict[str, float]) -> list[Reason]:
    """Several cues that were plainly not followed, or all that could be seen."""
    missed = [cue for cue in cues if cue.outcome is Outcome.NOT_FOLLOWED]
    followed = [cue for cue in cues if cue.outcome is Outcome.FOLLOWED]
    if not missed or (len(missed) < point["most_missed"] and followed):
        return []
    if len(missed) == 1 and len(cues) > 1 and not followed and len(cues) - len(missed) > 1:
        return []  # most could not be seen: too little to refuse for
    text = (
        f"{len(missed)} of {len(cues)} cues of this challenge were not followed: "
        f"{_texts(missed)} Recordings made before the cues were drawn look like that; so do people "
        "who could not follow them."
    )
    return [Reason("cues_not_followed", text)]


def _open(cues: Sequence[CueResult], point: dict[str, float]) -> list[Reason]:
    """Why nothing can be said."""
    if not cues:
        return [Reason("no_face", "No face was found in the recording.")]
    followed = [cue for cue in cues if cue.outcome is Outcome.FOLLOWED]
    missed = [cue for cue in cues if cue.outcome is Outcome.NOT_FOLLOWED]
    unseen = [cue for cue in cues if cue.outcome is Outcome.NOT_SEEN]
    if missed:
        return [Reason("cue_missed", f"One cue was not followed: {_texts(missed)}")]
    if len(followed) >= point["least_followed_share"] * len(cues):
        return []
    found = [Reason(cue.reason, cue.text) for cue in unseen]
    return list(dict.fromkeys(found))


def _accepted(cues: Sequence[CueResult]) -> Reason:
    followed = sum(cue.outcome is Outcome.FOLLOWED for cue in cues)
    text = (
        f"{followed} of {len(cues)} cues were seen to be followed, none was missed, and nothing "
        "that the page reported contradicts the recording."
    )
    return Reason("cues_followed", text)


def _not_checked(response: Response) -> Iterable[str]:
    for cue in response.plan.of(Kind.SAY_DIGITS):
        yield _DIGITS.format(start=cue.start_s, end=cue.end_s, digits=" ".join(cue.steps))
    if response.left_out:
        names = ", ".join(kind.value for kind in response.left_out)
        yield f"Left out by the person's choice, which counts for nothing: {names}."
    if not response.telemetry.frame_callback:
        yield "The timing of frames: this browser does not tell of it."
    yield from _ALWAYS


def _texts(cues: Sequence[CueResult]) -> str:
    return " ".join(cue.text for cue in cues)
