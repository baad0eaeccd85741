"""Words to levels: once per different word, with every word accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from audit.errors import DataInvalid
from fairness.keyed import Key
from fairness.sources import literal, quoted
from fairness.spec import AuditSpec
from fairness.spec_parts import Feature, Words, folded, word
from fairness.tables import UNKNOWN, natural
from fairness.validation import shown_word, unmapped

# Longer lists of words are joined from a table instead of compared one by one.
_COMPARED = 40

WordCounts = Sequence[tuple[object, int]]


@dataclass(frozen=True, slots=True)
class Coding:
    """Levels of one key and the code of each raw word; -1 for unknown.

    `dim` is the cube's name of the dimension. Raw words are as the engine gives them.
    """

    name: str
    dim: str
    levels: tuple[str, ...]
    codes: Mapping[object, int]

    @property
    def joined(self) -> bool:
        """Whether its codes come from a table `map_<name>` (word, code, level)."""
        return len(self.codes) > _COMPARED

    def code_sql(self) -> str:
        """The code in SQL, NULL for unknown."""
        return self._sql(self._plain("code"), "code") + "::SMALLINT"

    def level_sql(self) -> str:
        """The name of the level in SQL, NULL for unknown."""
        return self._sql(self._plain("level"), "level")

    def code_in(self, levels: Iterable[int]) -> str:
        """Whether the word is of one of these levels, in SQL; NULL for unknown."""
        true = set(levels)
        values = ["TRUE" if i in true else "FALSE" for i in range(len(self.levels))]
        return self._sql(values, "code") + "::BOOLEAN"

    def _sql(self, values: list[str], column: str) -> str:
        """The value of the word's level; an empty field may stand for a level too."""
        raw, empty = quoted("k_" + self.name), self.codes.get(None, UNKNOWN)
        if self.joined:
            places = " ".join(f"WHEN {i} THEN {v}" for i, v in enumerate(values))
            map_ = quoted("map_" + self.name)
            direct = values == self._plain(column)
            known_sql = f"{map_}.{column}" if direct else f"(CASE {map_}.code {places} END)"
        else:
            cases = " ".join(
                f"WHEN {raw} = {literal(w)} THEN {values[c]}"
                for w, c in self.codes.items()
                if c >= 0 and w is not None
            )
            known_sql = f"(CASE {cases} END)" if cases else "NULL"
        if empty >= 0:
            return f"(CASE WHEN {raw} IS NULL THEN {values[empty]} ELSE {known_sql} END)"
        return known_sql

    def _plain(self, column: str) -> list[str]:
        if column == "code":
            return [str(i) for i in range(len(self.levels))]
        return [literal(x) for x in self.levels]


def as_word(value: object) -> str:
    """A raw value as the word that it is in a specification; "" for none."""
    return "" if value is None else str(word(value)).strip()


def listed(
    key: Key,
    words: WordCounts,
    lists: Mapping[str, Words],
    *,
    unknown: Iterable[str],
    remedy: str,
    strict: bool = True,
) -> Coding:
    """A coding by lists of words; other words are an error, or unknown where not `strict`."""
    codes = {folded(w): place for place, each in enumerate(lists.values()) for w in each}
    codes = {**{folded(w): UNKNOWN for w in unknown}, **codes}
    found: dict[object, int] = {}
    strange = []
    for raw, count in words:
        text = folded(as_word(raw))
        if text not in codes:
            strange.append((raw, count))
        found[raw] = codes.get(text, UNKNOWN)
    if strange and strict:
        unmapped(key.field, key.column, strange, remedy)
    return Coding(key.name, dim_of(key.name), tuple(lists), found)


def as_it_stands(
    key: Key, words: WordCounts, unknown: Iterable[str], show: Callable[[object], str] = as_word
) -> Coding:
    """A coding in which each word is its own level, in rising order."""
    gone = {folded(w) for w in unknown}
    texts = {raw: show(raw) for raw, _ in words if raw is not None}
    texts = {raw: text for raw, text in texts.items() if folded(text) not in gone}
    levels = sorted(set(texts.values()), key=natural)
    places = {level: place for place, level in enumerate(levels)}
    codes = {raw: places[texts[raw]] if raw in texts else UNKNOWN for raw, _ in words}
    return Coding(key.name, dim_of(key.name), tuple(levels), codes)


def coding_of(key: Key, spec: AuditSpec, words: WordCounts) -> Coding:
    """The coding that the specification gives a key; DataInvalid for words it does not name."""
    name, missing = key.name, spec.missing
    if name.startswith("feature_"):
        feature = next(f for f in spec.features if f"feature_{f.name}" == name)
        return _feature(key, feature, words, missing)
    if name.startswith("first_"):
        feature = next(f for f in spec.features if f"first_{f.name}" == name)
        return _override(key, feature, words)
    if name in spec.flags:
        return _flag(key, spec, words)
    if name == "period" and spec.period and spec.period.grain != "label":
        grain = spec.period.grain
        return as_it_stands(key, words, missing, lambda raw: period_name(int(str(raw)), grain))
    special = {"outcome": _outcome, "label": _label, "stage": _stage, "mode": _mode}
    if name in special:
        return special[name](key, spec, words)
    return as_it_stands(key, words, missing)


def period_name(key: int, grain: str) -> str:
    """A period's name from its number: 2025, 2025-Q1, 2025-03, 2025-W09."""
    if grain == "quarter":
        return f"{key // 4:04d}-Q{key % 4 + 1}"
    if grain == "month":
        return f"{key // 12:04d}-{key % 12 + 1:02d}"
    return f"{key // 100:04d}-W{key % 100:02d}" if grain == "week" else f"{key:04d}"


