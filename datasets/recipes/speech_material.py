"""Windows of captured speech, their copies through vocoders, and both through the same channels.

What `datasets.recipes.synthetic_speech` trains and measures on. Made once into a working folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit.inference import Models
from audit.interview import Audio
from audit.perception.speech import listen
from audit.types import Span
from datasets.attacks import speech_channels as channels
from datasets.attacks.speech import COPIES, Floats, swapped
from datasets.trials import Split
from liveness.speech_channel import describe
from liveness.synthetic_speech import SAMPLES, choose_windows

Whole = NDArray[np.int16]

RATE = 16_000
LEVEL_DB = -26.0
CHANNELS = 2  # random channels for every utterance, beside the recording as it is
CORPORA = {
    "libri_clean": ("speech/real/libri_clean", 1),
    "libri_other": ("speech/real/libri_other", 1),
    "vctk": ("speech/real/vctk", 1),
    "ami": ("speech/real/ami", 3),
    "grid": ("video/grid", 1),
    "web": ("video/latentsync", 3),
    "web2": ("video/video_retalking", 3),
    "web3": ("video/facenet_pytorch", 3),
}
"""Folder and windows per file; the three of web video are one corpus."""
ENGINES = {
    "espeak": "speech_synthesis.espeak_ng",
    "festival_hts": "speech_synthesis.festival",
    "flite_cg": "speech_synthesis.flite",
    "hibari": "speech_synthesis.hibari",
    "piper_joe": "speech_synthesis.piper",
    "griffinlim": "copy.griffin_lim",
    "world_copy": "copy.world",
    "world_vc": "voice_conversion.world",
}
SUFFIXES = {".flac", ".wav", ".mp4", ".mpg"}
TEST_ONLY = ("voice_conversion.swapped", "voice_conversion.world")
"""Conversions that no training sees; the engines are the others."""


@dataclass(frozen=True, slots=True)
class Row:
    """One window: `species` is "" for captured speech, `channel` 0 for as it was recorded.

    `made` tells the copies made here from the files of the spoof folder.
    """

    corpus: str
    item: str
    person: str
    species: str
    channel: int
    made: bool


@dataclass(frozen=True, slots=True)
class Material:
    """Windows at -26 dB of full scale, shape (n, 64600), and what each is."""

    sound: Whole
    rows: tuple[Row, ...]


def material(data: Path, work: Path, models: Models) -> Material:
    """Made where `work` does not hold it yet; some 20 minutes of one core."""
    if not (work / "rows.json").exists():
        work.mkdir(parents=True, exist_ok=True)
        made = [*_captured(data, models), *_spoofed(data, models)]
        np.save(work / "sound.npy", np.stack([sound for sound, _ in made]))
        (work / "rows.json").write_text(json.dumps([asdict(row) for _, row in made]))
    rows = tuple(Row(**row) for row in json.loads((work / "rows.json").read_text()))
    return Material(np.load(work / "sound.npy", mmap_mode="r"), rows)


def splits(rows: Sequence[Row]) -> dict[tuple[str, str], Split]:
    """Split of each person: by hash within its corpus two parts train, one each the others.

    Files of the spoof folder that were made by engines belong to nobody and are not in it.
    """
    found: dict[tuple[str, str], Split] = {}
    order: tuple[Split, ...] = ("train", "train", "test", "calibration")
    for corpus in sorted({row.corpus for row in rows if row.person}):
        people = {row.person for row in rows if row.corpus == corpus}
        ranked = sorted(people, key=lambda p: hashlib.sha256(f"{corpus}:{p}".encode()).hexdigest())
        for place, person in enumerate(ranked):
            found[corpus, person] = order[place % 4]
    return found


def person_of(corpus: str, stem: str) -> str:
    """The speaker of a LibriSpeech or VCTK file, else the recording itself."""
    if corpus.startswith("libri"):
        return stem.partition("-")[0]
    return stem[:4] if corpus == "vctk" else stem


def files_hash(data: Path) -> str:
    """SHA-256 over the sorted lines `hash path` of every file used."""
    folders = [folder for folder, _ in CORPORA.values()]
    folders += [f"speech/spoof/{name}" for name in ENGINES]
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(data)}"
        for folder in folders
        for path in files_of(data / folder)
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Every recording below a folder, in name order."""
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)


