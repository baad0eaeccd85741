"""What a governance report shows beside the facts of a period: intervals, order, what needs a look.

Counts are the period's own. Intervals are Wilson's for shares and Newcombe's for differences of two
shares, from `fairness.intervals`; nothing else is computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from audit.calendars import calendar
from audit.clocks import running_in
from audit.errors import ClockInvalid
from audit.records.period import NOT_RECORDED
from fairness.intervals import difference_newcombe, wilson
from fairness.rates import Pair
from reports.compose.duties import applying
from reports.compose.governance_attention import attention
from reports.document.pointers import resolve

Json = dict[str, Any]

LEVEL = 0.95
FIGURES = {
    "person_recorded": "/decisions/person_recorded",
    "overridden": "/decisions/overridden",
    "overridden_up": "/decisions/overridden_up",
    "without_review": "/decisions/final_without_review",
    "with_scores": "/decisions/with_scores",
    "rejected": "/decisions/rejected",
    "withdrawn": "/decisions/withdrawn",
    "checked": "/interviews/checked",
    "coached": "/interviews/coached",
    "told": "/transparency/scored_and_told",
    "explanations": "/transparency/explanations",
    "explanations_given": "/transparency/explanations_given",
    "access": "/transparency/access",
    "disclosures": "/transparency/disclosures",
    "notices": "/notices/covered",
    "opted_out": "/human_paths/opted_out",
    "held": "/human_paths/held",
    "changed": "/reviews/all/changed",
    "closed_late": "/reviews/all/closed_late",
    "disagreed": "/reviews/all/disagreed",
    "flagged": "/flags/checks_flagged",
    "checks_failed": "/incidents/checks_failed",
    "audits_failed": "/incidents/audits_failed",
    "jobs_failed": "/incidents/jobs_failed",
    "deliveries_dead": "/incidents/deliveries_dead",
    "past_due": "/retention/past_due",
}
"""Names of shares, and where in the counts they are."""
AT_A_GLANCE = (
    "person_recorded",
    "without_review",
    "told",
    "notices",
    "opted_out",
    "changed",
    "flagged",
    "checks_failed",
)
_DISCLOSED = "adverse_outcome"


def shown(period: Mapping[str, Any]) -> Json:
    """The derived part of the data: `period` is the plain JSON of `PeriodFacts`."""
    counts = period["counts"]
    shares = {name: share(resolve(counts, where)) for name, where in FIGURES.items()}
    duties = applying(period["system"], date.fromisoformat(counts["last_day"]))
    made: Json = {
        "level": LEVEL,
        "zero": 0,
        "shares": shares,
        "glance": [{"figure": name, **shares[name]} for name in AT_A_GLANCE if shares[name]["of"]],
        "risks": [each for each in duties if each["kind"] == "risk"],
        "duties": [each for each in duties if each["kind"] == "duty"],
        "modes": [_mode(each) for each in counts["decisions"]["by_mode"] if each["decisions"]],
        "led": [_tally(each) for each in counts["interviews"]["by_mode"] if each["count"]],
        "stages": [_stage(each) for each in counts["interviews"]["by_stage"]],
        "classes": [_tally(each) for each in counts["decisions"]["by_outcome"]],
        "notices": [_notice(each) for each in counts["notices"]["coverage"]],
        "notices_given": [
            {**each, "notice": _plain(each["kind"])} for each in counts["notices"]["given"]
        ],
        "consents": [
            {"purpose": name, **share(each["covered"]), **_given(each)}
            for name, each in counts["consents"].items()
            if each["covered"]["of"] or each["covered"]["unknown"] or sum(_given(each).values())
        ],
        "requests": [_request(*each) for each in counts["requests"].items() if each[1]["received"]],
        "findings": list(_findings(period["audits"])),
        "events": [_event(each) for each in period["group_events"]["rows"]],
        "event_tables": [
            {**each, "event": _plain(each["kind"])} for each in period["group_events"]["tables"]
        ],
        "drift": [_drift(each) for each in period["drift"]],
        "disclosure_due": _disclosure_due(period),
    }
    made["shifts"] = [each for each in made["drift"] if each["interval"]]
    made["attention"] = attention(period, made)
    made["asks"] = [each for each in made["attention"] if each["class"] != "unrecorded"]
    made["unrecorded"] = [each for each in made["attention"] if each["class"] == "unrecorded"]
    made["numbers"] = {"asks": len(made["asks"]), "unrecorded": len(made["unrecorded"])}
    return made


def share(held: Mapping[str, Any]) -> Json:
    """A share with its Wilson interval; null where nothing is counted."""
    count, of = held["count"], held["of"]
    found = wilson(count, of, level=LEVEL)
    return {
        "count": count,
        "of": of,
        "unknown": held.get("unknown", 0),
        "value": count / of if of else None,
        "low": found.low if found else None,
        "high": found.high if found else None,
        "interval": [found.low, found.high] if found else None,
    }


def _mode(held: Mapping[str, Any]) -> Json:
    return {
        "mode": held["mode"],
        "decisions": held["decisions"],
        "person": share(held["person_recorded"]),
        "overridden": share(held["overridden"]),
        "without_review": share(held["final_without_review"]),
    }


def _tally(held: Mapping[str, Any]) -> Json:
    return {"code": held["code"], **share(held)}


def _stage(held: Mapping[str, Any]) -> Json:
    """A stage by its name; null where none was recorded."""
    name = held["code"]
    return {**_tally(held), "stage": None if name == NOT_RECORDED else name}


def _notice(held: Mapping[str, Any]) -> Json:
    judged = held["in_time"] + held["late"] + held["missing"]
    return {**held, "share": share({"count": held["in_time"], "of": judged})}


def _given(held: Mapping[str, Any]) -> Json:
    return {"given": held["given"], "withdrawn": held["withdrawn"]}


def _request(kind: str, held: Mapping[str, Any]) -> Json:
    return {"kind": kind, **held, "punctual": share(held["in_time"])}


def _findings(audits: Mapping[str, Any]) -> Iterator[Json]:
    """One row for each audit of the period, else for the last one before."""
    last = [audits["last"]] if audits["last"] else []
    for each in audits["made"] or last:
        yield {**each, **each["classes"]}


def _event(held: Mapping[str, Any]) -> Json:
    known = held["count"] is not None and held["of"] is not None
    rate = (
        share({"count": held["count"], "of": held["of"]})
        if known
        else dict.fromkeys(("value", "low", "high", "interval"))
    )
    return {
        **held,
        "event": _plain(held["kind"]),
        "group": f"{' × '.join(held['features'])}: {' × '.join(held['group'])}",
        **{name: rate[name] for name in ("value", "low", "high", "interval")},
    }


def _plain(kind: str) -> str:
    return kind.replace("_", " ")


def _drift(held: Mapping[str, Any]) -> Json:
    now, before = held["now"], held["before"]
    interval = None
    if now and before and now["of"] and before["of"]:
        pair = Pair(now["count"], now["of"], before["count"], before["of"])
        interval = difference_newcombe(pair, level=LEVEL)
    return {
        "figure": held["figure"].strip("/").replace("/", "_"),
        "kind": held["kind"],
        "now_count": now["count"] if now else None,
        "now_of": now["of"] if now else None,
        "before_count": before["count"] if before else None,
        "before_of": before["of"] if before else None,
        "now": held["now_value"],
        "before": held["before_value"],
        "change": held["change"],
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "interval": [interval.low, interval.high] if interval else None,
        "clear": bool(interval and (interval.low > 0 or interval.high < 0)),
    }


def _disclosure_due(period: Mapping[str, Any]) -> bool:
    """Whether a clock for disclosures after adverse outcomes binds in one of the places."""
    day = date.fromisoformat(period["counts"]["last_day"])
    return any(
        clock.starts == _DISCLOSED
        for place in period["system"]["jurisdictions"]
        if _known(place)
        for clock in running_in(place, day)
    )


def _known(place: str) -> bool:
    try:
        calendar(place)
    except ClockInvalid:
        return False
    return True
