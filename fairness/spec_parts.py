"""The columns that a specification can name, and what each may say about its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_ISO = re.compile(r"^\d{4}-\d{1,2}-\d{1,2}$")
NAME = r"^[A-Za-z][A-Za-z0-9_]{0,39}$"
UNKNOWN_WORDS = (
    "unknown",
    "not specified",
    "not disclosed",
    "not provided",
    "prefer not to say",
    "prefer not to answer",
    "decline to answer",
    "decline to self-identify",
    "decline to self identify",
    "i don't wish to answer",
    "i do not wish to answer",
    "undisclosed",
)


def word(value: object) -> object:
    """A word as written in a table: true, 1 and 1.0 are words too."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def folded(text: str) -> str:
    """How words are compared: blanks at the ends and case do not count, 1.0 is 1."""
    text = text.strip().casefold()
    return text[:-2] if re.fullmatch(r"-?\d+\.0", text) else text


def column_only(value: object) -> object:
    """A field given as the bare name of its column."""
    return {"column": value} if isinstance(value, str) else value


Word = Annotated[str, BeforeValidator(word, json_schema_input_type=str | bool | int | float)]
Words = tuple[Word, ...]
Name = Annotated[str, Field(pattern=NAME)]
Column = Annotated[str, Field(min_length=1, max_length=300)]
Provenance = Literal["self_reported", "observed", "imputed"]
Grain = Literal["label", "year", "quarter", "month", "week"]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Outcome(Part):
    """What was decided. Every word of the column must be in one of the three lists."""

    column: Column
    selected: Words = Field(min_length=1, description="moved forward, hired, promoted")
    not_selected: Words = Field(min_length=1, description="rejected")
    ignore: Words = Field((), description="not decided: pending, withdrawn; in no rate")
    missing: Literal["error", "ignore"] = Field("error", description="what an empty field means")

    @model_validator(mode="after")
    def _apart(self) -> Self:
        disjoint(
            "outcome",
            {"selected": self.selected, "not_selected": self.not_selected, "ignore": self.ignore},
        )
        return self


class Axis(Part):
    """A column whose words are levels as they stand: job, location, class."""

    column: Column


class Stage(Part):
    """Steps of the process, in order.

    `reached`: one row per application, the column says how far it came. `row_per_stage`: one row
    per application and stage; rows are folded into the furthest stage, with its outcome.
    """

    column: Column
    order: tuple[Word | StageWords, ...] = Field(min_length=1)
    layout: Literal["reached", "row_per_stage"] = "reached"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the stages, first to last."""
        return tuple(s if isinstance(s, str) else s.name for s in self.order)

    @property
    def words(self) -> dict[str, Words]:
        """The words of each stage."""
        return {
            (s if isinstance(s, str) else s.name): ((s,) if isinstance(s, str) else s.words)
            for s in self.order
        }

    @model_validator(mode="after")
    def _apart(self) -> Self:
        unique("stage names", self.names)
        disjoint("stage", self.words)
        return self


class StageWords(Part):
    """One stage and the words that mean it."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    words: Words = Field(min_length=1)


class Period(Part):
    """When: a label as it stands, or a date and how finely to count it.

    Dates as text must be ISO (2025-03-31) unless `format` gives their strptime pattern; several
    patterns may be given where no value fits two of them.
    """

    column: Column
    grain: Grain = "label"
    format: str | tuple[str, ...] | None = None

    @property
    def formats(self) -> tuple[str, ...]:
        """The patterns, or none."""
        return _formats(self.format)


class Mode(Part):
    """Who led the interview."""

    column: Column
    ai_led: Words = ()
    ai_assisted: Words = ()
    human_led: Words = ()
    hybrid: Words = ()
    unknown: Words = ()

    @property
    def levels(self) -> dict[str, Words]:
        """The words of each mode that has any."""
        every = {
            "ai_led": self.ai_led,
            "ai_assisted": self.ai_assisted,
            "human_led": self.human_led,
            "hybrid": self.hybrid,
        }
        return {name: words for name, words in every.items() if words}

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if not self.levels:
            raise ValueError("mode: give the words of at least one of ai_led, ai_assisted, ...")
        disjoint("mode", {**self.levels, "unknown": self.unknown})
        return self


class Flag(Part):
    """Yes or no: opted out, withdrew, overridden, flagged, reviewed, coached."""

    column: Column
    yes: Words = ("yes", "y", "true", "1")
    no: Words = ("no", "n", "false", "0")
    unknown: Words = ()
    missing: Literal["no", "unknown"] = Field("unknown", description="what an empty field means")

    @model_validator(mode="after")
    def _apart(self) -> Self:
        disjoint("flag", {"yes": self.yes, "no": self.no, "unknown": self.unknown})
        return self


class Label(Part):
    """Later performance as good or poor: by words, or by a threshold on a number."""

    column: Column
    good: Words = ()
    poor: Words = ()
    ignore: Words = ()
    good_at_least: float | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.good_at_least is None) == (not self.good or not self.poor):
            raise ValueError("label: give words for both good and poor, or else good_at_least")
        disjoint("label", {"good": self.good, "poor": self.poor, "ignore": self.ignore})
        return self


