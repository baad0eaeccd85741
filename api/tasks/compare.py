"""The job `compare`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Literal

from api.tasks.bench import Bench, Watched
from audit.calibration import band
from audit.check import compare
from audit.jobs import JobContext
from audit.operations import comparisons, media
from audit.operations.comparisons import Answer, Band
from audit.result import ComparisonResult
from audit.types import Signal, Status


def run_comparison(bench: Bench, context: JobContext) -> None:
    """Compares one recording with a candidate's references, and stores bands."""
    with context.unit() as unit:
        work = comparisons.begin(unit, context.subject)
    if work is None:
        return
    labels = [f"reference {n}" for n, _ in enumerate(work.references, start=1)]
    with ExitStack() as opened:
        paths = [
            opened.enter_context(media.fetched(bench.vault, context.tenant, each))
            for each in (*(stored for _, stored in work.references), work.recording)
        ]
        result = compare(
            paths,
            bench.settings,
            bench.models(),
            labels=[*labels, "recording"],
            progress=Watched(context),
            last_only=True,
        )
    names = {label: each.id for label, (each, _) in zip(labels, work.references, strict=True)}
    with context.completing() as unit:
        comparisons.finish(unit, work.comparison.id, tuple(bands(result, names)))


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
