"""The evidence list: what to look at first, its numbers, and its thumbnails."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from audit.result import CheckResult
from reports import documents as d
from reports.canonical import seconds
from reports.check_json import check_document, read_document
from reports.words import STATUS_ORDER

MOST_THUMBNAILS = 36
"""Thumbnails in one page; some 15 kB each."""
OVERVIEW = 6
"""Evenly spaced thumbnails where no evidence asks for any."""

_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A frame to show: its time in seconds, and its JPEG as a data URI."""

    time_s: float
    uri: str


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One piece of evidence with its running number (from 1) and the signal it belongs to."""

    number: int
    entry: d.EvidenceEntry
    signal: d.SignalEntry
    thumbnails: tuple[Thumbnail, ...] = ()


def exhibits(
    document: d.CheckDocument, thumbnails: Mapping[float, bytes] | None = None
) -> tuple[Exhibit, ...]:
    """All evidence: that of signals at `review` first, then by time.

    `thumbnails` maps times in seconds, as `wanted_thumbnails` gives them, to JPEG bytes.
    """
    images = _images(thumbnails or {})
    pieces = [(signal, entry) for signal in document.signals for entry in signal.evidence]
    pieces.sort(key=lambda p: (STATUS_ORDER.index(p[0].status), p[1].start_s, p[1].id))
    return tuple(
        Exhibit(
            number=number,
            entry=entry,
            signal=signal,
            thumbnails=tuple(images[t] for t in dict.fromkeys(entry.frames_s) if t in images),
        )
        for number, (signal, entry) in enumerate(pieces, start=1)
    )


def wanted_thumbnails(result: CheckResult) -> tuple[float, ...]:
    """Times in seconds, ascending, of at most 36 frames that the page shows.

    Every piece of evidence gets its first frame before any gets its second. Without evidence in
    pictures, a few frames evenly spaced; nothing where no pictures could be read.
    """
    document = read_document(check_document(result))
    columns = zip_longest(*(e.entry.frames_s for e in exhibits(document)))
    times = dict.fromkeys(t for column in columns for t in column if t is not None)
    chosen = list(times)[:MOST_THUMBNAILS] or list(_overview(document))
    return tuple(sorted(chosen))


def overview(document: d.CheckDocument, thumbnails: Mapping[float, bytes]) -> tuple[Thumbnail, ...]:
    """The evenly spaced thumbnails, where the page has no others."""
    images = _images(thumbnails)
    return tuple(images[t] for t in _overview(document) if t in images)


def _overview(document: d.CheckDocument) -> Iterator[float]:
    if not document.coverage.frames_decoded:
        return
    length = document.coverage.video_s
    if length <= 0:
        yield 0.0
        return
    for place in range(OVERVIEW):
        yield seconds((place + 0.5) / OVERVIEW * length)


def _images(thumbnails: Mapping[float, bytes]) -> dict[float, Thumbnail]:
    """By time; anything that is not a JPEG is left out."""
    return {
        seconds(time_s): Thumbnail(
            seconds(time_s), "data:image/jpeg;base64," + base64.b64encode(image).decode("ascii")
        )
        for time_s, image in thumbnails.items()
        if image.startswith(_JPEG)
    }
