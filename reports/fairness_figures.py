"""Numbers as audit.json writes them: the small parts that every section of a fairness audit uses.

Fields have the names of the results in `fairness`, so that a part is made by reading attributes.
Numbers have ten significant digits; `null` stands where there is no number, and a note says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

SIGNIFICANT_DIGITS = 10


class Part(BaseModel):
    """Any object of a document: unknown members are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        from_attributes=True,
        json_schema_serialization_defaults_required=True,
    )


def number(value: Any) -> float | None:
    """A finite number to ten significant digits, or None."""
    if value is None:
        return None
    made = float(value)
    if not math.isfinite(made):
        return None
    return float(f"{made:.{SIGNIFICANT_DIGITS}g}") + 0.0


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _listed(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


Number = Annotated[float | None, BeforeValidator(number)]
Count = Annotated[int | None, BeforeValidator(_plain)]
Word = Annotated[str, BeforeValidator(_text)]
Numbers = Annotated[list[Number], BeforeValidator(_listed)]
Counts = Annotated[list[Count], BeforeValidator(_listed)]
Names = Annotated[list[str], BeforeValidator(_listed)]


class IntervalEntry(Part):
    """An interval; a `null` end is unbounded."""

    low: Number = Field(description="lower end; null: none")
    high: Number = Field(description="upper end; null: none (a ratio can be without limit)")
    level: Number = Field(description="confidence level, 0 to 1")
    method: str = Field(description="how it was computed, in words")


class EstimateEntry(Part):
    """A number with its interval; null where the data give none."""

    value: Number = Field(description="the number; null: the data give none, or it is withheld")
    interval: IntervalEntry | None = Field(description="null: the data give none")


class ProportionEntry(Part):
    """A share of persons (or interviews) with its Wilson interval."""

    count: Count = Field(description="how many")
    of: Count = Field(description="of how many")
    value: Number = Field(description="count / of; null where `of` is 0")
    interval: IntervalEntry | None = Field(description="Wilson's; null where `of` is 0")


class ChiSquareEntry(Part):
    """A chi-square test."""

    statistic: Number = Field(description="chi-square, 0 and up")
    df: Count = Field(description="degrees of freedom")
    p_value: Number = Field(description="0 to 1")
    smallest_expected: Number = Field(description="smallest expected cell; null: not computed")


class FTestEntry(Part):
    """An F test between two nested regressions."""

    statistic: Number = Field(description="F, 0 and up")
    df1: Count = Field(description="degrees of freedom above")
    df2: Count = Field(description="degrees of freedom below")
    p_value: Number = Field(description="0 to 1")
    delta_r2: Number = Field(description="share of variance that the larger model gains, 0 to 1")


class ZTestEntry(Part):
    """A standard normal statistic."""

    z: Number = Field(description="negative where the group is selected less often")
    p_value: Number = Field(description="two-sided, 0 to 1")


class NoteEntry(Part):
    """Something that a reader must know beside the numbers."""

    code: str = Field(description="stable code, lower case with underscores")
    text: str = Field(description="one plain sentence")
    facts: dict[str, float | int | str] = Field(description="the numbers and names in the text")
