"""Which form of something an `Accept` header asks for (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from api.problems import Refusal

_RANGE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+|\*)/([!#$%&'*+.^_`|~0-9A-Za-z-]+|\*)")
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_MOST = 50


def negotiated(accept: str | None, offered: Mapping[str, str]) -> str:
    """The name of what is wanted most; of what is wanted alike, the first that is offered.

    `offered`: media types by name, the preferred one first. Without a header, or with one that
    cannot be read, that one. Raises the refusal where nothing offered is accepted.
    """
    ranges = _ranges(accept or "")
    if not ranges:
        return next(iter(offered))
    best, name = 0.0, ""
    for each, media_type in offered.items():
        quality = _quality(media_type.partition(";")[0].strip().lower(), ranges)
        if quality > best:
            best, name = quality, each
    if not name:
        types = ", ".join(dict.fromkeys(t.partition(";")[0] for t in offered.values()))
        raise Refusal("not_acceptable", f"There is: {types}.")
    return name


def _ranges(accept: str) -> list[tuple[str, str, float]]:
    found = []
    for part in accept.split(",")[:_MOST]:
        name, *parameters = (each.strip() for each in part.split(";"))
        media = _RANGE.fullmatch(name)
        if media is None:
            continue
        quality = 1.0
        for each in parameters:
            key, _, value = each.partition("=")
            if key.strip().lower() == "q" and _QUALITY.fullmatch(value.strip()):
                quality = float(value)
        found.append((media[1].lower(), media[2].lower(), quality))
    return found


def _quality(media_type: str, ranges: list[tuple[str, str, float]]) -> float:
    """That of the most specific range that fits."""
    kind, _, sub = media_type.partition("/")
    fits = [
        ((ours == kind) + (theirs == sub), quality)
        for ours, theirs, quality in ranges
        if ours in (kind, "*") and theirs in (sub, "*")
    ]
    return max(fits)[1] if fits else 0.0
