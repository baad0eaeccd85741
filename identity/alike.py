"""Who in a gallery stands out: so alike that a person should look, among many who are alike too.

In a gallery of many, somebody resembles anybody, and how much depends on the network, on how the
recordings were made, and on how many in the gallery are of the probe's own age and origin. So a
candidate is named who is not only alike, but much more so than those who come next: the likeness
less the mean likeness of the 11th to the 30th likest. Strangers' photographs set how much more
(operating_points.toml, table `gallery_search`; docs/gallery-search.md has the error rates). A
gallery of few has no 11th to 30th that say anything, and gets no answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from audit.detectors import operating_point
from identity.gallery import Hit

Likeness = Literal["alike", "very_alike"]
NEXT_FROM, NEXT_TO = 11, 30
"""Ranks that set the level: ten names of one person may come before them."""
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody to look at: identifier and a word, never a score."""

    owner: str
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class Level:
    """From where on somebody stands out, in a gallery of at least `others` other candidates.

    `least`: cosine that is needed at all. `alike`, `very_alike`: by how much more alike than those
    who come next.
    """

    others: int
    least: float
    alike: float
    very_alike: float


def level_for(trait: str, encoder_id: str, others: int) -> Level | None:
    """The level for a gallery of so many others; None where it is too small, or never measured."""
    rows: Sequence[Mapping[str, Any]] = operating_point("identity", "gallery_search").get(
        f"{trait}_{encoder_id}", ()
    )
    fitting = [row for row in rows if others >= row["others"]]
    return Level(**fitting[-1]) if fitting else None


def measured(trait: str, encoder_id: str) -> bool:
    """Whether it is known from when on somebody stands out in this network's space."""
    return f"{trait}_{encoder_id}" in operating_point("identity", "gallery_search")


def standing_out(hits: Sequence[Hit], level: Level) -> tuple[Named, ...]:
    """Those who stand out, the likest first. `hits`: the 30 likest of a gallery, in order."""
    if len(hits) < NEXT_TO:
        return ()
    scores = np.array([hit.score for hit in hits], np.float64)
    beyond = scores - scores[NEXT_FROM - 1 : NEXT_TO].mean()
    found = []
    for hit, score, more in zip(hits[:MOST_NAMED], scores, beyond, strict=False):
        if score >= level.least and more >= level.alike:
            word: Likeness = "very_alike" if more >= level.very_alike else "alike"
            found.append(Named(hit.owner, word))
    return tuple(found)
