"""What a fairness audit found: who is affected, by how much, how sure; then every finding."""

from __future__ import annotations

from collections import Counter

from reports.compose.fairness_order import CLASSES, LOUD, basis_of, name_of
from reports.compose.fairness_sheet import (
    Col,
    Json,
    Place,
    Sheet,
    each,
    estimate,
    joined,
)
from reports.document import model as m
from reports.document.draft import at

_FIRST = 5
"""Findings that the first screen names."""
_QUIET_ROWS = 25
_DRAWN = 28
"""Findings in one chart, which fits a page."""
_MOST_LEVELS = 12
_MOST_NAMES = 8

_COMPARED = (
    Col("group", "/group", "names"),
    Col("reference", "/reference", "names"),
    Col("basis", "/basis", "word:fairness_basis", "measure", shown=False),
    Col("measure", None, "word:fairness_basis", made=lambda row: row["basis"].partition(":")[0]),
    Col("score", "/score", shown=False),
    Col("of", None, made=lambda row: _plain(name_of(row))),
    *estimate("ratio", "/ratio"),
)
_RATE = (Col("rate", "/rate", "percent"),)
_TESTED = (Col("p", "/p_value", "p"),)
_POWER = (Col("power", "/power_at_four_fifths", "percent"),)
_LABEL = Col("label", None, shown=False, made=lambda row: _label(row))


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _label(row: Json) -> str:
    group = " × ".join(row["group"])
    return f"{group} · {row['of']}" if row["of"] else group


def answer(sheet: Sheet) -> None:
    """The first screen: who is affected, by how much, how sure; then the counts of all classes."""
    found = sheet.audit["findings"]
    counts = Counter(f["finding"] for f in found)
    sheet.shown["classes"] = {
        "all": len(found),
        **{name: counts[name] for name in CLASSES},
    }
    first = [n for n in sheet.order.findings if found[n]["finding"] in LOUD[:2]]
    if first:
        sheet.text(told(sheet, first[0]), *sure(sheet, first[0]), lead=True)
        sheet.text(*_affected(sheet))
    else:
        sheet.text(_nothing(sheet), lead=True)
        first = sheet.order.of_class("small_numbers")
        sheet.text(*[_short(sheet, n) for n in first[:1]])
    others = first[1 : 1 + _FIRST]
    if others:
        sheet.draft.add(m.Points(items=tuple(_short(sheet, n) for n in others)))
    sheet.draft.add(m.Figures(title=sheet.say("classes"), items=_tiles(sheet)))
    sheet.draft.notice("limit", "fairness.no_conclusion")


def _named(sheet: Sheet, n: int) -> str:
    """A pointer to the name of the score, class, stage or event of a finding."""
    sheet.shown.setdefault("named", {})[str(n)] = _plain(name_of(sheet.audit["findings"][n]))
    return f"/shown/named/{n}"


def told(sheet: Sheet, n: int) -> m.Inline:
    finding = sheet.audit["findings"][n]
    where = f"/audit/findings/{n}"
    basis = basis_of(finding)
    of = {} if basis == "selection" else {"of": at(_named(sheet, n))}
    ratio = "ratio" if finding["ratio"]["value"] is not None else "no_ratio"
    key = f"told.{basis}" if ratio == "ratio" else f"told.{ratio}"
    figures = {"ratio": at(f"{where}/ratio/value", "ratio")} if ratio == "ratio" else {}
    return sheet.say(
        key,
        group=at(f"{where}/group", "names"),
        reference=at(f"{where}/reference", "names"),
        rate=at(f"{where}/rate", "percent"),
        reference_rate=at(f"{where}/reference_rate", "percent"),
        selected=at(f"{where}/selected", "integer"),
        assessed=at(f"{where}/assessed", "integer"),
        **(of if ratio == "ratio" else {}),
        **figures,
    )


def sure(sheet: Sheet, n: int) -> list[m.Inline]:
    """How sure that is: the interval and the chance."""
    finding = sheet.audit["findings"][n]
    where = f"/audit/findings/{n}"
    said = []
    if finding["ratio"]["interval"] is not None:
        [pointer] = _rows_of(sheet, [n])
        said.append(
            sheet.say(
                "sure.interval",
                level=at(f"{where}/ratio/interval/level", "percent:0"),
                range=at(f"{pointer}/ratio_interval", "between:ratio"),
            )
        )
    if finding["p_value"] is not None and finding["holm"] is not None:
        p, holm = at(f"{where}/p_value", "p"), at(f"{where}/holm", "p")
        said.append(sheet.say("sure.chance", p=p, holm=holm))
    return said


