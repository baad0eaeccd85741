"""Questions, validity, interviews, the people in the loop, and alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.compose.fairness_sheet import (
    MOST_MARKS,
    MOST_PARTS,
    Col,
    Json,
    Place,
    Sheet,
    chi_square,
    each,
    estimate,
    number,
    share_of,
)
from reports.compose.fairness_tables import chance, intervals, standing
from reports.document import model as m
from reports.document.draft import at
from reports.document.pointers import join

_MOST_ALTERNATIVES = 12
_MOST_REGRESSIONS = 4
_GROUP = Col("group", "/group", "names")

_ITEMS = (
    Col("question", "/item"),
    Col("kind", "/kind", shown=False),
    Col("label", None, made=lambda row: row["question"], shown=False),
    *chi_square("chi", "/test", "chi"),
    Col("holm", "/holm", "p"),
    *estimate("delta", "/delta", "signed"),
    *estimate("standardized", "/standardized", "signed"),
    Col("size", "/ets_class", "text", "ets"),
    Col("against", "/against", "names"),
)
_REGRESSED = (
    Col("question", "/item"),
    *chi_square("uniform", "/uniform/test", "uniform"),
    *chi_square("nonuniform", "/nonuniform/test", "nonuniform"),
    Col("gained", "/both/delta_r2", "decimals"),
    Col("size", "/both/jodoin_gierl", "text", "jodoin"),
    Col("flagged", "/flagged", "yes_no"),
)


def questions(sheet: Sheet) -> None:
    """Questions that work differently for persons with the same matching score."""
    sheet.heading("questions", "questions.title")
    shown = sheet.order.parts("dif", MOST_PARTS)
    sheet.text(sheet.say("questions.intro" if shown else "questions.none"))
    for n in shown:
        _questions(sheet, n)
    for n in sheet.order.parts("logistic_dif", _MOST_REGRESSIONS):
        where = f"/audit/logistic_dif/{n}"
        title = sheet.say("questions.regression", **_pair(where))
        sheet.table(f"regression-{n}", title, each(sheet, f"{where}/items"), _REGRESSED)
        sheet.notes(f"{where}/notes")
    sheet.more("questions", "dif", MOST_PARTS)


def _pair(where: str) -> dict[str, Any]:
    return {
        "group": at(f"{where}/focal", "names"),
        "reference": at(f"{where}/reference", "names"),
    }


def _questions(sheet: Sheet, n: int) -> None:
    entry = sheet.audit["dif"][n]
    where = f"/audit/dif/{n}"
    sheet.heading(f"questions-{n}", "questions.one", level=3, **_pair(where))
    if entry["flagged"]:
        sheet.text(sheet.say("questions.flagged", names=at(f"{where}/flagged", "list")))
    else:
        sheet.text(sheet.say("questions.not_flagged"))
    if entry["purification"] and entry["purification"]["rounds"]:
        rounds = at(f"{where}/purification/rounds", "integer")
        sheet.text(sheet.say("questions.purified", rounds=rounds))
    for kind, member in (("dichotomous", "delta"), ("polytomous", "standardized")):
        drawn = [
            p
            for p in each(sheet, f"{where}/items")
            if entry["items"][p.n]["kind"] == kind and entry["items"][p.n][member]["value"]
        ][:MOST_MARKS]
        if drawn:
            name = f"questions-{n}-{kind}"
            rows = sheet.rows(name, drawn, _ITEMS)
            title = sheet.say(f"chart.{kind}.title", **_pair(where))
            intervals(sheet, title, rows, member, key=kind, show="signed")
    title = sheet.say("questions.items", **_pair(where))
    sheet.table(f"questions-{n}-items", title, each(sheet, f"{where}/items"), _ITEMS)
    sheet.notes(f"{where}/notes")


_LINES = (
    _GROUP,
    Col("persons", "/persons", "integer"),
    *estimate("correlation", "/correlation", "signed"),
    Col("corrected", "/corrected/value", "signed"),
    Col("slope", "/slope/value", "figures"),
    Col("intercept", "/intercept/value", "figures"),
)
_ERRORS = (
    _GROUP,
    *estimate("error", "/error_common", "signed"),
    Col("error_reference", "/error_reference/value", "signed"),
)
_BY_BIN = (
    _GROUP,
    Col("bin", "/name"),
    Col("mean_score", "/mean_score", "figures"),
    *share_of("observed", "/observed", "good", "labelled"),
)
_EQUAL_SCORES = (
    _GROUP,
    *estimate("standardized_difference", "/against_reference/standardized_difference", "signed"),
    *chi_square("cmh", "/against_reference/test/cmh", "cmh"),
    *estimate("calibration_error", "/expected_error", "decimals"),
)


def validity(sheet: Sheet) -> None:
    """Scores and decisions against later performance."""
    sheet.heading("validity", "validity.title")
    parts = ("validity", "accuracy", "calibration", "validity_gain")
    if not any(sheet.audit[part] for part in parts):
        sheet.text(sheet.say("validity.none"))
    for n, _ in enumerate(sheet.audit["validity_gain"][:MOST_PARTS]):
        _gain(sheet, n)
    for n in sheet.order.parts("validity", MOST_PARTS):
        _validity(sheet, n)
    for n in sheet.order.parts("accuracy", MOST_PARTS):
        _accuracy(sheet, n)
    for n in sheet.order.parts("calibration", MOST_PARTS):
        _calibration(sheet, n)
    sheet.more("validity", "validity", MOST_PARTS)


def _gain(sheet: Sheet, n: int) -> None:
    where = f"/audit/validity_gain/{n}"
    names = {"tool": at(f"{where}/tool_label"), "earlier": at(f"{where}/earlier_label")}
    sheet.heading(f"gain-{n}", "validity.gain", level=3, **names)
    sheet.text(sheet.say("as_said", text=at(f"{where}/words")))
    columns = (
        *estimate("tool", "/tool", "signed"),
        *estimate("earlier", "/earlier", "signed"),
        *estimate("gap", "/difference", "signed"),
        Col("p", "/p_value", "p"),
        Col("detectable_difference", "/detectable", "decimals"),
        Col("days", "/days_saved", "figures"),
    )
    title = sheet.say("validity.gained", **names)
    sheet.table(f"gain-{n}-figures", title, [Place(where, n)], columns, head=0)
    sheet.notes(f"{where}/notes")


def _of_score(sheet: Sheet, part: str, n: int, key: str) -> dict[str, Any]:
    names = {
        "score": at(f"/audit/{part}/{n}/score"),
        "features": at(f"/audit/{part}/{n}/features", "names"),
    }
    sheet.heading(f"{part}-{n}", key, level=3, **names)
    return names


def _validity(sheet: Sheet, n: int) -> None:
    where = f"/audit/validity/{n}"
    names = _of_score(sheet, "validity", n, "validity.one")
    sheet.text(sheet.say("as_said", text=at(f"{where}/words")))
    overall = sheet.audit["validity"][n]["overall"]
    if overall["correlation"]["value"] is not None:
        sheet.text(
            sheet.say(
                "validity.overall",
                persons=at(f"{where}/overall/persons", "integer"),
                correlation=at(f"{where}/overall/correlation/value", "signed"),
            )
        )
    title = sheet.say("validity.lines", **names)
    sheet.table(f"validity-{n}-groups", title, each(sheet, f"{where}/groups"), _LINES)
    title = sheet.say("validity.errors", **names)
    sheet.table(f"validity-{n}-errors", title, each(sheet, f"{where}/groups"), _ERRORS)
    tests = [t for t in ("one_line", "slopes", "intercepts") if sheet.held(f"{where}/{t}")]
    sheet.text(
        *(
            sheet.say(
                f"validity.{test}",
                f=at(f"{where}/{test}/statistic", "figures"),
                above=at(f"{where}/{test}/df1", "integer"),
                below=at(f"{where}/{test}/df2", "integer"),
                p=at(f"{where}/{test}/p_value", "p"),
            )
            for test in tests
        )
    )
    sheet.notes(f"{where}/notes")


_MEASURES = ("selection_rate", "base_rate", "accuracy")
_MORE_MEASURES = ("true_positive_rate", "false_positive_rate", "positive_predictive_value")


def _accuracy(sheet: Sheet, n: int) -> None:
    where = f"/audit/accuracy/{n}"
    features = {"features": at(f"{where}/features", "names")}
    sheet.heading(f"accuracy-{n}", "accuracy.one", level=3, **features)
    groups = each(sheet, f"{where}/groups")
    if groups:
        held = sheet.held(groups[0].at)["measures"]
        for k, names in enumerate((_MEASURES, _MORE_MEASURES)):
            columns = [_GROUP, *number("labelled", "/labelled")]
            for name in (x for x in names if x in held):
                columns += estimate(name, f"/measures/{name}", "percent")
            title = sheet.say("accuracy.rates", **features)
            sheet.table(f"accuracy-{n}-rates-{k}", title, groups, columns)
    for name in ("equalized_odds", "equal_opportunity"):
        difference, ratio = f"{where}/{name}_difference/value", f"{where}/{name}_ratio/value"
        figures = {"difference": at(difference, "decimals"), "ratio": at(ratio, "ratio")}
        sheet.text(sheet.say(f"accuracy.{name}", **figures))
    sheet.notes(f"{where}/notes")


def _calibration(sheet: Sheet, n: int) -> None:
    where = f"/audit/calibration/{n}"
    names = _of_score(sheet, "calibration", n, "calibration.one")
    groups = each(sheet, f"{where}/groups")
    title = sheet.say("calibration.equal", **names)
    sheet.table(f"calibration-{n}-groups", title, groups, _EQUAL_SCORES)
    bins = [Place(b.at, b.n) for g in groups[:MOST_PARTS] for b in each(sheet, f"{g.at}/bins")]
    if bins:
        columns = (Col("group", "../../group", "names"), *_BY_BIN[1:])
        title = sheet.say("calibration.bins", **names)
        sheet.table(f"calibration-{n}-bins", title, bins, columns, head=2)
    sheet.notes(f"{where}/notes")


_ALIKE = tuple(
    column
    for name in ("same_questions", "same_order", "same_rubric")
    for column in (
        Col(name, f"/{name}/value", "percent"),
        Col(f"{name}_interval", f"/{name}/interval", "between:percent", "interval"),
    )
)
_JOBS = (
    Col("unit", "/unit", "names"),
    Col("interviews", "/interviews", "integer"),
    *(column for column in _ALIKE if column.title != "interval"),
    Col("variants", "/variants", "integer"),
)
_DEVIATIONS = (
    Col("unit", "/unit", "names"),
    Col("question", "/question"),
    Col("in_standard", "/in_standard", "yes_no"),
    *share_of("asked", "/asked", "asked_count", "interviews"),
    Col("usual_rubric", "/usual_rubric/value", "percent"),
)
_DEPARTED = (
    Col("group", "../../groups/{n}", "names"),
    *share_of("departed", "", "departed_count", "interviews"),
)
_SEVERITY = (
    Col("interviewer", "/interviewer"),
    Col("interviews", "/interviews", "integer"),
    *estimate("deviation_points", "/deviation", "signed"),
    *estimate("shrunk", "/shrunk", "signed"),
    Col("holm", "/holm", "p"),
    Col("stands_out", "/stands_out", "yes_no"),
)
_SEVERITY_DRIFT = (
    Col("interviewer", "/interviewer"),
    *estimate("change_points", "/change", "signed"),
    Col("holm", "/holm", "p"),
    Col("drifts", "/drifts", "yes_no"),
)


def interviews(sheet: Sheet) -> None:
    """Whether interviews were alike, and interviewers agree."""
    sheet.heading("interviews", "interviews.title")
    audit = sheet.audit
    if not (audit["structure"] or audit["agreement"] or audit["severity"]):
        sheet.text(sheet.say("interviews.none"))
    if audit["structure"]:
        _structure(sheet)
    if audit["agreement"]:
        _agreement(sheet)
    if audit["severity"]:
        _severity(sheet)


def _structure(sheet: Sheet) -> None:
    where = "/audit/structure"
    sheet.heading("structure", "structure.title", level=3)
    columns = (
        Col("interviews", "/interviews", "integer"),
        *_ALIKE,
        Col("standard", "/standard/value", "percent"),
    )
    sheet.table("structure-all", sheet.say("structure.all"), [Place(where)], columns, head=0)
    title = sheet.say("structure.jobs", within=at(f"{where}/within", "list"))
    sheet.table("structure-jobs", title, each(sheet, f"{where}/jobs"), _JOBS)
    for n, group in enumerate(sheet.audit["structure"]["by_group"][:MOST_PARTS]):
        part = f"{where}/by_group/{n}"
        title = sheet.say("structure.departed", features=at(f"{part}/features", "names"))
        places = [Place(join(part, "rates", k), k) for k, _ in enumerate(group["rates"])]
        sheet.table(f"structure-groups-{n}", title, places, _DEPARTED)
        sheet.text(chance(sheet, f"{part}/test"))
    deviations = each(sheet, f"{where}/deviations")
    if deviations:
        title = sheet.say("structure.deviations")
        sheet.table("structure-deviations", title, deviations, _DEVIATIONS, head=2)
    sheet.notes(f"{where}/notes")


_RELIABLE = (
    Col("unit", "../unit", "word:fairness_unit", "rated"),
    Col("kind", "/kind", "text", "reliability"),
    *estimate("single", "/single", "signed"),
    Col("units", "/units", "integer"),
)
_ALPHAS = (
    Col("unit", "../../unit", "word:fairness_unit", "rated"),
    Col("scale", "/scale", "word:fairness_scale"),
    *estimate("alpha", "/alpha", "signed"),
    Col("units", "/units", "integer"),
)


def _agreement(sheet: Sheet) -> None:
    sheet.heading("agreement", "agreement.title", level=3)
    entries = each(sheet, "/audit/agreement")
    kinds = [
        Place(f"{e.at}/{way}")
        for e in entries
        for way in ("one_way", "two_way")
        if sheet.held(e.at)[way]
    ]
    sheet.table("agreement-icc", sheet.say("agreement.icc"), kinds, _RELIABLE, head=2)
    alphas = [a for e in entries for a in each(sheet, f"{e.at}/alphas")]
    if alphas:
        sheet.table("agreement-alpha", sheet.say("agreement.alpha"), alphas, _ALPHAS, head=2)


def _severity(sheet: Sheet) -> None:
    where = "/audit/severity"
    within = at(f"{where}/within", "word:fairness_within")
    sheet.heading("severity", "severity.title", level=3, within=within)
    found = each(sheet, f"{where}/interviewers")
    sheet.table("severity-all", sheet.say("severity.deviations"), found, _SEVERITY)
    changes = each(sheet, f"{where}/drift")
    if changes:
        sheet.table("severity-drift", sheet.say("severity.changes"), changes, _SEVERITY_DRIFT)
    sheet.notes(f"{where}/notes")


_EVENTS = (
    _GROUP,
    Col("finding", "/finding", shown=False),
    Col("withheld", "/withheld", shown=False),
    Col("is_reference", "/is_reference", shown=False),
    Col(
        "standing",
        None,
        shown=False,
        made=lambda row: "reference" if row["is_reference"] else "not_compared",
    ),
    Col("class", None, "word:fairness_class", made=standing),
    Col("persons", "/rate/of", "integer"),
    Col("happened", "/rate/count", "integer"),
    Col("rate", "/rate/value", "percent"),
    *estimate("ratio", "/ratio", "ratio", "event_ratio"),
    Col("p", "/deciding/p_value", "p"),
)
_EVENT_TESTS = (
    _GROUP,
    Col("rate_interval", "/rate/interval", "between:percent", "rate_interval"),
    *estimate("event_difference", "/difference", "signed"),
    Col("holm", "/deciding/holm", "p"),
    Col("power", "/power/at_four_fifths", "percent"),
)
_SETTINGS = (
    Col("setting", "/setting", shown=False),
    Col("in_setting", None, made=lambda row: str(row["setting"]).replace("_", " ")),
    _GROUP,
    Col("assessed", "/rate/of", "integer"),
    Col("rate", "/rate/value", "percent"),
    *estimate("ratio", "/ratio"),
    Col("p", "/p_value", "p"),
    Col("share_setting", "/share/value", "percent"),
)


def loop(sheet: Sheet) -> None:
    """Overrides, opt-outs, withdrawals, flags, and interviews in different settings."""
    sheet.heading("loop", "loop.title")
    if not sheet.audit["events"] and not sheet.audit["settings_compared"]:
        sheet.text(sheet.say("loop.none"))
    for n in sheet.order.parts("events", MOST_PARTS):
        _event(sheet, n)
    for n in sheet.order.parts("settings_compared", MOST_PARTS):
        _settings(sheet, n)
    sheet.more("loop", "events", MOST_PARTS)


def _event(sheet: Sheet, n: int) -> None:
    where = f"/audit/events/{n}"
    event = sheet.audit["events"][n]
    sheet.shown.setdefault("kinds", {})[str(n)] = event["kind"].replace("_", " ")
    named = {"kind": at(f"/shown/kinds/{n}"), "features": at(f"{where}/features", "names")}
    sheet.heading(f"event-{n}", "loop.event", level=3, **named)
    said = [sheet.say(f"loop.{event['direction']}")]
    if event["happened"] is not None:
        counts = {x: at(f"{where}/{x}", "integer") for x in ("happened", "persons")}
        said.insert(0, sheet.say("loop.counts", **counts))
    sheet.text(*said, chance(sheet, f"{where}/homogeneity"))
    places = each(sheet, f"{where}/rows")
    sheet.table(f"event-{n}-rates", sheet.say("loop.rates", **named), places, _EVENTS)
    compared = [p for p in places if event["rows"][p.n]["deciding"]]
    if compared:
        title = sheet.say("loop.tests", **named)
        sheet.table(f"event-{n}-tests", title, compared, _EVENT_TESTS)
    sheet.notes(f"{where}/notes")


def _settings(sheet: Sheet, n: int) -> None:
    where = f"/audit/settings_compared/{n}"
    entry = sheet.audit["settings_compared"][n]
    named = {
        "axis": at(f"{where}/axis", "word:fairness_axis"),
        "features": at(f"{where}/features", "names"),
    }
    sheet.heading(f"setting-{n}", "loop.setting", level=3, **named)
    said = {g["words"]: join(where, "groups", k, "words") for k, g in enumerate(entry["groups"])}
    words = [at(pointer) for pointer in list(said.values())[:MOST_PARTS]]
    if words:
        sheet.draft.add(m.Points(items=tuple(sheet.say("as_said", text=w) for w in words)))
    sheet.table(
        f"setting-{n}-rates",
        sheet.say("loop.in_settings", **named),
        each(sheet, f"{where}/rows"),
        _SETTINGS,
        head=2,
    )
    sheet.notes(f"{where}/notes")


def _parameters(row: Json) -> str:
    given = row["parameters"] or {}
    return ", ".join(
        f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in given.items()
    )


_WAYS = (
    Col("kind_code", "/kind", shown=False),
    Col("way", None, made=lambda row: str(row["kind_code"]).replace("_", " ")),
    Col("parameters", "/parameters", shown=False),
    Col("how", None, made=_parameters),
    Col("selects", "/held_out/share", "percent"),
    *estimate("worst", "/held_out/worst_ratio"),
    Col("worst_group", "/held_out/worst_group", "names"),
    Col("agreement_label", "/held_out/decision_validity/value", "signed"),
    Col("less_adverse", "/less_adverse", "yes_no"),
)


def alternatives(sheet: Sheet) -> None:
    """Other ways of selecting that were tried."""
    sheet.heading("alternatives", "alternatives.title")
    shown = sheet.order.parts("alternatives", MOST_PARTS)
    if not shown:
        sheet.text(sheet.say("alternatives.none"))
    for n in shown:
        _alternatives(sheet, n)
    sheet.more("alternatives", "alternatives", MOST_PARTS)


def _alternatives(sheet: Sheet, n: int) -> None:
    where = f"/audit/alternatives/{n}"
    searched = sheet.audit["alternatives"][n]
    _of_score(sheet, "alternatives", n, "alternatives.one")
    log = {
        x: at(f"{where}/log/{x}", "integer")
        for x in ("search_rows", "held_out_rows", "rows_given", "labelled")
    }
    sheet.text(sheet.say("alternatives.log", **log))
    same = [
        p for p in each(sheet, f"{where}/candidates") if searched["candidates"][p.n]["same_share"]
    ]
    objective = searched["objective"]
    drawn = [
        p
        for p in [Place(f"{where}/baseline"), *same]
        if sheet.held(p.at)["held_out"]["worst_ratio"]["value"] is not None
        and sheet.held(p.at)["held_out"][objective]["value"] is not None
    ]
    if len(drawn) > 1:
        _front(sheet, n, drawn, objective)
    places = [Place(f"{where}/baseline"), *notable(searched, same)]
    sheet.table(f"alternatives-{n}-ways", sheet.say("alternatives.ways"), places, _WAYS)
    sheet.notes(f"{where}/notes")


def notable(searched: Mapping[str, Any], same: list[Place]) -> list[Place]:
    """Ways of today's share, less adverse or on the front; the highest worst ratio first."""
    front = set(searched["front_same_share"])

    def worst(place: Place) -> float:
        return -(searched["candidates"][place.n]["held_out"]["worst_ratio"]["value"] or 0.0)

    found = [searched["candidates"][p.n] for p in same]
    chosen = [
        p
        for p, c in zip(same, found, strict=True)
        if c["kind"] != "today" and (c["less_adverse"] or c["number"] in front)
    ]
    return sorted(chosen, key=worst)[:_MOST_ALTERNATIVES]


def _front(sheet: Sheet, n: int, places: list[Place], objective: str) -> None:
    name = f"alternatives-{n}-chart"
    columns = (*_WAYS, Col("objective", f"/held_out/{objective}/value", "signed", shown=False))
    sheet.draft.add(
        m.Chart(
            id=name,
            kind="points",
            title=sheet.say("chart.alternatives.title", score=at(f"/audit/alternatives/{n}/score")),
            caption=sheet.say(f"chart.alternatives.{objective}"),
            rows=sheet.rows(name, places, columns),
            label=sheet.column(Col("way", None)),
            x=sheet.column(Col("worst", None, "ratio")),
            value=sheet.column(Col("objective", None, "signed", objective)),
            series=sheet.column(Col("way", None)),
        )
    )
