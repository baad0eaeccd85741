"""Rates, impact ratios and tests by group; intersections; comparisons at equal circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.compose.fairness_findings import ratios
from reports.compose.fairness_order import basis_of, name_of
from reports.compose.fairness_sheet import (
    MOST_MARKS,
    MOST_PARTS,
    MOST_ROWS,
    Col,
    Json,
    Place,
    Sheet,
    chi_square,
    each,
    estimate,
)
from reports.document import model as m
from reports.document.draft import Filling, at

_MOST_STRATA = 20
_MOST_WITHIN = 6
_FEW = 2
"""Groups that a table shows at a glance, without a chart."""

Table = Mapping[str, Any]


def standing(row: Json) -> str | None:
    """The class of a row, or why it has none: its standing, or that it is withheld."""
    found = row["finding"] or ("withheld" if row["withheld"] else row["standing"])
    return None if found is None else str(found)


STANDING = (
    Col("finding", "/finding", shown=False),
    Col("standing", "/standing", shown=False),
    Col("withheld", "/withheld", shown=False),
    Col("class", None, "word:fairness_class", made=standing),
)
_GROUP = Col("group", "/group", "names")
_RATES = (
    _GROUP,
    *STANDING,
    Col("assessed", "/assessed", "integer"),
    Col("selected", "/selected", "integer"),
    *estimate("rate", "/rate", "percent"),
    *estimate("ratio", "/comparison/ratio"),
)
_TESTS = (
    _GROUP,
    Col("z", "/comparison/significance/pooled_z/z", "signed"),
    Col("sd", "/comparison/significance/hypergeometric_z/z", "signed"),
    Col("fisher", "/comparison/significance/fisher", "p"),
    Col("mid_p", "/comparison/significance/mid_p/doubled", "p"),
    Col("p", "/comparison/deciding/p_value", "p", "deciding"),
    Col("test", "/comparison/deciding/test", "word:fairness_test"),
    Col("holm", "/comparison/deciding/holm", "p"),
)
_SIZES = (
    _GROUP,
    Col("below", "/comparison/below_four_fifths", "yes_no"),
    Col("shortfall", "/comparison/shortfall_to_pooled_rate/value", "figures"),
    Col("shortfall_reference", "/comparison/shortfall_to_reference_rate/value", "figures"),
    Col("reversed", "/comparison/reversed_by_one", "yes_no"),
    Col("power", "/comparison/power/at_four_fifths", "percent"),
    Col("detectable", "/comparison/power/detectable_ratio", "ratio"),
)
_INTERVALS = (
    _GROUP,
    Col("share", "/share", "percent"),
    Col("exact", "/rate_exact", "between:percent"),
    Col("bootstrap", "/rate_bootstrap", "between:percent"),
    Col("highest", "/chance_highest", "percent"),
    Col("katz", "/comparison/ratio_katz", "between:ratio"),
    Col("ratio_bootstrap", "/comparison/ratio_bootstrap", "between:ratio"),
    Col("boschloo", "/comparison/significance/boschloo", "p"),
)
_EFFECTS = (
    _GROUP,
    *estimate("difference", "/comparison/difference", "signed"),
    *estimate("odds", "/comparison/odds_ratio"),
    Col("phi", "/comparison/phi/value", "signed"),
    Col("h", "/comparison/cohens_h/value", "signed"),
)
LABEL = Col("label", None, made=lambda row: " × ".join(row["group"]), shown=False)


def is_stage(table: Table) -> bool:
    """Whether a table is about one stage."""
    return basis_of(table) == "stage"


def is_crossed(table: Table) -> bool:
    """Whether a table crosses features, and is not about one stage."""
    return len(table["features"]) > 1 and not is_stage(table)


def is_plain(table: Table) -> bool:
    """Whether a table has one feature, and is not about one stage."""
    return len(table["features"]) == 1 and not is_stage(table)


def impact(sheet: Sheet) -> None:
    """Rates and impact ratios of single features."""
    sheet.heading("tables", "tables.title")
    shown = sheet.order.tables(is_plain, MOST_PARTS)
    for n in shown:
        block(sheet, n)
    if not shown:
        sheet.text(sheet.say("tables.none"))
    _some(sheet, "tables", len(shown), sum(map(is_plain, sheet.audit["tables"])))


def _some(sheet: Sheet, name: str, shown: int, everything: int) -> None:
    if shown < everything:
        sheet.shown[f"some-{name}"] = {"some": shown, "all": everything}
        some, every = (at(f"/shown/some-{name}/{x}", "integer") for x in ("some", "all"))
        sheet.text(sheet.say("some_parts", some=some, all=every))


def block(sheet: Sheet, n: int) -> None:
    """One impact table: what it is about, its charts, rates, tests, and what the numbers show."""
    table = sheet.audit["tables"][n]
    where = f"/audit/tables/{n}"
    title = {"title": at(f"{where}/title")}
    sheet.heading(f"table-{n}", "tables.one", level=3, **title)
    sheet.text(*table_intro(sheet, n))
    _median(sheet, n)
    places = telling_rows(sheet, f"{where}/rows")
    _drawn(sheet, n, places)
    sheet.table(f"table-{n}-rates", sheet.say("tables.rates", **title), places, _RATES)
    compared = [p for p in places if table["rows"][p.n]["comparison"]]
    if compared:
        sheet.table(f"table-{n}-tests", sheet.say("tables.tests", **title), compared, _TESTS)
        sheet.table(f"table-{n}-sizes", sheet.say("tables.sizes", **title), compared, _SIZES)
    sheet.notes(f"{where}/notes")


def telling_rows(sheet: Sheet, pointer: str) -> list[Place]:
    """Rows of a table in its order; of very many the reference and the lowest ratios first."""
    places = each(sheet, pointer)
    rows = sheet.held(pointer)
    if len(places) <= MOST_ROWS:
        return places

    def key(place: Place) -> tuple[int, float]:
        row = rows[place.n]
        if row["standing"] == "reference":
            return (0, 0.0)
        value = row["comparison"]["ratio"]["value"] if row["comparison"] else None
        return (2, 0.0) if value is None else (1, value)

    return sorted(places, key=key)


def table_intro(sheet: Sheet, n: int) -> list[m.Inline]:
    table = sheet.audit["tables"][n]
    where = f"/audit/tables/{n}"
    basis = basis_of(table)
    of: dict[str, Filling] = {}
    if basis != "selection":
        sheet.shown.setdefault("tables", {})[str(n)] = name_of(table)
        of = {"of": at(f"/shown/tables/{n}")}
    counts: dict[str, Filling] = {
        "selected": at(f"{where}/selected", "integer"),
        "assessed": at(f"{where}/assessed", "integer"),
    }
    said = [sheet.say(f"counted.{basis}", **of, **counts)]
    noted = any(note["code"] == "unknown_groups" for note in table["notes"])
    if table["unknown_assessed"] and not noted:
        unknown = at(f"{where}/unknown_assessed", "integer")
        said.append(sheet.say("tables.unknown", unknown=unknown))
    if table["reference"] is not None:
        reference = at(f"{where}/reference", "names")
        said.append(sheet.say("tables.reference", reference=reference))
    said.append(chance(sheet, f"{where}/homogeneity"))
    return said


def chance(sheet: Sheet, pointer: str, key: str = "one_rate") -> m.Inline:
    """A chi-square test in a sentence; empty where there is none."""
    if sheet.held(pointer) is None:
        return ()
    return sheet.say(
        key,
        chi=at(f"{pointer}/statistic", "figures"),
        df=at(f"{pointer}/df", "integer"),
        p=at(f"{pointer}/p_value", "p"),
    )


def _median(sheet: Sheet, n: int) -> None:
    median = sheet.audit["tables"][n]["median"]
    if median is None or median["value"] is None:
        return
    where = f"/audit/tables/{n}/median"
    sheet.text(
        sheet.say(
            "tables.median",
            score=at(f"{where}/score"),
            over=at(f"{where}/over", "word:fairness_median"),
            value=at(f"{where}/value", "figures"),
            tied=at(f"{where}/tied", "integer"),
            persons=at(f"{where}/persons", "integer"),
        )
    )


def _drawn(sheet: Sheet, n: int, places: list[Place]) -> None:
    """A chart of a table's ratios; none where there is little to see."""
    rows = sheet.audit["tables"][n]["rows"]
    title = {"title": at(f"/audit/tables/{n}/title")}
    columns = (*_RATES, LABEL)
    compared = [p for p in places if rows[p.n]["comparison"]][:MOST_MARKS]
    if sum(bool(rows[p.n]["comparison"]["ratio"]["value"]) for p in compared) >= _FEW:
        named = sheet.say("chart.ratios.title", **title)
        ratios(sheet, f"table-{n}-ratios-chart", compared, columns, named)


