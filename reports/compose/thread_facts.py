"""What is known of one candidate's sessions: the model that the thread report is made from.

A plain comparison of recordings is a thread without candidate, checks and consents. Members that
later methods fill (changes along the thread, evidence against all earlier sessions together) are
empty until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from reports import documents as d
from reports.compose.interview_facts import (
    GUIDELINE,
    QUESTIONS,
    models,
    scale,
    signal_row,
    title,
    weights_of,
)
from reports.documents import Part

Json = dict[str, Any]
Modality = Literal["face", "voice"]
MODALITIES: tuple[Modality, ...] = ("face", "voice")


class CheckSummary(Part):
    """What a thread tells of one check."""

    id: str | None = Field(None, description="identifier of the check, where it has one")
    content_sha256: d.Sha256 = Field(description="of the check's result, without its `run`")
    recording_sha256: d.Sha256
    checked_at: str = Field(description="UTC, ISO 8601")
    duration_s: float = Field(ge=0)
    speech_s: float = Field(ge=0)
    faces: int = Field(ge=0, description="faces followed through time")
    places: int = Field(ge=0, description="places that signals asking for review mark")
    findings: dict[d.QuestionName, d.Verdict]
    reasons: dict[d.QuestionName, list[str]] = Field(description="why, in words")


class Session(Part):
    """One session of a thread; `label` is how the comparisons call it."""

    label: str
    interview_id: str | None = None
    held_at: str | None = Field(None, description="UTC, ISO 8601")
    check: CheckSummary | None = None


class ConsentInForce(Part):
    """A consent that the comparisons rest on."""

    purpose: str
    jurisdiction: str = ""
    text_version: str = ""
    written: bool = False
    given_at: str
    expires_at: str | None = None
    withdrawn_at: str | None = None


class NotCompared(Part):
    """Something that was not compared, and why. `second`, `modality`: null for all of them."""

    first: str
    second: str | None = None
    modality: Modality | None = None
    reason: d.Why


class Change(Part):
    """A place in the thread from which on a face or a voice is unlike before."""

    modality: Modality
    before: str = Field(description="label of the last session before")
    after: str = Field(description="label of the first session after")
    evidence: d.SignalEntry


class Pooled(Part):
    """One session against all those before it together."""

    session: str
    against: list[str]
    face: d.SignalEntry | None = None
    voice: d.SignalEntry | None = None


class Division(Part):
    """How the sessions that show a trait are divided among persons, in the likeliest way."""

    modality: Modality
    said: Literal["one", "several", "unclear", "uncalibrated", "too_few"]
    sessions: list[str] = Field(description="labels, in time order")
    people: list[int] = Field(description="a number for each session's person, from 1")
    persons: int = Field(ge=0)
    missing: list[str] = Field(description="sessions that do not show it well enough")
    returned: list[str] = Field(description="sessions of somebody who was there before the last")


class Beside(Part):
    """Room, light and files of a session and the one before: words, without a ratio."""

    before: str
    after: str
    text: str


class Thread(Part):
    """All that a thread report shows, in the order of the sessions."""

    candidate: str | None = Field(None, description="opaque identifier; null for plain comparisons")
    sessions: list[Session]
    comparisons: list[d.ComparisonDocument]
    not_compared: list[NotCompared] = Field(default_factory=list)
    consents: list[ConsentInForce] | None = Field(None, description="null where none are needed")
    changes: list[Change] = Field(default_factory=list)
    pooled: list[Pooled] = Field(default_factory=list)
    divisions: list[Division] = Field(default_factory=list)
    scenes: list[Beside] = Field(default_factory=list)


def summarised(check: Mapping[str, Any], *, id: str | None = None) -> Json:
    """A CheckDocument in the few lines that a thread tells of it; `CheckSummary` as plain JSON."""
    found = check["findings"]
    places = sum(len(s["evidence"]) for s in check["signals"] if s["status"] == "review")
    return {
        "id": id,
        "content_sha256": check["run"]["content_sha256"],
        "recording_sha256": check["input"]["sha256"],
        "checked_at": check["run"]["started_at"],
        "duration_s": check["input"]["duration_s"],
        "speech_s": check["coverage"]["speech_s"],
        "faces": len(check["tracks"]),
        "places": places,
        "findings": {question: found[question]["verdict"] for question in QUESTIONS},
        "reasons": {
            question: list(dict.fromkeys(reason["text"] for reason in found[question]["reasons"]))
            for question in QUESTIONS
        },
    }


def of_comparison(comparison: Mapping[str, Any]) -> Json:
    """The thread of a ComparisonDocument alone."""
    sessions = [{"label": label} for label in comparison["recordings"]]
    return {"sessions": sessions, "comparisons": [dict(comparison)]}


def facts(given: Mapping[str, Any], language: str) -> Json:
    """The data of the report: the thread under `thread`, and what its blocks list.

    Raises:
        pydantic.ValidationError: it is not a thread.
    """
    thread: Json = Thread.model_validate(given).model_dump(mode="json")
    compared, missing = _pairs(thread, language)
    signals = list(_signals(thread))
    return {
        "thread": thread,
        "sessions": [_session(s, n) for n, s in enumerate(thread["sessions"], start=1)],
        "pairs": compared,
        "not_compared": [*missing, *_told(thread)],
        "changes": [_change(c, language) for c in thread["changes"]],
        "pooled": list(_pooled(thread, language)),
        "divisions": thread["divisions"],
        "scenes": thread["scenes"],
        "divided": [
            {"modality": each["modality"], "session": session, "person": person}
            for each in thread["divisions"]
            if each["said"] in ("one", "several")
            for session, person in zip(each["sessions"], each["people"], strict=True)
        ],
        "scores": _scores(thread, language),
        "notes": [n for c in thread["comparisons"] for n in c["notes"]],
        "models": models(weights_of(signals, language)),
        "summary": _summary(thread, compared, missing),
        "scale": scale(),
        "reading": {"guideline": GUIDELINE, "example": {"log10": 2, "lr": 100}, "zero": 0},
    }


def _session(session: Json, number: int) -> Json:
    check = session["check"]
    told = check or {}
    findings = told.get("findings") or {}
    names = ("checked_at", "duration_s", "speech_s", "faces", "places", "recording_sha256")
    return {
        "number": number,
        "label": session["label"],
        "held_at": session["held_at"],
        **{name: told.get(name) for name in names},
        **{question: findings.get(question) for question in QUESTIONS},
    }


def _entries(thread: Json) -> Iterator[tuple[Json, Modality, Json | None, str]]:
    for c, comparison in enumerate(thread["comparisons"]):
        for p, pair in enumerate(comparison["pairs"]):
            for modality in MODALITIES:
                where = f"/thread/comparisons/{c}/pairs/{p}/{modality}"
                yield pair, modality, pair[modality], where


def _pairs(thread: Json, language: str) -> tuple[list[Json], list[Json]]:
    """Evidence that there is, in the order of sessions; and the pairs without any."""
    compared, missing = [], []
    for pair, modality, signal, where in _entries(thread):
        ends = {"first": pair["first"], "second": pair["second"], "modality": modality}
        if signal is None:
            missing.append({**ends, "code": "not_measured", "why": None})
            continue
        label = f"{pair['first']} – {pair['second']}"
        compared.append({**ends, "label": label, "at": where, **signal_row(signal, language)})
    return compared, missing


def _told(thread: Json) -> list[Json]:
    return [
        {
            "first": each["first"],
            "second": each["second"],
            "modality": each["modality"],
            "code": "told",
            "why": each["reason"]["text"],
        }
        for each in thread["not_compared"]
    ]


def _change(change: Json, language: str) -> Json:
    ends = {name: change[name] for name in ("modality", "before", "after")}
    return {**ends, **signal_row(change["evidence"], language)}


def _pooled(thread: Json, language: str) -> Iterator[Json]:
    for each in thread["pooled"]:
        for modality in MODALITIES:
            if each[modality] is not None:
                ends = {"session": each["session"], "against": each["against"]}
                yield {**ends, "modality": modality, **signal_row(each[modality], language)}


def _signals(thread: Json) -> Iterator[Json]:
    yield from (signal for _, _, signal, _ in _entries(thread) if signal is not None)
    yield from (change["evidence"] for change in thread["changes"])
    yield from (p[m] for p in thread["pooled"] for m in MODALITIES if p[m] is not None)


def _scores(thread: Json, language: str) -> list[Json]:
    """What each method's score means, once; `at`: a signal of that method."""
    found: dict[str, Json] = {}
    for _, _, signal, where in _entries(thread):
        if signal is not None and signal["score_meaning"]:
            found.setdefault(
                signal["name"], {"title": title(signal["name"], language), "at": where}
            )
    return list(found.values())


def _summary(thread: Json, compared: list[Json], missing: list[Json]) -> Json:
    asked = [n for n, row in enumerate(compared) if row["status"] == "review"]
    silent = [n for n, row in enumerate(compared) if row["status"] == "inconclusive"]
    told = [n for n, row in enumerate(compared) if row["log10_lr"] is not None]
    least = min(told, key=lambda n: (compared[n]["log10_lr"], n), default=None)
    return {
        "sessions": len(thread["sessions"]),
        "pairs": (len(compared) + len(missing)) // len(MODALITIES),
        "comparisons": len(compared),
        "by_face": sum(row["modality"] == "face" for row in compared),
        "by_voice": sum(row["modality"] == "voice" for row in compared),
        "review": asked,
        "reviews": len(asked),
        "inconclusive": len(silent),
        "missing": len(missing),
        "least": least,
    }
