"""The timeline's geometry: rows over one time axis, in per cent of the plotted width.

Templates draw it; widths in per cent let a row stretch with the page while its texts do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from reports import documents as d
from reports.exhibits import Exhibit, Thumbnail
from reports.words import clock, number, plain, tick, title

STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
WIDTHS_PX = (640, 820)
"""Least widths of the plot, up to ten minutes and beyond; the style sheet has a class for each."""
SHORT_S = 600.0
TICK_PX = 60
THUMB_HEIGHT_PX = 50
THUMB_GAP_PX = 4
LABEL_PX = 20
CURVE_WIDTH = 1000
"""Curves are drawn in a box this wide and 100 high, stretched to the row."""
MOST_TRACKS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch: left edge and width in per cent; `text` is said on hover and read aloud."""

    x: float
    width: float
    text: str
    kind: str = ""
    label: str = ""
    height: float = 100.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A piece of evidence on a row. `label` is empty where its number would cover another."""

    exhibit: Exhibit
    x: float
    width: float
    label: str
    anchor: str
    peer: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the timeline.

    Attributes:
        title, note: what is shown; unit and series name.
        summary: the same in words, for readers who cannot see it.
        bars: stretches. curves: SVG paths in a 1000 x 100 box. threshold: height in per cent.
        scale: texts at the top and the bottom of the row.
    """

    title: str
    summary: str
    note: str = ""
    status: str = ""
    bars: tuple[Bar, ...] = ()
    curve: str = ""
    area: str = ""
    threshold: float | None = None
    threshold_text: str = ""
    scale: tuple[str, str] | None = None
    marks: tuple[Mark, ...] = ()
    thin: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the axis."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A thumbnail on the axis: middle in per cent, the place it points at, its lane from 0."""

    thumbnail: Thumbnail
    x: float
    at: float
    lane: int
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All rows with their axis."""

    width_px: int
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]
    shown: tuple[Shown, ...] = ()
    lanes: int = 0
    thumb_px: int = 88
    untimed: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Axis:
    """Seconds to per cent."""

    duration_s: float

    def x(self, time_s: float) -> float:
        """Place of a time, per cent, within 0..100."""
        return round(min(100.0, max(0.0, 100.0 * time_s / self.duration_s)), 3)

    def width(self, start_s: float, end_s: float) -> float:
        """Width of a stretch, per cent."""
        return round(max(0.0, self.x(end_s) - self.x(start_s)), 3)


def timeline(
    document: d.CheckDocument,
    evidence: Sequence[Exhibit],
    overview: Sequence[Thumbnail] = (),
) -> Timeline:
    """The timeline of one check."""
    duration = max(document.input.duration_s, 0.1)
    axis = Axis(duration)
    width = _width(duration)
    rows = [*_face_rows(document, axis), *_speech_rows(document, axis)]
    untimed = []
    for signal in sorted(document.signals, key=lambda s: s.status != "review"):
        own = [e for e in evidence if e.signal.name == signal.name]
        if signal.series or own:
            rows += _signal_rows(signal, own, axis, width)
        else:
            untimed.append(title(signal.name))
    thumb = _thumb(document.input)
    shown = _shown(evidence, overview, axis, 100.0 * (thumb + THUMB_GAP_PX) / width)
    return Timeline(
        width_px=width,
        ticks=tuple(_ticks(axis, width)),
        rows=tuple(rows),
        shown=shown,
        thumb_px=thumb,
        lanes=max((s.lane + 1 for s in shown), default=0),
        untimed=tuple(untimed),
    )


def _width(duration_s: float) -> int:
    """Longer recordings get a wider plot; narrow screens scroll it."""
    return WIDTHS_PX[0] if duration_s <= SHORT_S else WIDTHS_PX[1]


def _ticks(axis: Axis, width: int) -> list[Tick]:
    most = width // TICK_PX
    step = next((s for s in STEPS_S if axis.duration_s / s <= most), STEPS_S[-1])
    count = math.floor(axis.duration_s / step)
    return [Tick(axis.x(n * step), tick(n * step)) for n in range(count + 1)]


def _face_rows(document: d.CheckDocument, axis: Axis) -> list[Row]:
    rows = []
    if document.faces_in_view:
        rows.append(_count_row(document.faces_in_view, axis))
    tracks = sorted(document.tracks, key=lambda t: (not t.main, -t.sightings))
    for track in sorted(tracks[:MOST_TRACKS], key=lambda t: (not t.main, t.id)):
        rows.append(_track_row(track, axis))
    if (rest := len(tracks) - MOST_TRACKS) > 0:
        rows[-1] = _with_note(rows[-1], f"and {rest} more with fewer sightings")
    return rows


def _with_note(row: Row, note: str) -> Row:
    return Row(
        title=row.title, note=note, summary=f"{row.summary} {note}.", bars=row.bars, thin=True
    )


def _count_row(stretches: Sequence[d.FacesInView], axis: Axis) -> Row:
    most = max(1, max(s.count for s in stretches))
    bars = tuple(
        Bar(
            x=axis.x(s.start_s),
            width=axis.width(s.start_s, s.end_s),
            text=f"{_faces(s.count)}, {clock(s.start_s)} to {clock(s.end_s)}",
            kind="several" if s.count > 1 else "one",
            height=round(100 * s.count / most, 1),
        )
        for s in stretches
        if s.count
    )
    counts = sorted({s.count for s in stretches})
    return Row(
        title="Number of faces",
        note="in view at once",
        summary=f"Between {counts[0]} and {counts[-1]} faces in view.",
        bars=bars,
        scale=(str(most), "0"),
    )


def _faces(count: int) -> str:
    return "1 face" if count == 1 else f"{count} faces"


def _track_row(track: d.TrackEntry, axis: Axis) -> Row:
    name = f"Face {track.id}"
    return Row(
        title=f"{name} (main)" if track.main else name,
        summary=f"{name} is seen from {clock(track.start_s)} to {clock(track.end_s)}.",
        bars=tuple(_stretch(s, name, "main" if track.main else "other", axis) for s in track.spans),
        thin=True,
    )


def _stretch(stretch: d.Stretch, name: str, kind: str, axis: Axis) -> Bar:
    return Bar(
        x=axis.x(stretch.start_s),
        width=axis.width(stretch.start_s, stretch.end_s),
        text=f"{name}, {clock(stretch.start_s)} to {clock(stretch.end_s)}",
        kind=kind,
    )


def _speech_rows(document: d.CheckDocument, axis: Axis) -> list[Row]:
    speech = document.speech
    if speech is None:
        return []
    bars = tuple(_stretch(s, "Speech", "speech", axis) for s in speech.segments)
    summary = f"{len(speech.segments)} stretches of speech, {clock(speech.total_s)} in all."
    rows = [Row(title="Speech", summary=summary, bars=bars, thin=True)]
    if speech.overlap is not None:
        rows.append(_series_row(speech.overlap, axis, name="Two voices at once"))
    return rows


def _signal_rows(
    signal: d.SignalEntry, own: Sequence[Exhibit], axis: Axis, width: int
) -> list[Row]:
    """One row per series; the evidence is marked on the first."""
    name = title(signal.name)
    marks = _marks(own, axis, width)
    if not signal.series:
        summary = f"{name}: {len(own)} marked places."
        return [Row(title=name, summary=summary, status=signal.status, marks=marks, thin=True)]
    rows = []
    for place, series in enumerate(signal.series):
        rows.append(
            _series_row(
                series,
                axis,
                name=name,
                note=plain(series.name),
                status=signal.status if place == 0 else "",
                marks=marks if place == 0 else (),
            )
        )
    return rows


def _series_row(
    series: d.SeriesEntry,
    axis: Axis,
    *,
    name: str,
    note: str = "",
    status: str = "",
    marks: tuple[Mark, ...] = (),
) -> Row:
    low, high = _range(series)
    curve = _curve(series, axis, low, high)
    unit = f" {series.unit}" if series.unit else ""
    threshold = series.threshold
    return Row(
        title=name,
        note=_note(note, series.unit),
        summary=f"{name}{f', {note}' if note else ''}: {_summary(series)}{unit}.",
        status=status,
        curve=curve,
        threshold=None if threshold is None else round(100 - _level(threshold, low, high), 2),
        threshold_text="" if threshold is None else f"Threshold {number(threshold)}{unit}",
        scale=(number(high), number(low)),
        marks=marks,
    )


def _note(name: str, unit: str) -> str:
    """Series name with its unit, unless the name says it already."""
    return f"{name}, {unit}" if name and unit and unit not in name else name or unit


def _summary(series: d.SeriesEntry) -> str:
    values = [v for v in series.values if v is not None]
    if not values:
        return "nothing could be measured"
    return f"lowest {number(min(values))}, highest {number(max(values))}"


def _range(series: d.SeriesEntry) -> tuple[float, float]:
    """The scale of a row: as the series states it, else what holds values and threshold."""
    values = [v for v in (*series.values, series.threshold) if v is not None] or [0.0, 1.0]
    low = min(values) if series.low is None else series.low
    high = max(values) if series.high is None else series.high
    return (low, high) if high > low else (low, low + 1.0)


def _level(value: float, low: float, high: float) -> float:
    return min(100.0, max(0.0, 100.0 * (value - low) / (high - low)))


def _curve(series: d.SeriesEntry, axis: Axis, low: float, high: float) -> str:
    """The measured points as an SVG path, broken where nothing was measured."""
    path = []
    pen_down = False
    for time_s, value in zip(series.times_s, series.values, strict=True):
        if value is None:
            pen_down = False
            continue
        x = round(axis.x(time_s) * CURVE_WIDTH / 100, 1)
        y = round(100 - _level(value, low, high), 1)
        path.append(f"L{x:g} {y:g}" if pen_down else f"M{x:g} {y:g}h.01")
        pen_down = True
    return "".join(path)


def _marks(own: Sequence[Exhibit], axis: Axis, width: int) -> tuple[Mark, ...]:
    room = 100.0 * LABEL_PX / width
    free_from = -room
    marks = []
    for exhibit in sorted(own, key=lambda e: e.entry.start_s):
        entry = exhibit.entry
        x = axis.x(entry.start_s)
        label = str(exhibit.number) if x >= free_from else ""
        free_from = x + room if label else free_from
        marks.append(
            Mark(exhibit, x, axis.width(entry.start_s, entry.end_s), label, f"at-{entry.id}")
        )
    peers = [
        Mark(e, axis.x(p.start_s), axis.width(p.start_s, p.end_s), "", "", peer=True)
        for e in own
        if (p := e.entry.peer) is not None
    ]
    return (*peers, *marks)


def _thumb(facts: d.InputFacts) -> int:
    """Width of a thumbnail in the recording's own shape, pixels."""
    if not facts.width or not facts.height:
        return 88
    return round(min(110.0, max(28.0, THUMB_HEIGHT_PX * facts.width / facts.height)))


def _shown(
    evidence: Sequence[Exhibit], overview: Sequence[Thumbnail], axis: Axis, room: float
) -> tuple[Shown, ...]:
    """First thumbnails of the evidence (or the overview), in up to three lanes.

    None overlaps another when each takes `room` per cent of the width.
    """
    wanted = [
        (e.thumbnails[0], e.entry.id, f"{e.number}: {title(e.signal.name)}")
        for e in evidence
        if e.thumbnails
    ] or [(t, "", "Frame") for t in overview]
    taken: list[list[float]] = [[], [], []]
    shown = []
    for thumbnail, anchor, text in wanted:
        at = axis.x(thumbnail.time_s)
        x = min(100 - room / 2, max(room / 2, at))
        lane = next((n for n, lane in enumerate(taken) if _fits(x, lane, room)), None)
        if lane is not None:
            taken[lane].append(x)
            shown.append(Shown(thumbnail, round(x, 3), at, lane, anchor, text))
    return tuple(shown)


def _fits(x: float, lane: Sequence[float], room: float) -> bool:
    return all(abs(x - other) >= room for other in lane)