def intervals(
    sheet: Sheet, title: m.Inline, rows: str, member: str, *, key: str, show: str = "percent"
) -> None:
    """A chart of values with their intervals, one for each `label`; `key`: of its caption."""
    ends = {
        end: m.Column(title=sheet.say(f"column.{end}"), at=f"/{member}_interval/{k}", show=show)
        for k, end in enumerate(("low", "high"))
    }
    sheet.draft.add(
        m.Chart(
            id=rows.split("/")[2],
            kind="intervals",
            title=title,
            caption=sheet.say(f"chart.{key}.caption"),
            rows=rows,
            label=sheet.column(Col("label", None)),
            value=sheet.column(Col(member, None, show)),
            share=show == "percent",
            **ends,
        )
    )


_CELLS = (
    _GROUP,
    Col("assessed", "/rate/of", "integer"),
    Col("rate", "/rate/value", "percent"),
    *estimate("ratio", "/ratio"),
    Col("predicted", "/predicted_rate", "percent"),
    Col("over", "/over_predicted/value", "ratio"),
    Col("holm", "/adjusted_p", "p"),
)
_SHRUNK = (
    _GROUP,
    *estimate("shrunk_rate", "/shrunk_rate", "percent"),
    *estimate("shrunk_ratio", "/shrunk_ratio"),
    Col("hidden", "/hidden", "yes_no"),
    Col("beyond", "/beyond_marginals", "yes_no"),
    Col("small", "/small", "yes_no"),
)


