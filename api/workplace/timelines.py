"""What was measured in a recording, laid out along its time for the page of a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.workplace import words

Entry = Mapping[str, Any]
WIDTH = 1000
"""Units of a lane's width: the page scales them."""
_LEAST = 4.0
MOST_MARKS = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a lane. `x` and `width` in units of `WIDTH`; times in seconds."""

    x: float
    width: float
    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Lane:
    """Marks of one kind: `face`, `speech` or `signal`. `left_out`: marks beyond the most."""

    name: str
    kind: str
    marks: tuple[Mark, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """One piece of evidence, as a person can look at it."""

    id: str
    signal: str
    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One marked answer: whose it is by face and by voice, and how much another voice speaks."""

    question: str
    start_s: float
    end_s: float
    face: str
    voice: str
    other_voice: float | None


@dataclass(frozen=True, slots=True)
class Answered:
    """Who answered which question, or in `text` why that cannot be said."""

    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes of a recording, its evidence by time, and what the signals cannot see.

    No score is in it: whoever decides looks at the recording first. `sound`: the outline of the
    sound as points of an SVG polygon, `WIDTH` wide and 100 high; empty: it was not kept.
    """

    duration_s: float
    sound: str
    lanes: tuple[Lane, ...]
    moments: tuple[Moment, ...]
    limits: tuple[tuple[str, tuple[str, ...]], ...]
    answered: Answered | None = None


def timeline(result: Entry) -> Timeline | None:
    """Of a check's result; None where the recording has no length."""
    length = float(result["input"]["duration_s"])
    if length <= 0:
        return None
    asking = [each for each in result["signals"] if each["evidence"]]
    lanes = [
        _lane(
            f"Face {track['id']}{' (main)' if track['main'] else ''}",
            "face",
            track["spans"],
            length,
        )
        for track in result["tracks"]
    ]
    if result["speech"] is not None:
        lanes.append(_lane("Speech", "speech", result["speech"]["segments"], length))
    lanes += [_lane(_name(each), "signal", each["evidence"], length) for each in asking]
    moments = [
        Moment(mark["id"], _name(each), mark["start_s"], mark["end_s"], mark["text"])
        for each in asking
        for mark in each["evidence"]
    ]
    limits = tuple((_name(each), tuple(each["limits"])) for each in asking if each["limits"])
    ordered = sorted(moments, key=lambda each: (each.start_s, each.id))
    return Timeline(
        length,
        _sound(result["speech"], length),
        tuple(lanes),
        tuple(ordered),
        limits,
        _answered(result.get("answers")),
    )


def _answered(found: Entry | None) -> Answered | None:
    """None where no answers were marked when the recording was checked."""
    if not found:
        return None
    text = found["reason"]["text"] if found["reason"] else found["text"]
    return Answered(str(text), tuple(_answer(each) for each in found["answers"]))


def _answer(entry: Entry) -> Answer:
    by = {each["modality"]: str(each["text"]) for each in entry["by"]}
    return Answer(
        entry["question"],
        float(entry["start_s"]),
        float(entry["end_s"]),
        by.get("face", ""),
        by.get("voice", ""),
        entry["other_voice"],
    )


def _sound(speech: Entry | None, length: float) -> str:
    """Loudness above and below a middle line; older checks did not keep it."""
    kept = (speech or {}).get("loudness")
    if not kept:
        return ""
    times = [*kept["times_s"], length]
    upper, lower = list[str](), list[str]()
    for start, end, value in zip(times, times[1:], kept["values"], strict=False):
        half = round(50 * min(1.0, value or 0.0) ** 0.5, 1)  # a root, so that soft speech shows
        for x in (start / length * WIDTH, end / length * WIDTH):
            upper.append(f"{x:.1f},{50 - half:.1f}")
            lower.append(f"{x:.1f},{50 + half:.1f}")
    return " ".join([*upper, *reversed(lower)])


def _lane(name: str, kind: str, spans: Sequence[Entry], length: float) -> Lane:
    marks = tuple(_mark(each, length) for each in spans[:MOST_MARKS])
    return Lane(name, kind, marks, max(0, len(spans) - MOST_MARKS))


def _mark(span: Entry, length: float) -> Mark:
    start, end = float(span["start_s"]), float(span["end_s"])
    x = round(min(start / length, 1.0) * WIDTH, 1)
    width = max(_LEAST, round((end - start) / length * WIDTH, 1))
    x = min(x, WIDTH - _LEAST)
    return Mark(x, min(width, WIDTH - x), start, end, str(span.get("text", "")))


def _name(signal: Entry) -> str:
    return words.signal(str(signal["name"]))
