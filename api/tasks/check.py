"""The job `check`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from api.output import as_read, now, thumbnails
from api.report_keys import local_signer
from api.tasks.bench import Bench, Watched
from audit.check import check, without_identity
from audit.jobs import JobContext
from audit.operations import checks, media, reports
from audit.operations.checks import Found, Work
from audit.operations.reports import Written
from reports.canonical import canonical
from reports.check_json import check_document
from reports.compose import interview
from reports.document.draft import Issue
from reports.issuing import MEDIA_TYPES, issue_files


def run_check(bench: Bench, context: JobContext) -> None:
    """Checks one recording, and stores what was found."""
    with context.unit() as unit:
        work = checks.begin(unit, context.subject)
    if work is None:
        return
    document, written = _checked(bench, context, work)
    context.check_cancelled()
    about = checks.about(work.check)
    files = reports.seal(
        bench.vault, context.tenant, about, written=written, attempt=context.attempt
    )
    with context.completing() as unit:
        found = Found(document=document, files=files, identity=work.identity)
        finished = checks.finish(unit, work.check.id, found)
    if finished is None:
        reports.discard(bench.vault, context.tenant, files)


def _checked(
    bench: Bench, context: JobContext, work: Work
) -> tuple[dict[str, Any], tuple[Written, ...]]:
    """The document and the forms of the report; decrypted files live no longer than this."""
    with ExitStack() as opened:
        paths: list[Path] = [
            opened.enter_context(media.fetched(bench.vault, context.tenant, each))
            for each in (work.recording, *work.references)
        ]
        result = check(
            paths[0],
            bench.settings,
            bench.models(),
            references=paths[1:],
            progress=Watched(context),
            names=None if work.identity else without_identity(),
        )
        document = as_read(check_document(result))
        frames = thumbnails(document, result, paths[0], bench.settings)
    signer = local_signer(bench.settings)
    id = checks.about(work.check).report_id
    issue = Issue(id=id, issued_at=now(), sources=interview.sources(document))
    report = interview.compose(document, issue, frames=frames)
    files = issue_files(report, signer, formats=("html",))
    return document, (
        Written(reports.RESULT, "application/json", canonical(document)),
        *(Written(name, MEDIA_TYPES[name], data) for name, data in files.items()),
    )
