"""What the columns of a table mean: a form of it, filled from a draft, read into a specification.

Fields of the form: `c3` is what column 3 means, `w3_0` what its most frequent word means, `s3_...`
are settings of column 3; others are about the whole. Columns count from 0, words by frequency.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairness.draft import identifier
from fairness.draft_columns import MOST_WORDS, ColumnFacts
from fairness.spec import RESERVED
from fairness.spec_parts import UNKNOWN_WORDS, Age, folded

Form = Mapping[str, str]
Spec = dict[str, Any]
HISPANIC = "Hispanic or Latino"
GROUPS = {
    "sex": "sex",
    "race_ethnicity": "race",
    "age_group": "age",
    "disability": "disability",
    "veteran": "veteran",
    "other": "",
}
"""Roles whose words are groups, with the name of the feature; empty: named after its column."""
_AGES = ("age_years", "birth_date")
_FLAGS = ("coached", "opted_out", "withdrew", "overridden", "flagged", "reviewed")
_PLAIN = ("candidate", "classes", "job", "location", "interviewer")
_YES_NO = (("", "Not known"), ("yes", "Yes"), ("no", "No"))
ROLES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Application",
        (
            ("candidate", "Identifier of the application"),
            ("outcome", "Outcome: who was selected"),
            ("classes", "Class that a tool gave"),
            ("score", "Score"),
            ("item", "Score of a single question"),
            ("stage", "Stage"),
            ("period", "Period or date"),
            ("job", "Job"),
            ("location", "Location"),
            ("mode", "Who led the interview"),
            ("interviewer", "Interviewer"),
        ),
    ),
    (
        "Group",
        (
            ("sex", "Sex"),
            ("race_ethnicity", "Race or ethnicity"),
            ("hispanic", "Hispanic or Latino, yes or no"),
            ("age_years", "Age in years"),
            ("birth_date", "Date of birth"),
            ("age_group", "Age, in bands"),
            ("disability", "Disability"),
            ("veteran", "Veteran status"),
            ("other", "Another group"),
        ),
    ),
    (
        "Afterwards",
        (
            ("performance", "Later performance, a number"),
            ("label", "Later performance, good or poor"),
        ),
    ),
    (
        "Yes or no",
        (
            ("coached", "Coached"),
            ("opted_out", "Opted out"),
            ("withdrew", "Withdrew"),
            ("overridden", "Decision overridden"),
            ("flagged", "Flagged"),
            ("reviewed", "Reviewed by a person"),
        ),
    ),
)
WORDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "outcome": (
        ("", "Choose"),
        ("selected", "Selected"),
        ("not_selected", "Not selected"),
        ("ignore", "Not decided"),
    ),
    "mode": (
        ("", "Choose"),
        ("ai_led", "AI led"),
        ("ai_assisted", "AI assisted"),
        ("human_led", "Human led"),
        ("hybrid", "Both led"),
        ("unknown", "Not known"),
    ),
    "label": (("", "Choose"), ("good", "Good"), ("poor", "Poor"), ("ignore", "Neither")),
    "hispanic": _YES_NO,
    **dict.fromkeys(_FLAGS, _YES_NO),
}
"""What a word of such a column may mean."""
GRAINS = ("label", "year", "quarter", "month", "week")
_SEVERAL = {"score", "item", "other"}
"""Roles that more than one column may have."""


@dataclass
class Read:
    """A specification as a form has it, and what is wrong with the form, by field."""

    spec: Spec = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def roles() -> frozenset[str]:
    """All roles that a column may have."""
    return frozenset(name for _, members in ROLES for name, _ in members)


def grouped(column: ColumnFacts) -> bool:
    """Whether the words of a column are few enough to be put into groups by hand."""
    return column.different <= MOST_WORDS


def prefilled(spec: Spec, columns: Sequence[ColumnFacts]) -> dict[str, str]:
    """The form of a specification: of a draft, or of one that was used before."""
    places = {column.name: place for place, column in enumerate(columns)}
    form: dict[str, str] = {}
    for name, column_name in _named(spec):
        if column_name in places:
            form[f"c{places[column_name]}"] = name
    for place, column in enumerate(columns):
        role = form.get(f"c{place}", "")
        for number, meaning in _meanings(spec, role, column):
            form[f"w{place}_{number}"] = meaning
        form |= _settings(spec, role, column, place)
    stage, period = spec.get("stage") or {}, spec.get("period") or {}
    form["stage_order"] = "\n".join(_stage_line(each) for each in stage.get("order", ()))
    form["stage_layout"] = stage.get("layout", "reached")
    form["grain"] = period.get("grain", "label")
    form["missing"] = (spec.get("outcome") or {}).get("missing", "error")
    form["provenance"] = spec.get("provenance", "self_reported")
    form["ll144"] = "yes" if "ll144" in spec.get("rule_packs", ()) else ""
    form["alternatives"] = "yes" if spec.get("alternatives") else ""
    form["below"] = str((spec.get("suppression") or {}).get("below") or "")
    return form


def again(form: Form, columns: Sequence[ColumnFacts]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The form with what is usual below columns whose meaning was changed; names of those.

    A page says with `was3` what column 3 meant when it was shown.
    """
    made = dict(form)
    changed: list[str] = []
    for place, column in enumerate(columns):
        role = form.get(f"c{place}", "")
        if role == form.get(f"was{place}", ""):
            continue
        changed.append(column.name)
        for name in [n for n in made if re.match(rf"[ws]{place}_", n)]:
            del made[name]
        for number, (word, _) in enumerate(column.words):
            made[f"w{place}_{number}"] = _usual(role, word)
    return made, tuple(changed)


