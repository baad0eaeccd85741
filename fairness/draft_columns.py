"""What the first rows of a table say about each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from fairness.draft_presets import fold_name
from fairness.sources import is_plain, literal, quoted
from fairness.spec_parts import folded

FORMATS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%d %b %Y",
           "%b %d, %Y", "%m/%d/%y", "%d/%m/%y")  # fmt: skip
MOST_WORDS = 60
_LONGEST_TEXT = 120


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column in the sample.

    Attributes:
        words: its most frequent words with their counts, at most 60; `different` counts all.
        empty, filled: rows without and with a value. numeric: all values are numbers.
        date_formats: `iso`, or the patterns that read every value.
    """

    name: str
    words: tuple[tuple[str, int], ...]
    different: int
    empty: int
    filled: int
    numeric: bool
    date_formats: tuple[str, ...]

    @property
    def folded(self) -> str:
        """Its name for matching."""
        return fold_name(self.name)

    def fits(self, test: str) -> bool:
        """Whether its values are of a sort: any, distinct, repeated, words, numbers, dates."""
        if not self.filled:
            return False
        return {
            "any": True,
            "distinct": self.different >= 0.5 * self.filled,
            "repeated": self.different <= max(0.5 * self.filled, 2),
            "words": self.different <= MOST_WORDS,
            "numbers": self.numeric,
            "dates": bool(self.date_formats),
        }[test]

    def placed(
        self, lists: Mapping[str, Sequence[str]]
    ) -> tuple[dict[str, list[str]], tuple[str, ...]]:
        """Its words by the list that has them, and the words that none has."""
        place = {folded(w): name for name, words in lists.items() for w in words}
        found: dict[str, list[str]] = {name: [] for name in lists}
        rest = []
        seen = set()
        for word, _ in self.words:
            if folded(word) in seen:
                continue
            seen.add(folded(word))
            name = place.get(folded(word))
            if name is None:
                rest.append(word)
            else:
                found[name].append(word.strip())
        return found, tuple(rest)


def look(
    con: duckdb.DuckDBPyConnection, types: Mapping[str, str], sample: int
) -> tuple[ColumnFacts, ...]:
    """Facts of each column over the first rows of `source_rows`."""
    con.execute(f"CREATE TEMP TABLE sampled AS SELECT * FROM source_rows LIMIT {sample}")
    return tuple(_facts(con, name, kind) for name, kind in types.items() if is_plain(kind))


def first_rows(
    con: duckdb.DuckDBPyConnection, names: Sequence[str], rows: int
) -> tuple[tuple[str, ...], ...]:
    """The first rows of what `look` sampled, as text; empty fields are empty texts."""
    texts = ", ".join(f"coalesce(left({quoted(n)}::VARCHAR, {_LONGEST_TEXT}), '')" for n in names)
    found = con.execute(f"SELECT {texts} FROM sampled LIMIT {rows}").fetchall()
    return tuple(tuple(str(value) for value in row) for row in found)


def _facts(con: duckdb.DuckDBPyConnection, name: str, kind: str) -> ColumnFacts:
    text = f"{quoted(name)}::VARCHAR"
    given = f"{text} IS NOT NULL AND trim({text}) <> ''"
    tests = [
        f"count_if({given})",
        f"count_if(NOT ({given}))",
        f"count(DISTINCT {text}) FILTER ({given})",
        f"count_if(TRY_CAST({text} AS DOUBLE) IS NULL) FILTER ({given})",
        f"count_if(NOT regexp_matches({text}, '^\\s*\\d{{4}}-\\d{{2}}-\\d{{2}}([T ].*)?$')) "
        f"FILTER ({given})",
    ]
    tests += [
        f"count_if(try_strptime(trim({text}), {literal(f)}) IS NULL) FILTER ({given})"
        for f in FORMATS
    ]
    row = con.execute(f"SELECT {', '.join(tests)} FROM sampled").fetchone() or (0,) * len(tests)
    filled, empty, different, no_number, no_iso, *no_format = row
    words = con.execute(
        f"SELECT {text} AS word, count(*) AS n FROM sampled WHERE {given} GROUP BY 1 "
        f"ORDER BY n DESC, word LIMIT {MOST_WORDS}"
    ).fetchall()
    formats = ["iso"] if filled and not no_iso else []
    if filled and not formats:
        formats = [f for f, bad in zip(FORMATS, no_format, strict=True) if not bad]
    numeric = bool(filled) and not no_number and kind != "BOOLEAN"
    return ColumnFacts(
        name,
        tuple((str(w), int(n)) for w, n in words),
        int(different),
        int(empty),
        int(filled),
        numeric,
        tuple(formats),
    )