def _windows(samples: Floats, models: Models, most: int) -> list[Floats]:
    whole = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
    audio = Audio(whole, RATE, 0.0, RATE, 1)
    spans = choose_windows(listen(audio, models).segments, Span(0.0, audio.duration_s), seed=0)
    return [np.asarray(audio.cut(s.start_s, s.end_s), np.float32) for s in spans][:most]


def _captured(data: Path, models: Models) -> Iterator[tuple[Whole, Row]]:
    before: Floats | None = None
    for name, (folder, most) in CORPORA.items():
        corpus = name.rstrip("23")
        for path in files_of(data / folder):
            for number, window in enumerate(_windows(channels.read_speech(path), models, most)):
                item = f"real_{name}_{path.stem}_{number}"
                versions = _versions(window, before, path.stem, number)
                before = window
                for channel in range(CHANNELS + 1):
                    for species, samples in versions.items():
                        row = Row(
                            corpus, item, person_of(corpus, path.stem), species, channel, True
                        )
                        yield through(samples, item, channel), row


def _versions(window: Floats, other: Floats | None, stem: str, number: int) -> dict[str, Floats]:
    """The window and all its copies; `other` lends its voice to one of them."""
    seed = int.from_bytes(stem.encode()[-6:].rjust(6, b"0"), "little") + number
    found = {"": window}
    for name, copy in COPIES.items():
        found[name] = copy(window, np.random.default_rng([seed % 2**31, len(found)]))
    if other is not None:
        found["voice_conversion.swapped"] = swapped(window, other, np.random.default_rng(seed))
    return found


def _spoofed(data: Path, models: Models) -> Iterator[tuple[Whole, Row]]:
    """Files of the spoof folder, as they are and through one random channel."""
    for name, species in ENGINES.items():
        engine = species.startswith("speech_synthesis")
        for path in files_of(data / "speech/spoof" / name):
            for window in _windows(channels.read_speech(path), models, 1):
                item = f"{name}_{path.stem}"
                corpus = "" if engine else _corpus_of(path.stem)
                person = "" if engine else person_of(corpus, path.stem)
                for channel in (0, 1):
                    row = Row(corpus or name, item, person, species, channel, False)
                    yield through(window, item, channel), row


def _corpus_of(stem: str) -> str:
    return "vctk" if stem.startswith("p") else "libri_other"


def through(samples: Floats, item: str, number: int) -> Whole:
    """A window through the item's channel of that number (0: none), at one level, 64,600 long."""
    if number:
        seed = [int.from_bytes(item.encode(), "little") % 2**63, number]
        channel = random_channel(np.random.default_rng(seed))
        samples = channel(samples, np.random.default_rng([*seed, 7]))
    found = describe(samples)
    gain = 10 ** ((LEVEL_DB - found.level_db) / 20) if found else 1.0
    return (np.clip(np.resize(samples * gain, SAMPLES), -1, 1) * 32767).astype(np.int16)


def random_channel(random: np.random.Generator) -> channels.Channel:
    """A microphone, a room, noise and a codec, each present or not."""
    parts: list[channels.Channel] = []
    if random.random() < 0.4:
        parts.append(channels.balance)
    if random.random() < 0.35:
        parts.append(channels.room(_random_room(random)))
    if random.random() < 0.6:
        parts.append(channels.noise(float(random.uniform(15, 50))))
    draw = random.random()
    if draw < 0.15:
        parts.append(channels.codec("libopus", int(random.choice([16_000, 24_000, 32_000]))))
    elif draw < 0.25:
        parts.append(channels.codec("aac", int(random.choice([48_000, 64_000, 96_000]))))
    elif draw < 0.33:
        parts.append(channels.codec("libmp3lame", 64_000))
    return channels.chained(*parts)


def _random_room(random: np.random.Generator) -> Floats | Callable[[channels.Random], Floats]:
    if random.random() < 0.6:
        return channels.small_room
    seconds, direct = float(random.uniform(0.15, 0.6)), float(random.uniform(-2, 12))
    own = np.random.default_rng(int(random.integers(1 << 30)))
    return channels.exponential_response(seconds, direct, own)
