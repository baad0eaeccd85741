"""What the report of one check shows, listed beside the check: order, names and joins, no figures.

Every list is made of the check's own values. A check is a CheckDocument as plain JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from audit.calibration import BANDS, band
from reports.compose.interview_timeline import timeline
from reports.document.catalogue import catalogue
from reports.words import plain

Json = dict[str, Any]
Check = Mapping[str, Any]

QUESTIONS = ("authenticity", "presence", "identity", "assistance")
STATUS_ORDER = ("review", "inconclusive", "no_indication")
MOST_FRAMES = 36
"""Frames in one report; some 15 kB each."""
OVERVIEW = 6
"""Evenly spaced frames where no evidence asks for any."""
MOST_POINTS = 120
"""Points of one measurement over time in a chart of its own; the check has all."""
FEW_POINTS = 60
"""Points of one measurement among all others."""
GUIDELINE = "ENFSI Guideline for Evaluative Reporting in Forensic Science (2015)"


def facts(check: Check, language: str) -> Json:
    """The data of the report: the check whole under `check`, and what its blocks list."""
    evidence = evidence_rows(check, language)
    drawn = timeline(check, evidence, language)
    series = _series(check, language)
    lanes = [_lane(check, one) for one in series]
    return {
        "check": dict(check),
        "summary": _summary(check, evidence),
        "findings": [_finding(check, question, language) for question in QUESTIONS],
        "timeline": drawn.rows,
        "timeline_left": drawn.left,
        "evidence": evidence,
        "overview": overview(check),
        "signals": [signal_row(s, language) for s in check["signals"]],
        "series": series,
        "measured": [row for rows in sorted(lanes, key=_asked) for row in rows],
        "measurements": _measurements(check, language),
        "models": models(_uses(check, language)),
        "faces": sorted(check["tracks"], key=lambda t: (not t["main"], -t["sightings"], t["id"])),
        "answers": _answers(check),
        "file": _file(check),
        "run": _run(check),
        "scale": scale(),
        "reading": {"guideline": GUIDELINE, "example": {"log10": 2, "lr": 100}},
    }


def title(name: str, language: str) -> str:
    """What a signal is called; one that the catalogue does not know keeps its own name."""
    known = catalogue(language).words["signal"].get(name)
    return known or plain(name).capitalize()


def evidence_rows(check: Check, language: str) -> list[Json]:
    """All evidence by signal, those at `review` first, each by time; numbered from 1.

    `at`: where the check has it. `box_s`: the time of the frame that its box is nearest to.
    """
    pieces = [
        (signal, entry, f"/check/signals/{s}/evidence/{e}")
        for s, signal in enumerate(check["signals"])
        for e, entry in sorted(enumerate(signal["evidence"]), key=lambda p: p[1]["start_s"])
    ]
    pieces.sort(key=lambda piece: STATUS_ORDER.index(piece[0]["status"]))
    return [
        {
            **{name: entry[name] for name in ("id", "start_s", "end_s", "start_frame", "score")},
            **{name: entry[name] for name in ("end_frame", "track", "peer", "text", "frames_s")},
            "number": number,
            "at": at,
            "signal": signal["name"],
            "title": title(signal["name"], language),
            "status": signal["status"],
            "box_s": _middle(entry) if entry["box"] else None,
        }
        for number, (signal, entry, at) in enumerate(pieces, start=1)
    ]


def wanted_frames(check: Check) -> tuple[float, ...]:
    """Times in seconds, ascending, of at most 36 frames that the report shows.

    Every piece of evidence gets its first frame before any gets its second. Without evidence in
    pictures, a few frames evenly spaced; nothing where no pictures could be read.
    """
    columns = zip_longest(*(row["frames_s"] for row in evidence_rows(check, "en")))
    times = dict.fromkeys(t for column in columns for t in column if t is not None)
    return tuple(sorted(list(times)[:MOST_FRAMES] or overview(check)))


def overview(check: Check) -> list[float]:
    """Times of the evenly spaced frames, seconds."""
    coverage = check["coverage"]
    if not coverage["frames_decoded"]:
        return []
    length = coverage["video_s"]
    return [round((n + 0.5) / OVERVIEW * length, 3) for n in range(OVERVIEW)] if length else [0.0]


def _middle(entry: Json) -> float | None:
    """The frame nearest to the middle of a stretch, of those inside of it."""
    inside = [t for t in entry["frames_s"] if entry["start_s"] <= t <= entry["end_s"]]
    middle = (entry["start_s"] + entry["end_s"]) / 2
    return min(inside, key=lambda t: (abs(t - middle), t), default=None)


def _summary(check: Check, evidence: Sequence[Json]) -> Json:
    verdicts = {q: check["findings"][q]["verdict"] for q in QUESTIONS}
    asked = [row for row in evidence if row["status"] == "review"]
    return {
        "questions": len(QUESTIONS),
        "review": [q for q in QUESTIONS if verdicts[q] == "review"],
        "unanswered": [q for q in QUESTIONS if verdicts[q] == "inconclusive"],
        "reviews": sum(v == "review" for v in verdicts.values()),
        "inconclusive": sum(v == "inconclusive" for v in verdicts.values()),
        "places": len(asked),
        "first_s": min((row["start_s"] for row in asked), default=None),
        "faces": len(check["tracks"]),
        "failed": list(check["failed_signals"]),
    }


def _finding(check: Check, question: str, language: str) -> Json:
    """A finding with what each of its signals says to the question, by title."""
    finding = check["findings"][question]
    says: dict[str, list[str]] = {status: [] for status in STATUS_ORDER}
    for signal in check["signals"]:
        if signal["name"] in finding["signals"]:
            says[signal["status_by_question"][question]].append(title(signal["name"], language))
    lead = leading(check, question)
    weighed = _weighed(check, finding.get("weight"), language)
    return {
        "question": question,
        "verdict": finding["verdict"],
        **says,
        "lead": lead,
        "weighed": weighed,
    }


def _weighed(check: Check, weight: Json | None, language: str) -> Json | None:
    """Titles of the signals that a finding's weight counts, and of those that add nothing to it."""
    if weight is None:
        return None
    names = {
        counted: [title(c["signal"], language) for c in weight["causes"] if c["counted"] is counted]
        for counted in (True, False)
    }
    return {
        "counted": names[True],
        "dependent": names[False],
        "reaches": weight["favours"] == "attack" and weight["log10_lr"] >= weight["even_at"],
    }


