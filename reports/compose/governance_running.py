"""Incidents, retention and ledger, change since the period before, and how all was counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reports.compose.governance_said import filled, share_columns, share_refs, unknown
from reports.compose.passages import Col, Passages
from reports.document import model as m
from reports.document.draft import at

_KEPT = "/period/counts/retention"
_LEDGER = "/period/ledger"
_INCIDENTS = ("checks_failed", "audits_failed", "jobs_failed", "deliveries_dead")


def incidents(page: Passages) -> None:
    """What went wrong."""
    page.heading("incidents", "incidents.heading")
    page.text(page.say("incidents.text"), *_faults(page))
    page.lists["shown"]["incidents"] = [
        {"figure": name, **page.held(f"/shown/shares/{name}")} for name in _INCIDENTS
    ]
    columns: tuple[Col, ...] = (Col("/figure", "word:period_figure", "what"), *share_columns())
    page.table("incident-counts", page.say("incidents.table"), "/shown/incidents", columns)
    errors = "/period/counts/incidents/check_errors"
    if page.held(errors):
        columns = (
            Col("/code", "text", "code"),
            Col("/count", "integer"),
            Col("/of", "integer"),
        )
        page.table("check-errors", page.say("incidents.errors"), errors, columns)


def retention(page: Passages) -> None:
    """What was erased and kept; where the ledger stands."""
    page.heading("retention", "retention.heading")
    erased = {name: f"{name}_erased" for name in ("recordings", "reports", "candidates")}
    holds = {"placed": "holds_set", "lifted": "holds_lifted", "in_force": "holds_in_force"}
    page.text(
        _counted(page, "retention.erased", erased),
        _past_due(page),
        _counted(page, "retention.holds", holds),
    )
    page.text(*_ledger(page))


def drift(page: Passages) -> None:
    """The figures beside those of the period before."""
    page.heading("drift", "drift.heading")
    if page.held("/period/before") is None:
        page.text(page.say("drift.none"))
        return
    clear = sum(each["clear"] for each in page.held("/shown/drift"))
    page.lists["shown"]["clear"] = clear
    page.text(
        page.say(
            "drift.text",
            first=at("/period/before/first_day", "date"),
            last=at("/period/before/last_day", "date"),
        ),
        page.say("drift.clear", n=at("/shown/clear", "integer"))
        if clear
        else page.say("drift.not_clear"),
    )
    _shifts(page)
    shares = [each for each in page.held("/shown/drift") if each["kind"] == "share"]
    numbers = [each for each in page.held("/shown/drift") if each["kind"] != "share"]
    page.lists["shown"] |= {"drift_shares": shares, "drift_numbers": numbers}
    columns: tuple[Col, ...] = (
        Col("/figure", "word:period_drift", "what"),
        Col("/now_count", "integer"),
        Col("/now_of", "integer"),
        Col("/before_count", "integer"),
        Col("/before_of", "integer"),
        Col("/change", "signed:3"),
        Col("/interval", "between:signed", "interval"),
    )
    note = page.say("drift.note")
    page.table("drift-shares", page.say("drift.shares"), "/shown/drift_shares", columns, note=note)
    columns = (
        Col("/figure", "word:period_drift", "what"),
        Col("/now", "figures"),
        Col("/before", "figures"),
        Col("/change", "figures"),
    )
    page.table("drift-numbers", page.say("drift.numbers"), "/shown/drift_numbers", columns)


def methods(page: Passages) -> None:
    """What each figure means."""
    counts = "/period/counts"
    page.heading("methods", "methods.heading")
    page.points(
        (
            page.say(
                "methods.period",
                first=at(f"{counts}/since", "moment"),
                last=at(f"{counts}/last_day", "date"),
                as_of=at(f"{counts}/as_of", "moment"),
                counted=at("/period/counted_at", "moment"),
            ),
            page.say("methods.interviews"),
            page.say("methods.decisions"),
            page.say("methods.mode"),
            page.say("methods.unknown"),
            page.say("methods.intervals", level=at("/shown/level", "percent:0")),
            page.say("methods.organisation"),
        )
    )
    page.notice("limit", "methods.about")


def _faults(page: Passages) -> Iterator[m.Inline]:
    where = "/period/counts/incidents/software_faults"
    if page.held(where):
        yield page.say("incidents.faults", n=at(where, "integer"))
    else:
        yield page.say("incidents.no_faults")


def _counted(page: Passages, key: str, members: Mapping[str, str]) -> m.Inline:
    """The text `key` with these counts; `KEY_none` where all of them are zero."""
    where = {name: f"{_KEPT}/{member}" for name, member in members.items()}
    if not any(page.held(pointer) for pointer in where.values()):
        return page.say(f"{key}_none")
    return page.say(key, **{name: at(pointer, "integer") for name, pointer in where.items()})


def _past_due(page: Passages) -> m.Inline:
    where = "/shown/shares/past_due"
    code = "past_some" if page.held(f"{where}/count") else "past_none"
    return filled(page, f"retention.{code}", share_refs(where))


def _ledger(page: Passages) -> Iterator[m.Inline]:
    held = page.held(_LEDGER)
    if held["root"] is None:
        yield page.say("retention.no_ledger")
    else:
        yield page.say(
            "retention.ledger",
            size=at(f"{_LEDGER}/size", "integer"),
            root=at(f"{_LEDGER}/root", "hash"),
            signed=at(f"{_LEDGER}/signed_at", "moment"),
            key=at(f"{_LEDGER}/key_id"),
            entries=at(f"{_LEDGER}/entries", "integer"),
        )
    yield from unknown(page, f"{_LEDGER}/waiting", "retention.waiting")
    if held["faults"] is None:
        yield page.say("retention.unverified")
    else:
        yield page.say(
            "retention.verified",
            n=at(f"{_LEDGER}/faults", "integer"),
            at=at(f"{_LEDGER}/verified_at", "moment"),
        )


def _shifts(page: Passages) -> None:
    if not page.held("/shown/shifts"):
        return
    page.draft.add(
        m.Chart(
            id="drift-chart",
            kind="intervals",
            title=page.say("drift.chart"),
            caption=page.say("drift.caption", level=at("/shown/level", "percent:0")),
            rows="/shown/shifts",
            label=page.column(Col("/figure", "word:period_drift", "what")),
            value=page.column(Col("/change", "signed:3")),
            low=page.column(Col("/low", "signed:3")),
            high=page.column(Col("/high", "signed:3")),
            lines=(m.Line(at="/shown/zero", label=page.say("drift.zero")),),
        )
    )
