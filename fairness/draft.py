"""A first specification from a look at a table's columns, with every guess explained.

Guesses come from column names and from the words in the columns; `fairness/presets/*.yaml` hold
both. A draft is to be read by a person: words that no list knows are named and left out, so that
the audit stops at them instead of guessing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from audit.errors import DataInvalid
from fairness.draft_columns import ColumnFacts, first_rows, look
from fairness.draft_presets import Preset, presets
from fairness.sources import Database, Reading, attach, connect
from fairness.spec import AuditSpec, load_spec
from fairness.spec_parts import UNKNOWN_WORDS, Csv, Limits, folded

# Rows that a draft looks at.
SAMPLE = 20_000
_FLAGS = ("coached", "opted_out", "withdrew", "overridden", "flagged", "reviewed")
# Levels that no form must have.
_IF_PRESENT = ("Non-binary",)


@dataclass(frozen=True, slots=True)
class Guess:
    """One field of the draft: what it says, why, and the words that found no place in it."""

    field: str
    value: Any
    why: str
    unplaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftSpec:
    """A specification to be read and corrected.

    Attributes:
        preset: the format family whose names fitted best. guesses: in the order of the fields.
        unused: columns that the draft says nothing about.
    """

    preset: str
    guesses: tuple[Guess, ...]
    unused: tuple[str, ...]

    @property
    def fields(self) -> dict[str, Any]:
        """The specification as a mapping."""
        return {g.field: g.value for g in self.guesses}

    @property
    def open_questions(self) -> tuple[str, ...]:
        """What the audit would stop at, or what is missing altogether."""
        found = [
            f"{g.field}: these words have no place yet: {', '.join(map(repr, g.unplaced))}"
            for g in self.guesses
            if g.unplaced
        ]
        names = set(self.fields)
        if not names & {"outcome", "scores"}:
            found.append("no column looks like an outcome or a score: name one")
        if "features" not in names:
            found.append("no column looks like a sensitive feature: name one or more")
        return tuple(found)

    def spec(self) -> AuditSpec:
        """The draft as it stands; SpecInvalid where it is not enough for an audit."""
        return load_spec(self.fields)

    def to_yaml(self) -> str:
        """The draft as YAML, each field under a comment that explains it."""
        lines = [
            "# Draft of a fairness specification. Every line is a guess from columns' names and",
            "# values: read it, correct it, then run the audit.",
            f"# Names fit best: {self.preset}.",
        ]
        lines += [f"# OPEN: {text}" for text in self.open_questions]
        for guess in self.guesses:
            lines += ["", f"# {guess.why}"]
            text = yaml.safe_dump({guess.field: guess.value}, sort_keys=False, allow_unicode=True)
            lines.append(text.rstrip())
        if self.unused:
            lines += ["", f"# Columns not used: {', '.join(map(repr, self.unused))}"]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class TableLook:
    """A table as a person has to see it before saying what its columns mean.

    Attributes:
        columns: facts of each column that an audit can read, over the first `SAMPLE` rows.
        rows: the first rows as text, one for each column; long texts are cut, no value is empty.
        draft: what the columns may mean.
    """

    columns: tuple[ColumnFacts, ...]
    rows: tuple[tuple[str, ...], ...]
    draft: DraftSpec


def draft(data: Any, *, query: str | None = None) -> DraftSpec:
    """Look at a table (as in `fairness.rows.open_rows`) and propose a specification."""
    if isinstance(data, str) and "://" in data and query:
        data = Database(data, query)
    return look_at(data).draft


def look_at(data: Any, *, rows: int = 0, limits: Limits | None = None) -> TableLook:
    """Look at a table: its columns, its first `rows` rows, and a draft of a specification.

    Raises `DataInvalid` where it has no column that an audit could read.
    """
    with tempfile.TemporaryDirectory(prefix="fairwitness-") as folder:
        how = Reading(Path(folder), Csv(), limits or Limits(), rows=SAMPLE)
        con = connect(Path(folder), how.limits)
        try:
            facts = attach(con, data, "source_rows", None, how)
            columns = look(con, facts.types, SAMPLE)
            names = tuple(c.name for c in columns)
            first = first_rows(con, names, rows) if names and rows else ()
        finally:
            con.close()
    if not columns:
        raise DataInvalid(f"{facts.name} has no columns that an audit could read")
    return TableLook(columns, first, _drafted(columns))


def _drafted(columns: Sequence[ColumnFacts]) -> DraftSpec:
    names = [c.name for c in columns]
    preset = max(presets(), key=lambda p: (p.matches(names), p.name == "general"))
    guesses = _Guesser(preset, columns).guesses()
    used = {c for g in guesses for c in _columns_in(g.value)}
    return DraftSpec(preset.title, tuple(guesses), tuple(n for n in names if n not in used))


def _columns_in(value: Any) -> list[str]:
    """Names of columns in a drafted field."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [c for part in value for c in _columns_in(part)]
    own = [value[k] for k in ("column", "on") if k in value]
    own += value.get("columns", {}).values()
    for part in ("first", "age"):
        own += _columns_in(value[part]) if part in value else []
    return own


