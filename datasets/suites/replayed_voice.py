"""Trials of `replayed_voice`: captured speech as it is and replayed by every chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from audit.inference import Models
from audit.interview import Audio
from datasets.attacks.speech_channels import RATE, Floats, channels, read_speech
from datasets.attacks.voice_replay import CHAINS, STRENGTHS, live, replayed
from datasets.recipes.replayed_voice import CORPORA, HELD_OUT
from datasets.recipes.replayed_voice import Item as Used
from datasets.suites._judging import Item, Size, heard, judged
from datasets.trials import BONA_FIDE, Split, Trial
from datasets.voices import Speaker, babble
from liveness.replayed_voice import ReplayedVoice

MADE = "babble"
MOST_S = 30.0
SMALL = 4  # recordings of each corpus


@dataclass(frozen=True, slots=True)
class Source:
    """A captured recording."""

    corpus: str
    person: str
    file: str
    samples: Floats


def trials(data: Path, models: Models, *, size: Size, seed: int = 0) -> Iterator[Trial]:
    """Each recording as it is, live in a simulated room, through codecs, and replayed.

    Persons of the fit and of the calibration keep their split whatever is made of them. What was
    held out of both is made of the persons of the test alone: otherwise it would count as used.
    """
    full = size == "full"
    through = channels(data) if full else {}
    for source in _sources(data, full=full):
        random = np.random.default_rng([seed, len(source.samples)])
        yield _trial(source, source.samples, models, "untouched")
        is_test = Used(source.corpus, source.person, source.file, "", "", "").part == "test"
        if is_test:
            yield _trial(source, live(source.samples, random, shoebox=True), models, "live_shoebox")
        for name in ("opus-24k", "aac-64k", "noise-20db") if full else ():
            yield _trial(source, through[name](source.samples, random), models, "coded", name)
        for chain in CHAINS if full else HELD_OUT:
            if chain in HELD_OUT and not is_test:
                continue
            for strength in STRENGTHS if full else ("usual",):
                made = replayed(source.samples, random, chain=chain, strength=strength)
                yield _trial(source, made, models, chain, strength)


def _sources(data: Path, *, full: bool) -> Iterator[Source]:
    found = False
    for corpus, (folder, suffix, _, folders) in CORPORA.items():
        paths = sorted((data / folder).rglob(f"*{suffix}"))
        for path in paths if full else paths[:: max(1, len(paths) // SMALL)][:SMALL]:
            found = True
            person = path.parent.name if folders else path.stem
            samples = read_speech(path)[: round(MOST_S * RATE)]
            yield Source(corpus, person, path.name, samples)
    for number in range(0 if found else SMALL):
        speaker = Speaker(pitch_hz=90.0 + 40 * number, tract=0.9 + 0.1 * number, breath=0.02)
        samples = (babble(speaker, 6.0, number) / 32768.0).astype(np.float32)
        yield Source(MADE, f"made-{number}", f"{number}", samples)


def _trial(source: Source, samples: Floats, models: Models, kind: str, how: str = "") -> Trial:
    """`how`: strength of an attack, else the codec."""
    used = Used(source.corpus, source.person, source.file, kind, how, "")
    attack = used.is_attack
    item = Item(
        corpus=source.corpus,
        item=f"{source.file} {kind} {how}".strip(),
        source=source.file,
        person=source.person,
        species=f"voice_replay.{kind}" if attack else BONA_FIDE,
        strength=how if attack else "",
        condition="" if attack or kind == "untouched" else how or kind,
        split="train" if used.part == "fit" else cast("Split", used.part),
    )
    audio = Audio((np.clip(samples, -1, 1) * 32767).astype(np.int16), RATE, 0.0, RATE, 1)
    return judged(item, ReplayedVoice(), heard(audio, models), units=audio.duration_s)
