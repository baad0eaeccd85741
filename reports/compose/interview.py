"""The interview integrity report: one check, from the answer down to the file's headers."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reports.compose.interview_answers import answers
from reports.compose.interview_coverage import coverage, file, unseen
from reports.compose.interview_facts import Check, Json, facts, overview, wanted_frames
from reports.compose.interview_signals import models, signals, silent
from reports.compose.likelihood import likelihood, reading, weighed
from reports.compose.passages import Passages, anchor, begun, joined, listed
from reports.document import model as m
from reports.document.draft import Issue, at

__all__ = ["compose", "sources", "wanted_frames"]

AREA = "interview"
_JPEG = b"\xff\xd8\xff"
_MOST_POINTS = 6
_TONES = {"review": "attention", "inconclusive": "inconclusive", "no_indication": "plain"}


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames by time in seconds; `files`: what is attached."""

    by_time: Mapping[float, str]
    files: tuple[m.Attachment, ...]

    @classmethod
    def of(cls, pictures: Mapping[float, bytes]) -> Frames:
        """From JPEG bytes by time, seconds; anything that is not a JPEG is left out."""
        held = {
            round(float(time_s), 3): (hashlib.sha256(data).hexdigest(), data)
            for time_s, data in sorted(pictures.items())
            if data.startswith(_JPEG)
        }
        files = {
            sha256: m.Attachment(
                sha256=sha256, media_type="image/jpeg", base64=b64encode(data).decode("ascii")
            )
            for sha256, data in held.values()
        }
        return cls({time_s: sha256 for time_s, (sha256, _) in held.items()}, tuple(files.values()))


def compose(
    check: Check,
    issue: Issue,
    *,
    frames: Mapping[float, bytes] | None = None,
    language: m.Language = "en",
) -> m.Document:
    """The report of a check.

    `check`: a CheckDocument as plain JSON. `frames`: JPEG bytes by the times that `wanted_frames`
    names, seconds; frames that could not be had are left out.
    """
    held = Frames.of(frames or {})
    page = begun("interview_integrity", AREA, facts(check, language), language)
    _answer(page)
    _findings(page)
    _timeline(page, held)
    _evidence(page, held)
    answers(page)
    signals(page)
    silent(page)
    coverage(page)
    models(page, "models.none")
    unseen(page)
    reading(page)
    file(page)
    issue = replace(issue, attachments=(*issue.attachments, *held.files))
    return page.draft.finish(
        f"{AREA}.title",
        issue,
        label=at("/check/input/label"),
        length=at("/check/input/duration_s", "clock"),
        sha256=at("/check/input/sha256", "hash"),
    )


def sources(check: Check) -> tuple[m.Source, ...]:
    """What the report of a check is made from: the recording, earlier ones, and the result."""
    earlier = (
        m.Source(name="reference", id=each["label"], sha256=each["sha256"])
        for each in check["references"]
    )
    recording = m.Source(name="recording", sha256=check["input"]["sha256"])
    result = m.Source(name="check", sha256=check["run"]["content_sha256"])
    return (recording, *earlier, result)


def _answer(page: Passages) -> None:
    """The first screen: what needs a look, where, how sure, what was not answered."""
    page.text(*_lead(page), lead=True)
    page.points([*_asked(page), *_missing(page)])
    _faults(page)
    findings = page.held("/findings")
    cards = (
        page.draft.shown(at(f"/findings/{n}/verdict", "word:verdict")) for n in range(len(findings))
    )
    items = tuple(
        m.Key.model_validate(
            {
                "label": (page.draft.shown(at(f"/findings/{n}/question", "word:question")),),
                "value": card,
                "note": (page.draft.shown(at(f"/findings/{n}/question", "word:question_ask")),),
                "tone": _TONES[findings[n]["verdict"]],
            }
        )
        for n, card in enumerate(cards)
    )
    page.draft.add(m.Figures(title=page.say("answers.title"), items=items))
    page.draft.add(m.Figures(title=page.say("key.title"), items=_recording(page)))
    verdicts = at("/reading/asks", "word:verdict")
    page.lists["reading"]["asks"] = "review"
    page.notice("information", "decides", review=verdicts)