def intersections(sheet: Sheet) -> None:
    """What features show together that none shows alone."""
    sheet.heading("intersections", "crossed.title")
    shown = sheet.order.parts("intersections", MOST_PARTS)
    for n in shown:
        where = f"/audit/intersections/{n}"
        features = {"features": at(f"{where}/features", "names")}
        sheet.heading(f"intersection-{n}", "crossed.one", level=3, **features)
        sheet.text(
            _listed(sheet, n, "hidden"),
            _listed(sheet, n, "beyond_marginals"),
            chance(sheet, f"{where}/main_effects", "crossed.no_interaction"),
        )
        cells = sheet.say("crossed.cells", **features)
        places = each(sheet, f"{where}/cells")
        sheet.table(f"intersection-{n}-cells", cells, places, _CELLS)
        shrunk = sheet.say("crossed.shrunk", **features)
        sheet.table(f"intersection-{n}-shrunk", shrunk, places, _SHRUNK)
        sheet.notes(f"{where}/notes")
    crossed = sheet.order.tables(is_crossed, MOST_PARTS)
    for n in crossed:
        block(sheet, n)
    if not shown and not crossed:
        sheet.text(sheet.say("crossed.none"))
    _some(sheet, "crossed", len(crossed), sum(map(is_crossed, sheet.audit["tables"])))


def _listed(sheet: Sheet, n: int, what: str) -> m.Inline:
    groups = sheet.audit["intersections"][n][what]
    if not groups:
        return sheet.say(f"crossed.no_{what}")
    name = f"intersection-{n}-{what}"
    sheet.shown[name] = [" × ".join(group) for group in groups[:MOST_ROWS]]
    return sheet.say(f"crossed.{what}", names=at(f"/shown/{name}", "list"))


