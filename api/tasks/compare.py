"""The job `compare`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Literal

from api.output import as_read
from api.tasks.bench import Bench, Watched
from api.tasks.issuing import issue_of, issued
from audit.calibration import band
from audit.check import compare
from audit.jobs import JobContext
from audit.operations import comparisons, media, reports
from audit.operations.comparisons import Answer, Band, Found
from audit.result import ComparisonResult
from audit.types import Signal, Status
from reports.comparison import comparison_document
from reports.compose import thread


def run_comparison(bench: Bench, context: JobContext) -> None:
    """Compares one recording with a candidate's references, and stores bands."""
    with context.unit() as unit:
        work = comparisons.begin(unit, context.subject)
    if work is None:
        return
    with ExitStack() as opened:
        paths = [
            opened.enter_context(media.fetched(bench.vault, context.tenant, each))
            for each in (*(stored for _, stored in work.references), work.recording)
        ]
        result = compare(
            paths,
            bench.settings,
            bench.models(),
            labels=work.labels,
            progress=Watched(context),
            last_only=True,
        )
    names = {label: each.id for label, (each, _) in zip(work.labels, work.references, strict=False)}
    context.check_cancelled()
    about = comparisons.about(work.comparison)
    document = as_read(comparison_document(result))
    given = thread.of_comparison(document)
    issue = issue_of(bench, context, about.report_id, *thread.sources(given))
    made = issued(bench, context, thread.compose(given, issue), result=document)
    files = reports.seal(
        bench.vault, context.tenant, about, written=made.written, attempt=context.attempt
    )
    found = Found(bands=tuple(bands(result, names)), files=files, signed=made.signed)
    with context.completing() as unit:
        finished = comparisons.finish(unit, work.comparison.id, found)
    if finished is None:
        reports.discard(bench.vault, context.tenant, files)


def bands(result: ComparisonResult, references: dict[str, str]) -> Iterator[Band]:
    """What each modality says of each reference; `references`: labels to identifiers."""
    for pair in result.pairs:
        reference = references[pair.first]
        yield _band(reference, "face", pair.face)
        yield _band(reference, "voice", pair.voice)


def _band(reference: str, modality: Literal["face", "voice"], signal: Signal | None) -> Band:
    """Figures stay inside: a direction and a word come out."""
    if signal is None or signal.status is Status.INCONCLUSIVE:
        reason = "not_measured" if signal is None else signal.reason.code
        return Band(reference_id=reference, modality=modality, answer="inconclusive", reason=reason)
    answer, support = _answer(signal)
    return Band(reference_id=reference, modality=modality, answer=answer, support=support)


def _answer(signal: Signal) -> tuple[Answer, str]:
    ratio = signal.likelihood_ratio
    if ratio is None:  # a back end without calibration: its operating point is all there is
        same = signal.status is not Status.REVIEW
        return ("same_person" if same else "different_people"), "not calibrated"
    word = band(ratio.log10)
    if word == "no":
        return "neither", "no support either way"
    return ("same_person" if ratio.log10 > 0 else "different_people"), f"{word} support"