def _lead(page: Passages) -> Iterator[m.Inline]:
    summary = page.held("/summary")
    if summary["reviews"]:
        yield page.say(
            "lead.review",
            n=at("/summary/reviews", "integer"),
            all=at("/summary/questions", "integer"),
            names=_names(page, "review"),
        )
    else:
        yield page.say("lead.nothing")
    if summary["inconclusive"]:
        names = _names(page, "unanswered")
        yield page.say("lead.unanswered", n=at("/summary/inconclusive", "integer"), names=names)
    places = at("/summary/places", "integer")
    if summary["places"] and summary["reviews"]:
        yield page.say("lead.places", n=places, first=at("/summary/first_s", "clock"))
    elif summary["places"]:
        yield page.say("lead.weak", n=places)
    if not summary["reviews"]:
        yield page.say("lead.only_measured")


def _names(page: Passages, which: str) -> m.Inline:
    """Names of questions with commas between them."""
    where = f"/summary/{which}"
    count = len(page.held(where))
    return listed(page, (at(f"{where}/{n}", "word:question_name") for n in range(count)))


def _asked(page: Passages) -> Iterator[m.Inline]:
    """Why, where, and how sure: for each review, questions with one answer together."""
    groups: dict[str, list[int]] = {}
    for n, finding in enumerate(page.held("/findings")):
        if finding["verdict"] == "review":
            reason = page.held(f"/check/findings/{finding['question']}/reasons/0/text")
            groups.setdefault(reason, []).append(n)
    for members in groups.values():
        finding = page.held(f"/findings/{members[0]}")
        names = (at(f"/findings/{n}/question", "word:question") for n in members)
        reason = page.say(
            "lead.point",
            question=listed(page, names),
            reason=at(f"/check/findings/{finding['question']}/reasons/0/text"),
        )
        yield joined([reason, *_place_of(page, finding["lead"])])


def _place_of(page: Passages, signal: int | None) -> Iterator[m.Inline]:
    """Where a signal says to look, and how sure it is."""
    if signal is None:
        return
    name = page.held(f"/signals/{signal}/name")
    places = [n for n, row in enumerate(page.held("/evidence")) if row["signal"] == name]
    if places:
        count = at(f"/signals/{signal}/places", "integer")
        yield page.say("lead.where_more", n=count, span=span(page, f"/evidence/{places[0]}"))
    else:
        yield page.say("lead.no_place")
    found = likelihood(page, f"/signals/{signal}")
    if found:
        yield page.say("lead.sure", likelihood=found)
    elif page.held(f"/signals/{signal}/quality") is None:
        yield page.say("lead.unrated")
    else:
        yield page.say("lead.unsure", quality=at(f"/signals/{signal}/quality", "plain"))


def _missing(page: Passages) -> Iterator[m.Inline]:
    """For each question without an answer: why."""
    for n, finding in enumerate(page.held("/findings")):
        reasons = page.held(f"/check/findings/{finding['question']}/reasons")
        if finding["verdict"] == "inconclusive" and reasons:
            question = at(f"/findings/{n}/question", "word:question")
            reason = at(f"/check/findings/{finding['question']}/reasons/0/text")
            yield page.say("lead.missing", question=question, reason=reason)


def _faults(page: Passages) -> None:
    problems = page.held("/check/input/problems")
    if problems:
        page.notice(
            "attention",
            "partial",
            problems=joined(
                (page.draft.shown(at(f"/check/input/problems/{n}")),)
                for n in range(min(len(problems), _MOST_POINTS))
            ),
        )
    if page.held("/summary/failed"):
        page.notice("attention", "failed", names=at("/summary/failed", "list"))


def _recording(page: Passages) -> tuple[m.Key, ...]:
    """Key figures of the recording."""
    sound = page.say("key.speech_note", sound=at("/check/coverage/audio_s", "clock"))
    frames = page.say("key.looked_note", frames=at("/check/coverage/frames_in_file", "integer"))
    faces = page.say("key.faces_note")
    return (
        page.key("key.length", at("/check/input/duration_s", "clock")),
        page.key("key.looked", at("/check/coverage/frames_searched", "integer"), note=frames),
        page.key("key.faces", at("/summary/faces", "integer"), note=faces),
        page.key("key.speech", at("/check/coverage/speech_s", "clock"), note=sound),
        page.key("key.signals", at("/summary/places", "integer")),
    )


