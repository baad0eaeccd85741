"""What candidates asked for, what people reviewed, and what was flagged."""

from __future__ import annotations

from collections.abc import Iterator

from reports.compose.governance_said import filled, share, share_refs
from reports.compose.passages import Col, Passages
from reports.document import model as m
from reports.document.draft import at

_PATHS = "/period/counts/human_paths"
_CASES = "/period/counts/reviews/all"
_FLAGS = "/period/counts/flags"


def people(page: Passages) -> None:
    """Opt-outs, human alternatives, requests."""
    page.heading("people", "people.heading")
    page.text(share(page, "/shown/shares/opted_out", "people.opted"))
    page.text(*_alternatives(page))
    if not page.held("/shown/requests"):
        page.text(page.say("people.requests_none"))
        return
    columns: tuple[Col, ...] = (
        Col("/kind", "word:period_request", "request"),
        Col("/received", "integer"),
        Col("/answered", "integer"),
        Col("/punctual/count", "integer", "punctual"),
        Col("/punctual/of", "integer", "clocked"),
        Col("/open", "integer"),
        Col("/overdue", "integer"),
        Col("/days/median", "decimals:1", "days_median"),
    )
    note = page.say("people.requests_note")
    page.table("requests", page.say("people.requests"), "/shown/requests", columns, note=note)


def reviews(page: Passages) -> None:
    """Review cases, with their outcomes."""
    page.heading("reviews", "reviews.heading")
    if not page.held(f"{_CASES}/opened"):
        page.text(page.say("reviews.none"))
        return
    page.text(*_cases(page))
    kinds = "/period/counts/reviews/by_kind"
    if len(page.held(kinds)) > 1:
        columns: tuple[Col, ...] = (
            Col("/code", "text", "kind"),
            Col("/count", "integer"),
            Col("/of", "integer"),
        )
        page.table("review-kinds", page.say("reviews.kinds"), kinds, columns)


def flags(page: Passages) -> None:
    """Flags by kind and severity."""
    page.heading("flags", "flags.heading")
    if page.held(f"{_FLAGS}/raised"):
        page.text(
            page.say("flags.raised", n=at(f"{_FLAGS}/raised", "integer")),
            share(page, "/shown/shares/flagged", "flags.checks"),
            page.say("flags.about"),
        )
        columns: tuple[Col, ...] = (
            Col("/kind"),
            Col("/severity", "word:period_severity"),
            Col("/outcome", "word:period_flag", "asks"),
            Col("/raised", "integer"),
            Col("/closed", "integer"),
        )
        page.table("flag-kinds", page.say("flags.kinds"), f"{_FLAGS}/by_kind", columns)
    else:
        page.text(page.say("flags.none"), share(page, "/shown/shares/flagged", "flags.checks"))


def _alternatives(page: Passages) -> Iterator[m.Inline]:
    if not page.held(f"{_PATHS}/opened"):
        yield page.say("people.alternatives_none")
        return
    yield page.say(
        "people.alternatives",
        opened=at(f"{_PATHS}/opened", "integer"),
        held=at(f"{_PATHS}/held/count", "integer"),
        given_up=at(f"{_PATHS}/given_up", "integer"),
        open=at(f"{_PATHS}/open", "integer"),
    )
    where = f"{_PATHS}/time_to_human"
    if page.held(f"{where}/count"):
        yield _lasted(page, where, "people.time")
    else:
        yield page.say("people.time_none")


def _lasted(page: Passages, where: str, key: str) -> m.Inline:
    refs = {
        "n": at(f"{where}/count", "integer"),
        "median": at(f"{where}/median", "decimals:1"),
        "p90": at(f"{where}/p90", "decimals:1"),
    }
    return filled(page, key, refs)


def _cases(page: Passages) -> Iterator[m.Inline]:
    yield page.say(
        "reviews.opened",
        n=at(f"{_CASES}/opened", "integer"),
        closed=at(f"{_CASES}/closed", "integer"),
        open=at(f"{_CASES}/open", "integer"),
        overdue=at(f"{_CASES}/overdue", "integer"),
    )
    if not page.held(f"{_CASES}/closed"):
        return
    changed = share_refs("/shown/shares/changed")
    yield page.say(
        "reviews.outcomes",
        closed=at(f"{_CASES}/closed", "integer"),
        value=changed["value"],
        interval=changed["interval"],
        **{
            name: at(f"{_CASES}/{name}/count", "integer")
            for name in ("upheld", "modified", "reversed")
        },
    )
    yield _lasted(page, f"{_CASES}/hours", "reviews.time")
    if page.held(f"{_CASES}/closed_late/of"):
        yield filled(page, "reviews.late", share_refs("/shown/shares/closed_late"))
    yield page.say(
        "reviews.four_eyes",
        count=at(f"{_CASES}/four_eyes/count", "integer"),
        of=at(f"{_CASES}/four_eyes/of", "integer"),
        disagreed=at(f"{_CASES}/disagreed/count", "integer"),
    )
