"""How values of a document's data are written, in each language.

`write` is the only place where a figure becomes text. Whoever verifies a document calls it again.
Numbers, dates and plural forms follow the Unicode CLDR (through Babel).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from functools import cache
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol

from audit.canonical import canonical_json
from reports.document.catalogue import catalogue

NOTHING = "–"
"""Written for null, where a table or a sentence has to show that there is no value."""
_MINUS = "−"
_SHORT_HASH = 12
_SMALLEST_P = 0.0001
_FOUR_FIFTHS = 0.8
_LIMITS = (0.05, 0.01)
"""Probabilities of error at which people decide."""
_MOST_PLACES = 10
_TINY, _HUGE = 1e-9, 1e15
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LETTERS_OF_A_DAY = len("2026-03-01")
_KIB = 1024
_DAYS = {"en": "d MMMM y", "de": "d. MMMM y", "es": "d 'de' MMMM 'de' y"}


class NotWritable(ValueError):
    """A value that does not fit the way in which it is to be written."""


def write(value: Any, show: str, language: str = "en") -> str:
    """`value` as people read it in `language`; null is a dash.

    `show` names the way, with a parameter after a colon:

    ========== ===================================================================
    text       as it is
    names      a list of names, between them ` × ` (levels of crossed features)
    list       a list of texts, with commas
    integer    with separators of thousands
    decimals:N N decimals (3 without N)
    signed:N   the same with its sign, which zero has not
    figures:N  N significant digits (4 without N), very large and small ones with powers of ten
    percent:N  a share from 0 to 1, N decimals (1 without N)
    p          a probability of error: three decimals, four where small, and more where else a
               usual limit (five or one percent) would be written for what is not that limit
    times:N    a factor, N decimals and a multiplication sign (2 without N)
    ratio:N    a ratio, N decimals (3 without N), and more where else four fifths would be written
               for what is not four fifths
    between:W  an interval, a list of two ends, each written in the way W (`decimals` without W);
               null is an end that is not there
    date       a date or a moment in UTC, the day alone
    moment     the same with its time to the minute
    clock      seconds of a recording as mm:ss.s
    seconds    seconds, one decimal
    size       bytes
    yes_no     a truth value
    hash       the first 12 digits of a hash; `digest` all of them
    plain      a number, a truth value or a text, whichever it is: numbers in four significant
               digits, whole ones and the whole part of others in full
    word:SET   a code, as the catalogue's set of words has it
    ========== ===================================================================

    Raises:
        NotWritable: no such way, or the value does not fit it.
    """
    if value is None:
        return NOTHING
    name, _, parameter = show.partition(":")
    way = _WAYS.get(name)
    if way is None:
        raise NotWritable(f"there is no way of writing called {name!r}")
    try:
        return way(value, parameter, language).replace("-", _MINUS if name in _NUMERIC else "-")
    except (TypeError, ValueError, ArithmeticError) as error:
        raise NotWritable(f"{value!r} cannot be written as {show!r}: {error}") from None


def _text(value: Any, parameter: str, language: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError("it is not a text")
    if isinstance(value, float):  # as canonical JSON has it, so that what was read again is equal
        return canonical_json(_finite(value)).decode()
    return str(value)


def _names(value: Any, parameter: str, language: str) -> str:
    return " × ".join(_texts(value)) or NOTHING


def _list(value: Any, parameter: str, language: str) -> str:
    return ", ".join(_texts(value)) or NOTHING


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list | tuple):
        raise TypeError("it is not a list")
    return [_text(each, "", "") for each in value]


def _word(value: Any, parameter: str, language: str) -> str:
    return catalogue(language).word(parameter, str(value))


def _places(parameter: str, usual: int) -> int:
    places = int(parameter or usual)
    if not 0 <= places <= _MOST_PLACES:
        raise ValueError(f"numbers are written with none to {_MOST_PLACES} places")
    return places


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("it is not a finite number")
    return float(value)


def _integer(value: Any, parameter: str, language: str) -> str:
    number = _finite(value)
    if not number.is_integer():
        raise ValueError("it is not a whole number")
    return _grouped(int(value), 0, language)


def _decimals(value: Any, parameter: str, language: str) -> str:
    places = _places(parameter, 3)
    return _grouped(_settled(value, places), places, language)


def _signed(value: Any, parameter: str, language: str) -> str:
    places = _places(parameter, 3)
    settled = _settled(value, places)
    return ("+" if settled > 0 else "") + _grouped(settled, places, language)


def _figures(value: Any, parameter: str, language: str) -> str:
    digits = max(1, _places(parameter, 4))
    number = float(f"{_finite(value):.{digits}g}") + 0.0
    if number != 0 and not _TINY <= abs(number) < _HUGE:
        return _with_power(number, digits, language)
    whole = 0 if number == 0 else math.floor(math.log10(abs(number))) + 1
    places = max(0, digits - whole)
    text = _grouped(round(number, places), places, language)
    return text.rstrip("0").rstrip(_marks(language)[1]) if places else text


def _with_power(number: float, digits: int, language: str) -> str:
    """A mantissa and a power of ten, for what would be a row of zeros."""
    mantissa, _, power = f"{number:.{digits - 1}e}".partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".").replace(".", _marks(language)[1])
    return f"{mantissa} × 10{str(int(power)).translate(_RAISED)}"


def _percent(value: Any, parameter: str, language: str) -> str:
    places = _places(parameter, 1)
    settled = _settled(_finite(value) * 100, places)
    gap = "" if language == "en" else "\N{NO-BREAK SPACE}"
    return f"{_grouped(settled, places, language)}{gap}%"


def _p(value: Any, parameter: str, language: str) -> str:
    number = _finite(value)
    if not 0 <= number <= 1:
        raise ValueError("it is not a probability")
    if number < _SMALLEST_P:
        return "< " + _grouped(_SMALLEST_P, 4, language)
    places = 4 if number < 0.1 else 3  # four decimals where it may decide
    while places < _MOST_PLACES and number not in _LIMITS and round(number, places) in _LIMITS:
        places += 1
    return _grouped(_settled(number, places), places, language)


def _times(value: Any, parameter: str, language: str) -> str:
    return _decimals(value, parameter or "2", language) + " ×"


def _ratio(value: Any, parameter: str, language: str) -> str:
    places, number = _places(parameter, 3), _finite(value)
    if 0 < abs(number) < 10.0**-places:
        return _figures(number, str(places), language)
    while places < _MOST_PLACES and number != _FOUR_FIFTHS and _reads_four_fifths(number, places):
        places += 1
    return _decimals(number, str(places), language)


def _reads_four_fifths(number: float, places: int) -> bool:
    return round(number, places) == _FOUR_FIFTHS


def _between(value: Any, parameter: str, language: str) -> str:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise TypeError("it has not two ends")
    if value[0] is None and value[1] is None:
        return NOTHING
    words = catalogue(language)
    low, high = (
        words.word("between", "open")
        if end is None
        else write(end, parameter or "decimals", language)
        for end in value
    )
    return f"{low} {words.word('between', 'to')} {high}"


def _date(value: Any, parameter: str, language: str) -> str:
    return str(format_date(_moment_of(value).date(), _DAYS[language], locale=language))


def _moment(value: Any, parameter: str, language: str) -> str:
    if isinstance(value, str) and len(value) <= _LETTERS_OF_A_DAY:
        raise ValueError("it is a day without a time")
    pattern = f"{_DAYS[language]}, HH:mm 'UTC'"
    return str(format_datetime(_moment_of(value), pattern, locale=language))


def _moment_of(value: Any) -> dt.datetime:
    if not isinstance(value, str):
        raise TypeError("it is not a date")
    made = dt.datetime.fromisoformat(value)
    return made.astimezone(dt.UTC) if made.tzinfo else made


def _clock(value: Any, parameter: str, language: str) -> str:
    number = _finite(value)
    tenths = round(abs(number) * 10)
    sign = "-" if number < 0 and tenths else ""
    part = format_decimal(tenths % 600 / 10, "00.0", locale=language)
    return f"{sign}{tenths // 600:02d}:{part}"


def _seconds(value: Any, parameter: str, language: str) -> str:
    return _decimals(value, "1", language) + " s"


def _size(value: Any, parameter: str, language: str) -> str:
    number = _finite(value)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if abs(number) < _KIB or unit == "GiB":
            break
        number /= _KIB
    places = 0 if unit == "bytes" else 1
    return _decimals(number, str(places), language) + " " + unit


def _yes_no(value: Any, parameter: str, language: str) -> str:
    if not isinstance(value, bool):
        raise TypeError("it is not a truth value")
    return catalogue(language).word("yes_no", "yes" if value else "no")


def _plain(value: Any, parameter: str, language: str) -> str:
    if isinstance(value, bool):
        return _yes_no(value, parameter, language)
    if isinstance(value, str):
        return value or NOTHING
    number = _finite(value)
    whole = number.is_integer() or abs(number) >= 1000
    text = _decimals(number, "0", language) if whole else _figures(number, "4", language)
    return text.replace("-", _MINUS)


def _hash(value: Any, parameter: str, language: str) -> str:
    return _text(value, "", "")[:_SHORT_HASH]


def _settled(value: Any, places: int) -> float:
    """Rounded as `round` does, so that the library never rounds; zero without a sign."""
    return round(_finite(value), places) + 0.0


def _grouped(number: float, places: int, language: str) -> str:
    """A number that needs no more rounding, with the marks of the language."""
    group, point = _marks(language)
    text = f"{number:,.{places}f}"
    return text if point == "." else text.translate({ord(","): group, ord("."): point})


@cache
def _marks(language: str) -> tuple[str, str]:
    """What stands between thousands, and before decimals (CLDR)."""
    return str(get_group_symbol(language)), str(get_decimal_symbol(language))


def known_way(show: str) -> bool:
    """Whether there is such a way of writing; of `word:SET`, whether there is such a set."""
    name, _, parameter = show.partition(":")
    if name == "word":
        return parameter in catalogue("en").words
    return name in _WAYS


def plural(value: Any, language: str) -> str:
    """The CLDR plural form of a number: `one`, `other`, ..."""
    return str(Locale(language).plural_form(abs(_finite(value))))


_NUMERIC = frozenset(
    {"integer", "decimals", "signed", "figures", "percent", "times", "ratio", "clock", "seconds"}
    | {"size"}
)
_WAYS: dict[str, Callable[[Any, str, str], str]] = {
    "text": _text,
    "names": _names,
    "list": _list,
    "integer": _integer,
    "decimals": _decimals,
    "signed": _signed,
    "figures": _figures,
    "percent": _percent,
    "p": _p,
    "times": _times,
    "ratio": _ratio,
    "between": _between,
    "date": _date,
    "moment": _moment,
    "clock": _clock,
    "seconds": _seconds,
    "size": _size,
    "yes_no": _yes_no,
    "plain": _plain,
    "hash": _hash,
    "digest": _text,
    "word": _word,
}