def _rows_of(sheet: Sheet, numbers: list[int]) -> list[str]:
    """Pointers to rows of the named findings, with their intervals as two ends."""
    name = f"finding-{numbers[0]}"
    rows = sheet.rows(name, [Place(f"/audit/findings/{n}") for n in numbers], _COMPARED)
    return [f"{rows}/{k}" for k in range(len(numbers))]


def _short(sheet: Sheet, n: int) -> m.Inline:
    finding = sheet.audit["findings"][n]
    where = f"/audit/findings/{n}"
    [row] = _rows_of(sheet, [n])
    basis = basis_of(finding)
    of = {} if basis == "selection" else {"of": at(_named(sheet, n))}
    return sheet.say(
        "told.short",
        group=at(f"{where}/group", "names"),
        reference=at(f"{where}/reference", "names"),
        measure=sheet.say(f"measure.{basis}", **of),
        ratio=at(f"{where}/ratio/value", "ratio"),
        range=at(f"{row}/ratio_interval", "between:ratio"),
        rate=at(f"{where}/rate", "percent"),
        reference_rate=at(f"{where}/reference_rate", "percent"),
        p=at(f"{where}/p_value", "p"),
    )


def _affected(sheet: Sheet) -> list[m.Inline]:
    """In how many comparisons, and which groups."""
    said = []
    for name in LOUD[:2]:
        numbers = sheet.order.of_class(name)
        if not numbers:
            continue
        groups = [" × ".join(sheet.audit["findings"][n]["group"]) for n in numbers]
        distinct = list(dict.fromkeys(groups))
        sheet.shown[f"groups-{name}"] = {"names": distinct[:_MOST_NAMES], "all": len(distinct)}
        more = "_more" if len(distinct) > _MOST_NAMES else ""
        every = {"groups": at(f"/shown/groups-{name}/all", "integer")} if more else {}
        said.append(
            sheet.say(
                f"affected.{name}{more}",
                count=at(f"/shown/classes/{name}", "integer"),
                all=at("/shown/classes/all", "integer"),
                names=at(f"/shown/groups-{name}/names", "list"),
                **every,
            )
        )
    return said


def _nothing(sheet: Sheet) -> m.Inline:
    """What is said where no difference is beyond chance."""
    classes = sheet.shown["classes"]
    if all(f["ratio"]["value"] is None for f in sheet.audit["findings"]):
        return sheet.say("nothing.compared")
    everything = at("/shown/classes/all", "integer")
    said = [sheet.say("nothing.found", all=everything)]
    for name in ("small_numbers", "undetectable"):
        if classes[name]:
            count = at(f"/shown/classes/{name}", "integer")
            said.append(sheet.say(f"nothing.{name}", count=count))
    return joined(said)


_TONES: dict[str, str] = {
    "adverse": "attention",
    "significant_above_four_fifths": "attention",
    "small_numbers": "inconclusive",
    "undetectable": "inconclusive",
}


def _tiles(sheet: Sheet) -> tuple[m.Key, ...]:
    def tile(name: str) -> m.Key:
        shown = sheet.draft.shown(at(f"/shown/classes/{name}", "integer"))
        some = bool(sheet.shown["classes"][name])
        return m.Key.model_validate(
            {
                "label": sheet.say(f"class.{name}"),
                "value": shown,
                "tone": _TONES.get(name, "plain") if some else "plain",
            }
        )

    return tuple(tile(name) for name in CLASSES)


def findings(sheet: Sheet) -> None:
    """Every finding, by class; the most telling first."""
    sheet.heading("findings", "findings.title")
    sheet.text(
        sheet.say(
            "findings.intro",
            level=at("/audit/settings/level", "percent:0"),
            alpha=at("/audit/settings/alpha", "decimals:2"),
        )
    )
    _forest(sheet)
    for name in CLASSES:
        numbers = sheet.order.of_class(name)
        if not numbers:
            continue
        sheet.heading(f"class-{name}", f"class.{name}", level=3)
        sheet.text(sheet.say(f"meaning.{name}"))
        quiet = name not in LOUD
        places = [Place(f"/audit/findings/{n}", n) for n in numbers]
        columns = (*_COMPARED, *(_POWER if quiet else _TESTED), *_RATE)
        kept = places[:_QUIET_ROWS] if quiet else places
        sheet.table(f"findings-{name}", sheet.say(f"class.{name}"), kept, columns, head=2)
        if len(kept) < len(places):
            sheet.shown[f"findings-{name}"]["some"] = len(kept)
            where = at(f"/shown/findings-{name}/some", "integer")
            every = at(f"/shown/classes/{name}", "integer")
            sheet.text(sheet.say("some_rows", some=where, all=every))


