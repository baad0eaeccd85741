"""The system, its decisions, what candidates were told, bias audits, notices and consents."""

from __future__ import annotations

from collections.abc import Iterator

from reports.compose.governance_said import (
    filled,
    intervals,
    share,
    share_columns,
    share_refs,
    unknown,
)
from reports.compose.passages import Col, Passages
from reports.document import model as m
from reports.document.draft import Ref, at

_REGISTERED = "/period/system"
_COUNTS = "/period/counts"


def system(page: Passages) -> None:
    """What is registered, and what follows from it."""
    page.heading("system", "system.heading")
    page.text(*_registered(page))
    if page.held(f"{_REGISTERED}/retention"):
        columns: tuple[Col, ...] = (
            Col("/artefact", "word:period_artefact"),
            Col("/days", "integer"),
        )
        title = page.say("system.retention")
        page.table("retention-days", title, f"{_REGISTERED}/retention", columns)
    else:
        page.text(page.say("system.retention_none"))
    page.heading("follows", "follows.heading")
    page.text(page.say("follows.text", **_mode_and_role()))
    columns = (
        Col("/citation", "text"),
        Col("/id", "word:period_duty", "what"),
        Col("/read", "word:period_read"),
        Col("/standing", "word:period_standing"),
        Col("/since", "date"),
        Col("/section", "word:period_section"),
    )
    if page.held("/shown/risks"):
        page.table("risks", page.say("follows.risks"), "/shown/risks", columns)
    if page.held("/shown/duties"):
        note = page.say("follows.note")
        page.table("duties", page.say("follows.duties"), "/shown/duties", columns, note=note)
    else:
        page.text(page.say("follows.no_duties"))


def interviews(page: Passages) -> None:
    """Interviews by mode and stage."""
    where = f"{_COUNTS}/interviews"
    page.heading("interviews", "interviews.heading")
    if not page.held(f"{where}/total"):
        page.text(page.say("interviews.none"))
        return
    page.text(
        page.say(
            "interviews.size",
            total=at(f"{where}/total", "integer"),
            candidates=at(f"{where}/candidates", "integer"),
            alternatives=at(f"{where}/human_alternatives", "integer"),
            persons=at(f"{_COUNTS}/persons", "integer"),
        ),
        filled(page, "interviews.checked", share_refs("/shown/shares/checked")),
        share(page, "/shown/shares/coached", "interviews.coached"),
        *unknown(page, "/shown/shares/coached/unknown", "interviews.coached_unknown"),
    )
    columns: tuple[Col, ...] = (
        Col("/code", "word:period_mode_name", "mode"),
        *share_columns()[:3],
    )
    page.table("interview-modes", page.say("interviews.modes"), "/shown/led", columns)
    columns = (Col("/stage", "text", "", "interviews.not_recorded"), *share_columns()[:3])
    page.table("stages", page.say("interviews.stages"), "/shown/stages", columns)


def decisions(page: Passages) -> None:
    """Whether decisions were autonomous, by counted events; overrides; withdrawals."""
    where = f"{_COUNTS}/decisions"
    page.heading("decisions", "decisions.heading")
    page.heading("autonomous", "decisions.autonomous", level=3)
    page.text(
        page.say("decisions.role", role=at(f"{_REGISTERED}/decision_role", "word:period_role")),
        _autonomous(page),
        *_person(page),
    )
    page.text(page.say("decisions.definition"))
    _modes(page)
    page.text(
        share(page, "/shown/shares/rejected", "decisions.rejected"),
        *unknown(page, f"{where}/superseded", "decisions.superseded"),
    )
    if page.held(f"{where}/outcomes"):
        page.draft.add(
            m.Chart(
                id="outcomes",
                kind="bars",
                title=page.say("decisions.classes_chart"),
                caption=page.say(
                    "decisions.classes_caption", outcomes=at(f"{where}/outcomes", "integer")
                ),
                rows="/shown/classes",
                label=page.column(Col("/code", "word:period_outcome", "outcome")),
                value=page.column(Col("/count", "integer")),
            )
        )
    page.heading("overrides", "decisions.overrides", level=3)
    overridden = "/shown/shares/overridden"
    page.text(
        share(page, overridden, "decisions.override"),
        *unknown(page, f"{overridden}/unknown", "decisions.override_unknown"),
        *_moved_up(page),
    )
    page.text(share(page, "/shown/shares/withdrawn", "decisions.withdrawn"))


def transparency(page: Passages) -> None:
    """What candidates were told about scores and results."""
    page.heading("transparency", "transparency.heading")
    page.text(*_told(page))
    page.text(*_explained(page))
    page.text(*_disclosed(page))


