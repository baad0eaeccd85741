"""docs/attacks.md, written from the registry of species."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from datasets.attacks.species import Species, species

HEAD = """# Attacks that this project makes

Made by `python -m datasets.attacks`; a test holds this page against the code.

A *species* is one kind of attack: error rates are counted by species, and the worst is reported
first (ISO/IEC 30107-3). Its *strengths* go from the one that is easiest to see to the hardest.
Terms are those of ISO/IEC 30107-3:2023 for what is shown to a camera or played to a microphone, and
of CEN/TS 18099:2025 for what is fed in behind them; `none` where no standard names it. The
standards' full texts could not be read here. *Learnt* says whether a detector of the project was
trained or tuned on the species: its error rates are then no evidence that the detector generalises.

Every generator is seeded. What detectors see of a species stands in
[the scorecard](scorecard/README.md); recordings of real attacks come from
[corpora that you bring](corpora.md).
"""

_FAMILIES = {
    "photo": "Faces in stills",
    "video": "Faces in moving pictures",
    "print": "Prints before the camera",
    "screen": "Screens before the camera",
    "cutout": "Cut-outs before the camera",
    "mask": "Masks before the camera",
    "copy": "Speech analysed and made anew",
    "voice_conversion": "Voices changed into others",
    "speech_synthesis": "Speech from text",
    "voice_replay": "Voices played by a loudspeaker",
    "assistance": "Assisted answering",
    "loop": "Loops and freezes",
    "sound": "Sound that does not belong to the pictures",
    "second_voice": "Second voices",
    "injection": "Camera injection",
}
"""Headings of families."""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_families(list(species().values())))


def _families(every: list[Species]) -> Iterator[str]:
    def family(one: Species) -> str:
        return one.id.partition(".")[0]

    order = list(dict.fromkeys(map(family, every)))
    for name, members in groupby(sorted(every, key=lambda s: order.index(family(s))), family):
        yield f"\n## {_FAMILIES[name]}\n\n"
        yield "| species | what | standard | term | question | signals | strengths | learnt |\n"
        yield "|---|---|---|---|---|---|---|---|\n"
        yield from map(_row, members)


def _row(one: Species) -> str:
    signals = ", ".join(f"`{name}`" for name in one.signals) or "none"
    cells = (
        f"`{one.id}`",
        one.title,
        one.standard,
        one.term,
        one.question.value,
        signals,
        ", ".join(one.strengths),
        "yes" if one.trained_on else "no",
    )
    return f"| {' | '.join(cells)} |\n"
