"""The shape of a document: facts in `data`, and blocks that show them.

No block holds a figure of its own. A sentence is a list of plain pieces and of `Shown` values, each
of which says where in `data` it comes from; tables and charts name a list in `data` and the members
of its items. Whoever has the document can trace each number to its field, and write it anew.

Pointers are RFC 6901 JSON pointers into `data`; `Column.at` is one into an item of the list.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT = "fairwitness-document/1"

Kind = Literal[
    "interview_integrity",
    "identity_thread",
    "fairness_audit",
    "ll144_summary",
    "adverse_impact_record",
    "governance",
    "regime_file",
    "candidate_notice",
    "adverse_outcome_disclosure",
    "explanation_letter",
    "scorecard",
]
Language = Literal["en", "de", "es"]
Pointer = Annotated[str, Field(pattern=r"^(/([^~/]|~[01])*)*$", max_length=500)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Anchor = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,119}$")]
Tone = Literal["information", "attention", "limit"]
Show = Annotated[
    str,
    Field(
        pattern=r"^[a-z_]+(:[a-z0-9_.-]+){0,2}$",
        description="name of a way of writing of `reports.document.values`, as `percent`, "
        "`decimals:3` or `word:verdict`",
    ),
]


class Part(BaseModel):
    """Any object of a document: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(Part):
    """A value of `data` inside a sentence."""

    at: Pointer = Field(description="where it is in `data`")
    show: Show = Field(description="how it is written")
    text: str = Field(description="as it is written there; equal to `write(data[at], show)`")


Inline = tuple[str | Shown, ...]
"""A sentence or a phrase: plain pieces, which hold no figures, and values."""


class Heading(Part):
    """Starts a section. Levels go down one at a time; the title of the document is level 1."""

    type: Literal["heading"] = "heading"
    id: Anchor = Field(description="unique in the document")
    level: Literal[2, 3, 4]
    text: Inline


class Text(Part):
    """A paragraph."""

    type: Literal["text"] = "text"
    text: Inline
    lead: bool = Field(False, description="whether it answers the reader's first question")


class Points(Part):
    """A list of short points."""

    type: Literal["points"] = "points"
    items: tuple[Inline, ...]
    ordered: bool = False


class Notice(Part):
    """Something that the reader must not miss; `limit`: what the document cannot tell."""

    type: Literal["notice"] = "notice"
    tone: Tone
    title: Inline
    text: Inline


class Key(Part):
    """One key figure."""

    label: Inline
    value: Shown
    note: Inline = ()
    tone: Literal["plain", "attention", "inconclusive"] = "plain"


class Figures(Part):
    """Key figures side by side."""

    type: Literal["figures"] = "figures"
    title: Inline = ()
    items: tuple[Key, ...]


class Column(Part):
    """One member of the items of a list."""

    title: Inline
    at: Pointer = Field(description="from the item")
    show: Show
    empty: str = Field("–", description="what is written for null")
    empty_at: Pointer | None = Field(None, description="text of the item that says why it is null")


class Table(Part):
    """A list of `data` as a table; one row for each item."""

    type: Literal["table"] = "table"
    id: Anchor = Field(description="unique; also the name of its CSV file")
    title: Inline
    rows: Pointer = Field(description="the list")
    columns: tuple[Column, ...] = Field(min_length=1)
    head: int = Field(1, ge=0, le=3, description="how many of the first columns name the row")
    empty: Inline = Field((), description="said in place of a table without rows")
    note: Inline = ()


class Line(Part):
    """A line across a chart at a value of `data`."""

    at: Pointer
    label: Inline
    axis: Literal["value", "x"] = Field("value", description="which axis the value lies on")


