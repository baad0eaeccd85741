"""How a pack, a field or a prohibition stands on a day."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Protocol


class Standing(StrEnum):
    """In force, or why not."""

    IN_FORCE = "in_force"
    NOT_YET = "not_yet"
    WITHDRAWN = "withdrawn"
    VOLUNTARY = "voluntary"
    PROPOSED = "proposed"


class Timed(Protocol):
    """What has a status with its days."""

    @property
    def status(self) -> str: ...
    @property
    def since(self) -> date | None: ...
    @property
    def until(self) -> date | None: ...


def standing(part: Timed, on: date) -> Standing:
    """How `part` stands on that day.

    `until` ends whatever it was. What never came into force (`withdrawn`, with the day) was
    proposed before that day.
    """
    ended = part.until is not None and on >= part.until
    if part.status == "withdrawn":
        return Standing.WITHDRAWN if part.until is None or ended else Standing.PROPOSED
    if ended:
        return Standing.WITHDRAWN
    if part.status in ("voluntary", "proposed"):
        return Standing(part.status)
    begun = part.since is None or on >= part.since
    return Standing.IN_FORCE if begun else Standing.NOT_YET
