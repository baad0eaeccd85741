"""The public summary of results of a bias audit under New York City's Local Law 144.

Everything that 6 RCNY 5-303 asks for and nothing that it rules out. Counts come from an audit;
what only a person can say (when the tool came into use, where the data are from) is recorded with
a name and a date. As long as something required is missing the document says so at its top.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from reports.compose.fairness_order import Order
from reports.compose.fairness_packs import answered_fields, asked, used
from reports.compose.fairness_sheet import Col, Place, Sheet, each
from reports.compose.ll144_results import Json, Tables, absent, features, public, results
from reports.document import model as m
from reports.document.draft import Draft, Filling, Issue, at
from reports.packs.answers import Answered, Recorded, answer
from reports.packs.model import Pack
from reports.packs.shelf import pack as pack_of

KIND: m.Kind = "ll144_summary"
_DATA_KINDS = ("ll144.data_kind", "ll144.data_kind.pooling")
_EXTRAS = ("ll144.extra.tool_version", "ll144.extra.auditor_name", "ll144.extra.rounding_rule")
_OPTIONAL = ("ll144.explanation_of_data.limits", *_EXTRAS)
"""Shown where they are recorded; the rules do not ask for them, or not always."""
_IN_TABLES = frozenset(
    f"ll144.{name}" for name in ("n_unknown", "n_applicants", "selection_rate", "impact_ratio")
) | {"ll144.excluded_categories"}
"""Fields of the pack that the tables of the summary answer."""


def compose(
    audit: Mapping[str, Any],
    recorded: Mapping[str, Recorded],
    issue: Issue,
    *,
    bases: tuple[str, ...] = (),
    language: m.Language = "en",
) -> m.Document:
    """The summary of one audit.

    Args:
        audit: audit.json as plain values.
        recorded: what persons recorded, by the field ids of the rule pack `ll144`.
        issue: who publishes it, and when.
        bases: the measures to take, as `ll144_results.results` has it.

    Raises:
        DataInvalid: sex or race/ethnicity is imputed, or a category of 2 % or more is left out.
    """
    audit = public(audit, results(audit, bases))
    sets = results(audit, bases)
    day = date.fromisoformat(issue.issued_at[:10])
    rules = pack_of("ll144", on=day)
    shown: Json = {"categories": absent(audit), "citation": rules.citation}
    draft = Draft(KIND, {"audit": audit, "shown": shown}, language)
    sheet = Sheet(draft, audit, Order(audit, ()), shown, area="ll144")
    answers = _answers(rules, audit, recorded, day)
    fields = answered_fields(sheet, answers)
    _ready_or_not(sheet, answers, fields, _lacking(audit, sets))
    _lead(sheet, sets, {a.field.id: a for a in answers})
    draft.add(m.Fields(id="about", title=sheet.say("about"), items=fields))
    _persons(sheet, sets)
    for n, one in enumerate(sets):
        _results(sheet, n, one)
    _excluded(sheet, sets)
    _method(sheet, sets)
    tool = "ll144.extra.tool_version"
    named = any(a.field.id == tool and a.how == "recorded" for a in answers)
    title: dict[str, Filling] = {"tool": at(f"/shown/pack/{tool}/value")} if named else {}
    return draft.finish(
        "ll144.title" if named else "ll144.title_bare",
        replace(issue, packs=(*issue.packs, used(rules))),
        citation=at("/shown/citation"),
        **title,
    )


def is_ready(document: m.Document) -> bool:
    """Whether the summary has all that it needs to be posted."""
    return not document.data["shown"].get("open")


def _answers(
    rules: Pack, audit: Mapping[str, Any], recorded: Mapping[str, Recorded], day: date
) -> list[Answered]:
    """The fields that the summary states beside its tables; optional ones where recorded."""
    made = asked({a.field.id: a for a in answer(rules, {"audit": audit}, recorded, day)})
    wanted = [field.id for field in rules.required(KIND) if field.id not in _IN_TABLES]
    wanted = [*wanted[:1], *_DATA_KINDS, *wanted[1:], *_EXTRAS]
    chosen = [made[name] for name in wanted if name in made]
    return [a for a in chosen if a.how == "recorded" or a.field.id not in _OPTIONAL]


def _lacking(audit: Mapping[str, Any], sets: list[Tables]) -> list[str]:
    """What the counts lack: codes of `ll144.lacking`."""
    known = features(audit)
    found = [f"no_{kind}" for kind in ("sex", "race_ethnicity") if kind not in known]
    if not sets:
        found.append("no_results")
    elif any(len(one.places) < 3 for one in sets):
        found.append("no_table")
    if any(row["withheld"] for table in audit["tables"] for row in table["rows"]):
        found.append("withheld")
    return found


def _ready_or_not(
    sheet: Sheet,
    answers: list[Answered],
    fields: tuple[m.PackField, ...],
    lacking: list[str],
) -> None:
    """Says at the top what is missing, if anything is."""
    open_ = [field for field in fields if field.answered == "open"]
    if not open_ and not lacking:
        return
    sheet.shown["open"] = [field.id for field in open_] + lacking
    sheet.draft.notice("attention", "ll144.not_ready")
    items = [sheet.say("open_field", title=f.title, why=f.open_reason) for f in open_]
    items += [sheet.say(f"lacking.{code}") for code in lacking]
    sheet.draft.add(m.Points(items=tuple(items)))


def _lead(sheet: Sheet, sets: list[Tables], answers: Mapping[str, Answered]) -> None:
    """When the audit was made, of which tool, in use since when, over how many persons."""
    said = []
    for name, way in (
        ("extra.tool_version", "text"),
        ("date_of_audit", "date"),
        ("extra.auditor_name", "text"),
        ("distribution_date", "date"),
    ):
        answered = answers.get(f"ll144.{name}")
        if answered is None or answered.how == "open":
            continue
        where = f"/shown/pack/ll144.{name}/value"
        where = answered.values[0].at if answered.how == "computed" else where
        said.append(sheet.say(f"lead.{name}", value=at(where, way)))
    if sets and sets[0].places:
        n = sets[0].places[-1][1]
        persons = {
            x: at(f"/audit/tables/{n}/{y}", "integer")
            for x, y in (("persons", "assessed"), ("unknown", "unknown_assessed"))
        }
        said.append(sheet.say("lead.persons", **persons))
    sheet.text(*said, lead=True)


_UNKNOWN = (
    Col("basis", "/basis", shown=False),
    Col("score", "/score", shown=False),
    Col("results", None, made=lambda row: _named(row)),
    Col("table", "/features", "names"),
    Col("assessed", "/assessed", "integer"),
    Col("unknown", "/unknown_assessed", "integer"),
)


def _named(row: Json) -> str:
    """The class or score that a set of results is about; empty for selection."""
    return str(row["score"] or str(row["basis"]).partition(":")[2])


def _persons(sheet: Sheet, sets: list[Tables]) -> None:
    """Whom the tables count and whom they leave out."""
    sheet.heading("data", "data.title")
    counts = {x: at(f"/audit/data/{x}", "integer") for x in ("persons", "decided")}
    sheet.text(sheet.say("data.counts", **counts))
    if sheet.audit["drift"]:
        last = len(sheet.audit["drift"][0]["periods"]) - 1
        ends = {"first": 0, "last": last}
        spots = {k: at(f"/audit/drift/0/periods/{v}") for k, v in ends.items()}
        sheet.text(sheet.say("data.periods", **spots))
    places = [Place(f"/audit/tables/{n}") for one in sets for _, n in one.places]
    if places:
        columns = [c for c in _UNKNOWN if c.name != "results" or len(sets) > 1]
        sheet.table("unknown", sheet.say("data.unknown"), places, columns)
    for code in ("lacking", "beyond"):
        if sheet.shown["categories"][code]:
            names = at(f"/shown/categories/{code}", "list")
            sheet.text(sheet.say(f"data.{code}", names=names))


def _ratio(row: Json) -> float | None:
    """The category with the highest rate has the ratio 1."""
    if row["standing"] == "reference":
        return 1.0 if row["selected"] else None
    found: float | None = row["compared"]
    return found


def _columns(basis: str) -> tuple[Col, ...]:
    scoring = basis == "scoring"
    return (
        Col("group", "/group", "names", "category"),
        Col("assessed", "/assessed", "integer"),
        Col("selected", "/selected", "integer", "above" if scoring else "selected"),
        Col("rate", "/rate/value", "percent", "scoring_rate" if scoring else "selection_rate"),
        Col("standing", "/standing", shown=False),
        Col("compared", "/comparison/ratio/value", shown=False),
        Col("ratio", None, "decimals", made=_ratio),
    )


def _results(sheet: Sheet, n: int, one: Tables) -> None:
    """The three tables of one set of results."""
    kind = one.basis.partition(":")[0]
    sheet.shown.setdefault("sets", {})[str(n)] = one.score or one.basis.partition(":")[2]
    name: dict[str, Any] = {} if kind == "selection" else {"name": at(f"/shown/sets/{n}")}
    sheet.heading(f"results-{n}", f"results.{kind}", **name)
    if one.places and kind == "scoring":
        _median(sheet, one.places[0][1])
    for by, place in one.places:
        where = f"/audit/tables/{place}"
        table = sheet.audit["tables"][place]
        if table["reference"] is None:
            sheet.text(sheet.say("results.no_reference"))
        title = sheet.say(f"results.{by}_{kind}", **name)
        rows = each(sheet, f"{where}/rows")
        sheet.table(f"results-{n}-{by}-table", title, rows, _columns(one.basis))
        sheet.text(*_left_out(sheet, where, table))


def _left_out(sheet: Sheet, where: str, table: Mapping[str, Any]) -> list[m.Inline]:
    said = []
    if table["unknown_assessed"] is not None:
        said.append(
            sheet.say("results.unknown", unknown=at(f"{where}/unknown_assessed", "integer"))
        )
    else:
        said.append(sheet.say("results.unknown_withheld"))
    if any(row["standing"] == "excluded" for row in table["rows"]):
        said.append(sheet.say("results.excluded"))
    return said


def _median(sheet: Sheet, n: int) -> None:
    median = sheet.audit["tables"][n]["median"]
    if median is None or median["value"] is None:
        return
    where = f"/audit/tables/{n}/median"
    sheet.text(
        sheet.say(
            f"results.median_{median['over']}",
            value=at(f"{where}/value", "figures"),
            persons=at(f"{where}/persons", "integer"),
            tied=at(f"{where}/tied", "integer"),
            share=at(f"{where}/tie_share", "percent"),
        )
    )


_LEFT_OUT = (
    Col("group", "/group", "names", "category"),
    Col("table", "../../features", "names"),
    Col("assessed", "/assessed", "integer"),
    Col("share", "/share", "percent"),
    Col("rate", "/rate/value", "percent"),
)


def _excluded(sheet: Sheet, sets: list[Tables]) -> None:
    """Categories without a ratio: their persons, their rate, and why."""
    places = [
        row
        for one in sets
        for _, n in one.places
        for row in each(sheet, f"/audit/tables/{n}/rows")
        if sheet.held(row.at)["standing"] == "excluded"
    ]
    if not places:
        return
    sheet.heading("excluded", "excluded.title")
    why = "/audit/settings/exclude_justification"
    if sheet.held(why):
        sheet.text(sheet.say("excluded.why", why=at(why)))
    sheet.table("excluded-categories", sheet.say("excluded.table"), places, _LEFT_OUT)


def _method(sheet: Sheet, sets: list[Tables]) -> None:
    """How the figures were computed and rounded, and by what."""
    sheet.heading("method", "method.title")
    scoring = any(one.basis == "scoring" for one in sets)
    keys = ["scoring" if scoring else "selection", "ratio", "rounding"]
    if sheet.audit["settings"]["exclude_under_share"]:
        keys.insert(2, "exclusion")
    items = [sheet.say(f"method.{key}") for key in keys]
    items.append(
        sheet.say(
            "method.software",
            version=at("/audit/software/version"),
            sha=at("/audit/run/content_sha256", "digest"),
        )
    )
    sheet.draft.add(m.Points(items=tuple(items)))
    sheet.draft.notice("information", "ll144.meaning")