def audits(page: Passages) -> None:
    """Bias audits, their age and results, and events by group."""
    page.heading("audits", "audits.heading")
    page.text(*_made(page))
    page.points(_clocks(page))
    if page.held("/shown/findings"):
        columns: tuple[Col, ...] = (
            Col("/name"),
            Col("/finished_at", "date", "finished"),
            Col("/comparisons", "integer"),
            Col("/adverse", "integer"),
            Col("/small_numbers", "integer"),
            Col("/significant_above_four_fifths", "integer", "significant"),
            Col("/undetectable", "integer"),
            Col("/no_indication", "integer"),
        )
        note = page.say("audits.results_note")
        page.table("findings", page.say("audits.results"), "/shown/findings", columns, note=note)
    _groups(page)


def coverage(page: Passages) -> None:
    """Notices and consents: needed, in time, missing."""
    page.heading("notices", "coverage.heading")
    page.text(
        share(page, "/shown/shares/notices", "coverage.notices"),
        *unknown(page, f"{_COUNTS}/notices/covered/unknown", "coverage.notices_unknown"),
    )
    if page.held("/shown/notices"):
        label = Col("/title", "text", "rule")
        intervals(
            page, "notices-chart", "/shown/notices", label, key="coverage.notices", prefix="/share"
        )
        columns: tuple[Col, ...] = (
            Col("/title", "text", "rule"),
            Col("/jurisdiction", "text", "place"),
            Col("/citation"),
            *(Col(f"/{name}", "integer") for name in _JUDGED),
        )
        page.table("notices-needed", page.say("coverage.notices"), "/shown/notices", columns)
    given = "/shown/notices_given"
    if page.held(given):
        columns = (
            Col("/notice"),
            Col("/jurisdiction", "text", "place"),
            Col("/given", "integer"),
            Col("/in_time/count", "integer", "in_time"),
            Col("/in_time/of", "integer", "judged"),
        )
        page.table("notices-given", page.say("coverage.notices_given"), given, columns)
    page.heading("consents", "coverage.consents", level=3)
    if not page.held("/shown/consents"):
        page.text(page.say("coverage.consents_none"))
        return
    page.text(page.say("coverage.consents_text"))
    columns = (
        Col("/purpose", "word:period_purpose"),
        *share_columns(count="covered", of="needed"),
        Col("/unknown", "integer"),
        Col("/given", "integer"),
        Col("/withdrawn", "integer"),
    )
    page.table("consents-needed", page.say("coverage.consents"), "/shown/consents", columns)


_JUDGED = ("needed", "in_time", "late", "undated", "missing")


def _mode_and_role() -> dict[str, Ref]:
    return {
        "mode": at(f"{_REGISTERED}/mode", "word:period_mode"),
        "role": at(f"{_REGISTERED}/decision_role", "word:period_role"),
    }


def _registered(page: Passages) -> Iterator[m.Inline]:
    held = page.held(_REGISTERED)
    yield page.say(
        "system.text",
        name=at(f"{_REGISTERED}/name"),
        vendor=at(f"{_REGISTERED}/vendor"),
        version=at(f"{_REGISTERED}/system_version"),
        **_mode_and_role(),
    )
    for member, name, show in (
        ("jurisdictions", "places", "list"),
        ("data_types", "data", "list"),
        ("notice_url", "notice", "text"),
    ):
        ref = at(f"{_REGISTERED}/{member}", show)
        refs = {"places": ref, "types": ref, "url": ref}
        yield filled(page, f"system.{name if held[member] else f'no_{name}'}", refs)
    yield page.say("system.changed", changed=at(f"{_REGISTERED}/changed_at", "date"))
    if held["retired_at"]:
        yield page.say("system.retired", retired=at(f"{_REGISTERED}/retired_at", "date"))


def _autonomous(page: Passages) -> m.Inline:
    where = "/shown/shares/without_review"
    held = page.held(where)
    if not held["of"]:
        return page.say("decisions.no_final")
    code = {0: "none", held["of"]: "all"}.get(held["count"], "some")
    return filled(page, f"decisions.{code}", share_refs(where))


def _person(page: Passages) -> Iterator[m.Inline]:
    where = "/shown/shares/person_recorded"
    if page.held(f"{where}/of"):
        yield filled(page, "decisions.person", share_refs(where))


def _moved_up(page: Passages) -> Iterator[m.Inline]:
    where = "/shown/shares/overridden_up"
    if page.held(f"{where}/of"):
        yield filled(page, "decisions.override_up", share_refs(where))