class _Guesser:
    """Goes through the fields; a column is used once."""

    def __init__(self, preset: Preset, columns: Sequence[ColumnFacts]) -> None:
        self._preset = preset
        self._left = list(columns)
        self._order = [c.name for c in columns]

    def guesses(self) -> list[Guess]:
        """All guesses, in the order of the specification."""
        found = [
            self._candidate(),
            self._features(),
            self._outcome(),
            self._period(),
            self._plain("job"),
            self._plain("location"),
            self._stage(),
            self._mode(),
            *(self._flag(name) for name in _FLAGS),
            self._plain("interviewer"),
            self._performance(),
            self._items(),
            self._scores(),
        ]
        return [g for g in found if g is not None]

    def _take(self, role: str, test: str = "any") -> ColumnFacts | None:
        """The first column, by the order of names, that is called so and holds fitting values."""
        for pattern in self._preset.patterns(role):
            for column in self._left:
                if pattern.fullmatch(column.folded) and column.fits(test):
                    self._left.remove(column)
                    return column
        return None

    def _candidate(self) -> Guess | None:
        column = self._take("candidate", "distinct")
        if column is None:
            return None
        why = f"{column.name!r} is called like an identifier and differs from row to row."
        return Guess("candidate", column.name, why)

    def _outcome(self) -> Guess | None:
        column = self._take("outcome", "words")
        if column is None:
            return None
        lists = {name: self._preset.words(name) for name in ("selected", "not_selected", "ignore")}
        placed, unplaced = column.placed(lists)
        if not placed["selected"] or not placed["not_selected"]:
            self._left.append(column)
            return None
        value = {"column": column.name, **{k: v for k, v in placed.items() if v}}
        if column.empty:
            value["missing"] = "ignore"
        why = f"{column.name!r} holds decisions; its words were placed by their usual meaning."
        if column.empty:
            why += f" It is empty in {column.empty} rows, taken as not decided: check this."
        return Guess("outcome", value, why, unplaced)

    def _period(self) -> Guess | None:
        column = self._take("period", "dates") or self._take("period", "words")
        if column is None:
            return None
        if not column.date_formats:
            why = f"{column.name!r} is called like a period; its words are used as they stand."
            return Guess("period", {"column": column.name}, why)
        value: dict[str, Any] = {"column": column.name, "grain": "month"}
        if "iso" in column.date_formats:
            why = f"{column.name!r} holds ISO dates; they are counted by month."
        elif len(column.date_formats) == 1:
            value["format"] = column.date_formats[0]
            why = f"{column.name!r} holds dates that only {value['format']} reads."
        else:
            why = (
                f"{column.name!r} holds dates that {' and '.join(column.date_formats)} both read: "
                "give 'format', or the audit stops."
            )
            return Guess("period", value, why, (column.words[0][0],))
        return Guess("period", value, why)

    def _plain(self, role: str) -> Guess | None:
        column = self._take(role, "repeated")
        if column is None:
            return None
        return Guess(role, column.name, f"{column.name!r} is called like a {role}.")

    def _stage(self) -> Guess | None:
        column = self._take("stage", "words")
        if column is None:
            return None
        order = self._preset.stages
        known = {folded(s): i for i, s in enumerate(order)}
        words = [w for w, _ in column.words]
        placed = sorted((w for w in words if folded(w) in known), key=lambda w: known[folded(w)])
        unplaced = tuple(w for w in words if folded(w) not in known)
        if not placed:
            self._left.append(column)
            return None
        why = f"{column.name!r} holds stages; their order is the usual one: check it."
        return Guess("stage", {"column": column.name, "order": placed}, why, unplaced)

    def _mode(self) -> Guess | None:
        column = self._take("mode", "words")
        if column is None:
            return None
        placed, unplaced = column.placed(self._preset.levels("mode"))
        value = {"column": column.name, **{k: v for k, v in placed.items() if v}}
        if len(value) == 1:
            self._left.append(column)
            return None
        return Guess("mode", value, f"{column.name!r} says who led the interview.", unplaced)

    def _flag(self, name: str) -> Guess | None:
        column = self._take(name, "words")
        if column is None:
            return None
        placed, unplaced = column.placed({k: self._preset.words(k) for k in ("yes", "no")})
        if not placed["yes"]:
            self._left.append(column)
            return None
        value: dict[str, Any] = {"column": column.name, "yes": placed["yes"]}
        value |= {"no": placed["no"]} if placed["no"] else {"missing": "no"}
        return Guess(name, value, f"{column.name!r} reads as yes or no.", unplaced)

    def _performance(self) -> Guess | None:
        column = self._take("performance", "numbers")
        if column is None:
            return None
        why = f"{column.name!r} holds numbers and is called like later performance."
        return Guess("performance", column.name, why)

    def _items(self) -> Guess | None:
        found: list[str] = []
        while (column := self._take("item", "numbers")) is not None:
            found.append(column.name)
        if not found:
            return None
        found.sort(key=self._order.index)
        value = {"columns": {identifier(n, i): n for i, n in enumerate(found)}}
        return Guess("items", value, "These columns hold numbers and are called like questions.")

    def _scores(self) -> Guess | None:
        found: list[dict[str, str]] = []
        while (column := self._take("score", "numbers")) is not None:
            found.append({"name": identifier(column.name, len(found)), "column": column.name})
        if not found:
            return None
        why = "These columns hold numbers and are called like scores; more is taken as better."
        return Guess("scores", found, why)

    def _features(self) -> Guess | None:
        found: list[dict[str, Any]] = []
        reasons: list[str] = []
        unplaced: list[str] = []
        for role, kind in (
            ("sex", "sex"),
            ("race", "race_ethnicity"),
            ("age", "age"),
            ("birth", "age"),
            ("age_band", "age"),
            ("disability", "disability"),
            ("veteran", "veteran"),
        ):
            if any(f["name"] == kind.split("_")[0] for f in found):
                continue
            test = {"age": "numbers", "birth": "dates"}.get(role, "words")
            column = self._take(role, test)
            if column is not None:
                feature, left = self._feature(role, kind, column)
                found.append(feature)
                unplaced += left
                reasons.append(f"{column.name!r} as {kind.replace('_', ' or ')}")
        if not found:
            return None
        why = f"Taken by their names: {', '.join(reasons)}. Say where they come from: provenance."
        return Guess("features", found, why, tuple(unplaced))

    def _feature(
        self, role: str, kind: str, column: ColumnFacts
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        feature: dict[str, Any] = {
            "name": kind.split("_")[0],
            "column": column.name,
            "kind": kind,
        }
        if role == "age":
            return {**feature, "age": {"given": "years"}}, ()
        if role == "birth":
            age: dict[str, Any] = {"given": "birth_date", "on": self._day()}
            if column.date_formats and "iso" not in column.date_formats:
                age["format"] = column.date_formats[0]
            several = () if len(column.date_formats) == 1 else (column.words[0][0],)
            return {**feature, "age": age}, several
        levels = self._preset.levels(role)
        placed, rest = column.placed(levels)
        declined = {folded(w) for w in (*self._preset.words(f"{role}_unknown"), *UNKNOWN_WORDS)}
        unknown = [w for w in rest if folded(w) in declined]
        feature["levels"] = {
            k: placed[k] or [levels[k][0]] for k in levels if placed[k] or k not in _IF_PRESENT
        }
        if unknown:
            feature["unknown"] = unknown
        hispanic = self._take("hispanic", "words") if role == "race" else None
        if hispanic:
            yes = hispanic.placed(
                {"yes": [*self._preset.words("yes"), *levels["Hispanic or Latino"]]}
            )
            feature["first"] = {
                "column": hispanic.name,
                "words": yes[0]["yes"] or ["yes"],
                "level": "Hispanic or Latino",
            }
        known = {folded(w) for w in unknown}
        return feature, tuple(w for w in rest if folded(w) not in known | _MISSING)

    def _day(self) -> str:
        """The column at whose date ages count, if there is one of dates; else the last year end."""
        for pattern in self._preset.patterns("period"):
            for column in self._left:
                if pattern.fullmatch(column.folded) and column.fits("dates"):
                    return column.name
        return "2025-12-31"


def identifier(name: str, place: int) -> str:
    """A name for a score, question or group made from its column's, which is at a place."""
    text = "_".join("".join(c if c.isascii() and c.isalnum() else " " for c in name).split())
    text = text.lower()[:40]
    return text if text[:1].isalpha() else f"number_{place + 1}"


_MISSING = frozenset(folded(w) for w in AuditSpec.model_fields["missing"].default)
