"""Trials of `speaker_consistency`: one voice, and second voices in it.

Limits and likelihood ratios come from libri_other, libri_clean and vctk, so their people are listed
as calibration. Tested on: people of AMI meetings, cut out of what they say alone as its own
annotation has it, and the soundtracks of the video folder as they are. Without them the babble of
made-up speakers takes their place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.inference import Models
from audit.types import Span
from datasets.attacks.second_voices import SPECIES, UNDER_S, with_second_voice
from datasets.attacks.voice_tracks import RATE, Samples, Track, read, spoken
from datasets.suites._judging import Item, Size, heard, judged, recordings
from datasets.trials import BONA_FIDE, Split, Trial
from datasets.voices import HIGH, LOW, babble
from identity.speaker_consistency import SpeakerConsistency

LEAST_S = 4.0
"""Seconds that a person of AMI must speak alone, all turns together."""
LEAST_TURN_S = 1.0

_BABBLERS = {"low": LOW, "high": HIGH}


@dataclass(frozen=True, slots=True)
class Voice:
    """A person and what they said."""

    corpus: str
    person: str
    utterances: list[Samples]
    split: Split = "test"


def trials(data: Path, models: Models, *, size: Size, seed: int = 0) -> Iterator[Trial]:
    """Half a minute of each person alone, and with the next person's voice by every species."""
    full = size == "full"
    if full:
        for item, samples in _as_they_are(data):
            yield _trial(item, Track("", "", "", samples), models, seed)
        for voice in _calibrated_on(data / "speech" / "real"):
            yield _alone(voice, models, seed)
    people = (_meetings(data / "speech" / "real" / "ami") if full else []) or _made_up()
    for place, voice in enumerate(people):
        yield _alone(voice, models, seed)
        other = people[(place + 1) % len(people)]
        for number, species in enumerate(SPECIES):
            count = len(species.strengths)
            for step in range(2 if full else 1):
                strength = species.strengths[(place + number + step) % count]
                random = np.random.default_rng([seed, place, number, step])
                track = with_second_voice(
                    species.id, strength, voice.utterances, other.utterances, random
                )
                item = Item(
                    voice.corpus, f"{voice.person} {species.id} {strength}", voice.person,
                    voice.person, species.id, strength,
                )  # fmt: skip
                yield _trial(item, track, models, seed)


def _alone(voice: Voice, models: Models, seed: int) -> Trial:
    whole = spoken(voice.utterances, UNDER_S, np.random.default_rng(seed))
    item = Item(voice.corpus, voice.person, voice.person, voice.person, split=voice.split)
    return _trial(item, Track(BONA_FIDE, "", voice.person, whole), models, seed)


def _trial(item: Item, track: Track, models: Models, seed: int) -> Trial:
    interview = heard(track.audio(), models, seed=seed)
    said = interview.speech.total_s if interview.speech else 0.0
    return judged(item, SpeakerConsistency(), interview, units=said)


def _as_they_are(data: Path) -> Iterator[tuple[Item, Samples]]:
    for corpus, path in recordings(data / "video"):
        samples = read(path)
        if len(samples) and np.any(samples):
            yield Item(corpus, path.name, path.name, path.stem), samples


def _calibrated_on(folder: Path) -> Iterator[Voice]:
    for corpus in ("libri_other", "vctk"):
        for person in sorted(p for p in (folder / corpus).glob("*") if p.is_dir()):
            said = [read(file) for file in sorted(person.iterdir())]
            yield Voice(corpus, person.name, said, "calibration")


def _meetings(folder: Path) -> list[Voice]:
    """People of AMI who speak alone long enough, each from one meeting."""
    found: list[Voice] = []
    for name, turns in _turns(folder).items():
        path = folder / f"{name}.flac"
        if not path.is_file():
            continue
        whole = read(path)
        for person in sorted({p for p, _ in turns}):
            alone = [s for s in _alone_in(person, turns) if s.duration_s >= LEAST_TURN_S]
            known = any(v.person == person for v in found)
            if not known and sum(s.duration_s for s in alone) >= LEAST_S:
                cut = [whole[round(s.start_s * RATE) : round(s.end_s * RATE)] for s in alone]
                found.append(Voice("ami", person, cut))
    return found


def _turns(folder: Path) -> dict[str, list[tuple[str, Span]]]:
    """Who speaks when in each recording, as the RTTM files say."""
    found: dict[str, list[tuple[str, Span]]] = defaultdict(list)
    for path in sorted(folder.glob("*.rttm")):
        for line in path.read_text(encoding="utf-8").splitlines():
            cells = line.split()
            if cells and cells[0] == "SPEAKER":
                start, length = float(cells[3]), float(cells[4])
                found[cells[1]].append((cells[7], Span(start, start + length)))
    return found


def _alone_in(person: str, turns: list[tuple[str, Span]]) -> list[Span]:
    """Stretches in which a person speaks and nobody else does, to a hundredth of a second."""
    heard_at = np.zeros((2, round(100 * max(span.end_s for _, span in turns)) + 2), bool)
    for who, span in turns:
        heard_at[int(who != person), round(100 * span.start_s) : round(100 * span.end_s)] = True
    alone = np.concatenate([[False], heard_at[0] & ~heard_at[1]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(alone)) / 100
    return [Span(float(a), float(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _made_up() -> list[Voice]:
    """Speakers of the demonstration's kind, two utterances each."""
    return [
        Voice("babble", name, [babble(s, 8.0, seed).astype(np.float32) for seed in (3, 4)])
        for name, s in _BABBLERS.items()
    ]
