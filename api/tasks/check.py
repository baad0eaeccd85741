"""The job `check`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from api.marked_answers import answers_beside, marks_of
from api.output import as_read, thumbnails
from api.tasks.bench import Bench, Watched
from api.tasks.issuing import issue_of, issued
from audit.check import check, without_identity
from audit.jobs import JobContext
from audit.operations import checks, media, reports
from audit.operations.checks import Found, Work
from audit.settings import Settings
from reports.check_json import check_document
from reports.compose import interview

Json = dict[str, Any]


def run_check(bench: Bench, context: JobContext) -> None:
    """Checks one recording, and stores what was found."""
    with context.unit() as unit:
        work = checks.begin(unit, context.subject)
    if work is None:
        return
    result, frames = _checked(bench, context, work)
    context.check_cancelled()
    about = checks.about(work.check)
    issue = issue_of(bench, context, about.report_id, *interview.sources(result))
    report = interview.compose(result, issue, frames=frames)
    made = issued(bench, context, report, result=result)
    files = reports.seal(
        bench.vault, context.tenant, about, written=made.written, attempt=context.attempt
    )
    with context.completing() as unit:
        found = Found(document=result, files=files, identity=work.identity, signed=made.signed)
        finished = checks.finish(unit, work.check.id, found)
    if finished is None:
        reports.discard(bench.vault, context.tenant, files)


def with_optional(settings: Settings, asked: Sequence[str]) -> Settings:
    """Settings that run the optional signals which the operator allows and a policy asks for."""
    both = tuple(name for name in settings.optional_signals if name in asked)
    return settings.model_copy(update={"optional_signals": both})


def _checked(bench: Bench, context: JobContext, work: Work) -> tuple[Json, Mapping[float, bytes]]:
    """The result, and frames for its report; decrypted files live no longer than this."""
    with ExitStack() as opened:
        paths: list[Path] = [
            opened.enter_context(media.fetched(bench.vault, context.tenant, each))
            for each in (work.recording, *work.references)
        ]
        settings = with_optional(bench.settings, work.optional_signals)
        result = check(
            paths[0],
            settings,
            bench.models(),
            references=paths[1:],
            progress=Watched(context),
            names=None if work.identity else without_identity(),
        )
        answers = answers_beside(
            result, marks_of(work.marked), identity=work.identity, threads=settings.threads
        )
        document = as_read(check_document(result, answers))
        return document, thumbnails(document, result, paths[0], settings)
