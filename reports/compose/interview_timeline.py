"""The timeline of one check: stretches of the recording in lanes, made of the check's own times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from reports.document.catalogue import catalogue

Json = dict[str, Any]

MOST_FACES = 6
"""Lanes of faces; the others are in the table of faces."""
MOST_STRETCHES = 60
"""Stretches in a lane of faces or speech; where there are more, near ones are drawn as one."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """`rows`: stretches with lane, kind, start_s, end_s, status, number (of the evidence) and
    count (of faces).

    `left`: `faces`, how many have no lane; `joined_s`, the longest gap that is drawn over, seconds.
    """

    rows: list[Json]
    left: Json


def timeline(check: Mapping[str, Any], evidence: Sequence[Json], language: str) -> Timeline:
    """Faces in view, each face, speech, then evidence by signal, those that ask for review first.

    `evidence`: rows in the order of `interview_facts.evidence_rows`.
    """
    lanes = [fewer(lane) for lane in (*_faces(check, language), *_speech(check, language))]
    rows = [row for drawn, _ in lanes for row in drawn]
    joined = max((gap for _, gap in lanes), default=0.0)
    left = {"faces": max(0, len(check["tracks"]) - MOST_FACES), "joined_s": joined or None}
    return Timeline([*rows, *_evidence(evidence)], left)


def _row(lane: str, kind: str, stretch: Json, **more: Any) -> Json:
    times = {"start_s": stretch["start_s"], "end_s": stretch["end_s"]}
    return {
        "lane": lane,
        "kind": kind,
        **times,
        "status": None,
        "number": None,
        "count": None,
        **more,
    }


def _faces(check: Mapping[str, Any], language: str) -> list[list[Json]]:
    words = catalogue(language).words["lane"]
    seen = [s for s in check["faces_in_view"] if s["count"]]
    in_view = [
        [_row(words["faces"], "face", s, count=1) for s in seen if s["count"] == 1],
        [
            _row(words["faces"], "several_faces", s, count=s["count"])
            for s in seen
            if s["count"] > 1
        ],
    ]
    tracks = sorted(check["tracks"], key=lambda t: (not t["main"], -t["sightings"]))[:MOST_FACES]
    tracks.sort(key=lambda t: (not t["main"], t["id"]))
    lanes = [
        [
            _row(f"{words['face']} {t['id']}{words['main'] if t['main'] else ''}", "face", span)
            for span in t["spans"]
        ]
        for t in tracks
    ]
    return [*in_view, *lanes]


def _speech(check: Mapping[str, Any], language: str) -> list[list[Json]]:
    if check["speech"] is None:
        return []
    lane = catalogue(language).word("lane", "speech")
    return [[_row(lane, "speech", s) for s in check["speech"]["segments"]]]


def _evidence(evidence: Sequence[Json]) -> list[Json]:
    rows = []
    for name in dict.fromkeys(row["signal"] for row in evidence):
        own = [row for row in evidence if row["signal"] == name]
        for e in own:
            more = {"status": e["status"], "number": e["number"]}
            rows.append(_row(e["title"], e["status"], e, **more))
        for e in own:
            if e["peer"] is not None:
                rows.append(_row(e["title"], "same", e["peer"], status=e["status"]))
    return rows


def fewer(lane: list[Json]) -> tuple[list[Json], float]:
    """The lane with at most 60 stretches, and the gap drawn over to get there, seconds."""
    if len(lane) <= MOST_STRETCHES:
        return lane, 0.0
    gaps = sorted(b["start_s"] - a["end_s"] for a, b in pairwise(lane))
    limit = max(0.0, gaps[len(lane) - MOST_STRETCHES - 1])
    drawn = [dict(lane[0])]
    for row in lane[1:]:
        last = drawn[-1]
        if row["start_s"] - last["end_s"] <= limit:
            last["end_s"] = max(last["end_s"], row["end_s"])
            last["count"] = max(last["count"] or 0, row["count"] or 0) or None
        else:
            drawn.append(dict(row))
    return drawn, round(limit, 3)
