"""Trials of real recordings, untouched and with faces altered frame by frame, at real codecs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from audit.check import Reading
from audit.detectors import operating_point
from datasets.attacks.clips import Clip, Encoding, render, silence_audio
from datasets.suites._judging import Item, judged_file
from datasets.talking_heads import FACTORS, Forger, Head, encoding, strength_of
from datasets.trials import BONA_FIDE, Split, Trial


def rendered(clip: Clip, item: Item, way: Encoding, how: Reading) -> Trial:
    """The trial of a clip written in one encoding; item and condition get its name."""
    named = replace(
        item,
        item=f"{item.item} {way.name} {item.condition}".strip(),
        condition=f"{way.name} {item.condition}".strip(),
    )
    with tempfile.TemporaryDirectory() as folder:
        return judged_file(named, render(clip, Path(folder) / "clip", way), how)


def recorded(
    heads: Sequence[Head],
    species: Sequence[str],
    how: Reading,
    *,
    split: Split = "test",
    factors: Sequence[int] = FACTORS,
    seed: int = 0,
) -> Iterator[Trial]:
    """Each head untouched and attacked by each species, as H.264 at each rate factor.

    Faces, mouths and movements are taken from others of these heads. A head's strength changes
    from species to species, so that all come up among several heads.
    """
    if not heads:
        return
    forger = Forger(heads, seed=seed)
    for place, head in enumerate(heads):
        for kind in (BONA_FIDE, *species):
            strength = strength_of(place, kind) if kind else ""
            clip = forger.clip(head, kind, strength) if kind else silence_audio(head.film.clip)
            item = Item(
                corpus=head.corpus,
                item=f"{head.id} {kind}".strip(),
                source=head.id,
                person=head.person,
                species=kind,
                strength=strength,
                condition=size_word(head.size),
                split=split,
            )
            for factor in factors:
                yield rendered(clip, item, encoding(factor), how)


def size_word(size: float) -> str:
    """`large` or `small`, as the limits of `face_manipulation` divide faces."""
    edge = float(operating_point("liveness", "face_manipulation")["large_face"])
    return "large" if size >= edge else "small"