def _usual(role: str, word: str) -> str:
    """What a word means in a column with a role, as far as that is plain."""
    if role in GROUPS:
        return "" if folded(word) in map(folded, UNKNOWN_WORDS) else word
    for name, words in _lists({}, role).items() if role in (*_FLAGS, "hispanic") else ():
        if folded(word) in words:
            return name
    return ""


def _named(spec: Spec) -> Iterator[tuple[str, str]]:
    """The columns that a specification names, each with its role."""
    for name in (*_PLAIN, *_FLAGS, "outcome", "stage", "period", "mode", "label", "performance"):
        if spec.get(name):
            yield name, _column(spec[name])
    if "good_at_least" in (spec.get("label") or {}):
        yield "performance", _column(spec["label"])
    for score in spec.get("scores", ()):
        yield "score", score["column"]
    for column in (spec.get("items") or {}).get("columns", {}).values():
        yield "item", column
    for feature in spec.get("features", ()):
        yield _role_of(feature), feature["column"]
        if feature.get("first"):
            yield "hispanic", feature["first"]["column"]


def _role_of(feature: Spec) -> str:
    kind = str(feature.get("kind", "other"))
    if kind != "age":
        return kind
    given = (feature.get("age") or {}).get("given", "")
    return {"years": "age_years", "birth_date": "birth_date"}.get(given, "age_group")


def _column(value: Any) -> str:
    return str(value if isinstance(value, str) else value["column"])


def _meanings(spec: Spec, role: str, column: ColumnFacts) -> Iterator[tuple[int, str]]:
    """What the words of a column mean under a specification."""
    if role in GROUPS:
        feature = next(f for f in spec["features"] if f["column"] == column.name)
        lists = feature.get("levels")
        unknown = {folded(w) for w in feature.get("unknown", UNKNOWN_WORDS)}
    else:
        lists, unknown = _lists(spec, role), set()
    for number, (word, _) in enumerate(column.words):
        if role in GROUPS and lists is None:
            yield number, "" if folded(word) in unknown else word
            continue
        found = [n for n, words in (lists or {}).items() if folded(word) in map(folded, words)]
        if found:
            yield number, "" if role in _FLAGS and found[0] == "unknown" else found[0]
        elif role in GROUPS and folded(word) not in unknown:
            yield number, word  # nobody is made unknown by a guess


def _lists(spec: Spec, role: str) -> dict[str, Sequence[str]]:
    if role == "hispanic" and spec:
        first: Spec = next(f["first"] for f in spec["features"] if f.get("first"))
        return {"yes": first["words"]}
    given = spec.get(role)
    if role not in WORDS or not isinstance(given, Mapping):
        return {"yes": ("yes", "y", "true", "1"), "no": ("no", "n", "false", "0")}
    return {name: words for name, words in given.items() if isinstance(words, list | tuple)}


