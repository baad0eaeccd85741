"""The job `verify_challenge`."""

from __future__ import annotations

from api.tasks.bench import Bench, Watched
from audit.challenges import ChallengeResult, Verdict
from audit.errors import InputError
from audit.jobs import JobContext
from audit.operations import challenges, media
from audit.operations.challenges import Work
from audit.types import Reason
from liveness.challenge import Response, measured, verified


def run_challenge(bench: Bench, context: JobContext) -> None:
    """Looks whether a response fits its challenge, and stores what was found."""
    with context.unit() as unit:
        work = challenges.begin(unit, context.subject)
    if work is None:
        return
    result = _looked(bench, context, work)
    context.check_cancelled()
    with context.completing() as unit:
        challenges.finish(unit, work.challenge.id, result)


def _looked(bench: Bench, context: JobContext, work: Work) -> ChallengeResult:
    """The result; the decrypted recording lives no longer than this."""
    response = Response(
        plan=work.plan,
        telemetry=work.telemetry,
        elapsed_s=work.elapsed_s,
        earlier=work.earlier,
        left_out=work.challenge.left_out,
    )
    with media.fetched(bench.vault, context.tenant, work.recording) as path:
        try:
            interview = measured(path, bench.settings, bench.models(), progress=Watched(context))
        except InputError as error:
            return ChallengeResult(
                verdict=Verdict.INCONCLUSIVE,
                reasons=(Reason("unreadable", f"The recording cannot be read: {error}"),),
                cues=(),
                bits=work.plan.bits,
            )
        return verified(interview, response)
