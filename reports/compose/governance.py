"""The governance report of a system in a period: what needs attention, by how much, how sure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audit.canonical import canonical_hash
from reports.compose.governance_facts import shown
from reports.compose.governance_people import flags, people, reviews
from reports.compose.governance_running import drift, incidents, methods, retention
from reports.compose.governance_said import filled, interval_key
from reports.compose.governance_system import (
    audits,
    coverage,
    decisions,
    interviews,
    system,
    transparency,
)
from reports.compose.passages import Col, Passages, begun
from reports.document import model as m
from reports.document.draft import Issue, Ref, at

__all__ = ["compose", "sources"]

AREA = "governance"
MOST_POINTS = 7
_SECTIONS = (
    system,
    interviews,
    decisions,
    transparency,
    audits,
    coverage,
    people,
    reviews,
    flags,
    incidents,
    retention,
    drift,
)


def compose(period: Mapping[str, Any], issue: Issue, language: m.Language = "en") -> m.Document:
    """The report of one system in one period.

    `period`: `PeriodFacts` as plain JSON (`audit.records.period.period_json`). It stands whole
    under `/period`; intervals and order, made of its counts, stand beside it under `/shown`.
    """
    page = begun("governance", AREA, {"period": period, "shown": shown(period)}, language)
    _answer(page)
    for section in (*_SECTIONS, _points, methods):
        section(page)
    return page.draft.finish(
        f"{AREA}.title",
        issue,
        system=at("/period/system/name"),
        version=at("/period/system/system_version"),
        vendor=at("/period/system/vendor"),
        first=at("/period/counts/first_day", "date"),
        last=at("/period/counts/last_day", "date"),
    )


def sources(period: Mapping[str, Any]) -> tuple[m.Source, ...]:
    """What a report is made from: the counted facts, and the results of the bias audits named."""
    audits = {
        each["id"]: each for each in (*period["audits"]["made"], period["audits"]["last"]) if each
    }
    found = (
        m.Source(name="audit", id=id, sha256=each["result_sha256"])
        for id, each in audits.items()
        if each["result_sha256"]
    )
    return (m.Source(name="period", sha256=canonical_hash(dict(period))), *found)


def _answer(page: Passages) -> None:
    """The first screen."""
    page.text(*_lead(page), lead=True)
    rows = page.held("/shown/asks")
    page.points(_point(page, f"/shown/asks/{n}") for n in range(min(len(rows), MOST_POINTS)))
    page.draft.add(m.Figures(title=page.say("key.title"), items=tuple(_keys(page))))
    if page.held("/shown/unrecorded"):
        page.heading("not-recorded", "attention.unrecorded_title", level=2)
        page.points(
            _point(page, f"/shown/unrecorded/{n}")
            for n in range(len(page.held("/shown/unrecorded")))
        )


def _points(page: Passages) -> None:
    """Every point of the first screen with its counts."""
    if not page.held("/shown/attention"):
        return
    page.heading("points", "attention.points")
    columns = (
        Col("/code", "word:period_attention", "point"),
        Col("/class", "word:period_class", "class"),
        Col("/count", "integer"),
        Col("/of", "integer"),
        Col("/value", "percent", "share"),
        Col("/interval", "between:percent", "interval"),
    )
    note = page.say("attention.caption", level=at("/shown/level", "percent:0"))
    page.table("attention", page.say("attention.more"), "/shown/attention", columns, note=note)


def _lead(page: Passages) -> Iterator[m.Inline]:
    numbers, counts = page.held("/shown/numbers"), page.held("/period/counts")
    if numbers["asks"]:
        yield page.say("lead.asks", n=at("/shown/numbers/asks", "integer"))
    else:
        yield page.say("lead.nothing")
    if numbers["unrecorded"]:
        yield page.say("lead.unrecorded", n=at("/shown/numbers/unrecorded", "integer"))
    if counts["interviews"]["total"] or counts["decisions"]["total"]:
        yield page.say(
            "lead.size",
            interviews=at("/period/counts/interviews/total", "integer"),
            candidates=at("/period/counts/interviews/candidates", "integer"),
            decisions=at("/period/counts/decisions/total", "integer"),
        )
    else:
        yield page.say("lead.empty")
    if counts["as_of"] != counts["until"]:
        yield page.say("lead.early", as_of=at("/period/counts/as_of", "moment"))


def _point(page: Passages, where: str) -> m.Inline:
    """What is asked for in one row, in a sentence."""
    row = page.held(where)
    shows = {
        "count": "integer",
        "of": "integer",
        "value": "percent",
        "interval": "between:percent",
        "citation": "text",
        "jurisdiction": "text",
        "due_on": "date",
        "purpose": "word:period_purpose",
    }
    refs = {name: at(f"{where}/{name}", show) for name, show in shows.items() if name in row}
    return filled(page, f"attention.{row['code']}", refs)


def _keys(page: Passages) -> Iterator[m.Key]:
    yield _share_key(page, "without_review", bad=True)
    yield _share_key(page, "notices", bad=False)
    yield _requests(page)
    yield _audit(page)
    yield _human(page)


def _share_key(page: Passages, name: str, *, bad: bool) -> m.Key:
    where = f"/shown/shares/{name}"
    held = page.held(where)
    if not held["of"]:
        return page.key(
            f"key.{name}",
            at(f"{where}/value", "percent"),
            page.say("key.of_nothing"),
            "inconclusive",
        )
    touched = held["count"] if bad else held["of"] - held["count"]
    note = page.say("key.of_counted", of=at(f"{where}/of", "integer"), interval=interval_key(where))
    return page.key(
        f"key.{name}", at(f"{where}/value", "percent"), note, "attention" if touched else "plain"
    )


def _requests(page: Passages) -> m.Key:
    requests = page.held("/period/counts/requests").values()
    total = {
        "overdue": sum(each["overdue"] for each in requests),
        "received": sum(each["received"] for each in requests),
    }
    page.lists["shown"]["requests_total"] = total
    note = page.say("key.of_requests", of=at("/shown/requests_total/received", "integer"))
    tone = "attention" if total["overdue"] else "plain"
    return page.key("key.requests", at("/shown/requests_total/overdue", "integer"), note, tone)


def _audit(page: Passages) -> m.Key:
    audits = page.held("/period/audits")
    value = at("/period/audits/last_age_days", "integer")
    if audits["last"] is None:
        return page.key("key.audit", value, page.say("key.audit_unknown"), "attention")
    if not audits["clocks"]:
        return page.key(
            "key.audit", value, page.say("key.audit_name", name=at("/period/audits/last/name"))
        )
    note = page.say("key.audit_due", due_on=at("/period/audits/clocks/0/due_on", "date"))
    late = any(clock["overdue"] for clock in audits["clocks"])
    return page.key("key.audit", value, note, "attention" if late else "plain")


def _human(page: Passages) -> m.Key:
    where = "/period/counts/human_paths"
    value = at(f"{where}/time_to_human/median", "decimals:1")
    counted = Ref(f"{where}/time_to_human/count", "integer")
    note = page.say("key.of_durations", of=counted, open=at(f"{where}/open", "integer"))
    tone = "attention" if page.held(f"{where}/overdue") else "plain"
    return page.key("key.time_to_human", value, note, tone)