def leading(check: Check, question: str) -> int | None:
    """Position of the signal that gave a review finding its first reason; null without one."""
    finding = check["findings"][question]
    if finding["verdict"] != "review":
        return None
    for number, signal in enumerate(check["signals"]):
        own = signal["status_by_question"].get(question) == "review"
        if own and signal["reason"] == finding["reasons"][0]:
            return number
    return None


def signal_row(signal: Json, language: str) -> Json:
    """A signal in one line; `favours`: the hypothesis that its likelihood ratio supports."""
    ratio, step = signal["log10_lr"], support(signal)
    favoured = None if ratio is None or step == "no" else 0 if ratio > 0 else 1
    calibration = signal["calibration"]
    return {
        **{name: signal[name] for name in ("name", "status", "score", "log10_lr", "quality")},
        "title": title(signal["name"], language),
        "bounds": signal["log10_lr_bounds"] or [None, None],
        "support": step,
        "favours": None if favoured is None else calibration["hypotheses"][favoured],
        "operating_point": signal["operating_point"] or None,
        "places": len(signal["evidence"]),
        "first_s": signal["evidence"][0]["start_s"] if signal["evidence"] else None,
        "reason": signal["reason"]["text"],
        "notes": " ".join(signal["quality_notes"]) or None,
        "cause": plain(signal["cause"]),
    }


def support(signal: Json) -> str | None:
    """The step of the verbal scale, as a code: `moderately_strong`; null where uncalibrated."""
    ratio = signal["log10_lr"]
    return None if ratio is None else band(ratio).replace(" ", "_")


def scale() -> list[Json]:
    """The verbal scale from the lowest step; `high` and `lr_high` are null for the last."""
    steps = [(0.0, "no"), *reversed(BANDS)]
    highs = [low for low, _ in steps[1:]]
    return [
        {
            "log10": [low, high],
            "lr": [round(10**low), None if high is None else round(10**high)],
            "support": word.replace(" ", "_"),
        }
        for (low, word), high in zip_longest(steps, highs)
    ]


def _series(check: Check, language: str) -> list[Json]:
    """Every measurement over time; `of`: the position of its signal, null for overlapping voices"""
    found = [
        _measured(series, s, title(signal["name"], language), f"/check/signals/{s}/series/{n}")
        for s, signal in enumerate(check["signals"])
        for n, series in enumerate(signal["series"])
    ]
    overlap = (check["speech"] or {}).get("overlap")
    if overlap and not _shown(check, overlap):
        name = catalogue(language).word("lane", "speech")
        found.append(_measured(overlap, None, name, "/check/speech/overlap"))
    return found


