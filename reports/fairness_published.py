"""published.json: what checking a published bias audit gave."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from fairness.published_types import PublishedAudit
from reports.fairness_figures import Count, NoteEntry, Number, Numbers, Part, Word

SCHEMA_VERSION = "1.0"

_Ends = Annotated[
    Numbers | None, BeforeValidator(lambda ends: list(ends) if ends is not None else None)
]


class InconsistencyEntry(Part):
    """One thing that does not fit."""

    code: Word = Field(description="stable code, lower case with underscores")
    kind: Word = Field(description="contradiction, deviation, omission or remark")
    table: str = Field(description="name of the table; empty: the whole audit")
    category: str = Field(description="category; empty: the whole table")
    text: str = Field(description="one plain sentence")
    printed: str = Field(description="as printed")
    recomputed: str = Field(description="what the other printed numbers give")
    low: Number = Field(description="recomputed, lower end")
    high: Number = Field(description="recomputed, upper end")
    tolerance: Number = Field(description="half a unit in the last printed place")


class RowEntry(Part):
    """One category, printed and recomputed."""

    category: str = Field(description="as printed")
    assessed: Count = Field(description="persons")
    selected: Count = Field(description="persons")
    share: Number = Field(description="of the persons in the table's categories, 0 to 1")
    excluded: bool = Field(description="left out of the denominators")
    rate_printed: str = Field(description="as printed")
    rate: _Ends = Field(description="recomputed: low and high end")
    ratio_printed: str = Field(description="as printed")
    ratio: _Ends = Field(description="recomputed: low and high end")


class TableEntry(Part):
    """One table of the audit."""

    table: str = Field(description="name")
    dimension: str = Field(description="sex, race_ethnicity, intersectional, or its own word")
    variant: str = Field(description="which of several sets of results")
    assessed: Count = Field(description="persons in its categories")
    referent: str = Field(description="what printed ratios were divided by, in words")
    rates_checked: int = Field(description="printed rates that could be checked")
    ratios_checked: int = Field(description="printed ratios that could be checked")
    recomputes: Word = Field(description="yes, no, or cannot be checked")
    rows: list[RowEntry] = Field(description="one per category")
    inconsistencies: list[InconsistencyEntry] = Field(description="of this table")
    not_checked: list[NoteEntry] = Field(description="what could not be checked, and why")


class PublishedDocument(Part):
    """What checking a published bias audit gave."""

    schema_version: Literal["1.0"]
    kind: Literal["published_check"]
    source: str = Field(description="name of the file")
    recomputes: Word = Field(description="yes, no, or cannot be checked")
    by_code: dict[str, int] = Field(description="how many inconsistencies, by code")
    tables: list[TableEntry] = Field(description="one per table")
    inconsistencies: list[InconsistencyEntry] = Field(description="all, between tables too")
    not_checked: list[NoteEntry] = Field(description="what could not be checked, and why")


def published_document(found: PublishedAudit) -> dict[str, Any]:
    """The document of one check."""
    names = [n for n in PublishedDocument.model_fields if hasattr(found, n)]
    made = PublishedDocument.model_validate(
        {
            **{"schema_version": SCHEMA_VERSION, "kind": "published_check"},
            **{name: getattr(found, name) for name in names},
        }
    )
    return made.model_dump(mode="json")
