"""Active challenges: issued as a link, started once, answered in time, verified by a worker.

The clock is ours throughout. Cues are drawn when the person starts, so nobody can have rehearsed
them; what was recorded is committed by its hash before it is sent, so that a slow line costs nobody
the time that the answer has. A person can ask for a human at any moment, and no reason is asked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from audit.canonical import Json, canonical_hash
from audit.challenges import (
    KINDS,
    ChallengeResult,
    Kind,
    Plan,
    Telemetry,
    Verdict,
    binding_of,
    draw,
    new_nonce,
)
from audit.clocks import RequestKind
from audit.errors import InputError, StepRefused, VersionConflict
from audit.ids import new_id
from audit.jobs import enqueue
from audit.keyring import Context
from audit.ledger import EventKind, timestamp
from audit.operations import gate
from audit.operations.flags import FlagContext, inform
from audit.operations.inputs import Input, InterviewId, Whole
from audit.operations.languages import Language, nearest
from audit.operations.link_keys import id_in, link_key, nowhere, signed, stored_link_key
from audit.operations.media import named
from audit.operations.requests import Asked, receive
from audit.records.challenges import Challenge, ChallengeState
from audit.records.evidence import Media
from audit.records.register import Candidate, Interview
from audit.records.work import Job, JobState, Queue
from audit.store import ReadUnit, UnitOfWork
from audit.types import Reason

KIND = "verify_challenge"
"""Kind of the job; its subject is the challenge."""

ANSWER_WITHIN = timedelta(seconds=45)
"""After the last cue: time for the page to hash the recording and to send a few kilobytes."""
EARLY = timedelta(seconds=1)
"""How much sooner than its last cue a response may come, for what clocks and rounding do."""
LATE_KNOWN = timedelta(days=1)
"""How long a late answer is still taken down as one; it is refused in any case."""
UPLOAD_WITHIN = timedelta(minutes=30)
LARGEST_BYTES = 256 << 20
MOST_TELEMETRY = 900_000
MOST_COMPARED = 200
_NAME = "challenge_links"
_FORMAT = "fairwitness-challenge-link/1"
_RESULT = TypeAdapter(ChallengeResult)
_LONGEST_DETAIL = 500
_DRAWN = {Kind.TURN_HEAD, Kind.FOLLOW_DOT, Kind.SCREEN_COLOURS}


class NewChallenge(Input):
    """A challenge that is wanted."""

    interview_id: Annotated[InterviewId, Field(description="In which interview.")]
    language: Annotated[
        Language | None, Field(description="Of the page; left out: the candidate's, or English.")
    ] = None
    kinds: Annotated[
        tuple[Kind, ...],
        Field(
            min_length=1,
            max_length=len(KINDS),
            description="What may be asked; the person can leave any of it out.",
        ),
    ] = KINDS
    expires_in: Annotated[
        Whole, Field(ge=60, le=86_400, description="Seconds in which it can be started.")
    ] = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a page says that it recorded. `telemetry`: the bytes whose hash is bound."""

    recording_sha256: str
    recording_bytes: int
    telemetry: bytes
    binding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker needs. `earlier`: movements of the candidate's earlier responses."""

    challenge: Challenge
    recording: Media
    plan: Plan
    telemetry: Telemetry
    elapsed_s: float
    earlier: tuple[str, ...]


def create(unit: UnitOfWork, new: NewChallenge) -> tuple[Challenge, str]:
    """A challenge and the token of its link, which is shown this once.

    Raises:
        ReferenceUnknown: there is no such interview.
        ProcessingStopped, ConsentMissing, JurisdictionMissing: it may not be checked.
        InputError: nothing random is left in what may be asked.
    """
    interview = named(unit, Interview, new.interview_id)
    gate.admitted(unit, interview, unit.now())
    kinds = tuple(kind for kind in KINDS if kind in new.kinds)
    if not _DRAWN & set(kinds):
        names = ", ".join(sorted(_DRAWN))
        raise InputError(f"kinds: name at least one whose content is random: {names}.")
    challenge = unit.add(
        Challenge(
            id=new_id("chl"),
            candidate_id=interview.candidate_id,
            interview_id=interview.id,
            system_id=interview.system_id,
            language=new.language or nearest(unit.get(Candidate, interview.candidate_id).locale),
            kinds=kinds,
            expires_at=unit.now() + timedelta(seconds=new.expires_in),
            created_by=unit.actor,
        )
    )
    body: dict[str, Json] = {
        "candidate": challenge.candidate_id,
        "interview": challenge.interview_id,
        "kinds": list(kinds),
        "expires_at": timestamp(challenge.expires_at),
        "human_offered": True,
    }
    unit.record(EventKind.CHALLENGE_ISSUED, challenge.id, body)
    return challenge, _token(unit, challenge, link_key(unit, _NAME))


