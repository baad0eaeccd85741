"""Figures of audit.html: each is one field of audit.json and says which.

A page is filled from `Field`s, which know their path. Whatever a function here writes carries the
path in `data-field` (keys and positions joined with dots; `.` and `~` in a key are `~1` and `~0`),
so that a reader or a test can look the number up. Two kinds of figures rest on more than one field:
a share of two counts (`data-of` names the whole) and a number of entries (`data-count`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from markupsafe import Markup, escape

NOTHING = "–"
"""Stands where audit.json has null."""
FOUR_FIFTHS = 0.8


class Field:
    """A place in a JSON document: `held` is what is there, attributes and items are inside it."""

    __slots__ = ("held", "path")

    def __init__(self, held: Any, path: str = "") -> None:
        """`path` is empty for the document itself."""
        self.held = held
        self.path = path

    def __getattr__(self, name: str) -> Field:
        """A member; AttributeError where the document has none of that name."""
        if isinstance(self.held, dict) and name in self.held:
            return self._inner(name)
        raise AttributeError(f"audit.json has no {self.path}.{name}")

    def __getitem__(self, key: str | int) -> Field:
        """A member by name or a list's entry by position."""
        return self._inner(key)

    def __iter__(self) -> Iterator[Field]:
        """The entries of a list, or the values of an object."""
        keys = self.held if isinstance(self.held, dict) else range(len(self.held))
        return (self._inner(key) for key in keys)

    def named(self) -> Iterator[tuple[str, Field]]:
        """Names and values of an object."""
        return ((name, self._inner(name)) for name in self.held)

    def __len__(self) -> int:
        """Entries of a list or members of an object."""
        return len(self.held)

    def __bool__(self) -> bool:
        """Whether something is there."""
        return bool(self.held)

    def _inner(self, key: str | int) -> Field:
        step = str(key).replace("~", "~0").replace(".", "~1")
        held = self.held[key]
        return Field(held, f"{self.path}.{step}" if self.path else step)


def show(field: Field, form: str = "number") -> Markup:
    """A figure or text in one of the forms below, with its path; a dash for null."""
    if field.held is None:
        return _tagged(field, NOTHING, kind="none")
    return _tagged(field, FORMS[form](field.held))


def estimate(field: Field, form: str = "number") -> Markup:
    """A value with its interval in brackets; the interval's level stands in the settings."""
    value = show(field.value, form)
    if not field.interval:
        return value
    return Markup("{} {}").format(value, interval(field.interval, form))


def interval(field: Field, form: str = "number") -> Markup:
    """An interval as "(low to high)"; a dash where there is none."""
    if not field:
        return _tagged(field, NOTHING, kind="none")
    low, high = field.low, field.high
    ends = [
        show(end, form) if end.held is not None else _tagged(end, "no limit") for end in (low, high)
    ]
    return Markup('<span class="ci">({} to {})</span>').format(*ends)


def proportion(field: Field) -> Markup:
    """Count, whole, and share with its interval."""
    if field.count.held is None:
        return show(field.count)
    counts = Markup("{} of {}").format(show(field.count, "count"), show(field.of, "count"))
    if not field.interval:
        return Markup('{} <span class="ci">({})</span>').format(
            show(field.value, "percent"), counts
        )
    return Markup('{} <span class="ci">({} to {}; {})</span>').format(
        show(field.value, "percent"),
        show(field.interval.low, "percent"),
        show(field.interval.high, "percent"),
        counts,
    )


def share(part: Field, whole: Field) -> Markup:
    """One count as a share of another; a dash where either is null or the whole is 0."""
    if part.held is None or not whole.held:
        return _tagged(part, NOTHING, kind="none")
    return Markup('<span data-field="{}" data-of="{}">{}</span>').format(
        part.path, whole.path, percent(part.held / whole.held)
    )


def tally(entries: Field, name: str, value: str) -> Markup:
    """How many entries of a list have `value` in their member `name`."""
    found = sum(entry.held[name] == value for entry in entries)
    return Markup('<span data-field="{}" data-count="{}={}">{}</span>').format(
        entries.path, name, value, count(found)
    )


def _tagged(field: Field, text: str, *, kind: str = "") -> Markup:
    mark = Markup(' class="{}"').format(kind) if kind else Markup()
    return Markup('<span{} data-field="{}">{}</span>').format(mark, field.path, escape(text))


def count(value: float) -> str:
    """A whole number with separators; other numbers as `number` writes them."""
    return f"{int(value):,}".replace("-", "−") if float(value).is_integer() else number(value)


def number(value: float) -> str:
    """Four significant digits; whole numbers in full."""
    if float(value).is_integer() and abs(value) < 1e12:
        return count(value)
    digits = f"{value:,.0f}" if 1000 <= abs(value) < 1e12 else f"{value:.4g}"
    return digits.replace("-", "−")


def percent(value: float) -> str:
    """A share as percent, one decimal; three below a tenth of a percent."""
    return f"{100 * value:.{3 if 0 < abs(value) < 0.001 else 1}f}%".replace("-", "−")


def level(value: float) -> str:
    """A confidence level as percent, without idle zeros."""
    return f"{100 * value:.6g}%"


def ratio(value: float) -> str:
    """Three decimals, and more where else four fifths would be shown for what is not."""
    if value >= 100 or 0 < value < 0.001:
        return f"{value:.3g}"
    digits = 3
    while digits < 10 and value != FOUR_FIFTHS and round(value, digits) == FOUR_FIFTHS:
        digits += 1
    return f"{value:.{digits}f}"


def signed(value: float) -> str:
    """Three decimals with the sign."""
    return f"{value:+.3f}".replace("-", "−")


def p_value(value: float) -> str:
    """Four decimals; below that only that it is below."""
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def yes_no(value: bool) -> str:
    """A truth value as a word."""
    return "yes" if value else "no"


def group_name(levels: list[str] | str) -> str:
    """A group as one name; "everybody" for no levels."""
    return levels if isinstance(levels, str) else " / ".join(levels) or "everybody"


def listed(values: list[Any]) -> str:
    """Words in a row; "none" for none."""
    return ", ".join(group_name(v) if isinstance(v, list) else str(v) for v in values) or "none"


def together(names: list[str]) -> str:
    """Features of one table in a sentence."""
    return " and ".join(names)


FORMS: dict[str, Callable[[Any], str]] = {
    "count": count,
    "features": together,
    "group": group_name,
    "level": level,
    "list": listed,
    "number": number,
    "p": p_value,
    "percent": percent,
    "ratio": ratio,
    "signed": signed,
    "text": str,
    "yes": yes_no,
}
"""How a field is written."""