def _findings(page: Passages) -> None:
    """The four questions, each with its reasons and what no signal can see."""
    page.heading("findings", "findings.title")
    for n, finding in enumerate(page.held("/findings")):
        question, verdict = f"/findings/{n}/question", f"/findings/{n}/verdict"
        page.heading(
            anchor("finding", finding["question"]),
            "findings.one",
            level=3,
            question=at(question, "word:question"),
            verdict=at(verdict, "word:verdict"),
        )
        page.text(
            page.say(
                "findings.ask",
                ask=at(question, "word:question_ask"),
                meaning=at(verdict, "word:verdict_means"),
            )
        )
        page.points(_reasons(page, finding["question"]))
        page.text(*_behind(page, n, finding))
        if finding["weighed"] is not None:
            page.text(*weighed(page, n, finding))
        page.text(*_not_covered(page, finding["question"]))


def _reasons(page: Passages, question: str) -> Iterator[m.Inline]:
    where = f"/check/findings/{question}/reasons"
    seen: set[str] = set()
    for n, reason in enumerate(page.held(where)):
        if reason["text"] not in seen:
            seen.add(reason["text"])
            yield (page.draft.shown(at(f"{where}/{n}/text")),)


def _behind(page: Passages, n: int, finding: Json) -> Iterator[m.Inline]:
    said = {"review": "asked", "no_indication": "quiet", "inconclusive": "silent"}
    for status, key in said.items():
        if finding[status]:
            yield page.say(f"findings.{key}", names=at(f"/findings/{n}/{status}", "list"))
    if not any(finding[status] for status in said):
        yield page.say("findings.none")


def _not_covered(page: Passages, question: str) -> Iterator[m.Inline]:
    where = f"/check/findings/{question}/not_covered"
    texts = [(page.draft.shown(at(f"{where}/{n}")),) for n in range(len(page.held(where)))]
    if texts:
        yield page.say("findings.unseen", text=joined(texts))


def _timeline(page: Passages, frames: Frames) -> None:
    page.heading("timeline", "timeline.title")
    caption = [page.say("timeline.caption")]
    if page.held("/timeline_left/faces"):
        caption.append(page.say("timeline.faces_left", n=at("/timeline_left/faces", "integer")))
    if page.held("/timeline_left/joined_s"):
        caption.append(page.say("timeline.joined", gap=at("/timeline_left/joined_s", "seconds")))
    column = page.draft.column
    page.draft.add(
        m.Chart(
            id="lanes",
            kind="timeline",
            title=page.say("timeline.chart"),
            caption=joined(caption),
            rows="/timeline",
            label=column(f"{AREA}.column_lane", "/lane"),
            series=column(f"{AREA}.column_mark", "/kind", "word:mark"),
            low=column(f"{AREA}.column_from", "/start_s", "clock"),
            high=column(f"{AREA}.column_to", "/end_s", "clock"),
            x=column(f"{AREA}.column_number", "/number", "integer"),
            value=column(f"{AREA}.column_count", "/count", "integer"),
            empty=page.say("timeline.empty"),
        )
    )
    if page.held("/measured"):
        page.draft.add(_measured(page))
    if not any(t in frames.by_time for row in page.held("/evidence") for t in row["frames_s"]):
        _overview(page, frames)


def _measured(page: Passages) -> m.Chart:
    """All measurements over time, small, one below the other."""
    column = page.draft.column
    return m.Chart(
        id="measured",
        kind="timeline",
        title=page.say("timeline.measured"),
        caption=page.say("timeline.measured_caption"),
        rows="/measured",
        label=column(f"{AREA}.column_lane", "/lane"),
        series=column(f"{AREA}.column_status", "/kind", "word:mark"),
        low=column(f"{AREA}.column_time", "/time_s", "clock"),
        high=column(f"{AREA}.column_time", "/time_s", "clock"),
        value=column(f"{AREA}.column_value", "/value", "plain"),
    )


def _overview(page: Passages, frames: Frames) -> None:
    """Frames evenly spaced, where no evidence shows any."""
    shown = [
        (n, frames.by_time[t])
        for n, t in enumerate(overview(page.held("/check")))
        if t in frames.by_time
    ]
    if shown:
        page.heading("frames", "timeline.frames", level=3)
    for n, sha256 in shown:
        said = page.say("timeline.frame", time=at(f"/overview/{n}", "clock"))
        page.draft.add(m.Picture(sha256=sha256, alt=said, caption=said))


