"""The adverse-impact record of the Uniform Guidelines (29 CFR 1607.4 and 1607.15) as a document.

The groups of 1607.4B by sex and by race or ethnicity, without intersections; the total process
first, then each of its components where it shows a difference (1607.4C); what only persons can say
is recorded with a name and a date, or open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from fairness.published_categories import race_of
from reports.compose.fairness_findings import ratios, sure, told
from reports.compose.fairness_order import LOUD, Order
from reports.compose.fairness_packs import answered_fields, asked, used
from reports.compose.fairness_sheet import Col, Json, Sheet, each, estimate
from reports.compose.fairness_tables import LABEL, STANDING, chance, table_intro, within
from reports.document import model as m
from reports.document.draft import Draft, Issue, at
from reports.packs.answers import Answered, Recorded, answer
from reports.packs.shelf import pack as pack_of

KIND: m.Kind = "adverse_impact_record"
_KINDS = ("sex", "race_ethnicity")
IN_TABLES = frozenset(
    f"ugesp.{name}"
    for name in (
        *("groups", "bottom_line", "components", "four_fifths", "significance", "differences"),
        *("small.applicants", "two_percent", "too_few", "study.impact"),
        *("record.group", "record.n_applied", "record.n_selected", "record.rate", "record.ir"),
        *("record.referent", "record.z", "record.exact_p", "record.mid_p", "record.ci"),
        *("record.shortfall", "record.one_person", "record.finding", "record.stage"),
    )
)
"""Fields of the pack that the tables of the record answer."""
_APART = {"Asian", "Native Hawaiian or Pacific Islander"}
"""Categories of the EEO-1 form that 1607.4B counts as one group."""

_COUNTS = (
    Col("group", "/group", "names"),
    *STANDING,
    Col("assessed", "/assessed", "integer", "applied"),
    Col("selected", "/selected", "integer"),
    *estimate("rate", "/rate", "percent"),
    *estimate("ratio", "/comparison/ratio"),
)
_TESTS = (
    Col("group", "/group", "names"),
    Col("share", "/share", "percent"),
    Col("below", "/comparison/below_four_fifths", "yes_no"),
    Col("z", "/comparison/significance/pooled_z/z", "signed:2"),
    Col("fisher", "/comparison/significance/fisher", "p"),
    Col("mid_p", "/comparison/significance/mid_p/doubled", "p"),
    Col("shortfall", "/comparison/shortfall_to_pooled_rate/value", "decimals:1"),
    Col("reversed", "/comparison/reversed_by_one", "yes_no"),
)
_REASONS = (
    Col("group", "/group", "names"),
    Col("power", "/comparison/power/at_four_fifths", "percent"),
    Col("reason", "/reason"),
)


def compose(
    audit: Mapping[str, Any],
    recorded: Mapping[str, Recorded],
    issue: Issue,
    *,
    language: m.Language = "en",
) -> m.Document:
    """The record of one audit.

    Args:
        audit: audit.json as plain values; it stands whole under `/audit`.
        recorded: what persons recorded, by the field ids of the rule pack `ugesp`.
        issue: who keeps it, and when it was made.
    """
    shown: Json = {}
    draft = Draft(KIND, {"audit": audit, "shown": shown}, language)
    sheet = Sheet(draft, audit, Order.of(audit), shown)
    day = date.fromisoformat(issue.issued_at[:10])
    rules = pack_of("ugesp", on=day)
    shown["citation"] = rules.citation
    answers = asked({a.field.id: a for a in answer(rules, {"audit": audit}, recorded, day)})
    totals = _tables(audit, "selection")
    loud = _loud(audit, totals)
    _lead(sheet, totals, loud)
    own = [f.id for f in rules.required(KIND) if f.id not in IN_TABLES]
    _fields(sheet, "record", [answers[name] for name in own if name in answers])
    _groups(sheet)
    _bottom_line(sheet, totals)
    _jobs(sheet)
    _components(sheet, bool(loud))
    sections = {section.id: section for section in rules.sections}
    for name in ("impact", "records"):
        fields = [f.id for f in sections[name].fields if f.id not in IN_TABLES]
        _fields(sheet, name, [answers[x] for x in fields if x in answers and x not in own])
    if loud:
        fields = [f.id for f in sections["validity"].fields if f.id not in IN_TABLES]
        _fields(sheet, "validity", [answers[x] for x in fields if x in answers])
    else:
        _say_heading(sheet, "validity")
        sheet.text(draft.say("adverse_impact.validity.not_asked"))
    _method(sheet)
    name = "/audit/spec/title" if audit["spec"]["title"] else "/audit/data/label"
    return draft.finish(
        "adverse_impact.title",
        replace(issue, packs=(*issue.packs, used(rules))),
        name=at(name),
        citation=at("/shown/citation"),
    )


def _tables(audit: Mapping[str, Any], basis: str) -> list[int]:
    """Positions of the tables of one measure by sex and by race or ethnicity."""
    named = {f["name"] for f in audit["features"] if f["kind"] in _KINDS}
    return [
        n
        for n, table in enumerate(audit["tables"])
        if str(table["basis"]).partition(":")[0] == basis
        and len(table["features"]) == 1
        and table["features"][0] in named
    ]


def _loud(audit: Mapping[str, Any], tables: Iterable[int]) -> list[int]:
    """Findings of these tables that a reader has to see, the most telling first."""
    kept = set(tables)
    return [
        n
        for n in Order.of(audit).findings
        if (f := audit["findings"][n])["part"] == "tables"
        and f["table"] in kept
        and f["finding"] in LOUD
    ]


def _say_heading(sheet: Sheet, name: str) -> None:
    text = sheet.draft.say(f"adverse_impact.{name}.title")
    sheet.draft.add(m.Heading(id=name, level=2, text=text))


def _lead(sheet: Sheet, totals: list[int], loud: list[int]) -> None:
    """The answer at the bottom line."""
    if loud:
        sheet.text(told(sheet, loud[0]), *sure(sheet, loud[0]), lead=True)
        found = [sheet.audit["findings"][n] for n in loud]
        below = [f for f in found if f["below_four_fifths"]]
        names = list(dict.fromkeys(" × ".join(f["group"]) for f in (below or found)))
        sheet.shown["concerned"] = names
        key = "below" if below else "above"
        names_at = at("/shown/concerned", "list")
        sheet.text(sheet.draft.say(f"adverse_impact.lead.{key}", names=names_at))
    else:
        key = "none" if totals else "no_table"
        sheet.text(sheet.draft.say(f"adverse_impact.lead.{key}"), lead=True)
    sheet.draft.notice("limit", "fairness.no_conclusion")


def _fields(sheet: Sheet, name: str, answers: Iterable[Answered]) -> None:
    items = answered_fields(sheet, answers)
    if items:
        _say_heading(sheet, name)
        title = sheet.draft.say(f"adverse_impact.{name}.fields")
        sheet.draft.add(m.Fields(id=f"fields-{name}", title=title, items=items))


def _groups(sheet: Sheet) -> None:
    """Which groups the record has, and where they are finer than those of 1607.4B."""
    _say_heading(sheet, "groups")
    levels = [
        place
        for feature in each(sheet, "/audit/features")
        if sheet.audit["features"][feature.n]["kind"] in _KINDS
        for place in each(sheet, f"{feature.at}/levels")
    ]
    columns = (
        Col("feature", "../../name"),
        Col("group", "/name"),
        Col("persons", "/persons", "integer"),
    )
    title = sheet.draft.say("adverse_impact.groups.table")
    sheet.table("groups-levels", title, levels, columns, head=2)
    named = {race_of(sheet.held(place.at)["name"]) for place in levels}
    if named >= _APART:
        sheet.text(sheet.draft.say("adverse_impact.groups.apart"))


def _bottom_line(sheet: Sheet, totals: list[int]) -> None:
    _say_heading(sheet, "bottom_line")
    if not totals:
        sheet.text(sheet.draft.say("adverse_impact.lead.no_table"))
    for n in totals:
        _table(sheet, n)


def _table(sheet: Sheet, n: int) -> None:
    """One table: its totals, its ratios, its tests."""
    where = f"/audit/tables/{n}"
    title = {"title": at(f"{where}/title")}
    sheet.heading(f"table-{n}", "tables.one", level=3, **title)
    sheet.text(*table_intro(sheet, n))
    places = each(sheet, f"{where}/rows")
    rows = sheet.audit["tables"][n]["rows"]
    compared = [p for p in places if rows[p.n]["comparison"]]
    drawn = [p for p in compared if rows[p.n]["comparison"]["ratio"]["value"]]
    if drawn:
        named = sheet.say("chart.ratios.title", **title)
        ratios(sheet, f"table-{n}-chart", drawn, (*_COUNTS, LABEL), named)
    sheet.table(f"table-{n}-counts", sheet.say("tables.rates", **title), places, _COUNTS)
    if compared:
        sheet.table(f"table-{n}-tests", sheet.say("tables.tests", **title), compared, _TESTS)
        named = sheet.draft.say("adverse_impact.reasons", **title)
        sheet.table(f"table-{n}-reasons", named, compared, _REASONS)
    sheet.notes(f"{where}/notes")


def _jobs(sheet: Sheet) -> None:
    """Each job by itself, where the audit knows jobs."""
    _say_heading(sheet, "jobs")
    named = {f["name"] for f in sheet.audit["features"] if f["kind"] in _KINDS}
    entries = sheet.audit["conditional"]
    places = [
        place
        for place in each(sheet, "/audit/conditional")
        if "job" in entries[place.n]["by"]
        and set(entries[place.n]["features"]) <= named
        and len(entries[place.n]["features"]) == 1
        and entries[place.n]["within"]
    ]
    if not places:
        sheet.text(sheet.draft.say("adverse_impact.jobs.none"))
        return
    sheet.text(sheet.draft.say("adverse_impact.jobs.intro"))
    for place in places:
        within(sheet, place)
        sheet.text(chance(sheet, f"{place.at}/test/breslow_day", "one_ratio"))


def _components(sheet: Sheet, asked: bool) -> None:
    """The stages of the process, where the bottom line asks for them."""
    _say_heading(sheet, "components")
    tables = _tables(sheet.audit, "stage")
    if not tables:
        sheet.text(sheet.draft.say("adverse_impact.components.none"))
    elif not asked:
        sheet.text(sheet.draft.say("adverse_impact.components.not_asked"))
    else:
        sheet.text(sheet.draft.say("adverse_impact.components.intro"))
        for n in tables:
            _table(sheet, n)


def _method(sheet: Sheet) -> None:
    _say_heading(sheet, "method")
    items = [sheet.draft.say(f"adverse_impact.method.{key}") for key in ("rule", "tests")]
    items.append(
        sheet.draft.say(
            "adverse_impact.method.settings",
            level=at("/audit/settings/level", "percent:0"),
            alpha=at("/audit/settings/alpha", "decimals:2"),
            sha=at("/audit/run/content_sha256", "digest"),
        )
    )
    sheet.draft.add(m.Points(items=tuple(items)))
