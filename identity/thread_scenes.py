"""Rooms, light and files of a candidate's sessions, each against the one before: words alone.

They support or weaken what faces and voices say, for whoever reads it. They have no likelihood
ratio, and who sits in which session (`identity.thread`) is found without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from audit.types import Reason
from identity.scene import SPACE, Scene, SceneChange, compare_scenes, unpacked
from identity.thread import Session

_NOBODY: Mapping[str, Reason] = {}
NOT_KEPT = Reason("not_kept", "Nothing was kept of what is behind the person in one of both.")


@dataclass(frozen=True, slots=True)
class Beside:
    """A session against the one before; `found`: what was compared, or why nothing was."""

    before: str
    after: str
    found: SceneChange | Reason

    @property
    def text(self) -> str:
        """It as one sentence."""
        if isinstance(self.found, Reason):
            return self.found.text
        return f"{self.found.words[0].upper()}{self.found.words[1:]}."


def scenes_beside(
    sessions: Sequence[Session], refused: Mapping[str, Reason] = _NOBODY
) -> tuple[Beside, ...]:
    """Each session's scene against that of the session before, in their order.

    `refused`: by session, why it has none, where that is known.
    """
    held = {each.label: _scene(each) for each in sessions}
    return tuple(
        Beside(one.label, other.label, _between(one.label, other.label, held, refused))
        for one, other in pairwise(sessions)
    )


def _scene(session: Session) -> Scene | None:
    kept = [each for each in session.segments if each.space == SPACE]
    return unpacked(kept[0].vector) if kept else None


def _between(
    one: str, other: str, held: Mapping[str, Scene | None], refused: Mapping[str, Reason]
) -> SceneChange | Reason:
    first, second = held[one], held[other]
    if first is None or second is None:
        return refused.get(one) or refused.get(other) or NOT_KEPT
    return compare_scenes(first, second)
