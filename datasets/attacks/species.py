"""The attacks that this project can make, each with its name in the standards.

Terms: ISO/IEC 30107-3:2023 (presentation attacks: an instrument of some species is shown to a
camera or played to a microphone) and CEN/TS 18099:2025 (injection attacks: the media is replaced
behind them). A species is what error rates are counted for; its strength is how hard it is to see.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Literal

from audit.types import Question

Standard = Literal["ISO/IEC 30107-3", "CEN/TS 18099", "none"]
Media = Literal["still", "video", "speech", "audiovisual"]

MODULES: tuple[str, ...] = (
    "faces",
    "face_videos",
    "speech",
    "speech_engines",
    "presentations",
    "voice_replay",
    "answering",
    "audiovisual",
    "second_voices",
    "injection",
)
"""The modules of `datasets.attacks` that have `SPECIES`, in the order of the table."""


@dataclass(frozen=True, slots=True)
class Species:
    """One kind of attack.

    Attributes:
        id: `family.variant`, lower case with underscores.
        title: in a few words, for tables.
        standard, term: the standard and what the attack is in its words; `none` for what no
            standard names, then the field's usual term.
        media: what the generator gives.
        question: the question of a check that it concerns.
        signals: the detectors that are meant to see it.
        strengths: from the one that is easiest to see to the hardest.
        generator: the function that makes it, `module.function`.
        trained_on: whether a detector of this project was trained or tuned on it. Error rates of
            such species are never given as evidence of generalisation.
    """

    id: str
    title: str
    standard: Standard
    term: str
    media: Media
    question: Question
    signals: tuple[str, ...]
    strengths: tuple[str, ...]
    generator: str
    trained_on: bool = False

    def __post_init__(self) -> None:
        family, _, variant = self.id.partition(".")
        if not (family and variant) or self.id != self.id.lower():
            raise ValueError(f"{self.id!r}: a species is called family.variant, in lower case")
        if not self.strengths or len(set(self.strengths)) < len(self.strengths):
            raise ValueError(f"{self.id}: strengths must be named once each")


@cache
def species() -> dict[str, Species]:
    """Every species by id, in the order of the table.

    Raises:
        ValueError: two generators claim the same id.
    """
    found: dict[str, Species] = {}
    for name in MODULES:
        for each in import_module(f"datasets.attacks.{name}").SPECIES:
            if each.id in found:
                raise ValueError(f"{each.id} is claimed twice")
            found[each.id] = each
    return found
