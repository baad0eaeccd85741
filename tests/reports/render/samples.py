"""Documents for the tests of renderers: typical, hostile and long; every block, every chart kind.

Figures come from the data as in real documents; `reports.document.check.faults` finds none in any.
Plain pieces are written here, since no catalogue has texts for tests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from reports.document import model as m
from tests.reports.render.sample_data import (
    INERT,
    RTL_NAMES,
    Maker,
    attachment,
    column,
    group,
    hostile_data,
    typical_data,
)

__all__ = ["SAMPLES", "hostile", "letter", "long", "typical"]


def _opening(k: Maker) -> list[m.Block]:
    return [
        m.Text(
            lead=True,
            text=k.say(
                ("/worst/name", "text"),
                " were selected at ",
                ("/worst/ratio", "ratio"),
                " times the rate of ",
                ("/groups/1/name", "text"),
                ", between ",
                ("/worst/ratio_low", "ratio"),
                " and ",
                ("/worst/ratio_high", "ratio"),
                " with ",
                ("/confidence", "percent:0"),
                " confidence. Four fifths lie outside of this interval.",
            ),
        ),
        m.Figures(
            items=(
                m.Key(
                    label=("Lowest impact ratio",),
                    value=k.shown("/worst/ratio", "ratio"),
                    note=k.say(("/worst/name", "text"), " against ", ("/groups/1/name", "text")),
                    tone="attention",
                ),
                m.Key(
                    label=("Interval of the rate",),
                    value=k.shown("/worst/rate_ends", "between:percent"),
                    note=("The interval holds every ratio that these counts agree with.",),
                ),
                m.Key(label=("Persons counted",), value=k.shown("/persons", "integer")),
                m.Key(
                    label=("Chance of no difference",),
                    value=k.shown("/worst/p", "p"),
                    tone="inconclusive",
                ),
            )
        ),
        m.Notice(
            tone="attention",
            title=("Who has to look at this",),
            text=k.say("A person has to review the selections of ", ("/worst/name", "text"), "."),
        ),
        m.Text(
            text=k.say(
                "Counted are all decisions from ",
                ("/period/start", "date"),
                " to ",
                ("/period/end", "date"),
                ".",
            )
        ),
    ]


GROUP_COLUMNS = (
    column("Group", "/name"),
    column("Persons", "/persons", "integer"),
    column("Selected", "/selected", "integer"),
    column("Rate", "/rate", "percent"),
    column("Interval of the rate", "/rate_ends", "between:percent"),
    column("Impact ratio", "/ratio", "ratio", empty="none", empty_at="/why"),
    column("P", "/p", "p", empty_at="/why"),
    column("Standing", "/standing"),
)


def _rates(rows: str = "/groups", mark: str = "") -> list[m.Block]:
    return [
        m.Table(
            id=f"rates{mark}",
            title=("Rates and impact ratios by group",),
            rows=rows,
            columns=GROUP_COLUMNS,
            empty=("There is no group.",),
            note=("Ratios are taken against the group with the highest rate.",),
        ),
        m.Chart(
            id=f"ratios{mark}",
            kind="intervals",
            title=("Impact ratios with intervals",),
            caption=("One row for each group; the dashed line is at four fifths.",),
            rows=rows,
            label=column("Group", "/name"),
            value=column("Impact ratio", "/ratio", "ratio", empty_at="/why"),
            low=column("Low", "/ratio_low", "ratio"),
            high=column("High", "/ratio_high", "ratio"),
            series=column("Standing", "/standing"),
            lines=(m.Line(at="/scores/four_fifths", label=("four fifths",)),),
            log=True,
        ),
        m.Chart(
            id=f"rate-bars{mark}",
            kind="bars",
            title=("Selection rates",),
            caption=("One bar for each group.",),
            rows=rows,
            label=column("Group", "/name"),
            value=column("Selection rate", "/rate", "percent"),
            low=column("Low", "/rate_low", "percent"),
            high=column("High", "/rate_high", "percent"),
            share=True,
        ),
    ]


def _score_charts() -> list[m.Block]:
    return [
        m.Chart(
            id="monthly",
            kind="bars",
            title=("Selection rates by month",),
            caption=("Bars of one month stand together.",),
            rows="/scores/months",
            label=column("Month", "/month"),
            value=column("Selection rate", "/rate", "percent"),
            series=column("Group", "/group"),
            share=True,
        ),
        m.Chart(
            id="sweep",
            kind="lines",
            title=("Impact ratio at every cut",),
            caption=("One line for each group; the band is its interval.",),
            rows="/scores/sweep",
            x=column("Cut (points)", "/cut", "decimals:0"),
            value=column("Impact ratio", "/ratio", "ratio"),
            low=column("Low", "/low", "ratio"),
            high=column("High", "/high", "ratio"),
            series=column("Group", "/group"),
            lines=(m.Line(at="/scores/four_fifths", label=("four fifths",)),),
        ),
        m.Chart(
            id="spread",
            kind="steps",
            title=("Scores by group",),
            caption=("The share of each group in bins of the score.",),
            rows="/scores/spread",
            x=column("Score (points)", "/edge", "decimals:0"),
            value=column("Share of the group", "/share", "percent"),
            series=column("Group", "/group"),
            share=True,
        ),
        m.Chart(
            id="ways",
            kind="points",
            title=("Ways of selecting",),
            caption=("Further right: less disparity. Further up: more validity.",),
            rows="/scores/ways",
            label=column("Way", "/name"),
            x=column("Worst impact ratio", "/ratio", "ratio"),
            value=column("Validity (r)", "/validity", "decimals:3"),
            series=column("Kind", "/kind"),
        ),
    ]


def _recording_blocks(k: Maker) -> list[m.Block]:
    return [
        m.Heading(id="recording", level=2, text=("The recording",)),
        m.Chart(
            id="timeline",
            kind="timeline",
            title=("Timeline",),
            caption=("Lanes over one axis; numbers are those of the evidence below.",),
            rows="/recording/stretches",
            label=column("Lane", "/lane"),
            x=column("Evidence", "/number", "integer"),
            low=column("From", "/low", "clock"),
            high=column("To", "/high", "clock"),
            series=column("What", "/kind"),
        ),
        m.Chart(
            id="agreement",
            kind="lines",
            title=("Agreement of mouth and voice",),
            caption=("Broken where nothing could be measured.",),
            rows="/recording/curve",
            x=column("Time", "/at", "clock"),
            value=column("Correlation", "/value", "decimals:2"),
            lines=(m.Line(at="/recording/threshold", label=("threshold",)),),
        ),
        m.Picture(
            sha256=attachment().sha256,
            alt=("A frame with a face left of the middle",),
            caption=k.say("Frame at ", ("/recording/stretches/6/low", "clock"), "."),
            box="/recording/box",
        ),
        m.Picture(sha256=attachment().sha256, alt=("The same frame",), caption=("Without a box.",)),
    ]


def pack_fields(k: Maker) -> m.Fields:
    """Fields of all standings and answers."""
    return m.Fields(
        id="pack",
        title=("What the rules ask for",),
        items=(
            m.PackField(
                id="ll144.selection-rate",
                title=("Selection rate of each category",),
                citation=("Local Law 144, rules of the city, bias audit",),
                status="in_force",
                read="primary",
                answered="computed",
                answer=k.say(("/worst/name", "text"), ": ", ("/worst/rate", "percent")),
            ),
            m.PackField(
                id="art26.oversight-person",
                title=("Persons who oversee the system",),
                citation=("Regulation on artificial intelligence, duties of deployers",),
                status="from",
                read="secondary",
                answered="recorded",
                answer=k.say("Named are ", ("/field/answer", "integer"), " persons."),
                by=k.say(("/field/person", "text"), ", ", ("/field/date", "date")),
            ),
            m.PackField(
                id="aiact.incident-procedure",
                title=("How incidents are reported",),
                citation=("Regulation on artificial intelligence, reporting",),
                status="voluntary",
                read="primary",
                answered="open",
                open_reason=("No answer is recorded. The operator of the system can give it.",),
            ),
            m.PackField(
                id="old.notice",
                title=("Notice under the former act",),
                citation=("Former act",),
                status="withdrawn",
                read="secondary",
                answered="open",
                open_reason=("The rule is withdrawn.",),
            ),
            m.PackField(
                id="new.notice",
                title=("Notice under the bill",),
                citation=("Bill",),
                status="proposed",
                read="secondary",
                answered="open",
                open_reason=("The rule is not in force.",),
            ),
        ),
    )


def _rest(k: Maker) -> list[m.Block]:
    return [
        m.Heading(id="rules", level=2, text=("Rules",)),
        pack_fields(k),
        m.Heading(id="limits", level=2, text=("What this cannot tell",)),
        m.Points(
            items=(
                k.say("Groups under ", ("/lanes", "integer"), " persons are not compared."),
                ("A small difference is not shown by small counts.",),
            )
        ),
        m.Points(ordered=True, items=(("First look.",), ("Then decide.",))),
        m.Table(
            id="nobody",
            title=("Persons left out",),
            rows="/nobody",
            columns=GROUP_COLUMNS,
            empty=("Nobody was left out.",),
        ),
        m.Chart(
            id="nothing",
            kind="lines",
            title=("Change over time",),
            caption=("One line for each group.",),
            rows="/nobody",
            x=column("Month", "/month"),
            value=column("Rate", "/rate", "percent"),
            empty=("There is one period only.",),
        ),
        m.Notice(
            tone="limit",
            title=("What remains open",),
            text=("Nothing can be said about persons who never applied.",),
        ),
        m.Notice(
            tone="information",
            title=("Where the counts come from",),
            text=k.say("The file with the hash ", ("/source", "hash"), "."),
        ),
    ]


@cache
def typical() -> m.Document:
    """Every block and every kind of chart."""
    k = Maker(typical_data())
    blocks = [
        *_opening(k),
        m.Heading(id="rates-h", level=2, text=("Rates and ratios",)),
        *_rates(),
        m.Heading(id="scores", level=2, text=("Scores",)),
        m.Heading(id="cuts", level=3, text=("Cuts and distributions",)),
        m.Heading(id="detail", level=4, text=("In detail",)),
        *_score_charts(),
        *_recording_blocks(k),
        *_rest(k),
    ]
    return k.document(
        "fairness_audit",
        "Audit of the video interview of field engineers",
        blocks,
        subtitle=k.say("Decisions of ", ("/period/start", "date"), " to ", ("/period/end", "date")),
        publisher="Example Staffing Ltd",
        sources=(m.Source(name="audit", id="audit-7", sha256="b" * 64),),
        packs=(m.PackUse(id="nyc-ll144", version="2023-07-05", sha256="c" * 64),),
        attachments=(attachment(),),
    )


def _hostile_charts() -> list[m.Block]:
    name = column("Name", "/name")
    return [
        m.Chart(
            id="odd-lines",
            kind="lines",
            title=("Lines",),
            caption=("Lines with odd names.",),
            rows="/series",
            x=column("X", "/x", "integer"),
            value=column("Y", "/y", "decimals:2"),
            series=name,
        ),
        m.Chart(
            id="odd-points",
            kind="points",
            title=("Points",),
            caption=("Points with odd names.",),
            rows="/odd",
            label=name,
            x=column("Persons", "/persons", "integer"),
            value=column("Rate", "/rate", "percent"),
            series=name,
            share=True,
        ),
        m.Chart(
            id="odd-lanes",
            kind="timeline",
            title=("Lanes",),
            caption=("Lanes with odd names.",),
            rows="/lanes_of",
            label=name,
            low=column("From", "/low", "clock"),
            high=column("To", "/high", "clock"),
            series=column("Kind", "/kind"),
        ),
        m.Chart(
            id="all-null",
            kind="intervals",
            title=("Nothing known",),
            caption=("No value is known.",),
            rows="/null",
            label=name,
            value=column("Impact ratio", "/ratio", "ratio", empty_at="/why"),
            low=column("Low", "/ratio_low", "ratio"),
            high=column("High", "/ratio_high", "ratio"),
            log=True,
        ),
        m.Chart(
            id="one-step",
            kind="steps",
            title=("One step",),
            caption=("One value alone.",),
            rows="/one",
            x=column("Persons", "/persons", "integer"),
            value=column("Rate", "/rate", "percent"),
            share=True,
        ),
    ]


@cache
def hostile() -> m.Document:
    """What breaks pages: right-to-left and long names, markup, many groups, nothing at all."""
    k = Maker(hostile_data())
    named = [k.say("The name is ", (f"/names/{n}", "text"), ".") for n in range(14)]
    blocks: list[m.Block] = [
        m.Text(lead=True, text=k.say("Counted is ", ("/names/0", "text"), ", and others.")),
        m.Figures(
            title=k.say("Figures of ", ("/names/1", "text")),
            items=tuple(
                m.Key(label=k.say(("/names/" + str(n), "text")), value=k.shown(at, show))
                for n, (at, show) in enumerate(
                    (
                        ("/many/0/rate", "percent"),
                        ("/many/5/rate", "percent"),
                        ("/names/5", "text"),
                        ("/source", "digest"),
                        ("/a~1b~0c/", "integer"),
                    )
                )
            ),
        ),
        m.Heading(id="names", level=2, text=k.say("Names as ", ("/names/6", "text"))),
        m.Points(items=tuple(named)),
        *(
            m.Notice(tone="limit", title=k.say((f"/names/{n}", "text")), text=named[n])
            for n in (2, 5, 7)
        ),
        m.Heading(id="many", level=2, text=("Many groups",)),
        *_rates("/many", "-many"),
        m.Heading(id="odd", level=2, text=("Odd names",)),
        *_rates("/odd", "-odd"),
        *_hostile_charts(),
        m.Heading(id="nothing-h", level=2, text=("Nothing",)),
        *_rates("/nobody", "-nobody"),
        *_rates("/null", "-null"),
        pack_fields(k),
    ]
    return k.document(
        "governance",
        f"{INERT[0].replace('1', '')} and others",
        blocks,
        subtitle=k.say(("/names/0", "text"), " · ", ("/names/7", "text")),
        publisher=f"{RTL_NAMES[1]} {INERT[1]}",
        sources=(m.Source(name=INERT[0], id=RTL_NAMES[2], sha256="d" * 64),),
    )


LONG_SECTIONS = 50
"""About two pages of A4 each."""


@cache
def long() -> m.Document:
    """About a hundred pages: sections of text, a table of forty rows and now and then a chart."""
    data = typical_data()
    data["parts"] = [
        {
            "groups": [
                group(f"Group {n}.{k}", 40 + k, 5 + (n + k) % 30, "adverse") for k in range(40)
            ]
        }
        for n in range(LONG_SECTIONS)
    ]
    k = Maker(data)
    blocks = _opening(k)
    for n in range(LONG_SECTIONS):
        first = f"/parts/{n}/groups/0"
        sentence = k.say(
            ("/worst/name", "text"),
            " and ",
            (f"{first}/name", "text"),
            " are counted in this part; the first rate is ",
            (f"{first}/rate", "percent"),
            ", from ",
            (f"{first}/selected", "integer"),
            " of ",
            (f"{first}/persons", "integer"),
            " persons. ",
        )
        blocks.append(
            m.Heading(id=f"part-{n}", level=2, text=k.say("Part of ", (f"{first}/name", "text")))
        )
        blocks += [m.Text(text=sentence * 4) for _ in range(3)]
        made = _rates(f"/parts/{n}/groups", f"-{n}")
        blocks += made[:2] if n % 5 == 0 else made[:1]
    return k.document("governance", "Report of a long period", blocks, publisher="Example Ltd")


@cache
def letter(language: m.Language = "de") -> m.Document:
    """A short letter in another language."""
    data = {"person": "Šárka Müller-Ñandú", "day": "2026-02-14", "rate": 0.2, "count": 12345}
    k = Maker(data, language)
    return k.document(
        "candidate_notice",
        {"de": "Hinweis für Bewerbende", "es": "Aviso para candidatas", "en": "Notice"}[language],
        [
            m.Text(text=k.say(("/person", "text"), ", ", ("/day", "date"), ":"), lead=True),
            m.Text(text=k.say(("/count", "integer"), " · ", ("/rate", "percent"))),
            m.Notice(tone="information", title=("…",), text=k.say(("/day", "date"))),
        ],
        publisher="Beispiel GmbH",
    )


SAMPLES: dict[str, Callable[[], m.Document]] = {
    "typical": typical,
    "hostile": hostile,
    "long": long,
    "letter": letter,
}