def _settings(spec: Spec, role: str, column: ColumnFacts, place: int) -> dict[str, str]:
    if role == "score":
        score = next(s for s in spec["scores"] if s["column"] == column.name)
        better = "lower" if score.get("higher_is_better") is False else "higher"
        return {f"s{place}_cut": _text(score.get("cut")), f"s{place}_better": better}
    if role == "performance":
        return {f"s{place}_good": _text((spec.get("label") or {}).get("good_at_least"))}
    if role in _AGES:
        feature = next(f for f in spec["features"] if f["column"] == column.name)
        age = feature.get("age") or {}
        bands = ", ".join(str(each) for each in age.get("bands", (40,)))
        return {f"s{place}_bands": bands, f"s{place}_on": str(age.get("on") or "")}
    return {}


def _text(value: Any) -> str:
    return "" if value is None else f"{value:g}"


def _stage_line(stage: Any) -> str:
    if isinstance(stage, str):
        return stage
    words = list(stage["words"])
    return words[0] if words == [stage["name"]] else f"{stage['name']}: {', '.join(words)}"


def read(form: Form, columns: Sequence[ColumnFacts]) -> Read:
    """The specification that a form describes. What it lacks or contradicts is in `faults`."""
    return _Reader(form, columns).read()


class _Reader:
    """Goes through the columns, and then the settings of the whole."""

    def __init__(self, form: Form, columns: Sequence[ColumnFacts]) -> None:
        self._form = form
        self._columns = columns
        self._made = Read()
        self._names: set[str] = set(RESERVED)

    def read(self) -> Read:
        """The whole form."""
        made = self._made
        made.spec["title"] = self._form.get("name", "").strip()
        seen: dict[str, str] = {}
        for place, column in enumerate(self._columns):
            role = self._form.get(f"c{place}", "")
            if role not in roles():
                continue
            if role in seen and role not in _SEVERAL:
                made.faults[f"c{place}"] = (
                    f"The column {seen[role]!r} means this already; only one may."
                )
                continue
            seen[role] = column.name
            self._part(role)(place, column, role)
        self._hispanic()
        self._whole(seen)
        return made

    def _part(self, role: str) -> Callable[[int, ColumnFacts, str], None]:
        if role in _PLAIN:
            return self._plain
        if role in GROUPS:
            return self._group
        if role in _AGES:
            return self._age
        if role in _FLAGS:
            return self._flag
        parts = {
            "outcome": self._outcome,
            "score": self._score,
            "item": self._item,
            "stage": self._stage,
            "period": self._period,
            "mode": self._listed,
            "label": self._listed,
            "performance": self._performance,
            "hispanic": self._later,
        }
        return parts[role]

    def _later(self, place: int, column: ColumnFacts, role: str) -> None:
        """Done once all groups are there."""

    def _plain(self, _place: int, column: ColumnFacts, role: str) -> None:
        self._made.spec[role] = column.name

    def _words(self, place: int, column: ColumnFacts) -> dict[str, list[str]]:
        """The words of a column by what they mean; two that differ by case count as one."""
        found: dict[str, list[str]] = {}
        seen: set[str] = set()
        for number, (word, _) in enumerate(column.words):
            meaning = self._form.get(f"w{place}_{number}", "").strip()
            if folded(word) not in seen:
                seen.add(folded(word))
                found.setdefault(meaning, []).append(word.strip())
        return found

    def _few(self, place: int, column: ColumnFacts) -> bool:
        if grouped(column):
            return True
        self._made.faults[f"c{place}"] = (
            f"The column {column.name!r} has {column.different} different values; this needs a "
            f"column with at most {MOST_WORDS} words."
        )
        return False

    def _outcome(self, place: int, column: ColumnFacts, role: str) -> None:
        if not self._few(place, column):
            return
        words = self._words(place, column)
        self._all_said(place, words)
        given = {
            name: words[name] for name in ("selected", "not_selected", "ignore") if name in words
        }
        if not {"selected", "not_selected"} <= given.keys() and not words.get(""):
            self._made.faults[f"c{place}"] = (
                "At least one word has to mean selected, and one not selected."
            )
        missing = "ignore" if self._form.get("missing") == "ignore" else "error"
        self._made.spec[role] = {"column": column.name, **given, "missing": missing}

    def _all_said(self, place: int, words: Mapping[str, Sequence[str]]) -> None:
        if words.get(""):
            left = ", ".join(repr(word) for word in words[""][:5])
            self._made.faults[f"c{place}"] = f"Say below what these words mean: {left}."

    def _listed(self, place: int, column: ColumnFacts, role: str) -> None:
        if not self._few(place, column):
            return
        allowed = {name for name, _ in WORDS[role] if name}
        every = self._words(place, column)
        words = {n: w for n, w in every.items() if n in allowed}
        if role == "label" and not {"good", "poor"} <= words.keys():
            self._made.faults[f"c{place}"] = "At least one word has to mean good, and one poor."
        if role == "mode" and words.keys() <= {"unknown"}:
            self._made.faults[f"c{place}"] = "At least one word has to say who led."
        self._all_said(place, every)
        self._made.spec[role] = {"column": column.name, **words}

    def _flag(self, place: int, column: ColumnFacts, role: str) -> None:
        if not self._few(place, column):
            return
        words = self._words(place, column)
        if "yes" not in words:
            self._made.faults[f"c{place}"] = "At least one word has to mean yes."
        made = {
            "yes": words.get("yes", []),
            "no": words.get("no", []),
            "unknown": words.get("", []),
        }
        self._made.spec[role] = {"column": column.name, **made}

    def _group(self, place: int, column: ColumnFacts, role: str) -> None:
        kind = "age" if role == "age_group" else role
        name = self._name(GROUPS[role] or identifier(column.name, place))
        made: Spec = {"name": name, "column": column.name, "kind": kind}
        if grouped(column):
            words = self._words(place, column)
            unknown = words.pop("", [])
            if not words:
                self._made.faults[f"c{place}"] = "Name the group of at least one word."
            made["levels"] = words
            if unknown:
                made["unknown"] = unknown
        self._made.spec.setdefault("features", []).append(made)

    def _age(self, place: int, column: ColumnFacts, role: str) -> None:
        given = "years" if role == "age_years" else "birth_date"
        age: Spec = {"given": given}
        text = self._form.get(f"s{place}_bands", "").strip() or "40"
        try:
            bands = [int(each) for each in re.split(r"[,;\s]+", text) if each]
            age["bands"] = list(Age(bands=tuple(bands)).bands)
        except ValueError:
            self._made.faults[f"s{place}_bands"] = "Give rising ages, such as 40 or 30, 40, 50."
        on = self._form.get(f"s{place}_on", "").strip()
        if given == "birth_date":
            if not on:
                self._made.faults[f"s{place}_on"] = (
                    "Say at which date ages count: a day such as 2025-12-31, or a column of dates."
                )
            age["on"] = on
            if column.date_formats and "iso" not in column.date_formats:
                age["format"] = self._format(place, column)
        feature = {"name": self._name("age"), "column": column.name, "kind": "age", "age": age}
        self._made.spec.setdefault("features", []).append(feature)

    def _format(self, place: int, column: ColumnFacts) -> str:
        """The notation of a column of dates: the only one, or the one that was chosen."""
        chosen = self._form.get(f"s{place}_format", "")
        if chosen in column.date_formats:
            return chosen
        if len(column.date_formats) > 1:
            self._made.faults[f"s{place}_format"] = (
                "Its dates can be read in more than one way: say which of them is meant."
            )
        return column.date_formats[0]

    def _score(self, place: int, column: ColumnFacts, _role: str) -> None:
        made: Spec = {"name": self._name(identifier(column.name, place)), "column": column.name}
        if self._form.get(f"s{place}_better") == "lower":
            made["higher_is_better"] = False
        cut = self._number(f"s{place}_cut")
        if cut is not None:
            made["cut"] = cut
        self._made.spec.setdefault("scores", []).append(made)

    def _item(self, place: int, column: ColumnFacts, _role: str) -> None:
        items = self._made.spec.setdefault("items", {"columns": {}})
        items["columns"][self._name(identifier(column.name, place))] = column.name

    def _stage(self, place: int, column: ColumnFacts, _role: str) -> None:
        lines = [line.strip() for line in self._form.get("stage_order", "").splitlines()]
        order: list[Any] = []
        for line in filter(None, lines):
            name, colon, words = line.partition(":")
            listed = [word.strip() for word in words.split(",") if word.strip()]
            known = {folded(word) for word, _ in column.words}
            if colon and listed and folded(line) not in known:
                order.append({"name": name.strip(), "words": listed})
            else:
                order.append(line)
        said = {folded(w) for s in order for w in ([s] if isinstance(s, str) else s["words"])}
        left = [word for word, _ in column.words if folded(word) not in said]
        if left:
            words = ", ".join(map(repr, left[:5]))
            self._made.faults[f"c{place}"] = f"List these stages below, where they belong: {words}."
        several = self._form.get("stage_layout") == "row_per_stage"
        self._made.spec["stage"] = {
            "column": column.name,
            "order": order,
            "layout": "row_per_stage" if several else "reached",
        }

    def _period(self, place: int, column: ColumnFacts, _role: str) -> None:
        grain = self._form.get("grain", "label")
        made: Spec = {"column": column.name, "grain": grain if grain in GRAINS else "label"}
        if made["grain"] != "label" and column.date_formats and "iso" not in column.date_formats:
            made["format"] = self._format(place, column)
        self._made.spec["period"] = made

    def _performance(self, place: int, column: ColumnFacts, role: str) -> None:
        self._made.spec[role] = column.name
        good = self._number(f"s{place}_good")
        if good is not None and "label" not in self._made.spec:
            self._made.spec["label"] = {"column": column.name, "good_at_least": good}

    def _hispanic(self) -> None:
        """A column that decides first, whatever the race column says."""
        for place, column in enumerate(self._columns):
            if self._form.get(f"c{place}") != "hispanic" or not self._few(place, column):
                continue
            features = self._made.spec.get("features", ())
            race = next((f for f in features if f["kind"] == "race_ethnicity"), None)
            yes = self._words(place, column).get("yes", [])
            if race is None or "levels" not in race or not yes:
                self._made.faults[f"c{place}"] = (
                    "This needs a column of race or ethnicity with few words, and a word for yes."
                )
                continue
            race["levels"].setdefault(HISPANIC, [HISPANIC])
            race["first"] = {"column": column.name, "words": yes, "level": HISPANIC}

    def _whole(self, seen: Mapping[str, str]) -> None:
        """Settings of the whole, and what no audit does without."""
        made, form = self._made, self._form
        if not made.spec["title"]:
            made.faults["name"] = "Give the audit a name."
        if not seen.keys() & {"outcome", "classes", "score"}:
            made.faults["columns"] = "Say which column holds the outcome, or a score."
        elif "features" not in made.spec and not made.faults:
            made.faults["columns"] = "Say which column holds groups, such as sex."
        provenance = form.get("provenance", "")
        if provenance in ("self_reported", "observed", "imputed"):
            made.spec["provenance"] = provenance
        if form.get("ll144"):
            made.spec["rule_packs"] = ["ll144"]
        if form.get("alternatives"):
            made.spec["alternatives"] = True
        below = self._number("below")
        if below is not None:
            if below != int(below) or not 0 <= below <= 1000:
                made.faults["below"] = "Give a whole number from 0 to 1000."
            else:
                made.spec["suppression"] = {"below": int(below)}

    def _number(self, name: str) -> float | None:
        text = self._form.get(name, "").strip().replace(",", ".")
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not -1e12 < number < 1e12:
            self._made.faults[name] = "Give a number, such as 62.5, or leave it empty."
            return None
        return number

    def _name(self, wanted: str) -> str:
        """A name that no other part has."""
        name, number = wanted, 2
        while name in self._names:
            name, number = f"{wanted[:36]}_{number}", number + 1
        self._names.add(name)
        return name
