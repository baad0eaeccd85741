"""JSON whose bytes repeat: rounded numbers, sorted keys, one way to write each value."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence

TIME_DIGITS = 3
"""Decimals of times and durations in seconds."""
SIGNIFICANT_DIGITS = 6
"""Significant digits of scores, series and measurements."""
LR_DIGITS = 3
"""Decimals of log10 likelihood ratios and their bounds."""

_INDENT = " "


def seconds(value: float) -> float:
    """A time or duration in seconds, to the millisecond."""
    return round(float(value), TIME_DIGITS) + 0.0


def figure(value: float | None) -> float | None:
    """A finite figure to six significant digits; `None` where there is no finite figure."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{float(value):.{SIGNIFICANT_DIGITS}g}") + 0.0


def log_ratio(value: float) -> float:
    """A log10 likelihood ratio to three decimals."""
    return round(float(value), LR_DIGITS) + 0.0


def rfc8785(value: object) -> str:
    """`value` as RFC 8785 writes it: keys sorted by UTF-16 code units, no white space.

    Raises:
        ValueError: a number is not finite.
        TypeError: a value is not JSON.
    """
    return _write(value, depth=None)


def canonical(document: Mapping[str, object]) -> bytes:
    """The bytes of a report's file: keys and numbers as RFC 8785, one member a line.

    Lists of scalars stay on one line, so that a series does not fill a screen.
    """
    return (_write(document, depth=0) + "\n").encode("utf-8")


def sha256_of(value: object) -> str:
    """SHA-256 of the RFC 8785 form of `value`, hexadecimal."""
    return hashlib.sha256(rfc8785(value).encode("utf-8")).hexdigest()


def _write(value: object, depth: int | None) -> str:
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _array(value, depth)
    return _scalar(value)


def _object(value: Mapping[str, object], depth: int | None) -> str:
    deeper = None if depth is None else depth + 1
    colon = ":" if depth is None else ": "
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    members = [f"{_text(key)}{colon}{_write(value[key], deeper)}" for key in keys]
    return _wrap("{", members, "}", depth)


def _array(value: Sequence[object], depth: int | None) -> str:
    deeper = None if depth is None else depth + 1
    items = [_write(item, deeper) for item in value]
    if depth is not None and all(_is_scalar(item) for item in value):
        return f"[{', '.join(items)}]"
    return _wrap("[", items, "]", depth)


def _wrap(opening: str, items: list[str], closing: str, depth: int | None) -> str:
    if depth is None or not items:
        return opening + ",".join(items) + closing
    line = "\n" + _INDENT * (depth + 1)
    return f"{opening}{line}{(',' + line).join(items)}\n{_INDENT * depth}{closing}"


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """As ECMAScript writes it (RFC 8785 section 3.2.2.3): shortest digits, `1e-7`, no `.0`."""
    if not math.isfinite(value):
        raise ValueError("JSON has no way to write a number that is not finite")
    if value == 0:
        return "0"
    digits, exponent = _digits(abs(value))
    sign = "-" if value < 0 else ""
    count = len(digits)
    if count <= exponent <= 21:
        return sign + digits + "0" * (exponent - count)
    if 0 < exponent <= 21:
        return f"{sign}{digits[:exponent]}.{digits[exponent:]}"
    if -6 < exponent <= 0:
        return f"{sign}0.{'0' * -exponent}{digits}"
    mantissa = digits[0] + (f".{digits[1:]}" if count > 1 else "")
    return f"{sign}{mantissa}e{'+' if exponent > 0 else '-'}{abs(exponent - 1)}"


def _digits(value: float) -> tuple[str, int]:
    """Shortest digits d and exponent n with value = 0.d x 10^n."""
    mantissa, _, power = f"{value!r}e0".partition("e")
    power = power.split("e")[0]
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(digits)
    return digits.rstrip("0"), len(whole) - leading + int(power or 0)