class Score(Part):
    """A number that the tool gave. With `cut`, at or beyond it (in its direction) is a pass."""

    name: Name
    column: Column
    higher_is_better: bool = True
    cut: float | None = None
    low: float | None = Field(None, description="a score below this is an error")
    high: float | None = Field(None, description="a score above this is an error")
    non_finite: Literal["error", "missing"] = Field("error", description="what NaN, inf mean")


class Age(Part):
    """Bands from an age in years or a date of birth; the band changes on the birthday.

    `format` reads the dates of birth, and those of the column `on` unless it is the period's.
    """

    given: Literal["years", "birth_date"] = "years"
    on: str | None = Field(
        None, description="date at which ages count: ISO, or the name of a date column"
    )
    bands: tuple[int, ...] = Field((40,), min_length=1, description="lowest age of each next band")
    format: str | tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bands, youngest first: "Under 40", "40 and over"."""
        inner = [f"{a} to {b - 1}" for a, b in zip(self.bands, self.bands[1:], strict=False)]
        return (f"Under {self.bands[0]}", *inner, f"{self.bands[-1]} and over")

    @property
    def on_date(self) -> date | None:
        """The fixed date at which ages count, where `on` is not the name of a column."""
        return date.fromisoformat(self.on) if self.on and _ISO.match(self.on) else None

    @property
    def formats(self) -> tuple[str, ...]:
        """The strptime patterns, or none."""
        return _formats(self.format)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if list(self.bands) != sorted(set(self.bands)) or self.bands[0] < 1:
            raise ValueError("age: bands must be rising ages of 1 or more")
        if self.on and _ISO.match(self.on):
            date.fromisoformat(self.on)
        if self.given == "birth_date" and self.on is None:
            raise ValueError("age: a date of birth needs 'on', the date at which ages count")
        return self


class Override(Part):
    """A second column that decides first: Hispanic or Latino whatever the race column says."""

    column: Column
    words: Words = Field(min_length=1)
    level: str = Field(min_length=1)


class Several(Part):
    """One field naming several levels ("White; Asian") counts as `level`."""

    separator: str = Field(min_length=1, max_length=5)
    level: str = Field(min_length=1)


class Feature(Part):
    """A sensitive feature. Without `levels` its words are levels as they stand.

    `unknown` words and empty fields are counted as unknown, never dropped. Words that no list
    names stop the audit, or count as unknown with `unmapped: unknown`.
    """

    name: Name
    column: Column
    kind: Literal["sex", "race_ethnicity", "age", "disability", "veteran", "other"] = "other"
    levels: dict[str, Words] | None = None
    unknown: Words = UNKNOWN_WORDS
    unmapped: Literal["error", "unknown"] = "error"
    age: Age | None = None
    first: Override | None = None
    several: Several | None = None
    provenance: Provenance | None = Field(None, description="where it differs from the whole's")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.age and (self.levels or self.first or self.several):
            raise ValueError(f"feature {self.name}: age makes its own levels; leave the others out")
        if self.age and self.kind != "age":
            raise ValueError(f"feature {self.name}: 'age' needs kind: age")
        for extra in (self.first, self.several):
            if extra and (self.levels is None or extra.level not in self.levels):
                raise ValueError(
                    f"feature {self.name}: the level {extra.level!r} is not among its levels"
                )
        if self.levels is not None:
            disjoint(f"feature {self.name}", {**self.levels, "unknown": self._own_unknown()})
        return self

    def _own_unknown(self) -> Words:
        return () if self.unknown == UNKNOWN_WORDS else self.unknown


class Items(Part):
    """Scores of single questions in columns of the same table (one per question)."""

    columns: dict[Name, Column] = Field(min_length=1)


class Ratings(Part):
    """A second, long table with one row per candidate and question."""

    candidate: Column
    question: Column
    score: Column
    job: Column | None = None
    position: Column | None = Field(None, description="place of the question in the interview")
    rubric: Column | None = None
    interviewer: Column | None = None
    period: Column | None = None


class Suppression(Part):
    """Which cells published tables leave out (see `fairness.suppression`)."""

    below: int = Field(0, ge=0, description="counts from 1 up to below this are left out; 0: none")
    complementary: bool = Field(True, description="leave out more so that none can be worked out")


class Csv(Part):
    """How to read a text file where the guess is wrong."""

    encoding: str | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1)


class Limits(Part):
    """How large a cube may become."""

    feature_levels: int = Field(200, ge=2, description="most levels of a sensitive feature")
    axis_levels: int = Field(10_000, ge=1, description="most levels of job, location, period")
    cells: int = Field(2_000_000, ge=1000, description="most cells of one table of counts")
    combinations: int = Field(
        1_000_000, ge=1000, description="most combinations of values that a warehouse may give"
    )
    line_mb: int = Field(8, ge=1, le=256, description="longest line of a text file, MiB")
    memory_mb: int = Field(400, ge=64, description="memory of the database engine, MiB")
    threads: int = Field(2, ge=1, le=256, description="threads of the database engine")


def _formats(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def unique(what: str, names: tuple[str, ...] | list[str]) -> None:
    """No name twice."""
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ValueError(f"{what} must differ; twice: {', '.join(twice)}")


def disjoint(what: str, lists: Mapping[str, Words]) -> None:
    """No word in two lists."""
    seen: dict[str, str] = {}
    for name, words in lists.items():
        for text in words:
            other = seen.setdefault(folded(text), name)
            if other != name:
                raise ValueError(f"{what}: the word {text!r} is in both {other} and {name}")