def span(page: Passages, row: str) -> m.Inline:
    """From when to when, or one moment. `row`: pointer to what has `start_s` and `end_s`."""
    start = at(f"{row}/start_s", "clock")
    held = page.held(row)
    if held["end_s"] <= held["start_s"]:
        return page.draft.say(f"{AREA}.evidence.moment", **{"from": start})
    end = at(f"{row}/end_s", "clock")
    return page.draft.say(f"{AREA}.evidence.span", **{"from": start, "to": end})


def _evidence(page: Passages, frames: Frames) -> None:
    """Every marked place, with its pictures."""
    page.heading("evidence", "evidence.title")
    rows = page.held("/evidence")
    if not rows:
        page.text(page.say("evidence.none"))
        return
    page.text(page.say("evidence.intro"))
    signal, shown = "", dict[str, int]()
    for n, row in enumerate(rows):
        if row["signal"] != signal:
            signal, shown = row["signal"], {}
            _signal(page, row)
        _piece(page, n, _Pictures(frames, shown))


def _signal(page: Passages, row: Json) -> None:
    """What the signal says that marks the places that follow."""
    n = next(n for n, s in enumerate(page.held("/signals")) if s["name"] == row["signal"])
    where = f"/signals/{n}"
    title, status = at(f"{where}/title"), at(f"{where}/status", "word:verdict")
    name = anchor("evidence", row["signal"])
    page.heading(name, "evidence.signal", level=3, title=title, status=status)
    found = likelihood(page, where)
    sure = page.say("lead.sure", likelihood=found) if found else ()
    page.text((page.draft.shown(at(f"{where}/reason")),), sure)


@dataclass(frozen=True, slots=True)
class _Pictures:
    """Frames, and with which piece of the same signal each was shown; positions of pieces."""

    frames: Frames
    shown: dict[str, int]


def _piece(page: Passages, n: int, pictures: _Pictures) -> None:
    where, row = f"/evidence/{n}", page.held(f"/evidence/{n}")
    page.heading(
        anchor(row["id"]),
        "evidence.one",
        level=4,
        number=at(f"{where}/number", "integer"),
        span=span(page, where),
    )
    held = [(k, pictures.frames.by_time.get(t)) for k, t in enumerate(row["frames_s"])]
    found = [(k, sha256) for k, sha256 in held if sha256 is not None]
    before = {pictures.shown[sha256] for _, sha256 in found if sha256 in pictures.shown}
    above = (
        page.say("evidence.above", number=at(f"/evidence/{earlier}/number", "integer"))
        for earlier in sorted(before)
    )
    text = page.say("evidence.what", text=at(f"{where}/text"))
    page.text(text, *_details(page, where, row), *above)
    for k, sha256 in found:
        if sha256 not in pictures.shown:
            pictures.shown[sha256] = n
            _picture(page, n, k, sha256)


def _picture(page: Passages, n: int, frame: int, sha256: str) -> None:
    where, row = f"/evidence/{n}", page.held(f"/evidence/{n}")
    boxed = row["frames_s"][frame] == row["box_s"]
    key = "timeline.frame_boxed" if boxed else "timeline.frame"
    said = page.say(key, time=at(f"{where}/frames_s/{frame}", "clock"))
    box = f"{row['at']}/box" if boxed else None
    page.draft.add(m.Picture(sha256=sha256, alt=said, caption=said, box=box))


def _details(page: Passages, where: str, row: Json) -> Iterator[m.Inline]:
    if row["peer"] is not None:
        yield page.say("evidence.same", span=span(page, f"{where}/peer"))
    first, last = row["start_frame"], row["end_frame"]
    if first is not None and last not in (None, first):
        numbers = at(f"{where}/start_frame", "integer"), at(f"{where}/end_frame", "integer")
        yield page.say("evidence.frames", first=numbers[0], last=numbers[1])
    elif first is not None:
        yield page.say("evidence.frame", first=at(f"{where}/start_frame", "integer"))
    if row["track"] is not None:
        yield page.say("evidence.face", face=at(f"{where}/track", "integer"))
    if row["score"] is not None:
        yield page.say("evidence.score", score=at(f"{where}/score", "plain"))
