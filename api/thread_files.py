"""`fairwitness thread`: recordings of one candidate as the sessions of a thread."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from api.thread_told import NO_SUPPORT, Weights, pairs, scenes_told, support, told
from audit.check import Progress, open_interview, quiet, reading
from audit.errors import InputError
from audit.inference import Models, limited_threads
from audit.result import ComparisonResult
from audit.settings import Settings
from audit.types import Reason
from identity.enrolment import enrolment, grain_of, weights_of
from identity.thread import Compared, Session, TraitThread, threads
from identity.thread_scenes import Beside, scenes_beside
from identity.thread_words import sentence
from reports.comparison import comparison_document

DETECTORS = ("face_reference", "voice_reference")


@dataclass(frozen=True, slots=True)
class Read:
    """Recordings as a thread. `refused`: what of a recording could not be used, and why."""

    labels: tuple[str, ...]
    hashes: tuple[str, ...]
    found: tuple[TraitThread, ...]
    refused: tuple[tuple[str, str, Reason], ...]
    scenes: tuple[Beside, ...] = ()
    weights: Weights = field(default_factory=dict)
    started_at: str = ""

    def _compared(self) -> ComparisonResult:
        """Every two sessions, as a comparison of recordings says it."""
        return ComparisonResult(
            labels=self.labels,
            pairs=pairs(self.found, self.weights),
            started_at=self.started_at,
            software_version=version("fairwitness"),
        )

    @property
    def said(self) -> str:
        """All of it in words; sessions are numbered in the order given."""
        return sentence(self.found, {label: n for n, label in enumerate(self.labels, start=1)})

    def facts(self) -> dict[str, Any]:
        """`reports.compose.thread_facts.Thread` as plain JSON."""
        missing = [
            {"first": label, "modality": trait, "reason": {"code": why.code, "text": why.text}}
            for label, trait, why in self.refused
        ]
        return {
            "sessions": [{"label": label} for label in self.labels],
            "comparisons": [comparison_document(self._compared())],
            "not_compared": missing,
            "scenes": scenes_told(self.scenes),
            **told(self.found, self.weights),
        }


def read_sessions(
    recordings: Sequence[Path],
    settings: Settings,
    models: Models,
    *,
    labels: Sequence[str],
    progress: Progress = quiet,
) -> Read:
    """Reads recordings of one candidate, the oldest first, as they would be enrolled.

    Raises:
        InputError: a recording cannot be used; the message names it.
    """
    how = reading(settings, models, DETECTORS)
    sessions: list[Session] = []
    refused: list[tuple[str, str, Reason]] = []
    unseen: dict[str, Reason] = {}
    hashes = []
    started = datetime.now(UTC).isoformat(timespec="seconds")
    with limited_threads(settings.threads):
        for number, (path, label) in enumerate(zip(recordings, labels, strict=True)):
            progress(f"reading {label}", number / len(recordings))
            try:
                interview = open_interview(path, how, label=label)
                made, grain = enrolment(interview), grain_of(interview, settings.limits)
            except InputError as error:
                raise type(error)(f"{label}: {error}") from error
            beside = () if isinstance(grain, Reason) else (grain,)
            sessions.append(Session(label, (*made.segments, *beside)))
            for trait, why in made.refused.items():
                if trait == "scene":
                    unseen[label] = why
                else:
                    refused.append((label, trait, why))
            with path.open("rb") as file:
                hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
        found = threads(sessions)
    progress("done", 1.0)
    return Read(
        labels=tuple(labels),
        hashes=tuple(hashes),
        found=found,
        refused=tuple(refused),
        scenes=scenes_beside(sessions, unseen),
        weights=weights_of(models),
        started_at=started,
    )


def thread_summary(read: Read) -> Group:
    """The sentence, and every two sessions; all texts are plain, whatever the files hold."""
    parts: list[RenderableType] = [Text(read.said, style="bold")]
    names = Table("", "Session")
    for number, label in enumerate(read.labels, start=1):
        names.add_row(str(number), Text(label))
    parts.append(names)
    numbers = {label: n for n, label in enumerate(read.labels, start=1)}
    table = Table("Trait", "Sessions", "log10 LR", "At most", "In words")
    for trait in read.found:
        for pair in (*trait.pairs, *trait.pooled):
            against = ", ".join(str(numbers[label]) for label in pair.first)
            table.add_row(trait.trait, f"{against} – {numbers[pair.second]}", *_figures(pair))
    if table.rows:
        parts.append(table)
    parts += [
        Text(f"{label}, {trait}: {why.text}", style="dim") for label, trait, why in read.refused
    ]
    parts += [
        Text(
            f"Camera and scene, sessions {numbers[each.before]} and {numbers[each.after]} "
            f"(no likelihood ratio is known): {each.text}"
        )
        for each in read.scenes
    ]
    parts.append(
        Text("log10 LR: above 0 for the same person. Nothing here decides about a person.")
    )
    return Group(*parts)


def _figures(pair: Compared) -> tuple[str, str, str]:
    if pair.log10 is None:
        return "", "", "uncalibrated"
    words = support(pair.log10)
    if words != NO_SUPPORT:
        words += " for the same person" if pair.log10 > 0 else " for different persons"
    return f"{pair.log10:+.2f}", f"{pair.lower:+.2f} to {pair.upper:+.2f}", words