class Chart(Part):
    """A list of `data` as a picture; one mark for each item, and the same numbers as a table.

    intervals  a value with low and high on one axis, one row for each item (`log`: ratios)
    bars       `value` for each `label`, grouped by `series`
    lines      `value` over `x`, one line for each `series`, with a band from low to high
    steps      the same, constant between values of `x` (distributions)
    points     `value` over `x`, one mark for each item, named by `label`
    timeline   a stretch from `low` to `high` (seconds) for each item, in a lane for each `label`;
               `series` is what kind of stretch it is
    """

    type: Literal["chart"] = "chart"
    id: Anchor = Field(description="unique; also the name of its CSV file")
    kind: Literal["intervals", "bars", "lines", "steps", "points", "timeline"]
    title: Inline
    caption: Inline = Field(description="what is to be seen, in words")
    rows: Pointer = Field(description="the list")
    label: Column | None = None
    x: Column | None = None
    value: Column | None = None
    low: Column | None = None
    high: Column | None = None
    series: Column | None = None
    lines: tuple[Line, ...] = ()
    log: bool = Field(False, description="whether the axis of values is logarithmic")
    share: bool = Field(False, description="whether values are shares, 0 to 1, shown in percent")
    empty: Inline = Field((), description="said in place of a chart without items")


class Picture(Part):
    """A frame of evidence."""

    type: Literal["picture"] = "picture"
    sha256: Sha256 = Field(description="of the attachment that holds it")
    alt: Inline = Field(description="what is to be seen, in words")
    caption: Inline
    box: Pointer | None = Field(
        None, description="a list x0, y0, x1, y1 of shares of the frame to draw around"
    )


class PackField(Part):
    """One field of a rule pack, answered or open. It never holds prose of our own."""

    id: str = Field(description="as in the pack")
    title: Inline
    citation: Inline
    status: Literal["in_force", "from", "withdrawn", "voluntary", "proposed"]
    read: Literal["primary", "secondary"] = Field(description="which kind of source was read")
    answered: Literal["computed", "recorded", "open"]
    answer: Inline = Field((), description="empty where the field is open")
    by: Inline = Field((), description="who recorded it, and when")
    open_reason: Inline = Field((), description="why the field is open, and who can fill it")


class Fields(Part):
    """Fields of a rule pack."""

    type: Literal["fields"] = "fields"
    id: Anchor
    title: Inline
    items: tuple[PackField, ...]


Block = Annotated[
    Heading | Text | Points | Notice | Figures | Table | Chart | Picture | Fields,
    Field(discriminator="type"),
]


class Source(Part):
    """Something that the document was made from."""

    name: str = Field(description="what it is, as `audit` or `recording`")
    id: str = Field("", description="its identifier, if it has one")
    sha256: Sha256


class PackUse(Part):
    """A rule pack that was applied."""

    id: str
    version: str
    sha256: Sha256


class Software(Part):
    """What made the document."""

    name: Literal["fairwitness"] = "fairwitness"
    version: str
    rules: str = Field(description="version of the ways of writing and of the catalogues")


class Attachment(Part):
    """A picture that belongs to the document."""

    sha256: Sha256
    media_type: Literal["image/jpeg", "image/png"]
    base64: str


class Document(Part):
    """A whole document. Its canonical JSON is what is signed."""

    format: Literal["fairwitness-document/1"] = "fairwitness-document/1"
    kind: Kind
    id: str = Field(description="identifier of the report", pattern=r"^[A-Za-z0-9_.:-]{1,80}$")
    language: Language = "en"
    title: Inline
    subtitle: Inline = ()
    issued_at: str = Field(description="UTC, RFC 3339", pattern=r"^\d{4}-\d\d-\d\dT[0-9:.]+Z$")
    publisher: str = Field("", description="name of the organisation that issues it, as given")
    software: Software
    sources: tuple[Source, ...] = ()
    packs: tuple[PackUse, ...] = ()
    data: dict[str, Any] = Field(description="every fact that the blocks show; plain JSON")
    blocks: tuple[Block, ...]
    attachments: tuple[Attachment, ...] = ()
