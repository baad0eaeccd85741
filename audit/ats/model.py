"""An outcome as it comes from an applicant tracking system, and what its words mean.

Nothing personal comes through here. References are opaque: what looks like a name, an e-mail
address or a telephone number is refused, and no error repeats it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from audit.canonical import Json, canonical_json
from audit.errors import OutcomeInvalid
from audit.records.register import OutcomeClass

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,127}")
_PHONE = re.compile(r"\+?\(?\d{1,5}\)?(?:[-. /]\(?\d{1,5}\)?){1,5}")
_PHONE_INSIDE = re.compile(r"(?:\+\d|\(?\d{2,5}\)?[-. /]\d{2,4}[-. /]\d{2})")
_LEAST_DIGITS = 9  # of a telephone number with its area; a date has eight
LONGEST_LABEL = 80
_SHOWN = 60


class Source(StrEnum):
    """Where outcomes come from."""

    GREENHOUSE = "greenhouse"
    LEVER = "lever"
    ASHBY = "ashby"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeEvent:
    """What happened to one application at one stage.

    Attributes:
        external_event: identifies the event for good; one that was taken before is dropped.
        candidate, application, job: the sender's references.
        stage: the stage that the application is in after the event, as a label or reference.
        stage_order: its place among the job's stages, from 0, where it is known.
        word: the sender's word, as it was found in the map of words.
        decided_by: opaque reference of who decided, where the sender says it.
        reason_code: the sender's reference of a reason.
        scores: of the system under audit, by name; finite.
    """

    source: Source
    external_event: str
    candidate: str
    application: str | None = None
    job: str
    stage: str
    stage_order: int | None = None
    word: str
    outcome: OutcomeClass
    occurred_at: datetime
    decided_by: str | None = None
    reason_code: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the operator says of a stage: a name for reports, and its place in the process."""

    name: str | None = None
    order: int | None = None


@dataclass(frozen=True, slots=True)
class WordMap:
    """What the words of one source mean.

    `words`: word -> outcome, or None for words that are no outcome. Upper and lower case and white
    space around do not matter. `stages`: the sender's stage id -> what is known of it.
    """

    source: Source
    words: Mapping[str, OutcomeClass | None]
    stages: Mapping[str, Stage] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", {_key(word): o for word, o in self.words.items()})

    def extended(
        self,
        words: Mapping[str, OutcomeClass | None] | None = None,
        stages: Mapping[str, Stage] | None = None,
    ) -> WordMap:
        """This map with more words and stages; those given here win."""
        more = {_key(word): outcome for word, outcome in (words or {}).items()}
        return WordMap(self.source, {**self.words, **more}, {**self.stages, **(stages or {})})

    def look_up(self, *words: str) -> tuple[str, OutcomeClass | None]:
        """The first of the words that is in the map, and its meaning: the most specific one first.

        Raises:
            OutcomeInvalid: none is. Nothing is ever taken for a rejection because it is unknown.
        """
        for word in map(_key, words):
            if word in self.words:
                return word, self.words[word]
        shown = " or ".join(shown_word(word) for word in words)
        raise OutcomeInvalid(
            f"the outcome word {shown} of {self.source} is not mapped: map it to advanced, "
            "rejected, hired, withdrawn, on_hold or to nothing, and send it again (docs/ats.md)"
        )

    def stage(self, stage_id: str) -> Stage:
        """What is known of a stage; its id stands for a name that nobody gave."""
        known = self.stages.get(stage_id, Stage())
        return Stage(known.name or stage_id, known.order)


def reference(value: object) -> str | None:
    """A reference as text, or None if the value is none that is opaque."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value < 2**63 else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if _REFERENCE.fullmatch(text) and not _is_phone(text) else None


def label(value: object) -> str | None:
    """A short name of a stage or a word, or None if the value is not plainly one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return reference(value)
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())
    good = 0 < len(text) <= LONGEST_LABEL and text.isprintable() and not _personal(text)
    return text if good else None


def shown_word(word: str) -> str:
    """A word for an error message, in quotes; withheld where it may be about a person."""
    text = " ".join(word.split())
    if not text.isprintable() or _personal(text):
        return "(withheld: it may be about a person)"
    return f"'{text[:_SHOWN]}'"


def derived_id(*parts: Json) -> str:
    """An identifier of an event whose sender gives none: the same parts, the same identifier."""
    return "h." + hashlib.sha256(canonical_json(list(parts))).hexdigest()[:40]


def _key(word: str) -> str:
    return " ".join(word.split()).casefold()


def _is_phone(text: str) -> bool:
    return sum(c.isdigit() for c in text) >= _LEAST_DIGITS and bool(_PHONE.fullmatch(text))


def _personal(text: str) -> bool:
    digits = sum(c.isdigit() for c in text)
    return "@" in text or (digits >= _LEAST_DIGITS and bool(_PHONE_INSIDE.search(text)))
