"""Recomputing every figure of a fairness audit from the counts that lie beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from audit.canonical import canonical_json
from audit.errors import AuditError, ProofUnreadable
from fairness.audit import audit_cube
from fairness.cube import Cube
from fairness.spec import AuditSpec
from reports.document.pointers import join
from reports.fairness_json import audit_document

FROM_COUNTS = (
    "features",
    "settings",
    "findings",
    "tables",
    "conditional",
    "accuracy",
    "calibration",
    "distances",
    "distributions",
    "sweeps",
    "funnels",
    "drift",
    "intersections",
    "validity",
    "validity_gain",
    "events",
    "settings_compared",
)
"""Members of an audit that counts alone give."""
FROM_ROWS = ("dif", "logistic_dif", "structure", "agreement", "severity", "alternatives")
"""Members that need single rows, which are in no report; `dif` unless it was made from counts."""
POSITIONS = frozenset({"table"})
"""Members that say where something stands in the document, and count nothing."""
RELATIVE = 1e-7
ABSOLUTE = 1e-9
"""Ten digits are written; other processors may round the last ones another way."""
MOST_NAMED = 50


@dataclass(slots=True)
class Recomputed:
    """What came of it. `differing`: in words, at most `MOST_NAMED`, of `differences` in all."""

    figures: int = 0
    differences: int = 0
    left_out: int = 0
    differing: list[str] = field(default_factory=list)
    not_recomputed: list[str] = field(default_factory=list)


def recompute(audit: Mapping[str, Any], cube: bytes) -> Recomputed:
    """Every figure of `audit` (audit.json, plain) against what the cube gives.

    Raises:
        ProofUnreadable: the cube or the specification in the audit cannot be used.
    """
    again = _again(audit, cube)
    found = Recomputed()
    for name in ("persons", "decided", "selected", "axes", "scores", "merged_from"):
        _compare(f"/data/{name}", audit["data"].get(name), again["data"].get(name), found)
    from_counts = audit["data"].get("kind") == "cube"
    sections = (*FROM_COUNTS, "dif") if from_counts else FROM_COUNTS
    for section in sections:
        if section in audit:
            _compare(f"/{section}", audit[section], again.get(section), found)
    found.not_recomputed = [n for n in FROM_ROWS if audit.get(n) and n not in sections]
    return found


def _again(audit: Mapping[str, Any], cube: bytes) -> Mapping[str, Any]:
    try:
        fields = dict(audit["spec"]["fields"])
        spec = AuditSpec.model_validate(fields) if fields else None
        result = audit_cube(Cube.from_json(cube.decode("utf-8")), spec)
    except (AuditError, ValidationError, UnicodeDecodeError, KeyError, TypeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ProofUnreadable(f"the counts cannot be audited anew: {said}") from None
    plain: Mapping[str, Any] = audit_document(result, "1970-01-01T00:00:00Z")
    return plain


def _compare(pointer: str, given: Any, again: Any, found: Recomputed) -> None:
    if isinstance(given, Mapping) and isinstance(again, Mapping):
        for name, value in given.items():
            if name not in POSITIONS:
                _compare(join(pointer, name), value, again.get(name), found)
    elif isinstance(given, list) and isinstance(again, list):
        found.left_out += max(0, len(again) - len(given))
        for number, (value, other) in enumerate(_paired(given, again)):
            _compare(join(pointer, number), value, other, found)
    else:
        _compare_single(pointer, given, again, found)


def _compare_single(pointer: str, given: Any, again: Any, found: Recomputed) -> None:
    if _is_number(given) or _is_number(again):
        found.figures += 1
        if given is None:
            found.left_out += 1
        elif not _equal(given, again):
            _note(pointer, given, again, found)
    elif isinstance(given, Mapping | list):
        if given and not again:
            _note(pointer, "something", again, found)
    elif given != again:
        _note(pointer, given, again, found)


def _note(pointer: str, given: Any, again: Any, found: Recomputed) -> None:
    found.differences += 1
    if len(found.differing) < MOST_NAMED:
        said = "nothing" if again is None else again
        found.differing.append(f"{pointer} says {given}; the counts give {said}")


def _paired(given: Sequence[Any], again: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Items of one list with those of the other: by what they are of, or else by position."""
    ours, theirs = ([_identity(item) for item in each] for each in (given, again))
    if None in ours or len(set(ours)) != len(ours) or len(set(theirs)) != len(theirs):
        yield from ((v, again[n] if n < len(again) else None) for n, v in enumerate(given))
        return
    known = dict(zip(theirs, again, strict=True))
    yield from ((value, known.get(name)) for name, value in zip(ours, given, strict=True))


_NAMES = (
    "id",
    "name",
    "features",
    "score",
    "group",
    "focal",
    "reference",
    "level",
    "item",
    "title",
)


def _identity(item: Any) -> bytes | None:
    if not isinstance(item, Mapping):
        return None
    named = {name: item[name] for name in _NAMES if name in item}
    return canonical_json(named) if named else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(given: Any, again: Any) -> bool:
    if not _is_number(again) or not _is_number(given):
        return False
    return math.isclose(given, again, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