def _forest(sheet: Sheet) -> None:
    """The most telling findings on one axis of ratios."""
    found = sheet.audit["findings"]
    told = [n for n in sheet.order.findings if found[n]["finding"] in LOUD]
    drawn = [n for n in (told or sheet.order.findings) if found[n]["ratio"]["value"]][:_DRAWN]
    if not drawn:
        return
    columns = (
        *_COMPARED,
        _LABEL,
        Col("class", "/finding", "word:fairness_class"),
    )
    places = [Place(f"/audit/findings/{n}", n) for n in drawn]
    ratios(sheet, "findings-ratios", places, columns, sheet.say("chart.findings"))


def ratios(
    sheet: Sheet, name: str, places: list[Place], columns: tuple[Col, ...], title: m.Inline
) -> None:
    """A chart of ratios with their intervals and a line at four fifths.

    The columns have `label`, `class`, `ratio` and `ratio_interval`.
    """
    rows = sheet.rows(name, places, columns)
    sheet.shown.setdefault("four_fifths", 0.8)
    sheet.shown.setdefault("equal", 1)
    of = sheet.column
    ends = {
        end: m.Column(title=sheet.say(f"column.{end}"), at=f"/ratio_interval/{k}", show="ratio")
        for k, end in enumerate(("low", "high"))
    }
    sheet.draft.add(
        m.Chart(
            id=name,
            kind="intervals",
            title=title,
            caption=sheet.say("chart.ratios.caption"),
            rows=rows,
            label=of(Col("label", None)),
            value=of(Col("ratio", None, "ratio")),
            series=of(Col("class", None, "word:fairness_class")),
            lines=(
                m.Line(at="/shown/four_fifths", label=sheet.say("chart.four_fifths")),
                m.Line(at="/shown/equal", label=sheet.say("chart.equal")),
            ),
            log=True,
            **ends,
        )
    )


def audited(sheet: Sheet) -> None:
    """What was audited: persons, scores, levels, and who is of unknown groups."""
    sheet.heading("audited", "audited.title")
    sheet.draft.add(m.Figures(items=_counts(sheet)))
    columns = (
        Col("feature", "/name"),
        Col("provenance", "/provenance", "word:fairness_provenance"),
        Col("unknown", "/unknown", "integer"),
    )
    sheet.table("features", sheet.say("audited.features"), each(sheet, "/audit/features"), columns)
    places = [
        place
        for feature in each(sheet, "/audit/features")
        for place in each(sheet, f"{feature.at}/levels", limit=_MOST_LEVELS)
    ]
    columns = (
        Col("feature", "../../name"),
        Col("level", "/name"),
        Col("persons", "/persons", "integer"),
    )
    sheet.table("levels", sheet.say("audited.levels"), places, columns, head=2)
    sheet.notes("/audit/notes", limit=20)


def _counts(sheet: Sheet) -> tuple[m.Key, ...]:
    made = [
        m.Key(
            label=sheet.say(f"audited.{name}"),
            value=sheet.draft.shown(at(f"/audit/data/{name}", "integer")),
        )
        for name in ("persons", "decided", "selected")
    ]
    if sheet.audit["data"]["scores"]:
        shown = sheet.draft.shown(at("/audit/data/scores", "list"))
        made.append(m.Key(label=sheet.say("audited.scores"), value=shown))
    for axis in sheet.audit["data"]["axes"]:
        sheet.shown.setdefault("axes", []).append(axis)
        name = at(f"/shown/axes/{len(sheet.shown['axes']) - 1}", "word:fairness_axis")
        value = sheet.draft.shown(at(f"/audit/data/axes/{axis}", "integer"))
        made.append(m.Key(label=sheet.say("audited.axis", name=name), value=value))
    if sheet.audit["data"]["merged_from"] > 1:
        value = sheet.draft.shown(at("/audit/data/merged_from", "integer"))
        made.append(m.Key(label=sheet.say("audited.merged"), value=value))
    return tuple(made)
