"""Rooms, light, files and fine grain of a candidate's sessions, each against the one before: words.

They support or weaken what faces and voices say, for whoever reads it. They have no likelihood
ratio, and who sits in which session (`identity.thread`) is found without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from audit.types import Reason
from identity import fixed_pattern as grain
from identity.enrolment import GRAIN, ROOM, Segment
from identity.scene import SPACE, SceneChange, compare_scenes, unpacked
from identity.thread import Session

_NOBODY: Mapping[str, Reason] = {}
NOT_KEPT = Reason("not_kept", "Nothing was kept of what is behind the person in one of both.")
_SHARED = "The pictures share fine grain, as those of the same camera-and-scene do."
_NOT_SHARED = "No fine grain is shared, which says nothing."


@dataclass(frozen=True, slots=True)
class Beside:
    """A session against the one before.

    Attributes:
        found: room, light and files, or why they were not compared.
        shared: whether the pictures share fine grain; None where it was not compared.
    """

    before: str
    after: str
    found: SceneChange | Reason
    shared: bool | None = None

    @property
    def text(self) -> str:
        """It in sentences."""
        if isinstance(self.found, Reason):
            said = self.found.text
        else:
            said = f"{self.found.words[0].upper()}{self.found.words[1:]}."
        if self.shared is None:
            return said
        return f"{said} {_SHARED if self.shared else _NOT_SHARED}"


def scenes_beside(
    sessions: Sequence[Session], refused: Mapping[str, Reason] = _NOBODY
) -> tuple[Beside, ...]:
    """Each session's scene against that of the session before, in their order.

    `refused`: by session, why it has none, where that is known.
    """
    return tuple(
        Beside(
            one.label,
            other.label,
            _rooms(one, other, refused),
            _shared(_kept(one, GRAIN), _kept(other, GRAIN)),
        )
        for one, other in pairwise(sessions)
    )


def _kept(session: Session, number: int) -> Segment | None:
    own = (each for each in session.segments if (each.space, each.number) == (SPACE, number))
    return next(own, None)


def _rooms(one: Session, other: Session, refused: Mapping[str, Reason]) -> SceneChange | Reason:
    first, second = _kept(one, ROOM), _kept(other, ROOM)
    if first is None or second is None:
        return refused.get(one.label) or refused.get(other.label) or NOT_KEPT
    return compare_scenes(unpacked(first.vector), unpacked(second.vector))


def _shared(one: Segment | None, other: Segment | None) -> bool | None:
    if one is None or other is None:
        return None
    score = grain.compare_patterns(_pattern(one), _pattern(other))
    return None if isinstance(score, Reason) else grain.shared(score)


def _pattern(kept: Segment) -> grain.FixedPattern:
    return grain.unpacked(
        kept.vector,
        width=int(kept.conditions["frame_width"]),
        height=int(kept.conditions["frame_height"]),
        pictures=int(kept.amount),
    )
