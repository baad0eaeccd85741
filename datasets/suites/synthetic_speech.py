"""Synthetic and captured speech before `liveness.synthetic_speech` as shipped.

    python -m datasets.suites.synthetic_speech --data DIR --out trials.csv [--size full]

Bona fide: recordings of people that the network and its limits never saw (the test split of
`datasets.recipes.speech_material`), as they are and through channels. Attacks: copies and
conversions of the same recordings, and engines, through the same channels. Where `data` is absent
there is no captured speech: then only attacks are made, from babble that is itself synthetic.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from audit.inference import Models
from audit.interview import Audio
from audit.settings import Settings
from audit.weights import WeightStore
from datasets.attacks.speech import COPIES, EngineMissing, Floats, swapped
from datasets.attacks.speech_channels import channels, read_speech
from datasets.attacks.speech_engines import ENGINES, SENTENCES, spoken
from datasets.recipes.speech_material import CORPORA, files_of, person_of
from datasets.suites._judging import Item, Size, heard, judged
from datasets.trials import Split, Trial, write_trials
from datasets.voices import HIGH, LOW, babble
from liveness.synthetic_speech import SyntheticSpeech

NAME = "synthetic_speech"
RATE = 16_000
MOST_S = 13.0  # of a recording: three windows need no more
PEOPLE = Path(__file__).with_name("synthetic_speech_people.json")
"""Who was trained on, calibrated on and tested, by corpus; the recipe writes it."""
CALIBRATED_ON = frozenset(
    {
        "speech_synthesis.espeak_ng",
        "speech_synthesis.festival",
    }
)
"""Engines whose speech set the limits: their trials are no evidence of generalisation."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One recording to judge, and what it is."""

    samples: Floats
    item: Item


def trials(data: Path, models: Models, *, size: Size, seed: int = 0) -> Iterator[Trial]:
    """Every recording of the suite, judged by the detector with its shipped limits."""
    detector = SyntheticSpeech()
    for sound in sounds(data, size, seed):
        yield _judged(detector, sound, models, seed)


def _judged(detector: SyntheticSpeech, sound: Sound, models: Models, seed: int) -> Trial:
    whole = (np.clip(sound.samples, -1, 1) * 32767).astype(np.int16)
    interview = heard(Audio(whole, RATE, 0.0, RATE, 1), models, seed=seed)
    speech = interview.speech
    return judged(sound.item, detector, interview, units=round(speech.total_s, 2) if speech else 0)


def sounds(data: Path, size: Size, seed: int) -> Iterator[Sound]:
    """Captured speech of the test split with its copies, then the engines."""
    few = size == "small"
    conditions = ("", "opus-24k", "room") if few else tuple(channels())
    through = channels(data if data.is_dir() else None)
    # The small size is compared from machine to machine, and has what all of them have.
    engines = () if few else tuple(_engines(12))
    for sound in (*_captured(data, 1 if few else 12), *engines):
        for place, name in enumerate(conditions):
            if few and place and sound.item.species:
                continue
            random = np.random.default_rng([seed, place])
            samples = through[name](sound.samples, random) if name else sound.samples
            condition = "" if name == "as-is" else name
            called = f"{sound.item.item} {condition}".strip()
            yield Sound(samples, replace(sound.item, item=called, condition=condition))


def _captured(data: Path, most: int) -> Iterator[Sound]:
    """Recordings of the test split and a copy of each through one vocoder after another."""
    found = list(_recordings(data, most)) or list(_babble())
    for place, sound in enumerate(found):
        if data.is_dir():
            yield sound
        copies = list(COPIES) if most > 1 else list(COPIES)[place % 6 : place % 6 + 1]
        for name in (*copies, "voice_conversion.swapped"):
            random = np.random.default_rng([place, len(name)])
            try:
                if name in COPIES:
                    made = COPIES[name](sound.samples, random)
                else:
                    made = swapped(sound.samples, found[place - 1].samples, random)
            except EngineMissing:
                continue
            called = f"{sound.item.item} {name}"
            yield Sound(made, replace(sound.item, item=called, species=name, strength="plain"))


def _recordings(data: Path, most: int) -> Iterator[Sound]:
    people = json.loads(PEOPLE.read_text("utf-8"))
    for name in CORPORA:
        corpus = name.rstrip("23")
        files = [
            path
            for path in files_of(data / CORPORA[name])
            if person_of(corpus, path.stem) in people.get(corpus, {}).get("test", ())
        ]
        for path in files[:: max(1, len(files) // most)][:most]:
            samples = read_speech(path)[: round(MOST_S * RATE)]
            item = f"{name}_{path.stem}"
            yield Sound(samples, Item(corpus, item, item, person_of(corpus, path.stem)))


def _babble() -> Iterator[Sound]:
    for name, speaker in (("low", LOW), ("high", HIGH)):
        samples = (babble(speaker, 6.0, 3) / 32768.0).astype(np.float32)
        yield Sound(samples, Item("babble", name, name, name))


def _engines(most: int) -> Iterator[Sound]:
    """Two sentences in one breath from each voice of each engine that is installed."""
    for name, engine in ENGINES.items():
        species = f"speech_synthesis.{name}"
        for number in range(most):
            voice = engine.voices[number % len(engine.voices)]
            first = SENTENCES[2 * number % len(SENTENCES)]
            text = f"{first} {SENTENCES[(2 * number + 1) % len(SENTENCES)]}"
            try:
                samples = spoken(name, text, voice)
            except EngineMissing:
                break
            item = f"{name} {voice} {number}"
            split: Split = "calibration" if species in CALIBRATED_ON else "test"
            person = f"{name} {voice}"
            yield Sound(samples, Item(name, item, item, person, species, "plain", split=split))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", choices=("small", "full"), default="small")
    chosen = parser.parse_args(arguments)
    models = Models(WeightStore(Settings().weights_dir))
    found: Iterable[Trial] = trials(chosen.data, models, size=chosen.size)
    write_trials(chosen.out, found)


if __name__ == "__main__":
    main()
