"""Pieces of SQL over the validated views that several measures share.

Names are quoted here; values always go as parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairness.sources import quoted


def conditions(where: Mapping[str, str]) -> tuple[str, list[Any]]:
    """That each axis has the given level, with the parameters; true where nothing is asked."""
    parts = [f"{quoted(axis)} = ?" for axis in where]
    return " AND ".join(parts) or "true", list(where.values())


def level_columns(features: Sequence[str], form: str = "{}") -> list[str]:
    """Columns f0, f1, ... of the features' levels, each in `form` (such as `min({})`)."""
    return [f"{form.format(quoted('feature__' + f))} AS f{i}" for i, f in enumerate(features)]


def levels_listed(features: Sequence[str]) -> str:
    """The names f0, f1, ... of those columns."""
    return ", ".join(f"f{i}" for i in range(len(features)))


def levels_known(features: Sequence[str]) -> str:
    """That no level is unknown."""
    return " AND ".join(f"f{i} IS NOT NULL" for i in range(len(features)))
