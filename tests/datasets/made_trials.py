"""Trials for tests, with only what a test is about said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audit.types import Question
from datasets.attacks.species import Species
from datasets.trials import Trial

STATUS = {"n": "no_indication", "r": "review", "i": "inconclusive"}

PLAIN = Trial(
    detector="toy",
    corpus="home",
    item="",
    source="",
    person="",
    species="",
    strength="",
    condition="",
    group="",
    split="test",
    status="no_indication",
    reason="quiet",
    score=None,
    log10_lr=None,
)


def trial(**changed: object) -> Trial:
    return replace(PLAIN, **changed)  # type: ignore[arg-type]


def trials(statuses: str, **changed: object) -> list[Trial]:
    """One trial for each letter of `statuses` (n, r, i), each of its own source."""
    given = dict(changed)
    start = str(given.pop("start", "s"))
    return [
        trial(item=f"{start}{n}", source=f"{start}{n}", status=STATUS[letter], **given)
        for n, letter in enumerate(statuses)
    ]


def scored(scores: Sequence[float], **changed: object) -> list[Trial]:
    """One trial for each score, flagged above 0."""
    return [
        trial(
            **{
                "item": f"{n}",
                "source": f"{changed.get('species', '')}{n}",
                "score": float(score),
                "status": STATUS["r" if score > 0 else "n"],
            }
            | changed
        )
        for n, score in enumerate(scores)
    ]


def species(name: str, *, trained_on: bool = False, signals: tuple[str, ...] = ("toy",)) -> Species:
    return Species(
        id=name,
        title=f"Title of {name}",
        standard="none",
        term="made up",
        media="video",
        question=Question.AUTHENTICITY,
        signals=signals,
        strengths=("plain", "subtle"),
        generator="tests.made_up",
        trained_on=trained_on,
    )


def registry(*held: Species) -> dict[str, Species]:
    return {each.id: each for each in held}