def challenge_of(token: str) -> str | None:
    """The identifier in a token that is written as one."""
    return id_in(token, "chl")


def opened(unit: ReadUnit, token: str, at: datetime) -> Challenge:
    """The challenge of a link as it stands at a time. Raises `NotFound`."""
    challenge = unit.find(Challenge, id=challenge_of(token) or "")
    key = stored_link_key(unit, _NAME)
    if challenge is None or key is None:
        raise nowhere()
    if not hmac.compare_digest(token, _token(unit, challenge, key)):
        raise nowhere()
    if challenge.state is ChallengeState.CANCELLED:
        raise nowhere()
    return replace(challenge, state=state_at(challenge, at))


def state_at(challenge: Challenge, at: datetime) -> ChallengeState:
    """Where it stands at a time: what nobody went on with in time has expired."""
    limit = {
        ChallengeState.ISSUED: challenge.expires_at,
        ChallengeState.STARTED: challenge.commit_by and challenge.commit_by + LATE_KNOWN,
        ChallengeState.COMMITTED: challenge.committed_at and challenge.committed_at + UPLOAD_WITHIN,
    }.get(challenge.state)
    return ChallengeState.EXPIRED if limit is not None and limit <= at else challenge.state


def plan_of(challenge: Challenge) -> Plan:
    """The plan of a challenge that was started."""
    if challenge.nonce is None:
        raise StepRefused("The challenge was not started.")
    kinds = [kind for kind in challenge.kinds if kind not in challenge.left_out]
    return draw(challenge.nonce, kinds, pace=2 if challenge.pace == 2 else 1)


def start(
    unit: UnitOfWork, token: str, *, left_out: Iterable[Kind] = (), pace: Literal[1, 2] = 1
) -> tuple[Challenge, Plan]:
    """Draws the cues, once. `left_out`: what the person will not or cannot do.

    Raises:
        NotFound: the link leads nowhere.
        StepRefused: it was started before, has expired, or too little is left to ask for.
        ProcessingStopped, ConsentMissing, JurisdictionMissing: it may not be checked any more.
    """
    challenge = opened(unit, token, unit.now())
    if challenge.state is not ChallengeState.ISSUED:
        raise StepRefused("This challenge was started before, or its time is over.")
    gate.admitted(unit, unit.get(Interview, challenge.interview_id), unit.now())
    now = unit.now()
    out = tuple(kind for kind in challenge.kinds if kind in set(left_out))
    challenge = replace(challenge, nonce=new_nonce(), left_out=out, pace=pace)
    plan = plan_of(challenge)
    lasts = timedelta(seconds=plan.duration_s)
    challenge = replace(
        challenge,
        state=ChallengeState.STARTED,
        started_at=now,
        commit_by=now + lasts + ANSWER_WITHIN * pace,
    )
    try:
        challenge = unit.put(challenge)
    except VersionConflict:
        raise StepRefused("This challenge was started before.") from None
    nonce = hashlib.sha256((challenge.nonce or "").encode("ascii")).hexdigest()
    body: dict[str, Json] = {"nonce_sha256": nonce, "left_out": list(out), "pace": pace}
    unit.record(EventKind.CHALLENGE_STARTED, challenge.id, body)
    return challenge, plan


def commit(unit: UnitOfWork, token: str, told: Committed) -> Challenge:
    """Takes what the page says it recorded. What is late, early or not of this nonce ends here.

    Raises:
        NotFound, StepRefused: there is no such challenge, or it waits for no answer.
        InputError: the telemetry cannot be read.
    """
    challenge = opened(unit, token, unit.now())
    if challenge.state is not ChallengeState.STARTED:
        raise StepRefused("This challenge waits for no answer.")
    telemetry = _telemetry(told.telemetry)
    now = unit.now()
    challenge = replace(
        challenge,
        committed_at=now,
        recording_sha256=told.recording_sha256,
        recording_bytes=told.recording_bytes,
    )
    reasons = [*_untimely(challenge, now), *_unbound(challenge, telemetry, told)]
    reasons += _sent_before(unit, challenge)
    body: dict[str, Json] = {
        "recording_sha256": told.recording_sha256,
        "telemetry_sha256": hashlib.sha256(told.telemetry).hexdigest(),
        "refused": [reason.code for reason in reasons],
    }
    unit.record(EventKind.CHALLENGE_COMMITTED, challenge.id, body)
    if reasons:
        plan = plan_of(challenge)
        result = ChallengeResult(
            verdict=Verdict.REFUSED, reasons=tuple(reasons), cues=(), bits=plan.bits
        )
        return _finished(unit, challenge, result)
    sealed = unit.ring.seal(_context(unit.tenant, challenge), told.telemetry)
    return unit.put(replace(challenge, state=ChallengeState.COMMITTED, telemetry=sealed))