def _modes(page: Passages) -> None:
    rows = page.held("/shown/modes")
    if not rows:
        return
    label = Col("/mode", "word:period_mode_name")
    if sum(bool(row["without_review"]["of"]) for row in rows) > 1:
        intervals(
            page,
            "modes-chart",
            "/shown/modes",
            label,
            key="decisions.modes",
            prefix="/without_review",
        )
    columns: tuple[Col, ...] = (
        label,
        Col("/decisions", "integer"),
        Col("/person/count", "integer", "person"),
        Col("/overridden/count", "integer", "overridden"),
        Col("/overridden/of", "integer", "override_known"),
        Col("/without_review/count", "integer", "without_review"),
        Col("/without_review/of", "integer", "final"),
        Col("/without_review/interval", "between:percent", "interval"),
    )
    page.table("modes", page.say("decisions.by_mode"), "/shown/modes", columns)


def _told(page: Passages) -> Iterator[m.Inline]:
    yield share(page, "/shown/shares/told", "transparency.told")
    if page.held("/shown/shares/with_scores/of"):
        yield filled(page, "transparency.scored", share_refs("/shown/shares/with_scores"))


def _explained(page: Passages) -> Iterator[m.Inline]:
    for name, key in (("explanations", "explanations"), ("access", "access")):
        where = f"/shown/shares/{name}"
        none = not page.held(f"{where}/of")
        yield filled(page, f"transparency.{key}{'_none' if none else ''}", share_refs(where))
        if name == "explanations" and page.held("/shown/shares/explanations_given/of"):
            refs = share_refs("/shown/shares/explanations_given")
            yield filled(page, "transparency.given", refs)


def _disclosed(page: Passages) -> Iterator[m.Inline]:
    where = "/shown/shares/disclosures"
    none = not page.held(f"{where}/of")
    yield filled(page, f"transparency.disclosures{'_none' if none else ''}", share_refs(where))
    due = page.held("/shown/disclosure_due")
    yield page.say(f"transparency.disclosures_{'law' if due else 'no_law'}")


def _made(page: Passages) -> Iterator[m.Inline]:
    held = page.held("/period/audits")
    if held["last"] is None:
        yield page.say("audits.none")
    else:
        page.lists["shown"]["audits_made"] = len(held["made"])
        refs = {
            "n": at("/shown/audits_made", "integer"),
            "age": at("/period/audits/last_age_days", "integer"),
            "name": at("/period/audits/last/name"),
        }
        if held["made"]:
            yield filled(page, "audits.made", refs)
        yield filled(page, "audits.age" if held["made"] else "audits.none_made", refs)
    yield from unknown(page, "/period/audits/failed", "audits.failed")
    if not held["clocks"]:
        yield page.say("audits.no_clock")


def _clocks(page: Passages) -> Iterator[m.Inline]:
    for n, clock in enumerate(page.held("/period/audits/clocks")):
        where = f"/period/audits/clocks/{n}"
        refs = {
            "citation": at(f"{where}/citation"),
            "jurisdiction": at(f"{where}/jurisdiction"),
            "due_on": at(f"{where}/due_on", "date"),
            "days": at(f"{where}/days_left", "integer"),
        }
        code = "over" if clock["overdue"] else "runs"
        yield filled(page, f"audits.clock_{code if clock['due_on'] else 'none'}", refs)


def _groups(page: Passages) -> None:
    page.heading("groups", "audits.groups", level=3)
    read = page.held("/period/group_events/audits_read")
    unread = read["of"] - read["count"]
    page.lists["shown"]["audits_unread"] = unread
    page.text(
        page.say("audits.groups_text"),
        *unknown(page, "/shown/audits_unread", "audits.groups_unread"),
        *([] if page.held("/shown/events") else [page.say("audits.groups_none")]),
    )
    if not page.held("/shown/events"):
        return
    flagged = [row for row in page.held("/shown/events") if row["kind"] == "flagged" and row["of"]]
    page.lists["shown"]["flagged"] = flagged
    label = Col("/group")
    intervals(page, "flagged-chart", "/shown/flagged", label, key="audits.groups")
    columns: tuple[Col, ...] = (
        Col("/event"),
        Col("/group"),
        Col("/count", "integer", "", "withheld"),
        Col("/of", "integer", "", "withheld"),
        Col("/value", "percent", "share"),
        Col("/interval", "between:percent", "interval"),
        Col("/ratio", "ratio:2"),
        Col("/finding", "word:period_finding", "", "reference"),
    )
    note = page.say("audits.groups_note")
    page.table(
        "events", page.say("audits.groups_table"), "/shown/events", columns, head=2, note=note
    )
    columns = (
        Col("/event"),
        Col("/features", "names"),
        Col("/persons", "integer"),
        Col("/happened", "integer"),
        Col("/unknown_persons", "integer"),
        Col("/unknown_happened", "integer"),
    )
    page.table("event-tables", page.say("audits.tables"), "/shown/event_tables", columns, head=2)
