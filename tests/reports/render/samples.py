"""Documents for the tests of renderers: typical, hostile and long; every block, every chart kind.

Figures come from the data as in real documents; `reports.document.check.faults` finds none in any.
Plain pieces are written here, since no catalogue has texts for tests.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from reports.document import model as m
from reports.document.catalogue import VERSION
from reports.document.pointers import resolve
from reports.document.values import write

RTL_NAMES = ("القبائل العربية", "נשים דתיות מירושלים", "زنان (شاغل)")
LONG_NAMES = (
    "Native Hawaiian or Other Pacific Islander",
    "Donaudampfschifffahrtsgesellschaftskapit",
    "W" * 40,
)
INERT = (
    "</script><script>alert('x')</script>",
    "<img src=x onerror=\"alert('x')\">",
    "\"quoted\" & 'quoted' <!-- comment --> ]]>",
    "javascript:alert(/x/) ${x} {{ x }} {% x %} #set page() \\ *b* _i_ `c`",
    "controls \x01\x07\x0b\x1b\x7f\u0085 end",
    "bidi \u202eevil\u202c \u2066x\u2069 end",
    "separators \u2028 and \u2029 end",
    "combined e\u0301 emoji 👩🏽‍💻 astral 𝔘 Han 漢字かな ไทย हिन्दी",
)
"""Texts that have to stay texts."""


class Maker:
    """Sentences over one set of data."""

    def __init__(self, data: Mapping[str, Any], language: m.Language = "en") -> None:
        self.data = dict(data)
        self.language = language

    def shown(self, at: str, show: str = "text") -> m.Shown:
        """A value as it is written."""
        text = write(resolve(self.data, at), show, self.language)
        return m.Shown(at=at, show=show, text=text)

    def say(self, *pieces: str | tuple[str, str]) -> m.Inline:
        """A sentence; a pair is a pointer and a way of writing."""
        return tuple(p if isinstance(p, str) else self.shown(*p) for p in pieces)

    def document(self, kind: m.Kind, title: str, blocks: list[m.Block], **more: Any) -> m.Document:
        """The document of these data."""
        return m.Document(
            kind=kind,
            id=f"sample-{kind.replace('_', '-')}",
            language=self.language,
            title=(title,),
            issued_at="2026-03-01T09:30:00Z",
            software=m.Software(version="0.1.0", rules=VERSION),
            data=self.data,
            blocks=tuple(blocks),
            **more,
        )


def column(title: str, at: str, show: str = "text", **more: Any) -> m.Column:
    """A column with a plain title."""
    return m.Column(title=(title,), at=at, show=show, **more)


def png(width: int = 160, height: int = 90) -> bytes:
    """A small picture with a gradient, made without a library."""
    rows = b"".join(
        b"\0"
        + b"".join(
            bytes((60 + x * 120 // width, 70 + y * 110 // height, 120)) for x in range(width)
        )
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def attachment() -> m.Attachment:
    """The picture as it belongs to a document."""
    return m.Attachment(
        sha256=hashlib.sha256(png()).hexdigest(),
        media_type="image/png",
        base64=b64encode(png()).decode("ascii"),
    )


GROUPS = (
    ("Women", 410, 82, "adverse"),
    ("Men", 520, 156, None),
    ("Native Hawaiian or Other Pacific Islander", 31, 7, "undetectable"),
    ("Two or More Races", 57, 16, "no_indication"),
    ("Black or African American", 214, 47, "small_numbers"),
    ("Hispanic or Latino", 188, 51, "significant_above_four_fifths"),
)


def group(name: str, persons: int, selected: int, finding: str | None) -> dict[str, Any]:
    """Counts, a rate and a ratio with rough intervals."""
    rate = selected / persons
    half = 1.96 * math.sqrt(rate * (1 - rate) / persons)
    ratio = rate / 0.3
    return {
        "name": name,
        "persons": persons,
        "selected": selected,
        "rate": round(rate, 6),
        "rate_low": round(max(0.0, rate - half), 6),
        "rate_high": round(min(1.0, rate + half), 6),
        "rate_ends": [round(max(0.0, rate - half), 6), round(min(1.0, rate + half), 6)],
        "ratio": None if finding is None else round(ratio, 6),
        "ratio_low": None if finding is None else round(ratio * math.exp(-4 * half), 6),
        "ratio_high": None if finding is None else round(ratio * math.exp(4 * half), 6),
        "why": "it is the reference" if finding is None else None,
        "p": None if finding is None else round(min(1.0, half / 4), 6),
        "standing": "reference" if finding is None else finding.replace("_", " "),
    }


def _scores() -> dict[str, Any]:
    names = ("Women", "Men", "Two or More Races")
    return {
        "spread": [
            {
                "group": name,
                "edge": 10 * n,
                "share": round(math.exp(-((n - 5 - k / 2) ** 2) / 6) / 4.4, 5),
            }
            for k, name in enumerate(names)
            for n in range(11)
        ],
        "sweep": [
            {
                "group": name,
                "cut": cut,
                "ratio": None if cut > 85 else round(1 - 0.004 * (k + 1) * cut, 5),
                "low": None if cut > 85 else round(0.85 - 0.004 * (k + 1) * cut, 5),
                "high": None if cut > 85 else round(1.12 - 0.004 * (k + 1) * cut, 5),
            }
            for k, name in enumerate(names[:2])
            for cut in range(0, 100, 5)
        ],
        "four_fifths": 0.8,
        "cut": 60,
        "ways": [
            {
                "name": f"weights {n}",
                "kind": ("today", "less adverse", "other")[min(n, 2)],
                "ratio": round(0.7 + 0.02 * n + 0.01 * (n % 3), 4),
                "validity": round(0.42 - 0.005 * n + 0.01 * (n % 2), 4),
            }
            for n in range(14)
        ],
        "months": [
            {
                "month": f"2026-{n:02d}",
                "group": name,
                "rate": round(0.2 + 0.02 * n * (k + 1) / 3, 4),
            }
            for n in range(1, 7)
            for k, name in enumerate(names)
        ],
    }


def _recording() -> dict[str, Any]:
    def stretch(lane: str, low: float, high: float, kind: str, number: int | None = None) -> Any:
        return {"lane": lane, "low": low, "high": high, "kind": kind, "number": number}

    return {
        "duration_s": 754.2,
        "stretches": [
            stretch("Face 1 (main)", 0.0, 402.5, "main face"),
            stretch("Face 1 (main)", 410.0, 754.2, "main face"),
            stretch("Face 2", 300.0, 356.4, "other face"),
            stretch("Speech", 4.2, 120.0, "speech"),
            stretch("Speech", 131.0, 390.4, "speech"),
            stretch("Speech", 405.0, 740.0, "speech"),
            stretch("Repeated frames", 212.0, 236.0, "asks for review", 1),
            stretch("Repeated frames", 512.0, 536.0, "matching place"),
            stretch("Mouth and voice", 402.5, 410.0, "asks for review", 2),
            stretch("Mouth and voice", 600.0, 690.0, "inconclusive"),
            stretch("Voice of one person", 0.0, 754.2, "no indication"),
        ],
        "curve": [
            {
                "at": 20.0 * n,
                "value": None if n in (11, 12) else round(0.6 + 0.3 * math.sin(n / 3), 5),
            }
            for n in range(38)
        ],
        "threshold": 0.35,
        "box": [0.42, 0.2, 0.61, 0.75],
    }


def typical_data() -> dict[str, Any]:
    """An audit and a recording."""
    groups = [group(*each) for each in GROUPS]
    return {
        "groups": groups,
        "worst": groups[0],
        "persons": sum(each["persons"] for each in groups),
        "confidence": 0.95,
        "period": {"start": "2025-07-01", "end": "2025-12-31"},
        "source": "a" * 64,
        "nobody": [],
        "field": {"answer": 143, "date": "2026-02-14", "person": "M. Okafor"},
        "scores": _scores(),
        "recording": _recording(),
        "lanes": 5,
    }


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
                    label=("Interval of this ratio",),
                    value=k.shown("/worst/rate_ends", "between:ratio"),
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


def hostile_data() -> dict[str, Any]:
    """Names that break layouts and pages, two hundred groups, nothing, and withheld values."""
    data = typical_data()
    names = [*RTL_NAMES, *LONG_NAMES, *INERT]
    names += [f"Group with the number {n:03d}" for n in range(200 - len(names))]
    findings = ("adverse", None, "small_numbers")
    data["many"] = [
        group(name, 20 + n, 3 + n % 17, findings[n % 3]) for n, name in enumerate(names)
    ]
    for n in (5, 9):
        data["many"][n] |= dict.fromkeys(("rate", "rate_low", "rate_high", "ratio", "p"), None)
        data["many"][n] |= {"rate_ends": [None, None], "why": "fewer than the least count"}
    data["odd"] = data["many"][:14]
    data["names"] = names
    data["series"] = [
        {"name": name, "x": x, "y": None if x == 2 else x * (n + 1) / 40}
        for n, name in enumerate(names[:14])
        for x in range(5)
    ]
    data["one"] = [data["many"][0]]
    data["null"] = [dict.fromkeys(data["many"][0]) | {"why": INERT[0]}]
    data["lanes_of"] = [
        {
            "name": name,
            "low": 10.0 * n,
            "high": None if n == 3 else 10.0 * n + (n % 2),
            "kind": name,
        }
        for n, name in enumerate(names[:14])
    ]
    data["publisher"] = RTL_NAMES[0]
    data["a/b~c"] = {"": 7}
    return data


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