def answered(unit: UnitOfWork, challenge_id: str, media: Media) -> Challenge:
    """The recording is here: a worker looks at it."""
    challenge = unit.get(Challenge, challenge_id)
    if state_at(challenge, unit.now()) is not ChallengeState.COMMITTED:
        raise StepRefused("This challenge waits for no recording.")
    job = enqueue(unit, kind=KIND, subject=challenge.id, queue=Queue.CPU, priority=50)
    return unit.put(
        replace(challenge, state=ChallengeState.ANSWERED, media_id=media.id, job_id=job.id)
    )


def begin(unit: UnitOfWork, challenge_id: str) -> Work | None:
    """What is to be looked at; None where it has ended. Consents are looked at again."""
    challenge = unit.get(Challenge, challenge_id)
    if challenge.state is not ChallengeState.ANSWERED or challenge.media_id is None:
        return None
    gate.admitted(unit, unit.get(Interview, challenge.interview_id), unit.now())
    told = telemetry_of(unit, challenge)
    assert told and challenge.started_at and challenge.committed_at  # noqa: S101 - it was answered
    before = unit.every(Challenge, candidate_id=challenge.candidate_id)
    earlier = [
        str((each.result or {}).get("movement", "")) for each in before if each.id != challenge.id
    ]
    return Work(
        challenge=challenge,
        recording=unit.get(Media, challenge.media_id),
        plan=plan_of(challenge),
        telemetry=told,
        elapsed_s=(challenge.committed_at - challenge.started_at).total_seconds(),
        earlier=tuple(each for each in earlier if each)[-MOST_COMPARED:],
    )


def finish(unit: UnitOfWork, challenge_id: str, result: ChallengeResult) -> Challenge | None:
    """Stores what was found; None where it had ended by then."""
    challenge = unit.get(Challenge, challenge_id)
    if challenge.state is not ChallengeState.ANSWERED:
        return None
    gate.admitted(unit, unit.get(Interview, challenge.interview_id), unit.now())
    return _finished(unit, challenge, result)


def ended(unit: UnitOfWork, job: Job) -> None:
    """What follows from a job that failed or was cancelled. Once."""
    challenge = unit.find(Challenge, id=job.subject)
    if challenge is None or challenge.state.final:
        return
    cancelled = job.state is JobState.CANCELLED
    state = ChallengeState.CANCELLED if cancelled else ChallengeState.FAILED
    unit.put(
        replace(
            challenge,
            state=state,
            error_code=job.error_code,
            error_detail=(job.error_detail or "")[:_LONGEST_DETAIL] or None,
            finished_at=unit.now(),
        )
    )
    body: dict[str, Json] = {"state": state.value, "code": job.error_code}
    unit.record(EventKind.CHALLENGE_ENDED, challenge.id, body)


def cancel(unit: UnitOfWork, challenge_id: str) -> Challenge:
    """Takes a challenge back that was not answered yet. Again is no error."""
    challenge = unit.get(Challenge, challenge_id)
    if challenge.state is ChallengeState.CANCELLED:
        return challenge
    if challenge.state.final or challenge.state is ChallengeState.ANSWERED:
        raise StepRefused(f"The challenge is {challenge.state.value}; there is nothing to cancel.")
    now = unit.now()
    cancelled = unit.put(replace(challenge, state=ChallengeState.CANCELLED, finished_at=now))
    body: dict[str, Json] = {"state": cancelled.state.value, "code": None}
    unit.record(EventKind.CHALLENGE_ENDED, challenge.id, body)
    return cancelled


def ask_for_human(unit: UnitOfWork, token: str) -> Challenge:
    """A person takes the place of the challenge, without a reason and without a penalty.

    At any time, also after a result. Again is no error. It is a request for the human alternative,
    with the clocks that such requests have.
    """
    challenge = opened(unit, token, unit.now())
    if challenge.request_id is not None:
        return challenge
    request = receive(
        unit,
        Asked(
            candidate_id=challenge.candidate_id,
            kind=RequestKind.HUMAN_ALTERNATIVE,
            channel="challenge",
        ),
    )
    under_way = not challenge.state.final and challenge.state is not ChallengeState.ANSWERED
    state = ChallengeState.HUMAN if under_way else challenge.state
    body: dict[str, Json] = {"state": ChallengeState.HUMAN.value, "code": None}
    unit.record(EventKind.CHALLENGE_ENDED, challenge.id, {**body, "request": request.id})
    return unit.put(replace(challenge, state=state, request_id=request.id))