def dim_of(name: str) -> str:
    """The cube's dimension of a key."""
    return "feature:" + name.removeprefix("feature_") if name.startswith("feature_") else name


def _outcome(key: Key, spec: AuditSpec, words: WordCounts) -> Coding:
    outcome = spec.outcome
    if outcome is None:
        return Coding("outcome", "outcome", ("not_selected", "selected"), {False: 0, True: 1})
    empty = [(raw, n) for raw, n in words if _is_missing(raw, spec)]
    rows = sum(n for _, n in empty)
    if rows and outcome.missing == "error":
        raise DataInvalid(
            f"column {outcome.column!r} (outcome) is empty in {rows} rows; fill it in, or say with "
            "outcome.missing: ignore that these are not decided and belong in no rate"
        )
    return listed(
        key,
        words,
        {"not_selected": outcome.not_selected, "selected": outcome.selected},
        unknown=(*outcome.ignore, *spec.missing),
        remedy="Add each to outcome.selected, outcome.not_selected or outcome.ignore",
    )


def _label(key: Key, spec: AuditSpec, words: WordCounts) -> Coding:
    label = spec.label
    if label is None or label.good_at_least is not None:
        return Coding("label", "label", ("poor", "good"), {False: 0, True: 1})
    return listed(
        key,
        words,
        {"poor": label.poor, "good": label.good},
        unknown=(*label.ignore, *spec.missing),
        remedy="Add each to label.good, label.poor or label.ignore",
    )


def _stage(key: Key, spec: AuditSpec, words: WordCounts) -> Coding:
    stages = spec.stage.words if spec.stage else {}
    if spec.stage and spec.stage.layout == "row_per_stage":
        # Rows were folded: the key is the place of the furthest stage.
        codes: dict[object, int] = {i: i for i in range(len(stages))}
        return Coding("stage", "stage", tuple(stages), codes)
    return listed(
        key, words, stages, unknown=spec.missing, remedy="Add each to a stage under stage.order"
    )


def _mode(key: Key, spec: AuditSpec, words: WordCounts) -> Coding:
    mode = spec.mode
    return listed(
        key,
        words,
        mode.levels if mode else {},
        unknown=(*(mode.unknown if mode else ()), *spec.missing),
        remedy="Add each to mode.ai_led, ai_assisted, human_led, hybrid or unknown",
    )


def _flag(key: Key, spec: AuditSpec, words: WordCounts) -> Coding:
    flag = spec.flags[key.name]
    names = ("not coached", "coached") if key.name == "coached" else ("no", "yes")
    coding = listed(
        key,
        words,
        dict(zip(names, (flag.no, flag.yes), strict=True)),
        unknown=(*flag.unknown, *spec.missing),
        remedy=f"Add each to {key.name}.yes, .no or .unknown",
    )
    if flag.missing == "unknown":
        return coding
    codes = {raw: 0 if _is_missing(raw, spec) else c for raw, c in coding.codes.items()}
    return Coding(coding.name, coding.dim, coding.levels, {**codes, None: 0})


def _is_missing(raw: object, spec: AuditSpec) -> bool:
    return raw is None or folded(as_word(raw)) in {folded(w) for w in spec.missing}


def _override(key: Key, feature: Feature, words: WordCounts) -> Coding:
    """Whether the word of the deciding column names its level."""
    first = feature.first
    hits = {folded(w) for w in first.words} if first else set()
    codes = {raw: 0 if folded(as_word(raw)) in hits else UNKNOWN for raw, _ in words}
    return Coding(key.name, key.name, ("hit",), codes)


def _feature(key: Key, feature: Feature, words: WordCounts, missing: Words) -> Coding:
    unknown = (*feature.unknown, *missing)
    if feature.age is not None:
        return _bands(key, feature, words)
    if feature.levels is None:
        return as_it_stands(key, words, unknown)
    if feature.several:
        words = [(raw, n) for raw, n in words]
        lists = {level: list(each) for level, each in feature.levels.items()}
        separator = feature.several.separator
        for raw, _ in words:
            if len(_named(as_word(raw), separator, feature.levels)) > 1:
                lists[feature.several.level].append(as_word(raw))
        mapping: Mapping[str, Words] = {level: tuple(each) for level, each in lists.items()}
    else:
        mapping = feature.levels
    return listed(
        key,
        words,
        mapping,
        unknown=[w for w in unknown if folded(w) not in _all(mapping)],
        remedy=f"Add each to a level or to 'unknown' of the feature {feature.name}, or give it "
        "unmapped: unknown",
        strict=feature.unmapped == "error",
    )


def _all(lists: Mapping[str, Words]) -> set[str]:
    return {folded(w) for words in lists.values() for w in words}


def _named(text: str, separator: str, levels: Mapping[str, Words]) -> list[str]:
    """The parts of "White; Asian" where all of them are words of levels."""
    parts = [folded(p) for p in text.split(separator)]
    known = _all(levels)
    return parts if all(p in known for p in parts) else []


def _bands(key: Key, feature: Feature, words: WordCounts) -> Coding:
    bands = feature.age.bands if feature.age else (40,)
    names = feature.age.names if feature.age else ()
    edges = [-1, *bands, 1000]
    codes: dict[object, int] = {}
    for raw, _ in words:
        years = UNKNOWN if raw is None else int(str(raw))
        if raw is not None and not 0 <= years < 1000:
            raise DataInvalid(
                f"column {key.column!r} ({key.field}): a date of birth gives the age "
                f"{shown_word(raw)}; correct it or leave it empty"
            )
        place = next((i for i, (a, b) in enumerate(pairwise(edges)) if a <= years < b), UNKNOWN)
        codes[raw] = UNKNOWN if raw is None else place
    return Coding(key.name, dim_of(key.name), names, codes)
