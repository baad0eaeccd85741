"""The identity-thread report of one candidate, and the plain comparison of recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reports.compose.interview_facts import QUESTIONS
from reports.compose.interview_signals import models
from reports.compose.likelihood import likelihood, reading
from reports.compose.passages import Col, Passages, begun, joined
from reports.compose.thread_facts import facts, of_comparison
from reports.document import model as m
from reports.document.draft import Issue, at

__all__ = ["compose", "compose_comparison", "of_comparison", "sources"]

AREA = "thread"
_MOST_ASKED = 8

_SESSIONS = (
    Col("/number", "integer"),
    Col("/label", title="session"),
    Col("/held_at", "moment", "held"),
    Col("/duration_s", "clock", "length"),
    Col("/faces", "integer"),
    Col("/speech_s", "clock", "speech"),
    Col("/places", "integer"),
)
_FINDINGS = (
    Col("/number", "integer"),
    Col("/label", title="session"),
    *(Col(f"/{question}", "word:verdict") for question in QUESTIONS),
)
_SAID = (
    Col("/modality", "word:modality"),
    Col("/status", "word:verdict"),
    Col("/log10_lr", "signed:2", "log_lr"),
    Col("/support", "word:support"),
    Col("/favours"),
)
_MEASURED = (
    Col("/modality", "word:modality"),
    Col("/bounds", "between:signed:2"),
    Col("/score", "figures"),
    Col("/quality", "figures"),
    Col("/reason", title="measured"),
    Col("/notes"),
)
_DIVIDED = (
    Col("/modality", "word:modality"),
    Col("/session", title="session"),
    Col("/person", "integer"),
)
_PAIR = (Col("/first"), Col("/second"))
_ENDS = {
    "changes": (Col("/before"), Col("/after")),
    "pooled": (Col("/session"), Col("/against", "list")),
}
_SCENES = (
    Col("/before", title="session_before"),
    Col("/after", title="session"),
    Col("/text", title="beside"),
)
_MISSING = (
    Col("/first"),
    Col("/second", empty="all_others"),
    Col("/modality", "word:modality", empty="both"),
    Col("/code", "word:not_compared", "why"),
    Col("/why", title="reason"),
)
_CONSENTS = (
    Col("/purpose", "plain"),
    Col("/jurisdiction", "plain"),
    Col("/text_version", "plain"),
    Col("/written", "yes_no"),
    Col("/given_at", "moment"),
    Col("/expires_at", "moment"),
    Col("/withdrawn_at", "moment"),
)


def compose(thread: Mapping[str, Any], issue: Issue, *, language: m.Language = "en") -> m.Document:
    """The report of a thread.

    `thread`: `thread_facts.Thread` as plain JSON. Raises pydantic.ValidationError where it is not.
    """
    page = begun("identity_thread", AREA, facts(thread, language), language)
    candidate = page.held("/thread/candidate")
    _answer(page)
    _sessions(page)
    _between(page)
    _division(page)
    _changes(page)
    _scenes(page)
    _not_compared(page)
    _consents(page)
    _cannot_tell(page)
    _scores(page)
    models(page, "models.none")
    reading(page)
    key = f"{AREA}.{'title' if candidate else 'plain'}"
    return page.draft.finish(
        key,
        issue,
        candidate=at("/thread/candidate"),
        sessions=at("/summary/sessions", "integer"),
    )


def compose_comparison(
    comparison: Mapping[str, Any], issue: Issue, *, language: m.Language = "en"
) -> m.Document:
    """The report of a plain comparison. `comparison`: a ComparisonDocument as plain JSON."""
    return compose(of_comparison(comparison), issue, language=language)


def sources(thread: Mapping[str, Any]) -> tuple[m.Source, ...]:
    """What the report of a thread is made from: results of checks and of comparisons."""
    checks = (
        m.Source(name="check", id=each["check"]["id"] or "", sha256=each["check"]["content_sha256"])
        for each in thread["sessions"]
        if each.get("check")
    )
    compared = (
        m.Source(name="comparison", sha256=each["run"]["content_sha256"])
        for each in thread["comparisons"]
    )
    return (*checks, *compared)


def _answer(page: Passages) -> None:
    """The first screen: which sessions look or sound unlike, how sure, what was not compared."""
    page.text(*_lead(page), lead=True)
    page.points(_asked(page))
    for n, _ in enumerate(page.held("/notes")[:_MOST_ASKED]):
        note = (page.draft.shown(at(f"/notes/{n}/text")),)
        page.draft.add(m.Notice(tone="attention", title=page.say("note"), text=note))
    page.draft.add(
        m.Figures(
            title=page.say("key.title"),
            items=(
                page.key("key.sessions", at("/summary/sessions", "integer")),
                page.key("key.by_face", at("/summary/by_face", "integer")),
                page.key("key.by_voice", at("/summary/by_voice", "integer")),
                page.key(
                    "key.reviews",
                    at("/summary/reviews", "integer"),
                    tone="attention" if page.held("/summary/reviews") else "plain",
                ),
                page.key("key.inconclusive", at("/summary/inconclusive", "integer")),
            ),
        )
    )
    page.lists["reading"]["asks"] = "review"
    page.notice("information", "decides", review=at("/reading/asks", "word:verdict"))


def _lead(page: Passages) -> Iterator[m.Inline]:
    summary = page.held("/summary")
    if not summary["comparisons"]:
        if page.held("/divisions"):
            yield page.say("lead.thread", sessions=at("/summary/sessions", "integer"))
        else:
            yield page.say("lead.nothing")
        return
    sessions, pairs = at("/summary/sessions", "integer"), at("/summary/pairs", "integer")
    yield page.say("lead.compared", sessions=sessions, pairs=pairs)
    if summary["reviews"]:
        yield page.say("lead.review", n=at("/summary/reviews", "integer"))
    else:
        yield page.say("lead.quiet")
        yield _least(page, summary["least"])
    if summary["inconclusive"]:
        yield page.say("lead.silent", n=at("/summary/inconclusive", "integer"))
    if summary["missing"]:
        yield page.say("lead.missing", n=at("/summary/missing", "integer"))


def _least(page: Passages, pair: int | None) -> m.Inline:
    """The pair with the least support for one person."""
    if pair is None:
        return ()
    where = f"/pairs/{pair}"
    return page.say(
        "lead.least",
        first=at(f"{where}/first"),
        second=at(f"{where}/second"),
        modality=at(f"{where}/modality", "word:by_modality"),
        likelihood=likelihood(page, where),
    )


def _asked(page: Passages) -> Iterator[m.Inline]:
    for n in page.held("/summary/review")[:_MOST_ASKED]:
        where = f"/pairs/{n}"
        found = likelihood(page, where)
        sure = page.say("lead.sure", likelihood=found) if found else page.say("lead.unsure")
        yield joined(
            [
                page.say(
                    "lead.point",
                    first=at(f"{where}/first"),
                    second=at(f"{where}/second"),
                    modality=at(f"{where}/modality", "word:by_modality"),
                    reason=at(f"{where}/reason"),
                ),
                sure,
            ]
        )


def _sessions(page: Passages) -> None:
    page.heading("sessions", "sessions.title")
    page.table("sessions-all", page.say("sessions.table"), "/sessions", _SESSIONS, head=2)
    if any(row["identity"] is not None for row in page.held("/sessions")):
        note = page.say("sessions.findings_note")
        title = page.say("sessions.findings")
        page.table("sessions-findings", title, "/sessions", _FINDINGS, head=2, note=note)


def _between(page: Passages) -> None:
    page.heading("between", "between.title")
    if not page.held("/pairs"):
        page.text(page.say("lead.nothing"))
        return
    page.lists["calibrated"] = [row for row in page.held("/pairs") if row["log10_lr"] is not None]
    if page.lists["calibrated"]:
        _chart(page)
    page.table("pairs", page.say("between.table"), "/pairs", (*_PAIR, *_SAID), head=3)
    title = page.say("between.measured")
    page.table("pairs-measured", title, "/pairs", (*_PAIR, *_MEASURED), head=3)


def _chart(page: Passages) -> None:
    column = page.draft.column
    page.draft.add(
        m.Chart(
            id="ratios",
            kind="intervals",
            title=page.say("between.chart"),
            caption=page.say("between.caption"),
            rows="/calibrated",
            label=column(f"{AREA}.column_pair", "/label"),
            series=column(f"{AREA}.column_modality", "/modality", "word:modality"),
            value=column(f"{AREA}.column_log_lr", "/log10_lr", "signed:2"),
            lines=(m.Line(at="/reading/zero", label=page.say("between.zero")),),
        )
    )


def _division(page: Passages) -> None:
    """Whose sessions they are most likely to be, by each trait apart."""
    divisions = page.held("/divisions")
    if not divisions:
        return
    page.heading("division", "division.title")
    points = []
    for n, each in enumerate(divisions):
        where = f"/divisions/{n}"
        fillings = {"modality": at(f"{where}/modality", "word:modality")}
        if each["said"] == "several":
            fillings["persons"] = at(f"{where}/persons", "integer")
        points.append(page.say(f"division.{each['said']}", **fillings))
        points += [
            page.say("division.returned", session=at(f"{where}/returned/{k}"))
            for k in range(len(each["returned"]))
        ]
    page.points(points)
    if page.held("/divided"):
        note = page.say("division.note")
        page.table("divided", page.say("division.table"), "/divided", _DIVIDED, head=2, note=note)


def _changes(page: Passages) -> None:
    """Where the thread changes, and sessions against all earlier ones: where these are known."""
    for name, ends in _ENDS.items():
        if page.held(f"/{name}"):
            page.heading(name, f"{name}.title")
            said, measured = page.say(f"{name}.table"), page.say("between.measured")
            page.table(f"{name}-all", said, f"/{name}", (*ends, *_SAID), head=3)
            page.table(f"{name}-measured", measured, f"/{name}", (*ends, *_MEASURED), head=3)


def _scenes(page: Passages) -> None:
    """Rooms, light and files: beside the evidence, and in none of its figures."""
    if page.held("/scenes"):
        page.heading("scenes", "scenes.title")
        note = page.say("scenes.note")
        page.table("scenes-all", page.say("scenes.table"), "/scenes", _SCENES, head=2, note=note)


def _not_compared(page: Passages) -> None:
    page.heading("not-compared", "missing.title")
    if page.held("/not_compared"):
        page.table("missing", page.say("missing.table"), "/not_compared", _MISSING, head=3)
    else:
        page.text(page.say("missing.none"))


def _consents(page: Passages) -> None:
    consents = page.held("/thread/consents")
    if consents is None:
        return
    page.heading("consents", "consents.title")
    if consents:
        page.table("consents-all", page.say("consents.table"), "/thread/consents", _CONSENTS)
    else:
        page.text(page.say("consents.none"))


def _cannot_tell(page: Passages) -> None:
    page.heading("cannot-tell", "cannot.title")
    names = ("family", "copies", "quality", "others")
    page.points(page.say(f"cannot.{name}") for name in names)


def _scores(page: Passages) -> None:
    """What each method's score means, and what it cannot see."""
    scores = page.held("/scores")
    if not scores:
        return
    page.heading("scores", "scores.title")
    for n, score in enumerate(scores):
        where, signal = score["at"], page.held(score["at"])
        points = [page.say("scores.meaning", text=at(f"{where}/score_meaning"))]
        if signal["operating_point"]:
            points.append(page.say("scores.point", text=at(f"{where}/operating_point")))
        points += [
            page.say("scores.unseen", text=at(f"{where}/limits/{k}"))
            for k in range(len(signal["limits"]))
        ]
        page.heading(f"score-{n + 1}", "scores.one", level=3, title=at(f"/scores/{n}/title"))
        page.points(points)