def _shown(check: Check, series: Json) -> bool:
    """Whether a signal has the same measurement among its own."""
    return any(
        (own["unit"], own["values"]) == (series["unit"], series["values"])
        for signal in check["signals"]
        for own in signal["series"]
    )


def _measured(series: Json, of: int | None, name: str, at: str) -> Json:
    points = [
        {"time_s": time_s, "value": value}
        for time_s, value in zip(series["times_s"], series["values"], strict=True)
    ]
    known = [p for p in points if p["value"] is not None]
    drawn = fewer(points)
    return {
        "of": of,
        "at": at,
        "title": name,
        "name": plain(series["name"]),
        "unit": series["unit"],
        "threshold": series["threshold"],
        "lowest": min(known, key=lambda p: p["value"], default=None),
        "highest": max(known, key=lambda p: p["value"], default=None),
        "all": len(points),
        "shown": len(drawn),
        "points": drawn,
    }


def fewer(points: Sequence[Json], most: int = MOST_POINTS) -> list[Json]:
    """At most `most` points that keep lowest and highest of each run, and where nothing is."""
    if len(points) <= most:
        return list(points)
    runs = most // 2
    kept: list[Json] = []
    for run in range(runs):
        part = points[run * len(points) // runs : (run + 1) * len(points) // runs]
        known = [p for p in part if p["value"] is not None]
        ends = {id(f(known, key=lambda p: p["value"])) for f in (min, max)} if known else set()
        kept += [p for p in part if id(p) in ends] or part[:1]
    return kept


def _lane(check: Check, series: Json) -> list[Json]:
    """A series among all others; `kind`: what its signal says, or `speech`."""
    unit = f", {series['unit']}" if series["unit"] not in series["name"] else ""
    of = series["of"]
    kind = "speech" if of is None else check["signals"][of]["status"]
    lane = f"{series['title']}: {series['name']}{unit}"
    points = fewer(series["points"], FEW_POINTS)
    return [{"lane": lane, "kind": kind, **point} for point in points]


def _asked(lane: Sequence[Json]) -> bool:
    """Sorts measurements of signals that ask for review before the others."""
    return not lane or lane[0]["kind"] != "review"


def _measurements(check: Check, language: str) -> list[Json]:
    return [
        {"signal": title(signal["name"], language), "name": plain(name), "value": value}
        for signal in check["signals"]
        for name, value in signal["measurements"].items()
    ]


def _uses(check: Check, language: str) -> list[tuple[str, Json]]:
    perception = catalogue(language).word("signal", "perception")
    shared = [(perception, weight) for weight in check["perception_weights"]]
    return shared + weights_of(check["signals"], language)


def weights_of(signals: Iterable[Json], language: str) -> list[tuple[str, Json]]:
    """The weights of signals, each with what it was used for."""
    return [(title(s["name"], language), w) for s in signals for w in s["model"]["weights"]]


def models(uses: Iterable[tuple[str, Json]]) -> list[Json]:
    """Each weight once, in order of first use, with all that used it."""
    rows: dict[str, Json] = {}
    for user, weight in uses:
        row = rows.setdefault(weight["sha256"], {**weight, "used_by": []})
        if user not in row["used_by"]:
            row["used_by"].append(user)
    return list(rows.values())


def _answers(check: Check) -> list[Json]:
    """Each marked answer by each trait; results of versions that compared none have no answers."""
    marked = (check.get("answers") or {}).get("answers", [])
    return [
        {
            **{name: answer[name] for name in ("question", "start_s", "end_s")},
            **{name: each[name] for name in ("modality", "status", "log10_lr", "text")},
            "bounds": each["log10_lr_bounds"] or [None, None],
            "other_voice": answer["other_voice"] if each["modality"] == "voice" else None,
        }
        for answer in marked
        for each in answer["by"]
    ]


def _file(check: Check) -> Json:
    streams = check["input"]["streams"]
    tags = [("", check["input"]["tags"])]
    tags += [(f"{stream['index']} {stream['kind']}", stream["tags"]) for stream in streams]
    return {
        "video": [s for s in streams if s["kind"] == "video"],
        "audio": [s for s in streams if s["kind"] == "audio"],
        "tags": [
            {"stream": stream or None, "name": name, "value": value}
            for stream, held in tags
            for name, value in held.items()
        ],
    }


def _run(check: Check) -> list[Json]:
    run = check["run"]
    named = [("setting", "seed", run["seed"])]
    named += [("setting", name, v) for name, v in run["settings"].items() if name != "seed"]
    named += [("cpu_s", name, v) for name, v in run["stage_cpu_s"].items()]
    return [{"part": part, "name": plain(name), "value": value} for part, name, value in named]
