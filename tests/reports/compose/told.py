"""Documents composed from made-up checks and comparisons, and what they say."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from audit.interview import FaceLog
from audit.result import CheckResult
from audit.types import Reason, Status
from reports.canonical import canonical
from reports.check_json import check_document
from reports.compose.interview import compose, wanted_frames
from reports.document import model as m
from reports.document.check import inlines
from reports.document.draft import Issue
from reports.document.pointers import resolve
from tests.reports import material

ISSUE = Issue(id="chk-1", issued_at="2026-11-22T14:00:00Z")
ACCUSING = re.compile(
    r"\b(compliant|fair|fake\w*|guilty|guilt|bias-free|deepfake\w*|fraud\w*|cheat\w*|liar|lying)\b",
    re.IGNORECASE,
)

Json = dict[str, Any]


def failed() -> CheckResult:
    """Every signal lost through a fault of ours."""
    result = material.clean()
    signals = [
        replace(material.blind(s), reason=Reason("internal_error", "Lost through a fault of ours."))
        for s in result.signals
    ]
    made = material.result_of(result.interview, signals)
    return replace(made, failed=tuple(s.name for s in signals))


def faceless() -> CheckResult:
    """Pictures without any face, and sound without any speech."""
    full = material.interview_of(20.0, seed=4, faces=1)
    assert full.faces is not None
    looked = full.faces.looked_s
    nobody = FaceLog((), (), looked, np.zeros(len(looked), np.int64), main=None)
    signals = [material.blind(s) for s in material.rich_signals(20.0, seed=4)]
    return material.result_of(replace(full, speech=None, faces=nobody), signals)


def image() -> CheckResult:
    """One picture of no length, with an unknown signal and a reference."""
    full = material.interview_of(1.0, seed=6, faces=1)
    odd = material.signal("Odd/Näme of ours", Status.REVIEW, "Odd", "odd", quality=None)
    made = material.result_of(full, [odd, *material.rich_signals(1.0, seed=6)])
    facts = replace(full.facts, duration_s=0.0, streams=full.facts.streams[:1], format="png_pipe")
    earlier = replace(material.interview_of(9.0, seed=2), label="reference 1")
    interview = replace(full, facts=facts, speech=None, audio=None, references=(earlier,))
    coverage = replace(made.coverage, duration_s=0.0, video_s=0.0, audio_s=0.0)
    return replace(made, interview=interview, coverage=coverage)


RESULTS: tuple[Callable[[], CheckResult], ...] = (
    material.rich,
    material.clean,
    material.audio_only,
    material.partial,
    material.long,
    failed,
    faceless,
    image,
)


@cache
def _checked(made: Callable[[], CheckResult]) -> str:
    return canonical(check_document(made())).decode()


def checked(made: Callable[[], CheckResult]) -> Json:
    """The CheckDocument of a made-up result, as a program reads it; may be changed."""
    document: Json = json.loads(_checked(made))
    return document


def composed(check: Json, *, pictures: bool = True) -> m.Document:
    """The report of a check."""
    frames = {t: material.jpeg(t) for t in wanted_frames(check)} if pictures else {}
    return compose(check, ISSUE, frames=frames)


@cache
def report(made: Callable[[], CheckResult]) -> m.Document:
    """The report of a made-up result, with its pictures."""
    return composed(checked(made))


def say(inline: m.Inline) -> str:
    """A sentence as people read it."""
    return "".join(piece if isinstance(piece, str) else piece.text for piece in inline)


def ours(inline: m.Inline) -> str:
    """The pieces of a sentence that are the catalogue's."""
    return " ".join(piece for piece in inline if isinstance(piece, str))


def told(document: m.Document) -> list[str]:
    """Every sentence, then the rows of every table and chart."""
    lines = [say(inline) for inline in inlines(document)]
    lists = [b.rows for b in document.blocks if isinstance(b, m.Table | m.Chart)]
    return lines + [json.dumps(resolve(document.data, rows), sort_keys=True) for rows in lists]


def headings(document: m.Document, level: int) -> list[str]:
    """Anchors of one level."""
    return [b.id for b in document.blocks if isinstance(b, m.Heading) and b.level == level]


def first_screen(document: m.Document) -> str:
    """What is said before the first section."""
    return "\n".join(_before_first_heading(document))


def _before_first_heading(document: m.Document) -> Iterator[str]:
    for block in document.blocks:
        if isinstance(block, m.Heading):
            return
        yield from (say(inline) for inline in inlines(block))


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Ways to every plain value but null."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from leaves(child, (*path, name))
    elif isinstance(value, list):
        for n, child in enumerate(value):
            yield from leaves(child, (*path, n))
    elif value is not None:
        yield path


def changed(value: Any, path: tuple[str | int, ...]) -> Any:
    """A copy with another value at the end of a way."""
    made = copy.deepcopy(value)
    holder = made
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = _other(holder[path[-1]])
    return made


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        if isinstance(value, float):
            return value / 2 if 0 < value < 1 else value * 2 + 1.5
        return value * 2 + 1
    return value.replace("2026", "2025") if value.startswith("2026") else f"{value}x"