_POOLED = (
    Col("group", "/focal", "names"),
    Col("reference", "/reference", "names"),
    Col("by", "/by", "names", "within"),
    *estimate("crude", "/crude/ratio"),
    *estimate("standardized", "/standardized_ratio"),
    Col("turns", "/simpson/reverses", "yes_no"),
)
_STRATIFIED = (
    Col("group", "/focal", "names"),
    Col("reference", "/reference", "names"),
    *estimate("standardized_difference", "/standardized_difference", "signed"),
    *estimate("common_odds", "/test/odds_ratio"),
)
_DIRECTIONS = (
    Col("group", "/focal", "names"),
    *chi_square("cmh", "/test/cmh", "cmh"),
    *chi_square("breslow", "/test/breslow_day", "breslow"),
    Col("lower", "/simpson/strata_lower", "integer"),
    Col("equal", "/simpson/strata_equal", "integer"),
    Col("higher", "/simpson/strata_higher", "integer"),
)
_WITHIN = (
    Col("stratum", "../../strata/{n}", "names"),
    Col("x1", "/pair/x1", "integer", "selected"),
    Col("n1", "/pair/n1", "integer", "assessed"),
    Col("x2", "/pair/x2", "integer", "selected_reference"),
    Col("n2", "/pair/n2", "integer", "assessed_reference"),
    *estimate("ratio", "/ratio"),
    Col("difference", "/difference/value", "signed"),
)


def conditional(sheet: Sheet) -> None:
    """Like with like: groups compared within strata such as jobs."""
    sheet.heading("conditional", "conditional.title")
    entries = sheet.audit["conditional"]
    if not entries:
        sheet.text(sheet.say("conditional.none"))
        return
    sheet.text(sheet.say("conditional.intro"))
    places = each(sheet, "/audit/conditional")
    sheet.table("conditional-ratios", sheet.say("conditional.pooled"), places, _POOLED, head=2)
    named = sheet.say("conditional.standardized")
    sheet.table("conditional-standardized", named, places, _STRATIFIED, head=2)
    sheet.table("conditional-tests", sheet.say("conditional.tests"), places, _DIRECTIONS)
    turned = [p for p in places if entries[p.n]["simpson"]["reverses"]]
    for place in turned[:_MOST_WITHIN]:
        within(sheet, place)


def within(sheet: Sheet, place: Place) -> None:
    """One group against its reference in each listed stratum."""
    strata = each(sheet, f"{place.at}/within", limit=_MOST_STRATA)
    if not strata:
        return
    title = sheet.say(
        "conditional.within",
        group=at(f"{place.at}/focal", "names"),
        reference=at(f"{place.at}/reference", "names"),
        by=at(f"{place.at}/by", "names"),
    )
    sheet.table(f"within-{place.n}", title, strata, _WITHIN)
    sheet.notes(f"{place.at}/notes")


def further(sheet: Sheet) -> None:
    """What specialists look up: other intervals, effect sizes, strata, by table."""
    plain = sheet.order.tables(is_plain, MOST_PARTS)
    crossed = sheet.order.tables(is_crossed, MOST_PARTS)
    strata = [
        p
        for p in each(sheet, "/audit/conditional")
        if not sheet.audit["conditional"][p.n]["simpson"]["reverses"]
    ]
    if not plain and not crossed and not strata:
        return
    sheet.heading("further", "further.title")
    sheet.text(sheet.say("further.intro"))
    for n in sorted(plain + crossed):
        title = {"title": at(f"/audit/tables/{n}/title")}
        places = telling_rows(sheet, f"/audit/tables/{n}/rows")
        sheet.heading(f"further-{n}", "tables.one", level=3, **title)
        sheet.table(
            f"further-{n}-intervals", sheet.say("further.intervals", **title), places, _INTERVALS
        )
        compared = [p for p in places if sheet.audit["tables"][n]["rows"][p.n]["comparison"]]
        if compared:
            sheet.table(
                f"further-{n}-effects", sheet.say("further.effects", **title), compared, _EFFECTS
            )
    for place in strata[:_MOST_WITHIN]:
        within(sheet, place)