def telemetry_of(unit: ReadUnit, challenge: Challenge) -> Telemetry | None:
    """What the page reported, unsealed; None where it reported nothing."""
    if challenge.telemetry is None:
        return None
    return _telemetry(unit.ring.open(_context(unit.tenant, challenge), challenge.telemetry))


def result_of(challenge: Challenge) -> ChallengeResult | None:
    """What was found, typed."""
    return None if challenge.result is None else _RESULT.validate_python(challenge.result)


def _finished(unit: UnitOfWork, challenge: Challenge, result: ChallengeResult) -> Challenge:
    plain: dict[str, Any] = _RESULT.dump_python(result, mode="json")
    codes = tuple(dict.fromkeys(reason.code for reason in result.reasons))
    finished = unit.put(
        replace(
            challenge,
            state=ChallengeState.FINISHED,
            verdict=result.verdict,
            reasons=codes,
            result=plain,
            finished_at=unit.now(),
        )
    )
    sha256 = canonical_hash(plain)
    body: dict[str, Json] = {
        "verdict": result.verdict.value,
        "reasons": list(codes),
        "result_sha256": sha256,
        "media": finished.media_id,
    }
    unit.record(EventKind.CHALLENGE_FINISHED, finished.id, body)
    if result.verdict is Verdict.REFUSED:
        _flag(unit, finished, sha256)
    return finished


def _flag(unit: UnitOfWork, challenge: Challenge, sha256: str) -> None:
    """For information: a refused response is supporting evidence, and no case by itself."""
    inform(
        unit,
        challenge.id,
        kind="active_challenge",
        reason=(
            f"A response to a challenge was refused: {', '.join(challenge.reasons)}. By itself "
            "that says nothing of the person: offer another try, or a human."
        ),
        result_sha256=sha256,
        context=FlagContext(
            candidate_id=challenge.candidate_id,
            interview_id=challenge.interview_id,
            system_id=challenge.system_id,
        ),
    )


def _untimely(challenge: Challenge, now: datetime) -> Iterable[Reason]:
    assert challenge.commit_by and challenge.started_at  # noqa: S101 - it was started
    if now > challenge.commit_by:
        late = (now - challenge.commit_by).total_seconds()
        yield Reason("late_answer", f"The answer came {late:.0f} s after its time was over.")
    lasts = plan_of(challenge).duration_s
    passed = now - challenge.started_at
    if passed < timedelta(seconds=lasts) - EARLY:
        text = (
            f"The answer came {passed.total_seconds():.0f} s after the start; showing the cues "
            f"takes {lasts:.0f} s."
        )
        yield Reason("answered_too_soon", text)


def _unbound(challenge: Challenge, telemetry: Telemetry, told: Committed) -> Iterable[Reason]:
    nonce = challenge.nonce or ""
    hashed = hashlib.sha256(told.telemetry).hexdigest()
    bound = binding_of(nonce, told.recording_sha256, hashed)
    if telemetry.nonce != nonce or not hmac.compare_digest(bound, told.binding):
        text = "Recording and telemetry are not bound to the nonce of this challenge."
        yield Reason("nonce_mismatch", text)


def _sent_before(unit: ReadUnit, challenge: Challenge) -> Iterable[Reason]:
    sha256 = challenge.recording_sha256
    before = [c for c in unit.every(Challenge, recording_sha256=sha256) if c.id != challenge.id]
    if before or unit.every(Media, sha256=sha256):
        text = "This very file was sent before: its SHA-256 is that of an earlier recording."
        yield Reason("replayed_recording", text)


def _telemetry(data: bytes) -> Telemetry:
    if len(data) > MOST_TELEMETRY:
        raise InputError(f"The telemetry has more than {MOST_TELEMETRY} bytes.")
    try:
        return Telemetry.model_validate(json.loads(data), strict=False)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        raise InputError(f"telemetry: {place}: {first['msg']}.") from None
    except (ValueError, RecursionError):
        raise InputError("telemetry: no JSON.") from None


def _context(tenant: str, challenge: Challenge) -> Context:
    return Context(
        tenant=tenant,
        subject=challenge.candidate_id,
        artefact=challenge.id,
        purpose="challenge_telemetry",
    )


def _token(unit: ReadUnit, challenge: Challenge, key: bytes) -> str:
    said: dict[str, Json] = {
        "format": _FORMAT,
        "tenant": unit.tenant,
        "challenge": challenge.id,
        "interview": challenge.interview_id,
        "expires_at": timestamp(challenge.expires_at),
    }
    return signed(key, challenge.id, said)
